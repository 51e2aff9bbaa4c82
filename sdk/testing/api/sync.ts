import { randomBytes, randomUUID } from "node:crypto";
import { newBackup } from "../cloud/backup-run";
import { plusMicros } from "../cloud/instants";
import type { CheckpointState, ResourceState, VaultState } from "../cloud/state";
import type { Store } from "../cloud/store";
import { type Call, effectOf } from "../simulation";
import { importCheckpointBody } from "./bodies";
import { newOperationLog } from "./operation-logs";
import { json, type Reply, refuse } from "./reply";
import { providerOf } from "./wire";

/** POST …/checkpoints/sync: makes a hybrid vault's list agree with the storage behind it. */
export function importCheckpoint(call: Call): Reply {
    const { store, world } = call;
    const body = importCheckpointBody(call.body);
    const vault = store.vaults.get(body.vault_id) ?? refuse("6105", body.vault_id);
    if (vault.cloudType !== "hybrid" && vault.protectType !== "hybrid") refuse("7300", vault.id);
    if (vault.status !== "available") refuse("6112", `the vault is in status ${vault.status}`);
    if (vault.runningSyncId !== undefined) refuse("7302");
    const log = newOperationLog(call, vault, "sync", {});
    vault.runningSyncId = log.id;
    const outcome = effectOf(call, "sync-outcome");
    const unknown = effectOf(call, "unknown-status");
    const slow = effectOf(call, "slow");
    log.work = world.schedule.start({
        durationMs: world.rules.syncMs,
        slowMs: slow?.ms,
        slowReads: slow?.reads,
        stages: [
            {
                at: 0.5,
                apply: () => {
                    log.status = unknown?.when === "running" ? unknown.status : "running";
                },
            },
            {
                at: 1,
                apply: (instantMs) => {
                    const instant = world.schedule.nextInstant(instantMs);
                    vault.runningSyncId = undefined;
                    const status = outcome?.status ?? "success";
                    Object.assign(log, { status, work: undefined, updatedAt: instant, endedAt: instant });
                    log.errorCode = outcome?.code ?? (status === "failed" ? "BackupService.9910" : "");
                    log.errorMessage = outcome?.message ?? (status === "failed" ? "The synchronization failed." : "");
                    const done =
                        status === "success"
                            ? agree(store, vault, world.schedule.nextInstant())
                            : { added: 0, removed: 0, failed: 0 };
                    log.sync = {
                        added: outcome?.added ?? done.added,
                        removed: outcome?.removed ?? done.removed,
                        failed: outcome?.failed ?? done.failed,
                    };
                    if (unknown !== undefined && unknown.when !== "running") log.status = unknown.status;
                },
            },
        ],
    });
    return json(200, { sync: { operation_log_id: log.id, vault_id: vault.id } });
}

/** Imports what the storage has more than the cloud, drops what it has less. */
function agree(store: Store, vault: VaultState, instant: string): { added: number; removed: number; failed: number } {
    const { added, vanishedBackupIds, failing } = vault.onPremises;
    vault.onPremises = { added: 0, vanishedBackupIds: [], failing };
    let removed = 0;
    for (const id of vanishedBackupIds) {
        const backup = store.backups.get(id);
        if (backup === undefined) continue;
        store.removeBackup(backup);
        removed += 1;
    }
    for (let index = 0; index < added; index += 1) importOne(store, vault, plusMicros(instant, index));
    return { added, removed, failed: failing };
}

function importOne(store: Store, vault: VaultState, instant: string): void {
    const name = `vm-${randomBytes(2).toString("hex")}`;
    const resource: ResourceState = {
        id: randomUUID(),
        name,
        type: "OS::VMware::VM",
        sizeGb: 40,
        protectStatus: "available",
        disks: [],
        backupSizeMb: 0,
        backupCount: 0,
        cannotBackUp: undefined,
        agent: { installed: false },
        nextOutcomes: [],
        runningCheckpointId: undefined,
        everBackedUp: true,
    };
    const checkpoint: CheckpointState = {
        id: randomUUID(),
        vaultId: vault.id,
        vaultName: vault.name,
        projectId: store.projectId,
        providerId: providerOf(vault.objectType),
        createdAt: instant,
        status: "available",
        name,
        description: "",
        retentionDays: -1,
        autoTrigger: false,
        resources: [
            { id: resource.id, name, type: resource.type, sizeGb: resource.sizeGb, protectStatus: "available" },
        ],
        skipped: [],
        work: undefined,
    };
    const backup = newBackup(checkpoint, resource, { name, createdAt: instant, incremental: false });
    backup.status = "available";
    backup.protectedAt = instant;
    store.checkpoints.set(checkpoint.id, checkpoint);
    store.addBackup(backup);
}
