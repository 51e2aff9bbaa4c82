/**
 * Request bodies: the operations' own strict schemas, plus what only Huawei Cloud takes, plus the character rules of
 * the pages.
 */
import { z } from "zod";
import { checkAgentRequest } from "../../../provider/client/operations/check-agent";
import { copyBackupRequest } from "../../../provider/client/operations/copy-backup";
import { copyCheckpointRequest } from "../../../provider/client/operations/copy-checkpoint";
import { createCheckpointRequest } from "../../../provider/client/operations/create-checkpoint";
import { importCheckpointRequest } from "../../../provider/client/operations/import-checkpoint";
import { restoreBackupRequest } from "../../../provider/client/operations/restore-backup";
import { updateBackupRequest } from "../../../provider/client/operations/update-backup";
import type { Dialect } from "../cloud/state";
import { refuse } from "./reply";

const checkpointShape = createCheckpointRequest.shape.checkpoint;
const parametersShape = checkpointShape.shape.parameters.unwrap();
const detailShape = parametersShape.shape.resource_details.unwrap().element;

/** Vendor: OTC's page has `exclude_volumes` alone (api-notes: Volumes of a restore point). */
const otcParameters = parametersShape.extend({
    resource_details: z
        .array(
            detailShape.extend({
                extra_info: detailShape.shape.extra_info.unwrap().pick({ exclude_volumes: true }).optional(),
            }),
        )
        .max(256)
        .optional(),
});
/** Vendor: only OAS has `retention_duration_days`. */
const retentionDays = z
    .int()
    .refine((days) => days === -1 || (days >= 1 && days <= 36_500), "must be -1 or 1 to 36500");
const huaweiParameters = parametersShape.extend({ retention_duration_days: retentionDays.optional() });

const createBodies = {
    huawei: z.strictObject({ checkpoint: checkpointShape.extend({ parameters: huaweiParameters.optional() }) }),
    otc: z.strictObject({ checkpoint: checkpointShape.extend({ parameters: otcParameters.optional() }) }),
};
const copyCheckpointBodies = {
    huawei: copyCheckpointRequest,
    otc: z.strictObject({
        replicate: copyCheckpointRequest.shape.replicate.omit({ enable_acceleration: true, cross_account_urn: true }),
    }),
};
const copyBackupBodies = {
    huawei: z.strictObject({
        replicate: copyBackupRequest.shape.replicate.extend({
            destination_cloud_type: z.string().optional(),
        }),
    }),
    otc: z.strictObject({
        replicate: copyBackupRequest.shape.replicate.omit({ enable_acceleration: true, cross_account_urn: true }),
    }),
};

/** Vendor: `resource_id` and `details` are Huawei Cloud's. */
const restoreBodies = {
    huawei: z.strictObject({
        restore: restoreBackupRequest.shape.restore.extend({
            details: z.strictObject({ destination_path: z.string().min(1).max(255) }).optional(),
        }),
    }),
    otc: z.strictObject({ restore: restoreBackupRequest.shape.restore.omit({ resource_id: true }) }),
};

export type RestoreBackupBody = z.output<typeof restoreBodies.huawei>["restore"];
export type CreateCheckpointBody = z.output<typeof createBodies.huawei>["checkpoint"];

/** Parses the body of CreateCheckpoint, or refuses it with 9900. */
export function createCheckpointBody(value: unknown, dialect: Dialect): CreateCheckpointBody {
    const { checkpoint } = parse(createBodies[dialect] as typeof createBodies.huawei, value);
    const { parameters } = checkpoint;
    checkName(parameters?.name, "checkpoint.parameters.name");
    checkDescription(parameters?.description, "checkpoint.parameters.description");
    if (parameters?.resources !== undefined && parameters.resource_details !== undefined)
        refuse("9900", "checkpoint.parameters.resources and resource_details exclude each other");
    if (parameters?.retention_duration_days !== undefined && parameters.auto_trigger === true)
        refuse("9900", "checkpoint.parameters.retention_duration_days excludes auto_trigger");
    return checkpoint;
}

/** Parses the body of CopyCheckpoint, or refuses it with 9900. */
export function copyCheckpointBody(value: unknown, dialect: Dialect) {
    const { replicate } = parse(copyCheckpointBodies[dialect] as typeof copyCheckpointBodies.huawei, value);
    checkRegion(replicate.destination_region);
    return replicate;
}

/** Parses the body of CopyBackup, or refuses it with 9900. */
export function copyBackupBody(value: unknown, dialect: Dialect) {
    const { replicate } = parse(copyBackupBodies[dialect] as typeof copyBackupBodies.huawei, value);
    checkName(replicate.name, "replicate.name");
    checkDescription(replicate.description, "replicate.description");
    checkRegion(replicate.destination_region);
    return replicate;
}

/** Parses the body of RestoreBackup, or refuses it with 9900. */
export function restoreBackupBody(value: unknown, dialect: Dialect): RestoreBackupBody {
    return parse(restoreBodies[dialect] as typeof restoreBodies.huawei, value).restore;
}

/** Parses the body of UpdateBackup, or refuses it with 9900. */
export function updateBackupBody(value: unknown) {
    const { backup = {} } = parse(updateBackupRequest, value);
    checkName(backup.name, "backup.name");
    return backup;
}

/** Parses the body of ImportCheckpoint, or refuses it with 9900. */
export function importCheckpointBody(value: unknown) {
    return parse(importCheckpointRequest, value).sync;
}

/** Parses the body of CheckAgent, or refuses it with 9900. */
export function checkAgentBody(value: unknown) {
    const { agent_status: asked } = parse(checkAgentRequest, value);
    const wrong = asked.find(({ resource_type: type }) => !/^OS::(Nova::Server|Ironic::BareMetalServer)$/.test(type));
    if (wrong !== undefined) refuse("9900", `agent_status.resource_type: ${wrong.resource_type}`);
    return asked;
}

function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const path = issue?.path.join(".") ?? "";
    if (issue?.code === "unrecognized_keys") {
        const keys = issue.keys.map((key) => (path === "" ? key : `${path}.${key}`));
        return refuse("9900", `unknown parameter ${keys.join(", ")}`);
    }
    return refuse("9900", `${path === "" ? "body" : path}: ${issue?.message ?? "invalid"}`);
}

/** Vendor: OAS's pattern; the seeds give lengths only. */
function checkName(name: string | undefined, path: string): void {
    if (name !== undefined && !/^[\u4E00-\u9FA5\uf900-\ufa2da-zA-Z0-9_-]*$/.test(name))
        refuse("9900", `${path}: only letters, digits, _ and - are allowed`);
}

function checkDescription(description: string | undefined, path: string): void {
    if (description !== undefined && /[<>]/.test(description)) refuse("9900", `${path}: < and > are not allowed`);
}

function checkRegion(region: string): void {
    if (!/^[a-zA-Z0-9._-]*$/.test(region))
        refuse("9900", "replicate.destination_region: only letters, digits, ., _ and - are allowed");
}
