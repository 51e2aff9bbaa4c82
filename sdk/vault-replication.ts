import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { VaultReplicationOutputs, vaultReplicationInputs } from "../provider/resources/copies/vault-replication";
import { CbrResource } from "./dynamic";
import type { ArgsOf, Outputs } from "./inputs";

/** What a {@link VaultReplication} is made from. */
export interface VaultReplicationArgs extends ArgsOf<z.input<typeof vaultReplicationInputs>> {}

// Every output is also a property of the class: the base class gives each key of `outputs` an Output at run time.
export interface VaultReplication extends Outputs<VaultReplicationOutputs> {}

/**
 * One run that copies all backups of a vault that have no replica yet to a vault in another region (CopyCheckpoint),
 * and waits for every copy, 6 hours by default.
 *
 * ```ts
 * const copy = new cbr.VaultReplication("dr", {
 *     vaultId, destinationRegion: "eu-nl", destinationVaultId, triggers: { checkpoint: before.id },
 * });
 * export const replicationRecordIds = copy.replicationRecordIds;
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface.
export class VaultReplication extends CbrResource {
    constructor(name: string, args: VaultReplicationArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "VaultReplication", outputs }, name, args, options);
    }

    /** True for objects of this class, also from another copy of the package. */
    static override isInstance(value: unknown): value is VaultReplication {
        return (
            typeof value === "object" &&
            value !== null &&
            Reflect.get(value, "__pulumiType") === "pulumi-nodejs:dynamic/cbr:VaultReplication"
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
    destinationRegion: undefined,
    destinationProjectId: undefined,
    destinationVaultId: undefined,
    enableAcceleration: undefined,
    crossAccountUrn: undefined,
    autoTrigger: undefined,
    onPartialFailure: undefined,
    deletionPolicy: undefined,
    replicationRecordIds: undefined,
    replications: undefined,
    destinationBackupIds: undefined,
    status: undefined,
    providerId: undefined,
    sourceRegion: undefined,
    requestedAt: undefined,
    operationLogIds: undefined,
    verified: undefined,
} satisfies Record<keyof VaultReplicationOutputs, undefined>;
