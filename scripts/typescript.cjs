// Lets plain Node load this repository's TypeScript (scripts and test support): our sources are CommonJS and name each
// other without extensions, which Node's own type stripping does not follow.
const { readFileSync } = require("node:fs");
const { dirname, join, sep } = require("node:path");
const typescript = require("typescript");

const root = dirname(__dirname);
const ours = ["scripts", "test", "bench", "provider", "sdk"].map((folder) => `${join(root, folder)}${sep}`);
const compilerOptions = {
    module: typescript.ModuleKind.CommonJS,
    target: typescript.ScriptTarget.ES2023,
    esModuleInterop: true,
};
const previous = require.extensions[".ts"];

require.extensions[".ts"] = (module, filename) => {
    if (!ours.some((folder) => filename.startsWith(folder))) {
        previous(module, filename);
        return;
    }
    const { outputText } = typescript.transpileModule(readFileSync(filename, "utf8"), {
        fileName: filename,
        compilerOptions,
    });
    module._compile(outputText, filename);
};

if (process.argv[2] !== undefined) require(join(process.cwd(), process.argv[2]));
