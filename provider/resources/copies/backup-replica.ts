/** BackupReplica: a copy of one backup in another region. */

import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import type { WireBackup } from "../../client/operations";
import { holdingNotes } from "../../exactly-once/post-once";
import type { StoredOutcome } from "../../exactly-once/settle-notes";
import { readBackup } from "../../reads/backup-lists";
import { keepingId } from "../../resource/keep-id";
import { paced } from "../../resource/paced";
import {
    commonInputs,
    deadlineOf,
    deletionPolicy,
    destinationProjectId,
    destinationRegion,
    objectDescription,
    objectId,
    objectName,
    type ResourceHandler,
    requestInputs,
} from "../../resource/resource";
import { refuseSameRegion } from "../../resource/same-region";
import { type Context, targetOf } from "../../services/context";
import { type BegunCopy, sendCopy } from "./copy-backup";
import {
    type CopySet,
    copiesMoved,
    deleteCopies,
    finishCopies,
    isDone,
    isSettled,
    isUnchangedProject,
    lookNow,
    mayDelete,
    placeOutputs,
    placesOf,
    readReplicas,
    updateCopies,
    withInputs,
} from "./copy-set";
import { isOwn, type Replication, reasonOf } from "./copy-state";
import { COPY_BUDGET_MS, isFinalCopy } from "./destination-replicas";
import { copyHolding, copyKey } from "./holding";
import { preflightBackupReplica } from "./preflight";

export const backupReplicaInputs = z.strictObject({
    ...commonInputs,
    /** Backup to copy. Changing it replaces the replica. */
    backupId: objectId.meta({ replaces: true }),
    /** Region to copy to. Changing it replaces the replica. */
    destinationRegion: destinationRegion.meta({ replaces: true }),
    /**
     * Project in the destination region, 32 hexadecimal digits. Default: the one that IAM names there. Changing it
     * replaces the replica.
     */
    destinationProjectId: destinationProjectId.optional().meta({ replaces: true }),
    /** Vault in the destination region, of protect type replication. Changing it replaces the replica. */
    destinationVaultId: objectId.meta({ replaces: true }),
    /**
     * Name of the replica, 1 to 64 letters, digits, `_` and `-`. Default: the cloud's choice. Changing it replaces the
     * replica.
     */
    name: objectName.optional().meta({ replaces: true }),
    /** 0 to 255 characters without < and >. Changing it replaces the replica. */
    description: objectDescription.optional().meta({ replaces: true }),
    /**
     * What becomes of the replica when the resource goes: `retain` (default) or `delete`. One that was there before is
     * never deleted.
     */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
});
export type BackupReplicaInputs = z.output<typeof backupReplicaInputs>;

const backupReplicaOutputs = z.object({
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
    /**
     * True when the answer to its request was lost and the copy was found by place and time only: it may be another's,
     * and is then never deleted.
     */
    unproven: z.boolean().optional(),
    /**
     * True once the replica has been seen `available` in its region; false when it was looked for two minutes and was
     * not there.
     */
    verified: z.boolean().optional(),
});
export type BackupReplicaOutputs = z.output<typeof backupReplicaOutputs>;

const withNewInputs = withInputs<BackupReplicaOutputs>(backupReplicaInputs);

export const backupReplica: ResourceHandler<BackupReplicaInputs, BackupReplicaOutputs> = paced({
    kind: "BackupReplica",
    inputs: backupReplicaInputs,
    outputs: backupReplicaOutputs,
    refine: refuseSameRegion,
    preflight: preflightBackupReplica,
    isUnchanged: isUnchangedProject,
    idOf: (outputs) => outputs.replicationRecordId,
    isSettled: (outputs) => isSettled(set, outputs),
    withInputs: withNewInputs,
    needsUpdate: (context, _id, olds) => copiesMoved(context, set, olds),
    deleteBeforeReplace,
    holding: (id, outputs) => copyHolding(id, outputs, [outputs]),
    declaredKeys: (inputs) =>
        inputs.backupId === undefined || inputs.destinationRegion === undefined
            ? []
            : [copyKey(inputs.backupId, inputs.destinationRegion)],
    create,
    update,
    read,
    remove,
    storedOutcome,
});

