/** BackupReplica: a copy of one backup in another region. */

import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import { holdingNotes, noteOutcome, postOnce } from "../../exactly-once/post-once";
import type { StoredOutcome } from "../../exactly-once/settle-notes";
import { readBackup } from "../../reads/backup-lists";
import { deleteBackups } from "../../reads/delete-backups";
import { sharedBackup } from "../../reads/shared-reads";
import { parseReplicaId } from "../../resource/import-id";
import { paced } from "../../resource/paced";
import { preflightBackupReplica } from "../../resource/preflight";
import {
    applyInputs,
    commonInputs,
    deadlineOf,
    deletionPolicy,
    destinationProjectId,
    destinationRegion,
    type Failure,
    objectDescription,
    objectId,
    objectName,
    type ResourceHandler,
    requestInputs,
} from "../../resource/resource";
import { type Context, targetOf } from "../../services/context";
import { failureText, finish, hasEnded, isOwn, lookOnce, placeOf, waitForEnd, withState } from "./backup-replica-wait";
import { copyBackupPlan } from "./copy-backup";
import { COPY_BUDGET_MS, COPY_DELETE_BUDGET_MS, isFinalCopy } from "./destination-replicas";
import { waitForReplicas } from "./existing-replicas";
import { claimCopies } from "./find-lost";
import { copyHolding, copyKey, deletableReplicas } from "./holding";

export const backupReplicaInputs = z.strictObject({
    ...commonInputs,
    /** Backup to copy. Changing it replaces the replica. */
    backupId: objectId.meta({ replaces: true }),
    /** Region to copy to. Changing it replaces the replica. */
    destinationRegion: destinationRegion.meta({ replaces: true }),
    /** Project in the destination region, 32 hexadecimal digits. Default: the one that IAM names there. Changing it replaces the replica. */
    destinationProjectId: destinationProjectId.optional().meta({ replaces: true }),
    /** Vault in the destination region, of protect type replication. Changing it replaces the replica. */
    destinationVaultId: objectId.meta({ replaces: true }),
    /** Name of the replica, 1 to 64 letters, digits, `_` and `-`. Default: the cloud's choice. Changing it replaces the replica. */
    name: objectName.optional().meta({ replaces: true }),
    /** 0 to 255 characters without < and >. Changing it replaces the replica. */
    description: objectDescription.optional().meta({ replaces: true }),
    /** What becomes of the replica when the resource goes: `retain` (default) or `delete`. One that was there before is never deleted. */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
});
export type BackupReplicaInputs = z.output<typeof backupReplicaInputs>;

export const backupReplicaOutputs = z.object({
    ...backupReplicaInputs.shape,
    region: z.string(),
    projectId: z.string(),
    destinationProjectId: z.string(),
    /** Id of the replication record on the source backup; also the resource's id. */
    replicationRecordId: z.string(),
    /** Id of the replica in the destination region, once known. */
    destinationBackupId: z.string().optional(),
    destinationCheckpointId: z.string().optional(),
    /** The API's word: waiting_replicate, replicating, success, fail, skip. */
    status: z.string(),
    /** Percent. */
    progress: z.number().optional(),
    failCode: z.string().optional(),
    failReason: z.string().optional(),
    /** Kind of object that was copied. */
    providerId: z.string().optional(),
    sourceRegion: z.string(),
    /** Clock time of the request, milliseconds since the epoch. */
    requestedAt: z.number(),
    /** True when the replica was there before this resource: it is then never deleted. */
    adopted: z.boolean().optional(),
    /** True when the answer to its request was lost and the copy was found by place and time only: it may be another's, and is then never deleted. */
    unproven: z.boolean().optional(),
    /** True once the replica has been seen `available` in its region; false when it was looked for two minutes and was not there. */
    verified: z.boolean().optional(),
});
export type BackupReplicaOutputs = z.output<typeof backupReplicaOutputs>;

export const backupReplica: ResourceHandler<BackupReplicaInputs, BackupReplicaOutputs> = paced({
    kind: "BackupReplica",
    inputs: backupReplicaInputs,
    outputs: backupReplicaOutputs,
    refine,
    preflight: preflightBackupReplica,
    isUnchanged,
    idOf: (outputs) => outputs.replicationRecordId,
    isSettled: (outputs) => outputs.verified === true,
    withInputs,
    needsUpdate,
    deleteBeforeReplace,
    holding: (id, outputs) => copyHolding(id, outputs, [outputs]),
    declaredKeys: (inputs) =>
        inputs.backupId === undefined || inputs.destinationRegion === undefined
            ? []
            : [copyKey(inputs.backupId, inputs.destinationRegion)],
    parseImportId: parseReplicaId,
    create,
    update,
    read,
    remove,
    storedOutcome,
});

function storedOutcome(id: string, { requestedAt }: Partial<BackupReplicaOutputs>): StoredOutcome {
    return { id, begun: { at: requestedAt, clock: "machine" } };
}

