import type { Run } from "./run";
import { neededBy, newState, type ResourceState } from "./state";
import { Bail, type Step } from "./step";
import { sameStep } from "./steps";
import type { Tracker } from "./tracker";

/** Whether `--target` means this resource: by name, or as a dependent of one that it means. */
export function isTargeted(run: Run, _tracker: Tracker, state: ResourceState): boolean {
    const { targets } = run.options;
    if (!targets.isGiven || targets.named(state.urn)) {
        return true;
    }
    return run.options.targetDependents && [...neededBy(state)].some((urn) => targets.has(urn));
}

/**
 * A resource that is not targeted stays as it is. What it needs is carried over ahead of it, though the program may not name it
 * any more: the state must keep its order.
 */
export function carriedSteps(run: Run, tracker: Tracker, old: ResourceState): Step[] {
    if (old.delete) {
        return [];
    }
    tracker.urns.add(old.urn);
    tracker.sames.add(old.urn);
    const steps: Step[] = [];
    for (const urn of neededBy(old)) {
        if (run.lastSteps.has(urn) || tracker.isOperatedOn(urn)) {
            continue;
        }
        const needed = run.olds.get(urn);
        if (needed === undefined) {
            run.diagnose("error", `dependency ${urn} of untargeted resource ${old.urn} has no old state`, old.urn);
            throw new Bail();
        }
        steps.push(...carriedSteps(run, tracker, needed));
    }
    steps.push(sameStep(run, old, newState({ ...old, id: "" })));
    return steps;
}

/** Fails for a step that needs something which was not created as it was not targeted. */
export function refuseUntargetedNeeds(run: Run, tracker: Tracker, steps: Step[]): void {
    if (!run.options.targets.isGiven) {
        return;
    }
    for (const step of steps) {
        if (step.new === undefined || tracker.skippedCreates.has(step.urn)) {
            continue;
        }
        for (const urn of neededBy(step.new)) {
            if (!tracker.skippedCreates.has(urn)) {
                continue;
            }
            run.diagnose(
                "error",
                `Resource '${step.urn}' depends on '${urn}' which was was not specified in --target list.`,
                step.urn,
            );
            if (!run.options.dryRun) {
                throw new Bail();
            }
            tracker.skippedCreates.delete(urn);
        }
    }
}
