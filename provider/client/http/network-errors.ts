/** What went wrong on the way, in plain words: of undici's and Node's errors. */
import { messageOf, type Retry } from "../errors/errors";
import type { Proxies, Resolved } from "../settings/settings";

/** Time for TCP and TLS together, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** A proxy's address as a URL; empty where there is none. */
export function withScheme(proxy: string | undefined): string {
    if (proxy === undefined) return "";
    return /^[a-z][a-z0-9]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

/** Codes by which Node says that it does not trust a certificate. */
const UNTRUSTED = new Set([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "CERT_UNTRUSTED",
    "CERT_REJECTED",
    "CERT_SIGNATURE_FAILURE",
    "INVALID_CA",
]);

/** The first code in an error, its causes and its parts. */
function codeOf(error: unknown, depth = 0): string | undefined {
    if (typeof error !== "object" || error === null || depth > 5) return undefined;
    const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
    if (typeof code === "string" && !code.startsWith("UND_ERR_ABORTED")) return code;
    const parts: unknown[] = Array.isArray(errors) ? errors : [];
    return [cause, ...parts].map((part) => codeOf(part, depth + 1)).find((found) => found !== undefined);
}

interface Peer {
    readonly host: string;
    /** Undefined where its name was not even found. */
    readonly port: number | undefined;
}

/** Where in an error, its causes and its parts Node says whom it could not reach. */
function peerOf(error: unknown, depth = 0): Peer | undefined {
    if (typeof error !== "object" || error === null || depth > 5) return undefined;
    const { address, hostname, port, cause, errors } = error as Record<string, unknown>;
    if (typeof address === "string" && typeof port === "number") return { host: address, port };
    if (typeof hostname === "string") return { host: hostname, port: undefined };
    const parts: unknown[] = Array.isArray(errors) ? errors : [];
    return [cause, ...parts].map((part) => peerOf(part, depth + 1)).find((found) => found !== undefined);
}

interface Reason {
    readonly text: string;
    readonly retry?: Retry;
}

/** Is this the machine that could not be reached? */
function isPeer(url: URL, peer: Peer): boolean {
    if (peer.port === undefined) return url.hostname === peer.host;
    return Number(url.port || (url.protocol === "http:" ? 80 : 443)) === peer.port;
}

/** The proxy that could not be reached: then the request's own host has nothing to do with it. */
function proxyOf(error: unknown, url: URL, proxies: Proxies): Resolved | undefined {
    const peer = peerOf(error);
    if (peer === undefined || isPeer(url, peer)) return undefined;
    return [proxies.https, proxies.http].find((proxy) => {
        const address = withScheme(proxy?.value);
        return URL.canParse(address) && isPeer(new URL(address), peer);
    });
}

/**
 * An error of undici or Node in plain words.
 * @param url Of the request.
 */
export function reasonOf(error: unknown, sent: boolean, url: URL, proxies: Proxies): Reason {
    const proxy = proxyOf(error, url, proxies);
    if (proxy === undefined) return ownReason(error, sent);
    const { host } = new URL(withScheme(proxy.value));
    return { text: `the proxy ${host} (${proxy.source}) cannot be reached: ${ownReason(error, sent).text}` };
}

function ownReason(error: unknown, sent: boolean): Reason {
    const message = messageOf(error);
    const proxy = /Proxy response \((\d+)\)/.exec(message);
    if (proxy !== null)
        return {
            text: `the proxy answered ${proxy[1]}${proxy[1] === "407" ? ": it wants a user and password (HTTPS_PROXY)" : ""}`,
        };
    const code = codeOf(error) ?? "";
    if (code === "" && error instanceof Error && error.name === "HTTPParserError")
        return { text: "the answer is not HTTP: check cbr:endpoints and the proxy" };
    if (UNTRUSTED.has(code))
        return {
            text: `certificate not trusted (${code}): set cbr:caFile to the file of its authority`,
            retry: "never",
        };
    switch (code) {
        case "ECONNREFUSED":
            return { text: "connection refused: check cbr:endpoints and cbr:authUrl" };
        case "ENOTFOUND":
            return { text: "host name not found: check cbr:region, cbr:cloud and cbr:endpoints" };
        case "EAI_AGAIN":
            return { text: "host name lookup failed for the moment" };
        case "ENETUNREACH":
        case "EHOSTUNREACH":
            return { text: "host not reachable" };
        case "UND_ERR_CONNECT_TIMEOUT":
        case "ETIMEDOUT":
            return sent
                ? { text: "the connection timed out" }
                : { text: `no connection within ${CONNECT_TIMEOUT_MS / 1000} s` };
        case "CERT_HAS_EXPIRED":
            return { text: "certificate has expired (or this machine's clock is wrong)", retry: "never" };
        case "CERT_NOT_YET_VALID":
            return { text: "certificate is not valid yet (or this machine's clock is wrong)", retry: "never" };
        case "ERR_TLS_CERT_ALTNAME_INVALID":
            return { text: "certificate is for another host name: check cbr:endpoints", retry: "never" };
        case "EPROTO":
        case "ERR_SSL_WRONG_VERSION_NUMBER":
        case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
            return { text: `TLS handshake failed (${code}): does this port speak https?` };
        case "UND_ERR_HEADERS_TIMEOUT":
        case "UND_ERR_BODY_TIMEOUT":
            return { text: "the answer stopped coming" };
        case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
        case "HPE_INVALID_EOF_STATE":
            return { text: "the answer was cut off" };
        case "UND_ERR_HEADERS_OVERFLOW":
            return { text: "the answer's headers are too long", retry: "never" };
        case "UND_ERR_INVALID_ARG":
            return { text: `the request cannot be sent (${message})`, retry: "never" };
        case "ECONNRESET":
        case "EPIPE":
        case "ECONNABORTED":
        case "UND_ERR_SOCKET":
            return {
                text: sent
                    ? "the connection broke before the answer was complete"
                    : "the connection broke while it was being made",
            };
        default:
            if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_"))
                return { text: `TLS handshake failed (${code})` };
            if (code.startsWith("HPE_"))
                return { text: `the answer is not HTTP (${code}): check cbr:endpoints and the proxy` };
            return { text: code === "" ? message : `${message} (${code})` };
    }
}
