import { deleteStep } from "./delete-steps";
import { diffResource, withReplaceOnChanges } from "./diffs";
import { forcesReplacement } from "./paths";
import type { Run } from "./run";
import { neededBy, type ResourceState } from "./state";
import { Bail, type Step } from "./step";
import type { Tracker } from "./tracker";
import { isProviderType, parseReference } from "./urn";
import { unknown } from "./values";

interface Dependent {
    state: ResourceState;
    keys: string[];
}

/** Who needs whom among the old resources, found once for a run. */
interface Dependents {
    /** Old resources by what they need, their parent aside. */
    byNeed: Map<string, ResourceState[]>;
    /** Old resources by what they are to be replaced or deleted with. */
    byBond: Map<string, ResourceState[]>;
    /** Places in the state. */
    order: Map<ResourceState, number>;
}

const indexes = new WeakMap<Run, Dependents>();

function indexOf(run: Run): Dependents {
    let index = indexes.get(run);
    if (index === undefined) {
        index = { byNeed: new Map(), byBond: new Map(), order: new Map() };
        for (const state of run.oldStates) {
            index.order.set(state, index.order.size);
            for (const urn of neededBy(state)) {
                if (urn !== state.parent || state.dependencies.includes(urn)) {
                    addTo(index.byNeed, urn, state);
                }
            }
            for (const urn of new Set([...state.replaceWith, state.deletedWith])) {
                addTo(index.byBond, urn, state);
            }
        }
        indexes.set(run, index);
    }
    return index;
}

function addTo(map: Map<string, ResourceState[]>, key: string, state: ResourceState): void {
    const list = map.get(key);
    if (list === undefined) {
        map.set(key, [state]);
    } else {
        list.push(state);
    }
}

/** Old resources that need this one, directly or not, in the order of the state. */
function dependentsOf(run: Run, tracker: Tracker, root: ResourceState): ResourceState[] {
    const { byNeed, order } = indexOf(run);
    const found = new Set<ResourceState>();
    const open = [root.urn];
    for (let urn = open.pop(); urn !== undefined; urn = open.pop()) {
        for (const state of byNeed.get(urn) ?? []) {
            if (!found.has(state) && !tracker.isOperatedOn(state.urn)) {
                found.add(state);
                open.push(state.urn);
            }
        }
    }
    return [...found].sort((left, right) => (order.get(left) ?? 0) - (order.get(right) ?? 0));
}

/**
 * Resources that a deletion of `root` takes with it: their inputs come from it, and their provider says that another value would
 * replace them.
 */
async function replacedWith(run: Run, tracker: Tracker, root: ResourceState): Promise<Dependent[]> {
    const replaced = new Set([root.urn]);
    const result: Dependent[] = [];
    const add = (state: ResourceState, keys: string[]) => {
        replaced.add(state.urn);
        result.push({ state, keys });
    };
    for (const state of dependentsOf(run, tracker, root)) {
        if (!state.custom || state.external) {
            continue;
        }
        if (state.provider !== "" && replaced.has(parseReference(state.provider).urn)) {
            add(state, []);
            continue;
        }
        if (state.deletedWith !== "" && replaced.has(state.deletedWith)) {
            add(state, []);
            continue;
        }
        const touched = Object.keys(state.inputs).filter((key) =>
            state.propertyDependencies[key]?.some((urn) => replaced.has(urn)),
        );
        if (touched.length === 0 || isProviderType(state.type)) {
            continue;
        }
        const inputs = { ...state.inputs, ...Object.fromEntries(touched.map((key) => [key, unknown])) };
        const asked = await diffResource(run, state, state.provider, inputs, true, state.ignoreChanges);
        const diff = withReplaceOnChanges(asked, state.replaceOnChanges, false);
        if (diff.changes === "some" && forcesReplacement(diff.replaces, diff.detailedDiff)) {
            add(state, diff.replaces);
        }
    }
    for (const state of indexOf(run).byBond.get(root.urn) ?? []) {
        if (!replaced.has(state.urn) && !state.delete && !tracker.isOperatedOn(state.urn)) {
            add(state, []);
        }
    }
    return result;
}

/** Deletes what stands on `old`, last first, then `old` itself, before its replacement is created. */
export async function deletesBeforeReplacement(run: Run, tracker: Tracker, old: ResourceState): Promise<Step[]> {
    const steps: Step[] = [];
    for (const { state, keys } of (await replacedWith(run, tracker, old)).reverse()) {
        if (tracker.deletedEarly.has(state)) {
            continue;
        }
        tracker.dependentReplaceKeys.set(state.urn, keys);
        if (state.delete) {
            steps.push(deleteStep(run, state, tracker.deletes));
        } else {
            if (state.protect) {
                run.diagnose(
                    "error",
                    `unable to replace resource "${state.urn}" as part of replacing "${old.urn}" as it is currently marked for protection. ` +
                        "To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and run " +
                        `\`pulumi up\`, or use the command:\n\`pulumi state unprotect '${state.urn}'\``,
                    old.urn,
                );
                throw new Bail();
            }
            steps.push(deleteStep(run, state, tracker.deletes, "before"));
        }
        tracker.deletes.add(state.urn);
        tracker.deletedEarly.add(state);
    }
    if (!old.pendingReplacement) {
        tracker.deletes.add(old.urn);
        steps.push(deleteStep(run, old, tracker.deletes, "before"));
    }
    return steps;
}
