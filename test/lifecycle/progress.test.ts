// What people read while they wait, and what stays to be read: through the engine, on the resources' own rows.
import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import type { Report } from "../support/stack-report";
import { type Life, messages, openLife, slow, until } from "./life";

/** Passing lines, by the name of the row that they stood on. */
function passing(report: Report): Record<string, string[]> {
    const rows: Record<string, string[]> = {};
    for (const { diagnosticEvent } of report.events) {
        if (diagnosticEvent?.ephemeral !== true) continue;
        const name = (diagnosticEvent.urn ?? "").split("::").at(-1) ?? "";
        rows[name] = [...(rows[name] ?? []), diagnosticEvent.message.trim()];
    }
    return rows;
}

/** Two of a kind wait at the same time, then copies of what they took. */
function program(life: Life) {
    const [one, two] = [life.vault({ resources: 2 }), life.vault({ resources: 2 })];
    const old = life.home.addCheckpoint(life.vault({ resources: 2 })).id;
    const hybrids = [life.hybridVault({ onPremises: { added: 2 } }), life.hybridVault({ onPremises: { added: 2 } })];
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId: life.destination() };
    return async () => {
        const point = new cbr.Checkpoint("one", { vaultId: one });
        new cbr.Checkpoint("two", { vaultId: two });
        for (const [index, vaultId] of hybrids.entries()) new cbr.VaultSync(`sync ${index}`, { vaultId });
        new cbr.VaultReplication("copies", { ...copyTo, vaultId: point.vaultId, triggers: { point: point.id } });
        new cbr.CheckpointReplica("old copies", { ...copyTo, checkpointId: old }, { dependsOn: point });
    };
}

// Longer than the pause between two lines of a row.
const waits = { backupMs: 3_500, replicationMs: 1_500, syncMs: 3_500 };

it("shows while it waits, on each resource's own row: status, share, time, and how many wait", async () => {
    const forAnHour = { backupMs: 3_600_000, replicationMs: 3_600_000, syncMs: 3_600_000 };
    const life = await openLife({ ...forAnHour, env: { CI: "" } });
    life.use(program(life));
    const count = (...operations: string[]) => life.calls().filter((call) => operations.includes(call)).length;
    /** So many looks are longer than the pause between two lines of a row, however slow the machine is. */
    const looked = async (...operations: string[]) => {
        const before = count(...operations);
        await until(() => count(...operations) >= before + 4);
    };
    const running = life.up();
    await until(() => count("CreateCheckpoint") === 2 && count("ImportCheckpoint") === 2);
    await Promise.all([looked("ListBackups"), looked("ShowOpLog", "ListOpLogs")]);
    life.sim.finishAll();
    await until(() => count("CopyCheckpoint") === 1 && count("CopyBackup") === 2);
    await looked("ListBackups", "ShowBackup");
    life.sim.finishAll();
    const rows = passing(await running);
    expect(Object.keys(rows).sort()).toEqual(["copies", "old copies", "one", "sync 0", "sync 1", "two"]);
    for (const name of ["one", "two"])
        expect(rows[name]).toContainEqual(
            expect.stringMatching(
                /^(waiting_protect|protecting \d+ %), \d+ s, one of 2 restore points that are waited for$/,
            ),
        );
    for (const name of ["sync 0", "sync 1"])
        expect(rows[name]).toContainEqual(
            expect.stringMatching(/^(waiting|running) \d+ %, \d+ s, one of 2 synchronisations that are waited for$/),
        );
    for (const name of ["copies", "old copies"])
        expect(rows[name]).toContainEqual(
            expect.stringMatching(/^(waiting_replicate|replicating)( \d+ %)?, \d of 2 copies ended, \d+ s/),
        );
});

it("is quiet in CI, where each line would stay for good", async () => {
    const life = await openLife({ ...waits, env: { CI: "true" } });
    life.use(program(life));
    const begun = Date.now();
    const report = await life.up();
    const minutes = Math.floor((Date.now() - begun) / 60_000);
    expect(Object.values(passing(report)).flat().length).toBeLessThanOrEqual(minutes);
});

it("says for good what was skipped, resumed, adopted, expired and retained", async () => {
    const life = await openLife({ env: { CI: "true" } });
    const there = life.home.addCheckpoint(life.vault());
    const [skipping, slowVault, expiring] = [life.vault({ resources: 2 }), life.vault(), life.vault()];
    life.fail("CreateCheckpoint", skipping, { kind: "skip-resource" });
    life.fail("CreateCheckpoint", slowVault, slow);
    life.use(async () => {
        new cbr.Checkpoint("skipping", { vaultId: skipping });
        new cbr.Checkpoint("resumed", { vaultId: slowVault, timeouts: { create: "6s", update: "10m" } });
        new cbr.Checkpoint("adopted", { vaultId: there.vaultId, adopt: there.id });
        new cbr.Checkpoint("expired", { vaultId: expiring });
    });
    const first = await life.up({ expectFailure: true });
    expect(messages(first, "skipping")).toMatch(/^warning: restore point \S+: the cloud skipped 1 of the resources/m);
    expect(messages(first, "adopted")).toMatch(
        new RegExp(`^info: adopted restore point ${there.id} \\(available\\); none was taken$`, "m"),
    );

    life.sim.finishAll();
    const second = await life.up();
    const { id } = await life.state("resumed");
    expect(messages(second, "resumed")).toContain(`info: resuming the wait for restore point ${id}`);

    life.home.expireCheckpoint((await life.state("expired")).id ?? "");
    const refreshed = await life.refresh();
    expect(messages(refreshed, "expired")).toMatch(
        /^warning: restore point \S+ is no longer .*kept in state as expired/m,
    );

    const destroyed = await life.destroy();
    for (const name of ["skipping", "resumed", "adopted"])
        expect(messages(destroyed, name)).toMatch(/^info: retained restore point .* money until deleted$/m);
    // Of what has expired nothing is left to be retained.
    expect(messages(destroyed, "expired")).not.toContain("retained");
});
