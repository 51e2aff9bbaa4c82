/** Copies to another region: what they are called, and the lists that they are found in. */

import type { ProjectRef } from "../../client/client";
import type { WireBackup, WireReplicationRecord } from "../../client/operations";
import { parseInstant, queryInstant } from "../../client/time/timestamps";
import { backupRows, type ListOptions } from "../../reads/backup-lists";
import type { Services } from "../../services/context";
import type { CopyDestination } from "./copy-options";

/** Copies cross a wide area: 6 h. */
export const COPY_BUDGET_MS = 6 * 3_600_000;
/** 30 min. */
export const COPY_DELETE_BUDGET_MS = 30 * 60_000;
/** A region's clock may run behind what we know of it by this much, in milliseconds. */
const SINCE_SLACK_MS = 5_000;

/** Clock time on the region's clock, and a little earlier. */
export function toRegionClock(services: Services, region: string, since: number): number {
    const { client } = services;
    return since + client.serverOffsetMs(region) - client.serverOffsetSlackMs(region) - SINCE_SLACK_MS;
}

/** One backup on its way. */
export interface Copy {
    readonly backupId: string;
    /** Undefined when the answer that named it was lost, on a cloud that keeps no records. */
    readonly recordId: string | undefined;
    /** The name asked for; the replica otherwise has a name of the cloud's choice. */
    readonly name?: string | undefined;
}

export interface CopyQuery {
    readonly copies: readonly Copy[];
    readonly sourceVaultId: string | undefined;
    readonly destination: CopyDestination;
    readonly destinationVaultId: string;
    /** Clock time of the POST. */
    readonly since: number;
    /** Of a copy whose POST was lost: can what began at that instant, on the source region's clock, be it? */
    readonly fits?: ((instant: number | undefined) => boolean) | undefined;
    /** Tasks of the copies that these replace. */
    readonly earlier?: ReadonlySet<string> | undefined;
}

export interface CopyState {
    readonly backupId: string;
    readonly recordId: string | undefined;
    /** The API's word: waiting_replicate, replicating, success, fail, skip. */
    readonly status: string;
    readonly progress: number | undefined;
    readonly destinationBackupId: string | undefined;
    readonly destinationCheckpointId: string | undefined;
    readonly failCode: string | undefined;
    readonly failReason: string | undefined;
    /** The source region's task, where no record says what becomes of the copy. */
    readonly taskId?: string | undefined;
}

/** What a look tells anew of a copy; ids that were known once stay. */
export function seenOf(
    before: Pick<Partial<CopyState>, "destinationBackupId" | "destinationCheckpointId">,
    state: CopyState,
) {
    return {
        status: state.status,
        progress: state.progress,
        destinationBackupId: state.destinationBackupId ?? before.destinationBackupId,
        destinationCheckpointId: state.destinationCheckpointId ?? before.destinationCheckpointId,
        failCode: state.failCode,
        failReason: state.failReason,
    };
}

const FINAL = new Set(["success", "fail", "skip"]);
export const isFinalCopy = (status: string): boolean => FINAL.has(status);

/** Is this a record of a copy to that vault, begun not before `from`? */
export function isRecordFor(
    record: WireReplicationRecord,
    destination: ProjectRef,
    destinationVaultId: string,
    from: number,
): boolean {
    const begun = parseInstant(record.created_at);
    return (
        (record.destination_region ?? destination.region) === destination.region &&
        (record.destination_vault_id ?? destinationVaultId) === destinationVaultId &&
        (begun === undefined || begun >= from)
    );
}

/**
 * The replicas in a vault, all or those of a resource, or those made since `from` (its region's clock); of another
 * account's vault none.
 */
export async function replicasIn(
    services: Services,
    destination: CopyDestination,
    vaultId: string,
    options: ListOptions & { readonly from?: number; readonly resourceId?: string } = {},
): Promise<WireBackup[]> {
    if (destination.isOtherAccount === true) return [];
    const { from, resourceId, ...list } = options;
    const start = from === undefined ? undefined : queryInstant(from);
    const query = { vault_id: vaultId, resource_id: resourceId, start_time: start };
    // Vendor: a replication vault holds nothing else, and not every cloud says "replication" as their image_type.
    return backupRows(services, destination, query, { priority: "poll", ...list });
}
