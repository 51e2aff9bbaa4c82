import { z } from "zod";
import { defineOperation } from "./operation";
import { wireOperationLog } from "./wire";

/** Reads one task ("Querying a Task"). 404 BackupService.6500 once the cloud has forgotten it (about 30 days). */
export const showOpLog = defineOperation({
    id: "ShowOpLog",
    method: "GET",
    path: "/operation-logs/{operation_log_id}",
    response: z.object({ operation_log: wireOperationLog }),
    notFound: "operation-log",
});