function refine(inputs: Partial<BackupReplicaInputs>): Failure[] {
    return refuseSameRegion(inputs);
}

/** The console refuses it; the API would, later (api-notes: Copies into the own region). */
export function refuseSameRegion(inputs: {
    region?: string | undefined;
    destinationRegion?: string | undefined;
}): Failure[] {
    if (inputs.region === undefined || inputs.region !== inputs.destinationRegion) return [];
    return [{ property: "destinationRegion", reason: "is the source's own region; copies go to another one" }];
}

/** A project that was looked up and is not written down is no change. */
function isUnchanged(
    key: keyof BackupReplicaInputs,
    _id: string,
    _olds: BackupReplicaOutputs,
    value: unknown,
): boolean | undefined {
    return key === "destinationProjectId" && value === undefined ? true : undefined;
}

/** A failure, or a wait cut short, whose note a refresh took out of the engine's state; or (`wait: false`) the copy has ended since. */
async function needsUpdate(context: Context, _id: string, olds: BackupReplicaOutputs): Promise<boolean> {
    if (olds.verified === true) return false;
    if (olds.wait !== false || isFinalCopy(olds.status)) return true;
    try {
        const source = await context.client.target(olds.region, olds.projectId);
        return isFinalCopy((await lookOnce(context, source, olds)).status);
    } catch {
        // A preview must not fail because the cloud cannot be asked: what state says stands.
        return false;
    }
}

/** One replica a backup and destination region: the old one must go before the new one can come. */
function deleteBeforeReplace(olds: BackupReplicaOutputs, news: Partial<BackupReplicaInputs>): boolean {
    return (
        olds.deletionPolicy === "delete" &&
        isOwn(olds) &&
        news.backupId === olds.backupId &&
        news.destinationRegion === olds.destinationRegion
    );
}

async function create(context: Context, inputs: BackupReplicaInputs) {
    const source = await targetOf(context, inputs);
    if (source.region === inputs.destinationRegion)
        throw new OperationFailedError("destinationRegion is the source's own region; copies go to another one.");
    const destination = await context.client.target(inputs.destinationRegion, inputs.destinationProjectId);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const plan = {
        ...copyBackupPlan(context, { ...inputs, source, destination }),
        deadline,
        request: requestInputs(backupReplicaInputs, inputs),
        facts: {},
    };
    const outcome = await postOnce(context, plan);
    const { recordId, mark, providerId, since } = outcome.value;
    const id = recordId ?? mark ?? inputs.backupId;
    noteOutcome(context, plan, outcome, { facts: { recordId: id }, resourceId: id });
    claimCopies(context, destination.region, [{ backupId: inputs.backupId, recordId: id }]);
    if (outcome.how !== "sent")
        context.log.info(`copy ${id} was under way already (its answer was lost): it was not started again`);
    const outputs: BackupReplicaOutputs = {
        ...inputs,
        region: source.region,
        projectId: source.projectId,
        destinationProjectId: destination.projectId,
        replicationRecordId: id,
        status: "waiting_replicate",
        providerId,
        sourceRegion: source.region,
        requestedAt: since ?? outcome.sentAt,
        ...(outcome.isProven ? {} : { unproven: true }),
    };
    const run = async () => ({ id, outputs: await finish(context, inputs, outputs, deadline) });
    return holdingNotes(context, [outcome], hasEnded, run);
}

function withInputs(olds: BackupReplicaOutputs, news: BackupReplicaInputs): BackupReplicaOutputs {
    return {
        ...applyInputs(olds, news, backupReplicaInputs),
        destinationProjectId: olds.destinationProjectId,
    };
}

async function update(
    context: Context,
    id: string,
    olds: BackupReplicaOutputs,
    news: BackupReplicaInputs,
): Promise<BackupReplicaOutputs> {
    const outputs = withInputs(olds, news);
    // `success` in state may be the record's word alone, when the replica was not readable yet: `verified` says that it was.
    if (olds.verified === true) return outputs;
    if (olds.status === "fail") throw new PartialCreateError(id, outputs, [failureText(outputs)]);
    let seen = outputs;
    if (news.wait === false && !isFinalCopy(olds.status)) {
        const source = await context.client.target(olds.region, olds.projectId);
        seen = withState(outputs, await lookOnce(context, source, outputs));
    } else context.log.info(`resuming the wait for copy ${id}`);
    return finish(context, news, seen, deadlineOf(context, news, "update", COPY_BUDGET_MS));
}

