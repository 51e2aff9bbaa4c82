/** An authenticator that signs with `token-1`, and notes what it is told. */
import type { Authenticator } from "../../../provider/client/auth/authenticator";
import type { HttpRequest } from "../../../provider/client/http/transport";

export interface FakeAuth extends Authenticator {
    readonly told: string[];
}

export function fakeAuth(parts: { key?: string; renews?: boolean; onSign?: () => void } = {}): FakeAuth {
    const told: string[] = [];
    const tokenOf = ({ headers }: HttpRequest) => headers["x-auth-token"] ?? "none";
    return {
        told,
        projectId: async ({ projectId }) => projectId ?? "",
        authenticate: async (request) => {
            parts.onSign?.();
            return { ...request, headers: { ...request.headers, "x-auth-token": "token-1" } };
        },
        renew: async (_scope, rejected) => {
            told.push(`renew ${tokenOf(rejected)}`);
            return parts.renews ?? false;
        },
        accepted: (_scope, request) => {
            told.push(`accepted ${tokenOf(request)}`);
        },
        sharedKey: () => parts.key,
        describe: () => "the token",
    };
}
