/** The first call with a credential that nobody has looked at yet goes alone: credential-gate.ts says why. */
import type { Authenticator } from "../auth/authenticator";
import { type CredentialGate, keysOf, type ProbeResult } from "../auth/credential-gate";
import { ApiError, CbrError, ResponseShapeError } from "../errors/errors";
import type { Clock } from "../time/clock";
import { type Link, timeLeft } from "./link";

export function firstAlone(parts: { gate: CredentialGate; auth: Authenticator; clock: Clock }): Link {
    const { gate, auth, clock } = parts;
    return (next) => async (call) => {
        timeLeft(call, clock);
        const { operation, options } = call;
        const { target } = options;
        const isSigned = auth.sharedKey() !== undefined;
        const learn = await gate.acquire(operation.id, target.region, keysOf(auth, target), isSigned);
        try {
            const reply = await next(call);
            learn?.("learned");
            return reply;
        } catch (error) {
            learn?.(lesson(error));
            throw error;
        }
    };
}

function lesson(error: unknown): ProbeResult {
    if (!(error instanceof CbrError)) return "nothing";
    if (error.retry === "backoff" && !(error instanceof ApiError && error.failure.status === 500)) return error;
    return error.retry !== "throttled" && (error instanceof ApiError || error instanceof ResponseShapeError)
        ? "learned"
        : "nothing";
}
