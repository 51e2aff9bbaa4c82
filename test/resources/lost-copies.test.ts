/** Copies whose POST was lost: what is taken for its effect, and what surely is another one's. */
import { afterEach, describe, expect, it } from "vitest";
import { UncertainOutcomeError } from "../../provider/client/errors/errors";
import { isoInstant, parseInstant } from "../../provider/client/time/timestamps";
import { createJournal, fingerprintOf } from "../../provider/exactly-once/journal";
import { requestInputs } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import {
    type BackupReplicaInputs,
    backupReplica,
    backupReplicaInputs,
} from "../../provider/resources/copies/backup-replica";
import { type CheckpointReplicaOutputs, checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import {
    type VaultReplicationInputs,
    type VaultReplicationOutputs,
    vaultReplication,
    vaultReplicationInputs,
} from "../../provider/resources/copies/vault-replication";
import { copyBehindOurBack, failure, otc, withRecords } from "../support/copies";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The ids of a restore point's backups, one a server. */
async function start(options?: WorldOptions): Promise<string[]> {
    world = await startWorld(options);
    return take();
}

let taken = 0;
async function take(): Promise<string[]> {
    const { outputs } = await checkpoint.create(world.context(`source${taken++}`), { vaultId: world.vaultId });
    world.sim.clearRequests();
    return [...outputs.backupIds];
}

const place = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });
const backupInputs = (backupId: string): BackupReplicaInputs => ({ ...place(), backupId });
const vaultInputs = (): VaultReplicationInputs => ({ ...place(), vaultId: world.vaultId });
const calls = (operation: string) => world.calls().filter((call) => call === operation).length;
const isThere = (id: string | undefined) => world.sim.regions["eu-nl"].cloud.backups.has(id ?? "");

/** An interrupted run had sent this request so long ago. */
function interrupted(name: string, request: unknown, agoMs: number): void {
    const { urn } = world.context(name);
    const startedAt = Date.now() - agoMs;
    const until = startedAt + 6 * HOUR;
    const note = { urn, what: "a request", whereToLook: "the cloud", startedAt, until, facts: {} };
    createJournal(world.notes).begin({ ...note, fingerprint: fingerprintOf(request) });
}

/** What follows happens on another machine. */
function forgetNotes(): void {
    for (const file of world.notes.list("")) world.notes.remove(file);
}

describe("what began long after a lost request is not its effect", () => {
    it("of one backup: the copy is asked for, and what was there is adopted and stays", async () => {
        const [backupId = ""] = await start();
        const inputs = { ...backupInputs(backupId), deletionPolicy: "delete" as const };
        interrupted("copy", requestInputs(backupReplicaInputs, inputs), HOUR);
        const other = await backupReplica.create(world.restart().context("other"), backupInputs(backupId));
        const { id, outputs } = await backupReplica.create(world.context("copy"), inputs);
        expect(calls("CopyBackup")).toBe(2);
        expect(id).not.toBe(other.id);
        expect(outputs).toMatchObject({ adopted: true, destinationBackupId: other.outputs.destinationBackupId });
        await backupReplica.remove(world.context("copy"), id, outputs);
        expect(isThere(other.outputs.destinationBackupId)).toBe(true);
    });

    it("of a vault: the run is started", async () => {
        const backups = await start({ servers: 2 });
        const [copied = "", left] = backups;
        interrupted("dr", requestInputs(vaultReplicationInputs, vaultInputs()), HOUR);
        await backupReplica.create(world.restart().context("other"), backupInputs(copied));
        const { outputs } = await vaultReplication.create(world.context("dr"), vaultInputs());
        expect(calls("CopyCheckpoint")).toBe(1);
        expect(outputs.replications.map((one) => one.backupId)).toEqual([left]);
    });

    it("of a restore point's part that was left unsure: it is sent", async () => {
        const { inputs, error } = await unsurePart();
        const replications = error.outputs.replications.map((one) => ({
            ...one,
            unsureAt: isoInstant(Date.now() - 2 * HOUR),
        }));
        const olds = { ...error.outputs, replications, requestedAt: isoInstant(Date.now() - 2 * HOUR - MINUTE) };
        forgetNotes();
        const other = await backupReplica.create(
            world.restart().context("other"),
            backupInputs(replications[0]?.backupId ?? ""),
        );
        world.sim.clearRequests();
        const outputs = await checkpointReplica.update(world.context("copies"), error.id, olds, inputs);
        expect(calls("CopyBackup")).toBe(1);
        expect(outputs.replications[0]).toMatchObject({ adopted: true });
        expect(outputs.replicationRecordIds).not.toContain(other.id);
    });

    it("where the cloud keeps no records, by the time of its task", async () => {
        const [backupId = ""] = await start(otc);
        const inputs = backupInputs(backupId);
        interrupted("copy", requestInputs(backupReplicaInputs, inputs), HOUR);
        const other = await backupReplica.create(world.restart().context("other"), inputs);
        const { outputs } = await backupReplica.create(world.context("copy"), inputs);
        expect(calls("CopyBackup")).toBe(2);
        expect(outputs).toMatchObject({ adopted: true, destinationBackupId: other.outputs.destinationBackupId });
    });
});

