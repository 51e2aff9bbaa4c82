/**
 * The one file that knows Pulumi's dynamic provider host: `__provider` and `__urn` among the properties, sentinels for
 * unknown values, no `undefined` on the wire, errors with `{id, properties, reasons}`, `configure` that races with the
 * first calls, the engine's address as the last argument. A native plugin would be a second file like this one.
 */
import type * as dynamic from "@pulumi/pulumi/dynamic";
import { ConfigError, messageOf, PartialCreateError } from "../client/errors/errors";
import { displayText } from "../client/errors/redaction";
import { nodeProblem } from "../client/node-version";
import { systemClock } from "../client/time/clock";
import { createJournal } from "../exactly-once/journal";
import { fileStore } from "../exactly-once/note-store";
import { hasLost } from "../resource/drift";
import { noteDeclared, noteMade, noteStored, removeGuarded } from "../resource/guard";
import { lowercaseId, withLowercaseIds } from "../resource/ids";
import {
    atOriginalIndex,
    type CommonInputs,
    checkInputs,
    diffInputs,
    type Failure,
    knownInputs,
    type ResourceHandler,
} from "../resource/resource";
import { withNotes } from "../resource/with-notes";
import type { Context, Services } from "../services/context";
import { Holders } from "../services/holders";
import { engineAddress, engineName, hostGone, isEngineAlive, isNamedEngineAlive, sendToEngine } from "./engine";
import { isPartialRun } from "./engine-command";
import { fileHolderStore, holderFolder } from "./holder-store";
import { rowLog } from "./resource-log";
import { registerSecretInputs, SECRET_KEY, sealSecrets } from "./secrets";

type PropertyMap = Record<string, unknown>;

/** Our own note of the resource's URN. Pulumi: names that begin with `__` are hidden in previews. */
const URN_KEY = "__urn";
/** Which of these the program gave, where it gave any: outputs have them all the same. */
const GIVEN_KEY = "__given";
const AMBIGUOUS_KEYS = ["region", "projectId", "destinationProjectId", "name"] as const;

/** Pulumi: what stands in place of a value that is not known yet, one for each type; Node programs send the first. */
const UNKNOWN_VALUES: ReadonlySet<unknown> = new Set([
    "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
]);
const isUnknown = (value: unknown): boolean => UNKNOWN_VALUES.has(value);

/** What this process was configured with. Pulumi: one process serves one provider configuration. */
const host: { get: (key: string) => string | undefined; raw: unknown; services: Services | undefined } = {
    get: () => undefined,
    raw: undefined,
    services: undefined,
};

/** What the resources of this run rest on. Outlives the configuration: all that one process serves are told of each other. */
let holders: Holders | undefined;

/**
 * Did the read that a refresh has just made find that something is gone? By URN. Pulumi: a refresh asks for a diff right
 * after it, of state with itself, and shows as changed what that calls changed; the program's own comes after a check.
 */
const refreshed = new Map<string, boolean>();

function runHolders(): Holders {
    const address = engineAddress();
    const store =
        address === undefined ? undefined : fileHolderStore(holderFolder(), `${address.host}:${address.port}`);
    holders ??= new Holders(systemClock, store, store === undefined ? () => false : isPartialRun);
    return holders;
}

/** A line that is about the settings, and so about all resources. */
function sayOnStack(message: string): void {
    const text = displayText(`pulumi-cbr: ${message}`);
    sendToEngine({ urn: "", message: text, severity: "warning", ephemeral: false });
}

function once(say: (message: string) => void): (message: string) => void {
    let isSaid = false;
    return (message) => {
        if (!isSaid) say(message);
        isSaid = true;
    };
}

