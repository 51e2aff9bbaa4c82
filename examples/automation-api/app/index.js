// Stands for your own stack: servers, databases, whatever the vault protects.
const pulumi = require("@pulumi/pulumi");

exports.release = new pulumi.Config().get("release") ?? "none";
