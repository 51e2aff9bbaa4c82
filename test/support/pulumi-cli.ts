// Gets a Pulumi CLI for tests, demo and benchmarks: one that is installed, or one built from Pulumi's Go module, which a machine
// can have that reaches package registries only.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
    accessSync,
    chmodSync,
    constants,
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, join } from "node:path";
import * as semver from "semver";

/** A CLI and the plugins that Node programs need, which stand beside it or on PATH. */
export interface PulumiCli {
    readonly path: string;
    readonly version: string;
    /** How it came here, for people. */
    readonly origin: string;
}

/** Why there is none. */
export interface NoPulumiCli {
    readonly path: undefined;
    readonly reason: string;
}

const root = join(__dirname, "../..");
const isWindows = process.platform === "win32";
const executable = isWindows ? "pulumi.exe" : "pulumi";
const languageHost = isWindows ? "pulumi-language-nodejs.exe" : "pulumi-language-nodejs";
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly peerDependencies: Record<string, string>;
};
/** Older ones know less than the oldest SDK that the package accepts. */
const oldest = semver.minVersion(manifest.peerDependencies["@pulumi/pulumi"] ?? "3")?.version ?? "3.0.0";

const say = (text: string) => process.stderr.write(`${text}\n`);
const path = () => (process.env["PATH"] ?? "").split(delimiter);

function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return statSync(file).isFile();
    } catch {
        return false;
    }
}

function versionOf(file: string): string {
    const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
    return execFileSync(file, ["version"], { env, encoding: "utf8" }).trim();
}

/** Folders under `versions`, where the npm package `pulumi` and the Automation API install to, newest first. */
function installedVersions(home: string): string[] {
    const folder = join(home, "versions");
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => semver.valid(name) !== null) : [];
    return names.sort(semver.rcompare).map((name) => join(folder, name, "bin"));
}

/** The first CLI that is installed and of use, or why none of them is. */
function findInstalled(): PulumiCli | NoPulumiCli {
    const homes = [process.env["PULUMI_HOME"], join(homedir(), ".pulumi")].filter((home) => home !== undefined);
    const places = [
        ...path().map((folder) => [folder, "on PATH"] as const),
        ...homes.flatMap((home) =>
            [join(home, "bin"), ...installedVersions(home)].map((at) => [at, "installed"] as const),
        ),
    ];
    let reason = "no Pulumi CLI on PATH, in PULUMI_HOME or in ~/.pulumi";
    for (const [folder, origin] of places) {
        const file = join(folder, executable);
        if (!isExecutable(file)) continue;
        if (![folder, ...path()].some((one) => isExecutable(join(one, languageHost)))) {
            reason = `${file} has no ${languageHost} beside it`;
            continue;
        }
        const version = versionOf(file);
        if (semver.valid(version) !== null && semver.gte(version, oldest)) return { path: file, version, origin };
        reason = `${file} is ${version}, older than ${oldest}`;
    }
    return { path: undefined, reason };
}

/** Version of a module, whose one pin is the `go.mod` of that folder of `tools/`. */
function pinnedVersion(folder: string, module: string): string {
    const lines = readFileSync(join(root, "tools", folder, "go.mod"), "utf8").split("\n");
    const words = lines.map((line) => line.trim().split(" ")).find((line) => line[0] === module);
    if (words?.[1] === undefined) throw new Error(`tools/${folder}/go.mod does not name ${module}`);
    return words[1];
}

function cacheFolder(): string {
    const home = homedir();
    const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
    const fallback =
        process.platform === "darwin" ? join(home, "Library/Caches") : isWindows ? LOCALAPPDATA : join(home, ".cache");
    return join(XDG_CACHE_HOME || fallback || home, "pulumi-cbr");
}

/** What stands beside an installed CLI: the host of Node programs (ours) and the launcher of dynamic providers (the SDK's). */
function addPlugins(folder: string): void {
    const plugins = {
        [join(root, "tools/pulumi/pulumi-language-nodejs.cjs")]: "pulumi-language-nodejs",
        [join(root, "node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs")]: "pulumi-resource-pulumi-nodejs",
    };
    for (const [source, name] of Object.entries(plugins)) {
        const target = join(folder, name);
        if (existsSync(target) && readFileSync(target).equals(readFileSync(source))) continue;
        const next = `${target}.${process.pid}`;
        copyFileSync(source, next);
        chmodSync(next, 0o755);
        renameSync(next, target);
    }
}

