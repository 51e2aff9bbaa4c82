/**
 * Following copies to another region: by the replication records on the source backups where the cloud keeps them; else
 * by the replicas that appear in the destination vault, and the source region's tasks (api-notes: Clouds without
 * records).
 */

import type { ProjectRef } from "../../client/client";
import type { WireBackup, WireOperationLog, WireReplicationRecord } from "../../client/operations";
import { parseInstant } from "../../client/time/timestamps";
import { groupBy, type ListOptions } from "../../reads/backup-lists";
import { type PollSource, shouldFetchById } from "../../reads/poller";
import { noteCopyTask } from "../../reads/task-ids";
import type { Services } from "../../services/context";
import {
    type Copy,
    type CopyQuery,
    type CopyState,
    isFinalCopy,
    isRecordFor,
    replicasIn,
    toRegionClock,
} from "./destination-replicas";
import { sourceBackupsOf } from "./source-backups";
import { namesOfOthers, type OpenCopy, pairReplicas, type SourceLook } from "./without-records/pairing";
import { copyTasks, hasFailed, isTaskOf, startedAt, targetsRegion, taskOf } from "./without-records/tasks";

/** What all that copy out of one project look at. */
export function copyTopic(services: Services, source: ProjectRef): PollSource<CopyQuery, CopyState[]> {
    return {
        key: `copies ${source.region} ${source.projectId}`,
        look: (questions, until) => lookAtCopies(services, source, questions, { priority: "poll", until }),
        refusalEnds: true,
    };
}

/**
 * The states of each question's copies; undefined where its destination could not be asked. Throws when that is so for
 * all.
 */
export async function lookAtCopies(
    services: Services,
    source: ProjectRef,
    questions: readonly CopyQuery[],
    options: ListOptions = { priority: "poll" },
): Promise<(CopyState[] | undefined)[]> {
    const sources = await sourceBackupsOf(services, source).read(questions, options);
    const recordFor = (copy: Copy, question: CopyQuery) =>
        recordOf(sources.get(copy.backupId), copy, question, toRegionClock(services, source.region, question.since));
    const isOpen = (copy: Copy, question: CopyQuery) => !isConclusive(recordFor(copy, question));
    const lacking = questions.filter((question) => question.copies.some((copy) => isOpen(copy, question)));
    const open = lacking.flatMap((question) =>
        question.copies.filter((copy) => isOpen(copy, question)).map((copy) => ({ copy, question })),
    );
    const look = { services, source, options };
    const found = await tasksOfOpen(look, open, sources);
    const { lists, errors } = await replicasFor(services, lacking.filter(mayHaveEnded(services, found)), options);
    const isUnanswered = (question: CopyQuery) => errors.has(vaultKey(question)) && lacking.includes(question);
    if (errors.size > 0 && questions.every(isUnanswered)) throw errors.values().next().value;
    const traces = await tracesOf(look, { ...found, open, sources, lists });
    const states = questions.map((question) =>
        isUnanswered(question)
            ? undefined
            : question.copies.map((copy) => stateOf(copy, recordFor(copy, question), traces.get(copy))),
    );
    noteOwners(services, source, questions, states);
    return states;
}

/** What shows what became of a copy without a record. */
interface CopyEvidence {
    readonly task: WireOperationLog | undefined;
    readonly replica: WireBackup | undefined;
}

/** A record that says `success` and names no replica yet leaves open what a missing one leaves open. */
function isConclusive(record: WireReplicationRecord | undefined): boolean {
    return record !== undefined && (record.status !== "success" || record.destination_backup_id !== undefined);
}

interface Asked {
    readonly copy: Copy;
    readonly question: CopyQuery;
}

/** Tasks of copies without a conclusive record. */
interface FoundTasks {
    readonly logs: readonly WireOperationLog[];
    readonly tasks: ReadonlyMap<Copy, WireOperationLog | undefined>;
}

