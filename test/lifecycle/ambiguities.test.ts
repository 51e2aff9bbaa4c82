import { afterEach, describe, expect, it } from "vitest";
import { ApiError, OperationFailedError, PartialCreateError } from "../../provider/client/errors/errors";
import {
    type CheckpointInputs,
    type CheckpointOutputs,
    checkpoint,
} from "../../provider/resources/checkpoint/checkpoint";
import { type BackupReplicaOutputs, backupReplica } from "../../provider/resources/copies/backup-replica";
import {
    type CheckpointReplicaInputs,
    type CheckpointReplicaOutputs,
    checkpointReplica,
} from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { type VaultSyncOutputs, vaultSync } from "../../provider/resources/vault-sync";
import { startWorld, type World, type WorldOptions } from "../support/world";
import { expiredPoint } from "./life";

/** Where the API's pages leave a question open (cbr-api §8): the reading that was built, and that the others do no harm. */
let world: World;
afterEach(() => world.close());

async function start(options?: WorldOptions): Promise<World> {
    world = await startWorld(options);
    return world;
}

const home = () => world.sim.regions["eu-de"].cloud;
const away = () => world.sim.regions["eu-nl"].cloud;

async function failure<O>(run: Promise<unknown>): Promise<PartialCreateError<O>> {
    const error = await run.then(
        () => expect.unreachable("it should have failed"),
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PartialCreateError);
    return error as PartialCreateError<O>;
}

const take = (more: Partial<CheckpointInputs> = {}) =>
    checkpoint.create(world.context(), { vaultId: world.vaultId, ...more });
const copyTo = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });
const replicate = (more: object = {}) =>
    vaultReplication.create(world.context(), { vaultId: world.vaultId, ...copyTo(), ...more });

const copyPoint = (checkpointId: string, more: Partial<CheckpointReplicaInputs> = {}) =>
    checkpointReplica.create(world.context("copies"), { checkpointId, ...copyTo(), ...more });

function seededBackup(): string {
    return home().backupsOf(home().addCheckpoint(world.vaultId).id)[0]?.id ?? "";
}

