/** Ten thousand handlers that wait at once in one process: is its event loop free, and how much is asked of the cloud? */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cloud, type Seen, startCloud } from "./cloud";
import { type Lag, type ProcessFigures, startHandlers } from "./handlers";
import { countBy, looks } from "./numbers";

export interface WaitingFigures {
    readonly count: number;
    /** Seconds until the last POST was answered. */
    readonly postsSeconds: number;
    /** While all wait, undisturbed. */
    readonly waiting: {
        readonly lag: Lag;
        readonly looks: number;
        readonly perLook: number;
        readonly memory: ProcessFigures;
    };
    /** The same after the gateway said 429 to a look, and after all tokens became worthless. */
    readonly throttled: {
        readonly seconds: number;
        readonly requests: Record<string, number>;
        readonly perLook: number;
    };
    readonly expired: { readonly seconds: number; readonly requests: Record<string, number>; readonly perLook: number };
    /** When all finish at the same moment. */
    readonly finishing: { readonly seconds: number; readonly lag: Lag; readonly requests: Record<string, number> };
    /** All requests to CBR for each resource. */
    readonly requests: number;
    readonly memory: ProcessFigures;
}

/** Nothing finishes by itself: the bench ends the backups. */
const UNTIL_TOLD_MS = 3_600_000;
const WATCH_MS = 20_000;

const isSignIn = (one: Seen) => one.operation.startsWith("Keystone");
const byOperation = (seen: readonly Seen[]) => countBy(seen, (one) => `${one.operation} ${one.status}`);
const mostPerLook = (seen: readonly Seen[]) =>
    Math.max(0, ...looks(seen.filter((one) => one.operation === "ListBackups").map((one) => one.at)));

export async function measureWaiting(count: number, say: (text: string) => void): Promise<WaitingFigures> {
    const perVault = 100;
    const cloud: Cloud = await startCloud({ count, perVault, backupMs: UNTIL_TOLD_MS });
    const home = mkdtempSync(join(tmpdir(), "pulumi-cbr-bench-"));
    const handlers = startHandlers(home);
    const total: Seen[] = [];
    const requests = async () => {
        const seen = await cloud.call("requests");
        for (const one of seen) total.push(one);
        return seen;
    };
    const watch = async (ms: number) => {
        await requests();
        await sleep(ms);
        return requests();
    };
    try {
        await handlers.call("configure", cloud.config);
        const begun = performance.now();
        await handlers.call("create", { count, perVault });
        while ((await cloud.call("held")).checkpoints < count) await sleep(100);
        const postsSeconds = (performance.now() - begun) / 1000;
        say(`  ${count} restore points asked for after ${postsSeconds.toFixed(1)} s`);
        // The last answers are read, and the first looks that came with them are over.
        await sleep(5_000);

        await requests();
        await handlers.call("beginLag");
        const undisturbed = await watch(WATCH_MS);
        const lag = await handlers.call("endLag");
        const lists = undisturbed.filter((one) => one.operation === "ListBackups");
        const memory = await handlers.call("figures");
        const waiting = {
            lag,
            looks: looks(lists.map((one) => one.at)).length,
            perLook: mostPerLook(undisturbed),
            memory,
        };
        say(
            `  waiting: lag p50 ${lag.p50.toFixed(1)} ms, p99 ${lag.p99.toFixed(1)} ms, ${waiting.perLook} requests a look`,
        );

        await cloud.call("fail", { operation: "ListBackups", effect: { status: 429, code: "APIGW.0308" } });
        const after429 = await watch(WATCH_MS);
        const throttled = { seconds: WATCH_MS / 1000, requests: byOperation(after429), perLook: mostPerLook(after429) };

        await cloud.call("revokeTokens");
        const after401 = await watch(WATCH_MS);
        const expired = { seconds: WATCH_MS / 1000, requests: byOperation(after401), perLook: mostPerLook(after401) };

        await requests();
        await handlers.call("beginLag");
        const finish = performance.now();
        await cloud.call("finishAll");
        await handlers.call("created");
        const seconds = (performance.now() - finish) / 1000;
        const finishing = { seconds, lag: await handlers.call("endLag"), requests: byOperation(await requests()) };
        say(`  all finished ${seconds.toFixed(1)} s after the cloud was, lag p99 ${finishing.lag.p99.toFixed(1)} ms`);
        const calls = total.filter((one) => !isSignIn(one)).length;
        return {
            count,
            postsSeconds,
            waiting,
            throttled,
            expired,
            finishing,
            requests: calls / count,
            memory: await handlers.call("figures"),
        };
    } finally {
        await Promise.all([handlers.close(), cloud.close()]);
        rmSync(home, { recursive: true, force: true });
    }
}
