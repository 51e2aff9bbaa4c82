// Time and chance come in as a `Clock`, so that every wait can be tested without waiting.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const root = join(__dirname, "..");

/** Who may, and why. */
const allowed: Readonly<Record<string, readonly string[]>> = {
    // The machine's clock itself.
    "provider/client/time/clock.ts": ["Date.now", "Math.random", "setTimeout"],
    // The adapter: rows of the engine exist in real time only, and only it knows the host's.
    "provider/pulumi/host.ts": ["Date.now"],
    // The end of one exchange over a real socket: what a test of it needs is a slow server, not a fake clock.
    "provider/client/http/undici-transport.ts": ["AbortSignal.timeout"],
};

const banned = new Set([
    "Date.now",
    "Math.random",
    "performance.now",
    "process.hrtime",
    "setTimeout",
    "setInterval",
    "setImmediate",
    "new Date()",
    "Date()",
    "node:timers",
    "node:timers/promises",
    "timers/promises",
    "AbortSignal.timeout",
]);

function files(folder: string): string[] {
    return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name))
        .sort();
}

/** Uses of what is banned, each once. Comments and texts do not count. */
function uses(path: string): string[] {
    const found = new Set<string>();
    const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.ES2023, true);
    const note = (name: string) => {
        if (banned.has(name)) found.add(name);
    };
    const visit = (node: ts.Node): void => {
        if (ts.isPropertyAccessExpression(node)) note(node.getText(source));
        else if (
            ts.isNewExpression(node) &&
            node.expression.getText(source) === "Date" &&
            (node.arguments?.length ?? 0) === 0
        )
            note("new Date()");
        else if (ts.isCallExpression(node)) {
            const name = node.expression.getText(source);
            note(name === "Date" ? "Date()" : name.replace(/^globalThis\./, ""));
        } else if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier))
            note(node.moduleSpecifier.text);
        else if (
            ts.isIdentifier(node) &&
            !ts.isPropertyAccessExpression(node.parent) &&
            !ts.isPropertySignature(node.parent)
        )
            note(node.text);
        ts.forEachChild(node, visit);
    };
    visit(source);
    return [...found].sort();
}

it("lets nothing but clock.ts touch timers, the date and chance", () => {
    const found = [...files("provider"), ...files("sdk")]
        .map((path) => [relative(".", path), uses(path)] as const)
        .filter(([, list]) => list.length > 0);
    expect(Object.fromEntries(found)).toEqual(allowed);
});

it("takes random ids of the system nowhere in the provider: what it sends can be foretold in tests", () => {
    const random = /\b(randomUUID|randomBytes|randomInt|getRandomValues)\b/;
    expect(files("provider").filter((path) => random.test(readFileSync(join(root, path), "utf8")))).toEqual([]);
});

it("finds what it looks for", () => {
    expect(uses("provider/client/time/clock.ts")).toEqual(["Date.now", "Math.random", "setTimeout"]);
    expect(uses("test/support/fake-clock.ts")).toEqual(["setImmediate"]);
});
