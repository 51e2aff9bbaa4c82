import { z } from "zod";
import { defineOperation } from "./operation";
import { requestId, requestRegion, wireId, wireIdIfAny, wireList, wireText } from "./wire";

export const copyCheckpointRequest = z.strictObject({
    replicate: z.strictObject({
        vault_id: requestId,
        destination_project_id: z.string().min(1),
        destination_region: requestRegion,
        destination_vault_id: requestId,
        auto_trigger: z.boolean().optional(),
        /** Vendor: these two are Huawei Cloud's (api-notes: Options of copies). */
        enable_acceleration: z.boolean().optional(),
        cross_account_urn: z.string().min(1).optional(),
    }),
});

/**
 * Replicates all backups of a vault to another region ("Replicating a Restore Point"). One record a backup, no task id.
 * Not idempotent.
 */
export const copyCheckpoint = defineOperation({
    id: "CopyCheckpoint",
    method: "POST",
    path: "/checkpoints/replicate",
    request: copyCheckpointRequest,
    makes: ["replication", "backups", "replication_record_id"],
    response: z.object({
        replication: z.object({
            backups: wireList(z.object({ backup_id: wireId, replication_record_id: wireId })),
            provider_id: wireIdIfAny,
            project_id: wireText,
            source_region: wireText,
            vault_id: wireIdIfAny,
            destination_project_id: wireText,
            destination_region: wireText,
            destination_vault_id: wireIdIfAny,
        }),
    }),
});
