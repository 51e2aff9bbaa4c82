import { existsSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { ConfigMap } from "./config";
import type { Project } from "./project";
import { call, channelOptions, grpc, languageMessages, languageService } from "./protocol";
import { messageOf } from "./provider-client";
import { readLines, resolveFrom, startChild, stopChild } from "./provider-process";

/** Where a program lives and what is started there. */
export interface ProgramLocation {
    /** The program's folder, from which modules are resolved. */
    folder: string;
    entry: string;
}

/** Pulumi: `main` may be a file or a folder, and is relative to `Pulumi.yaml`. */
export function locateProgram(project: Project): ProgramLocation {
    if (project.main === "") {
        return { folder: project.root, entry: "." };
    }
    const path = resolve(project.root, project.main);
    if (existsSync(path) && statSync(path).isDirectory()) {
        return { folder: path, entry: "." };
    }
    return { folder: dirname(path), entry: basename(path) };
}

export interface ProgramOptions {
    project: Project;
    stack: string;
    config: ConfigMap;
    dryRun: boolean;
    parallel: number;
    env: NodeJS.ProcessEnv;
    /** Address of the monitor, which also serves as the engine. */
    address: string;
    onLine: (line: string, isError: boolean) => void;
}

/** How a program ended: well, with a message, or with one that was already shown. */
export type ProgramEnd = { kind: "done" } | { kind: "failed"; message: string } | { kind: "reported" };

/** A running program. */
export interface RunningProgram {
    ended: Promise<ProgramEnd>;
    stop(): Promise<void>;
}

/** Runs the function of an Automation API program, which listens at `client`. */
export function startInline(client: string, options: ProgramOptions): RunningProgram {
    const language = new languageService.LanguageRuntimeClient(
        client,
        grpc.credentials.createInsecure(),
        channelOptions,
    );
    const request = new languageMessages.RunRequest();
    request.setProject(options.project.name);
    request.setStack(options.stack);
    request.setPwd(locateProgram(options.project).folder);
    request.setProgram(".");
    request.setArgsList([options.address]);
    request.setMonitorAddress(options.address);
    request.setDryrun(options.dryRun);
    request.setParallel(options.parallel);
    request.setOrganization("organization");
    for (const [key, { value, secret }] of Object.entries(options.config)) {
        request.getConfigMap().set(key, value);
        if (secret) {
            request.addConfigsecretkeys(key);
        }
    }
    const ended = call(language, language.run, request).then(
        (response): ProgramEnd => {
            if (response.getBail()) {
                return { kind: "reported" };
            }
            return response.getError() === "" ? { kind: "done" } : { kind: "failed", message: response.getError() };
        },
        (error: unknown): ProgramEnd => ({
            kind: "failed",
            message: `an unhandled error occurred: program failed: \n${messageOf(error)}`,
        }),
    );
    return {
        ended,
        stop: () => {
            language.close();
            return Promise.resolve();
        },
    };
}

/** Pulumi: the exit code of a program whose error is on screen already. */
const reportedExitCode = 32;

/** Runs the program of a folder, by the runner that ships in `@pulumi/pulumi`. */
export function startLocal(options: ProgramOptions): RunningProgram {
    const { project } = options;
    if (project.runtime !== "nodejs") {
        throw new Error(`the local engine runs nodejs programs, not "${project.runtime}"; use the Pulumi CLI`);
    }
    const { folder, entry } = locateProgram(project);
    const runner = resolveFrom(folder, "@pulumi/pulumi/cmd/run");
    const config: Record<string, string> = {};
    for (const [key, { value }] of Object.entries(options.config)) {
        config[key.replace(":", ":config:")] = value;
    }
    const secretKeys = Object.keys(options.config)
        .filter((key) => options.config[key]?.secret)
        .map((key) => key.replace(":", ":config:"));
    const child = startChild(
        [
            runner,
            `--monitor=${options.address}`,
            `--engine=${options.address}`,
            "--organization=organization",
            `--project=${project.name}`,
            `--root-directory=${project.root}`,
            `--stack=${options.stack}`,
            `--pwd=${folder}`,
            ...(options.dryRun ? ["--dry-run"] : []),
            `--parallel=${options.parallel}`,
            entry,
        ],
        folder,
        {
            ...options.env,
            PULUMI_CONFIG: JSON.stringify(config),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
            PULUMI_NODEJS_TYPESCRIPT: String(project.runtimeOptions["typescript"] !== false),
        },
    );
    const reading = [
        readLines(child.stdout as NodeJS.ReadableStream, (line) => options.onLine(line, false)),
        readLines(child.stderr as NodeJS.ReadableStream, (line) => options.onLine(line, true)),
    ];
    const ended = new Promise<ProgramEnd>((resolve) => {
        child.once("error", (error) => resolve({ kind: "failed", message: error.message }));
        child.once("exit", async (code, signal) => {
            await Promise.all(reading);
            if (code === 0) {
                resolve({ kind: "done" });
            } else if (code === reportedExitCode) {
                resolve({ kind: "reported" });
            } else {
                const how = code === null ? `was ended by ${signal}` : `exited with non-zero exit code: ${code}`;
                resolve({ kind: "failed", message: `an unhandled error occurred: Program ${how}` });
            }
        });
    });
    return { ended, stop: () => stopChild(child) };
}
