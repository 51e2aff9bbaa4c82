import { userInfo } from "node:os";
import * as automation from "@pulumi/pulumi/automation";
import * as semver from "semver";
import { StackLocked, StackNotFound } from "./backend";
import { configCommand } from "./config-command";
import { CommandContext, type CommandIo } from "./context";
import { engineVersion } from "./deployment-file";
import { Flags, UsageError } from "./flags";
import { operate } from "./operation";
import type { OperationRequest } from "./prepare";
import { PreviewDigest } from "./preview-json";
import { stackCommand } from "./stack-command";

export interface CommandResult {
    stdout: string;
    stderr: string;
    code: number;
}

/** What the Automation API asks of `pulumiCommand`. */
export interface PulumiCommandLike {
    readonly command: string;
    readonly version: semver.SemVer | null;
    run(
        args: string[],
        cwd: string,
        additionalEnv: Record<string, string>,
        onOutput?: (data: string) => void,
        onError?: (data: string) => void,
        signal?: AbortSignal,
    ): Promise<CommandResult>;
}

export interface LocalCommandOptions {
    /** Folder for state, used when PULUMI_BACKEND_URL is not set. */
    backendFolder?: string;
    /** Environment under that of each call. Default: `process.env`. */
    env?: NodeJS.ProcessEnv;
}

/** Pulumi: what the CLI exits with. */
export const exitCodes = { ok: 0, failed: 1, stackNotFound: 6 } as const;

/** The local engine in the place of the `pulumi` command. */
export function createLocalCommand(options: LocalCommandOptions = {}): PulumiCommandLike {
    return {
        command: "pulumi (local engine)",
        version: semver.parse(engineVersion),
        async run(args, cwd, additionalEnv, onOutput, onError, signal) {
            let stdout = "";
            let stderr = "";
            const code = await runCommand(args, {
                cwd,
                env: { ...(options.env ?? process.env), ...additionalEnv, PULUMI_AUTOMATION_API: "true" },
                backendFolder: options.backendFolder,
                print: (text) => {
                    stdout += text;
                    onOutput?.(text);
                },
                printError: (text) => {
                    stderr += text;
                    onError?.(text);
                },
                signal,
            });
            const result = { stdout, stderr, code };
            if (code !== 0) {
                throw commandError(result);
            }
            return result;
        },
    };
}

/** The error classes by which the Automation API tells what happened. Their constructors are not in its typings. */
function commandError(result: CommandResult): Error {
    const text = `code: ${result.code}\n stdout: ${result.stdout}\n stderr: ${result.stderr}\n`;
    const described = { ...result, toString: () => text };
    const classes = automation as unknown as Record<string, new (result: CommandResult) => Error>;
    const name = /no stack named .* found/.test(result.stderr)
        ? "StackNotFoundError"
        : /stack .* already exists/.test(result.stderr)
          ? "StackAlreadyExistsError"
          : /the stack is currently locked by/.test(result.stderr)
            ? "ConcurrentUpdateError"
            : "CommandError";
    const ErrorClass = classes[name] as new (result: CommandResult) => Error;
    return new ErrorClass(described);
}

/** Runs one command line; resolves with the exit code. */
export async function runCommand(args: string[], io: CommandIo): Promise<number> {
    try {
        await dispatch(args, io);
        return exitCodes.ok;
    } catch (error) {
        io.printError(`error: ${error instanceof Error ? error.message : String(error)}\n`);
        if (
            !(error instanceof UsageError || error instanceof StackNotFound || error instanceof StackLocked) &&
            io.env["PULUMI_CBR_ENGINE_DEBUG"]
        ) {
            io.printError(`${error instanceof Error ? error.stack : ""}\n`);
        }
        return error instanceof StackNotFound ? exitCodes.stackNotFound : exitCodes.failed;
    }
}

