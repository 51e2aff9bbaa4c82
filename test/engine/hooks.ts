import { CallbacksClient, call, callbackMessages, channelOptions, grpc, resourceMessages } from "./protocol";
import type { ResourceState } from "./state";
import { type Bag, toProgram } from "./values";

export type HookKind = "BeforeCreate" | "AfterCreate" | "BeforeUpdate" | "AfterUpdate" | "BeforeDelete" | "AfterDelete";

interface Hook {
    name: string;
    target: string;
    token: string;
    onDryRun: boolean;
    ignoreErrors: boolean;
}

/** Functions of the program that the engine calls before and after it changes a resource. */
export class Hooks {
    readonly #hooks = new Map<string, Hook>();
    readonly #clients = new Map<string, CallbacksClient>();
    readonly #dryRun: boolean;
    readonly #warn: (message: string, urn: string) => void;

    constructor(dryRun: boolean, warn: (message: string, urn: string) => void) {
        this.#dryRun = dryRun;
        this.#warn = warn;
    }

    register(request: resourceMessages.RegisterResourceHookRequest): void {
        const name = request.getName();
        if (name === "") {
            throw new Error("resource hook name cannot be empty");
        }
        if (this.#hooks.has(name)) {
            throw new Error(`resource hook already registered for name "${name}"`);
        }
        const callback = request.getCallback();
        this.#hooks.set(name, {
            name,
            target: callback?.getTarget() ?? "",
            token: callback?.getToken() ?? "",
            onDryRun: request.getOnDryRun(),
            ignoreErrors: request.getIgnoreErrors(),
        });
    }

    /** Calls the hooks of one kind that a resource is bound to, in order. */
    async run(
        kind: HookKind,
        bound: ResourceState,
        old: ResourceState | undefined,
        state: ResourceState | undefined,
    ): Promise<void> {
        for (const name of bound.resourceHooks[kind] ?? []) {
            const hook = this.#hooks.get(name);
            if (hook === undefined) {
                throw new Error(`hook "${name}" was not registered`);
            }
            if (this.#dryRun && !hook.onDryRun) {
                continue;
            }
            const error = await this.#invoke(hook, kind, bound, old, state);
            if (error === "") {
                continue;
            }
            if (!hook.ignoreErrors) {
                throw new Error(`${kind.startsWith("Before") ? "before" : "after"} hook "${name}" failed: ${error}`);
            }
            this.#warn(`${kind} hook "${name}" failed: ${error}`, bound.urn);
        }
    }

    async #invoke(
        hook: Hook,
        kind: HookKind,
        bound: ResourceState,
        old: ResourceState | undefined,
        state: ResourceState | undefined,
    ): Promise<string> {
        const request = new resourceMessages.ResourceHookRequest();
        request.setUrn(bound.urn);
        request.setId(state?.id || old?.id || "");
        request.setName(bound.urn.split("::").slice(3).join("::"));
        request.setType(bound.type);
        const set = (bag: Bag | undefined, store: (struct: ReturnType<typeof toProgram>) => void) => {
            if (bag !== undefined) {
                store(toProgram(bag));
            }
        };
        set(state?.inputs, (struct) => request.setNewInputs(struct));
        set(old?.inputs, (struct) => request.setOldInputs(struct));
        set(kind.startsWith("After") ? state?.outputs : undefined, (struct) => request.setNewOutputs(struct));
        set(old?.outputs, (struct) => request.setOldOutputs(struct));
        const message = new callbackMessages.CallbackInvokeRequest();
        message.setToken(hook.token);
        message.setRequest(request.serializeBinary());
        try {
            const client = this.#client(hook.target);
            const response = await call(client, client.invoke, message);
            return resourceMessages.ResourceHookResponse.deserializeBinary(response.getResponse_asU8()).getError();
        } catch (error) {
            return error instanceof Error ? error.message : String(error);
        }
    }

    #client(target: string): CallbacksClient {
        let client = this.#clients.get(target);
        if (client === undefined) {
            client = new CallbacksClient(target, grpc.credentials.createInsecure(), channelOptions);
            this.#clients.set(target, client);
        }
        return client;
    }

    close(): void {
        for (const client of this.#clients.values()) {
            client.close();
        }
    }
}
