/** Lists of backups and tasks: in pages, for one checkpoint, and for all that wait at once. */
import type { ProjectRef } from "../client/client";
import { ApiError, type CbrError, NotFoundError } from "../client/errors/errors";
import type { Priority } from "../client/http/rate-limiter";
import {
    listBackups,
    listOpLogs,
    type Query,
    showBackup,
    type WireBackup,
    type WireOperationLog,
} from "../client/operations";
import { parseInstant, queryInstant } from "../client/time/timestamps";
import type { Services } from "../services/context";
import { allPages } from "./paging";
import type { PollSource } from "./poller";

/** From more vaults than this on, one list of the whole region is cheaper than one a vault. */
export const MAX_VAULT_LISTS = 4;

/** A list from the time of creation on begins this much earlier, in milliseconds: the list's clock and the answer's may differ. */
const LIST_SLACK_MS = 5_000;

export interface ListOptions {
    readonly deadline?: number | undefined;
    readonly until?: number | undefined;
    readonly priority?: Priority;
}

/** Filters by id whose value each row repeats. */
const ID_FILTERS = ["checkpoint_id", "vault_id", "resource_id", "parent_id"] as const;

/**
 * Does the row name what was asked for? A cloud that does not heed a filter must not pass off other backups as these:
 * they may be adopted, judged and deleted. One that names nothing is none of them.
 */
const namesAsked = (query: Query) => (row: WireBackup) =>
    ID_FILTERS.every((key) => query[key] === undefined || isSameId(row[key], query[key]));

/** Clouds may repeat an id in the letters in which they were given it. */
const isSameId = (named: string | undefined, asked: unknown): boolean =>
    named?.toLowerCase() === String(asked).toLowerCase();

/** The backups that name what `query` asks for, all pages. */
export async function backupRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    const rows = await allPages(backupPage(services, target, query, options));
    return (rows ?? []).filter(namesAsked(query));
}

/** As `backupRows`; undefined when that would take more than `maxPages` requests. */
export async function fewBackupRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    maxPages: number,
): Promise<WireBackup[] | undefined> {
    const rows = await allPages(backupPage(services, target, query, {}), maxPages);
    return rows?.filter(namesAsked(query));
}

