// Compiles to dist/, all at once: a program that runs meanwhile sees the old build or the new one, never a half.
import { chmodSync, existsSync, lstatSync, realpathSync, renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { writtenOut } from "./declarations.mjs";

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const next = path(`dist.${process.pid}`);
const old = path(`dist.${process.pid}.old`);

/** Compiles into a folder; false after saying what is wrong. */
function compile(folder) {
    const { config } = ts.readConfigFile(path("tsconfig.build.json"), ts.sys.readFile);
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, path(""), { outDir: folder });
    const program = ts.createProgram(fileNames, options);
    const { diagnostics } = program.emit(undefined, (file, text, mark, _onError, sources) => {
        const [source] = sources ?? [];
        const isDeclaration = file.endsWith(".d.ts") && source !== undefined;
        ts.sys.writeFile(file, isDeclaration ? writtenOut(program, source, text) : text, mark);
    });
    const problems = ts.sortAndDeduplicateDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
    const host = {
        getCurrentDirectory: ts.sys.getCurrentDirectory,
        getCanonicalFileName: (file) => file,
        getNewLine: () => "\n",
    };
    process.stderr.write(ts.formatDiagnostics(problems, host));
    return problems.length === 0;
}

try {
    if (!compile(next)) {
        rmSync(next, { recursive: true, force: true });
        process.exit(1);
    }
    if (existsSync(`${next}/cli/main.js`)) chmodSync(`${next}/cli/main.js`, 0o755);
    if (existsSync(path("dist"))) renameSync(path("dist"), old);
    renameSync(next, path("dist"));
} catch (error) {
    rmSync(next, { recursive: true, force: true });
    throw error;
} finally {
    rmSync(old, { recursive: true, force: true });
}

// The provider host looks for `pulumi-cbr` in node_modules, from the program's folder upwards, as it would for any user.
// This link lets programs inside the clone (examples, tests) find the clone's own build there, also in the copy of a clone.
const link = path("node_modules/pulumi-cbr");
const isLink = lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() === true;
if (isLink && (!existsSync(link) || realpathSync(link) !== realpathSync(path("")))) unlinkSync(link);
if (!existsSync(link)) symlinkSync(path(""), link, "junction");
