/** CheckpointReplica: copies of exactly the backups of one restore point, in another region. */
import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import {
    messageOf,
    NotFoundError,
    OperationFailedError,
    PartialCreateError,
    UncertainOutcomeError,
} from "../../client/errors/errors";
import { copyBackup, showCheckpoint, type WireBackup, type WireCheckpoint } from "../../client/operations";
import { formatDuration } from "../../client/time/duration";
import {
    noteInJournal,
    type PostOptions,
    postOnce,
    settleJournal,
    type TimeWindow,
    windowOf,
} from "../../exactly-once/post-once";
import { backupsOfCheckpoint, checkpointTopic } from "../../reads/backup-lists";
import { preflightCheckpointReplica } from "../../resource/preflight";
import { applyInputs, commonInputs, deadlineOf, objectId, type ResourceHandler } from "../../resource/resource";
import { type Context, targetOf } from "../../services/context";
import { isFinalCheckpoint, isGoneCheckpoint } from "../checkpoint/schema";
import { UNLISTED_MS } from "../checkpoint/wait";
import { refuseSameRegion } from "./backup-replica";
import {
    copiesMoved,
    copySetInputs,
    copySetOutputs,
    describeUnbegun,
    finishCopies,
    type Replication,
    readCopies,
    removeCopies,
    type Subject,
    settledCopies,
    UNSENT,
    UNSURE,
    updateCopies,
    upgradeCopySet,
    withTotals,
} from "./copy-set";
import { COPY_BUDGET_MS } from "./destination-replicas";
import { claimCopies, findLostCopy } from "./find-lost";
import { checkpointCopiesKey, copyHolding } from "./holding";

/** A note of a request in doubt is dated no further back than this, in milliseconds: the journal forgets old ones. */
const NOTED_MS = 3_600_000;

export const checkpointReplicaInputs = z.strictObject({
    ...commonInputs,
    /** Restore point whose backups are copied: those that are `available`, once it has finished. Changing it replaces the resource. */
    checkpointId: objectId.meta({ replaces: true }),
    ...copySetInputs,
});
export type CheckpointReplicaInputs = z.output<typeof checkpointReplicaInputs>;

export const checkpointReplicaOutputs = z.object({
    ...checkpointReplicaInputs.shape,
    ...copySetOutputs,
    /** Vault of the restore point. */
    sourceVaultId: z.string().optional(),
});
export type CheckpointReplicaOutputs = z.output<typeof checkpointReplicaOutputs>;

const subject: Subject<CheckpointReplicaOutputs> = {
    name: (outputs) => `restore point ${outputs.checkpointId}`,
    vaultId: (outputs) => outputs.sourceVaultId,
};

export const checkpointReplica: ResourceHandler<CheckpointReplicaInputs, CheckpointReplicaOutputs> = {
    kind: "CheckpointReplica",
    inputs: checkpointReplicaInputs,
    outputs: checkpointReplicaOutputs,
    upgradeState: upgradeCopySet,
    refine: refuseSameRegion,
    preflight: preflightCheckpointReplica,
    isUnchanged: (key, _id, _olds, value) => (key === "destinationProjectId" && value === undefined ? true : undefined),
    needsUpdate: (context, _id, olds) => copiesMoved(context, subject, olds),
    deleteBeforeReplace,
    predictUpdate: (olds, news) => settledCopies(withInputs(olds, news)),
    create,
    update,
    read: (context, id, olds) => readCopies(context, subject, "CheckpointReplica", id, olds),
    holding: (id, outputs) =>
        copyHolding(id, outputs, outputs.replications ?? [], [
            checkpointCopiesKey(outputs.checkpointId, outputs.destinationRegion),
        ]),
    declaredKeys: (inputs) =>
        inputs.checkpointId === undefined || inputs.destinationRegion === undefined
            ? []
            : [checkpointCopiesKey(inputs.checkpointId, inputs.destinationRegion)],
    remove,
};

/** One replica a backup and destination region: the old ones must go before new ones can come. */
function deleteBeforeReplace(olds: CheckpointReplicaOutputs, news: Partial<CheckpointReplicaInputs>): boolean {
    return (
        olds.deletionPolicy === "delete" &&
        news.checkpointId === olds.checkpointId &&
        news.destinationRegion === olds.destinationRegion
    );
}

