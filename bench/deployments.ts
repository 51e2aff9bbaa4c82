/** `up`, `preview`, `refresh` and `destroy` of N checkpoints, each beside the same program with a no-op provider. */
import { type Cloud, type Seen, startCloud } from "./cloud";
import { layoutOf } from "./layout";
import { countBy, looks, median, type Spread, spread } from "./numbers";
import { BenchStack, type Operation, type StateSize } from "./stack";

export interface DeploymentOptions {
    readonly count: number;
    readonly perVault: number;
    readonly backupMs: number;
    readonly policy: "retain" | "delete";
    readonly parallel: number;
    readonly rounds: number;
    /** Default: all. */
    readonly operations?: readonly Operation[];
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
     * `up` beside a provider that only waits as long as a backup takes: the engine's own cost of so many creations at
     * the same time, which a no-op that ends at once never has. Undefined where nothing is waited for.
     */
    readonly waiting: Spread | undefined;
    readonly ratioToWaiting: Spread | undefined;
    /** Requests to CBR for each resource, and which. */
    readonly requests: number;
    readonly byOperation: Record<string, number>;
    /** Sign-ins of the whole operation. */
    readonly signIns: number;
    /** Most requests of one look while all waited; undefined where nobody waited. */
    readonly perLook: number | undefined;
    readonly memoryMb: { readonly noop: number; readonly ours: number };
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
    readonly state: { readonly noop: StateSize; readonly ours: StateSize };
}

interface Round {
    readonly noopMs: number;
    readonly oursMs: number;
    readonly waitingMs: number | undefined;
    readonly noopMb: number;
    readonly oursMb: number;
    readonly sockets: number;
    readonly seen: readonly Seen[];
}

const allOperations: readonly Operation[] = ["up", "preview", "refresh", "destroy"];

/** Waits that cannot be avoided: as many backups one after the other as `--parallel` makes. */
export function unavoidableMs(
    operation: Operation,
    options: Pick<DeploymentOptions, "count" | "parallel" | "backupMs">,
): number {
    return operation === "up" ? Math.ceil(options.count / options.parallel) * options.backupMs : 0;
}

/** Pages that a look took while everybody waited: after the last POST, before the first that was finished. */
export function perLookOf(seen: readonly Seen[]): number | undefined {
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
        const waiting =
            backupMs > 0 ? await BenchStack.open({ ...shared, program: "noop", waitMs: backupMs }) : undefined;
        engine = ours.engine;
        try {
            for (const operation of allOperations) {
                if (!operations.includes(operation) && operation !== "up" && operation !== "destroy") continue;
                await cloud.call("requests");
                // Side by side in time, and neither always first.
                const noopFirst = round % 2 === 0;
                const before = noopFirst ? await noop.run(operation, parallel) : undefined;
                const own = await ours.run(operation, parallel);
                const seen = await cloud.call("requests");
                const other = before ?? (await noop.run(operation, parallel));
                const waiter = operation === "up" ? await waiting?.run(operation, parallel) : undefined;
                measured.get(operation)?.push({
                    noopMs: other.ms,
                    oursMs: own.ms,
                    waitingMs: waiter?.ms,
                    noopMb: other.memoryMb,
                    oursMb: own.memoryMb,
                    sockets: own.sockets,
                    seen,
                });
                say(
                    `  ${operation} of ${count}, ${backupMs / 1000} s backups, ${policy}, parallel ${parallel}, round ${round + 1} of ${rounds}: ` +
                        `no-op ${(other.ms / 1000).toFixed(2)} s${waiter === undefined ? "" : `, waiting no-op ${(waiter.ms / 1000).toFixed(2)} s`}, ours ${(own.ms / 1000).toFixed(2)} s, ${seen.length} requests, ${own.memoryMb.toFixed(0)} MB`,
                );
                if (operation === "up") {
                    state ??= { noop: await noop.stateSize(), ours: await ours.stateSize() };
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
            await Promise.all([noop.close(), ours.close(), waiting?.close(), cloud.close()]);
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
    const waited = all.flatMap((one) => (one.waitingMs === undefined ? [] : [{ ...one, waitingMs: one.waitingMs }]));
    return {
        operation,
        noop: spread(all.map((one) => one.noopMs)),
        ours: spread(all.map((one) => one.oursMs)),
        ratio: spread(all.map((one) => one.oursMs / (one.noopMs + extra))),
        waiting: waited.length === 0 ? undefined : spread(waited.map((one) => one.waitingMs)),
        ratioToWaiting: waited.length === 0 ? undefined : spread(waited.map((one) => one.oursMs / one.waitingMs)),
        requests: median(cbr.map((seen) => seen.length)) / options.count,
        byOperation: countBy(last, (one) => one.operation),
        signIns: median(all.map(({ seen }) => seen.filter(isSignIn).length)),
        perLook: perLook.length === 0 ? undefined : Math.max(...perLook),
        memoryMb: { noop: Math.max(...all.map((one) => one.noopMb)), ours: Math.max(...all.map((one) => one.oursMb)) },
        sockets: Math.max(...all.map((one) => one.sockets)),
    };
}

function isSignIn(one: Seen): boolean {
    return one.operation.startsWith("Keystone");
}
