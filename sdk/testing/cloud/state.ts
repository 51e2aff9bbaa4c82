/**
 * What a region holds. Instants (`…At`) are texts, `2026-01-01T00:00:00.000001Z` (instants.ts); wire.ts turns all of
 * this into the API's words.
 */
import type { Work } from "./schedule";

/**
 * "huawei": Huawei Cloud as its pages describe it. "otc": Open Telekom Cloud (api-notes: Differences between the
 * clouds).
 */
export type Dialect = "huawei" | "otc";

export type ResourceType =
    | "OS::Nova::Server"
    | "OS::Cinder::Volume"
    | "OS::Ironic::BareMetalServer"
    | "OS::Native::Server"
    | "OS::Sfs::Turbo"
    | "OS::Workspace::DesktopV2"
    | "OS::VMware::VM";
export type ObjectType = "server" | "disk" | "turbo" | "workspace" | "vmware" | "rds" | "file";
export type BillingStatus = "available" | "lock" | "frozen" | "deleting" | "error";
export type ProtectStatus = "available" | "error" | "protecting" | "restoring" | "removing";

/** How the next backup of a resource ends. */
export interface BackupOutcome {
    /**
     * "error": a backup object that failed. "skipped": left out, listed in skipped_resources. Any other word becomes
     * the backup's final status.
     */
    status: string;
    /** Error code, e.g. `BackupService.7003`. */
    code?: string | undefined;
    message?: string | undefined;
    /** Status of the whole checkpoint; default `error` when every backup failed, else `available`. */
    checkpointStatus?: string | undefined;
}

export interface DiskState {
    id: string;
    name: string;
    sizeGb: number;
    /** The disk the server boots from. Only backups that contain it can be replicated. */
    systemDisk: boolean;
}

/** The agent of application-consistent backups on a server, as CheckAgent tells it. */
export interface AgentState {
    installed: boolean;
    isOld?: boolean | undefined;
    version?: string | undefined;
    /** Why it cannot be reached. */
    code?: number | undefined;
    message?: string | undefined;
}

export interface ResourceState {
    id: string;
    name: string;
    type: ResourceType;
    sizeGb: number;
    protectStatus: ProtectStatus;
    disks: DiskState[];
    /** MB in the vault. */
    backupSizeMb: number;
    backupCount: number;
    /** When set, the resource is skipped with this code and reason. */
    cannotBackUp: { code: string; reason: string } | undefined;
    agent: AgentState;
    /** Outcomes of the next backups, first in first out; empty means success. */
    nextOutcomes: BackupOutcome[];
    /** Checkpoint that is being taken of it now. */
    runningCheckpointId: string | undefined;
    /** Whether a full backup of it was ever made: the first is always full. */
    everBackedUp: boolean;
}

/** What the storage behind a hybrid vault holds that the cloud does not know yet. */
export interface OnPremises {
    /** Backups that the next sync imports. */
    added: number;
    /** Backups, by id, that vanished there: the next sync drops them. */
    vanishedBackupIds: string[];
    /** Backups that the next sync fails to import. */
    failing: number;
}

export interface VaultState {
    id: string;
    name: string;
    projectId: string;
    description: string;
    createdAt: string;
    status: BillingStatus;
    protectType: "backup" | "replication" | "hybrid";
    cloudType: "public" | "hybrid";
    objectType: ObjectType;
    sizeGb: number;
    usedMb: number;
    /** WORM lock: automatic backups cannot be deleted before they expire. */
    locked: boolean;
    policyId: string | undefined;
    /** Of a vault that takes copies from other accounts: what they name it by. */
    crossAccountUrn: string | undefined;
    /** True while resources are being removed: backups are refused with 6134. */
    removingResources: boolean;
    resources: Map<string, ResourceState>;
    onPremises: OnPremises;
    runningSyncId: string | undefined;
    /** Vault replications under way. */
    runningReplications: number;
}

export interface SkippedState {
    id: string;
    type: string;
    name: string;
    code: string;
    reason: string;
}

export interface CheckpointState {
    id: string;
    vaultId: string;
    vaultName: string;
    projectId: string;
    providerId: string;
    createdAt: string;
    /** protecting → available | error; deleting while its last backups go. An unknown word when a fault says so. */
    status: string;
    name: string;
    description: string;
    retentionDays: number;
    autoTrigger: boolean;
    resources: { id: string; name: string; type: string; sizeGb: number; protectStatus: ProtectStatus }[];
    skipped: SkippedState[];
    work: Work | undefined;
}

export interface RecordState {
    id: string;
    /** waiting_replicate → replicating → success | fail | skip. */
    status: string;
    createdAt: string;
    sourceBackupId: string;
    sourceCheckpointId: string;
    sourceProjectId: string;
    sourceRegion: string;
    sourceVaultId: string;
    destinationBackupId: string | undefined;
    destinationCheckpointId: string | undefined;
    destinationProjectId: string;
    destinationRegion: string;
    destinationVaultId: string;
    failCode: string;
    failReason: string;
    autoTrigger: boolean;
    work: Work | undefined;
}

export interface BackupState {
    id: string;
    name: string;
    description: string;
    projectId: string;
    vaultId: string;
    checkpointId: string;
    providerId: string;
    /** waiting_protect → protecting → available | error; waiting_delete → deleting; waiting_restore, restoring. */
    status: string;
    imageType: "backup" | "replication";
    resourceId: string;
    resourceName: string;
    resourceType: string;
    sizeGb: number;
    /** MB that it takes in the vault. */
    spaceMb: number;
    createdAt: string;
    updatedAt: string | undefined;
    protectedAt: string | undefined;
    expiresAt: string | undefined;
    incremental: boolean;
    autoTrigger: boolean;
    /** Of a disk's backup: the server backup it belongs to. */
    parentId: string | undefined;
    systemDisk: boolean;
    children: BackupState[];
    records: RecordState[];
    /** Images made from it: it cannot be deleted while there are any (6204). */
    imageIds: string[];
    /** The run or deletion that it is part of now. */
    work: Work | undefined;
}

export interface OperationLogState {
    id: string;
    projectId: string;
    /** waiting → running → success | failed | skipped | timeout. */
    status: string;
    operationType: "backup" | "replication" | "delete" | "sync" | "restore";
    createdAt: string;
    startedAt: string;
    updatedAt: string;
    endedAt: string | undefined;
    vaultId: string;
    vaultName: string;
    checkpointId: string | undefined;
    providerId: string;
    errorCode: string;
    errorMessage: string;
    requestId: string;
    resource: { id: string; type: string; name: string } | undefined;
    backup: { id: string; name: string; incremental: boolean } | undefined;
    deleted: { id: string; name: string } | undefined;
    /** What was overwritten with which backup, and whether the server was started afterwards. */
    restored:
        | {
              backupId: string;
              backupName: string;
              targetId: string;
              targetName: string;
              volumes: { backupId: string; volumeId: string }[];
              powerOn: boolean;
          }
        | undefined;
    sync: { added: number; removed: number; failed: number } | undefined;
    record: RecordState | undefined;
    work: Work | undefined;
}
