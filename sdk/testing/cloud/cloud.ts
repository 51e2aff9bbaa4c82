import { randomUUID } from "node:crypto";
import { providerOf } from "../api/wire";
import { newBackup, spaceMb } from "./backup-run";
import { addFinishedCopy } from "./copying";
import { instantOf, plusMicros } from "./instants";
import type { Schedule } from "./schedule";
import { newResource, newVault, type ResourceSeed, type VaultSeed } from "./seeds";
import { type Snapshot, snapshotOf } from "./snapshot";
import type {
    BackupOutcome,
    BackupState,
    CheckpointState,
    ObjectType,
    OnPremises,
    OperationLogState,
    RecordState,
    ResourceState,
    VaultState,
} from "./state";
import type { Store } from "./store";

/** A finished checkpoint to put into a region. */
export interface CheckpointSeed {
    name?: string;
    description?: string;
    /** Ids of the vault's resources. Default: all of them. */
    resources?: readonly string[];
    /** Default false. */
    autoTrigger?: boolean;
    /** Default: false for a resource's first backup, else true. */
    incremental?: boolean;
    /** ISO 8601, or a `Date`. Default: now. */
    createdAt?: string | Date;
    /** ISO 8601, or a `Date`. Default: kept for ever. */
    expiresAt?: string | Date;
    /** Of checkpoint and backups. Default "available". */
    status?: string;
    /** Gives the ids of the checkpoint, then of each backup and its disks. Default: new ones. */
    newId?: () => string;
}

/** A finished copy of a backup to put into another region. */
export interface ReplicaSeed {
    /** Default: the source's name. */
    name?: string;
    /** ISO 8601, or a `Date`. Default: now. */
    createdAt?: string | Date;
    /** Default "available". */
    status?: string;
    /** Default false. */
    autoTrigger?: boolean;
    /** Gives the ids of the record, the checkpoint, the replica and its disks. Default: new ones. */
    newId?: () => string;
}

function seededInstant(name: string, given: string | Date | undefined): string | undefined {
    if (given === undefined) return undefined;
    const isDate = given instanceof Date;
    if (Number.isNaN(isDate ? given.getTime() : Date.parse(given)))
        throw new TypeError(`${name}: ${JSON.stringify(given)} is no instant of ISO 8601`);
    return instantOf(isDate ? given.toISOString() : given);
}

/**
 * What one project of a region holds, and what can be done to it behind the API's back.
 * The maps are live and up to date with the simulator's clock whenever they are read.
 * Times in them are ISO 8601, UTC, with six decimals: they compare as texts. A test may set any ISO text.
 */
export class Cloud {
    readonly #store: Store;
    readonly #schedule: Schedule;

    constructor(store: Store, schedule: Schedule) {
        this.#store = store;
        this.#schedule = schedule;
    }

    get region(): string {
        return this.#store.region;
    }
    get projectId(): string {
        return this.#store.projectId;
    }
    get vaults(): Map<string, VaultState> {
        return this.#now().vaults;
    }
    get checkpoints(): Map<string, CheckpointState> {
        return this.#now().checkpoints;
    }
    /** Top-level backups; a server's disks are their `children`. Replicas are here too. */
    get backups(): Map<string, BackupState> {
        return this.#now().backups;
    }
    /** Replication records by id; they hang on their source backups. */
    get records(): Map<string, RecordState> {
        return this.#now().records;
    }
    get operationLogs(): Map<string, OperationLogState> {
        return this.#now().operationLogs;
    }

