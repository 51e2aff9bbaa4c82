import { randomUUID } from "node:crypto";
import { type Destination, replicate } from "../cloud/copying";
import type { BackupState, VaultState } from "../cloud/state";
import type { Call } from "../simulation";
import { copyBackupBody, copyCheckpointBody } from "./bodies";
import { json, type Reply, refuse } from "./reply";
import { providerOf } from "./wire";

/** POST …/checkpoints/replicate: all backups of a vault that were not yet replicated to the region. */
export function copyCheckpoint(call: Call): Reply {
    const { store, world } = call;
    const body = copyCheckpointBody(call.body, call.dialect);
    const vault = store.vaults.get(body.vault_id) ?? refuse("6105", body.vault_id);
    checkSource(call, vault);
    const destination = findDestination(call, vault.objectType, body);
    if (vault.runningReplications > 0) refuse("6130");
    const todo = [...store.backupsOfVault(vault.id)].filter(
        (backup) =>
            backup.status === "available" &&
            hasSystemDisk(backup) &&
            !backup.records.some(
                (record) =>
                    record.destinationRegion === destination.region &&
                    (record.work !== undefined || record.status === "success"),
            ),
    );
    if (todo.length === 0 && world.rules.nothingToReplicate === "refuse")
        refuse("0001", "every available backup has been replicated");
    let open = todo.length;
    if (open > 0) vault.runningReplications += 1;
    // One checkpoint in the destination for each one here.
    const checkpoints = new Map<string, string>();
    const records = todo.map((backup, index) => {
        const checkpointId = checkpoints.get(backup.checkpointId) ?? randomUUID();
        checkpoints.set(backup.checkpointId, checkpointId);
        return replicate(call, backup, destination, {
            checkpointId,
            index,
            autoTrigger: body.auto_trigger ?? false,
            name: undefined,
            description: undefined,
            done: () => {
                open -= 1;
                if (open === 0) vault.runningReplications -= 1;
            },
        });
    });
    return json(200, {
        replication: {
            vault_id: vault.id,
            provider_id: providerOf(vault.objectType),
            project_id: store.projectId,
            source_region: store.region,
            destination_project_id: body.destination_project_id,
            destination_region: body.destination_region,
            destination_vault_id: body.destination_vault_id,
            backups: records.map((record) => ({ backup_id: record.sourceBackupId, replication_record_id: record.id })),
        },
    });
}

/** POST …/backups/{backup_id}/replicate. The replica's own id is not in the answer. */
export function copyBackup(call: Call): Reply {
    const { store } = call;
    const body = copyBackupBody(call.body, call.dialect);
    const id = call.params["backup_id"] ?? "";
    const backup = store.backup(id) ?? refuse("6200", id);
    if (backup.imageType === "replication") refuse("6128", "a replica cannot be replicated again");
    if (backup.parentId !== undefined) refuse("6122", "it belongs to a server backup");
    const vault = store.vaults.get(backup.vaultId) ?? refuse("6105", backup.vaultId);
    checkSource(call, vault);
    if (!hasSystemDisk(backup)) refuse("6122", "the backup does not contain the system disk");
    if (backup.status === "waiting_protect" || backup.status === "protecting")
        refuse("6203", `the backup is in status ${backup.status}`);
    if (backup.status === "error") refuse("0001", "the backup is in status error");
    if (backup.status !== "available") refuse("6216", `the backup is in status ${backup.status}`);
    const destination = findDestination(call, vault.objectType, body);
    const there = backup.records.filter((record) => record.destinationRegion === destination.region);
    if (there.some((record) => record.work !== undefined)) refuse("6130");
    const record = replicate(call, backup, destination, {
        checkpointId: randomUUID(),
        index: 0,
        autoTrigger: false,
        name: body.name,
        description: body.description,
        done: () => {},
    });
    return json(200, {
        replication: {
            backup_id: backup.id,
            provider_id: backup.providerId,
            project_id: store.projectId,
            source_region: store.region,
            destination_project_id: body.destination_project_id,
            destination_region: body.destination_region,
            destination_vault_id: body.destination_vault_id,
            replication_record_id: record.id,
        },
    });
}

function checkSource(call: Call, vault: VaultState): void {
    if (vault.protectType === "replication") refuse("6128", vault.id);
    const replicable = call.dialect === "huawei" ? ["server", "turbo"] : ["server"];
    if (vault.cloudType === "hybrid" || vault.protectType === "hybrid") refuse("6128", vault.id);
    if (!replicable.includes(vault.objectType)) refuse("6122", `object type ${vault.objectType}`);
    if (vault.status !== "available") refuse("6112", `the vault is in status ${vault.status}`);
}

function findDestination(
    call: Call,
    objectType: string,
    body: {
        destination_region: string;
        destination_project_id: string;
        destination_vault_id: string;
        cross_account_urn?: string | undefined;
    },
): Destination {
    const { world, store } = call;
    const { destination_region: region, destination_project_id: projectId, destination_vault_id: vaultId } = body;
    if (!world.hasRegion(region) || !world.destinations(store.region).includes(region)) refuse("1005", region);
    const there = world.store(region, projectId) ?? refuse("1011", projectId);
    // No page says how these two are refused: our guess.
    const { cross_account_urn: urn } = body;
    if (urn === undefined && !world.isOneAccount(store.projectId, projectId)) refuse("1011", projectId);
    const vault = there.vaults.get(vaultId) ?? refuse("6120", vaultId);
    if (urn !== undefined && vault.crossAccountUrn !== urn) refuse("6118", `cross_account_urn ${urn}`);
    if (vault.protectType !== "replication") refuse("6119", vaultId);
    if (vault.objectType !== objectType) refuse("6119", `object type ${vault.objectType}, not ${objectType}`);
    if (vault.status !== "available") refuse("6112", `the destination vault is in status ${vault.status}`);
    if (vault.usedMb / 1024 >= vault.sizeGb) refuse("6129", vaultId);
    return { store: there, region, projectId, vault };
}

/** Vendor: only server backups that contain the system disk can be replicated; SFS Turbo has no disks. */
function hasSystemDisk(backup: BackupState): boolean {
    return backup.resourceType === "OS::Sfs::Turbo" || backup.children.some((child) => child.systemDisk);
}
