/**
 * Many processes, each with a limiter of its own, behind one gateway that allows the account so many requests a
 * second.
 */
import { Limiter } from "../../provider/client/http/rate-limiter";
import { backoffMs } from "../../provider/client/http/retry";
import type { Clock } from "../../provider/client/time/clock";

export interface GatewayOptions {
    readonly processes: number;
    /** Requests that each process has to make. */
    readonly requests: number;
    /** Requests that a process has under way at the same time. */
    readonly parallel: number;
    /** Requests a second that the gateway allows, and that each process is set to. */
    readonly limit: number;
    readonly seed: number;
    /** How the gateway counts: by whole seconds, or by a bucket that fills evenly. Default: seconds. */
    readonly counts?: "seconds" | "bucket";
}

export interface GatewayFigures {
    /** Share of all answers. */
    readonly throttled: number;
    /** Time that all took, over the time that the limit asks for. */
    readonly overIdeal: number;
    /** Time of the slowest process over that of the median one. */
    readonly slowest: number;
}

const ROUND_TRIP_MS = 30;

/** Time that passes from event to event. */
class EventClock implements Clock {
    #now = 0;
    #state: number;
    readonly #events: { at: number; order: number; run: () => void }[] = [];
    #order = 0;

    constructor(seed: number) {
        this.#state = seed >>> 0;
    }

    now(): number {
        return this.#now;
    }

    random(): number {
        this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
        return this.#state / 2 ** 32;
    }

    sleep(ms: number, signal?: AbortSignal): Promise<void> {
        return new Promise((resolve, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
            this.#push({ at: this.#now + Math.max(0, ms), order: this.#order++, run: resolve });
        });
    }

    /** Runs until nobody sleeps any more. */
    async run(): Promise<void> {
        await settle();
        for (let next = this.#pop(); next !== undefined; next = this.#pop()) {
            this.#now = Math.max(this.#now, next.at);
            next.run();
            await settle();
        }
    }

    #push(event: { at: number; order: number; run: () => void }): void {
        const heap = this.#events;
        let at = heap.push(event) - 1;
        while (at > 0) {
            const parent = (at - 1) >> 1;
            if (!this.#isBefore(at, parent)) break;
            this.#swap(at, parent);
            at = parent;
        }
    }

    #pop() {
        const heap = this.#events;
        if (heap.length === 0) return undefined;
        this.#swap(0, heap.length - 1);
        const first = heap.pop();
        for (let at = 0; ; ) {
            let least = at;
            for (const child of [2 * at + 1, 2 * at + 2])
                if (child < heap.length && this.#isBefore(child, least)) least = child;
            if (least === at) return first;
            this.#swap(at, least);
            at = least;
        }
    }

    #isBefore(a: number, b: number): boolean {
        const [x, y] = [this.#events[a], this.#events[b]];
        if (x === undefined || y === undefined) return false;
        return x.at < y.at || (x.at === y.at && x.order < y.order);
    }

    #swap(a: number, b: number): void {
        const [x, y] = [this.#events[a], this.#events[b]];
        if (x === undefined || y === undefined) return;
        this.#events[a] = y;
        this.#events[b] = x;
    }
}

/** Lets every promise that could go on go on, without a turn of the event loop. */
async function settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** What becomes of them on a clock that only such events move. */
export async function shareGateway(options: GatewayOptions): Promise<GatewayFigures> {
    const clock = new EventClock(options.seed);
    const allows = gateway(clock, options);
    let answers = 0;
    let refused = 0;
    const ends: number[] = [];
    const process = async () => {
        const limiter = new Limiter(options.limit, clock);
        let left = options.requests;
        const worker = async () => {
            while (left > 0) {
                left--;
                for (let attempt = 1; ; attempt++) {
                    await limiter.acquire("write");
                    await clock.sleep(ROUND_TRIP_MS);
                    answers++;
                    if (allows()) break;
                    refused++;
                    limiter.throttled();
                    await clock.sleep(backoffMs(attempt, "throttled", clock.random()));
                }
                limiter.succeeded();
            }
        };
        await Promise.all(Array.from({ length: options.parallel }, worker));
        ends.push(clock.now());
    };
    const all = Promise.all(Array.from({ length: options.processes }, process));
    await clock.run();
    await all;
    ends.sort((a, b) => a - b);
    const slowest = ends.at(-1) ?? 0;
    const ideal = (options.processes * options.requests * 1_000) / options.limit;
    return {
        throttled: refused / answers,
        overIdeal: slowest / ideal,
        slowest: slowest / (ends[Math.floor(ends.length / 2)] ?? 1),
    };
}

function gateway(clock: Clock, { limit, counts = "seconds" }: GatewayOptions): () => boolean {
    let second = -1;
    let count = 0;
    let tokens = limit;
    let filledAt = 0;
    return () => {
        if (counts === "bucket") {
            tokens = Math.min(limit, tokens + ((clock.now() - filledAt) * limit) / 1_000);
            filledAt = clock.now();
            if (tokens < 1) return false;
            tokens--;
            return true;
        }
        const now = Math.floor(clock.now() / 1_000);
        if (now !== second) count = 0;
        second = now;
        return ++count <= limit;
    };
}
