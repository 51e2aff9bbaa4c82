// Replicas that are there and are to be managed: nothing is copied, and only the backup's own are taken.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isUnknown } from "../../provider/pulumi/values";
import { diffInputs } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { type BackupReplicaInputs, backupReplica } from "../../provider/resources/copies/backup-replica";
import { type CheckpointReplicaInputs, checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { startWorld, type World } from "../support/world";

let world: World;
/** Source backups, their restore point, and the replica of the first. */
let source: { checkpointId: string; backupIds: string[]; replicaId: string; recordId: string };
beforeEach(async () => {
    world = await startWorld({ servers: 2 });
    const { outputs } = await checkpoint.create(world.context("before"), { vaultId: world.vaultId });
    const [backupId = ""] = outputs.backupIds;
    const copy = await backupReplica.create(world.context("first"), copyOf(backupId));
    source = { ...outputs, replicaId: copy.outputs.destinationBackupId ?? "", recordId: copy.id };
    world.sim.clearRequests();
});
afterEach(() => world.close());

const destination = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });
const copyOf = (backupId: string, more: Partial<BackupReplicaInputs> = {}): BackupReplicaInputs => ({
    backupId,
    ...destination(),
    ...more,
});
const pointOf = (more: Partial<CheckpointReplicaInputs> = {}): CheckpointReplicaInputs => ({
    checkpointId: source.checkpointId,
    ...destination(),
    ...more,
});
const copies = () => world.calls().filter((one) => one === "CopyBackup").length;
const replicas = () =>
    [...world.sim.regions["eu-nl"].cloud.backups.values()].filter((one) => one.parentId === undefined);

describe("BackupReplica with `adopt`", () => {
    it("manages the replica, copies nothing, and deletes it when it is told to", async () => {
        const [backupId = ""] = source.backupIds;
        const inputs = copyOf(backupId, { adopt: source.replicaId, deletionPolicy: "delete" });
        expect(await backupReplica.preflight?.(world.context(), inputs)).toEqual([]);
        const { id, outputs } = await backupReplica.create(world.context(), inputs);
        expect([id, copies(), outputs.adopted]).toEqual([source.recordId, 0, undefined]);
        expect(outputs).toMatchObject({ status: "success", destinationBackupId: source.replicaId, verified: true });
        const diff = (news: object) =>
            diffInputs(backupReplica, world.context(), { id, olds: outputs, news: { ...news }, isUnknown });
        expect(await diff(copyOf(backupId, { deletionPolicy: "delete" }))).toMatchObject({ replaces: [], updates: [] });
        const again = await diff({ ...inputs, triggers: { again: 1 } });
        expect(again.failures).toEqual([{ property: "adopt", reason: expect.stringContaining("triggers changed") }]);
        expect(again.deleteBeforeReplace).toBe(false);
        await backupReplica.remove(world.context(), id, outputs);
        expect(replicas()).toEqual([]);
    });

    it("refuses, in the preview and in the run, what is not there or is another backup's", async () => {
        const [, other = ""] = source.backupIds;
        const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
        const cases: [BackupReplicaInputs, string][] = [
            [copyOf(other, { adopt: missing }), `there is no backup ${missing}`],
            [copyOf(other, { adopt: source.replicaId }), `is not one of backup ${other}`],
            [copyOf(source.backupIds[0] ?? "", { adopt: source.replicaId, name: "else" }), "but name is else"],
            [
                copyOf(source.backupIds[0] ?? "", { adopt: source.replicaId, destinationVaultId: missing }),
                `but destinationVaultId is ${missing}`,
            ],
        ];
        for (const [inputs, reason] of cases) {
            expect(await backupReplica.preflight?.(world.context(), inputs)).toEqual([
                { property: "adopt", reason: expect.stringContaining(reason) },
            ]);
            await expect(backupReplica.create(world.context(), inputs)).rejects.toThrow(reason);
        }
        expect(copies()).toBe(0);
    });
});

describe("CheckpointReplica with `adopt`", () => {
    it("manages the replicas that it names, and copies the other backups", async () => {
        const inputs = pointOf({ adopt: [source.replicaId] });
        expect(await checkpointReplica.preflight?.(world.context(), inputs)).toEqual([]);
        const { id, outputs } = await checkpointReplica.create(world.context(), inputs);
        expect([copies(), replicas().length, outputs.status]).toEqual([1, 2, "success"]);
        const own = outputs.replications.find((one) => one.destinationBackupId === source.replicaId);
        expect(own).toMatchObject({ replicationRecordId: source.recordId, status: "success" });
        expect(own?.adopted).toBeUndefined();
        const all = pointOf({ adopt: outputs.destinationBackupIds });
        const diff = await diffInputs(checkpointReplica, world.context(), {
            id,
            olds: outputs,
            news: { ...all },
            isUnknown,
        });
        expect(diff).toMatchObject({ replaces: [], updates: [] });
        world.sim.clearRequests();
        const second = await checkpointReplica.create(world.context("second"), all);
        expect([copies(), second.outputs.verified]).toEqual([0, true]);
    });

    it("refuses a replica that is of none of its backups", async () => {
        const other = await checkpoint.create(world.context("other"), { vaultId: world.vaultId });
        const foreign = await backupReplica.create(world.context("copy"), copyOf(other.outputs.backupIds[0] ?? ""));
        world.sim.clearRequests();
        const adopt = [foreign.outputs.destinationBackupId ?? ""];
        await expect(checkpointReplica.create(world.context(), pointOf({ adopt }))).rejects.toThrow("is of none of");
        expect(copies()).toBe(0);
    });
});

describe("a copy that the cloud refuses because it is there", () => {
    it.each(["BackupService.0001", "BackupService.6999"])("is adopted, and never deleted (%s)", async (code) => {
        world.sim.fail({ operation: "CopyBackup", effect: { code, status: 400 } });
        const inputs = copyOf(source.backupIds[0] ?? "", { deletionPolicy: "delete" });
        const { id, outputs } = await backupReplica.create(world.context(), inputs);
        expect(outputs).toMatchObject({ status: "skip", adopted: true, destinationBackupId: source.replicaId });
        await backupReplica.remove(world.context(), id, outputs);
        expect(replicas()).toHaveLength(1);
    });

    it("stays a failure where no record names a replica, or the code speaks of something else", async () => {
        world.sim.fail({ operation: "CopyBackup", effect: { code: "BackupService.0001", status: 400 }, times: 0 });
        const [own = "", other = ""] = source.backupIds;
        await expect(backupReplica.create(world.context(), copyOf(other))).rejects.toThrow("BackupService.0001");
        world.sim.clearFaults();
        world.sim.fail({ operation: "CopyBackup", effect: { code: "BackupService.6129", status: 400 }, times: 0 });
        await expect(backupReplica.create(world.context(), copyOf(own))).rejects.toThrow("BackupService.6129");
    });
});