    /** Adds a vault; without arguments a backup vault for servers with one server in it. */
    addVault(seed: VaultSeed = {}): VaultState {
        const vault = newVault(seed, this.#store.projectId, this.#schedule.nextInstant());
        this.#store.vaults.set(vault.id, vault);
        return vault;
    }

    /** Associates a resource with a vault. */
    addResource(vaultId: string, seed: ResourceSeed = {}): ResourceState {
        const vault = this.#vault(vaultId);
        const resource = newResource(seed, vault.objectType);
        vault.resources.set(resource.id, resource);
        return resource;
    }

    /** Adds a resource that is in no vault, of the kind that vaults of this object type hold; by default a server. */
    addUnprotected(seed: ResourceSeed = {}, objectType: ObjectType = "server"): ResourceState {
        const resource = newResource(seed, objectType);
        this.#store.unprotected.set(resource.id, resource);
        return resource;
    }

    /** Adds a finished checkpoint without any request, with a backup for each resource. */
    addCheckpoint(vaultId: string, seed: CheckpointSeed = {}): CheckpointState {
        const vault = this.#vault(vaultId);
        const resources = [...vault.resources.values()].filter(
            (resource) => seed.resources?.includes(resource.id) ?? true,
        );
        const createdAt = seededInstant("createdAt", seed.createdAt) ?? this.#schedule.nextInstant();
        const expiresAt = seededInstant("expiresAt", seed.expiresAt);
        const status = seed.status ?? "available";
        const newId = seed.newId ?? randomUUID;
        const checkpoint: CheckpointState = {
            id: newId(),
            vaultId,
            vaultName: vault.name,
            projectId: this.#store.projectId,
            providerId: providerOf(vault.objectType),
            createdAt,
            status,
            name: seed.name ?? `manualbk_${randomUUID().slice(0, 4)}`,
            description: seed.description ?? "",
            retentionDays: -1,
            autoTrigger: seed.autoTrigger ?? false,
            resources: resources.map(({ id, name, type, sizeGb }) => ({
                id,
                name,
                type,
                sizeGb,
                protectStatus: "available" as const,
            })),
            skipped: [],
            work: undefined,
        };
        this.#store.checkpoints.set(checkpoint.id, checkpoint);
        resources.forEach((resource, index) => {
            const backup = newBackup(checkpoint, resource, {
                name:
                    resources.length === 1
                        ? checkpoint.name
                        : `${checkpoint.name}-${String(index + 1).padStart(4, "0")}`,
                createdAt: plusMicros(createdAt, index),
                incremental: seed.incremental ?? resource.everBackedUp,
                newId,
            });
            this.#store.setStatus(backup, status, createdAt);
            if (expiresAt !== undefined) {
                backup.expiresAt = expiresAt;
                this.#schedule.at(Date.parse(expiresAt), () => this.#store.removeBackup(backup));
            }
            this.#store.addBackup(backup);
            if (status !== "available") return;
            for (const each of [backup, ...backup.children]) each.protectedAt = createdAt;
            this.#store.countSpace(backup, spaceMb(backup));
            resource.everBackedUp = true;
        });
        return checkpoint;
    }

    /** Adds a finished copy of a backup to another region's vault, and the record of it, without any request. */
    addReplica(backupId: string, destination: Cloud, vaultId: string, seed: ReplicaSeed = {}): BackupState {
        const createdAt = seededInstant("createdAt", seed.createdAt) ?? this.#schedule.nextInstant();
        const { region, projectId } = destination;
        return addFinishedCopy(
            this.#store,
            this.#backup(backupId),
            { store: destination.#store, region, projectId, vault: destination.#vault(vaultId) },
            { ...seed, createdAt },
        );
    }

    /** The top-level backups of a checkpoint, oldest first. */
    backupsOf(checkpointId: string): BackupState[] {
        return [...this.#now().backupsOfCheckpoint(checkpointId)];
    }

    /** A checkpoint vanishes with all its backups, as retention does it; also while it runs. */
    expireCheckpoint(checkpointId: string): void {
        const checkpoint = this.#now().checkpoints.get(checkpointId);
        if (checkpoint === undefined) throw new Error(`no checkpoint ${checkpointId}`);
        this.#store.removeCheckpoint(checkpoint);
    }

    /**
     * A backup vanishes at once, as if somebody had deleted it in the console. The last one takes its checkpoint along.
     */
    deleteBackupBehindOurBack(backupId: string): void {
        this.#store.removeBackup(this.#backup(backupId));
    }

    /** Locks (or unlocks) a vault: automatic backups in it cannot be deleted (6220). */
    lockVault(vaultId: string, locked = true): void {
        this.#vault(vaultId).locked = locked;
    }

    /** Changes facts of a vault: its status, size in GB, room used in MB, lock, whether resources are being removed. */
    setVault(
        vaultId: string,
        facts: Partial<Pick<VaultState, "status" | "sizeGb" | "usedMb" | "locked" | "removingResources" | "name">>,
    ): void {
        Object.assign(this.#vault(vaultId), facts);
    }

    /** Makes an image from a backup, so that the backup cannot be deleted (6204). Returns the image's id. */
    imageFrom(backupId: string): string {
        const id = randomUUID();
        this.#backup(backupId).imageIds.push(id);
        return id;
    }

    deleteImage(imageId: string): void {
        for (const backup of this.#store.backups.values())
            backup.imageIds = backup.imageIds.filter((id) => id !== imageId);
    }

    /**
     * Says how the next backup of a resource ends; several calls queue up. `"error"` is short for `{ status: "error"
     * }`.
     */
    setBackupOutcome(resourceId: string, outcome: BackupOutcome | "error" | "skipped"): void {
        for (const vault of this.#store.vaults.values()) {
            const resource = vault.resources.get(resourceId);
            if (resource === undefined) continue;
            resource.nextOutcomes.push(typeof outcome === "string" ? { status: outcome } : outcome);
            return;
        }
        throw new Error(`no resource ${resourceId}`);
    }

    /** Gives a backup any status, e.g. "restoring", so that it is in use (6216). */
    setBackupStatus(backupId: string, status: string): void {
        this.#store.setStatus(this.#backup(backupId), status, this.#schedule.nextInstant());
    }

    /** Gives a checkpoint any status, e.g. a word that no page lists. */
    setCheckpointStatus(checkpointId: string, status: string): void {
        const checkpoint = this.#now().checkpoints.get(checkpointId);
        if (checkpoint === undefined) throw new Error(`no checkpoint ${checkpointId}`);
        checkpoint.status = status;
    }

    /** Changes the storage behind a hybrid vault; the next sync finds it. */
    uploadOnPremises(vaultId: string, change: Partial<OnPremises>): void {
        Object.assign(this.#vault(vaultId).onPremises, change);
    }

    /** Forgets a task, as the clouds do after about 30 days. */
    forgetOperationLog(logId: string): void {
        this.#store.operationLogs.delete(logId);
    }

    /** All that the project holds, as plain JSON. */
    snapshot(): Snapshot {
        return snapshotOf(this.#now());
    }

    #now(): Store {
        this.#schedule.settle();
        return this.#store;
    }
    #vault(id: string): VaultState {
        const vault = this.#now().vaults.get(id);
        if (vault === undefined) throw new Error(`no vault ${id} in ${this.region}`);
        return vault;
    }
    #backup(id: string): BackupState {
        const backup = this.#now().backup(id);
        if (backup === undefined) throw new Error(`no backup ${id} in ${this.region}`);
        return backup;
    }
}
