/** The wait for a copy of one backup and for its replica, and what the cloud skipped. */
import type { ProjectRef } from "../../client/client";
import { messageOf, OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import type { WireBackup } from "../../client/operations";
import { showProgress } from "../../reads/poller";
import type { Context } from "../../services/context";
import type { BackupReplicaInputs, BackupReplicaOutputs } from "./backup-replica";
import { copyTopic, lookAtCopies, withTaskErrors } from "./copy-status";
import { type Copy, type CopyQuery, type CopyState, isFinalCopy, seenOf } from "./destination-replicas";
import { type ReplicaLocation, waitForExistingReplica, waitForReplicas } from "./existing-replicas";

/** What the cloud skipped was there before, or is nothing; what is unproven may be another's. */
export function isOwn(outputs: BackupReplicaOutputs): boolean {
    return outputs.adopted !== true && outputs.unproven !== true && outputs.status !== "skip";
}

export function questionOf(outputs: BackupReplicaOutputs): CopyQuery & { copies: [Copy] } {
    return {
        copies: [{ backupId: outputs.backupId, recordId: outputs.replicationRecordId, name: outputs.name }],
        sourceVaultId: undefined,
        destination: { region: outputs.destinationRegion, projectId: outputs.destinationProjectId },
        destinationVaultId: outputs.destinationVaultId,
        since: outputs.requestedAt,
    };
}

export async function lookOnce(
    context: Context,
    source: ProjectRef,
    outputs: BackupReplicaOutputs,
): Promise<CopyState> {
    const [states] = await lookAtCopies(context, source, [questionOf(outputs)]);
    const state = states?.[0];
    if (state === undefined)
        throw new OperationFailedError(`Copy ${outputs.replicationRecordId} could not be looked at.`);
    return state;
}

export function withState(outputs: BackupReplicaOutputs, state: CopyState): BackupReplicaOutputs {
    return { ...outputs, ...seenOf(outputs, state) };
}

/** Has the copy ended, with all that is to be known of it? */
export function hasEnded(outputs: BackupReplicaOutputs): boolean {
    const isUnnamed = outputs.status === "success" && outputs.destinationBackupId === undefined;
    return isFinalCopy(outputs.status) && !isUnnamed;
}

/** Waits for the record, then for the replica; a failure keeps all that is known by then. What has ended stays as it ended: its record may be gone by now. */
export async function finish(
    context: Context,
    inputs: BackupReplicaInputs,
    begun: BackupReplicaOutputs,
    deadline: number,
): Promise<BackupReplicaOutputs> {
    let outputs = begun;
    const id = begun.replicationRecordId;
    try {
        if (inputs.wait === false && !isFinalCopy(outputs.status)) return outputs;
        const source = { region: begun.region, projectId: begun.projectId };
        if (!hasEnded(begun))
            outputs = await waitForEnd(context, source, begun, deadline, (seen) => {
                outputs = seen;
            });
        if (outputs.status === "fail") {
            outputs = (await withTaskErrors(context, source, questionOf(outputs), [outputs]))[0] ?? outputs;
            throw new OperationFailedError(failureText(outputs));
        }
        if (outputs.status === "skip") return await adoptExisting(context, source, outputs, deadline);
        const replica = await readableReplica(context, outputs, deadline);
        if (replica === undefined) {
            outputs = { ...outputs, verified: false };
            throw new OperationFailedError(
                `replica ${outputs.destinationBackupId} in ${outputs.destinationRegion} does not exist, although its record says success. Run \`pulumi up\` again to look once more, or \`pulumi up --refresh\` to copy again.`,
            );
        }
        return {
            ...outputs,
            destinationBackupId: replica.id,
            destinationCheckpointId: replica.checkpoint_id ?? outputs.destinationCheckpointId,
            verified: true,
        };
    } catch (error) {
        throw error instanceof PartialCreateError
            ? error
            : new PartialCreateError(id, outputs, [messageOf(error)], { cause: error });
    }
}

export function waitForEnd(
    context: Context,
    source: ProjectRef,
    begun: BackupReplicaOutputs,
    deadline: number,
    keep: (seen: BackupReplicaOutputs) => void,
): Promise<BackupReplicaOutputs> {
    let outputs = begun;
    return context.poller.wait({
        topic: copyTopic(context, source),
        question: questionOf(begun),
        what: `copy of backup ${begun.backupId} to ${begun.destinationRegion}`,
        deadline,
        onLook: showProgress(context.log, "resources that wait for copies"),
        evaluate: (states) => {
            const seen = states?.[0];
            if (seen === undefined) return { done: false, status: outputs.status };
            outputs = withState(outputs, seen);
            keep(outputs);
            if (isFinalCopy(seen.status)) return { done: true, result: outputs };
            return {
                done: false,
                status: seen.status,
                note: seen.progress === undefined ? seen.status : `${seen.status} ${seen.progress} %`,
            };
        },
    });
}

export function placeOf(outputs: BackupReplicaOutputs): ReplicaLocation {
    const { destination, destinationVaultId } = questionOf(outputs);
    return { destination, destinationVaultId };
}

export function failureText(outputs: BackupReplicaOutputs): string {
    const why =
        [outputs.failCode, outputs.failReason].filter((text) => text !== undefined).join(": ") ||
        "the cloud gave no reason";
    return `copy ${outputs.replicationRecordId} of backup ${outputs.backupId} to ${outputs.destinationRegion} failed (${why}). There is no good replica: change \`triggers\`, or run \`pulumi up --replace\` with this resource's URN, to copy again.`;
}

/** A skip means "not replicable" or "there already": only a replica that can be read is taken for one. */
async function adoptExisting(
    context: Context,
    source: ProjectRef,
    outputs: BackupReplicaOutputs,
    deadline: number,
): Promise<BackupReplicaOutputs> {
    const existing = await waitForExistingReplica(context, source, placeOf(outputs), outputs, deadline);
    if (existing?.status !== "available") {
        const why = [outputs.failCode, outputs.failReason].filter((text) => text !== undefined).join(": ");
        throw new OperationFailedError(
            `the cloud skipped the copy of backup ${outputs.backupId} to ${outputs.destinationRegion}${why === "" ? "" : ` (${why})`}, and no replica of it was found in vault ${outputs.destinationVaultId}: only available server backups with their system disk (on Huawei Cloud also SFS Turbo) can be copied.`,
        );
    }
    const isElsewhere = existing.vault_id !== undefined && existing.vault_id !== outputs.destinationVaultId;
    const place = isElsewhere ? `, in vault ${existing.vault_id} and not in ${outputs.destinationVaultId}` : "";
    context.log.warn(
        `backup ${outputs.backupId} already had replica ${existing.id} in ${outputs.destinationRegion}${place}: adopted. It is not deleted with this resource.`,
    );
    return {
        ...outputs,
        destinationBackupId: existing.id,
        destinationCheckpointId: existing.checkpoint_id,
        adopted: true,
        verified: true,
    };
}

/** `success` is the record's word; the replica's own status has to agree. Undefined: it was given time, and is not there. */
async function readableReplica(
    context: Context,
    outputs: BackupReplicaOutputs,
    deadline: number,
): Promise<WireBackup | undefined> {
    const { destinationBackupId: id = "", destinationRegion } = outputs;
    const replica = (await waitForReplicas(context, placeOf(outputs), [id], deadline)).get(id);
    if (replica?.status === "error")
        throw new OperationFailedError(
            `replica ${id} in ${destinationRegion} has status error, although its record says success. Change \`triggers\` to copy again.`,
        );
    return replica;
}
