import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { BackupReplicaOutputs, backupReplicaInputs } from "../provider/resources/copies/backup-replica";
import { CbrResource } from "./dynamic";
import type { ArgsOf, Outputs } from "./inputs";

/** What a {@link BackupReplica} is made from. */
export interface BackupReplicaArgs extends ArgsOf<z.input<typeof backupReplicaInputs>> {}

// Every output is also a property of the class: the base class gives each key of `outputs` an Output at run time.
export interface BackupReplica extends Outputs<BackupReplicaOutputs> {}

/**
 * A copy of one backup in another region (CopyBackup), waited for until it can be read there, 6 hours by default.
 *
 * ```ts
 * const replica = new cbr.BackupReplica("db", {
 *     backupId: before.backupIds[0], destinationRegion: "eu-nl", destinationVaultId,
 * });
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface.
export class BackupReplica extends CbrResource {
    constructor(name: string, args: BackupReplicaArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "BackupReplica", outputs }, name, args, options);
    }

    /**
     * An existing copy by its replication record id. A record can only be found through its source backup, so that and
     * the destination are needed.
     */
    static get(
        name: string,
        id: pulumi.Input<pulumi.ID>,
        args: Pick<
            BackupReplicaArgs,
            "backupId" | "destinationRegion" | "destinationProjectId" | "destinationVaultId" | "region" | "projectId"
        >,
        options?: pulumi.CustomResourceOptions,
    ): BackupReplica {
        return new BackupReplica(name, args, { ...options, id });
    }

    /** True for objects of this class, also from another copy of the package. */
    static override isInstance(value: unknown): value is BackupReplica {
        return (
            typeof value === "object" &&
            value !== null &&
            Reflect.get(value, "__pulumiType") === "pulumi-nodejs:dynamic/cbr:BackupReplica"
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
    backupId: undefined,
    destinationRegion: undefined,
    destinationProjectId: undefined,
    destinationVaultId: undefined,
    enableAcceleration: undefined,
    crossAccountUrn: undefined,
    name: undefined,
    description: undefined,
    deletionPolicy: undefined,
    adopt: undefined,
    replicationRecordId: undefined,
    destinationBackupId: undefined,
    destinationCheckpointId: undefined,
    status: undefined,
    progress: undefined,
    failCode: undefined,
    failReason: undefined,
    providerId: undefined,
    sourceRegion: undefined,
    requestedAt: undefined,
    operationLogIds: undefined,
    adopted: undefined,
    unproven: undefined,
    verified: undefined,
} satisfies Record<keyof BackupReplicaOutputs, undefined>;
