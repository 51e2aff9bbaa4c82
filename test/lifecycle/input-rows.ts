/** Each input of each class, values for it, and what a change to them means. */
import { z } from "zod";
import { checkpointInputs } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplicaInputs } from "../../provider/resources/copies/backup-replica";
import { checkpointReplicaInputs } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplicationInputs } from "../../provider/resources/copies/vault-replication";
import { vaultSyncInputs } from "../../provider/resources/vault-sync/vault-sync";
import type { Report } from "../support/stack-report";
import type { Kind, Life } from "./life";

export type Effect = "replace" | "update" | "nothing";
export type Args = Record<string, unknown>;
/** New values of one input (and of those that have to go with it), and what they mean. */
type Step = readonly [Args, Effect];

export interface Row {
    readonly kind: Kind;
    readonly input: string;
    /** Arguments of the resource before and between the steps; what names its requests is first. */
    readonly base: Args;
    readonly steps: readonly Step[];
}

/** The inputs of each class. */
export const schemas = {
    Checkpoint: checkpointInputs,
    VaultReplication: vaultReplicationInputs,
    BackupReplica: backupReplicaInputs,
    CheckpointReplica: checkpointReplicaInputs,
    VaultSync: vaultSyncInputs,
} satisfies Record<Kind, unknown>;
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

/** Rows for every input of every class; the life has the regions `eu-de`, `eu-nl` and `eu-ch`. */
export function rowsOf(life: Life): { rows: Row[]; clouds: Life["home"][] } {
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
        add(
            "timeouts",
            plain("timeouts", { create: "1h" }, { create: "2h", update: "45m", delete: "1h30m" }, "update"),
        );
        add("pollInterval", plain("pollInterval", "5s", "2m", "update"));
        add("wait", withDefault("wait", true, false, "update"));
        if ("deletionPolicy" in schemas[kind].shape)
            add("deletionPolicy", withDefault("deletionPolicy", "retain", "delete", "update"));
    };

    /** What is left out keeps the name it has. */
    const renamings: Step[] = [
        [{ name: "before" }, "update"],
        [{ name: "after" }, "update"],
        [{}, "nothing"],
    ];
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
    checkpoint("name", renamings);
    checkpoint("description", plain("description", "one", "two", "replace"));
    checkpoint("incremental", plain("incremental", false, true, "replace"));
    checkpoint("autoTrigger", withDefault("autoTrigger", false, true, "replace"));
    const parts = server();
    const [first = "", second = ""] = [...(home.cloud.vaults.get(parts.vaultId)?.resources.keys() ?? [])];
    checkpoint("resources", plain("resources", [first], [second, first], "replace"), parts);
    const details = server();
    const { id: detailed, disks } = home.cloud.addResource(details.vaultId, { disks: 2 });
    const [system = "", data = ""] = disks.map((disk) => disk.id);
    const detail = { id: detailed, type: "OS::Nova::Server" };
    checkpoint(
        "resourceDetails",
        [
            [{ resourceDetails: [detail] }, "replace"],
            [{ resourceDetails: [{ ...detail, name: "db", excludeVolumes: [data] }] }, "replace"],
            [{ resourceDetails: [{ ...detail, includeVolumes: [{ id: system, osVersion: "Linux" }] }] }, "replace"],
            [{}, "replace"],
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
        row("enableAcceleration", withDefault("enableAcceleration", false, true, "update"));
        const { projectId, cloud } = away.delegated;
        const urn = "cbr:eu-nl:other";
        const others = cloud.addVault({ protectType: "replication", crossAccountUrn: urn }).id;
        row("crossAccountUrn", [
            [{ crossAccountUrn: urn, destinationProjectId: projectId, destinationVaultId: others }, "replace"],
        ]);
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
    replica("name", renamings);
    replica("description", plain("description", "one", "two", "replace"));
    const replicated = () => {
        const { backupId, checkpointId } = seeded(home.cloud);
        const { id } = home.cloud.addReplica(backupId, sim.region("eu-nl").cloud, copyTo.destinationVaultId);
        return { backupId, checkpointId, id };
    };
    const { backupId: copied, id: itsReplica } = replicated();
    replica("adopt", [
        [{ backupId: copied, adopt: itsReplica }, "replace"],
        [{ backupId: copied }, "nothing"],
    ]);

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
    const { checkpointId: copiedPoint, id: itsCopy } = replicated();
    points("adopt", [
        [{ checkpointId: copiedPoint, adopt: [itsCopy] }, "replace"],
        [{ checkpointId: copiedPoint }, "nothing"],
    ]);
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

/** Every input of a schema, also within objects and lists: `timeouts.create`. What a user may put into one is not told. */
function pathsIn(schema: unknown, path = ""): string[] {
    if (schema instanceof z.ZodOptional) return pathsIn(schema.unwrap(), path);
    if (schema instanceof z.ZodArray) return pathsIn(schema.element, path);
    const own = path === "" ? [] : [path];
    if (!(schema instanceof z.ZodObject)) return own;
    const within = Object.entries(schema.shape).flatMap(([key, part]) =>
        pathsIn(part, path === "" ? key : `${path}.${key}`),
    );
    return [...own, ...within];
}

/** The same of values. */
function pathsOf(value: unknown, path: string): string[] {
    if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, path));
    if (typeof value !== "object" || value === null) return [path];
    return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, `${path}.${key}`))];
}

/** Inputs of a class of which no row changes the value, and rows that stand twice or are of no input. */
export function gapsIn(rows: readonly Row[], kind: Kind): string[] {
    const own = rows.filter((row) => row.kind === kind);
    const changed = new Set(own.flatMap(({ input, steps }) => steps.flatMap(([args]) => pathsOf(args[input], input))));
    const missing = pathsIn(schemas[kind]).filter((path) => !changed.has(path));
    const inputs = own.map((row) => row.input);
    const odd = inputs.filter((input, at) => !(input in schemas[kind].shape) || inputs.indexOf(input) !== at);
    return [...missing, ...odd];
}

export const nameOf = (row: Row) => `${row.kind}-${row.input}`;

export function effectIn(report: Report, name: string): Effect {
    const ops = report.steps.filter((one) => one.name === name).map(({ op }) => op);
    if (ops.includes("replace")) return "replace";
    return ops.includes("update") ? "update" : "nothing";
}

/** What the row's resource is made from at a stage; at 0, and when its steps have ended, as the last one left it. */
export function argsAt(row: Row, stage: number): Args {
    return { ...row.base, ...row.steps[Math.min(stage, row.steps.length) - 1]?.[0] };
}

/** A vault replication takes what has no replica yet: there is always something at a new stage. */
export function addBackups(rows: readonly Row[], clouds: readonly Life["home"][], stage: number): void {
    for (const row of rows.filter((one) => one.kind === "VaultReplication")) {
        const vaultId = String(argsAt(row, stage)["vaultId"]);
        clouds.find((cloud) => cloud.vaults.has(vaultId))?.addCheckpoint(vaultId);
    }
}
