import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { CheckpointArgs } from "./checkpoint";
import { stackConfig } from "./functions";
import { plainData } from "./plain-data";
import { partsOf } from "./preview";

/** What {@link checkpointBefore} takes a restore point of, and when. */
export type CheckpointBeforeArgs = Pick<
    CheckpointArgs,
    | "vaultId"
    | "resources"
    | "resourceDetails"
    | "description"
    | "incremental"
    | "autoTrigger"
    | "onPartialFailure"
    | "region"
    | "projectId"
    | "timeouts"
    | "pollInterval"
> & {
    /**
     * Name of the hook, one in the stack, and stem of the restore points' names. Pulumi finds the hook of a resource
     * that is no longer in the program by it, so it should not change. Default: `checkpoint-before-<vault id>`, if that
     * is a plain string.
     */
    readonly name?: string;
    /** Before which changes. Default: both. */
    readonly on?: readonly ("update" | "delete")[];
    /** What a skipped resource means: `fail` (default), because its data would be in no restore point, or `warn`. */
    readonly onSkipped?: CheckpointArgs["onSkipped"];
};

/**
 * Hooks that take a restore point before Pulumi updates or deletes a resource (a replacement deletes, too), wait for
 * it, 3 hours by default, and let the change happen only if it is good.
 *
 * ```ts
 * const database = new Instance("database", { … }, { hooks: cbr.checkpointBefore({ vaultId, resources: [serverId] })
 * });
 * ```
 *
 * - It runs in the program's process, with the stack configuration (`cbr:*`) and the environment. A preview takes
 *   nothing: the row says what is taken first, and what surely cannot be fails the preview.
 *   Another account or region than the configured one: `region` and `projectId`.
 * - Deleting needs the program: `pulumi destroy --run-program`, and the hooks must still be in it. When a resource is
 *   taken out of the program, call `checkpointBefore` with the same `name` until the next `up` has deleted it.
 * - The arguments must be known before the resource changes: not Outputs of a vault that itself depends on the
 *   resource.
 * - Exactly once: a run that was interrupted, or whose wait ran out, is resumed within an hour. Resources that share
 *   one call share one restore point when they are changed within ten minutes.
 * - The restore points are in no stack: they stay until they are deleted by hand, or expire with `autoTrigger`.
 * - Needs a Pulumi CLI that knows resource hooks (3.182 or later).
 */
export function checkpointBefore(args: CheckpointBeforeArgs): pulumi.ResourceHookBinding {
    const { name: given, on = ["update", "delete"], ...inputs } = args;
    const name = given ?? defaultName(inputs.vaultId);
    const plain = plainData(inputs, `checkpointBefore ${name}`) as HookInputs;
    const taken = hooksOf(pulumi.runtime.getMonitor() ?? none);
    const fingerprint = fingerprintOf(inputs);
    let hook = taken.get(name);
    if (hook === undefined) {
        hook = { fingerprint, update: undefined, delete: undefined, run: runner(name, plain, stackConfig()) };
        taken.set(name, hook);
    } else if (hook.fingerprint !== fingerprint) {
        throw new Error(
            `checkpointBefore: two hooks with different arguments are named ${name}: give one of them ` +
                "another `name`.",
        );
    }
    return {
        ...(on.includes("update") ? { beforeUpdate: [hookFor(name, hook, "update")] } : {}),
        ...(on.includes("delete") ? { beforeDelete: [hookFor(name, hook, "delete")] } : {}),
    };
}

function hookFor(name: string, hook: Hook, action: "update" | "delete"): pulumi.ResourceHook {
    const made =
        hook[action] ??
        new pulumi.ResourceHook(
            `${name}-${action}`,
            ({ name: resource, urn }) => hook.run({ name: resource, urn, action }),
            {
                onDryRun: true,
            },
        );
    hook[action] = made;
    return made;
}

type HookInputs = Omit<CheckpointBeforeArgs, "name" | "on">;
type Event = import("../provider/functions/checkpoint-before").Event;

interface Hook {
    readonly fingerprint: string;
    readonly run: (event: Event) => Promise<void>;
    update: pulumi.ResourceHook | undefined;
    delete: pulumi.ResourceHook | undefined;
}

/** The hooks of each run of a program: one process may run several. */
const hooksOfRuns = new WeakMap<object, Map<string, Hook>>();
const none = {};

function hooksOf(run: object): Map<string, Hook> {
    let hooks = hooksOfRuns.get(run);
    if (hooks === undefined) {
        hooks = new Map();
        hooksOfRuns.set(run, hooks);
    }
    return hooks;
}

function defaultName(vaultId: unknown): string {
    if (typeof vaultId === "string") return `checkpoint-before-${vaultId}`;
    throw new Error("checkpointBefore: needs a `name`, because vaultId is no plain string.");
}

/** Equal for equal plain arguments; what is not known yet is told apart by identity. */
function fingerprintOf(inputs: HookInputs): string {
    const plain = (value: unknown): unknown => {
        if (typeof value !== "object" || value === null) return value;
        if (value instanceof Promise || pulumi.Output.isInstance(value)) return `(not known yet: ${identity(value)})`;
        if (Array.isArray(value)) return value.map(plain);
        return Object.entries(value).map(([key, item]) => [key, plain(item)]);
    };
    return createHash("sha256")
        .update(JSON.stringify(plain(inputs)))
        .digest("hex");
}

const identities = new WeakMap<object, number>();
let identitiesGiven = 0;

function identity(value: object): number {
    let own = identities.get(value);
    if (own === undefined) {
        own = ++identitiesGiven;
        identities.set(value, own);
    }
    return own;
}

/** The hook's function. The provider's part is loaded when it is called, as most runs change nothing. */
function runner(name: string, inputs: HookInputs, config: Record<string, string>): (event: Event) => Promise<void> {
    let run: ((event: Event) => Promise<void>) | undefined;
    const load = () => {
        const { servicesFor } = require("../provider/functions") as typeof import("../provider/functions");
        type Hooks = typeof import("../provider/functions/checkpoint-before");
        const { checkpointPreview, checkpointTaker } = require("../provider/functions/checkpoint-before") as Hooks;
        const make = pulumi.runtime.isDryRun() ? checkpointPreview : checkpointTaker;
        return make(servicesFor(config), { name, inputs: () => settled(inputs), send });
    };
    // Pulumi: a process may run several programs, told apart by the asynchronous context; hooks are called outside of
    // it.
    const inThisRun = AsyncLocalStorage.snapshot();
    return (event) =>
        inThisRun(() => {
            run ??= load();
            return run(event);
        });
}

function send(line: { urn: string; message: string; severity: "info" | "warning"; ephemeral: boolean }): void {
    const { message, severity, ephemeral } = line;
    // Pulumi: all that it reads of a resource is its URN, which says whose row it is.
    const row = { urn: pulumi.output(line.urn) } as pulumi.Resource;
    const sent =
        severity === "warning" ? pulumi.log.warn(message, row) : pulumi.log.info(message, row, undefined, ephemeral);
    // A line that cannot be shown ends nothing.
    sent.catch(() => {});
}

/** Waits for all; those that wait for what waits for the hook never settle. */
async function settled(inputs: HookInputs) {
    const known: Record<string, unknown> = {};
    const unknown: string[] = [];
    for (const [key, value] of Object.entries(inputs)) {
        if (value === undefined) continue;
        const output = partsOf(pulumi.output(value));
        if (await output.isKnown) known[key] = await output.promise(true);
        else unknown.push(key);
    }
    return { known, unknown };
}
