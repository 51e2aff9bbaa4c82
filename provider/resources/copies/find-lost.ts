/**
 * Copies whose POST was lost: what of records, tasks and replicas may be their effect, and what surely is another
 * one's.
 */

import type { ProjectRef } from "../../client/client";
import { UncertainOutcomeError } from "../../client/errors/errors";
import type { WireBackup, WireOperationLog, WireReplicationRecord } from "../../client/operations";
import { parseInstant } from "../../client/time/timestamps";
import type { TimeWindow } from "../../exactly-once/time-window";
import { allBackupRows, groupBy, readBackup } from "../../reads/backup-lists";
import type { Context } from "../../services/context";
import type { CopyDestination } from "./copy-options";
import { lookAtCopies } from "./copy-status";
import { type Copy, isRecordFor, toRegionClock } from "./destination-replicas";
import { copyTasks, hasFailed, sourceOfTask, startedAt, targetsRegion } from "./without-records/tasks";

/** Where a request for copies went, as far as finding it again needs to know. */
export interface LostRequest {
    /** For messages: `CopyBackup for backup 1234`. */
    readonly what: string;
    readonly source: ProjectRef;
    readonly sourceVaultId?: string | undefined;
    readonly destination: CopyDestination;
    readonly destinationVaultId: string;
    /** As it was sent. */
    readonly autoTrigger?: boolean | undefined;
    readonly window: TimeWindow;
    /** No look follows: what is there by now is all. */
    readonly isLast: boolean;
}

export interface CopyClaim {
    readonly urn: string;
    readonly backupId: string;
    readonly region: string;
    /** Clock time. */
    readonly at: number;
}

/** These copies to a region are the context's own. */
export function claimCopies(context: Context, region: string, copies: readonly Copy[]): void {
    const { urn, memory } = context;
    for (const { recordId, backupId } of copies)
        if (recordId !== undefined) memory.copyClaims.set(recordId, { urn, backupId, region, at: context.clock.now() });
}

function othersClaims(context: Context): [id: string, claim: CopyClaim][] {
    return [...context.memory.copyClaims].filter(([, { urn }]) => urn !== context.urn);
}

/** What state has of the resource that the request is to replace. */
const storedIds = ({ memory, urn }: Context): ReadonlySet<string> => memory.storedIds.get(urn) ?? new Set();

/**
 * Backups that other resources copy by themselves to where the request goes, since then: a run does not take them
 * along.
 */
function claimedBackups(context: Context, { destination }: LostRequest, since: number): Set<string> {
    const recent = othersClaims(context).filter(([, { region, at }]) => region === destination.region && at >= since);
    return new Set(recent.map(([, { backupId }]) => backupId));
}

/**
 * Of several that may be the effect, those that are by their time, and those that are if the region's clock is wrong.
 */
function sorted<T>(rows: readonly T[], window: TimeWindow, begun: (row: T) => number | undefined) {
    const fits = (row: T) => {
        const instant = begun(row);
        return instant === undefined ? "yes" : window.contains(instant);
    };
    return { sure: rows.filter((row) => fits(row) === "yes"), doubtful: rows.filter((row) => fits(row) === "maybe") };
}

const recordBegin = (record: WireReplicationRecord) => parseInstant(record.created_at);
const isBadRecord = (record: WireReplicationRecord) => record.status === "fail" || record.status === "skip";

/** The backup's records that may be the request's. */
function recordsOf(context: Context, request: LostRequest, backup: WireBackup) {
    const others = new Set(othersClaims(context).map(([id]) => id));
    const stored = storedIds(context);
    const records = (backup.replication_records ?? []).filter(
        (record) =>
            isRecordFor(record, request.destination, request.destinationVaultId, Number.NEGATIVE_INFINITY) &&
            !others.has(record.id) &&
            !stored.has(record.id) &&
            (record.extra_info?.auto_trigger !== true || request.autoTrigger === true),
    );
    return sorted(records, request.window, recordBegin);
}

/** The one of a backup's records that is the request's. */
function recordIn(request: LostRequest, records: readonly WireReplicationRecord[]): WireReplicationRecord | undefined {
    // Of a request that took effect late, and was sent again, the second one was skipped.
    const alive = records.filter((record) => !isBadRecord(record));
    if (alive.length > 1)
        throw unsure(request, `${alive.length} copies began at that time: records ${idsOf(alive)}`, "which one it is");
    return alive[0] ?? records[0];
}

const idsOf = (rows: readonly { readonly id: string }[]): string => rows.map((row) => row.id).join(", ");

function unsure({ what }: LostRequest, seen: string, question: string): UncertainOutcomeError {
    return new UncertainOutcomeError(
        `The answer to ${what} was lost, and ${seen}. Nothing was sent again. Look ${question}, then run ` +
            `\`pulumi up\` again.`,
    );
}

function unclear(request: LostRequest, kind: string, rows: readonly { readonly id: string }[]): UncertainOutcomeError {
    return unsure(
        request,
        `${request.source.region} does not tell its time: it may be that of ${kind} ${idsOf(rows)}`,
        "when it began",
    );
}

