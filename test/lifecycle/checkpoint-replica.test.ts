import * as pulumi from "@pulumi/pulumi";
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { providerLines } from "../support/state-lines";
import { listOf, messages, openLife, ops, slow, step, until } from "./life";

const destinationRegion = "eu-nl";

it("keeps copies whose wait fails, resumes them in update, and sends only what was surely never sent", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const vaults = { slow: life.vault(), lost: life.vault(), refused: life.vault({ resources: 2 }) };
    const points = Object.fromEntries(
        Object.entries(vaults).map(([name, vaultId]) => [name, life.home.addCheckpoint(vaultId).id]),
    ) as Record<keyof typeof vaults, string>;
    const backupsOf = (name: keyof typeof vaults) =>
        life.home
            .backupsOf(points[name])
            .map((one) => one.id)
            .sort();
    const [refused = "", other = ""] = backupsOf("refused");
    life.fail("CopyBackup", backupsOf("slow")[0] ?? "", slow);
    life.fail("CopyBackup", backupsOf("lost")[0] ?? "", "reset-after-effect");
    life.fail("CopyBackup", refused, { code: "BackupService.6129", message: "the vault is full" });
    life.use(async () => {
        for (const name of Object.keys(vaults) as (keyof typeof vaults)[])
            new cbr.CheckpointReplica(name, {
                checkpointId: points[name],
                destinationRegion,
                destinationVaultId,
                deletionPolicy: "delete",
                timeouts: { create: name === "slow" ? "6s" : "10m" },
            });
    });

    const first = await life.up({ expectFailure: true, continueOnError: true });
    const born = await life.states();
    expect(born.get("lost")).toMatchObject({
        id: `${points.lost}/eu-nl/${destinationVaultId}`,
        outputs: { status: "success", destinationBackupIds: [expect.any(String)] },
    });
    expect(messages(first, "lost")).toMatch(/under way already \(its answer was lost\)/);
    expect(born.get("slow")).toMatchObject({ outputs: { status: "replicating", destinationBackupIds: [] } });
    expect(messages(first, "slow")).toMatch(/CheckpointReplica slow: .*not finished after/);
    expect(messages(first, "refused")).toMatch(/1 of 2 copies began; .*6129: the vault is full.*pulumi up/);
    const unsent = listOf<{ backupId: string; status: string }>(born.get("refused")?.outputs["replications"]);
    expect(unsent.map((one) => [one.backupId, one.status === "unsent"])).toEqual([
        [refused, true],
        [other, false],
    ]);

    life.forget();
    life.sim.finishAll();
    const second = await life.up();
    expect(ops(second)).toEqual(["update refused", "update slow"]);
    expect(life.calls().filter((call) => call === "CopyBackup")).toHaveLength(1);
    expect(life.count("CopyBackup", refused)).toBe(1);
    expect(messages(second, "slow")).toMatch(/info: resuming the wait for 1 copies/);
    const now = await life.states();
    for (const name of Object.keys(vaults)) {
        expect(now.get(name)?.outputs["status"], name).toBe("success");
        expect(now.get(name)?.initErrors ?? [], name).toEqual([]);
        expect(now.get(name)?.id, name).toBe(born.get(name)?.id);
    }
    expect(life.away.backups.size).toBe(4);

    await life.refresh();
    const gone = await life.destroy();
    // What was found by place and time only may be another's.
    expect([...life.away.backups.keys()]).toEqual(now.get("lost")?.outputs["destinationBackupIds"]);
    expect(messages(gone, "lost")).toMatch(/retained .*nothing but place and time says that they are this resource's/);
    expect(life.home.backups.size).toBe(4);
});

