import { z } from "zod";
import { defineOperation } from "./operation";
import { requestId, wireIdIfAny } from "./wire";

export const restoreBackupRequest = z.strictObject({
    restore: z.strictObject({
        /** Disk backup → disk, for a server. Vendor: required there; has no effect for a disk. */
        mappings: z.array(z.strictObject({ backup_id: requestId, volume_id: requestId })).optional(),
        /** Whether the server starts after the restoration. Vendor: default true. */
        power_on: z.boolean().optional(),
        /** Server to overwrite; required for a server backup. */
        server_id: requestId.optional(),
        /** Disk to overwrite; required for a disk backup. */
        volume_id: requestId.optional(),
        /** Vendor: resources of other kinds, such as desktops; Huawei Cloud only. */
        resource_id: requestId.optional(),
    }),
});

/**
 * Overwrites a server or a disk with a backup ("Restoring a Backup"). 202 means accepted. Vendor: the pages describe no
 * body; Huawei Cloud answers `{"job_id": …}`, the id of the task (operation log), as terraform-provider-huaweicloud
 * reads it. Not idempotent: it overwrites what was written since.
 */
export const restoreBackup = defineOperation({
    id: "RestoreBackup",
    method: "POST",
    path: "/backups/{backup_id}/restore",
    status: 202,
    request: restoreBackupRequest,
    response: z
        .object({ job_id: wireIdIfAny })
        .nullish()
        .transform((answer) => answer ?? { job_id: undefined }),
});
