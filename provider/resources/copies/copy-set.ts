/**
 * Copies on their way to one vault of another region, whatever started them: waited for, checked, judged and removed
 * alike. BackupReplica is a set of one; CheckpointReplica and VaultReplication (copy-run.ts) have many.
 */
import type { z } from "zod";
import type { ProjectRef } from "../../client/client";
import type { WireBackup } from "../../client/operations";
import { readBackup } from "../../reads/backup-lists";
import { deleteBackups } from "../../reads/delete-backups";
import { showProgress } from "../../reads/poller";
import { sharedBackup } from "../../reads/shared-reads";
import { keepingId } from "../../resource/keep-id";
import { applyInputs, type CommonInputs, deadlineOf, EXPIRED } from "../../resource/resource";
import { refuseSameRegion, requireOtherRegion } from "../../resource/same-region";
import { type Context, targetOf } from "../../services/context";
import {
    type CopyDestination,
    type CopyOptions,
    isOtherAccounts,
    refuseForeignDeletion,
    requireForeignProject,
    withAccount,
} from "./copy-options";
import { hasBegun, hasEnded, isOwn, isRunning, type Replication, replicaIdsOf } from "./copy-state";
import { copyTopic, lookAtCopies, withTaskErrors } from "./copy-status";
import { withCopyTasks } from "./copy-tasks";
import { COPY_BUDGET_MS, COPY_DELETE_BUDGET_MS, type CopyQuery, type CopyState, seenOf } from "./destination-replicas";
import { existingReplica, type ReplicaLocation, waitForExistingReplica, waitForReplicas } from "./existing-replicas";
import { copyHolding, copyKey, deletableReplicas } from "./holding";

/** What the outputs of all kinds have. */
export interface CopyOutputs extends CommonInputs, CopyOptions {
    readonly region: string;
    readonly projectId: string;
    readonly destinationRegion: string;
    readonly destinationProjectId: string;
    readonly destinationVaultId: string;
    readonly deletionPolicy?: "retain" | "delete" | undefined;
    readonly status: string;
    readonly requestedAt: string;
    readonly operationLogIds?: string[] | undefined;
    readonly verified?: boolean | undefined;
}

/** What the kinds differ in once their copies are under way: how the outputs hold them, and what is said of them. */
export interface CopySet<O> {
    /** The class's name. */
    readonly kind: string;
    /** It is made of one copy: its replica is read by its id, and not looked for in a list. */
    readonly isSingle: boolean;
    copies(outputs: O): readonly (Replication & { readonly name?: string | undefined })[];
    withCopies(outputs: O, copies: readonly Replication[]): O;
    /** Vault of the source backups, where known. */
    sourceVaultId(outputs: O): string | undefined;
    /** What is waited for, for messages: `replication of vault 1234 to eu-nl`. */
    what(outputs: O): string;
    /** How far it is: `status` counts looks, `note` is shown, `percent` is that of the slowest. */
    progress(outputs: O): { readonly status: string; readonly note: string; readonly percent: number | undefined };
    /** What is said when an update goes on; undefined: nothing. */
    resuming(outputs: O): string | undefined;
    /** Says that the cloud skipped copies whose replicas, by source backup, were there before. */
    sayAdopted(context: Context, outputs: O, existing: ReadonlyMap<string, WireBackup>): void;
    /** A copy whose record says success, and whose replica is missing (undefined) or in error. May throw. */
    withBadReplica(outputs: O, one: Replication, replica: WireBackup | undefined): Replication;
    /** Throws when what has ended is a failure; warns of the rest. */
    judge(context: Context, id: string, outputs: O): void;
    /** Is what was judged before a failure by the rules of now? */
    isFailure(outputs: O): boolean;
    /** Says which replicas stay although `deletionPolicy` is `delete`. */
    sayKept(context: Context, id: string, outputs: O): void;
}

/** Copies as they are known, and how long there is time for them. */
interface Run<O> {
    readonly id: string;
    readonly outputs: O;
    readonly deadline: number;
    /** Tasks of the copies that these replace. */
    readonly earlier?: ReadonlySet<string> | undefined;
}

/** Where a resource copies from and to, before its request is sent. */
export async function placesOf(
    context: Context,
    inputs: CommonInputs &
        CopyOptions &
        Pick<CopyOutputs, "destinationRegion"> & { readonly destinationProjectId?: string | undefined },
) {
    requireForeignProject(inputs);
    const source = await targetOf(context, inputs);
    requireOtherRegion(source.region, inputs.destinationRegion);
    const destination = await context.client.target(inputs.destinationRegion, inputs.destinationProjectId);
    return { source, destination: withAccount(destination, inputs) };
}

