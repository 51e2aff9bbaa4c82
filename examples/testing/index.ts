// A restore point of production and its copies in a second region: the program that index.test.ts tests.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();

const before = new cbr.Checkpoint("before-release", {
    vaultId: config.require("vaultId"),
    triggers: { release: config.require("release") },
    timeouts: { create: "2h" },
});

const copies = new cbr.VaultReplication("dr", {
    vaultId: before.vaultId,
    destinationRegion: "eu-nl",
    destinationVaultId: config.require("destinationVaultId"),
    triggers: { checkpoint: before.id },
});

export const checkpointId = before.id;
export const backupIds = before.backupIds;
export const replicaIds = copies.destinationBackupIds;
