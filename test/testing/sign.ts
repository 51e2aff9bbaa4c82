import { createHash, createHmac } from "node:crypto";

/** Signs as the vendors' signature page tells (api-notes: Signature), for paths and queries that need no encoding. Not the client's signer. */
export function signedHeaders(options: {
    method: string;
    url: string;
    accessKey: string;
    secretKey: string;
    nowMs: number;
    body?: string;
    /** Headers to sign besides host and x-sdk-date. */
    headers?: Record<string, string>;
    /** Headers sent without a signature. */
    unsigned?: Record<string, string>;
    form?: "access" | "credential";
}): Record<string, string> {
    const url = new URL(options.url);
    const date = `${new Date(options.nowMs).toISOString().slice(0, 19).replace(/[-:]/g, "")}Z`;
    const headers: Record<string, string> = { ...options.headers, host: url.host, "x-sdk-date": date };
    const names = Object.keys(headers).sort();
    const query = [...url.searchParams]
        .sort()
        .map(([key, value]) => `${key}=${value}`)
        .join("&");
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const canonical = [
        options.method,
        `${url.pathname}/`,
        query,
        ...names.map((name) => `${name}:${headers[name]}`),
        "",
        names.join(";"),
        sha256(options.body ?? ""),
    ].join("\n");
    const scope = `${date.slice(0, 8)}///sdk_request`;
    const old = options.form === "credential";
    let key: string | Buffer = options.secretKey;
    if (old)
        for (const part of ["", ...scope.split("/")])
            key =
                part === "" && key === options.secretKey
                    ? `SDK${key}`
                    : createHmac("sha256", key).update(part).digest();
    const text = ["SDK-HMAC-SHA256", date, ...(old ? [scope] : []), sha256(canonical)].join("\n");
    const signature = createHmac("sha256", key).update(text).digest("hex");
    const who = old ? `Credential=${options.accessKey}/${scope}` : `Access=${options.accessKey}`;
    const { host: _, ...sent } = headers;
    return {
        ...sent,
        ...options.unsigned,
        authorization: `SDK-HMAC-SHA256 ${who}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
    };
}
