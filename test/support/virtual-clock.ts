import type { Clock } from "../../provider/clock";

/** Time that passes only by sleeping, for client and simulator alike: hours of waiting cost milliseconds, requests are real. */
export class VirtualClock implements Clock {
    #now = Date.UTC(2026, 0, 2, 3, 4, 5);
    #state: number;

    constructor(seed = 1) {
        this.#state = seed >>> 0 || 1;
    }

    now(): number {
        return this.#now;
    }

    random(): number {
        this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
        return this.#state / 2 ** 32;
    }

    sleep(ms: number, signal?: AbortSignal): Promise<void> {
        const wake = this.#now + Math.max(0, ms);
        return new Promise((resolve, reject) => {
            setImmediate(() => {
                if (signal?.aborted) {
                    reject(signal.reason);
                    return;
                }
                this.#now = Math.max(this.#now, wake);
                resolve();
            });
        });
    }
}
