/** Lists of what may be backed up. */
import type { ProjectRef } from "../client/client";
import { OperationFailedError } from "../client/errors/errors";
import { listProtectable, type Query, type WireProtectable } from "../client/operations";
import type { Services } from "../services/context";

/** Largest page that ListProtectable gives. */
const PROTECTABLE_PAGE = 50;

/** What is asked of ListProtectable. */
export interface ProtectableQuestion {
    /** The API's `protectable_type`: server, disk, turbo, workspace, workspace_v2. */
    readonly type: string;
    readonly query?: Query;
    /** Clock time after which no page is asked for; tries are counted all the same. */
    readonly until?: number;
}

/**
 * Pages, as long as there are any. Vendor: paged by `marker`; `offset` means different things for servers and disks,
 * and there is no count (api-notes: Protectable resources), so the first page that is not full is the last one.
 */
export async function* protectablePages(
    services: Services,
    target: ProjectRef,
    { type, query, until }: ProtectableQuestion,
): AsyncGenerator<readonly WireProtectable[]> {
    const seen = new Set<string>();
    for (let marker: string | undefined; ; ) {
        const { instances } = await services.client.call(listProtectable, {
            target,
            path: { protectable_type: type },
            query: { ...query, limit: PROTECTABLE_PAGE, marker },
            until,
        });
        const fresh = instances.filter(({ id }) => !seen.has(id));
        for (const { id } of fresh) seen.add(id);
        yield fresh;
        if (instances.length < PROTECTABLE_PAGE) return;
        if (fresh.length === 0)
            throw new OperationFailedError(
                `ListProtectable gives the same ${instances.length} rows again after ${marker}: what ` +
                    "follows cannot be read. Ask for less, by resourceId, name or serverId.",
            );
        marker = instances.at(-1)?.id;
    }
}
