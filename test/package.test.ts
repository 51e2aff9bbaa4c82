// The packed package: what is in it, how it resolves, and that it works where users install it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { publint } from "publint";
import * as semver from "semver";
import * as ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../sdk/testing/index";
import {
    command,
    installed,
    manifest,
    nodeBinary,
    pack,
    pulumiVersion,
    temporaryFolder,
    typescriptVersion,
} from "./support/packed";
import { findPulumi, needsCli } from "./support/pulumi";
import { openStack, savings } from "./support/stack";
import { handlerNames } from "./support/state-lines";

const root = resolve(__dirname, "..");
const program = {
    ts: `import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";
const before: cbr.Checkpoint = new cbr.Checkpoint("before", { vaultId: new pulumi.Config().require("vaultId") });
export const backupIds: pulumi.Output<string[]> = before.backupIds;
`,
    js: `const pulumi = require("@pulumi/pulumi");
const cbr = require("pulumi-cbr");
const before = new cbr.Checkpoint("before", { vaultId: new pulumi.Config().require("vaultId") });
exports.backupIds = before.backupIds;
`,
};

let sim: Simulator;
let folder: string;
beforeAll(async () => {
    sim = await startSimulator({ backupMs: 50 });
    folder = await installed();
});
afterAll(() => sim.close());

/** Runs the project in a folder through up (with its empty preview) and destroy. */
async function upAndDestroy(at: string): Promise<void> {
    writeFileSync(join(at, "Pulumi.yaml"), "name: packed\nruntime: nodejs\n");
    const vault = sim.regions["eu-de"].cloud.addVault();
    const settings = Object.entries(sim.settings().config);
    const config = Object.fromEntries(
        settings.map(([key, value]) => [key, { value, secret: key === "cbr:secretKey" }]),
    );
    await using stack = await openStack({ program: at, config: { ...config, vaultId: vault.id } });
    await stack.up();
    expect((await stack.outputs())["backupIds"]?.value).toHaveLength(1);
    expect(await stack.resources()).toMatchObject([{ type: "pulumi-nodejs:dynamic/cbr:Checkpoint" }]);
    await stack.destroy();
    expect(await stack.resources()).toEqual([]);
}

it("contains the build, its declarations and maps, and the documents; nothing else", async () => {
    const { files, unpackedBytes } = await pack();
    expect([...new Set(files.map((file) => file.split("/")[0]))].sort()).toEqual([
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "SECURITY.md",
        "dist",
        "docs",
        "examples",
        "package.json",
        "pulumi-resource-cbr",
        "pulumi-resource-cbr.cmd",
        "schema.json",
    ]);
    const built = files.filter((file) => file.startsWith("dist/"));
    expect([...new Set(built.map((file) => file.split("/")[1]))].sort()).toEqual(["cli", "provider", "sdk"]);
    const sources = new Set<string>();
    for (const file of built) {
        const source = `${file.slice("dist/".length).replace(/(\.d\.ts|\.js|\.js\.map)$/, "")}.ts`;
        expect(existsSync(join(root, source)), `${file} has no source`).toBe(true);
        sources.add(source.slice(0, -".ts".length));
    }
    for (const source of sources)
        for (const ending of [".js", ".js.map", ".d.ts"]) expect(built).toContain(`dist/${source}${ending}`);
    // Maps bring their sources along, which is most of it. A new resource takes about 75,000, and raises this; the commands
    // that look at backups take 1,200,000, the comment's cases 400,000, the pictures of the documents 150,000,
    // the native provider 500,000: its schema, its host, its classes;
    // options of copies 50,000, the sign-in of machines 30,000, names that are changed and copies that are adopted 70,000,
    // ids of tasks 45,000, the page of features 15,000, the links of the request chain 30,000;
    // the simulator's times as texts 5,000.
    expect(unpackedBytes).toBeLessThan(6_300_000);
});

it("has source maps that bring their sources along, and stack traces that name them", async () => {
    const at = join(folder, "node_modules/pulumi-cbr");
    const { files } = await pack();
    for (const file of files.filter((one) => /^dist\/.*\.js$/.test(one))) {
        expect(readFileSync(join(at, file), "utf8")).toContain(`\n//# sourceMappingURL=${basename(file)}.map`);
        const map = JSON.parse(readFileSync(join(at, `${file}.map`), "utf8"));
        const sources = map.sources.map((source: string) => resolve(at, dirname(file), source));
        expect(sources).toEqual([resolve(at, file.replace(/^dist\/(.*)\.js$/, "$1.ts"))]);
        expect(map.sourcesContent).toEqual([expect.stringMatching(/\S/)]);
    }
    const script = `try { require("pulumi-cbr/testing").parseFaults("no JSON") } catch (error) { console.log(error.stack) }`;
    const stack = await command(process.execPath, ["--enable-source-maps", "-e", script], folder);
    expect(stack).toMatch(/pulumi-cbr[\\/]sdk[\\/]testing[\\/]faults[\\/]fault-schema\.ts:\d+:\d+/);
});

