/** Copies that have ended, or nearly: whose the replica is, whether it is good, and what may be deleted. */
import { afterEach, describe, expect, it } from "vitest";
import type { WireBackup, WireOperationLog } from "../../provider/client/operations";
import { createJournal } from "../../provider/exactly-once/journal";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import {
    type BackupReplicaInputs,
    type BackupReplicaOutputs,
    backupReplica,
} from "../../provider/resources/copies/backup-replica";
import { type CheckpointReplicaOutputs, checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { altered } from "../support/altered";
import { after, failure, otc, withRecords } from "../support/copies";
import { VirtualClock } from "../support/virtual-clock";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
/** The restore point that is copied. */
let source: string;
afterEach(() => world.close());

async function start(options?: WorldOptions): Promise<string[]> {
    world = await startWorld(options);
    return take();
}

let taken = 0;
async function take(): Promise<string[]> {
    const { id, outputs } = await checkpoint.create(world.context(`source${taken++}`), { vaultId: world.vaultId });
    source = id;
    world.sim.clearRequests();
    return [...outputs.backupIds].sort();
}

const home = () => world.sim.regions["eu-de"].cloud;
const away = () => world.sim.regions["eu-nl"].cloud;
const place = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });
const inputs = (backupId: string, more: Partial<BackupReplicaInputs> = {}): BackupReplicaInputs => ({
    ...place(),
    backupId,
    ...more,
});
const copy = (backupId: string, more?: Partial<BackupReplicaInputs>, context = world.context("copy")) =>
    backupReplica.create(context, inputs(backupId, more));
const copyPoint = (more: object = {}, context = world.context("copies")) =>
    checkpointReplica.create(context, { ...place(), checkpointId: source, ...more });
const skip = () => world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-skip" } });
/** Nothing in the destination region can be read. */
const blind = (operation: string) =>
    world.sim.fail({ operation, region: "eu-nl", effect: { status: 403, code: "APIGW.0302" }, times: 0 });
/** The list of what a source backup's copies became is lost. */
const forget = (backupId: string) => {
    const backup = home().backups.get(backupId);
    if (backup !== undefined) backup.records = [];
};

describe("a copy that the cloud skipped because of another one's replica", () => {
    /** Records of skipped copies name the replica that was there. */
    const naming = (replicaId: string | undefined) =>
        withRecords(world.context("copy"), (record) =>
            record.status === "skip" ? { ...record, destination_backup_id: replicaId } : record,
        );

    it("is adopted by a refresh, and never deleted", async () => {
        const [backupId = ""] = await start();
        const first = await copy(backupId, {}, world.context("first"));
        skip();
        const begun = await copy(backupId, { wait: false, deletionPolicy: "delete" });
        world.sim.finishAll();
        const replica = first.outputs.destinationBackupId;
        const read = await backupReplica.read(naming(replica), begun.id, begun.outputs);
        expect(read?.outputs).toMatchObject({ status: "skip", destinationBackupId: replica, adopted: true });
        const outputs = read?.outputs ?? begun.outputs;
        await backupReplica.remove(world.context("copy"), begun.id, outputs);
        expect(away().backups.has(replica ?? "")).toBe(true);
        expect(world.lines.info.at(-1)).toMatch(/^retained replica .*it was there before/);
    });

    it("leaves it alone, also while it is not known to be good", async () => {
        const [backupId = ""] = await start();
        const { outputs: first } = await copy(backupId, {}, world.context("first"));
        const replica = first.destinationBackupId ?? "";
        away().setBackupStatus(replica, "protecting");
        skip();
        const wish = { deletionPolicy: "delete", timeouts: { create: "1s", update: "30s" } } as const;
        const error = await failure<BackupReplicaOutputs>(copy(backupId, wish, naming(replica)));
        expect(error.outputs).toMatchObject({ status: "skip", destinationBackupId: replica });
        expect(backupReplica.deleteBeforeReplace?.(error.outputs, inputs(backupId, wish), [])).toBe(false);
        away().setBackupStatus(replica, "available");
        await backupReplica.remove(world.context("copy"), error.id, error.outputs);
        expect(away().backups.has(replica)).toBe(true);
        // Its record is gone by now: what state knows is enough.
        forget(backupId);
        const news = inputs(backupId, wish);
        const outputs = await backupReplica.update(world.context("copy"), error.id, error.outputs, news);
        expect(outputs).toMatchObject({ adopted: true, verified: true, destinationBackupId: replica });
    });

    it("waits for one that is on its way", async () => {
        const [backupId = ""] = await start();
        const { outputs: first } = await copy(backupId, {}, world.context("first"));
        const replica = first.destinationBackupId ?? "";
        away().setBackupStatus(replica, "protecting");
        skip();
        skip();
        const [single, all] = [copy(backupId), copyPoint()];
        await after(500);
        away().setBackupStatus(replica, "available");
        expect((await single).outputs).toMatchObject({ adopted: true, destinationBackupId: replica });
        expect((await all).outputs.replications[0]).toMatchObject({ adopted: true, destinationBackupId: replica });
    });

    it("looks for it in every record", async () => {
        const [backupId = ""] = await start();
        const { outputs: first } = await copy(backupId, {}, world.context("first"));
        away().deleteBackupBehindOurBack(first.destinationBackupId ?? "");
        const second = await copy(backupId, {}, world.context("second"));
        skip();
        const { outputs } = await copy(backupId);
        expect(outputs).toMatchObject({ adopted: true, destinationBackupId: second.outputs.destinationBackupId });
    });
});

