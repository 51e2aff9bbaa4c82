// Imports point one way (ARCHITECTURE.md): sdk → types of provider; resources → operations, waits → client → errors, clock.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(__dirname, "..");

interface Import {
    readonly from: string;
    readonly to: string;
    /** Gone after compilation. */
    readonly typeOnly: boolean;
    /** Only read when it is needed: `import()` and `require()` inside functions. */
    readonly lazy: boolean;
}

function files(folder: string): string[] {
    return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name))
        .sort();
}

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
    if (ts.isExportDeclaration(node)) {
        const { exportClause } = node;
        if (node.isTypeOnly) return true;
        return (
            exportClause !== undefined &&
            ts.isNamedExports(exportClause) &&
            exportClause.elements.length > 0 &&
            exportClause.elements.every((one) => one.isTypeOnly)
        );
    }
    const clause = node.importClause;
    if (clause === undefined) return false;
    if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
    const { namedBindings } = clause;
    if (clause.name !== undefined || namedBindings === undefined || ts.isNamespaceImport(namedBindings)) return false;
    return namedBindings.elements.length > 0 && namedBindings.elements.every((one) => one.isTypeOnly);
}

/** `pulumi-cbr/provider` and `../provider` are the same. */
function target(from: string, specifier: string): string {
    if (specifier === "pulumi-cbr/native") return "sdk/native/index.ts";
    if (specifier === "pulumi-cbr") return "sdk/index.ts";
    if (specifier === "pulumi-cbr/provider") return "provider/index.ts";
    if (specifier === "pulumi-cbr/testing") return "sdk/testing/index.ts";
    if (!specifier.startsWith(".")) return specifier;
    const path = join(dirname(from), specifier.replace(/\.js$/, ""));
    for (const one of [`${path}.ts`, join(path, "index.ts"), path])
        if (existsSync(join(root, one)) && one.endsWith(".ts")) return one;
    return path;
}

