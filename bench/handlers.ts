/** The handlers alone, in a process of their own, as the provider host calls them: no engine, however many at once. This file is both sides. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { checkpoint } from "pulumi-cbr/provider";
import { Child, offer } from "./calls";
import { layoutOf } from "./layout";
import { memoryOf, socketsOf } from "./processes";

/** Event-loop lag in milliseconds, beyond the timer's own 10 ms. */
export interface Lag {
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
    readonly seconds: number;
    /** Share of one processor. */
    readonly cpu: number;
}

export interface ProcessFigures {
    readonly rssMb: number;
    readonly peakMb: number;
    readonly heapMb: number;
    readonly sockets: number;
}

interface Held {
    readonly id: string;
    readonly outs: Record<string, unknown>;
}

const RESOLUTION_MS = 10;
const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let lagSince = 0;
let cpuSince = process.cpuUsage();
let held: Held[] = [];
let creating: Promise<Held[]> | undefined;

const functions = {
    async configure(config: Record<string, string>): Promise<void> {
        const get = (key: string) => config[key];
        await checkpoint.configure?.({ config: { get, require: (key: string) => get(key) ?? "" } });
    },
    /** Begins to create; `created` waits for the end. */
    create({ count, perVault }: { count: number; perVault: number }): void {
        creating = Promise.all(
            layoutOf(count, perVault).entries.map(async (entry, index) => {
                const urn = `urn:pulumi:bench::bench::pulumi-nodejs:dynamic/cbr:Checkpoint::checkpoint-${index}`;
                const inputs = { ...entry, deletionPolicy: "delete", __urn: urn };
                const { id, outs } = await checkpoint.create(inputs);
                return { id: String(id), outs: outs as Record<string, unknown> };
            }),
        );
        creating.catch(() => undefined);
    },
    async created(): Promise<void> {
        held = (await creating) ?? [];
    },
    async read(): Promise<number> {
        const found = await Promise.all(held.map(({ id, outs }) => checkpoint.read?.(id, outs)));
        return found.filter((one) => one?.id !== undefined).length;
    },
    async remove(): Promise<void> {
        await Promise.all(held.map(({ id, outs }) => checkpoint.delete?.(id, outs)));
        held = [];
    },
    beginLag(): void {
        histogram.reset();
        histogram.enable();
        lagSince = performance.now();
        cpuSince = process.cpuUsage();
    },
    endLag(): Lag {
        histogram.disable();
        const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
        const seconds = (performance.now() - lagSince) / 1000;
        const used = process.cpuUsage(cpuSince);
        return {
            p50: ms(histogram.percentile(50)),
            p99: ms(histogram.percentile(99)),
            max: ms(histogram.max),
            seconds,
            cpu: (used.user + used.system) / 1e6 / seconds,
        };
    },
    figures(): ProcessFigures {
        (globalThis as { gc?: () => void }).gc?.();
        const memory = memoryOf(process.pid);
        const usage = process.memoryUsage();
        return {
            rssMb: memory?.rss ?? usage.rss / 2 ** 20,
            peakMb: memory?.peak ?? usage.rss / 2 ** 20,
            heapMb: usage.heapUsed / 2 ** 20,
            sockets: socketsOf(process.pid),
        };
    },
};

export type Handlers = Child<typeof functions>;

/** `home`: where the journal of POSTs under way goes. */
export function startHandlers(home: string): Handlers {
    return new Child<typeof functions>("handlers.ts", { execArgv: ["--expose-gc"], env: { PULUMI_HOME: home } });
}

if (process.send !== undefined && process.argv[2] === "bench/handlers.ts") offer(functions);
