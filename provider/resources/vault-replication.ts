/** VaultReplication: one run that copies all backups of a vault to another region. */
import { z } from "zod";
import { deleteBackups } from "../backup-deletion";
import { backupRows } from "../backup-lists";
import type { Target } from "../client";
import { type Context, targetOf } from "../context";
import {
    backupRowsWithRecords,
    type Copy,
    type CopyQuestion,
    type CopyState,
    copyTopic,
    existingReplica,
    isFinalCopy,
    isRecordFor,
    lookAtCopies,
    readBackup,
    replicasIn,
} from "../copies";
import { formatDuration } from "../duration";
import { ApiError, messageOf, PartialCreateError, WaitFailedError } from "../errors";
import { commonInputs, deadlineOf, deletionPolicy, destinationProjectId, destinationRegion, type Handler, objectId, warnOrFail } from "../handler";
import { digest } from "../journal";
import { noteInJournal, postOnce, settleJournal, type Window } from "../once";
import { copyCheckpoint, type WireBackup } from "../operations";
import { preflightVaultReplication } from "../preflight";
import { COPY_BUDGET_MS, COPY_DELETE_BUDGET_MS, refuseSameRegion, takeOver } from "./backup-replica";

/** How long records may say `success` while their replicas cannot be read yet, in milliseconds. */
const REPLICA_GRACE_MS = 120_000;

export const vaultReplicationInputs = z.strictObject({
    ...commonInputs,
    /** Vault whose backups are copied: all that have no replica yet. Changing it replaces the resource. */
    vaultId: objectId.meta({ replaces: true }),
    /** Region to copy to. Changing it replaces the resource. */
    destinationRegion: destinationRegion.meta({ replaces: true }),
    /** Project in the destination region, 32 hexadecimal digits. Default: the one that IAM names there. Changing it replaces the resource. */
    destinationProjectId: destinationProjectId.optional().meta({ replaces: true }),
    /** Vault in the destination region, of protect type replication. Changing it replaces the resource. */
    destinationVaultId: objectId.meta({ replaces: true }),
    /** Marks the run as automatic. Default: false. Changing it replaces the resource. */
    autoTrigger: z.boolean().optional().meta({ replaces: true, default: false }),
    /** What it means when some copies fail and others are good: `fail` (default) or `warn`. */
    onPartialFailure: warnOrFail.optional().meta({ default: "fail" }),
    /** What becomes of the replicas when the resource goes: `retain` (default) or `delete`. Those that were there before are never deleted. */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
});
export type VaultReplicationInputs = z.output<typeof vaultReplicationInputs>;

const replication = z.object({
    /** The source backup. */
    backupId: z.string(),
    replicationRecordId: z.string().optional(),
    /** The API's word: waiting_replicate, replicating, success, fail, skip. */
    status: z.string(),
    /** Percent. */
    progress: z.number().optional(),
    destinationBackupId: z.string().optional(),
    destinationCheckpointId: z.string().optional(),
    failCode: z.string().optional(),
    failReason: z.string().optional(),
    /** True when the replica was there before: it is then never deleted. */
    adopted: z.boolean().optional(),
});
export type Replication = z.output<typeof replication>;

export const vaultReplicationOutputs = z.object({
    ...vaultReplicationInputs.shape,
    region: z.string(),
    projectId: z.string(),
    destinationProjectId: z.string(),
    /** One a backup, in the order of `replications`. */
    replicationRecordIds: z.array(z.string()),
    /** Every copy of this run. By source backup id. */
    replications: z.array(replication),
    /** Ids of the replicas in the destination region, of the copies that are good. */
    destinationBackupIds: z.array(z.string()),
    /** replicating; success: all good; fail: at least one failed; skip: nothing was left to copy. */
    status: z.string(),
    /** Kind of object that was copied. */
    providerId: z.string().optional(),
    sourceRegion: z.string(),
    /** Clock time of the request, milliseconds since the epoch. */
    requestedAt: z.number(),
});
export type VaultReplicationOutputs = z.output<typeof vaultReplicationOutputs>;

