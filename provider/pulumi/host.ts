/**
 * What the process of a provider host has: its configuration, the services made from it, and errors as people see them.
 * Pulumi: one process serves one provider configuration.
 */
import { ConfigError, messageOf, PartialCreateError } from "../client/errors/errors";
import { displayText } from "../client/errors/redaction";
import { nodeProblem } from "../client/node-version";
import { systemClock } from "../client/time/clock";
import { createJournal } from "../exactly-once/journal";
import { fileStore } from "../exactly-once/note-store";
import type { Context, Services } from "../services/context";
import { Holders } from "../services/holders";
import { keepCompiled } from "./compile-cache";
import {
    engineAddress,
    engineName,
    hostGone,
    isEngineAlive,
    isNamedEngineAlive,
    linesArrived,
    sendToEngine,
} from "./engine";
import { isPartialRun } from "./engine-command";
import { fileHolderStore, holderFolder } from "./holder-store";
import { rowLog } from "./resource-log";
import { registerSecretInputs } from "./secrets";
import { nameOf, type PropertyMap } from "./values";

type GetSetting = (key: string) => string | undefined;

const host: { get: GetSetting; services: Services | undefined } = { get: () => undefined, services: undefined };

/** `get` reads a setting such as `cbr:region`. */
export function configureHost(get: GetSetting): void {
    host.get = get;
    host.services = undefined;
}

/**
 * What the resources of this run rest on. Outlives the configuration: all that one process serves are told of each
 * other.
 */
let holders: Holders | undefined;

export function runHolders(): Holders {
    const address = engineAddress();
    const store =
        address === undefined ? undefined : fileHolderStore(holderFolder(), `${address.host}:${address.port}`);
    holders ??= new Holders(systemClock, store, store === undefined ? () => false : isPartialRun);
    return holders;
}

/** A line that is about the settings, and so about all resources. */
function sayOnStack(message: string): void {
    const text = displayText(`pulumi-cbr: ${message}`);
    sendToEngine({ urn: "", message: text, severity: "warning", ephemeral: false });
}

function once(say: (message: string) => void): (message: string) => void {
    let isSaid = false;
    return (message) => {
        if (!isSaid) say(message);
        isSaid = true;
    };
}

export function hostServices(): Services {
    if (host.services === undefined) {
        const problem = nodeProblem(process.versions.node);
        if (problem !== undefined) throw new ConfigError(problem);
        // Loaded on first use: a preview of a stack without CBR resources pays for nothing.
        const { createServices } = require("../services/services") as typeof import("../services/services");
        const { stateBackend } = require("./state-backend") as typeof import("./state-backend");
        const backend = stateBackend(process.env, process.cwd());
        const run = { engine: engineName(), backend, isEngineAlive: isNamedEngineAlive };
        host.services = createServices(host.get, process.env, {
            journal: createJournal(fileStore(), run),
            isEngineAlive,
            signal: hostGone(),
            holders: runHolders(),
            onMissingCredentials: once(sayOnStack),
        });
        for (const message of host.services.settings.warnings) sayOnStack(message);
    }
    return host.services;
}

/** Who asks, as every host can say. */
export interface Caller {
    /** As the program has it; "" where the host does not know. */
    readonly urn: string;
    /** In `diff` and `update`: as state has it, which an alias may have changed; "" where it does not say. */
    readonly storedUrn?: string;
    /** Inputs or outputs with our note of those that are secret. */
    readonly noted: PropertyMap;
    /** Time budget that the engine was given for this resource. */
    readonly timeoutMs?: number | undefined;
}

type ToThrow = (error: unknown, kind: string, name: string) => unknown;

/**
 * Errors reach people as a message alone: a stack says nothing about a cloud. Pulumi: the host prints `${error}:
 * ${error.stack}`.
 */
const plainError: ToThrow = (error, kind, name) => {
    const plain = new Error(`${kind} ${name}: ${messageOf(error)}`);
    plain.stack = plain.message;
    plain.toString = () => "pulumi-cbr";
    return plain;
};

/** Pulumi: an error with an id makes the engine keep the resource, with these properties, and show the reasons. */
export class InitFailure extends Error {
    readonly id: string;
    readonly properties: PropertyMap;
    readonly reasons: readonly string[];
    constructor(kind: string, name: string, error: PartialCreateError, properties: PropertyMap) {
        super(`${kind} ${name}: ${error.message}`);
        this.id = error.id;
        this.properties = properties;
        this.reasons = error.reasons.map((reason) => `${kind} ${name}: ${reason}`);
    }
}

/** Throws partial failures as what keeps the resource in state, with these properties. */
export function keeping(toState: (outputs: object) => PropertyMap): ToThrow {
    return (error, kind, name) =>
        error instanceof PartialCreateError
            ? new InitFailure(kind, name, error, toState(error.outputs as object))
            : plainError(error, kind, name);
}

/** Runs a call with its context. What it throws says which resource it is about, unless `toThrow` says otherwise. */
export async function withContext<T>(
    caller: Caller,
    kind: string,
    run: (context: Context) => Promise<T>,
    toThrow: ToThrow = plainError,
): Promise<T> {
    const { urn, storedUrn, noted, timeoutMs } = caller;
    const name = nameOf(urn);
    registerSecretInputs(noted);
    const log = rowLog(sendToEngine, urn, () => Date.now(), process.env);
    const resourceName = name === "" ? kind.toLowerCase() : name;
    try {
        return await run({ ...hostServices(), log, resourceName, urn, formerUrn: storedUrn, timeoutMs });
    } catch (error) {
        throw toThrow(error, kind, resourceName);
    } finally {
        log.end();
        keepCompiled();
        await linesArrived();
    }
}
