// Writes schema.json, what Pulumi knows of the native provider, from the same types and comments as docs/reference.md.
// `npm run reference`; test/schema.test.ts compares.
import { readFileSync, writeFileSync } from "node:fs";
import * as ts from "typescript";
import { checker, declarationOf, docOf, itemOf, oneLine, path, plain, resources, sdk, typeIn } from "./reference";

interface Spec {
    readonly [key: string]: unknown;
}
interface ObjectSpec {
    readonly properties: Record<string, Spec>;
    readonly required: readonly string[];
}

const ANY: Spec = { $ref: "pulumi.json#/Any" };
const SECRETS = ["secretKey", "securityToken", "token", "password", "passcode"];

/** Named types: enumerations and nested objects. */
const types: Record<string, Spec> = {};

const typeName = (key: string): string => key.charAt(0).toUpperCase() + key.slice(1);
/** `all_granted` is `AllGranted` in languages that have names for the values. */
const valueName = (value: string): string =>
    value
        .split(/[^A-Za-z0-9]+/)
        .map(typeName)
        .join("");
const singular = (key: string): string =>
    key
        .replace(/(?<=[Cc]hild)ren$/, "")
        .replace(/ies$/, "y")
        // A `status` is one already.
        .replace(/(?<![us])s$/, "");

/** A reference to a type, which bears the key's name, and its owner's too if another type has that one. */
function named(owner: string, key: string, spec: Spec): Spec {
    const text = JSON.stringify(spec);
    for (const name of [typeName(key), `${owner}${typeName(key)}`]) {
        const token = `cbr:index:${name}`;
        // Some languages have one name for both.
        if (resources.includes(name)) continue;
        types[token] ??= spec;
        if (JSON.stringify(types[token]) === text) return { $ref: `#/types/${token}` };
    }
    throw new Error(`${owner}.${key}: two types of that name`);
}

function literals(parts: readonly ts.Type[]): string[] | undefined {
    const values = parts.map((part) => (part.isStringLiteral() ? part.value : undefined));
    return values.every((value) => value !== undefined) ? values.sort() : undefined;
}

