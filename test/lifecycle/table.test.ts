import { expect, it } from "vitest";
import * as cbr from "../../sdk/index";
import { addBackups, argsAt, type Effect, effectIn, gapsIn, nameOf, type Row, rowsOf, schemas } from "./input-rows";
import { classes, type Kind, openLife } from "./life";

/** The request that makes each of them. */
const posts: Readonly<Record<Kind, string>> = {
    Checkpoint: "CreateCheckpoint",
    VaultReplication: "CopyCheckpoint",
    BackupReplica: "CopyBackup",
    CheckpointReplica: "CopyBackup",
    VaultSync: "ImportCheckpoint",
};

it("replaces, updates in place or does nothing, as each input demands, and calls no more than that takes", async () => {
    const life = await openLife({
        regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch" }] as never,
    });
    const { rows, clouds } = rowsOf(life);
    for (const kind of Object.keys(schemas) as Kind[]) expect(gapsIn(rows, kind), kind).toEqual([]);
    const fewer = rows.filter(({ input }) => input !== "pollInterval" && input !== "timeouts");
    const timeouts = ["", ".create", ".update", ".delete"].map((key) => `timeouts${key}`);
    expect(gapsIn(fewer, "VaultSync").sort()).toEqual(["pollInterval", ...timeouts].sort());
    let stage = 0;
    life.use(async () => {
        for (const row of rows) {
            new classes[row.kind](nameOf(row), argsAt(row, stage));
        }
    });
    /** Requests that name the objects the row is about, now or before this stage. */
    const about = (row: Row) => {
        const ids = [argsAt(row, stage), argsAt(row, Math.max(0, stage - 1))].flatMap((args) => {
            const { vaultId, backupId, checkpointId } = args;
            const copied = clouds.flatMap((cloud) => cloud.backupsOf(String(checkpointId)).map((one) => one.id));
            return [vaultId ?? backupId ?? checkpointId, ...copied];
        });
        return [...new Set(ids)].flatMap((id) => life.calls(String(id)));
    };
    const created = await life.up();
    expect(created.changes).toEqual({ create: rows.length + 1 });
    for (const row of rows)
        expect(
            about(row).filter((call) => call === posts[row.kind]),
            nameOf(row),
        ).toHaveLength(1);

    const longest = Math.max(...rows.map((row) => row.steps.length));
    for (stage = 1; stage <= longest; stage++) {
        addBackups(rows, clouds, stage);
        life.forget();
        const report = await life.up();
        const seen: Record<string, Effect> = {};
        const wanted: Record<string, Effect> = {};
        for (const row of rows) {
            const [, effect] = row.steps[stage - 1] ?? [{}, "nothing" as const];
            wanted[nameOf(row)] = effect;
            seen[nameOf(row)] = effectIn(report, nameOf(row));
            const calls = about(row);
            // Whether a project that is written down is the one looked up is known from the outputs, which a check is not given.
            const reads = ["ShowVault", "ShowBackup", "ShowCheckpoint", "ListBackups"];
            const looks = row.input === "destinationProjectId" ? reads : [];
            if (effect !== "replace")
                expect(
                    calls.filter((call) => !looks.includes(call)),
                    `${nameOf(row)}, step ${stage}`,
                ).toEqual([]);
            else {
                const keys = report.steps.find((one) => one.name === nameOf(row) && one.op === "replace")?.replaceKeys;
                expect(keys, nameOf(row)).toContain(row.input);
                const adopts = argsAt(row, stage)["adopt"] !== undefined;
                expect(
                    calls.filter((call) => call === posts[row.kind]),
                    nameOf(row),
                ).toHaveLength(adopts ? 0 : 1);
                expect(
                    calls.filter((call) => call === "DeleteBackup"),
                    nameOf(row),
                ).toEqual([]);
            }
        }
        expect(seen).toEqual(wanted);
        // The only change in place that calls anything.
        const renames = rows.filter((row) => row.input === "name" && wanted[nameOf(row)] === "update");
        expect(life.calls().includes("UpdateBackup")).toBe(renames.length > 0);
    }
    // Lists serve many at a time, and nothing is written down by reading.
    life.forget();
    await life.refresh();
    expect(new Set(life.calls().filter((call) => !/^(List|Show)/.test(call)))).toEqual(new Set());
    expect(life.calls().length).toBeLessThan(rows.length);
    // What is retained is not asked about.
    life.forget();
    await life.destroy();
    expect(life.calls().filter((call) => call !== "DeleteBackup" && call !== "ShowBackup")).toEqual([]);
});

it("makes one POST a resource, and few reads, which resources share", async () => {
    const life = await openLife();
    const vaultId = life.vault();
    const { backupId } = life.vaultWithBackup();
    const checkpointId = life.home.addCheckpoint(life.vault({ resources: 2 })).id;
    const hybridVaultId = life.hybridVault();
    const destinationVaultId = life.destination();
    life.use(async () => {
        const copyTo = { destinationRegion: "eu-nl", destinationVaultId, deletionPolicy: "delete" } as const;
        const one = new cbr.Checkpoint("one", { vaultId, deletionPolicy: "delete" });
        const two = new cbr.VaultReplication("two", { vaultId, ...copyTo }, { dependsOn: one });
        const three = new cbr.BackupReplica("three", { backupId, ...copyTo }, { dependsOn: two });
        const four = new cbr.CheckpointReplica("four", { checkpointId, ...copyTo }, { dependsOn: three });
        new cbr.VaultSync("five", { vaultId: hybridVaultId }, { dependsOn: four });
    });
    await life.up();
    const types = [...(await life.states()).values()].map(({ type }) => type);
    for (const kind of Object.keys(classes)) expect(types).toContain(`pulumi-nodejs:dynamic/cbr:${kind}`);
    // Whether the fourth vault in a row is shown, or one list tells all from there on, is a question of time.
    const calls = life.calls().map((call) => (call === "ListVaults" ? "ShowVault" : call));
    expect(calls).toEqual([
        ...["ShowVault", "ListProtectable", "CreateCheckpoint", "ListBackups", "ShowCheckpoint"],
        // The tasks of restore points, then those of copies: one list of each a run.
        "ListOpLogs",
        ...["ShowReplicationCapabilities", "ShowVault", "CopyCheckpoint", "ShowBackup", "ListOpLogs", "ListBackups"],
        ...["ShowBackup", "ShowVault", "CopyBackup", "ShowBackup", "ShowBackup"],
        // Two backups, each with a request and a record of its own.
        ...["ShowCheckpoint", "ShowVault", "ListBackups", "ShowCheckpoint", "ListBackups", "CopyBackup", "CopyBackup"],
        ...["ShowBackup", "ShowBackup", "ListBackups"],
        ...["ShowVault", "ImportCheckpoint", "ShowOpLog"],
    ]);
    life.forget();
    await life.refresh();
    // One list a region, which all share that are read in the meantime; what comes later is read by itself.
    expect(life.calls().filter((call) => call !== "ListBackups" && call !== "ShowBackup")).toEqual([]);
    expect(life.calls().length).toBeLessThanOrEqual(5);
    life.forget();
    await life.destroy();
    const deletions = life.calls().filter((call) => call === "DeleteBackup");
    const looks = life.calls().filter((call) => call !== "DeleteBackup");
    expect([deletions.length, new Set(looks)]).toEqual([5, new Set(["ShowBackup"])]);
    // One each; where the machine is slow, one or two come before the end.
    expect(looks.length).toBeLessThanOrEqual(10);
    expect([life.home.checkpoints.size, life.away.backups.size]).toEqual([2, 0]);
});
