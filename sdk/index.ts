export { BackupReplica, type BackupReplicaArgs } from "./backup-replica";
export { Checkpoint, type CheckpointArgs } from "./checkpoint";
export { Provider, type ProviderArgs } from "./provider";
export { VaultReplication, type VaultReplicationArgs } from "./vault-replication";
export { VaultSync, type VaultSyncArgs } from "./vault-sync";
