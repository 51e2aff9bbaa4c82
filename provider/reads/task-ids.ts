/**
 * Ids of the cloud's tasks, by which people find in the console what a resource did. No answer to a request names its
 * task (api-notes: Task ids of backups, copies and deletions). So every list of tasks that is read for another purpose
 * is remembered, and where that is not enough one list a region, a run and a kind of task is read: what it does not
 * show stays unknown.
 */
import type { ProjectRef } from "../client/client";
import { listOpLogs, type WireOperationLog } from "../client/operations";
import { parseInstant, queryInstant } from "../client/time/timestamps";
import type { Services } from "../services/context";
import { PAGE } from "./paging";

/**
 * The list goes back so far before the first task that is asked for, in milliseconds: others of the run began earlier.
 */
const MARGIN_MS = 3_600_000;
/** The list may take this long, in milliseconds. */
const LIST_MS = 3_000;

/** The API's operation types of requests that name no task. */
export type TaskType = "backup" | "replication" | "delete";

/** What is remembered of a task. */
interface Task {
    readonly id: string;
    /** On the region's clock. */
    readonly begunAt: number | undefined;
    readonly destinationRegion: string | undefined;
}

export interface SeenTasks {
    /** By type and what the task is about: `backup 1234`. */
    readonly bySubject: Map<string, Map<string, Task>>;
    /** The one list of each type. */
    readonly lists: Map<TaskType, Promise<void>>;
}

function seenIn({ memory }: Pick<Services, "memory">, { region, projectId }: ProjectRef): SeenTasks {
    return memory.seenTasks.getOrInsertComputed(`${region} ${projectId}`, () => ({
        bySubject: new Map(),
        lists: new Map(),
    }));
}

const keyOf = (type: TaskType, subject: string) => `${type} ${subject}`;

/** A restore point that is taken, a backup that is copied, or one that is deleted. */
function subjectOf({ operation_type: type, checkpoint_id: checkpointId, extra_info: info }: WireOperationLog) {
    if (type === "backup") return { type, subject: checkpointId } as const;
    if (type === "delete") return { type, subject: info?.delete?.backup_id } as const;
    // Vendor: `copy` is the old name of `replication`.
    if (type === "replication" || type === "copy")
        return { type: "replication", subject: info?.replication?.source_backup_id } as const;
    return undefined;
}

/** Remembers the tasks of a list. */
export function noteTasks(
    services: Pick<Services, "memory">,
    target: ProjectRef,
    rows: readonly WireOperationLog[],
): void {
    for (const row of rows) {
        const about = subjectOf(row);
        if (about?.subject === undefined) continue;
        noteTask(services, target, keyOf(about.type, about.subject), {
            id: row.id,
            begunAt: parseInstant(row.started_at ?? row.created_at),
            destinationRegion: row.extra_info?.replication?.destination_region,
        });
    }
}

/** Remembers the task of a copy that names no backup, and was found to be this one's by other facts. */
export function noteCopyTask(
    services: Pick<Services, "memory">,
    target: ProjectRef,
    copy: { readonly taskId: string; readonly backupId: string; readonly destinationRegion: string },
): void {
    const { taskId: id, backupId, destinationRegion } = copy;
    const key = keyOf("replication", backupId);
    if (seenIn(services, target).bySubject.get(key)?.has(id) === true) return;
    noteTask(services, target, key, { id, begunAt: undefined, destinationRegion });
}

function noteTask(services: Pick<Services, "memory">, target: ProjectRef, key: string, task: Task): void {
    const { bySubject } = seenIn(services, target);
    const tasks = bySubject.get(key) ?? new Map<string, Task>();
    bySubject.set(key, tasks.set(task.id, task));
}

export interface TaskQuery {
    readonly type: TaskType;
    /** Ids of what the tasks are about. */
    readonly subjects: readonly string[];
    /** There should be so many. */
    readonly count: number;
    /** On the region's clock: they began at this time or later. */
    readonly since: number;
    /** Of copies. Not every cloud's tasks say where to. */
    readonly destinationRegion?: string | undefined;
}

/** The ids of these tasks, sorted: those that lists of tasks show; undefined where there are none. */
export async function taskIds(services: Services, target: ProjectRef, query: TaskQuery): Promise<string[] | undefined> {
    const { type, subjects, count, since, destinationRegion } = query;
    const { bySubject, lists } = seenIn(services, target);
    const isAsked = (task: Task) =>
        (task.begunAt ?? since) >= since &&
        (destinationRegion ?? task.destinationRegion) === (task.destinationRegion ?? destinationRegion);
    const find = () =>
        subjects.flatMap((subject) => [...(bySubject.get(keyOf(type, subject))?.values() ?? [])].filter(isAsked));
    if (find().length < count) {
        const list = lists.get(type) ?? listOnce(services, target, query);
        lists.set(type, list);
        await list;
    }
    const ids = find().map((task) => task.id);
    return ids.length === 0 ? undefined : ids.sort();
}

/** Where it cannot be read (no right to list tasks, no answer in time), nothing but the ids is lacking. */
async function listOnce(services: Services, target: ProjectRef, { type, since }: TaskQuery): Promise<void> {
    const query = { operation_type: type, start_time: queryInstant(since - MARGIN_MS), limit: PAGE, offset: 0 };
    const until = services.clock.now() + LIST_MS;
    try {
        const answer = await services.client.call(listOpLogs, { target, query, until, priority: "poll" });
        noteTasks(services, target, answer.operation_logs);
    } catch {
        // What was asked for is done all the same.
    }
}
