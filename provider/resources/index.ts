/** The handlers of all resources, by the names that stay in users' state: what every host serves. */
import { checkpoint } from "./checkpoint/checkpoint";
import { backupReplica } from "./copies/backup-replica";
import { checkpointReplica } from "./copies/checkpoint-replica";
import { vaultReplication } from "./copies/vault-replication";
import { vaultSync } from "./vault-sync/vault-sync";

export const handlers = {
    checkpoint,
    vaultReplication,
    backupReplica,
    vaultSync,
    checkpointReplica,
} satisfies Record<keyof typeof import("../index"), unknown>;
