import { z } from "zod";
import { defineOperation } from "./operation";
import { wireBackup, wireNumber } from "./wire";

/**
 * Lists backups, top level only; a server's disks come as children ("Querying All Backups"). Vendor: records only with
 * show_replication=true. Page by offset.
 */
export const listBackups = defineOperation({
    id: "ListBackups",
    method: "GET",
    path: "/backups",
    response: z.object({ backups: z.array(wireBackup), count: wireNumber, limit: wireNumber, offset: wireNumber }),
});
