import type { Clock } from "../../provider/client/time/clock";

interface Sleeper {
    readonly at: number;
    readonly order: number;
    readonly wake: () => void;
}

export interface FakeClockOptions {
    /** Where time starts, in milliseconds since the epoch. Default 2025-01-02T03:04:05Z. */
    now?: number;
    /** What `random()` gives: a number in [0, 1) for ever, or numbers in turn, from the start again at the end. Default 0.5. */
    random?: number | readonly number[];
    /** Default true: time jumps to the next sleeper as soon as nothing else is left to do. False: only `advance` moves it. */
    auto?: boolean;
}

/** Virtual time. Nothing really sleeps; every sleep is written down. */
export class FakeClock implements Clock {
    /** Milliseconds of every sleep that was asked for, in order. */
    readonly sleeps: number[] = [];
    readonly #random: readonly number[];
    readonly #auto: boolean;
    readonly #start: number;
    #now: number;
    #drawn = 0;
    #order = 0;
    #ticking = false;
    #sleepers: Sleeper[] = [];

    constructor(options: FakeClockOptions = {}) {
        this.#start = options.now ?? Date.UTC(2025, 0, 2, 3, 4, 5);
        this.#now = this.#start;
        this.#random = typeof options.random === "object" ? options.random : [options.random ?? 0.5];
        this.#auto = options.auto ?? true;
    }

    now(): number {
        return this.#now;
    }

    /** Milliseconds since the clock was made. */
    get elapsed(): number {
        return this.#now - this.#start;
    }

    /** How many sleep right now. */
    get sleeping(): number {
        return this.#sleepers.length;
    }

    random(): number {
        const value = this.#random[this.#drawn++ % this.#random.length];
        if (value === undefined) throw new Error("FakeClock has no random numbers.");
        return value;
    }

    sleep(ms: number, signal?: AbortSignal): Promise<void> {
        this.sleeps.push(ms);
        return new Promise((resolve, reject) => {
            if (signal?.aborted) {
                reject(signal.reason);
                return;
            }
            const onAbort = () => {
                this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
                reject(signal?.reason);
            };
            const sleeper: Sleeper = {
                at: this.#now + Math.max(0, ms),
                order: this.#order++,
                wake: () => {
                    signal?.removeEventListener("abort", onAbort);
                    resolve();
                },
            };
            signal?.addEventListener("abort", onAbort, { once: true });
            this.#sleepers.push(sleeper);
            this.#tick();
        });
    }

    /** Moves time by hand and wakes everybody whose time has come, in order; new sleeps that end within `ms` are waited for, too. */
    async advance(ms: number): Promise<void> {
        const end = this.#now + ms;
        await settle();
        for (let next = this.#next(); next !== undefined && next.at <= end; next = this.#next()) {
            this.#wake(next);
            await settle();
        }
        this.#now = Math.max(this.#now, end);
    }

    /** Jumps, without waking anybody: as when the machine slept. */
    jump(ms: number): void {
        this.#now += ms;
    }

    #next(): Sleeper | undefined {
        return [...this.#sleepers].sort((a, b) => a.at - b.at || a.order - b.order)[0];
    }

    #wake(sleeper: Sleeper): void {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
        this.#now = Math.max(this.#now, sleeper.at);
        sleeper.wake();
    }

    #tick(): void {
        if (!this.#auto || this.#ticking) return;
        this.#ticking = true;
        // After a turn of the event loop every promise that could go on has gone on.
        setImmediate(() => {
            this.#ticking = false;
            const next = this.#next();
            if (next === undefined) return;
            this.#wake(next);
            this.#tick();
        });
    }
}

/** Lets everything that is ready go on. */
export function settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
}
