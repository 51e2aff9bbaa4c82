// May this be backed up, and why not: the functions, and what a preview makes of it.
import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, it } from "vitest";
import { getProtectables } from "../../provider/functions/protectables";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import * as cbr from "../../sdk/index";
import type { ResourceSeed } from "../../sdk/testing/index";
import { altered } from "../support/altered";
import { requireTypeScript } from "../support/require-typescript";
import { startWorld, type World, type WorldOptions } from "../support/world";

requireTypeScript();
const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
const barred = { code: "BackupService.7002", reason: "The SCSI disk cannot be backed up." };
const otc = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
} as const;

let world: World;
afterEach(() => world.close());

async function start(options: WorldOptions = {}) {
    world = await startWorld({ servers: 0, ...options });
    const { config } = world.sim.settings({ signIn: "password" });
    const cloud = options.regions === undefined ? "huaweicloud" : "otc";
    pulumi.runtime.setAllConfig({ "cbr:cloud": cloud, ...config, "cbr:maxRequestsPerSecond": "1000" }, [
        "cbr:password",
    ]);
    return world.sim.regions["eu-de"].cloud;
}

describe("getProtectables", () => {
    it("tells what may be backed up, why not, and the volumes of servers", async () => {
        const cloud = await start();
        const bad = cloud.addResource(world.vaultId, { name: "b", cannotBackUp: barred });
        const good = cloud.addUnprotected({ name: "a", disks: 2 });
        const { projectId } = world.sim.regions["eu-de"];
        const found = await cbr.getProtectables({ objectType: "server" });
        expect(found).toEqual([
            expect.objectContaining({ id: good.id, name: "a", region: "eu-de", projectId, protectable: true }),
            expect.objectContaining({ id: bad.id, protectable: false, ...barred, vaultId: world.vaultId }),
        ]);
        expect(found[0]).toMatchObject({ vaultId: undefined, sizeGb: 40, type: "OS::Nova::Server", status: "ACTIVE" });
        expect(found[0]?.volumes.map(({ id }) => id)).toEqual(good.disks.map(({ id }) => id).sort());
        const one = await cbr.getProtectables({ objectType: "server", resourceId: bad.id.toUpperCase() });
        expect(one.map(({ id }) => id)).toEqual([bad.id]);
        const disks = await cbr.getProtectables({ objectType: "disk", serverId: good.id });
        expect(disks.map(({ type }) => type)).toEqual(["OS::Cinder::Volume", "OS::Cinder::Volume"]);
    });

    it("reads every page of fifty", async () => {
        const cloud = await start();
        for (let index = 0; index < 120; index++) cloud.addUnprotected();
        const found = await cbr.getProtectables({ objectType: "server" });
        expect(new Set(found.map(({ id }) => id)).size).toBe(120);
        expect(world.calls()).toEqual(Array(3).fill("ListProtectable"));
    });

    it("never takes a list that does not go on for the whole", async () => {
        const cloud = await start();
        for (let index = 0; index < 60; index++) cloud.addUnprotected();
        let first: unknown;
        const context = altered(world.context(), (answer) => (first ??= answer));
        await expect(getProtectables(context, { objectType: "server" })).rejects.toThrow(
            /gives the same 50 rows again after [0-9a-f-]{36}: what follows cannot be read/,
        );
    });

    it("refuses what makes no sense, by name, without a request", async () => {
        await start();
        const refused = (args: object) => expect(cbr.getProtectables(args as never)).rejects;
        await refused({}).toThrow(/getProtectables: objectType: /);
        await refused({ objectType: "boat" }).toThrow(/getProtectables: objectType: /);
        await refused({ objectType: "server", serverId: "x" }).toThrow(/getProtectables: serverId: must be a UUID/);
        expect(world.calls()).toEqual([]);
    });
});

