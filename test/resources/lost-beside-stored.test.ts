/** A POST without an effect, a moment after the resource's last one: what state has of that one is not taken for it. */
import { afterEach, expect, it } from "vitest";
import { noteStored } from "../../provider/resource/deletion-guard";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { type BackupReplicaOutputs, backupReplica } from "../../provider/resources/copies/backup-replica";
import { type VaultReplicationOutputs, vaultReplication } from "../../provider/resources/copies/vault-replication";
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
