/** A call as a link of the chain is given it, and links that come after it. */

import type { Call, Reply, Send } from "../../../provider/client/chain/link";
import type { CallOptions } from "../../../provider/client/client";
import type { ApiErrorDetails } from "../../../provider/client/errors/errors";
import { type Operation, showBackup } from "../../../provider/client/operations";

export const target = { region: "eu-de", projectId: "f841e01fd2b14e7fa41b6ae7aa6b0594" };

export function callOf(options: Partial<CallOptions<unknown>> = {}, operation: unknown = showBackup): Call {
    return {
        operation: operation as Operation<unknown, unknown>,
        options: { target, ...options },
        request: { method: "GET", url: "https://cbr.example/v3/p/backups/1", headers: {} },
        past: { hasRenewed: false, failedTries: 0 },
    };
}

export const good: Reply = { response: { status: 200, headers: {}, body: "{}" } };

export function failed(status: number, code = "", more: Partial<ApiErrorDetails> = {}): Reply {
    const failure = { operation: "ShowBackup", status, code, text: "text", ...more };
    return { response: { status, headers: {}, body: "" }, failure };
}

/** Gives these in turn, throws those that are errors, and keeps what it was given. */
export function next(...answers: readonly (Reply | Error)[]): Send & { readonly calls: Call[] } {
    const calls: Call[] = [];
    const send = async (call: Call) => {
        const answer = answers[calls.length] ?? new RangeError("more calls than answers");
        calls.push(call);
        if (answer instanceof Error) throw answer;
        return answer;
    };
    return Object.assign(send, { calls });
}
