import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { providerLines } from "../support/state-lines";
import { messages, openLife, ops, slow, step } from "./life";

it("keeps a run whose wait fails, resumes it in update without a second request, and tells what came of it", async () => {
    const life = await openLife();
    const names = ["slow", "failing", "vanishing", "skipped", "later", "refreshed", "partial"] as const;
    const vaults = Object.fromEntries(
        names.map((name) => [
            name,
            life.hybridVault({ onPremises: { added: 2, failing: name === "partial" ? 1 : 0 } }),
        ]),
    ) as Record<(typeof names)[number], string>;
    for (const name of ["slow", "vanishing", "later", "refreshed"] as const)
        life.fail("ImportCheckpoint", vaults[name], slow);
    life.fail("ImportCheckpoint", vaults.failing, slow, {
        kind: "sync-outcome",
        status: "failed",
        code: "BackupService.7301",
        message: "the vault is not empty",
    });
    life.fail("ImportCheckpoint", vaults.skipped, { kind: "sync-outcome", status: "skipped" });
    let round = 1;
    life.use(async () => {
        const timeouts = { create: "6s" };
        const triggers = { round: round > 3 ? 2 : 1 };
        new cbr.VaultSync("slow", { vaultId: vaults.slow, timeouts });
        new cbr.VaultSync("failing", { vaultId: vaults.failing, timeouts, triggers });
        // Whether a task is unknown for good or not listed yet takes a few looks to tell.
        new cbr.VaultSync("vanishing", { vaultId: vaults.vanishing, timeouts: round < 3 ? timeouts : {}, triggers });
        new cbr.VaultSync("skipped", { vaultId: vaults.skipped, triggers });
        new cbr.VaultSync("later", { vaultId: vaults.later, wait: false });
        new cbr.VaultSync("refreshed", { vaultId: vaults.refreshed, wait: false });
        new cbr.VaultSync("partial", { vaultId: vaults.partial });
    });

    const first = await life.up({ expectFailure: true, continueOnError: true });
    const born = await life.states();
    for (const name of ["slow", "failing", "vanishing", "skipped"] as const) {
        const log = [...life.home.operationLogs.values()].find((one) => one.vaultId === vaults[name]);
        expect(born.get(name), name).toMatchObject({
            id: log?.id,
            inputs: { vaultId: vaults[name], __provider: providerLines["VaultSync"] },
            outputs: { vaultId: vaults[name], operationLogId: log?.id },
        });
        expect(born.get(name)?.initErrors, name).toHaveLength(1);
        expect(step(first, name).failed, name).toBe(true);
    }
    for (const name of names) expect(life.count("ImportCheckpoint", vaults[name]), name).toBe(1);
    expect(messages(first, "slow")).toMatch(/VaultSync slow: synchronisation .* not finished after/);
    // A18: neither success nor something to wait for.
    expect(messages(first, "skipped")).toMatch(/has status skipped.*triggers/);
    // A19: success with failures is success with a warning.
    expect(born.get("partial")?.outputs).toMatchObject({ status: "success", syncedBackups: 2, failedBackups: 1 });
    expect(messages(first, "partial")).toMatch(/warning: .*1 backups could not be imported/);
    for (const name of ["later", "refreshed"]) expect(born.get(name)?.outputs["status"]).toBe("waiting");

    round = 2;
    life.forget();
    const again = await life.up({ expectFailure: true, continueOnError: true });
    expect(ops(again)).toEqual(["update failing", "update skipped", "update slow", "update vanishing"]);
    expect(messages(again, "slow")).toMatch(/info: resuming the wait for synchronisation/);
    for (const [name, state] of await life.states()) expect(state.id, name).toBe(born.get(name)?.id);

    round = 3;
    life.sim.finishAll();
    life.home.forgetOperationLog(born.get("vanishing")?.id ?? "");
    await life.up({ target: [born.get("later")?.urn ?? ""] });
    expect((await life.state("later")).outputs).toMatchObject({ status: "success", syncedBackups: 2 });
    const third = await life.up({ expectFailure: true, continueOnError: true });
    expect(messages(third, "failing")).toMatch(/has status failed \(BackupService\.7301: the vault is not empty\)/);
    expect(messages(third, "vanishing")).toMatch(/has status expired \(the cloud no longer knows the task/);
    expect((await life.state("slow")).outputs).toMatchObject({ status: "success", syncedBackups: 2 });
    expect((await life.state("slow")).initErrors ?? []).toEqual([]);

    // A refresh drops nothing, takes up what has ended, and does not make a failure good.
    const refresh = await life.refresh({ expectPendingChanges: "some of this is not good" });
    expect(messages(refresh, "vanishing")).toBe("");
    expect((await life.state("vanishing")).outputs).toMatchObject({ status: "expired" });
    expect((await life.states()).size).toBe(names.length);
    expect((await life.state("refreshed")).outputs).toMatchObject({ status: "success" });
    expect(ops(await life.preview())).toEqual(["update failing", "update skipped", "update vanishing"]);

    expect(life.count("ImportCheckpoint")).toBe(0);
    round = 4;
    expect((await life.up()).changes).toEqual({ same: 5, replace: 3 });
    expect(life.count("ImportCheckpoint")).toBe(3);

    // The cloud forgets tasks after about 30 days: no drift, and no question asked.
    for (const id of [...life.home.operationLogs.keys()]) life.home.forgetOperationLog(id);
    life.forget();
    await life.refresh();
    await life.destroy();
    expect(life.calls()).toEqual([]);
});