function specOf(type: ts.Type, owner: string, key: string): Spec {
    const parts = plain(type);
    const [one, ...others] = parts;
    if (one === undefined || one.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return ANY;
    if (parts.every((part) => part.flags & ts.TypeFlags.BooleanLike)) return { type: "boolean" };
    const values = literals(parts);
    if (values !== undefined) {
        const choices = values.map((value) => ({ name: valueName(value), value }));
        return named(owner, key, { type: "string", enum: choices });
    }
    if (others.length > 0) return ANY;
    if (one.flags & ts.TypeFlags.StringLike) return { type: "string" };
    if (one.flags & ts.TypeFlags.NumberLike) return { type: "number" };
    const item = itemOf(one);
    if (item !== undefined) return { type: "array", items: specOf(item, owner, singular(key)) };
    const value = checker.getIndexTypeOfType(one, ts.IndexKind.String);
    if (value !== undefined) return { type: "object", additionalProperties: specOf(value, owner, key) };
    return named(owner, key, { type: "object", ...objectOf(one, `${owner}${typeName(key)}`) });
}

/** What leaving an input out means, as its schema says it. */
function defaultOf(declaration: ts.Declaration | undefined): unknown {
    const [, text] = /\.meta\(\{[^}]*\bdefault: ("[^"]*"|true|false|\d+)/.exec(declaration?.getText() ?? "") ?? [];
    return text === undefined ? undefined : JSON.parse(text);
}

function objectOf(type: ts.Type, owner: string): ObjectSpec {
    const properties: Record<string, Spec> = {};
    const required: string[] = [];
    for (const symbol of type.getProperties().sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const declaration = declarationOf(symbol);
        const own = checker.getTypeOfSymbol(symbol);
        const known = own.flags & ts.TypeFlags.Any && declaration !== undefined;
        const full = known ? checker.getTypeOfSymbolAtLocation(symbol, declaration) : own;
        const doc = oneLine(docOf(symbol));
        const [deprecated] = symbol.getJsDocTags().filter(({ name }) => name === "deprecated");
        const fallback = defaultOf(declaration);
        properties[symbol.name] = {
            ...(symbol.name === "triggers" ? ANY : specOf(full, owner, symbol.name)),
            ...(doc === "" ? {} : { description: doc }),
            ...(fallback === undefined ? {} : { default: fallback }),
            ...(/Changing it replaces|Any change replaces/.test(doc) ? { willReplaceOnChanges: true } : {}),
            ...(deprecated === undefined ? {} : { deprecationMessage: ts.displayPartsToString(deprecated.text) }),
        };
        const isOptional = symbol.flags & ts.SymbolFlags.Optional || hasUndefined(full);
        if (!isOptional) required.push(symbol.name);
    }
    return { properties, required };
}

const hasUndefined = (type: ts.Type): boolean =>
    type.isUnion() && type.types.some((part) => part.flags & ts.TypeFlags.Undefined);

/** Outputs say nothing of defaults and replacements. */
function asOutputs({ properties, required }: ObjectSpec): ObjectSpec {
    const plainOnes = Object.entries(properties).map(([key, { default: _, willReplaceOnChanges: __, ...spec }]) => [
        key,
        spec,
    ]);
    return { properties: Object.fromEntries(plainOnes), required };
}

/** The comment without its example, which is TypeScript. */
const proseOf = (symbol: ts.Symbol | undefined): string =>
    symbol === undefined ? "" : oneLine(docOf(symbol).replace(/```ts\n[\s\S]*?```/g, ""));

function resourceSpec(name: string): Spec {
    const inputs = objectOf(typeIn(name, `${name}Inputs`), name);
    return {
        description: proseOf(sdk.get(name)),
        inputProperties: inputs.properties,
        requiredInputs: inputs.required,
        ...asOutputs(objectOf(typeIn(name, `${name}Outputs`), name)),
        aliases: [{ type: `pulumi-nodejs:dynamic/cbr:${name}` }],
    };
}

function functionSpec(name: string): Spec {
    const symbol = sdk.get(name);
    const declaration = symbol === undefined ? undefined : declarationOf(symbol);
    if (symbol === undefined || declaration === undefined) throw new Error(`${name} has no declaration`);
    const [signature] = checker.getTypeOfSymbolAtLocation(symbol, declaration).getCallSignatures();
    const result = signature === undefined ? undefined : checker.getAwaitedType(signature.getReturnType());
    const [argument] = signature?.parameters ?? [];
    if (result === undefined || argument === undefined) throw new Error(`${name} is no function of an object`);
    const [args] = plain(checker.getTypeOfSymbol(argument));
    const item = itemOf(result);
    const owner = singular(typeName(name));
    const list = () => ({
        properties: { items: specOf(result, owner, name.replace(/^get/, "")) },
        required: ["items"],
    });
    return {
        description: proseOf(symbol),
        ...(args === undefined ? {} : { inputs: { type: "object", ...objectOf(args, owner) } }),
        outputs: { type: "object", ...(item === undefined ? asOutputs(objectOf(result, owner)) : list()) },
    };
}

function settings(): Record<string, Spec> {
    const symbol = sdk.get("ProviderArgs");
    if (symbol === undefined) throw new Error("ProviderArgs is not public");
    const { properties } = objectOf(checker.getDeclaredTypeOfSymbol(symbol), "Provider");
    const withSecrets = Object.entries(properties).map(([key, spec]) => [
        key,
        SECRETS.includes(key) ? { ...spec, secret: true } : spec,
    ]);
    return Object.fromEntries(withSecrets);
}

/** What stands in schema.json. The provider adds the release's version. */
export function schema(): string {
    const { description, keywords, license } = JSON.parse(readFileSync(path("package.json"), "utf8")) as Spec;
    const variables = settings();
    const functions = [...sdk.keys()].filter((name) => name.startsWith("get") && !name.endsWith("Output")).sort();
    const entriesOf = (names: readonly string[], spec: (name: string) => Spec) =>
        Object.fromEntries(names.map((name) => [`cbr:index:${name}`, spec(name)]));
    const all = {
        name: "cbr",
        displayName: "Cloud Backup and Recovery",
        description,
        keywords,
        license,
        publisher: "pulumi-cbr",
        meta: { moduleFormat: "(.*)" },
        language: { nodejs: { packageName: "pulumi-cbr/native" } },
        config: { variables },
        provider: { description: proseOf(sdk.get("Provider")), inputProperties: variables },
        resources: entriesOf(resources, resourceSpec),
        functions: entriesOf(functions, functionSpec),
        types,
    };
    return `${JSON.stringify(all, undefined, 4)}\n`;
}

if (process.argv[2]?.endsWith("schema.ts")) writeFileSync(path("schema.json"), schema());
