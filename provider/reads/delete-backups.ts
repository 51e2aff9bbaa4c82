/** Deleting backups: asked for, waited for, and not-found is done. */

import type { ProjectRef } from "../client/client";
import { CbrError, messageOf, NotFoundError, OperationFailedError } from "../client/errors/errors";
import { deleteBackup, showBackup, type WireBackup } from "../client/operations";
import { formatDuration } from "../client/time/duration";
import type { Context, Services } from "../services/context";
import { backupRows, type ListOptions } from "./backup-lists";
import { type PollSource, shouldFetchById } from "./poller";

/** Shared look-up pages are worth it from this many waiting deletions on; below, each is asked for by id. */
const LIST_FROM = 3;
/**
 * A backup that had status `error` before needs no more than this to show that its deletion has begun, in milliseconds.
 */
const BEGIN_MS = 120_000;

/** All at the same time; the first failure is thrown after every one has ended, so that none is left unwatched. */
export async function deleteBackups(
    context: Context,
    target: ProjectRef,
    ids: readonly string[],
    deadline: number,
): Promise<void> {
    const results = await Promise.allSettled(ids.map((id) => deleteOne(context, target, id, deadline)));
    const failures = results.filter((result) => result.status === "rejected").map((result): unknown => result.reason);
    if (failures.length > 1)
        throw new OperationFailedError(
            `${failures.length} of ${ids.length} backups could not be deleted. ${failures.map(messageOf).join(" ")}`,
            { cause: failures[0] },
        );
    if (failures.length === 1) throw failures[0];
}

async function deleteOne(context: Context, target: ProjectRef, id: string, deadline: number): Promise<void> {
    const { client, log, poller } = context;
    try {
        await client.call(deleteBackup, {
            target,
            path: { backup_id: id },
            deadline,
            onRetry: (error, delayMs) => log.status(`${error.message} Trying again in ${formatDuration(delayMs)}.`),
        });
    } catch (error) {
        if (error instanceof NotFoundError) return;
        const late =
            error instanceof CbrError && error.retry === "busy"
                ? " It was asked again until the time for it (`timeouts.delete`) was over."
                : "";
        throw new OperationFailedError(`backup ${id} could not be deleted: ${messageOf(error)}${late}`, {
            cause: error,
        });
    }
    let sawDeleting = false;
    const begunBy = context.clock.now() + BEGIN_MS;
    let unanswered = 0;
    let lastStatus = "waiting_delete";
    await poller.wait({
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

    /** The list no longer shows it: only the API's word about this very backup counts. */
    async function askById() {
        try {
            return verdict((await client.call(showBackup, { target, path: { backup_id: id }, deadline })).backup);
        } catch (error) {
            if (error instanceof NotFoundError) return { done: true, result: undefined } as const;
            throw new OperationFailedError(`deletion of backup ${id}: ${messageOf(error)}`, { cause: error });
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