it("has no install script, three dependencies, and the peer", () => {
    const packed = JSON.parse(readFileSync(join(folder, "node_modules/pulumi-cbr/package.json"), "utf8"));
    expect(Object.keys(packed.scripts)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(pre|post)?(install|prepare)$/)]),
    );
    expect(Object.keys(packed.dependencies)).toEqual(["undici", "yaml", "zod"]);
    expect(Object.keys(packed.peerDependencies)).toEqual(["@pulumi/pulumi"]);
    expect(packed.publishConfig).toEqual({ access: "public", provenance: true });
    // That announces a plugin binary, which there is none of.
    expect(packed.pulumi).toBeUndefined();
});

it("is clean for publint", async () => {
    const { tarball } = await pack();
    const bytes = readFileSync(tarball);
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages } = await publint({ pack: { tarball: data }, strict: true });
    expect(messages).toEqual([]);
});

it.each(["strict", "node16", "esm-only"])("is clean for attw, profile %s", async (profile) => {
    const { tarball } = await pack();
    const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
    const out = await command(
        process.execPath,
        [attw, "--profile", profile, "--no-color", "--no-emoji", tarball],
        root,
    );
    expect(out).toMatch(/No problems found/);
});

it("has types that need no zod, and comments on the inputs", () => {
    const at = join(folder, "types.ts");
    const text = readFileSync(join(root, "test/types.test-d.ts"), "utf8")
        .replaceAll('"../sdk/index"', '"pulumi-cbr"')
        .replaceAll('"../sdk/native/index"', '"pulumi-cbr/native"');
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
    const host = ts.createCompilerHost({});
    const { fileExists, getSourceFile } = host;
    // As with a compiler that does not follow pnpm's links.
    host.fileExists = (file) => !/node_modules[\\/]zod[\\/]/.test(file) && (file === at || fileExists(file));
    host.getSourceFile = (file, version, ...rest) =>
        file === at ? ts.createSourceFile(file, text, version, true) : getSourceFile(file, version, ...rest);
    const typesOnly = { ...options, paths: {}, types: [] };
    const program = ts.createProgram([at], typesOnly, host);
    const problems = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
        const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
        return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
    expect(problems).toEqual([]);
    const declarations = readFileSync(join(folder, "node_modules/pulumi-cbr/dist/sdk/checkpoint.d.ts"), "utf8");
    expect(declarations).toContain("/** Vault to back up");
    // Members of its own: only then do the compiler's messages name it.
    expect(declarations).toMatch(/^export interface CheckpointArgs \{$/m);
});

it("loads neither zod, undici nor yaml for a program", async () => {
    const script = `require("pulumi-cbr"); console.log(JSON.stringify(Object.keys(require.cache)))`;
    const loaded = JSON.parse(await command(process.execPath, ["-e", script], folder)) as string[];
    expect(loaded.filter((file) => /node_modules[\\/](zod|undici|yaml)[\\/]/.test(file))).toEqual([]);
    // The check of Node's version, which needs nothing, is all of the provider.
    const ours = loaded.filter((file) => /pulumi-cbr[\\/]dist[\\/]provider/.test(file));
    expect(ours.map((file) => basename(file))).toEqual(["node-version.js"]);
});

it("resolves the line in state to a handler, for every class", async () => {
    const script = `
        const { providerLine } = require("./node_modules/pulumi-cbr/dist/sdk/dynamic.js");
        const methods = ${JSON.stringify(handlerNames)}.map((name) => {
            const exports = {};
            new Function("exports", "require", providerLine(name))(exports, require);
            return Object.keys(exports.handler()).sort();
        });
        console.log(JSON.stringify(methods));`;
    const methods = JSON.parse(await command(process.execPath, ["-e", script], folder)) as string[][];
    const all = ["check", "configure", "create", "delete", "diff", "read", "update"];
    expect(methods).toEqual(handlerNames.map(() => all));
});

it("can be imported by name from an ES module, and required", async () => {
    const module = `import { Checkpoint, ReplicatedCheckpoint, getVaults } from "pulumi-cbr";
        import { Checkpoint as Native } from "pulumi-cbr/native";
        import { checkpoint } from "pulumi-cbr/provider";
        import { startSimulator } from "pulumi-cbr/testing";
        console.log([Checkpoint, ReplicatedCheckpoint, getVaults, Native, checkpoint, startSimulator].map((one) => typeof one).join());`;
    const out = await command(process.execPath, ["--input-type=module", "-e", module], folder);
    expect(out.trim()).toBe("function,function,function,function,object,function");
});

it("has a command that knows its version", async () => {
    const out = await command("npx", ["--no-install", "pulumi-cbr", "--version"], folder);
    expect(out.trim()).toBe(manifest.version);
});

it("works from a plain index.ts and Pulumi.yaml", async () => {
    writeFileSync(join(folder, "index.ts"), program.ts);
    await upAndDestroy(folder);
});

it("works in a workspace: the program in a sub-folder, the package hoisted to the root", async () => {
    const at = join(folder, "packages/backup");
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "package.json"), JSON.stringify({ name: "backup", private: true, main: "index.js" }));
    writeFileSync(join(at, "index.js"), program.js);
    await upAndDestroy(at);
});

