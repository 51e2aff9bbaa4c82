// What is asked of the cloud, and how many objects are read, must not grow with what others keep there. Counts on
// virtual time; seconds and megabytes are for `npm run bench -- --only scale`.
import { afterEach, expect, it } from "vitest";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import type { Context } from "../../provider/services/context";
import { BusyCloud, listsOf, type Read, rowsOf } from "../support/scale";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let busy: BusyCloud;
afterEach(() => busy.close());

/** Looks of one kind: requests that begin at the same time are one. */
const looksIn = (reads: readonly Read[]) => new Set(reads.map((one) => one.at)).size;

async function refresh(others: number, apartMs: number): Promise<Read[]> {
    busy = await BusyCloud.start();
    const vault = busy.vault(20);
    const from = busy.clock.now() - 30 * DAY;
    busy.fill(vault, others, from);
    const context = busy.newProcess();
    const states = [];
    for (let index = 0; index < 100; index++) {
        const createdMs = from + HOUR + index * apartMs;
        const resources = [vault.resources[index % 20] ?? ""];
        const { id } = busy.cloud.addCheckpoint(vault.id, {
            resources,
            createdAt: new Date(createdMs),
            name: `own-${index}`,
        });
        states.push({ id, outputs: await busy.stateOf(context, id) });
    }
    const reader = busy.newProcess();
    busy.reads();
    const found = await Promise.all(
        states.map(({ id, outputs }, index) => checkpoint.read(reader(`c${index}`), id, outputs)),
    );
    expect(found.map((one) => one?.outputs)).toEqual(states.map((one) => one.outputs));
    const reads = busy.reads();
    await busy.close();
    return reads;
}

it("refreshes a hundred restore points with as many requests in a big vault as in a small one", async () => {
    const small = await refresh(1_000, 1_000);
    const big = await refresh(5_500, 1_000);
    expect(small.length).toBeLessThanOrEqual(2);
    expect(big.length).toBeLessThanOrEqual(small.length);
    expect(rowsOf(big)).toBeLessThanOrEqual(rowsOf(small) + 200);
});

it("asks for each by its id where others' backups lie between them", async () => {
    const reads = await refresh(5_500, 6 * HOUR);
    expect(reads.length).toBeLessThanOrEqual(101);
    expect(rowsOf(reads)).toBeLessThanOrEqual(1_100);
});

/** Two restore points, an hour apart, in two vaults, while 10,000 others come in a day. */
async function waitForTwo(hours: number): Promise<Read[]> {
    busy = await BusyCloud.start();
    const vaults = [busy.vault(1), busy.vault(1)];
    const other = busy.vault(20);
    const context = busy.newProcess();
    const ends = new AbortController();
    const others = (async () => {
        const every = 10 * MINUTE;
        const count = Math.round((10_000 * every) / DAY);
        while (!ends.signal.aborted) {
            busy.fill(other, count, busy.clock.now() - every);
            await busy.clock.sleep(every, ends.signal).catch(() => {});
        }
    })();
    const first = busy.create(context, { vaultId: vaults[0]?.id ?? "", ms: hours * HOUR, name: "first" });
    await busy.clock.sleep(HOUR);
    const second = busy.create(context, { vaultId: vaults[1]?.id ?? "", ms: (hours - 1) * HOUR, name: "second" });
    const held = await Promise.all([first, second]);
    ends.abort();
    await others;
    expect(held.map((one) => one.outputs.status)).toEqual(["available", "available"]);
    const reads = busy.reads();
    await busy.close();
    return reads;
}

it("waits in two vaults of a busy region with as many requests and rows in each hour", async () => {
    const two = listsOf(await waitForTwo(2));
    const four = listsOf(await waitForTwo(4));
    expect(rowsOf(two)).toBeLessThanOrEqual(2 * two.length + 100);
    expect(rowsOf(four)).toBeLessThanOrEqual(2 * four.length + 100);
    expect(four.length).toBeLessThanOrEqual(2.5 * two.length);
    expect(four.length / looksIn(four)).toBeLessThanOrEqual(2);
});

