/** Lists come in pages. */

/** Largest page that the API gives. */
const PAGE = 1000;

/**
 * All pages, each row once: what is new comes first and pushes rows to the next page. Vendor: paged by `offset` (api-notes: Limit and offset);
 * `count` is the total where given, else a short page is the last one. A page without anything new is the last one, too.
 * Undefined when the first page says that it would take more than `maxPages`.
 */
export async function allPages<Row extends { readonly id: string }>(
    fetch: (page: { limit: number; offset: number }) => Promise<{ rows: readonly Row[]; count: number | undefined }>,
    maxPages = Number.POSITIVE_INFINITY,
): Promise<Row[] | undefined> {
    const all = new Map<string, Row>();
    for (let offset = 0; ; ) {
        const { rows, count } = await fetch({ limit: PAGE, offset });
        if (offset === 0 && (count ?? 0) > maxPages * PAGE) return undefined;
        offset += rows.length;
        const before = all.size;
        for (const row of rows) all.set(row.id, row);
        if (all.size === before || (count === undefined ? rows.length < PAGE : offset >= count))
            return [...all.values()];
    }
}
