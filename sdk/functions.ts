/**
 * Look-ups. They run in the program's own process, in previews too: settings come from the stack configuration
 * (`cbr:*`) and the environment. An explicit `Provider` cannot be used, because Pulumi does not let a program read a
 * provider's inputs: give `region` and `projectId` instead.
 */
import * as pulumi from "@pulumi/pulumi";
import type { FunctionArgs, FunctionName, FunctionResult } from "../provider/functions";
import type { BackupResult, GetBackupArgs, GetBackupsArgs } from "../provider/functions/backups";
import type { CheckpointResult, GetCheckpointArgs } from "../provider/functions/checkpoint";
import type {
    GetOperationLogArgs,
    GetOperationLogsArgs,
    OperationLogResult,
} from "../provider/functions/operation-logs";
import type {
    AgentStatusResult,
    GetAgentStatusArgs,
    GetProtectablesArgs,
    ProtectableResult,
} from "../provider/functions/protectables";
import type {
    GetReplicationCapabilitiesArgs,
    ReplicationCapabilitiesResult,
} from "../provider/functions/replication-capabilities";
import type { GetVaultArgs, GetVaultsArgs, VaultResult } from "../provider/functions/vaults";
import { secretKeys } from "./dynamic";
import type { ArgsOf } from "./inputs";

/** Options of the `…Output` forms. */
export interface OutputOptions {
    /** Look only once these resources are there; unknown in a preview that creates one of them. */
    readonly dependsOn?: pulumi.Resource | readonly pulumi.Resource[];
}

/** A restore point with its backups, by its id. Fails when there is none. */
export function getCheckpoint(args: GetCheckpointArgs): Promise<CheckpointResult> {
    return call("getCheckpoint", args);
}

/** {@link getCheckpoint} of inputs that may become known later. */
export function getCheckpointOutput(
    args: ArgsOf<GetCheckpointArgs>,
    options?: OutputOptions,
): pulumi.Output<CheckpointResult> {
    return lifted("getCheckpoint", args, options);
}

/** A backup with its disks and, where the cloud keeps them, its copies, by its id. Fails when there is none. */
export function getBackup(args: GetBackupArgs): Promise<BackupResult> {
    return call("getBackup", args);
}

/** {@link getBackup} of inputs that may become known later. */
export function getBackupOutput(args: ArgsOf<GetBackupArgs>, options?: OutputOptions): pulumi.Output<BackupResult> {
    return lifted("getBackup", args, options);
}

/**
 * All backups that fit, newest first.
 *
 * ```ts
 * const [latest] = await cbr.getBackups({ vaultId, status: "available" });
 * ```
 */
export function getBackups(args: GetBackupsArgs = {}): Promise<BackupResult[]> {
    return call("getBackups", args);
}

/** {@link getBackups} of inputs that may become known later. */
export function getBackupsOutput(
    args: ArgsOf<GetBackupsArgs> = {},
    options?: OutputOptions,
): pulumi.Output<BackupResult[]> {
    return lifted("getBackups", args, options);
}

/** A vault and what it protects, by its id. Fails when there is none. */
export function getVault(args: GetVaultArgs): Promise<VaultResult> {
    return call("getVault", args);
}

/** {@link getVault} of inputs that may become known later. */
export function getVaultOutput(args: ArgsOf<GetVaultArgs>, options?: OutputOptions): pulumi.Output<VaultResult> {
    return lifted("getVault", args, options);
}

/**
 * All vaults that fit, by name, then id.
 *
 * ```ts
 * const replicationVaults = await cbr.getVaults({ region: "eu-nl", protectType: "replication" });
 * ```
 */
export function getVaults(args: GetVaultsArgs = {}): Promise<VaultResult[]> {
    return call("getVaults", args);
}

/** {@link getVaults} of inputs that may become known later. */
export function getVaultsOutput(
    args: ArgsOf<GetVaultsArgs> = {},
    options?: OutputOptions,
): pulumi.Output<VaultResult[]> {
    return lifted("getVaults", args, options);
}

/**
 * Resources of a kind, each with whether it may be backed up, and why not. By name, then id. Fails on Open Telekom
 * Cloud, whose API does not say it.
 *
 * ```ts
 * const servers = await cbr.getProtectables({ objectType: "server" });
 * const barred = servers.filter((one) => one.protectable === false);
 * ```
 */
