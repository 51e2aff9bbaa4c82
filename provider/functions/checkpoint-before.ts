/**
 * A restore point before Pulumi changes a resource: the Checkpoint resource's own create, called from a hook of the
 * program.
 */

import { ConfigError, messageOf, PartialCreateError } from "../client/errors/errors";
import type { Journal, StoredNote } from "../exactly-once/journal";
import { abandonNote } from "../exactly-once/settle-notes";
import { type RowLog, rowLog, type Send } from "../pulumi/resource-log";
import { checkInputs, knownInputs } from "../resource/check";
import { withLowercaseIds } from "../resource/ids";
import { EXPIRED, type Failure } from "../resource/resource";
import { type CheckpointInputs, type CheckpointOutputs, checkpoint } from "../resources/checkpoint/checkpoint";
import { preflightCheckpoint } from "../resources/checkpoint/preflight";
import { isFinalCheckpoint } from "../resources/checkpoint/status";
import type { Context, Services } from "../services/context";
import { beforeLine } from "./before-line";

/**
 * A restore point that an interrupted run has left is taken for the wanted one for so long, in milliseconds; later, too
 * much has changed since.
 */
const FRESH_MS = 3_600_000;

/** Resources that share a hook share its restore point when they are changed within this time, in milliseconds. */
const SHARED_MS = 600_000;
/**
 * The arguments must be known after this long, in milliseconds. Else they wait for the very resource that waits for the
 * hook.
 */
const KNOWN_WITHIN_MS = 300_000;

export interface Wanted {
    /** Name of the hook: stem of the restore points' names. */
    readonly name: string;
    /** What a Checkpoint is made from, once it is known or surely not to be known. */
    readonly inputs: () => Promise<HookInputs>;
    readonly send: Send;
}

export interface HookInputs {
    readonly known: Readonly<Record<string, unknown>>;
    /** Names of those that a preview, or a run that goes on in spite of failures, does not know. */
    readonly unknown: readonly string[];
}

/** The resource that is about to be changed. */
export interface Event {
    readonly name: string;
    readonly urn: string;
    readonly action: "update" | "delete";
}

const past = { update: "changed", delete: "deleted" } as const;

/** What a hook does in a preview: says what would be taken. Throws where that surely cannot be. */
export function checkpointPreview(services: Services, wanted: Wanted): (event: Event) => Promise<void> {
    return async (event) => {
        const { known, unknown } = await inputsOf(services, wanted);
        const notKnown = Symbol();
        const isUnknown = (value: unknown) => value === notKnown;
        const given = { ...known, ...Object.fromEntries(unknown.map((key) => [key, notKnown])) };
        const inputs = withLowercaseIds(checkpoint.inputs, { onSkipped: "fail", ...given });
        const { context, log } = openContext(services, wanted, event, services.journal);
        try {
            const wrong = checkInputs(checkpoint, inputs, isUnknown);
            const failures =
                wrong.length > 0 ? wrong : await preflightCheckpoint(context, knownInputs(inputs, isUnknown));
            if (failures.length > 0)
                throw new Error(
                    `${wanted.name}: ${event.name} cannot be ${past[event.action]}, because no restore ` +
                        `point can be taken: ${reasonsOf(failures)}`,
                );
            log.info(beforeLine({ scope: scopeOf(known), resource: event.name, change: past[event.action] }));
        } finally {
            log.end();
        }
    };
}

/** The vault, and which of its resources if not all. */
function scopeOf(known: Readonly<Record<string, unknown>>): string {
    const { vaultId, resources, resourceDetails } = known as Partial<CheckpointInputs>;
    const ids = resources ?? resourceDetails?.map((one) => one.id);
    const vault = vaultId === undefined ? "a vault that is not known yet" : `vault ${vaultId}`;
    return ids === undefined ? vault : `${vault} (${ids.length === 1 ? "resource" : "resources"} ${ids.join(", ")})`;
}

function reasonsOf(failures: readonly Failure[]): string {
    return failures.map((one) => `${one.property} ${one.reason}`.trim()).join("; ");
}

