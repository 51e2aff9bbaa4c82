const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");

const config = new pulumi.Config();
const deletionPolicy = config.require("deletionPolicy");
const entries = JSON.parse(readFileSync(config.require("layout"), "utf8"));
const waitMs = config.requireNumber("waitMs");

// What an author of a dynamic provider writes for whom the cloud does nothing: it waits as long as a backup takes, and
// says of it what a checkpoint says. What that costs is the host's and the engine's, whoever the provider is.
const provider = {
    async create(inputs) {
        const { randomUUID } = require("node:crypto");
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        const [resource] = inputs.resources;
        const createdAt = new Date().toISOString().replace("Z", "000");
        const backup = (resourceId, resourceType) => ({
            createdAt,
            id: randomUUID(),
            incremental: false,
            name: `backup-of-${resourceId.slice(-8)}`,
            resourceId,
            resourceName: `name-of-${resourceId.slice(-4)}`,
            resourceSizeGb: 40,
            resourceType,
            status: "available",
        });
        const parent = backup(resource, "OS::Nova::Server");
        const checkpointId = randomUUID();
        const outs = {
            ...inputs,
            __urn: `urn:pulumi:bench::bench::pulumi-nodejs:dynamic/cbr:Checkpoint::${parent.name}`,
            backupIdByResource: { [resource]: parent.id },
            backupIds: [parent.id],
            backups: [{ ...parent, children: [backup(randomUUID(), "OS::Cinder::Volume")] }],
            checkpointId,
            createdAt,
            name: parent.name,
            projectId: checkpointId.replaceAll("-", ""),
            region: "eu-de",
            retentionDurationDays: -1,
            skippedResources: [],
            status: "available",
            vault: {
                id: inputs.vaultId,
                name: "vault",
                providerId: randomUUID(),
                resources: [{ id: resource, name: parent.resourceName, resourceSizeGb: 40, type: "OS::Nova::Server" }],
                skippedResources: [],
            },
        };
        return { id: checkpointId, outs };
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
