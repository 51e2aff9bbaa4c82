/** What a checkpoint of one server has as outputs. In a file of its own, as the code of the provider is in state, twice. */
const { randomUUID } = require("node:crypto");

exports.created = (inputs) => {
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
        operationLogIds: [randomUUID()],
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
};
