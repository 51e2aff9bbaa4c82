/** May this be sent again, and when. Pure functions and their constants. */
import { lookUpCode } from "../errors/error-codes";
import {
    ApiError,
    type ApiErrorDetails,
    CbrError,
    NotFoundError,
    type NotFoundObject,
    ResponseShapeError,
    type Retry,
    TransportError,
} from "../errors/errors";
import type { Method } from "../operations/operation";

/** First delay after a passing failure, in milliseconds; doubled each time. */
const BACKOFF_BASE_MS = 500;
/** Longest delay between two tries of one request, in milliseconds. */
const BACKOFF_MAX_MS = 30_000;
/**
 * First and longest delay while another task holds the object ("busy" codes), in milliseconds. OTC's table of error
 * codes recommends 30 to 60 s; short tasks end sooner, so we start lower and end there.
 */
const BUSY_BASE_MS = 2_000;
const BUSY_MAX_MS = 60_000;
/** Tries for codes that may pass (api-notes: Codes that may pass). */
export const FEW_TRIES = 4;

/**
 * Delay before try number `attempt + 1` (attempts count from 1), with full jitter over its upper half; `random` is in
 * [0, 1). A server's hint is a lower bound.
 */
export function backoffMs(attempt: number, retry: Retry, random: number, retryAfterMs?: number): number {
    const [base, max] = retry === "busy" ? [BUSY_BASE_MS, BUSY_MAX_MS] : [BACKOFF_BASE_MS, BACKOFF_MAX_MS];
    const ceiling = Math.min(max, base * 2 ** Math.min(attempt - 1, 20));
    const delay = ceiling / 2 + (ceiling / 2) * random;
    return Math.max(delay, retryAfterMs ?? 0);
}

/**
 * The object that this failure says is gone, if it is the very object asked for (`about`): 404 with the object's own
 * code, or the old 400 CSBS.3001 of DeleteBackup. What `401 Malformed request url` says is for the client to find out.
 */
export function notFoundObject(
    failure: ApiErrorDetails,
    about: NotFoundObject | undefined,
): NotFoundObject | undefined {
    if (about === undefined) return undefined;
    const allowed = failure.status === 404 || (failure.status === 400 && failure.code === "CSBS.3001");
    return allowed && lookUpCode(failure.code)?.notFound === about ? about : undefined;
}

/**
 * How a request that was answered with this failure may be repeated. `never` with `few`: nothing could be read, so a
 * read or a deletion asks a few times before the failure is final; a POST may have had its effect.
 */
export function classify(failure: ApiErrorDetails, method: Method): { retry: Retry; few: boolean; renew: boolean } {
    const plain = (retry: Retry) => ({ retry, few: false, renew: false });
    const code = lookUpCode(failure.code);
    switch (code?.class) {
        case "busy":
            return plain("busy");
        case "retryFewTimes":
            return { retry: method === "GET" ? "backoff" : "busy", few: true, renew: false };
        case "permanent":
            return plain("never");
        case "throttled":
            return plain("throttled");
        case "reauthenticate":
            return { retry: "never", few: false, renew: true };
        case "gateway":
            return plain("backoff");
        default:
    }
    if (failure.status === 429) return plain("throttled");
    if (failure.status === 401) return { retry: "never", few: false, renew: true };
    if (failure.status === 502 || failure.status === 503 || failure.status === 504 || failure.status === 408)
        return plain("backoff");
    if (failure.status === 500 && method !== "POST") return { retry: "backoff", few: true, renew: false };
    if (failure.status === 500) return plain("backoff");
    return { retry: "never", few: failure.isForeign === true, renew: false };
}

/**
 * What a failed POST can have done: `nothing` surely; `maybe`; `accepted`: the API said yes, but what it said about it
 * was lost.
 */
export type Effect = "nothing" | "maybe" | "accepted";

export function sideEffectOf(error: unknown): Effect {
    if (error instanceof TransportError) return error.sent ? "maybe" : "nothing";
    if (error instanceof ResponseShapeError)
        return error.status >= 200 && error.status < 300 && !error.isForeign ? "accepted" : "maybe";
    if (error instanceof NotFoundError) return "nothing";
    if (error instanceof ApiError) {
        const { status, code } = error.failure;
        const known = lookUpCode(code);
        if (known?.class === "throttled" || status === 429) return "nothing";
        if (known !== undefined && known.class !== "gateway" && !code.endsWith(".9910")) return "nothing";
        // A page of something in between may come after the effect.
        if (status === 408 || error.failure.isForeign === true) return "maybe";
        if (status < 500) return "nothing";
        return "maybe";
    }
    return error instanceof CbrError ? "nothing" : "maybe";
}
