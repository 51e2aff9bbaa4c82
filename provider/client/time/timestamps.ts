/**
 * Vendor: timestamps are UTC, without a zone on Huawei Cloud, with `+00:00` on OTC, sometimes with `Z` (api-notes:
 * Timestamps). Milliseconds since the epoch; undefined when there is none.
 */
export function parseInstant(text: string | undefined): number | undefined {
    if (text === undefined) return undefined;
    const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`;
    const ms = Date.parse(zoned.replace(" ", "T"));
    return Number.isNaN(ms) ? undefined : ms;
}

/** As outputs have it: `2025-06-01T12:00:00.000Z`. */
export const isoInstant = (ms: number): string => new Date(ms).toISOString();

/** For filters in queries: `YYYY-mm-ddTHH:MM:SSZ`, rounded down. */
export function queryInstant(ms: number): string {
    return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}
