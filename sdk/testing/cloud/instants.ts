/**
 * Instants as live objects have them: ISO 8601, UTC, six decimals (`2026-01-01T00:00:00.000001Z`). Such texts compare
 * as the instants do. Tests may put other forms into live objects: `instantOf` makes them this one.
 */

/** The text of an instant in microseconds since the epoch. */
export function instantAt(micros: number): string {
    const milliseconds = Math.floor(micros / 1_000);
    const finer = String(micros - milliseconds * 1_000).padStart(3, "0");
    return `${new Date(milliseconds).toISOString().slice(0, -1)}${finer}Z`;
}

/** Microseconds since the epoch of any ISO 8601 text, UTC without a zone as in the API's answers; finer decimals are cut off. */
export function microsOf(text: string): number {
    const hasZone = /(Z|[+-]\d\d(:?\d\d)?)$/i.test(text.slice(text.indexOf("T")));
    const milliseconds = Date.parse(hasZone || !text.includes("T") ? text : `${text}Z`);
    if (Number.isNaN(milliseconds)) throw new TypeError(`${JSON.stringify(text)} is no instant of ISO 8601`);
    const finer = /\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? "";
    return milliseconds * 1_000 + Number(finer.padEnd(3, "0"));
}

/** Any ISO 8601 text in the form of this module. Sorting calls it for each comparison: that form is not parsed. */
export function instantOf(text: string): string {
    const hasForm = text.length === 27 && text[10] === "T" && text[26] === "Z";
    return hasForm ? text : instantAt(microsOf(text));
}

/** The instant that is so many microseconds later. */
export const plusMicros = (text: string, micros: number): string => instantAt(microsOf(text) + micros);