function backupPage(services: Services, target: ProjectRef, query: Query, options: ListOptions) {
    return async (page: { limit: number; offset: number }) => {
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
    const rows = await allPages(async (page) => {
        const answer = await services.client.call(listOpLogs, { target, query: { ...query, ...page }, ...options });
        return { rows: answer.operation_logs, count: answer.count };
    });
    return (rows ?? []).filter(isTaskAsked(query));
}

/**
 * Filters that only Huawei Cloud knows; others answer 9900 to an unknown key. What a region refused once is not asked
 * again. The cloud is only taken for OTC when somebody said so: region names alone prove nothing behind own endpoints.
 */
const refusedFilters = new WeakMap<object, Set<string>>();

export function mayFilter(services: Services, target: ProjectRef, filter: "show_replication" | "incremental"): boolean {
    const { cloud } = services.settings;
    if (cloud.value === "otc" && cloud.source === "cbr:cloud") return false;
    return !(refusedFilters.get(services.client)?.has(`${target.region} ${filter}`) ?? false);
}

export function noteRefusedFilter(
    services: Services,
    target: ProjectRef,
    filter: "show_replication" | "incremental",
    error: CbrError,
): boolean {
    if (!(error instanceof ApiError) || error.failure.status !== 400) return false;
    const refused = refusedFilters.get(services.client) ?? new Set();
    refused.add(`${target.region} ${filter}`);
    refusedFilters.set(services.client, refused);
    return true;
}

/**
 * Every backup of one checkpoint. Vendor: some regions may hide incremental backups unless asked for (A4): when
 * fewer resources are seen than `expected`, Huawei Cloud is asked again with `incremental=true`.
 */
export async function backupsOfCheckpoint(
    services: Services,
    target: ProjectRef,
    checkpointId: string,
    expected: readonly string[],
    options: ListOptions = {},
): Promise<WireBackup[]> {
    const query = { checkpoint_id: checkpointId };
    const own = await backupRows(services, target, query, options);
    const seen = new Set(own.map((row) => row.resource_id));
    if (expected.every((id) => seen.has(id))) return own;
    return [...own, ...(await hiddenRows(services, target, query, own, options))];
}

/** As the list shows them; where it shows none, those that it hides. */
async function rowsOfOne(
    services: Services,
    target: ProjectRef,
    checkpointId: string,
    options: ListOptions,
): Promise<WireBackup[]> {
    const query = { checkpoint_id: checkpointId };
    const own = await backupRows(services, target, query, options);
    return own.length > 0 ? own : hiddenRows(services, target, query, own, options);
}

/** The incremental backups, which some regions leave out of a list unless asked for them (A4); none where the filter is not known. */
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

/** What a list shows only when asked for incremental backups, as far as `shown` does not have it. */
async function hiddenRows(
    services: Services,
    target: ProjectRef,
    query: Query,
    shown: readonly WireBackup[],
    options: ListOptions,
): Promise<WireBackup[]> {
    const known = new Set(shown.map((row) => row.id));
    return (await incrementalRows(services, target, query, options)).filter((row) => !known.has(row.id));
}

export interface CheckpointQuestion {
    readonly checkpointId: string;
    readonly vaultId: string | undefined;
    /** As the API said it. */
    readonly createdAt: string | undefined;
}

/**
 * The backups of many checkpoints in one list: from the creation of the oldest on, of one vault if all are of one. A
 * single checkpoint is asked for by its id.
 */
export async function backupsOfCheckpoints(
    services: Services,
    target: ProjectRef,
    questions: readonly CheckpointQuestion[],
    options: ListOptions = {},
): Promise<(WireBackup[] | undefined)[]> {
    const first = questions[0];
    if (first === undefined) return [];
    const instants = questions.map((question) => parseInstant(question.createdAt));
    const alone = questions.length === 1;
    // The few whose time is not known must not cost all others their list.
    const single = new Map<string, WireBackup[]>();
    for (const [at, { checkpointId }] of questions.entries()) {
        if (!alone && instants[at] !== undefined) continue;
        single.set(checkpointId, await rowsOfOne(services, target, checkpointId, options));
    }
    if (questions.every(({ checkpointId }) => single.has(checkpointId)))
        return questions.map((question) => single.get(question.checkpointId));
    const oldest = instants.reduce<number>(
        (least, instant) => Math.min(least, instant ?? least),
        Number.POSITIVE_INFINITY,
    );
    const oneVault = questions.every((question) => question.vaultId === first.vaultId) ? first.vaultId : undefined;
    const query = { start_time: queryInstant(oldest - LIST_SLACK_MS), vault_id: oneVault };
    const rows = await backupRows(services, target, query, options);
    const shown = new Set(rows.map((row) => row.checkpoint_id));
    const isComplete = questions.every(({ checkpointId }) => single.has(checkpointId) || shown.has(checkpointId));
    const hidden = isComplete ? [] : await hiddenRows(services, target, query, rows, options);
    const byCheckpoint = groupBy([...rows, ...hidden], (row) => row.checkpoint_id);
    return questions.map(({ checkpointId }) => single.get(checkpointId) ?? byCheckpoint.get(checkpointId));
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

/** What all that wait for checkpoints in one project look at. */
export function checkpointTopic(services: Services, target: ProjectRef): PollSource<CheckpointQuestion, WireBackup[]> {
    return {
        key: `checkpoints ${target.region} ${target.projectId}`,
        look: (questions, until) => backupsOfCheckpoints(services, target, questions, { priority: "poll", until }),
    };
}

/** A list with records. Vendor: only with show_replication=true, which other clouds than Huawei's do not know. */
export async function backupRowsWithRecords(
    services: Services,
    target: ProjectRef,
    query: Query,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    if (!mayFilter(services, target, "show_replication")) return backupRows(services, target, query, options);
    try {
        return await backupRows(services, target, { ...query, show_replication: true }, options);
    } catch (error) {
        if (!(error instanceof ApiError) || !noteRefusedFilter(services, target, "show_replication", error))
            throw error;
        return backupRows(services, target, query, options);
    }
}

/** As `incrementalRows`, with records. Comes after `backupRowsWithRecords`, which finds out whether they may be asked for. */
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
