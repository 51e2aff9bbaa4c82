// Ids that the program or the cloud writes in capitals are the same ids: sent, compared and looked for in one form.
import { afterAll, beforeAll, expect, it } from "vitest";
import { invoke } from "../../provider/functions";
import * as provider from "../../provider/index";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { requireTypeScript } from "../support/require-typescript";
import { type Alter, startWorld } from "../support/world";

let sim: Simulator;
const ids = { vault: "", target: "", hybrid: "", server: "" };
const upper = (id: string) => id.toUpperCase();
const urn = (name: string, kind: string) => `urn:pulumi:dev::p::pulumi-nodejs:dynamic/cbr:${kind}::${name}`;
/** As Pulumi hands a value over: without what is undefined. */
const wire = (value: unknown): Record<string, unknown> => JSON.parse(JSON.stringify(value));

beforeAll(async () => {
    requireTypeScript();
    sim = (await startSimulator({ backupMs: 20, replicationMs: 20, syncMs: 20 })) as Simulator;
    const { cloud } = sim.regions["eu-de"];
    const vault = cloud.addVault({ resources: 2 });
    ids.vault = vault.id;
    ids.server = [...vault.resources.keys()][1] ?? "";
    ids.hybrid = cloud.addVault({ cloudType: "hybrid" }).id;
    ids.target = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
    await configure();
});
afterAll(() => sim.close());

const settings = (more: Record<string, string> = {}) => ({
    ...sim.settings().config,
    "cbr:projectId": upper(sim.regions["eu-de"].projectId),
    ...more,
});
async function configure(more: Record<string, string> = {}): Promise<void> {
    const config: Record<string, string> = settings(more);
    const request = { config: { get: (key: string) => config[key], rawConfig: {} } } as never;
    for (const one of Object.values(provider)) await one.configure?.(request);
}

/** Each resource by inputs in capitals, and the inputs that hold ids. */
const made: Record<string, () => Record<string, unknown>> = {
    checkpoint: () => ({ vaultId: upper(ids.vault), resources: [upper(ids.server)] }),
    vaultSync: () => ({ vaultId: upper(ids.hybrid) }),
    checkpointReplica: () => ({ checkpointId: upper(sources.checkpoint), ...copy() }),
    backupReplica: () => ({ backupId: upper(sources.backup), ...copy() }),
    vaultReplication: () => ({ vaultId: upper(ids.vault), ...copy() }),
};
const sources = { checkpoint: "", backup: "" };
const copy = () => ({
    destinationRegion: "eu-nl",
    destinationVaultId: upper(ids.target),
    destinationProjectId: upper(sim.regions["eu-nl"].projectId),
});

it.each(Object.keys(made))(
    "%s: makes one, and sees no change whichever letters the program or the state has",
    async (kind) => {
        const cloud = sim.regions["eu-de"].cloud;
        const [source] = cloud.backupsOf(cloud.addCheckpoint(ids.vault).id);
        Object.assign(sources, { checkpoint: source?.checkpointId, backup: source?.id });
        const one = provider[kind as keyof typeof provider];
        const inputs = made[kind]?.() ?? expect.unreachable();
        const news = { ...inputs, __urn: urn("it", kind) };
        const checked = await one.check?.({}, news);
        expect(checked).toEqual({ inputs: news, failures: [] });
        const { id, outs } = await one.create(news);
        const state = wire(outs);
        for (const [key, value] of Object.entries(inputs))
            if (/Id$/.test(key)) expect([key, state[key]]).toEqual([key, upper(String(value)).toLowerCase()]);

        const small = JSON.parse(
            JSON.stringify(news, (key, value) => (/Id$|^\d$/.test(key) ? value.toLowerCase() : value)),
        );
        // A release before this one stored what the program wrote.
        for (const olds of [state, { ...state, ...inputs }])
            for (const given of [news, small]) {
                expect(await one.diff?.(id, olds, given)).toEqual({ changes: false });
                expect(await one.check?.(given, given)).toMatchObject({ failures: [] });
            }
        const read = await one.read?.(id, { ...state, ...inputs });
        expect(wire(read?.props)).toEqual(state);
    },
);

