/** Clouds that keep no replication records: whose is a replica that appears in the destination vault? */
import { afterEach, describe, expect, it } from "vitest";
import { PartialCreateError } from "../../provider/client/errors/errors";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import type { Context } from "../../provider/services/context";
import { altered } from "../support/altered";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

const otc = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
} as const;

/** Two restore points, one after the other, of one server. */
async function start(name?: string): Promise<[string, string]> {
    world = await startWorld(otc);
    const take = async (which: string) => {
        const inputs = { vaultId: world.vaultId, ...(name === undefined ? {} : { name }) };
        return (await checkpoint.create(world.context(which), inputs)).outputs.backupIds[0] ?? "";
    };
    return [await take("older"), await take("newer")];
}

/** A copy that has begun, and goes on until `finishAll`. */
async function copySlowly(backupId: string): Promise<ReturnType<typeof copy>[]> {
    slowly(3_600_000);
    const running = copy(backupId);
    while (!world.calls().includes("CopyBackup")) await new Promise((resolve) => setTimeout(resolve, 10));
    return [running];
}

const slowly = (ms: number) => world.sim.fail({ operation: "CopyBackup", effect: { kind: "slow", ms } });
const inputs = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });
const copy = (backupId: string) => backupReplica.create(world.context(`copy-${backupId}`), { ...inputs(), backupId });
/** What the cloud itself knows: the replica of a source backup. */
const truth = (backupId: string) =>
    world.sim.regions["eu-de"].cloud
        .snapshot()
        .backups.find((one) => one.id === backupId)
        ?.records.find((one) => one.status === "success")?.destinationBackupId;

describe.each([
    ["names of their own", undefined],
    ["one name", "nightly"],
] as const)("two backups of one server, with %s", (_, name) => {
    it("are both copied: the slower copy does not take the other's replica", async () => {
        const [older, newer] = await start(name);
        const [slow] = await copySlowly(older);
        const quick = await copy(newer);
        world.sim.finishAll();
        expect(quick.outputs.destinationBackupId).toBe(truth(newer));
        expect((await slow)?.outputs.destinationBackupId).toBe(truth(older));
    });

    it("are copied one right after the other", async () => {
        const [older, newer] = await start(name);
        await copy(older);
        slowly(500);
        expect((await copy(newer)).outputs.destinationBackupId).toBe(truth(newer));
    });

    it("are copied by two stacks at once", async () => {
        const [older, newer] = await start(name);
        const [slow] = await copySlowly(older);
        const elsewhere = world.restart().context("elsewhere");
        const quick = await backupReplica.create(elsewhere, { ...inputs(), backupId: newer });
        world.sim.finishAll();
        expect(quick.outputs.destinationBackupId).toBe(truth(newer));
        expect((await slow)?.outputs.destinationBackupId).toBe(truth(older));
    });

    it("and the one that cannot be copied has no replica, although the other has", async () => {
        const [older, newer] = await start(name);
        await copy(older);
        world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-skip", code: "BackupService.6122" } });
        await expect(copy(newer)).rejects.toThrow(PartialCreateError);
    });

    it("and the one whose copy fails says so, although the other's succeeds", async () => {
        const [older, newer] = await start(name);
        world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-fail", code: "BackupService.1006" } });
        const failing = copy(older);
        failing.catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 30));
        expect((await copy(newer)).outputs.destinationBackupId).toBe(truth(newer));
        await expect(failing).rejects.toThrow(/1006/);
    });
});

