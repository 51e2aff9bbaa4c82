import { afterEach, describe, expect, it } from "vitest";
import { PartialCreateError } from "../../provider/client/errors/errors";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { type BackupReplicaInputs, backupReplica } from "../../provider/resources/copies/backup-replica";
import {
    type VaultReplicationInputs,
    type VaultReplicationOutputs,
    vaultReplication,
} from "../../provider/resources/copies/vault-replication";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

const otc = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
} as const satisfies WorldOptions;

async function start(options?: WorldOptions) {
    world = await startWorld(options);
    const { outputs } = await checkpoint.create(world.context("source"), { vaultId: world.vaultId });
    return outputs.backupIds;
}

const replicas = () =>
    world.sim.regions["eu-nl"].cloud.snapshot().backups.filter((one) => one.vaultId === world.destinationVaultId);
const vaultInputs = (more: Partial<VaultReplicationInputs> = {}): VaultReplicationInputs => ({
    vaultId: world.vaultId,
    destinationRegion: "eu-nl",
    destinationVaultId: world.destinationVaultId,
    ...more,
});
const replicate = (more?: Partial<VaultReplicationInputs>) =>
    vaultReplication.create(world.context("dr"), vaultInputs(more));
const backupInputs = (backupId: string, more: Partial<BackupReplicaInputs> = {}): BackupReplicaInputs => ({
    backupId,
    destinationRegion: "eu-nl",
    destinationVaultId: world.destinationVaultId,
    ...more,
});
const copy = (backupId: string, more?: Partial<BackupReplicaInputs>) =>
    backupReplica.create(world.context("copy"), backupInputs(backupId, more));

async function failure<O>(run: Promise<unknown>): Promise<PartialCreateError<O>> {
    const error = await run.then(
        () => expect.unreachable("it should have failed"),
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PartialCreateError);
    return error as PartialCreateError<O>;
}

