import type { Crypter } from "./secrets";
import {
    type Bag,
    isBag,
    Secret,
    secretSignature,
    signature,
    Unknown,
    unknown,
    unknownText,
    type Value,
} from "./values";

export interface Timeouts {
    create?: number;
    update?: number;
    delete?: number;
    read?: number;
}

/** One resource of a stack, in the fields of Pulumi's deployment format that we use. */
export interface ResourceState {
    urn: string;
    type: string;
    custom: boolean;
    /** Marked for deletion: a replacement exists. */
    delete: boolean;
    id: string;
    inputs: Bag;
    outputs: Bag;
    parent: string;
    protect: boolean;
    /** Read, not owned: never deleted by us. */
    external: boolean;
    dependencies: string[];
    initErrors: string[];
    provider: string;
    propertyDependencies: Record<string, string[]>;
    /** Deleted already, and waiting for its replacement. */
    pendingReplacement: boolean;
    additionalSecretOutputs: string[];
    aliases: string[];
    customTimeouts: Timeouts;
    importId: string;
    retainOnDelete: boolean;
    deletedWith: string;
    replaceWith: string[];
    created: string;
    modified: string;
    ignoreChanges: string[];
    hideDiff: string[];
    replaceOnChanges: string[];
    replacementTrigger: Value | undefined;
    resourceHooks: Record<string, string[]>;
}

