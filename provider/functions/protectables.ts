/** May this be backed up, and why not. */
import { z } from "zod";
import type { ProjectRef } from "../client/client";
import { ApiError, ConfigError, messageOf, OperationFailedError } from "../client/errors/errors";
import { checkAgent, type WireProtectable } from "../client/operations";
import { protectablePages } from "../reads/protectable-lists";
import { isOfCloud } from "../resource/regions";
import { objectId } from "../resource/resource";
import { type Services, targetOf } from "../services/context";
import { compare, type ProjectArgs, placeArgs } from "./arguments";

export const getProtectablesArgs = z.strictObject({
    ...placeArgs,
    /** Kind of resources: server, disk, turbo, workspace or workspace_v2. */
    objectType: z.enum(["server", "disk", "turbo", "workspace", "workspace_v2"]),
    /** This resource only. */
    resourceId: objectId.optional(),
    /** Exact name of the resource. */
    name: z.string().min(1).optional(),
    /** Disks of this server only. */
    serverId: objectId.optional(),
    /** The word of the resource's own service, such as ACTIVE or in-use. */
    status: z.string().min(1).optional(),
    /** Huawei Cloud only: id of the enterprise project. */
    enterpriseProjectId: z.string().min(1).optional(),
});
export type GetProtectablesArgs = z.input<typeof getProtectablesArgs>;

interface ProtectableFields {
    readonly name: string | undefined;
    /** OS::Nova::Server, OS::Cinder::Volume … */
    readonly type: string | undefined;
    /** The word of the resource's own service. */
    readonly status: string | undefined;
    /** Gibibytes. */
    readonly sizeGb: number | undefined;
}

/** A resource, and whether it may be backed up. */
export interface ProtectableResult extends ProtectableFields, ProjectArgs {
    readonly id: string;
    /** May it be backed up? Undefined where the cloud does not say. */
    readonly protectable: boolean | undefined;
    /** Why not, the API's code. */
    readonly code: string | undefined;
    /** Why not, in the API's words. */
    readonly reason: string | undefined;
    /** The vault that it is associated with. */
    readonly vaultId: string | undefined;
    readonly vaultName: string | undefined;
    /** A server's volumes, where the cloud lists them. By id. */
    readonly volumes: readonly (ProtectableFields & { readonly id: string | undefined })[];
}

function toResult(row: WireProtectable, target: ProjectRef): ProtectableResult {
    const fields = ({ name, type, status, size }: Pick<WireProtectable, "name" | "type" | "status" | "size">) => ({
        name,
        type,
        status,
        sizeGb: size,
    });
    const { result, code, reason, message, vault } = row.protectable ?? {};
    return {
        id: row.id,
        ...target,
        ...fields(row),
        protectable: result,
        code,
        reason: reason ?? message,
        vaultId: vault?.id,
        vaultName: vault?.name,
        volumes: row.children
            .map((one) => ({ id: one.id ?? one.detail?.id, ...fields(one) }))
            .sort((a, b) => compare(a.id ?? "", b.id ?? "")),
    };
}

/** Open Telekom Cloud's reference has neither call. */
function refuseOtc(services: Services, operation: string): void {
    if (isOfCloud(services.settings, "otc"))
        throw new ConfigError(`Open Telekom Cloud cannot be asked this: its API has no ${operation}.`);
}

/** A gateway that does not know the path speaks of the call, not of what was asked. */
function explainMissing(error: unknown): unknown {
    if (!(error instanceof ApiError) || error.failure.code !== "APIGW.0101") return error;
    return new OperationFailedError(`${messageOf(error)} This cloud or region does not have the call.`, {
        cause: error,
    });
}

export async function getProtectables(
    services: Services,
    args: z.output<typeof getProtectablesArgs>,
): Promise<ProtectableResult[]> {
    refuseOtc(services, "ListProtectable");
    const target = await targetOf(services, args);
    const query = {
        id: args.resourceId,
        name: args.name,
        server_id: args.serverId,
        status: args.status,
        enterprise_project_id: args.enterpriseProjectId,
    };
    const rows: ProtectableResult[] = [];
    try {
        for await (const page of protectablePages(services, target, { type: args.objectType, query }))
            rows.push(...page.map((row) => toResult(row, target)));
    } catch (error) {
        throw explainMissing(error);
    }
    const asked = rows.filter(({ id }) => args.resourceId === undefined || id.toLowerCase() === args.resourceId);
    return asked.sort((a, b) => compare(a.name ?? "", b.name ?? "") || compare(a.id, b.id));
}

export const getAgentStatusArgs = z.strictObject({
    ...placeArgs,
    /** Servers to ask about. */
    resources: z
        .array(
            z.strictObject({
                /** Id of the server. */
                id: objectId,
                /** OS::Nova::Server or OS::Ironic::BareMetalServer. Default: OS::Nova::Server. */
                type: z.enum(["OS::Nova::Server", "OS::Ironic::BareMetalServer"]).optional(),
                name: z.string().optional(),
            }),
        )
        .min(1, "must name at least one server"),
});
export type GetAgentStatusArgs = z.input<typeof getAgentStatusArgs>;

/** The agent of application-consistent backups on a server. */
export interface AgentStatusResult extends ProjectArgs {
    readonly resourceId: string;
    readonly installed: boolean | undefined;
    /** True when a newer version is needed. */
    readonly isOld: boolean | undefined;
    readonly version: string | undefined;
    /** Why it could not be reached. */
    readonly code: number | undefined;
    readonly message: string | undefined;
}

export async function getAgentStatus(
    services: Services,
    args: z.output<typeof getAgentStatusArgs>,
): Promise<AgentStatusResult[]> {
    refuseOtc(services, "CheckAgent");
    const target = await targetOf(services, args);
    const asked = args.resources.map(({ id, type = "OS::Nova::Server", name }) => ({
        resource_id: id,
        resource_type: type,
        ...(name === undefined ? {} : { resource_name: name }),
    }));
    try {
        const { agent_status: rows } = await services.client.call(checkAgent, {
            target,
            body: { agent_status: asked },
        });
        return rows
            .map((row) => ({
                resourceId: row.resource_id,
                ...target,
                installed: row.installed,
                isOld: row.is_old,
                version: row.version,
                code: row.code,
                message: row.message,
            }))
            .sort((a, b) => compare(a.resourceId, b.resourceId));
    } catch (error) {
        throw explainMissing(error);
    }
}
