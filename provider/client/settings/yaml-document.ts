/**
 * YAML as clouds.yaml needs it: every value stays the text that it is written as, `null`, `~` and nothing are null, and
 * only what is asked for is looked at, so that a mistake in one entry does not stop another. Errors name file and line,
 * never what stands there.
 */
import { createRequire } from "node:module";
import type { Document, LineCounter, Node, ParsedNode } from "yaml";
import { ConfigError } from "../errors/errors";

/** A value of the file: text, null, list or map. */
export type Plain = string | null | readonly Plain[] | PlainMap;
export interface PlainMap {
    readonly [key: string]: Plain;
}

export const isMap = (value: unknown): value is PlainMap =>
    typeof value === "object" && value !== null && !Array.isArray(value);

interface Pair {
    readonly key: string;
    readonly node: Node;
    readonly value: Node | null;
}

/** An entry has dozens of values; aliases within aliases could make billions. */
const MOST_NODES = 20_000;
const MOST_LEVELS = 100;
const PLAIN_NULL = /^(~|null|Null|NULL|)$/;
const KNOWN_TAG = /^tag:yaml\.org,2002:(str|int|float|bool|null|map|seq)$/;

/** Loaded on first use: most users have no clouds.yaml, and the parser takes a while to load. */
const load = () => createRequire(__filename)("yaml") as typeof import("yaml");

export class YamlDocument {
    readonly path: string;
    readonly #yaml = load();
    readonly #document: Document<ParsedNode>;
    readonly #lines: LineCounter;
    #nodes = 0;
    #depth = 0;

