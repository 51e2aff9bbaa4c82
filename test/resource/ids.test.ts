import { expect, it } from "vitest";
import { z } from "zod";
import { lowercaseId, withLowercaseIds } from "../../provider/resource/ids";
import { commonInputs, destinationProjectId, objectId } from "../../provider/resource/resource";

const ID = "3B5816B5-F29C-4172-9D9A-76C719A659CE";
const id = ID.toLowerCase();
const PROJECT = "F841E01FD2B14E7FA41B6AE7AA6B0594";
const schema = z.strictObject({
    ...commonInputs,
    vaultId: objectId.meta({ replaces: true }),
    adopt: objectId.optional().meta({ replaces: true }),
    destinationProjectId: destinationProjectId.optional().meta({ replaces: true }),
    resources: z.array(objectId).min(1).optional().meta({ replaces: true }),
    resourceDetails: z.array(z.strictObject({ id: objectId, name: z.string().optional() })).optional(),
    name: z.string().optional(),
});

it("writes ids in lower case, wherever the schema has them", () => {
    expect(
        withLowercaseIds(schema, {
            vaultId: ID,
            adopt: ID,
            projectId: PROJECT,
            destinationProjectId: PROJECT,
            resources: [ID, id],
            resourceDetails: [{ id: ID, name: ID }],
        }),
    ).toEqual({
        vaultId: id,
        adopt: id,
        projectId: PROJECT.toLowerCase(),
        destinationProjectId: PROJECT.toLowerCase(),
        resources: [id, id],
        resourceDetails: [{ id, name: ID }],
    });
});

it("leaves everything else as it is: texts, triggers, other outputs, and what has another shape", () => {
    const bag = {
        name: ID,
        region: "EU-DE",
        triggers: { id: ID },
        backups: [{ id: ID }],
        vaultId: 7,
        resources: ID,
        resourceDetails: [null, [ID], { id: [ID] }],
        adopt: undefined,
    };
    expect(withLowercaseIds(schema, bag)).toEqual(bag);
});

it("writes a resource's id in lower case if it is a UUID", () => {
    expect([ID, `${ID}/EU-nl/${ID}`, "task-A"].map(lowercaseId)).toEqual([id, `${ID}/EU-nl/${ID}`, "task-A"]);
});
