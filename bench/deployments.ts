/** `up`, `preview`, `refresh` and `destroy` of N checkpoints, each beside the same program with a no-op provider. */
import { type Cloud, type Seen, startCloud } from "./cloud";
import { layoutOf } from "./layout";
import { countBy, looks, median, type Spread, spread } from "./numbers";
import { allOperations, BenchStack, type Operation, type StateSize, type Timing } from "./stack";

export interface DeploymentOptions {
    readonly count: number;
    readonly perVault: number;
    readonly backupMs: number;
    readonly policy: "retain" | "delete";
    readonly parallel: number;
    readonly rounds: number;
    /** Default: all. */
    readonly operations?: readonly Operation[] | undefined;
    readonly say: (text: string) => void;
}

export interface OperationFigures {
    readonly operation: Operation;
    /** Milliseconds. */
    readonly noop: Spread;
    readonly ours: Spread;
    /** Of `ours` to no-op plus the time that the backups take anyhow: for each round, then the least and the median. */
    readonly ratio: Spread;
    /**
     * A provider that waits as long as a backup takes, and has a checkpoint's outputs: what the engine takes for so
     * much in state and so many creations at once, which a no-op without outputs never has.
     */
    readonly stock: Spread;
    readonly ratioToStock: Spread;
    /** Requests to CBR for each resource, and which. */
    readonly requests: number;
    readonly byOperation: Record<string, number>;
    /** Sign-ins of the whole operation. */
    readonly signIns: number;
    /** Most requests of one look while all waited; undefined where nobody waited. */
    readonly perLook: number | undefined;
    readonly memoryMb: { readonly noop: number; readonly stock: number; readonly ours: number };
    readonly sockets: number;
}

export interface DeploymentFigures {
    readonly engine: string;
    readonly count: number;
    readonly perVault: number;
    readonly backupMs: number;
    readonly policy: "retain" | "delete";
    readonly parallel: number;
    readonly rounds: number;
    readonly operations: readonly OperationFigures[];
    readonly state: { readonly noop: StateSize; readonly stock: StateSize; readonly ours: StateSize };
}

interface Round {
    readonly noop: Timing;
    readonly stock: Timing;
    readonly ours: Timing;
    readonly seen: readonly Seen[];
}

/** Waits that cannot be avoided: as many backups one after the other as `--parallel` makes. */
export function unavoidableMs(
    operation: Operation,
    options: Pick<DeploymentOptions, "count" | "parallel" | "backupMs">,
): number {
    return operation === "up" ? Math.ceil(options.count / options.parallel) * options.backupMs : 0;
}

/** Pages that a look took while everybody waited: after the last POST, before the first that was finished. */
function perLookOf(seen: readonly Seen[]): number | undefined {
    const posts = seen.filter((one) => one.operation === "CreateCheckpoint");
    const finished = seen.find((one) => one.operation === "ShowCheckpoint");
    const from = posts.at(-1)?.at ?? Number.POSITIVE_INFINITY;
    const to = finished?.at ?? Number.POSITIVE_INFINITY;
    const lists = seen.filter((one) => one.operation === "ListBackups" && one.at > from && one.at < to);
    return lists.length === 0 ? undefined : Math.max(...looks(lists.map((one) => one.at)));
}

