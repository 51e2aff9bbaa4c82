/**
 * Pulumi: in a preview the dynamic provider host says nothing of what an update in place leaves as it is, so whatever
 * depends on such a resource shows as replaced. What the last run stored tells it; the engine reads it for stack
 * references, and gives it for the own stack, too.
 */
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import type { HandlerName } from "./dynamic";

type Monitor = NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>;
/** A resource in the stack's state, its secrets in the form they have on the wire. */
interface StoredResource {
    readonly type: string;
    readonly outputs: Readonly<Record<string, unknown>>;
}
type StoredResources = Readonly<Record<string, StoredResource>>;

/** What stands in for outputs that the engine does not know. */
interface Kept {
    readonly outputs: Readonly<Record<string, unknown>>;
    readonly secret: ReadonlySet<string>;
}

const absent: Kept = { outputs: {}, secret: new Set() };

/** Pulumi: its declarations leave these out. */
interface OutputParts {
    readonly isKnown: Promise<boolean>;
    readonly isSecret: Promise<boolean>;
    promise(withUnknowns: boolean): Promise<unknown>;
    allResources(): Promise<Set<pulumi.Resource>>;
}
type OutputConstructor = new (
    resources: pulumi.Resource,
    value: Promise<unknown>,
    isKnown: Promise<boolean>,
    isSecret: Promise<boolean>,
    allResources: Promise<Set<pulumi.Resource>>,
) => pulumi.Output<unknown>;

export const partsOf = (output: unknown): OutputParts => output as OutputParts;

/**
 * Makes outputs known that a preview does not know although the update in place leaves them as they are. Nothing is
 * read unless such an output is used.
 *
 * @param handler Undefined: the provider says itself what an update leaves as it is, but not what is not there.
 * @param keys Those of which the program has given no input.
 */
export function keepOutputs(
    resource: pulumi.CustomResource,
    handler: HandlerName | undefined,
    type: string,
    keys: readonly string[],
): void {
    const monitor = pulumi.runtime.getMonitor();
    if (monitor === undefined) return;
    const stack = `${pulumi.runtime.getOrganization()}/${pulumi.runtime.getProject()}/${pulumi.runtime.getStack()}`;
    const status: unknown = Reflect.get(resource, "status");
    let finding: Promise<Kept | undefined> | undefined;
    const find = async (): Promise<Kept | undefined> => {
        // Without an id it is about to be made or replaced.
        if (!(await partsOf(resource.id).isKnown)) return undefined;
        // Pulumi: of a resource that does not change all is known; but what is not there is not said to be so.
        if (await partsOf(status).isKnown) return absent;
        if (handler === undefined) return undefined;
        const name = keys.includes("name") ? undefined : partsOf(Reflect.get(resource, "name"));
        finding ??= findKept(storedResources(monitor, stack), resource, { handler, type, name });
        return finding;
    };
    for (const key of keys) {
        const own: unknown = Reflect.get(resource, key);
        let completed: pulumi.Output<unknown> | undefined;
        Object.defineProperty(resource, key, {
            configurable: true,
            enumerable: true,
            get: () => {
                completed ??= complete(resource, key, partsOf(own), find);
                return completed;
            },
        });
    }
}

function complete(
    resource: pulumi.CustomResource,
    key: string,
    own: OutputParts,
    find: () => Promise<Kept | undefined>,
): pulumi.Output<unknown> {
    const found = own.isKnown.then((isKnown) => (isKnown ? undefined : find()));
    const Output = pulumi.Output as unknown as OutputConstructor;
    return new Output(
        resource,
        found.then((kept) => (kept === undefined ? own.promise(true) : kept.outputs[key])),
        found.then((kept) => kept !== undefined || own.isKnown),
        found.then((kept) => (kept === undefined ? own.isSecret : kept.secret.has(key))),
        own.allResources(),
    );
}

/** What the program says about it. */
interface Given {
    readonly handler: HandlerName;
    readonly type: string;
    /** The input, if it is given. */
    readonly name: OutputParts | undefined;
}

