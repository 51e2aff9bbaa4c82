/** All backups of a project, of which there may be very many: little of each is kept, page by page. */
import type { ProjectRef } from "../client/client";
import { CbrError } from "../client/errors/errors";
import { listBackups, type Query, type WireBackup } from "../client/operations";
import type { Services } from "../services/context";
import { type ListOptions, mayFilter, noteRefusedFilter } from "./backup-lists";
import { allPages } from "./paging";

interface Kept {
    readonly id: string;
    readonly isIncremental: boolean | undefined;
}

/**
 * Every backup of a project, with its replication records where the cloud keeps them, each as `keep` makes it. Vendor:
 * a list may leave incremental backups out unless asked for them. One that shows any leaves none out; only else is it
 * asked again with `incremental=true`.
 */
export async function everyBackup<T extends Kept>(
    services: Services,
    target: ProjectRef,
    keep: (row: WireBackup, target: ProjectRef) => T,
    options: ListOptions = {},
): Promise<T[]> {
    const pages = (query: Query): Promise<T[]> =>
        allPages(
            async (page) => {
                const asked = { target, query: { ...query, ...page }, ...options };
                const { backups: rows, count } = await services.client.call(listBackups, asked);
                return { rows, count };
            },
            (row) => keep(row, target),
        );
    const project = { services, target };
    const shown = await withFilter(project, "show_replication", pages, () => pages({}));
    if (shown.some((one) => one.isIncremental === true)) return shown;
    const records: Query = mayFilter(services, target, "show_replication") ? { show_replication: true } : {};
    const hidden = await withFilter(
        project,
        "incremental",
        (query) => pages({ ...records, ...query }),
        async () => [],
    );
    const known = new Set(shown.map((one) => one.id));
    return [...shown, ...hidden.filter((one) => !known.has(one.id))];
}

/** With a filter that only Huawei Cloud knows, or without it where it is refused. */
async function withFilter<T>(
    { services, target }: { readonly services: Services; readonly target: ProjectRef },
    filter: "show_replication" | "incremental",
    asked: (query: Query) => Promise<T>,
    without: () => Promise<T>,
): Promise<T> {
    if (!mayFilter(services, target, filter)) return without();
    try {
        return await asked({ [filter]: true });
    } catch (error) {
        if (!(error instanceof CbrError) || !noteRefusedFilter(services, target, filter, error)) throw error;
        return without();
    }
}
