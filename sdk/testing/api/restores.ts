import type { BackupState, DiskState, OperationLogState, ResourceState, VaultState } from "../cloud/state";
import type { Store } from "../cloud/store";
import { type Call, effectOf } from "../simulation";
import { type RestoreBackupBody, restoreBackupBody } from "./bodies";
import { newOperationLog } from "./operation-logs";
import { json, type Reply, refuse } from "./reply";

/** What a restoration overwrites. */
interface Target {
    readonly id: string;
    readonly name: string;
    /** Absent for a disk that is part of a server. */
    readonly resource: ResourceState | undefined;
    readonly volumes: readonly { backupId: string; volumeId: string }[];
}

/** POST …/backups/{backup_id}/restore: 202, then the backup is waiting_restore → restoring → available. */
export function restoreBackup(call: Call): Reply {
    const { store, dialect } = call;
    const id = call.params["backup_id"] ?? "";
    const body = restoreBackupBody(call.body, dialect);
    const backup = store.backup(id) ?? refuse("6200", id);
    const vault = store.vaults.get(backup.vaultId);
    checkRestorable(backup, vault);
    const target = targetOf(store, backup, body);
    if (target.resource?.runningCheckpointId !== undefined) refuse("2002", target.name);
    if (target.resource?.protectStatus === "restoring") refuse("2010", target.name);

    const log = newOperationLog(call, vault ?? { id: backup.vaultId, name: "", objectType: "server" }, "restore", {
        checkpointId: backup.checkpointId,
        resource: { id: backup.resourceId, type: backup.resourceType, name: backup.resourceName },
        restored: {
            backupId: backup.id,
            backupName: backup.name,
            targetId: target.id,
            targetName: target.name,
            volumes: [...target.volumes],
            powerOn: body.power_on ?? true,
        },
    });
    startRestore(call, backup, target, log);
    // Vendor: the pages describe no body; that of Huawei Cloud names the task.
    return dialect === "huawei" ? json(202, { job_id: log.id }) : { status: 202, headers: {}, body: "", code: "" };
}

function startRestore(call: Call, backup: BackupState, target: Target, log: OperationLogState): void {
    const { store, world } = call;
    const outcome = effectOf(call, "restore-outcome");
    const unknown = effectOf(call, "unknown-status");
    const slow = effectOf(call, "slow");
    const runningWord = unknown?.when === "running" ? unknown : undefined;
    store.setStatus(backup, "waiting_restore", world.schedule.nextInstant());
    if (target.resource !== undefined) target.resource.protectStatus = "restoring";
    const work = world.schedule.start({
        durationMs: world.rules.restoreMs,
        slowMs: slow?.ms,
        slowReads: slow?.reads,
        stages: [
            {
                at: 0.5,
                apply: (instantMs) => {
                    const word = runningWord?.of === "backup" ? runningWord.status : "restoring";
                    store.setStatus(backup, word, world.schedule.nextInstant(instantMs));
                    log.status = runningWord?.of === "operation-log" ? runningWord.status : "running";
                },
            },
            {
                at: 1,
                apply: (instantMs) => {
                    const instant = world.schedule.nextInstant(instantMs);
                    const status = outcome?.status ?? "success";
                    backup.work = undefined;
                    if (target.resource !== undefined) target.resource.protectStatus = "available";
                    store.setStatus(backup, "available", instant);
                    Object.assign(log, { status, work: undefined, updatedAt: instant, endedAt: instant });
                    log.errorCode = outcome?.code ?? (status === "failed" ? "BackupService.9910" : "");
                    log.errorMessage = outcome?.message ?? (status === "failed" ? "The restoration failed." : "");
                    if (unknown?.of === "operation-log" && unknown !== runningWord) log.status = unknown.status;
                },
            },
        ],
    });
    backup.work = work;
    log.work = work;
}

