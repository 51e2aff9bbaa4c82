/** State → the JSON of the API's pages, per dialect. */
import { instantOf } from "../cloud/instants";
import type { Schedule } from "../cloud/schedule";
import type { BackupState, CheckpointState, Dialect, OperationLogState, RecordState, VaultState } from "../cloud/state";

type Json = Record<string, unknown>;

/**
 * Vendor: microseconds, UTC; without a zone on Huawei Cloud, with `+00:00` on Open Telekom Cloud (api-notes:
 * Timestamps).
 */
function timestamp(instant: string, dialect: Dialect): string {
    const text = instantOf(instant).slice(0, -1);
    return dialect === "otc" ? `${text}+00:00` : text;
}
const optionalTimestamp = (instant: string | undefined, dialect: Dialect) =>
    instant === undefined ? null : timestamp(instant, dialect);

/** Vendor: "Creating a Restore Point" (answer: "create") and "Querying a Restore Point" (answer: "show"). */
export function wireCheckpoint(
    checkpoint: CheckpointState,
    dialect: Dialect,
    answer: "create" | "show",
    echoExtraInfo: boolean,
): Json {
    const whole = answer === "create" || dialect === "huawei";
    const out: Json = {
        id: checkpoint.id,
        status: checkpoint.status,
        created_at: timestamp(checkpoint.createdAt, dialect),
        project_id: checkpoint.projectId,
        vault: {
            id: checkpoint.vaultId,
            name: checkpoint.vaultName,
            ...(answer === "show" ? { provider_id: checkpoint.providerId } : {}),
            resources: checkpoint.resources.map((resource) => ({
                id: resource.id,
                name: resource.name,
                type: resource.type,
                protect_status: resource.protectStatus,
                resource_size: dialect === "otc" ? resource.sizeGb : String(resource.sizeGb),
                ...(answer === "create" ? { extra_info: null } : {}),
            })),
            ...(whole ? { skipped_resources: checkpoint.skipped.map((skipped) => ({ ...skipped })) } : {}),
        },
    };
    if (answer === "create" || (dialect === "huawei" && echoExtraInfo))
        out["extra_info"] = {
            name: checkpoint.name,
            description: checkpoint.description,
            retention_duration: checkpoint.retentionDays,
        };
    else if (dialect === "huawei") out["extra_info"] = null;
    return out;
}

/** A replication record; the destination's ids only once they are known. */
function wireRecord(record: RecordState, schedule: Schedule, dialect: Dialect): Json {
    const ids =
        record.destinationBackupId === undefined
            ? {}
            : {
                  destination_backup_id: record.destinationBackupId,
                  destination_checkpoint_id: record.destinationCheckpointId,
              };
    return {
        id: record.id,
        status: record.status,
        created_at: timestamp(record.createdAt, dialect),
        source_backup_id: record.sourceBackupId,
        source_checkpoint_id: record.sourceCheckpointId,
        source_project_id: record.sourceProjectId,
        source_region: record.sourceRegion,
        vault_id: record.sourceVaultId,
        ...ids,
        destination_project_id: record.destinationProjectId,
        destination_region: record.destinationRegion,
        destination_vault_id: record.destinationVaultId,
        extra_info: {
            progress: schedule.progress(record.work),
            fail_code: record.failCode,
            fail_reason: record.failReason,
            auto_trigger: record.autoTrigger,
            destination_vault_id: record.destinationVaultId,
        },
    };
}

/**
 * A backup with its children. `records`: whether the answer carries replication records (lists: only with
 * show_replication; never on OTC).
 */
export function wireBackup(backup: BackupState, schedule: Schedule, dialect: Dialect, records: boolean): Json {
    const huawei = dialect === "huawei";
    return {
        id: backup.id,
        name: backup.name,
        description: backup.description,
        project_id: backup.projectId,
        vault_id: backup.vaultId,
        checkpoint_id: backup.checkpointId,
        provider_id: backup.providerId,
        status: backup.status,
        image_type: backup.imageType,
        resource_id: backup.resourceId,
        resource_name: backup.resourceName,
        resource_type: backup.resourceType,
        resource_az: null,
        resource_size: backup.sizeGb,
        parent_id: backup.parentId ?? null,
        children: backup.children.map((child) => wireBackup(child, schedule, dialect, records)),
        created_at: timestamp(backup.createdAt, dialect),
        updated_at: optionalTimestamp(backup.updatedAt, dialect),
        protected_at: optionalTimestamp(backup.protectedAt, dialect),
        expired_at: optionalTimestamp(backup.expiresAt, dialect),
        ...(huawei ? { incremental: backup.incremental, version: 3, enterprise_project_id: "0" } : {}),
        ...(huawei && records
            ? { replication_records: backup.records.map((record) => wireRecord(record, schedule, dialect)) }
            : {}),
        extend_info: {
            auto_trigger: backup.autoTrigger,
            bootable: backup.systemDisk,
            contain_system_disk: backup.systemDisk || backup.children.some((child) => child.systemDisk),
            encrypted: false,
            system_disk: backup.systemDisk,
            is_multi_az: false,
            support_lld: false,
            snapshot_id: null,
            supported_restore_mode: backup.status === "available" ? "backup" : "na",
            os_images_data: backup.imageIds.length === 0 ? null : backup.imageIds.map((id) => ({ image_id: id })),
            progress: backup.status === "protecting" ? schedule.progress(backup.work) : null,
            ...(huawei ? {} : { incremental: backup.incremental }),
        },
    };
}

