/** What the state of a big stack costs in a file, by the engine's settings: all of them in turn, round after round. */
import { startCloud } from "./cloud";
import { layoutOf } from "./layout";
import { median } from "./numbers";
import { BenchStack, type Timing } from "./stack";

type Env = Readonly<Record<string, string>>;

/** Settings that lose no state: they make it smaller, or what is done with it quicker. The first is compared with. */
const settings: readonly (readonly [name: string, env: Env])[] = [
    ["as it comes", {}],
    ["gzip", { PULUMI_DIY_BACKEND_GZIP: "true" }],
    ["zstd", { PULUMI_DIY_BACKEND_ZSTD: "true" }],
    ["no backups of the state file", { PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" }],
    ["parallel diff", { PULUMI_PARALLEL_DIFF: "true" }],
];

const measured = ["up", "again"] as const;

/** Of the rounds: median seconds of wall and processor time, and of those the ratios to the first setting's. */
export interface StateCost {
    readonly seconds: number;
    readonly cpuSeconds: number;
    readonly ofSeconds: number;
    readonly ofCpuSeconds: number;
}

export interface StateFigures {
    readonly count: number;
    readonly engine: string;
    readonly rounds: number;
    readonly rows: readonly { readonly name: string; readonly up: StateCost; readonly again: StateCost }[];
}

/** `up` of a new stack, then `up` without changes. */
type Run = Record<(typeof measured)[number], Timing>;

async function run(count: number, env: Env): Promise<Run & { readonly engine: string }> {
    const cloud = await startCloud({ count, perVault: 100, backupMs: 0 });
    const { entries } = layoutOf(count, 100);
    const options = { program: "checkpoints", entries, deletionPolicy: "retain", config: cloud.config, env } as const;
    const stack = await BenchStack.open(options);
    try {
        const up = await stack.run("up", 1_000);
        return { engine: stack.engine, up, again: await stack.run("up", 1_000) };
    } finally {
        await Promise.all([cloud.close(), stack.close()]);
    }
}

function costOf(runs: readonly Run[], first: readonly Run[], operation: keyof Run): StateCost {
    const of = (key: "ms" | "cpuMs") => median(runs.map((one) => one[operation][key] / 1_000));
    const ratio = (key: "ms" | "cpuMs") =>
        median(runs.map((one, round) => one[operation][key] / (first[round]?.[operation][key] ?? Number.NaN)));
    return { seconds: of("ms"), cpuSeconds: of("cpuMs"), ofSeconds: ratio("ms"), ofCpuSeconds: ratio("cpuMs") };
}

export async function measureState(
    { counts, rounds }: { readonly counts: readonly number[]; readonly rounds: number },
    say: (text: string) => void,
): Promise<StateFigures[]> {
    const all: StateFigures[] = [];
    for (const count of counts) {
        const runs = settings.map((): Run[] => []);
        let engine = "";
        for (let round = 0; round < rounds; round++)
            for (const [index, [name, env]] of settings.entries()) {
                const done = await run(count, env);
                engine = done.engine;
                runs[index]?.push(done);
                const told = measured.map((one) => {
                    const { ms, cpuMs } = done[one];
                    return `${one} ${(ms / 1_000).toFixed(1)} s, ${(cpuMs / 1_000).toFixed(1)} processor seconds`;
                });
                say(`  ${count}, ${name}: ${told.join("; ")}`);
            }
        const [first = []] = runs;
        const rows = settings.map(([name], index) => {
            const own = runs[index] ?? [];
            return { name, up: costOf(own, first, "up"), again: costOf(own, first, "again") };
        });
        all.push({ count, engine, rounds, rows });
    }
    return all;
}
