/**
 * The first call with a credential that nobody has looked at yet goes alone; those behind it learn from its answer. So
 * a wrong key costs one refused call and not one a resource: five in a row would block the key (api-notes: Refused
 * credentials).
 */

import { type AuthError, type CbrError, TransportError } from "../errors/errors";
import type { Clock } from "../time/clock";

/** What the first call taught: the credential was looked at; nothing; or no answer came at all, for this reason. */
export type ProbeResult = "learned" | "nothing" | CbrError;

/**
 * A call that hangs holds up others for this long only, in milliseconds; unless a refusal of many would block the key.
 */
const PATIENCE_MS = 5_000;

interface Running {
    readonly region: string | undefined;
    readonly lesson: Promise<ProbeResult>;
    /** The lesson, or that it took too long; made by the first who waits. */
    patience?: Promise<ProbeResult | "impatient">;
    readonly ended: AbortController;
}

/** What a refused call to this project condemns: the project's token, or the key that signs for all of them. */
export function keysOf(
    auth: { sharedKey(): string | undefined },
    target: { readonly region: string; readonly projectId: string },
): string[] {
    const key = auth.sharedKey();
    const own = `${target.region}/${target.projectId}`;
    return key === undefined ? [own] : [key, own];
}

export class CredentialGate {
    readonly #clock: Clock;
    readonly #learned = new Set<string>();
    readonly #running = new Map<string, Running>();
    readonly #refused = new Map<string, AuthError>();

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    /** The refusal that any of these credentials has met. */
    refused(keys: readonly string[]): AuthError | undefined {
        for (const key of keys) {
            const error = this.#refused.get(key);
            if (error !== undefined) return error;
        }
        return undefined;
    }

    /**
     * Remembered: nothing goes out with the last of these any more, nor with those before it that were never accepted
     * anywhere.
     */
    refuse(keys: readonly string[], error: AuthError): void {
        for (const key of keys) if (!this.#learned.has(key) || key === keys.at(-1)) this.#refused.set(key, error);
    }

    /**
     * Waits until the caller may go. What it returns is to be called once, however the call ends; undefined: all of
     * these have been looked at. Where no answer came from a region, those behind in the same region have failed with
     * it, unsent, and try again by their own rules: one after the other they would wait for ever. A call without a
     * region only waits.
     * @param keys Each stands for something that a refusal would condemn.
     * @param blocksKey Would many refusals block the credential itself? So it is with access keys, not with tokens.
     * @throws AuthError that one of `keys` was refused with; TransportError (`sent: false`).
     */
    async acquire(
        operation: string,
        region: string | undefined,
        keys: readonly string[],
        blocksKey: boolean,
    ): Promise<((lesson: ProbeResult) => void) | undefined> {
        for (;;) {
            const refused = this.refused(keys);
            if (refused !== undefined) throw refused;
            const running = keys.map((key) => this.#running.get(key)).find((one) => one !== undefined);
            if (running === undefined) break;
            if (!blocksKey) running.patience ??= this.#impatient(running);
            const lesson = await (running.patience ?? running.lesson);
            if (lesson === "impatient") return undefined;
            if (typeof lesson !== "string" && region !== undefined && running.region === region)
                throw new TransportError(
                    `${operation}: not sent, for the first call to ${region} failed: ${lesson.message}`,
                    { sent: false, cause: lesson },
                );
        }
        const open = keys.filter((key) => !this.#learned.has(key));
        if (open.length === 0) return undefined;
        let tell = (_lesson: ProbeResult) => {};
        const running: Running = {
            region,
            lesson: new Promise<ProbeResult>((resolve) => {
                tell = resolve;
            }),
            ended: new AbortController(),
        };
        for (const key of open) this.#running.set(key, running);
        return (lesson) => {
            for (const key of open) {
                if (this.#running.get(key) === running) this.#running.delete(key);
                if (lesson === "learned") this.#learned.add(key);
            }
            tell(lesson);
            running.ended.abort();
        };
    }

    async #impatient({ ended, lesson }: Running): Promise<ProbeResult | "impatient"> {
        const late = this.#clock.sleep(PATIENCE_MS, ended.signal).then(() => "impatient" as const);
        late.catch(() => {});
        return Promise.race([lesson, late]);
    }
}
