import { afterEach, expect, it } from "vitest";
import { PartialCreateError } from "../../provider/client/errors/errors";
import {
    type CheckpointInputs,
    type CheckpointOutputs,
    checkpoint,
} from "../../provider/resources/checkpoint/checkpoint";
import { altered } from "../support/altered";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

async function start(options?: WorldOptions): Promise<World> {
    world = await startWorld(options);
    return world;
}

function inputs(more: Partial<CheckpointInputs> = {}): CheckpointInputs {
    return { vaultId: world.vaultId, ...more };
}

function create(more: Partial<CheckpointInputs> = {}, name?: string) {
    return checkpoint.create(world.context(name), inputs(more));
}

async function failure(run: Promise<unknown>): Promise<PartialCreateError<CheckpointOutputs>> {
    const error = await run.then(
        () => expect.unreachable("it should have failed"),
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PartialCreateError);
    return error as PartialCreateError<CheckpointOutputs>;
}

const checkpoints = () => world.sim.regions["eu-de"].cloud.snapshot().checkpoints;
const posts = () => world.calls().filter((call) => call === "CreateCheckpoint").length;

it("takes a restore point, waits for it and says everything about it", async () => {
    await start({ servers: 2 });
    const { id, outputs } = await create({ description: "before" }, "nightly");
    expect(checkpoints()).toHaveLength(1);
    expect(outputs).toMatchObject({ checkpointId: id, status: "available", region: "eu-de", description: "before" });
    expect(outputs.name).toMatch(/^nightly-[0-9a-f]{8}$/);
    expect(outputs.backups).toHaveLength(2);
    expect(outputs.backupIds).toEqual(outputs.backups.map((one) => one.id));
    expect(Object.keys(outputs.backupIdByResource)).toEqual(outputs.backups.map((one) => one.resourceId));
    expect(outputs.backups[0]?.children).toHaveLength(1);
    expect(outputs.vault.id).toBe(world.vaultId);
});

it("asks the cloud three times at most, beside the looks that all share", async () => {
    await start({ backupMs: 0 });
    await create();
    // The tasks: one list a run, whatever else it makes.
    expect(world.calls()).toEqual(["CreateCheckpoint", "ListBackups", "ShowCheckpoint", "ListOpLogs"]);
});

it("finds a restore point whose answer was lost, and takes no second one", async () => {
    for (const effect of ["reset-after-effect", "truncate", "status-after-effect"] as const) {
        await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect });
        const { outputs } = await create();
        expect(checkpoints()).toHaveLength(1);
        expect(outputs.status).toBe("available");
        expect(posts()).toBe(1);
        await world.close();
    }
    await start();
});

it("sends the request again when the lost one surely had no effect", async () => {
    for (const effect of ["reset-before", { status: 504, shape: "html" }] as const) {
        await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect });
        await create();
        expect(checkpoints()).toHaveLength(1);
        expect(posts()).toBe(2);
        await world.close();
    }
    await start();
});

it("finds it by a user's own name too, and not somebody else's of the same minute", async () => {
    await start();
    const cloud = world.sim.regions["eu-de"].cloud;
    cloud.addCheckpoint(world.vaultId, { name: "release", createdAt: new Date(Date.now() - 20_000) });
    world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
    const { id } = await create({ name: "release" });
    expect(checkpoints()).toHaveLength(2);
    const others = checkpoints().filter((one) => one.id !== id);
    expect(others).toHaveLength(1);
});

it("says that it is unsure rather than guess or double", async () => {
    await start();
    world.sim.regions["eu-de"].cloud.addCheckpoint(world.vaultId, { name: "release" });
    world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
    await expect(create({ name: "release" })).rejects.toThrow(/2 restore points named release .* `adopt`/);
    expect(posts()).toBe(1);
    await expect(create({ name: "release" })).rejects.toThrow(/2 restore points named release/);
    expect(posts()).toBe(1);
});

