/** Which parts of the inputs changed, at any depth: what a preview shows. */
import type { DiffResult } from "../../resource/resource";
import { equal } from "../../resource/resource";
import type { PropertyMap } from "../values";

export type Change = "add" | "delete" | "update";

export interface DetailedChange {
    readonly change: Change;
    readonly isReplacement: boolean;
    /** Between old and new inputs; else between state and new inputs. */
    readonly ofInputs: boolean;
}

const isMap = (value: unknown): value is PropertyMap =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Pulumi: `triggers["a key"].list[0]`. */
function pathOf(parent: string, key: string): string {
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `${parent}.${key}` : `${parent}["${key.replaceAll('"', '\\"')}"]`;
}

function* changes(path: string, old: unknown, now: unknown): Generator<readonly [string, Change]> {
    if (equal(old, now)) return;
    if (old === undefined) yield [path, "add"];
    else if (now === undefined) yield [path, "delete"];
    else if (isMap(old) && isMap(now))
        for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
            yield* changes(pathOf(path, key), old[key], now[key]);
    else if (Array.isArray(old) && Array.isArray(now))
        for (let index = 0; index < Math.max(old.length, now.length); index++)
            yield* changes(`${path}[${index}]`, old[index], now[index]);
    else yield [path, "update"];
}

/** By property path. */
export function detailedDiff(
    { replaces, updates }: Pick<DiffResult, "replaces" | "updates">,
    olds: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
    news: PropertyMap,
): Map<string, DetailedChange> {
    const found = new Map<string, DetailedChange>();
    for (const key of [...replaces, ...updates]) {
        const isReplacement = replaces.includes(key);
        const ofInputs = !equal(olds.inputs[key], news[key]);
        const parts = ofInputs ? [...changes(key, olds.inputs[key], news[key])] : ([[key, "update"]] as const);
        for (const [path, change] of parts) found.set(path, { change, isReplacement, ofInputs });
    }
    return found;
}
