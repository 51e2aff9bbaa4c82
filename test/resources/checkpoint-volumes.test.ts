// Volumes of a server that a restore point leaves out, or is of alone.
import { afterEach, describe, expect, it } from "vitest";
import { checkInputs } from "../../provider/resource/check";
import { withLowercaseIds } from "../../provider/resource/ids";
import { type CheckpointInputs, checkpoint, checkpointInputs } from "../../provider/resources/checkpoint/checkpoint";
import { altered } from "../support/altered";
import { startWorld, type World, type WorldOptions } from "../support/world";

const otc = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
} as const;
const other = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
let world: World;
interface Disk {
    readonly resource_id: string;
}
afterEach(() => world?.close());

/** A world whose vault has a server with three disks. */
async function start(options: WorldOptions = {}) {
    world = await startWorld({ ...options, servers: 0 });
    const { cloud } = world.sim.regions["eu-de"];
    const server = cloud.addResource(world.vaultId, { disks: 3 });
    const [system = "", data = "", scratch = ""] = server.disks.map((disk) => disk.id);
    const inputs = (choice: object): CheckpointInputs => ({
        vaultId: world.vaultId,
        resourceDetails: [{ id: server.id, type: server.type, ...choice }],
    });
    const volumesIn = (outputs: { backups: { children: { resourceId?: string | undefined }[] }[] }) =>
        outputs.backups.flatMap((one) => one.children.map((child) => child.resourceId)).sort();
    return { server, system, data, scratch, inputs, volumesIn };
}

describe("volumes of a server", () => {
    it.each(["huawei", "otc"] as const)("are left out where they are named (%s)", async (dialect) => {
        const { system, data, scratch, inputs, volumesIn } = await start(dialect === "otc" ? (otc as never) : {});
        const { outputs } = await checkpoint.create(world.context(), inputs({ excludeVolumes: [scratch] }));
        expect(volumesIn(outputs)).toEqual([system, data].sort());
        expect(outputs.resourceDetails?.[0]?.excludeVolumes).toEqual([scratch]);
        expect(world.lines.warn).toEqual([]);
    });

    it("are the only ones where they are chosen", async () => {
        const { system, data, inputs, volumesIn } = await start();
        const includeVolumes = [{ id: system, osVersion: "Debian 13" }, { id: data }];
        const { outputs } = await checkpoint.create(world.context(), inputs({ includeVolumes }));
        expect(volumesIn(outputs)).toEqual([system, data].sort());
        expect(world.lines.warn).toEqual([]);
    });

    it("cannot be chosen on Open Telekom Cloud, which a preview says without asking anybody", async () => {
        const { data, inputs } = await start(otc as never);
        const chosen = inputs({ includeVolumes: [{ id: data }] });
        expect(await checkpoint.preflight?.(world.context(), chosen)).toEqual([
            {
                property: "resourceDetails[0].includeVolumes",
                reason: expect.stringContaining("Open Telekom Cloud cannot choose volumes"),
            },
        ]);
        expect(world.calls()).toEqual([]);
        await expect(checkpoint.create(world.context(), chosen)).rejects.toThrow(
            /9900.*includeVolumes of resourceDetails may be what is refused/,
        );
        expect(world.sim.regions["eu-de"].cloud.checkpoints.size).toBe(0);
    });

    it("say the cloud's own word about a parameter that nothing explains", async () => {
        const { inputs } = await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect: { status: 400, code: "BackupService.9900" } });
        await expect(checkpoint.create(world.context(), inputs({}))).rejects.not.toThrow(/resourceDetails/);
    });

    /** A context in which every backup's rows of disks are what `change` makes of them. */
    const withDisks = (change: (disks: Disk[]) => Disk[], name?: string) =>
        altered(world.context(name), (answer) => {
            const { backups } = answer as { backups?: { children: Disk[] }[] };
            if (backups === undefined) return answer;
            return {
                ...(answer as object),
                backups: backups.map((one) => ({ ...one, children: change(one.children) })),
            };
        });

    it("are named in a warning where the cloud did not heed the choice", async () => {
        const { system, data, scratch, server, inputs } = await start();
        const more = (disks: Disk[]) => [...disks, { ...disks[0], resource_id: other } as Disk];
        const wanted = async (choice: object, why: string) => {
            const { outputs } = await checkpoint.create(withDisks(more, why), inputs(choice));
            return `backup ${outputs.backups[0]?.id} of resource ${server.id} contains volume ${other}, which ${why}: the cloud did not heed the choice`;
        };
        const excluded = await wanted({ excludeVolumes: [scratch, other] }, "excludeVolumes names");
        const includeVolumes = [system, data].map((id) => ({ id }));
        const included = await wanted({ includeVolumes }, "includeVolumes does not name");
        expect(world.lines.warn).toEqual([excluded, included]);
    });

    it("that are chosen and not backed up are named in a warning", async () => {
        const { data, system, server, inputs } = await start();
        const context = withDisks((disks) => disks.filter((one) => one.resource_id !== data));
        const includeVolumes = [system, data].map((id) => ({ id }));
        const { outputs } = await checkpoint.create(context, inputs({ includeVolumes }));
        expect(world.lines.warn).toEqual([
            `backup ${outputs.backups[0]?.id} of resource ${server.id} has no backup of volume ${data}, which includeVolumes names`,
        ]);
    });
});

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const detail = { id: other, type: "OS::Nova::Server" };

it.each([
    [{ ...detail, excludeVolumes: [other], includeVolumes: [{ id: other }] }, "[0].includeVolumes: cannot be given"],
    [{ ...detail, excludeVolumes: [] }, "[0].excludeVolumes: must name at least one volume"],
    [{ ...detail, includeVolumes: [] }, "[0].includeVolumes: must name at least one volume"],
    [{ ...detail, excludeVolumes: [other, other.toUpperCase()] }, "[0].excludeVolumes[1]: names a volume twice"],
    [{ ...detail, includeVolumes: [{ id: "vda" }] }, "[0].includeVolumes[0].id: must be a UUID"],
    [{ ...detail, includeVolumes: [other] }, "[0].includeVolumes[0]: "],
    [{ ...detail, type: "OS::Cinder::Volume", excludeVolumes: [other] }, "[0].excludeVolumes: is for servers"],
    [
        { ...detail, excludeVolume: [other] },
        "[0].excludeVolume: is not an input of this resource; did you mean exclude",
    ],
    [{ ...detail, excludeVolumes: [UNKNOWN, UNKNOWN] }, undefined],
    [{ ...detail, id: UNKNOWN, excludeVolumes: UNKNOWN, includeVolumes: [{ id: other }] }, undefined],
    [{ ...detail, includeVolumes: [{ id: other, osVersion: "x" }] }, undefined],
])("refuses a choice that makes no sense, at its property: %#", (one, wanted) => {
    const failures = checkInputs(checkpoint, { vaultId: other, resourceDetails: [one] }, (value) => value === UNKNOWN);
    const texts = failures.map(({ property, reason }) => `${property}: ${reason}`);
    expect(texts).toEqual(wanted === undefined ? [] : [expect.stringContaining(`resourceDetails${wanted}`)]);
});

it("takes ids in capitals for the same volumes", () => {
    const upper = other.toUpperCase();
    const details = (id: string) => ({
        resourceDetails: [{ ...detail, excludeVolumes: [id], includeVolumes: [{ id, osVersion: "ABC" }] }],
    });
    expect(withLowercaseIds(checkpointInputs, details(upper))).toEqual(details(other));
});
