import { expect, it } from "vitest";
import { checkpointInputs } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplicaInputs } from "../../provider/resources/copies/backup-replica";
import { checkpointReplicaInputs } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplicationInputs } from "../../provider/resources/copies/vault-replication";
import { vaultSyncInputs } from "../../provider/resources/vault-sync";
import * as cbr from "../../sdk/index";
import type { Report } from "../support/stack";
import { classes, type Kind, type Life, openLife } from "./life";

type Effect = "replace" | "update" | "nothing";
type Args = Record<string, unknown>;
/** New values of one input (and of those that have to go with it), and what they mean. */
type Step = readonly [Args, Effect];

interface Row {
    readonly kind: Kind;
    readonly input: string;
    /** Arguments of the resource before and between the steps; what names its requests is first. */
    readonly base: Args;
    readonly steps: readonly Step[];
}

const schemas = {
    Checkpoint: checkpointInputs,
    VaultReplication: vaultReplicationInputs,
    BackupReplica: backupReplicaInputs,
    CheckpointReplica: checkpointReplicaInputs,
    VaultSync: vaultSyncInputs,
} satisfies Record<Kind, unknown>;
/** The request that makes each of them. */
const posts: Readonly<Record<Kind, string>> = {
    Checkpoint: "CreateCheckpoint",
    VaultReplication: "CopyCheckpoint",
    BackupReplica: "CopyBackup",
    CheckpointReplica: "CopyBackup",
    VaultSync: "ImportCheckpoint",
};

/** unset → written default → other → unset. */
const withDefault = (input: string, standard: unknown, other: unknown, effect: Effect): Step[] => [
    [{ [input]: standard }, "nothing"],
    [{ [input]: other }, effect],
    [{}, effect],
];
/** unset → one → another → unset. */
const plain = (input: string, one: unknown, another: unknown, effect: Effect): Step[] => [
    [{ [input]: one }, effect],
    [{ [input]: another }, effect],
    [{}, effect],
];

