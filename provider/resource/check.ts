/** Whether inputs are well-formed, and which of them are known yet. */
import { z } from "zod";
import type { CommonInputs, Failure, ResourceHandler } from "./resource";

/** A host's word for "not known yet". */
export type IsUnknown = (value: unknown) => boolean;

/** Is any part of it not known yet? */
export function holdsUnknown(value: unknown, isUnknown: IsUnknown): boolean {
    if (isUnknown(value)) return true;
    if (Array.isArray(value)) return value.some((item) => holdsUnknown(item, isUnknown));
    if (typeof value === "object" && value !== null)
        return Object.values(value).some((item) => holdsUnknown(item, isUnknown));
    return false;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
    let here = value;
    for (const key of path) here = typeof here === "object" && here !== null ? Reflect.get(here, key) : undefined;
    return here;
}

/** `resourceDetails[0].type`: the way Pulumi writes a property path. */
function pathText(path: readonly PropertyKey[]): string {
    let text = "";
    for (const key of path)
        text += typeof key === "number" ? `[${key}]` : text === "" ? String(key) : `.${String(key)}`;
    return text;
}

/** The inputs of which every part is known; of a list, the items that are. */
export function knownInputs<I>(inputs: Readonly<Record<string, unknown>>, isUnknown: IsUnknown): Partial<I> {
    const known: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(inputs)) {
        const items = Array.isArray(value) ? value.filter((item) => !holdsUnknown(item, isUnknown)) : undefined;
        if (!holdsUnknown(value, isUnknown)) known[key] = value;
        else if (items !== undefined && items.length > 0) known[key] = items;
    }
    return known as Partial<I>;
}

/** A failure about an item that `knownInputs` has moved up, at the place where the program has it. */
export function atOriginalIndex(
    failure: Failure,
    inputs: Readonly<Record<string, unknown>>,
    isUnknown: IsUnknown,
): Failure {
    const [whole, key = "", index = ""] = /^(\w+)\[(\d+)\]/.exec(failure.property) ?? [];
    const list = inputs[key];
    if (whole === undefined || !Array.isArray(list)) return failure;
    const known = [...list.keys()].filter((at) => !holdsUnknown(list[at], isUnknown));
    return { ...failure, property: failure.property.replace(whole, `${key}[${known[Number(index)] ?? index}]`) };
}

/**
 * Every failure at its property. What is unknown is left for later, its siblings are checked all the same. Never
 * throws.
 */
export function checkInputs<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
    inputs: Readonly<Record<string, unknown>>,
    isUnknown: IsUnknown,
): Failure[] {
    const result = handler.inputs.safeParse(inputs);
    const failures: Failure[] = [];
    for (const issue of result.success ? [] : result.error.issues) {
        if (issue.code === "unrecognized_keys") {
            const allowed = keysAt(handler.inputs, issue.path);
            for (const key of issue.keys) {
                failures.push({ property: pathText([...issue.path, key]), reason: unknownKey(key, allowed) });
            }
            continue;
        }
        const value = at(inputs, issue.path);
        if (holdsUnknown(value, isUnknown)) continue;
        const reason = value === undefined ? "is required" : issue.message;
        failures.push({ property: pathText(issue.path), reason });
    }
    // Rules between inputs see those that are well-formed only: they must not trip over a text in place of a list.
    const bad = new Set((result.success ? [] : result.error.issues).map((issue) => issue.path[0]));
    const good = Object.fromEntries(Object.entries(inputs).filter(([key]) => !bad.has(key)));
    failures.push(...(handler.refine?.(knownInputs(good, isUnknown)) ?? []));
    return failures;
}

function keysAt(schema: z.ZodObject, path: readonly PropertyKey[]): string[] {
    let here: unknown = schema;
    for (const key of path) {
        while (here instanceof z.ZodOptional) here = here.unwrap();
        here =
            here instanceof z.ZodArray
                ? here.element
                : here instanceof z.ZodObject
                  ? here.shape[String(key)]
                  : undefined;
    }
    while (here instanceof z.ZodOptional) here = here.unwrap();
    return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

function unknownKey(key: string, allowed: readonly string[]): string {
    const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
    const near =
        allowed.find((name) => plain(name) === plain(key)) ??
        allowed.find((name) => distance(plain(name), plain(key)) <= 2);
    return near === undefined
        ? `is not an input of this resource; it has: ${allowed.join(", ")}`
        : `is not an input of this resource; did you mean ${near}?`;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
    let row = Array.from({ length: b.length + 1 }, (_, index) => index);
    for (let i = 1; i <= a.length; i++) {
        const next = [i];
        for (let j = 1; j <= b.length; j++) {
            const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
            next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
        }
        row = next;
    }
    return row[b.length] ?? 0;
}
