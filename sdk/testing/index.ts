/** The CBR simulator: Cloud Backup and Recovery with its IAM, on loopback, for tests of programs that use it. */
export type { Credentials } from "./accounts";
export type { CheckpointSeed, Cloud } from "./cloud";
export { type Effect, type Fault, parseFaults } from "./fault-schema";
export type { ActiveFault } from "./faults";
export type { RegionOptions, SimulatorOptions } from "./options";
export type { RequestLogEntry } from "./request-log";
export type { ResourceSeed, VaultSeed } from "./seeds";
export type { SignIn, SimulatorSettings } from "./settings";
export {
    type DefaultRegions,
    type SimulatedProject,
    type SimulatedRegion,
    type Simulator,
    startSimulator,
} from "./simulator";
export type { Snapshot } from "./snapshot";
export type {
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
} from "./state";
export { type SignatureVerdict, type SignedRequest, verifySignature } from "./verify-signature";
