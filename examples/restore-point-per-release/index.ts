// A restore point for each release, named after it. The pipeline runs `pulumi config set release v1.4.2` and
// `pulumi up` before it rolls out; the restore points of earlier releases stay in the vault.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

const config = new pulumi.Config();
const release = config.require("release");

const before = new cbr.Checkpoint("before-release", {
    vaultId: config.require("vaultId"),
    // Names may have letters, digits, `_` and `-`.
    name: `release-${release.replace(/[^A-Za-z0-9_-]/g, "-")}`,
    description: `before release ${release}`,
    triggers: { release },
    // A release does not roll out when one of its servers was left out.
    onSkipped: "fail",
});

// The deployment itself takes `before` in `dependsOn`: it begins once the restore point is good.
export const checkpointId = before.id;
export const name = before.name;
export const backupIdByResource = before.backupIdByResource;