it("still tells a trigger or a name in other letters from the one before", async () => {
    const olds = {
        vaultId: ids.vault,
        triggers: [ids.vault],
        name: "a",
        region: "eu-de",
        status: "available",
        backups: [],
        vault: { resources: [], skippedResources: [] },
        skippedResources: [],
    };
    const renamed = { vaultId: ids.vault, triggers: [ids.vault], name: "A" };
    expect(await provider.checkpoint.diff?.("x", olds, renamed)).toMatchObject({ replaces: [] });
    const triggered = { ...renamed, triggers: [upper(ids.vault)] };
    expect(await provider.checkpoint.diff?.("x", olds, triggered)).toMatchObject({ replaces: ["triggers"] });
});

it("finds the restore point of a lost answer, and misses no backup, with preflight off", async () => {
    await configure({ "cbr:preflight": "off" });
    const { cloud } = sim.regions["eu-de"];
    const before = cloud.checkpoints.size;
    sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
    const inputs = { ...made["checkpoint"]?.(), __urn: urn("lost", "Checkpoint") };
    const { outs } = await provider.checkpoint.create(inputs);
    expect(cloud.checkpoints.size).toBe(before + 1);
    expect(outs).toMatchObject({ status: "available", backups: [{ resourceId: ids.server }] });
    await configure();
});

it("refuses a resource that is named twice in other letters", async () => {
    const news = { vaultId: ids.vault, resources: [ids.server, upper(ids.server)] };
    expect(await provider.checkpoint.check?.({}, news)).toMatchObject({
        failures: [{ property: "resources", reason: "names a resource twice" }],
    });
});

it("adopts and gets by an id in capitals, and gives back the cloud's own form", async () => {
    const { id } = sim.regions["eu-de"].cloud.addCheckpoint(ids.vault);
    const adopt = { vaultId: ids.vault, adopt: upper(id), __urn: urn("adopted", "Checkpoint") };
    const adopted = await provider.checkpoint.create(adopt);
    expect([adopted.id, (adopted.outs as { checkpointId: string }).checkpointId]).toEqual([id, id]);
    expect(await provider.checkpoint.diff?.(adopted.id, wire(adopted.outs), adopt)).toEqual({ changes: false });
    expect(await provider.checkpoint.read?.(upper(id), {})).toMatchObject({ id, props: { checkpointId: id } });
});

it("looks things up by ids in capitals", async () => {
    const config = settings();
    expect((await invoke("getVault", { vaultId: upper(ids.vault) }, config)).id).toBe(ids.vault);
    const backups = await invoke("getBackups", { vaultId: upper(ids.vault), resourceId: upper(ids.server) }, config);
    expect(new Set(backups.map((one) => one.resourceId))).toEqual(new Set([ids.server]));
});

const UUIDS = /"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"/g;
const inCapitals: Alter = (_request, response) => ({ ...response, body: response.body.replaceAll(UUIDS, upper) });

it.each(["huawei", "otc"] as const)(
    "reads ids that a cloud writes in capitals in the same form: %s",
    async (dialect) => {
        const world = await startWorld({
            answer: inCapitals,
            regions: [
                { name: "eu-de", dialect },
                { name: "eu-nl", dialect },
            ],
        });
        try {
            const [source, destination] = [world.sim.regions["eu-de"].cloud, world.sim.regions["eu-nl"].cloud];
            const to = { destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId };
            const context = world.context();
            const replicas = () => [...destination.backups.keys()];

            const point = await checkpoint.create(context, { vaultId: world.vaultId });
            expect([[point.id], point.outputs.backupIds]).toEqual([
                [...source.checkpoints.keys()],
                [...source.backups.keys()],
            ]);
            const one = await backupReplica.create(context, { backupId: point.outputs.backupIds[0] ?? "", ...to });
            expect([one.outputs.destinationBackupId]).toEqual(replicas());
            await checkpoint.create(context, { vaultId: world.vaultId, name: "second" });
            const run = await vaultReplication.create(context, { vaultId: world.vaultId, ...to });
            const third = await checkpoint.create(context, { vaultId: world.vaultId, name: "third" });
            const set = await checkpointReplica.create(context, { checkpointId: third.id, ...to });
            const made = [
                one.outputs.destinationBackupId,
                run.outputs.destinationBackupIds,
                set.outputs.destinationBackupIds,
            ];
            expect(made.flat()).toEqual(replicas());
            for (const { outputs } of [one, run, set])
                expect(outputs).toMatchObject({ status: "success", verified: true });
            if (dialect === "otc") return;
            const sync = await vaultSync.create(context, { vaultId: world.hybridVaultId });
            expect(source.operationLogs.get(sync.id)?.operationType).toBe("sync");
        } finally {
            await world.close();
        }
    },
);
