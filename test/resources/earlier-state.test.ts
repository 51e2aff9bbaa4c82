// State that 0.1.0 wrote is read as if this release had written it.
import { afterEach, expect, it } from "vitest";
import { checkpointReplica, vaultReplication } from "../../provider/index";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { requireTypeScript } from "../support/require-typescript";

let sim: Simulator | undefined;
afterEach(() => sim?.close());

/** As Pulumi hands a value over: without what is undefined. */
const wire = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value));

async function open() {
    requireTypeScript();
    sim = (await startSimulator({ backupMs: 20, replicationMs: 20, deleteMs: 20 })) as Simulator;
    const config: Record<string, string> = sim.settings().config;
    const request = { config: { get: (key: string) => config[key], rawConfig: {} } } as never;
    for (const one of [checkpointReplica, vaultReplication]) await one.configure?.(request);
    const target = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
    return { cloud: sim.regions["eu-de"].cloud, copies: "eu-nl", target };
}

const marked = (state: Record<string, unknown>): Record<string, unknown> => ({
    ...state,
    status: "success",
    destinationBackupIds: [],
    replications: (state["replications"] as object[]).map((one) => ({ ...one, status: "success", gone: true })),
});

it.each(["CheckpointReplica", "VaultReplication"])(
    "%s: a replica that 0.1.0 marked as gone is expired: no failure, not looked for, not deleted",
    async (kind) => {
        const { cloud, copies, target } = await open();
        const vault = cloud.addVault({ resources: 2 });
        const point = cloud.addCheckpoint(vault.id);
        const of = kind === "CheckpointReplica" ? { checkpointId: point.id } : { vaultId: vault.id };
        const one = kind === "CheckpointReplica" ? checkpointReplica : vaultReplication;
        const __urn = `urn:pulumi:dev::p::pulumi-nodejs:dynamic/cbr:${kind}::it`;
        const news = { ...of, destinationRegion: copies, destinationVaultId: target, deletionPolicy: "delete", __urn };
        const { id, outs } = await one.create(news);
        const stored = marked(wire(outs));
        for (const replica of sim?.regions["eu-nl"].cloud.backups.keys() ?? [])
            sim?.regions["eu-nl"].cloud.backups.delete(replica);

        expect(await one.diff?.(id, stored, news)).toEqual({ changes: false });
        const read = wire((await one.read?.(id, stored))?.props);
        expect(read).toMatchObject({ status: "expired", destinationBackupIds: [] });
        expect((read["replications"] as { status: string }[]).map((row) => row.status)).toEqual(["expired", "expired"]);
        expect(JSON.stringify(read)).not.toContain('"gone"');
        const before = sim?.requests.length ?? 0;
        await one.delete?.(id, stored);
        expect(sim?.requests.slice(before).filter(({ method }) => method === "DELETE")).toEqual([]);
    },
);
