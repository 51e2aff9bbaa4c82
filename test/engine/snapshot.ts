import { type Deployment, manifest, type PendingOperation, type PendingType, secretsProvider } from "./deployment-file";
import type { SecretForm } from "./json";
import { type ResourceState, writeState } from "./state";

/**
 * The state of a stack while an operation runs: resources that this run has finished, in the order in which they finished, then
 * what is left of the old ones. Every change is written; writes that come while one is under way are joined into the next.
 */
export class Snapshot {
    #old: ResourceState[];
    readonly #finished = new Set<ResourceState>();
    readonly #gone = new Set<ResourceState>();
    /** What a refresh made of an old resource: another state, or nothing. */
    readonly #refreshed = new Map<ResourceState, ResourceState | undefined>();
    readonly #pending = new Set<PendingOperation>();
    readonly #kept: PendingOperation[];
    readonly #crypter: Deployment["crypter"];
    readonly #write: (json: string) => Promise<void>;
    /** Text of each resource, so that a write costs a copy and not a new serialization of everything. */
    readonly #texts = new WeakMap<ResourceState, string>();
    readonly #renamed = new Map<string, string>();
    #dirty = false;
    /** The write that is waiting for its turn, and the one that was asked for last. */
    #next: Promise<void> | undefined;
    #last: Promise<void> = Promise.resolve();

    /** `write` stores one version; undefined for a preview, which stores nothing. */
    constructor(base: Deployment, write: ((json: string) => Promise<void>) | undefined) {
        this.#old = base.resources;
        this.#crypter = base.crypter;
        this.#kept = base.pendingOperations.filter((operation) => operation.type === "creating");
        this.#write = write ?? (() => Promise.resolve());
    }

    resources(): ResourceState[] {
        const result = [...this.#finished];
        for (const old of this.#old) {
            const state = this.#refreshed.has(old) ? this.#refreshed.get(old) : old;
            if (state !== undefined && !this.#gone.has(state) && !this.#finished.has(state)) {
                result.push(state);
            }
        }
        return result;
    }

    /** Puts the result of a refresh in the place of an old resource. */
    refresh(old: ResourceState, state: ResourceState | undefined): void {
        this.#refreshed.set(old, state);
        this.#dirty = true;
    }

    /** Replaces the old resources one for one, after a refresh. */
    rebase(old: ResourceState[]): void {
        this.#old = old;
        this.#refreshed.clear();
        this.#dirty = true;
    }

    finish(state: ResourceState): void {
        this.#finished.delete(state);
        this.#finished.add(state);
        this.touch(state);
    }

    drop(state: ResourceState): void {
        this.#gone.add(state);
        this.#finished.delete(state);
        this.#dirty = true;
    }

    /** To be called after any change of a resource. */
    touch(state: ResourceState): void {
        this.#texts.delete(state);
        this.#dirty = true;
    }

    /** A resource found by an alias: what still refers to its old name refers to the new one. */
    rename(oldUrn: string, urn: string): void {
        this.#renamed.set(oldUrn, urn);
    }

    /** Even an operation that changed nothing stores its state: options, order and code may have changed. */
    markDirty(): void {
        this.#dirty = true;
    }

    begin(resource: ResourceState, type: PendingType): PendingOperation {
        const operation = { resource, type };
        this.#pending.add(operation);
        this.#dirty = true;
        return operation;
    }

    end(operation: PendingOperation): void {
        this.#pending.delete(operation);
        this.#dirty = true;
    }

    deployment(): Deployment {
        return {
            resources: this.#withNewNames(this.resources()),
            pendingOperations: [...this.#kept, ...this.#pending],
            crypter: this.#crypter,
        };
    }

    /** Resolves when everything that was changed until now is on disk. */
    save(): Promise<void> {
        if (!this.#dirty) {
            return this.#last;
        }
        if (this.#next === undefined) {
            this.#next = this.#last
                .catch(() => {})
                // Lets the changes of everything that is ready to run join this write.
                .then(() => new Promise((resolve) => setImmediate(resolve)))
                .then(() => {
                    this.#next = undefined;
                    this.#dirty = false;
                    return this.#write(this.#serialize());
                });
            this.#last = this.#next;
        }
        return this.#next;
    }

    #serialize(): string {
        const secrets: SecretForm = this.#crypter ? { form: "encrypted", crypter: this.#crypter } : { form: "plain" };
        const textOf = (state: ResourceState) => {
            let text = this.#texts.get(state);
            if (text === undefined) {
                text = JSON.stringify(writeState(state, secrets));
                this.#texts.set(state, text);
            }
            return text;
        };
        const resources = this.#withNewNames(this.resources()).map(textOf).join(",\n");
        const pending = [...this.#kept, ...this.#pending].map(
            ({ resource, type }) => `{"resource":${textOf(resource)},"type":"${type}"}`,
        );
        const head = JSON.stringify({ manifest: manifest(), ...secretsProvider(this.#crypter) }).slice(0, -1);
        const operations = pending.length === 0 ? "" : `,"pending_operations":[${pending.join(",\n")}]`;
        return `${head},"resources":[${resources}]${operations},"metadata":{}}`;
    }

    #withNewNames(states: ResourceState[]): ResourceState[] {
        if (this.#renamed.size === 0) {
            return states;
        }
        const urn = (old: string) => this.#renamed.get(old) ?? old;
        return states.map((state) => ({
            ...state,
            parent: urn(state.parent),
            dependencies: state.dependencies.map(urn),
            deletedWith: urn(state.deletedWith),
            provider: state.provider.replace(/^(.*)(::[^:]*)$/, (_, name: string, id: string) => `${urn(name)}${id}`),
            propertyDependencies: Object.fromEntries(
                Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.map(urn)]),
            ),
        }));
    }
}
