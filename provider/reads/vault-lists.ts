/** Lists of vaults. */
import type { ProjectRef } from "../client/client";
import { listVaults, type Query, type WireVault } from "../client/operations";
import type { Services } from "../services/context";
import { allPages, fewPages, type PageRequest } from "./paging";

export function vaultRows(services: Services, target: ProjectRef, query: Query): Promise<WireVault[]> {
    return allPages(vaultPage(services, target, query), isVaultAsked(query));
}

/** As `vaultRows`; undefined when there are more than `maxRows`. */
export function fewVaultRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    maxRows: number,
): Promise<WireVault[] | undefined> {
    return fewPages(vaultPage(services, target, query), isVaultAsked(query), maxRows);
}

function vaultPage(services: Services, target: ProjectRef, query: Query) {
    return async (page: PageRequest) => {
        const { vaults, count } = await services.client.call(listVaults, { target, query: { ...query, ...page } });
        return { rows: vaults, count };
    };
}

const isVaultAsked = (query: Query) => (row: WireVault) =>
    query["id"] === undefined || row.id === query["id"] ? row : undefined;
