import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { providerLines } from "../support/state-lines";
import { expiredPoint, listOf, messages, openLife, ops, slow, step } from "./life";

it("keeps a restore point whose wait fails, and resumes in update without a second request", async () => {
    const life = await openLife();
    const names = ["slow", "failing", "vanishing", "partial", "skipping", "unwanted"] as const;
    const vaults = Object.fromEntries(
        names.map((name) => [name, life.vault({ resources: name === "partial" || name === "skipping" ? 2 : 1 })]),
    ) as Record<(typeof names)[number], string>;
    life.fail("CreateCheckpoint", vaults.slow, slow);
    life.fail("CreateCheckpoint", vaults.failing, slow, {
        kind: "backup-error",
        code: "BackupService.7103",
        message: "the server is stopped",
    });
    life.fail("CreateCheckpoint", vaults.vanishing, slow);
    life.fail("CreateCheckpoint", vaults.unwanted, slow);
    life.fail("CreateCheckpoint", vaults.partial, { kind: "backup-error", resource: 1, code: "BackupService.7001" });
    life.fail("CreateCheckpoint", vaults.skipping, {
        kind: "skip-resource",
        code: "BackupService.2002",
        reason: "being backed up",
    });
    let changed = false;
    let present: readonly string[] = names;
    life.use(async () => {
        const timeouts = { create: "6s" };
        const triggers = { run: changed ? 2 : 1 };
        new cbr.Checkpoint("slow", { vaultId: vaults.slow, timeouts });
        new cbr.Checkpoint("failing", { vaultId: vaults.failing, timeouts, triggers });
        new cbr.Checkpoint("vanishing", { vaultId: vaults.vanishing, timeouts, triggers });
        new cbr.Checkpoint("partial", { vaultId: vaults.partial, onPartialFailure: changed ? "warn" : "fail" });
        new cbr.Checkpoint("skipping", { vaultId: vaults.skipping, onSkipped: changed ? "warn" : "fail" });
        if (present.includes("unwanted"))
            new cbr.Checkpoint("unwanted", { vaultId: vaults.unwanted, timeouts, deletionPolicy: "delete" });
    });

    const first = await life.up({ expectFailure: true, continueOnError: true });
    const born = await life.states();
    const checkpointOf = (name: keyof typeof vaults) =>
        life.home.snapshot().checkpoints.filter((one) => one.vaultId === vaults[name]);
    for (const name of names) {
        const state = born.get(name);
        expect(state, name).toMatchObject({
            id: checkpointOf(name)[0]?.id,
            inputs: { vaultId: vaults[name], __provider: providerLines["Checkpoint"] },
            outputs: { vaultId: vaults[name], checkpointId: checkpointOf(name)[0]?.id },
        });
        expect(state?.initErrors, name).toHaveLength(1);
        expect(life.count("CreateCheckpoint", vaults[name]), name).toBe(1);
        expect(step(first, name).failed, name).toBe(true);
    }
    expect(messages(first, "slow")).toMatch(/Checkpoint slow: .*not finished after .*seen: /);
    expect(messages(first, "partial")).toMatch(/1 good, 1 failed.*BackupService.7001.*onPartialFailure/);
    expect(messages(first, "skipping")).toMatch(/BackupService.2002: being backed up.*onSkipped/);
    expect(born.get("slow")?.outputs).toMatchObject({ status: "protecting", backupIds: [] });
    expect(born.get("partial")?.outputs["backupIds"]).toHaveLength(1);
    expect(born.get("partial")?.outputs["backups"]).toHaveLength(2);

    // The handler's code stands in the failure's properties too: reading and deleting work as ever.
    const target = [born.get("unwanted")?.urn ?? ""];
    const refreshed = await life.refresh({ target, expectPendingChanges: "it still runs" });
    expect(ops(refreshed).filter((one) => one.startsWith("delete"))).toEqual([]);
    expect(ops(await life.preview({ target }))).toEqual(["update unwanted"]);
    life.home.setCheckpointStatus(born.get("unwanted")?.id ?? "", "available");
    for (const backup of life.home.backupsOf(born.get("unwanted")?.id ?? ""))
        life.home.setBackupStatus(backup.id, "available");
    await life.destroy({ target });
    expect(checkpointOf("unwanted")).toEqual([]);
    present = [];

    for (const backup of life.home.backupsOf(born.get("failing")?.id ?? ""))
        life.home.setBackupStatus(backup.id, "error");
    life.home.setCheckpointStatus(born.get("failing")?.id ?? "", "error");
    life.home.expireCheckpoint(born.get("vanishing")?.id ?? "");
    const second = await life.up({ expectFailure: true, continueOnError: true });
    expect(ops(second)).toEqual(["failing", "partial", "skipping", "slow", "vanishing"].map((one) => `update ${one}`));
    expect(messages(second, "slow")).toMatch(/not finished after/);
    expect(messages(second, "slow")).toMatch(/info: resuming the wait/);
    expect(messages(second, "failing")).toMatch(/status error/);
    expect(messages(second, "vanishing")).toMatch(/vanished before it was finished.*triggers/);
    for (const [name, state] of await life.states()) expect(state.id, name).toBe(born.get(name)?.id);
    expect((await life.state("failing")).outputs).toMatchObject({ status: "error", backupIds: [] });
    expect((await life.state("vanishing")).outputs).toMatchObject({ status: "expired", backupIds: [] });

    // A refresh takes the engine's note of the failure away; what failed stays failed.
    const third = await life.refresh({ expectPendingChanges: "nothing of this is good" });
    expect(ops(third).filter((one) => one.startsWith("delete"))).toEqual([]);
    expect(ops(await life.preview())).toEqual(
        ["failing", "partial", "skipping", "slow", "vanishing"].map((one) => `update ${one}`),
    );

    changed = true;
    life.sim.finishAll();
    life.forget();
    const last = await life.up();
    expect(last.changes).toEqual({ update: 3, replace: 2, same: 1 });
    const states = await life.states();
    for (const name of ["slow", "partial", "skipping"] as const) {
        expect(states.get(name)).toMatchObject({ id: born.get(name)?.id, outputs: { status: "available" } });
        expect(states.get(name)?.initErrors ?? []).toEqual([]);
        expect(life.count("CreateCheckpoint", vaults[name])).toBe(0);
    }
    expect(messages(last, "partial")).toMatch(/warning: .*1 good, 1 failed/);
    expect(messages(last, "skipping")).toMatch(/warning: .*skipped 1 of the resources/);
    for (const name of ["failing", "vanishing"] as const) {
        expect(states.get(name)?.id).not.toBe(born.get(name)?.id);
        expect(states.get(name)?.outputs["status"]).toBe("available");
        expect(life.count("CreateCheckpoint", vaults[name])).toBe(1);
    }
});

