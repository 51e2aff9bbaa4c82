/**
 * What the line in a stack's state requires: the handlers by name, each a `dynamic.ResourceProvider`. These names are a
 * contract with every state out there: they never change within a major version.
 */
import type * as dynamic from "@pulumi/pulumi/dynamic";
import { dynamicProvider } from "./pulumi/dynamic-provider";
import { checkpoint as checkpointHandler } from "./resources/checkpoint/checkpoint";
import { backupReplica as backupReplicaHandler } from "./resources/copies/backup-replica";
import { checkpointReplica as checkpointReplicaHandler } from "./resources/copies/checkpoint-replica";
import { vaultReplication as vaultReplicationHandler } from "./resources/copies/vault-replication";
import { vaultSync as vaultSyncHandler } from "./resources/vault-sync/vault-sync";

export const checkpoint: dynamic.ResourceProvider = dynamicProvider(checkpointHandler);
export const vaultReplication: dynamic.ResourceProvider = dynamicProvider(vaultReplicationHandler);
export const backupReplica: dynamic.ResourceProvider = dynamicProvider(backupReplicaHandler);
export const vaultSync: dynamic.ResourceProvider = dynamicProvider(vaultSyncHandler);
export const checkpointReplica: dynamic.ResourceProvider = dynamicProvider(checkpointReplicaHandler);
