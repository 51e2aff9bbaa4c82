// Stands for your own stack: servers, databases, whatever the vault protects.
const pulumi = require("@pulumi/pulumi");

exports.flavor = new pulumi.Config().get("flavor") ?? "s3.large.2";