describe("A4: do lists leave incremental backups out?", () => {
    for (const hideIncremental of [false, true])
        it(`finds every backup ${hideIncremental ? "although they do" : "if they do not"}`, async () => {
            await start({ hideIncremental, servers: 2 });
            await take();
            const { id, outputs } = await take({ deletionPolicy: "delete" });
            expect(outputs.backups.map((one) => one.incremental)).toEqual([true, true]);
            expect(outputs.backupIds).toHaveLength(2);
            expect((await checkpoint.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
            // Its copies are made of all of them, too.
            expect((await copyPoint(id)).outputs.replications.map((one) => one.backupId)).toEqual(
                [...outputs.backupIds].sort(),
            );
            await checkpoint.remove(world.context(), id, outputs);
            expect(home().checkpoints.has(id)).toBe(false);
        });
});

describe("A5: replication records that are not there", () => {
    /** The records vanish as soon as they were made; the replica appears only when the test says so. */
    async function copyWithoutRecords(create: string) {
        await start({ replicationMs: 3_600_000 });
        const backupId = seededBackup();
        const copying = backupReplica.create(world.context(), { backupId, ...copyTo(), timeouts: { create } });
        copying.catch(() => {});
        while (home().records.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        const backup = home().backups.get(backupId);
        if (backup !== undefined) backup.records = [];
        return { copying };
    }

    it("are not a failure: the replica in the destination region tells", async () => {
        const { copying } = await copyWithoutRecords("1m");
        world.sim.finishAll();
        const { outputs } = await copying;
        expect(outputs).toMatchObject({ status: "success", destinationBackupId: [...away().backups.keys()][0] });
    });

    it("are not a success either: without a replica the wait goes on to its end, and keeps the id", async () => {
        const { copying } = await copyWithoutRecords("2s");
        const { id, outputs } = await failure<BackupReplicaOutputs>(copying);
        // The record's last word before it vanished.
        expect(outputs).toMatchObject({
            replicationRecordId: id,
            status: expect.stringMatching(/^(waiting_replicate|replicating)$/),
        });
        expect(outputs.destinationBackupId).toBeUndefined();
    });
});

describe("A5: replication records of a restore point that are not there", () => {
    /** As above, of two backups: one of the records vanishes. */
    async function copyWithoutRecord(create: string) {
        await start({ replicationMs: 3_600_000, servers: 2 });
        const { id } = home().addCheckpoint(world.vaultId);
        const copying = copyPoint(id, { timeouts: { create } });
        copying.catch(() => {});
        while (home().records.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
        const [backup] = home().backupsOf(id);
        if (backup !== undefined) backup.records = [];
        return { copying };
    }

    it("are not a failure, and not a success without a replica", async () => {
        const { copying } = await copyWithoutRecord("1m");
        world.sim.finishAll();
        const { outputs } = await copying;
        expect(outputs.status).toBe("success");
        expect([...outputs.destinationBackupIds].sort()).toEqual([...away().backups.keys()].sort());
        await world.close();

        const stuck = await failure<CheckpointReplicaOutputs>((await copyWithoutRecord("2s")).copying);
        expect(stuck.outputs).toMatchObject({ status: "replicating", destinationBackupIds: [] });
        expect(stuck.outputs.replicationRecordIds).toHaveLength(2);
    });
});

describe("A6: a vault that goes to one region twice", () => {
    for (const nothingToReplicate of ["refuse", "empty"] as const)
        it(`is nothing to do when all of it is there already, whether the answer is ${nothingToReplicate === "refuse" ? "0001" : "an empty list"}`, async () => {
            await start({ nothingToReplicate, servers: 2 });
            home().addCheckpoint(world.vaultId);
            const first = await replicate();
            expect(first.outputs.destinationBackupIds).toHaveLength(2);
            const { id, outputs } = await replicate({ deletionPolicy: "delete" });
            expect(outputs).toMatchObject({ status: "skip", replications: [], destinationBackupIds: [] });
            expect(id).not.toBe(first.id);
            // What is nobody's is deleted by nobody.
            await vaultReplication.remove(world.context(), id, outputs);
            expect(away().backups.size).toBe(2);
        });

    it("takes only what has no replica yet", async () => {
        await start();
        const old = seededBackup();
        await replicate();
        const fresh = seededBackup();
        const { outputs } = await replicate();
        expect(outputs.replications.map((one) => one.backupId)).toEqual([fresh]);
        expect(fresh).not.toBe(old);
    });

    it("is no success when the answer is 0001 and a replica is gone, broken, or never was", async () => {
        await start();
        const isRefused = async () => {
            const error = await replicate().then(
                () => undefined,
                (thrown: unknown) => thrown,
            );
            expect(error).toBeInstanceOf(ApiError);
            expect((error as ApiError).failure.code).toBe("BackupService.0001");
        };
        await isRefused();
        seededBackup();
        const { outputs } = await replicate();
        const [replica = ""] = outputs.destinationBackupIds;
        away().setBackupStatus(replica, "error");
        await isRefused();
        away().deleteBackupBehindOurBack(replica);
        await isRefused();
    });

    it("waits while another run has the vault (6130)", async () => {
        await start();
        seededBackup();
        world.sim.fail({ operation: "CopyCheckpoint", effect: { code: "BackupService.6130" }, times: 2 });
        expect((await replicate()).outputs.status).toBe("success");
        expect(world.calls().filter((call) => call === "CopyCheckpoint")).toHaveLength(3);
    });
});

describe("A9: what a checkpoint with failed parts is called", () => {
    for (const checkpointStatus of ["available", "error"])
        it(`does not matter: "${checkpointStatus}" with one good and one failed backup is a partial failure`, async () => {
            await start({ servers: 2 });
            const fail = () =>
                world.sim.fail({
                    operation: "CreateCheckpoint",
                    effect: { kind: "backup-error", resource: 1, checkpointStatus, code: "BackupService.7001" },
                });
            fail();
            const error = await failure<CheckpointOutputs>(take());
            expect(error.reasons).toEqual([expect.stringMatching(/1 good, 1 failed.*BackupService\.7001/)]);
            expect(error.outputs.backups.map((one) => one.status).sort()).toEqual(["available", "error"]);
            expect(error.outputs.backupIds).toHaveLength(1);
            fail();
            const { outputs } = await take({ onPartialFailure: "warn" });
            expect(outputs).toMatchObject({ status: checkpointStatus });
            expect(outputs.backupIds).toHaveLength(1);
            expect(world.lines.warn.at(-1)).toMatch(/1 good, 1 failed/);
        });

    it("a checkpoint in error keeps its good backups in the outputs", async () => {
        await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "checkpoint-error" } });
        const error = await failure<CheckpointOutputs>(take());
        expect(error.outputs).toMatchObject({ checkpointId: error.id, status: "error" });
        expect(error.outputs.backupIds).toHaveLength(1);
    });

    it("never calls good what has no good backup, whatever is accepted", async () => {
        await start({ servers: 2 });
        for (const checkpointStatus of ["available", "error"]) {
            world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "backup-error", checkpointStatus } });
            const error = await failure<CheckpointOutputs>(take({ onPartialFailure: "warn", onSkipped: "warn" }));
            expect(error.outputs.backupIds).toEqual([]);
            expect(error.outputs.backupIdByResource).toEqual({});
        }
    });
});

