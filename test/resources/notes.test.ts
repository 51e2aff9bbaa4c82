// The notes of requests, through the host's own calls: when one counts, whose it is, and when it has served.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as dynamic from "@pulumi/pulumi/dynamic";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Simulator, type SimulatorOptions, startSimulator } from "../../sdk/testing/index";
import { requireTypeScript } from "../support/require-typescript";

type Kind = keyof typeof import("../../provider/index");
type Bag = Record<string, unknown>;
requireTypeScript();
// The host loads the package with `require`, and so do its own lazy parts: all of it has to be of one piece.
const pulumi = createRequire(__filename)("../../provider/index.ts") as Record<
    Kind,
    Required<dynamic.ResourceProvider<Bag, Bag>>
>;

let sim: Simulator;
let home: string;
let said: string;
let vaultId: string;
let place: Bag;
const before = { home: process.env["PULUMI_HOME"], backend: process.env["PULUMI_BACKEND_URL"] };

async function start(options: SimulatorOptions<"eu-de" | "eu-nl"> = {}): Promise<void> {
    sim = (await startSimulator({
        backupMs: 200,
        replicationMs: 200,
        syncMs: 200,
        deleteMs: 20,
        ...options,
    })) as Simulator;
    vaultId = cloud().addVault({ resources: 2 }).id;
    const destinationVaultId = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
    place = { destinationRegion: "eu-nl", destinationVaultId };
    await newProcess();
}

const cloud = () => sim.regions["eu-de"].cloud;

/** Nothing is remembered but what is on disk. */
async function newProcess(): Promise<void> {
    const config = { ...sim.settings({ signIn: "password" }).config, "cbr:preflight": "off" } as Record<string, string>;
    const request = { config: { get: (key: string) => config[key], rawConfig: {} } };
    for (const one of Object.values(pulumi)) await one.configure(request as never);
}

beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "cbr-notes-"));
    process.env["PULUMI_HOME"] = home;
    said = "";
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
        said += String(text);
        return true;
    });
});
afterEach(async () => {
    vi.restoreAllMocks();
    restore("PULUMI_HOME", before.home);
    restore("PULUMI_BACKEND_URL", before.backend);
    rmSync(home, { recursive: true });
    await sim.close();
});

function restore(name: string, value: string | undefined): void {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
}

const folder = () => join(home, "pulumi-cbr", "pending");
function notes(): [file: string, note: Bag & { facts: Bag }][] {
    try {
        return readdirSync(folder()).map((name) => {
            const file = join(folder(), name);
            return [file, JSON.parse(readFileSync(file, "utf8"))];
        });
    } catch {
        return [];
    }
}

const urnOf = (kind: string, name: string) => `urn:pulumi:dev::p::pulumi-nodejs:dynamic/cbr:${kind}::${name}`;
const inputs = (more: Bag = {}, name = "cp"): Bag => ({ vaultId, __urn: urnOf("Checkpoint", name), ...more });
// Pulumi: each create comes after a check.
const create = async (more?: Bag, name?: string) => {
    await pulumi.checkpoint.check({}, inputs(more, name));
    const { id, outs = {} } = await pulumi.checkpoint.create(inputs(more, name));
    return { id, outs };
};
/** Pulumi: the program's diff comes after a check, that of a refresh right after a read. */
const diff = async (id: string, outs: Bag, news: Bag, kind: Kind = "checkpoint") => {
    await pulumi[kind].check(outs, news);
    return pulumi[kind].diff(id, outs, news);
};
const made = () => [...cloud().checkpoints.keys()];

/** A run that is killed once the cloud has answered: what it leaves on disk, and the restore point. */
async function killed(more?: Bag): Promise<{ id: string; files: (readonly [string, string])[] }> {
    const { id } = await create(more);
    const files = notes().map(([file]) => [file, readFileSync(file, "utf8")] as const);
    await newProcess();
    return { id, files };
}

