import * as pulumi from "@pulumi/pulumi";
import { plainData } from "./plain-data";
import { keepOutputs } from "./preview";
import { QuietResource } from "./quiet-resource";
import { settleWhenStored } from "./settle-notes";

/** The names of the handlers that `pulumi-cbr/provider` exports. */
export type HandlerName = keyof typeof import("../provider/index");

/**
 * The code that ends up in every user's state, and the contract with it: the provider host runs this line to find the
 * installed release's handler. It never changes within a major version (test/lifecycle/state.test.ts).
 */
export function providerLine(handler: HandlerName): string {
    return `exports.handler = () => require("pulumi-cbr/provider").${handler}`;
}

/** Options with the adopted id, for `get`. */
export type GetOptions = pulumi.CustomResourceOptions & { readonly id: pulumi.Input<pulumi.ID> };

/**
 * Base of the classes: a dynamic resource whose code is one constant line. `pulumi.dynamic.Resource` would serialize a
 * closure instead, which puts a copy of the code into state.
 */
export abstract class CbrResource extends QuietResource {
    constructor(
        { kind, outputs }: { readonly kind: Kind; readonly outputs: Record<string, undefined> },
        name: string,
        args: object | undefined,
        options: pulumi.CustomResourceOptions = {},
    ) {
        const handler = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}` as HandlerName;
        refuseImport(kind, name, options);
        const type = `pulumi-nodejs:dynamic/cbr:${kind}`;
        const urn = urnOf(name, type, options);
        const properties: pulumi.Inputs = {
            ...outputs,
            ...args,
            ...triggers(kind, name, args),
            ...timeouts(args, options),
            ...secretInputs(args),
            __provider: providerLine(handler),
            __urn: urn,
        };
        super(type, name, properties, options);
        if (options.id !== undefined) return;
        settleWhenStored(this);
        if (!pulumi.runtime.isDryRun()) return;
        const given = Object.keys(properties).filter((key) => properties[key] !== undefined);
        keepOutputs(
            this,
            handler,
            type,
            Object.keys(outputs).filter((key) => !given.includes(key)),
        );
    }
}

type Kind = Capitalize<HandlerName>;

/** What to do in place of the option `import`. */
const INSTEAD_OF_IMPORT: Readonly<Record<Kind, string>> = {
    Checkpoint: "give the id in the input `adopt` instead, and nothing is taken",
    VaultReplication: "leave it out: replicas that are there are not copied again",
    BackupReplica: "give the replica's id in the input `adopt` instead, and nothing is copied",
    CheckpointReplica: "give the replica's id in the input `adopt` instead, and nothing is copied",
    VaultSync: "a synchronisation is a run of its own, and has nothing to `adopt`",
};

/**
 * Pulumi: the dynamic provider host is told neither inputs nor code on an import, and fails with words that help no
 * one.
 */
function refuseImport(kind: Kind, name: string, options: pulumi.CustomResourceOptions): void {
    if (options.import === undefined || options.import === null) return;
    // Pulumi: this kind of error is shown without a stack.
    throw new pulumi.RunError(
        `${kind} ${name}: Pulumi cannot import a dynamic resource (option \`import\`); ${INSTEAD_OF_IMPORT[kind]}.`,
    );
}

/** They may hold anything, so here is the last place that sees what Pulumi would make unrecognisable. */
export function triggers(kind: string, name: string, args: object | undefined): pulumi.Inputs {
    if (args === undefined || !("triggers" in args) || args.triggers === undefined) return {};
    return { triggers: plainData(args.triggers, `${kind} ${name}: triggers`) };
}

/** Pulumi: the host never hears of `customTimeouts`, so they travel as an input. */
function timeouts(args: object | undefined, options: pulumi.CustomResourceOptions): pulumi.Inputs {
    const own = options.customTimeouts;
    if (args === undefined || own === undefined) return {};
    const { create, update, delete: remove } = own;
    const copied = {
        ...(create === undefined ? {} : { create }),
        ...(update === undefined ? {} : { update }),
        ...(remove === undefined ? {} : { delete: remove }),
    };
    const given = "timeouts" in args ? (args.timeouts as pulumi.Input<object | undefined>) : undefined;
    if (given === undefined) return { timeouts: copied };
    return { timeouts: pulumi.output(given).apply((one) => ({ ...copied, ...one })) };
}

/** Never repeated in an output under another name, nor in a message. */
const NEVER_ECHOED = new Set(["triggers", "timeouts"]);

/**
 * Pulumi: handlers are given secrets in plain. This note, which is there if an input is secret, lets them keep it so.
 */
function secretInputs(args: object | undefined): pulumi.Inputs {
    const entries = Object.entries(args ?? {}).filter(([key, value]) => !NEVER_ECHOED.has(key) && becomesKnown(value));
    if (entries.length === 0) return {};
    return { __secret: secretKeys(entries).then((keys) => keys.join(",") || undefined) };
}

/** Names of the values that are secret. */
export async function secretKeys(entries: readonly (readonly [string, unknown])[]): Promise<string[]> {
    const secrets = entries.map(async ([key, value]) => ((await pulumi.isSecret(pulumi.output(value))) ? [key] : []));
    return (await Promise.all(secrets)).flat();
}

/** Does it hold an Output or a promise? The deepest input is a list of objects; what is deeper is none of ours. */
function becomesKnown(value: unknown, depth = 3): boolean {
    if (typeof value !== "object" || value === null) return false;
    if (pulumi.Output.isInstance(value) || value instanceof Promise) return true;
    return depth > 0 && Object.values(value).some((item) => becomesKnown(item, depth - 1));
}

/**
 * Handlers are not told whose call it is; this note lets their lines stand on the right row. A plain promise: it must
 * not make the resource depend on its parent.
 */
function urnOf(name: string, type: string, options: pulumi.CustomResourceOptions): Promise<string> {
    const parent = options.parent;
    return new Promise((resolve) => {
        pulumi.createUrn(name, type, parent).apply((urn) => {
            resolve(urn);
        });
    });
}
