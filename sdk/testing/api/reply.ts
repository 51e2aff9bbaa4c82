import { type DocumentedCode, documented } from "./error-codes";

/** One whole HTTP answer. `X-Request-Id` is added by the server. */
export interface Reply {
    status: number;
    headers: Record<string, string>;
    /** Text as it goes out; empty for 204. */
    body: string;
    /** The error code in the answer, with its prefix; empty on success. */
    code: string;
}

/** The error bodies that the API, its gateway, IAM and load balancers are known to send (api-notes: Body shapes). */
export type ErrorShape = "cbr" | "gateway" | "keystone" | "iam" | "camel" | "plain" | "nested" | "html" | "empty";

/** The API refuses a request: thrown by a rule, turned into an answer by the server. */
export class Refusal extends Error {
    readonly status: number;
    readonly code: string;
    readonly shape: ErrorShape;
    constructor(failure: { status: number; code: string; message: string; shape: ErrorShape }) {
        super(failure.message);
        this.name = "Refusal";
        this.status = failure.status;
        this.code = failure.code;
        this.shape = failure.shape;
    }
}

function shapeOf(code: string): ErrorShape {
    if (code.startsWith("APIGW.") || code.startsWith("APIG.")) return "gateway";
    return code.startsWith("IAM.") ? "iam" : "cbr";
}

/**
 * Refuses with a documented code (`"6217"`, `"APIGW.0307"`) and its documented status; `detail` is added to the text.
 */
export function refuse(code: DocumentedCode, detail?: string): never {
    const failure = documented(code);
    const message = detail === undefined ? failure.message : `${failure.message.replace(/\.$/, "")}: ${detail}`;
    throw new Refusal({ ...failure, message, shape: shapeOf(failure.code) });
}

/** Refuses as IAM does in keystone style: `{"error":{"code","message","title"}}`. */
export function refuseKeystone(status: number, message: string): never {
    throw new Refusal({ status, code: "", message, shape: "keystone" });
}

/** Refuses a path whose id is no UUID, as terraform-provider-huaweicloud has met it, or one of another project. */
export function refuseMalformedUrl(): never {
    throw new Refusal({ status: 401, code: "401", message: "Malformed request url", shape: "nested" });
}

/** A JSON answer. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
    return {
        status,
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(value),
        code: "",
    };
}

const titles: Readonly<Record<number, string>> = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
};
const nests: Readonly<Record<number, string>> = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    429: "overLimit",
};

/** The default shape of a failure: by its code, else HTML for 502, 503 and 504, else CBR's own. */
export function defaultShape(status: number, code: string): ErrorShape {
    if (code !== "") return shapeOf(code);
    return status >= 502 && status <= 504 ? "html" : "cbr";
}

/** An error answer in the wanted shape. */
export function errorReply(
    failure: { status: number; code: string; message: string; shape: ErrorShape },
    requestId: string,
    headers: Record<string, string> = {},
): Reply {
    const { status, code, message } = failure;
    const title = titles[status] ?? "Error";
    const reply = (value: unknown): Reply => ({ ...json(status, value, headers), code });
    switch (failure.shape) {
        case "cbr":
        case "iam":
            return reply({ error_code: code, error_msg: message });
        case "gateway":
            return reply({ error_code: code, error_msg: message, request_id: requestId });
        case "keystone":
            return reply({ error: { code: status, message, title } });
        case "camel":
            return reply({ errorCode: code, errorMsg: message });
        case "plain":
            return reply({ code, message });
        case "nested":
            return reply({ [nests[status] ?? "error"]: { code: code === "" ? String(status) : code, message } });
        case "html": {
            const page =
                `<html>\r\n<head><title>${status} ` +
                `${title}</title></head>\r\n<body>\r\n<center><h1>${status} ` +
                `${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`;
            return { status, headers: { "content-type": "text/html", ...headers }, body: page, code };
        }
        case "empty":
            return { status, headers, body: "", code };
    }
}
