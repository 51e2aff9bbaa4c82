/**
 * Repeated `up`, `refresh` and `destroy` while some requests fail and the account's limit is short: what fails, what
 * stays behind.
 */
import { startCloud } from "./cloud";
import { layoutOf } from "./layout";
import { BenchStack } from "./stack";

export interface FaultSoakFigures {
    readonly minutes: number;
    readonly count: number;
    readonly engine: string;
    /** Of all requests, in percent. */
    readonly faults: number;
    readonly requestsPerSecond: number;
    readonly operations: number;
    readonly requests: number;
    /** Answers that were failures, 429s among them. */
    readonly refused: number;
    /** The end of what a failed operation printed. */
    readonly failures: readonly string[];
    /** Highest memory of the provider processes of the first and of the last third, in MB. */
    readonly memoryMb: readonly [number, number];
    /** Backups that were there after the last `destroy`. */
    readonly leftBehind: number;
}

/** In equal parts. A cut body is an answer whose effect has taken place. */
const effects = [
    "reset-before",
    "reset-after-effect",
    "truncate",
    "cut-body",
    "throttled",
    { status: 503 },
    { status: 500, code: "BackupService.0002" },
] as const;

export async function faultSoak(
    { minutes, faults, count }: { readonly minutes: number; readonly faults: number; readonly count: number },
    say: (text: string) => void,
): Promise<FaultSoakFigures> {
    const requestsPerSecond = 20;
    const perVault = 10;
    const cloud = await startCloud({ count, perVault, backupMs: 500, requestsPerSecond });
    const config = { ...cloud.config, "cbr:maxRequestsPerSecond": String(requestsPerSecond) };
    const { entries } = layoutOf(count, perVault);
    const stack = await BenchStack.open({ program: "checkpoints", entries, deletionPolicy: "delete", config });
    const failures: string[] = [];
    const memory: number[] = [];
    let operations = 0;
    let requests = 0;
    let refused = 0;
    try {
        for (const [index, effect] of effects.entries())
            await cloud.call("fail", { probability: faults / 100 / effects.length, times: 0, seed: index + 1, effect });
        const ends = performance.now() + minutes * 60_000;
        while (performance.now() < ends)
            for (const operation of ["up", "refresh", "destroy"] as const) {
                operations++;
                try {
                    memory.push((await stack.run(operation, 50)).memoryMb);
                } catch (error) {
                    failures.push(`${operation}: ${String(error).slice(-1_500)}`);
                    say(`  ${failures.at(-1)}`);
                }
                const seen = await cloud.call("requests");
                requests += seen.length;
                refused += seen.filter((one) => one.status >= 400 || one.status === 0).length;
            }
        await stack.run("destroy", 50);
        const { backups: leftBehind } = await cloud.call("held");
        const third = Math.ceil(memory.length / 3);
        const memoryMb = [Math.max(...memory.slice(0, third)), Math.max(...memory.slice(-third))] as const;
        const figures = { minutes, count, engine: stack.engine, faults, requestsPerSecond, operations, requests };
        return { ...figures, refused, failures, memoryMb, leftBehind };
    } finally {
        await Promise.all([cloud.close(), stack.close()]);
    }
}
