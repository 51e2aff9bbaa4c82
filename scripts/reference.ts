// Writes docs/reference.md, and what stands between `<!-- generated: … -->` and `<!-- /generated -->` in other pages, from
// the schemas and their JSDoc. `npm run reference`; test/reference.test.ts compares.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import * as ts from "typescript";
import type * as codes from "../provider/client/errors/error-codes";

const root = join(__dirname, "..");
export const path = (file: string) => join(root, file);

/** The table of codes, from its source: it needs nothing but itself, and a build may be stale. */
function loadCodes(): typeof codes {
    const { outputText } = ts.transpileModule(readFileSync(path("provider/client/errors/error-codes.ts"), "utf8"), {
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 },
    });
    const loaded = {};
    new Function("exports", outputText)(loaded);
    return loaded as typeof codes;
}

interface Row {
    readonly key: string;
    readonly type: string;
    readonly required: boolean;
    readonly replaces: boolean;
    readonly doc: string;
}

const { config } = ts.readConfigFile(path("tsconfig.json"), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const resourceFiles = readdirSync(path("provider/resources"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join("provider/resources", file));
const roots = ["sdk/index.ts", "sdk/testing/index.ts", ...resourceFiles].map(path);
const program = ts.createProgram(roots, options);
export const checker = program.getTypeChecker();

export function exportsOf(file: string): Map<string, ts.Symbol> {
    const source = program.getSourceFile(path(file));
    const symbol = source === undefined ? undefined : checker.getSymbolAtLocation(source);
    if (symbol === undefined) throw new Error(`${file} is no module`);
    return new Map(
        checker
            .getExportsOfModule(symbol)
            .map((one) => [one.name, one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one]),
    );
}

export const sdk = exportsOf("sdk/index.ts");
const testing = exportsOf("sdk/testing/index.ts");

export const docOf = (symbol: ts.Symbol): string =>
    ts
        .displayPartsToString(symbol.getDocumentationComment(checker))
        .replace(/\{@link (\w+)\}/g, "`$1`")
        // Classes are merged with the interface of their outputs.
        .replace(/^Every output is also a property of the class[^\n]*\n/, "");

/** What the examples in comments take for given, besides ids: those end in `Id` and are texts. */
const GIVEN: Readonly<Record<string, string>> = {
    before: "const before: cbr.Checkpoint",
    vaultInNl: "const vaultInNl: string",
    release: "const release: string",
    version: "const version: string",
    day: "const day: string",
    Instance:
        "class Instance extends pulumi.CustomResource { constructor(name: string, args: object, options?: pulumi.CustomResourceOptions) }",
};

/** The comment of a class or function, its example made a block that stands by itself. */
function exampleDoc(symbol: ts.Symbol): string {
    return docOf(symbol).replace(/```ts\n([\s\S]*?)```/g, (_all, code: string) => {
        const body = code.replace("{ … }", "{}");
        // A property's name and what follows a dot are not names of the example's own.
        const names = new Set(body.replace(/"[^"]*"/g, "").match(/(?<![.\w])[A-Za-z]\w*\b(?!:)/g));
        const isOpen = (name: string) => names.has(name) && !new RegExp(`const ${name}\\b`).test(body);
        const ids = [...names].filter((name) => name.endsWith("Id"));
        const given = [...ids, ...Object.keys(GIVEN)]
            .filter(isOpen)
            .map((name) => GIVEN[name] ?? `const ${name}: string`);
        const note = given.length === 0 ? "" : `<!-- given: ${given.join("; ")} -->\n`;
        return `${note}\`\`\`ts\nimport * as cbr from "pulumi-cbr";\n\n${body}\`\`\``;
    });
}

export const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
const cell = (text: string): string => oneLine(text).replaceAll("|", "\\|");

export function declarationOf(symbol: ts.Symbol): ts.Declaration | undefined {
    return symbol.valueDeclaration ?? symbol.declarations?.[0];
}

const isOurs = (symbol: ts.Symbol): boolean => {
    const file = declarationOf(symbol)?.getSourceFile().fileName ?? "";
    return file.startsWith(root) && !relative(root, file).startsWith("node_modules");
};

/** The type that a person thinks of: without undefined, and without the ways in which an Input may come later. */
export function plain(type: ts.Type): readonly ts.Type[] {
    const parts = type.isUnion() ? type.types : [type];
    return parts.filter(
        (part) =>
            (part.flags & ts.TypeFlags.Undefined) === 0 && !/^(Promise|OutputInstance)$/.test(part.symbol?.name ?? ""),
    );
}

function textOf(type: ts.Type): string {
    const parts = plain(type);
    if (parts.length === 2 && parts.every((part) => part.flags & ts.TypeFlags.BooleanLiteral)) return "boolean";
    const texts = parts.map((part) => {
        const item = itemOf(part);
        if (item !== undefined) {
            const text = textOf(item);
            return /[|&]/.test(text) ? `(${text})[]` : `${text}[]`;
        }
        if (fieldsOf(part).length > 0 && !namedType(part)) return "object";
        return checker.typeToString(part, undefined, ts.TypeFormatFlags.NoTruncation);
    });
    // The order of literals in a union is the compiler's, and depends on what it has seen before.
    const ordered = texts.every((text) => text.startsWith('"')) ? texts.sort() : texts;
    return [...new Set(ordered)].join(" | ").replace("false | true", "boolean");
}

function namedType(type: ts.Type): boolean {
    const symbol = type.aliasSymbol ?? type.symbol;
    return symbol !== undefined && !symbol.name.startsWith("__") && (testing.has(symbol.name) || sdk.has(symbol.name));
}

export function itemOf(type: ts.Type): ts.Type | undefined {
    return checker.isArrayType(type) ? checker.getTypeArguments(type as ts.TypeReference)[0] : undefined;
}

/** The properties of an object of ours; none of records, arrays, functions and other people's types. */
function fieldsOf(type: ts.Type): readonly ts.Symbol[] {
    if (itemOf(type) !== undefined || type.getCallSignatures().length > 0) return [];
    if ((type.flags & ts.TypeFlags.Object) === 0 && !type.isIntersection()) return [];
    return type.getProperties().filter(isOurs);
}

/** For subclasses of ours, or a note. */
function isHidden(symbol: ts.Symbol): boolean {
    const declaration = declarationOf(symbol);
    const flags = declaration === undefined ? 0 : ts.getCombinedModifierFlags(declaration);
    const name = declaration === undefined ? undefined : ts.getNameOfDeclaration(declaration);
    return (
        symbol.name.startsWith("__") ||
        (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 ||
        (name !== undefined && ts.isPrivateIdentifier(name))
    );
}

/** A row a property; those of nested objects follow theirs as `timeouts.create`, `backups[].id`. */
function rowsOf(type: ts.Type, prefix = "", depth = 0): Row[] {
    return type.getProperties().flatMap((symbol): Row[] => {
        if (!isOurs(symbol) || isHidden(symbol)) return [];
        const declaration = declarationOf(symbol);
        const own = declaration === undefined ? type : checker.getTypeOfSymbolAtLocation(symbol, declaration);
        const full = checker.getTypeOfSymbol(symbol).flags & ts.TypeFlags.Any ? own : checker.getTypeOfSymbol(symbol);
        const doc = oneLine(docOf(symbol));
        const replaces = /Changing it replaces[^.]*\.|Any change replaces/.test(doc);
        const optional =
            (symbol.flags & ts.SymbolFlags.Optional) !== 0 ||
            (full.isUnion() && full.types.some((part) => part.flags & ts.TypeFlags.Undefined));
        const isMethod = (symbol.flags & ts.SymbolFlags.Method) !== 0;
        const row: Row = {
            key: `${prefix}${symbol.name}`,
            type: isMethod ? signatureOf(symbol) : textOf(full),
            required: !optional,
            replaces,
            doc: doc.replace(/ ?Changing it replaces[^.]*\./, "").trim(),
        };
        const [inner, ...others] = plain(full);
        if (inner === undefined || others.length > 0 || isMethod || depth > 3) return [row];
        const item = itemOf(inner);
        const [object, mark] = item === undefined ? [inner, "."] : [plain(item)[0] ?? item, "[]."];
        if (namedType(object)) return [row];
        return [row, ...(fieldsOf(object).length > 0 ? rowsOf(object, `${row.key}${mark}`, depth + 1) : [])];
    });
}

function signatureOf(symbol: ts.Symbol): string {
    const declaration = declarationOf(symbol);
    if (declaration === undefined) return "";
    const [signature] = checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures();
    return signature === undefined
        ? ""
        : checker.signatureToString(
              signature,
              undefined,
              ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope,
          );
}

function inputsTable(rows: readonly Row[]): string {
    const head = "| input | type | required | a change replaces | |\n| --- | --- | --- | --- | --- |";
    const lines = rows.map(
        (row) =>
            `| \`${row.key}\` | \`${cell(row.type)}\` | ${row.required ? "yes" : ""} | ${row.replaces ? "yes" : ""} | ${cell(row.doc)} |`,
    );
    return [head, ...lines].join("\n");
}

function table(name: string, rows: readonly Row[], optionals: boolean): string {
    const head = `| ${name} | type | |\n| --- | --- | --- |`;
    const lines = rows.map(
        (row) =>
            `| \`${row.key}${optionals && !row.required ? "?" : ""}\` | \`${cell(row.type)}\` | ${cell(row.doc)} |`,
    );
    return [head, ...lines].join("\n");
}

const kebab = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
const fileOf = (name: string) => resourceFiles.find((file) => basename(file) === `${kebab(name)}.ts`);
const familiar = ["Checkpoint", "VaultReplication", "BackupReplica", "CheckpointReplica", "VaultSync"];
/** Classes that have a handler, the familiar ones first. */
export const resources = [...sdk.keys()]
    .filter((name) => /^[A-Z]/.test(name) && fileOf(name) !== undefined)
    .sort((a, b) => ((familiar.indexOf(a) + 99) % 99) - ((familiar.indexOf(b) + 99) % 99));

/** A type of a resource's own file. */
export function typeIn(resource: string, name: string): ts.Type {
    const file = fileOf(resource);
    const symbol = file === undefined ? undefined : exportsOf(file).get(name);
    if (symbol === undefined) throw new Error(`${file} exports no ${name}`);
    return checker.getDeclaredTypeOfSymbol(symbol);
}

function inputsOf(name: string): readonly Row[] {
    const rows = rowsOf(typeIn(name, `${name}Inputs`));
    const isCommon = ({ key }: Row) => /^(region|projectId|triggers|timeouts|wait)\b/.test(key);
    return [...rows.filter((row) => !isCommon(row)), ...rows.filter(isCommon)];
}

function outputsOf(name: string): readonly Row[] {
    const inputs = new Set(inputsOf(name).map((row) => row.key));
    const rows = rowsOf(typeIn(name, `${name}Outputs`));
    // Inputs come back as outputs; those that the cloud or the settings may have filled in are worth a row.
    return rows.filter((row) => !inputs.has(row.key) || /^(name|region|projectId|destinationProjectId)$/.test(row.key));
}

function propertiesOf(name: string): readonly Row[] {
    const symbol = sdk.get(name) ?? testing.get(name);
    if (symbol === undefined) throw new Error(`nothing public is named ${name}`);
    return rowsOf(checker.getDeclaredTypeOfSymbol(symbol)).filter(
        (row) => !/^(urn|getProvider|getData|initialize|registerOutputs)$/.test(row.key),
    );
}

const howOften: Readonly<Record<string, string>> = {
    busy: "waits",
    retryFewTimes: "few",
    permanent: "once",
    throttled: "slows down",
    gateway: "retries",
    reauthenticate: "renews",
};

/** For codes without advice of their own, by how they are treated. */
const unadvised: Readonly<Record<string, string>> = {
    busy: "Nothing: it passes.",
    throttled: "Nothing; `cbr:maxRequestsPerSecond` lowers the rate.",
    gateway: "Nothing: trouble inside the cloud's gateway.",
    reauthenticate: "Check the credential that the message names.",
};

/** The codes that the table in provider/client/errors/error-codes.ts knows, in order; a row for what is the same of several. */
function codesTable(): string {
    const { lookUpCode } = loadCodes();
    const rows = new Map<string, string[]>();
    const others = new Map<string, string[]>();
    const add = (to: Map<string, string[]>, key: string, code: string) =>
        to.set(key, [...(to.get(key) ?? []), `\`${code}\``]);
    for (const service of ["BackupService", "APIGW", "CSBS"]) {
        for (let number = 0; number < 10_000; number++) {
            const code = `${service}.${String(number).padStart(4, "0")}`;
            const known = lookUpCode(code);
            if (known === undefined) continue;
            const gone = known.notFound === undefined ? "" : `There is no such ${known.notFound}. `;
            const what = `${gone}${known.advice ?? (gone === "" ? (unadvised[known.class] ?? "") : "")}`;
            const often = howOften[known.class] ?? "";
            if (what === "") add(others, often, code);
            else add(rows, `${often} | ${cell(what)}`, code);
        }
    }
    return [
        "| code | how often | what to do |",
        "| --- | --- | --- |",
        ...[...rows].map(([what, codes]) => `| ${codes.join(" ")} | ${what} |`),
        "",
        "Of these the API's own message says all that is known:",
        "",
        ...[...others].map(([often, codes]) => `- *${often}*: ${codes.join(", ")}`),
    ].join("\n");
}

/** What stands at a marker: `inputs Checkpoint`, `outputs Checkpoint`, `properties ReplicatedCheckpointCopy`, `codes`. */
export function generate(marker: string): string {
    const [what = "", name = ""] = marker.trim().split(/\s+/);
    switch (what) {
        case "inputs":
            return inputsTable(inputsOf(name));
        case "outputs":
            return table("output", outputsOf(name), true);
        case "properties":
            return table("property", propertiesOf(name), true);
        case "codes":
            return codesTable();
        default:
            throw new Error(`nothing is generated for "${marker}"`);
    }
}

/** A page with its generated parts as they should be. */
export function refreshed(page: string): string {
    return page.replace(
        /(<!-- generated: ([^>]+?) -->\n)[\s\S]*?(<!-- \/generated -->)/g,
        (_all, begin: string, marker: string, end: string) => `${begin}\n${generate(marker)}\n\n${end}`,
    );
}

function functionsSection(): string {
    const names = [...sdk.keys()].filter((name) => name.startsWith("get") && !name.endsWith("Output")).sort();
    return names
        .map((name) => {
            const symbol = sdk.get(name);
            const declaration = symbol === undefined ? undefined : declarationOf(symbol);
            if (symbol === undefined || declaration === undefined) return "";
            const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
            const [signature] = type.getCallSignatures();
            const parameter = signature?.parameters[0];
            const from = parameter === undefined ? undefined : checker.getTypeOfSymbol(parameter);
            const promised = signature === undefined ? undefined : checker.getAwaitedType(signature.getReturnType());
            const item = promised === undefined ? undefined : itemOf(promised);
            const result = item ?? promised;
            const plainFrom = from === undefined ? undefined : plain(from)[0];
            return [
                `### ${name}`,
                "",
                exampleDoc(symbol),
                "",
                ...(plainFrom === undefined ? [] : [table("argument", rowsOf(plainFrom), true), ""]),
                ...(result === undefined
                    ? []
                    : [item === undefined ? "Result:" : "A list of:", "", table("result", rowsOf(result), true), ""]),
            ].join("\n");
        })
        .join("\n");
}

/** The effects of faults, from the schema's own comments. */
function faultsSection(): string {
    const text = readFileSync(path("sdk/testing/faults/fault-schema.ts"), "utf8");
    const kinds = [
        ...text.matchAll(
            /\/\*\*((?:(?!\*\/)[\s\S])+)\*\/\s*z\.strictObject\(\{\s*kind: z\.literal\("([^"]+)"\)([\s\S]*?)\}\)/g,
        ),
    ].map(([, doc = "", kind = "", rest = ""]) => {
        const keys = [...rest.matchAll(/(\w+): /g)].map((match) => `\`${match[1]}\``);
        return `| \`${kind}\` | ${keys.join(", ")} | ${cell(doc.replaceAll(/\s*\n\s*\* ?/g, " ").trim())} |`;
    });
    const named = /namedEffect = z\.enum\(\[([^\]]+)\]/.exec(text)?.[1] ?? "";
    const names = [...named.matchAll(/"([^"]+)"/g)].map((match) => `\`${match[1]}\``);
    return [
        "Effects are a word, an answer, a delay, or what happens to the objects; several may happen at once.",
        "",
        `- Words: ${names.join(", ")}.`,
        "- An answer: `{ status?, code?, message?, shape?, retryAfter?, afterEffect?, effectAfterMs? }`.",
        '- A delay: `{ delayMs, when?: "before" | "after" }`.',
        "- What happens to the objects that a request makes or touches:",
        "",
        "| kind | besides | |",
        "| --- | --- | --- |",
        ...kinds,
    ].join("\n");
}

export function reference(): string {
    const section = (name: string) => [
        `### ${name}`,
        "",
        exampleDoc(sdk.get(name) ?? testing.get(name) ?? fail(name)),
        "",
    ];
    return [
        "<!-- Written by `npm run reference` from the schemas and their comments. -->",
        "",
        "# Reference",
        "",
        "Names, types and texts come from the code. In the excerpts here, what is not declared (`vaultId`, `release`, `before` …) is yours.",
        "",
        "## Resources",
        "",
        "Inputs and outputs of each are on its page, with what is called and when, and programs to run:",
        "",
        ...[...resources, "ReplicatedCheckpoint"].map((name) => `- [\`${name}\`](resources/${kebab(name)}.md)`),
        "",
        "## Hooks",
        "",
        "[`checkpointBefore`](hooks.md), with its arguments.",
        "",
        "## Functions",
        "",
        "Each has an `…Output` form with the same arguments as Inputs, and options with `dependsOn`.",
        "",
        functionsSection(),
        "## Provider",
        "",
        exampleDoc(sdk.get("Provider") ?? fail("Provider")),
        "",
        table("property", propertiesOf("ProviderArgs"), true),
        "",
        "## pulumi-cbr/testing",
        "",
        ...section("startSimulator"),
        table("option", propertiesOf("SimulatorOptions"), true),
        "",
        ...[
            "RegionOptions",
            "Simulator",
            "SimulatedRegion",
            "Cloud",
            "VaultSeed",
            "ResourceSeed",
            "CheckpointSeed",
            "ReplicaSeed",
        ].flatMap((name) => [...section(name), table("member", propertiesOf(name), true), ""]),
        ...section("Fault"),
        table(
            "property",
            propertiesOf("Fault").map((row) => (row.key === "effect" ? { ...row, type: "Effect | Effect[]" } : row)),
            true,
        ),
        "",
        faultsSection(),
        "",
    ].join("\n");
}

function fail(name: string): never {
    throw new Error(`nothing public is named ${name}`);
}

/** Pages with generated parts, as paths from the root. */
export function pages(): string[] {
    const markdown = (at: string): string[] =>
        readdirSync(path(at), { withFileTypes: true }).flatMap((entry) => {
            if (entry.isDirectory()) return markdown(`${at}/${entry.name}`);
            return entry.name.endsWith(".md") ? [`${at}/${entry.name}`] : [];
        });
    return [...markdown("docs"), "README.md"].filter((file) =>
        readFileSync(path(file), "utf8").includes("<!-- generated:"),
    );
}

if (process.argv[2]?.endsWith("reference.ts")) {
    writeFileSync(path("docs/reference.md"), reference());
    for (const page of pages()) writeFileSync(path(page), refreshed(readFileSync(path(page), "utf8")));
}