/** A vault; sizes in GB, `used` in MB. */
export function wireVault(vault: VaultState, dialect: Dialect): Json {
    const resources = [...vault.resources.values()];
    const kind = { disk: "volume", rds: "database" }[vault.objectType as string] ?? vault.objectType;
    const tier = vault.cloudType === "hybrid" ? "hybrid" : vault.protectType;
    return {
        id: vault.id,
        name: vault.name,
        description: vault.description,
        project_id: vault.projectId,
        provider_id: providerOf(vault.objectType),
        created_at: timestamp(vault.createdAt, dialect),
        user_id: null,
        locked: vault.locked,
        auto_bind: false,
        auto_expand: false,
        bind_rules: { tags: [] },
        tags: [],
        threshold: 80,
        smn_notify: true,
        ...(dialect === "huawei" ? { enterprise_project_id: "0" } : {}),
        billing: {
            status: vault.status,
            protect_type: vault.protectType,
            cloud_type: vault.cloudType,
            object_type: vault.objectType,
            spec_code: `vault.${tier}.${kind}.normal`,
            consistent_level: "crash_consistent",
            charging_mode: "post_paid",
            size: vault.sizeGb,
            allocated: resources.reduce((sum, resource) => sum + resource.sizeGb, 0),
            used: vault.usedMb,
            order_id: null,
            product_id: null,
            storage_unit: null,
            frozen_scene: null,
            is_multi_az: false,
        },
        resources: resources.map((resource) => ({
            id: resource.id,
            name: resource.name,
            type: resource.type,
            protect_status: resource.protectStatus,
            size: resource.sizeGb,
            backup_size: Math.round(resource.backupSizeMb / 1024),
            backup_count: resource.backupCount,
            extra_info: {},
        })),
    };
}

/** A task. Vendor: `extra_info.replication` is Huawei's; `incremental` is a string here. */
export function wireOperationLog(log: OperationLogState, schedule: Schedule, dialect: Dialect): Json {
    return {
        id: log.id,
        project_id: log.projectId,
        operation_type: log.operationType,
        status: log.status,
        created_at: timestamp(log.createdAt, dialect),
        started_at: timestamp(log.startedAt, dialect),
        updated_at: timestamp(log.updatedAt, dialect),
        ended_at: optionalTimestamp(log.endedAt, dialect),
        vault_id: log.vaultId,
        vault_name: log.vaultName,
        checkpoint_id: log.checkpointId ?? null,
        policy_id: null,
        provider_id: log.providerId,
        error_info: { code: log.errorCode, message: log.errorMessage },
        extra_info: {
            common: {
                progress: log.endedAt === undefined ? schedule.progress(log.work) : 100,
                request_id: log.requestId,
                task_id: log.id,
            },
            ...aboutObjects(log, dialect),
        },
    };
}

/** What a task is about: only what there is. */
function aboutObjects(log: OperationLogState, dialect: Dialect): Json {
    const { record } = log;
    return {
        ...(log.resource === undefined ? {} : { resource: { ...log.resource, extra_info: "{}" } }),
        ...(log.backup === undefined
            ? {}
            : {
                  backup: {
                      backup_id: log.backup.id,
                      backup_name: log.backup.name,
                      incremental: String(log.backup.incremental),
                      app_consistency_status: "0",
                      app_consistency_error_code: "",
                      app_consistency_error_message: "",
                  },
              }),
        ...(log.deleted === undefined ? {} : { delete: { backup_id: log.deleted.id, backup_name: log.deleted.name } }),
        ...(log.restored === undefined
            ? {}
            : {
                  restore: {
                      backup_id: log.restored.backupId,
                      backup_name: log.restored.backupName,
                      target_resource_id: log.restored.targetId,
                      target_resource_name: log.restored.targetName,
                  },
              }),
        ...(log.sync === undefined
            ? {}
            : {
                  sync: {
                      sync_backup_num: log.sync.added,
                      delete_backup_num: log.sync.removed,
                      err_sync_backup_num: log.sync.failed,
                  },
              }),
        ...(record === undefined || dialect === "otc"
            ? {}
            : {
                  replication: {
                      source_backup_id: record.sourceBackupId,
                      source_checkpoint_id: record.sourceCheckpointId,
                      source_project_id: record.sourceProjectId,
                      source_region: record.sourceRegion,
                      destination_backup_id: record.destinationBackupId ?? null,
                      destination_checkpoint_id: record.destinationCheckpointId ?? null,
                      destination_project_id: record.destinationProjectId,
                      destination_region: record.destinationRegion,
                  },
              }),
    };
}

const providers: Readonly<Record<string, string>> = {
    server: "0daac4c5-6707-4851-97ba-169e36266b66",
    disk: "d1603440-187d-4516-af25-121250c7cc97",
    turbo: "3f3c3220-245c-4805-b811-758870015881",
    vmware: "a13639de-00be-4e94-af30-26912d75e4a2",
    workspace: "86a80900-71bf-4961-956a-d52df944f84a",
};
/** Vendor: fixed ids, one a kind of object. Kinds without a documented id get the server's. */
export function providerOf(objectType: string): string {
    return providers[objectType] ?? "0daac4c5-6707-4851-97ba-169e36266b66";
}