async function tasksOfOpen(
    look: SourceLook,
    open: readonly Asked[],
    sources: ReadonlyMap<string, WireBackup>,
): Promise<FoundTasks> {
    const { services, source, options } = look;
    if (open.length === 0) return { logs: [], tasks: new Map() };
    const since = toRegionClock(services, source.region, Math.min(...open.map(({ question }) => question.since)));
    const logs = await copyTasks(services, source, { from: since }, options);
    return { logs, tasks: tasksOf(look, { open, sources, logs }) };
}

/**
 * While the task of every open copy runs, their vault is looked at more and more rarely, up to each eighth time: a task
 * may be shown as running for longer than it does.
 */
function mayHaveEnded(services: Services, { tasks }: FoundTasks): (question: CopyQuery) => boolean {
    const told = services.memory.toldByTasks;
    const turns = new Map<string, boolean>();
    const isTurn = (key: string) => {
        const turn = turns.get(key) ?? shouldFetchById((told.get(key) ?? 0) + 1);
        if (!turns.has(key)) told.set(key, (told.get(key) ?? 0) + 1);
        turns.set(key, turn);
        return turn;
    };
    return (question) => {
        if (question.fits !== undefined) return true;
        const open = question.copies.filter((copy) => tasks.has(copy));
        if (open.every((copy) => isRunningTask(tasks.get(copy)))) return isTurn(vaultKey(question));
        return true;
    };
}

function isRunningTask(task: WireOperationLog | undefined): boolean {
    return task !== undefined && task.status !== "success" && !hasFailed(task);
}

interface Evidence extends FoundTasks {
    readonly open: readonly Asked[];
    readonly sources: ReadonlyMap<string, WireBackup>;
    readonly lists: ReadonlyMap<string, readonly WireBackup[]>;
}

/** Task and replica of each copy that no record tells of. */
async function tracesOf(
    look: SourceLook,
    { logs, tasks, open, sources, lists }: Evidence,
): Promise<Map<Copy, CopyEvidence>> {
    const { services, source } = look;
    const owners = services.memory.replicaOwners;
    const paired = new Map<Copy, WireBackup>();
    for (const [key, group] of groupBy(open, ({ question }) => vaultKey(question))) {
        const region = group[0]?.question.destination.region ?? source.region;
        const listed = lists.get(key);
        if (listed === undefined) continue;
        const byId = new Map(listed.map((row) => [row.id, row]));
        for (const { copy } of group) {
            const row = byId.get(nameOf(tasks.get(copy)) ?? "");
            if (row !== undefined) paired.set(copy, row);
        }
        const waiting = group
            .filter(({ copy }) => nameOf(tasks.get(copy)) === undefined)
            .map(
                ({ copy, question }): OpenCopy => ({
                    copy,
                    source: sources.get(copy.backupId),
                    begun: toRegionClock(services, region, question.since),
                    task: tasks.get(copy),
                    isLost: question.fits !== undefined,
                }),
            );
        // What a task names is no guess, nor anybody else's.
        const named = new Set(logs.map(nameOf));
        const rows = listed.filter((row) => !named.has(row.id));
        const isOthers = await namesOfOthers(look, waiting, rows);
        const shift = services.client.serverOffsetMs(region) - services.client.serverOffsetMs(source.region);
        const own = new Set([...tasks.values()].map((task) => task?.id));
        // A backup has one replica a region: its tasks to other regions made none here, and no other's.
        const isOwn = (log: WireOperationLog) =>
            own.has(log.id) ||
            waiting.some((one) => !one.isLost && one.source !== undefined && isTaskOf(log, one.source));
        const foreign = logs.filter((log) => log.status === "success" && targetsRegion(log, region) && !isOwn(log));
        pairReplicas(waiting, rows, { owners, isOthers, foreign, shift }, paired);
    }
    return new Map(open.map(({ copy }) => [copy, { task: tasks.get(copy), replica: paired.get(copy) }]));
}