describe("A12: a checkpoint that outlives its last backup", () => {
    for (const checkpointSurvivesLastBackup of [false, true])
        it(`is gone all the same when it is ${checkpointSurvivesLastBackup ? "still shown" : "no longer shown"}`, async () => {
            await start({ checkpointSurvivesLastBackup });
            const { id, outputs } = await take();
            home().deleteBackupBehindOurBack(outputs.backupIds[0] ?? "");
            expect(home().checkpoints.has(id)).toBe(checkpointSurvivesLastBackup);
            expect((await checkpoint.read(world.context(), id, outputs))?.outputs).toEqual(expiredPoint(outputs));
            expect(
                await checkpoint.read(world.context(), id, { ...outputs, recreateWhenExpired: true }),
            ).toBeUndefined();
            await checkpoint.remove(world.context(), id, { ...outputs, deletionPolicy: "delete" });
            await expect(take({ adopt: id })).rejects.toThrow(OperationFailedError);
            // Its list may be a moment late: a minute, which this test does not have.
            await expect(copyPoint(id, { timeouts: { create: "1s" } })).rejects.toThrow(
                /there is no restore point|available, 0 of 1 backups listed yet/,
            );
        });
});

describe("A14: deleting a backup that is not there", () => {
    for (const missingBackupCode of ["BackupService.6200", "CSBS.3001"] as const)
        it(`is done when the answer is ${missingBackupCode}`, async () => {
            await start({ missingBackupCode, servers: 2 });
            const { id, outputs } = await take({ deletionPolicy: "delete" });
            home().deleteBackupBehindOurBack(outputs.backupIds[0] ?? "");
            await checkpoint.remove(world.context(), id, outputs);
            expect(home().checkpoints.has(id)).toBe(false);
            await checkpoint.remove(world.context(), id, outputs);
        });
});

const synchronise = () => vaultSync.create(world.context(), { vaultId: world.hybridVaultId });

it("A18: a synchronisation that was skipped is over, and no success", async () => {
    await start();
    world.sim.fail({ operation: "ImportCheckpoint", effect: { kind: "sync-outcome", status: "skipped" } });
    const error = await failure<VaultSyncOutputs>(synchronise());
    expect(error.outputs).toMatchObject({ operationLogId: error.id, status: "skipped" });
    expect(error.reasons).toEqual([expect.stringMatching(/has status skipped/)]);
});

it("A19: a synchronisation that succeeded with failures is a success with a warning", async () => {
    await start();
    home().uploadOnPremises(world.hybridVaultId, { failing: 2 });
    const { outputs } = await synchronise();
    expect(outputs).toMatchObject({ status: "success", syncedBackups: 3, deletedBackups: 0, failedBackups: 2 });
    expect(world.lines.warn).toEqual([expect.stringMatching(/succeeded, but 2 backups could not be imported/)]);
});