export const vaultReplication: Handler<VaultReplicationInputs, VaultReplicationOutputs> = {
    kind: "VaultReplication",
    inputs: vaultReplicationInputs,
    outputs: vaultReplicationOutputs,
    refine: refuseSameRegion,
    preflight: preflightVaultReplication,
    same: (key, _id, _olds, value) => (key === "destinationProjectId" && value === undefined ? true : undefined),
    moved,
    create,
    update,
    read,
    remove,
};

interface Begun {
    readonly copies: readonly Copy[];
    readonly providerId: string | undefined;
}

async function moved(context: Context, _id: string, olds: VaultReplicationOutputs): Promise<boolean> {
    if (isDone(olds)) return false;
    try {
        const source = await context.client.target(olds.region, olds.projectId);
        const [states] = await lookAtCopies(context, source, [questionOf(olds)]);
        return states?.every((state) => isFinalCopy(state.status)) ?? false;
    } catch {
        // A preview must not fail because the cloud cannot be asked: what state says stands.
        return false;
    }
}

function isDone(outputs: VaultReplicationOutputs): boolean {
    return outputs.replications.every((one) => isFinalCopy(one.status));
}

async function create(context: Context, inputs: VaultReplicationInputs) {
    const source = await targetOf(context, inputs);
    if (source.region === inputs.destinationRegion) throw new WaitFailedError("destinationRegion is the source's own region; copies go to another one.");
    const destination = await context.client.target(inputs.destinationRegion, inputs.destinationProjectId);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const requestedAt = context.clock.now();
    const once = {
        what: `CopyCheckpoint for vault ${inputs.vaultId} to ${destination.region}`,
        whereToLook: `the replication records of the backups in vault ${inputs.vaultId} and the backups in vault ${inputs.destinationVaultId}`,
        region: source.region,
        wish: { ...inputs, timeouts: undefined, wait: undefined },
        facts: {},
        send: () => send(context, source, destination, inputs, deadline),
        find: (window: Window, facts: Readonly<Record<string, string>>) => find(context, source, destination, inputs, window, facts),
    };
    const outcome = await postOnce<Begun, Begun>(context, once);
    const { copies, providerId } = outcome.value;
    noteInJournal(context, once, { copies: JSON.stringify(copies) });
    if (outcome.how !== "sent") context.log.info(`the run was under way already (its answer was lost): ${copies.length} copies found, none started again`);
    if (copies.length === 0) context.log.info(`nothing to copy: every available backup of vault ${inputs.vaultId} has its replica in ${destination.region}`);
    const replications = copies
        .map((copy): Replication => ({ backupId: copy.backupId, replicationRecordId: copy.recordId, status: "waiting_replicate" }))
        .sort((a, b) => (a.backupId < b.backupId ? -1 : 1));
    const outputs = summed({
        ...inputs,
        region: source.region,
        projectId: source.projectId,
        destinationProjectId: destination.projectId,
        replicationRecordIds: [],
        replications,
        destinationBackupIds: [],
        status: "replicating",
        providerId,
        sourceRegion: source.region,
        requestedAt,
    });
    const id = idOf(outputs);
    try {
        return { id, outputs: await finish(context, id, inputs, outputs, deadline) };
    } finally {
        settleJournal(context, source.region);
    }
}

function idOf(outputs: VaultReplicationOutputs): string {
    const runs = outputs.replications.map((one) => one.replicationRecordId ?? one.backupId);
    // A run that found nothing to do has no records; its time tells it from the next such run.
    const hash = digest(JSON.stringify(runs.length === 0 ? [String(outputs.requestedAt)] : runs)).slice(0, 8);
    return `${outputs.vaultId}/${outputs.destinationRegion}/${outputs.destinationVaultId}/${hash}`;
}

