import type { Work } from "./schedule";
import type {
    BackupState,
    CheckpointState,
    Dialect,
    OperationLogState,
    RecordState,
    ResourceState,
    VaultState,
} from "./state";

/** One project of one region: its objects and the indices that keep lists quick. Rules are elsewhere. */
export class Store {
    readonly region: string;
    readonly projectId: string;
    readonly projectName: string;
    readonly dialect: Dialect;
    readonly vaults = new Map<string, VaultState>();
    /** Resources that are in no vault. */
    readonly unprotected = new Map<string, ResourceState>();
    readonly checkpoints = new Map<string, CheckpointState>();
    /** Top-level backups; a server's disks are in `children`. */
    readonly backups = new Map<string, BackupState>();
    readonly children = new Map<string, BackupState>();
    readonly records = new Map<string, RecordState>();
    readonly operationLogs = new Map<string, OperationLogState>();
    /** Replications on their way into a vault, by vault id. */
    readonly incoming = new Map<string, Set<Work>>();
    /** True: a checkpoint outlives its last backup (api-notes: Gone restore points). */
    readonly checkpointSurvivesLastBackup: boolean;
    readonly #byCheckpoint = new Map<string, Set<BackupState>>();
    readonly #byVault = new Map<string, Set<BackupState>>();

    constructor(options: {
        region: string;
        projectId: string;
        projectName: string;
        dialect: Dialect;
        checkpointSurvivesLastBackup: boolean;
    }) {
        this.region = options.region;
        this.projectId = options.projectId;
        this.projectName = options.projectName;
        this.dialect = options.dialect;
        this.checkpointSurvivesLastBackup = options.checkpointSurvivesLastBackup;
    }

    /** Top-level backups of a checkpoint, in order of creation. */
    backupsOfCheckpoint(checkpointId: string): ReadonlySet<BackupState> {
        return this.#byCheckpoint.get(checkpointId) ?? new Set();
    }

    /** Top-level backups in a vault, in order of creation. */
    backupsOfVault(vaultId: string): ReadonlySet<BackupState> {
        return this.#byVault.get(vaultId) ?? new Set();
    }

    /** A backup by id, be it a server's, a disk's own or a child. */
    backup(id: string): BackupState | undefined {
        return this.backups.get(id) ?? this.children.get(id);
    }

    resourceOf(backup: BackupState): ResourceState | undefined {
        return this.vaults.get(backup.vaultId)?.resources.get(backup.resourceId);
    }

    addBackup(backup: BackupState): void {
        this.backups.set(backup.id, backup);
        for (const child of backup.children) this.children.set(child.id, child);
        into(this.#byCheckpoint, backup.checkpointId, backup);
        into(this.#byVault, backup.vaultId, backup);
    }

    addRecord(backup: BackupState, record: RecordState): void {
        backup.records.push(record);
        this.records.set(record.id, record);
    }

    /** Gives a backup, and the disks in it, another status. */
    setStatus(backup: BackupState, status: string, instant: string): void {
        for (const each of [backup, ...backup.children]) {
            each.status = status;
            each.updatedAt = instant;
        }
    }

    /** A finished backup begins to take room in its vault. */
    countSpace(backup: BackupState, spaceMb: number): void {
        backup.spaceMb = spaceMb;
        const vault = this.vaults.get(backup.vaultId);
        if (vault !== undefined) vault.usedMb += spaceMb;
        const resource = this.resourceOf(backup);
        if (resource === undefined) return;
        resource.backupSizeMb += spaceMb;
        resource.backupCount += 1;
    }

    /** Takes a backup away with its disks and records, and its checkpoint when it was the last of it. */
    removeBackup(backup: BackupState): void {
        if (!this.backups.delete(backup.id)) return;
        for (const child of backup.children) this.children.delete(child.id);
        for (const record of backup.records) this.records.delete(record.id);
        outOf(this.#byCheckpoint, backup.checkpointId, backup);
        outOf(this.#byVault, backup.vaultId, backup);
        if (backup.spaceMb > 0) {
            const vault = this.vaults.get(backup.vaultId);
            if (vault !== undefined) vault.usedMb = Math.max(0, vault.usedMb - backup.spaceMb);
            const resource = this.resourceOf(backup);
            if (resource !== undefined) {
                resource.backupSizeMb = Math.max(0, resource.backupSizeMb - backup.spaceMb);
                resource.backupCount = Math.max(0, resource.backupCount - 1);
            }
        }
        if (this.#byCheckpoint.has(backup.checkpointId)) return;
        if (!this.checkpointSurvivesLastBackup) this.checkpoints.delete(backup.checkpointId);
    }

    /** Takes a checkpoint away with all that belongs to it, whatever is under way. */
    removeCheckpoint(checkpoint: CheckpointState): void {
        if (checkpoint.work !== undefined) {
            checkpoint.work.cancelled = true;
            for (const log of this.operationLogs.values()) {
                if (log.work !== checkpoint.work) continue;
                Object.assign(log, { status: "failed", work: undefined, endedAt: log.updatedAt });
                Object.assign(log, { errorCode: "BackupService.6217", errorMessage: "The checkpoint does not exist." });
            }
        }
        const vault = this.vaults.get(checkpoint.vaultId);
        for (const resource of vault?.resources.values() ?? []) {
            if (resource.runningCheckpointId !== checkpoint.id) continue;
            resource.runningCheckpointId = undefined;
            resource.protectStatus = "available";
        }
        for (const backup of [...this.backupsOfCheckpoint(checkpoint.id)]) this.removeBackup(backup);
        this.checkpoints.delete(checkpoint.id);
    }
}

function into(index: Map<string, Set<BackupState>>, key: string, backup: BackupState): void {
    const set = index.get(key);
    if (set === undefined) index.set(key, new Set([backup]));
    else set.add(backup);
}

function outOf(index: Map<string, Set<BackupState>>, key: string, backup: BackupState): void {
    const set = index.get(key);
    if (set?.delete(backup) === true && set.size === 0) index.delete(key);
}
