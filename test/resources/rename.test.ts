// A new name of a restore point or a replica: its backups are renamed, and nothing else is made.
import { afterEach, describe, expect, it } from "vitest";
import { keptByUpdate } from "../../provider/preview";
import { isUnknown } from "../../provider/pulumi/values";
import { diffInputs } from "../../provider/resource/resource";
import { withNotes } from "../../provider/resource/with-notes";
import {
    type CheckpointInputs,
    type CheckpointOutputs,
    checkpoint as handler,
} from "../../provider/resources/checkpoint/checkpoint";
import {
    type BackupReplicaInputs,
    type BackupReplicaOutputs,
    backupReplica,
} from "../../provider/resources/copies/backup-replica";
import { startWorld, type World, type WorldOptions } from "../support/world";

const checkpoint = withNotes(handler);
const otc = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
} as const;
let world: World;
afterEach(() => world?.close());

const inputs = (more: Partial<CheckpointInputs> = {}): CheckpointInputs => ({ vaultId: world.vaultId, ...more });
const start = async (options: WorldOptions = {}) => {
    world = await startWorld(options);
};
const create = async (more: Partial<CheckpointInputs>) =>
    (await checkpoint.create(world.context(), inputs(more))).outputs;
const update = (olds: CheckpointOutputs, more: Partial<CheckpointInputs>) =>
    checkpoint.update(world.context(), olds.checkpointId, olds, inputs(more));
const namesIn = (region: "eu-de" | "eu-nl" = "eu-de") =>
    [...world.sim.regions[region].cloud.backups.values()]
        .filter((one) => one.parentId === undefined)
        .map((one) => one.name)
        .sort();
const checkpoints = () => world.sim.regions["eu-de"].cloud.checkpoints.size;
const sent = (operation: string) => world.calls().filter((one) => one === operation).length;
const diff = (olds: CheckpointOutputs, more: Partial<CheckpointInputs>, id = olds.checkpointId) =>
    diffInputs(checkpoint, world.context(), { id, olds, news: { ...inputs(more) }, isUnknown });
