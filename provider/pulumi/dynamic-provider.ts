/**
 * The one file that knows Pulumi's dynamic provider host: `__provider` and `__urn` among the properties, sentinels for
 * unknown values, no `undefined` on the wire, errors with `{id, properties, reasons}`, `configure` that races with the
 * first calls, the engine's address as the last argument. A native plugin would be a second file like this one.
 */
import { createRequire } from "node:module";
import { connect } from "node:net";
import type * as dynamic from "@pulumi/pulumi/dynamic";
import { ConfigError, messageOf, OperationFailedError, PartialCreateError } from "../client/errors/errors";
import { repeat } from "../client/time/clock";
import {
    atOriginalIndex,
    type CommonInputs,
    checkInputs,
    diffInputs,
    type Failure,
    knownInputs,
    type ResourceHandler,
} from "../resource/resource";
import type { Context, Services } from "../services/context";
import { rowLog, type Send } from "./resource-log";

type PropertyMap = Record<string, unknown>;

/** How soon waits notice that the engine has ended, in milliseconds. Before a POST it is asked at once. */
const HOST_CHECK_MS = 5_000;

/** Pulumi: the code in state, and our own note of the resource's URN. Names that begin with `__` are hidden in previews. */
const _PROVIDER_KEY = "__provider";
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

/**
 * Pulumi: `delete` is not told whether the resource goes or is replaced. Only a resource that the program still declares
 * is checked; a `destroy`, with or without the program, checks none.
 */
const declaredInputs = new Map<unknown, PropertyMap>();

let pinging: Promise<boolean> | undefined;
let gone: AbortController | undefined;

/**
 * Does the engine's port still answer? Pulumi: this process does not end with an engine that was killed, nor does the
 * shell between the two, so the parent's id tells nothing. All that ask at the same time share one knock.
 */
function isEngineAlive(): Promise<boolean> {
    const address = engineAddress();
    if (address === undefined) return Promise.resolve(true);
    pinging ??= new Promise<boolean>((resolve) => {
        const socket = connect(Number(address.port), address.host);
        const end = (isAlive: boolean) => {
            pinging = undefined;
            socket.destroy();
            resolve(isAlive);
        };
        socket.once("connect", () => end(true));
        socket.once("error", (error: NodeJS.ErrnoException) => end(error.code !== "ECONNREFUSED"));
    });
    return pinging;
}

/** The next `up` is another process, and two at the same request could take two backups: work ends with the engine. */
function hostGone(): AbortSignal {
    if (gone === undefined) {
        const controller = new AbortController();
        gone = controller;
        repeat(HOST_CHECK_MS, async () => {
            if (!(await isEngineAlive()))
                controller.abort(new OperationFailedError("The engine that asked for this is gone."));
            return !controller.signal.aborted;
        });
    }
    return gone.signal;
}

