/** Shapes that several operations share. Wire names stay snake_case and stay in this folder. */
import { z } from "zod";

/**
 * Vendor: absent, null and "" all mean "no value", on every page. Read alike.
 * Numbers appear as strings and strings as numbers (api-notes: Sizes and counts), so both are taken.
 */
const isBlank = (value: unknown) => value === undefined || value === null || value === "";
const WRONG_TYPE = Symbol("wrong type");

/**
 * One step for each field, where preprocess, type and optional are three: a list that a thousand wait for has tens of
 * thousands of fields, and what reading it leaves behind was a tenth of the process.
 */
function wireValue<T>(
    expected: "string" | "number" | "boolean",
    read: (value: unknown) => T | undefined | typeof WRONG_TYPE,
) {
    return z
        .transform((value: unknown, context): T | undefined => {
            if (isBlank(value)) return undefined;
            const result = read(value);
            if (result !== WRONG_TYPE) return result;
            context.issues.push({ code: "invalid_type", expected, input: value });
            return undefined;
        })
        .optional();
}

const readText = (value: unknown) => {
    if (typeof value === "number") return String(value);
    return typeof value === "string" ? value : WRONG_TYPE;
};
export const wireText = wireValue("string", readText);
/** A text that is no number reads as absent: nothing fails over a size or a progress. */
export const wireNumber = wireValue("number", (value) => {
    const number = typeof value === "string" ? Number(value) : value;
    if (typeof number !== "number") return WRONG_TYPE;
    return Number.isFinite(number) ? number : undefined;
});
/** Vendor: an op log's `incremental` is the string "true" or "false"; backups have a real boolean. */
export const wireFlag = wireValue("boolean", (value) => {
    if (value === true || value === "true" || value === "1" || value === 1) return true;
    if (value === false || value === "false" || value === "0" || value === 0) return false;
    return WRONG_TYPE;
});
/** Anything but an array is no list: null and absent read as empty. */
export const wireList = <T extends z.ZodType>(item: T) => z.preprocess((value) => value ?? [], z.array(item));

const UUID = /^[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}$/i;
/** Ids are compared as they are, so one that an answer has in capitals is read in the form of `resource/ids.ts`. */
const inOneForm = (id: string) => (UUID.test(id) ? id.toLowerCase() : id);

/** An id in an answer: never empty. */
export const wireId = z.string().min(1).transform(inOneForm);
/** An id that may be absent. */
export const wireIdIfAny = wireValue("string", (value) => {
    const id = readText(value);
    return id === WRONG_TYPE ? id : inOneForm(id);
});

/** Id in a request: what the vendor calls UUID; not narrower than what the clouds hand out. */
export const requestId = z.guid();
export const requestName = z.string().min(1).max(64);
export const requestDescription = z.string().max(255);
export const requestRegion = z.string().min(1).max(255);

/** CheckpointCreate of CreateCheckpoint and ShowCheckpoint. */
export const wireCheckpoint = z.object({
    id: wireId,
    /**
     * Vendor: the enumeration is stripped from the pages. OAS: available, deleting, protecting, deleted,
     * error-deleting, error. Kept as text.
     */
    status: z.string(),
    created_at: wireText,
    project_id: wireText,
    vault: z
        .object({
            id: wireIdIfAny,
            name: wireText,
            provider_id: wireIdIfAny,
            resources: wireList(
                z.object({
                    id: wireId,
                    name: wireText,
                    type: wireText,
                    protect_status: wireText,
                    /**
                     * Vendor: GB; string "40" on Huawei, the number 40 in OTC's example (api-notes: Sizes and counts).
                     */
                    resource_size: wireNumber,
                    backup_size: wireNumber,
                    backup_count: wireNumber,
                }),
            ),
            skipped_resources: wireList(
                z.object({ id: wireId, name: wireText, type: wireText, code: wireText, reason: wireText }),
            ),
        })
        .nullish()
        .transform((vault) => vault ?? undefined),
    /** Vendor: S4's example and OTC leave it out on GET; null in OAS's example. */
    extra_info: z
        .object({ name: wireText, description: wireText, retention_duration: wireNumber })
        .nullish()
        .transform((info) => info ?? undefined)
        .catch(undefined),
});
export type WireCheckpoint = z.output<typeof wireCheckpoint>;

/** ReplicationRecord, on the source backup. Only `id` is required. */
const wireReplicationRecord = z.object({
    id: wireId,
    status: wireText,
    created_at: wireText,
    source_backup_id: wireIdIfAny,
    source_checkpoint_id: wireIdIfAny,
    source_project_id: wireText,
    source_region: wireText,
    vault_id: wireIdIfAny,
    destination_backup_id: wireIdIfAny,
    destination_checkpoint_id: wireIdIfAny,
    destination_project_id: wireText,
    destination_region: wireText,
    destination_vault_id: wireIdIfAny,
    extra_info: z
        .object({ progress: wireNumber, fail_code: wireText, fail_reason: wireText, auto_trigger: wireFlag })
        .nullish()
        .transform((info) => info ?? undefined)
        .catch(undefined),
});
export type WireReplicationRecord = z.output<typeof wireReplicationRecord>;

