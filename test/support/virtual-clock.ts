import type { Transport } from "../../provider/client/http/transport";
import { createUndiciTransport } from "../../provider/client/http/undici-transport";
import { resolveSettings } from "../../provider/client/settings/settings";
import type { Clock } from "../../provider/client/time/clock";

interface Sleeper {
    readonly wake: number;
    readonly resolve: () => void;
}

/**
 * Time that passes only by sleeping, and only while no request is under way, for client and simulator alike: hours of
 * waiting cost milliseconds, requests are real. Sleepers wake in the order of their times.
 */
export class VirtualClock implements Clock {
    #open = 0;
    #now = Date.UTC(2026, 0, 2, 3, 4, 5);
    #state: number;
    #isTicking = false;
    /** By time, the earliest first. */
    readonly #sleepers: Sleeper[] = [];

    constructor(seed = 1) {
        this.#state = seed >>> 0 || 1;
    }

    now(): number {
        return this.#now;
    }

    /** Time goes by while nobody does anything. */
    pass(ms: number): void {
        this.#now += ms;
    }

    random(): number {
        this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
        return this.#state / 2 ** 32;
    }

    sleep(ms: number, signal?: AbortSignal): Promise<void> {
        return new Promise((resolve, reject) => {
            if (signal?.aborted) {
                reject(signal.reason);
                return;
            }
            const onAbort = () => {
                this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
                reject(signal?.reason);
            };
            const sleeper: Sleeper = {
                wake: this.#now + Math.max(0, ms),
                resolve: () => {
                    signal?.removeEventListener("abort", onAbort);
                    resolve();
                },
            };
            signal?.addEventListener("abort", onAbort, { once: true });
            const at = this.#sleepers.findLastIndex((one) => one.wake <= sleeper.wake) + 1;
            this.#sleepers.splice(at, 0, sleeper);
            this.#tick();
        });
    }

    /** A turn of the event loop lets everything that is ready go on; then the earliest sleeper wakes. */
    #tick(): void {
        if (this.#isTicking) return;
        this.#isTicking = true;
        setImmediate(() => {
            this.#isTicking = false;
            if (this.#open === 0) {
                const next = this.#sleepers.shift();
                if (next === undefined) return;
                this.#now = Math.max(this.#now, next.wake);
                next.resolve();
            }
            this.#tick();
        });
    }

    /** The real transport. An answer that takes a real millisecond must not take hours of this time. */
    transport(get: (key: string) => string | undefined): Transport {
        const real = createUndiciTransport(resolveSettings(get, {}));
        return {
            send: async (request) => {
                this.#open++;
                try {
                    return await real.send(request);
                } finally {
                    this.#open--;
                }
            },
            close: () => real.close(),
        };
    }
}
