/** Sends a call again, after a pause, for as long as it may be repeated and there is time. */
import { ApiError, CbrError } from "../errors/errors";
import { backoffMs, mayRepeat } from "../http/retry";
import type { Clock } from "../time/clock";
import { endOf, type Link } from "./link";

/** Not an error: the credential was renewed, and the same request goes out once more. No try of its own. */
export class Renewed extends Error {}

export function retrying(parts: { clock: Clock; maxRetries: number; signal: AbortSignal | undefined }): Link {
    const { clock, maxRetries, signal } = parts;
    return (next) => async (call) => {
        const { operation, options, past } = call;
        for (;;) {
            signal?.throwIfAborted();
            try {
                return await next(call);
            } catch (error) {
                if (error instanceof Renewed) continue;
                if (!(error instanceof CbrError)) throw error;
                past.failedTries += 1;
                const attempt = past.failedTries;
                if (!mayRepeat(error, { operation, options, attempt, maxRetries })) throw error;
                const retryAfterMs = error instanceof ApiError ? error.failure.retryAfterMs : undefined;
                const delay = backoffMs(attempt, error.retry, clock.random(), retryAfterMs);
                if (clock.now() + delay >= endOf(options)) throw error;
                options.onRetry?.(error, delay);
                await clock.sleep(delay, signal);
            }
        }
    };
}
