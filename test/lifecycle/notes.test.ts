// What a note on disk is good for, on the engine: killed runs, states that cannot be stored, --replace, two backends.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import * as cbr from "../../sdk/index";
import { endWork, HOUR, type Life, type LifeOptions, messages, openLife, ops, slow, until } from "./life";
import { engineProcesses, killAll, providerProcesses } from "./processes";

/** A machine's folder for Pulumi, which several stacks may share. The inline program finds it as one of the CLI's own would. */
function pulumiHome(): string {
    const home = mkdtempSync(join(tmpdir(), "cbr-home-"));
    onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
    return home;
}

async function open(home: string, options: LifeOptions = {}): Promise<Life> {
    const life = await openLife({ ...options, env: { PULUMI_HOME: home, ...options.env } });
    process.env["PULUMI_HOME"] = home;
    onTestFinished(() => {
        delete process.env["PULUMI_HOME"];
    });
    return life;
}

const pending = (home: string) => join(home, "pulumi-cbr", "pending");
function notes(home: string): ReadonlyMap<string, string> {
    try {
        const files = readdirSync(pending(home)).map((name) => join(pending(home), name));
        return new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
    } catch {
        return new Map();
    }
}

const taken = (life: Life) => [...life.home.checkpoints.keys()];

/** Kills provider and engine while the restore point is being taken, which then ends, and takes the engine's lock away. */
async function killedUp(life: Life, home: string): Promise<string> {
    const before = new Set(taken(life));
    const running = () => taken(life).find((id) => !before.has(id));
    const dying = life.stack.up({ expectFailure: true }).catch(() => {});
    await until(() => [...notes(home).values()].some((text) => text.includes(running() ?? "none yet")));
    killAll([...engineProcesses(), ...providerProcesses()]);
    await dying;
    await life.stack.stack.cancel().catch(() => {});
    endWork(life);
    return running() ?? expect.unreachable("no restore point");
}

const onLinux = it.runIf(process.platform === "linux");

describe("--replace, of which a provider sees nothing but a create", () => {
    it("takes a new restore point right after the one that is replaced", async () => {
        const home = pulumiHome();
        const life = await open(home);
        const vaultId = life.vault();
        life.use(async () => {
            new cbr.Checkpoint("point", { vaultId, deletionPolicy: "delete" });
        });
        await life.stack.stack.up();
        expect(notes(home).size, "the program has seen what the engine has stored").toBe(0);
        const [first] = taken(life);
        await life.up({ replace: [(await life.state("point")).urn] });
        const [second, ...others] = taken(life);
        expect([others, second === first]).toEqual([[], false]);
        expect((await life.state("point")).id).toBe(second);
    });

    it("takes a new one after a failure that says so", async () => {
        const home = pulumiHome();
        const life = await open(home);
        const vaultId = life.vault();
        life.use(async () => {
            new cbr.Checkpoint("point", { vaultId });
        });
        life.fail("CreateCheckpoint", vaultId, { kind: "backup-error" });
        await life.up({ expectFailure: true });
        const { id, urn } = await life.state("point");
        await life.up({ replace: [urn] });
        expect((await life.state("point")).id).not.toBe(id);
        expect((await life.state("point")).outputs["status"]).toBe("available");
    });

    onLinux(
        "deletes nothing by a note that comes back after it has served, and says that nothing was made",
        async () => {
            const home = pulumiHome();
            const life = await open(home, { backupMs: HOUR });
            const vaultId = life.vault();
            life.use(async () => {
                new cbr.Checkpoint("point", { vaultId, deletionPolicy: "delete" });
            });
            const id = await killedUp(life, home);
            const saved = notes(home);
            const resumed = await life.up();
            expect(messages(resumed, "point")).toContain(`resumed restore point ${id}`);
            // A CI cache with a fixed key.
            for (const [file, text] of saved) writeFileSync(file, text);
            const { urn } = await life.state("point");
            const refused = await life.up({ replace: [urn], expectFailure: true });
            expect(messages(refused, "point")).toContain(`nothing was deleted, and nothing new was made`);
            expect(taken(life)).toEqual([id]);
            await life.up();
            expect(taken(life)).toEqual([id]);
            await life.up({ replace: [urn] });
            const [next, ...others] = taken(life);
            expect([next === id, others]).toEqual([false, []]);
            expect((await life.state("point")).id).toBe(next);
        },
    );
});