/** Never throws: without what is stored, the preview knows as much as the engine says. */
async function findKept(
    reading: Promise<StoredResources>,
    resource: pulumi.CustomResource,
    { handler, type, name }: Given,
): Promise<Kept | undefined> {
    const done = pulumi.runtime.rpcKeepAlive();
    try {
        // A new name changes those of the backups, too.
        if (name !== undefined && !(await name.isKnown)) return undefined;
        const given = name === undefined ? undefined : String(await name.promise(true));
        const isEcho = given !== undefined && (await name?.isSecret) === true;
        const { keptByUpdate } = require("../provider/preview") as typeof import("../provider/preview");
        const [urn, id] = await Promise.all([partsOf(resource.urn).promise(true), partsOf(resource.id).promise(true)]);
        const stored = await reading;
        const own = stored[String(urn)];
        // One that was renamed or moved stands under its old URN.
        const candidates = own === undefined ? Object.values(stored).filter((one) => one.type === type) : [own];
        for (const { outputs } of candidates) {
            const kept = keptByUpdate(handler, plain(outputs) as Record<string, unknown>, given);
            if (kept === undefined || (own === undefined && kept.id !== id)) continue;
            const repeats = (key: string) => isEcho && JSON.stringify(kept.outputs[key])?.includes(given) === true;
            const secret = Object.keys(outputs).filter((key) => holdsSecret(outputs[key]) || repeats(key));
            return { outputs: kept.outputs, secret: new Set(secret) };
        }
    } catch (error) {
        pulumi.log.debug(`pulumi-cbr: what the last run stored is not known: ${String(error)}`).catch(() => {});
    } finally {
        done();
    }
    return undefined;
}

/** One read a preview, of which a process may run several. */
const readings = new WeakMap<Monitor, Promise<StoredResources>>();

function storedResources(monitor: Monitor, stack: string): Promise<StoredResources> {
    let reading = readings.get(monitor);
    if (reading === undefined) {
        reading = readStored(monitor, stack);
        reading.catch(() => {});
        readings.set(monitor, reading);
    }
    return reading;
}

/**
 * Pulumi: its own function for this makes a whole answer secret for one secret in it, so the answer is taken as it
 * comes.
 */
async function readStored(monitor: Monitor, stackName: string): Promise<StoredResources> {
    const { ResourceInvokeRequest } =
        require("@pulumi/pulumi/proto/resource_pb") as typeof import("@pulumi/pulumi/proto/resource_pb");
    // Pulumi's own copy, which is no dependency of ours.
    const { Struct } = createRequire(require.resolve("@pulumi/pulumi"))(
        "google-protobuf/google/protobuf/struct_pb",
    ) as typeof import("google-protobuf/google/protobuf/struct_pb");
    const request = new ResourceInvokeRequest();
    request.setTok("pulumi:pulumi:readStackResourceOutputs");
    request.setArgs(Struct.fromJavaScript({ stackName }));
    const answer = await new Promise<import("@pulumi/pulumi/proto/provider_pb").InvokeResponse>((resolve, reject) => {
        monitor.invoke(request, (error, response) => (error === null ? resolve(response) : reject(error)));
    });
    return plain(answer.getReturn()?.toJavaScript()["outputs"] ?? {}, 2) as StoredResources;
}

const MARK = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

const isSecret = (value: object): boolean => Reflect.get(value, MARK) === SECRET;

/** Without the marks of secrets, at every depth, or at the outermost `depth` levels. */
function plain(value: unknown, depth = Number.POSITIVE_INFINITY): unknown {
    if (typeof value !== "object" || value === null || depth === 0) return value;
    if (isSecret(value)) return plain(Reflect.get(value, "value"), depth);
    if (Array.isArray(value)) return value.map((item) => plain(item, depth - 1));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, depth - 1)]));
}

function holdsSecret(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    return isSecret(value) || Object.values(value).some(holdsSecret);
}
