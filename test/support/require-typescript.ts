import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve, sep } from "node:path";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";

const root = resolve(__dirname, "../..");
const { extensions } = createRequire(__filename) as NodeJS.Require;

/**
 * Lets `require` of our own sources find TypeScript: the package loads its provider's part with `require` on first use,
 * which the test runner's own module loader does not see.
 */
export function requireTypeScript(): void {
    const previous = extensions[".ts"];
    const ours = `${join(root, "provider")}${sep}`;
    const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2023, esModuleInterop: true };
    extensions[".ts"] = (module, fileName) => {
        if (!fileName.startsWith(ours)) {
            (previous ?? extensions[".js"])?.(module, fileName);
            return;
        }
        const { outputText } = transpileModule(readFileSync(fileName, "utf8"), { fileName, compilerOptions });
        (module as NodeJS.Module & { _compile(text: string, fileName: string): void })._compile(outputText, fileName);
    };
}
