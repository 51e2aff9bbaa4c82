/**
 * What a resource is to every host: pure functions of a context and plain data. One check (`check.ts`) and one diff
 * serve all resources, driven by facts that stand on the schema's keys. Nothing here knows a host.
 */
import { z } from "zod";
import type { Settings } from "../client/settings/settings";
import { parseDuration } from "../client/time/duration";
import type { StoredOutcome } from "../exactly-once/settle-notes";
import type { Context, Services } from "../services/context";
import type { Holding } from "../services/holders";
import { holdsUnknown, type IsUnknown, knownInputs } from "./check";
import { pollInterval } from "./with-poll-interval";

/** Facts on a schema key. */
export interface InputMeta {
    /** A change of this input replaces the resource: it reached the API. */
    replaces?: boolean;
    /** What leaving the input out means. Writing the default down is no change. */
    default?: unknown;
    /**
     * An id in hexadecimal digits: in capitals it is the same one. It is compared and sent in lower case, as clouds
     * write it.
     */
    isId?: true;
    [key: string]: unknown;
}

const regionName = z
    .string()
    .min(1, "must have 1 to 255 characters")
    .max(255, "must have 1 to 255 characters")
    .regex(/^[a-zA-Z0-9._-]+$/, "a region name has letters, digits, '.', '_' and '-' only, e.g. eu-de");
const isId: InputMeta = { isId: true };
const projectIdText = z
    .string()
    .regex(/^[0-9a-fA-F]{32,64}$/, "a project id has 32 hexadecimal digits")
    .meta(isId);

/** An id of a vault, a backup or a resource, as the API's pages give it. */
export const objectId = z.guid({ error: "must be a UUID, e.g. 3b5816b5-f29c-4172-9d9a-76c719a659ce" }).meta(isId);

/**
 * Name of a restore point or replica. Vendor: 1 to 64 of letters, digits, `_`, `-` and Chinese characters (OAS; the
 * pages give the length only).
 */
export const objectName = z
    .string()
    .min(1, "must have 1 to 64 characters")
    .max(64, "must have 1 to 64 characters")
    .regex(/^[\u4E00-\u9FA5\uf900-\ufa2da-zA-Z0-9_-]*$/, "may have letters, digits, '_' and '-' only");

/** Vendor: 0 to 255 characters, no angle brackets (OAS). */
export const objectDescription = z
    .string()
    .max(255, "must have at most 255 characters")
    .regex(/^[^<>]*$/, "must not contain < or >");

export const destinationRegion = regionName;
export const destinationProjectId = projectIdText;

const duration = z
    .string()
    .refine((text) => parseDuration(text) !== undefined, "must be a duration such as 90s, 30m or 1h30m");

/** Where numbers stand that are none: each `up` would see a change. */
function* notFinite(value: unknown, path: PropertyKey[]): Generator<PropertyKey[]> {
    if (typeof value === "number" && !Number.isFinite(value)) yield path;
    if (typeof value !== "object" || value === null) return;
    const isList = Array.isArray(value);
    for (const [key, item] of Object.entries(value)) yield* notFinite(item, [...path, isList ? Number(key) : key]);
}

/** Inputs that all resources have. */
export const commonInputs = {
    /** Region to work in. Default: `cbr:region`. Changing it replaces the resource. */
    region: regionName.optional(),
    /**
     * Project to work in, 32 hexadecimal digits. Default: `cbr:projectId`, else the region's project as IAM names it.
     * Changing it replaces the resource.
     */
    projectId: projectIdText.optional(),
    /**
     * Any map or list of plain data; a Date counts as its ISO text. Any change replaces the resource: a new restore
     * point, a new copy.
     */
    triggers: z
        .union([z.record(z.string(), z.unknown()), z.array(z.unknown())], { error: "must be a map or a list" })
        .superRefine((value, { addIssue }) => {
            for (const path of notFinite(value, []))
                addIssue({
                    code: "custom",
                    path,
                    message: "must be a finite number: any other would be a change in every run",
                });
        })
        .optional()
        .meta({ replaces: true }),
    /**
     * Time budgets as duration strings (`90s`, `30m`, `2h`). The option `customTimeouts` is copied here. Changing it
     * changes nothing in the cloud.
     */
    timeouts: z
        .strictObject({
            /** For taking the restore point or copy, including the wait. */
            create: duration.optional(),
            /** For resuming a wait that was cut short. Default: that of `create`. */
            update: duration.optional(),
            /** For deletion. Default: 30 minutes. */
            delete: duration.optional(),
        })
        .optional(),
    /**
     * Wait until the cloud has finished. Default: true. With false the resource is ready as soon as the API accepted,
     * with the status of that moment; a later `refresh` or `up` brings it up to date.
     */
    wait: z.boolean().optional().meta({ default: true }),
    /** Shortest pause between looks while it waits, `1s` to `10m`. Default: `cbr:pollInterval`, else 1 s to 15 s. */
    pollInterval: pollInterval.optional(),
};

