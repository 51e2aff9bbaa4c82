/** Why a resource changes, as Markdown: from the engine's keys, the states, and what other steps do. */
import { code } from "../comment/markdown";
import type { Step } from "../input/preview";
import { kindOf } from "./kinds";
import type { Names } from "./names";
import { type Change, differences, hasUnknown, inWords, isUnknown, KNOWN_AFTER_UP, textsIn, topOf } from "./values";

export function inputChanges(step: Step): Change[] {
    return differences(step.old?.inputs ?? {}, step.new?.inputs ?? {}, step.changedPaths);
}

/** Does an update give the backups another name? A name that is left out stays. */
export const renamesInCloud = (step: Step): boolean =>
    inputChanges(step).some(({ path, new: name }) => path === "name" && name !== undefined);

/** Keys that the engine gives as reasons, and that are no inputs. */
const OPTION_KEYS = ["id", "replaceWith", "deletedWith"];

/** Why a resource is replaced. */
export function whyReplaced(step: Step, names: Names): string {
    const keys = step.replaceKeys.length > 0 ? step.replaceKeys : step.diffKeys;
    const changes = inputChanges(step);
    const isForcing = ({ path }: Change) => keys.some((key) => key === path || topOf(key) === topOf(path));
    const forcing = changes.filter(isForcing);
    const byInputs = forcing.length === 0 ? [] : [changesInWords(forcing, step, names)];
    const silent = keys.filter(
        (key) =>
            !key.startsWith("__") &&
            !OPTION_KEYS.includes(key) &&
            !changes.some(({ path }) => topOf(path) === topOf(key)),
    );
    const parts = [
        ...byInputs,
        ...optionReasons(step, names),
        ...silent.map((key) => `${code(key)} differs from the state`),
    ];
    if (parts.length > 0) return parts.join("<br>");
    // The engine names no key: what is deleted before its replacement takes its dependents along.
    const followed = changes.filter((change) => source(change, step, names) !== undefined);
    if (followed.length > 0) return changesInWords(followed, step, names);
    if (changes.length > 0) return changesInWords(changes, step, names);
    return "the preview does not say";
}

/** Reasons that stand in the options of a resource, or on the command line. */
function optionReasons(step: Step, names: Names): string[] {
    const { old, new: now, replaceKeys } = step;
    const namesOf = (urns: readonly string[]) =>
        urns.flatMap((urn) => {
            const other = names.step(urn);
            return other?.op === "replace" ? [code(other.name)] : [];
        });
    const reasons: string[] = [];
    if (old?.taint === true) reasons.push("marked by `pulumi state taint`");
    else if (replaceKeys.includes("id")) reasons.push("asked for: `--replace`, or `pulumi state taint`");
    for (const [option, urns] of [
        ["replaceWith", now?.replaceWith ?? []],
        ["deletedWith", now?.deletedWith === undefined ? [] : [now.deletedWith]],
    ] as const) {
        const others = namesOf(urns);
        // What is deleted before its replacement takes others along without a key.
        if (replaceKeys.includes(option) || (replaceKeys.length === 0 && others.length > 0))
            reasons.push(`\`${option}\`: replaced together with ${others.join(", ") || "another resource"}`);
    }
    const [before, after] = [old?.replacementTrigger, now?.replacementTrigger];
    if (replaceKeys.length === 0 && JSON.stringify(before) !== JSON.stringify(after))
        reasons.push(
            `\`replacementTrigger\`: ${valueInWords(before ?? undefined)} → ${valueInWords(after ?? undefined)}`,
        );
    if (old?.external === true) reasons.push("until now only read by `get`, from now on managed");
    return reasons;
}

/** May a replacement turn out not to be needed? Pulumi shows what depends on an unknown value as replaced. */
export function isCertain(step: Step, names: Names): boolean {
    if (step.op !== "replace" || optionReasons(step, names).length > 0) return true;
    const keys = (step.replaceKeys.length > 0 ? step.replaceKeys : step.diffKeys).map(topOf);
    return keys.length === 0 || !keys.every((key) => names.mayStay(step, key));
}

const valueInWords = (value: unknown) =>
    value === undefined ? "not set" : isUnknown(value) ? KNOWN_AFTER_UP : code(inWords(value, 48));

const isRemade = (step: Step | undefined) => step?.op === "replace" || step?.op === "delete";

/**
 * The replaced resource that a value which is not known yet comes from: whose id it was, or the one it was made from.
 */
function source(change: Change, step: Step, names: Names): Step | undefined {
    if (!hasUnknown(change.new)) return undefined;
    const byId = typeof change.old === "string" ? names.byId(change.old) : undefined;
    if (isRemade(byId)) return byId;
    const urns = textsIn(step.new?.propertyDependencies, topOf(change.path));
    const [from, ...others] = urns.flatMap((urn) => names.step(urn) ?? []).filter(isRemade);
    return others.length === 0 ? from : undefined;
}

/** The first three changes, one a line. */
export function changesInWords(changes: readonly Change[], step: Step, names: Names): string {
    const lines = changes.slice(0, 3).map((change) => {
        const followed = source(change, step, names);
        if (followed === undefined)
            return `${code(change.path)}: ${valueInWords(change.old)} → ${valueInWords(change.new)}`;
        const remade = kindOf(followed.type) === undefined ? "replaced" : "made anew";
        const what = followed.op === "delete" ? "deleted" : remade;
        return `${code(change.path)} follows ${code(followed.name)}, which is ${what}`;
    });
    if (changes.length > 3) lines.push(`and ${changes.length - 3} more`);
    return lines.join("<br>");
}
