export const stackType = "pulumi:pulumi:Stack";
const providerPrefix = "pulumi:providers:";

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`; the stack as parent leaves no trace. */
export function makeUrn(stack: string, project: string, parent: string, type: string, name: string): string {
    const parentTypes = parent === "" || qualifiedType(parent) === stackType ? "" : `${qualifiedType(parent)}$`;
    return `urn:pulumi:${stack}::${project}::${parentTypes}${type}::${name}`;
}

/** All types of the chain of parents, joined by `$`. */
export function qualifiedType(urn: string): string {
    return urn.split("::")[2] ?? "";
}

export function typeOf(urn: string): string {
    const types = qualifiedType(urn).split("$");
    return types[types.length - 1] ?? "";
}

export function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

export function isProviderType(type: string): boolean {
    return type.startsWith(providerPrefix);
}

export function providerType(packageName: string): string {
    return `${providerPrefix}${packageName}`;
}

/** The package a type belongs to; a provider resource belongs to the package that it serves. */
export function packageOf(type: string): string {
    return isProviderType(type) ? type.slice(providerPrefix.length) : (type.split(":")[0] ?? "");
}

/** Splits a provider reference `<urn>::<id>`. */
export function parseReference(reference: string): { urn: string; id: string } {
    const at = reference.lastIndexOf("::");
    if (at < 0) {
        throw new Error(`could not parse provider reference "${reference}"`);
    }
    return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
}

export function isDefaultProvider(urn: string): boolean {
    return isProviderType(typeOf(urn)) && /^default(_|$)/.test(nameOf(urn));
}
