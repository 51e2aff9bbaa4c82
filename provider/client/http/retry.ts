/** May this be sent again, and when. Pure functions and their constants. */
import type { CallOptions } from "../client";
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
import type { Method, Operation } from "../operations/operation";

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
const FEW_TRIES = 4;
/** Tries while the gateway throttles, for calls without a deadline of their own. */
const THROTTLED_TRIES = 10;

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

/** May a call whose try number `attempt` ended with this error be sent again? */
export function mayRepeat(
    error: CbrError,
    call: {
        readonly operation: Pick<Operation<unknown, unknown>, "method" | "idempotent">;
        readonly options: Pick<CallOptions<unknown>, "deadline" | "busyIsFinal">;
        readonly attempt: number;
        readonly maxRetries: number;
    },
): boolean {
    const { operation, options, attempt, maxRetries } = call;
    const few = error instanceof ApiError && classify(error.failure, operation.method).few;
    // An answer that could not be read is no refusal yet.
    if (few && error.retry === "never") return operation.idempotent && attempt < FEW_TRIES;
    if (error.retry === "never" || (error.retry === "busy" && options.busyIsFinal === true)) return false;
    if (!operation.idempotent && sideEffectOf(error) !== "nothing") return false;
    // A wait outlasts what may pass: a read with a deadline is repeated until then.
    const isWaiting = operation.method === "GET" && options.deadline !== undefined;
    if (few && !isWaiting) return attempt < FEW_TRIES;
    // An endpoint that cannot be reached at all is a wrong setting more often than a blip: counted for every POST.
    const counted = options.deadline === undefined || (!operation.idempotent && error.retry === "backoff");
    if (!counted) return true;
    return error.retry === "throttled" ? attempt < THROTTLED_TRIES : attempt <= maxRetries;
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

type Asked = Pick<Operation<unknown, unknown>, "method" | "notFound">;

/** Says the answer that there is no such id, or that the project is not that of the credentials? */
export const mayBeMalformedUrl = (failure: ApiErrorDetails, { notFound }: Asked): boolean =>
    failure.isMalformedUrl === true && notFound !== undefined;

/** Were the credentials refused, and nothing else? */
export const refusesCredentials = (failure: ApiErrorDetails, asked: Asked): boolean =>
    classify(failure, asked.method).renew &&
    !mayBeMalformedUrl(failure, asked) &&
    notFoundObject(failure, asked.notFound) === undefined;

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
