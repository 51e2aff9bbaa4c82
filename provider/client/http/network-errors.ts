/** Errors of undici and Node in plain words. */
import { messageOf, type Retry } from "../errors/errors";
import type { Proxies, Resolved } from "../settings/settings";

/** Time for TCP and TLS together, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** A proxy's address as a URL; empty where there is none. */
export function withScheme(proxy: string | undefined): string {
    if (proxy === undefined) return "";
    return /^[a-z][a-z0-9]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

interface Reason {
    readonly text: string;
    readonly retry?: Retry;
}

const UNREACHABLE: Reason = { text: "host not reachable" };
const STOPPED: Reason = { text: "the answer stopped coming" };
const CUT_OFF: Reason = { text: "the answer was cut off" };

/** By code; what does not depend on whether anything was sent. */
const reasons: Readonly<Record<string, Reason>> = {
    ECONNREFUSED: { text: "connection refused: check cbr:endpoints and cbr:authUrl" },
    ENOTFOUND: { text: "host name not found: check cbr:region, cbr:cloud and cbr:endpoints" },
    EAI_AGAIN: { text: "host name lookup failed for the moment" },
    ENETUNREACH: UNREACHABLE,
    EHOSTUNREACH: UNREACHABLE,
    CERT_HAS_EXPIRED: { text: "certificate has expired (or this machine's clock is wrong)", retry: "never" },
    CERT_NOT_YET_VALID: { text: "certificate is not valid yet (or this machine's clock is wrong)", retry: "never" },
    ERR_TLS_CERT_ALTNAME_INVALID: {
        text: "certificate is for another host name: check cbr:endpoints",
        retry: "never",
    },
    UND_ERR_HEADERS_TIMEOUT: STOPPED,
    UND_ERR_BODY_TIMEOUT: STOPPED,
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: CUT_OFF,
    HPE_INVALID_EOF_STATE: CUT_OFF,
    UND_ERR_HEADERS_OVERFLOW: { text: "the answer's headers are too long", retry: "never" },
};

/** Before and after anything was sent. */
const TIMED_OUT = [`no connection within ${CONNECT_TIMEOUT_MS / 1000} s`, "the connection timed out"] as const;
const BROKEN = [
    "the connection broke while it was being made",
    "the connection broke before the answer was complete",
] as const;
const bySent: Readonly<Record<string, readonly [string, string]>> = {
    UND_ERR_CONNECT_TIMEOUT: TIMED_OUT,
    ETIMEDOUT: TIMED_OUT,
    ECONNRESET: BROKEN,
    EPIPE: BROKEN,
    ECONNABORTED: BROKEN,
    UND_ERR_SOCKET: BROKEN,
};

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
const NOT_TLS = new Set(["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"]);

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
 * @param sent Something of the request was written.
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
    const proxy = /Proxy response \((\d+)\)/.exec(message)?.[1];
    if (proxy !== undefined) {
        const advice = proxy === "407" ? ": it wants a user and password (HTTPS_PROXY)" : "";
        return { text: `the proxy answered ${proxy}${advice}` };
    }
    const code = codeOf(error) ?? "";
    if (code === "" && error instanceof Error && error.name === "HTTPParserError")
        return { text: "the answer is not HTTP: check cbr:endpoints and the proxy" };
    if (UNTRUSTED.has(code)) {
        const text = `certificate not trusted (${code}): set cbr:caFile to the file of its authority`;
        return { text, retry: "never" };
    }
    if (code === "UND_ERR_INVALID_ARG") return { text: `the request cannot be sent (${message})`, retry: "never" };
    if (NOT_TLS.has(code)) return { text: `TLS handshake failed (${code}): does this port speak https?` };
    const text = bySent[code]?.[sent ? 1 : 0];
    return reasons[code] ?? (text === undefined ? otherReason(code, message) : { text });
}

function otherReason(code: string, message: string): Reason {
    if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return { text: `TLS handshake failed (${code})` };
    if (code.startsWith("HPE_")) return { text: `the answer is not HTTP (${code}): check cbr:endpoints and the proxy` };
    return { text: code === "" ? message : `${message} (${code})` };
}
