/** CheckpointReplica: copies of exactly the backups of one restore point, in another region. */
import { z } from "zod";
import { messageOf, PartialCreateError, UncertainOutcomeError } from "../../client/errors/errors";
import { isoInstant, parseInstant } from "../../client/time/timestamps";
import { holdingNotes } from "../../exactly-once/post-once";
import { abandonNotes, type StoredOutcome } from "../../exactly-once/settle-notes";
import { windowOf } from "../../exactly-once/time-window";
import { keepingId } from "../../resource/keep-id";
import { commonInputs, deadlineOf, type Failure, objectId, type ResourceHandler } from "../../resource/resource";
import { withPollInterval } from "../../resource/with-poll-interval";
import type { Context } from "../../services/context";
import { adoptSome, ownReplicas, preflightAdopted, refuseOwnPlace } from "./adopt-replicas";
import { type CopyOutcome, type CopyRequest, findCopy, sendCopy } from "./copy-backup";
import { withCopyOptions } from "./copy-options";
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
    deletesReplicas,
    destinationOf,
    finishCopies,
    isSettled,
    isUnchangedProject,
    placeOutputs,
    placesOf,
    refineCopy,
    updateCopies,
    withInputs,
} from "./copy-set";
import { hasBegun, type Replication, UNSENT, UNSURE } from "./copy-state";
import { COPY_BUDGET_MS } from "./destination-replicas";
import { finishedBackups } from "./finished-checkpoint";
import { checkpointCopiesKey, copyHolding } from "./holding";
import { preflightCheckpointReplica } from "./preflight";

export const checkpointReplicaInputs = z.strictObject({
    ...commonInputs,
    /**
     * Restore point whose backups are copied: those that are `available`, once it has finished. Changing it replaces
     * the resource.
     */
    checkpointId: objectId.meta({ replaces: true }),
    ...copyRunInputs,
    /**
     * Ids of existing replicas of the backups to manage instead of copying these: `deletionPolicy` applies to them.
     * Backups without one are copied. Leaving it out later changes nothing. Changing it replaces the resource.
     */
    adopt: z
        .array(objectId)
        .min(1, "must name at least one replica; leave it out to copy")
        .optional()
        .meta({ replaces: true }),
});
export type CheckpointReplicaInputs = z.output<typeof checkpointReplicaInputs>;

const checkpointReplicaOutputs = z.object({
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

export const checkpointReplica: ResourceHandler<CheckpointReplicaInputs, CheckpointReplicaOutputs> = withPollInterval({
    kind: "CheckpointReplica",
    inputs: checkpointReplicaInputs,
    outputs: checkpointReplicaOutputs,
    upgradeState: upgradeCopyRun,
    refine,
    preflight: withCopyOptions(async (context, inputs, replaced) => [
        ...(await preflightCheckpointReplica(context, inputs, replaced)),
        ...(inputs.adopt === undefined ? [] : await preflightAdopted(context, inputs)),
    ]),
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
    return { id, parts, begun: { at: parseInstant(requestedAt), clock: "machine" } };
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
        deletesReplicas(olds) &&
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
        requestedAt: isoInstant(context.clock.now()),
        sourceVaultId: checkpoint.vault?.id,
    };
    await abandonNotes(context, ({ part }) => backups.some((one) => one.id === part));
    const finish = (begun: CheckpointReplicaOutputs) => finishCopies(context, set, { id, outputs: begun, deadline });
    if (adopted.size === backups.length) return { id, outputs: await finish(withTotals(outputs)) };
    return { id, outputs: await begin(context, outputs, deadline, finish) };
}

function refine(inputs: Partial<CheckpointReplicaInputs>): Failure[] {
    const { adopt = [] } = inputs;
    const isTwice = new Set(adopt).size < adopt.length;
    return [...refineCopy(inputs), ...(isTwice ? [{ property: "adopt", reason: "names a replica twice" }] : [])];
}

function idOf(
    inputs: Pick<CheckpointReplicaInputs, "checkpointId" | "destinationRegion" | "destinationVaultId">,
): string {
    return `${inputs.checkpointId}/${inputs.destinationRegion}/${inputs.destinationVaultId}`;
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
    const earlier = isFirst && times.length > 0 ? [] : [Date.parse(given.requestedAt)];
    const requestedAt = isoInstant(Math.min(...earlier, ...times));
    const outputs = withTotals({ ...given, replications, requestedAt, verified: undefined });
    // Nothing began, and surely so: there is nothing to keep.
    if (open.length === replications.length && !unsure) throw errors[0];
    return holdingNotes(context, outcomes, hasEnded, async () => {
        if (unsure || (open.length > 0 && outputs.onPartialFailure !== "warn")) {
            const begun = replications.length - open.length;
            throw new PartialCreateError(id, outputs, [
                `replication of restore point ${outputs.checkpointId} to ${outputs.destinationRegion}: ` +
                    `${begun} of ${replications.length} copies began; ` +
                    `${open.map(describeUnbegun).join("; ")}. Run \`pulumi up\` again: it sends what is ` +
                    "missing, and waits for the rest.",
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
                sent.set(backupId, { backupId, status: UNSURE, failReason, unsureAt: isoInstant(context.clock.now()) });
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
    const { region, projectId, sourceVaultId, destinationVaultId, enableAcceleration, crossAccountUrn } = outputs;
    return {
        source: { region, projectId },
        sourceVaultId,
        backupId,
        destination: destinationOf(outputs),
        destinationVaultId,
        enableAcceleration,
        crossAccountUrn,
    };
}

/** One that was left unsure may have been sent at any time of its run. */
function doubtedSpan({ clock }: Context, { requestedAt }: CheckpointReplicaOutputs, one: Replication) {
    return { from: Date.parse(requestedAt), to: parseInstant(one.unsureAt) ?? clock.now() };
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
    if (!deletesReplicas(olds)) return removeCopyRun(context, set, id, olds);
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
