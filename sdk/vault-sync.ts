import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { VaultSyncOutputs, vaultSyncInputs } from "../provider/resources/vault-sync/vault-sync";
import { CbrResource } from "./dynamic";
import type { ArgsOf, Outputs } from "./inputs";

/** What a {@link VaultSync} is made from. */
export interface VaultSyncArgs extends ArgsOf<z.input<typeof vaultSyncInputs>> {}

// Every output is also a property of the class: the base class gives each key of `outputs` an Output at run time.
export interface VaultSync extends Outputs<VaultSyncOutputs> {}

/**
 * One run that makes a hybrid-cloud vault's list of backups agree with the storage behind it (ImportCheckpoint), waited
 * for, 30 minutes by default. Huawei Cloud only. Deleting it deletes nothing in the cloud.
 *
 * ```ts
 * const sync = new cbr.VaultSync("on-premises", { vaultId: hybridVaultId, triggers: { day } });
 * export const imported = sync.syncedBackups;
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface.
export class VaultSync extends CbrResource {
    constructor(name: string, args: VaultSyncArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "VaultSync", outputs }, name, args, options);
    }

    /** True for objects of this class, also from another copy of the package. */
    static override isInstance(value: unknown): value is VaultSync {
        return (
            typeof value === "object" &&
            value !== null &&
            Reflect.get(value, "__pulumiType") === "pulumi-nodejs:dynamic/cbr:VaultSync"
        );
    }
}

/** Its outputs by name, for the base class. */
export const outputs = {
    region: undefined,
    projectId: undefined,
    triggers: undefined,
    timeouts: undefined,
    wait: undefined,
    pollInterval: undefined,
    vaultId: undefined,
    autoTrigger: undefined,
    operationLogId: undefined,
    operationLogIds: undefined,
    status: undefined,
    startedAt: undefined,
    endedAt: undefined,
    syncedBackups: undefined,
    deletedBackups: undefined,
    failedBackups: undefined,
    errorCode: undefined,
    errorMessage: undefined,
} satisfies Record<keyof VaultSyncOutputs, undefined>;
