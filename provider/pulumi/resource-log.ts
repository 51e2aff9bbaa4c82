/** Lines on a resource's own row, through the engine's log service. Best effort: without an engine they go nowhere. */

import { displayText } from "../client/errors/redaction";
import type { Log } from "../services/context";

/** A status line is sent at most this often for one resource, in milliseconds. */
const STATUS_INTERVAL_MS = 2_000;
/** In CI each line stays in the log for good: one a minute, for all resources together. */
const CI_STATUS_INTERVAL_MS = 60_000;
/** With many resources at work each speaks more rarely: this much longer for each of them, in milliseconds. */
const STATUS_SPREAD_MS = 20;

export type Severity = "info" | "warning";
/** Sends one line; `ephemeral` ones are not kept. */
export type Send = (line: { urn: string; message: string; severity: Severity; ephemeral: boolean }) => void;

/** How many resources are at work now: the more, the quieter each. And when the last line went out in CI. */
const atWork = { count: 0, ciLine: Number.NEGATIVE_INFINITY };

export interface RowLog extends Log {
    /** The resource is done: it no longer counts among those at work. */
    end(): void;
}

export function rowLog(send: Send, urn: string, now: () => number, env: NodeJS.ProcessEnv): RowLog {
    const isCi = env["CI"] !== undefined && env["CI"] !== "" && env["CI"] !== "false";
    if (isCi && atWork.count === 0) atWork.ciLine = now();
    let last = Number.NEGATIVE_INFINITY;
    let ended = false;
    atWork.count++;
    const line = (message: string, severity: Severity, ephemeral: boolean) =>
        send({ urn, message: displayText(message), severity, ephemeral });
    return {
        status: (text) => {
            const quiet = isCi
                ? now() - atWork.ciLine < CI_STATUS_INTERVAL_MS
                : now() - last < STATUS_INTERVAL_MS + STATUS_SPREAD_MS * atWork.count;
            if (quiet) return;
            last = now();
            atWork.ciLine = last;
            line(text, "info", true);
        },
        info: (text) => line(text, "info", false),
        warn: (text) => line(text, "warning", false),
        end: () => {
            if (!ended) atWork.count--;
            ended = true;
        },
    };
}
