/**
 * The one file that knows Pulumi's dynamic provider host: `__provider` and `__urn` among the properties, no `undefined`
 * on the wire, errors with `{id, properties, reasons}`, `configure` that races with the first calls. The native host
 * is `native/`; what both need stands beside this file.
 */
import type * as dynamic from "@pulumi/pulumi/dynamic";
import type { CommonInputs, ResourceHandler } from "../resource/resource";
import { configureHost } from "./host";
import { ResourceCalls } from "./resource-calls";
import { SECRET_KEY, sealSecrets } from "./secrets";
import {
    FILLED_IN_KEYS,
    isFilledIn,
    type PropertyMap,
    URN_KEY,
    urnIn,
    withoutHostKeys,
    withoutUndefined,
} from "./values";

/** Pulumi: the code that makes the provider, among the inputs and outputs. */
const PROVIDER_KEY = "__provider";
/** Which of the inputs that are filled in the program gave, where it gave any: outputs have them all the same. */
const GIVEN_KEY = "__given";

/** Pulumi: each kind of resource is configured by itself, from one object a process: all share their services. */
let configured: unknown;

/** Our notes among the inputs, which go wherever these go. */
function notesOf(bag: PropertyMap): PropertyMap {
    const keys = [URN_KEY, SECRET_KEY].filter((key) => bag[key] !== undefined && bag[key] !== null);
    return Object.fromEntries(keys.map((key) => [key, bag[key]]));
}

/** State holds what the program gave and what the cloud said, and the host's keys. */
function stateOf(outputs: object, inputs: PropertyMap): PropertyMap {
    const given = FILLED_IN_KEYS.filter((key) => inputs[key] !== undefined && inputs[key] !== null);
    return {
        ...sealSecrets(withoutUndefined(outputs) as PropertyMap, inputs),
        ...notesOf(inputs),
        ...(given.length === 0 ? {} : { [GIVEN_KEY]: given.join(",") }),
    };
}

/**
 * The inputs again, from state: for `read`, which is not given them. What the cloud says does not change what the
 * program gave.
 */
function inputsFrom<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
    state: PropertyMap,
): PropertyMap {
    const given = new Set(String(state[GIVEN_KEY] ?? "").split(","));
    const isGiven = (key: string) => !isFilledIn(key) || given.has(key);
    const keys = Object.keys(handler.inputs.shape).filter(isGiven);
    const kept = keys.filter((key) => state[key] !== undefined && state[key] !== null).map((key) => [key, state[key]]);
    return { ...Object.fromEntries(kept), ...notesOf(state) };
}

// Pulumi: calls may come in before this has returned, so nothing may be awaited before the configuration is kept.
async function configure(request: dynamic.ConfigureRequest): Promise<void> {
    const raw: unknown = Reflect.get(request.config, "rawConfig");
    if (raw !== undefined && raw === configured) return;
    configured = raw;
    configureHost((key) => request.config.get(key));
}

/** A resource as Pulumi's dynamic host wants it. */
export function dynamicProvider<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
): dynamic.ResourceProvider {
    const calls = new ResourceCalls(handler);
    const caller = (noted: PropertyMap) => ({ urn: urnIn(noted), noted });
    // Pulumi: of a failure nothing else is stored, and without its code it could not be deleted.
    const toState = (inputs: PropertyMap) => (outputs: object) => ({
        ...stateOf(outputs, inputs),
        ...(inputs[PROVIDER_KEY] === undefined ? {} : { [PROVIDER_KEY]: inputs[PROVIDER_KEY] }),
    });
    return {
        configure,

        check: async (olds: PropertyMap, news: PropertyMap) => {
            const failures = await calls.check(caller(news), olds, news);
            // Pulumi: what is given back is stored and shown, so it is what the program wrote.
            const inputs = { ...withoutHostKeys(news), ...notesOf(news) };
            return { inputs, failures };
        },

        diff: async (id: string, olds: PropertyMap, news: PropertyMap) => {
            const asked = { ...caller(news), storedUrn: urnIn(olds) };
            const { replaces, updates, deleteBeforeReplace, ...result } = await calls.diff(asked, id, olds, news);
            // The native host made it: an update puts this host's keys into its state, without which it could not be
            // deleted.
            const isNative = olds[PROVIDER_KEY] === undefined && news[PROVIDER_KEY] !== undefined;
            const changedByState = result.changedByState || isNative;
            if (replaces.length === 0 && updates.length === 0) return { changes: changedByState };
            // Pulumi: without a word on `changes` the engine compares the inputs itself, which is what shows them in a
            // preview and makes `replaceOnChanges` work; it would find nothing where no input changed.
            return { ...(changedByState ? { changes: true } : {}), replaces: [...replaces], deleteBeforeReplace };
        },

        create: async (inputs: PropertyMap) => {
            const { id, properties } = await calls.create(caller(inputs), inputs, toState(inputs));
            return { id, outs: properties };
        },

        update: async (id: string, olds: PropertyMap, news: PropertyMap) => {
            const asked = { ...caller(news), storedUrn: urnIn(olds) };
            const { properties } = await calls.update(asked, { id, olds, news }, toState(news));
            return { outs: properties };
        },

        read: async (id: string, props: PropertyMap) => {
            const found = await calls.read(caller(props), id, props);
            // Pulumi: no id means that the resource is gone.
            if (found === undefined) return {};
            const kept = props[GIVEN_KEY] === undefined ? {} : { [GIVEN_KEY]: props[GIVEN_KEY] };
            const outputs = sealSecrets(withoutUndefined(found.outputs) as PropertyMap, props);
            return {
                id: found.id,
                props: { ...outputs, ...notesOf(props), ...kept },
                inputs: inputsFrom(handler, props),
            };
        },

        delete: (id: string, props: PropertyMap) => calls.remove(caller(props), id, props),
    } as dynamic.ResourceProvider;
}
