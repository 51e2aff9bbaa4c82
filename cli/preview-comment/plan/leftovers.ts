/**
 * What becomes of backups whose resource goes or is replaced: what the handlers' `delete` does with the state it is
 * given.
 */
import { code } from "../comment/markdown";
import type { Bag, Step } from "../input/preview";
import { isCopy, type Kind } from "./kinds";
import type { Names } from "./names";
import { bagsIn, isSecret, listIn, SECRET, textIn } from "./values";

export interface Leftover {
    /**
     * `adopted`: another resource has taken it over, and it stays in the stack. `unknown`: the preview does not say,
     * because the `deletionPolicy` is a secret.
     */
    readonly outcome: "kept" | "deleted" | "adopted" | "unknown";
    /** Markdown: why it is not as its `deletionPolicy` says. */
    readonly because: string | undefined;
    /** A new one takes its place. */
    readonly isReplaced: boolean;
    /** False: only if the replacement turns out to be needed. */
    readonly isCertain: boolean;
    /** An earlier run may have deleted it already. */
    readonly mayBeGone: boolean;
    /**
     * Copies of a whole vault, which is copied anew: deleted as far as there are newer ones of the same server or disk.
     */
    readonly ifSuperseded: boolean;
    readonly urn: string;
    readonly name: string;
    readonly kind: Kind;
    /** Of the restore point; undefined for copies. */
    readonly checkpointId: string | undefined;
    /** Of backups or replicas, in `region`. Empty when the state does not know them. */
    readonly ids: readonly string[];
    /** The state knows the ids and hides them. */
    readonly isSecret: boolean;
    readonly region: string | undefined;
}

type Ids = Pick<Leftover, "ids" | "isSecret">;

const EXPIRED = "expired";

/** Is there nothing left of it in the cloud? */
export const isExpired = (kind: Kind, outputs: Bag | undefined): boolean =>
    kind === "Checkpoint" && textIn(outputs, "status") === EXPIRED;

/** What is left of the old resource of a step. `isCertain`: the step does happen. */
export function leftoversOf(kind: Kind, step: Step, names: Names, isCertain: boolean): Leftover[] {
    const { old } = step;
    // What was only read leaves nothing behind.
    if (old === undefined || old.external || isExpired(kind, old.outputs)) return [];
    // Marked as deleted before its replacement is made: by this preview, or by a run that then failed.
    if (old.pendingReplacement && step.deletesOld === false) return [];
    const mayBeGone = old.pendingReplacement && step.deletesOld === undefined;
    const base = {
        ...fateOf(step, names),
        isReplaced: step.op === "replace" && step.new?.external !== true,
        isCertain,
        mayBeGone,
        ifSuperseded: false,
    };
    const common = { ...base, urn: step.urn, name: step.name, kind, checkpointId: undefined };
    switch (kind) {
        case "VaultSync":
            return [];
        case "Checkpoint": {
            const region = textIn(old.outputs, "region");
            return [{ ...common, checkpointId: old.id, ...backupsOf(old.outputs), region }];
        }
        case "BackupReplica":
            return leftReplica(common, old.outputs);
        case "VaultReplication":
        case "CheckpointReplica":
            return leftCopies({ ...common, ifSuperseded: isSuperseded(kind, step, names) }, step);
    }
}

function fateOf(step: Step, names: Names): Pick<Leftover, "outcome" | "because"> {
    const { old } = step;
    const policy = textIn(old?.outputs, "deletionPolicy");
    const heir = names.heir(step);
    if (heir !== undefined)
        return {
            outcome: "adopted",
            because: `${heir.op === "same" || heir.op === "refresh" ? "held" : "taken over"} by ${code(heir.name)}`,
        };
    if (step.op === "read") return { outcome: "kept", because: undefined };
    if (policy !== "delete" && policy !== SECRET) return { outcome: "kept", because: undefined };
    if (old?.retainOnDelete === true)
        return { outcome: "kept", because: "`retainOnDelete` is set: Pulumi calls no delete" };
    const together = old?.deletedWith === undefined ? undefined : names.step(old.deletedWith);
    if (together !== undefined && (together.op === "delete" || together.op === "replace"))
        return {
            outcome: "kept",
            because: `\`deletedWith\` names ${code(together.name)}, which goes, too: Pulumi calls no delete`,
        };
    return policy === SECRET
        ? { outcome: "unknown", because: "its `deletionPolicy` is a secret" }
        : { outcome: "deleted", because: undefined };
}

const textsOf = (list: readonly unknown[]): string[] => list.filter((id) => typeof id === "string");

/** Ids of a list, without those that are secret. */
function idsOf(value: unknown, list: readonly unknown[]): Ids {
    const ids = textsOf(list);
    const known = ids.filter((id) => id !== SECRET);
    return { ids: known, isSecret: isSecret(value) || list.some(isSecret) };
}

