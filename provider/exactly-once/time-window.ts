/** When the effect of a POST can have begun, as timestamps of its region say. */
import type { Client } from "../client/client";

/** Cloud and machine may disagree about the time by this much even after correction, in milliseconds. */
export const CLOCK_TOLERANCE_MS = 2_000;

export interface TimeWindow {
    /** Not before this, however wrong the region's clock is. Milliseconds since the epoch. */
    readonly from: number;
    /** Something of this time: can it be the effect? `maybe`: if the region's clock is wrong by as much as that. */
    contains(instant: number): "yes" | "maybe" | "no";
}

/** A time on the machine's clock. */
export interface Span {
    readonly from: number;
    readonly to: number;
    /** The region's clock minus the machine's at that time. Default: as it is now. Milliseconds. */
    readonly offsetMs?: number | undefined;
}

/**
 * Two clocks can be meant: the one that `Date` headers tell, and, where a header is wrong or a proxy's, our own. A span
 * that notes its offset is not moved when the machine's clock has been corrected since.
 */
export function windowOf(client: Client, region: string, { from, to, offsetMs }: Span): TimeWindow {
    const spans = [offsetMs ?? client.serverOffsetMs(region), 0].map((offset) => ({
        from: from + offset - CLOCK_TOLERANCE_MS,
        to: to + offset + CLOCK_TOLERANCE_MS,
    }));
    const slack = offsetMs === undefined ? client.serverOffsetSlackMs(region) : 0;
    const isWithin = (instant: number, more: number) =>
        spans.some((span) => instant >= span.from - more && instant <= span.to + more);
    return {
        from: Math.min(...spans.map((span) => span.from)) - slack,
        contains: (instant) => (isWithin(instant, 0) ? "yes" : isWithin(instant, slack) ? "maybe" : "no"),
    };
}

/** The region's clock minus the machine's, once a `Date` header has told it. Milliseconds. */
export function knownOffset(client: Client, region: string): number | undefined {
    return client.serverOffsetSlackMs(region) === 0 ? client.serverOffsetMs(region) : undefined;
}