    /** @throws ConfigError for a text that is no YAML, or no map. */
    constructor(path: string, text: string) {
        this.path = path;
        this.#lines = new this.#yaml.LineCounter();
        // Failsafe: a password of digits stays the text that it is. Keys are compared where they are read.
        this.#document = this.#yaml.parseDocument(text, {
            logLevel: "error",
            schema: "failsafe",
            uniqueKeys: false,
            lineCounter: this.#lines,
        });
        const error = this.#document.errors[0];
        if (error !== undefined) throw this.#error(error.pos[0], `is not valid YAML`, error.code);
        const { contents } = this.#document;
        const isEmpty = contents === null || (this.#yaml.isScalar(contents) && this.#isNull(contents));
        if (!isEmpty && !this.#yaml.isMap(contents))
            throw new ConfigError(`${path} is not a clouds.yaml: its top level must be a map.`);
    }

    /** Keys of the map `section`. */
    keys(section: string): string[] {
        return [...new Set(this.#merged(this.#child(this.#document.contents, section)).map(({ key }) => key))];
    }

    /**
     * The map at `section` → `name` with its aliases and merge keys; undefined when there is none.
     * @throws ConfigError for a key that stands twice on the way there or in it.
     */
    entry(section: string, name: string): PlainMap | undefined {
        const entries = this.#child(this.#document.contents, section);
        if (!this.#merged(entries).some(({ key }) => key === name)) return undefined;
        const entry = this.#plain(this.#child(entries, name));
        return isMap(entry) ? entry : {};
    }

    /** Lines of keys that stand twice in one map, anywhere in the file. */
    duplicateLines(): number[] {
        const lines = new Set<number>();
        this.#yaml.visit(this.#document, {
            Map: (_, map) => {
                const seen = new Set<string>();
                for (const { key, node } of this.#pairs(map)) {
                    if (seen.has(key) && key !== "<<") lines.add(this.#lineOf(node));
                    seen.add(key);
                }
            },
        });
        return [...lines].sort((a, b) => a - b);
    }

    #child(map: unknown, wanted: string): Node | null | undefined {
        this.#refuseSecond(this.#pairs(map).filter(({ key }) => key === wanted));
        return this.#merged(map)
            .filter(({ key }) => key === wanted)
            .at(-1)?.value;
    }

    /**
     * The pairs of a map after those that it merges, so that of equal keys the last one counts: its own keys beat
     * merged ones, of several `<<` lines the last wins, of several maps in one line the first.
     */
    #merged(node: unknown, check: (pairs: readonly Pair[]) => void = () => {}): Pair[] {
        const pairs = this.#pairs(node);
        check(pairs);
        const bases = pairs.filter(({ key }) => key === "<<").flatMap((pair) => this.#bases(pair));
        const own = pairs.filter(({ key }) => key !== "<<");
        return [...bases.flatMap((base) => this.#inside(() => this.#merged(base, check))), ...own];
    }

    /** The maps that a `<<` merges, the strongest last. */
    #bases({ node, value }: Pair): Node[] {
        const target = this.#target(value);
        const bases = this.#yaml.isSeq<Node>(target) ? [...target.items].reverse() : [value];
        return bases.map((base) => {
            const map = this.#target(base);
            if (this.#yaml.isMap(map)) return map;
            throw this.#error(node.range?.[0] ?? 0, "merges something that is no map", "MERGE");
        });
    }

    /** What an alias stands for; anything else stands for itself. */
    #target(node: unknown): unknown {
        return this.#yaml.isAlias(node) ? node.resolve(this.#document) : node;
    }

    /** One step further into maps, lists and aliases. */
    #inside<T>(read: () => T): T {
        this.#nodes++;
        this.#depth++;
        if (this.#nodes > MOST_NODES || this.#depth > MOST_LEVELS)
            throw new ConfigError(`${this.path} is too large, or its aliases go in circles.`);
        const value = read();
        this.#depth--;
        return value;
    }

    /** The pairs of a map, or of an alias to one; none of anything else. Keys are texts. */
    #pairs(node: unknown): Pair[] {
        const map = this.#target(node);
        if (!this.#yaml.isMap<Node, Node | null>(map)) return [];
        return map.items.flatMap(({ key, value }) =>
            this.#yaml.isScalar(key) ? [{ key: String(key.value), node: key, value }] : [],
        );
    }

    #refuseSecond(pairs: readonly { key: string; node: Node }[]): void {
        const seen = new Set<string>();
        for (const { key, node } of pairs) {
            if (seen.has(key) && key !== "<<")
                throw this.#error(node.range?.[0] ?? 0, "has a key twice in one map", "DUPLICATE_KEY");
            seen.add(key);
        }
    }

    #plain(node: Node | null | undefined): Plain {
        return this.#inside(() => this.#value(node));
    }

    #value(node: Node | null | undefined): Plain {
        if (node === null || node === undefined) return null;
        if (this.#yaml.isAlias(node)) {
            const target = node.resolve(this.#document);
            if (target === undefined) throw this.#error(node.range?.[0] ?? 0, "is not valid YAML", "UNKNOWN_ALIAS");
            return this.#plain(target);
        }
        if (node.tag !== undefined && !KNOWN_TAG.test(node.tag))
            throw this.#error(node.range?.[0] ?? 0, "has a value with a tag that is not YAML's own", "UNKNOWN_TAG");
        if (this.#yaml.isSeq<Node>(node)) return node.items.map((item) => this.#plain(item));
        if (this.#yaml.isMap(node)) {
            const pairs = this.#merged(node, (some) => this.#refuseSecond(some));
            return Object.fromEntries(pairs.map(({ key, value }) => [key, this.#plain(value)]));
        }
        return this.#yaml.isScalar(node) && !this.#isNull(node) ? String(node.value) : null;
    }

    #isNull(node: { readonly type?: unknown; readonly source?: string; readonly tag?: string }): boolean {
        return node.type === "PLAIN" && node.tag === undefined && PLAIN_NULL.test(node.source ?? "");
    }

    #lineOf(node: Node): number {
        return this.#lines.linePos(node.range?.[0] ?? 0).line;
    }

    /** The parser's own message quotes the lines around the error, which may be secrets. */
    #error(position: number, what: string, code: string): ConfigError {
        return new ConfigError(`${this.path} ${what} (line ${this.#lines.linePos(position).line}): ${code}.`);
    }
}