function checkRestorable(backup: BackupState, vault: VaultState | undefined): void {
    // The vendor's guide lets replicas become images and file systems only; no page says how a restoration is refused.
    if (backup.imageType === "replication") refuse("9900", "a replica cannot be restored");
    if (backup.parentId !== undefined) refuse("9900", "the disk belongs to a server backup: restore that");
    if (backup.status !== "available") refuse("2005", `the backup is in status ${backup.status}`);
    if (vault !== undefined && vault.status !== "available" && vault.status !== "lock")
        refuse("6202", `the vault is in status ${vault.status}`);
}

const serverTypes = ["OS::Nova::Server", "OS::Ironic::BareMetalServer", "OS::Native::Server"];

function targetOf(store: Store, backup: BackupState, body: RestoreBackupBody): Target {
    if (serverTypes.includes(backup.resourceType)) return serverTarget(store, backup, body);
    if (backup.resourceType === "OS::Cinder::Volume") return diskTarget(store, backup, body);
    // Vendor: "An SFS Turbo file system backup cannot be used to restore data to the original file system."
    if (backup.resourceType !== "OS::Workspace::DesktopV2")
        return refuse("9900", `${backup.resourceType} cannot be restored to`);
    const id = body.resource_id ?? refuse("9900", "restore.resource_id is missing");
    const resource = resourceById(store, id) ?? refuse("6302", id);
    return { id, name: resource.name, resource, volumes: [] };
}

function serverTarget(store: Store, backup: BackupState, body: RestoreBackupBody): Target {
    const id = body.server_id ?? refuse("9900", "restore.server_id is missing");
    const mappings = body.mappings ?? refuse("9900", "restore.mappings is missing");
    if (mappings.length === 0) refuse("9900", "restore.mappings is empty");
    const server = resourceById(store, id) ?? refuse("7100", id);
    if (server.type !== backup.resourceType) refuse("7115", `${server.type} is no ${backup.resourceType}`);
    const volumes = mappings.map(({ backup_id: backupId, volume_id: volumeId }) => {
        const child =
            backup.children.find((each) => each.id === backupId) ??
            refuse("9900", `restore.mappings: ${backupId} is no disk of this backup`);
        const disk = server.disks.find((each) => each.id === volumeId) ?? refuse("7000", volumeId);
        checkDisk(child, disk);
        return { backupId, volumeId };
    });
    for (const key of ["backupId", "volumeId"] as const)
        if (new Set(volumes.map((each) => each[key])).size < volumes.length)
            refuse("9900", "restore.mappings names a disk twice");
    return { id, name: server.name, resource: server, volumes };
}

function diskTarget(store: Store, backup: BackupState, body: RestoreBackupBody): Target {
    const id = body.volume_id ?? refuse("9900", "restore.volume_id is missing");
    const resource = resourceById(store, id);
    const disk = resource ?? diskById(store, id) ?? refuse("7000", id);
    if (disk.sizeGb < backup.sizeGb) refuse("2001", `${disk.sizeGb} GB for ${backup.sizeGb} GB`);
    return { id, name: disk.name, resource, volumes: [{ backupId: backup.id, volumeId: id }] };
}

function checkDisk(child: BackupState, disk: DiskState): void {
    if (disk.systemDisk && !child.systemDisk) refuse("2013", disk.name);
    if (disk.sizeGb < child.sizeGb) refuse("2001", `${disk.name} has ${disk.sizeGb} GB for ${child.sizeGb} GB`);
}

/** Only what is in a vault is known here: other servers and disks are those of other services. */
function resourceById(store: Store, id: string): ResourceState | undefined {
    for (const vault of store.vaults.values()) {
        const found = vault.resources.get(id);
        if (found !== undefined) return found;
    }
    return undefined;
}

function diskById(store: Store, id: string): DiskState | undefined {
    for (const vault of store.vaults.values())
        for (const resource of vault.resources.values()) {
            const found = resource.disks.find((disk) => disk.id === id);
            if (found !== undefined) return found;
        }
    return undefined;
}
