import { requireNode } from "./node-version";

export { BackupReplica, type BackupReplicaArgs } from "./backup-replica";
export { Checkpoint, type CheckpointArgs } from "./checkpoint";
export { type CheckpointBeforeArgs, checkpointBefore } from "./checkpoint-before";
export { CheckpointReplica, type CheckpointReplicaArgs } from "./checkpoint-replica";
export {
    getAgentStatus,
    getAgentStatusOutput,
    getBackup,
    getBackupOutput,
    getBackups,
    getBackupsOutput,
    getCheckpoint,
    getCheckpointOutput,
    getOperationLog,
    getOperationLogOutput,
    getOperationLogs,
    getOperationLogsOutput,
    getProtectables,
    getProtectablesOutput,
    getReplicationCapabilities,
    getReplicationCapabilitiesOutput,
    getVault,
    getVaultOutput,
    getVaults,
    getVaultsOutput,
    type OutputOptions,
} from "./functions";
export { Provider, type ProviderArgs } from "./provider";
export {
    ReplicatedCheckpoint,
    type ReplicatedCheckpointArgs,
    type ReplicatedCheckpointCopy,
    RestorePoint,
    type RestorePointArgs,
    type RestorePointCopy,
} from "./replicated-checkpoint";
export { VaultReplication, type VaultReplicationArgs } from "./vault-replication";
export { VaultSync, type VaultSyncArgs } from "./vault-sync";

requireNode();
