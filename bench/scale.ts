/** What a look, a refresh or a list costs where others keep much in the region. */

import { BusyCloud, rowsOf } from "../test/support/scale";
import { type GatewayFigures, shareGateway } from "../test/support/shared-gateway";
import { startCloud } from "./cloud";
import { layoutOf } from "./layout";
import { type Cost, type Reader, startReader } from "./scale-reader";

export interface ScaleFigures {
    readonly sizes: readonly SizeFigures[];
    readonly waits: readonly WaitFigures[];
    readonly gateway: readonly (GatewayFigures & { readonly processes: number })[];
}

/** Others' backups in the vault, and what the work in it took. */
export interface SizeFigures {
    readonly others: number;
    /** A hundred restore points made one after the other. */
    readonly refreshTogether: Cost;
    /** A hundred restore points with others' backups between them. */
    readonly refreshApart: Cost;
    readonly list: Cost;
    /** A CheckpointReplica of five backups whose copies take eight seconds. */
    readonly copyCheckpoint: Cost;
    /** Three BackupReplicas whose copies take as long. */
    readonly copyThree: Cost;
}

/** Restore points that are waited for while others come, on virtual time. */
export interface WaitFigures {
    readonly what: string;
    readonly requests: number;
    readonly rows: number;
    /** Seconds from the end to when it was seen: median and most. */
    readonly late: readonly [number, number];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OWN = 100;
const COPIED = 5;

async function measureSize(others: number): Promise<SizeFigures> {
    const cloud = await startCloud({ count: OWN, perVault: OWN, backupMs: 0, replicationMs: 8_000 });
    const reader = startReader();
    try {
        await reader.call("configure", cloud.config);
        const vaultId = layoutOf(OWN, OWN).vaults[0]?.id ?? "";
        const from = Date.now() - 30 * DAY;
        await cloud.call("fill", { vaultId, count: others, from });
        const refresh = async (apartMs: number) => {
            const ids = await cloud.call("place", { vaultId, count: OWN, from: from + HOUR, apartMs });
            await reader.call("learn", ids);
            return reader.call("refresh");
        };
        const refreshTogether = await refresh(1_000);
        const refreshApart = await refresh(6 * HOUR);
        const list = await alone(cloud.config, (own) => own.call("list", vaultId));
        const copying = await cloud.call("copying", { vaultId, count: COPIED });
        const copyCheckpoint = await reader.call("copyCheckpoint", copying);
        const more = await cloud.call("copying", { vaultId, count: COPIED });
        const copyThree = await reader.call("copyThree", more);
        return { others, refreshTogether, refreshApart, list, copyCheckpoint, copyThree };
    } finally {
        await Promise.all([reader.close(), cloud.close()]);
    }
}

/** In a process of its own, where nothing was done before. */
async function alone<T>(config: Record<string, string>, work: (reader: Reader) => Promise<T>): Promise<T> {
    const reader = startReader();
    try {
        await reader.call("configure", config);
        return await work(reader);
    } finally {
        await reader.close();
    }
}

interface Span {
    readonly at: number;
    readonly ms: number;
}

interface Around {
    /** Others' backups that come in a day. */
    readonly perDay: number;
    /** Waits that share a vault. */
    readonly perVault: number;
}

/** Waits of that length begin at these times. */
async function measureWaits(what: string, spans: readonly Span[], around: Around): Promise<WaitFigures> {
    const { perDay, perVault } = around;
    const busy = await BusyCloud.start();
    try {
        const context = busy.newProcess();
        const other = busy.vault(20);
        const ends = new AbortController();
        const fill = async () => {
            while (perDay > 0 && !ends.signal.aborted) {
                const every = HOUR / 6;
                busy.fill(other, Math.round((perDay * every) / DAY), busy.clock.now() - every);
                await busy.clock.sleep(every, ends.signal).catch(() => {});
            }
        };
        const filling = fill();
        const late: number[] = [];
        const vaults = Array.from({ length: Math.ceil(spans.length / perVault) }, () => busy.vault(perVault));
        await Promise.all(
            spans.map(async ({ at, ms }, index) => {
                await busy.clock.sleep(at);
                const begun = busy.clock.now();
                const name = `waits-${String(index).padStart(4, "0")}-long`;
                const { id = "", resources = [] } = vaults[Math.floor(index / perVault)] ?? {};
                await busy.create(context, { vaultId: id, resources: [resources[index % perVault] ?? ""], ms, name });
                late.push((busy.clock.now() - begun - ms) / 1_000);
            }),
        );
        ends.abort();
        await filling;
        late.sort((a, b) => a - b);
        const reads = busy.reads();
        const median = late[Math.floor(late.length / 2)] ?? 0;
        return { what, requests: reads.length, rows: rowsOf(reads), late: [median, late.at(-1) ?? 0] };
    } finally {
        await busy.close();
    }
}

export async function measureScale(sizes: readonly number[], say: (text: string) => void): Promise<ScaleFigures> {
    const measured: SizeFigures[] = [];
    for (const others of sizes) {
        measured.push(await measureSize(others));
        say(`  ${others}: ${JSON.stringify(measured.at(-1))}`);
    }
    const waits: WaitFigures[] = [];
    for (const hours of [2, 4, 8]) {
        const spans = [
            { at: 0, ms: hours * HOUR },
            { at: HOUR, ms: (hours - 1) * HOUR },
        ];
        waits.push(
            await measureWaits(`two in two vaults for ${hours} h, 10,000 others a day`, spans, {
                perDay: 10_000,
                perVault: 1,
            }),
        );
        say(`  ${JSON.stringify(waits.at(-1))}`);
    }
    for (const { count, hours } of [
        { count: 200, hours: 6.5 },
        { count: 2_000, hours: 30 },
    ]) {
        const step = ((hours - 1) * HOUR) / count;
        const spans = Array.from({ length: count }, (_, index) => ({ at: 0, ms: HOUR + ((index * 7) % count) * step }));
        const around = { perDay: 0, perVault: count / 200 };
        waits.push(await measureWaits(`${count} in 200 vaults for 1 h to ${hours} h`, spans, around));
        say(`  ${JSON.stringify(waits.at(-1))}`);
    }
    const gateway = [];
    for (const processes of [1, 5, 20, 60]) {
        const requests = Math.round(18_000 / processes);
        const figures = await shareGateway({ processes, requests, parallel: 8, limit: 20, seed: 3 });
        gateway.push({ processes, ...figures });
    }
    return { sizes: measured, waits, gateway };
}