it("keeps the id when the wait runs out, and update resumes without a second request", async () => {
    await start({ backupMs: 60_000 });
    const error = await failure(create({ timeouts: { create: "1s" } }));
    expect(error.reasons[0]).toMatch(/not finished after .*seen: \w+ × \d+/);
    const again = await failure(
        checkpoint.update(world.context(), error.id, error.outputs, inputs({ timeouts: { create: "1s" } })),
    );
    expect(again.id).toBe(error.id);
    world.sim.finishAll();
    const outputs = await checkpoint.update(world.context(), error.id, again.outputs, inputs());
    expect(outputs.status).toBe("available");
    expect(outputs.backupIds).toHaveLength(1);
    expect(posts()).toBe(1);
});

it("fails the resumed wait when the backup failed meanwhile, and when it is gone meanwhile", async () => {
    await start({ backupMs: 60_000 });
    world.sim.fail({
        operation: "CreateCheckpoint",
        effect: { kind: "backup-error", code: "BackupService.7103", message: "no agent" },
    });
    const first = await failure(create({ timeouts: { create: "300ms" } }));
    world.sim.finishAll();
    const failed = await failure(checkpoint.update(world.context(), first.id, first.outputs, inputs()));
    expect(failed.outputs.status).toBe("error");
    expect(failed.outputs.backupIds).toEqual([]);
    expect(failed.reasons[0]).toMatch(/BackupService.7103: no agent/);

    const second = await failure(create({ timeouts: { create: "300ms" } }, "second"));
    world.sim.regions["eu-de"].cloud.expireCheckpoint(second.id);
    const gone = await failure(checkpoint.update(world.context(), second.id, second.outputs, inputs()));
    expect(gone.outputs.status).toBe("expired");
    expect(gone.reasons[0]).toMatch(/vanished/);
});

it("judges every resource: partly failed fails by default and keeps the good ones", async () => {
    await start({ servers: 3 });
    const reason = { code: "BackupService.7103", message: "no agent" };
    world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "backup-error", resource: 1, ...reason } });
    const error = await failure(create());
    expect(error.outputs.backups).toHaveLength(3);
    expect(error.outputs.backupIds).toHaveLength(2);
    expect(error.reasons[0]).toMatch(/2 good, 1 failed: .*BackupService.7103: no agent/);
    const accepted = await checkpoint.update(
        world.context(),
        error.id,
        error.outputs,
        inputs({ onPartialFailure: "warn" }),
    );
    expect(accepted.backupIds).toHaveLength(2);
    expect(world.lines.warn.at(-1)).toMatch(/2 good, 1 failed/);
});

it("warns of skipped resources, fails on request, and fails when nothing at all was backed up", async () => {
    await start({ servers: 2 });
    const skip = {
        operation: "CreateCheckpoint",
        effect: { kind: "skip-resource", code: "BackupService.2002", reason: "busy" },
    } as const;
    world.sim.fail(skip);
    const { outputs } = await create();
    expect(outputs.skippedResources).toMatchObject([{ code: "BackupService.2002", reason: "busy" }]);
    expect(outputs.backupIds).toHaveLength(1);
    expect(world.lines.warn.at(-1)).toMatch(/skipped 1 of the resources/);
    world.sim.fail(skip);
    const error = await failure(create({ onSkipped: "fail" }, "strict"));
    expect(error.reasons[0]).toMatch(/BackupService.2002: busy.*onSkipped/);
    world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "skip-resource", resource: "all" } });
    await expect(create({}, "none")).rejects.toThrow(/BackupService.0001/);
});

it("waits for a busy vault and then takes the restore point", async () => {
    await start();
    for (const code of ["BackupService.0002", "BackupService.1001", "BackupService.6125"])
        world.sim.fail({ operation: "CreateCheckpoint", effect: { code } });
    const { outputs } = await create();
    expect(outputs.status).toBe("available");
    expect(checkpoints()).toHaveLength(1);
});

