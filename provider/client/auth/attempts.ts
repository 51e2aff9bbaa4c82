/** What became of sign-ins: a wrong credential is sent once, and a refused sign-in is not asked for again. */
import { AuthError, type CbrError, ConfigError } from "../errors/errors";
import type { Credentials } from "../settings/settings";

export class Attempts {
    /** Sign-ins that were refused for good, by what was asked for; and whole credentials that were. */
    readonly #refusals = new Map<string, CbrError>();
    readonly #refusedCredentials = new Map<Credentials, AuthError>();
    readonly #proven = new Set<Credentials>();
    readonly #probes = new Map<Credentials, Promise<void>>();

    /** @throws AuthError that these credentials were refused with. */
    throwIfRefused(credentials: Credentials): void {
        const refused = this.#refusedCredentials.get(credentials);
        if (refused !== undefined) throw refused;
    }

    /** Forgets that this sign-in was refused. */
    forget(key: string): void {
        this.#refusals.delete(key);
    }

    forgetAll(): void {
        this.#refusals.clear();
    }

    /**
     * Runs a sign-in unless it, or its credential, was refused before. As long as a credential has not been accepted
     * once, only one sign-in with it is under way: all others learn from its answer.
     */
    async once<T>(key: string, credentials: Credentials, run: () => Promise<T>, provesCredentials = true): Promise<T> {
        for (;;) {
            this.throwIfRefused(credentials);
            const refused = this.#refusals.get(key);
            if (refused !== undefined) throw refused;
            const probe = this.#probes.get(credentials);
            if (this.#proven.has(credentials) || probe === undefined) break;
            await probe;
        }
        let settled: (() => void) | undefined;
        if (!this.#proven.has(credentials) && provesCredentials)
            this.#probes.set(
                credentials,
                new Promise((resolve) => {
                    settled = () => {
                        this.#probes.delete(credentials);
                        resolve();
                    };
                }),
            );
        try {
            const result = await run();
            if (provesCredentials) this.#proven.add(credentials);
            return result;
        } catch (error) {
            const final = error instanceof ConfigError || (error instanceof AuthError && error.retry === "never");
            if (final) this.#refusals.set(key, error);
            if (error instanceof AuthError && error.status === 401 && provesCredentials)
                this.#refusedCredentials.set(credentials, error);
            throw error;
        } finally {
            settled?.();
        }
    }
}