it("judges every copy, keeps what failed until something is done about it, and deletes what still runs only at its end", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const names = ["failing", "broken", "missing", "partial", "unwanted"] as const;
    type Name = (typeof names)[number];
    const points = Object.fromEntries(
        names.map((name) => [name, life.home.addCheckpoint(life.vault({ resources: name === "partial" ? 2 : 1 })).id]),
    ) as Record<Name, string>;
    const backupOf = (name: Name) => life.home.backupsOf(points[name])[0]?.id ?? "";
    const full = { kind: "record-fail", code: "BackupService.6129", reason: "the vault is full" } as const;
    life.fail("CopyBackup", backupOf("failing"), full);
    life.fail("CopyBackup", backupOf("broken"), { kind: "replica-error" });
    life.fail("CopyBackup", backupOf("missing"), { kind: "replica-missing" });
    life.fail("CopyBackup", backupOf("partial"), full);
    life.fail("CopyBackup", backupOf("unwanted"), slow);
    let round = 1;
    let present = true;
    life.use(async () => {
        const copy = (name: Name, more: Partial<cbr.CheckpointReplicaArgs> = {}) =>
            new cbr.CheckpointReplica(name, {
                checkpointId: points[name],
                destinationRegion,
                destinationVaultId,
                ...more,
            });
        const timeouts = { create: "6s" };
        const triggers = { round: round > 2 ? 2 : 1 };
        copy("failing", { triggers });
        copy("broken", { triggers, deletionPolicy: "delete" });
        copy("missing", { timeouts, triggers });
        copy("partial", { onPartialFailure: round > 2 ? "warn" : "fail" });
        if (present) copy("unwanted", { timeouts, deletionPolicy: "delete" });
    });

    const first = await life.up({ expectFailure: true, continueOnError: true });
    const born = await life.states();
    for (const name of names) {
        const record = [...life.home.records.values()].find((one) => one.sourceBackupId === backupOf(name));
        expect(born.get(name), name).toMatchObject({
            id: `${points[name]}/eu-nl/${destinationVaultId}`,
            inputs: { checkpointId: points[name], __provider: providerLines["CheckpointReplica"] },
        });
        expect(born.get(name)?.outputs["replicationRecordIds"], name).toContain(record?.id);
        expect(born.get(name)?.initErrors, name).toHaveLength(1);
        expect(step(first, name).failed, name).toBe(true);
    }
    expect(messages(first, "failing")).toMatch(/CheckpointReplica failing: .*6129: the vault is full.*triggers/);
    expect(messages(first, "broken")).toMatch(/has status error, although its record says success/);
    expect(messages(first, "missing")).toMatch(/does not exist, although its record says success/);
    expect(messages(first, "partial")).toMatch(/1 good, 1 not: .*BackupService\.6129.*onPartialFailure/);
    expect(born.get("broken")?.outputs).toMatchObject({ status: "fail", destinationBackupIds: [] });
    expect(born.get("partial")?.outputs["destinationBackupIds"]).toHaveLength(1);

    // The next run asks for nothing a second time.
    round = 2;
    life.forget();
    const again = await life.up({ expectFailure: true, continueOnError: true });
    expect(ops(again)).toEqual(names.map((name) => `update ${name}`).sort());
    expect(life.count("CopyBackup")).toBe(0);
    for (const [name, state] of await life.states()) expect(state.id, name).toBe(born.get(name)?.id);

    const target = [born.get("unwanted")?.urn ?? ""];
    await life.refresh({ target, expectPendingChanges: "it still runs" });
    life.forget();
    const destroying = life.destroy({ target });
    await until(() => life.calls().length > 0);
    expect(life.count("DeleteBackup")).toBe(0);
    life.sim.finishAll();
    await destroying;
    present = false;
    expect(life.count("DeleteBackup")).toBe(1);
    expect((await life.states()).has("unwanted")).toBe(false);

    // A refresh takes the engine's note of the failures away; what failed stays failed.
    await life.refresh({ expectPendingChanges: "some of this is not good" });
    expect(ops(await life.preview())).toEqual(
        ["broken", "failing", "missing", "partial"].map((name) => `update ${name}`),
    );

    round = 3;
    life.forget();
    const last = await life.up();
    expect(last.changes).toEqual({ same: 1, update: 1, replace: 3 });
    expect(messages(last, "partial")).toMatch(/warning: .*1 good, 1 not/);
    expect(life.count("CopyBackup")).toBe(3);
    const states = await life.states();
    for (const name of ["failing", "broken", "missing"])
        expect(states.get(name)?.outputs, name).toMatchObject({ status: "success", verified: true });
    expect(states.get("partial")?.initErrors ?? []).toEqual([]);
    // One replica a backup and region: the broken one had to go first.
    const calls = life.requests();
    expect(calls.findIndex((one) => one.operation === "DeleteBackup")).toBeLessThan(
        calls.findIndex((one) => one.operation === "CopyBackup" && one.path.includes(backupOf("broken"))),
    );

    const replicaOf = (name: string) => listOf(states.get(name)?.outputs["destinationBackupIds"])[0] ?? "";
    const destroyed = await life.destroy();
    expect(messages(destroyed, "failing")).toContain(replicaOf("failing"));
    expect(life.away.backups.has(replicaOf("failing"))).toBe(true);
    expect(life.away.backups.has(replicaOf("broken"))).toBe(false);
    for (const name of names) expect(life.home.backups.has(backupOf(name)), name).toBe(true);
});