async function create(context: Context, inputs: CheckpointReplicaInputs) {
    const source = await targetOf(context, inputs);
    if (source.region === inputs.destinationRegion)
        throw new OperationFailedError("destinationRegion is the source's own region; copies go to another one.");
    const destination = await context.client.target(inputs.destinationRegion, inputs.destinationProjectId);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const { checkpoint, backups } = await finishedBackups(context, source, inputs.checkpointId, deadline);
    const outputs: CheckpointReplicaOutputs = {
        ...inputs,
        region: source.region,
        projectId: source.projectId,
        destinationProjectId: destination.projectId,
        replicationRecordIds: [],
        replications: backups
            .map((one): Replication => ({ backupId: one.id, status: UNSENT }))
            .sort((a, b) => (a.backupId < b.backupId ? -1 : 1)),
        destinationBackupIds: [],
        status: "replicating",
        providerId: checkpoint.vault?.provider_id ?? backups[0]?.provider_id,
        sourceRegion: source.region,
        requestedAt: context.clock.now(),
        sourceVaultId: checkpoint.vault?.id,
    };
    return { id: idOf(inputs), outputs: await begin(context, outputs, deadline, finishCopies) };
}

function idOf(inputs: CheckpointReplicaInputs): string {
    return `${inputs.checkpointId}/${inputs.destinationRegion}/${inputs.destinationVaultId}`;
}

const isRunning = (status: string): boolean => status === "protecting" || status === "waiting_protect";

/** The good backups of the restore point, which is waited for: one that still runs would otherwise be left out unseen. */
async function finishedBackups(
    context: Context,
    source: ProjectRef,
    id: string,
    deadline: number,
): Promise<{ checkpoint: WireCheckpoint; backups: WireBackup[] }> {
    let unlistedSince: number | undefined;
    let unlisted: string[] = [];
    const look = async () => {
        const checkpoint = await show(context, source, id, deadline);
        const running = { checkpoint, rows: undefined, status: checkpoint.status };
        if (!isFinalCheckpoint(checkpoint.status)) return running;
        const resources = expectedResources(checkpoint);
        const rows = await backupsOfCheckpoint(context, source, id, resources, { deadline });
        if (rows.some((row) => isRunning(row.status))) return running;
        unlisted = resources.filter((one) => !rows.some((row) => row.resource_id === one));
        if (unlisted.length === 0 && rows.length > 0) return { checkpoint, rows };
        // The list may be a moment late: what it does not show yet would be left out unseen.
        unlistedSince ??= context.clock.now();
        if (context.clock.now() - unlistedSince >= UNLISTED_MS) return { checkpoint, rows };
        return { ...running, status: `${checkpoint.status}, ${rows.length} of ${resources.length} backups listed yet` };
    };
    const first = await look();
    const rows = first.rows ?? (await waitUntilFinished(first.checkpoint));
    const good = rows.filter((row) => row.status === "available");
    const others = rows.filter((row) => row.status !== "available").map((row) => `${row.id} (${row.status})`);
    if (good.length === 0)
        throw new OperationFailedError(
            `restore point ${id} in ${source.region} has no backup that could be copied${others.length === 0 ? "" : `: ${others.join(", ")}`}.`,
        );
    if (others.length > 0)
        context.log.warn(
            `restore point ${id}: not copied, because only available backups can be: ${others.join(", ")}`,
        );
    if (unlisted.length > 0)
        context.log.warn(
            `restore point ${id}: not copied, because no backup of them is listed: ${unlisted.map((one) => `resource ${one}`).join(", ")}`,
        );
    return { checkpoint: first.checkpoint, backups: good };

    function waitUntilFinished(begun: WireCheckpoint): Promise<WireBackup[]> {
        return context.poller.wait({
            topic: checkpointTopic(context, source),
            question: { checkpointId: id, vaultId: begun.vault?.id, createdAt: begun.created_at },
            what: `restore point ${id}, which has to finish before its backups can be copied`,
            deadline,
            onLook: (status, elapsedMs, waiting) =>
                context.log.status(
                    `restore point: ${status}, ${formatDuration(elapsedMs)}${waiting > 1 ? `, ${waiting} waiting` : ""}`,
                ),
            evaluate: async (listed) => {
                const running = listed?.find((row) => isRunning(row.status));
                if (running !== undefined) return { done: false, status: running.status };
                const seen = await look();
                if (seen.rows === undefined) return { done: false, status: seen.status };
                return { done: true, result: seen.rows };
            },
        });
    }
}

/** Each resource that was backed up has a backup. */
function expectedResources(checkpoint: WireCheckpoint): string[] {
    const { resources = [], skipped_resources: skipped = [] } = checkpoint.vault ?? {};
    return resources.map((one) => one.id).filter((id) => !skipped.some((one) => one.id === id));
}

