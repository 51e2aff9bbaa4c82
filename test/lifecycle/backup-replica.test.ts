import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { providerLines } from "../support/state-lines";
import { messages, openLife, ops, slow, step, until } from "./life";

const destinationRegion = "eu-nl";

it("keeps a copy whose wait fails, and resumes it in update without a second request", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const names = ["slow", "failing", "broken", "missing", "unwanted"] as const;
    const backups = Object.fromEntries(names.map((name) => [name, life.vaultWithBackup().backupId])) as Record<
        (typeof names)[number],
        string
    >;
    life.fail("CopyBackup", backups.slow, slow);
    life.fail("CopyBackup", backups.unwanted, slow);
    life.fail("CopyBackup", backups.failing, slow, {
        kind: "record-fail",
        code: "BackupService.1006",
        reason: "import failed",
    });
    life.fail("CopyBackup", backups.broken, { kind: "replica-error" });
    life.fail("CopyBackup", backups.missing, { kind: "replica-missing" });
    let round = 1;
    let present = true;
    life.use(async () => {
        const copy = (name: (typeof names)[number], more: Partial<cbr.BackupReplicaArgs> = {}) =>
            new cbr.BackupReplica(name, { backupId: backups[name], destinationRegion, destinationVaultId, ...more });
        const timeouts = { create: "6s" };
        const triggers = { round: round > 3 ? 2 : 1 };
        copy("slow", { timeouts });
        copy("failing", { timeouts, triggers });
        copy("broken", { triggers, deletionPolicy: "delete" });
        copy("missing", { timeouts, triggers });
        if (present) copy("unwanted", { timeouts, deletionPolicy: "delete" });
    });

    const first = await life.up({ expectFailure: true, continueOnError: true });
    const born = await life.states();
    for (const name of names) {
        const record = [...life.home.records.values()].find((one) => one.sourceBackupId === backups[name]);
        expect(born.get(name), name).toMatchObject({
            id: record?.id,
            inputs: { backupId: backups[name], __provider: providerLines["BackupReplica"] },
            outputs: { backupId: backups[name], replicationRecordId: record?.id, sourceRegion: "eu-de" },
        });
        expect(born.get(name)?.initErrors, name).toHaveLength(1);
        expect(step(first, name).failed, name).toBe(true);
        expect(life.count("CopyBackup", backups[name]), name).toBe(1);
    }
    expect(messages(first, "slow")).toMatch(/BackupReplica slow: copy of backup .* not finished after/);
    expect(messages(first, "broken")).toMatch(/has status error, although its record says success/);
    expect(messages(first, "missing")).toMatch(/does not exist, although its record says success/);

    round = 2;
    life.forget();
    const again = await life.up({ expectFailure: true, continueOnError: true });
    expect(ops(again)).toEqual(names.map((name) => `update ${name}`).sort());
    expect(messages(again, "slow")).toMatch(/info: resuming the wait for copy/);
    expect(messages(again, "missing")).toMatch(/does not exist/);
    for (const [name, state] of await life.states()) expect(state.id, name).toBe(born.get(name)?.id);

    const target = [born.get("unwanted")?.urn ?? ""];
    await life.refresh({ target, expectPendingChanges: "it still runs" });
    life.forget();
    const destroying = life.destroy({ target });
    await until(() => life.calls().length > 0);
    life.sim.finishAll();
    await destroying;
    present = false;
    expect(life.count("DeleteBackup")).toBe(1);
    expect(
        [...life.away.backups.values()].filter(
            (one) => one.resourceName === life.home.backups.get(backups.unwanted)?.resourceName,
        ),
    ).toEqual([]);

    round = 3;
    const third = await life.up({ expectFailure: true, continueOnError: true });
    expect(messages(third, "failing")).toMatch(/failed \(BackupService\.1006: import failed\).*triggers/);
    const slowRecord = life.home.records.get(born.get("slow")?.id ?? "");
    expect((await life.state("slow")).outputs).toMatchObject({
        status: "success",
        destinationBackupId: slowRecord?.destinationBackupId,
        destinationCheckpointId: slowRecord?.destinationCheckpointId,
    });
    expect((await life.state("slow")).initErrors ?? []).toEqual([]);

    // A refresh takes the engine's note of the failures away; what failed stays failed. One second is too short to call a replica gone.
    await life.refresh({ expectPendingChanges: "some of this is not good" });
    expect(ops(await life.preview())).toEqual(["update broken", "update failing", "update missing"]);

    expect(life.count("CopyBackup")).toBe(0);
    round = 4;
    const last = await life.up();
    expect(last.changes).toEqual({ same: 2, replace: 3 });
    const states = await life.states();
    for (const name of ["failing", "broken", "missing"] as const) {
        expect(states.get(name)?.outputs["status"], name).toBe("success");
        expect(life.count("CopyBackup", backups[name]), name).toBe(1);
    }
    // One replica a backup and region: the broken one had to go first.
    const operations = life.requests().map(({ operation }) => operation);
    expect(operations.indexOf("DeleteBackup")).toBeLessThan(
        life.requests().findIndex((one) => one.operation === "CopyBackup" && one.path.includes(backups.broken)),
    );
});

