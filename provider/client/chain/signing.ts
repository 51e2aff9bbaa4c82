/** Signs the request once it is its turn. Credentials that are refused are renewed once, or remembered as refused. */
import type { Authenticator } from "../auth/authenticator";
import { type CredentialGate, keysOf } from "../auth/credential-gate";
import { describeClockSkew } from "../errors/error-response";
import { ApiError, type ApiErrorDetails, AuthError } from "../errors/errors";
import { registerSecret } from "../errors/redaction";
import { mayBeMalformedUrl, refusesCredentials } from "../http/retry";
import type { HttpResponse } from "../http/transport";
import type { Clock } from "../time/clock";
import { type Call, type Link, timeLeft } from "./link";
import { Renewed } from "./retrying";

export function signing(parts: { auth: Authenticator; gate: CredentialGate; clock: Clock }): Link {
    const { auth, gate, clock } = parts;
    const refused = async ({ options, past, request }: Call, response: HttpResponse, failure: ApiErrorDetails) => {
        const { target } = options;
        const hadRenewed = past.hasRenewed;
        if (!hadRenewed && (await auth.renew(target, request))) {
            past.hasRenewed = true;
            return new Renewed();
        }
        const cause = new ApiError(failure);
        const skew = describeClockSkew(response, clock.now());
        const error = new AuthError(
            `${cause.message}${skew === undefined ? "" : ` ${skew}`} Refused was ${auth.describe()}.`,
            { status: response.status, cause },
        );
        if (!hadRenewed) gate.refuse(keysOf(auth, target), error);
        return error;
    };
    return (next) => async (call) => {
        const { operation, options } = call;
        const { target } = options;
        const request = await auth.authenticate(call.request, target);
        // The gate, the limiter and the sign-in may have taken long, and another call may have been refused meanwhile.
        timeLeft(call, clock);
        const known = gate.refused(keysOf(auth, target));
        if (known !== undefined) throw known;
        for (const name of ["x-auth-token", "x-security-token"]) registerSecret(request.headers[name]);
        const signed = { ...call, request };
        const reply = await next(signed);
        const { response, failure } = reply;
        if (failure === undefined) auth.accepted(target, request);
        else if (refusesCredentials(failure, operation)) throw await refused(signed, response, failure);
        else if (!mayBeMalformedUrl(failure, operation) && response.status < 500 && response.status !== 429)
            auth.accepted(target, request);
        return reply;
    };
}
