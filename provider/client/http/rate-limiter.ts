import type { Clock } from "../time/clock";

/** Never slower than one request in two seconds, however often the gateway says 429. */
const MIN_RATE = 0.5;
/** Regained per answered request, as a share of the configured rate: about twenty seconds from half to full speed. */
const INCREASE_PER_SUCCESS = 1 / 400;
/** Several 429 that answer requests of one burst are one signal. */
const DECREASE_GAP_MS = 1_000;

interface Waiting {
    /** Clock time after which the turn is of no use any more. */
    readonly deadline: number;
    readonly go: (inTime: boolean) => void;
}

/** `write`: what a user waits for (POST, DELETE, single reads); `poll`: shared look-ups, which can wait a little. */
export type Priority = "write" | "poll";

/**
 * Requests per second to one region, shared by all its resources: a token bucket of one second's burst, halved by a 429
 * (multiplicative decrease), regained slowly (additive increase), held still for as long as `Retry-After` says.
 */
export class Limiter {
    readonly #maxRate: number;
    readonly #clock: Clock;
    #rate: number;
    #tokens: number;
    #refilledAt: number;
    #heldUntil = 0;
    #decreasedAt = Number.NEGATIVE_INFINITY;
    #draining = false;
    /** No deadline in the queues is before this. */
    #earliest = Number.POSITIVE_INFINITY;
    /** Ends the sleep that is under way, for somebody whose deadline comes before its end. */
    #wake: AbortController | undefined;
    #awakeAt = Number.POSITIVE_INFINITY;
    readonly #queues: Record<Priority, Waiting[]> = { write: [], poll: [] };

    constructor(requestsPerSecond: number, clock: Clock) {
        this.#maxRate = requestsPerSecond;
        this.#rate = requestsPerSecond;
        this.#tokens = Math.max(1, requestsPerSecond);
        this.#clock = clock;
        this.#refilledAt = clock.now();
    }

    /** Requests per second allowed now. */
    get rate(): number {
        return this.#rate;
    }

    /** Resolves with true when one request may go out; with false when `deadline` (clock time) came first. */
    acquire(priority: Priority, signal?: AbortSignal, deadline = Number.POSITIVE_INFINITY): Promise<boolean> {
        if (signal?.aborted) return Promise.reject(signal.reason);
        return new Promise((resolve, reject) => {
            const onAbort = () => {
                this.#queues[priority] = this.#queues[priority].filter((one) => one !== waiting);
                reject(signal?.reason);
            };
            const waiting: Waiting = {
                deadline,
                go: (inTime) => {
                    signal?.removeEventListener("abort", onAbort);
                    resolve(inTime);
                },
            };
            this.#queues[priority].push(waiting);
            this.#earliest = Math.min(this.#earliest, deadline);
            signal?.addEventListener("abort", onAbort, { once: true });
            if (deadline < this.#awakeAt) this.#wake?.abort();
            void this.#drain();
        });
    }

    /** The gateway said 429: slow down for everybody. */
    throttled(retryAfterMs = 0): void {
        const now = this.#clock.now();
        if (now - this.#decreasedAt >= DECREASE_GAP_MS) {
            this.#rate = Math.max(Math.min(MIN_RATE, this.#maxRate), this.#rate / 2);
            this.#decreasedAt = now;
        }
        this.#tokens = Math.min(this.#tokens, 1);
        this.#heldUntil = Math.max(this.#heldUntil, now + retryAfterMs);
    }

    succeeded(): void {
        this.#rate = Math.min(this.#maxRate, this.#rate + this.#maxRate * INCREASE_PER_SUCCESS);
    }

    #refill(): void {
        const now = this.#clock.now();
        const burst = Math.max(1, this.#rate);
        // A clock that is set back must not take tokens away.
        const passed = Math.max(0, now - this.#refilledAt);
        this.#tokens = Math.min(burst, this.#tokens + (passed / 1000) * this.#rate);
        this.#refilledAt = now;
    }

    /** Tells those whose deadline has come; all others keep their places. */
    #expire(): void {
        const now = this.#clock.now();
        if (now < this.#earliest) return;
        this.#earliest = Number.POSITIVE_INFINITY;
        for (const priority of ["write", "poll"] as const) {
            const queue = this.#queues[priority];
            this.#queues[priority] = queue.filter((one) => one.deadline > now);
            for (const one of queue) {
                if (one.deadline > now) this.#earliest = Math.min(this.#earliest, one.deadline);
                else one.go(false);
            }
        }
    }

    /** One sleep for all that wait; it ends early for the first deadline. */
    async #sleep(ms: number): Promise<void> {
        const now = this.#clock.now();
        this.#awakeAt = Math.min(now + ms, this.#earliest);
        const wake = new AbortController();
        this.#wake = wake;
        await this.#clock.sleep(this.#awakeAt - now, wake.signal).catch((reason: unknown) => {
            if (!wake.signal.aborted) throw reason;
        });
        this.#awakeAt = Number.POSITIVE_INFINITY;
    }

    async #drain(): Promise<void> {
        if (this.#draining) return;
        this.#draining = true;
        try {
            while (this.#queues.write.length + this.#queues.poll.length > 0) {
                this.#refill();
                this.#expire();
                const held = this.#heldUntil - this.#clock.now();
                if (held > 0) {
                    await this.#sleep(held);
                } else if (this.#tokens >= 1) {
                    const next = this.#queues.write.shift() ?? this.#queues.poll.shift();
                    if (next === undefined) continue;
                    this.#tokens -= 1;
                    next.go(true);
                } else {
                    await this.#sleep(Math.max(1, Math.ceil(((1 - this.#tokens) / this.#rate) * 1000)));
                }
            }
        } finally {
            this.#draining = false;
        }
    }
}
