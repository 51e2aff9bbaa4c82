/**
 * A set of copies on their way to one vault of another region, whatever started them: waited for, checked, judged, read
 * and removed alike. VaultReplication and CheckpointReplica differ only in how the copies begin.
 */

import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { messageOf, OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import type { WireBackup } from "../../client/operations";
import { readBackup } from "../../reads/backup-lists";
import { deleteBackups } from "../../reads/delete-backups";
import { showProgress } from "../../reads/poller";
import { sharedBackup } from "../../reads/shared-reads";
import {
    type CommonInputs,
    deadlineOf,
    deletionPolicy,
    destinationProjectId,
    destinationRegion,
    EXPIRED,
    objectId,
    warnOrFail,
} from "../../resource/resource";
import type { Context } from "../../services/context";
import { copyTopic, lookAtCopies, withTaskErrors } from "./copy-status";
import {
    COPY_BUDGET_MS,
    COPY_DELETE_BUDGET_MS,
    type CopyQuery,
    type CopyState,
    isFinalCopy,
    seenOf,
} from "./destination-replicas";
import { existingReplica, type ReplicaLocation, waitForExistingReplica, waitForReplicas } from "./existing-replicas";
import { copyHolding, deletableReplicas } from "./holding";

/** Inputs that both kinds have. */
export const copySetInputs = {
    /** Region to copy to. Changing it replaces the resource. */
    destinationRegion: destinationRegion.meta({ replaces: true }),
    /** Project in the destination region, 32 hexadecimal digits. Default: the one that IAM names there. Changing it replaces the resource. */
    destinationProjectId: destinationProjectId.optional().meta({ replaces: true }),
    /** Vault in the destination region, of protect type replication. Changing it replaces the resource. */
    destinationVaultId: objectId.meta({ replaces: true }),
    /** What it means when some copies fail and others are good: `fail` (default) or `warn`. */
    onPartialFailure: warnOrFail.optional().meta({ default: "fail" }),
    /** What becomes of the replicas when the resource goes: `retain` (default) or `delete`. Those that were there before are never deleted. */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
};

/** The request was refused, or never left: this copy surely has not begun. */
export const UNSENT = "unsent";
/** The answer to the request was lost, and looking did not tell whether it took effect. */
export const UNSURE = "unsure";

const replication = z.object({
    /** The source backup. */
    backupId: z.string(),
    replicationRecordId: z.string().optional(),
    /**
     * The API's word: waiting_replicate, replicating, success, fail, skip. Before there is one: `unsent` (the request
     * was refused) or `unsure` (its answer was lost). `expired` once a refresh has found that a good replica is no
     * longer in its region.
     */
    status: z.string(),
    /** Percent. */
    progress: z.number().optional(),
    destinationBackupId: z.string().optional(),
    destinationCheckpointId: z.string().optional(),
    failCode: z.string().optional(),
    failReason: z.string().optional(),
    /** Of an `unsure` one: clock time by which its request was sent, milliseconds since the epoch. */
    unsureAt: z.number().optional(),
    /** True when the replica was there before: it is then never deleted. */
    adopted: z.boolean().optional(),
    /** True when the answer to its request was lost and the copy was found by place and time only: it may be another's, and is then never deleted. */
    unproven: z.boolean().optional(),
});
export type Replication = z.output<typeof replication>;

/** Outputs that both kinds have. */
export const copySetOutputs = {
    region: z.string(),
    projectId: z.string(),
    destinationProjectId: z.string(),
    /** One a backup, in the order of `replications`. */
    replicationRecordIds: z.array(z.string()),
    /** Every copy of this run. By source backup id. */
    replications: z.array(replication),
    /**
     * Ids of the replicas in the destination region that can be used: those of good copies, without those that are no
     * longer there.
     */
    destinationBackupIds: z.array(z.string()),
    /**
     * replicating; success: at least one was copied, none failed; fail: at least one failed; expired: no replica that
     * was copied is left; skip: none was copied, none failed.
     */
    status: z.string(),
    /** Kind of object that was copied. */
    providerId: z.string().optional(),
    sourceRegion: z.string(),
    /** Clock time of the request, milliseconds since the epoch. */
    requestedAt: z.number(),
    /** True once every copy has ended, and what its record says has been compared with its replica. */
    verified: z.boolean().optional(),
};

/** 0.1.0 marked a replica that was no longer there with `gone: true` beside its record's status. */
export function upgradeCopySet(stored: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { replications } = stored as { replications?: readonly (Replication & { gone?: boolean })[] };
    if (replications?.some(({ gone }) => gone === true) !== true) return { ...stored };
    const upgraded = replications.map(({ gone, ...one }) => (gone === true ? { ...one, status: EXPIRED } : one));
    return { ...withTotals({ ...(stored as unknown as CopySet), replications: upgraded }) };
}

export interface CopySet extends CommonInputs {
    readonly region: string;
    readonly projectId: string;
    readonly destinationRegion: string;
    readonly destinationProjectId: string;
    readonly destinationVaultId: string;
    readonly onPartialFailure?: "warn" | "fail" | undefined;
    readonly deletionPolicy?: "retain" | "delete" | undefined;
    readonly replicationRecordIds: string[];
    readonly replications: Replication[];
    readonly destinationBackupIds: string[];
    readonly status: string;
    readonly requestedAt: number;
    readonly verified?: boolean | undefined;
}

/** What is copied: the two things in which the kinds differ once the copies are under way. */
export interface Subject<O> {
    /** For messages: `vault 1234`. */
    name(outputs: O): string;
    /** Vault of the source backups, where known. */
    vaultId(outputs: O): string | undefined;
}

export const hasBegun = (one: Replication): boolean => one.status !== UNSENT && one.status !== UNSURE;
/** A `success` that names no replica yet has not ended, either. */
const isRunning = (one: Replication): boolean =>
    hasBegun(one) &&
    one.status !== EXPIRED &&
    (!isFinalCopy(one.status) || (one.status === "success" && one.destinationBackupId === undefined));
/** Is there a replica that can be used? */
const isUsable = (one: Replication): boolean =>
    one.status !== EXPIRED && (one.status === "success" || one.adopted === true);
/** What was good and has gone since is no failure. */
const isGood = (one: Replication): boolean => isUsable(one) || one.status === EXPIRED;

function sourceOf(outputs: CopySet): ProjectRef {
    return { region: outputs.region, projectId: outputs.projectId };
}

function destinationOf(outputs: CopySet): ProjectRef {
    return { region: outputs.destinationRegion, projectId: outputs.destinationProjectId };
}

function placeOf(outputs: CopySet): ReplicaLocation {
    return { destination: destinationOf(outputs), destinationVaultId: outputs.destinationVaultId };
}

/** Copies that began but have not ended, as the shared look asks for them. */
function questionOf<O extends CopySet>(subject: Subject<O>, outputs: O): CopyQuery {
    return {
        copies: outputs.replications
            .filter(hasBegun)
            .map((one) => ({ backupId: one.backupId, recordId: one.replicationRecordId })),
        sourceVaultId: subject.vaultId(outputs),
        destination: destinationOf(outputs),
        destinationVaultId: outputs.destinationVaultId,
        since: outputs.requestedAt,
    };
}

function isDone(outputs: CopySet): boolean {
    return !outputs.replications.some(isRunning);
}

/** Nothing of it is under way any more, nor in doubt. */
export function hasEnded(outputs: CopySet): boolean {
    return isDone(outputs) && !outputs.replications.some((one) => one.status === UNSURE);
}

/** What follows from the copies: overall status and the lists of ids. */
export function withTotals<O extends CopySet>(outputs: O): O {
    const { replications } = outputs;
    const has = (status: string) => replications.some((one) => one.status === status);
    const failed = has("fail") || has(UNSENT) || has(UNSURE);
    const ended = failed ? "fail" : has("success") ? "success" : has(EXPIRED) ? EXPIRED : "skip";
    return {
        ...outputs,
        replicationRecordIds: replications.map((one) => one.replicationRecordId).filter((id) => id !== undefined),
        destinationBackupIds: replications
            .filter(isUsable)
            .map((one) => one.destinationBackupId)
            .filter((id) => id !== undefined),
        status: isDone(outputs) ? ended : "replicating",
    };
}

function withStates<O extends CopySet>(outputs: O, states: readonly CopyState[]): O {
    const byBackup = new Map(states.map((state) => [state.backupId, state]));
    const replications = outputs.replications.map((one): Replication => {
        const state = byBackup.get(one.backupId);
        // What has ended stays as it ended: its record may be gone by now, with its source.
        if (state === undefined || !isRunning(one)) return one;
        return { ...one, replicationRecordId: one.replicationRecordId ?? state.recordId, ...seenOf(one, state) };
    });
    return withTotals({ ...outputs, replications });
}

async function lookNow<O extends CopySet>(context: Context, subject: Subject<O>, outputs: O): Promise<O> {
    const source = await context.client.target(outputs.region, outputs.projectId);
    const [states] = await lookAtCopies(context, source, [questionOf(subject, outputs)]);
    return withStates(outputs, states ?? []);
}

export function areSettled(outputs: CopySet): boolean {
    return outputs.verified === true && !isFailure(outputs);
}

/** Nothing is left to do: an update sends what did not begin, even where a warning was enough. */
export function isSettled(outputs: CopySet): boolean {
    return areSettled(outputs) && outputs.replications.every(hasBegun);
}

/** A failure, or a wait cut short, whose note a refresh took out of the engine's state; or (`wait: false`) all copies have ended since. */
export async function copiesMoved<O extends CopySet>(context: Context, subject: Subject<O>, olds: O): Promise<boolean> {
    if (areSettled(olds)) return false;
    if (olds.verified === true || olds.wait !== false || isDone(olds)) return true;
    try {
        return isDone(await lookNow(context, subject, olds));
    } catch {
        // A preview must not fail because the cloud cannot be asked: what state says stands.
        return false;
    }
}

/** Waits until every copy has ended, checks what they left, and judges it; with `wait: false` only if they have ended. A failure keeps all that is known by then. */
export async function finishCopies<O extends CopySet>(
    context: Context,
    subject: Subject<O>,
    id: string,
    begun: O,
    deadline: number,
): Promise<O> {
    if (begun.wait === false && !isDone(begun)) return begun;
    let outputs = begun;
    try {
        outputs = await waitForCopies(context, subject, begun, deadline, (seen) => {
            outputs = seen;
        });
        if (outputs.verified !== true) {
            outputs = await resolveSkipped(context, outputs, deadline);
            outputs = await withFailureReasons(context, subject, outputs);
            outputs = { ...(await checkReplicas(context, outputs, deadline)), verified: true };
        }
        judgeCopies(context, subject, id, outputs);
        return outputs;
    } catch (error) {
        throw error instanceof PartialCreateError
            ? error
            : new PartialCreateError(id, outputs, [messageOf(error)], { cause: error });
    }
}

async function waitForCopies<O extends CopySet>(
    context: Context,
    subject: Subject<O>,
    begun: O,
    deadline: number,
    keep: (seen: O) => void,
): Promise<O> {
    if (isDone(begun)) return begun;
    const total = begun.replications.length;
    let outputs = begun;
    return context.poller.wait({
        topic: copyTopic(context, sourceOf(begun)),
        question: questionOf(subject, begun),
        what: `replication of ${subject.name(begun)} to ${begun.destinationRegion}`,
        deadline,
        onLook: showProgress(context.log, "resources that wait for copies"),
        evaluate: (states) => {
            if (states === undefined) return { done: false, status: outputs.status };
            outputs = withStates(outputs, states);
            keep(outputs);
            if (isDone(outputs)) return { done: true, result: outputs };
            const ended = outputs.replications.filter((one) => !isRunning(one)).length;
            const progress =
                outputs.replications.reduce((sum, one) => sum + (isRunning(one) ? (one.progress ?? 0) : 100), 0) /
                total;
            return {
                done: false,
                status: `replicating, ${ended} of ${total} ended`,
                note: `replicating ${Math.floor(progress)} %, ${ended} of ${total} copies ended`,
            };
        },
    });
}

/** A skip is good only when the replica is there already; else it is a failure. */
async function resolveSkipped<O extends CopySet>(context: Context, outputs: O, deadline?: number): Promise<O> {
    const skipped = outputs.replications.filter((one) => one.status === "skip" && one.adopted !== true);
    if (skipped.length === 0) return outputs;
    const { destination } = placeOf(outputs);
    const found = new Map<string, WireBackup>();
    for (const one of skipped) {
        const asked = [context, sourceOf(outputs), placeOf(outputs), one] as const;
        // A refresh does not wait for one that is still on its way.
        const replica =
            deadline === undefined ? await existingReplica(...asked) : await waitForExistingReplica(...asked, deadline);
        if (replica?.status === "available") found.set(one.backupId, replica);
    }
    if (found.size > 0)
        context.log.info(
            `${found.size} backups already had a replica in ${destination.region}; it is not deleted with this resource`,
        );
    const elsewhere = [...found.values()].filter(
        (row) => row.vault_id !== undefined && row.vault_id !== outputs.destinationVaultId,
    );
    if (elsewhere.length > 0)
        context.log.warn(
            `not in vault ${outputs.destinationVaultId}: a backup has one replica a region, and these were elsewhere in ${destination.region} already: ${elsewhere.map((row) => `${row.id} in vault ${row.vault_id}`).join(", ")}`,
        );
    const replications = outputs.replications.map((one) => {
        const replica = found.get(one.backupId);
        return replica === undefined
            ? one
            : {
                  ...one,
                  destinationBackupId: replica.id,
                  destinationCheckpointId: replica.checkpoint_id,
                  adopted: true,
              };
    });
    return withTotals({ ...outputs, replications });
}

async function withFailureReasons<O extends CopySet>(context: Context, subject: Subject<O>, outputs: O): Promise<O> {
    const question = questionOf(subject, outputs);
    const replications = await withTaskErrors(context, sourceOf(outputs), question, outputs.replications);
    return { ...outputs, replications };
}

/** `success` is a record's word; the replica's own status has to agree. */
async function checkReplicas<O extends CopySet>(context: Context, outputs: O, deadline: number): Promise<O> {
    const ids = outputs.replications
        .filter((one) => one.status === "success")
        .map((one) => one.destinationBackupId)
        .filter((id) => id !== undefined);
    if (ids.length === 0) return outputs;
    const since = outputs.requestedAt;
    const settled = await waitForReplicas(context, placeOf(outputs), ids, deadline, { since });
    const replications = outputs.replications.map((one): Replication => {
        if (one.status !== "success") return one;
        const replica = settled.get(one.destinationBackupId ?? "");
        if (replica?.status === "available")
            return { ...one, destinationCheckpointId: one.destinationCheckpointId ?? replica.checkpoint_id };
        const what = replica === undefined ? "does not exist" : "has status error";
        const failReason = `replica ${one.destinationBackupId} ${what}, although its record says success`;
        return { ...one, status: "fail", failReason };
    });
    return withTotals({ ...outputs, replications });
}

/** Is it less than was asked for, by the resource's own rules? */
function isFailure(outputs: CopySet): boolean {
    const good = outputs.replications.filter(isGood).length;
    if (good === outputs.replications.length) return false;
    return good === 0 || outputs.onPartialFailure !== "warn";
}

/** Throws when the outcome is a failure; warns of the rest. */
function judgeCopies<O extends CopySet>(context: Context, subject: Subject<O>, id: string, outputs: O): void {
    const good = outputs.replications.filter(isGood).length;
    const bad = outputs.replications.filter((one) => !isGood(one));
    if (bad.length === 0) return;
    const parts = bad.map(describe);
    const text = `replication of ${subject.name(outputs)} to ${outputs.destinationRegion}: ${good} good, ${bad.length} not: ${parts.join("; ")}.`;
    if (!isFailure(outputs)) {
        context.log.warn(text);
        return;
    }
    const next = good > 0 ? ' Accept the good ones with `onPartialFailure: "warn"`, or copy' : " Copy";
    throw new PartialCreateError(id, outputs, [
        `${text}${next} again by changing \`triggers\` or with \`pulumi up --replace\`.`,
    ]);
}

function describe(one: Replication): string {
    const why = [one.failCode, one.failReason].filter((text) => text !== undefined).join(": ");
    if (!hasBegun(one)) return describeUnbegun(one);
    const what = one.status === "skip" ? "skipped, and no replica of it was found" : "failed";
    return `backup ${one.backupId} ${what} (record ${one.replicationRecordId ?? "unknown"}${why === "" ? "" : `, ${why}`})`;
}

/** A copy whose request was refused, or whose answer was lost. */
export function describeUnbegun(one: Replication): string {
    const what = one.status === UNSURE ? "may or may not have begun" : "did not begin";
    return `backup ${one.backupId} ${what}${one.failReason === undefined ? "" : ` (${one.failReason.replace(/\.$/, "")})`}`;
}

/** Resumes the wait, or judges again what was seen; `outputs` have the new inputs already. Sends nothing. */
export async function updateCopies<O extends CopySet>(
    context: Context,
    subject: Subject<O>,
    id: string,
    outputs: O,
): Promise<O> {
    let seen = outputs;
    if (!isDone(outputs) && outputs.wait === false) seen = await lookNow(context, subject, outputs);
    else if (!isDone(outputs))
        context.log.info(`resuming the wait for ${outputs.replications.filter(isRunning).length} copies`);
    return finishCopies(context, subject, id, seen, deadlineOf(context, outputs, "update", COPY_BUDGET_MS));
}

/** It records something that happened: a refresh brings it up to date, and never drops it. */
export async function readCopies<O extends CopySet>(
    context: Context,
    subject: Subject<O>,
    kind: string,
    id: string,
    olds: Partial<O>,
): Promise<{ id: string; outputs: O }> {
    if (olds.replications === undefined || olds.replicationRecordIds === undefined)
        throw new OperationFailedError(
            `${kind} records a run of its own and cannot be looked up; read the backups with getBackups instead.`,
        );
    let outputs = olds as O;
    if (!isDone(outputs)) outputs = await lookNow(context, subject, outputs);
    if (isDone(outputs) && outputs.verified !== true) outputs = await resolveSkipped(context, outputs);
    const destination = destinationOf(outputs);
    const ids = withTotals(outputs).destinationBackupIds;
    if (ids.length === 0) return { id, outputs };
    // One list of the vault serves all runs that a refresh reads; what it does not show is asked for by its id.
    const rows = await Promise.all(
        ids.map(
            async (one) =>
                (await sharedBackup(context, destination, outputs.destinationVaultId, one)) ??
                (await readBackup(context, destination, one)),
        ),
    );
    const found = new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.id, row]])));
    const lost = ids.filter((one) => !found.has(one));
    if (lost.length > 0)
        context.log.warn(
            `${lost.length === 1 ? "a replica of this run is" : `${lost.length} replicas of this run are`} no longer in ${destination.region}: ${lost.join(", ")}. Change \`triggers\` to copy again.`,
        );
    const isThere = (one: Replication) => found.get(one.destinationBackupId ?? "")?.status === "available";
    const verified =
        outputs.verified === true || (isDone(outputs) && outputs.replications.filter(isUsable).every(isThere));
    // Only what was seen to be good once can be said to be gone since.
    const replications = outputs.replications.map((one) =>
        verified && isUsable(one) && lost.includes(one.destinationBackupId ?? "") ? { ...one, status: EXPIRED } : one,
    );
    return { id, outputs: withTotals({ ...outputs, replications, ...(verified ? { verified } : {}) }) };
}