async function send(context: Context, source: Target, destination: Target, inputs: VaultReplicationInputs, deadline: number): Promise<Begun> {
    try {
        const { replication: answer } = await context.client.call(copyCheckpoint, {
            target: source,
            body: {
                replicate: {
                    vault_id: inputs.vaultId,
                    destination_project_id: destination.projectId,
                    destination_region: destination.region,
                    destination_vault_id: inputs.destinationVaultId,
                    ...(inputs.autoTrigger === undefined ? {} : { auto_trigger: inputs.autoTrigger }),
                },
            },
            deadline,
            onRetry: (error, delayMs) => context.log.status(`${error.message} Trying again in ${formatDuration(delayMs)}.`),
        });
        return {
            copies: answer.backups.map((one) => ({ backupId: one.backup_id, recordId: one.replication_record_id })),
            providerId: answer.provider_id,
        };
    } catch (error) {
        // "Nothing to replicate" is no failure when everything has been replicated (A6).
        if (error instanceof ApiError && error.failure.code === "BackupService.0001" && (await allReplicated(context, source, destination, inputs)))
            return { copies: [], providerId: undefined };
        throw error;
    }
}

/** Has every available backup of the vault its replica there? A vault without any available backup has not. */
async function allReplicated(context: Context, source: Target, destination: Target, inputs: VaultReplicationInputs): Promise<boolean> {
    const rows = (await backupRowsWithRecords(context, source, { vault_id: inputs.vaultId })).filter((row) => row.status === "available" && row.image_type !== "replication");
    if (rows.length === 0) return false;
    const recorded = (row: WireBackup) => row.replication_records?.some((record) => record.status === "success" && isRecordFor(record, destination, inputs.destinationVaultId, 0)) === true;
    const open = rows.filter((row) => !recorded(row));
    if (open.length === 0) return true;
    if (open.some((row) => (row.replication_records?.length ?? 0) > 0)) return false;
    const replicas = (await replicasIn(context, destination, inputs.destinationVaultId)).filter((row) => row.status === "available");
    return [...new Set(open.map((row) => row.resource_id))].every(
        (resource) => replicas.filter((row) => row.resource_id === resource).length >= open.filter((row) => row.resource_id === resource).length,
    );
}

/** The run that a lost POST began: records made since; else replicas made since, by resource and name. */
async function find(
    context: Context,
    source: Target,
    destination: Target,
    inputs: VaultReplicationInputs,
    window: Window,
    facts: Readonly<Record<string, string>>,
): Promise<Begun | undefined> {
    if (facts["copies"] !== undefined) return { copies: JSON.parse(facts["copies"]) as Copy[], providerId: undefined };
    const rows = await backupRowsWithRecords(context, source, { vault_id: inputs.vaultId });
    const copies: Copy[] = [];
    for (const row of rows) {
        const record = row.replication_records?.find((one) => isRecordFor(one, destination, inputs.destinationVaultId, window.from));
        if (record !== undefined) copies.push({ backupId: row.id, recordId: record.id });
    }
    const keepsRecords = rows.some((row) => row.replication_records !== undefined);
    if (copies.length === 0 && !keepsRecords) {
        const replicas = await replicasIn(context, destination, inputs.destinationVaultId, window.from);
        for (const replica of replicas) {
            const taken = new Set(copies.map((copy) => copy.backupId));
            const candidates = rows.filter((row) => row.resource_id === replica.resource_id && row.status === "available" && !taken.has(row.id));
            const original = candidates.find((row) => row.name === replica.name) ?? candidates[0];
            if (original !== undefined) copies.push({ backupId: original.id, recordId: undefined });
        }
    }
    return copies.length === 0 ? undefined : { copies, providerId: rows[0]?.provider_id };
}

