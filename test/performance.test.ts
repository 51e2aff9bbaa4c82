// Counts, not times: how much is asked of the cloud and kept in state, whatever machine this runs on. Times are for `npm run bench`.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { memoryJournal } from "../provider/exactly-once/journal";
import { type CheckpointOutputs, checkpoint } from "../provider/resources/checkpoint/checkpoint";
import type { Context } from "../provider/services/context";
import { createServices } from "../provider/services/services";
import { type Simulator, startSimulator } from "../sdk/testing/index";
import { VirtualClock } from "./support/virtual-clock";

const MANY = 1_000;
const PER_VAULT = 100;

const clock = new VirtualClock(3);
let sim: Simulator;
beforeAll(async () => {
    sim = (await startSimulator({ clock, backupMs: 60_000, deleteMs: 2_000 })) as Simulator;
});
afterAll(() => sim.close());

interface Place {
    readonly vaultId: string;
    readonly resources: string[];
}

/** Vaults of a hundred servers each; one place a server. */
function places(count: number): Place[] {
    const { cloud } = sim.regions["eu-de"];
    const all: Place[] = [];
    while (all.length < count) {
        const vault = cloud.addVault({ resources: Math.min(PER_VAULT, count - all.length) });
        for (const id of vault.resources.keys()) all.push({ vaultId: vault.id, resources: [id] });
    }
    return all;
}

/** As one process has it: everything shared, a name for each resource. */
function newProcess(): (name: string) => Context {
    const settings: Record<string, string> = {
        ...sim.settings({ signIn: "password" }).config,
        "cbr:maxRequestsPerSecond": "100000",
    };
    const get = (key: string) => settings[key];
    const parts = { clock, journal: memoryJournal(), transport: clock.transport(get) };
    const services = createServices(get, {}, parts);
    const log = { status: () => {}, info: () => {}, warn: () => {} };
    return (name) => ({ ...services, resourceName: name, urn: `urn:pulumi:p::p::t::${name}`, log });
}

interface Held {
    readonly id: string;
    readonly outputs: CheckpointOutputs;
}

function createAll(count: number, options: { deletionPolicy?: "delete" } = {}): Promise<Held[]> {
    const context = newProcess();
    return Promise.all(
        places(count).map((place, index) => checkpoint.create(context(`c${index}`), { ...place, ...options })),
    );
}

/** Operations since the last call, without sign-in. */
function calls(): { operation: string; query: string }[] {
    const seen = sim.requests
        .map(({ operation, query }) => ({ operation, query }))
        .filter(({ operation }) => !operation.startsWith("Keystone"));
    sim.clearRequests();
    return seen;
}

/** Pages of each look at the backups: a look begins with the first page. */
function looks(seen: readonly { operation: string; query: string }[]): number[] {
    const sizes: number[] = [];
    for (const { operation, query } of seen) {
        if (operation !== "ListBackups") continue;
        if (/(^|&)offset=0(&|$)/.test(query)) sizes.push(0);
        sizes[sizes.length - 1] = (sizes.at(-1) ?? 0) + 1;
    }
    return sizes;
}

function count(seen: readonly { operation: string }[], operation: string): number {
    return seen.filter((one) => one.operation === operation).length;
}

it("asks the cloud for three things a checkpoint at most, a hundred at a time", async () => {
    calls();
    await createAll(100);
    const seen = calls();
    expect(count(seen, "CreateCheckpoint")).toBe(100);
    expect(count(seen, "ShowCheckpoint")).toBe(100);
    expect(seen.length).toBeLessThanOrEqual(300);
});

