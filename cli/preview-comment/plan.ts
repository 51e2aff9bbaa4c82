/** What a preview means for backups: which are taken, copied, kept and deleted, and why. */
import { code } from "./markdown";
import { type Preview, parseUrn, type State, type Step } from "./preview";
import {
    bagIn,
    bagsIn,
    type Change,
    differences,
    inWords,
    isUnknown,
    KNOWN_AFTER_UP,
    listIn,
    shown,
    textIn,
} from "./values";

const PREFIX = "pulumi-nodejs:dynamic/cbr:";
export type Kind = Capitalize<keyof typeof import("../../provider/index")>;

/** What making one is called, in the order in which kinds are listed. */
const ACTIONS: Readonly<Record<Kind, readonly [first: string, again: string]>> = {
    Checkpoint: ["take", "take again"],
    VaultReplication: ["copy", "copy again"],
    BackupReplica: ["copy", "copy again"],
    CheckpointReplica: ["copy", "copy again"],
    VaultSync: ["sync", "sync again"],
};
const KINDS = Object.keys(ACTIONS) as Kind[];

export const isCopy = ({ kind }: Pick<Row, "kind">): boolean => ACTIONS[kind][0] === "copy";

/** A line of the table. `what` and `why` are Markdown. */
export interface Row {
    readonly kind: Kind;
    readonly op: "create" | "replace" | "update" | "delete" | "import";
    /** A new thing comes into being in the cloud; not so for a change of settings or an adopted restore point. */
    readonly createsBackup: boolean;
    readonly action: string;
    readonly name: string;
    readonly what: string;
    readonly why: string;
    /** Region that copies go to, where known. */
    readonly to: string | undefined;
}

/** What becomes of backups whose resource goes or is replaced. */
export interface Leftover {
    readonly outcome: "kept" | "deleted";
    /** A new one takes its place. */
    readonly replaced: boolean;
    /** Deleted only as far as the run that takes its place makes newer ones. */
    readonly ifSuperseded: boolean;
    readonly name: string;
    readonly kind: Kind;
    /** Of the restore point; undefined for copies. */
    readonly checkpointId: string | undefined;
    /** Of backups or replicas, in `region`. Empty when the state does not know them. */
    readonly ids: readonly string[];
    readonly region: string | undefined;
}

export interface Plan {
    readonly rows: readonly Row[];
    readonly remains: readonly Leftover[];
    /** Markdown, one line each. */
    readonly warnings: readonly string[];
    /** Steps of other resources that change something. */
    readonly others: readonly Step[];
    /** All steps that change something, for the list of properties. */
    readonly changed: readonly Step[];
    readonly unchanged: number;
}

/** The kind of ours that a type token names. */
function kindOf(type: string): Kind | undefined {
    return KINDS.find((kind) => type === PREFIX + kind);
}

const CHANGING = [
    "create",
    "replace",
    "update",
    "delete",
    "import",
    "import-replacement",
    "discard",
    "remove-pending-replace",
];

export function planOf(preview: Preview): Plan {
    const names = new Names(preview);
    const rows: Row[] = [];
    const remains: Leftover[] = [];
    const warnings: string[] = [];
    const others: Step[] = [];
    const changed: Step[] = [];
    for (const step of inOrder(preview.steps)) {
        const { type } = parseUrn(step.urn);
        const kind = kindOf(type);
        if (kind !== undefined) warnings.push(...warningsOf(kind, step));
        if (!CHANGING.includes(step.op) || isNobodys(type)) continue;
        changed.push(step);
        const row = kind === undefined ? undefined : rowOf(kind, step, names);
        if (kind === undefined || row === undefined) {
            others.push(step);
            continue;
        }
        rows.push(row);
        if (step.op === "replace" || step.op === "delete") remains.push(...remainsOf(kind, step));
    }
    return {
        rows,
        remains,
        warnings,
        others,
        changed,
        unchanged: Math.max(0, (preview.counts["same"] ?? 0) - (preview.steps.some(isSameStack) ? 1 : 0)),
    };
}

