/** The resources as the native provider serves them; inputs and outputs are those of the dynamic classes. */
import type * as pulumi from "@pulumi/pulumi";
import type { CheckpointOutputs } from "../../provider/resources/checkpoint/checkpoint";
import type { BackupReplicaOutputs } from "../../provider/resources/copies/backup-replica";
import type { CheckpointReplicaOutputs } from "../../provider/resources/copies/checkpoint-replica";
import type { VaultReplicationOutputs } from "../../provider/resources/copies/vault-replication";
import type { VaultSyncOutputs } from "../../provider/resources/vault-sync/vault-sync";
import { type BackupReplicaArgs, outputs as backupReplicaOutputs } from "../backup-replica";
import { type CheckpointArgs, outputs as checkpointOutputs } from "../checkpoint";
import { type CheckpointReplicaArgs, outputs as checkpointReplicaOutputs } from "../checkpoint-replica";
import type { Outputs } from "../inputs";
import { type VaultReplicationArgs, outputs as vaultReplicationOutputs } from "../vault-replication";
import { type VaultSyncArgs, outputs as vaultSyncOutputs } from "../vault-sync";
import { isOfKind, NativeResource } from "./resource";

// Every output is also a property of the class: the base class gives each key of the outputs an Output at run time.
export interface Checkpoint extends Outputs<CheckpointOutputs> {}
export interface VaultReplication extends Outputs<VaultReplicationOutputs> {}
export interface BackupReplica extends Outputs<BackupReplicaOutputs> {}
export interface CheckpointReplica extends Outputs<CheckpointReplicaOutputs> {}
export interface VaultSync extends Outputs<VaultSyncOutputs> {}

/** A restore point. Import id: `<restore point id>`, or `<region>/<restore point id>`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interfaces.
export class Checkpoint extends NativeResource {
    constructor(name: string, args: CheckpointArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "Checkpoint", outputs: checkpointOutputs }, name, args, options);
    }

    /** An existing restore point by its id, read and never changed. `args` may say where it is. */
    static get(
        name: string,
        id: pulumi.Input<pulumi.ID>,
        args: Pick<CheckpointArgs, "region" | "projectId"> = {},
        options?: pulumi.CustomResourceOptions,
    ): Checkpoint {
        return new Checkpoint(name, args as CheckpointArgs, { ...options, id });
    }

    static override isInstance(value: unknown): value is Checkpoint {
        return isOfKind(value, "Checkpoint");
    }
}

/** Copies of all backups of a vault, in another region. It records a run, and cannot be imported. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interfaces.
export class VaultReplication extends NativeResource {
    constructor(name: string, args: VaultReplicationArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "VaultReplication", outputs: vaultReplicationOutputs }, name, args, options);
    }

    static override isInstance(value: unknown): value is VaultReplication {
        return isOfKind(value, "VaultReplication");
    }
}

/**
 * A copy of one backup in another region. Import id:
 * `<backup id>/<destination region>/<destination vault id>/<replication record id>`.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interfaces.
export class BackupReplica extends NativeResource {
    constructor(name: string, args: BackupReplicaArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "BackupReplica", outputs: backupReplicaOutputs }, name, args, options);
    }

    /** An existing copy by its replication record id, which can only be found through its source backup. */
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

    static override isInstance(value: unknown): value is BackupReplica {
        return isOfKind(value, "BackupReplica");
    }
}

/** Copies of the backups of one restore point, in another region. It records a run, and cannot be imported. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interfaces.
export class CheckpointReplica extends NativeResource {
    constructor(name: string, args: CheckpointReplicaArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "CheckpointReplica", outputs: checkpointReplicaOutputs }, name, args, options);
    }

    static override isInstance(value: unknown): value is CheckpointReplica {
        return isOfKind(value, "CheckpointReplica");
    }
}

/** One synchronisation of a hybrid-cloud vault. Import id: `<task id>`, or `<region>/<task id>`. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interfaces.
export class VaultSync extends NativeResource {
    constructor(name: string, args: VaultSyncArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "VaultSync", outputs: vaultSyncOutputs }, name, args, options);
    }

    static override isInstance(value: unknown): value is VaultSync {
        return isOfKind(value, "VaultSync");
    }
}
