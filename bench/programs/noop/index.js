const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");

const config = new pulumi.Config();
const deletionPolicy = config.require("deletionPolicy");
const entries = JSON.parse(readFileSync(config.require("layout"), "utf8"));
const waitMs = config.requireNumber("waitMs");

// What an author of a dynamic provider writes who has nothing to do: the least that this kind of resource can cost.
const provider = {
    async create(inputs) {
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        return { id: inputs.resources[0], outs: inputs };
    },
};

class Noop extends pulumi.dynamic.Resource {
    constructor(name, args, options) {
        super(provider, name, args, options);
    }
}

entries.forEach((entry, index) => {
    new Noop(`checkpoint-${index}`, { ...entry, deletionPolicy });
});