describe("getAgentStatus", () => {
    it("tells the agent of each server", async () => {
        const cloud = await start();
        const agent = { installed: true, isOld: false, version: "2.0" };
        const broken = { installed: true, code: 7, message: "no route" };
        const servers = [cloud.addUnprotected({ agent }), cloud.addUnprotected({ agent: broken })];
        const found = await cbr.getAgentStatus({ resources: servers.map(({ id, name }) => ({ id, name })) });
        expect(found.map((one) => one.resourceId)).toEqual(servers.map(({ id }) => id).sort());
        const of = (index: number) => found.find((one) => one.resourceId === servers[index]?.id);
        expect(of(0)).toMatchObject({ installed: true, isOld: false, version: "2.0", code: undefined });
        expect(of(1)).toMatchObject({ installed: true, isOld: undefined, code: 7, message: "no route" });
    });

    it("is asked again when an answer is lost: it changes nothing", async () => {
        const cloud = await start();
        const { id } = cloud.addUnprotected();
        world.sim.fail({ operation: "CheckAgent", effect: "reset-after-effect" });
        expect(await cbr.getAgentStatus({ resources: [{ id }] })).toMatchObject([{ resourceId: id, installed: false }]);
        expect(world.calls()).toEqual(["CheckAgent", "CheckAgent"]);
    });

    it("refuses what makes no sense, by name", async () => {
        await start();
        const refused = (args: object) => expect(cbr.getAgentStatus(args as never)).rejects;
        await refused({ resources: [] }).toThrow(/getAgentStatus: resources: must name at least one server/);
        await refused({ resources: [{ id: "x" }] }).toThrow(/getAgentStatus: resources.0.id: must be a UUID/);
        await refused({ resources: [{ id: missing, type: "OS::Cinder::Volume" }] }).toThrow(/resources.0.type: /);
        expect(world.calls()).toEqual([]);
    });
});

describe("where a cloud does not say it", () => {
    it("Open Telekom Cloud is not even asked", async () => {
        await start(otc as never);
        await expect(cbr.getProtectables({ objectType: "server" })).rejects.toThrow(
            "getProtectables: Open Telekom Cloud cannot be asked this: its API has no ListProtectable.",
        );
        await expect(cbr.getAgentStatus({ resources: [{ id: missing }] })).rejects.toThrow(
            "getAgentStatus: Open Telekom Cloud cannot be asked this: its API has no CheckAgent.",
        );
        expect(world.calls()).toEqual([]);
    });

    it("another one that does not know the call is named so", async () => {
        await start();
        for (const operation of ["ListProtectable", "CheckAgent"])
            world.sim.fail({ operation, times: 0, effect: { status: 404, code: "APIGW.0101" } });
        const said = /HTTP 404 APIGW\.0101.*This cloud or region does not have the call\.$/;
        await expect(cbr.getProtectables({ objectType: "disk" })).rejects.toThrow(said);
        await expect(cbr.getAgentStatus({ resources: [{ id: missing }] })).rejects.toThrow(said);
    });
});

