import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { expiredPoint, listOf, messages, openLife, ops, slow } from "./life";

/** Open Telekom Cloud keeps no replication records, repeats no name or description, has numbers for strings, zones in timestamps, and no sync. */
it("lives a whole life on Open Telekom Cloud", async () => {
    const life = await openLife({
        regions: [
            { name: "eu-de", dialect: "otc" },
            { name: "eu-nl", dialect: "otc" },
        ],
        signIn: "password",
    });
    const vaultId = life.vault({ resources: 2 });
    const laterVaultId = life.vault();
    const { backupId } = life.vaultWithBackup();
    const failing = life.vaultWithBackup();
    const destinationVaultId = life.destination();
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId };
    life.fail("CreateCheckpoint", laterVaultId, slow);
    life.fail("CopyBackup", failing.backupId, {
        kind: "record-fail",
        code: "BackupService.4005",
        reason: "no room",
    });
    let stage = 1;
    life.use(async () => {
        const before = new cbr.Checkpoint("before", {
            vaultId,
            name: "release",
            description: "before the release",
            triggers: { stage },
        });
        new cbr.VaultReplication("run", { vaultId, ...copyTo, triggers: { before: before.id } });
        new cbr.BackupReplica("copy", { backupId, ...copyTo, deletionPolicy: "delete" });
        new cbr.Checkpoint("later", { vaultId: laterVaultId, wait: false });
        if (stage < 3) new cbr.BackupReplica("failing", { backupId: failing.backupId, ...copyTo, triggers: { stage } });
        return { backups: before.backupIdByResource };
    });

    const failed = await life.up({ expectFailure: true, continueOnError: true });
    expect(messages(failed, "failing")).toMatch(/BackupService\.4005: no room/);
    const born = await life.states();
    expect(born.get("failing")?.initErrors).toHaveLength(1);
    expect(born.get("before")?.outputs).toMatchObject({
        status: "available",
        name: "release",
        description: "before the release",
    });
    const [first, second] = listOf<{
        incremental: boolean;
        resourceSizeGb: number;
    }>(born.get("before")?.outputs["backups"]);
    expect([first, second]).toMatchObject([{ resourceSizeGb: 40 }, { incremental: false }]);
    expect(life.requests().filter((one) => /show_replication|incremental=true/.test(one.query))).toEqual([]);

    // Without records the replicas are found in the destination region (A5).
    const replicas = [...life.away.backups.values()];
    expect(born.get("run")?.outputs).toMatchObject({ status: "success" });
    const copied = born.get("run")?.outputs["replications"] as { backupId: string; destinationBackupId: string }[];
    for (const one of copied) {
        const original = life.home.backups.get(one.backupId);
        expect(life.away.backups.get(one.destinationBackupId)).toMatchObject({ resourceId: original?.resourceId });
    }
    expect(copied).toHaveLength(2);
    const copy = replicas.find((one) => one.resourceId === life.home.backups.get(backupId)?.resourceId);
    expect(born.get("copy")?.outputs).toMatchObject({ status: "success", destinationBackupId: copy?.id });

    stage = 2;
    life.sim.finishAll();
    life.forget();
    const next = await life.up();
    expect(ops(next)).toEqual(
        [
            ...["before", "run", "failing"].flatMap((name) =>
                ["create-replacement", "delete-replaced", "replace"].map((op) => `${op} ${name}`),
            ),
            "update later",
        ].sort(),
    );
    const posts = ["CreateCheckpoint", "CopyCheckpoint", "CopyBackup"].map((operation) => life.count(operation));
    expect(posts).toEqual([1, 1, 1]);
    const now = await life.states();
    expect(now.get("later")?.outputs).toMatchObject({ status: "available" });
    expect(now.get("failing")?.outputs).toMatchObject({ status: "success" });
    const [incremental] = listOf<{ incremental: boolean }>(now.get("before")?.outputs["backups"]);
    expect(incremental?.incremental).toBe(true);

    await life.refresh();
    expect((await life.state("before")).outputs).toEqual(now.get("before")?.outputs);
    life.home.expireCheckpoint(now.get("before")?.id ?? "");
    life.away.deleteBackupBehindOurBack(String(now.get("copy")?.outputs["destinationBackupId"]));
    await life.refresh({ expectPendingChanges: "the replica is gone" });
    expect((await life.state("before")).outputs).toEqual(expiredPoint(now.get("before")?.outputs));
    expect(ops(await life.preview())).toEqual(["create copy"]);
    const again = await life.up();
    expect(ops(again)).toEqual(["create copy"]);
    const remade = String((await life.state("copy")).outputs["destinationBackupId"]);
    expect(life.away.backups.has(remade)).toBe(true);

    stage = 3;
    await life.destroy();
    expect(life.away.backups.has(remade)).toBe(false);
    expect(life.home.checkpoints.has(now.get("later")?.id ?? "")).toBe(true);
});

it("says that a synchronisation is not to be had there", async () => {
    const life = await openLife({
        regions: [
            { name: "eu-de", dialect: "otc" },
            { name: "eu-nl", dialect: "otc" },
        ],
    });
    const vaultId = life.hybridVault();
    life.use(async () => {
        new cbr.VaultSync("sync", { vaultId });
    });
    const refused = await life.up({ expectFailure: true });
    expect(messages(refused, "sync")).toMatch(/APIGW\.0101/);
    expect((await life.states()).size).toBe(0);
});
