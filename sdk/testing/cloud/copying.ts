import { randomUUID } from "node:crypto";
import { newOperationLog } from "../api/operation-logs";
import { type Call, effectOf, selects } from "../simulation";
import type { Schedule } from "./schedule";
import type { BackupState, OperationLogState, RecordState, VaultState } from "./state";
import type { Store } from "./store";

/** Where a replica is to go. */
export interface Destination {
    readonly store: Store;
    readonly region: string;
    readonly projectId: string;
    readonly vault: VaultState;
}

/** What one replication is to make. */
export interface Copy {
    checkpointId: string;
    index: number;
    autoTrigger: boolean;
    name: string | undefined;
    description: string | undefined;
    done: () => void;
    /** Default: random ones. */
    newId?: () => string;
}

/** Starts one replication: a record on the source backup, later a replica in the destination region. */
export function replicate(call: Call, backup: BackupState, destination: Destination, copy: Copy): RecordState {
    const { store, world } = call;
    const { schedule } = world;
    const record = newRecord(store, backup, destination, {
        id: randomUUID(),
        createdAt: schedule.nextInstant(),
        autoTrigger: copy.autoTrigger,
    });
    const exists = backup.records.some(
        (other) =>
            other.destinationRegion === destination.region &&
            other.destinationBackupId !== undefined &&
            destination.store.backups.has(other.destinationBackupId),
    );
    store.addRecord(backup, record);
    const vault = store.vaults.get(backup.vaultId);
    const log = newOperationLog(call, vault ?? { id: backup.vaultId, name: "", objectType: "server" }, "replication", {
        checkpointId: backup.checkpointId,
        resource: { id: backup.resourceId, type: backup.resourceType, name: backup.resourceName },
        record,
    });

    const run: Run = { backup, destination, copy, record, log, schedule, exists, struck: struckBy(call, backup, copy) };
    const { slow } = run.struck;
    const visibleEarly = world.rules.replicaAppears === "start" && !hasNoReplica(run);
    const work = schedule.start({
        durationMs: world.rules.replicationMs,
        slowMs: slow?.ms,
        slowReads: slow?.reads,
        stages: [
            { at: 0.5, apply: (instantMs) => begin(run, instantMs, visibleEarly) },
            { at: 1, apply: (instantMs) => finish(run, schedule.nextInstant(instantMs)) },
        ],
    });
    record.work = work;
    log.work = work;
    const { incoming } = destination.store;
    const arriving = incoming.get(destination.vault.id) ?? new Set();
    incoming.set(destination.vault.id, arriving.add(work));
    return record;
}

/** One replication under way. */
interface Run {
    readonly backup: BackupState;
    readonly destination: Destination;
    readonly copy: Copy;
    readonly record: RecordState;
    readonly log: OperationLogState;
    readonly schedule: Schedule;
    /** The region has a replica of the backup already. */
    readonly exists: boolean;
    readonly struck: ReturnType<typeof struckBy>;
    replica?: BackupState;
}

/** The effects of faults on this copy. */
function struckBy(call: Call, backup: BackupState, copy: Copy) {
    const hit = <T extends { backup?: string | number | undefined }>(effect: T | undefined) =>
        effect !== undefined && selects(effect.backup, backup.id, copy.index, "all") ? effect : undefined;
    return {
        failure: hit(effectOf(call, "record-fail")),
        skip: hit(effectOf(call, "record-skip")),
        missing: hit(effectOf(call, "replica-missing")),
        broken: hit(effectOf(call, "replica-error")),
        unknown: effectOf(call, "unknown-status"),
        slow: effectOf(call, "slow"),
    };
}

const hasNoReplica = ({ exists, struck: { failure, skip, missing } }: Run): boolean =>
    exists || failure !== undefined || skip !== undefined || missing !== undefined;

function begin(run: Run, instantMs: number, isVisible: boolean): void {
    const { backup, destination, copy, record, log, schedule, struck } = run;
    const { unknown } = struck;
    record.status = unknown?.of === "record" && unknown.when === "running" ? unknown.status : "replicating";
    log.status = "running";
    if (isVisible) run.replica = addReplica(backup, destination, copy, schedule.nextInstant(instantMs));
}

function finish(run: Run, instant: string): void {
    const { copy, record, exists, struck } = run;
    const { failure, skip, missing, unknown } = struck;
    if (skip !== undefined || exists) {
        const reason = skip?.reason ?? "The backup has a replica in the destination region.";
        end(run, { status: "skip", code: skip?.code ?? "", reason }, instant);
        return;
    }
    if (failure !== undefined) {
        const { code = "BackupService.4005", reason = "The replication failed." } = failure;
        end(run, { status: "fail", code, reason }, instant);
        return;
    }
    if (missing === undefined) finishReplica(run, instant);
    record.destinationBackupId = run.replica?.id ?? randomUUID();
    record.destinationCheckpointId = copy.checkpointId;
    end(run, { status: "success", code: "", reason: "" }, instant);
    if (unknown?.of === "record" && unknown.when !== "running") record.status = unknown.status;
    if (unknown?.of === "backup" && run.replica !== undefined) run.replica.status = unknown.status;
}