function storedOutcome(id: string, { requestedAt }: Partial<BackupReplicaOutputs>): StoredOutcome {
    return { id, begun: { at: requestedAt, clock: "machine" } };
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

/** A set of one: the outputs are the copy. */
const set: CopySet<BackupReplicaOutputs> = {
    kind: "BackupReplica",
    isSingle: true,
    copies: (outputs) => [outputs],
    withCopies: (outputs, [copy]) => ({ ...outputs, ...copy, replicationRecordId: outputs.replicationRecordId }),
    sourceVaultId: () => undefined,
    what: (outputs) => `copy of backup ${outputs.backupId} to ${outputs.destinationRegion}`,
    progress: ({ status, progress }) => ({ status, note: progress === undefined ? status : `${status} ${progress} %` }),
    resuming: (outputs) => `resuming the wait for copy ${outputs.replicationRecordId}`,
    sayAdopted,
    withBadReplica,
    judge: (_context, _id, outputs) => judge(outputs),
    isFailure: () => false,
    sayKept: (context, id, outputs) => {
        if (!mayDelete(context, outputs)) sayRetained(context, id, outputs);
    },
};

function sayAdopted(
    context: Context,
    { backupId, destinationRegion, destinationVaultId }: BackupReplicaOutputs,
    existing: ReadonlyMap<string, WireBackup>,
): void {
    const { id, vault_id: vaultId = destinationVaultId } = existing.get(backupId) ?? {};
    const place = vaultId === destinationVaultId ? "" : `, in vault ${vaultId} and not in ${destinationVaultId}`;
    context.log.warn(
        `backup ${backupId} already had replica ${id} in ${destinationRegion}${place}: adopted. It is not ` +
            "deleted with this resource.",
    );
}

function withBadReplica(outputs: BackupReplicaOutputs, one: Replication, replica: WireBackup | undefined): never {
    const text = `replica ${one.destinationBackupId} in ${outputs.destinationRegion}`;
    if (replica !== undefined)
        throw new OperationFailedError(
            `${text} has status error, although its record says success. Change \`triggers\` to copy again.`,
        );
    throw new PartialCreateError(outputs.replicationRecordId, { ...outputs, verified: false }, [
        `${text} does not exist, although its record says success. Run \`pulumi up\` again to look once ` +
            `more, or \`pulumi up --refresh\` to copy again.`,
    ]);
}

function judge(outputs: BackupReplicaOutputs): void {
    const { status, backupId, destinationRegion, destinationVaultId } = outputs;
    const why = reasonOf(outputs);
    if (status === "fail")
        throw new OperationFailedError(
            `copy ${outputs.replicationRecordId} of backup ${backupId} to ${destinationRegion} failed ` +
                `(${why || "the cloud gave no reason"}). There is no good replica: change \`triggers\`, or ` +
                `run \`pulumi up --replace\` with this resource's URN, to copy again.`,
        );
    if (status === "skip" && outputs.adopted !== true)
        throw new OperationFailedError(
            `the cloud skipped the copy of backup ${backupId} to ` +
                `${destinationRegion}${why === "" ? "" : ` (${why})`}, and no replica of it was found in ` +
                `vault ${destinationVaultId}: only available server backups with their system disk (on ` +
                "Huawei Cloud also SFS Turbo) can be copied.",
        );
}

async function create(context: Context, inputs: BackupReplicaInputs) {
    const places = await placesOf(context, inputs);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const request = requestInputs(backupReplicaInputs, inputs);
    const idOf = ({ recordId, mark }: BegunCopy) => recordId ?? mark ?? inputs.backupId;
    const outcome = await sendCopy(context, { ...inputs, ...places }, { deadline, request }, (begun) => ({
        recordId: idOf(begun),
        resourceId: idOf(begun),
        resumed: `copy ${idOf(begun)} was under way already (its answer was lost): it was not started again`,
    }));
    const { providerId, since } = outcome.value;
    const id = idOf(outcome.value);
    const outputs: BackupReplicaOutputs = {
        ...inputs,
        ...placeOutputs(places),
        replicationRecordId: id,
        status: "waiting_replicate",
        providerId,
        requestedAt: since ?? outcome.sentAt,
        ...(outcome.isProven ? {} : { unproven: true }),
    };
    const run = async () => ({ id, outputs: await finishCopies(context, set, { id, outputs, deadline }) });
    return holdingNotes(context, [outcome], (seen: BackupReplicaOutputs) => isDone(set, seen), run);
}

async function update(
    context: Context,
    id: string,
    olds: BackupReplicaOutputs,
    news: BackupReplicaInputs,
): Promise<BackupReplicaOutputs> {
    const outputs = withNewInputs(olds, news);
    // A failure is final.
    if (olds.status === "fail")
        await keepingId(
            id,
            () => outputs,
            async () => judge(outputs),
        );
    return updateCopies(context, set, id, outputs);
}

async function read(context: Context, id: string, olds: Partial<BackupReplicaOutputs>) {
    const { backupId, destinationRegion: region, destinationVaultId, status } = olds;
    const source = await targetOf(context, olds);
    if (backupId === undefined || region === undefined || destinationVaultId === undefined)
        throw new OperationFailedError(
            "BackupReplica.get needs backupId, destinationRegion and destinationVaultId: a replication " +
                "record can only be found through them.",
        );
    const destination = await context.client.target(region, olds.destinationProjectId);
    let outputs = {
        ...olds,
        ...placeOutputs({ source, destination }),
        replicationRecordId: id,
        status: status ?? "waiting_replicate",
        requestedAt: olds.requestedAt ?? 0,
    } as BackupReplicaOutputs;
    if (status === undefined) await refuseUnknownRecord(context, source, id, backupId);
    if (!isDone(set, outputs)) outputs = await lookNow(context, set, outputs);
    const replicaId = outputs.destinationBackupId;
    if (replicaId === undefined && status === undefined)
        throw new OperationFailedError(`There is no replica for record ${id} of backup ${backupId} in ${region}.`);
    if (replicaId === undefined) return { id, outputs };
    const replica = (await readReplicas(context, outputs, [replicaId])).get(replicaId);
    if (replica === undefined) {
        if (status === undefined) throw new OperationFailedError(`Replica ${replicaId} is no longer in ${region}.`);
        // What nobody has looked for yet may still appear.
        if (olds.verified === undefined) return { id, outputs };
        context.log.warn(
            `replica ${replicaId} is no longer in ${region}: the next \`pulumi up\` copies backup ${backupId} again`,
        );
        return undefined;
    }
    const seen: BackupReplicaOutputs = {
        ...outputs,
        destinationCheckpointId: replica.checkpoint_id ?? outputs.destinationCheckpointId,
        ...(outputs.status === "skip" ? { adopted: true } : {}),
        ...(replica.status === "available" ? { verified: true } : {}),
    };
    return { id, outputs: seen };
}

/**
 * On a cloud that keeps records, a record that the backup does not have is none; elsewhere the id may be a replica's or
 * a task's.
 */
async function refuseUnknownRecord(context: Context, source: ProjectRef, id: string, backupId: string): Promise<void> {
    const records = (await readBackup(context, source, backupId))?.replication_records ?? [];
    if (records.length > 0 && !records.some((record) => record.id === id))
        throw new OperationFailedError(
            `There is no replica for record ${id} of backup ${backupId}, which has records ` +
                `${records.map((record) => record.id).join(", ")}.`,
        );
}

async function remove(context: Context, id: string, olds: BackupReplicaOutputs): Promise<void> {
    if (olds.deletionPolicy === "delete" && mayDelete(context, olds)) return deleteCopies(context, set, id, olds);
    sayRetained(context, id, olds);
}

function whyKept({ unproven }: BackupReplicaOutputs): string {
    return unproven === true
        ? "the answer to its request was lost, and nothing but place and time says that it is this resource's"
        : "it was there before this resource";
}

/** Says what stays. */
function sayRetained(context: Context, id: string, outputs: BackupReplicaOutputs): void {
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
