/** Waits for the call's turn among all to its region, and tells the limiter what came of it. */
import { Limiter } from "../http/rate-limiter";
import { classify } from "../http/retry";
import type { Clock } from "../time/clock";
import { endOf, type Link, timeLeft } from "./link";

export function limiting(parts: { clock: Clock; perSecond: number; signal: AbortSignal | undefined }): Link {
    const { clock, perSecond, signal } = parts;
    const limiters = new Map<string, Limiter>();
    const limiterOf = (region: string): Limiter => {
        const limiter = limiters.get(region) ?? new Limiter(perSecond, clock);
        limiters.set(region, limiter);
        return limiter;
    };
    return (next) => async (call) => {
        const { operation, options } = call;
        const { target, priority = "write" } = options;
        const limiter = limiterOf(target.region);
        // Its turn did not come in time.
        if (!(await limiter.acquire(priority, signal, endOf(options)))) timeLeft(call, clock);
        const reply = await next(call);
        const { failure } = reply;
        if (failure === undefined) limiter.succeeded();
        else if (classify(failure, operation.method).retry === "throttled") limiter.throttled(failure.retryAfterMs);
        return reply;
    };
}