export interface FoundCopy {
    /** Undefined where the cloud keeps no records. */
    readonly recordId: string | undefined;
    /** What it is known by where there is no record: its replica, else its task. */
    readonly mark: string | undefined;
    /** Kind of object. */
    readonly providerId: string | undefined;
}

/**
 * The copy of one backup: by the source's records; where the cloud keeps none, by what its tasks and the destination
 * vault show.
 */
export async function findLostCopy(
    context: Context,
    request: LostRequest,
    copy: Pick<Copy, "backupId" | "name">,
): Promise<FoundCopy | undefined> {
    const { source, window, isLast } = request;
    const backup = await readBackup(context, source, copy.backupId);
    const providerId = backup?.provider_id;
    if (backup !== undefined) {
        const { sure, doubtful } = recordsOf(context, request, backup);
        const record = recordIn(request, sure);
        if (record !== undefined) return { recordId: record.id, mark: undefined, providerId };
        if (doubtful.length > 0 && isLast) throw unclear(request, "record", doubtful);
    }
    // Records tell all on a cloud that keeps them; an empty list tells nothing (api-notes: Replication records), and a
    // record may yet come.
    const records = backup?.replication_records;
    if (records !== undefined && (records.length > 0 || !isLast)) return undefined;
    const { sourceVaultId, destination, destinationVaultId } = request;
    const since = window.from - context.client.serverOffsetMs(source.region);
    const fits = (instant: number | undefined) => instant === undefined || window.contains(instant) === "yes";
    const copies = [{ ...copy, recordId: undefined }];
    const earlier = storedIds(context);
    const question = { copies, sourceVaultId, destination, destinationVaultId, since, fits, earlier };
    const [states] = await lookAtCopies(context, source, [question]);
    const state = states?.[0];
    const mark = state?.destinationBackupId ?? state?.taskId;
    if (mark !== undefined || state?.recordId !== undefined) return { recordId: state?.recordId, mark, providerId };
    if (isLast && backup !== undefined) await refuseDoubtfulTask(context, request, backup);
    return undefined;
}

async function refuseDoubtfulTask(context: Context, request: LostRequest, backup: WireBackup): Promise<void> {
    const { source, destination, window } = request;
    if (context.client.serverOffsetSlackMs(source.region) === 0) return;
    const tasks = await copyTasks(context, source, { from: window.from });
    const { doubtful } = sorted(tasks, window, startedAt);
    const own = doubtful.filter((task) => sourceOfTask(task, [backup], new Set(), destination) !== undefined);
    if (own.length > 0) throw unclear(request, "task", own);
}

export interface FoundRun {
    readonly copies: readonly Copy[];
    /**
     * Backups that a run takes along, and that have no copy: these copies may be another's, and the run may never have
     * begun.
     */
    readonly missing: readonly string[];
    readonly providerId: string | undefined;
}

/**
 * All copies of a vault's run: records made at that time; where the cloud keeps none, tasks and replicas. Before the
 * last look, only when nothing lacks that a run takes along.
 */
export async function findLostRun(
    context: Context,
    request: LostRequest & { readonly sourceVaultId: string },
): Promise<FoundRun | undefined> {
    const { source, sourceVaultId, isLast } = request;
    const rows = await allBackupRows(context, source, sourceVaultId);
    const keepsRecords = rows.some((row) => (row.replication_records?.length ?? 0) > 0);
    // Where lists have room for records, these come a moment after the run.
    if (!keepsRecords && !isLast && rows.some((row) => row.replication_records !== undefined)) return undefined;
    const run = keepsRecords ? runByRecords(context, request, rows) : await runByTraces(context, request, rows);
    if (run.copies.length === 0) {
        if (isLast && run.doubtful !== undefined) throw run.doubtful;
        return undefined;
    }
    if (run.missing.length > 0 && !isLast) return undefined;
    return { copies: run.copies, missing: run.missing, providerId: rows[0]?.provider_id };
}

/** What was found of a run. */
interface SeenRun {
    readonly copies: readonly Copy[];
    /** Backups that a run takes along, and that have no copy yet. */
    readonly missing: readonly string[];
    /** Nothing is surely of the run, but something may be. */
    readonly doubtful: UncertainOutcomeError | undefined;
}

function isCopied(row: WireBackup): boolean {
    return row.status === "available" && row.image_type !== "replication";
}

function runByRecords(context: Context, request: LostRequest, rows: readonly WireBackup[]): SeenRun {
    const { window, destination } = request;
    const copies: Copy[] = [];
    const missing: string[] = [];
    const doubtful: WireReplicationRecord[] = [];
    for (const row of rows) {
        const records = recordsOf(context, request, row);
        const record = recordIn(request, records.sure);
        doubtful.push(...records.doubtful);
        if (record !== undefined) copies.push({ backupId: row.id, recordId: record.id });
        else if (isCopied(row) && !isLater(row, window) && !hasCopy(row, destination)) missing.push(row.id);
    }
    return {
        copies,
        missing,
        doubtful: doubtful.length === 0 ? undefined : unclear(request, "record", doubtful),
    };
}