const backupFields = {
    id: wireId,
    name: wireText,
    project_id: wireText,
    vault_id: wireIdIfAny,
    checkpoint_id: wireIdIfAny,
    /**
     * Vendor: available, protecting, deleting, restoring, error, waiting_protect, waiting_delete, waiting_restore. Kept
     * as text.
     */
    status: z.string(),
    image_type: wireText,
    description: wireText,
    resource_id: wireIdIfAny,
    resource_name: wireText,
    resource_type: wireText,
    /** GB. */
    resource_size: wireNumber,
    parent_id: wireIdIfAny,
    created_at: wireText,
    expired_at: wireText,
    provider_id: wireIdIfAny,
    incremental: wireFlag,
    /** Vendor: OTC has `incremental` in here; any field may be null. */
    extend_info: z
        .object({ auto_trigger: wireFlag, incremental: wireFlag, progress: wireNumber })
        .nullish()
        .transform((info) => info ?? undefined)
        .catch(undefined),
    /**
     * Absent where the cloud keeps no records (OTC): not the same as an empty list (api-notes: Replication records).
     */
    replication_records: z
        .array(wireReplicationRecord)
        .nullish()
        .transform((records) => records ?? undefined),
};
const wireChild = z.object(backupFields);
/** BackupResp. A server's disks come as `children`. */
export const wireBackup = z.object({ ...backupFields, children: wireList(wireChild) });
export type WireBackup = z.output<typeof wireBackup>;
export type WireChildBackup = z.output<typeof wireChild>;

export const wireOperationLog = z.object({
    id: wireId,
    /** Vendor: waiting, running, success, failed, skipped, timeout. Kept as text. */
    status: z.string(),
    operation_type: wireText,
    checkpoint_id: wireIdIfAny,
    vault_id: wireIdIfAny,
    created_at: wireText,
    started_at: wireText,
    updated_at: wireText,
    ended_at: wireText,
    provider_id: wireIdIfAny,
    error_info: z
        .object({ code: wireText, message: wireText })
        .nullish()
        .transform((info) => info ?? undefined),
    extra_info: z
        .object({
            common: z
                .object({ progress: wireNumber, request_id: wireText, task_id: wireIdIfAny })
                .nullish()
                .catch(undefined),
            resource: z.object({ id: wireIdIfAny, type: wireText, name: wireText }).nullish().catch(undefined),
            backup: z
                .object({ backup_id: wireIdIfAny, backup_name: wireText, incremental: wireFlag })
                .nullish()
                .catch(undefined),
            sync: z
                .object({ sync_backup_num: wireNumber, delete_backup_num: wireNumber, err_sync_backup_num: wireNumber })
                .nullish()
                .catch(undefined),
            delete: z.object({ backup_id: wireIdIfAny }).nullish().catch(undefined),
            restore: z
                .object({
                    backup_id: wireIdIfAny,
                    backup_name: wireText,
                    target_resource_id: wireIdIfAny,
                    target_resource_name: wireText,
                })
                .nullish()
                .catch(undefined),
            replication: z
                .object({
                    source_backup_id: wireIdIfAny,
                    source_checkpoint_id: wireIdIfAny,
                    destination_backup_id: wireIdIfAny,
                    destination_checkpoint_id: wireIdIfAny,
                    destination_region: wireText,
                    destination_project_id: wireText,
                })
                .nullish()
                .catch(undefined),
        })
        .nullish()
        .transform((info) => info ?? undefined)
        .catch(undefined),
});
export type WireOperationLog = z.output<typeof wireOperationLog>;

export const wireVault = z.object({
    id: wireId,
    name: wireText,
    project_id: wireText,
    provider_id: wireIdIfAny,
    description: wireText,
    created_at: wireText,
    billing: z
        .object({
            status: wireText,
            protect_type: wireText,
            cloud_type: wireText,
            object_type: wireText,
            spec_code: wireText,
            consistent_level: wireText,
            charging_mode: wireText,
            /** GB. */
            size: wireNumber,
            /** GB. */
            allocated: wireNumber,
            /** MB: the one field in another unit. */
            used: wireNumber,
        })
        .nullish()
        .transform((billing) => billing ?? undefined),
    locked: wireFlag,
    auto_expand: wireFlag,
    resources: wireList(
        z.object({
            id: wireId,
            name: wireText,
            type: wireText,
            protect_status: wireText,
            size: wireNumber,
            backup_size: wireNumber,
            backup_count: wireNumber,
        }),
    ),
});
export type WireVault = z.output<typeof wireVault>;

const protectableFields = {
    name: wireText,
    /** Vendor: ACTIVE, in-use …; the words of the resource's own service. Kept as text. */
    status: wireText,
    /** GB. */
    size: wireNumber,
    type: wireText,
};
/** ProtectablesResp of ListProtectable and ShowProtectable. */
export const wireProtectable = z.object({
    id: wireId,
    ...protectableFields,
    protectable: z
        .object({
            /** May it be backed up? */
            result: wireFlag,
            code: wireText,
            reason: wireText,
            /** Vendor: there only when the check failed. */
            message: wireText,
            /** The vault that it is associated with. */
            vault: z
                .object({ id: wireIdIfAny, name: wireText })
                .nullish()
                .transform((vault) => vault ?? undefined)
                .catch(undefined),
        })
        .nullish()
        .transform((result) => result ?? undefined),
    /** A server's volumes. Vendor: the page says "array of objects"; in its example the id stands in `detail`, too. */
    children: wireList(
        z.object({
            id: wireIdIfAny,
            ...protectableFields,
            detail: z
                .object({ id: wireIdIfAny })
                .nullish()
                .transform((detail) => detail ?? undefined)
                .catch(undefined),
        }),
    ),
});
export type WireProtectable = z.output<typeof wireProtectable>;
