/** BackupReplica: a copy of one backup in another region. */
import { z } from "zod";
import { deleteBackups } from "../backup-deletion";
import type { Target } from "../client";
import { type Context, targetOf } from "../context";
import {
    COPY_BUDGET_MS,
    COPY_DELETE_BUDGET_MS,
    type Copy,
    type CopyQuestion,
    type CopyState,
    copyTopic,
    existingReplica,
    findLostCopy,
    isFinalCopy,
    lookAtCopies,
    readBackup,
} from "../copies";
import { formatDuration } from "../duration";
import { messageOf, PartialCreateError, WaitFailedError } from "../errors";
import {
    commonInputs,
    deadlineOf,
    deletionPolicy,
    destinationProjectId,
    destinationRegion,
    type Failure,
    type Handler,
    objectDescription,
    objectId,
    objectName,
    takeOver,
    wishOf,
} from "../handler";
import { noteInJournal, type PostOptions, postOnce, settleJournal, type Window } from "../once";
import { copyBackup, type WireBackup } from "../operations";
import { preflightBackupReplica } from "../preflight";
import { sharedBackup } from "../region-snapshot";

/** How long a record may say `success` while its replica cannot be read yet, in milliseconds. */
const REPLICA_GRACE_MS = 120_000;

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
    /** True once the replica has been seen `available` in its region. */
    verified: z.boolean().optional(),
});
export type BackupReplicaOutputs = z.output<typeof backupReplicaOutputs>;

export const backupReplica: Handler<BackupReplicaInputs, BackupReplicaOutputs> = {
    kind: "BackupReplica",
    inputs: backupReplicaInputs,
    outputs: backupReplicaOutputs,
    refine,
    preflight: preflightBackupReplica,
    same,
    moved,
    deleteBeforeReplace,
    create,
    update,
    read,
    remove,
};

function refine(inputs: Partial<BackupReplicaInputs>): Failure[] {
    return refuseSameRegion(inputs);
}

/** A21: the console refuses it; the API would, later. */
export function refuseSameRegion(inputs: {
    region?: string | undefined;
    destinationRegion?: string | undefined;
}): Failure[] {
    if (inputs.region === undefined || inputs.region !== inputs.destinationRegion) return [];
    return [{ property: "destinationRegion", reason: "is the source's own region; copies go to another one" }];
}

/** A project that was looked up and is not written down is no change. */
function same(
    key: keyof BackupReplicaInputs,
    _id: string,
    _olds: BackupReplicaOutputs,
    value: unknown,
): boolean | undefined {
    return key === "destinationProjectId" && value === undefined ? true : undefined;
}

/** A failure, or a wait cut short, whose note a refresh took out of the engine's state; or (`wait: false`) the copy has ended since. */
async function moved(context: Context, _id: string, olds: BackupReplicaOutputs): Promise<boolean> {
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
        olds.adopted !== true &&
        news.backupId === olds.backupId &&
        news.destinationRegion === olds.destinationRegion
    );
}

async function create(context: Context, inputs: BackupReplicaInputs) {
    const source = await targetOf(context, inputs);
    if (source.region === inputs.destinationRegion)
        throw new WaitFailedError("destinationRegion is the source's own region; copies go to another one.");
    const destination = await context.client.target(inputs.destinationRegion, inputs.destinationProjectId);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const begun = context.clock.now();
    // Of a request whose answer was lost: when it may have been sent.
    let since = begun;
    const once = {
        what: `CopyBackup for backup ${inputs.backupId} to ${destination.region}`,
        whereToLook: `the replication records of backup ${inputs.backupId} and the backups in vault ${inputs.destinationVaultId}`,
        deadline,
        region: source.region,
        wish: wishOf(backupReplicaInputs, inputs),
        facts: {},
        send: async (post: PostOptions) => {
            const { replication } = await context.client.call(copyBackup, {
                target: source,
                path: { backup_id: inputs.backupId },
                body: {
                    replicate: {
                        destination_project_id: destination.projectId,
                        destination_region: destination.region,
                        destination_vault_id: inputs.destinationVaultId,
                        ...(inputs.name === undefined ? {} : { name: inputs.name }),
                        ...(inputs.description === undefined ? {} : { description: inputs.description }),
                    },
                },
                ...post,
            });
            return { id: replication.replication_record_id, providerId: replication.provider_id };
        },
        find: (window: Window, facts: Readonly<Record<string, string>>) => {
            since = window.from - context.client.serverOffsetMs(source.region);
            return findCopy(context, source, destination, inputs, window, facts);
        },
    };
    const outcome = await postOnce(context, once);
    const { id, providerId } = outcome.value;
    noteInJournal(context, once, { recordId: id }, outcome.sentAt);
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
        requestedAt: outcome.how === "sent" ? begun : since,
    };
    try {
        return { id, outputs: await finish(context, inputs, outputs, deadline) };
    } finally {
        await settleJournal(context, source.region);
    }
}