describe.each([
    ["Huawei Cloud", {}],
    ["OTC", otc],
] as const)("on %s", (_, dialect) => {
    it("copies every backup of a vault and knows each replica", async () => {
        const backups = await start({ servers: 3, ...dialect });
        const { id, outputs } = await replicate();
        expect(outputs.status).toBe("success");
        expect(outputs.replications.map((one) => one.backupId)).toEqual([...backups].sort());
        expect(outputs.replicationRecordIds).toHaveLength(3);
        expect([...outputs.destinationBackupIds].sort()).toEqual(
            replicas()
                .map((one) => one.id)
                .sort(),
        );
        expect(id).toMatch(new RegExp(`^${world.vaultId}/eu-nl/${world.destinationVaultId}/[0-9a-f]{8}$`));
        const read = await vaultReplication.read(world.context(), id, outputs);
        expect(read?.outputs).toEqual(outputs);
        await vaultReplication.remove(world.context(), id, { ...outputs, deletionPolicy: "delete" });
        expect(replicas()).toEqual([]);
    });

    it("copies one backup and knows its replica", async () => {
        const [backupId = ""] = await start(dialect);
        const { id, outputs } = await copy(backupId, { name: "archive", deletionPolicy: "delete" });
        expect(outputs).toMatchObject({
            status: "success",
            replicationRecordId: id,
            destinationBackupId: replicas()[0]?.id,
        });
        expect((await backupReplica.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
        await backupReplica.remove(world.context(), id, outputs);
        expect(replicas()).toEqual([]);
        expect(await backupReplica.read(world.context(), id, outputs)).toBeUndefined();
    });

    it("never starts a copy twice when the answer is lost", async () => {
        for (const effect of ["reset-after-effect", "truncate", "status-after-effect"] as const) {
            const backups = await start({ servers: 2, ...dialect });
            world.sim.fail({ operation: "CopyCheckpoint", effect });
            const { outputs } = await replicate();
            expect(replicas()).toHaveLength(2);
            expect(outputs.replications.map((one) => one.status)).toEqual(["success", "success"]);
            expect([...outputs.destinationBackupIds].sort()).toEqual(
                replicas()
                    .map((one) => one.id)
                    .sort(),
            );
            expect(backups).toHaveLength(2);
            await world.close();
            const [backupId = ""] = await start(dialect);
            world.sim.fail({ operation: "CopyBackup", effect });
            const single = await copy(backupId);
            expect(replicas().map((one) => one.id)).toEqual([single.outputs.destinationBackupId]);
            await world.close();
        }
        await start();
    });

    it("reports a failed copy with the cloud's reason, and keeps the good ones", async () => {
        await start({ servers: 2, ...dialect });
        world.sim.fail({
            operation: "CopyCheckpoint",
            effect: { kind: "record-fail", backup: 0, code: "BackupService.1006", reason: "import failed" },
        });
        const error = await failure<{ destinationBackupIds: string[]; status: string }>(replicate());
        expect(error.reasons[0]).toMatch(/1 good, 1 not: .*BackupService.1006: import failed/);
        expect(error.outputs.destinationBackupIds).toHaveLength(1);
        expect(error.outputs.status).toBe("fail");
        const accepted = await vaultReplication.update(
            world.context(),
            error.id,
            error.outputs as never,
            vaultInputs({ onPartialFailure: "warn" }),
        );
        expect(accepted.destinationBackupIds).toHaveLength(1);
    });
});

it("keeps every id when the wait runs out, and update resumes", async () => {
    const [backupId = ""] = await start({ replicationMs: 60_000 });
    const all = await failure<Awaited<ReturnType<typeof replicate>>["outputs"]>(
        replicate({ timeouts: { create: "400ms" } }),
    );
    expect(all.outputs.replicationRecordIds).toHaveLength(1);
    expect(all.reasons[0]).toMatch(/not finished/);
    world.sim.finishAll();
    const done = await vaultReplication.update(world.context(), all.id, all.outputs, vaultInputs());
    expect(done).toMatchObject({ status: "success", replicationRecordIds: all.outputs.replicationRecordIds });
    expect(replicas()).toHaveLength(1);
    expect(backupId).not.toBe("");
});

it("says so when a record claims success and there is no replica, or a broken one", async () => {
    const [backupId = ""] = await start();
    world.sim.fail({ operation: "CopyBackup", effect: { kind: "replica-missing" } });
    const missing = await failure(copy(backupId, { timeouts: { create: "3s" } }));
    expect(missing.reasons[0]).toMatch(/although its record says success/);
    await world.close();
    await start();
    world.sim.fail({ operation: "CopyCheckpoint", effect: { kind: "replica-error" } });
    const broken = await failure<{ destinationBackupIds: string[] }>(replicate());
    expect(broken.reasons[0]).toMatch(/has status error, although its record says success/);
    expect(broken.outputs.destinationBackupIds).toEqual([]);
});

it("takes a skip for good only when the replica is there, and never deletes one that was there before", async () => {
    const [backupId = ""] = await start();
    const first = await copy(backupId);
    world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-skip" } });
    const second = await copy(backupId, { deletionPolicy: "delete", triggers: { again: 1 } });
    expect(second.outputs).toMatchObject({
        status: "skip",
        adopted: true,
        destinationBackupId: first.outputs.destinationBackupId,
    });
    await backupReplica.remove(world.context(), second.id, second.outputs);
    expect(replicas()).toHaveLength(1);
    await world.close();
    const [lonely = ""] = await start();
    world.sim.fail({
        operation: "CopyBackup",
        effect: { kind: "record-skip", code: "BackupService.6122", reason: "not replicable" },
    });
    const error = await failure(copy(lonely));
    expect(error.reasons[0]).toMatch(/skipped .*6122: not replicable.*no replica of it was found/);
});

it("has nothing to do when everything has its replica, and fails when there is nothing to copy at all", async () => {
    await start();
    const first = await replicate();
    const again = await replicate({ triggers: { run: 2 } });
    expect(again.outputs).toMatchObject({ status: "skip", replicationRecordIds: [], destinationBackupIds: [] });
    expect(again.id).not.toBe(first.id);
    expect(world.lines.info.at(-1)).toMatch(/nothing to copy/);
    await world.close();
    world = await startWorld();
    await expect(replicate()).rejects.toThrow(/BackupService.0001/);
});

describe("a run that takes another one's place", () => {
    /** What the host notes when a run takes the place of an earlier one, under the same URN. */
    const follow = (next: { id: string; outputs: VaultReplicationOutputs }, more: object = {}) => {
        const context = world.context("dr");
        context.holders.declare(context.urn, [], { ...vaultInputs(), ...more });
        context.holders.made(context.urn, vaultReplication.holding?.(next.id, next.outputs) ?? expect.unreachable());
        return context;
    };

    it("copies what is new, and the old run then deletes what has a newer replica", async () => {
        await start({ servers: 2 });
        const old = await replicate({ deletionPolicy: "delete" });
        await checkpoint.create(world.context("later"), { vaultId: world.vaultId });
        const next = await replicate({ deletionPolicy: "delete", triggers: { again: 1 } });
        await vaultReplication.remove(follow(next), old.id, old.outputs);
        expect(
            replicas()
                .map((one) => one.id)
                .sort(),
        ).toEqual([...next.outputs.destinationBackupIds].sort());
    });

    it("may have found nothing new: the old run's replicas are then all there is, and stay", async () => {
        await start({ servers: 2 });
        const old = await replicate({ deletionPolicy: "delete" });
        const next = await replicate({ deletionPolicy: "delete", triggers: { again: 1 } });
        expect(next.outputs.status).toBe("skip");
        await vaultReplication.remove(follow(next), old.id, old.outputs);
        expect(replicas()).toHaveLength(2);
        expect(world.lines.info.at(-1)).toMatch(
            /^retained 2 replicas in eu-nl.*Nothing newer and good of the same resources is there/,
        );
    });

    it("keeps the replica of a resource that the new run has no good one of", async () => {
        await start({ servers: 2 });
        const old = await replicate({ deletionPolicy: "delete" });
        const again = await checkpoint.create(world.context("later"), { vaultId: world.vaultId });
        const next = await replicate({ triggers: { again: 1 } });
        const [broken = ""] = again.outputs.backupIds;
        const record = [...world.sim.regions["eu-de"].cloud.records.values()].find(
            (one) => one.sourceBackupId === broken,
        );
        world.sim.regions["eu-nl"].cloud.setBackupStatus(record?.destinationBackupId ?? "", "error");
        await vaultReplication.remove(follow(next), old.id, old.outputs);
        expect(replicas().filter((one) => one.status === "available")).toHaveLength(2);
    });

    it("in another vault of the region finds the old run's replicas there, which stay", async () => {
        await start({ nothingToReplicate: "empty" });
        const old = await replicate({ deletionPolicy: "delete" });
        const destinationVaultId = world.sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
        const next = await replicate({ destinationVaultId, deletionPolicy: "delete" });
        await vaultReplication.remove(follow(next, { destinationVaultId }), old.id, old.outputs);
        expect(replicas()).toHaveLength(1);
    });
});

it("refuses to copy into its own region", async () => {
    const [backupId = ""] = await start();
    await expect(copy(backupId, { destinationRegion: "eu-de" })).rejects.toThrow(/own region/);
});

it("deletes a copy that still runs only after it has ended", async () => {
    const [backupId = ""] = await start({ replicationMs: 300 });
    const { id, outputs } = await copy(backupId, { wait: false, deletionPolicy: "delete" });
    expect(outputs.status).toBe("waiting_replicate");
    await backupReplica.remove(world.context(), id, outputs);
    expect(replicas()).toEqual([]);
});
