/**
 * Checks `SDK-HMAC-SHA256` signatures, in the form `Access=…` and in the older form
 * `Credential=AK/date/region/service/sdk_request` (api-notes: Signature). Written apart from the client's signer, so
 * that both cannot be wrong alike.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** A request as it came over the wire. */
export interface SignedRequest {
    readonly method: string;
    /** Path and query exactly as sent, e.g. `/v3/…/backups?limit=10`. */
    readonly target: string;
    /** Lower-case names. */
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: string | Uint8Array;
}

/** Why a signature was not accepted. `date`: the clock is off by more than 15 minutes. */
export type SignatureVerdict =
    | {
          ok: true;
          accessKey: string;
          form: "access" | "credential";
          signedHeaders: readonly string[];
          canonicalHash: string;
      }
    | {
          ok: false;
          accessKey: string | undefined;
          reason: "format" | "headers" | "date" | "key" | "signature" | "payload";
          message: string;
      };

const algorithm = "SDK-HMAC-SHA256";
const maximalSkewMs = 15 * 60_000;

/** True when the request carries an `Authorization` of this kind, right or wrong. */
export function isSigned(headers: SignedRequest["headers"]): boolean {
    return headers["authorization"]?.trimStart().startsWith(algorithm) === true;
}

/**
 * Verifies a request. `secretOf` gives the secret key of an access key, or undefined when the key is unknown. Only the
 * names in SignedHeaders count; `host` and `x-sdk-date` must be among them; the date must be within 15 minutes of
 * `nowMs`.
 */
export function verifySignature(
    request: SignedRequest,
    secretOf: (accessKey: string) => string | undefined,
    nowMs: number,
): SignatureVerdict {
    const fields = authorizationFields(request.headers["authorization"] ?? "");
    const credential = fields?.get("Credential")?.split("/");
    const accessKey = fields?.get("Access") ?? credential?.[0];
    const wrong = (reason: Exclude<SignatureVerdict, { ok: true }>["reason"], message: string): SignatureVerdict => ({
        ok: false,
        accessKey,
        reason,
        message,
    });
    const signature = fields?.get("Signature");
    const names = fields?.get("SignedHeaders")?.split(";");
    if (!accessKey || names === undefined || signature === undefined || !/^[0-9a-f]{64}$/.test(signature))
        return wrong("format", "Authorization is malformed");
    if (credential !== undefined && (credential.length !== 5 || credential[4] !== "sdk_request"))
        return wrong("format", "the credential scope is malformed");

    const missing = ["host", "x-sdk-date"].find((name) => !names.includes(name));
    if (missing !== undefined) return wrong("headers", `${missing} is not signed`);
    const absent = names.find((name) => request.headers[name] === undefined);
    if (absent !== undefined) return wrong("headers", `the signed header ${absent} is missing`);
    if (names.some((name, index) => index > 0 && (names[index - 1] ?? "") >= name))
        return wrong("headers", "SignedHeaders is not sorted");

    const date = request.headers["x-sdk-date"] ?? "";
    const signedMs = instantOf(date);
    if (signedMs === undefined || Math.abs(signedMs - nowMs) > maximalSkewMs)
        return wrong("date", `X-Sdk-Date ${date} is more than 15 minutes off`);
    if (credential !== undefined && credential[1] !== date.slice(0, 8))
        return wrong("format", "the scope's date is not that of X-Sdk-Date");
    const secret = secretOf(accessKey);
    if (secret === undefined) return wrong("key", "the access key is unknown");

    const payload = payloadHash(request);
    if (payload === undefined) return wrong("payload", "X-Sdk-Content-Sha256 is not the hash of the body");
    const canonicalHash = sha256(canonicalRequest(request, names, payload));
    if (
        !timingSafeEqual(
            expectedSignature(secret, credential?.slice(1), date, canonicalHash),
            Buffer.from(signature, "hex"),
        )
    )
        return wrong("signature", "the signature does not match");
    return {
        ok: true,
        accessKey,
        form: credential === undefined ? "access" : "credential",
        signedHeaders: names,
        canonicalHash,
    };
}

function expectedSignature(secret: string, scope: readonly string[] | undefined, date: string, hash: string): Buffer {
    return scope === undefined
        ? hmac(secret, `${algorithm}\n${date}\n${hash}`)
        : hmac(scopeKey(secret, scope), `${algorithm}\n${date}\n${scope.join("/")}\n${hash}`);
}

function authorizationFields(header: string): Map<string, string> | undefined {
    const [scheme, ...rest] = header.trim().split(" ");
    if (scheme !== algorithm) return undefined;
    const fields = new Map<string, string>();
    for (const part of rest.join(" ").split(",")) {
        const at = part.indexOf("=");
        if (at > 0) fields.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
    }
    return fields.has("Access") && fields.has("Credential") ? undefined : fields;
}

function instantOf(date: string): number | undefined {
    const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(date);
    if (match === null) return undefined;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second);
}

function canonicalRequest(request: SignedRequest, names: readonly string[], payload: string): string {
    const mark = request.target.indexOf("?");
    const path = mark === -1 ? request.target : request.target.slice(0, mark);
    const query = mark === -1 ? "" : request.target.slice(mark + 1);
    const headers = names.map((name) => `${name}:${(request.headers[name] ?? "").trim()}\n`).join("");
    return [
        request.method.toUpperCase(),
        canonicalPath(path),
        canonicalQuery(query),
        headers,
        names.join(";"),
        payload,
    ].join("\n");
}

function canonicalPath(path: string): string {
    const encoded = path
        .split("/")
        .map((part) => encode(decode(part)))
        .join("/");
    return encoded.endsWith("/") ? encoded : `${encoded}/`;
}

function canonicalQuery(query: string): string {
    const pairs = query
        .split("&")
        .filter((pair) => pair !== "")
        .map((pair) => {
            const at = pair.indexOf("=");
            const [key, value] = at === -1 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
            return [decode(key.replaceAll("+", " ")), decode(value.replaceAll("+", " "))] as const;
        });
    const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    pairs.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
    return pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join("&");
}

function payloadHash(request: SignedRequest): string | undefined {
    const actual = sha256(request.body);
    const given = request.headers["x-sdk-content-sha256"];
    if (given === undefined || given === actual) return actual;
    const isJson = request.headers["content-type"]?.includes("json") === true;
    return given === "UNSIGNED-PAYLOAD" && !isJson ? given : undefined;
}

function scopeKey(secret: string, scope: readonly string[]): Buffer {
    return scope.reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`SDK${secret}`));
}

/** RFC 3986: all but letters, digits and `-._~` as upper-case percent triplets. */
function encode(text: string): string {
    return encodeURIComponent(text).replace(
        /[!'()*]/g,
        (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
}
function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}
const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
