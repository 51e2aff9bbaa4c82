/** Tasks of synchronisations, as they are read: one by its id, or all of a project in one list. */
import type { ProjectRef } from "../../client/client";
import { showOpLog, type WireOperationLog } from "../../client/operations";
import { queryInstant } from "../../client/time/timestamps";
import { type ListOptions, operationLogRows } from "../../reads/backup-lists";
import type { PollSource } from "../../reads/poller";
import type { Services } from "../../services/context";

/** Up to this many tasks are read one by one. */
const SINGLE_READS = 2;

export async function show(
    services: Services,
    target: ProjectRef,
    id: string,
    options: ListOptions = {},
): Promise<WireOperationLog> {
    const path = { operation_log_id: id };
    return (await services.client.call(showOpLog, { target, path, priority: "poll", ...options })).operation_log;
}

/** All that wait for a synchronisation in one project look at one list of running tasks; few are read one by one. */
export function syncTopic(
    services: Services,
    target: ProjectRef,
): PollSource<{ id: string; since: number }, WireOperationLog> {
    return {
        key: `syncs ${target.region} ${target.projectId}`,
        look: async (questions, until) => {
            if (questions.length <= SINGLE_READS)
                return Promise.all(
                    questions.map((question) => show(services, target, question.id, { until }).catch(() => undefined)),
                );
            const from =
                Math.min(...questions.map((question) => question.since)) +
                services.client.serverOffsetMs(target.region) -
                60_000;
            const rows = await operationLogRows(
                services,
                target,
                { operation_type: "sync", start_time: queryInstant(from) },
                { priority: "poll", until },
            );
            const byId = new Map(rows.map((row) => [row.id, row]));
            return questions.map((question) => byId.get(question.id));
        },
    };
}
