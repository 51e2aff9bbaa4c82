// npm run bench: how fast, how small and how quiet we are, beside a provider that does nothing. See docs/performance.md.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { drawChart } from "./chart";
import { type DeploymentFigures, measureDeployment } from "./deployments";
import { faultSoak } from "./fault-soak";
import { type BenchFlags, parseFlags, usage } from "./flags";
import { measureLoad } from "./load-time";
import { measurePeerCases } from "./peer";
import { render } from "./report";
import type { Results } from "./results";
import { measureScale } from "./scale";
import { soak } from "./soak";
import { measureState } from "./state-backend";
import { measureWaiting } from "./waiting";

const say = (text: string) => process.stderr.write(`${text}\n`);

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

async function measureDeployments(flags: BenchFlags): Promise<DeploymentFigures[]> {
    const all: DeploymentFigures[] = [];
    for (const count of flags.counts) {
        const { operations } = flags;
        const shared = { count, perVault: flags.perVault, parallel: flags.parallel, rounds: flags.rounds, say };
        all.push(await measureDeployment({ ...shared, backupMs: 0, policy: "retain", operations }));
        const withBackups = operations ?? (["up", "destroy"] as const);
        all.push(await measureDeployment({ ...shared, backupMs: 5_000, policy: "delete", operations: withBackups }));
    }
    return all;
}

function earlier(flags: BenchFlags): Partial<Results> {
    const file = flags.from ?? flags.json;
    if (file === undefined || (flags.from === undefined && !existsSync(file))) return {};
    return JSON.parse(readFileSync(file, "utf8")) as Results;
}

async function measure(flags: BenchFlags): Promise<Results> {
    const { version } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8")) as { version: string };
    const before = earlier(flags);
    const results: Writable<Results> = {
        ...before,
        version,
        machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "processor"}, ${Math.round(totalmem() / 2 ** 30)} GB, ${process.platform}, node ${process.version}`,
        measured: { ...before.measured },
    };
    if (flags.from !== undefined) return { ...results, machine: before.machine ?? results.machine };
    const part = async <Name extends keyof BenchParts>(
        name: Name,
        run: () => Promise<BenchParts[Name]> | BenchParts[Name],
    ) => {
        if (!flags.parts.has(name)) return;
        say(`${name} …`);
        (results as Writable<BenchParts>)[name] = await run();
        results.measured = { ...results.measured, [name]: new Date().toISOString() };
        // What is measured stays measured, whatever becomes of the rest.
        if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(results, undefined, 4)}\n`);
    };
    await part("load", () => measureLoad(flags.quick ? 3 : 15));
    await part("deployments", async () => {
        const measured = await measureDeployments(flags);
        const others = (before.deployments ?? []).filter((one) => !flags.counts.includes(one.count));
        return [...others, ...measured].sort((a, b) => a.count - b.count);
    });
    await part("waiting", () => measureWaiting(flags.waiting, say));
    await part("peer", () => measurePeerCases(flags.rounds, flags.quick ? 10 : undefined, say));
    await part("faults", () =>
        faultSoak({ minutes: flags.soakMinutes, faults: flags.faults, count: flags.quick ? 5 : 20 }, say),
    );
    await part("state", () => measureState(flags, say));
    await part("scale", () => measureScale(flags.sizes, say));
    await part("soak", () => soak(flags.soakMinutes, flags.quick ? 10 : 100, say));
    return results;
}

type BenchParts = Required<
    Pick<Results, "load" | "deployments" | "waiting" | "peer" | "soak" | "scale" | "faults" | "state">
>;

async function main(): Promise<void> {
    const args = process.argv.slice(3);
    if (args.includes("--help") || args.includes("-h")) {
        process.stdout.write(`${usage}\n`);
        return;
    }
    const flags = parseFlags(args);
    const results = await measure(flags);
    process.stdout.write(`\n${render(results)}\n`);
    if (flags.svg !== undefined) writeFileSync(flags.svg, drawChart(results));
}

main().catch((error: unknown) => {
    say(`The bench failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = 1;
});
