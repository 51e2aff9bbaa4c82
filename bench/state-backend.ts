/** What the state of a big stack costs in a file, by the engine's settings: each in turn, on the same cloud. */
import { startCloud } from "./cloud";
import { layoutOf } from "./layout";
import { BenchStack } from "./stack";

/** Settings that lose no state: they leave out copies of it, or make it smaller. */
const settings: readonly (readonly [name: string, env: Readonly<Record<string, string>>])[] = [
    ["as it comes", {}],
    ["without checkpoint backups", { PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" }],
    ["gzip", { PULUMI_DIY_BACKEND_GZIP: "true" }],
    [
        "gzip, without backups",
        { PULUMI_DIY_BACKEND_GZIP: "true", PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true" },
    ],
    ["zstd", { PULUMI_DIY_BACKEND_ZSTD: "true" }],
    ["parallel diff", { PULUMI_PARALLEL_DIFF: "true" }],
];

export interface StateFigures {
    readonly count: number;
    readonly engine: string;
    /** Seconds of `up`, of `up` without changes, and of `destroy`. */
    readonly rows: readonly (readonly [name: string, up: number, unchanged: number, destroy: number])[];
}

export async function measureState(counts: readonly number[], say: (text: string) => void): Promise<StateFigures[]> {
    const all: StateFigures[] = [];
    for (const count of counts) {
        const rows: StateFigures["rows"][number][] = [];
        let engine = "";
        for (const [name, env] of settings) {
            const cloud = await startCloud({ count, perVault: 100, backupMs: 0 });
            const { entries } = layoutOf(count, 100);
            const stack = await BenchStack.open({
                program: "checkpoints",
                entries,
                deletionPolicy: "retain",
                config: cloud.config,
                env,
            });
            try {
                engine = stack.engine;
                const up = (await stack.run("up", 1_000)).ms / 1_000;
                const unchanged = (await stack.run("up", 1_000)).ms / 1_000;
                const destroy = (await stack.run("destroy", 1_000)).ms / 1_000;
                rows.push([name, up, unchanged, destroy]);
                say(
                    `  ${count}, ${name}: up ${up.toFixed(1)} s, again ${unchanged.toFixed(1)} s, destroy ${destroy.toFixed(1)} s`,
                );
            } finally {
                await Promise.all([cloud.close(), stack.close()]);
            }
        }
        all.push({ count, engine, rows });
    }
    return all;
}
