// One restore point, in plain JavaScript (CommonJS).

const pulumi = require("@pulumi/pulumi");
const cbr = require("pulumi-cbr");

const config = new pulumi.Config();

const before = new cbr.Checkpoint("before-release", {
    vaultId: config.require("vaultId"),
    triggers: { release: config.get("release") ?? "1" },
});

exports.checkpointId = before.id;
exports.backupIdByResource = before.backupIdByResource;
