import { decideChange } from "./changes";
import { check, refuseImport } from "./checks";
import type { Goal } from "./goals";
import { ignoreChanges } from "./paths";
import { refreshStep } from "./refresh";
import type { Run } from "./run";
import { neededBy, newState, type ResourceState } from "./state";
import { Bail, type Step, StepFailed } from "./step";
import { createStep, replaceStep, sameStep, skippedStep } from "./steps";
import { carriedSteps, isTargeted } from "./targeting";
import { findOld, type Tracker } from "./tracker";
import { isProviderType, makeUrn, parseReference, stackType } from "./urn";

/** What the engine does with a registration, in the order in which it does it. */
export interface Decision {
    steps: Step[];
    /** The state that the program is told about. */
    state: ResourceState;
    /** The program gets unknown outputs. */
    isUnknown: boolean;
}

/** The mode of a run whose program is run for another purpose than an update. */
export type Mode = "update" | "refresh" | "destroy";

/** Claims the URN of a resource for this run. */
export function claimUrn(run: Run, tracker: Tracker, goal: Pick<Goal, "parent" | "type" | "name">): string {
    if (goal.parent !== "" && !tracker.urns.has(goal.parent)) {
        throw new Error(`could not find parent resource ${goal.parent}`);
    }
    const urn = makeUrn(run.options.stack, run.options.project, goal.parent, goal.type, goal.name);
    if (tracker.urns.has(urn)) {
        run.diagnose("error", `Duplicate resource URN '${urn}'; try giving it a unique name`, urn);
        throw new Bail();
    }
    tracker.urns.add(urn);
    return urn;
}

function wantedState(urn: string, goal: Goal, old: ResourceState | undefined, alias: string): ResourceState {
    return newState({
        urn,
        type: goal.type,
        custom: goal.custom,
        inputs: goal.inputs,
        parent: goal.parent,
        protect: goal.protect ?? false,
        dependencies: goal.dependencies,
        provider: goal.provider,
        propertyDependencies: goal.propertyDependencies,
        additionalSecretOutputs: goal.additionalSecretOutputs,
        aliases: alias === "" ? [] : [alias],
        customTimeouts: goal.customTimeouts,
        importId: goal.importId,
        retainOnDelete: goal.retainOnDelete ?? false,
        deletedWith: goal.deletedWith,
        replaceWith: goal.replaceWith,
        created: old?.created ?? "",
        modified: old?.modified ?? "",
        ignoreChanges: goal.ignoreChanges,
        hideDiff: goal.hideDiff,
        replaceOnChanges: goal.replaceOnChanges,
        replacementTrigger: goal.replacementTrigger,
        resourceHooks: goal.resourceHooks,
    });
}

/** Decides what to do about one registration. Runs for one resource at a time, as later decisions rest on earlier ones. */
export async function decide(
    run: Run,
    tracker: Tracker,
    goal: Goal,
    mode: Mode,
    refreshes: boolean,
): Promise<Decision> {
    const urn = claimUrn(run, tracker, goal);
    const found = findOld(run, tracker, urn, goal);
    tracker.goals.set(urn, goal);
    // Pulumi: with --continue-on-error what depends on a failed resource is left out.
    if (goal.dependencies.some((one) => tracker.failed.has(one))) {
        tracker.failed.add(urn);
        throw new StepFailed("it depends on a resource that failed", urn);
    }
    let old = found.old;
    const state = wantedState(urn, goal, old, found.alias);
    if (old !== undefined && refreshes && isTargeted(run, tracker, old)) {
        old = await refreshFirst(run, tracker, old);
    }
    const early = decideByMode(run, tracker, goal, old, state, mode);
    return early ?? decideUpdate(run, tracker, goal, old, state);
}

async function refreshFirst(run: Run, tracker: Tracker, old: ResourceState): Promise<ResourceState | undefined> {
    const step = refreshStep(run, old);
    tracker.refreshes.add(old.urn);
    await run.execute([step]);
    const state = step.new === old ? newState(old) : step.new;
    tracker.refreshed.set(old, state);
    run.snapshot.refresh(old, state);
    return state;
}

