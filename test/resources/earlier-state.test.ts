// State that 0.1.0 wrote is read as if this release had written it.
import { afterEach, expect, it } from "vitest";
import { backupReplica, checkpointReplica, vaultReplication } from "../../provider/index";
import { configureHost } from "../../provider/pulumi/host";
import { ResourceHost } from "../../provider/pulumi/native/resource-host";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import * as replica from "../../provider/resources/copies/backup-replica";
import * as replicas from "../../provider/resources/copies/checkpoint-replica";
import { upgradeTimes } from "../../provider/resources/copies/copy-state";
import * as run from "../../provider/resources/copies/vault-replication";
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
    for (const one of [backupReplica, checkpointReplica, vaultReplication]) await one.configure?.(request);
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

const urnOf = (type: string) => `urn:pulumi:dev::p::${type}::it`;
const numbers = (state: Record<string, unknown>) => ({ ...state, requestedAt: Date.parse(`${state["requestedAt"]}`) });

/** One of each kind that says when its request was sent: made, with what a program says of it. */
async function makeEach() {
    const { cloud, copies, target } = await open();
    const vaults = [1, 2, 3].map(() => cloud.addVault());
    const points = vaults.map(({ id }) => cloud.addCheckpoint(id));
    const [backup] = cloud.backupsOf(points[0]?.id ?? "");
    const place = { destinationRegion: copies, destinationVaultId: target };
    const kinds = [
        { one: backupReplica, handler: replica.backupReplica, of: { backupId: backup?.id } },
        { one: checkpointReplica, handler: replicas.checkpointReplica, of: { checkpointId: points[1]?.id } },
        { one: vaultReplication, handler: run.vaultReplication, of: { vaultId: vaults[2]?.id } },
    ];
    const made = kinds.map(async ({ one, handler, of }) => {
        const __urn = urnOf(`pulumi-nodejs:dynamic/cbr:${handler.kind}`);
        const news = { ...of, ...place, __urn };
        const { id, outs } = await one.create(news);
        const asked: unknown = handler;
        return { one, handler: asked as ResourceHandler<CommonInputs, CommonInputs>, id, news, stored: wire(outs) };
    });
    return Promise.all(made);
}

it("a time that 0.1.0 wrote as a number is no change, on both hosts, and read as the text that it is now", async () => {
    for (const { one, handler, id, news, stored } of await makeEach()) {
        expect(stored["requestedAt"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        const before = sim?.requests.length;
        expect(await one.diff?.(id, numbers(stored), news)).toEqual({ changes: false });
        expect(sim?.requests.length).toBe(before);
        expect(wire((await one.read?.(id, numbers(stored)))?.props)).toEqual(stored);

        const { __urn: _, ...inputs } = news;
        const request = { urn: urnOf(`cbr:index:${handler.kind}`) };
        const native = { inputs, outputs: { ...numbers(stored), __urn: request.urn } };
        configureHost((key) => sim?.settings().config[key]);
        const host = new ResourceHost(handler);
        const asked = sim?.requests.length;
        expect(await host.diff(request, id, native, inputs)).toMatchObject({ isChanged: false, detailed: new Map() });
        expect(sim?.requests.length).toBe(asked);
        const read = await host.read(request, id, native);
        expect(read?.properties).toEqual({ ...stored, __urn: request.urn });
    }
});

it("a doubt that an earlier state has as a number is read as the text that it is now", () => {
    const replications = [
        { backupId: "1", status: "unsure", unsureAt: 1_748_779_200_000 },
        { backupId: "2", status: "success" },
    ];
    expect(upgradeTimes({ status: "fail", requestedAt: 1_748_779_199_999, replications })).toEqual({
        status: "fail",
        requestedAt: "2025-06-01T11:59:59.999Z",
        replications: [{ ...replications[0], unsureAt: "2025-06-01T12:00:00.000Z" }, replications[1]],
    });
});