it("takes one restore point although the engine could not store what it was told", async () => {
    const home = pulumiHome();
    const life = await open(home, { backupMs: HOUR });
    const vaultId = life.vault();
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId });
    });
    // The backend becomes read-only while the provider waits.
    const stacks = join(life.stack.folder, "state", ".pulumi", "stacks", "test");
    const running = life.stack.up({ expectFailure: true });
    await until(() => taken(life).length === 1 && /"type": ?"creating"/.test(life.stored()));
    renameSync(stacks, `${stacks}-away`);
    writeFileSync(stacks, "");
    endWork(life);
    const failed = await running;
    expect(messages(failed)).toMatch(/not a directory|saving|snapshot|checkpoint/i);
    rmSync(stacks);
    renameSync(`${stacks}-away`, stacks);
    await life.stack.stack.cancel().catch(() => {});
    await life.up();
    expect(taken(life)).toEqual([(await life.state("point")).id]);
    expect(notes(home).size).toBe(0);
});

onLinux("names a restore point that no state has when a killed run's resource asks for something else", async () => {
    const home = pulumiHome();
    const life = await open(home, { backupMs: HOUR });
    const vaultId = life.vault();
    let description = "one";
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, description });
    });
    const id = await killedUp(life, home);
    description = "two";
    // The resource that was backed up is busy until then.
    await until(() => life.home.checkpoints.get(id)?.status === "available");
    const report = await life.up();
    expect(messages(report, "point")).toMatch(
        new RegExp(`warning: .*it made restore point ${id}\\. This run asks for`),
    );
    expect(taken(life)).toHaveLength(2);
    expect(notes(home).size).toBe(0);
});

onLinux("goes on from what was stored at the end only, and never was (PULUMI_SKIP_CHECKPOINTS)", async () => {
    const home = pulumiHome();
    const env = { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "true" };
    const life = await open(home, { env });
    process.env["PULUMI_SKIP_CHECKPOINTS"] = "true";
    onTestFinished(() => {
        delete process.env["PULUMI_SKIP_CHECKPOINTS"];
    });
    const [first, second] = [life.vault(), life.vault()];
    let isFirstDone = false;
    life.use(async () => {
        const one = new cbr.Checkpoint("one", { vaultId: first });
        one.id.apply(() => {
            isFirstDone = true;
        });
        new cbr.Checkpoint("two", { vaultId: second }, { dependsOn: one });
    });
    life.fail("CreateCheckpoint", second, slow);
    const dying = life.stack.up({ expectFailure: true }).catch(() => {});
    await until(() => isFirstDone && life.count("CreateCheckpoint", second) === 1);
    killAll([...engineProcesses(), ...providerProcesses()]);
    await dying;
    await life.stack.stack.cancel().catch(() => {});
    life.sim.finishAll();
    await life.up();
    expect(taken(life)).toHaveLength(2);
});

describe("two backends on one machine, with stacks of one name", () => {
    async function two(home: string): Promise<[Life, Life]> {
        const one = await open(home, { backupMs: HOUR });
        const config = one.sim.settings({ signIn: "keys" }).config as Record<string, string>;
        const other = await open(home, { config });
        const vaultId = one.vault();
        for (const life of [one, other])
            life.use(async () => {
                new cbr.Checkpoint("point", { vaultId });
            });
        return [one, other];
    }

    onLinux("leave each other what a killed run began", async () => {
        const home = pulumiHome();
        const [one, other] = await two(home);
        const id = await killedUp(one, home);
        await until(() => one.home.checkpoints.get(id)?.status === "available");
        await other.up();
        const theirs = (await other.state("point")).id;
        expect(theirs).not.toBe(id);
        await one.up();
        expect((await one.state("point")).id).toBe(id);
        expect(taken(one).sort()).toEqual([id, theirs].sort());
    });

    it("take one each when they run at once", async () => {
        const home = pulumiHome();
        const [one, other] = await two(home);
        const first = one.up();
        await until(() => [...notes(home).values()].some((text) => text.includes(taken(one)[0] ?? "none yet")));
        endWork(one);
        await Promise.all([first, other.up()]);
        const ids = [(await one.state("point")).id, (await other.state("point")).id];
        expect(ids.sort()).toEqual(taken(one).sort());
        expect(new Set(ids).size).toBe(2);
    });
});

it("deletes what is to go when a destroy runs the program, too", async () => {
    const home = pulumiHome();
    const life = await open(home);
    const vaultId = life.vault();
    life.use(async () => {
        new cbr.Checkpoint("point", { vaultId, deletionPolicy: "delete" });
    });
    await life.up();
    expect(ops(await life.destroy({ runProgram: true }))).toEqual(["delete point"]);
    expect(taken(life)).toEqual([]);
});
