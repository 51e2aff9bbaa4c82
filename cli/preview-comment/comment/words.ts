/** Numbers and lists in sentences. */
import type { CopyEstimate } from "../../../provider/resources/copies/copy-estimate";

export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** The first of a list, and how many more. Words are made for those only. */
export function firstFew<T>(items: readonly T[], most: number, inWords: (item: T) => string): string {
    const words = items.slice(0, most).map((item) => inWords(item));
    return items.length <= most ? words.join(", ") : `${words.join(", ")} and ${items.length - most} more`;
}

/** `a`, `a and b`, `a, b and c`; at most five. */
export function inSentence(items: readonly string[]): string {
    if (items.length > 5) return firstFew(items, 5, (item) => item);
    return [items.slice(0, -1).join(", "), items.at(-1)].filter((part) => part !== "").join(" and ");
}

/** How much copies take: `at most 140 GB and 1 of unknown size`. */
export function sizeInWords(estimates: readonly Pick<CopyEstimate, "diskGb" | "unknownSizes">[]): string {
    const known = estimates.flatMap(({ diskGb }) => (diskGb === undefined ? [] : [diskGb]));
    const unknown = estimates.reduce((total, one) => total + one.unknownSizes, 0);
    return [
        ...(known.length === 0 ? [] : [`at most ${known.reduce((total, gb) => total + gb, 0)} GB`]),
        ...(unknown === 0 ? [] : [`${unknown} of unknown size`]),
    ].join(" and ");
}