/** Builds the pinned CLI unless that has been done: once a machine and version. */
async function build(): Promise<PulumiCli | NoPulumiCli> {
    if (isWindows)
        return { path: undefined, reason: "none is built on Windows: our host of Node programs is a script" };
    const version = pinnedVersion("pulumi", "github.com/pulumi/pulumi/pkg/v3");
    const target = join(cacheFolder(), `pulumi-${version}`);
    const cli = { path: join(target, executable), version, origin: "built from its Go module" };
    if (!isExecutable(cli.path)) {
        if (spawnSync("go", ["version"]).status !== 0) return { path: undefined, reason: "no Go on PATH to build one" };
        say(
            `Building the Pulumi CLI ${version} from its Go module, once: 3 to 8 minutes on two cores, 2 GB of downloads and cache.`,
        );
        mkdirSync(cacheFolder(), { recursive: true });
        const next = mkdtempSync(join(cacheFolder(), "building-"));
        const startedAt = Date.now();
        try {
            const module = "github.com/pulumi/pulumi";
            const flags = `-s -w -X ${module}/sdk/v3/go/common/version.Version=${version}`;
            const failure = await goBuild("pulumi", `${module}/pkg/v3/cmd/pulumi`, flags, join(next, executable));
            if (failure !== undefined) return { path: undefined, reason: `go could not build one: ${failure}` };
            // Another process may have been quicker; its CLI is the same.
            if (!isExecutable(cli.path)) renameSync(next, target);
        } finally {
            rmSync(next, { recursive: true, force: true });
        }
        say(`Built in ${Math.round((Date.now() - startedAt) / 1_000)} s: ${cli.path}`);
    }
    addPlugins(target);
    return cli;
}

/** Compiles a command of the module in a folder of `tools/`. Resolves with the last line that the compiler said if it failed. */
function goBuild(folder: string, command: string, flags: string, output: string): Promise<string | undefined> {
    const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", output, command];
    const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "" };
    return new Promise((resolve) => {
        const go = spawn("go", args, { cwd: join(root, "tools", folder), env, stdio: ["ignore", "inherit", "pipe"] });
        let lastLine = "";
        go.stderr.on("data", (data) => {
            const lines = String(data).trim().split("\n");
            lastLine = lines.at(-1) ?? lastLine;
        });
        go.once("error", (error) => resolve(error.message));
        go.once("close", (code) => resolve(code === 0 ? undefined : lastLine));
    });
}

/** The folder of Pulumi's host of YAML programs, built from its Go module once a machine and version; or why there is none. */
export async function getYamlHost(): Promise<{ readonly folder: string } | { readonly reason: string }> {
    const module = "github.com/pulumi/pulumi-yaml";
    const folder = join(cacheFolder(), `pulumi-yaml-${pinnedVersion("pulumi-yaml", module)}`);
    const file = join(folder, isWindows ? "pulumi-language-yaml.exe" : "pulumi-language-yaml");
    if (isExecutable(file)) return { folder };
    if (spawnSync("go", ["version"]).status !== 0)
        return { reason: "no Go on PATH to build the host of YAML programs" };
    say("Building Pulumi's host of YAML programs from its Go module, once.");
    mkdirSync(folder, { recursive: true });
    const next = `${file}.${process.pid}`;
    const failure = await goBuild("pulumi-yaml", `${module}/cmd/pulumi-language-yaml`, "-s -w", next);
    if (failure !== undefined) return { reason: `go could not build the host of YAML programs: ${failure}` };
    renameSync(next, file);
    return { folder };
}

/** A CLI that a person names: the file, or a folder that holds it. */
function named(given: string): PulumiCli {
    const file = [given, join(given, executable), join(given, "bin", executable)].find(isExecutable);
    if (file === undefined || !basename(file).startsWith("pulumi"))
        throw new Error(`PULUMI_CBR_ENGINE=${given}: no Pulumi CLI there`);
    // Set with it for the processes of the tests, so that not each asks again.
    const version = process.env["PULUMI_CBR_ENGINE_VERSION"] ?? versionOf(file);
    return { path: file, version, origin: "named by PULUMI_CBR_ENGINE" };
}

/**
 * The CLI to use: PULUMI_CBR_ENGINE (`local` for none, or where one is); PATH; `bin` and the newest of `versions` in PULUMI_HOME
 * and `~/.pulumi`; built from the Go module that `tools/pulumi` pins, if Go is there.
 */
export async function getPulumiCli(): Promise<PulumiCli | NoPulumiCli> {
    const given = process.env["PULUMI_CBR_ENGINE"];
    if (given === "local") return { path: undefined, reason: "PULUMI_CBR_ENGINE says so" };
    if (given) return named(given);
    const installed = findInstalled();
    if (installed.path !== undefined) return installed;
    const built = await build();
    return built.path !== undefined ? built : { path: undefined, reason: `${installed.reason}, and ${built.reason}` };
}