async function show(context: Context, source: ProjectRef, id: string, deadline: number): Promise<WireCheckpoint> {
    const path = { checkpoint_id: id };
    try {
        const { checkpoint } = await context.client.call(showCheckpoint, { target: source, path, deadline });
        if (!isGoneCheckpoint(checkpoint.status)) return checkpoint;
    } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
    }
    throw new OperationFailedError(
        `there is no restore point ${id} in ${source.region}, project ${source.projectId}: check checkpointId, region and projectId.`,
    );
}

/** What comes after the requests. */
type Next = typeof finishCopies<CheckpointReplicaOutputs>;

/**
 * Sends the requests that were surely never sent, each exactly once, then goes on to `next`. A part that was refused
 * keeps the others: they are in the outputs of the error, and `update` sends what is missing.
 */
async function begin(
    context: Context,
    given: CheckpointReplicaOutputs,
    deadline: number,
    next: Next,
): Promise<CheckpointReplicaOutputs> {
    const id = idOf(given);
    const missing = given.replications.filter((one) => one.status === UNSENT || one.status === UNSURE);
    const errors = new Map<string, unknown>();
    const sent = new Map<string, Replication>();
    const times: number[] = [];
    await Promise.all(
        missing.map(async (one) => {
            const { backupId } = one;
            try {
                const { recordId, since } = await sendOne(context, given, one, deadline);
                sent.set(backupId, { backupId, replicationRecordId: recordId, status: "waiting_replicate" });
                times.push(since);
            } catch (error) {
                errors.set(backupId, error);
                const failReason = messageOf(error);
                // Who no longer waits for an answer does not know, either.
                if (error instanceof UncertainOutcomeError || context.signal.aborted)
                    sent.set(backupId, { backupId, status: UNSURE, failReason, unsureAt: context.clock.now() });
                else sent.set(backupId, { backupId, status: UNSENT, failReason });
            }
        }),
    );
    const replications = given.replications.map((one) => sent.get(one.backupId) ?? one);
    const open = replications.filter((one) => one.status === UNSENT || one.status === UNSURE);
    const unsure = open.some((one) => one.status === UNSURE);
    // What began before, or may have begun at any time of this run, has no later beginning.
    const isFirst = !unsure && given.replications.every((one) => one.status === UNSENT);
    const requestedAt = isFirst && times.length > 0 ? Math.min(...times) : Math.min(given.requestedAt, ...times);
    const outputs = withTotals({ ...given, replications, requestedAt, verified: undefined });
    // Nothing began, and surely so: there is nothing to keep.
    if (open.length === replications.length && !unsure) throw errors.values().next().value;
    try {
        if (unsure || (open.length > 0 && outputs.onPartialFailure !== "warn")) {
            const begun = replications.length - open.length;
            throw new PartialCreateError(id, outputs, [
                `replication of restore point ${outputs.checkpointId} to ${outputs.destinationRegion}: ${begun} of ${replications.length} copies began; ${open.map(describeUnbegun).join("; ")}. Run \`pulumi up\` again: it sends what is missing, and waits for the rest.`,
            ]);
        }
        return await next(context, subject, id, outputs, deadline);
    } finally {
        for (const one of missing) await settleJournal(ownContext(context, one), outputs.region);
    }
}

/** Each copy has its own entry in the journal. */
function ownContext(context: Context, one: Replication): Context {
    return { ...context, urn: `${context.urn}|${one.backupId}` };
}

async function sendOne(
    context: Context,
    outputs: CheckpointReplicaOutputs,
    one: Replication,
    deadline: number,
): Promise<Begun> {
    const source = { region: outputs.region, projectId: outputs.projectId };
    const { destinationRegion, destinationProjectId, destinationVaultId } = outputs;
    const { backupId } = one;
    const own = ownContext(context, one);
    const once = {
        what: `CopyBackup for backup ${backupId} to ${destinationRegion}`,
        whereToLook: `the replication records of backup ${backupId} and the backups in vault ${destinationVaultId}`,
        deadline,
        region: source.region,
        request: { backupId, destinationRegion, destinationProjectId, destinationVaultId, triggers: outputs.triggers },
        facts: {},
        send: async (post: PostOptions): Promise<{ recordId: string }> => {
            const { replication } = await context.client.call(copyBackup, {
                target: source,
                path: { backup_id: backupId },
                body: {
                    replicate: {
                        destination_project_id: destinationProjectId,
                        destination_region: destinationRegion,
                        destination_vault_id: destinationVaultId,
                    },
                },
                ...post,
            });
            return { recordId: replication.replication_record_id };
        },
        find: (window: TimeWindow, facts: Readonly<Record<string, string>>, isLast: boolean) =>
            findCopy(context, outputs, one, window, facts, isLast),
    };
    // An earlier request may have had its effect: it is looked for first, however long ago that was.
    const since = Math.max(outputs.requestedAt, context.clock.now() - NOTED_MS);
    if (one.status === UNSURE) noteInJournal(own, once, {}, since);
    const outcome = await postOnce<{ recordId: string }, Begun>(own, once);
    const { recordId } = outcome.value;
    noteInJournal(own, once, recordId === undefined ? {} : { recordId }, outcome.sentAt);
    claimCopies(context, destinationRegion, [{ backupId, recordId }]);
    if (outcome.how === "sent") return { recordId, since: outcome.sentAt };
    context.log.info(`the copy of backup ${backupId} was under way already (its answer was lost): not started again`);
    return outcome.value;
}

