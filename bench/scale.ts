/** What a look, a refresh or a list costs where others keep much in the region. */

import { BusyCloud, rowsOf } from "../test/support/scale";
import { type GatewayFigures, shareGateway } from "../test/support/shared-gateway";
import { startCloud } from "./cloud";
import { layoutOf } from "./layout";
import { type Cost, startReader } from "./scale-reader";

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
        const list = await reader.call("list", vaultId);
        const copying = await cloud.call("copying", { vaultId, count: COPIED });
        const copyCheckpoint = await reader.call("copyCheckpoint", copying);
        const more = await cloud.call("copying", { vaultId, count: COPIED });
        const copyThree = await reader.call("copyThree", more);
        return { others, refreshTogether, refreshApart, list, copyCheckpoint, copyThree };
    } finally {
        await Promise.all([reader.close(), cloud.close()]);
    }
}

interface Span {
    readonly at: number;
    readonly ms: number;
}

/** Waits of that length begin at these times, in vaults of their own, while 10,000 others come in a day. */
async function measureWaits(what: string, spans: readonly Span[], perDay: number): Promise<WaitFigures> {
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
        const vaults = spans.map(() => busy.vault(1));
        await Promise.all(
            spans.map(async ({ at, ms }, index) => {
                await busy.clock.sleep(at);
                const begun = busy.clock.now();
                const name = `waits-${String(index).padStart(4, "0")}-long`;
                await busy.create(context, { vaultId: vaults[index]?.id ?? "", ms, name });
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
        waits.push(await measureWaits(`two in two vaults for ${hours} h, 10,000 others a day`, spans, 10_000));
        say(`  ${JSON.stringify(waits.at(-1))}`);
    }
    const many = Array.from({ length: 200 }, (_, index) => ({ at: 0, ms: HOUR + ((index * 7) % 200) * 100_000 }));
    waits.push(await measureWaits("200 in 200 vaults for 1 h to 6.5 h", many, 0));
    say(`  ${JSON.stringify(waits.at(-1))}`);
    const gateway = [];
    for (const processes of [1, 5, 20, 60]) {
        const requests = Math.round(18_000 / processes);
        const figures = await shareGateway({ processes, requests, parallel: 8, limit: 20, seed: 3 });
        gateway.push({ processes, ...figures });
    }
    return { sizes: measured, waits, gateway };
}
