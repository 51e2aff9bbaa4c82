import { types } from "node:util";
import * as pulumi from "@pulumi/pulumi";

/**
 * `value` as Pulumi will carry it: plain data with dates as ISO texts, Outputs and promises at any depth included.
 * Pulumi turns a Date, Map or URL into `{}` without a word, and what changes inside would never be seen.
 *
 * A value that Pulumi has already taken apart, as in `pulumi.output({ at: new Date() })`, arrives as `{}`.
 *
 * @param path Where the value stands, for the message: `triggers`.
 * @throws RunError that names the place of what is no plain data; inside an Output or promise, as its rejection.
 */
export function plainData(value: unknown, path: string, parents: readonly object[] = []): unknown {
    if (pulumi.Output.isInstance(value)) return value.apply((known: unknown) => plainData(known, path, parents));
    if (types.isPromise(value)) return value.then((known) => plainData(known, path, parents));
    // Pulumi: a resource is passed on as its id.
    if (pulumi.Resource.isInstance(value)) return value;
    if (types.isDate(value)) return isoText(value, path);
    if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function")
        throw notPlain(path, `of type ${typeof value}`, typeof value === "bigint" ? "String(value)" : undefined);
    if (typeof value !== "object" || value === null) return value;
    if (parents.includes(value)) throw notPlain(path, "part of itself");
    const within = [...parents, value];
    if (Array.isArray(value)) return value.map((item, index) => plainData(item, `${path}[${index}]`, within));
    if (!isPlainObject(value)) throw notPlain(path, `of type ${nameOf(value)}`, hints[nameOf(value)]);
    return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, plainData(item, `${path}${keyText(key)}`, within)]),
    );
}

const hints: Readonly<Record<string, string>> = {
    Map: "Object.fromEntries(map)",
    Set: "[...set]",
    URL: "url.href",
    RegExp: "regexp.source",
    Error: "error.message",
    Buffer: 'buffer.toString("base64")',
    FileAsset: "a hash of the file",
    FileArchive: "a hash of the files",
};

/** Pulumi: this kind of error is shown without a stack. */
function notPlain(path: string, what: string, hint?: string): Error {
    return new pulumi.RunError(
        `${path} is ${what}, which is no plain data: Pulumi would not see it change. Give texts, numbers, booleans, ` +
            `dates, and lists and maps of these${hint === undefined ? "" : `; here ${hint}`}.`,
    );
}

function isoText(value: Date, path: string): string {
    if (Number.isNaN(value.getTime())) throw notPlain(path, "an invalid Date");
    return value.toISOString();
}

/** Also one of another realm, or without a prototype. */
function isPlainObject(value: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
    const { name } = value.constructor ?? {};
    return typeof name === "string" && name !== "" ? name : "class instance";
}

function keyText(key: string): string {
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