export interface CommonInputs {
    readonly region?: string | undefined;
    readonly projectId?: string | undefined;
    readonly triggers?: unknown;
    readonly timeouts?:
        | { create?: string | undefined; update?: string | undefined; delete?: string | undefined }
        | undefined;
    readonly wait?: boolean | undefined;
    readonly pollInterval?: string | undefined;
}

/** What becomes of the backups in the cloud when the resource goes. */
export const deletionPolicy = z.enum(["retain", "delete"], { error: 'must be "retain" or "delete"' });
export const warnOrFail = z.enum(["warn", "fail"], { error: 'must be "warn" or "fail"' });

/**
 * Status of what was good and is no longer in the cloud, for which the API has no word: its last facts stay in state.
 */
export const EXPIRED = "expired";

export type Failure = { readonly property: string; readonly reason: string };

export interface DiffResult {
    /** Inputs whose change replaces. */
    readonly replaces: readonly string[];
    /** Inputs whose change is taken over in place. */
    readonly updates: readonly string[];
    /** Something other than an input asks for the change (the effective region, a status that has moved on). */
    readonly changedByState: boolean;
    readonly deleteBeforeReplace: boolean;
    /** Why there can be no such replacement. */
    readonly failures: readonly Failure[];
}

export interface Created<O> {
    readonly id: string;
    readonly outputs: O;
}

/** Outputs repeat the inputs, because a host's diff sees old outputs and new inputs. */
export interface ResourceHandler<I extends CommonInputs, O extends I> {
    /** The class's name, and the last part of the type token. */
    readonly kind: string;
    readonly inputs: z.ZodObject;
    readonly outputs: z.ZodObject;
    /** State of an earlier release as this one writes it. */
    readonly upgradeState?: (stored: Readonly<Record<string, unknown>>) => Record<string, unknown>;
    /** Rules between inputs; sees only those that are known and well-formed. */
    readonly refine?: (inputs: Partial<I>) => Failure[];
    /** What the API's reads can tell before anything is done; sees only inputs that are known. */
    readonly preflight?: (context: Context, inputs: Partial<I>, replaced?: Partial<I>) => Promise<Failure[]>;
    /** The cloud's id of it, or what the resource's id is made of otherwise. */
    readonly idOf: (outputs: O) => string;
    /** Nothing is left to do: an update in place takes over its inputs, and what the cloud said stays as it is. */
    readonly isSettled: (outputs: O) => boolean;
    /** The outputs with other inputs, of those whose change is taken over in place. */
    readonly withInputs: (olds: O, news: I) => O;
    /** Resource-specific part of the diff: a change that no input shows; none of what is settled. */
    readonly needsUpdate?: (context: Context, id: string, olds: O, news: Partial<I>) => Promise<boolean>;
    readonly deleteBeforeReplace?: (olds: O, news: Partial<I>, replaces: readonly string[]) => boolean;
    /** What the resource rests on, as its outputs say; undefined: on nothing that can be deleted. */
    readonly holding?: (id: string, outputs: O) => Holding;
    /** The keys that its known inputs alone tell. */
    readonly declaredKeys?: (inputs: Partial<I>) => readonly string[];
    /** What makes a replacement impossible; `id` is "" where it is not known. Sees the changes that are known. */
    readonly refuseReplacement?: (id: string, olds: I, news: Partial<I>, replaces: readonly string[]) => Failure[];
    /** What makes a change in place impossible with these settings. Sees the changes that are known. */
    readonly refuseUpdate?: (settings: Settings, olds: I, updates: readonly string[]) => Failure[];
    /** What a person gives to import one: its id, and the inputs that say where it is. Throws `ConfigError`. */
    readonly parseImportId?: (text: string) => { readonly id: string; readonly inputs: Partial<I> };
    /** How one input compares, where plain equality is not the question. Undefined: it has no say. */
    readonly isUnchanged?: (key: keyof I & string, id: string, olds: O, value: unknown) => boolean | undefined;
    create(context: Context, inputs: I): Promise<Created<O>>;
    /** Takes over in-place changes, and resumes a wait that was cut short. Never a second POST. */
    update(context: Context, id: string, olds: O, news: I): Promise<O>;
    /** Undefined: gone. `olds` may hold inputs only (`get`). */
    read(context: Context, id: string, olds: Partial<O>): Promise<Created<O> | undefined>;
    remove(context: Context, id: string, olds: O): Promise<void>;
    /** Told of each diff: state has the resource with this id, and the diff says whether all stays as it is. */
    readonly onDiff?: (context: Context, id: string, olds: O, isUnchanged: boolean) => Promise<void>;
    /** What state proves about notes of the resource's requests. Without a POST there are none. */
    readonly storedOutcome?: (id: string, outputs: Partial<O>) => StoredOutcome;
}

/** Compares by value; the order of keys does not matter, that of lists does. Absent and undefined are alike. */
export function equal(a: unknown, b: unknown): boolean {
    if (a === b) return true;
    if (Array.isArray(a) && Array.isArray(b))
        return a.length === b.length && a.every((item, index) => equal(item, b[index]));
    if (
        typeof a !== "object" ||
        typeof b !== "object" ||
        a === null ||
        b === null ||
        Array.isArray(a) ||
        Array.isArray(b)
    )
        return false;
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => equal(Reflect.get(a, key), Reflect.get(b, key)));
}

