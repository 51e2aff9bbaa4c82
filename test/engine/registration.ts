import { diffPlain, diffProvider, diffResource, withReplaceOnChanges } from "./diffs";
import type { Goal } from "./goals";
import { forcesReplacement, ignoreChanges } from "./paths";
import type { Diff } from "./provider-client";
import { refreshStep } from "./refresh";
import { deletesBeforeReplacement } from "./replacement";
import { Bail, type Run, type Step } from "./run";
import { neededBy, newState, type ResourceState } from "./state";
import { clientOf, createStep, emptyDiff, replaceStep, sameStep, skippedStep, updateStep } from "./steps";
import { carriedSteps, isTargeted } from "./targeting";
import { findOld, type Tracker } from "./tracker";
import { isProviderType, makeUrn, nameOf, parseReference, stackType } from "./urn";
import { type Bag, containsUnknown, equal, isBag, Secret, Unknown, type Value } from "./values";

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
    const state = step.new;
    if (state !== undefined) {
        tracker.refreshed.set(old, state);
        run.oldStates[run.oldStates.indexOf(old)] = state;
    } else {
        run.oldStates = run.oldStates.filter((item) => item !== old);
    }
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
    void run;
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

/** Pulumi: the dynamic host cannot read by id alone; its own words for that are what the user gets to see. */
async function refuseImport(run: Run, state: ResourceState): Promise<never> {
    const client = await clientOf(run, state);
    await client?.read(state.urn, state.importId, undefined, undefined, 0);
    throw new Error("the local engine does not support import; use the Pulumi CLI");
}

async function check(run: Run, state: ResourceState, olds: Bag, news: Bag): Promise<void> {
    state.inputs = news;
    if (!state.custom || isProviderType(state.type)) {
        return;
    }
    const client = await clientOf(run, state);
    if (client === undefined) {
        return;
    }
    const { inputs, failures } = await client.check(state.urn, olds, news, run.options.dryRun);
    state.inputs = inputs;
    for (const { property, reason } of failures) {
        const subject = `${state.type} resource '${nameOf(state.urn)}'`;
        const problem =
            property === ""
                ? `${subject} has a problem: ${reason}`
                : `${subject}: property ${property} value {${describe(inputs[property])}} has a problem: ${reason}`;
        run.diagnose("error", problem, state.urn);
    }
    if (failures.length > 0) {
        throw new Bail();
    }
}

/** Pulumi: how a value reads in a check failure. */
function describe(value: Value | undefined): string {
    if (value === undefined || value === null) {
        return "<nil>";
    }
    if (value instanceof Secret) {
        return "[secret]";
    }
    if (value instanceof Unknown) {
        return "output<string>{}";
    }
    if (Array.isArray(value)) {
        return `[${value.map((item) => `{${describe(item)}}`).join(" ")}]`;
    }
    if (isBag(value)) {
        return `map[${Object.keys(value)
            .sort()
            .map((key) => `${key}:{${describe(value[key])}}`)
            .join(" ")}]`;
    }
    return String(value);
}

async function decideChange(
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