function services(): Services {
    if (host.services === undefined) {
        const problem = nodeProblem(process.versions.node);
        if (problem !== undefined) throw new ConfigError(problem);
        // Loaded on first use: a preview of a stack without CBR resources pays for nothing.
        const { createServices } = require("../services/services") as typeof import("../services/services");
        const { stateBackend } = require("./state-backend") as typeof import("./state-backend");
        const backend = stateBackend(process.env, process.cwd());
        const run = { engine: engineName(), backend, isEngineAlive: isNamedEngineAlive };
        host.services = createServices(host.get, process.env, {
            journal: createJournal(fileStore(), run),
            isEngineAlive,
            signal: hostGone(),
            holders: runHolders(),
            onMissingCredentials: once(sayOnStack),
        });
        for (const message of host.services.settings.warnings) sayOnStack(message);
    }
    return host.services;
}

/** Deep copy without `undefined`. Pulumi: one of them anywhere fails the call after its effect (pulumi/pulumi#2205). */
function withoutUndefined(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : withoutUndefined(item)));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, withoutUndefined(item)]));
}

/** The inputs or outputs proper, without the host's keys. Pulumi: a null that a program passes means "not given". */
function withoutHostKeys(bag: PropertyMap): PropertyMap {
    return Object.fromEntries(Object.entries(bag).filter(([key, value]) => !key.startsWith("__") && value !== null));
}

function urnIn(bag: PropertyMap): string {
    return typeof bag[URN_KEY] === "string" && !isUnknown(bag[URN_KEY]) ? bag[URN_KEY] : "";
}

/** Our notes among the inputs, which go wherever these go. */
function notesOf(bag: PropertyMap): PropertyMap {
    const keys = [URN_KEY, SECRET_KEY].filter((key) => bag[key] !== undefined && bag[key] !== null);
    return Object.fromEntries(keys.map((key) => [key, bag[key]]));
}

function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}

/** Errors reach people as a message alone: a stack says nothing about a cloud. Pulumi: the host prints `${error}: ${error.stack}`. */
function plainError(kind: string, name: string, error: unknown): Error {
    const plain = new Error(`${kind} ${name}: ${messageOf(error)}`);
    plain.stack = plain.message;
    plain.toString = () => "pulumi-cbr";
    return plain;
}

const shown = ({ property, reason }: Failure): Failure => ({ property, reason: displayText(reason) });

const asIs = (_kind: string, _name: string, error: unknown): unknown => error;

async function withContext<T>(
    bag: PropertyMap,
    kind: string,
    run: (context: Context) => Promise<T>,
    toThrow: (kind: string, name: string, error: unknown) => unknown = plainError,
): Promise<T> {
    const urn = urnIn(bag);
    const name = nameOf(urn);
    registerSecretInputs(bag);
    const log = rowLog(sendToEngine, urn, () => Date.now(), process.env);
    try {
        return await run({ ...services(), log, resourceName: name === "" ? kind.toLowerCase() : name, urn });
    } catch (error) {
        throw error instanceof InitFailure ? error : toThrow(kind, name, error);
    } finally {
        log.end();
    }
}

/** Pulumi: an error with an id makes the engine keep the resource, with these properties, and show the reasons. */
class InitFailure extends Error {
    readonly id: string;
    readonly properties: PropertyMap;
    readonly reasons: readonly string[];
    constructor(kind: string, name: string, error: PartialCreateError, properties: PropertyMap) {
        super(`${kind} ${name}: ${error.message}`);
        this.id = error.id;
        this.properties = properties;
        this.reasons = error.reasons.map((reason) => `${kind} ${name}: ${reason}`);
    }
}

/** `run`, whose partial failures keep all that `inputs` and its outputs hold, the code in `__provider` with them. */
async function withInitFailure(
    kind: string,
    name: string,
    inputs: PropertyMap,
    run: () => Promise<{ id: string; outs: PropertyMap }>,
): Promise<{ id: string; outs: PropertyMap }> {
    try {
        return await run();
    } catch (error) {
        if (!(error instanceof PartialCreateError)) throw error;
        throw new InitFailure(kind, name, error, { ...inputs, ...stateOf(error.outputs as object, inputs) });
    }
}

