// The names that users can use, recorded in public-api.json: what leaves the list breaks somebody. `UPDATE=1` writes it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ts from "typescript";
import { expect, it } from "vitest";

const root = join(__dirname, "..");
const recorded = join(__dirname, "public-api.json");
const entries = {
    "pulumi-cbr": "sdk/index.ts",
    "pulumi-cbr/native": "sdk/native/index.ts",
    "pulumi-cbr/provider": "provider/index.ts",
    "pulumi-cbr/testing": "sdk/testing/index.ts",
};

/** Kind of an export, and the names of what it has: members of classes and of object types. */
function namesOf(): Record<string, Record<string, unknown>> {
    const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const files = Object.values(entries).map((file) => join(root, file));
    const program = ts.createProgram(files, options);
    const checker = program.getTypeChecker();
    const isOurs = (symbol: ts.Symbol) => {
        const file = (symbol.valueDeclaration ?? symbol.declarations?.[0])?.getSourceFile().fileName ?? "";
        const { valueDeclaration: at } = symbol;
        const isProtected = at !== undefined && ts.getCombinedModifierFlags(at) & ts.ModifierFlags.Protected;
        return (
            file.startsWith(root) && !file.includes("/node_modules/") && !symbol.name.startsWith("__") && !isProtected
        );
    };
    const members = (type: ts.Type) =>
        type
            .getProperties()
            .filter(isOurs)
            .map((symbol) => `${symbol.name}${symbol.flags & ts.SymbolFlags.Optional ? "?" : ""}`)
            .sort();
    return Object.fromEntries(
        Object.entries(entries).map(([entry, file]) => {
            const source = program.getSourceFile(join(root, file));
            const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
            const exports = module === undefined ? [] : checker.getExportsOfModule(module);
            const described = exports.map((one): [string, unknown] => {
                const symbol = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one;
                if (symbol.flags & ts.SymbolFlags.Class) {
                    const statics = checker.getTypeOfSymbol(symbol).getProperties().filter(isOurs);
                    return [
                        one.name,
                        {
                            class: members(checker.getDeclaredTypeOfSymbol(symbol)).filter(
                                (name) => !name.startsWith("#"),
                            ),
                            static: statics.map(({ name }) => name).filter((name) => name !== "prototype"),
                        },
                    ];
                }
                if (symbol.flags & ts.SymbolFlags.Function) return [one.name, "function"];
                if (symbol.flags & ts.SymbolFlags.Variable) return [one.name, "value"];
                return [one.name, { type: members(checker.getDeclaredTypeOfSymbol(symbol)) }];
            });
            return [entry, Object.fromEntries(described.sort(([a], [b]) => (a < b ? -1 : 1)))];
        }),
    );
}

it("the public names are those of public-api.json", () => {
    const names = namesOf();
    if (process.env["UPDATE"] === "1") writeFileSync(recorded, `${JSON.stringify(names, null, 4)}\n`);
    expect(names).toEqual(JSON.parse(readFileSync(recorded, "utf8")));
});