/** Engines work in parallel, so their order is chance. Here: restore points, copies, synchronisations, the rest; each by name. */
function inOrder(steps: readonly Step[]): Step[] {
    const keyed = steps.map((step) => {
        const { type, name } = parseUrn(step.urn);
        const kind = kindOf(type);
        return { step, name, type, rank: kind === undefined ? KINDS.length : KINDS.indexOf(kind) };
    });
    keyed.sort((a, b) => a.rank - b.rank || byText(a.name, b.name) || byText(a.type, b.type));
    return keyed.map(({ step }) => step);
}

/** `point-2` before `point-10`. */
export function byText(a: string, b: string): number {
    return a.localeCompare(b, "en", { numeric: true }) || (a < b ? -1 : Number(a > b));
}

/** Has no life in any cloud: the stack, providers, and components of ours, whose parts are listed themselves. */
const isNobodys = (type: string) =>
    type === "pulumi:pulumi:Stack" || type.startsWith("pulumi:providers:") || type.startsWith("cbr:index:");

/** The stack counts as a resource for Pulumi, and for nobody else. */
const isSameStack = (step: Step) => step.op === "same" && parseUrn(step.urn).type === "pulumi:pulumi:Stack";

/** Names of things by their ids, and what else one step says that helps to read another. */
class Names {
    readonly #names = new Map<string, string>();
    readonly #steps = new Map<string, Step>();
    /** Id → step of the resource that has it. */
    readonly byId = new Map<string, Step>();
    readonly #config: Readonly<Record<string, string>>;

    constructor(preview: Preview) {
        this.#config = preview.config;
        for (const step of preview.steps) {
            this.#steps.set(step.urn, step);
            for (const state of [step.old, step.new]) if (state !== undefined) this.#learn(step, state);
        }
    }

    #learn(step: Step, state: State): void {
        const { type, name } = parseUrn(step.urn);
        const { inputs, outputs } = state;
        if (state.id !== undefined && !isUnknown(state.id)) {
            this.byId.set(state.id, step);
            if (!type.startsWith(PREFIX))
                this.#name(state.id, textIn(outputs, "name") ?? textIn(inputs, "name") ?? name);
        }
        if (kindOf(type) === undefined) return;
        const vault = bagIn(outputs, "vault");
        this.#name(textIn(vault, "id"), textIn(vault, "name"));
        for (const one of [
            ...bagsIn(vault, "resources"),
            ...bagsIn(outputs, "skippedResources"),
            ...bagsIn(inputs, "resourceDetails"),
        ])
            this.#name(textIn(one, "id"), textIn(one, "name"));
        for (const backup of bagsIn(outputs, "backups")) {
            this.#name(textIn(backup, "resourceId"), textIn(backup, "resourceName"));
            this.#name(textIn(backup, "id"), textIn(backup, "resourceName"));
        }
    }

    #name(id: string | undefined, name: string | undefined): void {
        if (id !== undefined && name !== undefined && name !== "[secret]") this.#names.set(id, name);
    }

    /** A thing by its id, as Markdown: its name, or where its id comes from, or the id. */
    of(state: State | undefined, key: string): string {
        const id = textIn(shown(state?.inputs ?? {}), key);
        if (id !== undefined) {
            const name = this.#names.get(id);
            return name === undefined ? code(id) : `${code(name)} (${code(id.slice(0, 8))})`;
        }
        const from = (state?.propertyDependencies[key] ?? []).map((urn) => code(parseUrn(urn).name));
        return from.length === 0 ? `(${KNOWN_AFTER_UP})` : `${from.join(", ")} (${KNOWN_AFTER_UP})`;
    }

    named(id: string): string {
        return code(this.#names.get(id) ?? id);
    }

    /** Region that a step works in, where the preview tells. */
    region(step: Step, state: State | undefined): string | undefined {
        const own = textIn(state?.inputs, "region") ?? this.#providerRegion(step.provider);
        return own ?? textIn(state?.outputs, "region") ?? textIn(step.old?.outputs, "region");
    }

    #providerRegion(reference: string | undefined): string | undefined {
        const urn = reference?.slice(0, reference.lastIndexOf("::")) ?? "";
        const { name } = parseUrn(urn);
        if (name === "" || name === "default" || name.startsWith("default_")) return this.#config["cbr:region"];
        const provider = this.#steps.get(urn);
        const state = provider?.new ?? provider?.old;
        // An explicit provider that this preview does not list tells nothing.
        return textIn(state?.inputs, "cbr:region");
    }
}