/** Backups of a restore point that are still there. */
function backupsOf(outputs: Bag): Ids {
    const there = bagsIn(outputs, "backups").filter((one) => one["status"] !== EXPIRED);
    return idsOf(
        outputs["backups"],
        there.map((one) => one["id"]),
    );
}

/** Its run is done anew, by its replacement or by another resource. */
const isSuperseded = (kind: Kind, step: Step, names: Names): boolean =>
    kind === "VaultReplication" &&
    ((step.op === "replace" && step.new?.external !== true) || names.nextRun(step) !== undefined);

const FOUND = "there before this resource";

type Common = Omit<Leftover, "ids" | "isSecret" | "region">;

function leftReplica(common: Common, outputs: Bag): Leftover[] {
    const id = textIn(outputs, "destinationBackupId");
    // One that was there before is never deleted; what has not ended yet is waited for.
    const found = outputs["adopted"] === true && common.outcome === "deleted";
    const one = found ? { ...common, outcome: "kept" as const, because: FOUND } : common;
    if (id === undefined && (one.outcome === "kept" || one.outcome === "adopted")) return [];
    return [{ ...one, ...idsOf(id, id === undefined ? [] : [id]), region: textIn(outputs, "destinationRegion") }];
}

function leftCopies(common: Common, step: Step): Leftover[] {
    const outputs = step.old?.outputs ?? {};
    const region = textIn(outputs, "destinationRegion");
    const list = outputs["destinationBackupIds"];
    const all = idsOf(list, listIn(outputs, "destinationBackupIds"));
    if (common.outcome === "kept" || common.outcome === "adopted")
        return all.ids.length === 0 && !all.isSecret ? [] : [{ ...common, ifSuperseded: false, ...all, region }];
    const replications = outputs["replications"];
    if (isSecret(replications)) return [{ ...common, ids: [], isSecret: true, region }];
    // Those that were there before are never deleted.
    const before = new Set(
        bagsIn(outputs, "replications")
            .filter((one) => one["adopted"] === true || one["status"] === "skip")
            .map((one) => one["destinationBackupId"]),
    );
    const own = all.ids.filter((id) => !before.has(id));
    const others = all.ids.filter((id) => before.has(id));
    const kept: Leftover = {
        ...common,
        outcome: "kept",
        because: FOUND,
        ifSuperseded: false,
        ids: others,
        isSecret: false,
        region,
    };
    const isNothingOwn = own.length === 0 && others.length > 0 && !all.isSecret;
    return [
        ...(isNothingOwn ? [] : [{ ...common, ids: own, isSecret: all.isSecret, region }]),
        ...(others.length === 0 ? [] : [kept]),
    ];
}

export function backupsInWords(count: number, kind: Kind): string {
    if (!isCopy(kind)) return count === 1 ? "1 backup" : `${count} backups`;
    return count === 1 ? "1 copy" : `${count} copies`;
}

/** Said in place of a number, which would be that of the ids that are not hidden. */
export const ALL_SECRET = "its backups are secret";

const inRegion = (region: string | undefined) => (region === undefined ? "" : ` in ${code(region)}`);

/** What becomes of the old one, for its row; `isOld`: a new one takes its place. */
export function fateInWords(leftovers: readonly Leftover[], isOld: boolean): string {
    return leftovers.map((one) => fateOfOne(one, isOld)).join("; ");
}

function fateOfOne(one: Leftover, isOld: boolean): string {
    const isPoint = one.checkpointId !== undefined;
    const isPlural = !isPoint && (one.isSecret || one.ids.length !== 1);
    const count = one.isSecret ? "" : one.ids.length === 0 ? "" : backupsInWords(one.ids.length, one.kind);
    const inside = one.isSecret ? ALL_SECRET : count;
    const subject = isPoint
        ? `${isOld ? "old restore" : "restore"} point ` +
          `${code(one.checkpointId?.slice(0, 8) ?? "")}${inside === "" ? "" : ` (${inside})`}`
        : `${isOld ? "earlier: " : ""}` +
          `${count === "" ? `its copies${one.isSecret ? ", which are secret," : ""}` : count}${inRegion(one.region)}`;
    const text = `${subject} ${verbOf(one, isPlural)}${one.because === undefined ? "" : ` (${one.because})`}`;
    const limit = one.ifSuperseded
        ? ", but for those without a newer good copy"
        : one.outcome === "deleted" && one.mayBeGone
          ? " first, unless an earlier run has done so"
          : "";
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}${limit}`;
}

function verbOf(one: Leftover, isPlural: boolean): string {
    switch (one.outcome) {
        case "deleted":
            return `**${isPlural ? "are" : "is"} deleted**`;
        case "unknown":
            return `**${isPlural ? "stay or are" : "stays or is"} deleted**`;
        case "adopted":
        case "kept":
            return isPlural ? "stay" : "stays";
    }
}
