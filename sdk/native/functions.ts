/** The look-ups as the native provider serves them: with the settings of the provider that the options name. */
import * as pulumi from "@pulumi/pulumi";
import type { FunctionArgs, FunctionName, FunctionResult } from "../../provider/functions";
import type { ArgsOf } from "../inputs";
import { requirePlugin } from "./plugin";

/** A list, in the object that Pulumi wants of a function. */
type Answer<Name extends FunctionName> = FunctionResult<Name> | { readonly items: FunctionResult<Name> };

/** Arguments that are all optional may be left out. */
type Parameters<Args, Options> =
    Record<never, never> extends Args ? [args?: Args, options?: Options] : [args: Args, options?: Options];

export type NativeFunction<Name extends FunctionName> = (
    ...parameters: Parameters<FunctionArgs<Name>, pulumi.InvokeOptions>
) => Promise<FunctionResult<Name>>;

export type NativeOutputFunction<Name extends FunctionName> = (
    ...parameters: Parameters<ArgsOf<FunctionArgs<Name>>, pulumi.InvokeOutputOptions>
) => pulumi.Output<FunctionResult<Name>>;

function resultOf<Name extends FunctionName>(answer: Answer<Name>): FunctionResult<Name> {
    return ("items" in answer ? answer.items : answer) as FunctionResult<Name>;
}

function plain<Name extends FunctionName>(name: Name): NativeFunction<Name> {
    return (...[args = {}, options]) => {
        requirePlugin();
        const answer = pulumi.runtime.invoke(`cbr:index:${name}`, args, options) as Promise<Answer<Name>>;
        return answer.then((known) => resultOf(known));
    };
}

function lifted<Name extends FunctionName>(name: Name): NativeOutputFunction<Name> {
    return (...[args = {}, options]) => {
        requirePlugin();
        const answer = pulumi.runtime.invokeOutput<Answer<Name>>(`cbr:index:${name}`, args, options);
        return answer.apply((known) => resultOf(known)) as pulumi.Output<FunctionResult<Name>>;
    };
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
