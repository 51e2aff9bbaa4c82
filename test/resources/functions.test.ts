import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { checkpointPreview, checkpointTaker } from "../../provider/functions/checkpoint-before";
import { invoke } from "../../provider/functions/index";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import * as cbr from "../../sdk/index";
import { requireTypeScript } from "../support/require-typescript";
import { startWorld, type World, type WorldOptions } from "../support/world";

requireTypeScript();
let world: World;
afterEach(() => world.close());

beforeAll(async () => {
    await pulumi.runtime.setMocks({
        newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs }),
        call: ({ inputs }) => inputs,
    });
});

/** A world whose settings are this stack's configuration, as the engine gives it to a program. */
async function start(options: WorldOptions = {}) {
    world = await startWorld(options);
    const { config } = world.sim.settings({ signIn: "password" });
    pulumi.runtime.setAllConfig({ ...config, "cbr:maxRequestsPerSecond": "1000", "other:key": "1" }, ["cbr:password"]);
    return world.sim.regions["eu-de"].cloud;
}

const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
const value = <T>(output: pulumi.Output<T>): Promise<T> => new Promise((resolve) => output.apply(resolve));

describe.each(["huawei", "otc"] as const)("in the %s dialect", (dialect) => {
    const regions = {
        regions: [
            { name: "eu-de", dialect },
            { name: "eu-nl", dialect },
        ],
    } as const;

    it("reads a restore point with its backups", async () => {
        const cloud = await start({ servers: 2, ...regions });
        const { id } = cloud.addCheckpoint(world.vaultId, { name: "nightly" });
        const found = await cbr.getCheckpoint({ checkpointId: id });
        expect(found).toMatchObject({
            checkpointId: id,
            status: "available",
            region: "eu-de",
            vault: { id: world.vaultId },
        });
        expect(found.backupIds).toEqual(found.backups.map((one) => one.id));
        expect(found.backups.map((one) => one.resourceSizeGb)).toEqual([40, 40]);
        expect(found).not.toHaveProperty("vaultId");
    });

    it("reads a backup with its disks, and lists backups newest first", async () => {
        const cloud = await start(regions);
        const made = [3, 1, 2].map((hours) =>
            cloud.addCheckpoint(world.vaultId, { createdAt: new Date(Date.now() - hours * 3_600_000) }),
        );
        const [old, young, middle] = made.map((one) => cloud.backupsOf(one.id)[0]?.id ?? "");
        const list = await cbr.getBackups({ vaultId: world.vaultId });
        expect(list.map((one) => one.id)).toEqual([young, middle, old]);
        const one = await cbr.getBackup({ backupId: young ?? "" });
        expect(one).toMatchObject({
            id: young,
            region: "eu-de",
            imageType: "backup",
            resourceSizeGb: 40,
            status: "available",
        });
        expect(one.children).toHaveLength(1);
        expect((await cbr.getBackups({ checkpointId: made[0]?.id })).map((each) => each.id)).toEqual([old]);
        const since = new Date(Date.now() - 2.5 * 3_600_000).toISOString();
        expect((await cbr.getBackups({ startTime: since })).map((each) => each.id)).toEqual([young, middle]);
        expect(await cbr.getBackups({ status: ["error", "deleting"] })).toEqual([]);
    });

    it("reads vaults, with units in the names", async () => {
        const cloud = await start(regions);
        cloud.setVault(world.vaultId, { sizeGb: 500, usedMb: 2048, name: "a-vault" });
        expect(await cbr.getVault({ vaultId: world.vaultId })).toMatchObject({
            id: world.vaultId,
            name: "a-vault",
            sizeGb: 500,
            usedMb: 2048,
            protectType: "backup",
            resources: [{ sizeGb: 40 }],
        });
        expect((await cbr.getVaults({ protectType: "backup", cloudType: "public" })).map((one) => one.id)).toEqual([
            world.vaultId,
        ]);
        const names = (await cbr.getVaults()).map((one) => one.name);
        expect(names).toEqual([...names].sort());
        expect(
            (await cbr.getVaults({ region: "eu-nl", projectId: world.sim.regions["eu-nl"].projectId })).map(
                (one) => one.id,
            ),
        ).toEqual([world.destinationVaultId]);
    });

    it("reads what can be copied where, and the tasks", async () => {
        await start({ servers: 2, ...regions });
        expect(await cbr.getReplicationCapabilities()).toMatchObject({
            region: "eu-de",
            destinations: ["eu-nl"],
            regions: [
                { name: "eu-de", destinations: ["eu-nl"] },
                { name: "eu-nl", destinations: ["eu-de"] },
            ],
        });
        const { id } = await checkpoint.create(world.context(), { vaultId: world.vaultId });
        await checkpoint.create(world.context(), { vaultId: world.vaultId });
        const logs = await cbr.getOperationLogs({ checkpointId: id, operationType: "backup" });
        expect(logs).toHaveLength(2);
        expect(logs[0]).toMatchObject({
            status: "success",
            operationType: "backup",
            checkpointId: id,
            vaultId: world.vaultId,
            progress: 100,
        });
        const log = await cbr.getOperationLog({ operationLogId: logs[0]?.id ?? "" });
        expect(log).toEqual(logs[0]);
    });
});

