import { type Bag, isPlainBag, Unknown, unwrapSecrets, type Value } from "./values";

export type PathPart = string | number;
export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";
export type DetailedDiff = Record<string, { diffKind: DiffKind; inputDiff: boolean }>;

/** Parses `a.b[0]["odd key"]`, with `*` and `[*]` as wildcards; undefined if it is no path. */
function parsePath(text: string): PathPart[] | undefined {
    const parts: PathPart[] = [];
    const pattern = /\.?([^.[\]"]+)|\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]/gy;
    let position = 0;
    while (position < text.length) {
        pattern.lastIndex = position;
        const match = pattern.exec(text);
        if (match === null) {
            return undefined;
        }
        position = pattern.lastIndex;
        if (match[2] !== undefined) {
            parts.push(match[2] === "*" ? "*" : Number(match[2]));
        } else {
            parts.push(match[3] === undefined ? (match[1] as string) : (JSON.parse(`"${match[3]}"`) as string));
        }
    }
    return parts;
}

function formatPath(parts: PathPart[]): string {
    let text = "";
    for (const part of parts) {
        if (typeof part === "number") {
            text += `[${part}]`;
        } else if (/^[A-Za-z_$][\w$]*$/.test(part)) {
            text += text === "" ? part : `.${part}`;
        } else {
            text += `[${JSON.stringify(part)}]`;
        }
    }
    return text;
}

/** Whether `path` lies at or under `prefix`. */
function contains(prefix: PathPart[], path: PathPart[]): boolean {
    return prefix.length <= path.length && prefix.every((part, index) => part === "*" || part === path[index]);
}

type Container = Bag | Value[];

function childOf(container: Value | undefined, part: PathPart): Value | undefined {
    if (Array.isArray(container)) {
        return typeof part === "number" ? container[part] : undefined;
    }
    return isPlainBag(container) ? container[String(part)] : undefined;
}

function keysOf(container: Container): PathPart[] {
    return Array.isArray(container) ? container.map((_, index) => index) : Object.keys(container);
}

/**
 * Sets what `path` names in `target` back to its value in `source`, also when it was added or removed. Returns false where an
 * element of a list, or a container on the way, is missing on one side.
 */
function reset(path: PathPart[], source: Value | undefined, target: Value | undefined): boolean {
    const [part, ...rest] = path;
    if (part === undefined) {
        return true;
    }
    const sourceIsContainer = Array.isArray(source) || isPlainBag(source);
    const targetIsContainer = Array.isArray(target) || isPlainBag(target);
    if (!sourceIsContainer || !targetIsContainer || Array.isArray(source) !== Array.isArray(target)) {
        return !sourceIsContainer && !targetIsContainer;
    }
    if (part === "*") {
        const parts = new Set([...keysOf(source as Container), ...keysOf(target as Container)]);
        return [...parts].every((key) => reset([key, ...rest], source, target));
    }
    const old = childOf(source, part);
    if (rest.length > 0) {
        return reset(rest, old, childOf(target, part));
    }
    if (Array.isArray(target)) {
        if (typeof part !== "number" || old === undefined || part >= target.length) {
            return false;
        }
        target[part] = old;
    } else if (old === undefined) {
        delete (target as Bag)[String(part)];
    } else {
        (target as Bag)[String(part)] = old;
    }
    return true;
}

function copy(value: Value): Value {
    if (Array.isArray(value)) {
        return value.map(copy);
    }
    if (isPlainBag(value)) {
        return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
    }
    return value;
}

/** Pulumi: `ignoreChanges` copies old input values into the new inputs before they are checked. */
export function ignoreChanges(inputs: Bag, oldInputs: Bag, ignored: string[]): { inputs: Bag; invalid: string[] } {
    if (ignored.length === 0) {
        return { inputs, invalid: [] };
    }
    const result = copy(inputs) as Bag;
    const invalid = ignored.filter((text) => {
        const path = parsePath(text);
        return path !== undefined && !reset(path, oldInputs, result);
    });
    return { inputs: result, invalid };
}

function compare(old: Value | undefined, value: Value | undefined, path: PathPart[], found: DetailedDiff): void {
    const add = (kind: DiffKind) => {
        found[formatPath(path)] = { diffKind: kind, inputDiff: true };
    };
    // Pulumi: a null that comes or goes is no change.
    if (old === undefined) {
        if (value !== null && value !== undefined) {
            add("add");
        }
    } else if (value === undefined) {
        if (old !== null) {
            add("delete");
        }
    } else if (Array.isArray(old) && Array.isArray(value)) {
        for (let index = 0; index < Math.max(old.length, value.length); index++) {
            compare(old[index], value[index], [...path, index], found);
        }
    } else if (isPlainBag(old) && isPlainBag(value)) {
        for (const key of new Set([...Object.keys(old), ...Object.keys(value)])) {
            compare(old[key], value[key], [...path, key], found);
        }
    } else if (old instanceof Unknown || value instanceof Unknown || JSON.stringify(old) !== JSON.stringify(value)) {
        if (!(old instanceof Unknown && value instanceof Unknown)) {
            add("update");
        }
    }
}

/** Pulumi: what the engine finds itself when a provider's diff leaves the question open. Secret marks do not count. */
export function diffInputs(oldInputs: Bag, newInputs: Bag): { changedKeys: string[]; detailedDiff: DetailedDiff } {
    const detailedDiff: DetailedDiff = {};
    const changedKeys: string[] = [];
    for (const key of [...new Set([...Object.keys(oldInputs), ...Object.keys(newInputs)])].sort()) {
        const before = Object.keys(detailedDiff).length;
        const old = oldInputs[key];
        const value = newInputs[key];
        compare(
            old === undefined ? old : unwrapSecrets(old),
            value === undefined ? value : unwrapSecrets(value),
            [key],
            detailedDiff,
        );
        if (Object.keys(detailedDiff).length > before) {
            changedKeys.push(key);
        }
    }
    return { changedKeys, detailedDiff };
}

/**
 * Which top-level keys the `replaceOnChanges` option makes force a replacement. Deeper paths are marked in `detailedDiff`, and are
 * no keys.
 */
export function keysToReplace(replaceOnChanges: string[], changedKeys: string[], detailedDiff: DetailedDiff): string[] {
    const prefixes = replaceOnChanges.map(parsePath).filter((path) => path !== undefined);
    const isMeant = (path: PathPart[]) => prefixes.some((prefix) => contains(prefix, path));
    for (const [text, change] of Object.entries(detailedDiff)) {
        const path = parsePath(text);
        if (path !== undefined && isMeant(path) && !change.diffKind.endsWith("-replace")) {
            change.diffKind = `${change.diffKind}-replace` as DiffKind;
        }
    }
    return changedKeys.filter((key) => isMeant([key]));
}

/** Whether a diff asks for a replacement, by a key or by a path. */
export function forcesReplacement(replaces: string[], detailedDiff: DetailedDiff | undefined): boolean {
    return (
        replaces.length > 0 || Object.values(detailedDiff ?? {}).some(({ diffKind }) => diffKind.endsWith("-replace"))
    );
}

/** A refresh shows the change from state to cloud: additions and deletions change places. */
export function invertDiff(diff: DetailedDiff): DetailedDiff {
    const swap: Partial<Record<DiffKind, DiffKind>> = {
        add: "delete",
        delete: "add",
        "add-replace": "delete-replace",
        "delete-replace": "add-replace",
    };
    return Object.fromEntries(
        Object.entries(diff).map(([path, change]) => [
            path,
            { ...change, diffKind: swap[change.diffKind] ?? change.diffKind },
        ]),
    );
}
