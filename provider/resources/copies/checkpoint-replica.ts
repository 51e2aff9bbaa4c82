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
import { showCheckpoint, type WireBackup, type WireCheckpoint } from "../../client/operations";
import { holdingNotes } from "../../exactly-once/post-once";
import { abandonNotes, type StoredOutcome } from "../../exactly-once/settle-notes";
import { windowOf } from "../../exactly-once/time-window";
import { backupsOfCheckpoint, checkpointTopic } from "../../reads/checkpoint-lists";
import { showProgress } from "../../reads/poller";
import { keepingId } from "../../resource/keep-id";
import { paced } from "../../resource/paced";
import { preflightCheckpointReplica } from "../../resource/preflight";
import { commonInputs, deadlineOf, objectId, type ResourceHandler } from "../../resource/resource";
import { refuseSameRegion } from "../../resource/same-region";
import type { Context } from "../../services/context";
import { isFinalCheckpoint, isGoneCheckpoint } from "../checkpoint/schema";
import { UNLISTED_MS } from "../checkpoint/wait";
import { adoptSome, ownReplicas, preflightAdopted, refuseOwnPlace } from "./adopt-replicas";
import { type CopyOutcome, type CopyRequest, findCopy, sendCopy } from "./copy-backup";
import {
    copyRun,
    copyRunInputs,
    copyRunOutputs,
    describeUnbegun,
    hasEnded,
    readCopyRun,
    removeCopyRun,
    upgradeCopyRun,
    withTotals,
} from "./copy-run";
import {
    copiesMoved,
    destinationOf,
    finishCopies,
    isSettled,
    isUnchangedProject,
    placeOutputs,
    placesOf,
    updateCopies,
    withInputs,
} from "./copy-set";
import { hasBegun, type Replication, UNSENT, UNSURE } from "./copy-state";
import { COPY_BUDGET_MS } from "./destination-replicas";
import { checkpointCopiesKey, copyHolding } from "./holding";

export const checkpointReplicaInputs = z.strictObject({
    ...commonInputs,
    /** Restore point whose backups are copied: those that are `available`, once it has finished. Changing it replaces the resource. */
    checkpointId: objectId.meta({ replaces: true }),
    ...copyRunInputs,
    /** Ids of existing replicas of the backups to manage instead of copying these: `deletionPolicy` applies to them. Backups without one are copied. Leaving it out later changes nothing. Changing it replaces the resource. */
    adopt: z
        .array(objectId)
        .min(1, "must name at least one replica; leave it out to copy")
        .optional()
        .meta({ replaces: true }),
});
export type CheckpointReplicaInputs = z.output<typeof checkpointReplicaInputs>;

export const checkpointReplicaOutputs = z.object({
    ...checkpointReplicaInputs.shape,
    ...copyRunOutputs,
    /** Vault of the restore point. */
    sourceVaultId: z.string().optional(),
});
export type CheckpointReplicaOutputs = z.output<typeof checkpointReplicaOutputs>;

const withNewInputs = withInputs<CheckpointReplicaOutputs>(checkpointReplicaInputs);
const set = copyRun<CheckpointReplicaOutputs>(
    "CheckpointReplica",
    (outputs) => `restore point ${outputs.checkpointId}`,
    (outputs) => outputs.sourceVaultId,
);

export const checkpointReplica: ResourceHandler<CheckpointReplicaInputs, CheckpointReplicaOutputs> = paced({
    kind: "CheckpointReplica",
    inputs: checkpointReplicaInputs,
    outputs: checkpointReplicaOutputs,
    upgradeState: upgradeCopyRun,
    refine: refuseSameRegion,
    preflight: async (context, inputs) => [
        ...(await preflightCheckpointReplica(context, inputs)),
        ...(inputs.adopt === undefined ? [] : await preflightAdopted(context, inputs)),
    ],
    isUnchanged,
    refuseReplacement: (_id, olds, { adopt }, replaces) => refuseOwnPlace(ownReplicas(olds), adopt, replaces),
    idOf,
    isSettled: (outputs) => isSettled(set, outputs),
    withInputs: withNewInputs,
    needsUpdate: (context, _id, olds) => copiesMoved(context, set, olds),
    deleteBeforeReplace,
    create,
    update,
    read: (context, id, olds) => readCopyRun(context, set, id, olds),
    holding: (id, outputs) =>
        copyHolding(id, outputs, outputs.replications ?? [], [
            checkpointCopiesKey(outputs.checkpointId, outputs.destinationRegion),
        ]),
    declaredKeys: (inputs) =>
        inputs.checkpointId === undefined || inputs.destinationRegion === undefined
            ? []
            : [checkpointCopiesKey(inputs.checkpointId, inputs.destinationRegion), ...(inputs.adopt ?? [])],
    remove,
    storedOutcome,
});

