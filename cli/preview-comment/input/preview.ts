/** A preview in one shape, whichever form its JSON had. */

export type Bag = Readonly<Record<string, unknown>>;

export interface State {
    readonly id: string | undefined;
    readonly inputs: Bag;
    readonly outputs: Bag;
    readonly parent: string | undefined;
    /** Property → URNs of the resources it was made from. Events do not have it. */
    readonly propertyDependencies: Bag;
    readonly initErrors: readonly string[];
    /** Read by `get`, not managed. */
    readonly external: boolean;
    readonly protect: boolean;
    readonly retainOnDelete: boolean;
    /** Marked by `pulumi state taint`. */
    readonly taint: boolean;
    /** Deleted already by a replacement that has not made the new one yet. */
    readonly pendingReplacement: boolean;
    /** These four are options of the resource. Events do not have them. */
    readonly deletedWith: string | undefined;
    readonly replaceWith: readonly string[];
    readonly replacementTrigger: unknown;
    /** `BeforeUpdate`, `BeforeDelete` … → names of hooks. */
    readonly hooks: Bag;
}

/** What happens to one resource; a replacement is one step. */
export interface Step {
    readonly op: string;
    readonly urn: string;
    /** Of the resource itself, without its parents' types. */
    readonly type: string;
    readonly name: string;
    readonly provider: string | undefined;
    readonly old: State | undefined;
    readonly new: State | undefined;
    /** Keys whose change replaces, and keys that change. */
    readonly replaceKeys: readonly string[];
    readonly diffKeys: readonly string[];
    /** Paths that the engine says have changed. */
    readonly changedPaths: readonly string[];
    /** Deletes what an earlier replacement left. */
    readonly isLeftOver: boolean;
    /** Of a replacement whose parts are listed: is the deletion of the old one among them? */
    readonly deletesOld: boolean | undefined;
}

export interface Diagnostic {
    readonly urn: string | undefined;
    readonly severity: string;
    readonly message: string;
}

/** How the preview ended, as far as its JSON tells. */
export type Outcome =
    /** Well. */
    | "finished"
    /** It ended, and errors were logged. Whether that was its failure, the JSON does not say. */
    | "errors-logged"
    | "failed"
    | "cancelled"
    /** The JSON ends before the preview did. */
    | "unfinished"
    /** It ended, and counted no resource at all. */
    | "silent"
    /** It ended, and what it lists is not what it counts. */
    | "incomplete";

export interface Preview {
    /** The one document of `pulumi preview --json`, or the engine's events as JSON lines. */
    readonly form: "document" | "events";
    /** What was previewed: `pulumi up`, `pulumi refresh` or `pulumi destroy`. */
    readonly operation: "up" | "refresh" | "destroy";
    readonly outcome: Outcome;
    readonly config: Readonly<Record<string, string>>;
    readonly steps: readonly Step[];
    readonly diagnostics: readonly Diagnostic[];
    /** Operation → number of resources. */
    readonly counts: Readonly<Record<string, number>>;
    /** Of an incomplete one, in words: how many it counts, and how many it lists. */
    readonly disagreements: readonly string[];
}

const STACK = "pulumi:pulumi:Stack";
export const isStack = (step: Pick<Step, "type">): boolean => step.type === STACK;

export const isObject = (value: unknown): value is Bag =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Parts of a URN. A name may itself contain "::". */
export interface Urn {
    readonly stack: string;
    readonly project: string;
    /** Of the resource itself, without its parents' types. */
    readonly type: string;
    readonly name: string;
}

export function parseUrn(urn: string): Urn {
    const [head = "", project = "", types = "", ...name] = urn.split("::");
    return {
        stack: head.replace(/^urn:pulumi:/, ""),
        project,
        type: types.slice(types.lastIndexOf("$") + 1),
        name: name.join("::"),
    };
}

/** Project and stack, as the URNs say. */
export function stackOf(steps: readonly { readonly urn: string }[]): { project: string; stack: string } | undefined {
    const urn = steps.find((step) => step.urn.startsWith("urn:pulumi:"))?.urn;
    if (urn === undefined) return undefined;
    const { project, stack } = parseUrn(urn);
    return { project, stack };
}

/**
 * What the steps are steps of. A refresh reads the stack itself, too, and does nothing else with it; a destroy deletes
 * it. A destroy with targets cannot be told from an `up` whose program has lost these resources.
 */
export function operationOf(steps: readonly Step[]): Preview["operation"] {
    const ops = new Set(steps.filter(isStack).map(({ op }) => op));
    if (ops.has("delete")) return "destroy";
    return ops.size === 1 && ops.has("refresh") ? "refresh" : "up";
}
