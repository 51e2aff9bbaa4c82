// The package as users get it: packed once a process, and installed into empty folders.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll } from "vitest";

const root = resolve(__dirname, "../..");
const run = promisify(execFile);

interface Manifest {
    readonly version: string;
    readonly engines: { readonly node: string };
    readonly devDependencies: Record<string, string>;
}
export const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
/** Versions that the clone is tested with, which are in npm's cache since its `npm ci`. */
export const pulumiVersion = manifest.devDependencies["@pulumi/pulumi"] ?? "3";
export const typescriptVersion = manifest.devDependencies["typescript"] ?? "6";

export interface Packed {
    readonly tarball: string;
    /** Paths in the package. */
    readonly files: readonly string[];
    readonly unpackedBytes: number;
}

/** As it was before `openStack` took out of it what is not for stacks: package managers may need proxies and authorities. */
const environment = { ...process.env };

/** Programs get the Node that runs the tests, and none of npm's variables of an `npm test` around them. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
    const env = Object.fromEntries(
        Object.entries(environment).filter(([key]) => !/^(npm_(?!config_)|VITEST|NODE_ENV)/.test(key)),
    );
    return { ...env, PATH: `${dirname(process.execPath)}${delimiter}${environment["PATH"] ?? ""}`, NO_COLOR: "1" };
}

/** How a program is started: on Windows npm's are scripts for the shell, which takes its arguments as one text. */
export function startable(
    file: string,
    args: readonly string[],
    platform: NodeJS.Platform,
): { readonly file: string; readonly args: readonly string[]; readonly shell: boolean } {
    if (platform !== "win32" || !["npm", "npx"].includes(file)) return { file, args, shell: false };
    return { file: `${file}.cmd`, args: args.map((one) => `"${one}"`), shell: true };
}

export async function command(
    file: string,
    args: readonly string[],
    cwd: string,
    env: NodeJS.ProcessEnv = {},
): Promise<string> {
    try {
        const start = startable(file, args, process.platform);
        const more = { env: { ...cleanEnvironment(), ...env }, maxBuffer: 64 * 1024 * 1024, shell: start.shell };
        return (await run(start.file, start.args, { cwd, ...more })).stdout;
    } catch (error) {
        const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
        throw new Error(`${file} ${args.join(" ")} failed\n${stdout}\n${stderr}`.slice(0, 4_000), { cause: error });
    }
}

const folders: string[] = [];
afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** A new folder, gone when the tests of this file have ended. */
export function temporaryFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), "pulumi-cbr-packed-"));
    folders.push(folder);
    return folder;
}

let packed: Promise<Packed> | undefined;

/** `npm pack` of the clone's build. */
export function pack(): Promise<Packed> {
    packed ??= (async () => {
        const folder = temporaryFolder();
        const stdout = await command("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], root);
        const [entry] = JSON.parse(stdout) as { filename: string; unpackedSize: number; files: { path: string }[] }[];
        if (entry === undefined) throw new Error("npm pack packed nothing");
        const files = entry.files.map(({ path }) => path).sort();
        return { tarball: join(folder, entry.filename), files, unpackedBytes: entry.unpackedSize };
    })();
    return packed;
}

/** A folder with the packed package in it; other packages from the registry, or, where there is none, from the clone. */
export async function installed(): Promise<string> {
    const { tarball } = await pack();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "program", private: true }));
    const flags = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    try {
        const others = [`@pulumi/pulumi@${pulumiVersion}`, `typescript@${typescriptVersion}`];
        await command("npm", ["install", ...flags, tarball, ...others], folder);
    } catch (error) {
        process.stderr.write(
            `The registry does not serve @pulumi/pulumi; linked from the clone instead: ${String(error).slice(0, 300)}\n`,
        );
        linkFromClone(folder);
        await command(
            "tar",
            ["-xzf", tarball, "--strip-components=1", "-C", join(folder, "node_modules/pulumi-cbr")],
            folder,
        );
    }
    return folder;
}

/**
 * The binary of another Node, from the package that npm's `node` would install for this machine: without that one's
 * install script.
 */
export async function nodeBinary(range: string): Promise<string> {
    const { platform, arch } = process;
    const prefix = platform === "darwin" && arch === "arm64" ? "node-bin" : "node";
    const name = `${prefix}-${platform === "win32" ? "win" : platform}-${arch}`;
    const folder = temporaryFolder();
    const flags = ["--no-save", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    await command("npm", ["install", ...flags, "--prefix", folder, `${name}@${range}`], folder);
    return join(folder, "node_modules", name, "bin", platform === "win32" ? "node.exe" : "node");
}

function linkFromClone(folder: string): void {
    for (const name of ["pulumi-cbr", "@pulumi"]) mkdirSync(join(folder, "node_modules", name), { recursive: true });
    for (const name of ["@pulumi/pulumi", "typescript", "zod", "undici", "yaml"])
        symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "junction");
}
