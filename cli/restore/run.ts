/** Begins a restoration exactly once, and waits for its task. */
import type { ProjectRef } from "../../provider/client/client";
import { NotFoundError, OperationFailedError, UncertainOutcomeError } from "../../provider/client/errors/errors";
import { restoreBackup, type WireOperationLog } from "../../provider/client/operations";
import { formatDuration } from "../../provider/client/time/duration";
import { parseInstant, queryInstant } from "../../provider/client/time/timestamps";
import { noteOutcome, type PostOptions, postOnce } from "../../provider/exactly-once/post-once";
import type { TimeWindow } from "../../provider/exactly-once/time-window";
import { operationLogRows, readBackup, readOperationLog } from "../../provider/reads/backup-lists";
import type { PollSource } from "../../provider/reads/poller";
import type { Context } from "../../provider/services/context";
import type { RestoreRequest } from "./request";

const FINAL = new Set(["success", "failed", "skipped", "timeout"]);
/** So long it may take to begin, in milliseconds: a restoration that begins hours later is not what was asked for. */
const BEGIN_MS = 10 * 60_000;
/** When to look for the task that an answer did not name, in milliseconds after one another. */
const TASK_LOOKS_MS = [0, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
/** So long a task may be unknown although its id is known, in milliseconds. */
const UNLISTED_MS = 30_000;

export interface Begun {
    readonly logId: string;
    /** This run did not send the request: an interrupted one had, or its answer was lost and its task was found. */
    readonly how: "sent" | "found" | "recovered";
    /** Clock time of the request, milliseconds since the epoch. */
    readonly sentAt: number;
}

/** Never twice: a request whose answer was lost is looked for among the tasks, also by a later run. */
export async function beginRestore(
    context: Context,
    target: ProjectRef,
    backupId: string,
    request: RestoreRequest,
): Promise<Begun> {
    const deadline = context.clock.now() + BEGIN_MS;
    const plan = {
        what: `RestoreBackup of backup ${backupId}`,
        whereToLook: `the tasks of type restore of ${request.targetId} in ${target.region}`,
        deadline,
        target,
        request: { backupId, projectId: target.projectId, ...request.body },
        facts: {},
        send: async (post: PostOptions) => {
            const body = { restore: request.body };
            // A target in use is nothing to wait for: whoever uses it has not been asked.
            const options = { target, path: { backup_id: backupId }, body, ...post, busyIsFinal: true };
            return (await context.client.call(restoreBackup, options)).job_id;
        },
        find: (window: TimeWindow, facts: Readonly<Record<string, string>>, isLast: boolean) =>
            findTask(context, target, { backupId, window, facts, isLast, deadline }),
        // However long ago: what an interrupted run has begun is told before another one is begun.
        isRunning: () => true,
        made: (logId: string | undefined) => (logId === undefined ? "a task of type restore" : `task ${logId}`),
    };
    const outcome = await postOnce(context, plan);
    try {
        const logId = outcome.value ?? (await taskOf(context, target, { backupId, sentAt: outcome.sentAt, deadline }));
        noteOutcome(context, plan, outcome, { facts: { operationLogId: logId }, resourceId: logId });
        return { logId, how: outcome.how, sentAt: outcome.sentAt };
    } finally {
        context.journal.release(outcome.note);
    }
}

/** Once its end is known, nothing has to be looked for any more. */
export async function endRestore({ journal, urn }: Context, logId: string): Promise<void> {
    for (const note of await journal.find(urn))
        if (note.resourceId === undefined || note.resourceId === logId) journal.remove(note);
}

interface TaskQuery {
    readonly backupId: string;
    readonly window: TimeWindow;
    readonly facts: Readonly<Record<string, string>>;
    readonly isLast: boolean;
    readonly deadline: number;
}

/** The task that a request in doubt began. */
async function findTask(context: Context, target: ProjectRef, query: TaskQuery): Promise<string | undefined> {
    const { backupId, window, facts, isLast, deadline } = query;
    if (facts["operationLogId"] !== undefined) return facts["operationLogId"];
    const rows = await restoreTasks(context, target, { backupId, fromMs: window.from, deadline });
    const fits = (row: WireOperationLog) => {
        const at = parseInstant(row.created_at ?? row.started_at);
        return at === undefined ? "yes" : window.contains(at);
    };
    const begun = rows.filter((row) => fits(row) === "yes");
    const doubtful = rows.filter((row) => fits(row) === "maybe");
    if (begun.length > 1 || (begun.length === 0 && doubtful.length > 0 && isLast))
        throw new UncertainOutcomeError(
            "The answer to the request was lost, and it may have begun task " +
                `${[...begun, ...doubtful].map((row) => row.id).join(" or ")}. Nothing was sent again: ` +
                "look at these tasks, and at the server.",
        );
    if (begun.length === 0 && isLast) {
        const status = (await readBackup(context, target, backupId, deadline))?.status;
        if (status === "restoring" || status === "waiting_restore")
            throw new UncertainOutcomeError(
                `The answer to the request was lost. Backup ${backupId} has status ${status}, but no task ` +
                    "shows whether that is this request's doing. Nothing was sent again: look again later.",
            );
    }
    return begun[0]?.id;
}

async function restoreTasks(
    context: Context,
    target: ProjectRef,
    { backupId, fromMs, deadline }: { readonly backupId: string; readonly fromMs: number; readonly deadline: number },
): Promise<WireOperationLog[]> {
    const query = { operation_type: "restore", start_time: queryInstant(fromMs) };
    const rows = await operationLogRows(context, target, query, { deadline });
    return rows.filter((row) => row.extra_info?.restore?.backup_id === backupId);
}

/** Vendor: by its page the answer has no body; the newest task of this backup since then is it. */
async function taskOf(
    context: Context,
    target: ProjectRef,
    { backupId, sentAt, deadline }: { readonly backupId: string; readonly sentAt: number; readonly deadline: number },
): Promise<string> {
    const fromMs = sentAt + context.client.serverOffsetMs(target.region) - UNLISTED_MS;
    for (const pause of TASK_LOOKS_MS) {
        await context.clock.sleep(pause, context.signal);
        const tasks = await restoreTasks(context, target, { backupId, fromMs, deadline });
        const createdMs = (row: WireOperationLog) => parseInstant(row.created_at ?? row.started_at) ?? 0;
        const [newest] = tasks.sort((a, b) => createdMs(b) - createdMs(a));
        if (newest !== undefined) return newest.id;
    }
    throw new UncertainOutcomeError(
        `The cloud accepted the restoration of backup ${backupId}, but shows no task of it. Look at the ` +
            `tasks of type restore in ${target.region}, and at the target.`,
    );
}

function taskTopic(context: Context, target: ProjectRef): PollSource<string, WireOperationLog> {
    return {
        key: `restores ${target.region} ${target.projectId}`,
        look: (ids, until) =>
            Promise.all(
                ids.map((id) =>
                    readOperationLog(context, target, id, { priority: "poll", until }).catch(() => undefined),
                ),
            ),
    };
}

/** The task, once it has ended, however it ended. */
export function waitForRestore(
    context: Context,
    target: ProjectRef,
    logId: string,
    deadline: number,
): Promise<WireOperationLog> {
    const begunAt = context.clock.now();
    const judge = (log: WireOperationLog) => {
        if (FINAL.has(log.status)) return { done: true, result: log } as const;
        const progress = log.extra_info?.common?.progress;
        const note = progress === undefined ? log.status : `${log.status} ${progress} %`;
        return { done: false, status: log.status, note } as const;
    };
    return context.poller.wait({
        topic: taskTopic(context, target),
        question: logId,
        what: `restoration ${logId}`,
        deadline,
        onLook: (status, elapsedMs) => context.log.status(`${status}, ${formatDuration(elapsedMs)}`),
        evaluate: async (log) => {
            try {
                return judge(log ?? (await readOperationLog(context, target, logId, { deadline, priority: "poll" })));
            } catch (error) {
                if (!(error instanceof NotFoundError)) throw error;
                // Tasks may be listed a moment late.
                if (context.clock.now() < begunAt + UNLISTED_MS) return { done: false, status: "not listed yet" };
                const text = `The cloud no longer knows task ${logId}: look at the target.`;
                throw new OperationFailedError(text, { cause: error });
            }
        },
    });
}
