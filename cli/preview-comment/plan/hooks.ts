/** Hooks that run before a change. A preview names them, and not what they do. */
import type { Step } from "../input/preview";
import { textsIn } from "./values";

export interface HookRun {
    readonly step: Step;
    readonly before: "update" | "delete";
    readonly names: readonly string[];
}

/** What `checkpointBefore` calls its hooks when the program gives them no name: `checkpoint-before-<vault id>-update`. */
const OURS = /^checkpoint-before-(.+)-(?:update|delete)$/;

/** Vault that a hook of `checkpointBefore` backs up, where its name says so. */
export const vaultOf = (hook: string): string | undefined => OURS.exec(hook)?.[1];

/** Hooks that `up` runs before it does this step. */
export function hooksOf(step: Step): HookRun[] {
    const { op, old } = step;
    const runs = (state: Step["old"], event: string, before: HookRun["before"]): HookRun[] => {
        const names = textsIn(state?.hooks, event);
        return names.length === 0 ? [] : [{ step, before, names }];
    };
    if (op === "update") return runs(step.new, "BeforeUpdate", "update");
    if (op !== "delete" && op !== "replace") return [];
    if (old?.external === true) return [];
    // A replacement deletes with the hooks of the program, a deletion with those of the state.
    return runs(op === "replace" ? (step.new ?? old) : old, "BeforeDelete", "delete");
}

/** Restore points that hooks take for certain: one for each hook by that name, however many resources share it. */
export function takenByHooks(runs: readonly HookRun[]): { vaults: readonly string[]; others: readonly string[] } {
    const names = [...new Set(runs.flatMap((run) => run.names))];
    const vaults = new Set(names.flatMap((name) => vaultOf(name) ?? []));
    return { vaults: [...vaults], others: names.filter((name) => vaultOf(name) === undefined) };
}
