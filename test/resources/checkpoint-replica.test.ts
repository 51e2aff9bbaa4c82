import { afterEach, describe, expect, it } from "vitest";
import { PartialCreateError } from "../../provider/client/errors/errors";
import type { WireBackup } from "../../provider/client/operations";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { checkInputs } from "../../provider/resource/check";
import { diffInputs } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import {
    type CheckpointReplicaInputs,
    type CheckpointReplicaOutputs,
    checkpointReplica,
} from "../../provider/resources/copies/checkpoint-replica";
import type { Context } from "../../provider/services/context";
import { altered } from "../support/altered";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
/** The restore point that is copied. */
let source: string;
afterEach(() => world.close());

const otc = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
} as const satisfies WorldOptions;
const dialects = [
    ["Huawei Cloud", {}],
    ["OTC", otc],
] as const;

/** A world with a restore point, and another one of the same vault that nobody wants copied. */
async function start(options?: WorldOptions): Promise<string[]> {
    world = await startWorld(options);
    await checkpoint.create(world.context("other"), { vaultId: world.vaultId });
    const { id, outputs } = await checkpoint.create(world.context("source"), { vaultId: world.vaultId });
    source = id;
    world.sim.clearRequests();
    return [...outputs.backupIds].sort();
}

function inputs(more: Partial<CheckpointReplicaInputs> = {}): CheckpointReplicaInputs {
    return {
        checkpointId: source,
        destinationRegion: "eu-nl",
        destinationVaultId: world.destinationVaultId,
        ...more,
    };
}

const create = (more?: Partial<CheckpointReplicaInputs>) =>
    checkpointReplica.create(world.context("copy"), inputs(more));
const update = (error: PartialCreateError<CheckpointReplicaOutputs>, more?: Partial<CheckpointReplicaInputs>) =>
    checkpointReplica.update(world.context("copy"), error.id, error.outputs, inputs(more));
const replicas = () =>
    world.sim.regions["eu-nl"].cloud.snapshot().backups.filter((one) => one.vaultId === world.destinationVaultId);
const ids = (list: readonly { id: string }[]) => list.map((one) => one.id).sort();
/** Source backups for which CopyBackup was called, once a call. */
const posts = () =>
    world.sim.requests
        .filter((request) => request.operation === "CopyBackup")
        .map((request) => request.path.split("/").at(-2))
        .sort();

async function failure(run: Promise<unknown>): Promise<PartialCreateError<CheckpointReplicaOutputs>> {
    const error = await run.then(
        () => expect.unreachable("it should have failed"),
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PartialCreateError);
    return error as PartialCreateError<CheckpointReplicaOutputs>;
}

