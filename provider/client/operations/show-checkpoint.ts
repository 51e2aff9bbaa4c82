import { z } from "zod";
import { defineOperation } from "./operation";
import { wireCheckpoint } from "./wire";

/**
 * Reads one restore point ("Querying a Restore Point"). Vendor: may lack name, description and skipped_resources; 404
 * BackupService.6217 when gone.
 */
export const showCheckpoint = defineOperation({
    id: "ShowCheckpoint",
    method: "GET",
    path: "/checkpoints/{checkpoint_id}",
    response: z.object({ checkpoint: wireCheckpoint }),
    notFound: "checkpoint",
});
