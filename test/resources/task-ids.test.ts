// The ids of the cloud's tasks, by which people find in the console what a resource did.
import { afterEach, describe, expect, it } from "vitest";
import { type CheckpointOutputs, checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { type BackupReplicaOutputs, backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import { failure, otc } from "../support/copies";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world?.close());

const dialects = { huawei: {}, otc } as const;
const home = () => world.sim.regions["eu-de"].cloud;
const tasks = (type: string) =>
    [...home().operationLogs.values()].filter((log) => log.operationType === type).map((log) => log.id);
const lists = () => world.calls().filter((call) => call === "ListOpLogs").length;
const copyTo = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });

async function start(options: WorldOptions = {}): Promise<void> {
    world = await startWorld(options);
}

describe.each(["huawei", "otc"] as const)("%s", (dialect) => {
    it("names the tasks of a restore point, one a resource", async () => {
        await start({ ...(dialects[dialect] as WorldOptions), servers: 2 });
        const { id, outputs } = await checkpoint.create(world.context(), { vaultId: world.vaultId });
        expect(outputs.operationLogIds).toEqual(tasks("backup").sort());
        expect(outputs.operationLogIds).toHaveLength(2);
        // What is known stays, and costs nothing more.
        world.sim.clearRequests();
        expect((await checkpoint.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
        expect(lists()).toBe(0);
    });

    it("names the tasks of all kinds of copies", async () => {
        await start(dialects[dialect] as WorldOptions);
        const checkpointId = home().addCheckpoint(world.vaultId).id;
        const other = home().addVault().id;
        const otherPoint = home().addCheckpoint(other).id;
        const backupId = home().backupsOf(otherPoint)[0]?.id ?? "";
        const third = home().addCheckpoint(home().addVault().id).id;
        const made = [
            (await vaultReplication.create(world.context("a"), { vaultId: world.vaultId, ...copyTo() })).outputs,
            (await backupReplica.create(world.context("b"), { backupId, ...copyTo() })).outputs,
            (await checkpointReplica.create(world.context("c"), { checkpointId: third, ...copyTo() })).outputs,
        ];
        expect(checkpointId).toBeDefined();
        const all = tasks("replication");
        // Made one after the other: the run's one list came with the first.
        expect(made[0]?.operationLogIds).toEqual([all[0]]);
        if (dialect === "otc") expect(made.flatMap((one) => one.operationLogIds)).toEqual(all);
        else expect(lists()).toBe(1);
    });
});

it("asks for one list of tasks, however many are taken at once, and gives none another's", async () => {
    await start({ servers: 0 });
    const vaults = Array.from({ length: 20 }, () => home().addVault().id);
    const all = await Promise.all(
        vaults.map((vaultId, index) => checkpoint.create(world.context(`c${index}`), { vaultId })),
    );
    // Which of them had begun by then is a question of time; none is given another's.
    const known = all.filter(({ outputs }) => outputs.operationLogIds !== undefined);
    expect(known.length).toBeGreaterThan(0);
    const ofPoint = (id: string) => [...home().operationLogs.values()].filter((log) => log.checkpointId === id);
    for (const { id, outputs } of known) expect(outputs.operationLogIds).toEqual(ofPoint(id).map((log) => log.id));
    expect(lists()).toBe(1);
});

it("knows from any list of tasks that is read anyway", async () => {
    await start();
    const first = await checkpoint.create(world.context("one"), { vaultId: world.vaultId });
    expect(first.outputs.operationLogIds).toHaveLength(1);
    // The failure's reason is looked for in the tasks: that this one was not in the run's list does not matter.
    const server = [...(home().vaults.get(world.vaultId)?.resources.keys() ?? [])][0] ?? "";
    home().setBackupOutcome(server, "error");
    world.sim.clearRequests();
    const failed = await failure<CheckpointOutputs>(
        checkpoint.create(world.context("two"), { vaultId: world.vaultId }),
    );
    const task = tasks("backup").find((id) => !first.outputs.operationLogIds?.includes(id));
    expect(failed.message).toContain(`task ${task}`);
    expect(failed.outputs.operationLogIds).toEqual([task]);
    expect(lists()).toBe(1);
});

it("names the tasks of copies that failed, and none for those that were there before", async () => {
    await start();
    const [backup] = home().backupsOf(home().addCheckpoint(world.vaultId).id);
    const inputs = { backupId: backup?.id ?? "", ...copyTo() };
    world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-fail", reason: "no room" } });
    const failed = await failure<BackupReplicaOutputs>(backupReplica.create(world.context("a"), inputs));
    expect(failed.outputs.operationLogIds).toEqual(tasks("replication"));
    const made = await backupReplica.create(world.context("b"), { ...inputs, triggers: { again: 1 } });
    world.sim.clearRequests();
    const again = await backupReplica.create(world.context("c"), { ...inputs, triggers: { again: 2 } });
    expect([made.outputs.status, again.outputs.adopted]).toEqual(["success", true]);
    expect(again.outputs.operationLogIds).toBeUndefined();
    expect(lists()).toBe(0);
});

it("names the tasks of what was not waited for once it has ended", async () => {
    await start();
    const inputs = { vaultId: world.vaultId, wait: false };
    const begun = await checkpoint.create(world.context(), inputs);
    expect([begun.outputs.operationLogIds, lists()]).toEqual([undefined, 0]);
    const news = { vaultId: world.vaultId };
    const done = await checkpoint.update(world.context(), begun.id, begun.outputs, news);
    expect(done.operationLogIds).toEqual(tasks("backup"));
});

it("names the task of a synchronisation under both names", async () => {
    await start();
    const { id, outputs } = await vaultSync.create(world.context(), { vaultId: world.hybridVaultId });
    expect([outputs.operationLogId, outputs.operationLogIds]).toEqual([id, [id]]);
});

it("goes without them where tasks may not be listed, or an earlier release made the resource", async () => {
    await start();
    world.sim.fail({ operation: "ListOpLogs", times: 0, effect: { status: 403, code: "APIGW.0302" } });
    const { id, outputs } = await checkpoint.create(world.context(), { vaultId: world.vaultId });
    expect(outputs.status).toBe("available");
    expect(outputs).not.toHaveProperty("operationLogIds");
    expect([world.lines.warn, lists()]).toEqual([[], 1]);
    world.sim.clearRequests();
    expect((await checkpoint.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
    expect(lists()).toBe(0);
});

it("names the task of a deletion that the cloud accepted and did not carry out", async () => {
    await start({ deleteMs: 1_000 });
    world.sim.fail({ operation: "DeleteBackup", effect: { kind: "delete-error" } });
    const { id, outputs } = await checkpoint.create(world.context(), { vaultId: world.vaultId });
    const backupId = outputs.backupIds[0] ?? "";
    world.sim.clearRequests();
    const error = await checkpoint.remove(world.context(), id, { ...outputs, deletionPolicy: "delete" }).then(
        () => expect.unreachable("it should have failed"),
        (thrown: Error) => thrown.message,
    );
    expect(error).toContain(`Backup ${backupId} could not be deleted: the cloud accepted the deletion`);
    expect(error).toMatch(new RegExp(`\\(task ${tasks("delete")[0]}\\)\\.$`));
    expect(lists()).toBe(1);
});
