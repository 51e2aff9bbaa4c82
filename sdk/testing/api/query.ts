/** Query parameters: strict names and values, paging and sorting. */
import { instantAt, instantOf } from "../cloud/instants";
import { refuse } from "./reply";

/** A checked query. Unknown, empty or doubled parameters are refused with 9900. */
export class Query {
    readonly #params: URLSearchParams;

    constructor(params: URLSearchParams, known: readonly string[], repeatable: readonly string[] = []) {
        this.#params = params;
        for (const name of new Set(params.keys())) {
            if (!known.includes(name)) refuse("9900", `unknown parameter ${name}`);
            const values = params.getAll(name);
            if (values.length > 1 && !repeatable.includes(name)) refuse("9900", `${name} is given twice`);
            if (values.includes("")) refuse("9900", `${name} is empty`);
        }
    }

    text(name: string): string | undefined {
        return this.#params.get(name) ?? undefined;
    }

    /** Words of an enumeration; `undefined` when the parameter is absent. */
    words(name: string, allowed: readonly string[]): ReadonlySet<string> | undefined {
        const values = this.#params.getAll(name);
        for (const value of values)
            if (!allowed.includes(value)) refuse("9900", `${name}: ${value} is none of ${allowed.join(", ")}`);
        return values.length === 0 ? undefined : new Set(values);
    }

    word(name: string, allowed: readonly string[]): string | undefined {
        return this.words(name, allowed)?.values().next().value;
    }

    flag(name: string): boolean | undefined {
        const value = this.word(name, ["true", "false"]);
        return value === undefined ? undefined : value === "true";
    }

    integer(name: string, lowest: number, highest: number): number | undefined {
        const value = this.text(name);
        if (value === undefined) return undefined;
        const number = Number(value);
        if (!/^\d{1,10}$/.test(value) || number < lowest || number > highest)
            refuse("9900", `${name} must be ${lowest} to ${highest}`);
        return number;
    }

    /** Whether an instant lies between `start_time` and `end_time`, both included. */
    period(): (instant: string) => boolean {
        const from = this.#instant("start_time") ?? instantAt(0);
        const until = this.#instant("end_time");
        return (text) => {
            const instant = instantOf(text);
            return instant >= from && (until === undefined || instant <= until);
        };
    }

    /** Vendor: only `YYYY-mm-ddTHH:MM:SSZ` is understood. */
    #instant(name: string): string | undefined {
        const value = this.text(name);
        if (value === undefined) return undefined;
        const milliseconds = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(value) ? Date.parse(value) : Number.NaN;
        if (Number.isNaN(milliseconds) || `${new Date(milliseconds).toISOString().slice(0, 19)}Z` !== value)
            refuse("9900", `${name} must look like 2019-05-10T07:59:12Z`);
        return instantOf(value);
    }

    /** Vendor: limit 1 to 1000, default 1000; offset from 0. */
    page(): { limit: number; offset: number; marker: string | undefined } {
        return {
            limit: this.integer("limit", 1, 1000) ?? 1000,
            offset: this.integer("offset", 0, 2_147_483_647) ?? 0,
            marker: this.text("marker"),
        };
    }
}

/** One page of rows that are already filtered and sorted. An unknown marker is refused. */
export function pageOf<T extends { id: string }>(
    rows: readonly T[],
    page: { limit: number; offset: number; marker: string | undefined },
): T[] {
    let from = page.offset;
    if (page.marker !== undefined) {
        const index = rows.findIndex((row) => row.id === page.marker);
        if (index === -1) refuse("9900", `marker ${page.marker} is not in the list`);
        from += index + 1;
    }
    return rows.slice(from, from + page.limit);
}

/** A comparison for `sort=key[:asc|desc],…`; direction defaults to desc. Ties, and no sort at all, go newest first. */
export function comparison<T extends { createdAt: string }>(
    sort: string | undefined,
    keys: Readonly<Record<string, (row: T) => string>>,
): (a: T, b: T) => number {
    const newestFirst = (a: T, b: T) => {
        const [x, y] = [instantOf(a.createdAt), instantOf(b.createdAt)];
        if (x === y) return 0;
        return x < y ? 1 : -1;
    };
    if (sort === undefined) return newestFirst;
    if (sort.length > 255) refuse("9900", "sort is longer than 255");
    const parts = sort.split(",").map((part) => {
        const [name = "", direction = "desc", ...rest] = part.split(":");
        const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
        if (key === undefined || rest.length > 0 || (direction !== "asc" && direction !== "desc"))
            refuse("9900", `sort: ${part}`);
        return { key, sign: direction === "asc" ? 1 : -1 };
    });
    return (a, b) => {
        for (const { key, sign } of parts) {
            const [x, y] = [key(a), key(b)];
            if (x !== y) return (x < y ? -1 : 1) * sign;
        }
        return newestFirst(a, b);
    };
}
