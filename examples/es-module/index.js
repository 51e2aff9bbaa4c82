// One restore point, as an ES module.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();

const before = new cbr.Checkpoint("before-release", {
    vaultId: config.require("vaultId"),
    triggers: { release: config.get("release") ?? "1" },
});

export const checkpointId = before.id;
export const backupIdByResource = before.backupIdByResource;