const inRegion = (region: string | undefined) => (region === undefined ? "" : ` in ${code(region)}`);

function rowOf(kind: Kind, step: Step, names: Names): Row | undefined {
    const base = { kind, name: parseUrn(step.urn).name, to: textIn(step.new?.inputs, "destinationRegion") };
    const [first, again] = ACTIONS[kind];
    const adopts = kind === "Checkpoint" && step.new?.inputs["adopt"] !== undefined;
    switch (step.op) {
        case "create":
            return {
                ...base,
                op: "create",
                createsBackup: !adopts,
                action: adopts ? "adopt" : first,
                what: purpose(kind, step, names),
                why: "new in the program",
            };
        case "import":
            return {
                ...base,
                op: "import",
                createsBackup: false,
                action: "import",
                what: purpose(kind, step, names),
                why: "",
            };
        case "replace":
            return {
                ...base,
                op: "replace",
                createsBackup: !adopts,
                action: adopts ? "adopt" : again,
                what: [purpose(kind, step, names), fateInWords(kind, step)].filter((part) => part !== "").join(". "),
                why: reasons(step, names),
            };
        case "update":
            return {
                ...base,
                op: "update",
                createsBackup: false,
                action: "update",
                what: updateInWords(step),
                why: changesInWords(inputChanges(step), names),
            };
        case "delete":
            return {
                ...base,
                op: "delete",
                createsBackup: false,
                action: "remove",
                what: fateInWords(kind, step) || "Leaves the stack; in the cloud nothing changes",
                why: "no longer in the program",
            };
        default:
            return undefined;
    }
}

/** What the resource does when it is made. */
function purpose(kind: Kind, step: Step, names: Names): string {
    const state = step.new;
    const inputs = state?.inputs ?? {};
    const where = inRegion(names.region(step, state));
    const region = (name: string | undefined) => (name === undefined ? `(${KNOWN_AFTER_UP})` : code(name));
    const source = names.region(step, state);
    const from = source === undefined ? "" : `${code(source)} `;
    const way = `${from}→ ${region(textIn(inputs, "destinationRegion"))}, vault ${names.of(state, "destinationVaultId")}`;
    const goes = inputs["deletionPolicy"] === "delete" ? "; deleted when this resource goes" : "";
    switch (kind) {
        case "Checkpoint": {
            const adopted = inputs["adopt"];
            if (adopted !== undefined)
                return `Takes over existing restore point ${isUnknown(adopted) ? `(${KNOWN_AFTER_UP})` : code(String(adopted))}${where}; no backup is made`;
            const how =
                inputs["incremental"] === false
                    ? "Full backup"
                    : inputs["incremental"] === true
                      ? "Incremental backup"
                      : "Backup";
            const automatic = inputs["autoTrigger"] === true ? ", marked as automatic" : "";
            return `${how} of ${subjects(step, names)} in vault ${names.of(state, "vaultId")}${where}${automatic}${goes}`;
        }
        case "VaultReplication":
            return `${way}: every backup of vault ${names.of(state, "vaultId")} that has no copy there yet${goes}`;
        case "BackupReplica":
            return `${way}: backup ${textIn(inputs, "backupId") === undefined ? "of " : ""}${names.of(state, "backupId")}${goes}`;
        case "CheckpointReplica":
            return `${way}: the backups of restore point ${names.of(state, "checkpointId")}${goes}`;
        case "VaultSync":
            return `Makes hybrid vault ${names.of(state, "vaultId")}${where} agree with the storage behind it`;
    }
}

