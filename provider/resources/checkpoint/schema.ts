/** From the API's answers to a checkpoint's outputs. */
import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import type { WireBackup, WireCheckpoint } from "../../client/operations";
import { backupFields } from "../../reads/backup-fields";
import { EXPIRED } from "../../resource/resource";
import type { CheckpointInputs, CheckpointOutputs } from "./checkpoint";
import { isGoodBackup, wasGood } from "./status";

const skippedResource = z.object({
    id: z.string(),
    type: z.string().optional(),
    name: z.string().optional(),
    /** CBR error code, e.g. BackupService.0002. */
    code: z.string().optional(),
    reason: z.string().optional(),
});
export type SkippedResource = z.output<typeof skippedResource>;

const backupShape = {
    id: z.string(),
    name: z.string().optional(),
    /** The API's word: available, error, protecting …; or `expired`: it was good, and the cloud no longer has it. */
    status: z.string(),
    resourceId: z.string().optional(),
    resourceName: z.string().optional(),
    resourceType: z.string().optional(),
    /** Gibibytes. */
    resourceSizeGb: z.number().optional(),
    incremental: z.boolean().optional(),
    createdAt: z.string().optional(),
    /** Absent: kept until deleted. */
    expiredAt: z.string().optional(),
};
const backup = z.object({
    ...backupShape,
    /** A server's disks. */
    children: z.array(z.object(backupShape)),
});
export type Backup = z.output<typeof backup>;

/** What a checkpoint has besides its inputs. */
export const checkpointFacts = {
    /** The restore point's id; also the resource's id. */
    checkpointId: z.string(),
    /** The API's word: protecting, available, error, deleting …; or `expired` once the cloud no longer has it. */
    status: z.string(),
    /** When it was taken, UTC, as the API says it. */
    createdAt: z.string().optional(),
    /** Name of the restore point: the given one, or `<resource name>-<8 hex>`. */
    name: z.string().optional(),
    region: z.string(),
    projectId: z.string(),
    vault: z.object({
        id: z.string(),
        name: z.string().optional(),
        /** Kind of object that is backed up. */
        providerId: z.string().optional(),
        /** What is backed up. */
        resources: z.array(
            z.object({
                id: z.string(),
                name: z.string().optional(),
                type: z.string().optional(),
                /** Gibibytes. */
                resourceSizeGb: z.number().optional(),
            }),
        ),
        skippedResources: z.array(skippedResource),
    }),
    /** Resources that the cloud left out, with code and reason. By resource id. */
    skippedResources: z.array(skippedResource),
    /** How long the cloud keeps it, in days; -1: until deleted. */
    retentionDurationDays: z.number().optional(),
    /**
     * Every backup of the restore point, good or not; one that was good and is no longer in the cloud keeps its last
     * facts, with status `expired`. By resource id, then backup id.
     */
    backups: z.array(backup),
    /**
     * Ids of the backups that can be used: `available`, or being restored from. Those that the cloud no longer has
     * leave it.
     */
    backupIds: z.array(z.string()),
    /** Id of the usable backup of each resource that has one. */
    backupIdByResource: z.record(z.string(), z.string()),
};

/** What a resource remembers of its restore point besides what the cloud says. */
export const checkpointNotes = {
    /**
     * True when the answer to its request was lost and it was found by its given name and time only: it may be
     * another's, and is then never deleted.
     */
    unproven: z.boolean().optional(),
    /** True when a renaming failed after some of its backups had been renamed: the next update goes on. */
    partlyRenamed: z.boolean().optional(),
    /**
     * Ids of the tasks that took it, one a resource, sorted: those that a list of tasks has shown. Absent where none
     * has, without a right to list tasks, and of an adopted one. The cloud forgets tasks after about 30 days.
     */
    operationLogIds: z.array(z.string()).optional(),
};

function compare(a: string | undefined, b: string | undefined): number {
    const left = a ?? "";
    const right = b ?? "";
    return left < right ? -1 : left > right ? 1 : 0;
}