it("records what happened: replicas that were there, that are gone, that nobody waited for; and cannot be looked up", async () => {
    const life = await openLife();
    const destinationVaultId = life.destination();
    const names = ["whole", "later", "refreshed", "rotated"] as const;
    type Name = (typeof names)[number];
    const points = Object.fromEntries(names.map((name) => [name, life.home.addCheckpoint(life.vault()).id])) as Record<
        Name,
        string
    >;
    const backupOf = (name: Name) => life.home.backupsOf(points[name])[0]?.id ?? "";
    for (const name of ["later", "refreshed"] as const) life.fail("CopyBackup", backupOf(name), slow);
    let round = 1;
    let got: string | undefined;
    life.use(async () => {
        const copyTo = { destinationRegion, destinationVaultId };
        const copy = (name: Name, more: Partial<cbr.CheckpointReplicaArgs> = {}) =>
            new cbr.CheckpointReplica(name, { checkpointId: points[name], ...copyTo, ...more });
        const whole = copy("whole", { triggers: [round > 1 ? 2 : 1] });
        // The same restore point once more: it has its replicas by then.
        new cbr.CheckpointReplica(
            "again",
            { checkpointId: points.whole, ...copyTo, deletionPolicy: "delete" },
            { dependsOn: whole },
        );
        copy("later", { wait: false });
        copy("refreshed", { wait: false });
        copy("rotated", { deletionPolicy: "delete", triggers: [round] });
        if (got !== undefined) new cbr.CheckpointReplica("got", { checkpointId: points.whole, ...copyTo }, { id: got });
    });
    const first = await life.up();
    const born = await life.states();
    const replicaOf = (name: string) => listOf(born.get(name)?.outputs["destinationBackupIds"])[0] ?? "";
    expect(born.get("again")?.outputs).toMatchObject({ status: "skip", destinationBackupIds: [replicaOf("whole")] });
    expect(messages(first, "again")).toMatch(
        /info: 1 backup already had a replica in eu-nl: [0-9a-f-]{36}\. It is not deleted/,
    );
    for (const name of ["later", "refreshed"])
        expect(born.get(name)?.outputs).toMatchObject({ status: "replicating", destinationBackupIds: [] });

    life.sim.finishAll();
    expect(ops(await life.preview())).toEqual(["update later", "update refreshed"]);
    await life.up({ target: [born.get("later")?.urn ?? ""] });
    expect((await life.state("later")).outputs).toMatchObject({ status: "success", verified: true, wait: false });
    await life.refresh();
    expect((await life.state("refreshed")).outputs).toMatchObject({ status: "success" });

    // Said once, and the record of what happened stays. The restore point's own end changes nothing about its copies.
    life.away.deleteBackupBehindOurBack(replicaOf("whole"));
    life.home.expireCheckpoint(points.later);
    const refresh = await life.refresh();
    expect(messages(refresh, "whole")).toContain(`no longer in eu-nl: ${replicaOf("whole")}`);
    expect(messages(refresh, "later")).not.toMatch(/warning/);
    expect(await life.state("whole")).toMatchObject({
        id: born.get("whole")?.id,
        outputs: { status: "expired", destinationBackupIds: [] },
    });
    expect(messages(await life.refresh(), "whole")).not.toMatch(/warning/);
    expect((await life.preview()).changes).toEqual({ same: 6 });

    round = 2;
    life.forget();
    const second = await life.up();
    expect(second.changes).toEqual({ same: 4, replace: 2 });
    expect(life.count("CopyBackup")).toBe(2);
    const order = second.steps.filter(({ name }) => name === "rotated").map(({ op }) => op);
    expect(order.indexOf("delete-replaced")).toBeLessThan(order.indexOf("create-replacement"));
    expect(life.away.backups.has(replicaOf("rotated"))).toBe(false);
    expect(listOf((await life.state("whole")).outputs["destinationBackupIds"])).toHaveLength(1);

    got = born.get("whole")?.id;
    const refused = await life.up({ expectFailure: true });
    expect(messages(refused)).toMatch(/CheckpointReplica records a run of its own and cannot be looked up/);
    got = undefined;
    await life.destroy();
    // What was there before a resource is not deleted with it.
    expect(life.away.backups.size).toBe(3);
});

