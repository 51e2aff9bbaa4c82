import { z } from "zod";
import type { ProjectRef } from "../client/client";
import {
    type Query,
    showBackup,
    type WireBackup,
    type WireChildBackup,
    type WireReplicationRecord,
} from "../client/operations";
import { backupFields } from "../reads/backup-fields";
import { mapBackupRows, withRecords } from "../reads/backup-lists";
import { objectId } from "../resource/resource";
import { type Services, targetOf } from "../services/context";
import { compare, instantArg, newestFirst, type ProjectArgs, placeArgs, readOne } from "./arguments";

export const getBackupArgs = z.strictObject({
    ...placeArgs,
    /** Id of the backup. */
    backupId: objectId,
});
export type GetBackupArgs = z.input<typeof getBackupArgs>;

export const getBackupsArgs = z.strictObject({
    ...placeArgs,
    /** Restore point that the backups belong to. */
    checkpointId: objectId.optional(),
    vaultId: objectId.optional(),
    /** Resource that was backed up. */
    resourceId: objectId.optional(),
    /** Server backup that disk backups belong to. */
    parentId: objectId.optional(),
    /** Exact name of the backup. */
    name: z.string().optional(),
    /** Exact name of the resource. */
    resourceName: z.string().optional(),
    /** Availability zone of the resource. */
    resourceAz: z.string().optional(),
    /** OS::Nova::Server, OS::Cinder::Volume … */
    resourceType: z.string().optional(),
    /**
     * One status or several: available, error, protecting, deleting, restoring, waiting_protect, waiting_delete,
     * waiting_restore.
     */
    status: z.union([z.string(), z.array(z.string())]).optional(),
    /** `backup`: taken here; `replication`: replicas from other regions. Default: both. */
    imageType: z.enum(["backup", "replication"]).optional(),
    /** Created at this time or later, e.g. 2026-01-31T04:00:00Z. */
    startTime: instantArg.optional(),
    /** Created at this time or before. */
    endTime: instantArg.optional(),
    /** `private` (the API's default), `shared` or `all_granted`. */
    ownType: z.enum(["private", "shared", "all_granted"]).optional(),
    /** Of shared backups: pending, accepted or rejected. */
    memberStatus: z.enum(["pending", "accepted", "rejected"]).optional(),
    /** Of vaults that are used to this percentage at least, 1 to 100. */
    usedPercent: z.int().min(1).max(100).optional(),
    /** Of a dedicated cloud. */
    dec: z.boolean().optional(),
    /** Huawei Cloud only: id of the enterprise project, or `all_granted_eps`. */
    enterpriseProjectId: z.string().optional(),
    /** Huawei Cloud only: incremental backups only. */
    incremental: z.boolean().optional(),
    /** Ask for each backup's replication records, which Huawei Cloud lists only then. Default: false. */
    showReplication: z.boolean().optional(),
});
export type GetBackupsArgs = z.input<typeof getBackupsArgs>;

interface BackupFields {
    readonly id: string;
    readonly name: string | undefined;
    readonly description: string | undefined;
    /**
     * The API's word: available, protecting, deleting, restoring, error, waiting_protect, waiting_delete,
     * waiting_restore.
     */
    readonly status: string;
    /** `backup`, or `replication` for a replica. */
    readonly imageType: string | undefined;
    readonly vaultId: string | undefined;
    readonly checkpointId: string | undefined;
    readonly resourceId: string | undefined;
    readonly resourceName: string | undefined;
    readonly resourceType: string | undefined;
    /** Gibibytes. */
    readonly resourceSizeGb: number | undefined;
    readonly incremental: boolean | undefined;
    /** True when a policy took it, or `autoTrigger` was set. */
    readonly autoTrigger: boolean | undefined;
    /** Kind of object that was backed up. */
    readonly providerId: string | undefined;
    /** UTC, as the API says it. */
    readonly createdAt: string | undefined;
    /** UTC, as the API says it. Absent: kept until deleted. */
    readonly expiredAt: string | undefined;
}

