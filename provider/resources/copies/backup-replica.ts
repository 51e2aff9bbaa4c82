/** BackupReplica: a copy of one backup in another region. */

import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import { isoInstant, parseInstant } from "../../client/time/timestamps";
import { holdingNotes } from "../../exactly-once/post-once";
import { abandonNotes, type StoredOutcome, settleNotes } from "../../exactly-once/settle-notes";
import { readBackup } from "../../reads/backup-lists";
import { parseReplicaId } from "../../resource/import-id";
import { keepingId } from "../../resource/keep-id";
import { canRename, RENAME_BUDGET_MS, refuseRename, renameBackups } from "../../resource/rename";
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
import { withPollInterval } from "../../resource/with-poll-interval";
import { type Context, targetOf } from "../../services/context";
import { adoptOne, preflightAdopted, refuseOwnPlace } from "./adopt-replicas";
import { type BegunCopy, sendCopy } from "./copy-backup";
import { copyOptions, isOtherAccounts, withCopyOptions } from "./copy-options";
import {
    copiesMoved,
    deleteCopies,
    deletesReplicas,
    destinationOf,
    finishCopies,
    isDone,
    isSettled,
    isUnchangedProject,
    lookNow,
    mayDelete,
    placeOutputs,
    placesOf,
    readReplicas,
    refineCopy,
    updateCopies,
    withInputs,
} from "./copy-set";
import { isOwn, upgradeTimes } from "./copy-state";
import { COPY_BUDGET_MS } from "./destination-replicas";
import { copyHolding, copyKey } from "./holding";
import { preflightBackupReplica } from "./preflight";
import { judge, sayRetained, singleCopy } from "./single-copy";

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
     * Name of the replica, 1 to 64 letters, digits, `_` and `-`. Default: the cloud's choice. Changing it renames the
     * replica; leaving it out later changes nothing.
     */
    name: objectName.optional(),
    /** 0 to 255 characters without < and >. No call of the API can change it. Changing it replaces the replica. */
    description: objectDescription.optional().meta({ replaces: true }),
    ...copyOptions,
    /**
     * What becomes of the replica when the resource goes: `retain` (default) or `delete`. One that was there before is
     * never deleted.
     */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
    /**
     * Id of an existing replica of the backup to manage instead of copying: nothing is sent, and `deletionPolicy`
     * applies to it. Leaving it out later changes nothing. Changing it replaces the replica.
     */
    adopt: objectId.optional().meta({ replaces: true }),
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
    /** Time of the request, by this machine's clock. */
    requestedAt: z.string(),
    /**
     * Ids of the tasks that made the copy, in the source region, sorted: those that a list of tasks has shown. Absent
     * where none has, and without a right to list tasks. The cloud forgets tasks after about 30 days.
     */
    operationLogIds: z.array(z.string()).optional(),
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

const withOtherInputs = withInputs<BackupReplicaOutputs>(backupReplicaInputs);

/** Without a name the replica keeps the one it has. */
function withNewInputs(olds: BackupReplicaOutputs, news: BackupReplicaInputs): BackupReplicaOutputs {
    return { ...withOtherInputs(olds, news), name: news.name ?? olds.name };
}

export const backupReplica: ResourceHandler<BackupReplicaInputs, BackupReplicaOutputs> = withPollInterval({
    kind: "BackupReplica",
    inputs: backupReplicaInputs,
    outputs: backupReplicaOutputs,
    upgradeState: upgradeTimes,
    refine: refineCopy,
    preflight: withCopyOptions((context, inputs, replaced) =>
        inputs.adopt === undefined
            ? preflightBackupReplica(context, inputs, replaced)
            : preflightAdopted(context, inputs),
    ),
    isUnchanged,
    refuseReplacement: (_id, olds, { adopt }, replaces) =>
        refuseOwnPlace([(olds as BackupReplicaOutputs).destinationBackupId, olds.adopt], adopt, replaces),
    refuseUpdate: (settings, olds, updates) => refuseRename(settings, olds, updates, "another copy"),
    idOf: (outputs) => outputs.replicationRecordId,
    isSettled: (outputs) => isSettled(singleCopy, outputs),
    withInputs: withNewInputs,
    needsUpdate: (context, _id, olds) => copiesMoved(context, singleCopy, olds),
    deleteBeforeReplace,
    holding: (id, outputs) => copyHolding(id, outputs, [outputs]),
    declaredKeys: (inputs) =>
        inputs.backupId === undefined || inputs.destinationRegion === undefined
            ? []
            : [
                  copyKey(inputs.backupId, inputs.destinationRegion),
                  ...(inputs.adopt === undefined ? [] : [inputs.adopt]),
              ],
    parseImportId: parseReplicaId,
    create,
    update,
    read,
    remove,
    storedOutcome,
});

function storedOutcome(id: string, { requestedAt }: Partial<BackupReplicaOutputs>): StoredOutcome {
    return { id, begun: { at: parseInstant(requestedAt), clock: "machine" } };
}

/** Without a name the replica keeps the one it has. One to adopt that is this one is no change, nor is its removal. */
function isUnchanged(
    key: keyof BackupReplicaInputs,
    id: string,
    olds: BackupReplicaOutputs,
    value: unknown,
): boolean | undefined {
    if (key === "name" && value === undefined) return true;
    if (key === "adopt") return value === undefined || value === olds.destinationBackupId || value === olds.adopt;
    return isUnchangedProject(key, id, olds, value);
}

