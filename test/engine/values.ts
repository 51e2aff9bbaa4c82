import { type JavaScriptValue, Struct } from "./protocol";

/** A value that is masked on screen and encrypted in state. */
export class Secret {
    readonly value: Value;
    constructor(value: Value) {
        this.value = value;
    }
}

/** A value that is only known once the update has run. */
export class Unknown {
    readonly kind = "unknown";
}
export const unknown = new Unknown();

export type Value = null | boolean | number | string | Secret | Unknown | Value[] | Bag;
export interface Bag {
    [key: string]: Value;
}

/** Pulumi: the magic key and its values that mark special objects on the wire and in state. */
export const signature = "4dabf18193072939515e22adb298388d";
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const resourceSignature = "5cf8f73096256a8f31e491e813e4eb8e";
/** Pulumi: what stands for an unknown string on the wire; the others are for values of other types. */
export const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const unknownTexts = new Set([
    unknownText,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
]);

export function isBag(value: Value | undefined): value is Bag {
    return (
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        !(value instanceof Secret) &&
        !(value instanceof Unknown)
    );
}

/** A plain object, not an asset, archive or resource reference. */
export function isPlainBag(value: Value | undefined): value is Bag {
    return isBag(value) && !(signature in value);
}

export function fromWireValue(value: unknown): Value {
    if (typeof value === "string") {
        return unknownTexts.has(value) ? unknown : value;
    }
    if (Array.isArray(value)) {
        return value.map(fromWireValue);
    }
    if (typeof value === "object" && value !== null) {
        const object = value as Record<string, unknown>;
        if (object[signature] === secretSignature) {
            return makeSecret(fromWireValue(object["value"]));
        }
        if (object[signature] === outputSignature) {
            const inner = "value" in object ? fromWireValue(object["value"]) : unknown;
            return object["secret"] === true ? makeSecret(inner) : inner;
        }
        return fromWireObject(object);
    }
    return typeof value === "number" || typeof value === "boolean" ? value : null;
}

function fromWireObject(object: Record<string, unknown>): Bag {
    const result: Bag = {};
    for (const key of Object.keys(object)) {
        result[key] = fromWireValue(object[key]);
    }
    return result;
}

/** Reads a message's properties, with secrets and unknowns as such. */
export function fromWire(struct: Struct | undefined): Bag {
    return struct === undefined ? {} : fromWireObject(struct.toJavaScript());
}

interface WireOptions {
    /** Keep secrets as envelopes (for the program), or hand over the inner value (for the dynamic provider host). */
    secrets: "keep" | "unwrap";
    /** Write unknowns as their text, or leave them out. */
    unknowns: "keep" | "drop";
    /** Resource references as such (for the program), or as the resource's id (for the dynamic provider host). */
    references: "keep" | "id";
}

function toWireValue(value: Value, options: WireOptions): JavaScriptValue | undefined {
    if (value instanceof Unknown) {
        return options.unknowns === "keep" ? unknownText : undefined;
    }
    if (value instanceof Secret) {
        const inner = toWireValue(value.value, options);
        return options.secrets === "unwrap" || inner === undefined
            ? inner
            : { [signature]: secretSignature, value: inner };
    }
    if (Array.isArray(value)) {
        return value.map((item) => toWireValue(item, options)).filter((item) => item !== undefined);
    }
    if (isBag(value)) {
        if (value[signature] === resourceSignature && options.references === "id") {
            const id = value["id"];
            return id === undefined ? toWireValue(value["urn"] ?? null, options) : toWireValue(id || unknown, options);
        }
        return toWireObject(value, options);
    }
    return value;
}

function toWireObject(bag: Bag, options: WireOptions): Record<string, JavaScriptValue> {
    const result: Record<string, JavaScriptValue> = {};
    for (const key of Object.keys(bag)) {
        const value = toWireValue(bag[key] as Value, options);
        if (value !== undefined) {
            result[key] = value;
        }
    }
    return result;
}

export function toProgram(bag: Bag): Struct {
    return Struct.fromJavaScript(toWireObject(bag, { secrets: "keep", unknowns: "keep", references: "keep" }));
}

/** Pulumi: the dynamic provider host accepts neither secrets nor resource references. */
export function toProvider(bag: Bag, unknowns: "keep" | "drop"): Struct {
    return Struct.fromJavaScript(toWireObject(bag, { secrets: "unwrap", unknowns, references: "id" }));
}

export function makeSecret(value: Value): Secret {
    return value instanceof Secret ? value : new Secret(value);
}

function containsSecret(value: Value): boolean {
    if (value instanceof Secret) {
        return true;
    }
    if (Array.isArray(value)) {
        return value.some(containsSecret);
    }
    return isBag(value) && Object.values(value).some(containsSecret);
}

export function containsUnknown(value: Value): boolean {
    if (value instanceof Unknown) {
        return true;
    }
    if (value instanceof Secret) {
        return containsUnknown(value.value);
    }
    if (Array.isArray(value)) {
        return value.some(containsUnknown);
    }
    return isBag(value) && Object.values(value).some(containsUnknown);
}

/** The value without secret marks at any depth. */
export function unwrapSecrets(value: Value): Value {
    if (value instanceof Secret) {
        return unwrapSecrets(value.value);
    }
    if (Array.isArray(value)) {
        return value.map(unwrapSecrets);
    }
    return isBag(value) ? mapBag(value, unwrapSecrets) : value;
}

/** The value with `[secret]` in place of each secret. */
export function maskSecrets(value: Value): Value {
    if (value instanceof Secret) {
        return "[secret]";
    }
    if (Array.isArray(value)) {
        return value.map(maskSecrets);
    }
    return isBag(value) ? mapBag(value, maskSecrets) : value;
}

function mapBag(bag: Bag, change: (value: Value) => Value): Bag {
    const result: Bag = {};
    for (const key of Object.keys(bag)) {
        result[key] = change(bag[key] as Value);
    }
    return result;
}

/**
 * Pulumi: as the host loses secret marks, an output (or checked input) is secret again where the request had a secret at the
 * same path; a list with any secret in it becomes secret as a whole.
 */
export function annotateSecrets(answer: Bag, request: Bag): Bag {
    for (const key of Object.keys(request)) {
        const asked = request[key] as Value;
        const got = answer[key];
        if (got === undefined || got instanceof Secret) {
            continue;
        }
        if (isPlainBag(asked) && isPlainBag(got)) {
            annotateSecrets(got, asked);
        } else if (containsSecret(asked)) {
            answer[key] = makeSecret(got);
        }
    }
    return answer;
}

export function equal(left: Value | undefined, right: Value | undefined): boolean {
    if (left === right) {
        return true;
    }
    if (left instanceof Secret || right instanceof Secret) {
        return left instanceof Secret && right instanceof Secret && equal(left.value, right.value);
    }
    if (Array.isArray(left)) {
        return (
            Array.isArray(right) &&
            left.length === right.length &&
            left.every((item, index) => equal(item, right[index]))
        );
    }
    if (isBag(left) && isBag(right)) {
        const keys = Object.keys(left);
        return (
            keys.length === Object.keys(right).length &&
            keys.every((key) => key in right && equal(left[key], right[key]))
        );
    }
    return typeof left === "number" && typeof right === "number" && Number.isNaN(left) && Number.isNaN(right);
}