/** State holds what the program gave and what the cloud said, and the host's keys. */
function stateOf(outputs: object, inputs: PropertyMap): PropertyMap {
    const given = AMBIGUOUS_KEYS.filter((key) => inputs[key] !== undefined && inputs[key] !== null);
    return {
        ...sealSecrets(withoutUndefined(outputs) as PropertyMap, inputs),
        ...notesOf(inputs),
        ...(given.length === 0 ? {} : { [GIVEN_KEY]: given.join(",") }),
    };
}

/** The inputs again, from state: for `read`, which is not given them. What the cloud says does not change what the program gave. */
function inputsFrom<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
    state: PropertyMap,
): PropertyMap {
    const given = new Set(String(state[GIVEN_KEY] ?? "").split(","));
    const isGiven = (key: string) => !AMBIGUOUS_KEYS.some((one) => one === key) || given.has(key);
    const keys = Object.keys(handler.inputs.shape).filter(isGiven);
    const kept = keys.filter((key) => state[key] !== undefined && state[key] !== null).map((key) => [key, state[key]]);
    return { ...Object.fromEntries(kept), ...notesOf(state) };
}

/** A resource as Pulumi's dynamic host wants it. */
export function dynamicProvider<I extends CommonInputs, O extends I>(
    plainHandler: ResourceHandler<I, O>,
): dynamic.ResourceProvider {
    const handler = withNotes(plainHandler);
    const { kind } = handler;
    const { onDiff: _, ...comparing } = handler;
    const lower = (bag: PropertyMap) => withLowercaseIds(handler.inputs, withoutHostKeys(bag));
    const upgrade = handler.upgradeState ?? ((bag: PropertyMap) => bag);
    const stored = (bag: PropertyMap) => upgrade(lower(bag)) as unknown as O;
    const given = (bag: PropertyMap) => lower(bag) as unknown as I;
    return {
        // Pulumi: calls may come in before this has returned, so nothing may be awaited before the configuration is kept.
        configure: async (request) => {
            // Pulumi: each kind of resource is configured by itself, from one object a process: all share their services.
            const raw: unknown = Reflect.get(request.config, "rawConfig");
            if (raw !== undefined && raw === host.raw) return;
            host.get = (key) => request.config.get(key);
            host.raw = raw;
            host.services = undefined;
        },

        check: async (olds: PropertyMap, news: PropertyMap) => {
            const inputs = lower(news);
            refreshed.delete(urnIn(news));
            noteDeclared({ holders: runHolders() }, handler, urnIn(news), knownInputs<I>(inputs, isUnknown));
            // Pulumi: what is given back is stored and shown, so it is what the program wrote.
            const result = { inputs: { ...withoutHostKeys(news), ...notesOf(news) } };
            const failures = checkInputs(handler, inputs, isUnknown).map(shown);
            if (failures.length > 0) return { ...result, failures };
            try {
                const found = await withContext(
                    news,
                    kind,
                    (context) => checkLocation(context, handler, lower(olds), inputs),
                    asIs,
                );
                return { ...result, failures: found.map(shown) };
            } catch (error) {
                // Pulumi: a failure is said once; what is thrown is said again on the stack's own row.
                return { ...result, failures: [{ property: "", reason: messageOf(error) }] };
            }
        },

        diff: (id: string, olds: PropertyMap, news: PropertyMap) =>
            withContext(news, kind, async (context) => {
                const urns = { program: context.urn, stored: urnIn(olds) };
                const hasLostSome = refreshed.get(context.urn);
                refreshed.delete(context.urn);
                const own = lowercaseId(id);
                noteStored(context, handler, urns, { id: own, outputs: stored(olds) });
                const asked = { ...context, formerUrn: urns.stored };
                // Of what the program wants with the resource the diff of a refresh says nothing.
                const asking = hasLostSome === undefined ? handler : comparing;
                const result = await diffInputs(asking, asked, own, stored(olds), lower(news), isUnknown);
                const { replaces, updates, changedByState, deleteBeforeReplace, failures } = result;
                if (failures.length > 0)
                    throw new ConfigError(failures.map(({ property, reason }) => `${property} ${reason}`).join("; "));
                if (replaces.length === 0 && updates.length === 0)
                    return { changes: changedByState || hasLostSome === true };
                if (deleteBeforeReplace)
                    context.log.info(
                        "what it has is deleted before its replacement is made: a region has one replica of a backup",
                    );
                // Pulumi: without a word on `changes` the engine compares the inputs itself, which is what shows them in a
                // preview and makes `replaceOnChanges` work; it would find nothing where no input changed.
                return { ...(changedByState ? { changes: true } : {}), replaces: [...replaces], deleteBeforeReplace };
            }),

        create: (inputs: PropertyMap) =>
            withContext(inputs, kind, (context) =>
                withInitFailure(kind, context.resourceName, inputs, async () => {
                    const create = () => handler.create(context, given(inputs));
                    const { id, outputs } = await noteMade(context, handler, create);
                    return { id, outs: stateOf(outputs, inputs) };
                }),
            ),

        update: (id: string, olds: PropertyMap, news: PropertyMap) =>
            withContext(news, kind, (context) =>
                withInitFailure(kind, context.resourceName, news, async () => {
                    const update = async () => ({
                        id,
                        outputs: await handler.update(
                            { ...context, formerUrn: urnIn(olds) },
                            lowercaseId(id),
                            stored(olds),
                            given(news),
                        ),
                    });
                    const { outputs } = await noteMade(context, handler, update);
                    return { id, outs: stateOf(outputs, news) };
                }),
            ),

        read: (id: string, props: PropertyMap) =>
            withContext(props, kind, async (context) => {
                const found = await handler.read(context, lowercaseId(id), stored(props));
                // Pulumi: no id means that the resource is gone.
                if (found === undefined) return {};
                noteStored(context, handler, { program: context.urn, stored: context.urn }, found);
                refreshed.set(context.urn, hasLost(stored(props), found.outputs));
                const kept = props[GIVEN_KEY] === undefined ? {} : { [GIVEN_KEY]: props[GIVEN_KEY] };
                const outputs = sealSecrets(withoutUndefined(found.outputs) as PropertyMap, props);
                return {
                    id: found.id,
                    props: { ...outputs, ...notesOf(props), ...kept },
                    inputs: inputsFrom(handler, props),
                };
            }),

        // Pulumi: `delete` is not told whether the resource goes or is replaced; what this run has declared and made tells.
        delete: (id: string, props: PropertyMap) =>
            withContext(props, kind, (context) => removeGuarded(context, handler, lowercaseId(id), stored(props))),
    } as dynamic.ResourceProvider;
}