function questionOf(outputs: VaultReplicationOutputs): CopyQuestion {
    return {
        copies: outputs.replications.map((one) => ({ backupId: one.backupId, recordId: one.replicationRecordId })),
        sourceVaultId: outputs.vaultId,
        destination: { region: outputs.destinationRegion, projectId: outputs.destinationProjectId },
        destinationVaultId: outputs.destinationVaultId,
        since: outputs.requestedAt,
    };
}

/** What follows from the copies: overall status and the lists of ids. */
function summed(outputs: VaultReplicationOutputs): VaultReplicationOutputs {
    const { replications } = outputs;
    const has = (status: string) => replications.some((one) => one.status === status);
    const open = replications.some((one) => !isFinalCopy(one.status));
    return {
        ...outputs,
        replicationRecordIds: replications.map((one) => one.replicationRecordId).filter((id) => id !== undefined),
        destinationBackupIds: replications.filter((one) => one.status === "success" || one.adopted === true).map((one) => one.destinationBackupId).filter((id) => id !== undefined),
        status: open ? "replicating" : has("fail") ? "fail" : has("success") ? "success" : "skip",
    };
}

function withStates(outputs: VaultReplicationOutputs, states: readonly CopyState[]): VaultReplicationOutputs {
    const byBackup = new Map(states.map((state) => [state.backupId, state]));
    const replications = outputs.replications.map((one): Replication => {
        const state = byBackup.get(one.backupId);
        // What has ended stays as it ended: its record may be gone by now, with its source.
        if (state === undefined || isFinalCopy(one.status)) return one;
        return {
            ...one,
            replicationRecordId: one.replicationRecordId ?? state.recordId,
            status: state.status,
            progress: state.progress,
            destinationBackupId: state.destinationBackupId ?? one.destinationBackupId,
            destinationCheckpointId: state.destinationCheckpointId ?? one.destinationCheckpointId,
            failCode: state.failCode,
            failReason: state.failReason,
        };
    });
    return summed({ ...outputs, replications });
}

async function finish(context: Context, id: string, inputs: VaultReplicationInputs, begun: VaultReplicationOutputs, deadline: number): Promise<VaultReplicationOutputs> {
    let outputs = begun;
    try {
        if (inputs.wait === false) return outputs;
        outputs = await waitForCopies(context, begun, deadline, (seen) => {
            outputs = seen;
        });
        outputs = await settleSkips(context, outputs);
        outputs = await checkReplicas(context, outputs, deadline);
        judge(context, id, outputs);
        return outputs;
    } catch (error) {
        throw error instanceof PartialCreateError ? error : new PartialCreateError(id, outputs, [messageOf(error)], { cause: error });
    }
}

async function waitForCopies(context: Context, begun: VaultReplicationOutputs, deadline: number, keep: (seen: VaultReplicationOutputs) => void): Promise<VaultReplicationOutputs> {
    if (isDone(begun)) return begun;
    const total = begun.replications.length;
    let outputs = begun;
    return context.poller.wait({
        topic: copyTopic(context, { region: begun.region, projectId: begun.projectId }),
        question: questionOf(begun),
        what: `replication of vault ${begun.vaultId} to ${begun.destinationRegion}`,
        deadline,
        onLook: (status, elapsedMs) => context.log.status(`${status}, ${formatDuration(elapsedMs)}`),
        judge: (states) => {
            if (states === undefined) return { done: false, status: outputs.status };
            outputs = withStates(outputs, states);
            keep(outputs);
            if (isDone(outputs)) return { done: true, result: outputs };
            const ended = outputs.replications.filter((one) => isFinalCopy(one.status)).length;
            const progress = outputs.replications.reduce((sum, one) => sum + (isFinalCopy(one.status) ? 100 : (one.progress ?? 0)), 0) / total;
            return { done: false, status: `replicating, ${ended} of ${total} ended`, note: `replicating ${Math.floor(progress)} %, ${ended} of ${total} copies ended` };
        },
    });
}

