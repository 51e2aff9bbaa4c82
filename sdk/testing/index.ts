/** The CBR simulator: Cloud Backup and Recovery with its IAM, on loopback, for tests of programs that use it. */

export type { CheckpointSeed, Cloud, ReplicaSeed } from "./cloud/cloud";
export type { ResourceSeed, VaultSeed } from "./cloud/seeds";
export type { Snapshot } from "./cloud/snapshot";
export type {
    AgentState,
    BackupOutcome,
    BackupState,
    CheckpointState,
    Dialect,
    DiskState,
    OnPremises,
    OperationLogState,
    RecordState,
    ResourceState,
    VaultState,
} from "./cloud/state";
export { type Effect, type Fault, parseFaults } from "./faults/fault-schema";
export type { ActiveFault } from "./faults/faults";
export type { Credentials } from "./iam/accounts";
export { type SignatureVerdict, type SignedRequest, verifySignature } from "./iam/verify-signature";
export type { RegionOptions, SimulatorOptions } from "./options";
export type { RequestLogEntry } from "./server/request-log";
export type { SignIn, SimulatorSettings } from "./settings";
export {
    type DefaultRegions,
    type SimulatedProject,
    type SimulatedRegion,
    type Simulator,
    startSimulator,
} from "./simulator";