/** One copy of a backup to another region. */
export interface ReplicationRecordResult {
    readonly id: string;
    /** The API's word: waiting_replicate, replicating, success, fail, skip. */
    readonly status: string | undefined;
    /** Percent. */
    readonly progress: number | undefined;
    /** UTC, as the API says it. */
    readonly createdAt: string | undefined;
    readonly destinationRegion: string | undefined;
    readonly destinationProjectId: string | undefined;
    readonly destinationVaultId: string | undefined;
    readonly destinationBackupId: string | undefined;
    readonly destinationCheckpointId: string | undefined;
    readonly failCode: string | undefined;
    readonly failReason: string | undefined;
}

/** A backup of one resource. */
export interface BackupResult extends BackupFields, ProjectArgs {
    /** A server's disks. By id. */
    readonly children: readonly BackupFields[];
    /** Copies to other regions, oldest first. Undefined where the cloud does not say. */
    readonly replicationRecords: readonly ReplicationRecordResult[] | undefined;
}

/** Most rows of a list name the same vaults, resources and words: each text is kept once, so many at a time. */
const SHARED_TEXTS = 2_000;

type Share = <Text extends string | undefined>(text: Text) => Text;

function sharing(): Share {
    const texts = new Map<string, string>();
    return (text) => {
        if (text === undefined) return text;
        const known = texts.get(text);
        if (known !== undefined) return known as typeof text;
        if (texts.size >= SHARED_TEXTS) texts.clear();
        texts.set(text, text);
        return text;
    };
}

function toFields(row: WireChildBackup, share: Share): BackupFields {
    const fields = backupFields(row);
    return {
        ...fields,
        status: share(fields.status),
        resourceId: share(fields.resourceId),
        resourceName: share(fields.resourceName),
        resourceType: share(fields.resourceType),
        createdAt: share(fields.createdAt),
        expiredAt: share(fields.expiredAt),
        description: row.description,
        imageType: share(row.image_type),
        vaultId: share(row.vault_id),
        checkpointId: share(row.checkpoint_id),
        autoTrigger: row.extend_info?.auto_trigger,
        providerId: share(row.provider_id),
    };
}

function toRecord(record: WireReplicationRecord): ReplicationRecordResult {
    return {
        id: record.id,
        status: record.status,
        progress: record.extra_info?.progress,
        createdAt: record.created_at,
        destinationRegion: record.destination_region,
        destinationProjectId: record.destination_project_id,
        destinationVaultId: record.destination_vault_id,
        destinationBackupId: record.destination_backup_id,
        destinationCheckpointId: record.destination_checkpoint_id,
        failCode: record.extra_info?.fail_code,
        failReason: record.extra_info?.fail_reason,
    };
}

function toResult(row: WireBackup, target: ProjectRef, share: Share = (text) => text): BackupResult {
    return {
        ...toFields(row, share),
        ...target,
        children: row.children.map((child) => toFields(child, share)).sort((a, b) => compare(a.id, b.id)),
        replicationRecords: row.replication_records
            ?.map(toRecord)
            .sort((a, b) => compare(a.createdAt ?? "", b.createdAt ?? "") || compare(a.id, b.id)),
    };
}

export function getBackup(services: Services, args: z.output<typeof getBackupArgs>): Promise<BackupResult> {
    const { backupId: id } = args;
    return readOne(services, args, { kind: "backup", name: "backup", id }, async (target) => {
        const { backup } = await services.client.call(showBackup, { target, path: { backup_id: id } });
        return toResult(backup, target);
    });
}

export async function getBackups(services: Services, args: z.output<typeof getBackupsArgs>): Promise<BackupResult[]> {
    const target = await targetOf(services, args);
    const query = {
        checkpoint_id: args.checkpointId,
        vault_id: args.vaultId,
        resource_id: args.resourceId,
        parent_id: args.parentId,
        name: args.name,
        resource_name: args.resourceName,
        resource_az: args.resourceAz,
        resource_type: args.resourceType,
        status: args.status,
        image_type: args.imageType,
        start_time: args.startTime,
        end_time: args.endTime,
        own_type: args.ownType,
        member_status: args.memberStatus,
        used_percent: args.usedPercent,
        dec: args.dec,
        enterprise_project_id: args.enterpriseProjectId,
        incremental: args.incremental,
    };
    const share = sharing();
    const list = (asked: Query) => mapBackupRows(services, target, asked, (row) => toResult(row, target, share));
    const all = args.showReplication === true ? await withRecords(services, target, query, list) : await list(query);
    return newestFirst(all);
}
