/** What stands in tables and reports about restore points, in words. */
import { counted, minuteOf, size, span } from "../text";
import type { Holder, Holders } from "./holders";
import type { Inventory, Problem } from "./inventory";
import type { RegionCopies, RestorePoint } from "./restore-points";

/** `2 good`, `1 good, 1 failed, 1 skipped`. */
export function resourcesInWords(point: RestorePoint): string {
    const parts: [count: number, word: string][] = [
        [point.good, "good"],
        [point.failed, "failed"],
        [point.running, "running"],
        [point.going, "expiring"],
        [point.skipped, "skipped"],
    ];
    return parts
        .filter(([count]) => count > 0)
        .map(([count, word]) => `${count} ${word}`)
        .join(", ");
}

/** `eu-nl good`, `eu-nl 1 of 2, 1 failed`. */
function copyInWords(copy: RegionCopies): string {
    const others: [count: number, word: string][] = [
        [copy.failed, "failed"],
        [copy.running, "running"],
        [copy.missing, "missing"],
    ];
    const rest = others.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
    const isWhole = copy.good >= copy.of && copy.good > 0;
    const good = isWhole ? "good" : copy.good > 0 ? `${copy.good} of ${copy.of} good` : "";
    const seen = copy.isUnread && copy.good > 0 ? " (not looked at)" : "";
    return `${copy.region} ${[good, ...rest].filter((part) => part !== "").join(", ")}${seen}`;
}

export function copiesInWords(point: RestorePoint): string {
    if (point.isCopy) return point.dataMs === undefined ? "is a copy" : `is a copy of ${minuteOf(point.dataMs)}`;
    return point.copies.map(copyInWords).join("; ") || "none";
}

export function kindInWords(point: RestorePoint): string {
    if (point.isIncremental === undefined) return "";
    return point.isIncremental ? "incremental" : "full";
}

export function expiryInWords(expiresMs: number | undefined, nowMs: number): string {
    if (expiresMs === undefined) return "never";
    return expiresMs <= nowMs ? "expired" : `in ${span(expiresMs - nowMs)}`;
}

const HOLDS: Readonly<Record<Holder["hold"], string>> = {
    taken: "",
    copied: "",
    source: " (copies it)",
    named: " (names it)",
};

/** `prod before-release`; with the project where states of several were given. */
export function holderInWords(holder: Holder, showProject = false): string {
    const stack = showProject ? `${holder.project}/${holder.stack}` : holder.stack;
    return `${stack} ${holder.resource}${HOLDS[holder.hold]}`;
}

export function holdersInWords(held: readonly Holder[], holders: Holders): string {
    if (!holders.isAsked) return "not asked";
    const [first, ...others] = held;
    if (first === undefined) return "no stack";
    const more = others.length === 0 ? "" : `, and ${others.length} more`;
    return `${holderInWords(first, holders.hasSeveralProjects)}${more}`;
}

export function timeInWords(ms: number | undefined): string {
    return ms === undefined ? "unknown" : minuteOf(ms);
}

export function ageInWords(ms: number | undefined, nowMs: number): string {
    return ms === undefined ? "" : span(nowMs - ms);
}

export function sizeInWords(gb: number): string {
    return gb === 0 ? "" : size(gb);
}

export function problemInWords({ region, projectId, message }: Problem): string {
    const project = projectId === undefined ? "" : `, project ${projectId}`;
    return `${region}${project} could not be looked at: ${message}`;
}

/** `2 regions`, or the region's name. */
export function regionsInWords(inventory: Inventory): string {
    const regions = [...new Set(inventory.read.map(({ region }) => region))];
    return regions.length <= 3 ? regions.join(", ") || "no region" : counted(regions.length, "region");
}
