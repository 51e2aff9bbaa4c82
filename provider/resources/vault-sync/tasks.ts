/** Tasks of synchronisations, as they are read: one by its id, or all of a project in one list. */
import type { ProjectRef } from "../../client/client";
import type { WireOperationLog } from "../../client/operations";
import { queryInstant } from "../../client/time/timestamps";
import { operationLogRows, readOperationLog } from "../../reads/backup-lists";
import type { PollSource } from "../../reads/poller";
import type { Services } from "../../services/context";

/** Up to this many tasks are read one by one. */
const SINGLE_READS = 2;

/** All that wait for a synchronisation in one project look at one list of running tasks; few are read one by one. */
export function syncTopic(
    services: Services,
    target: ProjectRef,
): PollSource<{ id: string; since: number }, WireOperationLog> {
    return {
        key: `syncs ${target.region} ${target.projectId}`,
        look: async (questions, until) => {
            const options = { priority: "poll", until } as const;
            if (questions.length <= SINGLE_READS)
                return Promise.all(
                    questions.map(({ id }) => readOperationLog(services, target, id, options).catch(() => undefined)),
                );
            const from =
                Math.min(...questions.map((question) => question.since)) +
                services.client.serverOffsetMs(target.region) -
                60_000;
            const query = { operation_type: "sync", start_time: queryInstant(from) };
            const rows = await operationLogRows(services, target, query, options);
            const byId = new Map(rows.map((row) => [row.id, row]));
            return questions.map((question) => byId.get(question.id));
        },
    };
}