/** Pulumi: while refreshing or destroying with the program, nothing is created; components and providers are, for their sake. */
function decideByMode(
    run: Run,
    tracker: Tracker,
    goal: Goal,
    old: ResourceState | undefined,
    state: ResourceState,
    mode: Mode,
): Decision | undefined {
    if (mode === "update") {
        return undefined;
    }
    const isCloudResource = goal.custom && !isProviderType(goal.type);
    const waitsForSkipped = [...neededBy(state)].some((urn) => tracker.skippedCreates.has(urn));
    if (isCloudResource ? old === undefined || (waitsForSkipped && mode === "destroy") : waitsForSkipped) {
        tracker.skippedCreates.add(state.urn);
        state.outputs = old?.outputs ?? {};
        return { steps: [skippedStep(state)], state, isUnknown: true };
    }
    if (mode === "refresh") {
        return isCloudResource && old !== undefined ? { steps: [], state: old, isUnknown: false } : undefined;
    }
    tracker.toDelete.push(state);
    if (!isCloudResource || old === undefined) {
        return undefined;
    }
    tracker.sames.add(state.urn);
    state.inputs = old.inputs;
    return { steps: [sameStep(run, old, state)], state, isUnknown: false };
}

async function decideUpdate(
    run: Run,
    tracker: Tracker,
    goal: Goal,
    old: ResourceState | undefined,
    state: ResourceState,
): Promise<Decision> {
    const { urn } = state;
    const decision = (steps: Step[], isUnknown = false): Decision => ({ steps, state, isUnknown });
    if (goal.importId !== "" && (old === undefined || (old.importId || old.id) !== goal.importId)) {
        await refuseImport(run, state);
    }
    const targeted = isProviderType(state.type) || state.type === stackType || isTargeted(run, tracker, state);
    const isRecreating = tracker.deletes.has(urn);
    const isReplaceTarget = run.options.replace.isGiven && run.options.replace.has(urn);
    const ignored = ignoreChanges(goal.inputs, old?.inputs ?? {}, old === undefined ? [] : goal.ignoreChanges);
    if (ignored.invalid.length > 0) {
        run.diagnose(
            "info",
            `cannot ignore changes in added or removed elements of the path: "${ignored.invalid.join(", ")}"`,
            urn,
        );
    }
    if (targeted) {
        const isFresh = old === undefined || isRecreating || old.external || isReplaceTarget;
        await check(run, state, isFresh ? {} : old.inputs, isFresh ? goal.inputs : ignored.inputs);
    } else if (old !== undefined) {
        state.inputs = old.inputs;
    }

    if (isRecreating && old !== undefined) {
        tracker.deletes.delete(urn);
        tracker.replaces.add(urn);
        const keys = tracker.dependentReplaceKeys.get(urn) ?? [];
        return decision([replaceStep(state, { old, keys: [] }), createStep(run, state, { old, keys })]);
    }
    if (old?.external) {
        tracker.creates.add(urn);
        const facts = { old, keys: [] };
        return decision([createStep(run, state, facts, true), replaceStep(state, facts)]);
    }
    if (targeted) {
        run.options.targets.add(urn);
    }
    if (old === undefined) {
        if (!targeted) {
            tracker.sames.add(urn);
            tracker.skippedCreates.add(urn);
            return decision([skippedStep(state)], true);
        }
        tracker.creates.add(urn);
        return decision([createStep(run, state)]);
    }
    if (!targeted) {
        const steps = carriedSteps(run, tracker, old);
        const own = steps[steps.length - 1]?.new ?? old;
        tracker.sames.add(urn);
        return { steps, state: own, isUnknown: false };
    }
    return decision(await decideChange(run, tracker, goal, old, state, isReplaceTarget));
}

/** The provider a resource inherits from its parent: only for resources of the same package. */
export function inherit(tracker: Tracker, goal: Goal): void {
    const parent = tracker.goals.get(goal.parent);
    if (parent === undefined) {
        return;
    }
    goal.protect ??= parent.protect;
    goal.retainOnDelete ??= parent.retainOnDelete;
    goal.deletedWith ||= parent.deletedWith;
    if (goal.custom && goal.provider === "" && parent.provider !== "") {
        const { urn } = parseReference(parent.provider);
        if (urn.includes(`pulumi:providers:${goal.type.split(":")[0]}::`)) {
            goal.provider = parent.provider;
        }
    }
}