it("is gone when its replica is gone, adopts what was there, and deletes only what is its own", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const names = ["kept", "deleted", "adopted", "later", "refreshed", "replaced"] as const;
    const backups = Object.fromEntries(names.map((name) => [name, life.vaultWithBackup().backupId])) as Record<
        (typeof names)[number],
        string
    >;
    life.fail("CopyBackup", backups.later, slow);
    life.fail("CopyBackup", backups.refreshed, slow);
    let round = 1;
    life.use(async () => {
        const copy = (name: (typeof names)[number], more: Partial<cbr.BackupReplicaArgs> = {}) =>
            new cbr.BackupReplica(name, { backupId: backups[name], destinationRegion, destinationVaultId, ...more });
        const kept = copy("kept", { name: "kept-copy", description: "for the auditor" });
        copy("deleted", { deletionPolicy: "delete" });
        const own = copy("adopted");
        new cbr.BackupReplica(
            "again",
            { backupId: backups.adopted, destinationRegion, destinationVaultId, deletionPolicy: "delete" },
            { dependsOn: own },
        );
        copy("later", { wait: false });
        copy("refreshed", { wait: false });
        copy("replaced", { deletionPolicy: "delete", triggers: [round] });
        if (round > 1)
            cbr.BackupReplica.get("got", kept.id, { backupId: backups.kept, destinationRegion, destinationVaultId });
    });
    const first = await life.up();
    const born = await life.states();
    const replicaOf = (name: string) => String(born.get(name)?.outputs["destinationBackupId"]);
    expect(life.away.backups.get(replicaOf("kept"))).toMatchObject({
        name: "kept-copy",
        description: "for the auditor",
    });
    expect(born.get("again")?.outputs).toMatchObject({ adopted: true, destinationBackupId: replicaOf("adopted") });
    expect(messages(first, "again")).toMatch(/warning: .*already had replica .*adopted/);
    for (const name of ["later", "refreshed"]) expect(born.get(name)?.outputs["status"]).toBe("waiting_replicate");

    life.sim.finishAll();
    expect(ops(await life.preview())).toEqual(["update later", "update refreshed"]);
    await life.up({ target: [born.get("later")?.urn ?? ""] });
    expect((await life.state("later")).outputs).toMatchObject({ status: "success", verified: true });

    // Deleting before replacing, since the region holds one replica a backup; a copy that exists is read, not made.
    round = 2;
    life.away.deleteBackupBehindOurBack(replicaOf("kept"));
    const refresh = await life.refresh({ expectPendingChanges: "a replica is gone, and the trigger has changed" });
    expect((await life.state("refreshed")).outputs).toMatchObject({ status: "success", verified: true });
    expect((await life.states()).has("kept")).toBe(false);
    expect(messages(refresh, "kept")).toMatch(
        /warning: replica .* is no longer in eu-nl: the next `pulumi up` copies backup/,
    );
    life.forget();
    const second = await life.up();
    expect(ops(second)).toEqual(
        [
            "create kept",
            "create-replacement replaced",
            "delete-replaced replaced",
            "read got",
            "replace replaced",
        ].sort(),
    );
    const order = second.steps.filter(({ name }) => name === "replaced").map(({ op }) => op);
    expect(order.indexOf("delete-replaced")).toBeLessThan(order.indexOf("create-replacement"));
    expect(life.count("CopyBackup")).toBe(2);
    const now = await life.states();
    expect(now.get("got")).toMatchObject({ external: true, id: now.get("kept")?.id });
    expect(now.get("got")?.outputs).toMatchObject({
        status: "success",
        destinationBackupId: now.get("kept")?.outputs["destinationBackupId"],
    });

    const destroyed = await life.destroy();
    expect(messages(destroyed, "kept")).toMatch(/info: retained replica .* in eu-nl.*costs money/);
    expect(life.away.backups.has(replicaOf("deleted"))).toBe(false);
    expect(life.away.backups.has(replicaOf("adopted"))).toBe(true);
    expect([...life.away.backups.keys()]).toHaveLength(4);
    for (const id of Object.values(backups)) expect(life.home.backups.has(id)).toBe(true);
});