/** One replica a backup and destination region: the old one must go before the new one can come. */
function deleteBeforeReplace(olds: BackupReplicaOutputs, news: Partial<BackupReplicaInputs>): boolean {
    return (
        deletesReplicas(olds) &&
        isOwn(olds) &&
        news.adopt === undefined &&
        news.backupId === olds.backupId &&
        news.destinationRegion === olds.destinationRegion
    );
}

async function create(context: Context, inputs: BackupReplicaInputs) {
    const places = await placesOf(context, inputs);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    if (inputs.adopt !== undefined) return adopt(context, places, { ...inputs, adopt: inputs.adopt }, deadline);
    // Where a name can be changed, another one is no other request.
    const named = canRename(context.settings) || inputs.name === undefined ? {} : { name: inputs.name };
    const request = { ...requestInputs(backupReplicaInputs, inputs), ...named };
    const idOf = ({ recordId, mark }: BegunCopy) => recordId ?? mark ?? inputs.backupId;
    const outcome = await sendCopy(context, { ...inputs, ...places }, { deadline, request }, (begun) => ({
        recordId: idOf(begun),
        resourceId: idOf(begun),
        resumed: `copy ${idOf(begun)} was under way already (its answer was lost): it was not started again`,
    }));
    const { providerId, since, isThere } = outcome.value;
    const id = idOf(outcome.value);
    const outputs: BackupReplicaOutputs = {
        ...inputs,
        name: outcome.note.facts["name"] ?? inputs.name,
        ...placeOutputs(places),
        replicationRecordId: id,
        status: isThere === true ? "skip" : "waiting_replicate",
        providerId,
        requestedAt: isoInstant(since ?? outcome.sentAt),
        ...(outcome.isProven ? {} : { unproven: true }),
    };
    const run = async () => {
        const done = await finishCopies(context, singleCopy, { id, outputs, deadline });
        return { id, outputs: await rename(context, id, done, inputs.name) };
    };
    return holdingNotes(context, [outcome], (seen: BackupReplicaOutputs) => isDone(singleCopy, seen), run);
}

async function adopt(
    context: Context,
    places: Awaited<ReturnType<typeof placesOf>>,
    inputs: BackupReplicaInputs & { readonly adopt: string },
    deadline: number,
) {
    const { backupId, destinationVaultId, name } = inputs;
    const place = { destination: places.destination, destinationVaultId };
    const asked = { id: inputs.adopt, backupId, name };
    const { copy, replica, providerId } = await adoptOne(context, places.source, place, asked);
    const id = copy.replicationRecordId;
    const outputs: BackupReplicaOutputs = {
        ...inputs,
        ...copy,
        ...placeOutputs(places),
        name: name ?? replica.name,
        providerId,
        requestedAt: isoInstant(context.clock.now()),
    };
    await settleNotes(context, [context.urn], storedOutcome(id, outputs));
    await abandonNotes(context, () => false);
    context.log.info(`adopted replica ${replica.id} in ${inputs.destinationRegion} (${replica.status}); none was made`);
    return { id, outputs: await finishCopies(context, singleCopy, { id, outputs, deadline }) };
}

async function update(
    context: Context,
    id: string,
    olds: BackupReplicaOutputs,
    news: BackupReplicaInputs,
): Promise<BackupReplicaOutputs> {
    const outputs = { ...withOtherInputs(olds, news), name: olds.name };
    // A failure is final.
    if (olds.status === "fail")
        await keepingId(
            id,
            () => outputs,
            async () => judge(outputs),
        );
    return rename(context, id, await updateCopies(context, singleCopy, id, outputs), news.name);
}

/** Renames the replica, in its own region. A failure keeps the old name: the next update tries again. */
async function rename(
    context: Context,
    id: string,
    outputs: BackupReplicaOutputs,
    name: string | undefined,
): Promise<BackupReplicaOutputs> {
    const { destinationBackupId } = outputs;
    if (name === undefined || name === outputs.name) return outputs;
    if (destinationBackupId === undefined || !isDone(singleCopy, outputs)) {
        context.log.info(
            `the replica is not renamed while its copy has status ${outputs.status}: run \`pulumi up\` again`,
        );
        return outputs;
    }
    const deadline = deadlineOf(context, outputs, "update", RENAME_BUDGET_MS);
    const renaming = { id: destinationBackupId, name };
    const [failure] = await renameBackups(context, destinationOf(outputs), [renaming], deadline);
    if (failure === undefined) return { ...outputs, name };
    throw new PartialCreateError(id, outputs, [
        `replica ${destinationBackupId} in ${outputs.destinationRegion} could not be renamed: ` +
            `${failure.reason.replace(/\.$/, "")}. Run \`pulumi up\` again to rename it.`,
    ]);
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
        requestedAt: olds.requestedAt ?? isoInstant(0),
    } as BackupReplicaOutputs;
    if (status === undefined) await refuseUnknownRecord(context, source, id, backupId);
    if (!isDone(singleCopy, outputs)) outputs = await lookNow(context, singleCopy, outputs);
    const replicaId = outputs.destinationBackupId;
    if (replicaId === undefined && status === undefined)
        throw new OperationFailedError(`There is no replica for record ${id} of backup ${backupId} in ${region}.`);
    if (replicaId === undefined || isOtherAccounts(outputs)) return { id, outputs };
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
    if (deletesReplicas(olds) && mayDelete(context, olds)) return deleteCopies(context, singleCopy, id, olds);
    sayRetained(context, id, olds);
}
