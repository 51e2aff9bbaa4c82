import { z } from "zod";
import type { ProjectRef } from "../client/client";
import { showVault, type WireVault } from "../client/operations";
import { vaultRows } from "../reads/vault-lists";
import { objectId } from "../resource/resource";
import { type Services, targetOf } from "../services/context";
import { compare, type ProjectArgs, placeArgs, readOne } from "./arguments";

export const getVaultArgs = z.strictObject({
    ...placeArgs,
    /** Id of the vault. */
    vaultId: objectId,
});
export type GetVaultArgs = z.input<typeof getVaultArgs>;

export const getVaultsArgs = z.strictObject({
    ...placeArgs,
    /** Name of the vault. */
    name: z.string().optional(),
    vaultId: objectId.optional(),
    cloudType: z.enum(["public", "hybrid"]).optional(),
    /** `backup` holds backups, `replication` takes copies from other regions. */
    protectType: z.enum(["backup", "replication", "hybrid"]).optional(),
    /** server, disk, turbo, workspace, vmware, rds or file. */
    objectType: z.string().optional(),
    /** available, lock, frozen, deleting or error. */
    status: z.string().optional(),
    /** Policy that the vault has. */
    policyId: objectId.optional(),
    /** Vaults that these resources are in. */
    resourceIds: z.array(objectId).min(1, "must name at least one resource").optional(),
    /** Huawei Cloud only: id of the enterprise project, or `all_granted_eps`. */
    enterpriseProjectId: z.string().optional(),
});
export type GetVaultsArgs = z.input<typeof getVaultsArgs>;

/** A vault, and what it protects. */
export interface VaultResult extends ProjectArgs {
    readonly id: string;
    readonly name: string | undefined;
    readonly description: string | undefined;
    readonly providerId: string | undefined;
    /** UTC, as the API says it. */
    readonly createdAt: string | undefined;
    /** The API's word: available, lock, frozen, deleting, error. */
    readonly status: string | undefined;
    /** `backup`, `replication`, or `hybrid`. */
    readonly protectType: string | undefined;
    /** `public` or `hybrid`. */
    readonly cloudType: string | undefined;
    /** server, disk, turbo, workspace, vmware, rds, file. */
    readonly objectType: string | undefined;
    readonly specCode: string | undefined;
    /** `crash_consistent` or `app_consistent`. */
    readonly consistentLevel: string | undefined;
    /** `post_paid` or `pre_paid`. */
    readonly chargingMode: string | undefined;
    /** Capacity, gibibytes. */
    readonly sizeGb: number | undefined;
    /** Size of the resources in it, gibibytes. */
    readonly allocatedGb: number | undefined;
    /** Room that backups take, mebibytes: the API's own unit. */
    readonly usedMb: number | undefined;
    /** True: automatic backups cannot be deleted before they expire. */
    readonly locked: boolean | undefined;
    /** True: it grows when it is full. */
    readonly autoExpand: boolean | undefined;
    /** What it protects. By id. */
    readonly resources: readonly {
        readonly id: string;
        readonly name: string | undefined;
        readonly type: string | undefined;
        /** The API's word: available, error, protecting, restoring, removing. */
        readonly protectStatus: string | undefined;
        /** Gibibytes. */
        readonly sizeGb: number | undefined;
        /** Size of its backups; the API's pages give no unit. */
        readonly backupSize: number | undefined;
        readonly backupCount: number | undefined;
    }[];
}

function toResult(row: WireVault, target: ProjectRef): VaultResult {
    const { billing } = row;
    return {
        id: row.id,
        ...target,
        name: row.name,
        description: row.description,
        providerId: row.provider_id,
        createdAt: row.created_at,
        status: billing?.status,
        protectType: billing?.protect_type,
        cloudType: billing?.cloud_type,
        objectType: billing?.object_type,
        specCode: billing?.spec_code,
        consistentLevel: billing?.consistent_level,
        chargingMode: billing?.charging_mode,
        sizeGb: billing?.size,
        allocatedGb: billing?.allocated,
        usedMb: billing?.used,
        locked: row.locked,
        autoExpand: row.auto_expand,
        resources: row.resources
            .map((one) => ({
                id: one.id,
                name: one.name,
                type: one.type,
                protectStatus: one.protect_status,
                sizeGb: one.size,
                backupSize: one.backup_size,
                backupCount: one.backup_count,
            }))
            .sort((a, b) => compare(a.id, b.id)),
    };
}

export function getVault(services: Services, args: z.output<typeof getVaultArgs>): Promise<VaultResult> {
    const { vaultId: id } = args;
    return readOne(services, args, { kind: "vault", name: "vault", id }, async (target) => {
        const { vault } = await services.client.call(showVault, { target, path: { vault_id: id } });
        return toResult(vault, target);
    });
}

export async function getVaults(services: Services, args: z.output<typeof getVaultsArgs>): Promise<VaultResult[]> {
    const target = await targetOf(services, args);
    const rows = await vaultRows(services, target, {
        name: args.name,
        id: args.vaultId,
        cloud_type: args.cloudType,
        protect_type: args.protectType,
        object_type: args.objectType,
        status: args.status,
        policy_id: args.policyId,
        resource_ids: args.resourceIds?.join(","),
        enterprise_project_id: args.enterpriseProjectId,
    });
    return rows
        .map((row) => toResult(row, target))
        .sort((a, b) => compare(a.name ?? "", b.name ?? "") || compare(a.id, b.id));
}
