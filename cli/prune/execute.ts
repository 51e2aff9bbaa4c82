/** Deletes what the plan says, waits for each, and stops when it is told to. */
import type { ProjectRef } from "../../provider/client/client";
import { messageOf } from "../../provider/client/errors/errors";
import { readBackup } from "../../provider/reads/backup-lists";
import { deleteBackups } from "../../provider/reads/delete-backups";
import { isGoodBackup } from "../../provider/resources/checkpoint/status";
import type { Context, Log, Services } from "../../provider/services/context";
import type { Session } from "../inventory/session";
import type { Decision } from "./plan";

/** What became of a deletion. `unknown`: it was asked for, and its end was not seen. */
export interface Result {
    readonly decision: Decision & { readonly action: "delete" };
    readonly outcome: "deleted" | "refused" | "skipped" | "unknown" | "not begun";
    readonly words: string | undefined;
}

/** So many deletions are under way at the same time. Vendor: the service's predecessor documents 5. */
const AT_ONCE = 5;

export interface Execution {
    readonly session: Session;
    /** Milliseconds that one deletion may take. */
    readonly timeoutMs: number;
    /** Aborts once the person wants it to end: nothing more is begun, and nothing waited for. */
    readonly stop: AbortSignal;
    /** With these the last status is asked for after that. */
    readonly servicesAfterStop: () => Services;
    readonly log: Log;
    readonly onResult: (result: Result) => void;
}

export async function execute(
    deletions: readonly (Decision & { readonly action: "delete" })[],
    execution: Execution,
): Promise<readonly Result[]> {
    const results: Result[] = [];
    const queue = [...deletions];
    const worker = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            const result = await deleteOne(next, execution);
            results.push(result);
            execution.onResult(result);
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return results;
}

async function deleteOne(decision: Decision & { readonly action: "delete" }, execution: Execution): Promise<Result> {
    const { session, stop } = execution;
    const { fact, survivorId } = decision;
    const { region, projectId } = fact;
    const target = { region, projectId };
    if (stop.aborted) return { decision, outcome: "not begun", words: undefined };
    if (survivorId !== undefined) {
        // The list may be old by now: what this one leaves behind must be there still.
        const words = await whyLost(session, target, survivorId);
        if (words !== undefined) return { decision, outcome: "skipped", words };
        if (stop.aborted) return { decision, outcome: "not begun", words: undefined };
    }
    try {
        const deadline = session.clock.now() + execution.timeoutMs;
        await Promise.race([deleteBackups(contextOf(execution), target, [fact.id], deadline), aborted(stop)]);
        return { decision, outcome: "deleted", words: undefined };
    } catch (error) {
        if (!stop.aborted) return afterFailure(decision, target, session, messageOf(error));
        return afterInterruption(decision, target, execution.servicesAfterStop());
    }
}

function aborted(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
}

/** Undefined: the survivor is as good as it was. */
async function whyLost(session: Session, target: ProjectRef, id: string): Promise<string | undefined> {
    try {
        const row = await readBackup(session.services, target, id);
        if (row !== undefined && isGoodBackup(row.status)) return undefined;
        return (
            `${id}, which was to stay as the last good one, ` +
            `${row === undefined ? "is gone" : `has status ${row.status}`}`
        );
    } catch (error) {
        return (
            `it is not known whether ${id}, which is to stay as the last good one, is still good: ` +
            `${messageOf(error)}`
        );
    }
}

/** A deletion that was refused leaves the backup as it was; one whose end was not seen may still go on. */
async function afterFailure(
    decision: Result["decision"],
    target: ProjectRef,
    session: Session,
    message: string,
): Promise<Result> {
    const seen = await statusNow(session.services, target, decision.fact.id);
    if (seen === "gone") return { decision, outcome: "deleted", words: undefined };
    const isUnder = seen === "deleting" || seen === "waiting_delete" || seen === undefined;
    return { decision, outcome: isUnder ? "unknown" : "refused", words: message };
}

async function afterInterruption(
    decision: Result["decision"],
    target: ProjectRef,
    services: Services,
): Promise<Result> {
    const seen = await statusNow(services, target, decision.fact.id);
    if (seen === "gone") return { decision, outcome: "deleted", words: undefined };
    const words = seen === undefined ? "its status cannot be read" : `its status is ${seen}`;
    return { decision, outcome: "unknown", words: `interrupted; ${words}` };
}

async function statusNow(services: Services, target: ProjectRef, id: string): Promise<string | undefined> {
    try {
        return (await readBackup(services, target, id))?.status ?? "gone";
    } catch {
        return undefined;
    }
}

function contextOf({ session, log }: Execution): Context {
    return { ...session.services, log, resourceName: "prune", urn: "pulumi-cbr prune" };
}
