import { defineOperation } from "./operation";

/**
 * Asks for a backup's deletion ("Deleting a Backup"). 204 means accepted: it is gone when ShowBackup says 404. Vendor:
 * a missing one is 404 6200 or 400 CSBS.3001 (api-notes: Deleting a missing backup).
 */
export const deleteBackup = defineOperation({
    id: "DeleteBackup",
    method: "DELETE",
    path: "/backups/{backup_id}",
    status: 204,
    notFound: "backup",
});
