import { check } from "./checks";
import { diffPlain, diffProvider, diffResource, emptyDiff, withReplaceOnChanges } from "./diffs";
import type { Goal } from "./goals";
import { forcesReplacement } from "./paths";
import type { Diff } from "./provider-client";
import { deletesBeforeReplacement } from "./replacement";
import type { Run } from "./run";
import type { ResourceState } from "./state";
import { Bail, type Step } from "./step";
import { createStep, replaceStep, sameStep, updateStep } from "./steps";
import type { Tracker } from "./tracker";
import { isProviderType } from "./urn";
import { containsUnknown, equal, type Value } from "./values";

/** Decides between nothing, an update and a replacement for a resource that exists. */
export async function decideChange(
    run: Run,
    tracker: Tracker,
    goal: Goal,
    old: ResourceState,
    state: ResourceState,
    isReplaceTarget: boolean,
): Promise<Step[]> {
    const { urn } = state;
    const isTriggered = wantsReplacement(run, urn, old.replacementTrigger, state.replacementTrigger);
    const found = isTriggered ? emptyDiff("some") : await findDiff(run, tracker, old, state, isReplaceTarget);
    const hasInitErrors = old.initErrors.length > 0;
    const diff = withReplaceOnChanges(found, goal.replaceOnChanges, hasInitErrors);
    if (diff.changes === "some" || old.pendingReplacement) {
        if (forcesReplacement(diff.replaces, diff.detailedDiff) || isTriggered || old.pendingReplacement) {
            return replace(run, tracker, goal, old, state, diff, isReplaceTarget);
        }
        tracker.updates.add(urn);
        return [updateStep(run, old, state, diff)];
    }
    if (hasInitErrors) {
        tracker.updates.add(urn);
        return [updateStep(run, old, state, diff)];
    }
    tracker.sames.add(urn);
    return [sameStep(run, old, state)];
}

function wantsReplacement(run: Run, urn: string, old: Value | undefined, wanted: Value | undefined): boolean {
    if (wanted !== undefined && containsUnknown(wanted) && !run.options.dryRun) {
        run.diagnose("error", `replacement trigger contains unknowns for ${urn}`, urn);
        throw new Bail();
    }
    return old !== undefined && wanted !== undefined && old !== null && wanted !== null && !equal(old, wanted);
}

async function findDiff(
    run: Run,
    tracker: Tracker,
    old: ResourceState,
    state: ResourceState,
    isReplaceTarget: boolean,
): Promise<Diff> {
    if (isReplaceTarget) {
        return emptyDiff("some", ["id"]);
    }
    if (state.replaceWith.some((urn) => tracker.replaces.has(urn))) {
        return emptyDiff("some", ["replaceWith"]);
    }
    if (state.deletedWith !== "" && tracker.replaces.has(state.deletedWith)) {
        return emptyDiff("some", ["deletedWith"]);
    }
    if ((old.provider === "") !== (state.provider === "")) {
        return emptyDiff("some", ["provider"]);
    }
    if (isProviderType(state.type)) {
        return diffProvider(old, state.inputs);
    }
    if (!state.custom) {
        return diffPlain(old.inputs, state.inputs);
    }
    return diffResource(run, old, state.provider, state.inputs, run.options.dryRun, state.ignoreChanges);
}

async function replace(
    run: Run,
    tracker: Tracker,
    goal: Goal,
    old: ResourceState,
    state: ResourceState,
    diff: Diff,
    isReplaceTarget: boolean,
): Promise<Step[]> {
    const { urn } = state;
    if (state.protect && old.protect) {
        run.diagnose(
            "error",
            `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, ` +
                "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
            urn,
        );
        if (!run.options.dryRun) {
            throw new Bail();
        }
    }
    tracker.replaces.add(urn);
    if (!isReplaceTarget) {
        await check(run, state, {}, goal.inputs);
    }
    const facts = { old, keys: diff.replaces, diff };
    if (goal.deleteBeforeReplace ?? diff.deleteBeforeReplace) {
        const deletes = await deletesBeforeReplacement(run, tracker, old);
        return [...deletes, replaceStep(state, facts), createStep(run, state, facts)];
    }
    return [createStep(run, state, facts, true), replaceStep(state, facts)];
}
