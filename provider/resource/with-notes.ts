/**
 * What a call of the engine says about the notes of a resource's requests: that state has the outcome, and they have
 * served.
 */
import { OperationFailedError, PartialCreateError } from "../client/errors/errors";
import { isStored, settleDeleted, settleNotes } from "../exactly-once/settle-notes";
import type { Context } from "../services/context";
import type { CommonInputs, ResourceHandler } from "./resource";

/**
 * The handler, whose calls also settle notes, and delete nothing that the resource still is. Pulumi: with `--replace` a
 * provider sees nothing of the old object before it is to delete it; and what a run could not delete is left to the
 * next one, whose state may then have the same object twice.
 */
export function withNotes<I extends CommonInputs, O extends I>(handler: ResourceHandler<I, O>): ResourceHandler<I, O> {
    const { storedOutcome } = handler;
    if (storedOutcome === undefined) return handler;
    /** Tells one making from the next: by the id, where that is not made of the inputs. */
    const objectOf = (id: string, outputs: Partial<O>) =>
        storedOutcome(id, outputs).parts === undefined ? id : (handler.holding?.(id, outputs as O).identity ?? id);
    const settle = (context: Context, id: string, olds: Partial<O>) =>
        settleNotes(context, [context.urn, context.formerUrn ?? context.urn], storedOutcome(id, olds));
    const noteTakenOver = async ({ holders, journal, urn }: Context, inputs: I, id: string, outputs: Partial<O>) => {
        const notes = await journal.find(urn);
        const isResumed = notes.some((note) => note.resumed === true && isStored(note, storedOutcome(id, outputs)));
        if (isResumed) holders.stays(urn, objectOf(id, outputs), "resumed");
        else if (Reflect.get(inputs, "adopt") === id) holders.stays(urn, id, "stays");
    };
    return {
        ...handler,
        onDiff: async (context, id, olds, isUnchanged) => {
            await settle(context, id, olds);
            if (isUnchanged) context.holders.stays(context.urn, objectOf(id, olds), "stays");
        },
        create: async (context, inputs) => {
            try {
                const created = await handler.create(context, inputs);
                await noteTakenOver(context, inputs, created.id, created.outputs);
                return created;
            } catch (error) {
                if (error instanceof PartialCreateError)
                    await noteTakenOver(context, inputs, error.id, error.outputs as Partial<O>);
                throw error;
            }
        },
        update: async (context, id, olds, news) => {
            await settle(context, id, olds);
            // What state has is gone on from.
            context.memory.storedIds.delete(context.urn);
            context.holders.stays(context.urn, objectOf(id, olds), "stays");
            return handler.update(context, id, olds, news);
        },
        read: async (context, id, olds) => {
            await settle(context, id, olds);
            return handler.read(context, id, olds);
        },
        remove: async (context, id, olds) => {
            await settleDeleted(context, context.urn, storedOutcome(id, olds));
            const staying = context.holders.staying(context.urn, objectOf(id, olds));
            if (staying === "resumed") throw notReplaced(id);
            if (staying !== undefined && Reflect.get(olds, "deletionPolicy") === "delete")
                return context.log.info(`retained ${id}: it is what the resource still is`);
            await handler.remove(context, id, olds);
        },
    };
}

function notReplaced(id: string): OperationFailedError {
    return new OperationFailedError(
        "nothing was deleted, and nothing new was made: a note on this machine said that an interrupted " +
            `run had made ${id}, and did not say that the stack has it. Run \`pulumi up --replace\` again ` +
            "for a new one.",
    );
}
