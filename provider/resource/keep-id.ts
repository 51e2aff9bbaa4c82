import { messageOf, PartialCreateError } from "../client/errors/errors";

/**
 * Runs what follows once an id is known: a failure keeps the id and what is known by then, and carries newer outputs if
 * it has them.
 */
export async function keepingId<O, Result>(id: string, known: () => O, run: () => Promise<Result>): Promise<Result> {
    try {
        return await run();
    } catch (error) {
        if (error instanceof PartialCreateError) throw error;
        throw new PartialCreateError(id, known(), [messageOf(error)], { cause: error });
    }
}
