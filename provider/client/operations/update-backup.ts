import { z } from "zod";
import { defineOperation } from "./operation";
import { requestName, wireBackup } from "./wire";

export const updateBackupRequest = z.strictObject({
    backup: z.strictObject({ name: requestName.optional() }).optional(),
});

/**
 * Renames a backup ("Modifying a Backup"); nothing else of it can be changed. Vendor: Huawei Cloud only (api-notes:
 * Renaming a backup).
 */
export const updateBackup = defineOperation({
    id: "UpdateBackup",
    method: "PUT",
    path: "/backups/{backup_id}",
    request: updateBackupRequest,
    response: z.object({ backup: wireBackup }),
    notFound: "backup",
});