export async function removeCopies<O extends CopySet>(
    context: Context,
    subject: Subject<O>,
    id: string,
    olds: O,
): Promise<void> {
    const where = `in ${olds.destinationRegion}, vault ${olds.destinationVaultId}`;
    if (olds.deletionPolicy !== "delete") {
        const ids = olds.destinationBackupIds;
        if (ids.length > 0)
            context.log.info(
                `retained ${ids.length} ${ids.length === 1 ? "replica" : "replicas"} ${where}: ${ids.join(", ")}. They cost money until deleted.`,
            );
        const running = olds.replications.filter(isRunning).length;
        if (running > 0)
            context.log.info(
                `${id}: ${running} ${running === 1 ? "copy" : "copies"} still running; the replicas that they make ${where} stay, and cost money until deleted`,
            );
        return;
    }
    const deadline = deadlineOf(context, olds, "delete", COPY_DELETE_BUDGET_MS);
    // Running copies cannot be called back: what they leave is deleted once they have ended.
    const ended = await waitForCopies(context, subject, olds, deadline, () => {});
    const idsOf = (list: readonly Replication[]) =>
        list.map((one) => one.destinationBackupId).filter((one) => one !== undefined);
    const isOwn = (one: Replication) => one.adopted !== true && one.unproven !== true && one.status !== "skip";
    const wasLeft = (one: Replication) => context.holders.wasLeft(context.urn, one.destinationBackupId ?? "");
    const mine = ended.replications.filter((one) => one.status !== EXPIRED && (isOwn(one) || wasLeft(one)));
    const own = idsOf(mine);
    const kept = ended.replications.filter(
        (one) => one.adopted === true && one.status !== EXPIRED && !wasLeft(one),
    ).length;
    const unproven = idsOf(ended.replications.filter((one) => one.unproven === true && !wasLeft(one)));
    if (unproven.length > 0)
        context.log.info(
            `${id}: retained ${unproven.join(", ")} ${where}: the answer to the request was lost, and nothing but place and time says that they are this resource's. They cost money until deleted.`,
        );
    if (kept > 0) context.log.info(`${id}: ${kept} replicas ${where} were there before this resource and are retained`);
    if (own.length === 0) return;
    // What its region does not know yet could not be deleted there, and would stay behind.
    const unseen = ended.verified === true ? [] : idsOf(mine.filter((one) => one.status === "success"));
    if (unseen.length > 0)
        await waitForReplicas(context, placeOf(ended), unseen, deadline, { since: ended.requestedAt });
    const destination = await context.client.target(olds.destinationRegion, olds.destinationProjectId);
    const { identity } = copyHolding(id, olds, []);
    const leaving = { ...olds, identity, isSet: true, sourceVaultId: subject.vaultId(olds) };
    const replicas = mine.map((one) => ({ id: one.destinationBackupId ?? "", backupId: one.backupId }));
    const going = await deletableReplicas(
        context,
        leaving,
        replicas.filter((one) => one.id !== ""),
        deadline,
    );
    await deleteBackups(context, destination, going, deadline);
}
