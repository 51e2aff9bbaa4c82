/** Lists come in pages. */

/** Largest page that the API gives. */
export const PAGE = 1000;

export interface PageRequest {
    readonly limit: number;
    readonly offset: number;
}

export interface Page<Row> {
    readonly rows: readonly Row[];
    readonly count: number | undefined;
}

/** One row for each id, so that a list that moves while it is paged has none twice. */
interface Identified {
    readonly id: string;
}

/**
 * All pages, each row once: what is new comes first and pushes rows to the next page. Vendor: paged by `offset`
 * (api-notes: Limit and offset); `count` is the total where given, else a short page is the last one. A page without
 * anything new is the last one, too. `accept` turns each row into what is kept of it, page by page; undefined leaves it
 * out.
 */
export async function allPages<Row extends Identified, Kept>(
    fetch: (page: PageRequest) => Promise<Page<Row>>,
    accept: (row: Row) => Kept | undefined,
): Promise<Kept[]> {
    return (await fewPages(fetch, accept, Number.POSITIVE_INFINITY)) ?? [];
}

/**
 * As `allPages`; undefined when the list has more than `maxRows` rows. Then no more than the first `maxRows` of them
 * have been read.
 */
export async function fewPages<Row extends Identified, Kept>(
    fetch: (page: PageRequest) => Promise<Page<Row>>,
    accept: (row: Row) => Kept | undefined,
    maxRows: number,
): Promise<Kept[] | undefined> {
    const kept = new Map<string, Kept>();
    const seen = new Set<string>();
    for (let offset = 0; ; ) {
        const limit = Math.min(PAGE, maxRows);
        const { rows, count } = await fetch({ limit, offset });
        if (offset === 0 && (count ?? 0) > maxRows) return undefined;
        offset += rows.length;
        const before = seen.size;
        for (const row of rows) {
            const one = accept(row);
            if (one === undefined) kept.delete(row.id);
            else kept.set(row.id, one);
            seen.add(row.id);
        }
        const isLast = count === undefined ? rows.length < limit : offset >= count;
        if (seen.size === before || isLast) return [...kept.values()];
        if (count === undefined && seen.size >= maxRows) return undefined;
    }
}
