/** A restore point before Pulumi changes a resource: the Checkpoint resource's own create, called from a hook of the program. */

import { ConfigError, messageOf, PartialCreateError } from "../client/errors/errors";
import type { Journal, JournalEntry } from "../exactly-once/journal";
import { rowLog, type Send } from "../pulumi/resource-log";
import { withLowercaseIds } from "../resource/ids";
import { checkInputs, EXPIRED } from "../resource/resource";
import { type CheckpointInputs, type CheckpointOutputs, checkpoint } from "../resources/checkpoint/checkpoint";
import { isFinalCheckpoint } from "../resources/checkpoint/schema";
import type { Context, Services } from "../services/context";

/** A restore point that an interrupted run has left is taken for the wanted one for so long, in milliseconds; later, too much has changed since. */
const FRESH_MS = 3_600_000;

/** Resources that share a hook share its restore point when they are changed within this time, in milliseconds. */
const SHARED_MS = 600_000;
/** The arguments must be known after this long, in milliseconds. Else they wait for the very resource that waits for the hook. */
const KNOWN_WITHIN_MS = 300_000;

export interface Wanted {
    /** Name of the hook: stem of the restore points' names. */
    readonly name: string;
    /** What a Checkpoint is made from, once it is known. */
    readonly inputs: () => Promise<Readonly<Record<string, unknown>>>;
    readonly send: Send;
}

/** The resource that is about to be changed. */
export interface Event {
    readonly name: string;
    readonly urn: string;
}

/** What a hook does. One restore point serves all that come while it is taken, or soon after. Throws unless it is good: then the change must not happen. */
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
                `${wanted.name}: ${event.name} is not changed, because there is no good restore point: ${messageOf(error)}`,
                { cause: error },
            );
        }
    };
}

async function take(services: Services, wanted: Wanted, event: Event): Promise<CheckpointOutputs> {
    const { clock } = services;
    const known = await knownInputs(services, wanted);
    const inputs = withLowercaseIds(checkpoint.inputs, { onSkipped: "fail", ...known });
    const failures = checkInputs(checkpoint, inputs, () => false);
    if (failures.length > 0)
        throw new ConfigError(`${failures.map((one) => `${one.property} ${one.reason}`).join("; ")}.`);
    const journal = new HookJournal(services.journal);
    const send: Send = (line) => wanted.send({ ...line, message: `${wanted.name}: ${line.message}` });
    const log = rowLog(send, event.urn, () => clock.now(), process.env);
    const context: Context = {
        ...services,
        journal,
        log,
        resourceName: wanted.name,
        // `urn:pulumi:<stack>::<project>::…`: the hook of this stack, whichever resource it is called for.
        urn: `${event.urn.split("::", 2).join("::")}|checkpointBefore|${wanted.name}`,
    };
    try {
        const { outputs } = await checkpoint.create(context, inputs as unknown as CheckpointInputs);
        journal.forget();
        const backups = `${outputs.backupIds.length} ${outputs.backupIds.length === 1 ? "backup" : "backups"}`;
        log.info(`restore point ${outputs.checkpointId} is good (${backups}); ${event.name} may be changed`);
        return outputs;
    } catch (error) {
        if (error instanceof PartialCreateError) {
            const { status } = error.outputs as CheckpointOutputs;
            if (isFinalCheckpoint(status) || status === EXPIRED) journal.forget();
            else journal.renew(clock.now());
        }
        throw error;
    } finally {
        log.end();
    }
}

async function knownInputs(services: Services, wanted: Wanted): Promise<Readonly<Record<string, unknown>>> {
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

/** There is no state to resume from: the entry stays until it is known how the restore point has ended. What is too old is not found. */
class HookJournal implements Journal {
    readonly #inner: Journal;
    #last: { readonly key: string; readonly entry: JournalEntry } | undefined;

    constructor(inner: Journal) {
        this.#inner = inner;
    }

    find(key: string, fingerprint: string, now: number): JournalEntry | undefined {
        const entry = this.#inner.find(key, fingerprint, now);
        return entry !== undefined && now - entry.startedAt < FRESH_MS ? entry : undefined;
    }

    write(key: string, entry: JournalEntry): void {
        this.#last = { key, entry };
        this.#inner.write(key, entry);
    }

    remove(key: string): void {
        this.#inner.remove(key);
    }

    settled(): void {}

    forget(): void {
        if (this.#last !== undefined) this.#inner.remove(this.#last.key);
    }

    /** The restore point still runs: the next run waits for it instead of taking another one. */
    renew(now: number): void {
        if (this.#last !== undefined) this.#inner.write(this.#last.key, { ...this.#last.entry, startedAt: now });
    }
}
