/** What several rounds measured: the least, which noise can only raise, and the median. */
export interface Spread {
    readonly min: number;
    readonly median: number;
}

export function median(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    const upper = sorted[middle] ?? Number.NaN;
    return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function spread(values: readonly number[]): Spread {
    return { min: Math.min(...values), median: median(values) };
}

/** Looks of one poller: requests that follow each other within this many milliseconds are pages of one look. */
const SAME_LOOK_MS = 400;

/** Requests per look, from their times in milliseconds. */
export function looks(times: readonly number[]): number[] {
    const sizes: number[] = [];
    let last = Number.NEGATIVE_INFINITY;
    for (const time of times) {
        if (time - last > SAME_LOOK_MS) sizes.push(0);
        sizes[sizes.length - 1] = (sizes.at(-1) ?? 0) + 1;
        last = time;
    }
    return sizes;
}

export function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
    return counts;
}
