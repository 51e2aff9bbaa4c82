/** The look-ups as the native provider serves them: with the settings of the provider that the options name. */
import * as pulumi from "@pulumi/pulumi";
import { requirePlugin } from "./plugin";

type Functions = typeof import("../functions");
type Name = Exclude<Extract<keyof Functions, `get${string}`>, `${string}Output`>;

/** As the function of that name that runs in the program, with Pulumi's options beside its arguments. */
export type NativeFunction<N extends Name> = (
    ...parameters: [...Parameters<Functions[N]>, options?: pulumi.InvokeOptions]
) => ReturnType<Functions[N]>;

type OutputArgs<N extends Name> = Parameters<Functions[`${N}Output`]>[0];

/** The same of inputs that may become known later. Arguments that are all optional may be left out. */
export type NativeOutputFunction<N extends Name> = (
    ...parameters: Parameters<Functions[N]> extends [unknown]
        ? [args: OutputArgs<N>, options?: pulumi.InvokeOutputOptions]
        : [args?: OutputArgs<N>, options?: pulumi.InvokeOutputOptions]
) => ReturnType<Functions[`${N}Output`]>;

/** Pulumi: a function gives an object, and so a list comes in one. */
const resultOf = (answer: object): unknown => ("items" in answer ? answer.items : answer);

function plain<N extends Name>(name: N): NativeFunction<N> {
    const call = (args: object = {}, options?: pulumi.InvokeOptions): Promise<unknown> => {
        requirePlugin();
        return pulumi.runtime.invoke(`cbr:index:${name}`, args, options).then(resultOf);
    };
    return call as unknown as NativeFunction<N>;
}

function lifted<N extends Name>(name: N): NativeOutputFunction<N> {
    const call = (args: object = {}, options?: pulumi.InvokeOutputOptions): pulumi.Output<unknown> => {
        requirePlugin();
        return pulumi.runtime.invokeOutput<object>(`cbr:index:${name}`, args, options).apply(resultOf);
    };
    return call as unknown as NativeOutputFunction<N>;
}

/** A restore point with its backups, by its id. Fails when there is none. */
export const getCheckpoint = plain("getCheckpoint");
export const getCheckpointOutput = lifted("getCheckpoint");
/** A backup with its disks and, where the cloud keeps them, its copies, by its id. Fails when there is none. */
export const getBackup = plain("getBackup");
export const getBackupOutput = lifted("getBackup");
/** All backups that fit, newest first. */
export const getBackups = plain("getBackups");
export const getBackupsOutput = lifted("getBackups");
/** A vault and what it protects, by its id. Fails when there is none. */
export const getVault = plain("getVault");
export const getVaultOutput = lifted("getVault");
/** All vaults that fit, by name, then id. */
export const getVaults = plain("getVaults");
export const getVaultsOutput = lifted("getVaults");
/** Which region can replicate where. */
export const getReplicationCapabilities = plain("getReplicationCapabilities");
export const getReplicationCapabilitiesOutput = lifted("getReplicationCapabilities");
/** A task of the cloud by its id. Fails when there is none. */
export const getOperationLog = plain("getOperationLog");
export const getOperationLogOutput = lifted("getOperationLog");
/** All tasks that fit, newest first. */
export const getOperationLogs = plain("getOperationLogs");
export const getOperationLogsOutput = lifted("getOperationLogs");
/** Resources of a kind, each with whether it may be backed up, and why not. By name, then id. */
export const getProtectables = plain("getProtectables");
export const getProtectablesOutput = lifted("getProtectables");
/** Whether servers have the agent that application-consistent backups need. By resource id. */
export const getAgentStatus = plain("getAgentStatus");
export const getAgentStatusOutput = lifted("getAgentStatus");
