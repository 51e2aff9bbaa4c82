/** The end of the chain: one exchange with the region, in the time that is left. */

import { parseFailure } from "../errors/error-response";
import { TransportError } from "../errors/errors";
import type { RegionClocks } from "../http/region-clocks";
import type { Transport } from "../http/transport";
import type { Clock } from "../time/clock";
import { type Send, timeLeft } from "./link";

/** One exchange may take this long, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 60_000;

export function sending(parts: {
    transport: Transport;
    clock: Clock;
    regionClocks: RegionClocks;
    signal: AbortSignal | undefined;
}): Send {
    const { transport, clock, regionClocks, signal } = parts;
    return async (call) => {
        const { operation, options, request } = call;
        const timeoutMs = Math.min(REQUEST_TIMEOUT_MS, Math.max(1_000, Math.ceil(timeLeft(call, clock))));
        await options.onSend?.();
        signal?.throwIfAborted();
        const sentAt = clock.now();
        const exchange = async () => {
            try {
                return await transport.send({ ...request, timeoutMs });
            } catch (error) {
                if (!(error instanceof TransportError)) throw error;
                request.signal?.throwIfAborted();
                throw new TransportError(`${operation.id}: ${error.message}`, {
                    sent: error.sent,
                    retry: error.retry,
                    cause: error,
                });
            }
        };
        const response = await exchange();
        regionClocks.note(options.target.region, response, sentAt);
        if (response.status >= 200 && response.status < 300) return { response };
        return { response, failure: parseFailure(operation.id, response, clock.now()) };
    };
}
