import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import * as semver from "semver";
import { createLocalCommand } from "../engine/command";

/** An engine for tests: the Pulumi CLI, or our own small one. */
export interface PulumiEngine {
    kind: "real" | "local";
    /** Which one it is, for people. */
    description: string;
    /** For `LocalWorkspaceOptions.pulumiCommand`. */
    command: PulumiCommand;
    /** Environment that its commands need. */
    env: Record<string, string>;
}

const executable = process.platform === "win32" ? "pulumi.exe" : "pulumi";
const languageHost = process.platform === "win32" ? "pulumi-language-nodejs.exe" : "pulumi-language-nodejs";

function isExecutable(path: string): boolean {
    try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
    } catch {
        return false;
    }
}

/** Folders under `versions`, newest first. */
function installedVersions(root: string): string[] {
    const folder = join(root, "versions");
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => semver.valid(name) !== null) : [];
    return names.sort(semver.rcompare).map((name) => join(folder, name, "bin"));
}

function searchFolders(): string[] {
    const roots = [process.env["PULUMI_HOME"], join(homedir(), ".pulumi")].filter((root) => root !== undefined);
    const path = (process.env["PATH"] ?? "").split(delimiter);
    return [...path, ...roots.map((root) => join(root, "bin")), ...roots.flatMap(installedVersions)];
}

/**
 * The language host starts the program with the first `node` on PATH; the packages under test need the one that runs us, which
 * is the one the repository pins.
 */
function realEnvironment(): Record<string, string> {
    return {
        PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
        PULUMI_SKIP_UPDATE_CHECK: "true",
    };
}

async function useReal(path: string): Promise<PulumiEngine> {
    const env = realEnvironment();
    const { stdout } = await promisify(execFile)(path, ["version"], { env: { ...process.env, ...env } });
    const version = semver.parse(stdout.trim());
    // `PulumiCommand.get` takes a root folder only, and knows no other way to a command at a path of ours.
    const command: PulumiCommand = Object.assign(Object.create(PulumiCommand.prototype) as PulumiCommand, {
        command: path,
        version,
    });
    return { kind: "real", description: `the Pulumi CLI ${stdout.trim()} at ${path}`, command, env };
}

function useLocal(reason: string): PulumiEngine {
    // The typings of `PulumiCommand` have a private constructor; at run time the Automation API calls `run` only.
    const command = createLocalCommand() as unknown as PulumiCommand;
    return { kind: "local", description: `the local engine (test/engine): ${reason}`, command, env: {} };
}

/** A CLI alone is of no use: the nodejs language host must be beside it, or on PATH. */
function canRunNode(folder: string): boolean {
    return [folder, ...(process.env["PATH"] ?? "").split(delimiter)].some((place) =>
        isExecutable(join(place, languageHost)),
    );
}

function pathOf(given: string): string {
    const candidates = [given, join(given, executable), join(given, "bin", executable)];
    const path = candidates.find(isExecutable);
    if (path === undefined || !basename(path).startsWith("pulumi")) {
        throw new Error(`PULUMI_CBR_ENGINE=${given}: no Pulumi CLI there`);
    }
    return path;
}

async function find(): Promise<PulumiEngine> {
    const forced = process.env["PULUMI_CBR_ENGINE"];
    if (forced === "local") {
        return useLocal("PULUMI_CBR_ENGINE says so");
    }
    if (forced) {
        return useReal(pathOf(forced));
    }
    let reason = "no Pulumi CLI on PATH, in PULUMI_HOME or in ~/.pulumi";
    for (const folder of searchFolders()) {
        const path = join(folder, executable);
        if (isExecutable(path)) {
            if (canRunNode(folder)) {
                return useReal(path);
            }
            reason = `${path} has no ${languageHost} beside it`;
        }
    }
    if (process.env["PULUMI_CBR_INSTALL"] === "1") {
        const { command } = await PulumiCommand.install();
        return useReal(command);
    }
    return useLocal(reason);
}

let found: Promise<PulumiEngine> | undefined;

/**
 * Finds the engine to test with, and prints once which one it took: PULUMI_CBR_ENGINE (`local`, or where a CLI is), PATH,
 * `$PULUMI_HOME/bin` and `~/.pulumi/bin`, the newest of their `versions`, a download if PULUMI_CBR_INSTALL is 1, or ours.
 */
export function findPulumi(): Promise<PulumiEngine> {
    found ??= find().then((engine) => {
        process.stderr.write(`Engine: ${engine.description}\n`);
        return engine;
    });
    return found;
}
