/** CopyBackup, sent exactly once: the request of both kinds of replica that copy single backups. */
import type { ProjectRef } from "../../client/client";
import { lookUpCode } from "../../client/errors/error-codes";
import { ApiError } from "../../client/errors/errors";
import { copyBackup } from "../../client/operations";
import { noteOutcome, type PostOptions, type PostOutcome, type PostPlan } from "../../exactly-once/post-once";
import { notesOf } from "../../exactly-once/settle-notes";
import type { TimeWindow } from "../../exactly-once/time-window";
import { readBackup } from "../../reads/backup-lists";
import type { Context } from "../../services/context";
import { type CopyDestination, type CopyOptions, optionFields, postCopy } from "./copy-options";
import { isFinalCopy, isRecordFor } from "./destination-replicas";
import { claimCopies, findLostCopy } from "./find-lost";
import { copyKey } from "./holding";

export interface CopyRequest extends CopyOptions {
    readonly source: ProjectRef;
    readonly sourceVaultId?: string | undefined;
    readonly backupId: string;
    readonly destination: CopyDestination;
    readonly destinationVaultId: string;
    /** Of the replica. Default: the cloud's choice. */
    readonly name?: string | undefined;
    readonly description?: string | undefined;
}

export interface BegunCopy {
    /** Undefined where the cloud keeps no records. */
    readonly recordId: string | undefined;
    /** What it is known by where there is no record: its replica, else its task. */
    readonly mark?: string | undefined;
    readonly providerId?: string | undefined;
    /** Of one that was found: clock time before which it did not begin. */
    readonly since?: number;
    readonly isRunning?: boolean;
    /** The cloud refused to copy what has a replica already, as its record says. */
    readonly isThere?: boolean;
}

type CopyPlan = PostPlan<BegunCopy, BegunCopy>;
export type CopyOutcome = PostOutcome<BegunCopy, BegunCopy>;

/** What is written down and said of a copy that has begun. */
interface BegunNote {
    readonly recordId: string | undefined;
    readonly resourceId: string;
    /** Said when it was found, and not sent. */
    readonly resumed: string;
}

/** Sends the request, or finds that it was sent. */
export async function sendCopy(
    context: Context,
    copy: CopyRequest,
    how: Pick<CopyPlan, "deadline" | "request" | "part" | "doubted">,
    noteOf: (begun: BegunCopy) => BegunNote,
): Promise<CopyOutcome> {
    const facts: Record<string, string> = copy.name === undefined ? {} : { name: copy.name };
    const plan = { ...copyBackupPlan(context, copy), ...how, facts };
    // A request of an earlier run came while the replica was there that this run has deleted: the cloud has skipped it.
    if (context.memory.deletedCopies.has(copyKey(copy.backupId, copy.destination.region)))
        for (const note of await notesOf(context, how.part))
            if (context.journal.isEarlier(note)) context.journal.remove(note);
    const outcome = await postCopy(context, plan, copy);
    const { recordId, resourceId, resumed } = noteOf(outcome.value);
    noteOutcome(context, plan, outcome, { facts: recordId === undefined ? {} : { recordId }, resourceId });
    claimCopies(context, copy.destination.region, [{ backupId: copy.backupId, recordId }]);
    if (outcome.how !== "sent") context.log.info(resumed);
    return outcome;
}

/** How the request is sent, and how its effect is found. */
function copyBackupPlan(
    context: Context,
    copy: CopyRequest,
): Pick<CopyPlan, "target" | "what" | "whereToLook" | "send" | "find" | "isRunning" | "made"> {
    const { source: target, backupId, destination, destinationVaultId, name, description } = copy;
    const body = {
        replicate: {
            destination_project_id: destination.projectId,
            destination_region: destination.region,
            destination_vault_id: destinationVaultId,
            ...(name === undefined ? {} : { name }),
            ...(description === undefined ? {} : { description }),
            ...optionFields(copy),
        },
    };
    return {
        target,
        what: whatOf(copy),
        whereToLook: `the replication records of backup ${backupId} and the backups in vault ${destinationVaultId}`,
        send: async (post: PostOptions) => {
            const path = { backup_id: backupId };
            const send = () => context.client.call(copyBackup, { target, path, body, ...post });
            const answer = await send().catch((error: unknown) => copyThatIsThere(context, copy, error));
            if ("recordId" in answer) return answer;
            const { replication } = answer;
            return { recordId: replication.replication_record_id, providerId: replication.provider_id };
        },
        find: (window, { recordId, name: sent = name }, isLast) =>
            recordId === undefined
                ? findCopy(context, { ...copy, name: sent }, window, isLast)
                : findRecord(context, copy, window, recordId),
        isRunning: (found) => found.isRunning === true,
        made: ({ recordId, mark }) => `copy ${recordId ?? mark ?? `of backup ${backupId}`}`,
    };
}

/**
 * Not every cloud skips a backup that has its replica: a refusal as "nothing to replicate", or under a code that no
 * page has, is the same where the backup's record names a replica that can be read (api-notes: One replica a backup and
 * region). Throws the refusal otherwise.
 */
async function copyThatIsThere(
    context: Context,
    { source, backupId, destination, destinationVaultId }: CopyRequest,
    error: unknown,
): Promise<BegunCopy> {
    if (!(error instanceof ApiError) || error.failure.status !== 400) throw error;
    const { code } = error.failure;
    if (code !== "BackupService.0001" && (code === undefined || lookUpCode(code) !== undefined)) throw error;
    const backup = await readBackup(context, source, backupId).catch(() => undefined);
    for (const record of backup?.replication_records ?? []) {
        if (record.destination_backup_id === undefined || record.status === "fail") continue;
        if (!isRecordFor(record, destination, destinationVaultId, Number.NEGATIVE_INFINITY)) continue;
        const replica = await readBackup(context, destination, record.destination_backup_id).catch(() => undefined);
        if (replica === undefined || replica.status === "error") continue;
        context.log.info(`backup ${backupId} was not copied, because ${replica.id} is its replica (${code})`);
        return { recordId: record.id, providerId: backup?.provider_id, isThere: true };
    }
    throw error;
}

const whatOf = ({ backupId, destination }: CopyRequest): string =>
    `CopyBackup for backup ${backupId} to ${destination.region}`;

/** The copy that a lost request began. */
export async function findCopy(
    context: Context,
    copy: CopyRequest,
    window: TimeWindow,
    isLast: boolean,
): Promise<BegunCopy | undefined> {
    const { backupId, name, source } = copy;
    const found = await findLostCopy(context, { ...copy, what: whatOf(copy), window, isLast }, { backupId, name });
    return found === undefined ? undefined : { ...found, since: sinceOf(context, source, window) };
}

/**
 * One whose record, or mark in its place, is known. None where it was skipped: that made nothing, and the replica for
 * which it was skipped may have been deleted since.
 */
async function findRecord(
    context: Context,
    { source, backupId }: CopyRequest,
    window: TimeWindow,
    recordId: string,
): Promise<BegunCopy | undefined> {
    const backup = await readBackup(context, source, backupId);
    const status = backup?.replication_records?.find((one) => one.id === recordId)?.status;
    if (status === "skip") return undefined;
    const isRunning = status !== undefined && !isFinalCopy(status);
    return { recordId, providerId: backup?.provider_id, since: sinceOf(context, source, window), isRunning };
}

/** The window's beginning on the machine's clock. */
export function sinceOf({ client }: Context, source: ProjectRef, window: TimeWindow): number {
    return window.from - client.serverOffsetMs(source.region);
}
