import type { Clock } from "../time/clock";

/**
 * Never slower than one request in ten seconds, however often the gateway says 429: sixty processes may share 20 a
 * second.
 */
const LEAST_RATE = 0.1;
/** The first burst, as a share of one second's: many processes start at the same time. */
const FIRST_BURST = 1 / 4;
/** What a 429 leaves of the rate at most, and at least: in between, as much as got through lately. */
const MOST_LEFT = 0.7;
const LEAST_LEFT = 1 / 8;
/** How far back "lately" goes, in seconds. */
const LATELY_S = 5;
/**
 * The rate at which a 429 came is regained in this time, in seconds: quickly at first, slowly near it, then quickly
 * beyond.
 */
const REGAIN_S = 20;
/** No more of that rate than this times what got through lately. */
const HEADROOM = 1.25;
/** Regained each second at least, as a share of the configured rate: those that were slowed down most catch up. */
const LEAST_REGAINED = 1 / 1_000;
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
 * Requests per second to one region, shared by all its resources: a token bucket of one second's burst, cut by a 429 to
 * what gets through, regained with time (CUBIC, RFC 9438), held still for as long as `Retry-After` says. Time and not
 * success brings the rate back: of many processes behind one gateway, the slow ones have few successes.
 */
export class Limiter {
    readonly #maxRate: number;
    readonly #clock: Clock;
    #rate: number;
    /** What the rate returns to, and what the last 429 left of it. */
    #goal: number;
    #left: number;
    /** Answered requests by second of the clock. */
    readonly #answered = new Map<number, number>();
    readonly #startedAt: number;
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
        this.#goal = requestsPerSecond;
        this.#left = requestsPerSecond;
        this.#tokens = Math.max(1, requestsPerSecond * FIRST_BURST);
        this.#clock = clock;
        this.#startedAt = clock.now();
        this.#refilledAt = clock.now();
    }

    /** Requests per second allowed now. */
    get rate(): number {
        this.#regain();
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
            const before = this.rate;
            const passed = this.#passedLately(now);
            const left = Math.min(before * MOST_LEFT, Math.max(passed, before * LEAST_LEFT));
            this.#left = Math.max(Math.min(LEAST_RATE, this.#maxRate), left);
            this.#goal = Math.max(this.#left, Math.min(before, passed * HEADROOM));
            this.#rate = this.#left;
            this.#decreasedAt = now;
        }
        this.#tokens = Math.min(this.#tokens, 1);
        this.#heldUntil = Math.max(this.#heldUntil, now + retryAfterMs);
    }

    /** A request was answered. */
    succeeded(): void {
        const second = Math.floor(this.#clock.now() / 1_000);
        const count = this.#answered.get(second);
        this.#answered.set(second, (count ?? 0) + 1);
        if (count !== undefined) return;
        for (const old of this.#answered.keys()) if (old < second - LATELY_S) this.#answered.delete(old);
    }

    /** Answered requests a second. */
    #passedLately(now: number): number {
        const from = Math.floor(now / 1_000) - LATELY_S;
        let sum = 0;
        for (const [second, count] of this.#answered) if (second > from) sum += count;
        return sum / Math.max(1, Math.min(LATELY_S, (now - this.#startedAt) / 1_000));
    }

    #regain(): void {
        const since = Math.max(this.#decreasedAt, this.#heldUntil);
        const seconds = Math.max(0, this.#clock.now() - since) / 1_000;
        const width = Math.max(this.#goal - this.#left, this.#left / 10);
        const curve = this.#goal + width * (seconds / REGAIN_S - 1) ** 3;
        const line = this.#left + this.#maxRate * LEAST_REGAINED * seconds;
        this.#rate = Math.min(this.#maxRate, Math.max(curve, line));
    }

    #refill(): void {
        const now = this.#clock.now();
        const burst = Math.max(1, this.rate);
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
