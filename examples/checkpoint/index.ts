// One restore point of a vault: taken by the first `pulumi up`, and again whenever `release` changes.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();

const before = new cbr.Checkpoint("before-release", {
    vaultId: config.require("vaultId"),
    triggers: { release: config.get("release") ?? "1" },
});

export const checkpointId = before.id;
export const status = before.status;
export const backupIdByResource = before.backupIdByResource;
