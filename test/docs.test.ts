// What the documents say can be done can be done: code blocks compile, links lead somewhere, the quick start runs.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import * as ts from "typescript";
import { expect, it } from "vitest";
import { cleanEnvironment, command, pack, pulumiVersion, temporaryFolder, typescriptVersion } from "./support/packed";
import { findPulumi } from "./support/pulumi";

const root = resolve(__dirname, "..");

function markdownIn(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        if (entry.name === "node_modules") return [];
        const at = join(folder, entry.name);
        if (entry.isDirectory()) return markdownIn(at);
        return entry.name.endsWith(".md") ? [at] : [];
    });
}

const pages = [
    ...readdirSync(root)
        .filter((name) => name.endsWith(".md"))
        .map((name) => join(root, name)),
    ...markdownIn(join(root, "docs")),
    ...markdownIn(join(root, "examples")),
].map((file) => ({ name: relative(root, file), file, text: readFileSync(file, "utf8") }));

interface Block {
    readonly page: string;
    readonly line: number;
    /** First word of the fence, and the rest. */
    readonly language: string;
    readonly info: string;
    readonly code: string;
    /** What a comment above the block says that it may take for given. */
    readonly given: string;
    /** Of a comment above the block: the file that the reader is told to save it as. */
    readonly saveAs: string | undefined;
}

function blocksOf(page: string, text: string): Block[] {
    const lines = text.split("\n");
    const blocks: Block[] = [];
    let given = "";
    let saveAs: string | undefined;
    for (let index = 0; index < lines.length; index++) {
        const line = lines[index] ?? "";
        given = /^\s*<!-- given: (.*) -->$/.exec(line)?.[1] ?? given;
        saveAs = /^\s*<!-- quick-start: (.*) -->$/.exec(line)?.[1] ?? saveAs;
        const fence = /^(\s*)```(\w+)\s*(.*)$/.exec(line);
        if (fence === null) continue;
        const [, indent = "", language = "", info = ""] = fence;
        const begin = index + 1;
        while (lines[index + 1] !== undefined && lines[index + 1] !== `${indent}\`\`\``) index++;
        const code = lines
            .slice(begin, index + 1)
            .map((one) => one.slice(indent.length))
            .join("\n");
        blocks.push({ page, line: begin, language, info, code, given, saveAs });
        given = "";
        saveAs = undefined;
        index++;
    }
    return blocks;
}

const blocks = pages.flatMap(({ name, text }) => blocksOf(name, text));

/** Declarations for what a block takes for given, and the imports that these need. */
function preludeOf({ given, code }: Block): string {
    const source = ts.createSourceFile("given.ts", given, ts.ScriptTarget.Latest);
    const declarations = source.statements.map((statement) => {
        const text = statement.getText(source);
        return text.startsWith("declare ") ? text : `declare ${text}`;
    });
    const all = declarations.join(" ");
    const needs = (name: string, from: string) =>
        new RegExp(`\\b${name}\\.`).test(`${all} ${given}`) && !code.includes(`* as ${name} from`)
            ? `import * as ${name} from "${from}"; `
            : "";
    return `${needs("pulumi", "@pulumi/pulumi")}${needs("cbr", "pulumi-cbr")}${all}`;
}