function rowsOf(life: Life): { rows: Row[]; clouds: Life["home"][] } {
    const { sim } = life;
    const home = sim.region("eu-de");
    const away = sim.region("eu-nl");
    const third = sim.region("eu-ch");
    const team = home.addProject({ projectName: "eu-de_team" });
    const awayTeam = away.addProject({ projectName: "eu-nl_team" });
    const destinationVaultId = life.destination();
    const copyTo = { destinationRegion: "eu-nl", destinationVaultId };
    const rows: Row[] = [];
    const common = (kind: Kind, base: () => Args, elsewhere: () => Args, inTeam: () => Args, more: Args): void => {
        const add = (input: string, steps: readonly Step[]) =>
            rows.push({ kind, input, base: { ...base(), ...more }, steps });
        add("region", [
            [{ region: "eu-de" }, "nothing"],
            [{ region: "eu-ch", ...elsewhere() }, "replace"],
            [{}, "replace"],
        ]);
        add("projectId", [
            [{ projectId: home.projectId }, "nothing"],
            [{ projectId: team.projectId, ...inTeam() }, "replace"],
            [{}, "replace"],
        ]);
        add("triggers", plain("triggers", { release: "1" }, ["1", { two: 2 }], "replace"));
        add("timeouts", plain("timeouts", { create: "1h" }, { create: "2h", delete: "1h30m" }, "update"));
        add("pollInterval", plain("pollInterval", "5s", "2m", "update"));
        add("wait", withDefault("wait", true, false, "update"));
        if ("deletionPolicy" in schemas[kind].shape)
            add("deletionPolicy", withDefault("deletionPolicy", "retain", "delete", "update"));
    };

    const server = () => ({ vaultId: life.vault({ resources: 2 }) });
    common(
        "Checkpoint",
        server,
        () => ({ vaultId: third.cloud.addVault().id }),
        () => ({ vaultId: team.cloud.addVault().id }),
        {},
    );
    const checkpoint = (input: string, steps: readonly Step[], base: Args = server()) =>
        rows.push({ kind: "Checkpoint", input, base, steps });
    checkpoint("vaultId", [[server(), "replace"]]);
    checkpoint("name", plain("name", "before", "after", "replace"));
    checkpoint("description", plain("description", "one", "two", "replace"));
    checkpoint("incremental", plain("incremental", false, true, "replace"));
    checkpoint("autoTrigger", withDefault("autoTrigger", false, true, "replace"));
    const parts = server();
    const [first = "", second = ""] = [...(home.cloud.vaults.get(parts.vaultId)?.resources.keys() ?? [])];
    checkpoint("resources", plain("resources", [first], [second, first], "replace"), parts);
    const details = server();
    const [detailed = ""] = [...(home.cloud.vaults.get(details.vaultId)?.resources.keys() ?? [])];
    const detail = { id: detailed, type: "OS::Nova::Server" };
    checkpoint(
        "resourceDetails",
        [
            ...plain("resourceDetails", [detail], [{ ...detail, name: "db" }], "replace"),
            [{ resourceDetails: [{ ...detail, excludeVolumes: [detailed] }] }, "replace"],
        ],
        details,
    );
    checkpoint("onSkipped", withDefault("onSkipped", "warn", "fail", "update"));
    checkpoint("onPartialFailure", withDefault("onPartialFailure", "fail", "warn", "update"));
    checkpoint("recreateWhenExpired", withDefault("recreateWhenExpired", false, true, "update"));
    const adopting = server();
    checkpoint(
        "adopt",
        [
            [{ adopt: home.cloud.addCheckpoint(adopting.vaultId, { name: "by-hand" }).id }, "replace"],
            // Once adopted, the word has done its work.
            [{}, "nothing"],
            [{ deletionPolicy: "delete" }, "update"],
        ],
        adopting,
    );

    const source = () => ({ vaultId: life.vaultWithBackup().vaultId });
    const seeded = (cloud: typeof home.cloud) => {
        const vaultId = cloud.addVault().id;
        const checkpointId = cloud.addCheckpoint(vaultId).id;
        return { vaultId, checkpointId, backupId: cloud.backupsOf(checkpointId)[0]?.id ?? "" };
    };
    const destinations = (kind: Kind, base: () => Args): void => {
        const row = (input: string, steps: readonly Step[]) =>
            rows.push({ kind, input, base: { ...base(), ...copyTo }, steps });
        const there = third.cloud.addVault({ protectType: "replication" }).id;
        row("destinationRegion", [[{ destinationRegion: "eu-ch", destinationVaultId: there }, "replace"]]);
        row("destinationVaultId", [[{ destinationVaultId: life.destination() }, "replace"]]);
        const teams = awayTeam.cloud.addVault({ protectType: "replication" }).id;
        row("destinationProjectId", [
            [{ destinationProjectId: away.projectId }, "nothing"],
            [{ destinationProjectId: awayTeam.projectId, destinationVaultId: teams }, "replace"],
            // Left to be looked up: nothing says that it is to be another one.
            [{ destinationVaultId: teams }, "nothing"],
        ]);
    };
    common(
        "VaultReplication",
        source,
        () => ({ vaultId: seeded(third.cloud).vaultId }),
        () => ({ vaultId: seeded(team.cloud).vaultId }),
        copyTo,
    );
    destinations("VaultReplication", source);
    const replication = (input: string, steps: readonly Step[]) =>
        rows.push({ kind: "VaultReplication", input, base: { ...source(), ...copyTo }, steps });
    replication("vaultId", [[source(), "replace"]]);
    replication("autoTrigger", withDefault("autoTrigger", false, true, "replace"));
    replication("onPartialFailure", withDefault("onPartialFailure", "fail", "warn", "update"));

    const backup = () => ({ backupId: life.vaultWithBackup().backupId });
    common(
        "BackupReplica",
        backup,
        () => ({ backupId: seeded(third.cloud).backupId }),
        () => ({ backupId: seeded(team.cloud).backupId }),
        copyTo,
    );
    destinations("BackupReplica", backup);
    const replica = (input: string, steps: readonly Step[]) =>
        rows.push({ kind: "BackupReplica", input, base: { ...backup(), ...copyTo }, steps });
    replica("backupId", [[backup(), "replace"]]);
    replica("name", plain("name", "one", "two", "replace"));
    replica("description", plain("description", "one", "two", "replace"));

    const point = () => ({ checkpointId: seeded(home.cloud).checkpointId });
    common(
        "CheckpointReplica",
        point,
        () => ({ checkpointId: seeded(third.cloud).checkpointId }),
        () => ({ checkpointId: seeded(team.cloud).checkpointId }),
        copyTo,
    );
    destinations("CheckpointReplica", point);
    const points = (input: string, steps: readonly Step[]) =>
        rows.push({ kind: "CheckpointReplica", input, base: { ...point(), ...copyTo }, steps });
    points("checkpointId", [[point(), "replace"]]);
    points("onPartialFailure", withDefault("onPartialFailure", "fail", "warn", "update"));

    const hybrid = () => ({ vaultId: life.hybridVault() });
    common(
        "VaultSync",
        hybrid,
        () => ({ vaultId: third.cloud.addVault({ cloudType: "hybrid" }).id }),
        () => ({ vaultId: team.cloud.addVault({ cloudType: "hybrid" }).id }),
        {},
    );
    rows.push({ kind: "VaultSync", input: "vaultId", base: hybrid(), steps: [[hybrid(), "replace"]] });
    rows.push({
        kind: "VaultSync",
        input: "autoTrigger",
        base: hybrid(),
        steps: withDefault("autoTrigger", false, true, "replace"),
    });
    return { rows, clouds: [home.cloud, third.cloud, team.cloud] };
}

