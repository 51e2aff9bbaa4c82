import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { providerLines } from "../support/state-lines";
import { listOf, messages, openLife, ops, slow, step, until } from "./life";

const destinationRegion = "eu-nl";

it("keeps a run whose wait fails, resumes it in update without a second request, and judges every copy", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const names = ["slow", "failing", "broken", "partial", "adopted", "unwanted"] as const;
    const vaults = Object.fromEntries(names.map((name) => [name, life.vaultWithBackup()])) as Record<
        (typeof names)[number],
        { vaultId: string; backupId: string }
    >;
    const second = life.home.backupsOf(life.home.addCheckpoint(vaults.partial.vaultId).id)[0]?.id ?? "";
    life.fail("CopyCheckpoint", vaults.slow.vaultId, slow);
    life.fail("CopyCheckpoint", vaults.unwanted.vaultId, slow);
    life.fail("CopyCheckpoint", vaults.failing.vaultId, slow, {
        kind: "record-fail",
        code: "BackupService.6129",
        reason: "the vault is full",
    });
    life.fail("CopyCheckpoint", vaults.broken.vaultId, { kind: "replica-error" });
    life.fail("CopyCheckpoint", vaults.partial.vaultId, {
        kind: "record-fail",
        backup: second,
        code: "BackupService.4005",
    });
    life.fail("CopyCheckpoint", vaults.adopted.vaultId, { kind: "record-skip" });
    // A replica that somebody made before, unknown to the record of the skipped copy.
    life.away.addCheckpoint(destinationVaultId);
    let round = 1;
    let present = true;
    life.use(async () => {
        const copy = (name: (typeof names)[number], more: Partial<cbr.VaultReplicationArgs> = {}) =>
            new cbr.VaultReplication(name, {
                vaultId: vaults[name].vaultId,
                destinationRegion,
                destinationVaultId,
                ...more,
            });
        const timeouts = { create: "6s" };
        const triggers = { round: round > 3 ? 2 : 1 };
        copy("slow", { timeouts });
        copy("failing", { timeouts, triggers, deletionPolicy: "delete" });
        copy("broken", { triggers, deletionPolicy: "delete" });
        copy("partial", { onPartialFailure: round > 3 ? "warn" : "fail" });
        copy("adopted", { triggers });
        if (present) copy("unwanted", { timeouts, deletionPolicy: "delete" });
    });

    const first = await life.up({ expectFailure: true, continueOnError: true });
    const born = await life.states();
    for (const name of names) {
        const { vaultId, backupId } = vaults[name];
        const record = [...life.home.records.values()].find((one) => one.sourceBackupId === backupId);
        expect(born.get(name), name).toMatchObject({
            id: expect.stringMatching(new RegExp(`^${vaultId}/eu-nl/${destinationVaultId}/[0-9a-f]{8}$`)),
            inputs: { vaultId, destinationVaultId, __provider: providerLines["VaultReplication"] },
        });
        expect(born.get(name)?.outputs["replicationRecordIds"], name).toContain(record?.id);
        expect(born.get(name)?.initErrors, name).toHaveLength(1);
        expect(step(first, name).failed, name).toBe(true);
        expect(life.count("CopyCheckpoint", vaultId), name).toBe(1);
    }
    expect(messages(first, "slow")).toMatch(/VaultReplication slow: .*not finished after/);
    expect(messages(first, "broken")).toMatch(/has status error, although its record says success/);
    expect(messages(first, "partial")).toMatch(/1 good, 1 not: .*BackupService\.4005.*onPartialFailure/);
    expect(messages(first, "adopted")).toMatch(/skipped, and no replica of it was found/);
    expect(born.get("slow")?.outputs).toMatchObject({ status: "replicating", destinationBackupIds: [] });
    expect(born.get("broken")?.outputs).toMatchObject({ status: "fail", destinationBackupIds: [] });
    expect(born.get("partial")?.outputs["destinationBackupIds"]).toHaveLength(1);
    const order = listOf<{ backupId: string }>(born.get("partial")?.outputs["replications"]).map((one) => one.backupId);
    expect(order).toEqual([vaults.partial.backupId, second].sort());

    round = 2;
    life.forget();
    const again = await life.up({ expectFailure: true, continueOnError: true });
    expect(ops(again)).toEqual(names.map((name) => `update ${name}`).sort());
    expect(messages(again, "slow")).toMatch(/info: resuming the wait for 1 copies[\s\S]*not finished after/);
    for (const [name, state] of await life.states()) expect(state.id, name).toBe(born.get(name)?.id);

    // Reading and deleting work as ever; what still runs is waited for before its replica goes.
    const target = [born.get("unwanted")?.urn ?? ""];
    await life.refresh({ target, expectPendingChanges: "it still runs" });
    life.forget();
    const destroying = life.destroy({ target });
    await until(() => life.calls().length > 0);
    life.sim.finishAll();
    await destroying;
    present = false;
    expect(life.away.snapshot().backups.some((one) => one.id === vaults.unwanted.backupId)).toBe(false);
    expect(life.count("DeleteBackup")).toBe(1);
    expect((await life.states()).has("unwanted")).toBe(false);

    round = 3;
    const third = await life.up({ expectFailure: true, continueOnError: true });
    expect(messages(third, "failing")).toMatch(/BackupService\.6129: the vault is full.*triggers/);
    const replica = [...life.home.records.values()].find((one) => one.sourceBackupId === vaults.slow.backupId);
    expect((await life.state("slow")).outputs).toMatchObject({
        status: "success",
        destinationBackupIds: [replica?.destinationBackupId],
    });
    expect((await life.state("slow")).initErrors ?? []).toEqual([]);

    // A refresh takes the engine's note of the failures away; what failed stays failed.
    await life.refresh({ expectPendingChanges: "some of this is not good" });
    expect(ops(await life.preview())).toEqual(
        ["adopted", "broken", "failing", "partial"].map((one) => `update ${one}`),
    );

    expect(life.count("CopyCheckpoint")).toBe(0);
    // The run that left a broken replica counts as done for the cloud: only a new backup gives it something to copy.
    life.home.addCheckpoint(vaults.broken.vaultId);
    round = 4;
    const last = await life.up();
    expect(last.changes).toEqual({ same: 2, update: 1, replace: 3 });
    expect(life.count("CopyCheckpoint")).toBe(3);
    expect(messages(last, "partial")).toMatch(/warning: .*1 good, 1 not/);
    const states = await life.states();
    for (const name of ["failing", "broken", "adopted"]) {
        expect(states.get(name)?.outputs["status"], name).toBe("success");
        expect(states.get(name)?.id).not.toBe(born.get(name)?.id);
    }
    expect(states.get("partial")?.id).toBe(born.get("partial")?.id);

    // Replicas outlive the stack by default, and a line says which; the others go, in their own region.
    const replicas = (name: string) => listOf(states.get(name)?.outputs["destinationBackupIds"])[0] ?? "";
    const destroyed = await life.destroy();
    expect(messages(destroyed, "slow")).toContain(replicas("slow"));
    expect(messages(destroyed, "slow")).toMatch(/info: retained 1 replica in eu-nl.* cost money/);
    expect(life.away.backups.has(replicas("slow"))).toBe(true);
    expect(life.away.backups.has(replicas("failing"))).toBe(false);
    expect(life.home.backups.has(vaults.failing.backupId)).toBe(true);
});