function finishReplica(run: Run, instant: string): void {
    const { backup, destination, copy, struck } = run;
    const status = struck.broken === undefined ? "available" : "error";
    run.replica ??= addReplica(backup, destination, copy, instant);
    const { replica } = run;
    destination.store.setStatus(replica, status, instant);
    for (const each of [replica, ...replica.children]) each.protectedAt = instant;
    if (destination.store.backups.has(replica.id)) destination.store.countSpace(replica, backup.spaceMb);
    const checkpoint = destination.store.checkpoints.get(copy.checkpointId);
    if (checkpoint !== undefined) checkpoint.status = status;
}

function end(
    { destination, copy, record, log }: Run,
    { status, code, reason }: { readonly status: string; readonly code: string; readonly reason: string },
    instant: string,
): void {
    const arriving = destination.store.incoming.get(destination.vault.id);
    if (record.work !== undefined) arriving?.delete(record.work);
    Object.assign(record, { status, failCode: code, failReason: reason, work: undefined });
    Object.assign(log, {
        status: { success: "success", skip: "skipped" }[status] ?? "failed",
        errorCode: code,
        errorMessage: reason,
        work: undefined,
        updatedAt: instant,
        endedAt: instant,
    });
    copy.done();
}

function newRecord(
    store: Store,
    backup: BackupState,
    destination: Destination,
    own: Pick<RecordState, "id" | "createdAt" | "autoTrigger">,
): RecordState {
    return {
        ...own,
        status: "waiting_replicate",
        sourceBackupId: backup.id,
        sourceCheckpointId: backup.checkpointId,
        sourceProjectId: store.projectId,
        sourceRegion: store.region,
        sourceVaultId: backup.vaultId,
        destinationBackupId: undefined,
        destinationCheckpointId: undefined,
        destinationProjectId: destination.projectId,
        destinationRegion: destination.region,
        destinationVaultId: destination.vault.id,
        failCode: "",
        failReason: "",
        work: undefined,
    };
}

/** A copy that is finished at once, as a seed wants it: record, checkpoint and replica. */
export function addFinishedCopy(
    store: Store,
    source: BackupState,
    destination: Destination,
    seed: {
        readonly createdAt: string;
        readonly name?: string;
        readonly status?: string;
        readonly autoTrigger?: boolean;
        readonly newId?: () => string;
    },
): BackupState {
    const { createdAt, newId = randomUUID, status = "available", autoTrigger = false } = seed;
    const record = newRecord(store, source, destination, { id: newId(), createdAt, autoTrigger });
    const copy: Copy = {
        checkpointId: newId(),
        index: 0,
        autoTrigger,
        name: seed.name,
        description: undefined,
        done: () => {},
        newId,
    };
    const replica = addReplica(source, destination, copy, createdAt);
    destination.store.setStatus(replica, status, createdAt);
    if (status === "available") destination.store.countSpace(replica, source.spaceMb);
    const checkpoint = destination.store.checkpoints.get(copy.checkpointId);
    if (checkpoint !== undefined) checkpoint.status = status;
    Object.assign(record, {
        status: "success",
        destinationBackupId: replica.id,
        destinationCheckpointId: copy.checkpointId,
    });
    store.addRecord(source, record);
    return replica;
}

/** What a replica has of its source, and what is its own. */
function replicaOf(source: BackupState, destination: Destination, copy: Copy, createdAt: string): BackupState {
    return {
        id: (copy.newId ?? randomUUID)(),
        name: source.name,
        description: copy.description ?? source.description,
        projectId: destination.projectId,
        vaultId: destination.vault.id,
        checkpointId: copy.checkpointId,
        providerId: source.providerId,
        status: "protecting",
        imageType: "replication",
        resourceId: source.resourceId,
        resourceName: source.resourceName,
        resourceType: source.resourceType,
        sizeGb: source.sizeGb,
        spaceMb: 0,
        createdAt,
        updatedAt: createdAt,
        protectedAt: undefined,
        expiresAt: source.expiresAt,
        incremental: source.incremental,
        autoTrigger: copy.autoTrigger,
        parentId: undefined,
        systemDisk: source.systemDisk,
        children: [],
        records: [],
        imageIds: [],
        work: undefined,
    };
}

/** The replica in the destination region: an id and a checkpoint of its own. */
function addReplica(source: BackupState, destination: Destination, copy: Copy, createdAt: string): BackupState {
    const replica = replicaOf(source, destination, copy, createdAt);
    replica.name = copy.name ?? source.name;
    for (const child of source.children)
        replica.children.push({ ...replicaOf(child, destination, copy, createdAt), parentId: replica.id });
    const { store, vault } = destination;
    store.addBackup(replica);
    const resource = {
        id: source.resourceId,
        name: source.resourceName,
        type: source.resourceType,
        sizeGb: source.sizeGb,
        protectStatus: "available" as const,
    };
    const checkpoint = store.checkpoints.get(copy.checkpointId);
    if (checkpoint !== undefined) checkpoint.resources.push(resource);
    else
        store.checkpoints.set(copy.checkpointId, {
            id: copy.checkpointId,
            vaultId: vault.id,
            vaultName: vault.name,
            projectId: destination.projectId,
            providerId: source.providerId,
            createdAt,
            status: "protecting",
            name: replica.name,
            description: replica.description,
            retentionDays: -1,
            autoTrigger: copy.autoTrigger,
            resources: [resource],
            skipped: [],
            work: undefined,
        });
    return replica;
}
