import { randomBytes } from "node:crypto";
import type { DetailedDiff } from "./paths";
import {
    call,
    channelOptions,
    Empty,
    grpc,
    isServiceError,
    providerMessages,
    providerService,
    statusMessages,
} from "./protocol";
import type { ResourceState } from "./state";
import { nameOf, typeOf } from "./urn";
import { annotateSecrets, type Bag, containsUnknown, fromWire, toProgram, toProvider } from "./values";

/** The object exists, but is not ready: the host's error with `id`, `properties` and `reasons`. */
export class InitError extends Error {
    readonly id: string;
    readonly outputs: Bag;
    readonly reasons: string[];
    constructor(id: string, outputs: Bag, reasons: string[]) {
        super(reasons.length === 0 ? "resource init failed" : reasons.map((reason) => `\n\t* ${reason}`).join(""));
        this.id = id;
        this.outputs = outputs;
        this.reasons = reasons.length === 0 ? ["resource init failed"] : reasons;
    }
}

export interface Diff {
    changes: "unknown" | "none" | "some";
    replaces: string[];
    deleteBeforeReplace: boolean;
    changedKeys: string[];
    detailedDiff: DetailedDiff | undefined;
}

export interface Failure {
    property: string;
    reason: string;
}

export interface Result {
    id: string;
    outputs: Bag;
    inputs: Bag | undefined;
    /** Set when the object exists and is not ready. */
    initError: InitError | undefined;
}

/** Calls of one provider process, in terms of our values. */
export class ProviderClient {
    readonly #client: providerService.ResourceProviderClient;

