/** Lists of vaults. */
import type { ProjectRef } from "../client/client";
import { listVaults, type Query, type WireVault } from "../client/operations";
import type { Services } from "../services/context";
import { allPages } from "./paging";

/** `maxPages`: undefined when the list would take more than so many requests. */
export function vaultRows(services: Services, target: ProjectRef, query: Query): Promise<WireVault[]>;
export function vaultRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    maxPages: number,
): Promise<WireVault[] | undefined>;
export async function vaultRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    maxPages?: number,
): Promise<WireVault[] | undefined> {
    const rows = await allPages(async (page) => {
        const { vaults, count } = await services.client.call(listVaults, { target, query: { ...query, ...page } });
        return { rows: vaults, count };
    }, maxPages);
    const asked = rows?.filter((row) => query["id"] === undefined || row.id === query["id"]);
    return maxPages === undefined ? (asked ?? []) : asked;
}
