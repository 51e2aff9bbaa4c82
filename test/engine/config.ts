import type { ConfigNode } from "./project";
import type { Crypter } from "./secrets";

/** One configuration value as a program and a provider see it. */
export interface ConfigValue {
    /** Text; structured values as JSON. */
    value: string;
    secret: boolean;
    /** The structured value, for keys set by `--path`. */
    objectValue?: unknown;
}

export type ConfigMap = Record<string, ConfigValue>;

/** `name` alone belongs to the project. */
export function fullKey(key: string, project: string): string {
    return key.includes(":") ? key : `${project}:${key}`;
}

function isSecure(node: ConfigNode): node is { secure: string } {
    return (
        typeof node === "object" &&
        node !== null &&
        !Array.isArray(node) &&
        typeof node["secure"] === "string" &&
        Object.keys(node).length === 1
    );
}

function hasSecure(node: ConfigNode): boolean {
    return (
        isSecure(node) ||
        (typeof node === "object" && node !== null && Object.values(node).some((child) => hasSecure(child)))
    );
}

function plain(node: ConfigNode, crypter: Crypter | undefined): unknown {
    if (isSecure(node)) {
        return crypter === undefined ? "[secret]" : crypter.decrypt(node.secure);
    }
    if (Array.isArray(node)) {
        return node.map((child) => plain(child, crypter));
    }
    if (typeof node === "object" && node !== null) {
        return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, plain(child, crypter)]));
    }
    return node;
}

/** Decrypts configuration; without a crypter secrets are masked. */
export function readConfig(
    nodes: Record<string, ConfigNode>,
    project: string,
    crypter: Crypter | undefined,
): ConfigMap {
    const result: ConfigMap = {};
    for (const key of Object.keys(nodes).sort()) {
        const node = nodes[key] as ConfigNode;
        const value = plain(node, crypter);
        const isStructured = typeof value === "object" && value !== null;
        result[fullKey(key, project)] = {
            value: isStructured ? JSON.stringify(value) : String(value),
            secret: hasSecure(node),
            ...(isStructured ? { objectValue: value } : {}),
        };
    }
    return result;
}

/** `a.b[0]` as the path of a key. */
export function parseConfigPath(text: string): (string | number)[] {
    const parts: (string | number)[] = [];
    for (const match of text.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)) {
        if (match[1] !== undefined) {
            parts.push(JSON.parse(`"${match[1]}"`) as string);
        } else {
            parts.push(match[2] === undefined ? (match[3] as string) : Number(match[2]));
        }
    }
    return parts;
}

/** Pulumi: a value set by path is a boolean or a number when it reads as one. */
function typed(text: string): ConfigNode {
    if (text === "true" || text === "false") {
        return text === "true";
    }
    return /^-?(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

export interface SetOptions {
    secret: boolean;
    path: boolean;
    crypter: Crypter;
}

export function setConfig(
    nodes: Record<string, ConfigNode>,
    project: string,
    key: string,
    value: string,
    options: SetOptions,
): void {
    const leaf: ConfigNode = options.secret ? { secure: options.crypter.encrypt(value) } : value;
    if (!options.path) {
        nodes[fullKey(key, project)] = leaf;
        return;
    }
    const namespace = /^[^.[\]:]+:/.exec(key)?.[0] ?? `${project}:`;
    const [first, ...rest] = parseConfigPath(key.includes(":") ? key.slice(namespace.length) : key);
    let container: Record<string | number, ConfigNode> | ConfigNode[] = nodes;
    let at: string | number = `${namespace}${String(first)}`;
    for (const part of rest) {
        const existing: ConfigNode | undefined = (container as Record<string | number, ConfigNode>)[at];
        const next: ConfigNode =
            typeof existing === "object" && existing !== null && !isSecure(existing)
                ? existing
                : typeof part === "number"
                  ? []
                  : {};
        (container as Record<string | number, ConfigNode>)[at] = next;
        container = next as Record<string | number, ConfigNode>;
        at = part;
    }
    (container as Record<string | number, ConfigNode>)[at] = options.secret || rest.length === 0 ? leaf : typed(value);
}

/** The node at a key or path, and what removes it. */
export function findConfig(
    nodes: Record<string, ConfigNode>,
    project: string,
    key: string,
    isPath: boolean,
): { node: ConfigNode; remove: () => void } | undefined {
    const namespace = /^[^.[\]:]+:/.exec(key)?.[0] ?? `${project}:`;
    const name = key.includes(":") ? key.slice(namespace.length) : key;
    const [first, ...rest] = isPath ? parseConfigPath(name) : [name];
    let container = nodes as Record<string | number, ConfigNode>;
    let at: string | number = `${namespace}${String(first)}`;
    for (const part of rest) {
        const next: ConfigNode | undefined = container[at];
        if (typeof next !== "object" || next === null) {
            return undefined;
        }
        container = next as Record<string | number, ConfigNode>;
        at = part;
    }
    const node = container[at];
    if (node === undefined) {
        return undefined;
    }
    return {
        node,
        remove: () => {
            if (Array.isArray(container)) {
                container.splice(Number(at), 1);
            } else {
                delete container[at];
            }
        },
    };
}

export function describeNode(node: ConfigNode, crypter: Crypter | undefined): ConfigValue {
    return readConfig({ "x:y": node }, "x", crypter)["x:y"] as ConfigValue;
}
