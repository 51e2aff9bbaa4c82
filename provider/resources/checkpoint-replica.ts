/** CheckpointReplica: copies of exactly the backups of one restore point, in another region. */
import { z } from "zod";
import { backupsOfCheckpoint, checkpointTopic } from "../backup-lists";
import type { Target } from "../client";
import { type Context, targetOf } from "../context";
import { COPY_BUDGET_MS, findLostCopy } from "../copies";
import { formatDuration } from "../duration";
import { messageOf, NotFoundError, PartialCreateError, UnsureError, WaitFailedError } from "../errors";
import { commonInputs, deadlineOf, type Handler, objectId, takeOver } from "../handler";
import { CLOCK_TOLERANCE_MS, noteInJournal, type PostOptions, postOnce, settleJournal, type Window } from "../once";
import { copyBackup, showCheckpoint, type WireBackup, type WireCheckpoint } from "../operations";
import { preflightCheckpointReplica } from "../preflight";
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
    summed,
    UNSENT,
    UNSURE,
    updateCopies,
} from "../replications";
import { refuseSameRegion } from "./backup-replica";
import { isFinalCheckpoint, isGoneCheckpoint } from "./checkpoint-outputs";

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

export const checkpointReplica: Handler<CheckpointReplicaInputs, CheckpointReplicaOutputs> = {
    kind: "CheckpointReplica",
    inputs: checkpointReplicaInputs,
    outputs: checkpointReplicaOutputs,
    refine: refuseSameRegion,
    preflight: preflightCheckpointReplica,
    same: (key, _id, _olds, value) => (key === "destinationProjectId" && value === undefined ? true : undefined),
    moved: (context, _id, olds) => copiesMoved(context, subject, olds),
    deleteBeforeReplace,
    create,
    update,
    read: (context, id, olds) => readCopies(context, subject, "CheckpointReplica", id, olds),
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
        throw new WaitFailedError("destinationRegion is the source's own region; copies go to another one.");
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
    source: Target,
    id: string,
    deadline: number,
): Promise<{ checkpoint: WireCheckpoint; backups: WireBackup[] }> {
    const look = async () => {
        const checkpoint = await show(context, source, id, deadline);
        if (!isFinalCheckpoint(checkpoint.status)) return { checkpoint, rows: undefined };
        const resources = (checkpoint.vault?.resources ?? []).map((one) => one.id);
        const rows = await backupsOfCheckpoint(context, source, id, resources, { deadline });
        return { checkpoint, rows: rows.some((row) => isRunning(row.status)) ? undefined : rows };
    };
    const first = await look();
    const rows = first.rows ?? (await waitUntilFinished(first.checkpoint));
    const good = rows.filter((row) => row.status === "available");
    const others = rows.filter((row) => row.status !== "available").map((row) => `${row.id} (${row.status})`);
    if (good.length === 0)
        throw new WaitFailedError(
            `restore point ${id} in ${source.region} has no backup that could be copied${others.length === 0 ? "" : `: ${others.join(", ")}`}.`,
        );
    if (others.length > 0)
        context.log.warn(
            `restore point ${id}: not copied, because only available backups can be: ${others.join(", ")}`,
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
            judge: async (listed) => {
                const running = listed?.find((row) => isRunning(row.status));
                if (running !== undefined) return { done: false, status: running.status };
                const seen = await look();
                if (seen.rows === undefined) return { done: false, status: seen.checkpoint.status };
                return { done: true, result: seen.rows };
            },
        });
    }
}

