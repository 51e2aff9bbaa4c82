/** What the commands keep of a backup and of a vault: little, for there may be very many. */
import type { ProjectRef } from "../../provider/client/client";
import type { WireBackup, WireReplicationRecord, WireVault } from "../../provider/client/operations";
import { parseInstant } from "../../provider/client/time/timestamps";
import { isGoodBackup } from "../../provider/resources/checkpoint/status";

/** What the source says of one copy. */
export interface CopyRecord {
    readonly region: string;
    /** The API's word: waiting_replicate, replicating, success, fail, skip. */
    readonly status: string;
    readonly backupId: string | undefined;
    readonly failReason: string | undefined;
    readonly isAutomatic: boolean | undefined;
}

export interface BackupFact extends ProjectRef {
    readonly id: string;
    readonly name: string;
    readonly vaultId: string;
    readonly checkpointId: string;
    readonly resourceId: string;
    readonly resourceName: string;
    readonly resourceType: string;
    /** The API's word. */
    readonly status: string;
    readonly isReplica: boolean;
    /** Of the resource that was backed up; the API does not say what a backup takes. Gibibytes. */
    readonly sizeGb: number;
    readonly isIncremental: boolean | undefined;
    /** A policy took it, or `autoTrigger` was set. Undefined: the cloud does not say. */
    readonly isAutomatic: boolean | undefined;
    /** Milliseconds since the epoch. */
    readonly createdMs: number | undefined;
    /** Milliseconds since the epoch. Undefined: kept until deleted. */
    readonly expiresMs: number | undefined;
    /** Disks of a server. */
    readonly childIds: readonly string[];
    /** Undefined where the cloud keeps no records. */
    readonly records: readonly CopyRecord[] | undefined;
}

export interface VaultFact extends ProjectRef {
    readonly id: string;
    readonly name: string;
    /** backup, replication or hybrid. */
    readonly protectType: string;
    readonly objectType: string;
    readonly status: string;
    readonly isLocked: boolean;
    /** Gibibytes. */
    readonly sizeGb: number | undefined;
    /** Gibibytes. */
    readonly usedGb: number | undefined;
    readonly resources: readonly {
        readonly id: string;
        readonly name: string;
        readonly type: string;
        /** Gibibytes. */
        readonly sizeGb: number | undefined;
        /** The API's word. */
        readonly protectStatus: string | undefined;
    }[];
}

export function backupFact(row: WireBackup, target: ProjectRef): BackupFact {
    return {
        region: target.region,
        projectId: target.projectId,
        id: row.id,
        name: row.name ?? "",
        vaultId: row.vault_id ?? "",
        checkpointId: row.checkpoint_id ?? row.id,
        resourceId: row.resource_id ?? "",
        resourceName: row.resource_name ?? row.resource_id ?? "",
        resourceType: row.resource_type ?? "",
        status: row.status,
        isReplica: row.image_type === "replication",
        sizeGb: row.resource_size ?? 0,
        // Vendor: OTC has it in extend_info.
        isIncremental: row.incremental ?? row.extend_info?.incremental,
        isAutomatic: row.extend_info?.auto_trigger,
        createdMs: parseInstant(row.created_at),
        expiresMs: parseInstant(row.expired_at),
        childIds: row.children.map((child) => child.id),
        records: row.replication_records?.map(recordOf),
    };
}

function recordOf(record: WireReplicationRecord): CopyRecord {
    return {
        region: record.destination_region ?? "",
        status: record.status ?? "",
        backupId: record.destination_backup_id,
        failReason: record.extra_info?.fail_reason ?? record.extra_info?.fail_code,
        isAutomatic: record.extra_info?.auto_trigger,
    };
}

export function vaultFact(row: WireVault, target: ProjectRef): VaultFact {
    const { billing } = row;
    const isHybrid = billing?.cloud_type === "hybrid";
    return {
        ...target,
        id: row.id,
        name: row.name ?? row.id,
        protectType: isHybrid ? "hybrid" : (billing?.protect_type ?? ""),
        objectType: billing?.object_type ?? "",
        status: billing?.status ?? "",
        isLocked: row.locked === true,
        sizeGb: billing?.size,
        // Vendor: used is in MB, size in GB.
        usedGb: billing?.used === undefined ? undefined : Math.round(billing.used / 102.4) / 10,
        resources: row.resources.map((one) => ({
            id: one.id,
            name: one.name ?? one.id,
            type: one.type ?? "",
            sizeGb: one.size,
            protectStatus: one.protect_status,
        })),
    };
}

/** Whether it can be restored from, and will not be gone in a moment. */
export function isGood(fact: BackupFact, nowMs: number): boolean {
    return isGoodBackup(fact.status) && !hasExpired(fact, nowMs);
}

/** Vendor: what has expired goes in batches, within about a day. */
export function hasExpired(fact: BackupFact, nowMs: number): boolean {
    return fact.expiresMs !== undefined && fact.expiresMs <= nowMs;
}

/** Is it being deleted, or about to be? */
export function isGoing(fact: BackupFact, nowMs: number): boolean {
    return fact.status === "deleting" || fact.status === "waiting_delete" || hasExpired(fact, nowMs);
}

const RUNNING = new Set(["waiting_protect", "protecting"]);
export const isRunning = (fact: BackupFact): boolean => RUNNING.has(fact.status);
