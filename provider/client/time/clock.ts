/** Time as a parameter: what the client, the limiter and the poller know of clocks. Tests bring their own. */
export interface Clock {
    /** Milliseconds since the epoch. */
    now(): number;
    /** Resolves after `ms` milliseconds; rejects with the signal's reason as soon as it aborts. */
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
    /** A number in [0, 1), for jitter and unique names. */
    random(): number;
}

/** The machine's clock: the only place that touches timers, the date and randomness. */
export const systemClock: Clock = {
    now: () => Date.now(),
    random: () => Math.random(),
    sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
            if (signal?.aborted) {
                reject(signal.reason);
                return;
            }
            const onAbort = () => {
                clearTimeout(timer);
                reject(signal?.reason);
            };
            const timer = setTimeout(
                () => {
                    signal?.removeEventListener("abort", onAbort);
                    resolve();
                },
                Math.max(0, ms),
            );
            signal?.addEventListener("abort", onAbort, { once: true });
        }),
};

/** Calls `run` every so often, for as long as it says so; keeps no process alive. */
export function repeat(ms: number, run: () => Promise<boolean>): void {
    const next = async () => {
        if (await run()) setTimeout(next, ms).unref();
    };
    setTimeout(next, ms).unref();
}