async function show(context: Context, source: Target, id: string, deadline: number): Promise<WireCheckpoint> {
    const path = { checkpoint_id: id };
    try {
        const { checkpoint } = await context.client.call(showCheckpoint, { target: source, path, deadline });
        if (!isGoneCheckpoint(checkpoint.status)) return checkpoint;
    } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
    }
    throw new WaitFailedError(
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
    let { requestedAt } = given;
    await Promise.all(
        missing.map(async (one) => {
            const { backupId } = one;
            try {
                const { recordId, since } = await sendOne(context, given, one, deadline);
                sent.set(backupId, { backupId, replicationRecordId: recordId, status: "waiting_replicate" });
                requestedAt = Math.min(requestedAt, since ?? requestedAt);
            } catch (error) {
                errors.set(backupId, error);
                const status = error instanceof UnsureError ? UNSURE : UNSENT;
                sent.set(backupId, { backupId, status, failReason: messageOf(error) });
            }
        }),
    );
    const replications = given.replications.map((one) => sent.get(one.backupId) ?? one);
    const outputs = summed({ ...given, replications, requestedAt, verified: undefined });
    const open = replications.filter((one) => one.status === UNSENT || one.status === UNSURE);
    const unsure = open.some((one) => one.status === UNSURE);
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
): Promise<Found> {
    const source = { region: outputs.region, projectId: outputs.projectId };
    const { destinationRegion, destinationProjectId, destinationVaultId } = outputs;
    const { backupId } = one;
    const own = ownContext(context, one);
    const once = {
        what: `CopyBackup for backup ${backupId} to ${destinationRegion}`,
        whereToLook: `the replication records of backup ${backupId} and the backups in vault ${destinationVaultId}`,
        deadline,
        region: source.region,
        wish: { backupId, destinationRegion, destinationProjectId, destinationVaultId, triggers: outputs.triggers },
        facts: {},
        send: async (post: PostOptions): Promise<Found> => {
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
        find: (window: Window, facts: Readonly<Record<string, string>>) =>
            findCopy(context, outputs, backupId, window, facts),
    };
    // An earlier request may have had its effect: it is looked for first.
    if (one.status === UNSURE) noteInJournal(own, once, {}, outputs.requestedAt);
    const { how, value, sentAt } = await postOnce<Found, Found>(own, once);
    noteInJournal(own, once, value.recordId === undefined ? {} : { recordId: value.recordId }, sentAt);
    if (how !== "sent")
        context.log.info(
            `the copy of backup ${backupId} was under way already (its answer was lost): not started again`,
        );
    return value;
}

interface Found {
    /** Undefined where the cloud keeps no records. */
    readonly recordId: string | undefined;
    /** Clock time before which the copy did not begin; only for one that was found. */
    readonly since?: number;
}

/** The copy that a lost POST began. */
async function findCopy(
    context: Context,
    outputs: CheckpointReplicaOutputs,
    backupId: string,
    window: Pick<Window, "from">,
    facts: Readonly<Record<string, string>>,
): Promise<Found | undefined> {
    const source = { region: outputs.region, projectId: outputs.projectId };
    const offset = context.client.serverOffsetMs(source.region);
    // One that was left unsure may be older than this run.
    const from = Math.min(window.from, outputs.requestedAt + offset - CLOCK_TOLERANCE_MS);
    const since = from - offset;
    if (facts["recordId"] !== undefined) return { recordId: facts["recordId"], since };
    const request = {
        source,
        sourceVaultId: outputs.sourceVaultId,
        destination: { region: outputs.destinationRegion, projectId: outputs.destinationProjectId },
        destinationVaultId: outputs.destinationVaultId,
    };
    const found = await findLostCopy(context, request, { backupId }, from);
    return found === undefined ? undefined : { recordId: found.recordId, since };
}

async function update(
    context: Context,
    id: string,
    olds: CheckpointReplicaOutputs,
    news: CheckpointReplicaInputs,
): Promise<CheckpointReplicaOutputs> {
    const outputs: CheckpointReplicaOutputs = {
        ...takeOver(olds, news, checkpointReplicaInputs),
        destinationProjectId: olds.destinationProjectId,
    };
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
        const found =
            one.status === UNSURE
                ? await findCopy(context, olds, one.backupId, { from: olds.requestedAt }, {})
                : undefined;
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