/** The replica that a task says it makes. */
function nameOf(task: WireOperationLog | undefined): string | undefined {
    return task?.extra_info?.replication?.destination_backup_id;
}

function tasksOf(
    { services, source }: SourceLook,
    { open, sources, logs }: Omit<Evidence, "tasks" | "lists">,
): Map<Copy, WireOperationLog | undefined> {
    const owners = services.memory.taskOwners;
    const places = groupBy(open, ({ copy }) => copy.backupId);
    const ofResource = groupBy(open, ({ copy }) => sources.get(copy.backupId)?.resource_id);
    return new Map(
        open.map(({ copy, question }) => {
            const own = copyKey(copy, question);
            const original = sources.get(copy.backupId);
            const asked = {
                from: toRegionClock(services, source.region, question.since),
                destinationRegion: question.destination.region,
                source: original,
                rivals: new Set(places.get(copy.backupId)?.map((one) => vaultKey(one.question))).size,
                resourceRivals: ofResource.get(original?.resource_id ?? "")?.length ?? 1,
            };
            const mayBeOurs = (log: WireOperationLog) =>
                (owners.get(log.id) ?? own) === own &&
                question.earlier?.has(log.id) !== true &&
                question.fits?.(startedAt(log)) !== false;
            return [copy, taskOf(copy, asked, logs.filter(mayBeOurs))];
        }),
    );
}

/** What has ended is whose it is for good. What was lost is not yet anybody's: whoever takes it waits for it, too. */
function noteOwners(
    services: Services,
    source: ProjectRef,
    questions: readonly CopyQuery[],
    states: readonly (readonly CopyState[] | undefined)[],
): void {
    for (const [at, question] of questions.entries()) {
        if (question.fits !== undefined) continue;
        for (const { status, destinationBackupId, backupId, recordId, taskId } of states[at] ?? []) {
            if (status === "success" && destinationBackupId !== undefined)
                services.memory.replicaOwners.set(destinationBackupId, backupId);
            if (!isFinalCopy(status) || taskId === undefined) continue;
            services.memory.taskOwners.set(taskId, copyKey({ backupId, recordId }, question));
            noteCopyTask(services, source, { taskId, backupId, destinationRegion: question.destination.region });
        }
    }
}

/** `from` is on the source region's clock. */
function recordOf(
    backup: WireBackup | undefined,
    copy: Copy,
    question: CopyQuery,
    from: number,
): WireReplicationRecord | undefined {
    const records = backup?.replication_records ?? [];
    if (copy.recordId !== undefined) return records.find((record) => record.id === copy.recordId);
    return records.find(
        (record) =>
            isRecordFor(record, question.destination, question.destinationVaultId, from) &&
            question.fits?.(parseInstant(record.created_at)) !== false,
    );
}

/** The POST is part of it: the same copy may be asked for again. */
function copyKey({ backupId }: Copy, question: CopyQuery): string {
    return `${backupId} ${vaultKey(question)} ${question.since}`;
}

function vaultKey(question: CopyQuery): string {
    return `${question.destination.region} ${question.destination.projectId} ${question.destinationVaultId}`;
}

/**
 * New replicas, one list a destination vault for all that wait for it. One that cannot be had keeps only its own from
 * being answered.
 */
async function replicasFor(
    services: Services,
    questions: readonly CopyQuery[],
    options: ListOptions,
): Promise<{ lists: Map<string, WireBackup[]>; errors: Map<string, unknown> }> {
    const lists = new Map<string, WireBackup[]>();
    const errors = new Map<string, unknown>();
    for (const [key, group] of groupBy(questions, vaultKey)) {
        const first = group[0];
        if (first === undefined) continue;
        const since = group.reduce((earliest, question) => Math.min(earliest, question.since), first.since);
        const from = toRegionClock(services, first.destination.region, since);
        try {
            lists.set(
                key,
                await replicasIn(services, first.destination, first.destinationVaultId, { ...options, from }),
            );
        } catch (error) {
            errors.set(key, error);
        }
    }
    return { lists, errors };
}

