/**
 * A POST without an effect, a moment after the resource's last one: what state has of that one is not taken for it. What
 * another resource has may be its effect all the same: it has adopted it, or was skipped for it.
 */
import { afterEach, expect, it } from "vitest";
import { createJournal, fingerprintOf, memoryJournal } from "../../provider/exactly-once/journal";
import { noteStored } from "../../provider/resource/deletion-guard";
import { type CommonInputs, type ResourceHandler, requestInputs } from "../../provider/resource/resource";
import { checkpoint, checkpointInputs } from "../../provider/resources/checkpoint/checkpoint";
import {
    type BackupReplicaOutputs,
    backupReplica,
    backupReplicaInputs,
} from "../../provider/resources/copies/backup-replica";
import {
    type VaultReplicationOutputs,
    vaultReplication,
    vaultReplicationInputs,
} from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import { failure, otc } from "../support/copies";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

const calls = (operation: string) => world.calls().filter((call) => call === operation).length;

/** State has the resource; a run replaces it, and the connection breaks before its request has arrived. */
async function replaced<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
    stored: { readonly id: string; readonly outputs: O },
    inputs: I,
    operation: string,
) {
    const context = world.restart().context("it");
    const { urn } = context;
    noteStored(context, handler, { program: urn, stored: urn }, stored);
    world.sim.clearRequests();
    world.sim.fail({ operation, effect: "reset-before" });
    const made = await handler.create(context, inputs);
    expect(made.id).not.toBe(stored.id);
    expect(calls(operation)).toBe(2);
    return made.outputs;
}

it("a restore point with a name that was given", async () => {
    world = await startWorld();
    const inputs = { vaultId: world.vaultId, name: "release" };
    const stored = await checkpoint.create(world.context("it"), inputs);
    const outputs = await replaced(checkpoint, stored, { ...inputs, triggers: [1] }, "CreateCheckpoint");
    expect(outputs.status).toBe("available");
    expect(world.sim.regions["eu-de"].cloud.snapshot().checkpoints).toHaveLength(2);
});

it("a synchronisation", async () => {
    world = await startWorld();
    const inputs = { vaultId: world.hybridVaultId };
    const stored = await vaultSync.create(world.context("it"), inputs);
    const outputs = await replaced(vaultSync, stored, { ...inputs, triggers: [1] }, "ImportCheckpoint");
    expect(outputs.status).toBe("success");
});

const clouds: [name: string, options: WorldOptions][] = [
    ["by its record", {}],
    ["by its task", otc],
];

const effect = { kind: "record-fail", code: "BackupService.1006", reason: "import failed" } as const;

async function startWithBackup(options: WorldOptions) {
    world = await startWorld(options);
    const { outputs } = await checkpoint.create(world.context("source"), { vaultId: world.vaultId });
    const place = { destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId };
    return { place, backupId: outputs.backupIds[0] ?? "" };
}

it.for(clouds)("a copy that has failed, %s", async ([, options]) => {
    const { place, backupId } = await startWithBackup(options);
    const inputs = { ...place, backupId };
    world.sim.fail({ operation: "CopyBackup", effect });
    const copy = await failure<BackupReplicaOutputs>(backupReplica.create(world.context("it"), inputs));
    const outputs = await replaced(backupReplica, copy, { ...inputs, triggers: [1] }, "CopyBackup");
    expect(outputs).toMatchObject({ status: "success", verified: true });
});

it.for(clouds)("a run that has failed, %s", async ([, options]) => {
    const { place } = await startWithBackup(options);
    const inputs = { ...place, vaultId: world.vaultId };
    world.sim.fail({ operation: "CopyCheckpoint", effect });
    const run = await failure<VaultReplicationOutputs>(vaultReplication.create(world.context("it"), inputs));
    const outputs = await replaced(vaultReplication, run, { ...inputs, triggers: [1] }, "CopyCheckpoint");
    expect(outputs.status).toBe("success");
});

/** A run that is killed at its end: what it sent has its effect, and no state has it. */
const killed = () => ({ ...world.restart().context("it"), journal: memoryJournal() });

/** The note that it has written before its request. */
function noted(request: unknown, startedAt: number, facts: Record<string, string> = {}): void {
    const { urn } = world.context("it");
    const note = { urn, what: "a request", whereToLook: "the cloud", startedAt, until: startedAt + 3_600_000, facts };
    createJournal(world.notes).begin({ ...note, fingerprint: fingerprintOf(request) });
}

/** The next run, in which state has another resource. */
function beside<I extends CommonInputs, O extends I>(handler: ResourceHandler<I, O>, id: string, outputs: O) {
    const next = world.restart();
    const { urn } = next.context("other");
    noteStored(next.context("other"), handler, { program: urn, stored: urn }, { id, outputs });
    world.sim.clearRequests();
    return next.context("it");
}

it("finds a restore point that another resource has adopted", async () => {
    world = await startWorld();
    const inputs = { vaultId: world.vaultId };
    const startedAt = Date.now();
    const made = await checkpoint.create(killed(), inputs);
    noted(requestInputs(checkpointInputs, inputs), startedAt, { name: made.outputs.name ?? "", unique: "true" });
    const other = await checkpoint.create(world.restart().context("other"), { ...inputs, adopt: made.id });
    expect((await checkpoint.create(beside(checkpoint, other.id, other.outputs), inputs)).id).toBe(made.id);
    expect(calls("CreateCheckpoint")).toBe(0);
});

it("finds a copy that another resource has adopted", async () => {
    const { place, backupId } = await startWithBackup({});
    const inputs = { ...place, backupId };
    const startedAt = Date.now();
    const made = await backupReplica.create(killed(), inputs);
    noted(requestInputs(backupReplicaInputs, inputs), startedAt);
    const adopt = made.outputs.destinationBackupId ?? "";
    const other = await backupReplica.create(world.restart().context("other"), { ...inputs, adopt });
    expect((await backupReplica.create(beside(backupReplica, other.id, other.outputs), inputs)).id).toBe(made.id);
    expect(calls("CopyBackup")).toBe(0);
});

it("finds a run that another resource's copy was skipped for, also where tasks cannot be read", async () => {
    const { place, backupId } = await startWithBackup(otc);
    const inputs = { ...place, vaultId: world.vaultId };
    const startedAt = Date.now();
    await vaultReplication.create(killed(), inputs);
    noted(requestInputs(vaultReplicationInputs, inputs), startedAt);
    const other = await backupReplica.create(world.restart().context("other"), { ...place, backupId });
    expect(other.outputs).toMatchObject({ status: "skip", adopted: true });
    world.sim.fail({ operation: "ListOpLogs", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
    const { outputs } = await vaultReplication.create(beside(backupReplica, other.id, other.outputs), inputs);
    expect(outputs.replications).toMatchObject([{ backupId, status: "success" }]);
    expect(calls("CopyCheckpoint")).toBe(0);
});
