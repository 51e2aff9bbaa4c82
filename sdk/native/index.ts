/** The package's classes and functions as served by the native provider, which Pulumi.yaml has to name. */
import { requireNode } from "../node-version";

export type { BackupReplicaArgs } from "../backup-replica";
export type { CheckpointArgs } from "../checkpoint";
export { type CheckpointBeforeArgs, checkpointBefore } from "../checkpoint-before";
export type { CheckpointReplicaArgs } from "../checkpoint-replica";
export type { ProviderArgs } from "../provider";
export type { ReplicatedCheckpointArgs, ReplicatedCheckpointCopy } from "../replicated-checkpoint";
export type { VaultReplicationArgs } from "../vault-replication";
export type { VaultSyncArgs } from "../vault-sync";
export * from "./functions";
export { Provider } from "./provider";
export { ReplicatedCheckpoint } from "./replicated-checkpoint";
export { BackupReplica, Checkpoint, CheckpointReplica, VaultReplication, VaultSync } from "./resources";

requireNode();