export function getProtectables(args: GetProtectablesArgs): Promise<ProtectableResult[]> {
    return call("getProtectables", args);
}

/** {@link getProtectables} of inputs that may become known later. */
export function getProtectablesOutput(
    args: ArgsOf<GetProtectablesArgs>,
    options?: OutputOptions,
): pulumi.Output<ProtectableResult[]> {
    return lifted("getProtectables", args, options);
}

/**
 * Whether servers have the agent that application-consistent backups need. By resource id. Fails on Open Telekom Cloud,
 * whose API does not say it.
 */
export function getAgentStatus(args: GetAgentStatusArgs): Promise<AgentStatusResult[]> {
    return call("getAgentStatus", args);
}

/** {@link getAgentStatus} of inputs that may become known later. */
export function getAgentStatusOutput(
    args: ArgsOf<GetAgentStatusArgs>,
    options?: OutputOptions,
): pulumi.Output<AgentStatusResult[]> {
    return lifted("getAgentStatus", args, options);
}

/** Which region can replicate where. Fails on clouds that do not say (a 403 or 404 from FlexibleEngine is no "no"). */
export function getReplicationCapabilities(
    args: GetReplicationCapabilitiesArgs = {},
): Promise<ReplicationCapabilitiesResult> {
    return call("getReplicationCapabilities", args);
}

/** {@link getReplicationCapabilities} of inputs that may become known later. */
export function getReplicationCapabilitiesOutput(
    args: ArgsOf<GetReplicationCapabilitiesArgs> = {},
    options?: OutputOptions,
): pulumi.Output<ReplicationCapabilitiesResult> {
    return lifted("getReplicationCapabilities", args, options);
}

/** A task of the cloud by its id. Fails when there is none; the cloud forgets tasks after about 30 days. */
export function getOperationLog(args: GetOperationLogArgs): Promise<OperationLogResult> {
    return call("getOperationLog", args);
}

/** {@link getOperationLog} of inputs that may become known later. */
export function getOperationLogOutput(
    args: ArgsOf<GetOperationLogArgs>,
    options?: OutputOptions,
): pulumi.Output<OperationLogResult> {
    return lifted("getOperationLog", args, options);
}

/** All tasks that fit, newest first. */
export function getOperationLogs(args: GetOperationLogsArgs = {}): Promise<OperationLogResult[]> {
    return call("getOperationLogs", args);
}

/** {@link getOperationLogs} of inputs that may become known later. */
export function getOperationLogsOutput(
    args: ArgsOf<GetOperationLogsArgs> = {},
    options?: OutputOptions,
): pulumi.Output<OperationLogResult[]> {
    return lifted("getOperationLogs", args, options);
}

/**
 * The stack configuration under `cbr:`. Secret values are in it as plain text: it goes to the settings and nowhere
 * else.
 */
export function stackConfig(): Record<string, string> {
    const all = Object.entries(pulumi.runtime.allConfig());
    return Object.fromEntries(all.filter(([key]) => key.startsWith("cbr:")));
}

async function call<Name extends FunctionName>(name: Name, args: FunctionArgs<Name>): Promise<FunctionResult<Name>> {
    // Read at once: which stack this is about is only sure while the program's own call is running.
    const config = stackConfig();
    // Loaded on first use: a program that looks nothing up pays for nothing.
    const { invoke } = require("../provider/functions") as typeof import("../provider/functions");
    return invoke(name, args, config);
}

/**
 * Pulumi: `apply` does not run while an input is unknown, so that the result stays unknown; and a secret input makes it
 * secret.
 */
function lifted<Name extends FunctionName>(
    name: Name,
    args: object,
    options: OutputOptions = {},
): pulumi.Output<FunctionResult<Name>> {
    const { dependsOn = [] } = options;
    const resources: readonly pulumi.Resource[] = pulumi.Resource.isInstance(dependsOn) ? [dependsOn] : dependsOn;
    const there = resources.map(
        (one): pulumi.Output<string> => (pulumi.CustomResource.isInstance(one) ? one.id : one.urn),
    );
    const config = stackConfig();
    return pulumi.all([pulumi.output(args), pulumi.all(there)]).apply(async ([known]) => {
        const { invoke } = require("../provider/functions") as typeof import("../provider/functions");
        return invoke(name, known, config, await secretKeys(Object.entries(args)));
    }) as pulumi.Output<FunctionResult<Name>>;
}