it("every TypeScript and JavaScript block compiles", () => {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const snippets = new Map<string, { block: Block; text: string }>();
    for (const [index, block] of blocks
        .filter(({ language }) => ["ts", "typescript", "js", "javascript"].includes(language))
        .entries()) {
        // Programs are CommonJS or ES modules; a block says so by what it uses.
        const ending = /^export =|\brequire\(/m.test(block.code) ? "ts" : "mts";
        // The prelude stands in the first line, so that lines count from there.
        snippets.set(join(root, "docs", `snippet-${index}.${ending}`), {
            block,
            text: `${preludeOf(block)}\n${block.code}\nexport {};\n`,
        });
    }
    expect(snippets.size).toBeGreaterThan(20);
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    const textOf = (file: string) => {
        const snippet = snippets.get(file);
        return snippet === undefined
            ? undefined
            : snippet.text.replace(/^export \{\};\n$/m, snippet.text.includes("export =") ? "" : "export {};\n");
    };
    host.fileExists = (file) => snippets.has(file) || fileExists(file);
    host.readFile = (file) => textOf(file) ?? readFile(file);
    host.getSourceFile = (file, languageVersion, ...rest) => {
        const text = textOf(file);
        return text === undefined
            ? getSourceFile(file, languageVersion, ...rest)
            : ts.createSourceFile(file, text, languageVersion, true);
    };
    // `strict` is what people have; the rest is our own taste.
    const strict: ts.CompilerOptions = {
        ...options,
        noPropertyAccessFromIndexSignature: false,
        exactOptionalPropertyTypes: false,
        noUncheckedIndexedAccess: false,
        erasableSyntaxOnly: false,
    };
    const program = ts.createProgram([...snippets.keys()], strict, host);
    const problems = ts
        .getPreEmitDiagnostics(program)
        .filter(({ file }) => file === undefined || snippets.has(file.fileName))
        .map(({ file, start, messageText }) => {
            const { block } = snippets.get(file?.fileName ?? "") ?? {};
            const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line;
            return `${block?.page}:${(block?.line ?? 0) + line} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
        });
    expect(problems).toEqual([]);
});

it("every JSON block is JSON, and every shell block is well-formed", async () => {
    for (const { page, line, language, code } of blocks) {
        if (language === "json") expect(() => JSON.parse(code), `${page}:${line}`).not.toThrow();
        if (language === "sh" && process.platform !== "win32") await command("bash", ["-n", "-c", code], root);
        expect(["ts", "js", "json", "sh", "text", "yaml", "mermaid"], `${page}:${line}`).toContain(language);
    }
});

/** GitHub's anchors of a page's headings. */
function anchorsOf(text: string): Set<string> {
    const headings = text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/^#{1,6} (.+)$/gm);
    return new Set(
        [...headings].map(([, heading = ""]) =>
            heading
                .toLowerCase()
                .replace(/[^\p{L}\p{N}\s_-]/gu, "")
                .replace(/\s/g, "-"),
        ),
    );
}

it("every link between documents leads somewhere", () => {
    const dead: string[] = [];
    for (const { name, file, text } of pages) {
        const prose = text.replace(/^\s*```[\s\S]*?^\s*```/gm, "").replace(/`[^`\n]*`/g, "");
        for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
            if (/^[a-z]+:/.test(target)) continue;
            const [path = "", anchor] = target.split("#");
            const at = path === "" ? file : resolve(dirname(file), path);
            if (!existsSync(at)) dead.push(`${name}: ${target}`);
            else if (anchor !== undefined && !anchorsOf(readFileSync(at, "utf8")).has(anchor))
                dead.push(`${name}: ${target}`);
        }
    }
    expect(dead).toEqual([]);
});

it("what is packed links to what is packed, or says that it is in the repository", () => {
    const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
    const packed = (path: string) => files.some((one) => path === one || path.startsWith(`${one}/`));
    const outside: string[] = [];
    for (const { name, file, text } of pages.filter((page) => packed(page.name))) {
        for (const line of text.replace(/^\s*```[\s\S]*?^\s*```/gm, "").split("\n")) {
            if (line.includes("in the repository")) continue;
            for (const [, target = ""] of line.replace(/`[^`\n]*`/g, "").matchAll(/\]\(([^)\s#]+)[^)]*\)/g))
                if (!/^[a-z]+:/.test(target) && !packed(relative(root, resolve(dirname(file), target))))
                    outside.push(`${name}: ${target}`);
        }
    }
    expect(outside).toEqual([]);
});

it("programs outside the reference take nothing for given", () => {
    expect(blocks.filter(({ page, given }) => given !== "" && page !== "docs/reference.md")).toEqual([]);
});

const launcherVersion = "0.0.0-test";

/** A PULUMI_HOME in which the npm package `pulumi` finds what it would download: the CLI, or our engine under its name. */
async function pulumiHome(): Promise<string> {
    const home = join(temporaryFolder(), ".pulumi");
    const versions = join(home, "versions", launcherVersion);
    mkdirSync(versions, { recursive: true });
    const { kind, command: cli } = await findPulumi();
    const bin = join(versions, "bin");
    if (kind === "real") symlinkSync(dirname(cli.command), bin);
    else {
        mkdirSync(bin);
        const script = `#!/bin/sh\nexec "${process.execPath}" "${join(root, "test/engine/pulumi.cjs")}" "$@"\n`;
        writeFileSync(join(bin, "pulumi"), script);
        chmodSync(join(bin, "pulumi"), 0o755);
    }
    return home;
}

/** Starts what the second terminal runs, and resolves with what it prints once it runs. */
function startSimulator(
    line: string,
    cwd: string,
    env: NodeJS.ProcessEnv,
): Promise<{ child: ChildProcess; out: string }> {
    return new Promise((done, fail) => {
        // A group of its own: npx starts a shell, which starts Node.
        const child = spawn("sh", ["-c", line], { cwd, env, detached: true });
        let out = "";
        let err = "";
        child.stdout.on("data", (data) => {
            out += data;
            if (/export HUAWEICLOUD_SDK_REGION_CBR_EU_NL=\S+\n/.test(out)) done({ child, out });
        });
        child.stderr.on("data", (data) => {
            err += data;
        });
        child.on("exit", (code) => fail(new Error(`${line} ended with ${code}\n${out}\n${err}`)));
    });
}

it.skipIf(process.platform === "win32")(
    "the README's quick start works as it stands, from the packed package in an empty folder",
    async () => {
        const readme = blocks.filter(({ page }) => page === "README.md");
        const part = (name: string) =>
            readme.find(({ info }) => info === `quick-start=${name}`)?.code ?? expect.fail(`no part ${name}`);
        const program = readme.find(({ saveAs }) => saveAs === "index.ts")?.code ?? expect.fail("no program");
        const { tarball } = await pack();
        // What is not published yet comes from the tarball; the rest in the versions that npm's cache has.
        const setup = part("setup").replace(
            /^npm install (.*)$/m,
            (_all, names: string) =>
                `npm install --ignore-scripts --prefer-offline --no-audit --no-fund ${names
                    .replace("pulumi-cbr", tarball)
                    .replace("@pulumi/pulumi", `@pulumi/pulumi@${pulumiVersion}`)
                    .replace(/typescript@\d+/, `typescript@${typescriptVersion}`)}`,
        );
        expect(setup).toContain(tarball);
        const home = temporaryFolder();
        const clean = Object.entries(cleanEnvironment()).filter(
            ([key]) => !/^(HW_|OS_|HUAWEICLOUD_|PULUMI_)/.test(key),
        );
        const env: Record<string, string | undefined> = {
            ...Object.fromEntries(clean),
            PULUMI_HOME: await pulumiHome(),
            PULUMI_VERSION: launcherVersion,
            PULUMI_SKIP_UPDATE_CHECK: "true",
        };
        const bash = (script: string) => command("bash", ["-e", "-c", script], home, env);

        await bash(setup);
        const folder = join(home, "quick-start");
        writeFileSync(join(folder, "index.ts"), program);
        const { child, out } = await startSimulator(part("simulator"), folder, env);
        try {
            const exported = out.split("\n").filter((line) => line.startsWith("export "));
            const shell = [
                ...setup.split("\n").filter((line) => line.startsWith("export ")),
                ...exported,
                part("program"),
            ];
            // The preview checks the program's types; for the others once was enough.
            const once = "npx pulumi preview\n";
            expect(shell.at(-1)).toContain(once);
            const quick = "export PULUMI_NODEJS_TRANSPILE_ONLY=true\n";
            const ran = await bash(`cd quick-start\n${shell.join("\n").replace(once, `${once}${quick}`)}`);
            expect(ran).toMatch(/backups/);
            expect(ran).toMatch(/5eed0000-0000-4000-8000-000000000101/);
            expect(ran).toMatch(/retained restore point/);

            // The program at the top, with the same simulator: it copies what the first program left, too.
            const first = readme.find(({ language }) => language === "ts")?.code ?? expect.fail("no first program");
            writeFileSync(join(folder, "index.ts"), first);
            const top = await bash(
                `cd quick-start\n${quick}${[...shell.slice(0, -1), part("top")].join("\n")}\nnpx pulumi destroy --yes`,
            );
            expect(top).toMatch(/replicationRecordIds/);
            expect(top).toMatch(/retained 4 replicas in eu-nl/);
        } finally {
            if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
        }
    },
);
