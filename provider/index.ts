/**
 * What the line in a stack's state requires: the handlers by name, each a `dynamic.ResourceProvider`. These names are a
 * contract with every state out there: they never change within a major version.
 */
import type * as dynamic from "@pulumi/pulumi/dynamic";
import { dynamicProvider } from "./pulumi/dynamic-provider";
import { handlers } from "./resources/index";

export const checkpoint: dynamic.ResourceProvider = dynamicProvider(handlers.checkpoint);
export const vaultReplication: dynamic.ResourceProvider = dynamicProvider(handlers.vaultReplication);
export const backupReplica: dynamic.ResourceProvider = dynamicProvider(handlers.backupReplica);
export const vaultSync: dynamic.ResourceProvider = dynamicProvider(handlers.vaultSync);
export const checkpointReplica: dynamic.ResourceProvider = dynamicProvider(handlers.checkpointReplica);