/** From now on UpdateBackup of this backup is refused. */
function refuse(id: string): void {
    const effect = { code: "BackupService.9900", message: "refused" };
    world.sim.fail({ operation: "UpdateBackup", id, effect, times: 0 });
}
describe("a new name of a restore point", () => {
    it("is an update in place, and its backups have it; no second restore point is taken", async () => {
        await start();
        const olds = await create({ name: "before" });
        world.sim.clearRequests();
        expect(await diff(olds, { name: "after" })).toMatchObject({ replaces: [], updates: ["name"], failures: [] });
        const outputs = await update(olds, { name: "after" });
        expect(world.calls()).toEqual(["UpdateBackup"]);
        expect([outputs.name, outputs.checkpointId, namesIn()]).toEqual(["after", olds.checkpointId, ["after"]]);
        expect(outputs.backups.map((one) => one.name)).toEqual(["after"]);
        expect(checkpoints()).toBe(1);
        expect(await diff(outputs, { name: "after" })).toMatchObject({ replaces: [], updates: [] });
    });

    it("keeps the numbers of several backups", async () => {
        await start({ servers: 3 });
        const olds = await create({ name: "before" });
        await update(olds, { name: "after" });
        expect(namesIn()).toEqual(["after-0001", "after-0002", "after-0003"]);
    });

    it("leaves no backup with a name that is too long", async () => {
        await start({ servers: 2 });
        const name = "x".repeat(64);
        const outputs = await update(await create({ name: "before" }), { name });
        expect(namesIn()).toEqual([`${"x".repeat(59)}-0001`, `${"x".repeat(59)}-0002`]);
        expect(outputs.name).toBe(name);
    });

    it("that is left out later stays as it is, and one made here can be replaced by a given one", async () => {
        await start();
        const given = await create({ name: "before" });
        expect(await diff(given, {})).toMatchObject({ replaces: [], updates: [] });
        expect((await update(given, {})).name).toBe("before");
        const made = await create({});
        expect((await update(made, { name: "after" })).name).toBe("after");
        expect(namesIn()).toEqual(["after", "before"]);
    });

    it("survives a refresh, although the restore point itself is shown under its first name", async () => {
        await start();
        const outputs = await update(await create({ name: "before" }), { name: "after" });
        const stale = { ...outputs, status: "protecting" };
        const read = await checkpoint.read(world.context(), outputs.checkpointId, stale);
        expect(read?.outputs).toMatchObject({ name: "after", status: "available" });
        expect(await diff(read?.outputs as CheckpointOutputs, { name: "after" })).toMatchObject({ updates: [] });
    });

    it("is what a preview shows of the backups, too", async () => {
        await start({ servers: 2 });
        const olds = await create({ name: "before" });
        const kept = keptByUpdate("checkpoint", { ...olds }, "after");
        const outputs = await update(olds, { name: "after" });
        expect(kept?.outputs["backups"]).toEqual(outputs.backups);
        expect(kept?.outputs["backupIds"]).toEqual(olds.backupIds);
    });

    it("that part of the backups refuse keeps ids, names the others, and goes on with the next update", async () => {
        await start({ servers: 3 });
        const olds = await create({ name: "before" });
        const [bad = ""] = olds.backupIds;
        refuse(bad);
        const error = await update(olds, { name: "after" }).then(
            () => undefined,
            (thrown: { id: string; outputs: CheckpointOutputs; message: string }) => thrown,
        );
        expect(error).toMatchObject({ kind: "partial-create", id: olds.checkpointId });
        expect(error?.message).toContain(`1 of 3 backups could not be renamed. backup ${bad}: `);
        const state = error?.outputs as CheckpointOutputs;
        expect(state).toMatchObject({ name: "before", partlyRenamed: true, backupIds: olds.backupIds });
        world.sim.clearFaults();
        world.sim.clearRequests();
        const outputs = await update(state, { name: "after" });
        expect([sent("UpdateBackup"), outputs.name, outputs.partlyRenamed]).toEqual([1, "after", undefined]);
        expect(namesIn()).toEqual(["after-0001", "after-0002", "after-0003"]);
        // Back to the old name instead: no input tells that there is something to do.
        expect(await diff(state, { name: "before" })).toMatchObject({ changedByState: true });
        world.sim.clearRequests();
        expect((await update(state, { name: "before" })).name).toBe("before");
    });

    it("needs no call once the restore point is gone, and skips a backup that is", async () => {
        await start({ servers: 2 });
        const olds = await create({ name: "before" });
        const [gone = "", left = ""] = olds.backupIds;
        world.sim.regions["eu-de"].cloud.deleteBackupBehindOurBack(gone);
        const outputs = await update(olds, { name: "after" });
        expect([outputs.name, namesIn().length]).toEqual(["after", 1]);
        expect(world.lines.warn).toEqual([expect.stringContaining(`backup ${gone} is no longer in eu-de`)]);
        world.sim.regions["eu-de"].cloud.deleteBackupBehindOurBack(left);
        const read = await checkpoint.read(world.context(), olds.checkpointId, outputs);
        world.sim.clearRequests();
        const expired = await update(read?.outputs as CheckpointOutputs, { name: "last" });
        expect([expired.name, world.calls()]).toEqual(["last", []]);
    });

    it("waits for what is still being made", async () => {
        await start({ backupMs: 60_000 });
        const olds = await create({ name: "before", wait: false });
        const outputs = await update(olds, { name: "after", wait: false });
        expect([outputs.name, sent("UpdateBackup")]).toEqual(["before", 0]);
        expect(world.lines.info).toEqual([expect.stringContaining("is not renamed while it has status protecting")]);
    });

    it("is refused on Open Telekom Cloud, in the preview, unless a new restore point is asked for anyway", async () => {
        await start(otc as never);
        const olds = await create({ name: "before" });
        const reason = expect.stringContaining("Open Telekom Cloud cannot rename a backup");
        expect(await diff(olds, { name: "after" })).toMatchObject({ failures: [{ property: "name", reason }] });
        expect(await diff(olds, { name: "after", triggers: { release: 2 } })).toMatchObject({
            replaces: ["triggers"],
            failures: [],
        });
    });

    it("says on a cloud that has no such call, where settings do not tell, that it may be lacking", async () => {
        await start({ ...(otc as unknown as WorldOptions), config: { "cbr:cloud": "example.com" } });
        const olds = await create({ name: "before" });
        await expect(update(olds, { name: "after" })).rejects.toThrow("This cloud may have no call to rename a backup");
        expect(namesIn()).toEqual(["before"]);
    });

    it("finds a restore point whose answer was lost under the old one, and renames it", async () => {
        await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
        let isAlive = true;
        const dying = { ...world.context(), isEngineAlive: async () => isAlive };
        void checkpoint.create(dying, inputs({ name: "before" })).catch(() => {});
        while (checkpoints() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
        isAlive = false;
        const { outputs } = await checkpoint.create(world.restart().context(), inputs({ name: "after" }));
        expect(outputs.name).toBe("after");
        expect([checkpoints(), namesIn()]).toEqual([1, ["after"]]);
    });

    it("is one by which it can be adopted again", async () => {
        await start();
        const { checkpointId: adopt } = await update(await create({ name: "before" }), { name: "after" });
        const adopted = await checkpoint.create(world.context("other"), inputs({ adopt, name: "after" }));
        expect(adopted.outputs).toMatchObject({ checkpointId: adopt, name: "after" });
        expect(await checkpoint.preflight?.(world.context("new"), inputs({ adopt, name: "after" }))).toEqual([]);
        expect(await checkpoint.preflight?.(world.context("new"), inputs({ adopt, name: "else" }))).toEqual([
            { property: "adopt", reason: expect.stringContaining("but name is else") },
        ]);
    });
});

describe("a new name of a replica", () => {
    const copyInputs = (backupId: string, more: Partial<BackupReplicaInputs> = {}): BackupReplicaInputs => ({
        backupId,
        destinationRegion: "eu-nl",
        destinationVaultId: world.destinationVaultId,
        ...more,
    });
    const copied = async (more: Partial<BackupReplicaInputs>) => {
        await start();
        const { backupIds } = await create({ name: "source" });
        const given = copyInputs(backupIds[0] ?? "", more);
        return (await backupReplica.create(world.context("copy"), given)).outputs;
    };
    const renamed = (olds: BackupReplicaOutputs, more: Partial<BackupReplicaInputs>) =>
        backupReplica.update(world.context("copy"), olds.replicationRecordId, olds, copyInputs(olds.backupId, more));

    it("renames it in its region, and copies nothing", async () => {
        const olds = await copied({ name: "one" });
        world.sim.clearRequests();
        const outputs = await renamed(olds, { name: "two" });
        expect([outputs.name, namesIn("eu-nl"), namesIn("eu-de")]).toEqual(["two", ["two"], ["source"]]);
        expect(world.calls()).toEqual(["UpdateBackup"]);
        expect((await renamed(outputs, {})).name).toBe("two");
    });

    it("keeps the old one in state when it is refused", async () => {
        const olds = await copied({ name: "one" });
        refuse(olds.destinationBackupId ?? "");
        await expect(renamed(olds, { name: "two" })).rejects.toMatchObject({
            kind: "partial-create",
            id: olds.replicationRecordId,
            outputs: { name: "one", destinationBackupId: olds.destinationBackupId },
        });
    });
});