/** The copy that a lost POST began. Where the cloud keeps no records it is known by its replica or its task. */
async function findCopy(
    context: Context,
    source: Target,
    destination: Target,
    inputs: BackupReplicaInputs,
    window: Window,
    facts: Readonly<Record<string, string>>,
): Promise<{ id: string; providerId: string | undefined } | undefined> {
    const { backupId, name, destinationVaultId } = inputs;
    if (facts["recordId"] !== undefined) {
        const backup = await readBackup(context, source, backupId);
        return { id: facts["recordId"], providerId: backup?.provider_id };
    }
    const request = { source, destination, destinationVaultId };
    const found = await findLostCopy(context, request, { backupId, name }, window.from);
    const id = found?.recordId ?? found?.mark;
    return id === undefined ? undefined : { id, providerId: found?.providerId };
}

function questionOf(outputs: BackupReplicaOutputs): CopyQuestion & { copies: [Copy] } {
    return {
        copies: [{ backupId: outputs.backupId, recordId: outputs.replicationRecordId, name: outputs.name }],
        sourceVaultId: undefined,
        destination: { region: outputs.destinationRegion, projectId: outputs.destinationProjectId },
        destinationVaultId: outputs.destinationVaultId,
        since: outputs.requestedAt,
    };
}

async function lookOnce(context: Context, source: Target, outputs: BackupReplicaOutputs): Promise<CopyState> {
    const [states] = await lookAtCopies(context, source, [questionOf(outputs)]);
    const state = states?.[0];
    if (state === undefined) throw new WaitFailedError(`Copy ${outputs.replicationRecordId} could not be looked at.`);
    return state;
}

function withState(outputs: BackupReplicaOutputs, state: CopyState): BackupReplicaOutputs {
    return {
        ...outputs,
        status: state.status,
        progress: state.progress,
        destinationBackupId: state.destinationBackupId ?? outputs.destinationBackupId,
        destinationCheckpointId: state.destinationCheckpointId ?? outputs.destinationCheckpointId,
        failCode: state.failCode,
        failReason: state.failReason,
    };
}