/** Which resources a restore point is of. */
function subjects(step: Step, names: Names): string {
    const inputs = step.new?.inputs ?? {};
    const details = inputs["resourceDetails"];
    const given = details ?? inputs["resources"];
    if (isUnknown(given)) return `resources that are ${KNOWN_AFTER_UP}`;
    if (Array.isArray(given)) {
        const ids = details === undefined ? given : bagsIn(inputs, "resourceDetails").map((one) => one["id"]);
        return firstFew(
            ids.map((id) =>
                typeof id !== "string" || isUnknown(id) ? `one that is ${KNOWN_AFTER_UP}` : names.named(id),
            ),
        );
    }
    const last = bagsIn(bagIn(step.old?.outputs, "vault"), "resources").flatMap(
        (one) => textIn(one, "name") ?? textIn(one, "id") ?? [],
    );
    return last.length === 0
        ? "all resources"
        : `all resources (last time ${firstFew(last.map((name) => code(name)))})`;
}

/** The first five of a list, and how many more. */
export function firstFew(items: readonly string[], most = 5): string {
    return items.length <= most
        ? items.join(", ")
        : `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
}

function updateInWords(step: Step): string {
    if ((step.old?.initErrors.length ?? 0) > 0)
        return "Goes on waiting where the last run ended; nothing is sent again";
    return "Settings only; in the cloud nothing changes";
}

export function inputChanges(step: Step): Change[] {
    return differences(step.old?.inputs ?? {}, step.new?.inputs ?? {}, step.changedPaths);
}

/** Why a resource is replaced: the changes of the inputs that force it. */
function reasons(step: Step, names: Names): string {
    const keys = step.replaceKeys.length > 0 ? step.replaceKeys : step.diffKeys;
    const changes = inputChanges(step);
    const topOf = (path: string) => /^[^.[]+/.exec(path)?.[0] ?? path;
    const forcing = changes.filter(({ path }) => keys.some((key) => key === path || topOf(key) === topOf(path)));
    const silent = keys.filter(
        (key) => !key.startsWith("__") && !changes.some(({ path }) => topOf(path) === topOf(key)),
    );
    const parts = [
        ...(forcing.length === 0 ? [] : [changesInWords(forcing, names)]),
        ...silent.map((key) => `${code(key)} differs from the state`),
    ];
    return parts.length === 0 ? "asked for, without a change of its inputs" : parts.join("<br>");
}

function changesInWords(changes: readonly Change[], names: Names): string {
    const value = (one: unknown) =>
        one === undefined ? "not set" : isUnknown(one) ? KNOWN_AFTER_UP : code(inWords(one, 48));
    const lines = changes.slice(0, 3).map((change) => {
        const followed =
            typeof change.old === "string" && isUnknown(change.new) ? names.byId.get(change.old) : undefined;
        if (followed?.op === "replace" || followed?.op === "delete")
            return `${code(change.path)} follows ${code(parseUrn(followed.urn).name)}, which is made anew`;
        return `${code(change.path)}: ${value(change.old)} → ${value(change.new)}`;
    });
    if (changes.length > 3) lines.push(`and ${changes.length - 3} more`);
    return lines.join("<br>");
}

const EXPIRED = "expired";

/** What the handlers' `delete` will do, by the state that they are given. */
function remainsOf(kind: Kind, step: Step): Leftover[] {
    const outputs = step.old?.outputs ?? {};
    const name = parseUrn(step.urn).name;
    const deletes = textIn(outputs, "deletionPolicy") === "delete" && step.old?.retainOnDelete !== true;
    const fate = deletes ? "deleted" : "kept";
    const base = { name, kind, checkpointId: undefined, replaced: step.op === "replace", ifSuperseded: false };
    const ids = (list: readonly unknown[]) => list.filter((id) => typeof id === "string");
    switch (kind) {
        case "VaultSync":
            return [];
        case "Checkpoint": {
            if (textIn(outputs, "status") === EXPIRED) return [];
            const left = bagsIn(outputs, "backups").filter((one) => one["status"] !== EXPIRED);
            const backups = ids(left.map((one) => one["id"]));
            return [
                { ...base, outcome: fate, checkpointId: step.old?.id, ids: backups, region: textIn(outputs, "region") },
            ];
        }
        case "BackupReplica": {
            const id = textIn(outputs, "destinationBackupId");
            const own = outputs["adopted"] !== true;
            if (id === undefined && !deletes) return [];
            return [
                { ...base, outcome: own ? fate : "kept", ids: ids([id]), region: textIn(outputs, "destinationRegion") },
            ];
        }
        case "VaultReplication":
        case "CheckpointReplica": {
            const region = textIn(outputs, "destinationRegion");
            const all = ids(listIn(outputs, "destinationBackupIds"));
            if (!deletes) return all.length === 0 ? [] : [{ ...base, outcome: fate, ids: all, region }];
            const found = new Set(
                bagsIn(outputs, "replications")
                    .filter((one) => one["adopted"] === true || one["status"] === "skip")
                    .map((one) => one["destinationBackupId"]),
            );
            const own = all.filter((id) => !found.has(id));
            const others = all.filter((id) => found.has(id));
            const stays = (key: string) => [textIn(outputs, key), undefined].includes(textIn(step.new?.inputs, key));
            const ifSuperseded =
                kind === "VaultReplication" &&
                base.replaced &&
                stays("destinationRegion") &&
                stays("destinationVaultId");
            return [
                { ...base, outcome: fate, ids: own, region, ifSuperseded },
                ...(others.length === 0 ? [] : [{ ...base, outcome: "kept", ids: others, region } satisfies Leftover]),
            ];
        }
    }
}

export function backupsInWords(count: number, kind: Kind): string {
    if (kind === "Checkpoint") return count === 1 ? "1 backup" : `${count} backups`;
    return count === 1 ? "1 copy" : `${count} copies`;
}

function fateInWords(kind: Kind, step: Step): string {
    const old = step.op === "replace";
    if (kind === "Checkpoint" && textIn(step.old?.outputs, "status") === EXPIRED)
        return old ? "The old one has expired" : "It has expired: nothing is left in the cloud";
    return remainsOf(kind, step)
        .map((one) => {
            const plural = one.checkpointId === undefined && one.ids.length !== 1;
            const count = one.ids.length === 0 ? "" : backupsInWords(one.ids.length, kind);
            const subject =
                one.checkpointId === undefined
                    ? `${old ? "Earlier: " : ""}${count === "" ? "its copies" : count}${inRegion(one.region)}`
                    : `${old ? "Old restore" : "Restore"} point ${code(one.checkpointId.slice(0, 8))}${count === "" ? "" : ` (${count})`}`;
            const verb = one.outcome === "kept" ? (plural ? "stay" : "stays") : `**${plural ? "are" : "is"} deleted**`;
            const limit = one.ifSuperseded ? ", each once the new run has made a newer one" : "";
            return `${subject.charAt(0).toUpperCase()}${subject.slice(1)} ${verb}${limit}`;
        })
        .join("; ");
}

/** What a reviewer must not overlook, besides what is deleted. */
function warningsOf(kind: Kind, step: Step): string[] {
    const name = code(parseUrn(step.urn).name);
    const warnings: string[] = [];
    const status = textIn((step.new?.outputs["status"] === undefined ? step.old : step.new)?.outputs, "status");
    if (kind === "Checkpoint" && status === EXPIRED && step.op !== "delete")
        warnings.push(
            step.op === "replace"
                ? `Restore point ${name} has expired; this change takes a new one.`
                : `Restore point ${name} has expired: there is nothing left to restore from, and no new one is taken.`,
        );
    const policy = (state: State | undefined): string => textIn(state?.inputs, "deletionPolicy") ?? "retain";
    if (step.op === "update" && policy(step.old) !== "delete" && policy(step.new) === "delete")
        warnings.push(
            `${name} gets \`deletionPolicy: delete\`: from now on its backups are deleted when it is replaced or removed.`,
        );
    if (step.op !== "delete" && step.old !== undefined && step.old.initErrors.length > 0)
        warnings.push(`The last run of ${name} ended early: ${code(step.old.initErrors[0] ?? "")}`);
    return warnings;
}

/** Project and stack, as the URNs say. */
export function stackOf(steps: readonly { readonly urn: string }[]): { project: string; stack: string } | undefined {
    const urn = steps.find((step) => step.urn.startsWith("urn:pulumi:"))?.urn;
    if (urn === undefined) return undefined;
    const { project, stack } = parseUrn(urn);
    return { project, stack };
}