describe("copies of one backup to two regions", () => {
    /** A third region, with a vault of its own. */
    async function startWithThird(): Promise<{ backupId: string; thirdVaultId: string }> {
        const regions = [...otc.regions, { name: "eu-ch2", dialect: "otc" }];
        world = await startWorld({ regions } as unknown as WorldOptions);
        const third = (world.sim.regions as unknown as Record<string, (typeof world.sim.regions)["eu-nl"]>)["eu-ch2"];
        const thirdVaultId = third?.cloud.addVault({ protectType: "replication" }).id ?? "";
        const { outputs } = await checkpoint.create(world.context(), { vaultId: world.vaultId });
        return { backupId: outputs.backupIds[0] ?? "", thirdVaultId };
    }
    const replicaTo = (backupId: string, region: string) =>
        world.sim.regions["eu-de"].cloud
            .snapshot()
            .backups.find((one) => one.id === backupId)
            ?.records.find((one) => one.status === "success" && one.destinationRegion === region)?.destinationBackupId;
    const both = (backupId: string, thirdVaultId: string) =>
        Promise.allSettled([
            copy(backupId),
            backupReplica.create(world.context("third"), {
                backupId,
                destinationRegion: "eu-ch2",
                destinationVaultId: thirdVaultId,
                timeouts: { create: "10m" },
            }),
        ]);

    it("are each waited for, and have each their own replica", async () => {
        const { backupId, thirdVaultId } = await startWithThird();
        const [near, far] = await both(backupId, thirdVaultId);
        expect(near).toMatchObject({ value: { outputs: { destinationBackupId: replicaTo(backupId, "eu-nl") } } });
        expect(far).toMatchObject({ value: { outputs: { destinationBackupId: replicaTo(backupId, "eu-ch2") } } });
    });

    it("and one that fails is no failure of the other", async () => {
        const { backupId, thirdVaultId } = await startWithThird();
        world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-fail", code: "BackupService.1006" } });
        const ended = await both(backupId, thirdVaultId);
        const good = ended.filter((one) => one.status === "fulfilled");
        expect(good).toHaveLength(1);
        const outputs = good[0]?.value.outputs;
        expect(outputs?.destinationBackupId).toBe(replicaTo(backupId, outputs?.destinationRegion ?? ""));
        expect(String(ended.find((one) => one.status === "rejected")?.reason)).toMatch(/1006/);
    });
});

it("knows the replica of a backup that is deleted while it is copied", async () => {
    const [, newer] = await start();
    const [copying] = await copySlowly(newer);
    const begun = world.calls().length;
    // It has been looked at since.
    while (world.calls().length < begun + 2) await new Promise((resolve) => setTimeout(resolve, 10));
    world.sim.regions["eu-de"].cloud.backups.delete(newer);
    world.sim.finishAll();
    const outputs = (await copying)?.outputs;
    const replicas = world.sim.regions["eu-nl"].cloud.snapshot().backups;
    expect(replicas.map((one) => one.id)).toEqual([outputs?.destinationBackupId]);
});

it("knows the whole run of a lost answer, not only those copies that are there already", async () => {
    world = await startWorld({ ...otc, servers: 3, replicationMs: 200 });
    await checkpoint.create(world.context(), { vaultId: world.vaultId });
    world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-after-effect" });
    const { outputs } = await vaultReplication.create(world.context("dr"), { ...inputs(), vaultId: world.vaultId });
    expect(outputs.replications.map((one) => one.destinationBackupId)).toEqual(
        outputs.replications.map((one) => truth(one.backupId)),
    );
    expect(outputs.destinationBackupIds).toHaveLength(3);
    expect(world.calls().filter((call) => call === "CopyCheckpoint")).toHaveLength(1);
});

describe("a cloud that says `replication_records: []` whatever happens", () => {
    /** Takes the records out of every answer. */
    function silent(context: Context): Context {
        const strip = (value: unknown): unknown => {
            if (Array.isArray(value)) return value.map(strip);
            if (typeof value !== "object" || value === null) return value;
            return Object.fromEntries(
                Object.entries(value).map(([key, one]) => [key, key === "replication_records" ? [] : strip(one)]),
            );
        };
        return altered(context, strip);
    }

    it("is asked for a copy once when the answer is lost", async () => {
        world = await startWorld({ servers: 2, replicationMs: 200 });
        const source = await checkpoint.create(world.context(), { vaultId: world.vaultId });
        world.sim.fail({ operation: "CopyBackup", effect: "reset-after-effect", times: 2 });
        const { outputs } = await checkpointReplica.create(silent(world.context("dr")), {
            ...inputs(),
            checkpointId: source.id,
        });
        expect(outputs.replications.map((one) => one.destinationBackupId)).toEqual(
            outputs.replications.map((one) => truth(one.backupId)),
        );
        expect(world.calls().filter((call) => call === "CopyBackup")).toHaveLength(2);
    });

    it("is asked for a run once when the answer is lost", async () => {
        world = await startWorld({ servers: 2, replicationMs: 200 });
        await checkpoint.create(world.context(), { vaultId: world.vaultId });
        world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-after-effect" });
        const { outputs } = await vaultReplication.create(silent(world.context("dr")), {
            ...inputs(),
            vaultId: world.vaultId,
        });
        expect(outputs.destinationBackupIds).toHaveLength(2);
        expect(world.calls().filter((call) => call === "CopyCheckpoint")).toHaveLength(1);
    });
});
