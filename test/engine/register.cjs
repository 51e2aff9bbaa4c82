"use strict";
/**
 * Lets plain Node load the engine from its TypeScript sources: `require("./register.cjs").createLocalCommand()`. Our sources are
 * CommonJS and name each other without extensions, which Node's own type stripping does not find.
 */
const { readFileSync } = require("node:fs");
const { sep } = require("node:path");
const typescript = require("typescript");

const ours = `${__dirname}${sep}`;
const previous = require.extensions[".ts"];
require.extensions[".ts"] = (module, filename) => {
    if (!filename.startsWith(ours)) {
        return (previous ?? require.extensions[".js"])(module, filename);
    }
    const { outputText } = typescript.transpileModule(readFileSync(filename, "utf8"), {
        fileName: filename,
        compilerOptions: {
            module: typescript.ModuleKind.CommonJS,
            target: typescript.ScriptTarget.ES2023,
            esModuleInterop: true,
        },
    });
    module._compile(outputText, filename);
};

module.exports = require("./command.ts");