describe("a note", () => {
    it("outlives the create that wrote it: the engine may not have been able to store what it was told", async () => {
        await start();
        const { id } = await killed();
        const { outs } = await create();
        expect(outs["checkpointId"]).toBe(id);
        expect(made()).toEqual([id]);
        expect(said).toContain(`resumed restore point ${id}`);
    });

    it.each(["diff", "read", "update"] as const)("has served once %s shows what it made", async (call) => {
        await start();
        const { id, outs } = await create();
        await newProcess();
        if (call === "diff") await diff(id, outs, inputs());
        if (call === "read") await pulumi.checkpoint.read(id, outs);
        if (call === "update") await pulumi.checkpoint.update(id, outs, inputs());
        expect(notes()).toEqual([]);
        const next = await create();
        expect(made()).toEqual([id, next.id]);
    });

    it("has served once its resource is deleted", async () => {
        await start();
        const { id, outs } = await create();
        await newProcess();
        await pulumi.checkpoint.delete(id, outs);
        expect(notes()).toEqual([]);
        expect((await create()).id).not.toBe(id);
    });

    it("that has served and comes back is not taken for a new restore point, and takes none away", async () => {
        await start();
        const { id, files } = await killed({ deletionPolicy: "delete" });
        const old = await create({ deletionPolicy: "delete" });
        expect(old.id).toBe(id);
        await newProcess();
        for (const [file, text] of files) writeFileSync(file, text);
        await diff(id, old.outs, inputs({ deletionPolicy: "delete" }));
        const next = await create({ deletionPolicy: "delete" });
        expect(next.id).not.toBe(id);
        await pulumi.checkpoint.delete(id, old.outs);
        expect(made()).toEqual([next.id]);
    });

    it("of a renamed resource has served once the new name shows what it made", async () => {
        await start();
        const { id, outs } = await create({}, "former");
        await newProcess();
        await diff(id, outs, inputs({}, "renamed"));
        expect(notes()).toEqual([]);
    });

    it("of a replacement is kept while state has the one before it, and named once it has something newer", async () => {
        await start();
        const old = await create({ triggers: [1] });
        await newProcess();
        await diff(old.id, old.outs, inputs({ triggers: [2] }));
        const { id, files } = await killed({ triggers: [2] });
        await diff(old.id, old.outs, inputs({ triggers: [2] }));
        expect((await create({ triggers: [2] })).id).toBe(id);
        // Elsewhere another one was taken meanwhile.
        await newProcess();
        for (const [file] of notes()) rmSync(file);
        cloud().checkpoints.forEach((one) => {
            one.createdAt = new Date(Date.parse(one.createdAt) - 3_600_000).toISOString();
        });
        const newer = await create({ triggers: [3] });
        await newProcess();
        for (const [file, text] of files) {
            const note = JSON.parse(text);
            writeFileSync(file, JSON.stringify({ ...note, startedAt: note.startedAt - 3_600_000 }));
        }
        said = "";
        await diff(newer.id, newer.outs, inputs({ triggers: [3] }));
        expect(said).toContain(`it made restore point ${id}. The stack has something newer in its place: ${newer.id}`);
        expect(notes()).toEqual([]);
    });

    it("of what the resource no longer asks for is named with its id", async () => {
        await start();
        const { id } = await killed({ description: "a" });
        const next = await create({ description: "b" });
        expect(next.id).not.toBe(id);
        expect(said).toContain(`it made restore point ${id}. This run asks for something else.`);
        expect(notes().map(([, note]) => note["resourceId"])).toEqual([next.id]);
    });

    it("of what may or may not have taken effect is named with what it was sent as", async () => {
        await start();
        sim.fail({ operation: "CreateCheckpoint", effect: { status: 504, shape: "html", afterEffect: true } });
        sim.fail({ operation: "ListBackups", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
        await expect(create()).rejects.toThrow(/may or may not have taken effect/);
        sim.clearFaults();
        const [[, note] = expect.unreachable("no note")] = notes();
        await newProcess();
        await create({ description: "b" });
        expect(said).toContain(`it may or may not have taken effect, under the name ${note.facts["name"]}. This run`);
    });

    it("of a running create is not taken over by another stack of the same name", async () => {
        await start({ backupMs: 1_000 });
        const first = create();
        while (!notes().some(([, note]) => note["resourceId"] !== undefined)) await new Promise(setImmediate);
        const second = await create();
        expect((await first).id).not.toBe(second.id);
        expect(made()).toHaveLength(2);
    });

    it("of another backend is left to it", async () => {
        await start();
        process.env["PULUMI_BACKEND_URL"] = "file:///srv/one";
        const { id } = await killed();
        process.env["PULUMI_BACKEND_URL"] = "file:///srv/two";
        await newProcess();
        const other = await create();
        expect(other.id).not.toBe(id);
        process.env["PULUMI_BACKEND_URL"] = "file:///srv/one";
        await newProcess();
        expect((await create()).id).toBe(id);
        expect(said).not.toContain("warning");
    });

    it("from before the machine's clock was put right counts, whichever way it was wrong", async () => {
        await start();
        const { id } = await killed();
        for (const hours of [2, -2]) {
            // So long before or after its time, as the clock of that time said.
            for (const [file, note] of notes()) {
                const { checkpointId: _, ...facts } = note.facts;
                const { resourceId: __, made: ___, ...rest } = note;
                const [startedAt, offsetMs] = [note["startedAt"], note["offsetMs"]].map(Number) as [number, number];
                const wrong = { startedAt: startedAt + hours * 3_600_000, offsetMs: offsetMs - hours * 3_600_000 };
                writeFileSync(file, JSON.stringify({ ...rest, ...wrong, facts }));
            }
            await newProcess();
            expect((await create()).id).toBe(id);
            await newProcess();
        }
        expect(made()).toEqual([id]);
    });
});

describe("a create that is called again by the same process, because a hook said so", () => {
    it.each([
        ["while it runs", { timeouts: { create: "1s" } }, false],
        ["when it has failed for good", {}, true],
    ])("goes on from the first one %s", async (_, more, isBroken) => {
        await start(isBroken ? {} : { backupMs: 3_600_000 });
        if (isBroken) sim.fail({ operation: "CreateCheckpoint", effect: { kind: "backup-error" } });
        const errors: unknown[] = [];
        for (let times = 0; times < 3; times++)
            errors.push(
                await create(more).then(
                    ({ id }) => id,
                    (error: { id: string }) => error.id,
                ),
            );
        expect(new Set(errors)).toEqual(new Set(made()));
        expect(made()).toHaveLength(1);
    });

    it("and one of another process takes a new one after a failure that was final", async () => {
        await start();
        sim.fail({ operation: "CreateCheckpoint", effect: { kind: "backup-error" } });
        await expect(create()).rejects.toThrow();
        expect(notes()).toEqual([]);
        await newProcess();
        await create();
        expect(made()).toHaveLength(2);
    });
});

describe("a replacement of which the engine shows nothing (--replace)", () => {
    it("deletes nothing when it could only be given what is there, and says that nothing new was made", async () => {
        await start();
        const { id, files } = await killed({ deletionPolicy: "delete" });
        const { outs } = await create({ deletionPolicy: "delete" });
        await newProcess();
        for (const [file, text] of files) writeFileSync(file, text);
        expect((await create({ deletionPolicy: "delete" })).id).toBe(id);
        await expect(pulumi.checkpoint.delete(id, outs)).rejects.toThrow(
            `nothing was deleted, and nothing new was made: a note on this machine said that an interrupted run had made ${id}`,
        );
        expect(made()).toEqual([id]);
        // What the engine has still to delete is what the resource still is.
        await newProcess();
        await diff(id, outs, inputs({ deletionPolicy: "delete" }));
        await pulumi.checkpoint.delete(id, outs);
        expect(made()).toEqual([id]);
        // The next one is a new one.
        await newProcess();
        const next = await create({ deletionPolicy: "delete" });
        await pulumi.checkpoint.delete(id, outs);
        expect(made()).toEqual([next.id]);
    });
});

describe.each(["backupReplica", "vaultReplication", "checkpointReplica", "vaultSync"] as const)("%s", (kind) => {
    it("is not made twice when its outcome was not stored, and has no note once it was", async () => {
        await start();
        const source = await create({}, "source");
        const hybrid = cloud().addVault({ cloudType: "hybrid" }).id;
        const own: Record<typeof kind, Bag> = {
            backupReplica: { backupId: (source.outs["backupIds"] as string[])[0], ...place },
            vaultReplication: { vaultId, ...place },
            checkpointReplica: { checkpointId: source.id, ...place },
            vaultSync: { vaultId: hybrid },
        };
        for (const [file] of notes()) rmSync(file);
        const news = { ...own[kind], __urn: urnOf(kind, "it") };
        const first = await pulumi[kind].create(news);
        expect(notes().length).toBeGreaterThan(0);
        await newProcess();
        const posts = () => sim.requests.filter((one) => one.method === "POST" && one.service === "cbr").length;
        const sent = posts();
        const second = await pulumi[kind].create(news);
        expect(second.id).toBe(first.id);
        expect(posts()).toBe(sent);
        await newProcess();
        await diff(second.id, second.outs ?? {}, news, kind);
        expect(notes()).toEqual([]);
    });
});

it.each(["backupReplica", "checkpointReplica"] as const)(
    "%s: a note of a copy that was skipped does not count, for the replica that was there may be gone",
    async (kind) => {
        await start();
        const source = await create({}, "source");
        const backupIds = source.outs["backupIds"] as string[];
        const own = kind === "backupReplica" ? { backupId: backupIds[0] } : { checkpointId: source.id };
        const news = (name: string) => ({ ...own, ...place, __urn: urnOf(kind, name) });
        const away = sim.regions["eu-nl"].cloud;
        await pulumi[kind].create(news("other"));
        const replicas = [...away.backups.keys()];
        const skipped = await pulumi[kind].create(news("it"));
        expect(skipped.outs).toMatchObject({ status: "skip" });
        for (const id of replicas) away.deleteBackupBehindOurBack(id);
        await newProcess();
        const { outs = {} } = await pulumi[kind].create(news("it"));
        expect(outs).toMatchObject({ status: "success", verified: true });
        expect(away.backups.size).toBe(replicas.length);
    },
);
