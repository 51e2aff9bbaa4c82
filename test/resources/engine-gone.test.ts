// The engine ends while a resource is at work, and the time budget is hours: nothing is sent any more.
import { afterEach, expect, it } from "vitest";
import { memoryJournal } from "../../provider/exactly-once/journal";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { vaultSync } from "../../provider/resources/vault-sync";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { type Fault, type Simulator, startSimulator } from "../../sdk/testing/index";
import { VirtualClock } from "../support/virtual-clock";

const HOURS = 3 * 3_600_000;
const clock = new VirtualClock(3);
let sim: Simulator;
afterEach(() => sim.close());

/** A context of a process whose engine is gone once so many requests were sent; `sent` counts those after it. */
function contextOf(requests: number) {
    const settings = sim.settings({ signIn: "password" }).config;
    const get = (key: string) => settings[key];
    const engine = new AbortController();
    const network = clock.transport(get);
    const count = { before: 0, after: 0 };
    const transport = {
        ...network,
        send: async (request: Parameters<typeof network.send>[0]) => {
            if (engine.signal.aborted) count.after++;
            else if (++count.before === requests) setImmediate(() => engine.abort(new Error("the engine is gone")));
            return network.send(request);
        },
    };
    const parts = { clock, journal: memoryJournal(), transport, signal: engine.signal };
    const services = createServices(get, {}, { ...parts, isEngineAlive: async () => !engine.signal.aborted });
    const log = { status: () => {}, info: () => {}, warn: () => {} };
    const context: Context = { ...services, resourceName: "it", urn: "urn:pulumi:p::p::t::it", log };
    return { context, count };
}

async function setUp() {
    sim = (await startSimulator({ clock, backupMs: 3_000, replicationMs: 3_000 })) as Simulator;
    const { cloud } = sim.regions["eu-de"];
    const vault = cloud.addVault({ resources: 1 });
    const hybrid = cloud.addVault({ cloudType: "hybrid" });
    const target = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
    const { outputs, id } = await checkpoint.create(contextOf(Number.POSITIVE_INFINITY).context, {
        vaultId: vault.id,
        deletionPolicy: "delete",
        timeouts: { create: "3h", delete: "3h" },
    });
    return { id, outputs, vaultId: vault.id, hybridId: hybrid.id, destinationVaultId: target.id };
}

type Made = Awaited<ReturnType<typeof setUp>>;
const timeouts = { create: "3h" };

it.each<[string, Fault, (context: Context, made: Made) => Promise<unknown>]>([
    [
        "a deletion of a backup that stays in use",
        { operation: "DeleteBackup", times: 0, effect: { code: "BackupService.6201" } },
        (context, { id, outputs }) => checkpoint.remove(context, id, outputs),
    ],
    [
        "a deletion whose end cannot be seen",
        { operation: "ShowBackup", times: 0, effect: { status: 503 } },
        (context, { id, outputs }) => checkpoint.remove(context, id, outputs),
    ],
    [
        "a POST to a vault that stays busy",
        { operation: "CreateCheckpoint", times: 0, effect: { code: "BackupService.6125" } },
        (context, { vaultId }) => checkpoint.create(context, { vaultId, timeouts }),
    ],
    [
        "a wait whose lists fail",
        { method: "GET", times: 0, effect: { status: 503 } },
        (context, { vaultId }) => checkpoint.create(context, { vaultId, timeouts }),
    ],
    [
        "a search for a lost POST",
        { operation: "ImportCheckpoint", times: 0, effect: { status: 504 } },
        (context, { hybridId }) => vaultSync.create(context, { vaultId: hybridId, timeouts }),
    ],
    [
        "a wait for a replica that does not appear",
        { region: "eu-nl", method: "GET", times: 0, effect: { status: 503 } },
        (context, { outputs, destinationVaultId }) =>
            backupReplica.create(context, {
                backupId: outputs.backupIds[0] ?? "",
                destinationRegion: "eu-nl",
                destinationVaultId,
                timeouts,
            }),
    ],
    [
        "a sign-in that fails",
        { operation: "KeystoneCreateToken", times: 0, effect: { status: 503 } },
        (context, { vaultId }) => checkpoint.create(context, { vaultId, timeouts }),
    ],
])("sends no request after the engine is gone: %s", async (_, fault, run) => {
    // Whatever it does by then: the first request, or one of the next, is the last.
    for (const requests of [2, 3, 5, 8]) {
        if (requests > 2) await sim.close();
        const made = await setUp();
        sim.fail(fault);
        const { context, count } = contextOf(requests);
        const begun = clock.now();
        await expect(run(context, made)).rejects.toThrow();
        expect([requests, count.after]).toEqual([requests, 0]);
        expect(clock.now() - begun).toBeLessThan(HOURS);
    }
});