it("counts hundreds that run for hours before it lists them", async () => {
    busy = await BusyCloud.start();
    const context = busy.newProcess();
    const COUNT = 200;
    const vaults = Array.from({ length: 10 }, () => busy.vault(COUNT / 10));
    const places = vaults.flatMap(({ id, resources }) => resources.map((one) => ({ vaultId: id, resources: [one] })));
    const late: number[] = [];
    const begun = busy.clock.now();
    await Promise.all(
        places.map(async (place, index) => {
            const ms = HOUR + ((index * 7) % COUNT) * 30_000;
            await busy.create(context, { ...place, ms, name: `waits-${String(index).padStart(3, "0")}-long` });
            late.push(busy.clock.now() - begun - ms);
        }),
    );
    const reads = busy.reads();
    late.sort((a, b) => a - b);
    expect(late.at(-1)).toBeLessThanOrEqual(17_000);
    // All of them would be listed some 400 times, were each look to list what runs.
    expect(rowsOf(reads) / COUNT).toBeLessThanOrEqual(330);
    expect(reads.length / COUNT).toBeLessThanOrEqual(18);
});

/** Copies of 30 minutes out of a vault that holds others of 30 days; what was read between the requests and the end. */
async function copy(
    others: number,
    dialect: "huawei" | "otc",
    start: (context: (name: string) => Context, place: Place) => Promise<unknown>,
): Promise<Read[]> {
    const regions = [
        { name: "eu-de", dialect },
        { name: "eu-nl", dialect },
    ] as const;
    busy = await BusyCloud.start({ replicationMs: 30 * MINUTE, regions });
    const vault = busy.vault(5);
    busy.fill(vault, others, busy.clock.now() - 30 * DAY);
    const context = busy.newProcess();
    const { id, outputs } = await busy.create(context, { vaultId: vault.id, ms: MINUTE, name: "source" });
    busy.reads();
    const destination = { destinationRegion: "eu-nl", destinationVaultId: busy.replicationVault() };
    const begun = busy.clock.now();
    await start(context, { checkpointId: id, vaultId: vault.id, backupIds: outputs.backupIds, destination });
    const end = busy.clock.now();
    const reads = busy.reads().filter((one) => one.at > begun && one.at < end - 30_000 && one.method === "GET");
    await busy.close();
    return reads;
}

interface Place {
    readonly checkpointId: string;
    readonly vaultId: string;
    readonly backupIds: readonly string[];
    readonly destination: { readonly destinationRegion: string; readonly destinationVaultId: string };
}

const ofCheckpoint = (context: (name: string) => Context, { checkpointId, destination }: Place) =>
    checkpointReplica.create(context("it"), { checkpointId, ...destination });
const ofThree = (context: (name: string) => Context, { backupIds, destination }: Place) =>
    Promise.all(
        backupIds
            .slice(0, 3)
            .map((backupId, index) => backupReplica.create(context(`it-${index}`), { backupId, ...destination })),
    );

it.each([
    ["a CheckpointReplica", ofCheckpoint, 1.1],
    ["three BackupReplicas", ofThree, 1.2],
] as const)("follows %s with a request a look, whatever else the vault holds", async (_what, start, most) => {
    const small = await copy(200, "huawei", start);
    const big = await copy(3_000, "huawei", start);
    for (const reads of [small, big]) {
        expect(reads.length / looksIn(reads)).toBeLessThanOrEqual(most);
        // Five backups a look; the first may be a short list of the vault.
        expect(rowsOf(reads)).toBeLessThanOrEqual(5 * looksIn(reads) + 250);
    }
    expect(big.length).toBeLessThanOrEqual(1.1 * small.length);
});

it("follows a VaultReplication with a request a look once it knows what is copied", async () => {
    const replicate = async (context: (name: string) => Context, { vaultId, destination }: Place) => {
        await vaultReplication.create(context("first"), { vaultId, ...destination });
        const { id } = await busy.create(context, { vaultId, ms: MINUTE, name: "newer" });
        expect(id).toBeDefined();
        busy.reads();
        return vaultReplication.create(context("second"), { vaultId, ...destination });
    };
    const reads = (await copy(1_500, "huawei", replicate)).filter((one) => one.path !== "/vaults");
    const looks = looksIn(reads);
    expect(reads.length).toBeLessThanOrEqual(looks + 6);
});

it.each([
    ["a CheckpointReplica", ofCheckpoint],
    ["three BackupReplicas", ofThree],
] as const)("follows %s on a cloud without records by the tasks, and rarely looks further", async (_what, start) => {
    const reads = await copy(1_500, "otc", start);
    const looks = looksIn(listsOf(reads, "/operation-logs"));
    expect(reads.length).toBeLessThanOrEqual(1.5 * looks + 12);
    expect(rowsOf(reads)).toBeLessThanOrEqual(8 * reads.length);
});
