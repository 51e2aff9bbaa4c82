/** Deleting backups: asked for, waited for, and not-found is done. */

import type { ProjectRef } from "../client/client";
import { CbrError, messageOf, NotFoundError, OperationFailedError, WaitTimeoutError } from "../client/errors/errors";
import { deleteBackup, showBackup, type WireBackup } from "../client/operations";
import { formatDuration } from "../client/time/duration";
import type { Context, Services } from "../services/context";
import { backupRows, type ListOptions } from "./backup-lists";
import { type PollSource, shouldFetchById } from "./poller";
import { taskIds } from "./task-ids";

/** Shared look-up pages are worth it from this many waiting deletions on; below, each is asked for by id. */
const LIST_FROM = 3;
/** Stands for a backup's id in its error. */
const ID_HERE = "<id>";
/**
 * A backup that had status `error` before needs no more than this to show that its deletion has begun, in milliseconds.
 */
const BEGIN_MS = 120_000;
/** Its task may have begun by so much earlier on the region's clock than its answer came, in milliseconds. */
const TASK_SLACK_MS = 60_000;

/**
 * All at the same time; the first failure is thrown after every one has ended, so that none is left unwatched. Returns
 * those that were there.
 */
export async function deleteBackups(
    context: Context,
    target: ProjectRef,
    ids: readonly string[],
    deadline: number,
): Promise<string[]> {
    const results = await Promise.allSettled(ids.map((id) => deleteOne(context, target, id, deadline)));
    const failures = results.flatMap((result, index) =>
        result.status === "rejected" ? [{ id: ids[index] ?? "", error: result.reason as unknown }] : [],
    );
    if (failures.length === 1) throw failures[0]?.error;
    if (failures.length > 1)
        throw new OperationFailedError(
            `${failures.length} of ${ids.length} backups could not be deleted. ${reasons(failures).join(" ")}`,
            { cause: failures[0]?.error },
        );
    return ids.filter((_, index) => results[index]?.status === "fulfilled" && results[index].value);
}

/** What failed for the same reason is said once: without credentials a stack has as many failures as backups. */
function reasons(failures: readonly { readonly id: string; readonly error: unknown }[]): string[] {
    const idsOf = new Map<string, string[]>();
    for (const { id, error } of failures) {
        const reason = messageOf(error).replaceAll(id, ID_HERE);
        idsOf.set(reason, [...(idsOf.get(reason) ?? []), id]);
    }
    return [...idsOf].map(([reason, same]) => reason.replaceAll(ID_HERE, same.join(", ")));
}

/** False: it was gone already. */
async function deleteOne(context: Context, target: ProjectRef, id: string, deadline: number): Promise<boolean> {
    const isThere = await askForDeletion(context, target, id, deadline);
    if (isThere) await waitUntilGone(context, target, id, deadline);
    return isThere;
}

/** False: it is gone already. */
async function askForDeletion(context: Context, target: ProjectRef, id: string, deadline: number): Promise<boolean> {
    const { client, log } = context;
    try {
        await client.call(deleteBackup, {
            target,
            path: { backup_id: id },
            deadline,
            onRetry: (error, delayMs) => log.status(`${error.message} Trying again in ${formatDuration(delayMs)}.`),
        });
        return true;
    } catch (error) {
        if (error instanceof NotFoundError) return false;
        const late =
            error instanceof CbrError && error.retry === "busy"
                ? " It was asked again until the time for it (`timeouts.delete`) was over."
                : "";
        throw new OperationFailedError(`backup ${id} could not be deleted: ${messageOf(error)}${late}`, {
            cause: error,
        });
    }
}

async function waitUntilGone(context: Context, target: ProjectRef, id: string, deadline: number): Promise<void> {
    const { client, log, poller } = context;
    let sawDeleting = false;
    const begunAt = context.clock.now();
    const begunBy = begunAt + BEGIN_MS;
    let unanswered = 0;
    let lastStatus = "waiting_delete";
    const end = poller.wait({
        topic: deletionTopic(context, target),
        question: id,
        what: `deletion of backup ${id}`,
        deadline,
        onLook: (status, elapsedMs) => log.status(`deleting backup ${id}: ${status}, ${formatDuration(elapsedMs)}`),
        evaluate: (listed) => {
            if (listed?.row !== undefined) return verdict(listed.row);
            if (listed !== undefined) return askById();
            // The list could not be had: asked for by id, but more rarely.
            return shouldFetchById(++unanswered) ? askById() : { done: false, status: lastStatus };
        },
    });
    await end.catch(async (error: unknown) => {
        throw await withTask(context, target, { id, begunAt }, error);
    });

    /** The list no longer shows it: only the API's word about this very backup counts. */
    async function askById() {
        try {
            return verdict((await client.call(showBackup, { target, path: { backup_id: id }, deadline })).backup);
        } catch (error) {
            if (error instanceof NotFoundError) return { done: true, result: undefined } as const;
            throw new OperationFailedError(
                `Backup ${id} is being deleted, and the end of that could not be seen: ${messageOf(error)} ` +
                    "Run the same command again.",
                { cause: error },
            );
        }
    }

    function verdict(row: WireBackup) {
        if (row.status === "deleting" || row.status === "waiting_delete") sawDeleting = true;
        else if (row.status === "error" && (sawDeleting || context.clock.now() > begunBy))
            throw new OperationFailedError(
                `Backup ${id} could not be deleted: the cloud accepted the deletion, then gave the backup ` +
                    "status error. Run the same command again; if it stays, ask the cloud's support.",
            );
        lastStatus = row.status;
        return { done: false, status: row.status } as const;
    }
}

/** Why a deletion that was accepted did not end, with the id of its task, where a list of tasks shows it. */
async function withTask(
    context: Context,
    target: ProjectRef,
    { id, begunAt }: { readonly id: string; readonly begunAt: number },
    error: unknown,
): Promise<unknown> {
    const isOurs = error instanceof OperationFailedError || error instanceof WaitTimeoutError;
    if (!isOurs || context.signal.aborted) return error;
    const since = begunAt + context.client.serverOffsetMs(target.region) - TASK_SLACK_MS;
    const ids = await taskIds(context, target, { type: "delete", subjects: [id], count: 1, since });
    if (ids === undefined) return error;
    const message = `${error.message.replace(/\.$/, "")} (${ids.length === 1 ? "task" : "tasks"} ${ids.join(", ")}).`;
    return error instanceof WaitTimeoutError
        ? new WaitTimeoutError(message, { cause: error })
        : new OperationFailedError(message, { cause: error });
}

/** Deletions look for the ids that are left; few are asked for one by one, which tells the end at once. */
function deletionTopic(
    services: Services,
    target: ProjectRef,
): PollSource<string, { readonly row: WireBackup | undefined }> {
    return {
        key: `deletions ${target.region} ${target.projectId}`,
        look: async (ids, until) => {
            if (ids.length < LIST_FROM) return ids.map(() => ({ row: undefined }));
            const options: ListOptions = { priority: "poll", until };
            const rows = await backupRows(
                services,
                target,
                { status: ["waiting_delete", "deleting", "error"] },
                options,
            );
            const byId = new Map(rows.map((row) => [row.id, row]));
            return ids.map((id) => ({ row: byId.get(id) }));
        },
    };
}
