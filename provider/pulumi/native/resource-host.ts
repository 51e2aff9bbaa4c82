/** One kind of resource as the native host serves it: values as the engine sends them, secrets in their envelopes. */
import { ConfigError } from "../../client/errors/errors";
import { lowercaseId } from "../../resource/ids";
import type { CommonInputs, DiffResult, Failure, ResourceHandler } from "../../resource/resource";
import { type Caller, hostServices } from "../host";
import { type Made, ResourceCalls } from "../resource-calls";
import { opened, SECRET_KEY, sealed, sealSecrets } from "../secrets";
import { isFilledIn, isUnknown, type PropertyMap, URN_KEY, urnIn, withoutHostKeys, withoutUndefined } from "../values";
import { type DetailedChange, detailedDiff } from "./detailed-diff";
import { predictedCreate, predictedUpdate } from "./predict";

/** What says whose call it is. */
export interface Request {
    readonly urn: string;
    readonly timeoutMs?: number | undefined;
    readonly isPreview?: boolean;
}

/** May hold anything: never looked for in what the cloud says. */
const NEVER_ECHOED = new Set(["triggers", "timeouts"]);

/** Inputs without envelopes, and which of them are secret. */
class Inputs {
    readonly values: PropertyMap;
    readonly secretKeys: readonly string[];
    /** With our note, as the dynamic host has it from the program. */
    readonly noted: PropertyMap;

    constructor(bag: PropertyMap) {
        const secret = new Set<string>();
        this.values = Object.fromEntries(
            Object.entries(bag).map(([key, value]) => [key, opened(value, () => secret.add(key))]),
        );
        this.secretKeys = [...secret];
        // One that is not known yet has no text that could be repeated.
        const isEchoed = (key: string) => !NEVER_ECHOED.has(key) && !holdsUnknown(this.values[key]);
        const echoed = this.secretKeys.filter(isEchoed);
        this.noted = echoed.length === 0 ? this.values : { ...this.values, [SECRET_KEY]: echoed.join(",") };
    }

    /** Outputs in which every secret input, and what repeats one, is a secret again. */
    sealing(outputs: PropertyMap): PropertyMap {
        const secret = this.secretKeys.filter((key) => outputs[key] !== undefined);
        const whole = secret.map((key) => [key, sealed(outputs[key])]);
        return { ...sealSecrets(outputs, this.noted), ...Object.fromEntries(whole) };
    }
}

const plain = (bag: PropertyMap): PropertyMap => opened(bag) as PropertyMap;
const hostKeys = (bag: PropertyMap): PropertyMap =>
    Object.fromEntries(Object.entries(bag).filter(([key]) => key.startsWith("__") && key !== SECRET_KEY));

export interface HostDiff extends DiffResult {
    readonly isChanged: boolean;
    readonly detailed: ReadonlyMap<string, DetailedChange>;
}

export interface HostRead {
    readonly id: string;
    readonly properties: PropertyMap;
    readonly inputs: PropertyMap;
}

export class ResourceHost<I extends CommonInputs, O extends I> {
    readonly #handler: ResourceHandler<I, O>;
    readonly #calls: ResourceCalls<I, O>;

    constructor(handler: ResourceHandler<I, O>) {
        this.#handler = handler;
        this.#calls = new ResourceCalls(handler);
    }

