import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Cloud, openWorld, Thing } from "./cloud";

const root = resolve(__dirname, "../..");

/** The engine as a command of its own. */
function start(
    engine: { kind: string; command: { command: string } },
    args: string[],
    cwd: string,
    env: NodeJS.ProcessEnv,
): ChildProcess {
    const [file, ...rest] =
        engine.kind === "real" ? [engine.command.command] : [process.execPath, join(root, "test/engine/pulumi.cjs")];
    return spawn(file as string, [...rest, ...args, "--non-interactive"], { cwd, env: { ...process.env, ...env } });
}

function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
    let output = "";
    child.stdout?.on("data", (data) => {
        output += String(data);
    });
    child.stderr?.on("data", (data) => {
        output += String(data);
    });
    return new Promise((finish) => child.once("close", (code) => finish({ code, output })));
}

async function until(condition: () => boolean): Promise<void> {
    while (!condition()) {
        await new Promise((wake) => setTimeout(wake, 50));
    }
}

function isRunning(pid: number): boolean {
    try {
        process.kill(pid, 0);
        return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return false;
    }
}

/** A program in a folder with one resource, made by the same handlers as elsewhere. */
function writeProgram(folder: string): void {
    writeFileSync(
        join(folder, "Pulumi.yaml"),
        "name: test\nruntime:\n  name: nodejs\n  options: { typescript: false }\nmain: program\n",
    );
    const program = `const pulumi = require(${JSON.stringify(join(root, "node_modules/@pulumi/pulumi"))});
        class Thing extends pulumi.CustomResource {
            constructor(name, args) {
                const code = "exports.handler = () => require(process.env.SELFTEST_PROVIDER);";
                super("pulumi-nodejs:dynamic/selftest:Thing", name, { ...args, __provider: code });
            }
        }
        new Thing("first", { name: "a" });`;
    writeFileSync(join(folder, "program", "index.js"), program);
    writeFileSync(join(folder, "program", "package.json"), "{}");
}

function pids(cloud: Cloud): number[] {
    return cloud
        .calls()
        .filter(([method]) => method === "start")
        .map(([, pid]) => Number(pid));
}

describe("processes", () => {
    it("leaves an interrupted creation as pending, and no process behind", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a" });
        });
        const work = join(stack.folder, "work");
        mkdirSync(join(work, "program"));
        symlinkSync(join(root, "node_modules"), join(work, "node_modules"));
        writeProgram(work);
        cloud.control({ a: { delayMs: 60_000 } });
        const env = {
            ...stack.stack.workspace.envVars,
            PULUMI_HOME: join(stack.folder, "home"),
            PULUMI_DEBUG_COMMANDS: "true",
        };
        const child = start(
            stack.engine,
            ["up", "--yes", "--skip-preview", "--stack", "dev", "--event-log", join(stack.folder, "log")],
            work,
            env,
        );
        const end = ended(child);
        let early: string | undefined;
        void end.then(({ output }) => {
            early = output;
        });
        let provider = 0;
        await until(() => {
            expect(early).toBeUndefined();
            const calls = cloud.calls();
            provider = Number(calls.find(([method]) => method === "start")?.[1] ?? provider);
            return calls.some(([method]) => method === "create");
        });
        expect(isRunning(provider)).toBe(true);
        child.kill("SIGINT");
        await new Promise((wake) => setTimeout(wake, 1000));
        child.kill("SIGINT");
        const { code } = await end;
        expect(code).not.toBe(0);
        await until(() => !isRunning(provider));
        const { deployment } = await stack.exportState();
        const pending = (deployment as { pending_operations?: { type: string; resource: { urn: string } }[] })
            .pending_operations;
        expect(pending?.map(({ type, resource }) => `${type} ${resource.urn.split("::").at(-1)}`)).toEqual([
            "creating first",
        ]);
        const events = readFileSync(join(stack.folder, "log"), "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as Record<string, unknown>);
        expect(events.some((event) => "resourcePreEvent" in event)).toBe(true);
    });

    it("ends its provider after a failure", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a" });
        });
        cloud.control({ a: { create: "error" } });
        await stack.up({ expectFailure: true });
        const [provider] = pids(cloud);
        expect(provider).toBeGreaterThan(0);
        await until(() => !isRunning(provider as number));
    });
});