it("records what happened: nothing to copy, replicas that were there, replicas that are gone, a wait that is not wanted", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const names = ["whole", "later", "refreshed"] as const;
    const vaults = Object.fromEntries(names.map((name) => [name, life.vaultWithBackup()])) as Record<
        (typeof names)[number],
        { vaultId: string; backupId: string }
    >;
    life.fail("CopyCheckpoint", vaults.later.vaultId, slow);
    life.fail("CopyCheckpoint", vaults.refreshed.vaultId, slow);
    let again = false;
    life.use(async () => {
        const copy = (name: (typeof names)[number], more: Partial<cbr.VaultReplicationArgs> = {}) =>
            new cbr.VaultReplication(name, {
                vaultId: vaults[name].vaultId,
                destinationRegion,
                destinationVaultId,
                ...more,
            });
        const whole = copy("whole", { triggers: [again] });
        // The same vault once more: everything has its replica by then (A6).
        new cbr.VaultReplication(
            "idle",
            { vaultId: vaults.whole.vaultId, destinationRegion, destinationVaultId, deletionPolicy: "delete" },
            { dependsOn: whole },
        );
        copy("later", { wait: false });
        copy("refreshed", { wait: false });
    });
    const first = await life.up();
    expect((await life.state("idle")).outputs).toMatchObject({
        status: "skip",
        replicationRecordIds: [],
        replications: [],
    });
    expect(messages(first, "idle")).toMatch(/info: nothing to copy/);
    for (const name of ["later", "refreshed"])
        expect((await life.state(name)).outputs).toMatchObject({ status: "replicating", destinationBackupIds: [] });
    life.sim.finishAll();
    expect(ops(await life.preview())).toEqual(["update later", "update refreshed"]);
    const target = [(await life.state("later")).urn];
    await life.up({ target });
    expect((await life.state("later")).outputs).toMatchObject({ status: "success", wait: false });
    await life.refresh();
    expect((await life.state("refreshed")).outputs).toMatchObject({ status: "success" });

    // Replicas that are gone are said once, and never drop the record of what happened.
    const before = await life.state("whole");
    const [replica = ""] = before.outputs["destinationBackupIds"] as string[];
    life.away.deleteBackupBehindOurBack(replica);
    const refresh = await life.refresh();
    expect(messages(refresh, "whole")).toContain(`no longer in eu-nl: ${replica}`);
    expect((await life.state("whole")).outputs).toMatchObject({ status: "expired", destinationBackupIds: [] });
    expect((await life.state("whole")).id).toBe(before.id);
    expect(messages(await life.refresh(), "whole")).not.toMatch(/warning/);

    // A new run takes what has no replica yet, and was never said to have one: the new backup.
    again = true;
    life.home.addCheckpoint(vaults.whole.vaultId);
    const replaced = await life.up();
    expect(replaced.changes).toEqual({ replace: 1, same: 4 });
    expect((await life.state("whole")).outputs["destinationBackupIds"]).toHaveLength(1);
    await life.destroy();
    expect(life.away.backups.size).toBe(3);
});

