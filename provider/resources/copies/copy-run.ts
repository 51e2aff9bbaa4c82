/** Runs of many copies: what VaultReplication and CheckpointReplica have in common besides the copies themselves. */
import { z } from "zod";
import { OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import { leastPercent } from "../../reads/forecast";
import {
    deletionPolicy,
    destinationProjectId,
    destinationRegion,
    EXPIRED,
    objectId,
    warnOrFail,
} from "../../resource/resource";
import type { Context } from "../../services/context";
import { copyOptions, isOtherAccounts } from "./copy-options";
import {
    type CopyOutputs,
    type CopySet,
    deleteCopies,
    deletesReplicas,
    isDone,
    lookNow,
    mayDelete,
    readReplicas,
    withExisting,
} from "./copy-set";
import {
    hasBegun,
    hasEnded as hasCopyEnded,
    isRunning,
    isUsable,
    type Replication,
    reasonOf,
    replicaIdsOf,
    replication,
    UNSENT,
    UNSURE,
    upgradeTimes,
} from "./copy-state";

/** Inputs that both kinds have. */
export const copyRunInputs = {
    /** Region to copy to. Changing it replaces the resource. */
    destinationRegion: destinationRegion.meta({ replaces: true }),
    /**
     * Project in the destination region, 32 hexadecimal digits. Default: the one that IAM names there. Changing it
     * replaces the resource.
     */
    destinationProjectId: destinationProjectId.optional().meta({ replaces: true }),
    /** Vault in the destination region, of protect type replication. Changing it replaces the resource. */
    destinationVaultId: objectId.meta({ replaces: true }),
    ...copyOptions,
    /** What it means when some copies fail and others are good: `fail` (default) or `warn`. */
    onPartialFailure: warnOrFail.optional().meta({ default: "fail" }),
    /**
     * What becomes of the replicas when the resource goes: `retain` (default) or `delete`. Those that were there before
     * are never deleted.
     */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
};

/** Outputs that both kinds have. */
export const copyRunOutputs = {
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
    /** Time of the request, by this machine's clock. */
    requestedAt: z.string(),
    /**
     * Ids of the tasks that made the copies, in the source region, sorted: those that a list of tasks has shown. Absent
     * where none has, and without a right to list tasks. The cloud forgets tasks after about 30 days.
     */
    operationLogIds: z.array(z.string()).optional(),
    /** True once every copy has ended, and what its record says has been compared with its replica. */
    verified: z.boolean().optional(),
};

export interface CopyRunOutputs extends CopyOutputs {
    readonly onPartialFailure?: "warn" | "fail" | undefined;
    readonly replicationRecordIds: string[];
    readonly replications: Replication[];
    readonly destinationBackupIds: string[];
}

/** 0.1.0 marked a replica that was no longer there with `gone: true` beside its record's status. */
export function upgradeCopyRun(stored: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const timed = upgradeTimes(stored);
    const { replications } = timed as { replications?: readonly (Replication & { gone?: boolean })[] };
    if (replications?.some(({ gone }) => gone === true) !== true) return timed;
    const upgraded = replications.map(({ gone, ...one }) => (gone === true ? { ...one, status: EXPIRED } : one));
    return { ...withTotals({ ...(timed as unknown as CopyRunOutputs), replications: upgraded }) };
}

/** Nothing of it is under way any more, nor in doubt. */
export function hasEnded({ replications }: CopyRunOutputs): boolean {
    return replications.every(hasCopyEnded);
}

/** What follows from the copies: overall status and the lists of ids. */
export function withTotals<O extends CopyRunOutputs>(outputs: O): O {
    const { replications } = outputs;
    const has = (status: string) => replications.some((one) => one.status === status);
    const failed = has("fail") || has(UNSENT) || has(UNSURE);
    const ended = failed ? "fail" : has("success") ? "success" : has(EXPIRED) ? EXPIRED : "skip";
    return {
        ...outputs,
        replicationRecordIds: replications.map((one) => one.replicationRecordId).filter((id) => id !== undefined),
        destinationBackupIds: replicaIdsOf(replications.filter(isUsable)),
        status: replications.some(isRunning) ? "replicating" : ended,
    };
}

/** A run's copies as a set. `name` is that of what is copied, for messages: `vault 1234`. */
export function copyRun<O extends CopyRunOutputs>(
    kind: string,
    name: (outputs: O) => string,
    sourceVaultId: (outputs: O) => string | undefined,
): CopySet<O> {
    const what = (outputs: O) => `replication of ${name(outputs)} to ${outputs.destinationRegion}`;
    return {
        kind,
        isSingle: false,
        copies: ({ replications }) => replications,
        withCopies: (outputs, copies) => withTotals({ ...outputs, replications: [...copies] }),
        sourceVaultId,
        what,
        progress,
        resuming: ({ replications }) => {
            const running = replications.filter(isRunning).length;
            return running === 0 ? undefined : `resuming the wait for ${running} copies`;
        },
        sayAdopted,
        withBadReplica: (_outputs, one, replica) => {
            const bad = replica === undefined ? "does not exist" : "has status error";
            const failReason = `replica ${one.destinationBackupId} ${bad}, although its record says success`;
            return { ...one, status: "fail", failReason };
        },
        judge: (context, id, outputs) => judge(context, id, outputs, what(outputs)),
        isFailure,
        sayKept,
    };
}

function progress({ replications }: CopyRunOutputs) {
    const total = replications.length;
    const ended = replications.filter((one) => !isRunning(one)).length;
    const percent = replications.reduce((sum, one) => sum + (isRunning(one) ? (one.progress ?? 0) : 100), 0) / total;
    const running = replications.filter(isRunning).map((one) => one.progress);
    return {
        status: `replicating, ${ended} of ${total} ended`,
        note: `replicating ${Math.floor(percent)} %, ${ended} of ${total} copies ended`,
        percent: leastPercent(running),
    };
}

const sayAdopted: CopySet<CopyRunOutputs>["sayAdopted"] = (context, outputs, existing) => {
    const { destinationRegion: region, destinationVaultId } = outputs;
    const ids = [...existing.values()].map((row) => row.id).join(", ");
    context.log.info(
        existing.size === 1
            ? `1 backup already had a replica in ${region}: ${ids}. It is not deleted with this resource`
            : `${existing.size} backups already had replicas in ${region}: ${ids}. They are not deleted with ` +
                  "this resource",
    );
    const elsewhere = [...existing.values()].filter(
        (row) => row.vault_id !== undefined && row.vault_id !== destinationVaultId,
    );
    if (elsewhere.length > 0)
        context.log.warn(
            `not in vault ${destinationVaultId}: a backup has one replica a region, and these were ` +
                `elsewhere in ${region} already: ` +
                `${elsewhere.map((row) => `${row.id} in vault ${row.vault_id}`).join(", ")}`,
        );
};

/** What was good and has gone since is no failure. */
const isGood = (one: Replication): boolean => isUsable(one) || one.status === EXPIRED;

/** Is it less than was asked for, by the resource's own rules? */
function isFailure({ replications, onPartialFailure }: CopyRunOutputs): boolean {
    const good = replications.filter(isGood).length;
    if (good === replications.length) return false;
    return good === 0 || onPartialFailure !== "warn";
}

/** Throws when the outcome is a failure; warns of the rest. */
function judge(context: Context, id: string, outputs: CopyRunOutputs, what: string): void {
    const good = outputs.replications.filter(isGood).length;
    const bad = outputs.replications.filter((one) => !isGood(one));
    if (bad.length === 0) return;
    const parts = bad.map((one) => describe(one, isOtherAccounts(outputs)));
    const text = `${what}: ${good} good, ${bad.length} not: ${parts.join("; ")}.`;
    if (!isFailure(outputs)) {
        context.log.warn(text);
        return;
    }
    const next = good > 0 ? ' Accept the good ones with `onPartialFailure: "warn"`, or copy' : " Copy";
    throw new PartialCreateError(id, outputs, [
        `${text}${next} again by changing \`triggers\` or with \`pulumi up --replace\`.`,
    ]);
}

function describe(one: Replication, isHidden: boolean): string {
    if (!hasBegun(one)) return describeUnbegun(one);
    const skipped = `skipped, and no replica ${isHidden ? "can be looked for" : "of it was found"}`;
    const what = one.status === "skip" ? skipped : "failed";
    const why = reasonOf(one);
    return (
        `backup ${one.backupId} ${what} (record ` +
        `${one.replicationRecordId ?? "unknown"}${why === "" ? "" : `, ${why}`})`
    );
}

/** A copy whose request was refused, or whose answer was lost. */
export function describeUnbegun(one: Replication): string {
    const what = one.status === UNSURE ? "may or may not have begun" : "did not begin";
    return (
        `backup ${one.backupId} ` +
        `${what}${one.failReason === undefined ? "" : ` (${one.failReason.replace(/\.$/, "")})`}`
    );
}

/** It records something that happened: a refresh brings it up to date, and never drops it. */
export async function readCopyRun<O extends CopyRunOutputs>(
    context: Context,
    set: CopySet<O>,
    id: string,
    olds: Partial<O>,
): Promise<{ id: string; outputs: O }> {
    if (olds.replications === undefined || olds.replicationRecordIds === undefined)
        throw new OperationFailedError(
            `${set.kind} records a run of its own and cannot be looked up; read the backups with getBackups instead.`,
        );
    let outputs = olds as O;
    if (!isDone(set, outputs)) outputs = await lookNow(context, set, outputs);
    if (isDone(set, outputs) && outputs.verified !== true) outputs = await withExisting(context, set, outputs);
    const ids = withTotals(outputs).destinationBackupIds;
    if (ids.length === 0 || isOtherAccounts(outputs)) return { id, outputs };
    const found = await readReplicas(context, outputs, ids);
    const lost = ids.filter((one) => !found.has(one));
    if (lost.length > 0)
        context.log.warn(
            `${lost.length === 1 ? "a replica of this run is" : `${lost.length} replicas of this run are`} ` +
                `no longer in ${outputs.destinationRegion}: ${lost.join(", ")}. Change \`triggers\` to copy again.`,
        );
    const isThere = (one: Replication) => found.get(one.destinationBackupId ?? "")?.status === "available";
    const verified =
        outputs.verified === true || (isDone(set, outputs) && outputs.replications.filter(isUsable).every(isThere));
    // Only what was seen to be good once can be said to be gone since.
    const replications = outputs.replications.map((one) =>
        verified && isUsable(one) && lost.includes(one.destinationBackupId ?? "") ? { ...one, status: EXPIRED } : one,
    );
    return { id, outputs: withTotals({ ...outputs, replications, ...(verified ? { verified } : {}) }) };
}

const placeText = (outputs: CopyOutputs) => `in ${outputs.destinationRegion}, vault ${outputs.destinationVaultId}`;

const sayKept: CopySet<CopyRunOutputs>["sayKept"] = (context, id, outputs) => {
    const stays = (one: Replication) => !mayDelete(context, one);
    const unproven = replicaIdsOf(outputs.replications.filter((one) => one.unproven === true && stays(one)));
    if (unproven.length > 0)
        context.log.info(
            `${id}: retained ${unproven.join(", ")} ${placeText(outputs)}: the answer to the request was ` +
                "lost, and nothing but place and time says that they are this resource's. They cost money " +
                "until deleted.",
        );
    const kept = outputs.replications.filter(
        (one) => one.adopted === true && one.status !== EXPIRED && stays(one),
    ).length;
    if (kept > 0)
        context.log.info(
            `${id}: ${kept} replicas ${placeText(outputs)} were there before this resource and are retained`,
        );
};

export async function removeCopyRun<O extends CopyRunOutputs>(
    context: Context,
    set: CopySet<O>,
    id: string,
    olds: O,
): Promise<void> {
    if (deletesReplicas(olds)) return deleteCopies(context, set, id, olds);
    const ids = olds.destinationBackupIds;
    const whose = isOtherAccounts(olds) ? " of another account, which alone can delete them" : "";
    if (ids.length > 0)
        context.log.info(
            `retained ${ids.length} ${ids.length === 1 ? "replica" : "replicas"} ${placeText(olds)}${whose}: ` +
                `${ids.join(", ")}. They cost money until deleted.`,
        );
    const running = olds.replications.filter(isRunning).length;
    if (running > 0)
        context.log.info(
            `${id}: ${running} ${running === 1 ? "copy" : "copies"} still running; the replicas that they ` +
                `make ${placeText(olds)} stay, and cost money until deleted`,
        );
}
