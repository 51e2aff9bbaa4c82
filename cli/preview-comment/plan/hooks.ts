/**
 * Hooks that run before a change. A preview runs those of `checkpointBefore`, too, and their lines say what `up` takes.
 * Of others the document has the names and nothing else, and events not even these.
 */
import { type Change, readBeforeLine } from "../../../provider/functions/before-line";
import { plainMessage } from "../input/outcome";
import { type Preview, parseUrn, type Step } from "../input/preview";
import { textsIn } from "./values";

/** A change of a resource that hooks run before. */
interface Before {
    /** Name of the resource. */
    readonly name: string;
    readonly change: Change | "replaced";
}

/** One restore point, however many resources share its hook. */
export interface TakenByHook {
    readonly hook: string;
    /** undefined: the preview does not know it yet. */
    readonly vaultId: string | undefined;
    /** Ids; empty: all of the vault. */
    readonly resources: readonly string[];
    readonly before: readonly Before[];
}

/** Hooks of one change that say nothing. */
export interface SilentHooks extends Before {
    readonly hooks: readonly string[];
}

export interface Hooks {
    readonly taken: readonly TakenByHook[];
    readonly silent: readonly SilentHooks[];
}

/** Hooks that `up` runs before it does these steps. */
export function hooksOf({ operation, diagnostics }: Preview, steps: readonly Step[]): Hooks {
    if (operation === "refresh") return { taken: [], silent: [] };
    const replaced = new Set(steps.filter(({ op }) => op === "replace").map(({ urn }) => urn));
    const taken = new Map<string, TakenByHook & { readonly before: Before[] }>();
    /** URN and hook of each line: a preview says it again for what an earlier replacement left. */
    const spoken = new Set<string>();
    for (const { urn, message } of diagnostics) {
        const line = urn === undefined ? undefined : readBeforeLine(plainMessage(message));
        if (urn === undefined || line === undefined) continue;
        const { hook, scope, change } = line;
        const one = taken.get(hook) ?? { hook, ...scopeOf(scope), before: [] };
        const before = { name: parseUrn(urn).name, change: replaced.has(urn) ? ("replaced" as const) : change };
        taken.set(hook, one);
        if (!spoken.has(`${urn} ${hook}`)) one.before.push(before);
        spoken.add(`${urn} ${hook}`);
    }
    return {
        taken: [...taken.values()],
        silent: steps.flatMap((step) => silentOf(step, (hook) => spoken.has(`${step.urn} ${hook}`))),
    };
}

/** `vault 5eed… (resources 5eed…, 5eed…)`. */
function scopeOf(scope: string): Pick<TakenByHook, "vaultId" | "resources"> {
    const [, vaultId, resources] = /^vault (\S+?)(?: \(resources? (.+)\))?$/s.exec(scope) ?? [];
    return { vaultId, resources: resources?.split(", ") ?? [] };
}

function silentOf(step: Step, hasSpoken: (hook: string) => boolean): SilentHooks[] {
    const { op, name, old } = step;
    const runs = (state: Step["old"], event: string, change: Before["change"]): SilentHooks[] => {
        const hooks = textsIn(state?.hooks, event).filter(
            (hook) => !hasSpoken(hook.replace(/-(?:update|delete)$/, "")),
        );
        return hooks.length === 0 ? [] : [{ name, change, hooks }];
    };
    if (op === "update") return runs(step.new, "BeforeUpdate", "changed");
    if (op !== "delete" && op !== "replace") return [];
    if (old?.external === true) return [];
    // A replacement deletes with the hooks of the program, a deletion with those of the state.
    return op === "replace" ? runs(step.new ?? old, "BeforeDelete", "replaced") : runs(old, "BeforeDelete", "deleted");
}
