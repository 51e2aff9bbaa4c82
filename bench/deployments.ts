/** `up`, `preview`, `refresh` and `destroy` of N checkpoints, on both hosts, each beside a no-op provider. */
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

/** By what serves the program; `ours` is the dynamic host. */
export interface PerProgram<T = number> {
    readonly noop: T;
    readonly stock: T;
    readonly ours: T;
    readonly native?: T;
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
    /** The native provider; it needs Pulumi's own engine. */
    readonly native?: Spread;
    /** Of `native` to `ours`, for each round. */
    readonly nativeToOurs?: Spread;
    /** Processor time of CLI, program and provider, in milliseconds: medians. */
    readonly cpuMs?: PerProgram;
    /** Requests to CBR for each resource, and which. */
    readonly requests: number;
    readonly byOperation: Record<string, number>;
    /** Sign-ins of the whole operation. */
    readonly signIns: number;
    /** Most requests of one look while all waited; undefined where nobody waited. */
    readonly perLook: number | undefined;
    readonly memoryMb: PerProgram;
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
    readonly state: PerProgram<StateSize>;
}

interface Round extends PerProgram<Timing> {
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

type ProgramName = keyof PerProgram;

/** The stacks of a round, and the clouds of those that ask one for anything: neither sees what the other leaves there. */
interface Bench {
    readonly stacks: ReadonlyMap<ProgramName, BenchStack>;
    readonly clouds: ReadonlyMap<ProgramName, Cloud>;
    close(): Promise<void>;
}

async function openBench({ count, perVault, backupMs, policy }: DeploymentOptions): Promise<Bench> {
    const { entries } = layoutOf(count, perVault);
    const cloud = await startCloud({ count, perVault, backupMs });
    const shared = { entries, deletionPolicy: policy, config: cloud.config };
    const noop = await BenchStack.open({ ...shared, program: "noop" });
    const ours = await BenchStack.open({ ...shared, program: "checkpoints" });
    const stock = await BenchStack.open({ ...shared, program: "stock", waitMs: backupMs });
    const stacks = new Map<ProgramName, BenchStack>([
        ["noop", noop],
        ["ours", ours],
        ["stock", stock],
    ]);
    const clouds = new Map<ProgramName, Cloud>([["ours", cloud]]);
    if (ours.isPulumi) {
        const other = await startCloud({ count, perVault, backupMs });
        clouds.set("native", other);
        stacks.set("native", await BenchStack.open({ ...shared, config: other.config, program: "native" }));
    }
    const close = async () => {
        await Promise.all([...stacks.values(), ...clouds.values()].map((one) => one.close()));
    };
    return { stacks, clouds, close };
}

/** Throws unless the cloud has what the operation should have left there. */
async function checkCloud(cloud: Cloud, operation: Operation, { count, policy }: DeploymentOptions): Promise<void> {
    const held = await cloud.call("held");
    if (operation === "up" && held.checkpoints !== count)
        throw new Error(`the cloud holds ${held.checkpoints} checkpoints after up, not ${count}`);
    const wanted = policy === "retain" ? count : 0;
    if (operation === "destroy" && held.backups !== wanted)
        throw new Error(`the cloud holds ${held.backups} backups after destroy, not ${wanted}`);
}

/** What a resource takes in state. The comparison is only fair if all that have outputs have the same. */
async function stateOf(stacks: Bench["stacks"]): Promise<DeploymentFigures["state"]> {
    const wanted = (await stacks.get("ours")?.outputKeys())?.join("\n");
    const found = (await stacks.get("stock")?.outputKeys())?.join("\n");
    if (found !== wanted)
        throw new Error(`bench/programs/stock has other outputs than a checkpoint, which has\n${wanted}`);
    const sizes: [string, StateSize][] = [];
    for (const [name, stack] of stacks) sizes.push([name, await stack.stateSize()]);
    return Object.fromEntries(sizes) as unknown as DeploymentFigures["state"];
}

export async function measureDeployment(options: DeploymentOptions): Promise<DeploymentFigures> {
    const { count, perVault, backupMs, policy, parallel, rounds, say } = options;
    const operations = options.operations ?? allOperations;
    const measured = new Map<Operation, Round[]>(operations.map((operation) => [operation, []]));
    let engine = "";
    let state: DeploymentFigures["state"] | undefined;
    for (let round = 0; round < rounds; round++) {
        const { stacks, clouds, close } = await openBench(options);
        engine = stacks.get("ours")?.engine ?? "";
        try {
            for (const operation of allOperations) {
                if (!operations.includes(operation) && operation !== "up") continue;
                await clouds.get("ours")?.call("requests");
                // Side by side in time, and none always first.
                const order = round % 2 === 0 ? [...stacks.keys()] : [...stacks.keys()].reverse();
                const timings = new Map<ProgramName, Timing>();
                for (const name of order) {
                    const timing = await stacks.get(name)?.run(operation, parallel);
                    if (timing !== undefined) timings.set(name, timing);
                }
                const seen = (await clouds.get("ours")?.call("requests")) ?? [];
                const one = Object.fromEntries(timings) as unknown as PerProgram<Timing>;
                measured.get(operation)?.push({ ...one, seen });
                const took = [...timings].map(([name, { ms, cpuMs, memoryMb }]) => {
                    const [wall, cpu] = [ms, cpuMs].map((value) => (value / 1000).toFixed(2));
                    return `${name} ${wall} s (processors ${cpu} s, ${memoryMb.toFixed(0)} MB)`;
                });
                const shape = `${backupMs / 1000} s backups, ${policy}, parallel ${parallel}`;
                const where = `round ${round + 1} of ${rounds}`;
                say(`  ${operation} of ${count}, ${shape}, ${where}: ${took.join(", ")}, ${seen.length} requests`);
                if (operation === "up" && state === undefined) {
                    state = await stateOf(stacks);
                    const sizes = Object.entries(state).map(([name, { resource }]) => `${name} ${resource}`);
                    say(`  bytes of state a resource: ${sizes.join(", ")}`);
                }
                for (const cloud of clouds.values()) await checkCloud(cloud, operation, options);
            }
        } finally {
            await close();
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

/** A figure of each program, from what each round says; the native one's only where it ran. */
function perProgram(all: readonly Round[], figure: (timings: readonly Timing[]) => number): PerProgram {
    const of = (name: "noop" | "stock" | "ours") => figure(all.map((one) => one[name]));
    const native = all.flatMap((one) => (one.native === undefined ? [] : [one.native]));
    const rest = { noop: of("noop"), stock: of("stock"), ours: of("ours") };
    return native.length === 0 ? rest : { ...rest, native: figure(native) };
}

function nativeFigures(all: readonly Round[]): Pick<OperationFigures, "native" | "nativeToOurs"> {
    const pairs = all.flatMap(({ native, ours }) => (native === undefined ? [] : [{ native, ours }]));
    if (pairs.length === 0) return {};
    return {
        native: spread(pairs.map(({ native }) => native.ms)),
        nativeToOurs: spread(pairs.map(({ native, ours }) => native.ms / ours.ms)),
    };
}

function figuresOf(operation: Operation, all: readonly Round[], options: DeploymentOptions): OperationFigures {
    const extra = unavoidableMs(operation, options);
    const cbr = all.map(({ seen }) => seen.filter((one) => !isSignIn(one)));
    const last = cbr.at(-1) ?? [];
    const perLook = cbr.map(perLookOf).filter((one) => one !== undefined);
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
        ...nativeFigures(all),
        cpuMs: perProgram(all, (timings) => median(timings.map((one) => one.cpuMs))),
        memoryMb: perProgram(all, (timings) => Math.max(...timings.map((one) => one.memoryMb))),
        sockets: Math.max(...all.map(({ ours }) => ours.sockets)),
    };
}

function isSignIn(one: Seen): boolean {
    return one.operation.startsWith("Keystone");
}
