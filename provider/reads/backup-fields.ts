import type { WireChildBackup } from "../client/operations";

/** What the outputs of resources and the results of functions both tell of a backup, or of a disk in it. */
export function backupFields(row: WireChildBackup) {
    return {
        id: row.id,
        name: row.name,
        status: row.status,
        resourceId: row.resource_id,
        resourceName: row.resource_name,
        resourceType: row.resource_type,
        /** Gibibytes. */
        resourceSizeGb: row.resource_size,
        // Vendor: OTC has it in extend_info.
        incremental: row.incremental ?? row.extend_info?.incremental,
        createdAt: row.created_at,
        expiredAt: row.expired_at,
    };
}
