import { z } from "zod";
import type { ProjectRef } from "../client/client";
import type { WireOperationLog } from "../client/operations";
import { operationLogRows, readOperationLog } from "../reads/backup-lists";
import { objectId } from "../resource/resource";
import { type Services, targetOf } from "../services/context";
import { instantArg, newestFirst, type ProjectArgs, placeArgs, readOne } from "./arguments";

export const getOperationLogArgs = z.strictObject({
    ...placeArgs,
    /** Id of the task. The cloud forgets tasks after about 30 days. */
    operationLogId: objectId,
});
export type GetOperationLogArgs = z.input<typeof getOperationLogArgs>;

export const getOperationLogsArgs = z.strictObject({
    ...placeArgs,
    /**
     * Tasks of this restore point. The API has no such filter: the rows are filtered here, so add vaultId or startTime.
     */
    checkpointId: objectId.optional(),
    vaultId: objectId.optional(),
    vaultName: z.string().optional(),
    resourceId: objectId.optional(),
    resourceName: z.string().optional(),
    providerId: objectId.optional(),
    /** backup, copy, replication, restore, delete, sync, vault_delete or remove_resource. */
    operationType: z.string().optional(),
    /** waiting, running, success, failed, skipped or timeout. */
    status: z.string().optional(),
    /** Begun at this time or later, e.g. 2026-01-31T04:00:00Z. */
    startTime: instantArg.optional(),
    /** Begun at this time or before. */
    endTime: instantArg.optional(),
    /** Huawei Cloud only: id of the enterprise project, or `all_granted_eps`. */
    enterpriseProjectId: z.string().optional(),
});
export type GetOperationLogsArgs = z.input<typeof getOperationLogsArgs>;

/** A task of the cloud: one resource of one operation. */
export interface OperationLogResult extends ProjectArgs {
    readonly id: string;
    /** The API's word: waiting, running, success, failed, skipped, timeout; the last four are final. */
    readonly status: string;
    /** The API's word: backup, copy, replication, restore, delete, sync, vault_delete, remove_resource. */
    readonly operationType: string | undefined;
    readonly checkpointId: string | undefined;
    readonly vaultId: string | undefined;
    readonly providerId: string | undefined;
    /** UTC, as the API says it; so are the times below. */
    readonly createdAt: string | undefined;
    readonly startedAt: string | undefined;
    readonly updatedAt: string | undefined;
    readonly endedAt: string | undefined;
    readonly errorCode: string | undefined;
    readonly errorMessage: string | undefined;
    /** Percent. */
    readonly progress: number | undefined;
    readonly requestId: string | undefined;
    readonly resourceId: string | undefined;
    readonly resourceType: string | undefined;
    readonly resourceName: string | undefined;
    /** Of a backup. */
    readonly backupId: string | undefined;
    readonly backupName: string | undefined;
    readonly incremental: boolean | undefined;
    /** Of a synchronisation: backups imported, dropped, and not imported. */
    readonly syncedBackups: number | undefined;
    readonly deletedBackups: number | undefined;
    readonly failedBackups: number | undefined;
    /** Of a copy to another region. */
    readonly sourceBackupId: string | undefined;
    readonly destinationBackupId: string | undefined;
    readonly destinationCheckpointId: string | undefined;
    readonly destinationRegion: string | undefined;
    readonly destinationProjectId: string | undefined;
}

function toResult(row: WireOperationLog, target: ProjectRef): OperationLogResult {
    const { common, resource, backup, sync, replication } = row.extra_info ?? {};
    return {
        id: row.id,
        ...target,
        status: row.status,
        operationType: row.operation_type,
        checkpointId: row.checkpoint_id,
        vaultId: row.vault_id,
        providerId: row.provider_id,
        createdAt: row.created_at,
        startedAt: row.started_at,
        updatedAt: row.updated_at,
        endedAt: row.ended_at,
        errorCode: row.error_info?.code,
        errorMessage: row.error_info?.message,
        progress: common?.progress,
        requestId: common?.request_id,
        resourceId: resource?.id,
        resourceType: resource?.type,
        resourceName: resource?.name,
        backupId: backup?.backup_id,
        backupName: backup?.backup_name,
        incremental: backup?.incremental,
        syncedBackups: sync?.sync_backup_num,
        deletedBackups: sync?.delete_backup_num,
        failedBackups: sync?.err_sync_backup_num,
        sourceBackupId: replication?.source_backup_id,
        destinationBackupId: replication?.destination_backup_id,
        destinationCheckpointId: replication?.destination_checkpoint_id,
        destinationRegion: replication?.destination_region,
        destinationProjectId: replication?.destination_project_id,
    };
}

export function getOperationLog(
    services: Services,
    args: z.output<typeof getOperationLogArgs>,
): Promise<OperationLogResult> {
    const { operationLogId: id } = args;
    return readOne(services, args, { kind: "operation-log", name: "task", id }, async (target) => {
        return toResult(await readOperationLog(services, target, id), target);
    });
}

export async function getOperationLogs(
    services: Services,
    args: z.output<typeof getOperationLogsArgs>,
): Promise<OperationLogResult[]> {
    const target = await targetOf(services, args);
    const rows = await operationLogRows(services, target, {
        vault_id: args.vaultId,
        vault_name: args.vaultName,
        resource_id: args.resourceId,
        resource_name: args.resourceName,
        provider_id: args.providerId,
        operation_type: args.operationType,
        status: args.status,
        start_time: args.startTime,
        end_time: args.endTime,
        enterprise_project_id: args.enterpriseProjectId,
    });
    const wanted = rows.filter((row) => args.checkpointId === undefined || row.checkpoint_id === args.checkpointId);
    return newestFirst(wanted.map((row) => toResult(row, target)));
}
