/**
 * Following copies to another region: by the replication records on the source backups where the cloud keeps them; else
 * by the replicas that appear in the destination vault, and the source region's tasks (cbr-api §4.3, A5).
 */
import { backupRows, groupBy, MAX_VAULT_LISTS, mayFilter, noteRefusedFilter } from "./backup-lists";
import type { Target } from "./client";
import type { Services } from "./context";
import { copyTasks, isTaskOf, taskOf, taskOwnersOf } from "./copy-tasks";
import { ApiError, NotFoundError } from "./errors";
import { showBackup, type WireBackup, type WireOperationLog, type WireReplicationRecord } from "./operations";
import type { Topic } from "./poller";
import { namesOfOthers, type OpenCopy, ownersOf, pairReplicas } from "./replica-pairing";
import { parseInstant, queryInstant } from "./time";

/** Copies cross a wide area: 6 h. */
export const COPY_BUDGET_MS = 6 * 3_600_000;
/** 30 min. */
export const COPY_DELETE_BUDGET_MS = 30 * 60_000;
/** Up to this many source backups are read one by one, which also shows their records without any filter. */
const SINGLE_READS = 2;
/** A region's clock may run behind what we know of it by this much, in milliseconds. */
const SINCE_SLACK_MS = 5_000;

/** Clock time on the region's clock, and a little earlier. */
function onClockOf(services: Services, region: string, since: number): number {
    const { client } = services;
    return since + client.serverOffsetMs(region) - client.serverOffsetSlackMs(region) - SINCE_SLACK_MS;
}

/** One backup on its way. */
export interface Copy {
    readonly backupId: string;
    /** Undefined when the answer that named it was lost, on a cloud that keeps no records. */
    readonly recordId: string | undefined;
    /** The name asked for; the replica otherwise has a name of the cloud's choice. */
    readonly name?: string | undefined;
}

export interface CopyQuestion {
    readonly copies: readonly Copy[];
    readonly sourceVaultId: string | undefined;
    readonly destination: Target;
    readonly destinationVaultId: string;
    /** Clock time of the POST. */
    readonly since: number;
}

export interface CopyState {
    readonly backupId: string;
    readonly recordId: string | undefined;
    /** The API's word: waiting_replicate, replicating, success, fail, skip. */
    readonly status: string;
    readonly progress: number | undefined;
    readonly destinationBackupId: string | undefined;
    readonly destinationCheckpointId: string | undefined;
    readonly failCode: string | undefined;
    readonly failReason: string | undefined;
    /** The source region's task, where no record says what becomes of the copy. */
    readonly taskId?: string | undefined;
}

const FINAL = new Set(["success", "fail", "skip"]);
export const isFinalCopy = (status: string): boolean => FINAL.has(status);