function services(): Services {
    if (host.services === undefined) {
        // Loaded on first use: a preview of a stack without CBR resources pays for nothing.
        const { createServices } = require("../services/services") as typeof import("../services/services");
        host.services = createServices(host.get, process.env, { isEngineAlive: isEngineAlive, signal: hostGone() });
        for (const message of host.services.settings.warnings)
            sendToEngine({ urn: "", message: `pulumi-cbr: ${message}`, severity: "warning", ephemeral: false });
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

const asIs = (_kind: string, _name: string, error: unknown): unknown => error;

async function withContext<T>(
    bag: PropertyMap,
    kind: string,
    run: (context: Context) => Promise<T>,
    toThrow: (kind: string, name: string, error: unknown) => unknown = plainError,
): Promise<T> {
    const urn = typeof bag[URN_KEY] === "string" && !isUnknown(bag[URN_KEY]) ? bag[URN_KEY] : "";
    const name = nameOf(urn);
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
        ...(withoutUndefined(outputs) as PropertyMap),
        ...(inputs[URN_KEY] === undefined ? {} : { [URN_KEY]: inputs[URN_KEY] }),
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
    const keys = [...Object.keys(handler.inputs.shape).filter(isGiven), URN_KEY];
    return Object.fromEntries(
        keys.filter((key) => state[key] !== undefined && state[key] !== null).map((key) => [key, state[key]]),
    );
}

/** A resource as Pulumi's dynamic host wants it. */
export function dynamicProvider<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
): dynamic.ResourceProvider {
    const { kind } = handler;
    const stored = (bag: PropertyMap) => withoutHostKeys(bag) as unknown as O;
    const given = (bag: PropertyMap) => withoutHostKeys(bag) as unknown as I;
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
            const inputs = withoutHostKeys(news);
            if (news[URN_KEY] !== undefined && handler.observesOthers?.(inputs as unknown as Partial<I>))
                declaredInputs.set(news[URN_KEY], inputs);
            const result = {
                inputs: { ...inputs, ...(news[URN_KEY] === undefined ? {} : { [URN_KEY]: news[URN_KEY] }) },
            };
            const failures = checkInputs(handler, inputs, isUnknown);
            if (failures.length > 0) return { ...result, failures };
            try {
                const found = await withContext(
                    news,
                    kind,
                    (context) => checkLocation(context, handler, withoutHostKeys(olds), inputs),
                    asIs,
                );
                return { ...result, failures: found };
            } catch (error) {
                // Pulumi: a failure is said once; what is thrown is said again on the stack's own row.
                return { ...result, failures: [{ property: "", reason: messageOf(error) }] };
            }
        },

        diff: (id: string, olds: PropertyMap, news: PropertyMap) =>
            withContext(news, kind, async (context) => {
                const result = await diffInputs(handler, context, id, stored(olds), withoutHostKeys(news), isUnknown);
                const { replaces, updates, changedByState: beyondInputs, deleteBeforeReplace, failures } = result;
                if (failures.length > 0)
                    throw new ConfigError(failures.map(({ property, reason }) => `${property} ${reason}`).join("; "));
                if (replaces.length === 0 && updates.length === 0) return { changes: beyondInputs };
                // Pulumi: without a word on `changes` the engine compares the inputs itself, which is what shows them in a
                // preview and makes `replaceOnChanges` work; it would find nothing where no input changed.
                return { ...(beyondInputs ? { changes: true } : {}), replaces: [...replaces], deleteBeforeReplace };
            }),

        create: (inputs: PropertyMap) =>
            withContext(inputs, kind, (context) =>
                withInitFailure(kind, context.resourceName, inputs, async () => {
                    const { id, outputs } = await handler.create(context, given(inputs));
                    return { id, outs: stateOf(outputs, inputs) };
                }),
            ),

        update: (id: string, olds: PropertyMap, news: PropertyMap) =>
            withContext(news, kind, (context) =>
                withInitFailure(kind, context.resourceName, news, async () => ({
                    id,
                    outs: stateOf(await handler.update(context, id, stored(olds), given(news)), news),
                })),
            ),

        read: (id: string, props: PropertyMap) =>
            withContext(props, kind, async (context) => {
                const found = await handler.read(context, id, stored(props));
                // Pulumi: no id means that the resource is gone.
                if (found === undefined) return {};
                const kept = props[GIVEN_KEY] === undefined ? {} : { [GIVEN_KEY]: props[GIVEN_KEY] };
                const urn = props[URN_KEY] === undefined ? {} : { [URN_KEY]: props[URN_KEY] };
                return {
                    id: found.id,
                    props: { ...(withoutUndefined(found.outputs) as PropertyMap), ...urn, ...kept },
                    inputs: inputsFrom(handler, props),
                };
            }),

        delete: (id: string, props: PropertyMap) =>
            withContext(props, kind, (context) =>
                handler.remove(
                    {
                        ...context,
                        replacement: declaredInputs.get(props[URN_KEY]),
                        declaredOthers: declaredInputs.values(),
                    },
                    id,
                    stored(props),
                ),
            ),
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
        const diff = await diffInputs(
            { ...handler, needsUpdate: undefined } as unknown as ResourceHandler<I, O>,
            context,
            "",
            olds as unknown as O,
            inputs,
            isUnknown,
        );
        if (diff.replaces.length === 0 || diff.failures.length > 0) return [...diff.failures];
    }
    if (inputs["region"] === undefined && context.settings.region === undefined) {
        try {
            const { requireRegion } =
                require("../client/settings/settings") as typeof import("../client/settings/settings");
            requireRegion(context.settings);
        } catch (error) {
            if (error instanceof ConfigError) return [{ property: "region", reason: error.message }];
            throw error;
        }
    }
    if (isUnknown(inputs["region"]) || isUnknown(inputs["projectId"])) return [];
    const known = knownInputs<I>(inputs, isUnknown);
    // A vault is looked for in its project: while that is unknown, the default project would be asked for it.
    if (isUnknown(inputs["destinationProjectId"])) Reflect.deleteProperty(known, "destinationVaultId");
    const failures = (await handler.preflight?.(context, known)) ?? [];
    return failures.map((failure) => atOriginalIndex(failure, inputs, isUnknown));
}

interface EngineClient {
    log(request: unknown, callback: () => void): void;
}
let engine: { client: EngineClient; proto: typeof import("@pulumi/pulumi/proto/engine_pb") } | undefined | "none";

/** Pulumi: the host's last argument is the engine's address. */
function engineAddress(): { host: string; port: string } | undefined {
    if (!/dynamic-provider/.test(process.argv[1] ?? "")) return undefined;
    const [, host, port] = /^\[?([\w.:-]+?)\]?:(\d+)$/.exec(process.argv.at(-1) ?? "") ?? [];
    return host === undefined || port === undefined ? undefined : { host, port };
}

/** Its log service puts lines on a resource's row. */
function connectEngine(): Exclude<typeof engine, undefined> {
    if (engineAddress() === undefined) return "none";
    const address = process.argv.at(-1) ?? "";
    try {
        // Pulumi's own copy, which is no dependency of ours.
        const grpc = createRequire(require.resolve("@pulumi/pulumi"))(
            "@grpc/grpc-js",
        ) as typeof import("@grpc/grpc-js");
        const services = require("@pulumi/pulumi/proto/engine_grpc_pb") as {
            EngineClient: new (address: string, credentials: unknown) => EngineClient;
        };
        const proto = require("@pulumi/pulumi/proto/engine_pb") as typeof import("@pulumi/pulumi/proto/engine_pb");
        return { client: new services.EngineClient(address, grpc.credentials.createInsecure()), proto };
    } catch {
        return "none";
    }
}

const sendToEngine: Send = ({ urn, message, severity, ephemeral }) => {
    engine ??= connectEngine();
    if (engine === "none") {
        if (!ephemeral) process.stderr.write(`${severity}: ${message}\n`);
        return;
    }
    const request = new engine.proto.LogRequest();
    request.setSeverity(severity === "warning" ? 2 : 1);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    engine.client.log(request, () => {});
};
