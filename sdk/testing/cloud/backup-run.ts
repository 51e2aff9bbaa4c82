import { randomUUID } from "node:crypto";
import { type Call, effectOf, selects } from "../simulation";
import { microsOf } from "./instants";
import type { BackupOutcome, BackupState, CheckpointState, OperationLogState, ResourceState } from "./state";
import type { Store } from "./store";

/** What is going to happen to one resource of a run. */
export interface Part {
    resource: ResourceState;
    backup: BackupState;
    outcome: BackupOutcome | undefined;
    log: OperationLogState;
}

/** Starts a checkpoint's run: its backups go from waiting_protect over protecting to what was decided for each. */
export function startRun(call: Call, checkpoint: CheckpointState, parts: readonly Part[]): void {
    const { store, world } = call;
    const unknown = effectOf(call, "unknown-status");
    const slow = effectOf(call, "slow");
    const expireHalfWay = effectOf(call, "expire-checkpoint") !== undefined;
    const expireBackup = effectOf(call, "expire-backup");
    const runningWord = unknown?.when === "running" ? unknown : undefined;
    if (runningWord?.of === "checkpoint") checkpoint.status = runningWord.status;
    const work = world.schedule.start({
        durationMs: world.rules.backupMs,
        slowMs: slow?.ms,
        slowReads: slow?.reads,
        stages: [
            {
                at: 0.5,
                apply: (instantMs) => {
                    if (expireHalfWay) {
                        store.removeCheckpoint(checkpoint);
                        return;
                    }
                    for (const { backup } of parts) {
                        if (!store.backups.has(backup.id)) continue;
                        store.setStatus(
                            backup,
                            runningWord?.of === "backup" ? runningWord.status : "protecting",
                            world.schedule.nextInstant(instantMs),
                        );
                    }
                    for (const { log } of parts)
                        log.status = runningWord?.of === "operation-log" ? runningWord.status : "running";
                },
            },
            {
                at: 1,
                apply: (instantMs) => {
                    finish(store, checkpoint, parts, world.schedule.nextInstant(instantMs));
                    if (effectOf(call, "checkpoint-error") !== undefined) checkpoint.status = "error";
                    if (unknown !== undefined && unknown !== runningWord) {
                        if (unknown.of === "checkpoint") checkpoint.status = unknown.status;
                        if (unknown.of === "backup") for (const { backup } of parts) backup.status = unknown.status;
                        if (unknown.of === "operation-log") for (const { log } of parts) log.status = unknown.status;
                    }
                    parts.forEach(({ backup }, index) => {
                        if (backup.expiresAt !== undefined)
                            world.schedule.at(Math.ceil(microsOf(backup.expiresAt) / 1000), () =>
                                store.removeBackup(backup),
                            );
                        if (expireBackup !== undefined && selects(expireBackup.backup, backup.id, index, 0))
                            store.removeBackup(backup);
                    });
                },
            },
        ],
    });
    checkpoint.work = work;
    for (const { backup, log } of parts) {
        backup.work = work;
        log.work = work;
    }
}

function finish(store: Store, checkpoint: CheckpointState, parts: readonly Part[], instant: string): void {
    let good = 0;
    let wanted: string | undefined;
    for (const { resource, backup, outcome, log } of parts) {
        const status = outcome?.status ?? "available";
        resource.runningCheckpointId = undefined;
        resource.protectStatus = "available";
        wanted ??= outcome?.checkpointStatus;
        backup.work = undefined;
        log.work = undefined;
        if (store.backups.has(backup.id)) {
            store.setStatus(backup, status, instant);
            if (status === "available") {
                for (const each of [backup, ...backup.children]) each.protectedAt = instant;
                store.countSpace(backup, spaceMb(backup));
                resource.everBackedUp = true;
            }
        }
        if (!store.backups.has(backup.id)) fail(log, "BackupService.6200", "The backup does not exist.", instant);
        else if (status === "available") {
            good += 1;
            Object.assign(log, { status: "success", updatedAt: instant, endedAt: instant });
        } else fail(log, outcome?.code ?? "BackupService.9910", outcome?.message ?? "The backup failed.", instant);
    }
    checkpoint.status = wanted ?? (good > 0 ? "available" : "error");
    checkpoint.work = undefined;
}

function fail(log: OperationLogState, code: string, message: string, instant: string): void {
    Object.assign(log, {
        status: "failed",
        errorCode: code,
        errorMessage: message,
        updatedAt: instant,
        endedAt: instant,
    });
}

/** MB that a backup takes: a quarter of the resource for a full one, a hundredth for an incremental one. */
export function spaceMb(backup: BackupState): number {
    return Math.max(1, Math.round(backup.sizeGb * 1024 * (backup.incremental ? 0.01 : 0.25)));
}

/** A backup object of one resource, with a child for each disk of a server; not yet in the store. */
export function newBackup(
    checkpoint: CheckpointState,
    resource: ResourceState,
    options: {
        name: string;
        createdAt: string;
        incremental: boolean;
        excluded?: ReadonlySet<string>;
        newId?: () => string;
    },
): BackupState {
    const newId = options.newId ?? randomUUID;
    const id = newId();
    const base = {
        description: checkpoint.description,
        projectId: checkpoint.projectId,
        vaultId: checkpoint.vaultId,
        checkpointId: checkpoint.id,
        providerId: checkpoint.providerId,
        status: "waiting_protect",
        imageType: "backup" as const,
        spaceMb: 0,
        createdAt: options.createdAt,
        updatedAt: undefined,
        protectedAt: undefined,
        expiresAt: undefined,
        incremental: options.incremental,
        autoTrigger: checkpoint.autoTrigger,
        work: undefined,
    };
    const isDisk = resource.type === "OS::Cinder::Volume";
    return {
        ...base,
        id,
        name: options.name,
        resourceId: resource.id,
        resourceName: resource.name,
        resourceType: resource.type,
        sizeGb: resource.sizeGb,
        parentId: undefined,
        systemDisk: isDisk && (resource.disks[0]?.systemDisk ?? false),
        records: [],
        imageIds: [],
        children: isDisk
            ? []
            : resource.disks
                  .filter((disk) => options.excluded?.has(disk.id) !== true)
                  .map((disk) => ({ ...base, ...diskBackup(resource, disk), id: newId(), parentId: id })),
    };
}

/** What the backup of a server's disk has of its own. */
function diskBackup(resource: ResourceState, disk: ResourceState["disks"][number]) {
    return {
        name: `${resource.name}-${disk.name}`,
        resourceId: disk.id,
        resourceName: disk.name,
        resourceType: "OS::Cinder::Volume",
        sizeGb: disk.sizeGb,
        systemDisk: disk.systemDisk,
        records: [],
        imageIds: [],
        children: [],
    };
}