interface Begun {
    /** Undefined where the cloud keeps no records. */
    readonly recordId: string | undefined;
    /** Clock time before which the copy did not begin. */
    readonly since: number;
}

/** The copy that a lost POST began. */
async function findCopy(
    context: Context,
    outputs: CheckpointReplicaOutputs,
    one: Replication,
    posted: TimeWindow | undefined,
    facts: Readonly<Record<string, string>>,
    isLast: boolean,
): Promise<Begun | undefined> {
    const { backupId } = one;
    const { sourceVaultId, destinationRegion, destinationVaultId } = outputs;
    const source = { region: outputs.region, projectId: outputs.projectId };
    const destination = { region: destinationRegion, projectId: outputs.destinationProjectId };
    const window = windowFor(context, outputs, one, posted);
    const since = window.from - context.client.serverOffsetMs(source.region);
    if (facts["recordId"] !== undefined) return { recordId: facts["recordId"], since };
    const what = `CopyBackup for backup ${backupId} to ${destinationRegion}`;
    const request = { what, source, sourceVaultId, destination, destinationVaultId, window, isLast };
    const found = await findLostCopy(context, request, { backupId });
    return found === undefined ? undefined : { recordId: found.recordId, since };
}

/** One that was left unsure may have been sent at any time of its run, or just now. */
function windowFor(
    context: Context,
    outputs: CheckpointReplicaOutputs,
    one: Replication,
    posted: TimeWindow | undefined,
): TimeWindow {
    if (one.status !== UNSURE && posted !== undefined) return posted;
    const { client, clock } = context;
    const before = windowOf(client, outputs.region, outputs.requestedAt, one.unsureAt ?? clock.now());
    if (posted === undefined) return before;
    return {
        from: Math.min(before.from, posted.from),
        contains: (instant) => {
            const fits = [before.contains(instant), posted.contains(instant)];
            return fits.includes("yes") ? "yes" : fits.includes("maybe") ? "maybe" : "no";
        },
    };
}

/** Old facts, new inputs. */
function withInputs(olds: CheckpointReplicaOutputs, news: CheckpointReplicaInputs): CheckpointReplicaOutputs {
    return {
        ...applyInputs(olds, news, checkpointReplicaInputs),
        destinationProjectId: olds.destinationProjectId,
    };
}

async function update(
    context: Context,
    id: string,
    olds: CheckpointReplicaOutputs,
    news: CheckpointReplicaInputs,
): Promise<CheckpointReplicaOutputs> {
    const outputs = withInputs(olds, news);
    const missing = outputs.replications.filter((one) => one.status === UNSENT || one.status === UNSURE);
    if (missing.length === 0) return updateCopies(context, subject, id, outputs);
    context.log.info(
        `sending ${missing.length} of ${outputs.replications.length} copy requests, which did not begin before`,
    );
    const deadline = deadlineOf(context, news, "update", COPY_BUDGET_MS);
    try {
        return await begin(context, outputs, deadline, (_context, _subject, _id, begun) =>
            updateCopies(context, subject, id, begun),
        );
    } catch (error) {
        throw error instanceof PartialCreateError
            ? error
            : new PartialCreateError(id, outputs, [messageOf(error)], { cause: error });
    }
}

async function remove(context: Context, id: string, olds: CheckpointReplicaOutputs): Promise<void> {
    if (olds.deletionPolicy !== "delete") return removeCopies(context, subject, id, olds);
    // What may have begun leaves a replica, too.
    const replications: Replication[] = [];
    for (const one of olds.replications) {
        const found = one.status === UNSURE ? await findCopy(context, olds, one, undefined, {}, true) : undefined;
        if (found === undefined) replications.push(one);
        else
            replications.push({
                backupId: one.backupId,
                replicationRecordId: found.recordId,
                status: "waiting_replicate",
            });
    }
    return removeCopies(context, subject, id, { ...olds, replications });
}
