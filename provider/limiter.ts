import type { Clock } from "./clock";

/** Never slower than one request in two seconds, however often the gateway says 429. */
const MIN_RATE = 0.5;
/** Regained per answered request, as a share of the configured rate: about twenty seconds from half to full speed. */
const INCREASE_PER_SUCCESS = 1 / 400;
/** Several 429 that answer requests of one burst are one signal. */
const DECREASE_GAP_MS = 1_000;

interface Waiting {
    readonly go: () => void;
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

    /** Resolves when one request may go out. */
    acquire(priority: Priority, signal?: AbortSignal): Promise<void> {
        if (signal?.aborted) return Promise.reject(signal.reason);
        return new Promise((resolve, reject) => {
            const queue = this.#queues[priority];
            const onAbort = () => {
                const at = queue.indexOf(waiting);
                if (at >= 0) queue.splice(at, 1);
                reject(signal?.reason);
            };
            const waiting: Waiting = {
                go: () => {
                    signal?.removeEventListener("abort", onAbort);
                    resolve();
                },
            };
            queue.push(waiting);
            signal?.addEventListener("abort", onAbort, { once: true });
            void this.#drain();
        });
    }

    /** The gateway said 429: slow down for everybody. */
    throttled(retryAfterMs = 0): void {
        const now = this.#clock.now();
        if (now - this.#decreasedAt >= DECREASE_GAP_MS) {
            this.#rate = Math.max(MIN_RATE, this.#rate / 2);
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
        this.#tokens = Math.min(burst, this.#tokens + ((now - this.#refilledAt) / 1000) * this.#rate);
        this.#refilledAt = now;
    }

    async #drain(): Promise<void> {
        if (this.#draining) return;
        this.#draining = true;
        try {
            while (this.#queues.write.length + this.#queues.poll.length > 0) {
                this.#refill();
                const held = this.#heldUntil - this.#clock.now();
                if (held > 0) {
                    await this.#clock.sleep(held);
                } else if (this.#tokens >= 1) {
                    this.#tokens -= 1;
                    (this.#queues.write.shift() ?? this.#queues.poll.shift())?.go();
                } else {
                    await this.#clock.sleep(Math.max(1, Math.ceil(((1 - this.#tokens) / this.#rate) * 1000)));
                }
            }
        } finally {
            this.#draining = false;
        }
    }
}
