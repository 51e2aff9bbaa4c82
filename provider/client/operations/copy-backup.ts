import { z } from "zod";
import { defineOperation } from "./operation";
import { requestDescription, requestId, requestName, requestRegion, wireId, wireIdIfAny, wireText } from "./wire";

export const copyBackupRequest = z.strictObject({
    replicate: z.strictObject({
        destination_project_id: z.string().min(1),
        destination_region: requestRegion,
        destination_vault_id: requestId,
        name: requestName.optional(),
        description: requestDescription.optional(),
        /** Vendor: these two are Huawei Cloud's (api-notes: Options of copies). */
        enable_acceleration: z.boolean().optional(),
        cross_account_urn: z.string().min(1).optional(),
    }),
});

/**
 * Replicates one backup to another region ("Replicating a Backup"). The replica's own id is not in the answer. Not
 * idempotent.
 */
export const copyBackup = defineOperation({
    id: "CopyBackup",
    method: "POST",
    path: "/backups/{backup_id}/replicate",
    request: copyBackupRequest,
    makes: ["replication", "replication_record_id"],
    response: z.object({
        replication: z.object({
            replication_record_id: wireId,
            /** Vendor: in the example it differs from the URL's: sample noise, never compared. */
            backup_id: wireIdIfAny,
            provider_id: wireIdIfAny,
            project_id: wireText,
            source_region: wireText,
            destination_project_id: wireText,
            destination_region: wireText,
            destination_vault_id: wireIdIfAny,
        }),
    }),
});