describe.each(dialects)("on %s", (_, dialect) => {
    it("copies exactly the backups of one restore point and knows each replica", async () => {
        const backups = await start({ servers: 3, ...dialect });
        const { id, outputs } = await create();
        expect(id).toBe(`${source}/eu-nl/${world.destinationVaultId}`);
        expect(outputs).toMatchObject({
            checkpointId: source,
            status: "success",
            verified: true,
            sourceRegion: "eu-de",
            sourceVaultId: world.vaultId,
        });
        expect(outputs.replications.map((one) => one.backupId)).toEqual(backups);
        expect(outputs.replicationRecordIds).toHaveLength(3);
        expect([...outputs.destinationBackupIds].sort()).toEqual(ids(replicas()));
        expect(posts()).toEqual(backups);
        expect((await checkpointReplica.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
        await checkpointReplica.remove(world.context(), id, { ...outputs, deletionPolicy: "delete" });
        expect(replicas()).toEqual([]);
    });

    it("never starts a copy twice when an answer is lost", async () => {
        for (const effect of ["reset-after-effect", "truncate", "status-after-effect"] as const) {
            await start({ servers: 2, ...dialect });
            world.sim.fail({ operation: "CopyBackup", effect });
            const { outputs } = await create();
            expect(outputs.status).toBe("success");
            expect([...outputs.destinationBackupIds].sort()).toEqual(ids(replicas()));
            expect(replicas()).toHaveLength(2);
            expect(posts()).toHaveLength(2);
            await world.close();
        }
        await start();
    });

    it("finds the copies of an interrupted run, sends the rest, and knows every replica", async () => {
        const backups = await start({ servers: 2, replicationMs: 300, ...dialect });
        // The second request never leaves: the process dies before.
        world.sim.fail({ operation: "CopyBackup", effect: { delayMs: 60_000, when: "before" }, nth: 2, times: 0 });
        let isAlive = true;
        const dying = { ...world.context("copy"), isEngineAlive: async () => isAlive };
        void checkpointReplica.create(dying, inputs()).catch(() => {});
        while (posts().length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
        isAlive = false;
        await new Promise((resolve) => setTimeout(resolve, 100));
        world.sim.clearFaults();
        world.sim.finishAll();
        const next = world.restart();
        const { outputs } = await checkpointReplica.create(next.context("copy"), inputs());
        expect(outputs.replications.map((one) => [one.backupId, one.status])).toEqual(
            backups.map((id) => [id, "success"]),
        );
        expect([...outputs.destinationBackupIds].sort()).toEqual(ids(replicas()));
        expect(replicas()).toHaveLength(2);
        expect(next.lines.info[0]).toMatch(/under way already/);
    });
});

it("sends the request again when the lost one surely had no effect", async () => {
    await start({ servers: 2 });
    world.sim.fail({ operation: "CopyBackup", effect: "reset-before" });
    const { outputs } = await create();
    expect(outputs.status).toBe("success");
    expect(posts()).toHaveLength(3);
    expect(replicas()).toHaveLength(2);
});

it("keeps the copies that began when a request is refused; update sends what is missing, and nothing else", async () => {
    const backups = await start({ servers: 3 });
    const [first, refused] = backups;
    world.sim.fail({ operation: "CopyBackup", path: `/${refused}/`, effect: { code: "BackupService.6129" } });
    const error = await failure(create());
    expect(error.id).toBe(`${source}/eu-nl/${world.destinationVaultId}`);
    expect(error.reasons[0]).toMatch(
        /2 of 3 copies began; backup .* did not begin \(CopyBackup: HTTP 400 BackupService.6129/,
    );
    expect(error.outputs.replicationRecordIds).toHaveLength(2);
    expect(error.outputs.replications.map((one) => one.status)).toEqual([
        "waiting_replicate",
        "unsent",
        "waiting_replicate",
    ]);
    expect(error.outputs.replications[0]).toMatchObject({ backupId: first });

    world.sim.clearRequests();
    world.sim.fail({ operation: "CopyBackup", path: `/${refused}/`, effect: { code: "BackupService.6129" } });
    const again = await failure(update(error));
    expect(again.outputs.replicationRecordIds).toEqual(error.outputs.replicationRecordIds);

    const outputs = await update(again);
    expect(posts()).toEqual([refused, refused]);
    expect(outputs).toMatchObject({ status: "success", verified: true });
    expect(outputs.replicationRecordIds).toEqual(expect.arrayContaining(error.outputs.replicationRecordIds));
    expect(outputs.destinationBackupIds).toHaveLength(3);
    expect(replicas()).toHaveLength(3);
});

it("keeps nothing in state when no copy began at all", async () => {
    await start({ servers: 2 });
    world.sim.fail({ operation: "CopyBackup", effect: { code: "BackupService.6120" }, times: 0 });
    const error = await create().catch((thrown: unknown) => thrown);
    expect(error).not.toBeInstanceOf(PartialCreateError);
    expect(String(error)).toMatch(/BackupService.6120/);
});

it("accepts a refused part on request, with a warning", async () => {
    const [refused] = await start({ servers: 2 });
    world.sim.fail({ operation: "CopyBackup", path: `/${refused}/`, effect: { code: "BackupService.6129" } });
    const { id, outputs } = await create({ onPartialFailure: "warn" });
    expect(outputs.destinationBackupIds).toHaveLength(1);
    expect(world.lines.warn.at(-1)).toMatch(/1 good, 1 not: backup .* did not begin .*6129/);
    expect(await checkpointReplica.needsUpdate?.(world.context(), id, outputs, {})).toBe(false);
});

it("never loses a copy of which it is unsure, and never doubles it", async () => {
    const [unsure] = await start({ servers: 2 });
    // The answer is lost, and so are all looks for the effect.
    world.sim.fail({ operation: "CopyBackup", path: `/${unsure}/`, effect: "reset-after-effect" });
    world.sim.fail({ operation: "ShowBackup", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
    const error = await failure(create());
    expect(error.reasons[0]).toMatch(/1 of 2 copies began; backup .* may or may not have begun/);
    expect(error.outputs.replications[0]).toMatchObject({ backupId: unsure, status: "unsure" });
    world.sim.clearFaults();
    world.sim.clearRequests();
    const outputs = await checkpointReplica.update(elsewhere(), error.id, error.outputs, inputs());
    expect(posts()).toEqual([]);
    expect(outputs.status).toBe("success");
    expect([...outputs.destinationBackupIds].sort()).toEqual(ids(replicas()));
    expect(replicas()).toHaveLength(2);
});

it("deletes nothing that an unsure copy may have left: it may be another's", async () => {
    const [unsure] = await start();
    world.sim.fail({ operation: "CopyBackup", path: `/${unsure}/`, effect: "reset-after-effect" });
    world.sim.fail({ operation: "ShowBackup", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
    const error = await failure(create({ deletionPolicy: "delete" }));
    world.sim.clearFaults();
    world.sim.finishAll();
    expect(replicas()).toHaveLength(1);
    const [left] = replicas();
    await checkpointReplica.remove(world.context("copy"), error.id, error.outputs);
    expect(ids(replicas())).toEqual([left?.id]);
    expect(world.lines.info.at(-1)).toMatch(
        new RegExp(`retained ${left?.id} in eu-nl.*nothing but place and time says that they are this resource's`),
    );
});

/** The same cloud, seen from a machine that knows nothing of what this one sent. */
const elsewhere = (): Context => ({ ...world.restart().context("copy"), journal: memoryJournal() });

it("keeps every record id when the wait runs out, and update resumes without a request", async () => {
    await start({ servers: 2, replicationMs: 60_000 });
    const error = await failure(create({ timeouts: { create: "500ms" } }));
    expect(error.reasons[0]).toMatch(/replication of restore point .* not finished after/);
    expect(error.outputs.replicationRecordIds).toHaveLength(2);
    world.sim.finishAll();
    world.sim.clearRequests();
    const outputs = await update(error);
    expect(outputs).toMatchObject({ status: "success", replicationRecordIds: error.outputs.replicationRecordIds });
    expect(posts()).toEqual([]);
    expect(replicas()).toHaveLength(2);
});

it("checks the replicas in update when it could not before", async () => {
    await start();
    // Only checkReplicas lists the destination.
    world.sim.fail({
        operation: "ListBackups",
        region: "eu-nl",
        effect: { status: 403, code: "APIGW.0302" },
        times: 0,
    });
    world.sim.fail({ operation: "CopyBackup", effect: { kind: "replica-error" } });
    const error = await failure(create());
    expect(error.outputs).toMatchObject({ status: "success", verified: undefined });
    expect(await checkpointReplica.needsUpdate?.(world.context(), error.id, error.outputs, {})).toBe(true);
    world.sim.clearFaults();
    const again = await failure(update(error));
    expect(again.reasons[0]).toMatch(/has status error, although its record says success/);
    expect(again.outputs).toMatchObject({ status: "fail", verified: true, destinationBackupIds: [] });
});

it("reports a failed copy with the cloud's reason and keeps the good ones", async () => {
    const [bad] = await start({ servers: 2 });
    const effect = { kind: "record-fail", code: "BackupService.1006", reason: "import failed" } as const;
    world.sim.fail({ operation: "CopyBackup", path: `/${bad}/`, effect });
    const error = await failure(create());
    expect(error.reasons[0]).toMatch(/1 good, 1 not: .*BackupService.1006: import failed/);
    expect(error.outputs).toMatchObject({ status: "fail", verified: true });
    expect(error.outputs.destinationBackupIds).toHaveLength(1);
    expect(await checkpointReplica.needsUpdate?.(world.context(), error.id, error.outputs, {})).toBe(true);
    const accepted = await update(error, { onPartialFailure: "warn" });
    expect(accepted.destinationBackupIds).toHaveLength(1);
    expect(posts()).toHaveLength(2);
});

it("adopts replicas that were there before, and never deletes them", async () => {
    await start({ servers: 2 });
    const first = await create();
    const second = await create({ triggers: { again: 1 }, deletionPolicy: "delete" });
    expect(second.outputs).toMatchObject({ status: "skip" });
    expect(second.outputs.replications.map((one) => one.adopted)).toEqual([true, true]);
    expect([...second.outputs.destinationBackupIds].sort()).toEqual([...first.outputs.destinationBackupIds].sort());
    await checkpointReplica.remove(world.context(), second.id, second.outputs);
    expect(replicas()).toHaveLength(2);
    expect(world.lines.info.at(-1)).toMatch(/2 replicas .* were there before this resource and are retained/);
});

it("waits for a restore point that still runs, and leaves out what failed with a warning", async () => {
    world = await startWorld({ servers: 2, backupMs: 400 });
    const failing = [...(world.sim.regions["eu-de"].cloud.vaults.get(world.vaultId)?.resources.keys() ?? [])][0] ?? "";
    world.sim.regions["eu-de"].cloud.setBackupOutcome(failing, "error");
    source = (await checkpoint.create(world.context("source"), { vaultId: world.vaultId, wait: false })).id;
    const { outputs } = await create();
    expect(outputs.replications).toHaveLength(1);
    expect(outputs.status).toBe("success");
    expect(world.lines.warn[0]).toMatch(/not copied, because only available backups can be: .* \(error\)/);
});

it("says clearly when there is no such restore point, or none of its backups is good", async () => {
    await start();
    await expect(create({ checkpointId: "8b0851a8-adf3-4f4c-a914-dead08bf9664" })).rejects.toThrow(
        /there is no restore point 8b0851a8.* in eu-de/,
    );
    source = world.sim.regions["eu-de"].cloud.addCheckpoint(world.vaultId, { status: "error" }).id;
    await expect(create()).rejects.toThrow(/has no backup that could be copied: .* \(error\)/);
    expect(posts()).toEqual([]);
});

it("never takes a forbidden or a broken answer for a missing restore point", async () => {
    await start();
    for (const effect of [
        { status: 403, code: "APIGW.0302" },
        { status: 404, shape: "html" },
    ] as const) {
        world.sim.fail({ operation: "ShowCheckpoint", effect, times: 9 });
        await expect(create()).rejects.toThrow(/ShowCheckpoint: HTTP 40[34]/);
        world.sim.clearFaults();
    }
});

it("returns at once without waiting; a refresh and an update bring it up to date", async () => {
    await start({ replicationMs: 100_000 });
    const { id, outputs } = await create({ wait: false });
    expect(outputs).toMatchObject({ status: "replicating", destinationBackupIds: [] });
    expect(outputs.replicationRecordIds).toHaveLength(1);
    expect(await checkpointReplica.needsUpdate?.(world.context(), id, outputs, {})).toBe(false);
    world.sim.finishAll();
    expect(await checkpointReplica.needsUpdate?.(world.context(), id, outputs, {})).toBe(true);
    const updated = await checkpointReplica.update(world.context(), id, outputs, inputs({ wait: false }));
    expect(updated).toMatchObject({ status: "success", verified: true });
    expect((await checkpointReplica.read(world.context(), id, outputs))?.outputs.status).toBe("success");
    expect(posts()).toHaveLength(1);
});

it("reports replicas that are gone, and stays in state", async () => {
    await start({ servers: 2 });
    const { id, outputs } = await create();
    const [gone = "", left] = outputs.destinationBackupIds;
    world.sim.regions["eu-nl"].cloud.deleteBackupBehindOurBack(gone);
    const read = await checkpointReplica.read(world.context(), id, outputs);
    expect(read?.outputs.destinationBackupIds).toEqual([left]);
    expect(world.lines.warn.at(-1)).toContain(gone);
});

it("reads many runs with one list of the destination's vault", async () => {
    await start();
    const { id, outputs } = await create();
    world.sim.clearRequests();
    const read = await Promise.all(
        Array.from({ length: 20 }, () => checkpointReplica.read(world.context(), id, outputs)),
    );
    expect(read.map((one) => one?.outputs)).toEqual(Array.from({ length: 20 }, () => outputs));
    expect(world.sim.requests.map((request) => request.operation)).toEqual(["ListBackups"]);
});

it("retains by default and says what stays; deletes a running copy only after it has ended", async () => {
    await start({ servers: 2, replicationMs: 200 });
    const kept = await create();
    await checkpointReplica.remove(world.context(), kept.id, kept.outputs);
    expect(replicas()).toHaveLength(2);
    expect(world.lines.info.at(-1)).toMatch(/retained 2 replicas in eu-nl/);
    for (const one of replicas()) world.sim.regions["eu-nl"].cloud.deleteBackupBehindOurBack(one.id);
    const running = await create({ wait: false, deletionPolicy: "delete", triggers: { release: 2 } });
    await checkpointReplica.remove(world.context(), running.id, running.outputs);
    expect(replicas()).toEqual([]);
});

it("replaces for what reached the API, and deletes first where one replica only may be", async () => {
    await start();
    const { id, outputs } = await create({ deletionPolicy: "delete" });
    const diff = (more: Partial<CheckpointReplicaInputs>) =>
        diffInputs(checkpointReplica, world.context(), {
            id,
            olds: outputs,
            news: inputs({ deletionPolicy: "delete", ...more }),
            isUnknown: () => false,
        });
    expect(await diff({})).toMatchObject({ replaces: [], updates: [], changedByState: false });
    expect(await diff({ destinationProjectId: outputs.destinationProjectId })).toMatchObject({ replaces: [] });
    expect(await diff({ deletionPolicy: "retain", onPartialFailure: "warn" })).toMatchObject({
        replaces: [],
        updates: ["onPartialFailure", "deletionPolicy"],
    });
    expect(await diff({ triggers: { a: 1 } })).toMatchObject({ replaces: ["triggers"], deleteBeforeReplace: true });
    const other = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
    expect(await diff({ checkpointId: other })).toMatchObject({
        replaces: ["checkpointId"],
        deleteBeforeReplace: false,
    });
});

it("checks its inputs, and asks the cloud what a preview can know", async () => {
    await start();
    expect(checkInputs(checkpointReplica, { region: "eu-de", destinationRegion: "eu-de" }, () => false)).toEqual([
        { property: "checkpointId", reason: "is required" },
        { property: "destinationVaultId", reason: "is required" },
        { property: "destinationRegion", reason: "is the source's own region; copies go to another one" },
    ]);
    const preflight = async (more: Partial<CheckpointReplicaInputs>) =>
        (await checkpointReplica.preflight?.(world.context(), inputs(more)))?.map((one) => [one.property, one.reason]);
    expect(await preflight({})).toEqual([]);
    const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
    expect(await preflight({ checkpointId: missing })).toEqual([
        ["checkpointId", expect.stringContaining(`there is no restore point ${missing} in eu-de`)],
    ]);
    expect(await preflight({ destinationVaultId: missing })).toEqual([
        ["destinationVaultId", expect.stringContaining(`there is no vault ${missing} in eu-nl`)],
    ]);
    const disks = world.sim.regions["eu-de"].cloud.addVault({ objectType: "disk", resources: 1 });
    const ofDisks = world.sim.regions["eu-de"].cloud.addCheckpoint(disks.id).id;
    expect(await preflight({ checkpointId: ofDisks })).toEqual([
        ["checkpointId", expect.stringContaining("is for objects of type disk, which cannot be replicated")],
    ]);
});

describe("a list that is late", () => {
    /** Without the restore point's rows of the first resource, for so many looks. */
    function late(looks: number): Context {
        const context = world.context("copy");
        const begun = Date.now();
        const [first] = world.sim.regions["eu-de"].cloud.backupsOf(source);
        let left = looks;
        // Sleeps are 25 times shorter in these tests, and so is a minute's grace.
        const clock = { ...context.clock, now: () => begun + (Date.now() - begun) * 25 };
        return altered({ ...context, clock }, (answer) => {
            const { backups } = answer as { backups?: WireBackup[] };
            if (backups === undefined || left-- <= 0) return answer;
            return { ...(answer as object), backups: backups.filter((row) => row.id !== first?.id) };
        });
    }

    it("is asked again before a backup is left out", async () => {
        const backups = await start({ servers: 2 });
        const { outputs } = await checkpointReplica.create(late(3), inputs());
        expect(outputs.replications.map((one) => one.backupId)).toEqual(backups);
        await world.close();
        await start();
        expect((await checkpointReplica.create(late(3), inputs())).outputs.replications).toHaveLength(1);
    });

    it("is believed in the end, with a line that names the resource", async () => {
        await start({ servers: 2 });
        const [first] = world.sim.regions["eu-de"].cloud.backupsOf(source);
        const { outputs } = await checkpointReplica.create(late(1_000), inputs());
        expect(outputs.replications).toHaveLength(1);
        expect(world.lines.warn).toEqual([
            `restore point ${source}: not copied, because no backup of them is listed: resource ${first?.resourceId}`,
        ]);
    });
});
