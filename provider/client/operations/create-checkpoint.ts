import { z } from "zod";
import { defineOperation } from "./operation";
import { requestDescription, requestId, requestName, wireCheckpoint } from "./wire";

export const createCheckpointRequest = z.strictObject({
    checkpoint: z.strictObject({
        vault_id: requestId,
        parameters: z
            .strictObject({
                auto_trigger: z.boolean().optional(),
                description: requestDescription.optional(),
                incremental: z.boolean().optional(),
                name: requestName.optional(),
                resources: z.array(requestId).optional(),
                resource_details: z
                    .array(
                        z.strictObject({
                            id: requestId,
                            type: z.string().min(1),
                            name: z.string().max(255).optional(),
                            /**
                             * Vendor: pages of Huawei Cloud and OTC have `exclude_volumes`; `include_volumes` is in
                             * Huawei's SDKs only (api-notes: Volumes of a restore point).
                             */
                            extra_info: z
                                .strictObject({
                                    exclude_volumes: z.array(requestId).min(1).optional(),
                                    include_volumes: z
                                        .array(z.strictObject({ id: requestId, os_version: z.string().optional() }))
                                        .min(1)
                                        .optional(),
                                })
                                .optional(),
                        }),
                    )
                    .max(256)
                    .optional(),
            })
            .optional(),
    }),
});
const createCheckpointResponse = z.object({ checkpoint: wireCheckpoint });

/**
 * Starts a backup of a vault ("Creating a Restore Point"). Answers at once with status `protecting`. Not idempotent:
 * starts a backup each time.
 */
export const createCheckpoint = defineOperation({
    id: "CreateCheckpoint",
    method: "POST",
    path: "/checkpoints",
    request: createCheckpointRequest,
    makes: ["checkpoint", "id"],
    response: createCheckpointResponse,
});