it("follows what becomes of restore points: expired, thinned, adopted, not waited for, deleted", async () => {
    const life = await openLife();
    const names = ["kept", "recreated", "thinned", "adopted", "later", "refreshed", "deleted", "locked"] as const;
    const vaults = Object.fromEntries(
        names.map((name) => [name, life.vault({ resources: name === "thinned" ? 3 : 1 })]),
    ) as Record<(typeof names)[number], string>;
    const existing = life.home.addCheckpoint(vaults.adopted, { name: "by-hand" }).id;
    const foreign = life.home.addCheckpoint(life.vault(), { name: "by-others" }).id;
    life.fail("CreateCheckpoint", vaults.later, slow);
    life.fail("CreateCheckpoint", vaults.refreshed, slow);
    let adopt: string | undefined = existing;
    life.use(async () => {
        const kept = new cbr.Checkpoint("kept", { vaultId: vaults.kept });
        new cbr.Checkpoint("recreated", { vaultId: vaults.recreated, recreateWhenExpired: true });
        new cbr.Checkpoint("thinned", { vaultId: vaults.thinned });
        new cbr.Checkpoint("adopted", { vaultId: vaults.adopted, ...(adopt === undefined ? {} : { adopt }) });
        new cbr.Checkpoint("later", { vaultId: vaults.later, wait: false });
        new cbr.Checkpoint("refreshed", { vaultId: vaults.refreshed, wait: false });
        new cbr.Checkpoint("deleted", { vaultId: vaults.deleted, deletionPolicy: "delete" });
        new cbr.Checkpoint("locked", { vaultId: vaults.locked, deletionPolicy: "delete", autoTrigger: true });
        const got = cbr.Checkpoint.get("got", foreign);
        return { status: kept.status, got: got.backupIds };
    });
    await life.up();
    const born = await life.states();
    expect(life.count("CreateCheckpoint")).toBe(names.length - 1);
    expect(born.get("adopted")).toMatchObject({ id: existing, outputs: { status: "available", name: "by-hand" } });
    expect(born.get("got")).toMatchObject({ id: foreign, external: true, outputs: { status: "available" } });
    expect((await life.stack.outputs())["got"]?.value).toEqual(life.home.backupsOf(foreign).map(({ id }) => id));
    for (const name of ["later", "refreshed"])
        expect(born.get(name)?.outputs).toMatchObject({ status: "protecting", backups: [], backupIds: [] });
    const order = listOf<{ resourceId: string }>(born.get("thinned")?.outputs["backups"]).map((one) => one.resourceId);
    expect(order).toEqual([...order].sort());
    expect(order).toHaveLength(3);

    life.home.expireCheckpoint(born.get("kept")?.id ?? "");
    life.home.expireCheckpoint(born.get("recreated")?.id ?? "");
    const [lost, ...left] = listOf(born.get("thinned")?.outputs["backupIds"]);
    life.home.deleteBackupBehindOurBack(lost ?? "");
    life.sim.finishAll();
    adopt = undefined;

    // A preview asks only for what is not finished.
    life.forget();
    expect(ops(await life.preview())).toEqual(["read got", "update later", "update refreshed"]);
    expect(new Set(life.calls())).toEqual(new Set(["ShowCheckpoint", "ListBackups"]));

    const target = [born.get("later")?.urn ?? ""];
    await life.up({ target });
    expect((await life.state("later")).outputs).toMatchObject({ status: "available", wait: false });
    expect((await life.state("later")).outputs["backupIds"]).toHaveLength(1);

    life.forget();
    const refresh = await life.refresh({ expectPendingChanges: "one of them is taken anew" });
    expect(life.calls().filter((call) => !/^(List|Show)/.test(call))).toEqual([]);
    const now = await life.states();
    expect(now.get("kept")?.outputs).toEqual(expiredPoint(born.get("kept")?.outputs));
    expect(messages(refresh, "kept")).toMatch(
        /warning: restore point .* no longer in the cloud.*kept in state as expired/,
    );
    expect(now.has("recreated")).toBe(false);
    expect(messages(refresh, "recreated")).toMatch(/warning: .*takes a new one/);
    expect(now.get("thinned")?.outputs).toMatchObject({ status: "available", backupIds: left });
    expect(now.get("thinned")?.outputs["backups"]).toMatchObject(
        order.map((resourceId) => ({ resourceId, status: resourceId === order[0] ? "expired" : "available" })),
    );
    expect(messages(refresh, "thinned")).toMatch(/warning: .*1 of 3 backups are no longer in the cloud/);
    expect(now.get("refreshed")?.outputs).toMatchObject({ status: "available" });

    life.forget();
    const again = await life.up();
    expect(ops(again).filter((one) => !one.startsWith("read"))).toEqual(["create recreated"]);
    expect(life.count("CreateCheckpoint")).toBe(1);

    // Once said is said: nothing more is known the next time, and what is gone is not asked for again.
    life.forget();
    const quiet = await life.refresh();
    expect(messages(quiet, undefined, true)).not.toMatch(/warning/);
    expect(life.calls(born.get("kept")?.id).filter((call) => call === "ShowCheckpoint")).toEqual([]);

    life.home.lockVault(vaults.locked);
    const refused = await life.destroy({ expectFailure: true, continueOnError: true });
    expect(messages(refused, "locked")).toMatch(/BackupService\.6220.*locked vault/);
    expect(messages(refused, "adopted")).toMatch(/info: retained restore point .*costs? money/);
    expect(messages(refused, "kept")).not.toMatch(/retained/);
    expect(life.home.snapshot().checkpoints.filter((one) => one.vaultId === vaults.deleted)).toEqual([]);
    expect([...(await life.states()).keys()]).toEqual(["locked"]);
    life.home.lockVault(vaults.locked, false);
    await life.destroy();
    const remaining = life.home.snapshot().checkpoints.map((one) => one.vaultId);
    expect(remaining).not.toContain(vaults.locked);
    expect(remaining).toEqual(expect.arrayContaining([vaults.adopted, vaults.thinned, vaults.later, vaults.recreated]));
    expect(life.home.checkpoints.has(foreign)).toBe(true);
});

