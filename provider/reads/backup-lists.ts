/** Lists of backups and tasks, in pages. */
import type { ProjectRef } from "../client/client";
import { ApiError, type CbrError, NotFoundError } from "../client/errors/errors";
import type { Priority } from "../client/http/rate-limiter";
import {
    listBackups,
    listOpLogs,
    type Query,
    showBackup,
    showOpLog,
    type WireBackup,
    type WireOperationLog,
} from "../client/operations";
import type { Services } from "../services/context";
import { allPages, fewPages, type PageRequest } from "./paging";
import { noteTasks } from "./task-ids";

/** From more vaults than this on, one list of the whole region is cheaper than one a vault. */
export const MAX_VAULT_LISTS = 4;

export interface ListOptions {
    readonly deadline?: number | undefined;
    readonly until?: number | undefined;
    readonly priority?: Priority;
}

/** Filters whose value each row repeats. */
const ROW_FILTERS = ["checkpoint_id", "vault_id", "resource_id", "parent_id", "status"] as const;

/**
 * Does the row name what was asked for? A cloud that does not heed a filter must not pass off other backups as these:
 * they may be adopted, judged and deleted. One that names nothing is none of them.
 */
const namesAsked = (query: Query) => (row: WireBackup) =>
    ROW_FILTERS.every((key) => {
        const asked = query[key];
        return asked === undefined || (Array.isArray(asked) ? asked : [asked]).some((one) => isSameId(row[key], one));
    });

/** Clouds may repeat an id in the letters in which they were given it. */
const isSameId = (named: string | undefined, asked: unknown): boolean =>
    named?.toLowerCase() === String(asked).toLowerCase();

const asked = (query: Query) => {
    const isAsked = namesAsked(query);
    return (row: WireBackup) => (isAsked(row) ? row : undefined);
};

/** The backups that name what `query` asks for, all pages. */
export function backupRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    return allPages(backupPage(services, target, query, options), asked(query));
}

/** As `backupRows`, each row as `map` makes it: of a long list, no more than a page of rows is held at a time. */
export function mapBackupRows<T>(
    services: Services,
    target: ProjectRef,
    query: Query,
    map: (row: WireBackup) => T,
): Promise<T[]> {
    const isAsked = namesAsked(query);
    return allPages(backupPage(services, target, query, {}), (row) => (isAsked(row) ? map(row) : undefined));
}

/** As `backupRows`; undefined when the list has more than `maxRows` rows: it is then not read any further. */
export function fewBackupRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    { maxRows, ...options }: ListOptions & { readonly maxRows: number },
): Promise<WireBackup[] | undefined> {
    return fewPages(backupPage(services, target, query, options), asked(query), maxRows);
}

function backupPage(services: Services, target: ProjectRef, query: Query, options: ListOptions) {
    return async (page: PageRequest) => {
        const answer = await services.client.call(listBackups, { target, query: { ...query, ...page }, ...options });
        return { rows: answer.backups, count: answer.count };
    };
}

/**
 * As for backups. Vendor: `copy` is the old name of `replication`; and not every task names a vault: who adopts one has
 * to look.
 */
const isTaskAsked =
    ({ operation_type: type, vault_id: vault }: Query) =>
    (row: WireOperationLog) => {
        const isOfType = row.operation_type === type || (type === "replication" && row.operation_type === "copy");
        const isOfVault = row.vault_id === undefined || isSameId(row.vault_id, vault);
        return (type === undefined || isOfType) && (vault === undefined || isOfVault);
    };

/** The tasks of the type that `query` asks for, without those that name another vault. */
export async function operationLogRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions = {},
): Promise<WireOperationLog[]> {
    const isAsked = isTaskAsked(query);
    return allPages(
        async (page) => {
            const answer = await services.client.call(listOpLogs, { target, query: { ...query, ...page }, ...options });
            noteTasks(services, target, answer.operation_logs);
            return { rows: answer.operation_logs, count: answer.count };
        },
        (row) => (isAsked(row) ? row : undefined),
    );
}