/** What `state.type` etc. are when nothing is said. */
export function newState(
    fields: Pick<ResourceState, "urn" | "type" | "custom"> & Partial<ResourceState>,
): ResourceState {
    return {
        delete: false,
        id: "",
        inputs: {},
        outputs: {},
        parent: "",
        protect: false,
        external: false,
        dependencies: [],
        initErrors: [],
        provider: "",
        propertyDependencies: {},
        pendingReplacement: false,
        additionalSecretOutputs: [],
        aliases: [],
        customTimeouts: {},
        importId: "",
        retainOnDelete: false,
        deletedWith: "",
        replaceWith: [],
        created: "",
        modified: "",
        ignoreChanges: [],
        hideDiff: [],
        replaceOnChanges: [],
        replacementTrigger: undefined,
        resourceHooks: {},
        ...fields,
    };
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** How a secret is written: encrypted for storage, readable for an export that asks for it, masked for events. */
export type SecretForm = { form: "encrypted"; crypter: Crypter } | { form: "plain" } | { form: "masked" };

/** Encrypting takes a new nonce each time; this keeps a secret's text the same from write to write. */
const encrypted = new WeakMap<Secret, { crypter: Crypter; text: string }>();
/** Pulumi: marks a number that JSON cannot hold. */
const numberSignature = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c";

function writeSecret(secret: Secret, secrets: SecretForm): JsonObject {
    if (secrets.form === "masked") {
        return { [signature]: secretSignature, ciphertext: "[secret]" };
    }
    const plaintext = () => JSON.stringify(writeValue(secret.value, { form: "plain" }));
    if (secrets.form === "plain") {
        return { [signature]: secretSignature, plaintext: plaintext() };
    }
    let known = encrypted.get(secret);
    if (known?.crypter !== secrets.crypter) {
        known = { crypter: secrets.crypter, text: secrets.crypter.encrypt(plaintext()) };
        encrypted.set(secret, known);
    }
    return { [signature]: secretSignature, ciphertext: known.text };
}

export function writeValue(value: Value, secrets: SecretForm): Json {
    if (value instanceof Secret) {
        return writeSecret(value, secrets);
    }
    if (value instanceof Unknown) {
        return unknownText;
    }
    if (Array.isArray(value)) {
        return value.map((item) => writeValue(item, secrets));
    }
    if (isBag(value)) {
        return writeBag(value, secrets);
    }
    return typeof value === "number" && !Number.isFinite(value)
        ? { [signature]: numberSignature, value: String(value) }
        : value;
}

export function writeBag(bag: Bag, secrets: SecretForm): JsonObject {
    const result: JsonObject = {};
    for (const key of Object.keys(bag).sort()) {
        result[key] = writeValue(bag[key] as Value, secrets);
    }
    return result;
}

export function readValue(json: Json, crypter: Crypter | undefined): Value {
    if (json === unknownText) {
        return unknown;
    }
    if (Array.isArray(json)) {
        return json.map((item) => readValue(item, crypter));
    }
    if (typeof json !== "object" || json === null) {
        return json;
    }
    if (json[signature] === secretSignature) {
        const plain = json["plaintext"];
        if (typeof plain === "string") {
            return new Secret(readValue(JSON.parse(plain) as Json, crypter));
        }
        if (crypter === undefined) {
            throw new Error("the state has secrets, but no secrets provider");
        }
        const text = String(json["ciphertext"]);
        const secret = new Secret(readValue(JSON.parse(crypter.decrypt(text)) as Json, crypter));
        encrypted.set(secret, { crypter, text });
        return secret;
    }
    if (json[signature] === numberSignature) {
        return Number(json["value"]);
    }
    return readBag(json, crypter);
}

function readBag(json: Json | undefined, crypter: Crypter | undefined): Bag {
    const result: Bag = {};
    if (typeof json === "object" && json !== null && !Array.isArray(json)) {
        for (const key of Object.keys(json)) {
            result[key] = readValue(json[key] as Json, crypter);
        }
    }
    return result;
}

function isEmpty(value: Json): boolean {
    return (
        value === false ||
        value === "" ||
        (typeof value === "object" && value !== null && Object.keys(value).length === 0)
    );
}

/** A resource as it stands in a deployment; what is empty is left out, as Pulumi does. */
export function writeState(state: ResourceState, secrets: SecretForm): JsonObject {
    const full: JsonObject = {
        urn: state.urn,
        delete: state.delete,
        id: state.id,
        inputs: writeBag(state.inputs, secrets),
        outputs: writeBag(state.outputs, secrets),
        parent: state.parent,
        protect: state.protect,
        external: state.external,
        dependencies: state.dependencies,
        initErrors: state.initErrors,
        provider: state.provider,
        propertyDependencies: state.propertyDependencies,
        pendingReplacement: state.pendingReplacement,
        additionalSecretOutputs: state.additionalSecretOutputs,
        aliases: state.aliases,
        customTimeouts: { ...state.customTimeouts },
        importID: state.importId,
        retainOnDelete: state.retainOnDelete,
        deletedWith: state.deletedWith,
        replaceWith: state.replaceWith,
        created: state.created,
        modified: state.modified,
        ignoreChanges: state.ignoreChanges,
        hideDiff: state.hideDiff,
        replaceOnChanges: state.replaceOnChanges,
        resourceHooks: state.resourceHooks,
    };
    const result: JsonObject = { urn: state.urn, custom: state.custom };
    if (state.id !== "") {
        result["id"] = state.id;
    }
    result["type"] = state.type;
    for (const key of Object.keys(full)) {
        if (!isEmpty(full[key] as Json)) {
            result[key] = full[key] as Json;
        }
    }
    if (state.replacementTrigger !== undefined) {
        result["replacementTrigger"] = writeValue(state.replacementTrigger, secrets);
    }
    return result;
}

export function readState(json: JsonObject, crypter: Crypter | undefined): ResourceState {
    const text = (key: string) => (typeof json[key] === "string" ? json[key] : "");
    const list = (key: string) => (Array.isArray(json[key]) ? json[key].map(String) : []);
    const lists = (key: string) => (json[key] ?? {}) as Record<string, string[]>;
    return newState({
        urn: text("urn"),
        type: text("type"),
        custom: json["custom"] === true,
        delete: json["delete"] === true,
        id: text("id"),
        inputs: readBag(json["inputs"], crypter),
        outputs: readBag(json["outputs"], crypter),
        parent: text("parent"),
        protect: json["protect"] === true,
        external: json["external"] === true,
        dependencies: list("dependencies"),
        initErrors: list("initErrors"),
        provider: text("provider"),
        propertyDependencies: lists("propertyDependencies"),
        pendingReplacement: json["pendingReplacement"] === true,
        additionalSecretOutputs: list("additionalSecretOutputs"),
        aliases: list("aliases"),
        customTimeouts: (json["customTimeouts"] ?? {}) as Timeouts,
        importId: text("importID"),
        retainOnDelete: json["retainOnDelete"] === true,
        deletedWith: text("deletedWith"),
        replaceWith: list("replaceWith"),
        created: text("created"),
        modified: text("modified"),
        ignoreChanges: list("ignoreChanges"),
        hideDiff: list("hideDiff"),
        replaceOnChanges: list("replaceOnChanges"),
        replacementTrigger:
            "replacementTrigger" in json ? readValue(json["replacementTrigger"] as Json, crypter) : undefined,
        resourceHooks: lists("resourceHooks"),
    });
}

/** Everything that a resource needs to exist before it: parent, dependencies, provider, deletedWith, replaceWith. */
export function neededBy(state: ResourceState): Set<string> {
    const urns = new Set<string>(state.dependencies);
    for (const list of Object.values(state.propertyDependencies)) {
        for (const urn of list) {
            urns.add(urn);
        }
    }
    for (const urn of [state.parent, state.deletedWith, ...state.replaceWith]) {
        if (urn !== "") {
            urns.add(urn);
        }
    }
    if (state.provider !== "") {
        urns.add(state.provider.slice(0, state.provider.lastIndexOf("::")));
    }
    return urns;
}