it("says that there is no such restore point instead of inventing one, and asks for nothing in preview", async () => {
    const life = await openLife();
    const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
    life.use(async () => {
        cbr.Checkpoint.get("got", missing);
    });
    const failed = await life.preview({ expectFailure: true });
    expect(messages(failed)).toMatch(/BackupService\.6217/);
    expect(messages(failed)).toContain(missing);
    const vaultId = life.vault();
    life.use(async () => {
        new cbr.Checkpoint("adopting", { vaultId, adopt: missing });
    });
    const refused = await life.up({ expectFailure: true });
    expect(messages(refused, "adopting")).toMatch(/adopt: there is no restore point 8b0851a8/);
    expect((await life.states()).size).toBe(0);
});

it("lets an adopted restore point neither take its own place nor be deleted by what had it before", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    const existing = life.home.addCheckpoint(vaultId, { name: "by-hand" }).id;
    let [name, release, adopt]: [string, number, string | undefined] = ["old", 1, existing];
    life.use(async () => {
        const timeouts = { create: "2h" };
        new cbr.Checkpoint(
            name,
            {
                vaultId,
                deletionPolicy: "delete",
                triggers: { release },
                timeouts,
                ...(adopt === undefined ? {} : { adopt }),
            },
            { customTimeouts: { create: "1h", delete: "5m" } },
        );
    });
    await life.up();
    expect((await life.state("old")).inputs["timeouts"]).toEqual({ create: "2h", delete: "5m" });
    release = 2;
    for (const run of [life.preview({ expectFailure: true }), life.up({ expectFailure: true })])
        expect(messages(await run)).toMatch(/adopt.*cannot take its own place: triggers changed\. Take adopt out/);
    release = 1;
    name = "new";
    const moved = await life.up();
    expect(moved.changes).toMatchObject({ create: 1, delete: 1 });
    expect(messages(moved, "old")).toContain(`retained restore point ${existing}: another resource has adopted it`);
    expect(life.home.checkpoints.has(existing)).toBe(true);
    expect(life.count("CreateCheckpoint")).toBe(0);
    [release, adopt] = [2, undefined];
    expect((await life.up()).changes).toMatchObject({ replace: 1 });
    expect([...life.home.checkpoints.keys()]).toEqual([(await life.state("new")).id]);
});

it("promises nothing that is gone: stack outputs follow what a refresh found", async () => {
    const life = await openLife();
    const vaultId = life.vault({ resources: 2 });
    life.use(async () => {
        const point = new cbr.Checkpoint("point", { vaultId });
        return { ids: point.backupIds, byResource: point.backupIdByResource, rows: point.backups };
    });
    await life.up();
    const outputs = async () => {
        await life.refresh();
        await life.up();
        const { ids, byResource, rows } = await life.stack.outputs();
        const statuses = listOf<{ status: string }>(rows?.value).map(({ status }) => status);
        return [ids?.value, Object.values(byResource?.value as object), statuses];
    };
    const [first = "", second = ""] = listOf((await life.state("point")).outputs["backupIds"]);
    expect(await outputs()).toEqual([
        [first, second],
        [first, second],
        ["available", "available"],
    ]);
    life.home.deleteBackupBehindOurBack(first);
    expect(await outputs()).toEqual([[second], [second], ["expired", "available"]]);
    life.home.deleteBackupBehindOurBack(second);
    expect(await outputs()).toEqual([[], [], ["expired", "expired"]]);
    expect(life.count("CreateCheckpoint")).toBe(1);
});
