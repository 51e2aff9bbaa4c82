// A restore point of a vault, its copies in a second region, one backup copied to a third, and the on-premises backups
// of a hybrid vault: four resources (all but CheckpointReplica), joined by their outputs.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();
const release = config.get("release") ?? "1";
const destinationRegion = config.require("destinationRegion");

// The storage behind the hybrid vault first, so that the cloud knows all that there is.
const onPremises = new cbr.VaultSync("on-premises", {
    vaultId: config.require("hybridVaultId"),
    triggers: { release },
});

const before = new cbr.Checkpoint("before-release", {
    vaultId: config.require("vaultId"),
    description: pulumi.interpolate`before release ${release}`,
    triggers: { release },
});

// Everything in the vault that has no copy yet.
const copies = new cbr.VaultReplication("dr", {
    vaultId: before.vaultId,
    destinationRegion,
    destinationVaultId: config.require("destinationVaultId"),
    triggers: { checkpoint: before.id },
});

// One backup for an archive that is cleaned up with the stack.
const archived = new cbr.BackupReplica("archive", {
    backupId: before.backupIds[0],
    destinationRegion: config.require("archiveRegion"),
    destinationVaultId: config.require("archiveVaultId"),
    name: "archive",
    deletionPolicy: "delete",
});

export const checkpointId = before.id;
export const backupIdByResource = before.backupIdByResource;
export const replicationRecordIds = copies.replicationRecordIds;
export const destinationBackupIds = copies.destinationBackupIds;
export const archivedBackupId = archived.destinationBackupId;
export const imported = onPremises.syncedBackups;
