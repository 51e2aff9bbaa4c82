import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { listOf, messages, openLife, ops, slow } from "./life";

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
                timeouts: { create: name === "slow" ? "1s" : "1m" },
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
    await life.destroy();
    expect(life.away.backups.size).toBe(0);
    expect(life.home.backups.size).toBe(4);
});

it("a RestorePoint takes, copies, renews and goes as one", async () => {
    const life = await openLife({ backupMs: 300, replicationMs: 300 });
    const [vaultId, otherVaultId] = [life.vault({ resources: 2 }), life.vault()];
    const [near, far] = [life.destination(), life.destination()];
    const elsewhere = life.home.backupsOf(life.home.addCheckpoint(vaultId).id).map((one) => one.id);
    let release = 1;
    let isCopied = true;
    life.use(async () => {
        const triggers = { release };
        const copy = { region: destinationRegion, vaultId: near, deletionPolicy: "delete" } as const;
        const point = new cbr.RestorePoint("release", { vaultId, triggers, copies: [copy] });
        const copies = isCopied ? [{ name: "far", region: destinationRegion, vaultId: far }] : [];
        new cbr.RestorePoint("kept", { vaultId: otherVaultId, triggers, copies });
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
