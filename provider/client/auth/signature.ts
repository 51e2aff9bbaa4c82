/** Access-key signature SDK-HMAC-SHA256 (api-notes: Signature): pure functions of request, keys and date. */
import { createHash, createHmac } from "node:crypto";
import type { HttpRequest } from "../http/transport";

const ALGORITHM = "SDK-HMAC-SHA256";

export interface SigningKeys {
    readonly accessKey: string;
    readonly secretKey: string;
    /** Of temporary keys. */
    readonly securityToken?: string | undefined;
    /** Project that the request is about: needed with several projects, harmless with one. */
    readonly projectId?: string | undefined;
    /** Account, for calls that are about no project (IAM). */
    readonly domainId?: string | undefined;
}

/** RFC 3986: everything but letters, digits and `-._~` is percent-encoded. */
function encode(text: string): string {
    return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Percent-decodes; text that is not validly encoded stays as it is. */
function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function canonicalPath(pathname: string): string {
    const path = pathname
        .split("/")
        .map((part) => encode(decode(part)))
        .join("/");
    return path.endsWith("/") ? path : `${path}/`;
}

/** A `+` is a space, as `URLSearchParams` writes it and gateways read it. */
function canonicalQuery(search: string): string {
    const pairs = search
        .replace(/^\?/, "")
        .split("&")
        .filter((pair) => pair !== "")
        .map((pair): [string, string] => {
            const at = pair.indexOf("=");
            const [key, value] = at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
            return [encode(decode(key.replaceAll("+", " "))), encode(decode(value.replaceAll("+", " ")))];
        });
    const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
    pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
    return pairs.map(([key, value]) => `${key}=${value}`).join("&");
}

const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

export interface CanonicalRequest {
    readonly text: string;
    /** Lower-case names joined by `;`. */
    readonly signedHeaders: string;
    /** Lower-case hex SHA-256 of `text`. */
    readonly hash: string;
}

/**
 * The text that is signed, for exactly these headers (lower-case names). An `x-sdk-content-sha256` among them replaces
 * the body's hash.
 */
export function canonicalRequest(
    request: Pick<HttpRequest, "method" | "url" | "body">,
    headers: Readonly<Record<string, string>>,
): CanonicalRequest {
    const url = new URL(request.url);
    const names = Object.keys(headers).sort();
    const signedHeaders = names.join(";");
    const text = [
        request.method.toUpperCase(),
        canonicalPath(url.pathname),
        canonicalQuery(url.search),
        ...names.map((name) => `${name}:${headers[name]?.trim()}`),
        "",
        signedHeaders,
        headers["x-sdk-content-sha256"] ?? sha256(request.body ?? ""),
    ].join("\n");
    return { text, signedHeaders, hash: sha256(text) };
}

/** `20250102T030405Z`. */
function compactDate(date: Date): string {
    return date
        .toISOString()
        .replace(/\.\d{3}Z$/, "Z")
        .replaceAll(/[-:]/g, "");
}

/**
 * Headers to add to the request, lower-case names: `authorization`, `x-sdk-date` and, where there is something to put
 * in, `x-project-id`, `x-domain-id` and `x-security-token`. Signed are these, `host` (with a port that is not the
 * scheme's own) and, with a body, `content-type`; what else the request carries may change on its way. The request goes
 * out as it is: the slash that the canonical form adds to the path is not part of it. Good for 15 minutes around
 * `date`.
 */
export function sign(request: HttpRequest, keys: SigningKeys, date: Date): Record<string, string> {
    const added: Record<string, string> = { "x-sdk-date": compactDate(date) };
    if (keys.projectId !== undefined) added["x-project-id"] = keys.projectId;
    if (keys.domainId !== undefined) added["x-domain-id"] = keys.domainId;
    if (keys.securityToken !== undefined) added["x-security-token"] = keys.securityToken;
    const signed: Record<string, string> = { ...added, host: new URL(request.url).host };
    const contentType = request.headers["content-type"];
    if (request.body !== undefined && contentType !== undefined) signed["content-type"] = contentType;
    const contentHash = request.headers["x-sdk-content-sha256"];
    if (contentHash !== undefined) signed["x-sdk-content-sha256"] = contentHash;
    const canonical = canonicalRequest(request, signed);
    const toSign = `${ALGORITHM}\n${added["x-sdk-date"]}\n${canonical.hash}`;
    const signature = createHmac("sha256", keys.secretKey).update(toSign, "utf8").digest("hex");
    return {
        ...added,
        authorization:
            `${ALGORITHM} Access=${keys.accessKey}, SignedHeaders=${canonical.signedHeaders}, ` +
            `Signature=${signature}`,
    };
}
