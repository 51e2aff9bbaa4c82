import { z } from "zod";
import { defineOperation } from "./operation";
import { wireBackup } from "./wire";

/**
 * Reads one backup with its children and, where the cloud keeps them, its replication records ("Querying a Specified
 * Backup"). 404 BackupService.6200 when gone.
 */
export const showBackup = defineOperation({
    id: "ShowBackup",
    method: "GET",
    path: "/backups/{backup_id}",
    response: z.object({ backup: wireBackup }),
    notFound: "backup",
});
