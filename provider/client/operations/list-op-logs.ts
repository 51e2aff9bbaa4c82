import { z } from "zod";
import { defineOperation } from "./operation";
import { wireNumber, wireOperationLog } from "./wire";

/** Lists tasks ("Querying the Task List"). Vendor: no filter by checkpoint or backup: filter the rows. */
export const listOpLogs = defineOperation({
    id: "ListOpLogs",
    method: "GET",
    path: "/operation-logs",
    response: z.object({
        operation_logs: z.array(wireOperationLog),
        count: wireNumber,
        limit: wireNumber,
        offset: wireNumber,
    }),
});