/** What changing from the stored outputs to the new inputs means. An unknown counts as changed. */
export async function diffInputs<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
    context: Context,
    asked: {
        readonly id: string;
        readonly olds: O;
        readonly news: Readonly<Record<string, unknown>>;
        readonly isUnknown: IsUnknown;
    },
): Promise<DiffResult> {
    const { id, olds, news, isUnknown } = asked;
    const replaces: string[] = [];
    const updates: string[] = [];
    let beyondInputs = false;
    for (const [key, schema] of Object.entries(handler.inputs.shape)) {
        if (key === "region" || key === "projectId") continue;
        const facts = ((schema as z.ZodType).meta() ?? {}) as InputMeta;
        const value = news[key];
        const old = Reflect.get(olds, key);
        const unknown = holdsUnknown(value, isUnknown);
        const same = unknown ? false : handler.isUnchanged?.(key as keyof I & string, id, olds, value);
        if (same ?? equal(value ?? facts.default, old ?? facts.default)) continue;
        (facts.replaces === true ? replaces : updates).push(key);
    }
    for (const place of placeChanges(context, olds, news, isUnknown)) {
        replaces.push(place.key);
        if (!place.byInput) beyondInputs = true;
    }
    const known = knownInputs<I>(news, isUnknown);
    if (replaces.length === 0 && handler.needsUpdate !== undefined)
        beyondInputs ||= await handler.needsUpdate(context, id, olds, known);
    const isUnchanged = replaces.length === 0 && updates.length === 0 && !beyondInputs;
    if (id !== "") await handler.onDiff?.(context, id, olds, isUnchanged);
    // What is not known yet may turn out to be what it was.
    const isCertain = (key: string) => !holdsUnknown(news[key], isUnknown);
    const certain = replaces.filter(isCertain);
    const refused =
        replaces.length === 0
            ? handler.refuseUpdate?.(context.settings, olds, updates.filter(isCertain))
            : certain.length === 0
              ? undefined
              : handler.refuseReplacement?.(id, olds, known, certain);
    return {
        replaces,
        updates,
        changedByState: beyondInputs,
        deleteBeforeReplace: replaces.length > 0 && (handler.deleteBeforeReplace?.(olds, known, replaces) ?? false),
        failures: refused ?? [],
    };
}

/**
 * Region and project, as they would be in effect, against those that the resource was made in. What the settings do not
 * say has no say.
 */
function* placeChanges(
    services: Services,
    olds: CommonInputs,
    news: Readonly<Record<string, unknown>>,
    isUnknown: IsUnknown,
): Generator<{ key: "region" | "projectId"; byInput: boolean }> {
    const { settings } = services;
    const region = news["region"] ?? settings.region?.value;
    if (olds.region !== undefined && region !== undefined && (isUnknown(region) || region !== olds.region))
        yield { key: "region", byInput: news["region"] !== undefined };
    const inHomeRegion = region !== undefined && region === settings.region?.value;
    const projectId = news["projectId"] ?? (inHomeRegion ? settings.projectId?.value : undefined);
    if (
        olds.projectId !== undefined &&
        projectId !== undefined &&
        (isUnknown(projectId) || projectId !== olds.projectId)
    )
        yield { key: "projectId", byInput: news["projectId"] !== undefined };
}

/**
 * The inputs that make the request what it is: two runs that agree in them want the same thing, whatever else they say.
 */
export function requestInputs(schema: z.ZodObject, inputs: object): Record<string, unknown> {
    const counts = (key: string) => {
        const facts = ((schema.shape[key] as z.ZodType | undefined)?.meta() ?? {}) as InputMeta;
        return facts.replaces === true || key === "region" || key === "projectId";
    };
    return Object.fromEntries(Object.entries(inputs).filter(([key]) => counts(key)));
}

/** Old facts, new inputs: inputs that are no longer given are taken out. */
export function applyInputs<O extends { region: string; projectId: string }, I extends object>(
    olds: O,
    news: I,
    schema: z.ZodObject,
): O {
    const facts = Object.fromEntries(Object.entries(olds).filter(([key]) => !(key in schema.shape)));
    return { ...facts, ...news, region: olds.region, projectId: olds.projectId } as unknown as O;
}

/** The end of a time budget: that of `operation`, the host's, what it falls back to, or the resource's default. */
export function deadlineOf(
    context: Pick<Context, "clock" | "timeoutMs">,
    inputs: CommonInputs,
    operation: "create" | "update" | "delete",
    defaultMs: number,
): number {
    const budgetOf = (text: string | undefined) => (text === undefined ? undefined : parseDuration(text));
    const { create: fallback, [operation]: own } = inputs.timeouts ?? {};
    const given = budgetOf(own) ?? context.timeoutMs ?? (operation === "update" ? budgetOf(fallback) : undefined);
    return context.clock.now() + (given ?? defaultMs);
}
