/** The source region's tasks of copies: on a cloud without replication records they say what becomes of a copy. */

import type { ProjectRef } from "../../../client/client";
import { ApiError } from "../../../client/errors/errors";
import type { WireBackup, WireOperationLog } from "../../../client/operations";
import { parseInstant, queryInstant } from "../../../client/time/timestamps";
import { type ListOptions, operationLogRows } from "../../../reads/backup-lists";
import type { Services } from "../../../services/context";
import type { Copy } from "../destination-replicas";

/** A task with such a status has made no replica. */
const BAD = new Set(["failed", "timeout", "skipped"]);

export function startedAt(log: WireOperationLog): number | undefined {
    return parseInstant(log.started_at ?? log.created_at);
}

/** The source region's copy tasks since `from` (its clock), the newest first. */
export async function copyTasks(
    services: Services,
    source: ProjectRef,
    { from, vaultId }: { readonly from: number; readonly vaultId?: string | undefined },
    options: ListOptions = {},
): Promise<WireOperationLog[]> {
    const begun = (log: WireOperationLog) => startedAt(log) ?? from;
    try {
        const logs = await operationLogRows(
            services,
            source,
            { operation_type: "replication", start_time: queryInstant(from), vault_id: vaultId },
            { priority: "poll", ...options },
        );
        return logs.filter((log) => begun(log) >= from).sort((a, b) => begun(b) - begun(a));
    } catch (error) {
        // Tasks only tell failures earlier and better; without the right to read them the replicas still tell success.
        if (error instanceof ApiError && error.retry === "never") return [];
        throw error;
    }
}

/** Does the task name the backup's restore point and resource? */
export function isTaskOf(log: WireOperationLog, backup: WireBackup): boolean {
    return (
        log.checkpoint_id !== undefined &&
        log.checkpoint_id === backup.checkpoint_id &&
        log.extra_info?.resource?.id === backup.resource_id
    );
}

/** What is known of a copy whose task is looked for. */
export interface TaskQuestion {
    /** On the source region's clock. */
    readonly from: number;
    readonly destinationRegion: string;
    readonly source: WireBackup | undefined;
    /** So many copies of this backup have not ended: one a destination. */
    readonly rivals: number;
    /** So many copies of this resource's backups have not ended. */
    readonly resourceRivals: number;
}

export function hasFailed(log: WireOperationLog | undefined): boolean {
    return log !== undefined && BAD.has(log.status);
}

/** The source region's task for this copy: by the backup it names, else by the resource. */
export function taskOf(
    copy: Copy,
    { from, destinationRegion, source, rivals, resourceRivals }: TaskQuestion,
    logs: readonly WireOperationLog[],
): WireOperationLog | undefined {
    const recent = logs.filter((log) => (startedAt(log) ?? from) >= from && targetsRegion(log, destinationRegion));
    const named = recent.filter((log) => log.extra_info?.replication?.source_backup_id === copy.backupId);
    if (named.length > 0 || source?.resource_id === undefined) return named[0];
    const unnamed = recent.filter(
        (log) =>
            log.extra_info?.replication?.source_backup_id === undefined &&
            log.extra_info?.resource?.id === source.resource_id,
    );
    // Several backups of one resource may be on their way: the restore point tells them apart.
    const marked = unnamed.filter((log) => isTaskOf(log, source));
    // Nothing tells the copies of one backup to several places apart: none has failed as long as its task may be one
    // that has not.
    if (marked.length > 0)
        return rivals < 2 ? marked[0] : (runningOf(marked) ?? goodOf(marked) ?? badOf(marked, rivals));
    const unmarked = unnamed.filter((log) => log.checkpoint_id === undefined || source.checkpoint_id === undefined);
    // And nothing here tells one backup of the resource from the next: what ended well may be another one's.
    return resourceRivals < 2 ? unmarked[0] : (runningOf(unmarked) ?? badOf(unmarked, resourceRivals));
}

const goodOf = (tasks: readonly WireOperationLog[]) => tasks.find((log) => log.status === "success");
const runningOf = (tasks: readonly WireOperationLog[]) =>
    tasks.find((log) => log.status !== "success" && !hasFailed(log));

/** The task of each of so many rivals, if all of theirs ended badly. */
function badOf(tasks: readonly WireOperationLog[], rivals: number): WireOperationLog | undefined {
    return tasks.length >= rivals && tasks.every(hasFailed) ? tasks[0] : undefined;
}

/** Not every cloud's tasks say where to. */
export function targetsRegion(log: WireOperationLog, region: string): boolean {
    return (log.extra_info?.replication?.destination_region ?? region) === region;
}

/** Whose copy is it? By the backup that the task names, else by restore point and resource, if that leaves one. */
export function sourceOfTask(
    task: WireOperationLog,
    rows: readonly WireBackup[],
    taken: ReadonlySet<string>,
    destination: ProjectRef,
): WireBackup | undefined {
    const { replication, resource } = task.extra_info ?? {};
    if (!targetsRegion(task, destination.region)) return undefined;
    const named = replication?.source_backup_id;
    const fitting = rows.filter(
        (row) =>
            !taken.has(row.id) &&
            (named === undefined
                ? row.resource_id !== undefined &&
                  row.resource_id === resource?.id &&
                  (task.checkpoint_id ?? row.checkpoint_id) === row.checkpoint_id
                : row.id === named),
    );
    return fitting.length === 1 ? fitting[0] : undefined;
}
