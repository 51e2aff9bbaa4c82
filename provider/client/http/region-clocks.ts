/** What is known of the clocks of regions, from the `Date` headers of their answers. */
import type { Clock } from "../time/clock";
import type { HttpResponse } from "./transport";

/** A region whose clock nobody knows may be this wrong, in milliseconds: beyond it no signature is accepted. */
const UNKNOWN_CLOCK_MS = 15 * 60_000;

export class RegionClocks {
    readonly #clock: Clock;
    readonly #offsets = new Map<string, number>();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    /** The region's clock minus ours, in milliseconds; 0 before the first answer. */
    offsetMs(region: string): number {
        return this.#offsets.get(region) ?? 0;
    }

    /** By how much `offsetMs` may be wrong, in milliseconds: nothing worth mentioning once a header was seen. */
    slackMs(region: string): number {
        return this.#offsets.has(region) ? 0 : UNKNOWN_CLOCK_MS;
    }

    note(region: string, response: HttpResponse, sentAt: number): void {
        const date = Date.parse(response.headers["date"] ?? "");
        if (Number.isNaN(date)) return;
        // The header was written at some time between the two, and is cut to whole seconds. What is known moves only as
        // far as it must: a slow answer says little, and must not shift the time in which a lost POST is looked for.
        const least = date - this.#clock.now();
        const most = date + 1_000 - sentAt;
        this.#offsets.set(region, Math.min(most, Math.max(least, this.offsetMs(region))));
    }
}