/** Rules between inputs of all kinds. */
export const refineCopy = (
    inputs: Parameters<typeof refuseSameRegion>[0] & Parameters<typeof refuseForeignDeletion>[0],
) => [...refuseSameRegion(inputs), ...refuseForeignDeletion(inputs)];

/** The outputs that say so. */
export const placeOutputs = ({ source, destination }: Awaited<ReturnType<typeof placesOf>>) => ({
    region: source.region,
    projectId: source.projectId,
    destinationProjectId: destination.projectId,
    sourceRegion: source.region,
});

/** A project that was looked up stays. */
export function withInputs<O extends CopyOutputs>(schema: z.ZodObject) {
    return (olds: O, news: object): O => ({
        ...applyInputs(olds, news, schema),
        destinationProjectId: olds.destinationProjectId,
    });
}

/** A project that was looked up and is not written down is no change. */
export const isUnchangedProject = (key: string, _id: string, _olds: object, value: unknown): boolean | undefined =>
    key === "destinationProjectId" && value === undefined ? true : undefined;

function sourceOf({ region, projectId }: CopyOutputs): ProjectRef {
    return { region, projectId };
}

export function destinationOf(outputs: CopyOutputs): CopyDestination {
    return withAccount({ region: outputs.destinationRegion, projectId: outputs.destinationProjectId }, outputs);
}

function locationOf(outputs: CopyOutputs): ReplicaLocation {
    return { destination: destinationOf(outputs), destinationVaultId: outputs.destinationVaultId };
}

/** Copies that have begun, as the shared look asks for them. */
function queryOf<O extends CopyOutputs>(set: CopySet<O>, outputs: O): CopyQuery {
    const begun = set.copies(outputs).filter(hasBegun);
    return {
        copies: begun.map(({ backupId, replicationRecordId: recordId, name }) => ({ backupId, recordId, name })),
        sourceVaultId: set.sourceVaultId(outputs),
        ...locationOf(outputs),
        since: Date.parse(outputs.requestedAt),
    };
}

/** Have all copies that began ended, with all that is to be known of them? */
export function isDone<O>(set: CopySet<O>, outputs: O): boolean {
    return !set.copies(outputs).some(isRunning);
}

function withStates<O>(set: CopySet<O>, outputs: O, states: readonly CopyState[]): O {
    const byBackup = new Map(states.map((state) => [state.backupId, state]));
    const copies = set.copies(outputs).map((one): Replication => {
        const state = byBackup.get(one.backupId);
        // What has ended stays as it ended: its record may be gone by now, with its source.
        if (state === undefined || !isRunning(one)) return one;
        return { ...one, replicationRecordId: one.replicationRecordId ?? state.recordId, ...seenOf(one, state) };
    });
    return set.withCopies(outputs, copies);
}

export async function lookNow<O extends CopyOutputs>(context: Context, set: CopySet<O>, outputs: O): Promise<O> {
    const source = await context.client.target(outputs.region, outputs.projectId);
    const [states] = await lookAtCopies(context, source, [queryOf(set, outputs)]);
    return withStates(set, outputs, states ?? []);
}

/** Of another account's replicas the records' word is all there is. */
function areVerified<O extends CopyOutputs>(set: CopySet<O>, outputs: O): boolean {
    const isChecked = outputs.verified === true || (isOtherAccounts(outputs) && set.copies(outputs).every(hasEnded));
    return isChecked && !set.isFailure(outputs);
}

/** Nothing is left to do: an update sends what did not begin, even where a warning was enough. */
export function isSettled<O extends CopyOutputs>(set: CopySet<O>, outputs: O): boolean {
    return areVerified(set, outputs) && set.copies(outputs).every(hasBegun);
}

/**
 * A failure, or a wait cut short, whose note a refresh took out of the engine's state; or (`wait: false`) all copies
 * have ended since.
 */
export async function copiesMoved<O extends CopyOutputs>(context: Context, set: CopySet<O>, olds: O): Promise<boolean> {
    if (areVerified(set, olds)) return false;
    if (olds.verified === true || olds.wait !== false || isDone(set, olds)) return true;
    try {
        return isDone(set, await lookNow(context, set, olds));
    } catch {
        // A preview must not fail because the cloud cannot be asked: what state says stands.
        return false;
    }
}

