import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type {
    CheckpointReplicaOutputs,
    checkpointReplicaInputs,
} from "../provider/resources/copies/checkpoint-replica";
import { CbrResource } from "./dynamic";
import type { ArgsOf, Outputs } from "./inputs";

/** What a {@link CheckpointReplica} is made from. */
export interface CheckpointReplicaArgs extends ArgsOf<z.input<typeof checkpointReplicaInputs>> {}

// Every output is also a property of the class.
export interface CheckpointReplica extends Outputs<CheckpointReplicaOutputs> {}

/**
 * Copies of exactly the backups of one restore point, in a vault of another region (CopyBackup for each), waited for, 6
 * hours by default. `VaultReplication` would copy the whole vault. The replicas outlive the stack unless
 * `deletionPolicy` is `delete`.
 *
 * ```ts
 * const copy = new cbr.CheckpointReplica("before-release-nl", {
 *     checkpointId: before.id, destinationRegion: "eu-nl", destinationVaultId,
 * });
 * export const replicas = copy.destinationBackupIds;
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the base class makes an Output of each key.
export class CheckpointReplica extends CbrResource {
    constructor(name: string, args: CheckpointReplicaArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "CheckpointReplica", outputs }, name, args, options);
    }

    /** True for objects of this class, also from another copy of the package. */
    static override isInstance(value: unknown): value is CheckpointReplica {
        return (
            typeof value === "object" &&
            value !== null &&
            Reflect.get(value, "__pulumiType") === "pulumi-nodejs:dynamic/cbr:CheckpointReplica"
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
    checkpointId: undefined,
    destinationRegion: undefined,
    destinationProjectId: undefined,
    destinationVaultId: undefined,
    enableAcceleration: undefined,
    crossAccountUrn: undefined,
    onPartialFailure: undefined,
    deletionPolicy: undefined,
    adopt: undefined,
    replicationRecordIds: undefined,
    replications: undefined,
    destinationBackupIds: undefined,
    status: undefined,
    providerId: undefined,
    sourceRegion: undefined,
    requestedAt: undefined,
    operationLogIds: undefined,
    verified: undefined,
    sourceVaultId: undefined,
} satisfies Record<keyof CheckpointReplicaOutputs, undefined>;
