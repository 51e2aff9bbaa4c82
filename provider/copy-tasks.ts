/** The source region's tasks of copies: on a cloud without replication records they say what becomes of a copy. */
import { operationLogRows } from "./backup-lists";
import type { Target } from "./client";
import type { Services } from "./context";
import type { Copy } from "./copies";
import { ApiError } from "./errors";
import type { WireBackup, WireOperationLog } from "./operations";
import { parseInstant, queryInstant } from "./time";

/** The source region's copy tasks since `from` (its clock), the newest first. */
export async function copyTasks(
    services: Services,
    source: Target,
    from: number,
    query: { vault_id?: string | undefined } = {},
): Promise<WireOperationLog[]> {
    const begun = (log: WireOperationLog) => parseInstant(log.started_at ?? log.created_at) ?? from;
    try {
        const logs = await operationLogRows(
            services,
            source,
            { operation_type: "replication", start_time: queryInstant(from), ...query },
            { priority: "poll" },
        );
        return logs.filter((log) => begun(log) >= from).sort((a, b) => begun(b) - begun(a));
    } catch (error) {
        // Tasks only tell failures earlier and better; without the right to read them the replicas still tell success.
        if (error instanceof ApiError && error.retry === "never") return [];
        throw error;
    }
}

/** The source region's task for this copy: by the backup it names, else by the resource. */
export function taskOf(
    copy: Copy,
    from: number,
    source: WireBackup | undefined,
    logs: readonly WireOperationLog[],
): WireOperationLog | undefined {
    const recent = logs.filter((log) => (parseInstant(log.started_at ?? log.created_at) ?? from) >= from);
    const named = recent.find((log) => log.extra_info?.replication?.source_backup_id === copy.backupId);
    if (named !== undefined || source?.resource_id === undefined) return named;
    const unnamed = recent.filter(
        (log) =>
            log.extra_info?.replication?.source_backup_id === undefined &&
            log.extra_info?.resource?.id === source.resource_id,
    );
    // Several backups of one resource may be on their way: the restore point tells them apart.
    return (
        unnamed.find((log) => log.checkpoint_id !== undefined && log.checkpoint_id === source.checkpoint_id) ??
        unnamed.find((log) => log.checkpoint_id === undefined || source.checkpoint_id === undefined)
    );
}

/** Whose copy is it? By the backup that the task names, else by restore point and resource, if that leaves one. */
export function sourceOfTask(
    task: WireOperationLog,
    rows: readonly WireBackup[],
    taken: ReadonlySet<string>,
    destination: Target,
): WireBackup | undefined {
    const { replication, resource } = task.extra_info ?? {};
    if ((replication?.destination_region ?? destination.region) !== destination.region) return undefined;
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