/** Everything that needs settings or the cloud: only asked when something would be made, not for what stands already. */
async function checkLocation<I extends CommonInputs, O extends I>(
    context: Context,
    handler: ResourceHandler<I, O>,
    olds: PropertyMap,
    inputs: PropertyMap,
): Promise<Failure[]> {
    const isNew = Object.keys(olds).length === 0;
    if (!isNew) {
        // What only an update would find out is not asked for here.
        const { needsUpdate: _, ...comparing } = handler;
        const diff = await diffInputs(comparing, context, "", olds as unknown as O, inputs, isUnknown);
        if (diff.replaces.length === 0 || diff.failures.length > 0) return [...diff.failures];
    }
    const { regionFailures } = require("../resource/regions") as typeof import("../resource/regions");
    const misplaced = regionFailures(context.settings, inputs, isUnknown);
    if (misplaced.length > 0) return misplaced;
    if (isUnknown(inputs["region"]) || isUnknown(inputs["projectId"])) return [];
    const known = knownInputs<I>(inputs, isUnknown);
    // A vault is looked for in its project: while that is unknown, the default project would be asked for it.
    if (isUnknown(inputs["destinationProjectId"])) Reflect.deleteProperty(known, "destinationVaultId");
    const failures = (await handler.preflight?.(context, known)) ?? [];
    return failures.map((failure) => atOriginalIndex(failure, inputs, isUnknown));
}