/** The command line of the engine, with another Node for engine, program and provider. */
async function pulumiOn(
    node: string,
): Promise<(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) => Promise<string>> {
    const { kind, command: cli } = await findPulumi();
    const [file, ...first] = kind === "real" ? [cli.command] : [node, join(root, "test/engine/pulumi.cjs")];
    const PATH = `${dirname(node)}${delimiter}${process.env["PATH"] ?? ""}`;
    return (args, cwd, env) =>
        command(file, [...first, ...args], cwd, { PATH, PULUMI_SKIP_UPDATE_CHECK: "true", ...env });
}

/** The lines that docs/native.md has, with the path of the package from that folder. */
const pluginLines = (path = "node_modules/pulumi-cbr") =>
    `plugins:\n  providers:\n    - name: cbr\n      path: ${path}\n`;

/** Runs the project in a folder through preview, up and destroy as a person does; what `up` printed. */
async function throughCommandLine(
    at: string,
    node: string,
    more: NodeJS.ProcessEnv,
    settings = "runtime: nodejs\n",
): Promise<string> {
    writeFileSync(join(at, "Pulumi.yaml"), `name: packed\n${settings}`);
    const vault = sim.regions["eu-de"].cloud.addVault();
    const config = { ...sim.settings().config, "packed:vaultId": vault.id };
    writeFileSync(join(at, "Pulumi.dev.yaml"), JSON.stringify({ config }));
    const home = temporaryFolder();
    const { secretsProvider, ...saving } = savings();
    const env: NodeJS.ProcessEnv = {
        PULUMI_HOME: join(home, "home"),
        PULUMI_BACKEND_URL: `file://${home}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        ...saving.env,
        ...more,
    };
    const pulumi = await pulumiOn(node);
    const run = (...args: string[]) => pulumi(args, at, env);
    await run(
        "stack",
        "init",
        "dev",
        ...(secretsProvider === undefined ? [] : ["--secrets-provider", secretsProvider]),
    );
    expect(await run("preview")).toMatch(/Checkpoint/);
    // The preview has checked the program's types.
    env["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true";
    const up = await run("up", "--yes", "--skip-preview");
    expect(up).toContain([...sim.regions["eu-de"].cloud.backups.values()].find((one) => one.vaultId === vault.id)?.id);
    await run("destroy", "--yes", "--skip-preview");
    return up;
}

const nativeProgram = program.ts.replace('"pulumi-cbr"', '"pulumi-cbr/native"');

it("serves the native provider by four lines of Pulumi.yaml, from a plain project and from a workspace's sub-folder", async ({
    skip,
}) => {
    await needsCli(skip, "the native provider");
    for (const [name, path] of [
        [".", undefined],
        ["packages/native", "../../node_modules/pulumi-cbr"],
    ] as const) {
        const at = join(folder, name);
        mkdirSync(at, { recursive: true });
        writeFileSync(join(at, "index.ts"), nativeProgram);
        const up = await throughCommandLine(at, process.execPath, {}, `runtime: nodejs\n${pluginLines(path)}`);
        expect(up).toContain("cbr:index:Checkpoint");
    }
});

it("tells the engine its schema, straight from the package", async ({ skip }) => {
    await needsCli(skip, "the native provider");
    const pulumi = await pulumiOn(process.execPath);
    const executable = "./node_modules/pulumi-cbr/pulumi-resource-cbr";
    const home = { PULUMI_HOME: join(temporaryFolder(), "home") };
    const schema = JSON.parse(await pulumi(["package", "get-schema", executable], folder, home));
    expect([schema.name, schema.version]).toEqual(["cbr", manifest.version]);
    expect(Object.keys(schema.resources)).toHaveLength(handlerNames.length);
    expect(Object.keys(schema.functions)).toHaveLength(10);
});

// The tests run on the pinned Node; the package promises more: from the oldest that it accepts to the newest major version.
const oldest = semver.minVersion(manifest.engines.node)?.version ?? expect.fail("no engines.node");
it.for([oldest, "26"])("works on Node %s", async (range, { skip }) => {
    let node: string;
    try {
        node = await nodeBinary(range);
    } catch (error) {
        process.stderr.write(`Node ${range} was not tried: ${String(error)}\n`);
        return skip(`Node ${range} cannot be installed here`);
    }
    const version = (await command(node, ["--version"], folder)).trim();
    expect(semver.satisfies(version, range), version).toBe(true);

    const at = join(folder, `packages/node-${range}`);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "index.ts"), `${program.ts}export const node = process.version;\n`);
    // Types are the test's above; once each is enough.
    expect(await throughCommandLine(at, node, { PULUMI_NODEJS_TRANSPILE_ONLY: "true" })).toContain(version);
});

/** The same project with the native classes, whose types are checked by then, where there is a CLI. */
async function throughNative(at: string): Promise<void> {
    if ((await findPulumi()).kind !== "real") return;
    writeFileSync(join(at, "index.ts"), nativeProgram);
    const settings = `runtime: nodejs\n${pluginLines()}`;
    await throughCommandLine(at, process.execPath, { PULUMI_NODEJS_TRANSPILE_ONLY: "true" }, settings);
}

/** An empty project with the packed package among its dependencies. */
async function project(): Promise<string> {
    const { tarball } = await pack();
    const at = temporaryFolder();
    const dependencies = {
        "@pulumi/pulumi": pulumiVersion,
        "pulumi-cbr": `file:${tarball}`,
        typescript: typescriptVersion,
    };
    writeFileSync(
        join(at, "package.json"),
        JSON.stringify({ name: "program", private: true, main: "index.ts", dependencies }),
    );
    // TypeScript, because package managers differ in what the compiler can find: for the native classes, too.
    const native = 'import type { Checkpoint } from "pulumi-cbr/native";\nexport type Native = Checkpoint;\n';
    writeFileSync(join(at, "index.ts"), `${program.ts}${native}`);
    return at;
}

/** A package manager from the registry: the script that its package names as `bin`. */
async function tool(name: string, bin: string, version = "latest"): Promise<string> {
    const tools = temporaryFolder();
    const flags = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
    await command("npm", ["install", ...flags, "--prefix", tools, `${name}@${version}`], tools);
    const at = join(tools, "node_modules", name);
    const { bin: bins } = JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as { bin: Record<string, string> };
    return join(at, bins[bin] ?? "");
}

// From version 12 on it is a native program; the script beside it starts it.
it.for(["10", "11", "12"])("works when pnpm %s installed it", async (version, { skip }) => {
    const at = await project();
    try {
        const bin = await tool("pnpm", "pnpm", version);
        const script = version === "12" ? join(dirname(bin), "bin/pnpm.mjs") : bin;
        await command(process.execPath, [script, "install", "--ignore-scripts"], at);
    } catch (error) {
        process.stderr.write(`pnpm ${version} was not tried: ${String(error)}\n`);
        skip(`pnpm ${version} cannot be installed or cannot install here`);
    }
    await upAndDestroy(at);
    await throughNative(at);
});

/** Installs a project by Yarn with one of its linkers. */
async function yarnInstall(at: string, linker: "node-modules" | "pnp"): Promise<void> {
    const yarn = await tool("@yarnpkg/cli-dist", "yarn");
    const registry = (await command("npm", ["config", "get", "registry"], at)).trim();
    writeFileSync(join(at, "yarn.lock"), "");
    writeFileSync(join(at, ".yarnrc.yml"), `nodeLinker: ${linker}\nenableScripts: false\n`);
    await command(process.execPath, [yarn, "install", "--no-immutable"], at, {
        YARN_NPM_REGISTRY_SERVER: registry,
        YARN_UNSAFE_HTTP_WHITELIST: new URL(registry).hostname,
        YARN_ENABLE_TELEMETRY: "0",
        // So that what is unpacked for Plug'n'Play goes with the folder.
        YARN_ENABLE_GLOBAL_CACHE: "false",
    });
}

it("works when Yarn installed it, with its node-modules linker", async ({ skip }) => {
    const at = await project();
    try {
        await yarnInstall(at, "node-modules");
    } catch (error) {
        process.stderr.write(`Yarn was not tried: ${String(error)}\n`);
        skip("Yarn cannot be installed or cannot install here");
    }
    await upAndDestroy(at);
    await throughNative(at);
});

it("works with Yarn's Plug'n'Play, in what `yarn exec` starts", async ({ skip }) => {
    const at = await project();
    try {
        await yarnInstall(at, "pnp");
    } catch (error) {
        process.stderr.write(`Plug'n'Play was not tried: ${String(error)}\n`);
        skip("Yarn cannot be installed or cannot install here");
    }
    expect(existsSync(join(at, "node_modules"))).toBe(false);
    // What `yarn exec` and `yarn run` set.
    await throughCommandLine(at, process.execPath, { NODE_OPTIONS: `--require ${join(at, ".pnp.cjs")}` });
});