/** A list row as an output. */
export function toBackup(row: WireBackup): Backup {
    const children = row.children.map(backupFields);
    children.sort((a, b) => compare(a.resourceId, b.resourceId) || compare(a.id, b.id));
    return { ...backupFields(row), children };
}

/**
 * What is no longer in the cloud. One that had failed stays as it was: only what was good can be said to have expired.
 */
function expiredBackup<B extends Backup>(one: B): B {
    const expired = <T extends { status: string }>(each: T): T =>
        isGoodBackup(each.status) || wasGood(each.status) ? { ...each, status: EXPIRED } : each;
    return { ...expired(one), children: one.children.map(expired) };
}

/** The outputs of a restore point that the cloud no longer has: its last facts, and nothing that could be used. */
export function expiredOutputs(outputs: CheckpointOutputs): CheckpointOutputs {
    const backups = outputs.backups.map(expiredBackup);
    return { ...outputs, status: EXPIRED, backups, ...goodIds(backups) };
}

function ordered(backups: Backup[]): Backup[] {
    return backups.sort((a, b) => compare(a.resourceId, b.resourceId) || compare(a.id, b.id));
}

/** The ids that follow from the backups. */
export function goodIds(backups: readonly Backup[]): Pick<CheckpointOutputs, "backupIds" | "backupIdByResource"> {
    const good = backups.filter((one) => isGoodBackup(one.status));
    return {
        backupIds: good.map((one) => one.id),
        backupIdByResource: Object.fromEntries(
            good.filter((one) => one.resourceId !== undefined).map((one) => [one.resourceId, one.id]),
        ),
    };
}

/**
 * One function from the wire to the outputs. `earlier` holds what GET may not repeat: name, description, skipped
 * resources.
 */
export function toOutputs(
    inputs: CheckpointInputs,
    target: ProjectRef,
    { wire, rows }: { readonly wire: WireCheckpoint; readonly rows: readonly WireBackup[] },
    earlier: Partial<CheckpointOutputs>,
): CheckpointOutputs {
    const listed = (wire.vault?.skipped_resources ?? []).map(({ id, type, name, code, reason }) => ({
        id,
        type,
        name,
        code,
        reason,
    }));
    const skippedResources = (listed.length > 0 ? listed : [...(earlier.skippedResources ?? [])]).sort((a, b) =>
        compare(a.id, b.id),
    );
    const resources = (wire.vault?.resources ?? [])
        .map((one) => ({ id: one.id, name: one.name, type: one.type, resourceSizeGb: one.resource_size }))
        .sort((a, b) => compare(a.id, b.id));
    const listedIds = new Set(rows.map((row) => row.id));
    const lost = (earlier.backups ?? []).filter((one) => !listedIds.has(one.id)).map(expiredBackup);
    const backups = ordered([...rows.map(toBackup), ...lost]);
    return {
        ...inputs,
        region: target.region,
        projectId: target.projectId,
        checkpointId: wire.id,
        name: inputs.name ?? earlier.name ?? wire.extra_info?.name,
        description: inputs.description ?? earlier.description,
        status: wire.status,
        createdAt: earlier.createdAt ?? wire.created_at,
        vault: {
            id: wire.vault?.id ?? inputs.vaultId,
            name: wire.vault?.name ?? earlier.vault?.name,
            providerId: wire.vault?.provider_id ?? earlier.vault?.providerId ?? rows[0]?.provider_id,
            // What the POST said it would back up: a resource that joins the vault later is not missing from this run.
            resources:
                earlier.vault !== undefined && earlier.vault.resources.length > 0 ? earlier.vault.resources : resources,
            skippedResources,
        },
        skippedResources,
        retentionDurationDays: wire.extra_info?.retention_duration ?? earlier.retentionDurationDays,
        ...(earlier.unproven === true ? { unproven: true } : {}),
        ...(earlier.partlyRenamed === true ? { partlyRenamed: true } : {}),
        ...(earlier.operationLogIds === undefined ? {} : { operationLogIds: earlier.operationLogIds }),
        backups,
        ...goodIds(backups),
    };
}
