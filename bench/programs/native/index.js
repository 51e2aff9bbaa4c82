const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");
const cbr = require("pulumi-cbr/native");

const config = new pulumi.Config();
const deletionPolicy = config.require("deletionPolicy");
const entries = JSON.parse(readFileSync(config.require("layout"), "utf8"));

entries.forEach((entry, index) => {
    new cbr.Checkpoint(`checkpoint-${index}`, { ...entry, deletionPolicy });
});
