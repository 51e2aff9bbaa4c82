/** Which lists have turned out to be too long to be read. */

/** A list that was too long is not tried again for this long, in milliseconds, though its time has become shorter. */
const RETRY_MS = 60_000;

/** A time in which objects were made, on their region's clock, in milliseconds. */
export interface Span {
    readonly from: number;
    readonly until: number;
}

interface List {
    readonly span: Span;
    /** Rows that it may have. */
    readonly maxRows: number;
    readonly now: number;
}

/** Lists by what they are filtered by but for the time. */
export class LongLists {
    readonly #lists = new Map<string, List>();

    add(scope: string, list: List): void {
        this.#lists.set(scope, list);
    }

    /**
     * One that covers at least the same time has not become shorter; any other is tried again after a minute, and at
     * once when it may have twice as many rows.
     */
    has(scope: string, { span, maxRows, now }: List): boolean {
        const list = this.#lists.get(scope);
        if (list === undefined || maxRows >= 2 * list.maxRows) return false;
        return now < list.now + RETRY_MS || (span.from <= list.span.from && span.until >= list.span.until);
    }
}