/**
 * Waits until every copy has ended, checks what they left, and judges it; with `wait: false` only if they have ended.
 */
export async function finishCopies<O extends CopyOutputs>(context: Context, set: CopySet<O>, run: Run<O>): Promise<O> {
    const { id, deadline } = run;
    let { outputs } = run;
    if (outputs.wait === false && !isDone(set, outputs)) return outputs;
    const finish = async () => {
        if (outputs.verified !== true) {
            const earlier = context.memory.storedIds.get(context.urn);
            outputs = await waitForCopies(context, set, { ...run, earlier }, (seen) => {
                outputs = seen;
            });
            outputs = await withExisting(context, set, outputs, deadline);
            const copies = set.copies(outputs);
            const reasoned = await withTaskErrors(context, sourceOf(outputs), queryOf(set, outputs), copies);
            outputs = set.withCopies(outputs, reasoned);
            // Of copies that had ended before, tasks are not looked for.
            if (!isDone(set, run.outputs)) outputs = await withCopyTasks(context, outputs, set.copies(outputs));
            outputs = await checkReplicas(context, set, outputs, deadline);
        }
        const judged = isOtherAccounts(outputs) ? outputs : { ...outputs, verified: true };
        set.judge(context, id, judged);
        return judged;
    };
    return keepingId(id, () => outputs, finish);
}

/** `keep` is told of each state that was seen: a failure keeps it. */
async function waitForCopies<O extends CopyOutputs>(
    context: Context,
    set: CopySet<O>,
    { outputs: begun, deadline, earlier }: Omit<Run<O>, "id">,
    keep: (seen: O) => void = () => {},
): Promise<O> {
    if (isDone(set, begun)) return begun;
    let outputs = begun;
    return context.poller.wait({
        topic: copyTopic(context, sourceOf(begun)),
        question: { ...queryOf(set, begun), earlier },
        what: set.what(begun),
        deadline,
        onLook: showProgress(context.log, "resources that wait for copies"),
        evaluate: (states) => {
            if (states === undefined) return { done: false, status: outputs.status };
            outputs = withStates(set, outputs, states);
            keep(outputs);
            return isDone(set, outputs) ? { done: true, result: outputs } : { done: false, ...set.progress(outputs) };
        },
    });
}

/**
 * A skip means "not replicable" or "there already": only a replica that can be read is taken for one. With a deadline
 * one that is on its way is waited for; without, as in a refresh, it is not. Of another account's none can be read.
 */
export async function withExisting<O extends CopyOutputs>(
    context: Context,
    set: CopySet<O>,
    outputs: O,
    deadline?: number,
): Promise<O> {
    // A refresh takes the replica of a single one for adopted before it is known to be good.
    const isOpen = (one: Replication) => one.status === "skip" && (set.isSingle || one.adopted !== true);
    if (isOtherAccounts(outputs)) return outputs;
    const existing = new Map<string, WireBackup>();
    for (const one of set.copies(outputs).filter(isOpen)) {
        const asked = [context, { source: sourceOf(outputs), ...locationOf(outputs) }, one] as const;
        const replica =
            deadline === undefined ? await existingReplica(...asked) : await waitForExistingReplica(...asked, deadline);
        if (replica?.status === "available") existing.set(one.backupId, replica);
    }
    if (existing.size === 0) return outputs;
    set.sayAdopted(context, outputs, existing);
    const copies = set.copies(outputs).map((one) => {
        const { id: destinationBackupId, checkpoint_id: destinationCheckpointId } = existing.get(one.backupId) ?? {};
        if (destinationBackupId === undefined) return one;
        return { ...one, destinationBackupId, destinationCheckpointId, adopted: true };
    });
    return set.withCopies(outputs, copies);
}

/** `success` is a record's word; the replica's own status has to agree. */
async function checkReplicas<O extends CopyOutputs>(
    context: Context,
    set: CopySet<O>,
    outputs: O,
    deadline: number,
): Promise<O> {
    const ids = replicaIdsOf(set.copies(outputs).filter((one) => one.status === "success"));
    if (ids.length === 0) return outputs;
    if (isOtherAccounts(outputs)) {
        context.log.info(`${ids.join(", ")}: said by the record to be in another account, where nothing is looked at`);
        return outputs;
    }
    const settled = await waitForReplicas(context, locationOf(outputs), ids, listing(set, outputs, deadline));
    const copies = set.copies(outputs).map((one): Replication => {
        if (one.status !== "success") return one;
        const replica = settled.get(one.destinationBackupId ?? "");
        if (replica?.status !== "available") return set.withBadReplica(outputs, one, replica);
        return { ...one, destinationCheckpointId: replica.checkpoint_id ?? one.destinationCheckpointId };
    });
    return set.withCopies(outputs, copies);
}

