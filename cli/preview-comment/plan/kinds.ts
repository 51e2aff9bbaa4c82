/** The resources of this package, as previews name them. */
import type { Step } from "../input/preview";

/** Of the dynamic resources, and of the native provider's. */
const PREFIXES = ["pulumi-nodejs:dynamic/cbr:", "cbr:index:"];
export type Kind = Capitalize<keyof typeof import("../../../provider/index")>;

/** What making one is called, in the order in which kinds are listed. */
export const ACTIONS: Readonly<Record<Kind, readonly [first: string, again: string]>> = {
    Checkpoint: ["take", "take again"],
    VaultReplication: ["copy", "copy again"],
    BackupReplica: ["copy", "copy again"],
    CheckpointReplica: ["copy", "copy again"],
    VaultSync: ["sync", "sync again"],
};
const KINDS = Object.keys(ACTIONS) as Kind[];
const BY_TYPE = new Map(PREFIXES.flatMap((prefix) => KINDS.map((kind) => [prefix + kind, kind])));

/** The kind of ours that a type token names. */
export const kindOf = (type: string): Kind | undefined => BY_TYPE.get(type);
export const isOurs = (type: string): boolean => PREFIXES.some((prefix) => type.startsWith(prefix));

export const isCopy = (kind: Kind): boolean => ACTIONS[kind][0] === "copy";

const COLLATOR = new Intl.Collator("en", { numeric: true });

/** `point-2` before `point-10`. */
export function byText(a: string, b: string): number {
    return COLLATOR.compare(a, b) || (a < b ? -1 : Number(a > b));
}

/**
 * Engines work in parallel, so their order is chance. Here: restore points, copies, synchronisations, the rest; each by
 * name.
 */
export function inOrder(steps: readonly Step[]): Step[] {
    const keyed = steps.map((step) => {
        const kind = kindOf(step.type);
        return { step, rank: kind === undefined ? KINDS.length : KINDS.indexOf(kind) };
    });
    keyed.sort((a, b) => a.rank - b.rank || byText(a.step.name, b.step.name) || byText(a.step.type, b.step.type));
    return keyed.map(({ step }) => step);
}

/** `huaweicloud:Ecs/instance:Instance` → `huaweicloud:Ecs:Instance`, as Pulumi shows it. */
export function shortType({ type }: Step): string {
    return (kindOf(type) ?? type).replace(/^([^:]+):([^:/]+)\/[^:]+:/, "$1:$2:");
}
