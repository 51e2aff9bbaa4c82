/** Values of properties in words, and how two bags of them differ. Never the host's own keys, never a secret. */
import { cut } from "../comment/markdown";
import { type Bag, isObject } from "../input/preview";

/** What stands for a value that only `up` will know, by its type. Pulumi: UnknownStringValue and its kin. */
const UNKNOWNS = new Set([
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);
const ANY_UNKNOWN = [...UNKNOWNS].join("|");
const UNKNOWN_IN_TEXT = new RegExp(`"(?:${ANY_UNKNOWN})"|${ANY_UNKNOWN}`, "g");
/** Marks an envelope, and in it the envelope of a secret. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

export const KNOWN_AFTER_UP = "known after up";
export const SECRET = "[secret]";

export const isUnknown = (value: unknown): boolean => typeof value === "string" && UNKNOWNS.has(value);

export const isSecret = (value: unknown): boolean =>
    value === SECRET || (isObject(value) && value[SIGNATURE] === SECRET_SIGNATURE);

/** Does any part of a value fulfil a condition? */
function some(value: unknown, is: (part: unknown) => boolean): boolean {
    if (is(value)) return true;
    if (Array.isArray(value)) return value.some((item) => some(item, is));
    return isObject(value) && Object.values(value).some((item) => some(item, is));
}

export const hasUnknown = (value: unknown): boolean => some(value, isUnknown);
const hasSecret = (value: unknown): boolean => some(value, isSecret);

/** Names of properties that hold secrets, should a program have forgotten to say so. */
const SECRET_NAME =
    /pass(word|wd|phrase|code)|secret(?!s?(name|id|arn))|token$|(private|access|api|secret)_?key$|credential/i;

/** Keys of the dynamic host and ours: `__provider`, `__urn`, `__given`. */
export const isOwnKey = (key: string): boolean => key.startsWith("__");

/** `bag` as people may see it: without the host's keys, with secrets as `[secret]`. */
export function shown(bag: Bag): Bag {
    return Object.fromEntries(
        Object.entries(bag)
            .filter(([key, value]) => !isOwnKey(key) && value !== undefined && value !== null)
            .map(([key, value]) => [key, masked(key, value)]),
    );
}

function masked(key: string, value: unknown): unknown {
    if (isSecret(value)) return SECRET;
    if (SECRET_NAME.test(key) && typeof value === "string" && value !== "" && !isUnknown(value)) return SECRET;
    if (Array.isArray(value)) return value.map((item) => masked("", item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, masked(inner, item)]));
}

/** A masked value in one line: JSON, but with words for what is secret or not known yet. */
export function inWords(value: unknown, longest = 120): string {
    if (value === undefined) return "not set";
    if (value === SECRET) return SECRET;
    if (isUnknown(value)) return KNOWN_AFTER_UP;
    return cut((JSON.stringify(value) ?? String(value)).replace(UNKNOWN_IN_TEXT, KNOWN_AFTER_UP), longest);
}

export interface Change {
    /** `triggers.release`, `resources[0]`. */
    readonly path: string;
    readonly old: unknown;
    readonly new: unknown;
}

/** The first part of a path: `triggers` of `triggers.release`. */
export const topOf = (path: string): string => /^[^.[]+/.exec(path)?.[0] ?? path;

/** Values of a bag as changes from nothing (or, with `gone`, to nothing), one a property. */
export function listed(bag: Bag, gone = false): Change[] {
    return Object.entries(shown(bag)).map(([path, value]) => ({
        path: keyOf("", path),
        old: gone ? value : undefined,
        new: gone ? undefined : value,
    }));
}

/**
 * Where two bags differ, leaf by leaf. `engineSays` are paths that the engine knows to have changed: it alone can tell
 * of one secret from another.
 */
export function differences(old: Bag, now: Bag, engineSays: readonly string[]): Change[] {
    const changes: Change[] = [];
    const [before, after] = [shown(old), shown(now)];
    compare("", before, after, changes);
    for (const path of engineSays) {
        const key = topOf(path);
        if (isOwnKey(key) || changes.some((change) => topOf(change.path) === key)) continue;
        if (hasSecret(before[key]) || hasSecret(after[key]))
            changes.push({
                path,
                old: before[key] === undefined ? undefined : SECRET,
                new: after[key] === undefined ? undefined : SECRET,
            });
    }
    return changes;
}

function compare(path: string, old: unknown, now: unknown, changes: Change[]): void {
    if (isObject(old) && isObject(now)) {
        for (const key of new Set([...Object.keys(old), ...Object.keys(now)]))
            compare(keyOf(path, key), own(old, key), own(now, key), changes);
        return;
    }
    if (Array.isArray(old) && Array.isArray(now)) {
        for (let index = 0; index < Math.max(old.length, now.length); index++)
            compare(`${path}[${index}]`, old[index], now[index], changes);
        return;
    }
    if (JSON.stringify(old) !== JSON.stringify(now)) changes.push({ path, old, new: now });
}

function own(bag: Bag, key: string): unknown {
    return Object.hasOwn(bag, key) ? bag[key] : undefined;
}

function keyOf(path: string, key: string): string {
    if (!/^[\w$-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
    return path === "" ? key : `${path}.${key}`;
}

/** Helpers that read what they expect, and nothing else, from bags that anybody may have written. */
export function textIn(bag: Bag | undefined, key: string): string | undefined {
    const value = bag === undefined ? undefined : own(bag, key);
    if (typeof value !== "string" || value === "") return undefined;
    return isUnknown(value) ? undefined : value;
}

export function listIn(bag: Bag | undefined, key: string): readonly unknown[] {
    const value = bag === undefined ? undefined : own(bag, key);
    return Array.isArray(value) ? value : [];
}

export function textsIn(bag: Bag | undefined, key: string): string[] {
    return listIn(bag, key).filter((item) => typeof item === "string");
}

export function bagsIn(bag: Bag | undefined, key: string): readonly Bag[] {
    return listIn(bag, key).filter(isObject);
}

export function bagIn(bag: Bag | undefined, key: string): Bag | undefined {
    const value = bag === undefined ? undefined : own(bag, key);
    return isObject(value) ? value : undefined;
}