/** Was it taken after the request, which then does not take it along? */
function isLater(row: WireBackup, window: TimeWindow): boolean {
    const taken = parseInstant(row.created_at);
    return taken !== undefined && taken > window.from && window.contains(taken) === "no";
}

/** A backup has one replica a region: where one is, or is on its way, a run makes no other. */
function hasCopy(row: WireBackup, destination: ProjectRef): boolean {
    return (row.replication_records ?? []).some(
        (record) => (record.destination_region ?? destination.region) === destination.region && !isBadRecord(record),
    );
}

/** Tasks show the whole run at once, replicas only those copies that are there already. */
async function runByTraces(
    context: Context,
    request: LostRequest & { readonly sourceVaultId: string },
    rows: readonly WireBackup[],
): Promise<SeenRun> {
    const { source, sourceVaultId, destination, destinationVaultId, window } = request;
    const since = window.from - context.client.serverOffsetMs(source.region);
    const others = claimedBackups(context, request, since);
    const stored = storedIds(context);
    const othersRows = rows.filter((row) => others.has(row.id));
    const mine = rows.filter((row) => isCopied(row) && !others.has(row.id) && !isLater(row, window));
    const listed = await copyTasks(context, source, { from: window.from, vaultId: sourceVaultId });
    const tasks = listed.filter((task) => targetsRegion(task, destination.region));
    const free = tasks.filter(
        (task) =>
            !context.memory.taskOwners.has(task.id) &&
            !stored.has(task.id) &&
            sourceOfTask(task, othersRows, new Set(), destination) === undefined,
    );
    const { sure, doubtful } = sorted(free, window, startedAt);
    const found = new Set<string>();
    for (const task of sure) {
        const original = sourceOfTask(task, mine, found, destination);
        if (original !== undefined) found.add(original.id);
    }
    const isHidden = destination.isOtherAccount === true;
    const replicas = isHidden ? [] : await allBackupRows(context, destination, destinationVaultId);
    const from = toRegionClock(context, destination.region, since);
    const isNew = (row: WireBackup) => (parseInstant(row.created_at) ?? from) >= from;
    const isKnown = ({ id }: WireBackup) => context.memory.replicaOwners.has(id) || stored.has(id);
    const fresh = replicas.filter((row) => isNew(row) && !isKnown(row));
    const foreign = tasks.filter((task) => !sure.includes(task) && !hasFailed(task));
    const sourceless: (WireBackup | WireOperationLog)[] = [];
    for (const [resource, group] of groupBy(mine, (row) => row.resource_id)) {
        const made = fresh.filter((row) => row.resource_id === resource);
        const begun = sure.filter((task) => resourceOf(task) === resource);
        const byOthers = foreign.filter((task) => resourceOf(task) === resource).length;
        const count = Math.max(made.length - byOthers, begun.length);
        for (const id of attributed(group, found, made, count)) found.add(id);
        if (count > 0 && !group.some((row) => found.has(row.id))) sourceless.push(...made, ...begun);
    }
    const older = replicas.filter((row) => row.status === "available" && (!isNew(row) || isKnown(row)));
    const left = mine.filter((row) => !found.has(row.id));
    const copies = mine.filter((row) => found.has(row.id)).map((row) => ({ backupId: row.id, recordId: undefined }));
    return { copies, missing: lacking(left, older), doubtful: doubtOf(request, sourceless, doubtful) };
}

function doubtOf(
    request: LostRequest,
    sourceless: readonly { readonly id: string }[],
    timeless: readonly WireOperationLog[],
): UncertainOutcomeError | undefined {
    if (sourceless.length > 0)
        return unsure(
            request,
            `nothing tells of which backups these copies are: ${idsOf(sourceless)}`,
            "whose they are",
        );
    return timeless.length > 0 ? unclear(request, "task", timeless) : undefined;
}

const resourceOf = (task: WireOperationLog) => task.extra_info?.resource?.id;

/**
 * Which of a resource's backups are copied, when so many copies of it began: all if there are so many; else those whose
 * name is no other's.
 */
function attributed(
    backups: readonly WireBackup[],
    found: ReadonlySet<string>,
    made: readonly WireBackup[],
    count: number,
): string[] {
    const left = backups.filter((row) => !found.has(row.id));
    if (count <= backups.length - left.length) return [];
    if (count >= backups.length) return left.map((row) => row.id);
    const isNamed = (one: WireBackup) =>
        made.some((row) => row.name === one.name) && backups.filter((row) => row.name === one.name).length === 1;
    return left.filter(isNamed).map((row) => row.id);
}

/** Without records: of each resource so many more than it had replicas, the newest ones. */
function lacking(left: readonly WireBackup[], older: readonly WireBackup[]): string[] {
    const taken = (row: WireBackup) => parseInstant(row.created_at) ?? 0;
    return [...groupBy(left, (row) => row.resource_id)].flatMap(([resource, group]) => {
        const replicas = older.filter((row) => row.resource_id === resource).length;
        const newest = [...group].sort((a, b) => taken(b) - taken(a));
        return newest.slice(0, Math.max(0, group.length - replicas)).map((row) => row.id);
    });
}