/** A skip is good only when the replica is there already; else it is a failure. */
async function settleSkips(context: Context, outputs: VaultReplicationOutputs): Promise<VaultReplicationOutputs> {
    const skipped = outputs.replications.filter((one) => one.status === "skip" && one.adopted !== true);
    if (skipped.length === 0) return outputs;
    const source = { region: outputs.region, projectId: outputs.projectId };
    const { destination } = questionOf(outputs);
    const found = new Map<string, WireBackup>();
    for (const one of skipped) {
        const state = { ...one, recordId: one.replicationRecordId } as unknown as CopyState;
        const replica = await existingReplica(context, source, destination, outputs.destinationVaultId, state, undefined);
        if (replica?.status === "available") found.set(one.backupId, replica);
    }
    if (found.size > 0) context.log.info(`${found.size} backups already had a replica in ${destination.region}; it is not deleted with this resource`);
    const replications = outputs.replications.map((one) => {
        const replica = found.get(one.backupId);
        return replica === undefined ? one : { ...one, destinationBackupId: replica.id, destinationCheckpointId: replica.checkpoint_id, adopted: true };
    });
    return summed({ ...outputs, replications });
}

/** `success` is a record's word; the replica's own status has to agree. One list for all, single reads for what it does not show. */
async function checkReplicas(context: Context, outputs: VaultReplicationOutputs, deadline: number): Promise<VaultReplicationOutputs> {
    const { destination, since } = questionOf(outputs);
    const { clock } = context;
    const until = Math.min(deadline, clock.now() + REPLICA_GRACE_MS);
    const open = new Map(outputs.replications.filter((one) => one.status === "success").map((one) => [one.backupId, one]));
    const bad = new Map<string, string>();
    const checkpoints = new Map<string, string | undefined>();
    for (let pause = 500; open.size > 0; pause = Math.min(pause * 2, 15_000)) {
        const from = since + context.client.serverOffsetMs(destination.region) - 60_000;
        const rows = new Map((await replicasIn(context, destination, outputs.destinationVaultId, from)).map((row) => [row.id, row]));
        for (const one of open.values()) {
            const id = one.destinationBackupId;
            const replica = id === undefined ? undefined : (rows.get(id) ?? (await readBackup(context, destination, id, deadline)));
            if (replica?.status === "available") {
                checkpoints.set(one.backupId, replica.checkpoint_id);
                open.delete(one.backupId);
            } else if (replica?.status === "error") {
                bad.set(one.backupId, `replica ${id} has status error, although its record says success`);
                open.delete(one.backupId);
            } else if (clock.now() + pause >= until) {
                bad.set(one.backupId, `replica ${id ?? "(unnamed)"} ${replica === undefined ? "does not exist" : `has status ${replica.status}`}, although its record says success`);
                open.delete(one.backupId);
            }
        }
        if (open.size > 0) await clock.sleep(pause);
    }
    const replications = outputs.replications.map((one): Replication => {
        const reason = bad.get(one.backupId);
        if (reason !== undefined) return { ...one, status: "fail", failReason: reason };
        return { ...one, destinationCheckpointId: one.destinationCheckpointId ?? checkpoints.get(one.backupId) };
    });
    return summed({ ...outputs, replications });
}

/** Throws when the outcome is a failure by the resource's own rules. */
function judge(context: Context, id: string, outputs: VaultReplicationOutputs): void {
    const isGood = (one: Replication) => one.status === "success" || one.adopted === true;
    const good = outputs.replications.filter(isGood).length;
    const bad = outputs.replications.filter((one) => !isGood(one));
    if (bad.length === 0) return;
    const parts = bad.map((one) => {
        const why = [one.failCode, one.failReason].filter((text) => text !== undefined).join(": ");
        const what = one.status === "skip" ? "skipped, and no replica of it was found" : "failed";
        return `backup ${one.backupId} ${what} (record ${one.replicationRecordId ?? "unknown"}${why === "" ? "" : `, ${why}`})`;
    });
    const text = `replication of vault ${outputs.vaultId} to ${outputs.destinationRegion}: ${good} good, ${bad.length} not: ${parts.join("; ")}.`;
    if (good > 0 && outputs.onPartialFailure === "warn") {
        context.log.warn(text);
        return;
    }
    const next = good > 0 ? ' Accept the good ones with `onPartialFailure: "warn"`, or copy' : " Copy";
    throw new PartialCreateError(id, outputs, [`${text}${next} again by changing \`triggers\` or with \`pulumi up --replace\`.`]);
}

