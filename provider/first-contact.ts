/**
 * The first call with a credential that nobody has looked at yet goes alone; those behind it learn from its answer. So a
 * wrong key costs one refused call and not one a resource: five in a row would block the key (cbr-api §5.4).
 */
import { type AuthError, type CbrError, TransportError } from "./errors";

/** What the first call taught: the credential was looked at; nothing; or no answer came at all, for this reason. */
export type Lesson = "learned" | "nothing" | CbrError;

interface Running {
    readonly region: string | undefined;
    readonly lesson: Promise<Lesson>;
}

export class FirstContacts {
    readonly #learned = new Set<string>();
    readonly #running = new Map<string, Running>();
    readonly #refused = new Map<string, AuthError>();

    /** The refusal that any of these credentials has met. */
    refused(keys: readonly string[]): AuthError | undefined {
        for (const key of keys) {
            const error = this.#refused.get(key);
            if (error !== undefined) return error;
        }
        return undefined;
    }

    /** Remembered: nothing goes out with the last of these any more, nor with those before it that were never accepted anywhere. */
    refuse(keys: readonly string[], error: AuthError): void {
        for (const key of keys) if (!this.#learned.has(key) || key === keys.at(-1)) this.#refused.set(key, error);
    }

    /**
     * Waits until the caller may go. What it returns is to be called once, however the call ends; undefined: all of
     * these have been looked at. Where no answer came from a region, those behind in the same region have failed with
     * it, unsent, and try again by their own rules: one after the other they would wait for ever. A call without a
     * region only waits.
     * @param keys Each stands for something that a refusal would condemn.
     * @throws AuthError that one of `keys` was refused with; TransportError (`sent: false`).
     */
    async enter(
        operation: string,
        region: string | undefined,
        keys: readonly string[],
    ): Promise<((lesson: Lesson) => void) | undefined> {
        for (;;) {
            const refused = this.refused(keys);
            if (refused !== undefined) throw refused;
            const running = keys.map((key) => this.#running.get(key)).find((one) => one !== undefined);
            if (running === undefined) break;
            const lesson = await running.lesson;
            if (typeof lesson !== "string" && region !== undefined && running.region === region)
                throw new TransportError(
                    `${operation}: not sent, for the first call to ${region} failed: ${lesson.message}`,
                    { sent: false, cause: lesson },
                );
        }
        const open = keys.filter((key) => !this.#learned.has(key));
        if (open.length === 0) return undefined;
        let end = (_lesson: Lesson) => {};
        const lesson = new Promise<Lesson>((resolve) => {
            end = (what) => {
                for (const key of open) {
                    this.#running.delete(key);
                    if (what === "learned") this.#learned.add(key);
                }
                resolve(what);
            };
        });
        for (const key of open) this.#running.set(key, { region, lesson });
        return end;
    }
}