it("with deletionPolicy delete rotates its replicas, and never leaves a resource without one", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const { vaultId } = life.vaultWithBackup();
    let release = 1;
    life.use(async () => {
        new cbr.VaultReplication("copies", {
            vaultId,
            destinationRegion,
            destinationVaultId,
            deletionPolicy: "delete",
            triggers: { release },
        });
    });
    await life.up();
    const [first = ""] = listOf((await life.state("copies")).outputs["destinationBackupIds"]);

    // Nothing new to copy: what is there stays, although the run that made it goes.
    release = 2;
    const idle = await life.up();
    expect(idle.changes).toEqual({ replace: 1, same: 1 });
    expect(messages(idle)).toMatch(new RegExp(`info: retained 1 of 1 replicas in eu-nl.*${first}`));
    expect(life.away.backups.get(first)).toMatchObject({ status: "available" });

    // With something new, the run before goes with its own; what it kept for others is no longer anybody's.
    life.home.addCheckpoint(vaultId);
    release = 3;
    await life.up();
    const [second = ""] = listOf((await life.state("copies")).outputs["destinationBackupIds"]);
    life.home.addCheckpoint(vaultId);
    release = 4;
    await life.up();
    const [third = ""] = listOf((await life.state("copies")).outputs["destinationBackupIds"]);
    expect([...life.away.backups.keys()].sort()).toEqual([first, third].sort());
    expect(second).not.toBe(third);

    await life.destroy();
    expect([...life.away.backups.keys()]).toEqual([first]);
});