/** A single replica is read by its id; of many one list is read. */
const listing = <O extends CopyOutputs>(set: CopySet<O>, { requestedAt }: O, deadline: number) =>
    set.isSingle ? { deadline } : { deadline, since: Date.parse(requestedAt) };

/** Resumes the wait, or judges again what was seen; `outputs` have the new inputs already. Sends nothing. */
export async function updateCopies<O extends CopyOutputs>(
    context: Context,
    set: CopySet<O>,
    id: string,
    outputs: O,
): Promise<O> {
    let seen = outputs;
    const resuming = set.resuming(outputs);
    if (outputs.wait === false && !isDone(set, outputs)) {
        seen = await lookNow(context, set, outputs);
        if (isDone(set, seen)) seen = await withCopyTasks(context, seen, set.copies(seen));
    } else if (!areVerified(set, outputs) && resuming !== undefined) context.log.info(resuming);
    const deadline = deadlineOf(context, outputs, "update", COPY_BUDGET_MS);
    return finishCopies(context, set, { id, outputs: seen, deadline });
}

/**
 * The replicas with these ids, by id, as a refresh sees them: in one list of the vault for all resources; what it does
 * not show is asked for by its id.
 */
export async function readReplicas<O extends CopyOutputs>(
    context: Context,
    outputs: O,
    ids: readonly string[],
): Promise<Map<string, WireBackup>> {
    const { destination, destinationVaultId } = locationOf(outputs);
    const read = async (id: string) =>
        (await sharedBackup(context, destination, destinationVaultId, id)) ??
        (await readBackup(context, destination, id));
    const rows = await Promise.all(ids.map(read));
    return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.id, row]])));
}

/** Are the replicas to go with the resource? Those of another account never do. */
export const deletesReplicas = (outputs: CopyOptions & Pick<CopyOutputs, "deletionPolicy">): boolean =>
    outputs.deletionPolicy === "delete" && !isOtherAccounts(outputs);

/**
 * May its replica be deleted with the resource? That is so of its own, and of one that its maker left behind for it in
 * this run.
 */
export function mayDelete(context: Context, one: Replication): boolean {
    return isOwn(one) || context.holders.wasLeft(context.urn, one.destinationBackupId ?? "");
}

/** Deletes the replicas of the copies, but those that must stay. */
export async function deleteCopies<O extends CopyOutputs>(
    context: Context,
    set: CopySet<O>,
    id: string,
    olds: O,
): Promise<void> {
    const deadline = deadlineOf(context, olds, "delete", COPY_DELETE_BUDGET_MS);
    // Running copies cannot be called back: what they leave is deleted once they have ended.
    const ended = await waitForCopies(context, set, { outputs: olds, deadline });
    set.sayKept(context, id, ended);
    const mine = set.copies(ended).filter((one) => one.status !== EXPIRED && mayDelete(context, one));
    const replicas = mine.flatMap(({ destinationBackupId, backupId }) =>
        destinationBackupId === undefined ? [] : [{ id: destinationBackupId, backupId }],
    );
    if (replicas.length === 0) return;
    // What its region does not know yet could not be deleted there, and would stay behind.
    const unseen = ended.verified === undefined ? replicaIdsOf(mine.filter((one) => one.status === "success")) : [];
    if (unseen.length > 0) await waitForReplicas(context, locationOf(ended), unseen, listing(set, ended, deadline));
    const destination = await context.client.target(olds.destinationRegion, olds.destinationProjectId);
    const { identity } = copyHolding(id, olds, []);
    const leaving = { ...olds, identity, isSet: !set.isSingle, sourceVaultId: set.sourceVaultId(olds) };
    const going = await deletableReplicas(context, leaving, replicas, deadline);
    const deleted = new Set(await deleteBackups(context, destination, going, deadline));
    for (const one of replicas)
        if (deleted.has(one.id)) context.memory.deletedCopies.add(copyKey(one.backupId, olds.destinationRegion));
}
