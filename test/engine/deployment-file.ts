import { createHash } from "node:crypto";
import type { Json, JsonObject, SecretForm } from "./json";
import { type Crypter, openCrypter } from "./secrets";
import { neededBy, type ResourceState, readState, writeState } from "./state";
import { isProviderType } from "./urn";

/** Pulumi: the version our state claims to be written by; the engine whose rules we follow. */
export const engineVersion = "v3.260.0";

export type PendingType = "creating" | "updating" | "deleting" | "reading" | "importing";

export interface PendingOperation {
    resource: ResourceState;
    type: PendingType;
}

/** A stack's resources as stored between operations. */
export interface Deployment {
    resources: ResourceState[];
    pendingOperations: PendingOperation[];
    crypter: Crypter | undefined;
}

export function manifest(): JsonObject {
    return {
        time: new Date().toISOString(),
        magic: createHash("sha256").update(engineVersion).digest("hex"),
        version: engineVersion,
    };
}

export function secretsProvider(crypter: Crypter | undefined): JsonObject {
    return crypter === undefined ? {} : { secrets_providers: { type: "passphrase", state: { salt: crypter.salt } } };
}

/** The untyped deployment of Pulumi's version 3, as `stack export` prints it. */
export function writeDeployment(deployment: Deployment, secrets: SecretForm): JsonObject {
    const body: JsonObject = {
        manifest: manifest(),
        ...secretsProvider(deployment.crypter),
        metadata: {},
    };
    if (deployment.resources.length > 0) {
        body["resources"] = deployment.resources.map((state) => writeState(state, secrets));
    }
    if (deployment.pendingOperations.length > 0) {
        body["pending_operations"] = deployment.pendingOperations.map(({ resource, type }) => ({
            resource: writeState(resource, secrets),
            type,
        }));
    }
    return body;
}

function objectsIn(json: Json | undefined): JsonObject[] {
    return Array.isArray(json) ? (json as JsonObject[]) : [];
}

export async function readDeployment(json: JsonObject, env: NodeJS.ProcessEnv): Promise<Deployment> {
    const provider = json["secrets_providers"] as JsonObject | undefined;
    let crypter: Crypter | undefined;
    if (provider !== undefined && provider !== null && provider["type"] !== undefined && provider["type"] !== "") {
        if (provider["type"] !== "passphrase") {
            throw new Error(
                `the local engine knows no secrets provider "${String(provider["type"])}", only passphrase`,
            );
        }
        crypter = await openCrypter(String((provider["state"] as JsonObject)["salt"]), env);
    }
    return {
        resources: objectsIn(json["resources"]).map((item) => readState(item, crypter)),
        pendingOperations: objectsIn(json["pending_operations"]).map((item) => ({
            resource: readState((item["resource"] ?? {}) as JsonObject, crypter),
            type: item["type"] as PendingType,
        })),
        crypter,
    };
}

/** Says what is wrong with a deployment, in Pulumi's terms: order, duplicates, unknown providers and parents. */
export function integrityError(resources: ResourceState[]): string | undefined {
    const seen = new Map<string, ResourceState>();
    const providers = new Set<string>();
    for (const state of resources) {
        if (!state.custom && state.id !== "") {
            return `component ${state.urn} has an id`;
        }
        if (state.provider !== "" && !providers.has(state.provider)) {
            return `resource ${state.urn} refers to unknown provider ${state.provider}`;
        }
        for (const urn of neededBy(state)) {
            if (!seen.has(urn)) {
                return `resource ${state.urn} refers to ${urn}, which is missing or stands after it`;
            }
        }
        const twin = seen.get(state.urn);
        if (twin !== undefined && !state.delete && !twin.delete) {
            return `duplicate resource ${state.urn}`;
        }
        if (twin === undefined || twin.delete) {
            seen.set(state.urn, state);
        }
        if (isProviderType(state.type)) {
            providers.add(`${state.urn}::${state.id}`);
        }
    }
    return undefined;
}