it("a ReplicatedCheckpoint takes over what 0.1.0 made as a RestorePoint", async () => {
    const life = await openLife({ backupMs: 300, replicationMs: 300 });
    const [vaultId, target] = [life.vault(), life.destination()];
    let isOld = true;
    life.use(async () => {
        if (!isOld)
            return void new cbr.ReplicatedCheckpoint("release", {
                vaultId,
                copies: [{ region: destinationRegion, vaultId: target }],
            });
        const parent = new pulumi.ComponentResource("cbr:index:RestorePoint", "release");
        const { id: checkpointId } = new cbr.Checkpoint("release", { vaultId }, { parent });
        const copyArgs = { checkpointId, destinationRegion, destinationVaultId: target };
        new cbr.CheckpointReplica("release-eu-nl", copyArgs, { parent });
    });
    await life.up();
    const born = await life.states();
    isOld = false;
    life.forget();
    expect((await life.preview()).changes).toEqual({ same: 4 });
    await life.up();
    expect(life.requests().filter(({ method }) => method !== "GET")).toEqual([]);
    for (const [name, { id }] of born) expect((await life.state(name)).id).toBe(id);
    await life.destroy();
});

it("a ReplicatedCheckpoint takes, copies, renews and goes as one", async () => {
    const life = await openLife({ backupMs: 300, replicationMs: 300 });
    const [vaultId, otherVaultId] = [life.vault({ resources: 2 }), life.vault()];
    const [near, far] = [life.destination(), life.destination()];
    const elsewhere = life.home.backupsOf(life.home.addCheckpoint(vaultId).id).map((one) => one.id);
    let release = 1;
    let isCopied = true;
    life.use(async () => {
        const triggers = { release };
        const copy = { region: destinationRegion, vaultId: near, deletionPolicy: "delete" } as const;
        const point = new cbr.ReplicatedCheckpoint("release", { vaultId, triggers, copies: [copy] });
        const copies = isCopied ? [{ name: "far", region: destinationRegion, vaultId: far }] : [];
        new cbr.ReplicatedCheckpoint("kept", { vaultId: otherVaultId, triggers, copies });
        return { checkpointId: point.checkpointId, replicas: point.destinationBackupIds };
    });
    const copiesIn = (vault: string) => [...life.away.backups.values()].filter((one) => one.vaultId === vault).length;

    expect(ops(await life.preview())).toEqual([
        "create kept",
        "create kept",
        "create kept-far",
        "create release",
        "create release",
        "create release-eu-nl",
    ]);
    expect(life.home.checkpoints.size).toBe(1);
    await life.up();
    // Backups of the same vault from before are no part of it.
    expect([copiesIn(near), copiesIn(far)]).toEqual([2, 1]);
    for (const id of elsewhere) expect(life.home.backups.get(id)?.records).toEqual([]);
    const outputs = await life.stack.outputs();
    expect(listOf(Reflect.get(Object(outputs["replicas"]?.value), destinationRegion))).toHaveLength(2);
    const before = outputs["checkpointId"]?.value;
    await life.refresh();

    // A new release: new restore points and new copies; an old copy goes only where that was asked for.
    release = 2;
    const renewed = await life.up();
    expect(renewed.changes).toMatchObject({ replace: 4 });
    expect((await life.stack.outputs())["checkpointId"]?.value).not.toBe(before);
    expect([copiesIn(near), copiesIn(far)]).toEqual([2, 2]);

    // One place less: its replicas stay, and a line says which.
    isCopied = false;
    const less = await life.up();
    expect(ops(less)).toEqual(["delete kept-far"]);
    expect(messages(less, "kept-far")).toMatch(/info: retained 1 replica in eu-nl.* cost money/);
    await life.destroy();
    expect([copiesIn(near), copiesIn(far)]).toEqual([0, 2]);
    expect(life.home.checkpoints.size).toBe(5);
});