/**
 * What a hook does. One restore point serves all that come while it is taken, or soon after. Throws unless it is good:
 * then the change must not happen.
 */
export function checkpointTaker(services: Services, wanted: Wanted): (event: Event) => Promise<void> {
    const { clock } = services;
    let shared: { readonly begunAt: number; readonly done: Promise<unknown> } | undefined;
    return async (event) => {
        if (shared === undefined || clock.now() - shared.begunAt > SHARED_MS)
            shared = { begunAt: clock.now(), done: take(services, wanted, event) };
        const own = shared;
        try {
            await own.done;
        } catch (error) {
            // Whoever comes next tries again.
            if (shared === own) shared = undefined;
            throw new Error(
                `${wanted.name}: ${event.name} is not ${past[event.action]}, because there is no good ` +
                    `restore point: ${messageOf(error)}`,
                { cause: error },
            );
        }
    };
}

async function take(services: Services, wanted: Wanted, event: Event): Promise<CheckpointOutputs> {
    const { clock } = services;
    const { known, unknown } = await inputsOf(services, wanted);
    if (unknown.length > 0) throw new ConfigError(`its arguments are not known: ${unknown.join(", ")}.`);
    const inputs = withLowercaseIds(checkpoint.inputs, { onSkipped: "fail", ...known });
    const failures = checkInputs(checkpoint, inputs, () => false);
    if (failures.length > 0) throw new ConfigError(`${reasonsOf(failures)}.`);
    const { journal } = services;
    // There is no state to resume from: a note counts for an hour, and stays until it is known how its restore point
    // ended.
    const begin = (note: Parameters<typeof journal.begin>[0]) =>
        journal.begin({ ...note, until: Math.min(note.until, clock.now() + FRESH_MS) });
    const { context, log } = openContext(services, wanted, event, { ...journal, begin });
    const forEachNote = async (run: (note: StoredNote) => void) => (await journal.find(context.urn)).forEach(run);
    await forEachNote((note) => {
        if (clock.now() >= note.until)
            abandonNote(context, note, "Too much may have changed since: another one is taken.");
    });
    try {
        const { outputs } = await checkpoint.create(context, inputs as unknown as CheckpointInputs);
        await forEachNote((note) => journal.remove(note));
        const backups = `${outputs.backupIds.length} ${outputs.backupIds.length === 1 ? "backup" : "backups"}`;
        log.info(
            `restore point ${outputs.checkpointId} is good (${backups}); ${event.name} may be ${past[event.action]}`,
        );
        return outputs;
    } catch (error) {
        if (error instanceof PartialCreateError) {
            const { status } = error.outputs as CheckpointOutputs;
            const hasEnded = isFinalCheckpoint(status) || status === EXPIRED;
            // While it runs, the next run waits for it instead of taking another one.
            await forEachNote((note) =>
                hasEnded ? journal.remove(note) : journal.rewrite(note, { until: clock.now() + FRESH_MS }),
            );
        }
        throw error;
    } finally {
        log.end();
    }
}

function openContext(
    services: Services,
    wanted: Wanted,
    event: Event,
    journal: Journal,
): { context: Context; log: RowLog } {
    const send: Send = (line) => wanted.send({ ...line, message: `${wanted.name}: ${line.message}` });
    const log = rowLog(send, event.urn, () => services.clock.now(), process.env);
    // `urn:pulumi:<stack>::<project>::…`: the hook of this stack, whichever resource it is called for.
    const urn = `${event.urn.split("::", 2).join("::")}|checkpointBefore|${wanted.name}`;
    return { context: { ...services, journal, log, resourceName: wanted.name, urn }, log };
}

async function inputsOf(services: Services, wanted: Wanted): Promise<HookInputs> {
    const timer = new AbortController();
    const late = services.clock.sleep(KNOWN_WITHIN_MS, timer.signal).then(() => {
        throw new ConfigError("its arguments are not known. They must not depend on the resource that has the hook.");
    });
    late.catch(() => {});
    try {
        return await Promise.race([wanted.inputs(), late]);
    } finally {
        timer.abort();
    }
}
