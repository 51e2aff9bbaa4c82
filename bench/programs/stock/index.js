const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");

const config = new pulumi.Config();
const deletionPolicy = config.require("deletionPolicy");
const entries = JSON.parse(readFileSync(config.require("layout"), "utf8"));
const waitMs = config.requireNumber("waitMs");

const outputs = require.resolve("./outputs.js");

// For whom the cloud does nothing: it waits as long as a backup takes, and says of it what a checkpoint says. What that
// costs is the host's and the engine's, whoever the provider is.
const provider = {
    async create(inputs) {
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        return require(outputs).created(inputs);
    },
};

class Stock extends pulumi.dynamic.Resource {
    constructor(name, args, options) {
        super(provider, name, args, options);
    }
}

entries.forEach((entry, index) => {
    new Stock(`checkpoint-${index}`, { ...entry, deletionPolicy });
});
