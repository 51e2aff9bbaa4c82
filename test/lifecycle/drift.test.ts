// What the cloud has lost shows as drift: in a refresh, by its exit code, and to a program that asserts it.
import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { needsCli } from "../support/pulumi";
import { listOf, messages, openLife, ops } from "./life";

it("a refresh shows restore points and copies that have expired or lost backups, once, and nothing is to be done", async ({
    skip,
}) => {
    await needsCli(skip, "what a refresh within an operation counts");
    const life = await openLife();
    const vaults = { thinned: life.vault({ resources: 2 }), expired: life.vault(), whole: life.vault() };
    const source = life.vaultWithBackup();
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId: life.destination() };
    let asserts = false;
    life.use(async () => {
        const thinned = new cbr.Checkpoint("thinned", { vaultId: vaults.thinned });
        const expired = new cbr.Checkpoint("expired", { vaultId: vaults.expired });
        const whole = new cbr.Checkpoint("whole", { vaultId: vaults.whole });
        new cbr.CheckpointReplica("copies", { checkpointId: thinned.id, ...copyTo });
        new cbr.CheckpointReplica("kept", { checkpointId: whole.id, ...copyTo });
        new cbr.VaultReplication("all", { vaultId: source.vaultId, ...copyTo });
        const isGone = expired.status.apply((status) => {
            if (asserts && status === "expired") throw new pulumi.RunError("there is no restore point any more");
            return false;
        });
        return { isGone, ids: thinned.backupIds };
    });
    await life.up();
    const before = await life.states();
    const unchanged = { same: 7 };
    expect((await life.stack.previewRefresh({ expectNoChanges: true })).changes).toEqual(unchanged);

    const replicaOf = (name: string) => listOf(before.get(name)?.outputs["destinationBackupIds"])[0] ?? "";
    const [lost = "", ...left] = listOf(before.get("thinned")?.outputs["backupIds"]);
    life.home.deleteBackupBehindOurBack(lost);
    life.home.expireCheckpoint(before.get("expired")?.id ?? "");
    life.away.deleteBackupBehindOurBack(replicaOf("copies"));
    life.away.deleteBackupBehindOurBack(replicaOf("all"));

    // Nothing of it asks for a change.
    expect((await life.preview({ refresh: true, expectNoChanges: true })).changes).toEqual(unchanged);
    const drift = await life.stack.previewRefresh({ expectNoChanges: true, expectFailure: true });
    expect(drift.changes).toEqual({ same: 3, update: 4 });
    expect((await life.states()).get("thinned")?.outputs).toEqual(before.get("thinned")?.outputs);

    const refresh = await life.refresh();
    expect(refresh.changes).toEqual({ same: 3, update: 4 });
    expect((await life.state("thinned")).outputs).toMatchObject({ status: "available", backupIds: left });
    expect((await life.state("expired")).outputs).toMatchObject({ status: "expired", backupIds: [] });
    // The state says it from now on.
    expect((await life.stack.previewRefresh({ expectNoChanges: true })).changes).toEqual(unchanged);
    asserts = true;
    expect(messages(await life.preview({ expectFailure: true }))).toContain("there is no restore point any more");
    asserts = false;
    expect(ops(await life.up())).toEqual([]);
    expect((await life.stack.outputs())["ids"]?.value).toEqual(left);
});

it("a refresh in the same run does not keep what the program no longer has, or replaces", async ({ skip }) => {
    await needsCli(skip, "what a refresh within an operation counts");
    const life = await openLife();
    const vaults = { removed: life.vault(), rotated: life.vault(), left: life.vault() };
    const { backupId } = life.vaultWithBackup();
    const destinationVaultId = life.destination();
    const deletionPolicy = "delete";
    let release = 1;
    life.use(async () => {
        if (release === 1) new cbr.Checkpoint("removed", { vaultId: vaults.removed, deletionPolicy });
        const first = { deleteBeforeReplace: true };
        new cbr.Checkpoint("rotated", { vaultId: vaults.rotated, deletionPolicy, triggers: { release } }, first);
        new cbr.Checkpoint("left", { vaultId: vaults.left, deletionPolicy });
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy } as const;
        new cbr.BackupReplica("copy", { backupId, ...copyTo, triggers: { release } });
    });
    await life.up();
    const before = await life.states();
    const replica = String(before.get("copy")?.outputs["destinationBackupId"]);

    release = 2;
    expect((await life.preview({ refresh: true })).changes).toEqual({ same: 2, delete: 1, replace: 2 });
    await life.up({ refresh: true });
    const points = (vaultId: string) => life.home.snapshot().checkpoints.filter((one) => one.vaultId === vaultId);
    expect(points(vaults.removed)).toEqual([]);
    expect(points(vaults.rotated).map(({ id }) => id)).toEqual([(await life.state("rotated")).id]);
    expect((await life.state("rotated")).id).not.toBe(before.get("rotated")?.id);
    expect([...life.away.backups.keys()]).toEqual([(await life.state("copy")).outputs["destinationBackupId"]]);
    expect(life.away.backups.has(replica)).toBe(false);

    await life.destroy({ refresh: true });
    expect([points(vaults.rotated), points(vaults.left), [...life.away.backups.keys()]]).toEqual([[], [], []]);
});