/** Waits for the record, then for the replica; a failure keeps all that is known by then. */
async function finish(
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
        const state = await context.poller.wait({
            topic: copyTopic(context, source),
            question: questionOf(begun),
            what: `copy of backup ${begun.backupId} to ${begun.destinationRegion}`,
            deadline,
            onLook: (status, elapsedMs, waiting) =>
                context.log.status(
                    `${status}, ${formatDuration(elapsedMs)}${waiting > 1 ? `, ${waiting} waiting` : ""}`,
                ),
            judge: (states) => {
                const seen = states?.[0];
                if (seen === undefined) return { done: false, status: outputs.status };
                outputs = withState(outputs, seen);
                if (isFinalCopy(seen.status)) return { done: true, result: seen };
                return {
                    done: false,
                    status: seen.status,
                    note: seen.progress === undefined ? seen.status : `${seen.status} ${seen.progress} %`,
                };
            },
        });
        const destination = questionOf(begun).destination;
        if (state.status === "fail") throw new WaitFailedError(failureText(outputs));
        if (state.status === "skip") return await adoptExisting(context, source, destination, outputs, state, deadline);
        const replica = await readableReplica(context, destination, outputs, deadline);
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

function failureText(outputs: BackupReplicaOutputs): string {
    const why =
        [outputs.failCode, outputs.failReason].filter((text) => text !== undefined).join(": ") ||
        "the cloud gave no reason";
    return `copy ${outputs.replicationRecordId} of backup ${outputs.backupId} to ${outputs.destinationRegion} failed (${why}). There is no good replica: change \`triggers\`, or run \`pulumi up --replace\` with this resource's URN, to copy again.`;
}

/** A skip means "not replicable" or "there already": only a replica that can be read is taken for one. */
async function adoptExisting(
    context: Context,
    source: Target,
    destination: Target,
    outputs: BackupReplicaOutputs,
    state: CopyState,
    deadline: number,
): Promise<BackupReplicaOutputs> {
    const existing = await existingReplica(
        context,
        source,
        destination,
        outputs.destinationVaultId,
        state,
        outputs.name,
        deadline,
    );
    if (existing?.status !== "available") {
        const why = [state.failCode, state.failReason].filter((text) => text !== undefined).join(": ");
        throw new WaitFailedError(
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

/** `success` is the record's word; the replica's own status has to agree. */
async function readableReplica(
    context: Context,
    destination: Target,
    outputs: BackupReplicaOutputs,
    deadline: number,
): Promise<WireBackup> {
    const { clock } = context;
    const until = Math.min(deadline, clock.now() + REPLICA_GRACE_MS);
    const id = outputs.destinationBackupId;
    for (let pause = 500; id !== undefined; pause = Math.min(pause * 2, 15_000)) {
        const replica = await readBackup(context, destination, id, deadline);
        if (replica?.status === "available") return replica;
        if (replica?.status === "error")
            throw new WaitFailedError(
                `replica ${id} in ${destination.region} has status error, although its record says success. Change \`triggers\` to copy again.`,
            );
        if (clock.now() + pause >= until) {
            const seen = replica === undefined ? "does not exist" : `has status ${replica.status}`;
            throw new WaitFailedError(
                `replica ${id} in ${destination.region} ${seen}, although its record says success. Run \`pulumi up\` again to look once more.`,
            );
        }
        await clock.sleep(pause, context.signal);
    }
    throw new WaitFailedError(
        `the record of the copy of backup ${outputs.backupId} says success but names no replica. Run \`pulumi up\` again to look once more.`,
    );
}

async function update(
    context: Context,
    id: string,
    olds: BackupReplicaOutputs,
    news: BackupReplicaInputs,
): Promise<BackupReplicaOutputs> {
    const outputs: BackupReplicaOutputs = {
        ...takeOver(olds, news, backupReplicaInputs),
        destinationProjectId: olds.destinationProjectId,
    };
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
        throw new WaitFailedError(
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
    if (!isFinalCopy(outputs.status) || outputs.destinationBackupId === undefined) {
        const state = await lookOnce(context, source, outputs);
        outputs = withState(outputs, state);
        if (!stored && outputs.destinationBackupId === undefined)
            throw new WaitFailedError(`There is no replica for record ${id} of backup ${backupId} in ${region}.`);
    }
    if (outputs.destinationBackupId === undefined) return { id, outputs };
    const listed = await sharedBackup(context, destination, destinationVaultId, outputs.destinationBackupId);
    const replica = listed ?? (await readBackup(context, destination, outputs.destinationBackupId));
    if (replica === undefined) {
        if (!isFinalCopy(outputs.status)) return { id, outputs };
        if (!stored) throw new WaitFailedError(`Replica ${outputs.destinationBackupId} is no longer in ${region}.`);
        context.log.warn(
            `replica ${outputs.destinationBackupId} is no longer in ${region}: the next \`pulumi up\` copies backup ${backupId} again`,
        );
        return undefined;
    }
    const verified = replica.status === "available" ? { verified: true } : {};
    return {
        id,
        outputs: {
            ...outputs,
            destinationCheckpointId: replica.checkpoint_id ?? outputs.destinationCheckpointId,
            ...verified,
        },
    };
}

async function remove(context: Context, id: string, olds: BackupReplicaOutputs): Promise<void> {
    const where = `in ${olds.destinationRegion}, vault ${olds.destinationVaultId}`;
    if (olds.deletionPolicy !== "delete" || olds.adopted === true) {
        const why = olds.deletionPolicy === "delete" ? " (it was there before this resource)" : "";
        if (olds.destinationBackupId !== undefined)
            context.log.info(
                `retained replica ${olds.destinationBackupId} ${where}${why}: it costs money until deleted`,
            );
        return;
    }
    const deadline = deadlineOf(context, olds, "delete", COPY_DELETE_BUDGET_MS);
    const source = await context.client.target(olds.region, olds.projectId);
    const destination = await context.client.target(olds.destinationRegion, olds.destinationProjectId);
    let replicaId = olds.destinationBackupId;
    if (!isFinalCopy(olds.status)) {
        // A running copy cannot be called back: what it leaves is deleted once it has ended.
        const states = await context.poller.wait({
            topic: copyTopic(context, source),
            question: questionOf(olds),
            what: `copy ${id}, which has to end before its replica can be deleted`,
            deadline,
            onLook: (status, elapsedMs) => context.log.status(`${status}, ${formatDuration(elapsedMs)}`),
            judge: (seen) =>
                seen?.[0] !== undefined && isFinalCopy(seen[0].status)
                    ? { done: true, result: seen[0] }
                    : { done: false, status: seen?.[0]?.status ?? olds.status },
        });
        if (states.status === "skip") return;
        replicaId = states.destinationBackupId ?? replicaId;
    }
    if (replicaId !== undefined) await deleteBackups(context, destination, [replicaId], deadline);
}
