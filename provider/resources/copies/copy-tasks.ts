/** The ids of the tasks that made copies. */
import { taskIds } from "../../reads/task-ids";
import type { Context } from "../../services/context";
import type { CopyOutputs } from "./copy-set";
import { hasBegun, type Replication } from "./copy-state";
import { toRegionClock } from "./destination-replicas";

/** What the cloud skipped or had before has no task of this request's own. */
const hasTask = (one: Replication): boolean => hasBegun(one) && one.adopted !== true && one.status !== "skip";

/** The outputs with the ids of the copies' tasks in the source region, where lists of tasks show them. */
export async function withCopyTasks<O extends CopyOutputs>(
    context: Context,
    outputs: O,
    copies: readonly Replication[],
): Promise<O> {
    const subjects = copies.filter(hasTask).map((one) => one.backupId);
    if (outputs.operationLogIds !== undefined || subjects.length === 0) return outputs;
    const { region, projectId, destinationRegion, requestedAt } = outputs;
    const operationLogIds = await taskIds(
        context,
        { region, projectId },
        {
            type: "replication",
            subjects,
            count: subjects.length,
            since: toRegionClock(context, region, Date.parse(requestedAt)),
            destinationRegion,
        },
    );
    return operationLogIds === undefined ? outputs : { ...outputs, operationLogIds };
}
