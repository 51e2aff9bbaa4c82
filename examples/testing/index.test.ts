// Two ways to test the program beside this file, without cloud and without the Pulumi CLI.
import * as pulumi from "@pulumi/pulumi";
import * as provider from "pulumi-cbr/provider";
import { type Simulator, startSimulator } from "pulumi-cbr/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const settings = {
    vaultId: "3b5816b5-f29c-4172-9d9a-76c719a659ce",
    release: "7",
    destinationVaultId: "3b5816b5-f29c-4172-9d9a-76c719a659cf",
};

/** Runs the program with these mocks and this configuration; its outputs, once they are known. */
async function run(mocks: pulumi.runtime.Mocks, config: Record<string, string>): Promise<Record<string, unknown>> {
    await pulumi.runtime.setMocks(mocks, "testing", "test", false);
    pulumi.runtime.setAllConfig(
        Object.fromEntries(Object.entries(config).map(([key, value]) => [`testing:${key}`, value])),
    );
    vi.resetModules();
    const program: Record<string, unknown> = await import("./index");
    return new Promise((resolve) => {
        pulumi.all({ ...program }).apply(resolve);
    });
}

// First way: Pulumi's mocks alone. They show what the program declares; nothing is done.
it("takes a restore point of the configured vault for each release", async () => {
    const declared: Record<string, Record<string, unknown>> = {};
    await run(
        {
            newResource: ({ name, inputs }) => {
                declared[name] = inputs;
                return { id: `${name}-id`, state: inputs };
            },
            call: ({ inputs }) => inputs,
        },
        settings,
    );
    expect(declared["before-release"]).toMatchObject({ vaultId: settings.vaultId, triggers: { release: "7" } });
    expect(declared["dr"]).toMatchObject({ destinationRegion: "eu-nl", triggers: { checkpoint: "before-release-id" } });
});

// Second way: mocks that hand each resource to the package's provider, which calls the simulated cloud.
let cloud: Simulator;
beforeEach(async () => {
    cloud = await startSimulator({ backupMs: 20, replicationMs: 20 });
});
afterEach(() => cloud.close());

function throughTheProvider(): pulumi.runtime.Mocks {
    const config = cloud.settings().config;
    const handlers = { Checkpoint: provider.checkpoint, VaultReplication: provider.vaultReplication };
    return {
        async newResource({ type, inputs }) {
            const handler = handlers[type.split(":").at(-1) as keyof typeof handlers];
            await handler.configure?.({ config: { get: (key) => config[key], require: (key) => config[key] ?? "" } });
            const { failures = [] } = (await handler.check?.({}, inputs)) ?? {};
            if (failures.length > 0) throw new Error(failures.map((one) => `${one.property} ${one.reason}`).join("; "));
            const { id, outs } = await handler.create(inputs);
            return { id, state: outs };
        },
        call: ({ inputs }) => inputs,
    };
}

it("leaves a backup and a replica of each server", async () => {
    const { "eu-de": source, "eu-nl": destination } = cloud.regions;
    const vault = source.cloud.addVault({ resources: [{ name: "web-1" }, { name: "db-1" }] });
    const copies = destination.cloud.addVault({ protectType: "replication" });
    const outputs = await run(throughTheProvider(), { ...settings, vaultId: vault.id, destinationVaultId: copies.id });
    expect(outputs["backupIds"]).toHaveLength(2);
    expect([...source.cloud.backups.keys()].sort()).toEqual([...(outputs["backupIds"] as string[])].sort());
    expect([...destination.cloud.backups.keys()].sort()).toEqual([...(outputs["replicaIds"] as string[])].sort());
});

it("takes one restore point even when the cloud's answer is lost", async () => {
    const vault = cloud.regions["eu-de"].cloud.addVault();
    const copies = cloud.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
    cloud.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
    await run(throughTheProvider(), { ...settings, vaultId: vault.id, destinationVaultId: copies.id });
    expect(cloud.regions["eu-de"].cloud.checkpoints.size).toBe(1);
});