it("reads every page", async () => {
    const cloud = await start();
    for (let count = 0; count < 1_050; count++) cloud.addVault({ protectType: "replication" });
    expect(await cbr.getVaults({ protectType: "replication" })).toHaveLength(1_050);
    expect(world.calls().filter((call) => call === "ListVaults")).toHaveLength(2);
});

it("gives the replication records of a backup", async () => {
    const cloud = await start();
    cloud.addCheckpoint(world.vaultId);
    const { vaultId, destinationVaultId } = world;
    const { outputs } = await vaultReplication.create(world.context(), {
        vaultId,
        destinationVaultId,
        destinationRegion: "eu-nl",
    });
    const [one] = await cbr.getBackups({ vaultId, showReplication: true });
    expect(one?.replicationRecords).toMatchObject([
        {
            id: outputs.replicationRecordIds[0],
            status: "success",
            destinationRegion: "eu-nl",
            destinationBackupId: outputs.destinationBackupIds[0],
        },
    ]);
    expect((await cbr.getBackup({ backupId: one?.id ?? "" })).replicationRecords).toEqual(one?.replicationRecords);
});

it("says clearly what is not there, and where it looked", async () => {
    await start();
    const where = `in eu-de, project ${world.sim.regions["eu-de"].projectId}`;
    await expect(cbr.getCheckpoint({ checkpointId: missing })).rejects.toThrow(
        `getCheckpoint: there is no restore point ${missing} ${where} (BackupService.6217)`,
    );
    await expect(cbr.getBackup({ backupId: missing })).rejects.toThrow(
        `getBackup: there is no backup ${missing} ${where} (BackupService.6200)`,
    );
    await expect(cbr.getVault({ vaultId: missing })).rejects.toThrow(
        `getVault: there is no vault ${missing} ${where} (BackupService.6105)`,
    );
    await expect(cbr.getOperationLog({ operationLogId: missing })).rejects.toThrow(
        `getOperationLog: there is no task ${missing} ${where}`,
    );
});

