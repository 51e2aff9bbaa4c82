/**
 * Reads what the CLI's one document and the engine's events share. By hand and not by a schema: a digest holds tens of
 * thousands of states, and of most of their keys nothing is read.
 */
import { Failure } from "../../command";
import { type Bag, isObject, parseUrn, type State, type Step } from "./preview";

/** An object of the JSON, and where it stands, for messages. */
export class Found {
    readonly #bag: Bag;
    readonly #at: string;
    readonly #source: string;

    constructor(bag: Bag, source: string, at = "") {
        this.#bag = bag;
        this.#source = source;
        this.#at = at;
    }

    has(key: string): boolean {
        return this.#bag[key] !== undefined && this.#bag[key] !== null;
    }

    /** The value of a key if it is as expected; undefined without one. JSON's null stands for none. */
    #read<T>(key: string, what: string, is: (value: unknown) => value is T): T | undefined {
        const value = this.#bag[key];
        if (value === undefined || value === null) return undefined;
        if (is(value)) return value;
        throw this.#misread(key, what);
    }

    #misread(key: string, what: string): Failure {
        return new Failure(`${this.#source} is no preview of Pulumi: ${this.#path(key)}: expected ${what}`);
    }

    #path(key: string): string {
        return this.#at === "" ? key : `${this.#at}.${key}`;
    }

    unknown(key: string): unknown {
        return this.#bag[key] ?? undefined;
    }

    text(key: string): string | undefined {
        return this.#read(key, "a text", isText);
    }

    /** A text that has to be there. */
    someText(key: string): string {
        const value = this.text(key);
        if (value === undefined) throw this.#misread(key, "a text");
        return value;
    }

    number(key: string): number | undefined {
        return this.#read(key, "a number", isNumber);
    }

    flag(key: string): boolean {
        return this.#read(key, "true or false", isFlag) ?? false;
    }

    bag(key: string): Bag | undefined {
        return this.#read(key, "an object", isObject);
    }

    texts(key: string): readonly string[] {
        return this.#read(key, "a list of texts", isTexts) ?? none;
    }

    child(key: string): Found | undefined {
        const bag = this.bag(key);
        return bag === undefined ? undefined : new Found(bag, this.#source, this.#path(key));
    }

    /** Objects of a list, each read as soon as it is reached. */
    map<T>(key: string, read: (item: Found) => T): T[] {
        const list = this.#read(key, "a list", Array.isArray) ?? [];
        return list.map((item: unknown, index) => {
            if (!isObject(item)) throw this.#misread(`${key}.${index}`, "an object");
            return read(new Found(item, this.#source, `${this.#path(key)}.${index}`));
        });
    }

    /** Operation → number. */
    counts(key: string): Readonly<Record<string, number>> | undefined {
        return this.#read(key, "numbers by operation", isCounts);
    }
}

const none: readonly string[] = [];
const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const isFlag = (value: unknown): value is boolean => typeof value === "boolean";
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);
const isCounts = (value: unknown): value is Record<string, number> =>
    isObject(value) && Object.values(value).every(isNumber);

/** Values that are texts. */
export function textsOf(values: Bag | undefined): Record<string, string> {
    return Object.fromEntries(
        Object.entries(values ?? {}).filter((entry): entry is [string, string] => isText(entry[1])),
    );
}

const nothing = {};
/** An id or URN; the engine writes empty ones for none. */
const orNone = (text: string | undefined) => (text === "" ? undefined : text);

function toState(found: Found | undefined): State | undefined {
    if (found === undefined) return undefined;
    return {
        id: orNone(found.text("id")),
        inputs: found.bag("inputs") ?? nothing,
        outputs: found.bag("outputs") ?? nothing,
        parent: orNone(found.text("parent")),
        propertyDependencies: found.bag("propertyDependencies") ?? nothing,
        initErrors: found.texts("initErrors"),
        external: found.flag("external"),
        protect: found.flag("protect"),
        retainOnDelete: found.flag("retainOnDelete"),
        taint: found.flag("taint"),
        pendingReplacement: found.flag("pendingReplacement"),
        deletedWith: orNone(found.text("deletedWith")),
        replaceWith: found.texts("replaceWith"),
        replacementTrigger: found.unknown("replacementTrigger"),
        hooks: found.bag("resourceHooks") ?? nothing,
    };
}

/** Where the two forms keep what a step has. */
export interface StepKeys {
    readonly old: string;
    readonly new: string;
    readonly replaceKeys: string;
    readonly diffKeys: string;
}

export function toStep(found: Found, keys: StepKeys): Step {
    const urn = found.someText("urn");
    const { type, name } = parseUrn(urn);
    return {
        op: found.someText("op"),
        urn,
        type,
        name,
        provider: found.text("provider"),
        old: toState(found.child(keys.old)),
        new: toState(found.child(keys.new)),
        replaceKeys: found.texts(keys.replaceKeys),
        diffKeys: found.texts(keys.diffKeys),
        changedPaths: Object.keys(found.bag("detailedDiff") ?? nothing),
        isLeftOver: false,
        deletesOld: undefined,
    };
}