it("stays in state while its replica was never seen", async () => {
    const [backupId = ""] = await start();
    world.sim.fail({ operation: "CopyBackup", effect: { kind: "replica-missing" } });
    const begun = await copy(backupId, { wait: false });
    world.sim.finishAll();
    const read = await backupReplica.read(world.context("copy"), begun.id, begun.outputs);
    expect(read?.outputs).toMatchObject({ status: "success", destinationBackupId: expect.any(String) });
    const again = await backupReplica.read(world.context("copy"), begun.id, read?.outputs ?? {});
    expect(again?.outputs).toEqual(read?.outputs);
});

it("keeps what has failed as it failed, when its record is gone", async () => {
    const [backupId = ""] = await start();
    world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-fail", code: "BackupService.1006" } });
    const error = await failure<BackupReplicaOutputs>(copy(backupId));
    forget(backupId);
    home().operationLogs.clear();
    const read = await backupReplica.read(world.context("copy"), error.id, error.outputs);
    expect(read?.outputs).toEqual(error.outputs);
});

describe("a task's word", () => {
    const tasks = (context: ReturnType<World["context"]>, change: (log: WireOperationLog) => WireOperationLog) =>
        altered(
            withRecords(context, () => undefined),
            (answer) => {
                const { operation_logs: logs } = answer as { operation_logs?: WireOperationLog[] };
                return logs === undefined ? answer : { ...(answer as object), operation_logs: logs.map(change) };
            },
        );

    it("that a copy failed counts, although it names a replica", async () => {
        const [backupId = ""] = await start();
        world.sim.fail({ operation: "CopyBackup", effect: { kind: "record-fail", code: "BackupService.1006" } });
        const context = tasks(world.context("copy"), (log) => ({
            ...log,
            extra_info: {
                ...log.extra_info,
                replication: { ...log.extra_info?.replication, destination_backup_id: backupId },
            } as WireOperationLog["extra_info"],
        }));
        const error = await failure(copy(backupId, { timeouts: { create: "5s" } }, context));
        expect(error.reasons[0]).toMatch(/failed \(BackupService.1006/);
    });

    it("that it succeeded names the replica, although no list shows it yet", async () => {
        const [backupId = ""] = await start();
        const context = altered(
            tasks(world.context("copy"), (log) => log),
            (answer) => {
                const { backups } = answer as { backups?: WireBackup[] };
                if (backups === undefined) return answer;
                return { ...(answer as object), backups: backups.filter((row) => row.vault_id === world.vaultId) };
            },
        );
        const { outputs } = await copy(backupId, { timeouts: { create: "5s" } }, context);
        expect(away().backups.has(outputs.destinationBackupId ?? "")).toBe(true);
    });
});

it("is no failure of a copy to one region when the list of another cannot be had", async () => {
    const regions = [...otc.regions, { name: "eu-ch2", dialect: "otc" }];
    const [backupId = ""] = await start({ regions } as unknown as WorldOptions);
    const third = world.sim.region("eu-ch2").cloud.addVault({ protectType: "replication" }).id;
    world.sim.fail({
        operation: "ListBackups",
        region: "eu-ch2",
        effect: { status: 403, code: "APIGW.0302" },
        times: 0,
    });
    const far = { destinationRegion: "eu-ch2", destinationVaultId: third, timeouts: { create: "3s" } };
    const [near, other] = await Promise.allSettled([
        copy(backupId, { timeouts: { create: "3s" } }),
        copy(backupId, far, world.context("far")),
    ]);
    expect(near).toMatchObject({ status: "fulfilled", value: { outputs: { status: "success" } } });
    expect(other).toMatchObject({ status: "rejected" });
    // Alone it says why.
    expect(String((other as PromiseRejectedResult).reason)).toMatch(/APIGW.0302/);
});

it.each(["one backup", "a restore point"])(
    "has not ended while its record says success and names no replica: %s",
    async (what) => {
        const [backupId = ""] = await start();
        let looks = 0;
        const context = withRecords(world.context("copy"), (record) =>
            record.status === "success" && ++looks < 4 ? { ...record, destination_backup_id: undefined } : record,
        );
        const { outputs } = await (what === "one backup" ? copy(backupId, {}, context) : copyPoint({}, context));
        expect(outputs).toMatchObject({ status: "success", verified: true });
    },
);

it("waits for a replica that is on its way for as long as there is time, and the next update looks again", async () => {
    const [backupId = ""] = await start();
    const unfinished = { kind: "unknown-status", of: "backup", status: "restoring" } as const;
    const times = { timeouts: { create: "1s", update: "30s" } };
    world.sim.fail({ operation: "CopyBackup", effect: unfinished });
    const error = await failure<CheckpointReplicaOutputs>(copyPoint(times));
    expect(error.reasons[0]).toMatch(/has status restoring, although its record says success/);
    expect(error.outputs).toMatchObject({ status: "success", verified: undefined });
    away().setBackupStatus(error.outputs.destinationBackupIds[0] ?? "", "available");
    const news = { ...place(), checkpointId: source, ...times };
    const outputs = await checkpointReplica.update(world.context("copies"), error.id, error.outputs, news);
    expect(outputs).toMatchObject({ status: "success", verified: true });
    expect(backupId).toBe(outputs.replications[0]?.backupId);
});

describe("lists that leave incremental backups out", () => {
    it("do not keep the copies of many from being seen to end", async () => {
        await start({ hideIncremental: true, servers: 4 });
        await take();
        const { outputs } = await copyPoint({ timeouts: { create: "5s" } });
        expect(outputs.destinationBackupIds).toHaveLength(4);
    });

    it("do not make a replica that is gone a run with nothing to do", async () => {
        await start({ hideIncremental: true });
        await take();
        const run = { ...place(), vaultId: world.vaultId };
        const { outputs } = await vaultReplication.create(world.context("dr"), run);
        const incremental = outputs.destinationBackupIds.find((id) => away().backups.get(id)?.incremental);
        const again = (times: number) =>
            vaultReplication.create(world.context("dr"), { ...run, triggers: { again: times } });
        expect((await again(1)).outputs.status).toBe("skip");
        away().deleteBackupBehindOurBack(incremental ?? "");
        await expect(again(2)).rejects.toThrow(/BackupService.0001/);
    });
});

it("tells the reason of a failure from the task when the record has none", async () => {
    const [backupId = ""] = await start();
    world.sim.fail({
        operation: "CopyBackup",
        effect: { kind: "record-fail", code: "BackupService.1006", reason: "import failed" },
        times: 2,
    });
    const silent = (name: string) =>
        withRecords(world.context(name), (record) => ({ ...record, extra_info: undefined }));
    const single = await failure<BackupReplicaOutputs>(copy(backupId, {}, silent("copy")));
    expect(single.reasons[0]).toMatch(/BackupService.1006: import failed/);
    expect(single.outputs.failCode).toBe("BackupService.1006");
    const all = await failure(copyPoint({}, silent("copies")));
    expect(all.reasons[0]).toMatch(/BackupService.1006: import failed/);
});

describe("deleting", () => {
    it("waits until a replica that was never seen is known in its region", async () => {
        for (const many of [false, true]) {
            const [backupId = ""] = await start();
            blind("ShowBackup");
            blind("ListBackups");
            const policy = { deletionPolicy: "delete" } as const;
            const error = await failure(many ? copyPoint(policy) : copy(backupId, policy));
            world.sim.clearFaults();
            const [replica] = [...away().backups.values()];
            if (replica === undefined) throw new Error("no replica");
            // Its region learns of it a moment later.
            away().deleteBackupBehindOurBack(replica.id);
            const removing = many
                ? checkpointReplica.remove(world.context(), error.id, error.outputs as CheckpointReplicaOutputs)
                : backupReplica.remove(world.context(), error.id, error.outputs as BackupReplicaOutputs);
            await after(300);
            away().backups.set(replica.id, replica);
            await removing;
            expect(away().backups.has(replica.id)).toBe(false);
            await world.close();
        }
        await start();
    });

    it("with `retain` says that what a running copy makes stays", async () => {
        const [backupId = ""] = await start({ replicationMs: 60_000, servers: 2 });
        const single = await copy(backupId, { wait: false });
        await backupReplica.remove(world.context(), single.id, single.outputs);
        expect(world.lines.info.at(-1)).toMatch(/still runs: the replica that it makes in eu-nl, .* stays/);
        world.sim.finishAll();
        await take();
        const all = await copyPoint({ wait: false });
        await checkpointReplica.remove(world.context(), all.id, all.outputs);
        expect(world.lines.info.at(-1)).toMatch(
            /2 copies still running; the replicas that they make in eu-nl, .* stay/,
        );
    });
});

it("finds no replica for a record that the backup does not have", async () => {
    const [backupId = ""] = await start();
    await copy(backupId);
    const unknown = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
    await expect(backupReplica.read(world.context("looked"), unknown, { ...place(), backupId })).rejects.toThrow(
        new RegExp(`There is no replica for record ${unknown}`),
    );
});

/** A world on a clock of its own, in which hours are short, and a backup to copy there. */
async function startVirtual(): Promise<{ clock: VirtualClock; backupId: string; context: Context }> {
    const clock = new VirtualClock(5);
    world = await startWorld({ clock });
    const backupId = home().backupsOf(home().addCheckpoint(world.vaultId).id)[0]?.id ?? "";
    const config: Record<string, string> = world.sim.settings({ signIn: "password" }).config;
    const get = (key: string) => config[key];
    const services = createServices(
        get,
        {},
        { clock, journal: createJournal(world.notes), transport: clock.transport(get) },
    );
    return { clock, backupId, context: { ...world.context("copy"), ...services } };
}

it("is gone for the next refresh once its replica was looked for two minutes and was not there", async () => {
    const { backupId, context } = await startVirtual();
    world.sim.fail({ operation: "CopyBackup", effect: { kind: "replica-missing" } });
    const { id, outputs, reasons } = await failure<BackupReplicaOutputs>(copy(backupId, {}, context));
    expect(reasons[0]).toMatch(/does not exist, although its record says success.*`pulumi up --refresh` to copy again/);
    expect(outputs).toMatchObject({ status: "success", verified: false });
    expect(await backupReplica.needsUpdate?.(context, id, outputs, {})).toBe(true);
    expect(await backupReplica.read(context, id, outputs)).toBeUndefined();
});

it("is waited for until the deadline and no longer, also while the cloud cannot be asked", async () => {
    const { clock, backupId, context } = await startVirtual();
    const begun = clock.now();
    world.sim.fail({ operation: "ShowBackup", effect: { status: 503, shape: "empty" }, times: 0 });
    await failure(copy(backupId, { timeouts: { create: "10s" } }, context));
    expect(clock.now() - begun).toBeLessThanOrEqual(10_500);
});
