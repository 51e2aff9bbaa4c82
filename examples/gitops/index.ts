// One restore point and its copies for each release and each night. The pipeline sets `restorePoint`; a new value takes
// a new one. The output keeps the value of the last run, so that a preview in between shows no change.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();
export const restorePoint = config.require("restorePoint");

// Nobody deletes what nobody has decided about, so somebody decides. `policy`: marked as automatic, and the retention rule
// of the vault's policy removes it. `prune`: the pipeline deletes what is older than the newest `keep`. `keep`: stays.
const retention = config.require<"policy" | "prune" | "keep">("retention", {
    allowedValues: ["policy", "prune", "keep"],
});
const autoTrigger = retention === "policy";

// Together less than the pipeline's own limit: when the time is up, the next run waits on; a job that is killed is harder.
const before = new cbr.Checkpoint(
    "before-release",
    {
        vaultId: config.require("vaultId"),
        description: restorePoint,
        autoTrigger,
        triggers: { restorePoint },
    },
    { customTimeouts: { create: "2h" } },
);

const copies = new cbr.VaultReplication(
    "copies",
    {
        vaultId: before.vaultId,
        destinationRegion: config.require("destinationRegion"),
        destinationVaultId: config.require("destinationVaultId"),
        autoTrigger,
        triggers: { checkpoint: before.id },
    },
    { customTimeouts: { create: "3h30m" } },
);

export const checkpointId = before.id;
export const copyIds = copies.destinationBackupIds;
