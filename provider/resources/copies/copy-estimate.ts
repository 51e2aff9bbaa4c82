/** What copies would take, as a row of the preview says it: written here, and read from previews for comments. */
import type { WireBackup } from "../../client/operations";

export interface CopyEstimate {
    /** Where the copies go. */
    readonly region: string;
    /** Backups that are copied; with `there` undefined, at most so many. */
    readonly backups: number;
    /** Their servers and disks, by name; a few, and how many more. */
    readonly resources: string;
    /** Sum over these, each once, in GB. undefined: no size is known. A first copy takes at most this. */
    readonly diskGb: number | undefined;
    /** Servers and disks whose size is not known. */
    readonly unknownSizes: number;
    /** Backups that have a replica there already; undefined: nothing tells. */
    readonly there: number | undefined;
    /** More comes to them in the same run: restore points that it takes before. */
    readonly grows: boolean;
}

/** Of these backups, all of which could be copied. `keepsRecords`: does their cloud tell what has been copied? */
export function estimateOf(
    region: string,
    rows: readonly WireBackup[],
    { keepsRecords, grows }: { readonly keepsRecords: boolean; readonly grows: boolean },
): CopyEstimate {
    const left = rows.filter((row) => !isThere(row, region));
    const isTold = keepsRecords || left.length < rows.length || rows.length === 0;
    const sources = left.map((row) => ({
        id: row.resource_id ?? row.id,
        name: row.resource_name,
        size: row.resource_size,
    }));
    const there = isTold ? rows.length - left.length : undefined;
    return { region, backups: left.length, ...sizesOf(sources), there, grows };
}

/** A region has one replica of a backup. One that is being made counts. */
const isThere = (row: WireBackup, region: string): boolean =>
    (row.replication_records ?? []).some(
        ({ destination_region: to = region, status }) => to === region && status !== "fail" && status !== "skip",
    );

interface Source {
    readonly id: string;
    readonly name?: string | undefined;
    /** Of its disks, in GB. */
    readonly size?: number | undefined;
}

/** Each server or disk once, however many backups there are of it. */
export function sizesOf(sources: readonly Source[]): Pick<CopyEstimate, "resources" | "diskGb" | "unknownSizes"> {
    const distinct = [...new Map(sources.map((one) => [one.id, one])).values()];
    const sizes = distinct.flatMap(({ size }) => (size === undefined ? [] : [size]));
    return {
        resources: fewNames(distinct.map(({ id, name }) => name ?? id).sort()),
        diskGb: sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0),
        unknownSizes: distinct.length - sizes.length,
    };
}

const MOST_NAMES = 5;
const NOT_TOLD = "which of them have a replica there is not known";
const ADDED = "what this run takes before it";

const counted = (count: number) => `${count} ${count === 1 ? "backup" : "backups"}`;

/** A few of these, and how many more. */
function fewNames(names: readonly string[]): string {
    const rest = names.length - MOST_NAMES;
    return `${names.slice(0, MOST_NAMES).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/**
 * `to copy to eu-nl: 2 backups (db-1, web-1), at most 80 GB, the size of the disks; 1 more has a replica there
 * already`.
 */
export function copyLine(estimate: CopyEstimate): string {
    const { region, backups, resources, diskGb, unknownSizes, there, grows } = estimate;
    const size = diskGb === undefined ? "" : `at most ${diskGb} GB, the size of the disks`;
    const unknown = unknownSizes === 0 ? "" : `${unknownSizes} of unknown size`;
    const sizes = [size, unknown].filter((text) => text !== "").join(" and ");
    const now = backups === 0 ? [] : [`${counted(backups)} (${resources}), ${sizes}`];
    const what = [...now, ...(grows ? [ADDED] : [])].join(", and ") || "nothing";
    const has = there === 1 ? "has" : "have";
    const replicas =
        there === undefined ? `; ${NOT_TOLD}` : there === 0 ? "" : `; ${there} more ${has} a replica there already`;
    return `to copy to ${region}: ${what}${replicas}`;
}

const BEGINNING = /^to copy to (\S+): (?:nothing|what this run takes before it|(\d+) backups? \()/;
const GROWS = /, and what this run takes before it$/;
const SIZES = /\), (?:at most (\d+) GB, the size of the disks)?(?: and )?(?:(\d+) of unknown size)?$/;
const REPLICAS = /; (?:(\d+) more ha(?:s|ve) a replica there already|which of them have a replica there is not known)$/;

/** Reads such a line; undefined: it is another one. */
export function readCopyLine(line: string): CopyEstimate | undefined {
    const [beginning, region, backups] = BEGINNING.exec(line) ?? [];
    if (beginning === undefined || region === undefined) return undefined;
    const [replicas = "", thereText] = REPLICAS.exec(line) ?? [];
    const there = thereText === undefined ? (replicas === "" ? 0 : undefined) : Number(thereText);
    const all = line.slice(beginning.length, line.length - replicas.length);
    const rest = all.replace(GROWS, "");
    const grows = rest.length < all.length || beginning.endsWith(ADDED);
    const none = { region, backups: 0, resources: "", diskGb: undefined, unknownSizes: 0, there, grows };
    if (backups === undefined) return all === "" ? none : undefined;
    const [sizes, gb, unknown] = SIZES.exec(rest) ?? [];
    if (sizes === undefined) return undefined;
    return {
        region,
        backups: Number(backups),
        resources: rest.slice(0, rest.length - sizes.length),
        diskGb: gb === undefined ? undefined : Number(gb),
        unknownSizes: Number(unknown ?? 0),
        there,
        grows,
    };
}