/** Each copy has its own request, and its own note: state has the outcome of those that have begun. */
function storedOutcome(id: string, outputs: Partial<CheckpointReplicaOutputs>): StoredOutcome {
    const { replications = [], requestedAt } = outputs;
    const parts = new Map(replications.filter(hasBegun).map((one) => [one.backupId, one.replicationRecordId]));
    return { id, parts, begun: { at: requestedAt, clock: "machine" } };
}

/** Replicas to adopt that this resource has already are no change, nor is it to leave them out. */
function isUnchanged(
    key: keyof CheckpointReplicaInputs,
    id: string,
    olds: CheckpointReplicaOutputs,
    value: unknown,
): boolean | undefined {
    if (key !== "adopt") return isUnchangedProject(key, id, olds, value);
    return value === undefined || (Array.isArray(value) && value.every((one) => ownReplicas(olds).includes(one)));
}

/** One replica a backup and destination region: the old ones must go before new ones can come. */
function deleteBeforeReplace(olds: CheckpointReplicaOutputs, news: Partial<CheckpointReplicaInputs>): boolean {
    return (
        olds.deletionPolicy === "delete" &&
        news.adopt === undefined &&
        news.checkpointId === olds.checkpointId &&
        news.destinationRegion === olds.destinationRegion
    );
}

async function create(context: Context, inputs: CheckpointReplicaInputs) {
    const places = await placesOf(context, inputs);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const { checkpoint, backups } = await finishedBackups(context, places.source, inputs.checkpointId, deadline);
    const id = idOf(inputs);
    const place = { destination: places.destination, destinationVaultId: inputs.destinationVaultId };
    const asked = { ids: inputs.adopt ?? [], backupIds: backups.map((one) => one.id) };
    const adopted = await adoptSome(context, places.source, place, asked);
    const outputs: CheckpointReplicaOutputs = {
        ...inputs,
        ...placeOutputs(places),
        replicationRecordIds: [],
        replications: backups
            .map((one): Replication => adopted.get(one.id) ?? { backupId: one.id, status: UNSENT })
            .sort((a, b) => (a.backupId < b.backupId ? -1 : 1)),
        destinationBackupIds: [],
        status: "replicating",
        providerId: checkpoint.vault?.provider_id ?? backups[0]?.provider_id,
        requestedAt: context.clock.now(),
        sourceVaultId: checkpoint.vault?.id,
    };
    await abandonNotes(context, ({ part }) => backups.some((one) => one.id === part));
    const finish = (begun: CheckpointReplicaOutputs) => finishCopies(context, set, { id, outputs: begun, deadline });
    if (adopted.size === backups.length) return { id, outputs: await finish(withTotals(outputs)) };
    return { id, outputs: await begin(context, outputs, deadline, finish) };
}

function idOf(
    inputs: Pick<CheckpointReplicaInputs, "checkpointId" | "destinationRegion" | "destinationVaultId">,
): string {
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
            onLook: (status, ...rest) =>
                showProgress(context.log, "restore points that are waited for")(`restore point: ${status}`, ...rest),
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
type Next = (begun: CheckpointReplicaOutputs) => Promise<CheckpointReplicaOutputs>;

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
    const { outcomes, sent, errors } = await sendMissing(context, given, deadline);
    const replications = given.replications.map((one) => sent.get(one.backupId) ?? one);
    const open = replications.filter((one) => one.status === UNSENT || one.status === UNSURE);
    const unsure = open.some((one) => one.status === UNSURE);
    // What began before, or may have begun at any time of this run, has no later beginning.
    const isFirst = !unsure && given.replications.every((one) => one.status === UNSENT);
    const times = outcomes.map((one) => one.value.since ?? one.sentAt);
    const requestedAt = isFirst && times.length > 0 ? Math.min(...times) : Math.min(given.requestedAt, ...times);
    const outputs = withTotals({ ...given, replications, requestedAt, verified: undefined });
    // Nothing began, and surely so: there is nothing to keep.
    if (open.length === replications.length && !unsure) throw errors[0];
    return holdingNotes(context, outcomes, hasEnded, async () => {
        if (unsure || (open.length > 0 && outputs.onPartialFailure !== "warn")) {
            const begun = replications.length - open.length;
            throw new PartialCreateError(id, outputs, [
                `replication of restore point ${outputs.checkpointId} to ${outputs.destinationRegion}: ${begun} of ${replications.length} copies began; ${open.map(describeUnbegun).join("; ")}. Run \`pulumi up\` again: it sends what is missing, and waits for the rest.`,
            ]);
        }
        return await next(outputs);
    });
}

