import { z } from "zod";
import { defineOperation } from "./operation";
import { requestId, wireId, wireIdIfAny } from "./wire";

/**
 * Vendor: both keys are required, although auto_trigger also bears a default (api-notes: Automatic trigger of a
 * synchronisation).
 */
export const importCheckpointRequest = z.strictObject({
    sync: z.strictObject({ vault_id: requestId, auto_trigger: z.boolean() }),
});

/**
 * Makes a hybrid-cloud vault's list agree with the storage behind it ("Synchronizing a Restore Point"). Huawei Cloud
 * only. Repeatable, but each call is a task.
 */
export const importCheckpoint = defineOperation({
    id: "ImportCheckpoint",
    method: "POST",
    path: "/checkpoints/sync",
    request: importCheckpointRequest,
    makes: ["sync", "operation_log_id"],
    response: z.object({ sync: z.object({ operation_log_id: wireId, vault_id: wireIdIfAny }) }),
});