it("keeps an expired restore point in state, with its last facts", async () => {
    await start();
    const { id, outputs } = await create();
    world.sim.regions["eu-de"].cloud.expireCheckpoint(id);
    const read = await checkpoint.read(world.context(), id, outputs);
    expect(read?.outputs).toEqual({
        ...outputs,
        status: "expired",
        backups: outputs.backups.map((one) => ({
            ...one,
            status: "expired",
            children: one.children.map((child) => ({ ...child, status: "expired" })),
        })),
        backupIds: [],
        backupIdByResource: {},
    });
    expect(world.lines.warn.at(-1)).toMatch(/no longer in the cloud/);
    expect(await checkpoint.read(world.context(), id, { ...outputs, recreateWhenExpired: true })).toBeUndefined();
});

it("never takes a forbidden, a broken or a foreign answer for gone", async () => {
    await start();
    const { id, outputs } = await create();
    for (const effect of [
        { status: 403, code: "APIGW.0302" },
        { status: 404, shape: "html" },
        { status: 404, code: "BackupService.6105" },
        { status: 404, code: "APIGW.0101" },
    ] as const) {
        world.sim.fail({ operation: "ListBackups", effect, times: 9 });
        world.sim.fail({ operation: "ShowCheckpoint", effect, times: 9 });
        await expect(checkpoint.read(world.context(), id, outputs)).rejects.toThrow(/HTTP 40[34]/);
        world.sim.clearFaults();
    }
    expect((await checkpoint.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
});

it("never takes what a list does not show for gone, and what is gone for there", async () => {
    await start({ servers: 2 });
    const { id, outputs } = await create();
    const empty = (answer: unknown) =>
        typeof answer === "object" && answer !== null && "backups" in answer
            ? { ...answer, backups: [], count: 0 }
            : answer;
    const context = altered(world.context(), empty);
    for (const more of [{}, { recreateWhenExpired: true }]) {
        const read = await checkpoint.read(context, id, { ...outputs, ...more });
        expect(read?.outputs).toEqual({ ...outputs, ...more });
    }
    expect(world.lines.warn).toEqual([]);
    const [first = "", second = ""] = outputs.backupIds;
    world.sim.regions["eu-de"].cloud.deleteBackupBehindOurBack(first);
    const part = await checkpoint.read(context, id, outputs);
    expect(part?.outputs).toMatchObject({ status: "available", backupIds: [second] });
});

it("reads an unchanged restore point with one list, and many of them with one list too", async () => {
    await start();
    const made = [];
    for (let index = 0; index < 5; index++) made.push(await create({}, `r${index}`));
    world.sim.clearRequests();
    const context = world.context();
    const read = await Promise.all(made.map((one) => checkpoint.read(context, one.id, one.outputs)));
    expect(read.map((one) => one?.outputs)).toEqual(made.map((one) => one.outputs));
    expect(world.calls()).toEqual(["ListBackups"]);
});

it("retains by default and says what stays; deletes every backup when asked", async () => {
    await start({ servers: 2 });
    const kept = await create();
    await checkpoint.remove(world.context(), kept.id, kept.outputs);
    expect(checkpoints()).toHaveLength(1);
    for (const id of kept.outputs.backupIds) expect(world.lines.info.at(-1)).toContain(id);
    const { id, outputs } = await create({ deletionPolicy: "delete" }, "other");
    world.sim.clearRequests();
    await checkpoint.remove(world.context(), id, outputs);
    expect(checkpoints().map((one) => one.id)).toEqual([kept.id]);
    await checkpoint.remove(world.context(), id, outputs);
});

it("waits for a running backup before it deletes", async () => {
    await start({ backupMs: 300 });
    const { id, outputs } = await create({ wait: false, deletionPolicy: "delete" });
    expect(outputs.status).toBe("protecting");
    await checkpoint.remove(world.context(), id, outputs);
    expect(checkpoints()).toHaveLength(0);
});

it("gives a list time to show the backups before it says that there are none to delete", async () => {
    await start({ servers: 2 });
    const { id, outputs } = await create({ wait: false, deletionPolicy: "delete" });
    world.sim.finishAll();
    let looks = 0;
    const late = altered(world.context(), (answer) =>
        typeof answer === "object" && answer !== null && "backups" in answer && looks++ < 3
            ? { ...answer, backups: [], count: 0 }
            : answer,
    );
    await checkpoint.remove(late, id, outputs);
    expect(looks).toBeGreaterThan(3);
    expect(checkpoints()).toHaveLength(0);
    expect(world.lines.warn).toEqual([]);
});

it("explains why a locked backup or one with an image stays", async () => {
    await start();
    const locked = await create({ deletionPolicy: "delete", autoTrigger: true });
    world.sim.regions["eu-de"].cloud.lockVault(world.vaultId);
    await expect(checkpoint.remove(world.context(), locked.id, locked.outputs)).rejects.toThrow(/6220.*locked vault/);
    const { id, outputs } = await create({ deletionPolicy: "delete" });
    world.sim.regions["eu-de"].cloud.imageFrom(outputs.backupIds[0] ?? "");
    await expect(checkpoint.remove(world.context(), id, outputs)).rejects.toThrow(/6204.*delete the image first/);
});

it("returns at once without waiting, and a later update or refresh brings it up to date", async () => {
    await start({ backupMs: 100_000 });
    const { id, outputs } = await create({ wait: false });
    expect(outputs).toMatchObject({ status: "protecting", backupIds: [] });
    expect(await checkpoint.needsUpdate?.(world.context(), id, outputs, {})).toBe(false);
    world.sim.finishAll();
    expect(await checkpoint.needsUpdate?.(world.context(), id, outputs, {})).toBe(true);
    const updated = await checkpoint.update(world.context(), id, outputs, inputs({ wait: false }));
    expect(updated).toMatchObject({ status: "available" });
    expect(updated.backupIds).toHaveLength(1);
    expect((await checkpoint.read(world.context(), id, outputs))?.outputs.status).toBe("available");
    expect(posts()).toBe(1);
});

it("adopts an existing restore point without taking one, and refuses what does not fit", async () => {
    await start();
    const { id, outputs } = await create();
    world.sim.clearRequests();
    const adopted = await create({ adopt: id });
    expect(adopted.outputs).toMatchObject({ checkpointId: id, status: "available", backupIds: outputs.backupIds });
    expect(posts()).toBe(0);
    await expect(create({ adopt: "8b0851a8-adf3-4f4c-a914-dead08bf9664" })).rejects.toThrow(
        /adopt: there is no restore point/,
    );
    await expect(checkpoint.create(world.context(), { vaultId: world.hybridVaultId, adopt: id })).rejects.toThrow(
        /adopt: .* is of vault/,
    );
});

it("finds the restore point of an interrupted run instead of taking a second one", async () => {
    await start({ backupMs: 30_000 });
    let isAlive = true;
    const dying = { ...world.context(), isEngineAlive: async () => isAlive };
    void checkpoint.create(dying, inputs()).catch(() => {});
    while (checkpoints().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    isAlive = false;
    await new Promise((resolve) => setTimeout(resolve, 50));
    world.sim.finishAll();
    const next = world.restart();
    const { outputs } = await checkpoint.create(next.context(), inputs());
    expect(outputs.status).toBe("available");
    expect(checkpoints()).toHaveLength(1);
    expect(next.lines.info[0]).toMatch(/interrupted run/);
    const other = await checkpoint.create(next.context("other"), inputs({ wait: false }));
    expect(other.id).not.toBe(outputs.checkpointId);
});

it("works in the dialect that echoes nothing and sends numbers and zones", async () => {
    await start({
        servers: 2,
        regions: [
            { name: "eu-de", dialect: "otc" },
            { name: "eu-nl", dialect: "otc" },
        ],
    });
    const { id, outputs } = await create({ name: "plain", description: "text" });
    expect(outputs).toMatchObject({ name: "plain", description: "text", status: "available" });
    expect((await checkpoint.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
    world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
    await create();
    expect(checkpoints()).toHaveLength(2);
});
