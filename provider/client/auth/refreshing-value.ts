/** A token or temporary keys: fetched once for all who ask, and again ahead of their end. */
import { AuthError, TransportError } from "../errors/errors";
import type { Clock } from "../time/clock";

/** A token is renewed this long before its end, in milliseconds, but at the earliest after four fifths of its life. */
const RENEW_AHEAD_MS = 5 * 60_000;
/** After a renewal ahead of time failed, the old token serves on; the next try waits this long, in milliseconds. */
const RENEW_PAUSE_MS = 30_000;
/**
 * A token that was itself fetched because of a 401 is not renewed again for this long, in milliseconds: a new one would
 * be refused as well.
 */
const RENEWED_TWICE_MS = 60_000;

export interface Perishable {
    /** By this machine's clock, in milliseconds. */
    readonly expiresAt: number;
    readonly lifeMs: number;
}

/** Something fetched, used until shortly before its end, and fetched by one caller for all. */
export class RefreshingValue<T extends Perishable> {
    readonly #fetch: () => Promise<T>;
    readonly #clock: Clock;
    #current: T | undefined;
    #renewAt = 0;
    #running: Promise<T> | undefined;
    /** When the current value was fetched because its forerunner was refused. */
    #replacedAt = Number.NEGATIVE_INFINITY;
    /** The current value has been of use since it was fetched. */
    #isProven = false;

    constructor(clock: Clock, fetch: () => Promise<T>) {
        this.#clock = clock;
        this.#fetch = fetch;
    }

    async get(): Promise<T> {
        const current = this.#current;
        const now = this.#clock.now();
        if (current !== undefined && now < this.#renewAt) return current;
        try {
            return await this.#refetch();
        } catch (error) {
            const passing = error instanceof TransportError || (error instanceof AuthError && error.retry !== "never");
            if (!passing || current === undefined || this.#clock.now() >= current.expiresAt) throw error;
            this.#renewAt = this.#clock.now() + RENEW_PAUSE_MS;
            return current;
        }
    }

    /** A value other than the refused one, or undefined when fetching one again makes no sense. */
    async replace(isRefused: (value: T) => boolean): Promise<T | undefined> {
        if (this.#running !== undefined) await this.#running.catch(() => undefined);
        const current = this.#current;
        if (current !== undefined && !isRefused(current)) return current;
        const now = this.#clock.now();
        if (now - this.#replacedAt < RENEWED_TWICE_MS && !this.#isProven) return undefined;
        this.#current = undefined;
        const fresh = await this.#refetch();
        this.#replacedAt = this.#clock.now();
        return fresh;
    }

    /** What was of use may be refused one day, and is then fetched anew, however soon. */
    markAccepted(isAccepted: (value: T) => boolean): void {
        if (this.#current !== undefined && isAccepted(this.#current)) this.#isProven = true;
    }

    /** Forgets this value, unless another one has taken its place. */
    invalidate(value: T): void {
        if (this.#current === value) this.#current = undefined;
    }

    #refetch(): Promise<T> {
        this.#running ??= this.#fetch()
            .then((value) => {
                this.#current = value;
                this.#isProven = false;
                this.#renewAt = value.expiresAt - Math.min(RENEW_AHEAD_MS, value.lifeMs / 5);
                return value;
            })
            .finally(() => {
                this.#running = undefined;
            });
        return this.#running;
    }
}
