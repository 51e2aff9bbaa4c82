import type { Transport } from "../../provider/client/http/transport";
import { createUndiciTransport } from "../../provider/client/http/undici-transport";
import { resolveSettings } from "../../provider/client/settings/settings";
import type { Clock } from "../../provider/client/time/clock";

/** Time that passes only by sleeping, and only while no request is under way, for client and simulator alike: hours of waiting cost milliseconds, requests are real. */
export class VirtualClock implements Clock {
    #open = 0;
    #now = Date.UTC(2026, 0, 2, 3, 4, 5);
    #state: number;

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
        const wake = this.#now + Math.max(0, ms);
        return new Promise((resolve, reject) => {
            const look = () => {
                if (signal?.aborted) {
                    reject(signal.reason);
                    return;
                }
                if (this.#open > 0) {
                    setImmediate(look);
                    return;
                }
                this.#now = Math.max(this.#now, wake);
                resolve();
            };
            setImmediate(look);
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
