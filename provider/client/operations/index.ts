export { checkAgent } from "./check-agent";
export { copyBackup } from "./copy-backup";
export { copyCheckpoint } from "./copy-checkpoint";
export { createCheckpoint } from "./create-checkpoint";
export { deleteBackup } from "./delete-backup";
export { importCheckpoint } from "./import-checkpoint";
export { listBackups } from "./list-backups";
export { listOpLogs } from "./list-op-logs";
export { listProtectable } from "./list-protectable";
export { listVaults } from "./list-vaults";
export type { Operation, Query } from "./operation";
export { restoreBackup } from "./restore-backup";
export { showBackup } from "./show-backup";
export { showCheckpoint } from "./show-checkpoint";
export { showOpLog } from "./show-op-log";
export { showProtectable } from "./show-protectable";
export { showReplicationCapabilities } from "./show-replication-capabilities";
export { showVault } from "./show-vault";
export { updateBackup } from "./update-backup";
export type {
    WireBackup,
    WireCheckpoint,
    WireChildBackup,
    WireOperationLog,
    WireProtectable,
    WireReplicationRecord,
    WireVault,
} from "./wire";
