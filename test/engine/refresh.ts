import { diffResource } from "./diffs";
import type { Op } from "./events";
import { invertDiff } from "./paths";
import type { Run } from "./run";
import { newState, type ResourceState } from "./state";
import type { Step } from "./step";
import { clientOf } from "./steps";
import { isProviderType } from "./urn";
import { equal } from "./values";

/** Asks the provider how one resource really is. */
export function refreshStep(run: Run, old: ResourceState): Step {
    let hasChanges = false;
    const step: Step = {
        op: "refresh",
        urn: old.urn,
        type: old.type,
        old,
        new: old,
        keys: [],
        diffs: [],
        detailedDiff: undefined,
        logical: false,
        provider: old.provider,
        resultOp: (): Op => (step.new === undefined ? "delete" : hasChanges ? "update" : "same"),
        apply: async () => {
            if (!old.custom || isProviderType(old.type) || old.pendingReplacement) {
                return undefined;
            }
            const client = await clientOf(run, old);
            if (client === undefined) {
                throw new Error("the provider's configuration is unknown");
            }
            const result = await client.read(old.urn, old.id, old.outputs, old.inputs, old.customTimeouts.read ?? 0);
            if (result.id === "") {
                step.new = undefined;
                return undefined;
            }
            const inputs = result.inputs ?? old.inputs;
            const state = newState({ ...old, id: result.id, inputs, outputs: result.outputs, initErrors: [] });
            if (!equal(inputs, old.inputs) || !equal(result.outputs, old.outputs)) {
                state.modified = new Date().toISOString();
            }
            step.new = state;
            if (old.external) {
                hasChanges = !equal(result.outputs, old.outputs);
                return undefined;
            }
            const diff = await diffResource(
                run,
                state,
                old.provider,
                old.inputs,
                run.options.dryRun,
                old.ignoreChanges,
            );
            hasChanges = diff.changes === "some";
            step.diffs = diff.changedKeys;
            step.detailedDiff = diff.detailedDiff && invertDiff(diff.detailedDiff);
            return undefined;
        },
    };
    return step;
}

/** Refreshes resources of the state without the program. */
export async function refreshAll(run: Run, wanted: (state: ResourceState) => boolean): Promise<void> {
    const results = new Map<ResourceState, ResourceState | undefined>();
    await Promise.all(
        run.oldStates.filter(wanted).map(async (old) => {
            const step = refreshStep(run, old);
            await run.execute([step]).catch((error: unknown) => run.fail(error, old.urn));
            results.set(old, step.new);
        }),
    );
    rebase(run, results);
    if (!run.options.dryRun) {
        await run.snapshot.save();
    }
}

/** Puts refreshed states in the place of the old ones, and takes out what referred to those that are gone. */
function rebase(run: Run, results: Map<ResourceState, ResourceState | undefined>): void {
    const present = new Set<string>();
    const states: ResourceState[] = [];
    for (const old of run.oldStates) {
        const state = results.has(old) ? results.get(old) : old;
        if (state === undefined) {
            continue;
        }
        const isPresent = (urn: string) => present.has(urn);
        state.dependencies = state.dependencies.filter(isPresent);
        state.propertyDependencies = Object.fromEntries(
            Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.filter(isPresent)]),
        );
        state.replaceWith = state.replaceWith.filter(isPresent);
        if (!isPresent(state.deletedWith)) {
            state.deletedWith = "";
        }
        if (!isPresent(state.parent)) {
            state.parent = "";
        }
        states.push(state);
        present.add(state.urn);
    }
    run.oldStates = states;
    run.olds.clear();
    for (const state of states) {
        if (!state.delete) {
            run.olds.set(state.urn, state);
        }
    }
    run.snapshot.rebase(states);
}