/** A list with records. Vendor: only with show_replication=true, which other clouds than Huawei's do not know. */
export async function backupRowsWithRecords(
    services: Services,
    target: Target,
    query: { vault_id?: string | undefined },
    options: { priority?: "poll"; deadline?: number } = {},
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

/** What all that copy out of one project look at. */
export function copyTopic(services: Services, source: Target): Topic<CopyQuestion, CopyState[]> {
    return {
        key: `copies ${source.region} ${source.projectId}`,
        look: (questions) => lookAtCopies(services, source, questions),
    };
}

export async function lookAtCopies(
    services: Services,
    source: Target,
    questions: readonly CopyQuestion[],
): Promise<CopyState[][]> {
    const sources = withRemembered(services, questions, await sourceBackups(services, source, questions));
    const atSource = (question: CopyQuestion) => onClockOf(services, source.region, question.since);
    const recordFor = (copy: Copy, question: CopyQuestion) =>
        recordOf(sources.get(copy.backupId), copy, question, atSource(question));
    const lacking = questions.filter((question) =>
        question.copies.some((copy) => recordFor(copy, question) === undefined),
    );
    const replicas = await replicasFor(services, lacking);
    const since = onClockOf(services, source.region, Math.min(...lacking.map((question) => question.since)));
    const logs = lacking.length === 0 ? [] : await copyTasks(services, source, since);
    const taskOwners = taskOwnersOf(services);
    const rivals = groupBy(
        lacking.flatMap((question) => question.copies.map((copy) => ({ copy, place: vaultKey(question) }))),
        ({ copy }) => copy.backupId,
    );
    const taskFor = (copy: Copy, question: CopyQuestion) => {
        const own = copyKey(copy, question);
        const asked = {
            from: atSource(question),
            destinationRegion: question.destination.region,
            source: sources.get(copy.backupId),
            rivals: new Set(rivals.get(copy.backupId)?.map(({ place }) => place)).size,
        };
        return taskOf(
            copy,
            asked,
            logs.filter((log) => (taskOwners.get(log.id) ?? own) === own),
        );
    };
    const owners = ownersOf(services);
    const paired = new Map<Copy, WireBackup>();
    for (const [key, group] of groupBy(lacking, vaultKey)) {
        const open = group.flatMap((question) =>
            question.copies
                .filter((copy) => recordFor(copy, question) === undefined)
                .map(
                    (copy): OpenCopy => ({
                        copy,
                        source: sources.get(copy.backupId),
                        begun: onClockOf(services, question.destination.region, question.since),
                        task: taskFor(copy, question),
                    }),
                ),
        );
        const isOthers = await namesOfOthers(services, source, open, replicas.get(key) ?? []);
        const region = group[0]?.destination.region ?? source.region;
        const shift = services.client.serverOffsetMs(region) - services.client.serverOffsetMs(source.region);
        const own = new Set(questions.flatMap((one) => one.copies.map((copy) => taskFor(copy, one)?.id)));
        // A backup has one replica a region: its tasks to other regions made none here, and no other's.
        const isOwn = (log: WireOperationLog) =>
            own.has(log.id) || open.some((one) => one.source !== undefined && isTaskOf(log, one.source));
        const foreign = logs.filter((log) => log.status === "success" && !isOwn(log));
        pairReplicas(open, replicas.get(key) ?? [], { owners, isOthers, foreign, shift }, paired);
    }
    const states = questions.map((question) =>
        question.copies.map((copy) =>
            stateOf(copy, recordFor(copy, question), paired.get(copy), taskFor(copy, question)),
        ),
    );
    for (const [at, question] of questions.entries())
        for (const { status, destinationBackupId, backupId, recordId, taskId } of states[at] ?? []) {
            if (status === "success" && destinationBackupId !== undefined) owners.set(destinationBackupId, backupId);
            if (isFinalCopy(status) && taskId !== undefined)
                taskOwners.set(taskId, copyKey({ backupId, recordId }, question));
        }
    return states;
}

/** Source backups as they were last seen, by id. */
const seenSources = new WeakMap<object, Map<string, WireBackup>>();

/** A source that is deleted while it is copied takes its records along; what was seen of it before still tells its task and its replica. */
function withRemembered(
    services: Services,
    questions: readonly CopyQuestion[],
    found: ReadonlyMap<string, WireBackup>,
): Map<string, WireBackup> {
    const seen = seenSources.get(services.client) ?? new Map<string, WireBackup>();
    seenSources.set(services.client, seen);
    // The records as they were then would say for ever that the copy runs.
    for (const [id, row] of found) seen.set(id, { ...row, replication_records: undefined });
    const sources = new Map(found);
    for (const { backupId } of questions.flatMap((question) => question.copies)) {
        const row = sources.get(backupId) ?? seen.get(backupId);
        if (row !== undefined) sources.set(backupId, row);
    }
    return sources;
}

async function sourceBackups(
    services: Services,
    source: Target,
    questions: readonly CopyQuestion[],
): Promise<Map<string, WireBackup>> {
    const ids = new Set(questions.flatMap((question) => question.copies.map((copy) => copy.backupId)));
    const found = new Map<string, WireBackup>();
    if (ids.size <= SINGLE_READS) {
        for (const id of ids) {
            try {
                const { backup } = await services.client.call(showBackup, {
                    target: source,
                    path: { backup_id: id },
                    priority: "poll",
                });
                found.set(id, backup);
            } catch (error) {
                // Its records are gone with it, or are not to be read; the destination may still tell, and the others are not to blame.
                const isGone = error instanceof NotFoundError;
                const isRefused = error instanceof ApiError && error.retry === "never" && ids.size > 1;
                if (!isGone && !isRefused) throw error;
            }
        }
        return found;
    }
    const vaults = new Set(questions.map((question) => question.sourceVaultId));
    const lists = vaults.size > MAX_VAULT_LISTS || vaults.has(undefined) ? [undefined] : [...vaults];
    for (const vault of lists) {
        for (const row of await backupRowsWithRecords(services, source, { vault_id: vault }, { priority: "poll" }))
            if (ids.has(row.id)) found.set(row.id, row);
    }
    return found;
}

/** `from` is on the source region's clock. */
function recordOf(
    backup: WireBackup | undefined,
    copy: Copy,
    question: CopyQuestion,
    from: number,
): WireReplicationRecord | undefined {
    const records = backup?.replication_records ?? [];
    if (copy.recordId !== undefined) return records.find((record) => record.id === copy.recordId);
    return records.find((record) => isRecordFor(record, question.destination, question.destinationVaultId, from));
}

/** Is this a record of a copy to that vault, begun not before `from`? */
export function isRecordFor(
    record: WireReplicationRecord,
    destination: Target,
    destinationVaultId: string,
    from: number,
): boolean {
    const begun = parseInstant(record.created_at);
    return (
        (record.destination_region === undefined || record.destination_region === destination.region) &&
        record.destination_vault_id === destinationVaultId &&
        (begun === undefined || begun >= from)
    );
}

/** The POST is part of it: the same copy may be asked for again. */
function copyKey({ backupId }: Copy, question: CopyQuestion): string {
    return `${backupId} ${vaultKey(question)} ${question.since}`;
}

function vaultKey(question: CopyQuestion): string {
    return `${question.destination.region} ${question.destination.projectId} ${question.destinationVaultId}`;
}

/** New replicas, one list a destination vault for all that wait for it. */
async function replicasFor(services: Services, questions: readonly CopyQuestion[]): Promise<Map<string, WireBackup[]>> {
    const lists = new Map<string, WireBackup[]>();
    for (const [key, group] of groupBy(questions, vaultKey)) {
        const first = group[0];
        if (first === undefined) continue;
        const since = group.reduce((earliest, question) => Math.min(earliest, question.since), first.since);
        const from = onClockOf(services, first.destination.region, since);
        lists.set(key, await replicasIn(services, first.destination, first.destinationVaultId, { from }));
    }
    return lists;
}

/** The replicas in a vault, all or those made since `from` (its region's clock). */
export async function replicasIn(
    services: Services,
    destination: Target,
    vaultId: string,
    options: { readonly from?: number; readonly deadline?: number } = {},
): Promise<WireBackup[]> {
    const { from, deadline } = options;
    const query = { vault_id: vaultId, start_time: from === undefined ? undefined : queryInstant(from) };
    // Vendor: a replication vault holds nothing else, and not every cloud says "replication" as their image_type.
    return backupRows(services, destination, query, {
        priority: "poll",
        ...(deadline === undefined ? {} : { deadline }),
    });
}

function stateOf(
    copy: Copy,
    record: WireReplicationRecord | undefined,
    found: WireBackup | undefined,
    task: WireOperationLog | undefined,
): CopyState {
    const base = { backupId: copy.backupId, recordId: copy.recordId ?? record?.id };
    if (record !== undefined) {
        return {
            ...base,
            status: record.status ?? "waiting_replicate",
            progress: record.extra_info?.progress,
            destinationBackupId: record.destination_backup_id,
            destinationCheckpointId: record.destination_checkpoint_id,
            failCode: record.extra_info?.fail_code,
            failReason: record.extra_info?.fail_reason,
        };
    }
    const named = task?.extra_info?.replication;
    const none = {
        progress: task?.extra_info?.common?.progress,
        failCode: undefined,
        failReason: undefined,
        taskId: task?.id,
    };
    if (found !== undefined || named?.destination_backup_id !== undefined) {
        const status = found?.status === "error" ? "fail" : found?.status === "available" ? "success" : "replicating";
        return {
            ...base,
            ...none,
            status,
            destinationBackupId: found?.id ?? named?.destination_backup_id,
            destinationCheckpointId: found?.checkpoint_id ?? named?.destination_checkpoint_id,
            ...(status === "fail"
                ? {
                      failCode: task?.error_info?.code,
                      failReason: task?.error_info?.message ?? "the replica has status error",
                  }
                : {}),
        };
    }
    const nothing = { ...base, ...none, destinationBackupId: undefined, destinationCheckpointId: undefined };
    if (task?.status === "failed" || task?.status === "timeout")
        return {
            ...nothing,
            status: "fail",
            failCode: task.error_info?.code,
            failReason: task.error_info?.message ?? `task ${task.id} has status ${task.status}`,
        };
    if (task?.status === "skipped")
        return { ...nothing, status: "skip", failCode: task.error_info?.code, failReason: task.error_info?.message };
    return { ...nothing, status: task === undefined ? "waiting_replicate" : "replicating" };
}

/** For a copy that the cloud skipped: the replica that is already there. By the record's own id, else by resource and name: one of another name may be a copy of any other backup of the resource. */
export async function existingReplica(
    services: Services,
    source: Target,
    destination: Target,
    destinationVaultId: string,
    state: CopyState,
    name: string | undefined,
    deadline?: number,
): Promise<WireBackup | undefined> {
    if (state.destinationBackupId !== undefined)
        return readBackup(services, destination, state.destinationBackupId, deadline);
    const original = await readBackup(services, source, state.backupId, deadline);
    const named = original?.replication_records?.find(
        (record) => record.destination_region === destination.region && record.destination_backup_id !== undefined,
    );
    if (named?.destination_backup_id !== undefined)
        return readBackup(services, destination, named.destination_backup_id, deadline);
    if (original?.resource_id === undefined) return undefined;
    const listed = await replicasIn(
        services,
        destination,
        destinationVaultId,
        deadline === undefined ? {} : { deadline },
    );
    const owners = ownersOf(services);
    const candidates = listed.filter(
        (row) =>
            row.resource_id === original.resource_id &&
            row.status === "available" &&
            row.name !== undefined &&
            (row.name === name || row.name === original.name) &&
            (owners.get(row.id) ?? original.id) === original.id,
    );
    return candidates.length === 1 ? candidates[0] : undefined;
}

/** Where a request for a copy went, as far as finding it again needs to know. */
export interface CopyRequest {
    readonly source: Target;
    readonly sourceVaultId?: string | undefined;
    readonly destination: Target;
    readonly destinationVaultId: string;
}

export interface FoundCopy {
    /** Undefined where the cloud keeps no records. */
    readonly recordId: string | undefined;
    /** What it is known by where there is no record: its replica, else its task. */
    readonly mark: string | undefined;
    /** Kind of object. */
    readonly providerId: string | undefined;
}

/** The copy that a POST whose answer was lost began at `from` (the source region's clock) or later: by the source's records; where the cloud keeps none, by what its tasks and the destination vault show. */
export async function findLostCopy(
    services: Services,
    request: CopyRequest,
    copy: Pick<Copy, "backupId" | "name">,
    from: number,
): Promise<FoundCopy | undefined> {
    const { source, destination, destinationVaultId } = request;
    const backup = await readBackup(services, source, copy.backupId);
    const providerId = backup?.provider_id;
    const record = backup?.replication_records?.find((one) => isRecordFor(one, destination, destinationVaultId, from));
    if (record !== undefined) return { recordId: record.id, mark: undefined, providerId };
    // Records tell all on a cloud that keeps them; an empty list tells nothing (A5).
    if ((backup?.replication_records?.length ?? 0) > 0) return undefined;
    const since = from - services.client.serverOffsetMs(source.region);
    const copies = [{ ...copy, recordId: undefined }];
    const question = { copies, sourceVaultId: request.sourceVaultId, destination, destinationVaultId, since };
    const [states] = await lookAtCopies(services, source, [question]);
    const state = states?.[0];
    const mark = state?.destinationBackupId ?? state?.taskId;
    return state === undefined || mark === undefined ? undefined : { recordId: state.recordId, mark, providerId };
}

/** The backup, or undefined when the API says that this very backup does not exist. */
export async function readBackup(
    services: Services,
    target: Target,
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