export async function measureDeployment(options: DeploymentOptions): Promise<DeploymentFigures> {
    const { count, perVault, backupMs, policy, parallel, rounds, say } = options;
    const operations = options.operations ?? allOperations;
    const measured = new Map<Operation, Round[]>(operations.map((operation) => [operation, []]));
    let engine = "";
    let state: DeploymentFigures["state"] | undefined;
    for (let round = 0; round < rounds; round++) {
        const cloud: Cloud = await startCloud({ count, perVault, backupMs });
        const { entries } = layoutOf(count, perVault);
        const shared = { entries, deletionPolicy: policy, config: cloud.config };
        const noop = await BenchStack.open({ ...shared, program: "noop" });
        const ours = await BenchStack.open({ ...shared, program: "checkpoints" });
        const stock = await BenchStack.open({ ...shared, program: "stock", waitMs: backupMs });
        const stacks = { noop, stock, ours };
        engine = ours.engine;
        try {
            for (const operation of allOperations) {
                if (!operations.includes(operation) && operation !== "up") continue;
                await cloud.call("requests");
                // Side by side in time, and none always first. Only ours asks the cloud for anything.
                const order =
                    round % 2 === 0 ? (["noop", "ours", "stock"] as const) : (["stock", "ours", "noop"] as const);
                const timings: Partial<Record<keyof typeof stacks, Timing>> = {};
                for (const name of order) timings[name] = await stacks[name].run(operation, parallel);
                const seen = await cloud.call("requests");
                const one = timings as Record<keyof typeof stacks, Timing>;
                measured.get(operation)?.push({ ...one, seen });
                const took = (name: keyof typeof stacks) => `${(one[name].ms / 1000).toFixed(2)} s`;
                say(
                    `  ${operation} of ${count}, ${backupMs / 1000} s backups, ${policy}, parallel ${parallel}, round ${round + 1} of ${rounds}: ` +
                        `no-op ${took("noop")}, same outputs ${took("stock")}, ours ${took("ours")}, ${seen.length} requests, ${one.ours.memoryMb.toFixed(0)} MB`,
                );
                if (operation === "up") {
                    const wanted = (await ours.outputKeys()).join("\n");
                    if ((await stock.outputKeys()).join("\n") !== wanted)
                        throw new Error(
                            `bench/programs/stock has other outputs than a checkpoint, which has\n${wanted}`,
                        );
                    state ??= {
                        noop: await noop.stateSize(),
                        stock: await stock.stateSize(),
                        ours: await ours.stateSize(),
                    };
                    const held = await cloud.call("held");
                    if (held.checkpoints !== count)
                        throw new Error(`the cloud holds ${held.checkpoints} checkpoints after up, not ${count}`);
                }
                if (operation === "destroy") {
                    const held = await cloud.call("held");
                    const wanted = policy === "retain" ? count : 0;
                    if (held.backups !== wanted)
                        throw new Error(`the cloud holds ${held.backups} backups after destroy, not ${wanted}`);
                }
            }
        } finally {
            await Promise.all([noop.close(), stock.close(), ours.close(), cloud.close()]);
        }
    }
    if (state === undefined) throw new Error("nothing was measured");
    return {
        engine,
        count,
        perVault,
        backupMs,
        policy,
        parallel,
        rounds,
        state,
        operations: [...measured].map(([operation, all]) => figuresOf(operation, all, options)),
    };
}

function figuresOf(operation: Operation, all: readonly Round[], options: DeploymentOptions): OperationFigures {
    const extra = unavoidableMs(operation, options);
    const cbr = all.map(({ seen }) => seen.filter((one) => !isSignIn(one)));
    const last = cbr.at(-1) ?? [];
    const perLook = cbr.map(perLookOf).filter((one) => one !== undefined);
    const peakOf = (name: "noop" | "stock" | "ours") => Math.max(...all.map((one) => one[name].memoryMb));
    return {
        operation,
        noop: spread(all.map(({ noop }) => noop.ms)),
        stock: spread(all.map(({ stock }) => stock.ms)),
        ours: spread(all.map(({ ours }) => ours.ms)),
        ratio: spread(all.map(({ ours, noop }) => ours.ms / (noop.ms + extra))),
        ratioToStock: spread(all.map(({ ours, stock }) => ours.ms / stock.ms)),
        requests: median(cbr.map((seen) => seen.length)) / options.count,
        byOperation: countBy(last, (one) => one.operation),
        signIns: median(all.map(({ seen }) => seen.filter(isSignIn).length)),
        perLook: perLook.length === 0 ? undefined : Math.max(...perLook),
        memoryMb: { noop: peakOf("noop"), stock: peakOf("stock"), ours: peakOf("ours") },
        sockets: Math.max(...all.map(({ ours }) => ours.sockets)),
    };
}

function isSignIn(one: Seen): boolean {
    return one.operation.startsWith("Keystone");
}
