import type { BackupState } from "./state";
import type { Store } from "./store";

/**
 * What a project holds, as plain JSON: for the demo, for comparisons, for a look in a failing test. Instants are ISO
 * 8601, UTC.
 */
export interface Snapshot {
    region: string;
    projectId: string;
    projectName: string;
    vaults: {
        id: string;
        name: string;
        protectType: string;
        cloudType: string;
        objectType: string;
        status: string;
        sizeGb: number;
        usedMb: number;
        locked: boolean;
        resources: {
            id: string;
            name: string;
            type: string;
            sizeGb: number;
            protectStatus: string;
            backupCount: number;
        }[];
    }[];
    checkpoints: {
        id: string;
        name: string;
        status: string;
        vaultId: string;
        createdAt: string;
        resourceIds: string[];
        backupIds: string[];
    }[];
    backups: {
        id: string;
        name: string;
        status: string;
        imageType: string;
        vaultId: string;
        checkpointId: string;
        resourceId: string;
        resourceName: string;
        incremental: boolean;
        autoTrigger: boolean;
        createdAt: string;
        records: {
            id: string;
            status: string;
            destinationRegion: string;
            destinationVaultId: string;
            destinationBackupId: string | null;
            failCode: string;
        }[];
    }[];
    operationLogs: {
        id: string;
        operationType: string;
        status: string;
        vaultId: string;
        checkpointId: string | null;
        createdAt: string;
        endedAt: string | null;
        errorCode: string;
    }[];
}

const iso = (instant: string): string => new Date(instant).toISOString();

/** The snapshot of a store. */
export function snapshotOf(store: Store): Snapshot {
    return {
        region: store.region,
        projectId: store.projectId,
        projectName: store.projectName,
        vaults: [...store.vaults.values()].map((vault) => ({
            id: vault.id,
            name: vault.name,
            protectType: vault.protectType,
            cloudType: vault.cloudType,
            objectType: vault.objectType,
            status: vault.status,
            sizeGb: vault.sizeGb,
            usedMb: vault.usedMb,
            locked: vault.locked,
            resources: [...vault.resources.values()].map(({ id, name, type, sizeGb, protectStatus, backupCount }) => ({
                id,
                name,
                type,
                sizeGb,
                protectStatus,
                backupCount,
            })),
        })),
        checkpoints: [...store.checkpoints.values()].map((checkpoint) => ({
            id: checkpoint.id,
            name: checkpoint.name,
            status: checkpoint.status,
            vaultId: checkpoint.vaultId,
            createdAt: iso(checkpoint.createdAt),
            resourceIds: checkpoint.resources.map((resource) => resource.id),
            backupIds: [...store.backupsOfCheckpoint(checkpoint.id)].map((backup) => backup.id),
        })),
        backups: [...store.backups.values()].map(backupSnapshot),
        operationLogs: [...store.operationLogs.values()].map((log) => ({
            id: log.id,
            operationType: log.operationType,
            status: log.status,
            vaultId: log.vaultId,
            checkpointId: log.checkpointId ?? null,
            createdAt: iso(log.createdAt),
            endedAt: log.endedAt === undefined ? null : iso(log.endedAt),
            errorCode: log.errorCode,
        })),
    };
}

function backupSnapshot(backup: BackupState): Snapshot["backups"][number] {
    return {
        id: backup.id,
        name: backup.name,
        status: backup.status,
        imageType: backup.imageType,
        vaultId: backup.vaultId,
        checkpointId: backup.checkpointId,
        resourceId: backup.resourceId,
        resourceName: backup.resourceName,
        incremental: backup.incremental,
        autoTrigger: backup.autoTrigger,
        createdAt: iso(backup.createdAt),
        records: backup.records.map((record) => ({
            id: record.id,
            status: record.status,
            destinationRegion: record.destinationRegion,
            destinationVaultId: record.destinationVaultId,
            destinationBackupId: record.destinationBackupId ?? null,
            failCode: record.failCode,
        })),
    };
}