/** A restore point's copy whose request was lost without an effect, and so were the looks for one. */
async function unsurePart() {
    world = await startWorld();
    const source = await checkpoint.create(world.context("source"), { vaultId: world.vaultId });
    const inputs = { ...place(), checkpointId: source.id };
    world.sim.fail({ operation: "CopyBackup", effect: "reset-before" });
    world.sim.fail({ operation: "ShowBackup", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
    const error = await failure<CheckpointReplicaOutputs>(checkpointReplica.create(world.context("copies"), inputs));
    world.sim.clearFaults();
    return { inputs, error };
}

it("keeps when an unsure request was in doubt, so that what began later is not taken for it", async () => {
    const before = Date.now();
    const { error } = await unsurePart();
    const [one] = error.outputs.replications;
    expect(one?.status).toBe("unsure");
    expect(parseInstant(one?.unsureAt)).toBeGreaterThanOrEqual(before);
    expect(parseInstant(one?.unsureAt)).toBeLessThanOrEqual(Date.now());
});

it("does not take what a policy began for what it asked for itself", async () => {
    const [backupId = ""] = await start();
    world.sim.fail({ operation: "CopyBackup", effect: "reset-before" });
    const policys = copyBehindOurBack(world, backupId, { autoTrigger: true, status: "fail" });
    const { id, outputs } = await backupReplica.create(world.context("copy"), backupInputs(backupId));
    expect(id).not.toBe(policys);
    expect(outputs.status).toBe("success");
    await world.close();

    const [another = ""] = await start();
    world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-before" });
    copyBehindOurBack(world, another, { autoTrigger: true, status: "fail" });
    const run = await vaultReplication.create(world.context("dr"), vaultInputs());
    expect(run.outputs.status).toBe("success");
    expect(calls("CopyCheckpoint")).toBe(2);
});

it("says what it may be when the region does not tell its time, and sends nothing again", async () => {
    const [backupId = ""] = await start();
    const record = copyBehindOurBack(world, backupId, { agoMs: 5 * MINUTE });
    const context = world.context("copy");
    const client = new Proxy(context.client, {
        get(target, key) {
            if (key === "serverOffsetSlackMs") return () => 15 * MINUTE;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === "function" ? value.bind(target) : value;
        },
    });
    world.sim.fail({ operation: "CopyBackup", effect: "reset-before" });
    const error = await backupReplica.create({ ...context, client }, backupInputs(backupId)).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UncertainOutcomeError);
    expect(String(error)).toMatch(new RegExp(`does not tell its time: it may be that of record ${record}`));
    expect(calls("CopyBackup")).toBe(1);
});

describe("a run of a vault whose answer was lost", () => {
    it("is not complete with the first of its records", async () => {
        const backups = await start({ servers: 3 });
        let looks = 0;
        const context = withRecords(world.context("dr"), (record, row) => {
            if (row.id === backups[0]) looks++;
            return row.id === backups[0] || looks > 2 ? record : undefined;
        });
        world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-after-effect" });
        const { outputs } = await vaultReplication.create(context, vaultInputs());
        expect(outputs.replicationRecordIds).toHaveLength(3);
        expect(calls("CopyCheckpoint")).toBe(1);
    });

    it("is in doubt when a backup has no copy, is kept, and is judged once nothing can come any more", async () => {
        const [backup = "", lacking = ""] = await start({ servers: 2 });
        const context = withRecords(world.context("dr"), (record, row) => (row.id === backup ? record : undefined));
        world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-after-effect" });
        const inputs = { ...vaultInputs(), onPartialFailure: "warn" } as const;
        const error = await failure<VaultReplicationOutputs>(vaultReplication.create(context, inputs));
        expect(error.reasons[0]).toMatch(
            new RegExp(
                `may or may not have taken effect: its answer was lost, and of 2 backups .* 1 have a copy .* may be another's; backup ${lacking} may or may not have begun. Nothing was sent again`,
            ),
        );
        const of = (id: string) => error.outputs.replications.find((one) => one.backupId === id);
        expect(of(backup)).toMatchObject({ status: "waiting_replicate", unproven: true });
        expect(of(lacking)).toMatchObject({ status: "unsure" });
        // The record of the other one was only late.
        const late = world.restart();
        const outputs = await vaultReplication.update(late.context("dr"), error.id, error.outputs, inputs);
        expect(outputs.replications.map((one) => [one.status, one.unproven])).toEqual([
            ["success", true],
            ["success", true],
        ]);
        // Or it never began: what is there is accepted, or not.
        const never = withRecords(late.context("dr"), (record, row) => (row.id === backup ? record : undefined));
        const accepted = await vaultReplication.update(never, error.id, error.outputs, inputs);
        expect(accepted.replications.map((one) => one.status).sort()).toEqual(["success", "unsent"]);
        const refused = await failure(vaultReplication.update(never, error.id, error.outputs, vaultInputs()));
        expect(refused.reasons[0]).toMatch(
            new RegExp(`1 good, 1 not: backup ${lacking} did not begin .*the request was lost.*changing \`triggers\``),
        );
        expect(calls("CopyCheckpoint")).toBe(1);
    });

    it("has nothing of what another resource asked for", async () => {
        const [single = "", other] = await start({ servers: 2, replicationMs: 2_000 });
        await backupReplica.create(world.context("copy"), { ...backupInputs(single), wait: false });
        world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-before" });
        const { outputs } = await vaultReplication.create(world.context("dr"), vaultInputs());
        expect(outputs.replications.map((one) => one.backupId)).toEqual([other]);
        expect(calls("CopyCheckpoint")).toBe(2);
    });

    it("leaves open whose an odd-named replica is when it can be of several backups", async () => {
        const [first = ""] = await start(otc);
        await take();
        interrupted("dr", requestInputs(vaultReplicationInputs, vaultInputs()), 10_000);
        const odd = { ...backupInputs(first), name: "odd" };
        await backupReplica.create(world.restart().context("other"), odd);
        world.sim.clearRequests();
        world.sim.fail({ operation: "ListOpLogs", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
        const error = await vaultReplication.create(world.context("dr"), vaultInputs()).catch((thrown) => thrown);
        expect(error).toBeInstanceOf(UncertainOutcomeError);
        expect(String(error)).toMatch(/nothing tells of which backups/);
        expect(calls("CopyCheckpoint")).toBe(0);
    });

    it("is found although lists leave incremental backups out", async () => {
        await start({ hideIncremental: true });
        await take();
        world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-after-effect" });
        const { outputs } = await vaultReplication.create(world.context("dr"), vaultInputs());
        expect(outputs.replicationRecordIds).toHaveLength(2);
        expect(calls("CopyCheckpoint")).toBe(1);
    });
});

it("waits for the record where there are records, and takes no mark in its place", async () => {
    const [backupId = ""] = await start();
    let reads = 0;
    const context = withRecords(world.context("copy"), (record) => (++reads > 2 ? record : undefined));
    world.sim.fail({ operation: "CopyBackup", effect: "reset-after-effect" });
    const { id } = await backupReplica.create(context, backupInputs(backupId));
    expect(world.sim.regions["eu-de"].cloud.records.has(id)).toBe(true);
    expect(calls("CopyBackup")).toBe(1);
});

it("knows a record that does not say into which vault", async () => {
    const [backupId = ""] = await start();
    const context = withRecords(world.context("copy"), (record) => ({ ...record, destination_vault_id: undefined }));
    world.sim.fail({ operation: "CopyBackup", effect: "reset-after-effect" });
    const { outputs } = await backupReplica.create(context, backupInputs(backupId));
    expect(outputs.status).toBe("success");
    expect(calls("CopyBackup")).toBe(1);
});

it("finds a copy that has failed, on a cloud without records, also by a second look", async () => {
    const [backupId = ""] = await start({ ...otc, replicationMs: 1 });
    const effect = ["reset-after-effect", { kind: "record-fail", code: "BackupService.1006" }] as const;
    world.sim.fail({ operation: "CopyBackup", effect });
    // A new process does not know the region's time before the first answer, and looks again once it does.
    const error = await failure(backupReplica.create(world.restart().context("copy"), backupInputs(backupId)));
    expect(error.reasons[0]).toMatch(/BackupService.1006/);
    expect(calls("CopyBackup")).toBe(1);
});

it("tells why the run was refused, also when it cannot be found out whether all is copied", async () => {
    await start();
    await vaultReplication.create(world.context("dr"), vaultInputs());
    world.sim.clearRequests();
    world.sim.fail({ operation: "ListBackups", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
    const again = vaultReplication.create(world.context("dr"), { ...vaultInputs(), triggers: { again: 1 } });
    await expect(again).rejects.toThrow(/BackupService.0001/);
    expect(calls("CopyCheckpoint")).toBe(1);
});

it("keeps the time of the request, not of the wait for the vault before it", async () => {
    const [backupId = ""] = await start();
    world.sim.fail({ operation: "CopyBackup", effect: { code: "BackupService.6130" }, times: 5 });
    const { outputs } = await backupReplica.create(world.context("copy"), backupInputs(backupId));
    const [record] = [...world.sim.regions["eu-de"].cloud.records.values()];
    expect(Date.parse(record?.createdAt ?? "") - Date.parse(outputs.requestedAt)).toBeLessThan(300);
});
