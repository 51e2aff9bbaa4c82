/** Repeated `up`, `refresh` and `destroy` on the engine, and the same through one process of handlers that lives all the while: do memory and sockets stay flat? */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCloud } from "./cloud";
import { type ProcessFigures, startHandlers } from "./handlers";
import { layoutOf } from "./layout";
import { BenchStack } from "./stack";

export interface SoakCycle {
    /** Seconds since the beginning. */
    readonly at: number;
    readonly handlers: ProcessFigures;
    /** Highest of the provider processes of one up, refresh and destroy; each is a new one. */
    readonly providerMb: number;
    readonly providerSockets: number;
}

export interface SoakFigures {
    readonly minutes: number;
    readonly count: number;
    readonly engine: string;
    readonly cycles: readonly SoakCycle[];
}

const HANDLER_ROUNDS = 5;
/** Longer than an idle connection is kept: what is open after that is leaked. */
const IDLE_MS = 25_000;

export async function soak(minutes: number, count: number, say: (text: string) => void): Promise<SoakFigures> {
    const perVault = 10;
    const one = { count, perVault, backupMs: 500 };
    const forEngine = await startCloud(one);
    const forHandlers = await startCloud(one);
    const home = mkdtempSync(join(tmpdir(), "pulumi-cbr-bench-"));
    const handlers = startHandlers(home);
    const stack = await BenchStack.open({
        program: "checkpoints",
        entries: layoutOf(count, perVault).entries,
        deletionPolicy: "delete",
        config: forEngine.config,
    });
    const cycles: SoakCycle[] = [];
    const begun = performance.now();
    const elapsed = () => (performance.now() - begun) / 1000;
    try {
        await handlers.call("configure", forHandlers.config);
        while (elapsed() < minutes * 60) {
            let providerMb = 0;
            let providerSockets = 0;
            for (const operation of ["up", "refresh", "destroy"] as const) {
                const { memoryMb, sockets } = await stack.run(operation, 50);
                providerMb = Math.max(providerMb, memoryMb);
                providerSockets = Math.max(providerSockets, sockets);
            }
            for (let round = 0; round < HANDLER_ROUNDS; round++) {
                await handlers.call("create", { count, perVault });
                await handlers.call("created");
                const found = await handlers.call("read");
                if (found !== count) throw new Error(`read found ${found} of ${count}`);
                await handlers.call("remove");
            }
            for (const cloud of [forEngine, forHandlers]) {
                await cloud.call("requests");
                const { backups } = await cloud.call("held");
                if (backups > 0) throw new Error(`${backups} backups were left behind`);
            }
            const figures = await handlers.call("figures");
            cycles.push({ at: elapsed(), handlers: figures, providerMb, providerSockets });
            say(
                `  ${elapsed().toFixed(0)} s: handlers ${figures.rssMb.toFixed(0)} MB (heap ${figures.heapMb.toFixed(1)} MB), ${figures.sockets} sockets; ` +
                    `provider process at most ${providerMb.toFixed(0)} MB, ${providerSockets} sockets`,
            );
        }
        await sleep(IDLE_MS);
        cycles.push({ at: elapsed(), handlers: await handlers.call("figures"), providerMb: 0, providerSockets: 0 });
        return { minutes, count, engine: stack.engine, cycles };
    } finally {
        await Promise.all([handlers.close(), forEngine.close(), forHandlers.close(), stack.close()]);
        rmSync(home, { recursive: true, force: true });
    }
}