function importsOf(from: string): Import[] {
    const source = ts.createSourceFile(from, readFileSync(join(root, from), "utf8"), ts.ScriptTarget.ES2023, true);
    const found: Import[] = [];
    const add = (specifier: ts.Node | undefined, typeOnly: boolean, lazy: boolean) => {
        if (specifier !== undefined && ts.isStringLiteral(specifier))
            found.push({ from, to: target(from, specifier.text), typeOnly, lazy });
    };
    const visit = (node: ts.Node): void => {
        if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
            add(node.moduleSpecifier, isTypeOnly(node), false);
        else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
            add(node.argument.literal, true, false);
        else if (
            ts.isCallExpression(node) &&
            (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText(source) === "require")
        )
            add(node.arguments[0], false, true);
        ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
}

const all = [...files("provider"), ...files("sdk")].flatMap(importsOf);
const isUnder = (path: string, folder: string) => path.startsWith(`${folder}/`);
const shown = (list: readonly Import[]) => list.map((one) => `${one.from} → ${one.to}`);

it("takes only types from the provider into the classes, and loads more only inside a function that needs it", () => {
    const bad = all.filter(
        (one) =>
            isUnder(one.from, "sdk") &&
            !isUnder(one.from, "sdk/testing") &&
            isUnder(one.to, "provider") &&
            // A comparison of version numbers, which has to come before anything else.
            one.to !== "provider/client/node-version.ts" &&
            !one.typeOnly &&
            !one.lazy,
    );
    expect(shown(bad)).toEqual([]);
});

it("lets only what runs in the program's own process load the provider: functions, the hook, previews, notes that have served", () => {
    const lazy = all.filter(
        (one) => isUnder(one.from, "sdk") && isUnder(one.to, "provider") && one.lazy && !one.typeOnly,
    );
    const allowed = ["sdk/checkpoint-before.ts", "sdk/settle-notes.ts", "sdk/functions.ts", "sdk/preview.ts"];
    expect(lazy.map((one) => one.from).filter((from) => !allowed.includes(from))).toEqual([]);
});

it("keeps the simulator out of the classes, and zod and undici too", () => {
    const bad = all.filter(
        (one) =>
            isUnder(one.from, "sdk") &&
            !isUnder(one.from, "sdk/testing") &&
            !one.typeOnly &&
            (isUnder(one.to, "sdk/testing") || ["zod", "undici", "yaml"].includes(one.to)),
    );
    expect(shown(bad)).toEqual([]);
});

it("lets the simulator take schemas and the clock from the provider, and nothing that talks to the API", () => {
    const taken = all.filter((one) => isUnder(one.from, "sdk/testing") && isUnder(one.to, "provider") && !one.typeOnly);
    const strange = taken.filter(
        (one) => !isUnder(one.to, "provider/client/operations") && one.to !== "provider/client/time/clock.ts",
    );
    expect(shown(strange)).toEqual([]);
});

it("takes nothing from sdk, tests or the command line into the provider", () => {
    const bad = all.filter(
        (one) =>
            isUnder(one.from, "provider") &&
            ["sdk", "test", "cli", "scripts", "bench", "examples"].some((folder) => isUnder(one.to, folder)),
    );
    expect(shown(bad)).toEqual([]);
});

/** Folder → folders whose values it may take. Types are free, and so is a folder's own. What stands here is what is needed. */
const time = "client/time";
const errors = "client/errors";
const mayTake: Readonly<Record<string, readonly string[]>> = {
    [time]: [],
    [errors]: [],
    "client/operations": [],
    "client/settings": [time, errors],
    "client/http": [errors, "client/settings"],
    "client/auth": [errors, "client/settings", "client/http"],
    "client/chain": [errors, "client/http", "client/auth"],
    client: ["client/operations", "client/settings", "client/http", "client/auth", "client/chain"],
    reads: [time, errors, "client/operations"],
    "exactly-once": [time, errors, "client/http", "client/chain"],
    services: [time, "client/settings", "client/http", "client/auth", "client", "reads", "exactly-once"],
    resource: [time, errors, "client/operations", "client/settings", "reads", "exactly-once", "services"],
    "resources/checkpoint": [
        time,
        errors,
        "client/chain",
        "client/operations",
        "reads",
        "exactly-once",
        "services",
        "resource",
    ],
    "resources/copies/without-records": [time, errors, "reads"],
    "resources/copies": [
        time,
        errors,
        "client/operations",
        "reads",
        "exactly-once",
        "services",
        "resource",
        "resources/checkpoint",
        "resources/copies/without-records",
    ],
    "resources/vault-sync": [time, errors, "client/operations", "reads", "exactly-once", "services", "resource"],
    resources: ["resources/checkpoint", "resources/copies", "resources/vault-sync"],
    pulumi: [time, errors, "client", "exactly-once", "services", "resource"],
    functions: [
        time,
        errors,
        "client/operations",
        "client/settings",
        "reads",
        "exactly-once",
        "services",
        "resource",
        "resources/checkpoint",
        "pulumi",
    ],
    "pulumi/native": [errors, "client/settings", "resource", "resources", "pulumi", "functions"],
    "": ["resources", "pulumi"],
};
const folderOf = (path: string) => dirname(path).replace(/^provider\/?/, "");
const between = all.filter(
    (one) =>
        !one.typeOnly &&
        isUnder(one.from, "provider") &&
        isUnder(one.to, "provider") &&
        folderOf(one.from) !== folderOf(one.to),
);

it.each(Object.keys(mayTake))("lets provider/%s take values from the folders in its row only", (folder) => {
    const taken = between.filter((one) => folderOf(one.from) === folder);
    expect(shown(taken.filter((one) => !mayTake[folder]?.includes(folderOf(one.to))))).toEqual([]);
    const used = new Set(taken.map((one) => folderOf(one.to)));
    expect([...used].sort()).toEqual([...(mayTake[folder] ?? [])].sort());
});

it("has a row for every folder, each below those that it takes from", () => {
    expect(Object.keys(mayTake).sort()).toEqual([...new Set(files("provider").map(folderOf))].sort());
    const order = Object.keys(mayTake);
    for (const [at, folder] of order.entries())
        for (const lower of mayTake[folder] ?? [])
            expect(order.indexOf(lower), `${folder} → ${lower}`).toBeLessThan(at);
});

it("keeps operations data: they know zod and each other", () => {
    const bad = all.filter(
        (one) =>
            isUnder(one.from, "provider/client/operations") &&
            !isUnder(one.to, "provider/client/operations") &&
            one.to !== "zod" &&
            !(one.typeOnly && one.to === "provider/client/errors/errors.ts"),
    );
    expect(shown(bad)).toEqual([]);
});

it("keeps Pulumi out of the client, and lets only the engine's client and the native server load its code", () => {
    const client = all.filter((one) => isUnder(one.from, "provider/client"));
    expect(shown(client.filter((one) => one.to.startsWith("@pulumi/")))).toEqual([]);
    const knowing = all.filter(
        (one) => !one.typeOnly && one.to.startsWith("@pulumi/pulumi") && isUnder(one.from, "provider"),
    );
    expect([...new Set(knowing.map((one) => one.from))]).toEqual([
        "provider/pulumi/engine.ts",
        "provider/pulumi/native/server.ts",
    ]);
    const users = all.filter((one) => one.to === "provider/pulumi/dynamic-provider.ts").map((one) => one.from);
    expect(users).toEqual(["provider/index.ts"]);
});

it("finds every file that is imported", () => {
    const lost = all.filter(
        (one) => (isUnder(one.to, "provider") || isUnder(one.to, "sdk")) && !existsSync(join(root, one.to)),
    );
    expect(shown(lost)).toEqual([]);
});

it("has no cycle, lazy imports included", () => {
    const edges = new Map<string, string[]>();
    for (const { from, to, typeOnly } of all)
        if (!typeOnly && to.endsWith(".ts")) edges.set(from, [...(edges.get(from) ?? []), to]);
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, path: readonly string[]): void => {
        const at = path.indexOf(file);
        if (at >= 0) cycles.push([...path.slice(at), file].join(" → "));
        if (at >= 0 || done.has(file)) return;
        for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
        done.add(file);
    };
    for (const file of edges.keys()) walk(file, []);
    expect(cycles).toEqual([]);
});
