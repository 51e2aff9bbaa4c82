import { PartialCreateError } from "../../provider/client/errors/errors";
import { noteDeclared, noteMade, noteStored, removeGuarded } from "../../provider/resource/deletion-guard";
import { type CommonInputs, diffInputs, type ResourceHandler } from "../../provider/resource/resource";
import { withNotes } from "../../provider/resource/with-notes";
import type { Context } from "../../provider/services/context";
import { type Kill, type Machine, type Process, urnOf } from "./machine";

/** A handler of any resource; `anyHandler` makes one of each. */
export type AnyHandler = ResourceHandler<CommonInputs, CommonInputs>;

export function anyHandler<I extends CommonInputs, O extends I>(handler: ResourceHandler<I, O>): AnyHandler {
    return withNotes(handler) as unknown as AnyHandler;
}

/** A resource of the program. */
export interface Declared {
    readonly name: string;
    /** The one that state may have it under. */
    readonly alias?: string | undefined;
    readonly handler: AnyHandler;
    readonly inputs: CommonInputs;
    /** Which provider process it is given to. */
    readonly provider: number;
}

/** An object in a stack's state. */
export interface Stored {
    readonly name: string;
    /** The name that was noted with its outputs: an alias does not change it. */
    readonly notedAs: string;
    readonly handler: AnyHandler;
    readonly provider: number;
    readonly id: string;
    readonly outputs: CommonInputs;
    /** Pulumi keeps the reasons of a failure, and calls `update` until there are none. */
    readonly isBroken: boolean;
}

/** What one `pulumi up` is to do, and what befalls it. */
export interface Up {
    readonly program: readonly Declared[];
    /** `--replace` with the name of this resource: its provider is not shown what state has. */
    readonly forced?: string | undefined;
    readonly kill?: Kill | undefined;
    /** The backend cannot be written from now on: what the provider tells is lost. */
    readonly isUnstored?: boolean;
    /** Calls before the resources' own, as another resource's check may have made. */
    readonly before?: (context: Context) => Promise<unknown>;
}

/** One stack, as Pulumi's engine goes about it: creates before it deletes, resource after resource. */
export class Play {
    readonly #machine: Machine;
    readonly #live = new Map<string, Stored>();
    /** Objects that were replaced, and are still to be deleted. */
    readonly doomed: Stored[] = [];
    /** Objects that were in state, and are not any more. */
    readonly gone: Stored[] = [];
    /** Objects in state whose deletion was asked for, and whose end did not reach state. */
    readonly leaving = new Set<Stored>();

    constructor(machine: Machine) {
        this.#machine = machine;
    }

    /** What is not to be deleted. */
    get live(): readonly Stored[] {
        return [...this.#live.values()];
    }

    /** Everything in state. */
    get stored(): readonly Stored[] {
        return [...this.live, ...this.doomed];
    }

    /** Throws what ends the run, unless it is killed. */
    async up(run: Up): Promise<void> {
        const process = this.#machine.start(run.kill);
        await process.run(async () => {
            await run.before?.(process.context("before"));
            for (const one of run.program) await this.#step(process, one, run);
            const names = new Set(run.program.map((one) => one.name));
            for (const one of this.live.filter(({ name }) => !names.has(name))) await this.#delete(process, one, run);
            for (const one of [...this.doomed]) await this.#delete(process, one, run);
        });
    }

    async #delete(process: Process, one: Stored, run: Up): Promise<void> {
        this.leaving.add(one);
        try {
            await removeGuarded(process.context(one.notedAs, one.provider), one.handler, one.id, one.outputs);
        } catch (error) {
            const isSent = /is being deleted|deletion of backup/.test((error as Error).message);
            if (!isSent) this.leaving.delete(one);
            throw error;
        }
        if (run.isUnstored === true) return;
        this.leaving.delete(one);
        if (this.#live.get(one.name) === one) this.#live.delete(one.name);
        else this.doomed.splice(this.doomed.indexOf(one), 1);
        this.gone.push(one);
    }

    async #step(process: Process, declared: Declared, run: Up): Promise<void> {
        const { name, alias, handler, inputs, provider } = declared;
        const context = process.context(name, provider);
        const bag = inputs as unknown as Record<string, unknown>;
        noteDeclared(context, handler, context.urn, bag);
        const aliased = alias === undefined ? undefined : this.#live.get(alias);
        if (aliased !== undefined && !this.#live.has(name)) {
            this.#live.delete(aliased.name);
            const renamed = { ...aliased, name };
            this.#live.set(name, renamed);
            if (this.leaving.has(aliased)) this.leaving.add(renamed);
        }
        const live = this.#live.get(name);
        // Pulumi: with `--replace`, and for another provider, there is no diff.
        if (live === undefined || run.forced === name || live.provider !== provider)
            return this.#create(context, declared, run);
        const { id, outputs } = live;
        const formerUrn = urnOf(live.notedAs);
        noteStored(context, handler, { program: context.urn, stored: formerUrn }, { id, outputs });
        const asked = { ...context, formerUrn };
        const diff = await diffInputs(handler, asked, { id, olds: outputs, news: bag, isUnknown: () => false });
        if (diff.replaces.length > 0) {
            if (diff.deleteBeforeReplace) await this.#delete(process, live, run);
            return this.#create(context, declared, run);
        }
        if (!live.isBroken && !diff.changedByState && diff.updates.length === 0) return;
        const update = async () => ({ id, outputs: await handler.update(asked, id, outputs, inputs) });
        await this.#store(declared, run, () => noteMade(asked, handler, update));
    }

    async #create(context: Context, declared: Declared, run: Up): Promise<void> {
        const { name, handler, inputs } = declared;
        const former = this.#live.get(name);
        try {
            await this.#store(declared, run, () => noteMade(context, handler, () => handler.create(context, inputs)));
        } finally {
            if (former !== undefined && this.#live.get(name) !== former) this.doomed.push(former);
        }
    }

    /** A result, or a failure with an id, goes into state; any other failure ends the run. */
    async #store(
        declared: Declared,
        run: Up,
        work: () => Promise<{ id: string; outputs: CommonInputs }>,
    ): Promise<void> {
        const { name, handler, provider } = declared;
        const store = (id: string, outputs: CommonInputs, isBroken: boolean) =>
            this.#live.set(name, { name, notedAs: name, handler, provider, id, outputs, isBroken });
        try {
            const { id, outputs } = await work();
            if (run.isUnstored === true) throw new NotStored();
            store(id, outputs, false);
        } catch (error) {
            if (error instanceof PartialCreateError && run.isUnstored !== true)
                store(error.id, error.outputs as CommonInputs, true);
            throw error;
        }
    }
}

/** The engine was told, and could not write it down. */
export class NotStored extends Error {}
