/** Hosts that a preview waits for, so that it can say who did not answer. */
import { ConfigError } from "../client/errors/errors";

export class PendingHosts {
    readonly #counts = new Map<string, number>();

    /**
     * Runs `ask`, which waits for the host of this address. An address that settings do not give is `ask`'s to refuse.
     */
    async during<T>(address: () => string, ask: () => Promise<T>): Promise<T> {
        const host = hostOf(address);
        if (host === undefined) return await ask();
        this.#counts.set(host, (this.#counts.get(host) ?? 0) + 1);
        try {
            return await ask();
        } finally {
            const left = (this.#counts.get(host) ?? 0) - 1;
            if (left > 0) this.#counts.set(host, left);
            else this.#counts.delete(host);
        }
    }

    /** ` from a.example and b.example`, or nothing. */
    toString(): string {
        const hosts = [...this.#counts.keys()].sort();
        return hosts.length === 0 ? "" : ` from ${hosts.join(" and ")}`;
    }
}

function hostOf(address: () => string): string | undefined {
    try {
        return new URL(address()).host;
    } catch (error) {
        if (error instanceof ConfigError) return undefined;
        throw error;
    }
}