    #caller({ urn, timeoutMs }: Request, inputs: Inputs, storedUrn?: string): Caller {
        return { urn, noted: inputs.noted, timeoutMs, ...(storedUrn === undefined ? {} : { storedUrn }) };
    }

    check(request: Request, olds: PropertyMap, news: PropertyMap): Promise<Failure[]> {
        const inputs = new Inputs(news);
        return this.#calls.check(this.#caller(request, inputs), new Inputs(olds).noted, inputs.values);
    }

    async diff(
        request: Request,
        id: string,
        olds: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
        news: PropertyMap,
    ): Promise<HostDiff> {
        const inputs = new Inputs(news);
        const outputs = plain(olds.outputs);
        const result = await this.#calls.diff(
            this.#caller(request, inputs, urnIn(outputs)),
            id,
            outputs,
            inputs.values,
        );
        const old = { inputs: withoutHostKeys(plain(olds.inputs)), outputs: withoutHostKeys(outputs) };
        return {
            ...result,
            isChanged: result.changedByState || result.replaces.length + result.updates.length > 0,
            detailed: detailedDiff(result, old, withoutHostKeys(inputs.values)),
        };
    }

    async create(request: Request, news: PropertyMap): Promise<Made> {
        const inputs = new Inputs(news);
        if (request.isPreview === true) {
            const given = this.#calls.given(inputs.values) as PropertyMap;
            const predicted = predictedCreate(this.#handler, hostServices().settings, given);
            return { id: "", properties: this.#state(request, inputs)(predicted) };
        }
        return this.#calls.create(this.#caller(request, inputs), inputs.values, this.#state(request, inputs));
    }

    async update(request: Request, id: string, olds: PropertyMap, news: PropertyMap): Promise<Made> {
        const inputs = new Inputs(news);
        const toState = this.#state(request, inputs);
        if (request.isPreview === true) return { id, properties: toState(this.#predictedUpdate(plain(olds), inputs)) };
        const changed = { id, olds: plain(olds), news: inputs.values };
        return this.#calls.update(this.#caller(request, inputs, urnIn(changed.olds)), changed, toState);
    }

    #predictedUpdate(olds: PropertyMap, inputs: Inputs): PropertyMap {
        const outputs = this.#calls.stored(olds);
        const news = this.#calls.given(inputs.values);
        // An input that is not known yet counts as the one that leaves something to do.
        const next = this.#handler.withInputs(outputs, news);
        if (this.#handler.isSettled(next)) return next as PropertyMap;
        return predictedUpdate(this.#handler, outputs as PropertyMap, news as PropertyMap);
    }

    /** Undefined: gone. Without state and inputs it is an import. */
    async read(
        request: Request,
        text: string,
        stored: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
    ): Promise<HostRead | undefined> {
        const isImport = [stored.inputs, stored.outputs].every((bag) => Object.keys(bag).length === 0);
        const asked = isImport ? this.#importId(text) : { id: text, inputs: {} };
        const inputs = new Inputs(stored.inputs);
        const outputs = { ...plain(stored.outputs), ...asked.inputs };
        const found = await this.#calls.read(this.#caller(request, inputs), asked.id, outputs);
        if (found === undefined) return undefined;
        return {
            id: found.id,
            properties: this.#state(request, inputs, outputs)(found.outputs),
            inputs: isImport ? this.#importedInputs(found.outputs as PropertyMap, asked.inputs) : stored.inputs,
        };
    }

    async remove(
        request: Request,
        id: string,
        stored: { readonly inputs: PropertyMap; readonly outputs: PropertyMap },
    ): Promise<void> {
        const caller = this.#caller(request, new Inputs(stored.inputs));
        await this.#calls.remove(caller, lowercaseId(id), plain(stored.outputs));
    }

    /** State: outputs without `undefined`, with secrets in their envelopes, and under which URN they were made. */
    #state({ urn }: Request, inputs: Inputs, kept: PropertyMap = inputs.values) {
        return (outputs: object): PropertyMap => ({
            ...inputs.sealing(withoutUndefined(outputs) as PropertyMap),
            ...hostKeys(kept),
            [URN_KEY]: urn,
        });
    }

    #importId(text: string): { id: string; inputs: PropertyMap } {
        const { kind, parseImportId } = this.#handler;
        if (parseImportId === undefined)
            throw new ConfigError(
                `${kind} cannot be imported: it records a run of its own. Leave the import out: ` +
                    "what has been copied already is found, and not copied again.",
            );
        return parseImportId(text) as { id: string; inputs: PropertyMap };
    }

    /** What a program would have to say to have made it. */
    #importedInputs(outputs: PropertyMap, asked: PropertyMap): PropertyMap {
        const isSaid = (key: string) => key === "name" || !isFilledIn(key) || key in asked;
        const keys = Object.keys(this.#handler.inputs.shape).filter((key) => isSaid(key) && outputs[key] !== undefined);
        return Object.fromEntries(keys.map((key) => [key, outputs[key]]));
    }
}

function holdsUnknown(value: unknown): boolean {
    if (isUnknown(value)) return true;
    return typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown);
}
