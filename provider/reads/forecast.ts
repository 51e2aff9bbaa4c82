/** When a wait should end, by the percentages that its looks show. */

interface Seen {
    readonly at: number;
    readonly percent: number;
}

/** Of things that end when the slowest has; undefined when none says how far it is. */
export function leastPercent(percents: readonly (number | undefined)[]): number | undefined {
    const known = percents.filter((one) => one !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
}

/** So many movements back the pace is measured: it may change. */
const REMEMBERED = 10;

/** Of one wait. Clock times are in milliseconds. */
export class Forecast {
    /** Each percentage when it was first seen, the newest last. */
    readonly #moves: Seen[] = [];
    /** When it was looked at last. */
    #lastAt = 0;
    #end: number | undefined;

    /** What a look showed at `at`; undefined when it showed no percentage. */
    see(percent: number | undefined, at: number): void {
        if (percent === undefined) return;
        const before = this.#lastAt;
        this.#lastAt = at;
        const last = this.#moves.at(-1);
        if (percent === last?.percent) return;
        if (last !== undefined && percent < last.percent) this.#moves.length = 0;
        this.#moves.push({ at, percent });
        if (this.#moves.length > REMEMBERED) this.#moves.shift();
        const [first] = this.#moves;
        if (first === undefined || first.percent === percent) {
            this.#end = undefined;
            return;
        }
        const step = (at - first.at) / (percent - first.percent);
        // It came to this percentage after the last look, and is not yet at the next one.
        this.#end = Math.max(before, at - step) + (100 - percent) * step;
    }

    /** The earliest that it may end, if it goes on as it did; undefined when that is not known or has passed. */
    endAfter(now: number): number | undefined {
        return this.#end !== undefined && this.#end > now ? this.#end : undefined;
    }

    /** Has that time come since the last call? */
    isDue(now: number): boolean {
        if (this.#end === undefined || this.#end > now) return false;
        this.#end = undefined;
        return true;
    }
}
