// Declarations that stand by themselves. A type that is inferred from a schema (`z.input<typeof …>`) loses its comments in
// a .d.ts file, and it is `any` wherever the compiler does not find zod: Pulumi's own ts-node does not follow links, and
// pnpm links the package without zod beside it. So such a type is written out, with the comments of the schema's keys.
import ts from "typescript";

const INFERRED = /^z\.(input|output|infer)</;
const INDENT = "    ";

/** The text of a .d.ts file with what its source infers from schemas written out. */
export function writtenOut(program, source, text) {
    const checker = program.getTypeChecker();
    const types = new Map();
    const members = new Map();
    const visit = (node) => {
        // The emitter leaves nodes of its own in the tree, which stand nowhere.
        if (node.pos < 0) return;
        const inferred = ts.isTypeReferenceNode(node) ? node.getText(source) : "";
        // What depends on a type parameter is for the caller to infer.
        if (INFERRED.test(inferred) && text.includes(inferred) && !isOpen(node, checker)) {
            const type = checker.getTypeFromTypeNode(node);
            types.set(inferred, print(checker, type, ""));
            members.set(`extends ArgsOf<${inferred}> {\n}`, argsMembers(checker, type));
        }
        ts.forEachChild(node, visit);
    };
    visit(source);
    let result = text;
    for (const [parent, written] of members) result = result.replaceAll(parent, () => written);
    if (!result.includes("ArgsOf<")) result = result.replace("import type { ArgsOf", "import type { Arg");
    for (const [inferred, written] of types) result = result.replaceAll(inferred, () => written);
    const rest = result.replace(/^import (type )?\{ z \} from "zod";\n/m, "");
    return /\bz\./.test(rest) ? result : rest;
}

/** The compiler names an interface in its messages only for members of its own. */
function argsMembers(checker, type) {
    const wrap = (text) => `Arg<${text}>`;
    return `{\n${type
        .getProperties()
        .map((key) => property(checker, key, INDENT, wrap))
        .join("")}}`;
}

function isOpen(node, checker) {
    if (ts.isTypeReferenceNode(node) || ts.isTypeQueryNode(node)) {
        const name = ts.isTypeReferenceNode(node) ? node.typeName : node.exprName;
        const symbol = checker.getSymbolAtLocation(name);
        if (symbol !== undefined && symbol.flags & ts.SymbolFlags.TypeParameter) return true;
    }
    return ts.forEachChild(node, (child) => isOpen(child, checker)) ?? false;
}

function print(checker, type, indent) {
    const inner = (one) => print(checker, one, indent);
    if (type.flags & ts.TypeFlags.Boolean) return "boolean";
    if (type.isUnion()) {
        const isBoolean = (one) => (one.flags & ts.TypeFlags.BooleanLiteral) !== 0;
        const both = type.types.filter(isBoolean).length === 2;
        const isLast = (one) => (one.flags & ts.TypeFlags.Undefined) !== 0;
        const parts = type.types.filter((one) => !isLast(one) && !(both && isBoolean(one))).map(inner);
        // The order of literals in a union is the compiler's, and depends on what it has seen before.
        if (parts.every((part) => part.startsWith('"'))) parts.sort();
        return [...parts, ...(both ? ["boolean"] : []), ...(type.types.some(isLast) ? ["undefined"] : [])].join(" | ");
    }
    if (type.isIntersection()) return type.types.map((one) => `(${inner(one)})`).join(" & ");
    if (checker.isArrayType(type)) {
        const [item] = checker.getTypeArguments(type);
        const isCompound = item.isUnionOrIntersection() && (item.flags & ts.TypeFlags.Boolean) === 0;
        const list = isCompound ? `(${inner(item)})[]` : `${inner(item)}[]`;
        return type.symbol.name === "ReadonlyArray" ? `readonly ${list}` : list;
    }
    const isAnonymous = type.symbol === undefined || type.symbol.name.startsWith("__");
    if ((type.flags & ts.TypeFlags.Object) === 0 || !isAnonymous)
        return checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
    const [index] = checker.getIndexInfosOfType(type);
    if (index !== undefined) return `Record<${inner(index.keyType)}, ${inner(index.type)}>`;
    const keys = type.getProperties().map((key) => property(checker, key, indent + INDENT));
    return keys.length === 0 ? "{}" : `{\n${keys.join("")}${indent}}`;
}

function property(checker, key, indent, wrap = (text) => text) {
    const lines = ts.displayPartsToString(key.getDocumentationComment(checker)).split("\n");
    const comment =
        lines.length > 1
            ? `/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */`
            : `/** ${lines[0]} */`;
    const name = /^[A-Za-z_$][\w$]*$/.test(key.name) ? key.name : JSON.stringify(key.name);
    const mark = key.flags & ts.SymbolFlags.Optional ? "?" : "";
    const type = wrap(print(checker, checker.getTypeOfSymbol(key), indent));
    return `${lines[0] === "" ? "" : `${indent}${comment}\n`}${indent}${name}${mark}: ${type};\n`;
}
