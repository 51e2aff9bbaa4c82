// Makes a hybrid-cloud vault's list of backups agree with the storage behind it, once for each value of `run`.
// Huawei Cloud only.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();

const sync = new cbr.VaultSync("on-premises", {
    vaultId: config.require("hybridVaultId"),
    triggers: { run: config.get("run") ?? "1" },
});

export const status = sync.status;
export const imported = sync.syncedBackups;
export const dropped = sync.deletedBackups;
export const notImported = sync.failedBackups;