    constructor(address: string) {
        this.#client = new providerService.ResourceProviderClient(
            address,
            grpc.credentials.createInsecure(),
            channelOptions,
        );
    }

    async configure(inputs: Bag): Promise<void> {
        const request = new providerMessages.ConfigureRequest();
        request.setArgs(toProgram(inputs));
        request.setAcceptsecrets(true);
        request.setAcceptresources(true);
        await call(this.#client, this.#client.configure, request);
    }

    async check(urn: string, olds: Bag, news: Bag, isPreview: boolean): Promise<{ inputs: Bag; failures: Failure[] }> {
        const request = new providerMessages.CheckRequest();
        request.setUrn(urn);
        request.setName(nameOf(urn));
        request.setType(typeOf(urn));
        request.setOlds(toProvider(olds, "drop"));
        request.setNews(toProvider(news, isPreview ? "keep" : "drop"));
        request.setRandomseed(randomBytes(32));
        const response = await call(this.#client, this.#client.check, request);
        const inputs = this.#answer(response.getInputs(), news, isPreview, "Check");
        const failures = response
            .getFailuresList()
            .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
        return { inputs, failures };
    }

    async diff(old: ResourceState, news: Bag, unknowns: boolean, ignoreChanges: string[]): Promise<Diff> {
        const request = new providerMessages.DiffRequest();
        request.setId(old.id);
        request.setUrn(old.urn);
        request.setName(nameOf(old.urn));
        request.setType(typeOf(old.urn));
        request.setOlds(toProvider(old.outputs, "drop"));
        request.setOldInputs(toProvider(old.inputs, "drop"));
        request.setNews(toProvider(news, unknowns ? "keep" : "drop"));
        request.setIgnorechangesList(ignoreChanges);
        const response = await call(this.#client, this.#client.diff, request);
        return {
            changes: (["unknown", "none", "some"] as const)[response.getChanges()] ?? "unknown",
            replaces: response.getReplacesList(),
            deleteBeforeReplace: response.getDeletebeforereplace(),
            changedKeys: response.getDiffsList(),
            detailedDiff: undefined,
        };
    }

    create(urn: string, inputs: Bag, timeoutSeconds: number): Promise<Result> {
        const request = new providerMessages.CreateRequest();
        request.setUrn(urn);
        request.setName(nameOf(urn));
        request.setType(typeOf(urn));
        request.setProperties(toProvider(inputs, "drop"));
        request.setTimeout(timeoutSeconds);
        return this.#change("Create", inputs, async () => {
            const response = await call(this.#client, this.#client.create, request);
            if (response.getId() === "") {
                throw new Error(`plugin for ${typeOf(urn)} returned empty resource.ID from create`);
            }
            return { id: response.getId(), properties: response.getProperties() };
        });
    }

    update(old: ResourceState, urn: string, inputs: Bag, timeoutSeconds: number, ignored: string[]): Promise<Result> {
        const request = new providerMessages.UpdateRequest();
        request.setId(old.id);
        request.setUrn(urn);
        request.setName(nameOf(urn));
        request.setType(typeOf(urn));
        request.setOlds(toProvider(old.outputs, "drop"));
        request.setOldInputs(toProvider(old.inputs, "drop"));
        request.setNews(toProvider(inputs, "drop"));
        request.setTimeout(timeoutSeconds);
        request.setIgnorechangesList(ignored);
        return this.#change("Update", inputs, async () => {
            const response = await call(this.#client, this.#client.update, request);
            return { id: old.id, properties: response.getProperties() };
        });
    }

    async #change(
        what: string,
        inputs: Bag,
        send: () => Promise<{ id: string; properties: Parameters<typeof fromWire>[0] }>,
    ): Promise<Result> {
        try {
            const { id, properties } = await send();
            return {
                id,
                outputs: this.#answer(properties, inputs, false, what),
                inputs: undefined,
                initError: undefined,
            };
        } catch (error) {
            const initError = readInitError(error);
            if (initError === undefined) {
                throw error;
            }
            annotateSecrets(initError.outputs, inputs);
            return { id: initError.id, outputs: initError.outputs, inputs: undefined, initError };
        }
    }

    /** A blank id in the answer means that the object is gone. */
    async read(
        urn: string,
        id: string,
        state: Bag | undefined,
        inputs: Bag | undefined,
        timeout: number,
    ): Promise<Result> {
        const request = new providerMessages.ReadRequest();
        request.setId(id);
        request.setUrn(urn);
        request.setName(nameOf(urn));
        request.setType(typeOf(urn));
        request.setTimeout(timeout);
        if (state !== undefined) {
            request.setProperties(toProvider(state, "drop"));
        }
        if (inputs !== undefined) {
            request.setInputs(toProvider(inputs, "drop"));
        }
        const response = await call(this.#client, this.#client.read, request);
        const newInputs = response.getInputs();
        return {
            id: response.getId(),
            outputs: this.#answer(response.getProperties(), state ?? {}, false, "Read"),
            inputs: newInputs === undefined ? undefined : this.#answer(newInputs, inputs ?? {}, false, "Read"),
            initError: undefined,
        };
    }

    async delete(state: ResourceState): Promise<void> {
        const request = new providerMessages.DeleteRequest();
        request.setId(state.id);
        request.setUrn(state.urn);
        request.setName(nameOf(state.urn));
        request.setType(typeOf(state.urn));
        request.setProperties(toProvider(state.outputs, "drop"));
        request.setOldInputs(toProvider(state.inputs, "drop"));
        request.setTimeout(state.customTimeouts.delete ?? 0);
        await call(this.#client, this.#client.delete, request);
    }

    async cancel(): Promise<void> {
        await call(this.#client, this.#client.cancel, new Empty());
    }

    close(): void {
        this.#client.close();
    }

    #answer(struct: Parameters<typeof fromWire>[0], request: Bag, isPreview: boolean, what: string): Bag {
        const answer = fromWire(struct);
        if (!isPreview && containsUnknown(answer)) {
            throw new Error(`${what} returned an unknown value outside of a preview`);
        }
        return annotateSecrets(answer, request);
    }
}

function readInitError(error: unknown): InitError | undefined {
    if (!isServiceError(error)) {
        return undefined;
    }
    const bytes = error.metadata?.get("grpc-status-details-bin")[0];
    if (!(bytes instanceof Uint8Array)) {
        return undefined;
    }
    for (const detail of statusMessages.Status.deserializeBinary(bytes).getDetailsList()) {
        const failed = detail.unpack(
            providerMessages.ErrorResourceInitFailed.deserializeBinary,
            "pulumirpc.ErrorResourceInitFailed",
        );
        if (failed !== null) {
            return new InitError(failed.getId(), fromWire(failed.getProperties()), failed.getReasonsList());
        }
    }
    return undefined;
}

/** What a call failed with, without gRPC's own prefix. */
export function messageOf(error: unknown): string {
    if (isServiceError(error)) {
        return error.details;
    }
    return error instanceof Error ? error.message : String(error);
}