async function update(context: Context, id: string, olds: VaultReplicationOutputs, news: VaultReplicationInputs): Promise<VaultReplicationOutputs> {
    const outputs: VaultReplicationOutputs = { ...takeOver(olds, news, vaultReplicationInputs), destinationProjectId: olds.destinationProjectId };
    if (isDone(olds)) {
        judge(context, id, outputs);
        return outputs;
    }
    if (news.wait === false) {
        const [states] = await lookAtCopies(context, await context.client.target(olds.region, olds.projectId), [questionOf(outputs)]);
        return withStates(outputs, states ?? []);
    }
    context.log.info(`resuming the wait for ${outputs.replications.length} copies`);
    return finish(context, id, news, outputs, deadlineOf(context, news, "update", COPY_BUDGET_MS));
}

/** It records something that happened: a refresh brings it up to date, and never drops it. */
async function read(context: Context, id: string, olds: Partial<VaultReplicationOutputs>) {
    if (olds.replications === undefined || olds.replicationRecordIds === undefined)
        throw new WaitFailedError("VaultReplication records a run of its own and cannot be looked up; read the backups with getBackups instead.");
    let outputs = olds as VaultReplicationOutputs;
    if (!isDone(outputs)) {
        const [states] = await lookAtCopies(context, await context.client.target(outputs.region, outputs.projectId), [questionOf(outputs)]);
        outputs = withStates(outputs, states ?? []);
    }
    const { destination, destinationVaultId } = questionOf(outputs);
    const ids = summed(outputs).destinationBackupIds;
    if (ids.length === 0) return { id, outputs };
    const listed = new Set((await backupRows(context, destination, { vault_id: destinationVaultId })).map((row) => row.id));
    const left: string[] = [];
    for (const one of ids) if (listed.has(one) || (await readBackup(context, destination, one)) !== undefined) left.push(one);
    const lost = ids.filter((one) => !left.includes(one));
    if (lost.length > 0) context.log.warn(`${lost.length} replicas of this run are no longer in ${destination.region}: ${lost.join(", ")}. Change \`triggers\` to copy again.`);
    return { id, outputs: { ...outputs, destinationBackupIds: left } };
}

async function remove(context: Context, id: string, olds: VaultReplicationOutputs): Promise<void> {
    const where = `in ${olds.destinationRegion}, vault ${olds.destinationVaultId}`;
    if (olds.deletionPolicy !== "delete") {
        const ids = olds.destinationBackupIds;
        if (ids.length > 0) context.log.info(`retained ${ids.length} ${ids.length === 1 ? "replica" : "replicas"} ${where}: ${ids.join(", ")}. They cost money until deleted.`);
        return;
    }
    const deadline = deadlineOf(context, olds, "delete", COPY_DELETE_BUDGET_MS);
    // Running copies cannot be called back: what they leave is deleted once they have ended.
    const ended = await waitForCopies(context, olds, deadline, () => {});
    const own = ended.replications.filter((one) => one.adopted !== true && one.status !== "skip").map((one) => one.destinationBackupId).filter((one) => one !== undefined);
    const kept = ended.replications.filter((one) => one.adopted === true).length;
    if (kept > 0) context.log.info(`${id}: ${kept} replicas ${where} were there before this resource and are retained`);
    await deleteBackups(context, await context.client.target(olds.destinationRegion, olds.destinationProjectId), own, deadline);
}