async function dispatch(args: string[], io: CommandIo): Promise<void> {
    const isSetAll = args.includes("set-all");
    const flags = new Flags(args, { json: isSetAll ? "value" : "switch" });
    const [command, ...words] = flags.words;
    const context = new CommandContext(io, flags);
    switch (command) {
        case "up":
        case "update":
            return update(context, "update", false);
        case "preview":
        case "pre":
            return update(context, "update", true);
        case "refresh":
            return update(context, "refresh", flags.has("preview-only"));
        case "destroy":
        case "down":
            return update(context, "destroy", flags.has("preview-only"));
        case "stack":
            return stackCommand(context, words);
        case "config":
            return configCommand(context, words);
        case "version":
            return io.print(`${engineVersion}\n`);
        case "whoami":
            return flags.has("json")
                ? context.printJson({
                      user: userInfo().username,
                      organizations: [],
                      url: io.env["PULUMI_BACKEND_URL"] ?? "",
                  })
                : io.print(`${userInfo().username}\n`);
        case "cancel":
            return context.backend.unlock(context.project.name, context.stack(words[0]));
        case "plugin":
            return words[0] === "ls" ? context.printJson([]) : refuse(args);
        case "install":
            return;
        default:
            return refuse(args);
    }
}

function refuse(args: string[]): never {
    throw new UsageError(`the local engine does not support \`pulumi ${args.join(" ")}\`; use the Pulumi CLI`);
}

async function update(context: CommandContext, kind: OperationRequest["kind"], dryRun: boolean): Promise<void> {
    const { flags, io } = context;
    const stack = context.stack();
    const settings = context.settings(stack);
    const crypter = await settings.crypter(io.env);
    const config = await context.config(settings, crypter);
    const digest = flags.has("json") && dryRun ? new PreviewDigest() : undefined;
    if (flags.has("json") && digest === undefined) {
        throw new UsageError("the local engine has --json for preview only");
    }
    if (!dryRun && !flags.has("yes") && io.env["PULUMI_AUTOMATION_API"] === undefined) {
        throw new UsageError("--yes must be passed in to proceed when running in non-interactive mode");
    }
    const result = await operate({
        kind,
        dryRun,
        project: context.project,
        stack,
        backend: context.backend,
        crypter,
        env: io.env,
        config,
        client: flags.text("client"),
        runProgram: runsProgram(context, kind),
        refresh: flags.has("refresh"),
        clearPendingCreates: flags.has("clear-pending-creates"),
        expectNoChanges: flags.has("expect-no-changes"),
        continueOnError: flags.has("continue-on-error"),
        targets: flags.list("target"),
        targetDependents: flags.has("target-dependents"),
        replace: flags.list("replace"),
        parallel: flags.number("parallel"),
        message: flags.text("message") ?? "",
        debug: flags.has("debug"),
        eventLog: flags.text("event-log"),
        sinks: [],
        write: io.print,
        display: digest,
        hidesOutputs: flags.has("suppress-outputs"),
        hidesProgress: flags.has("suppress-progress"),
        signal: io.signal,
        execKind: flags.text("exec-kind") ?? "cli",
    });
    if (digest !== undefined) {
        io.print(`${JSON.stringify(digest.document(config, result.durationMs, result.changes), undefined, 4)}\n`);
    }
    if (kind === "destroy" && !dryRun && result.isSuccess) {
        io.print(
            "\nThe resources in the stack have been deleted, but the history and configuration associated with the stack are " +
                `still maintained. \nIf you want to remove the stack completely, run \`pulumi stack rm ${stack}\`.\n`,
        );
    }
    if (result.error !== "") {
        throw new UsageError(result.error);
    }
}

/** Pulumi: an update always does; refresh and destroy when asked by flag or environment. */
function runsProgram(context: CommandContext, kind: OperationRequest["kind"]): boolean {
    const asked = context.flags.text("run-program") ?? context.io.env["PULUMI_RUN_PROGRAM"] ?? "false";
    return kind !== "update" && (asked === "true" || asked === "1");
}
