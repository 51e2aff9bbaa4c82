import type { ChildProcess } from "node:child_process";
import { ProviderClient } from "./provider-client";
import { startDynamicProvider, stopChild } from "./provider-process";
import type { ResourceState } from "./state";
import { packageOf, parseReference } from "./urn";
import { type Bag, containsUnknown } from "./values";

/** The only package that the local engine serves: dynamic resources. */
export const dynamicPackage = "pulumi-nodejs";

/** A configured provider process, or one whose configuration is still unknown (in a preview). */
export interface Provider {
    /** Undefined when the configuration has unknowns: nothing may be asked then. */
    client: ProviderClient | undefined;
}

export interface ProviderOptions {
    cwd: string;
    env: NodeJS.ProcessEnv;
    engineAddress: string;
    onLine: (line: string, isError: boolean) => void;
}

/** One process for each provider resource, started when it is first needed. */
export class Providers {
    readonly #options: ProviderOptions;
    /** By reference `<urn>::<id>`. */
    readonly #providers = new Map<string, { inputs: Bag; started: Promise<Provider> | undefined }>();
    readonly #children = new Set<ChildProcess>();
    readonly #clients = new Set<ProviderClient>();
    /** Provider resources of the state by reference, for those that this run has not registered. */
    readonly #olds: Map<string, ResourceState>;
    readonly #aliases = new Map<string, string>();
    #isClosed = false;

    constructor(options: ProviderOptions, olds: Map<string, ResourceState>) {
        this.#options = options;
        this.#olds = olds;
    }

    /** A reference whose provider resource was renamed by an alias. */
    alias(oldUrn: string, urn: string): void {
        this.#aliases.set(oldUrn, urn);
    }

    /** Makes a provider known under its reference; a second call replaces the first (its inputs were updated). */
    register(reference: string, inputs: Bag): void {
        this.#providers.set(reference, { inputs, started: undefined });
    }

    get(reference: string): Promise<Provider> {
        const { urn, id } = parseReference(reference);
        const renamed = this.#aliases.get(urn);
        let entry = this.#providers.get(reference) ?? (renamed && this.#providers.get(`${renamed}::${id}`));
        if (!entry) {
            const old = this.#olds.get(reference);
            if (old === undefined) {
                return Promise.reject(new Error(`unknown provider reference ${reference}`));
            }
            entry = { inputs: old.inputs, started: undefined };
            this.#providers.set(reference, entry);
        }
        entry.started ??= this.#start(reference, entry.inputs);
        entry.started.catch(() => {});
        return entry.started;
    }

    async #start(reference: string, inputs: Bag): Promise<Provider> {
        const name = packageOf(parseReference(reference).urn.split("::")[2] as string);
        if (name !== dynamicPackage) {
            throw new Error(
                `the local engine serves dynamic resources only, not package "${name}"; use the Pulumi CLI`,
            );
        }
        if (containsUnknown(inputs)) {
            return { client: undefined };
        }
        const host = await startDynamicProvider(this.#options);
        if (this.#isClosed) {
            await stopChild(host.child);
            throw new Error("the operation has ended");
        }
        this.#children.add(host.child);
        const client = new ProviderClient(host.address);
        this.#clients.add(client);
        await client.configure(inputs);
        return { client };
    }

    /** Asks the hosts to stop soon; running calls go on. */
    async signalCancel(): Promise<void> {
        await Promise.allSettled([...this.#clients].map((client) => client.cancel()));
    }

    async close(isGraceful: boolean): Promise<void> {
        this.#isClosed = true;
        if (isGraceful) {
            await this.signalCancel();
        }
        for (const client of this.#clients) {
            client.close();
        }
        await Promise.all([...this.#children].map(stopChild));
    }
}
