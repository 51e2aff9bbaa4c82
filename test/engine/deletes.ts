import { deleteStep, removePendingStep } from "./delete-steps";
import type { Run } from "./run";
import { neededBy, newState, type ResourceState } from "./state";
import { type Step, StepFailed } from "./step";
import { sameStep } from "./steps";
import type { Tracker } from "./tracker";

/** Deletes what the program did not ask for, and what was replaced: dependents first. */
export async function deleteLeftovers(run: Run, tracker: Tracker): Promise<void> {
    const allowed = targetedDeletes(run);
    const isAllowed = (state: ResourceState) => allowed === undefined || allowed.has(state.urn);
    const steps = new Map<ResourceState, Step>();
    for (const state of run.oldStates) {
        if (!isAllowed(state)) {
            await carry(run, tracker, state);
        } else if (state.delete) {
            if (!tracker.deletedEarly.has(state)) {
                tracker.deletes.add(state.urn);
                steps.set(state, deleteStep(run, state, tracker.deletes, "after"));
            }
        } else if (!tracker.isOperatedOn(state.urn) && !isTakenOver(tracker, state.urn)) {
            tracker.deletes.add(state.urn);
            steps.set(
                state,
                state.pendingReplacement ? removePendingStep(state) : deleteStep(run, state, tracker.deletes),
            );
        }
    }
    for (const state of tracker.toDelete.filter(isAllowed)) {
        tracker.deletes.add(state.urn);
        steps.set(state, deleteStep(run, state, tracker.deletes));
    }
    refuseUntargeted(run, [...steps.values()]);
    await executeInOrder(run, [...tracker.toDelete, ...run.oldStates], steps);
}

/** A resource that another one has taken over by an alias is not left over. */
function isTakenOver(tracker: Tracker, urn: string): boolean {
    return tracker.aliased.has(urn);
}

async function carry(run: Run, tracker: Tracker, state: ResourceState): Promise<void> {
    if (!state.delete && !tracker.isOperatedOn(state.urn) && !isTakenOver(tracker, state.urn)) {
        await run.execute([sameStep(run, state, newState({ ...state, id: "" }))]);
    }
}

/** With `--target`, what a deletion would take: the targets and what stands on them. */
function targetedDeletes(run: Run): Set<string> | undefined {
    const { targets } = run.options;
    if (!targets.isGiven) {
        return undefined;
    }
    const allowed = new Set<string>();
    for (const state of run.oldStates) {
        if (targets.named(state.urn) || [...neededBy(state)].some((urn) => allowed.has(urn))) {
            allowed.add(state.urn);
        }
    }
    return allowed;
}

function refuseUntargeted(run: Run, steps: Step[]): void {
    const { targets, targetDependents, dryRun } = run.options;
    const untargeted = targets.isGiven && !targetDependents ? steps.filter((step) => !targets.named(step.urn)) : [];
    for (const { urn } of untargeted) {
        run.diagnose(
            "error",
            `Resource '${urn}' will be destroyed but was not specified in --target list.\n` +
                "Either include resource in --target list or pass --target-dependents to proceed.",
            urn,
        );
    }
    if (untargeted.length > 0 && !dryRun) {
        throw new StepFailed("delete untargeted resource");
    }
}

/** Layers of deletes that may run side by side: a resource is deleted when nothing that needs it is left. */
function layersOf(states: ResourceState[], steps: Map<ResourceState, Step>): ResourceState[][] {
    const latest = new Map<string, ResourceState>();
    const depths = new Map<ResourceState, number>();
    for (const state of states) {
        let depth = 0;
        for (const urn of neededBy(state)) {
            const needed = latest.get(urn);
            if (needed !== undefined) {
                depth = Math.max(depth, (depths.get(needed) ?? 0) + (steps.has(needed) ? 1 : 0));
            }
        }
        depths.set(state, depth);
        latest.set(state.urn, state);
    }
    const layers: ResourceState[][] = [];
    for (const state of steps.keys()) {
        const depth = depths.get(state) ?? 0;
        layers[depth] ??= [];
        layers[depth].push(state);
    }
    return layers.filter((layer) => layer !== undefined).reverse();
}

async function executeInOrder(run: Run, states: ResourceState[], steps: Map<ResourceState, Step>): Promise<void> {
    /** What a failed delete still needs, which must stay. */
    const needed = new Set<string>();
    for (const layer of layersOf(states, steps)) {
        await Promise.all(
            layer.map(async (state) => {
                if (needed.has(state.urn)) {
                    addAll(needed, neededBy(state));
                    return;
                }
                try {
                    await run.execute([steps.get(state) as Step]);
                } catch (error) {
                    addAll(needed, neededBy(state));
                    if (!state.protect && !run.options.continueOnError) {
                        run.fail(error, state.urn);
                    }
                }
            }),
        );
        if (run.isStopping) {
            return;
        }
    }
}

function addAll(set: Set<string>, items: Iterable<string>): void {
    for (const item of items) {
        set.add(item);
    }
}
