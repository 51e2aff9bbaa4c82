/** What the links of the request chain have in common. `client.ts` puts them together. */
import type { CallOptions } from "../client";
import { type ApiErrorDetails, WaitTimeoutError } from "../errors/errors";
import type { HttpRequest, HttpResponse } from "../http/transport";
import type { Operation } from "../operations";
import type { Clock } from "../time/clock";

/** A call on its way down the chain. */
export interface Call {
    readonly operation: Operation<unknown, unknown>;
    readonly options: CallOptions<unknown>;
    /** As the operation describes it, from `/v3/` on; links hand on one with the region's address, and signed. */
    readonly request: HttpRequest;
    /** What the call has been through, over all that it was sent again for. */
    readonly past: { hasRenewed: boolean; failedTries: number };
}

/** An answer on its way up. */
export interface Reply {
    readonly response: HttpResponse;
    /** What an answer says that is no 2xx. */
    readonly failure?: ApiErrorDetails;
    /** What a good answer says, once it has been read. */
    readonly value?: unknown;
}

export type Send = (call: Call) => Promise<Reply>;
/** Does its part around what comes after it. */
export type Link = (next: Send) => Send;

/** The first link is the outermost one. */
export const chain = (links: readonly Link[], last: Send): Send => links.reduceRight((next, link) => link(next), last);

/**
 * Milliseconds in which the request may still go out.
 * @throws WaitTimeoutError
 */
export function timeLeft({ operation, options }: Call, clock: Clock): number {
    const left = endOf(options) - clock.now();
    if (left <= 0) throw new WaitTimeoutError(`${operation.id}: no time is left for this call.`);
    return left;
}

/** Clock time after which no try is started. */
export function endOf({ deadline, until }: Pick<CallOptions<unknown>, "deadline" | "until">): number {
    return Math.min(deadline ?? Number.POSITIVE_INFINITY, until ?? Number.POSITIVE_INFINITY);
}
