import { documented } from "../api/error-codes";
import { defaultShape, type ErrorShape, errorReply, type Reply } from "../api/reply";
import type { Accounts } from "../iam/accounts";
import type { Effect } from "./fault-schema";

/**
 * What faults answer instead of the API (`instead`, which may still do its work later), or after the API did its work
 * (`after`).
 */
export function replacementOf(
    effects: readonly Effect[],
    headers: Readonly<Record<string, string | undefined>>,
    accounts: Accounts,
    requestId: string,
): { instead?: Reply; after?: Reply; effectAfterMs?: number } {
    for (const effect of effects) {
        if (effect === "token-expired") {
            const token = headers["x-auth-token"];
            if (token !== undefined) accounts.revokeTokens(token);
            return {
                instead: failure(
                    { code: "APIGW.0301", message: "Incorrect IAM authentication information: token expires" },
                    requestId,
                ),
            };
        }
        if (effect === "throttled") return { instead: failure({ code: "APIGW.0308" }, requestId) };
        if (effect === "status-after-effect") return { after: failure({ status: 502, shape: "html" }, requestId) };
        if (typeof effect === "string" || "kind" in effect || "delayMs" in effect) continue;
        const reply = failure(effect, requestId);
        if (effect.effectAfterMs !== undefined) return { instead: reply, effectAfterMs: effect.effectAfterMs };
        return effect.afterEffect === true ? { after: reply } : { instead: reply };
    }
    return {};
}

/** Milliseconds to wait before, or after, the request takes effect. */
export function delayOf(effects: readonly Effect[], when: "before" | "after"): number {
    let sum = 0;
    for (const effect of effects) {
        if (typeof effect === "object" && "delayMs" in effect && (effect.when ?? "after") === when)
            sum += effect.delayMs;
    }
    return sum;
}

function failure(
    given: {
        status?: number | undefined;
        code?: string | undefined;
        message?: string | undefined;
        shape?: ErrorShape | undefined;
        retryAfter?: number | string | undefined;
    },
    requestId: string,
): Reply {
    const known = given.code === undefined ? undefined : documented(given.code);
    const status = given.status ?? known?.status ?? 500;
    const code = known?.code ?? "";
    const message = given.message ?? known?.message ?? "The request failed.";
    const headers: Record<string, string> =
        given.retryAfter === undefined ? {} : { "retry-after": String(given.retryAfter) };
    return errorReply({ status, code, message, shape: given.shape ?? defaultShape(status, code) }, requestId, headers);
}
