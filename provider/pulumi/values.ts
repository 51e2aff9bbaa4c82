/** Values as Pulumi's hosts carry them: unknown ones, `undefined`, nulls and the hosts' own keys. */

export type PropertyMap = Record<string, unknown>;

/** Pulumi: what stands in place of a value that is not known yet. Node programs send this one whatever its type. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The others, one for each type. */
const UNKNOWN_VALUES: ReadonlySet<unknown> = new Set([
    UNKNOWN,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    "030794c1-ac77-496b-92df-f27374a8bd58",
    "e48ece36-62e2-4504-bad9-02848725956a",
]);
export const isUnknown = (value: unknown): boolean => UNKNOWN_VALUES.has(value);

/** Our own note of the resource's URN. Pulumi: names that begin with `__` are hidden in previews. */
export const URN_KEY = "__urn";

/** Inputs that outputs have in any case: what the program did not give, the settings or the cloud fill in. */
export const FILLED_IN_KEYS = ["region", "projectId", "destinationProjectId", "name"] as const;
export const isFilledIn = (key: string): boolean => FILLED_IN_KEYS.some((one) => one === key);

/** Deep copy without `undefined`. Pulumi: one of them anywhere fails the call after its effect (pulumi/pulumi#2205). */
export function withoutUndefined(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => (item === undefined ? null : withoutUndefined(item)));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, withoutUndefined(item)]));
}

/** The inputs or outputs proper, without the host's keys. Pulumi: a null that a program passes means "not given". */
export function withoutHostKeys(bag: PropertyMap): PropertyMap {
    return Object.fromEntries(Object.entries(bag).filter(([key, value]) => !key.startsWith("__") && value !== null));
}

/** The URN that a bag notes; "" where it has none, or one that is not known. */
export function urnIn(bag: PropertyMap): string {
    return typeof bag[URN_KEY] === "string" && !isUnknown(bag[URN_KEY]) ? bag[URN_KEY] : "";
}

/** The resource's name in the program. */
export function nameOf(urn: string): string {
    return urn.split("::").slice(3).join("::");
}