/** Sends each request that surely was not sent, or may not have been; `sent` is by backup id. */
async function sendMissing(context: Context, given: CheckpointReplicaOutputs, deadline: number) {
    const outcomes: CopyOutcome[] = [];
    const sent = new Map<string, Replication>();
    const errors: unknown[] = [];
    const sendAndNote = async (one: Replication) => {
        const { backupId } = one;
        try {
            const outcome = await sendOne(context, given, one, deadline);
            outcomes.push(outcome);
            sent.set(backupId, {
                backupId,
                replicationRecordId: outcome.value.recordId,
                status: outcome.value.isThere === true ? "skip" : "waiting_replicate",
                ...(outcome.isProven ? {} : { unproven: true }),
            });
        } catch (error) {
            errors.push(error);
            const failReason = messageOf(error);
            // Who no longer waits for an answer does not know, either.
            if (error instanceof UncertainOutcomeError || context.signal.aborted)
                sent.set(backupId, { backupId, status: UNSURE, failReason, unsureAt: context.clock.now() });
            else sent.set(backupId, { backupId, status: UNSENT, failReason });
        }
    };
    const missing = given.replications.filter((one) => one.status === UNSENT || one.status === UNSURE);
    await Promise.all(missing.map(sendAndNote));
    return { outcomes, sent, errors };
}

function sendOne(
    context: Context,
    outputs: CheckpointReplicaOutputs,
    one: Replication,
    deadline: number,
): Promise<CopyOutcome> {
    const { backupId } = one;
    const { destinationRegion, destinationProjectId, destinationVaultId, triggers } = outputs;
    const how = {
        deadline,
        part: backupId,
        request: { backupId, destinationRegion, destinationProjectId, destinationVaultId, triggers },
        // An earlier request may have had its effect: it is looked for first, however long ago that was.
        doubted: one.status === UNSURE ? doubtedSpan(context, outputs, one) : undefined,
    };
    return sendCopy(context, copyOf(outputs, backupId), how, ({ recordId }) => ({
        recordId,
        resourceId: idOf(outputs),
        resumed: `the copy of backup ${backupId} was under way already (its answer was lost): not started again`,
    }));
}

function copyOf(outputs: CheckpointReplicaOutputs, backupId: string): CopyRequest {
    const { region, projectId, sourceVaultId, destinationVaultId } = outputs;
    return {
        source: { region, projectId },
        sourceVaultId,
        backupId,
        destination: destinationOf(outputs),
        destinationVaultId,
    };
}

/** One that was left unsure may have been sent at any time of its run. */
function doubtedSpan({ clock }: Context, { requestedAt }: CheckpointReplicaOutputs, one: Replication) {
    return { from: requestedAt, to: one.unsureAt ?? clock.now() };
}

async function update(
    context: Context,
    id: string,
    olds: CheckpointReplicaOutputs,
    news: CheckpointReplicaInputs,
): Promise<CheckpointReplicaOutputs> {
    const outputs = withNewInputs(olds, news);
    const missing = outputs.replications.filter((one) => one.status === UNSENT || one.status === UNSURE);
    if (missing.length === 0) return updateCopies(context, set, id, outputs);
    context.log.info(
        `sending ${missing.length} of ${outputs.replications.length} copy requests, which did not begin before`,
    );
    const deadline = deadlineOf(context, news, "update", COPY_BUDGET_MS);
    const run = () => begin(context, outputs, deadline, (begun) => updateCopies(context, set, id, begun));
    return keepingId(id, () => outputs, run);
}

async function remove(context: Context, id: string, olds: CheckpointReplicaOutputs): Promise<void> {
    if (olds.deletionPolicy !== "delete") return removeCopyRun(context, set, id, olds);
    // What may have begun leaves a replica, too.
    const replications: Replication[] = [];
    for (const one of olds.replications) {
        const { backupId } = one;
        const window = () => windowOf(context.client, olds.region, doubtedSpan(context, olds, one));
        const found =
            one.status === UNSURE ? await findCopy(context, copyOf(olds, backupId), window(), true) : undefined;
        if (found === undefined) replications.push(one);
        else
            replications.push({
                backupId,
                replicationRecordId: found.recordId,
                status: "waiting_replicate",
                unproven: true,
            });
    }
    return removeCopyRun(context, set, id, { ...olds, replications });
}
