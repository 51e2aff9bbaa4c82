// The vaults are made by another provider, the restore points in them by this one: an id is an id, wherever it comes from.
import * as otc from "@pulumi/opentelekomcloud";
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();
const serverId = config.require("serverId");

// Protected: a vault that is deleted takes all its backups with it.
const vault = new otc.CbrVaultV3(
    "production",
    {
        name: "production",
        billing: { size: 500, objectType: "server", protectType: "backup" },
        resources: [{ id: serverId, type: "OS::Nova::Server" }],
    },
    { protect: true },
);

// Taken once the vault is there. Its id is unknown in the first preview, which therefore cannot ask whether it would work.
const before = new cbr.Checkpoint("before-release", {
    vaultId: vault.id,
    resources: [serverId],
    triggers: { release: config.get("release") ?? "1" },
});

export const vaultId = vault.id;
export const backupId = before.backupIdByResource.apply((ids) => ids[serverId]);