it("takes no forbidden and no foreign answer for a missing object", async () => {
    await start();
    world.sim.fail({ operation: "ShowVault", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
    await expect(cbr.getVault({ vaultId: missing })).rejects.toThrow(/getVault: ShowVault: HTTP 403/);
    world.sim.clearFaults();
    world.sim.fail({ operation: "ShowVault", effect: { status: 404, shape: "html" }, times: 0 });
    await expect(cbr.getVault({ vaultId: missing })).rejects.toThrow(/getVault: ShowVault: HTTP 404/);
});

it("refuses arguments that make no sense, by name, without a request", async () => {
    await start();
    world.sim.clearRequests();
    await expect(cbr.getVault({ vaultId: "x" })).rejects.toThrow(/getVault: vaultId: must be a UUID/);
    await expect(cbr.getVault({} as never)).rejects.toThrow(/getVault: vaultId: /);
    await expect(cbr.getBackups({ vault: missing } as never)).rejects.toThrow(
        /getBackups: vault: not among the arguments, which are region, projectId, checkpointId/,
    );
    await expect(cbr.getBackups({ startTime: "yesterday" })).rejects.toThrow(/startTime: must be a time such as/);
    expect(world.calls()).toEqual([]);
});

it("says what is missing when nothing is configured", async () => {
    await start();
    pulumi.runtime.setAllConfig({});
    await expect(cbr.getVaults()).rejects.toThrow(/getVaults: No region is set: .*`?cbr:region/);
});

it("signs in once, however many look at the same time", async () => {
    await start();
    await Promise.all(Array.from({ length: 10 }, () => cbr.getVault({ vaultId: world.vaultId })));
    expect(world.sim.requests.filter((request) => request.service === "iam" && request.method === "POST")).toHaveLength(
        1,
    );
});

it("lifts Outputs: known ones are looked up, secrets stay secret", async () => {
    await start();
    const vault = cbr.getVaultOutput({ vaultId: pulumi.output(world.vaultId) });
    expect(await value(vault.id)).toBe(world.vaultId);
    const secret = cbr.getVaultOutput({ vaultId: pulumi.secret(world.vaultId) });
    expect(await value(secret.id)).toBe(world.vaultId);
    expect(await pulumi.isSecret(secret)).toBe(true);
    expect(await pulumi.isSecret(vault)).toBe(false);
    const { id } = world.sim.regions["eu-de"].cloud.addCheckpoint(world.vaultId);
    const first = cbr.getBackupsOutput({ checkpointId: pulumi.output(id) }).apply((list) => list[0]?.checkpointId);
    expect(await value(first)).toBe(id);
});

it("shows no argument that is a secret in what it says", async () => {
    await start();
    const { config } = world.sim.settings({ signIn: "password" });
    const vaultId = "5eed0000-0000-4000-8000-0000000000ff";
    await expect(invoke("getVault", { vaultId }, config, ["vaultId"])).rejects.toThrow(
        /^getVault: (?!.*5eed).*\[secret\]/,
    );
});

it("stays unknown in a preview while an input or a dependency is, and asks nothing", async () => {
    await start();
    world.sim.clearRequests();
    await pulumi.runtime.setMocks(
        { newResource: ({ inputs }) => ({ id: undefined, state: inputs }), call: ({ inputs }) => inputs },
        "p",
        "s",
        true,
    );
    const { config } = world.sim.settings({ signIn: "password" });
    pulumi.runtime.setAllConfig(config);
    const unknown = new (pulumi.Output as unknown as new (...parts: unknown[]) => pulumi.Output<string>)(
        [],
        Promise.resolve(""),
        Promise.resolve(false),
        Promise.resolve(false),
        Promise.resolve([]),
    );
    const vault = cbr.getVaultOutput({ vaultId: unknown });
    expect(await (vault as unknown as { isKnown: Promise<boolean> }).isKnown).toBe(false);
    expect(world.calls()).toEqual([]);
    await pulumi.runtime.setMocks(
        { newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs }), call: ({ inputs }) => inputs },
        "p",
        "s",
        false,
    );
});

const event = {
    name: "database",
    urn: "urn:pulumi:dev::shop::rds:Instance::database",
    action: "update",
} as const;
const checkpoints = () => world.sim.regions["eu-de"].cloud.snapshot().checkpoints;
const lines: string[] = [];

const send = (line: { message: string; ephemeral: boolean }) => {
    if (!line.ephemeral) lines.push(line.message);
};
const wanted = (more: Record<string, unknown>, unknown: readonly string[] = []) => {
    lines.length = 0;
    const known = Object.fromEntries(
        Object.entries({ vaultId: world.vaultId, ...more }).filter(([key]) => !unknown.includes(key)),
    );
    return { name: "guard", inputs: async () => ({ known, unknown }), send };
};
const taker = (more: Record<string, unknown> = {}, services = world.services, unknown: readonly string[] = []) =>
    checkpointTaker(services, wanted(more, unknown));
const previewer = (more: Record<string, unknown> = {}, unknown: readonly string[] = []) =>
    checkpointPreview(world.services, wanted(more, unknown));

describe("a hook", () => {
    it("takes a restore point, waits for it, and says so", async () => {
        await start({ servers: 2 });
        await taker()(event);
        expect(checkpoints()).toMatchObject([
            { status: "available", name: expect.stringMatching(/^guard-[0-9a-f]{8}$/) },
        ]);
        expect(lines).toEqual([
            expect.stringMatching(/^guard: restore point .* is good \(2 backups\); database may be changed$/),
        ]);
    });

    it("fails, so that nothing is changed, when the restore point is not good", async () => {
        await start({ servers: 2 });
        world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "backup-error", resource: 0 } });
        await expect(taker()(event)).rejects.toThrow(
            /^guard: database is not changed, because there is no good restore point: .*1 good, 1 failed/,
        );
        world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "skip-resource" } });
        await expect(taker()(event)).rejects.toThrow(/skipped 1 of the resources/);
        await expect(taker({ vaultId: missing })(event)).rejects.toThrow(/6105/);
        await expect(taker({ vaultId: "x" })(event)).rejects.toThrow(/vaultId must be a UUID/);
    });

    it("says of a deletion that nothing is deleted", async () => {
        await start();
        const deletion = { ...event, action: "delete" } as const;
        await taker()(deletion);
        expect(lines).toEqual([expect.stringMatching(/is good \(1 backup\); database may be deleted$/)]);
        world.sim.fail({ operation: "CreateCheckpoint", effect: { code: "BackupService.6113" } });
        await expect(taker()(deletion)).rejects.toThrow(
            /^guard: database is not deleted, because there is no good restore point: .*6113/,
        );
    });

    it("takes nothing in a preview, and says what will be taken before what", async () => {
        await start({ servers: 2 });
        const [server = ""] = [...(world.sim.regions["eu-de"].cloud.vaults.get(world.vaultId)?.resources.keys() ?? [])];
        await previewer()(event);
        expect(lines).toEqual([
            `guard: a restore point of vault ${world.vaultId} is taken first; database is changed only if it is good`,
        ]);
        await previewer({ resources: [server] })({ ...event, action: "delete" });
        expect(lines).toEqual([
            `guard: a restore point of vault ${world.vaultId} (resource ${server}) is taken first; database is deleted only if it is good`,
        ]);
        await previewer({}, ["vaultId"])(event);
        expect(lines).toEqual([
            "guard: a restore point of a vault that is not known yet is taken first; database is changed only if it is good",
        ]);
        expect(checkpoints()).toEqual([]);
    });

    it("fails a preview in which it is sure that no restore point can be taken", async () => {
        await start();
        await expect(previewer({ vaultId: missing })(event)).rejects.toThrow(
            /^guard: database cannot be changed, because no restore point can be taken: vaultId there is no vault .*6105/,
        );
        await expect(previewer({ vaultId: "x" })({ ...event, action: "delete" })).rejects.toThrow(
            /^guard: database cannot be deleted, because no restore point can be taken: vaultId must be a UUID/,
        );
        await expect(previewer({ resources: [missing] }, ["vaultId"])(event)).resolves.toBeUndefined();
        // A run that goes on in spite of failures may not know, either; it must not take another restore point instead.
        await expect(taker({}, world.services, ["resources"])(event)).rejects.toThrow(
            /its arguments are not known: resources\./,
        );
        expect(checkpoints()).toEqual([]);
    });

    it("takes one restore point for all that share it, and another one after a failure", async () => {
        await start();
        const take = taker();
        await Promise.all(["a", "b", "c"].map((name) => take({ ...event, name })));
        await take(event);
        expect(checkpoints()).toHaveLength(1);
        world.sim.fail({ operation: "CreateCheckpoint", effect: { code: "BackupService.6113" } });
        const other = taker();
        await expect(other(event)).rejects.toThrow(/6113/);
        await other(event);
        expect(checkpoints()).toHaveLength(2);
    });

    it("finds its restore point when the answer is lost", async () => {
        await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
        await taker()(event);
        expect(checkpoints()).toHaveLength(1);
    });

    it("waits on in the next run when the wait ran out, and takes no second one", async () => {
        await start({ backupMs: 60_000 });
        await expect(taker({ timeouts: { create: "400ms" } })(event)).rejects.toThrow(/not finished after/);
        world.sim.finishAll();
        const next = world.restart();
        await taker({}, next.services)(event);
        expect(checkpoints()).toHaveLength(1);
        // And after a good one, the next change gets one of its own.
        await taker({ timeouts: { create: "400ms" } }, next.services)(event).catch(() => {});
        expect(checkpoints()).toHaveLength(2);
    });

    it("takes a new one when that of an interrupted run is too old", async () => {
        await start({ backupMs: 60_000 });
        await expect(taker({ timeouts: { create: "400ms" } })(event)).rejects.toThrow(/not finished after/);
        world.sim.finishAll();
        const [first] = checkpoints();
        for (const file of world.notes.list("")) {
            const note = JSON.parse(world.notes.read(file) ?? "");
            world.notes.write(file, JSON.stringify({ ...note, until: note.until - 3_700_000 }));
        }
        await taker({ timeouts: { create: "400ms" } }, world.restart().services)(event).catch(() => {});
        expect(checkpoints()).toHaveLength(2);
        expect(lines[0]).toContain(`it made restore point ${first?.id}. Too much may have changed since`);
    });

    it("does not wait for ever for arguments that wait for it", async () => {
        await start();
        const clock = {
            ...world.services.clock,
            sleep: (ms: number, signal?: AbortSignal) => world.services.clock.sleep(ms / 1_000, signal),
        };
        const take = checkpointTaker(
            { ...world.services, clock, journal: memoryJournal() },
            { name: "guard", inputs: () => new Promise(() => {}), send: () => {} },
        );
        await expect(take(event)).rejects.toThrow(
            /its arguments are not known. They must not depend on the resource that has the hook/,
        );
    });
});