/** One task. Throws `NotFoundError` when there is none. */
export async function readOperationLog(
    services: Services,
    target: ProjectRef,
    id: string,
    options: ListOptions = {},
): Promise<WireOperationLog> {
    const path = { operation_log_id: id };
    return (await services.client.call(showOpLog, { target, path, ...options })).operation_log;
}

/**
 * Filters that only Huawei Cloud knows; others answer 9900 to an unknown key. What a region refused once is not asked
 * again. The cloud is only taken for OTC when somebody said so: region names alone prove nothing behind own endpoints.
 */
export function mayFilter(services: Services, target: ProjectRef, filter: "show_replication" | "incremental"): boolean {
    const { cloud } = services.settings;
    if (cloud.value === "otc" && cloud.source === "cbr:cloud") return false;
    return !services.memory.refusedFilters.has(`${target.region} ${filter}`);
}

export function noteRefusedFilter(
    services: Services,
    target: ProjectRef,
    filter: "show_replication" | "incremental",
    error: CbrError,
): boolean {
    if (!(error instanceof ApiError) || error.failure.status !== 400) return false;
    services.memory.refusedFilters.add(`${target.region} ${filter}`);
    return true;
}

/**
 * The incremental backups, which some regions leave out of a list unless asked for them (api-notes: Filter for
 * incremental backups); none where the filter is not known.
 */
export async function incrementalRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions,
): Promise<WireBackup[]> {
    if (!mayFilter(services, target, "incremental")) return [];
    try {
        return await backupRows(services, target, { ...query, incremental: true }, options);
    } catch (error) {
        if (error instanceof ApiError && noteRefusedFilter(services, target, "incremental", error)) return [];
        throw error;
    }
}

export function groupBy<Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key | undefined): Map<Key, Row[]> {
    const groups = new Map<Key, Row[]>();
    for (const row of rows) {
        const key = keyOf(row);
        if (key === undefined) continue;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [row]);
        else group.push(row);
    }
    return groups;
}

/** A list with records. Vendor: only with show_replication=true, which other clouds than Huawei's do not know. */
export function backupRowsWithRecords(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    return withRecords(services, target, query, (asked) => backupRows(services, target, asked, options));
}

/** As `backupRowsWithRecords`; undefined when the list has more than `maxRows` rows. */
export function fewBackupRowsWithRecords(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions & { readonly maxRows: number },
): Promise<WireBackup[] | undefined> {
    return withRecords(services, target, query, (asked) => fewBackupRows(services, target, asked, options));
}

/** Lists with records where the cloud has them. */
export async function withRecords<T>(
    services: Services,
    target: ProjectRef,
    query: Query,
    list: (query: Query) => Promise<T>,
): Promise<T> {
    if (!mayFilter(services, target, "show_replication")) return list(query);
    try {
        return await list({ ...query, show_replication: true });
    } catch (error) {
        if (!(error instanceof ApiError) || !noteRefusedFilter(services, target, "show_replication", error))
            throw error;
        return list(query);
    }
}

/**
 * As `incrementalRows`, with records. Comes after `backupRowsWithRecords`, which finds out whether they may be asked
 * for.
 */
export function incrementalRowsWithRecords(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    const records = mayFilter(services, target, "show_replication") ? { show_replication: true } : {};
    return incrementalRows(services, target, { ...query, ...records }, options);
}

/** Every backup of a vault, also of those that a list leaves out, with its records where there are any. */
export async function allBackupRows(
    services: Services,
    target: ProjectRef,
    vaultId: string,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    const query = { vault_id: vaultId };
    const rows = await backupRowsWithRecords(services, target, query, options);
    const hidden = await incrementalRowsWithRecords(services, target, query, options);
    return [...new Map([...rows, ...hidden].map((row) => [row.id, row])).values()];
}

/** The backup, or undefined when the API says that this very backup does not exist. */
export async function readBackup(
    services: Services,
    target: ProjectRef,
    id: string,
    deadline?: number,
): Promise<WireBackup | undefined> {
    try {
        return (await services.client.call(showBackup, { target, path: { backup_id: id }, deadline })).backup;
    } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        throw error;
    }
}