describe("a preview of a restore point", () => {
    const look = async (inputs: object, context = world.context()) =>
        checkpoint.preflight?.(context, { vaultId: world.vaultId, ...inputs });
    const server = (seed: ResourceSeed = {}) => world.sim.regions["eu-de"].cloud.addResource(world.vaultId, seed);

    it("names the resources that will be skipped, and why, once", async () => {
        await start();
        const bad = server({ name: "db", cannotBackUp: barred });
        const good = server();
        const context = world.context();
        for (const _ of ["once", "again"]) expect(await look({}, context)).toEqual([]);
        expect(world.lines.warn).toEqual([
            `resource ${bad.id} (db) will be skipped: it cannot be backed up now (BackupService.7002: The SCSI disk cannot be backed up.)`,
        ]);
        expect(world.calls()).toEqual(["ShowVault", "ListProtectable"]);
        // Only what the restore point is of counts.
        expect(await look({ resources: [good.id] }, world.context("other"))).toEqual([]);
        expect(world.lines.warn).toHaveLength(1);
    });

    it("says nothing of a resource that the cloud bars only because it is in a vault", async () => {
        await start({ barsInVault: true });
        const { id } = server();
        const bad = server({ cannotBackUp: barred });
        expect(await look({})).toEqual([]);
        expect(world.lines.warn).toEqual([expect.stringContaining(`resource ${bad.id}`)]);
        const listed = await cbr.getProtectables({ objectType: "server", resourceId: id });
        expect(listed).toMatchObject([{ protectable: false, code: "BackupService.6103" }]);
        const { outputs } = await checkpoint.create(world.context(), { vaultId: world.vaultId, resources: [id] });
        expect([outputs.status, outputs.skippedResources]).toEqual(["available", []]);
    });

    it("reads no further than it must", async () => {
        const cloud = await start();
        const first = server();
        for (let index = 0; index < 120; index++) cloud.addUnprotected();
        expect(await look({ resources: [first.id] })).toEqual([]);
        expect(world.calls()).toEqual(["ShowVault", "ListProtectable"]);
    });

    it.each([
        { status: 403, code: "APIGW.0302" },
        { status: 404, code: "APIGW.0101" },
    ] as const)("passes without a word where the looks get %j", async (effect) => {
        await start();
        const bad = server({ cannotBackUp: barred });
        for (const operation of ["ListProtectable", "ShowProtectable"]) world.sim.fail({ operation, times: 0, effect });
        const resourceDetails = [{ id: bad.id, type: bad.type, excludeVolumes: [missing] }];
        expect(await look({ resourceDetails })).toEqual([]);
        expect(world.lines.warn).toEqual([]);
    });

    it("passes without a word where the looks break down, and knows the pages that came before", async () => {
        await start();
        const bad = server({ cannotBackUp: barred });
        for (let index = 0; index < 60; index++) server();
        const late = server({ cannotBackUp: barred });
        let pages = 0;
        const context = altered(world.context(), (answer) => {
            const { instance, instances } = answer as { instance?: object; instances?: object[] };
            if (instance !== undefined || (instances !== undefined && pages++ > 0)) throw new Error("cut off");
            return answer;
        });
        const resourceDetails = [
            { id: bad.id, type: bad.type, excludeVolumes: [missing] },
            { id: late.id, type: late.type },
        ];
        expect(await look({ resourceDetails }, context)).toEqual([]);
        expect(world.lines.warn).toEqual([expect.stringContaining(`resource ${bad.id}`)]);
    });

    it("refuses a volume that the server does not have, at its property", async () => {
        await start();
        const { id, type, disks } = server({ disks: 2 });
        const volumes = disks.map((disk) => disk.id);
        const reason = `server ${id} has no volume ${missing}; it has ${volumes.join(", ")}`;
        const detail = { id, type };
        expect(await look({ resourceDetails: [{ ...detail, excludeVolumes: [volumes[0], missing] }] })).toEqual([
            { property: "resourceDetails[0].excludeVolumes[1]", reason },
        ]);
        const includeVolumes = [{ id: missing }, { id: volumes[1]?.toUpperCase() }];
        expect(await look({ resourceDetails: [{ ...detail, includeVolumes }] })).toEqual([
            { property: "resourceDetails[0].includeVolumes[0].id", reason },
        ]);
        expect(await look({ resourceDetails: [{ ...detail, excludeVolumes: [volumes[1]] }] })).toEqual([]);
        expect(world.lines.warn).toEqual([]);
    });

    it("refuses to leave out every volume of a server", async () => {
        await start();
        const { id, type, disks } = server({ disks: 2 });
        const all = disks.map((disk) => disk.id.toUpperCase());
        expect(await look({ resourceDetails: [{ id, type, excludeVolumes: all }] })).toEqual([
            {
                property: "resourceDetails[0].excludeVolumes",
                reason: `leaves out every volume of server ${id}: nothing of it would be backed up`,
            },
        ]);
        expect(await look({ resourceDetails: [{ id, type, excludeVolumes: all.slice(1) }] })).toEqual([]);
    });

    it("knows volumes whose id stands in their details only, and is silent where one has none", async () => {
        await start();
        const { id, type, disks } = server({ disks: 2 });
        const children = (change: (child: object) => object) =>
            altered(world.context(), (answer) => {
                const { instance } = answer as { instance?: { children: object[] } };
                return instance === undefined
                    ? answer
                    : { instance: { ...instance, children: instance.children.map(change) } };
            });
        const resourceDetails = [{ id, type, excludeVolumes: [missing] }];
        const inDetail = children((child) => ({ ...child, id: undefined }));
        expect(await look({ resourceDetails }, inDetail)).toHaveLength(1);
        const nowhere = children((child) => ({
            ...child,
            ...(Reflect.get(child, "id") === disks[0]?.id ? { id: undefined, detail: {} } : {}),
        }));
        expect(await look({ resourceDetails }, nowhere)).toEqual([]);
    });

    it("asks nothing of it on Open Telekom Cloud", async () => {
        await start(otc as never);
        const { id, type } = server({ cannotBackUp: barred });
        expect(await look({ resourceDetails: [{ id, type, excludeVolumes: [missing] }] })).toEqual([]);
        expect([world.lines.warn, world.calls()]).toEqual([[], ["ShowVault"]]);
    });
});