function stateOf(copy: Copy, record: WireReplicationRecord | undefined, traces: CopyEvidence | undefined): CopyState {
    const base = { backupId: copy.backupId, recordId: copy.recordId ?? record?.id };
    if (record === undefined) return { ...base, ...stateByTraces(traces) };
    if (!isConclusive(record)) {
        // The record says that it went well; what it made is not to be seen yet.
        const state = stateByTraces({
            replica: traces?.replica,
            task: hasFailed(traces?.task) ? undefined : traces?.task,
        });
        return { ...base, ...state, status: state.status === "waiting_replicate" ? "replicating" : state.status };
    }
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

/**
 * A task that ended badly made nothing, whatever id it names; the replica that another one names, or that is paired
 * with the copy, tells the rest.
 */
function stateByTraces({ task, replica }: Partial<CopyEvidence> = {}): Omit<CopyState, "backupId" | "recordId"> {
    const common = { progress: task?.extra_info?.common?.progress, taskId: task?.id };
    const failure = { failCode: task?.error_info?.code, failReason: task?.error_info?.message };
    const none = { failCode: undefined, failReason: undefined };
    const nothing = { destinationBackupId: undefined, destinationCheckpointId: undefined };
    if (task !== undefined && hasFailed(task)) {
        if (task.status === "skipped") return { ...common, ...nothing, ...failure, status: "skip" };
        const failReason = failure.failReason ?? `task ${task.id} has status ${task.status}`;
        return { ...common, ...nothing, ...failure, failReason, status: "fail" };
    }
    const named = task?.extra_info?.replication;
    const made = {
        destinationBackupId: replica?.id ?? named?.destination_backup_id,
        destinationCheckpointId: replica?.checkpoint_id ?? named?.destination_checkpoint_id,
    };
    if (replica?.status === "error") {
        const failReason = failure.failReason ?? "the replica has status error";
        return { ...common, ...made, ...failure, failReason, status: "fail" };
    }
    // Named but not listed: the list may lag, and the replica is asked for by its id once the copy has ended.
    const isGood =
        replica === undefined
            ? task?.status === "success" && made.destinationBackupId !== undefined
            : replica.status === "available";
    if (isGood) return { ...common, ...made, ...none, status: "success" };
    const status = task === undefined && replica === undefined ? "waiting_replicate" : "replicating";
    return { ...common, ...made, ...none, status };
}

/**
 * What a failed copy's record does not say of the reason, as the source region's tasks tell it. Best effort: the
 * failure is reported with or without it.
 */
export async function withTaskErrors<T extends Pick<CopyState, "backupId" | "status"> & Reason>(
    services: Services,
    source: ProjectRef,
    question: CopyQuery,
    copies: readonly T[],
): Promise<readonly T[]> {
    const isSilent = (one: T) => one.status === "fail" && one.failCode === undefined && one.failReason === undefined;
    if (!copies.some(isSilent)) return copies;
    const from = toRegionClock(services, source.region, question.since);
    const logs = await copyTasks(services, source, { from }).catch(() => []);
    return copies.map((one) => {
        const backup = sourceBackupsOf(services, source).seen(one.backupId);
        const isItsTask = (log: WireOperationLog) =>
            hasFailed(log) &&
            targetsRegion(log, question.destination.region) &&
            (log.extra_info?.replication?.source_backup_id === one.backupId ||
                (backup !== undefined && isTaskOf(log, backup)));
        const said = isSilent(one) ? logs.find(isItsTask)?.error_info : undefined;
        return said === undefined ? one : { ...one, failCode: said.code, failReason: said.message };
    });
}

interface Reason {
    readonly failCode?: string | undefined;
    readonly failReason?: string | undefined;
}
