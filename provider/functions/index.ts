/**
 * The functions of the package by name, for the program's own process: arguments checked, settings from stack
 * configuration and environment, one set of services for each of these.
 */
import type { z } from "zod";
import { ConfigError, messageOf } from "../client/errors/errors";
import { MissingCredentialsError } from "../client/settings/settings";
import { createJournal, digest } from "../exactly-once/journal";
import { fileStore } from "../exactly-once/note-store";
import { registerSecretInputs, SECRET_KEY } from "../pulumi/secrets";
import { stateBackend } from "../pulumi/state-backend";
import { withLowercaseIds } from "../resource/ids";
import type { Services } from "../services/context";
import { createServices } from "../services/services";
import { getBackup, getBackupArgs, getBackups, getBackupsArgs } from "./backups";
import { getCheckpoint, getCheckpointArgs } from "./checkpoint";
import { getOperationLog, getOperationLogArgs, getOperationLogs, getOperationLogsArgs } from "./operation-logs";
import { getAgentStatus, getAgentStatusArgs, getProtectables, getProtectablesArgs } from "./protectables";
import { getReplicationCapabilities, getReplicationCapabilitiesArgs } from "./replication-capabilities";
import { getVault, getVaultArgs, getVaults, getVaultsArgs } from "./vaults";

interface Definition<Schema extends z.ZodObject, Result> {
    readonly args: Schema;
    readonly run: (services: Services, args: z.output<Schema>) => Promise<Result>;
}

function define<Schema extends z.ZodObject, Result>(
    args: Schema,
    run: (services: Services, args: z.output<Schema>) => Promise<Result>,
): Definition<Schema, Result> {
    return { args, run };
}

const functions = {
    getCheckpoint: define(getCheckpointArgs, getCheckpoint),
    getBackup: define(getBackupArgs, getBackup),
    getBackups: define(getBackupsArgs, getBackups),
    getVault: define(getVaultArgs, getVault),
    getVaults: define(getVaultsArgs, getVaults),
    getProtectables: define(getProtectablesArgs, getProtectables),
    getAgentStatus: define(getAgentStatusArgs, getAgentStatus),
    getReplicationCapabilities: define(getReplicationCapabilitiesArgs, getReplicationCapabilities),
    getOperationLog: define(getOperationLogArgs, getOperationLog),
    getOperationLogs: define(getOperationLogsArgs, getOperationLogs),
};

export type FunctionName = keyof typeof functions;
export const isFunctionName = (name: string): name is FunctionName => Object.hasOwn(functions, name);
export type FunctionArgs<Name extends FunctionName> = z.input<(typeof functions)[Name]["args"]>;
export type FunctionResult<Name extends FunctionName> = Awaited<ReturnType<(typeof functions)[Name]["run"]>>;

/** `cbr:region` and so on, as the stack configuration has them. */
export type StackConfig = Readonly<Record<string, string>>;

/** What the settings of a cloud and the way to it may stand in. */
const ENVIRONMENT = /^(HW_|OS_|HUAWEICLOUD_|CBR_|(HTTPS?|ALL|NO)_PROXY$|HOME$)/i;
const servicesBySettings = new Map<string, Services>();

/** Services for these settings: made once, so that tokens, connections and limits are shared. */
export function servicesFor(config: StackConfig): Services {
    const environment = Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name));
    const sorted = (entries: [string, string | undefined][]) => entries.sort(([a], [b]) => (a < b ? -1 : 1));
    const key = digest(JSON.stringify([sorted(Object.entries(config)), sorted(environment)]));
    let services = servicesBySettings.get(key);
    if (services === undefined) {
        const journal = createJournal(fileStore(), { backend: stateBackend(process.env, process.cwd()) });
        services = createServices((name) => config[name], process.env, { journal });
        servicesBySettings.set(key, services);
    }
    return services;
}

/**
 * Calls a function. What it throws is an `Error` whose message begins with the function's name, and in which no argument
 * stands that is `secret`.
 */
export async function invoke<Name extends FunctionName>(
    name: Name,
    args: unknown,
    config: StackConfig,
    secret: readonly string[] = [],
): Promise<FunctionResult<Name>> {
    registerSecretInputs({ ...(args as object), [SECRET_KEY]: secret.join(",") });
    return run(name, args, () => servicesFor(config));
}

/** As `invoke`, with services that are there. */
export async function run<Name extends FunctionName>(
    name: Name,
    args: unknown,
    services: () => Services,
): Promise<FunctionResult<Name>> {
    const definition = functions[name] as unknown as Definition<z.ZodObject, FunctionResult<Name>>;
    try {
        return await definition.run(services(), checked(definition.args, args));
    } catch (error) {
        const message = error instanceof MissingCredentialsError ? error.explanation : messageOf(error);
        throw new Error(`${name}: ${message}`, { cause: error });
    }
}

/** Pulumi: a null that a program passes means "not given". */
function checked<Schema extends z.ZodObject>(schema: Schema, args: unknown): z.output<Schema> {
    const entries = Object.entries(args ?? {}).filter(([, value]) => value !== undefined && value !== null);
    const result = schema.safeParse(Object.fromEntries(entries));
    if (result.success) return withLowercaseIds(schema, result.data);
    const reasons = result.error.issues.map((issue) => {
        if (issue.code === "unrecognized_keys")
            return (
                `${issue.keys.join(", ")}: not among the arguments, which are ` +
                `${Object.keys(schema.shape).join(", ")}`
            );
        return (
            `${issue.path.join(".")}: ` +
            `${issue.input === undefined && issue.code === "invalid_type" ? "is required" : issue.message}`
        );
    });
    throw new ConfigError(`${reasons.join("; ")}.`);
}
