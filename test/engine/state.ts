import { type Json, type JsonObject, readBag, readValue, type SecretForm, writeBag, writeValue } from "./json";
import type { Crypter } from "./secrets";
import type { Bag, Value } from "./values";

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