const nameOf = (row: Row) => `${row.kind}-${row.input}`;

function effectIn(report: Report, name: string): Effect {
    const ops = report.steps.filter((one) => one.name === name).map(({ op }) => op);
    if (ops.includes("replace")) return "replace";
    return ops.includes("update") ? "update" : "nothing";
}

it("replaces, updates in place or does nothing, as each input demands, and calls no more than that takes", async () => {
    const life = await openLife({
        regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch" }] as never,
    });
    const { rows, clouds } = rowsOf(life);
    for (const [kind, schema] of Object.entries(schemas)) {
        const covered = rows.filter((row) => row.kind === kind).map((row) => row.input);
        expect(covered.sort(), kind).toEqual(Object.keys(schema.shape).sort());
    }
    let stage = 0;
    const argsAt = (row: Row, at: number): Args => ({
        ...row.base,
        ...row.steps[Math.min(at, row.steps.length) - 1]?.[0],
    });
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
        // A vault replication takes what has no replica yet: there is always something.
        for (const row of rows.filter((one) => one.kind === "VaultReplication")) {
            const vaultId = String(argsAt(row, stage)["vaultId"]);
            clouds.find((cloud) => cloud.vaults.has(vaultId))?.addCheckpoint(vaultId);
        }
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
            const looks = row.input === "destinationProjectId" ? ["ShowVault", "ShowBackup", "ShowCheckpoint"] : [];
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
        ...["ShowVault", "CreateCheckpoint", "ListBackups", "ShowCheckpoint"],
        ...["ShowReplicationCapabilities", "ShowVault", "CopyCheckpoint", "ShowBackup", "ListBackups"],
        ...["ShowBackup", "ShowVault", "CopyBackup", "ShowBackup", "ShowBackup"],
        // Two backups, each with a request and a record of its own.
        ...["ShowCheckpoint", "ShowVault", "ShowCheckpoint", "ListBackups", "CopyBackup", "CopyBackup"],
        ...["ShowBackup", "ShowBackup", "ListBackups"],
        ...["ShowVault", "ImportCheckpoint", "ShowOpLog"],
    ]);
    life.forget();
    await life.refresh();
    // One list a region, which all share that are read in the meantime.
    expect(new Set(life.calls())).toEqual(new Set(["ListBackups"]));
    expect(life.calls().length).toBeLessThanOrEqual(4);
    life.forget();
    await life.destroy();
    const deletion = ["DeleteBackup", "ShowBackup"];
    expect(life.calls().sort()).toEqual([1, 2, 3, 4, 5].flatMap(() => deletion).sort());
    expect([life.home.checkpoints.size, life.away.backups.size]).toEqual([2, 0]);
});