async function read(context: Context, id: string, olds: Partial<BackupReplicaOutputs>) {
    const source = await targetOf(context, olds);
    const stored = olds.status !== undefined;
    const { backupId, destinationRegion: region, destinationVaultId } = olds;
    if (backupId === undefined || region === undefined || destinationVaultId === undefined)
        throw new OperationFailedError(
            "BackupReplica.get needs backupId, destinationRegion and destinationVaultId: a replication record can only be found through them.",
        );
    const destination = await context.client.target(region, olds.destinationProjectId);
    let outputs = {
        ...olds,
        ...source,
        destinationProjectId: destination.projectId,
        replicationRecordId: id,
        status: olds.status ?? "waiting_replicate",
        sourceRegion: source.region,
        requestedAt: olds.requestedAt ?? 0,
    } as BackupReplicaOutputs;
    if (!stored) await refuseUnknownRecord(context, source, id, backupId);
    if (!hasEnded(outputs)) {
        const state = await lookOnce(context, source, outputs);
        if (isFinalCopy(state.status) || !isFinalCopy(outputs.status)) outputs = withState(outputs, state);
        if (!stored && outputs.destinationBackupId === undefined)
            throw new OperationFailedError(`There is no replica for record ${id} of backup ${backupId} in ${region}.`);
    }
    if (outputs.destinationBackupId === undefined) return { id, outputs };
    const listed = await sharedBackup(context, destination, destinationVaultId, outputs.destinationBackupId);
    const replica = listed ?? (await readBackup(context, destination, outputs.destinationBackupId));
    if (replica === undefined) {
        // What nobody has looked for yet may still appear.
        if (stored && olds.verified === undefined) return { id, outputs };
        if (!stored)
            throw new OperationFailedError(`Replica ${outputs.destinationBackupId} is no longer in ${region}.`);
        context.log.warn(
            `replica ${outputs.destinationBackupId} is no longer in ${region}: the next \`pulumi up\` copies backup ${backupId} again`,
        );
        return undefined;
    }
    const verified = replica.status === "available" ? { verified: true } : {};
    const adopted = outputs.adopted === true || outputs.status === "skip" ? { adopted: true } : {};
    return {
        id,
        outputs: {
            ...outputs,
            destinationCheckpointId: replica.checkpoint_id ?? outputs.destinationCheckpointId,
            ...adopted,
            ...verified,
        },
    };
}

/** On a cloud that keeps records, a record that the backup does not have is none; elsewhere the id may be a replica's or a task's. */
async function refuseUnknownRecord(context: Context, source: ProjectRef, id: string, backupId: string): Promise<void> {
    const records = (await readBackup(context, source, backupId))?.replication_records ?? [];
    if (records.length > 0 && !records.some((record) => record.id === id))
        throw new OperationFailedError(
            `There is no replica for record ${id} of backup ${backupId}, which has records ${records.map((record) => record.id).join(", ")}.`,
        );
}

async function remove(context: Context, id: string, olds: BackupReplicaOutputs): Promise<void> {
    if (olds.deletionPolicy !== "delete" || !mayDelete(context, olds)) return retain(context, id, olds);
    const deadline = deadlineOf(context, olds, "delete", COPY_DELETE_BUDGET_MS);
    const source = await context.client.target(olds.region, olds.projectId);
    // A running copy cannot be called back: what it leaves is deleted once it has ended.
    const ended = hasEnded(olds) ? olds : await waitForEnd(context, source, olds, deadline, () => {});
    if (!mayDelete(context, ended)) return retain(context, id, ended);
    const replicaId = ended.destinationBackupId;
    if (replicaId === undefined) return;
    // What its region does not know yet could not be deleted there, and would stay behind.
    if (ended.verified === undefined && ended.status === "success")
        await waitForReplicas(context, placeOf(ended), [replicaId], deadline);
    const destination = await context.client.target(olds.destinationRegion, olds.destinationProjectId);
    const { identity } = copyHolding(id, olds, []);
    const replicas = [{ id: replicaId, backupId: olds.backupId }];
    const going = await deletableReplicas(context, { ...olds, identity, isSet: false }, replicas, deadline);
    await deleteBackups(context, destination, going, deadline);
}

/** Its own, or one that its maker left behind for it in this run. */
function mayDelete(context: Context, outputs: BackupReplicaOutputs): boolean {
    return isOwn(outputs) || context.holders.wasLeft(context.urn, outputs.destinationBackupId ?? "");
}

function whyKept({ unproven }: BackupReplicaOutputs): string {
    return unproven === true
        ? "the answer to its request was lost, and nothing but place and time says that it is this resource's"
        : "it was there before this resource";
}

/** Says what stays. */
function retain(context: Context, id: string, outputs: BackupReplicaOutputs): void {
    const where = `in ${outputs.destinationRegion}, vault ${outputs.destinationVaultId}`;
    const why = outputs.deletionPolicy === "delete" ? ` (${whyKept(outputs)})` : "";
    if (!isFinalCopy(outputs.status))
        context.log.info(
            `copy ${id} still runs: the replica that it makes ${where} stays, and costs money until deleted`,
        );
    else if (outputs.destinationBackupId !== undefined)
        context.log.info(
            `retained replica ${outputs.destinationBackupId} ${where}${why}: it costs money until deleted`,
        );
}