it("creates, reads and deletes a thousand with few requests each", async () => {
    calls();
    const held = await createAll(MANY, { deletionPolicy: "delete" });
    const created = calls();
    expect(created.length).toBeLessThanOrEqual(3 * MANY);
    // One list for all that wait; a second page as the cloud holds more than a page of them.
    expect(Math.max(...looks(created))).toBeLessThanOrEqual(5);

    const reader = newProcess();
    const found = await Promise.all(
        held.map(({ id, outputs }, index) => checkpoint.read(reader(`c${index}`), id, outputs)),
    );
    expect(found.map((one) => one?.id)).toEqual(held.map((one) => one.id));
    const read = calls();
    expect(new Set(read.map((one) => one.operation))).toEqual(new Set(["ListBackups"]));
    expect(read.length).toBeLessThanOrEqual(2);

    const remover = newProcess();
    await Promise.all(held.map(({ id, outputs }, index) => checkpoint.remove(remover(`c${index}`), id, outputs)));
    const removed = calls();
    expect(count(removed, "DeleteBackup")).toBe(MANY);
    expect(removed.length).toBeLessThanOrEqual(3 * MANY);
    const left = sim.regions["eu-de"].cloud.checkpoints;
    expect(held.filter(({ id }) => left.has(id))).toEqual([]);
});

it("looks with a page for each thousand while ten thousand wait", async () => {
    const { cloud } = sim.regions["eu-de"];
    const [model] = await createAll(1);
    if (model === undefined) throw new Error("no model");
    const context = newProcess();
    const all = places(10_000);
    calls();
    // A wait that was cut short is resumed by `update`, so that no POST is needed. These never end: the budget does.
    const waits = all.map((place, index) => {
        const running = cloud.addCheckpoint(place.vaultId, { resources: place.resources, status: "protecting" });
        const createdAt = new Date(running.createdAt).toISOString();
        const facts = { checkpointId: running.id, status: "protecting", createdAt, backups: [], backupIds: [] };
        const olds: CheckpointOutputs = { ...model.outputs, ...place, ...facts, backupIdByResource: {} };
        return checkpoint.update(context(`w${index}`), running.id, olds, { ...place, timeouts: { update: "60s" } });
    });
    const ends = await Promise.allSettled(waits);
    expect(ends.filter((end) => end.status === "fulfilled")).toEqual([]);
    const seen = calls();
    expect(new Set(seen.map((one) => one.operation))).toEqual(new Set(["ListBackups"]));
    expect(looks(seen).length).toBeGreaterThan(3);
    expect(Math.max(...looks(seen))).toBeLessThanOrEqual(15);
});

it("keeps bounded outputs in state", async () => {
    const [whole] = await createAll(1);
    // One server with one disk: the backup, its child, the vault and the ids.
    expect(Buffer.byteLength(JSON.stringify(whole?.outputs))).toBeLessThanOrEqual(2_000);
});

it.skipIf(!existsSync("dist/sdk/index.js"))("loads neither schemas nor HTTP nor YAML into a program", () => {
    const script = `
        require("@pulumi/pulumi");
        const before = new Set(Object.keys(require.cache));
        require("./dist/sdk/index.js");
        const added = Object.keys(require.cache).filter((file) => !before.has(file));
        process.stdout.write(JSON.stringify(added));
    `;
    const added = JSON.parse(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })) as string[];
    expect(added.length).toBeGreaterThan(0);
    const heavy = added.filter((file) => /[\\/](node_modules|provider)[\\/]/.test(file.replace(process.cwd(), "")));
    // The check of Node's version, which needs nothing.
    expect(heavy.map((file) => basename(file))).toEqual(["node-version.js"]);
});

it.skipIf(!existsSync("dist/provider/index.js"))(
    "keeps what a killed provider compiled, where Node has a cache",
    () => {
        const cache = mkdtempSync(join(tmpdir(), "cbr-compiled-"));
        const script = `
        require("./dist/provider/index.js");
        const { withContext } = require("./dist/provider/pulumi/host.js");
        const caller = { urn: "urn:pulumi:s::p::pulumi-nodejs:dynamic/cbr:Checkpoint::c", noted: {} };
        withContext(caller, "Checkpoint", async () => {}).catch(() => {}).then(() => process.kill(process.pid, "SIGKILL"));
    `;
        const env = { ...process.env, NODE_COMPILE_CACHE: cache, CBR_REGION: "eu-de" };
        try {
            expect(spawnSync(process.execPath, ["-e", script], { env }).signal).toBe("SIGKILL");
            const files = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
            expect(files.length).toBeGreaterThan(100);
        } finally {
            rmSync(cache, { recursive: true, force: true });
        }
    },
);
