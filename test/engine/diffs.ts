import { diffInputs, keysToReplace } from "./paths";
import type { Diff } from "./provider-client";
import type { Run } from "./run";
import type { ResourceState } from "./state";
import { clientOf } from "./steps";
import { type Bag, equal } from "./values";

/** Pulumi: the name in `replaceOnChanges` for a resource that was created but never got ready. */
const initErrorKey = "#initerror";

/** A diff without details. */
export function emptyDiff(changes: Diff["changes"], replaces: string[] = []): Diff {
    return { changes, replaces, deleteBeforeReplace: false, changedKeys: [], detailedDiff: undefined };
}

/** Asks the provider what changes; where it leaves the question open, compares the inputs. */
export async function diffResource(
    run: Run,
    old: ResourceState,
    provider: string,
    inputs: Bag,
    unknowns: boolean,
    ignored: string[],
): Promise<Diff> {
    const client = await clientOf(run, { ...old, provider });
    if (client === undefined) {
        run.diagnose(
            "warning",
            "The provider for this resource has inputs that are not known during preview.\n" +
                "This preview may not correctly represent the changes that will be applied during an update.",
            old.urn,
        );
        return emptyDiff("some");
    }
    const diff = await client.diff(old, inputs, unknowns, ignored);
    if (diff.changes !== "unknown") {
        return diff;
    }
    const { changedKeys, detailedDiff } = diffInputs(old.inputs, inputs);
    return changedKeys.length === 0
        ? { ...diff, changes: "none" }
        : { ...diff, changes: "some", changedKeys, detailedDiff };
}

/** A component or a provider resource: no provider is asked. */
export function diffPlain(old: Bag, inputs: Bag): Diff {
    if (equal(old, inputs)) {
        return emptyDiff("none");
    }
    return emptyDiff("some");
}

/** Pulumi: provider resources compare their inputs, as the dynamic host does not implement DiffConfig. */
export function diffProvider(old: ResourceState, inputs: Bag): Diff {
    const { changedKeys, detailedDiff } = diffInputs(old.inputs, inputs);
    return changedKeys.length === 0 ? emptyDiff("none") : { ...emptyDiff("some"), changedKeys, detailedDiff };
}

/** Adds what the options `replaceOnChanges` asks for. */
export function withReplaceOnChanges(diff: Diff, replaceOnChanges: string[], hasInitErrors: boolean): Diff {
    if (replaceOnChanges.length === 0 || (diff.changes !== "some" && !hasInitErrors)) {
        return diff;
    }
    const keys = new Set([
        ...diff.replaces,
        ...keysToReplace(replaceOnChanges, diff.changedKeys, diff.detailedDiff ?? {}),
    ]);
    const replacesInitError = hasInitErrors && keysToReplace(replaceOnChanges, [initErrorKey], {}).length > 0;
    if (replacesInitError) {
        keys.add(initErrorKey);
    }
    return { ...diff, changes: replacesInitError ? "some" : diff.changes, replaces: [...keys] };
}
