import { randomUUID } from "node:crypto";
import type { Diff, Result } from "./provider-client";
import type { Provider } from "./providers";
import type { Run, Step } from "./run";
import type { ResourceState } from "./state";
import { isProviderType } from "./urn";
import { equal, unknownText } from "./values";

/** What a step may not do: delete something protected. Others go on. */
export class ProtectedError extends Error {
    constructor(urn: string) {
        super(
            `resource "${urn}" cannot be deleted\n` +
                "because it is protected. To unprotect the resource, either remove the `protect` flag from the resource in " +
                "your Pulumi program and run `pulumi up`, or use the command:\n" +
                `\`pulumi state unprotect '${urn}'\``,
        );
    }
}

const nothing = { keys: [], diffs: [], detailedDiff: undefined, logical: true };

export function providerReference(state: ResourceState): string {
    return `${state.urn}::${state.id}`;
}

/** The process that serves a resource; fails when its configuration is unknown, which only happens in a preview. */
export async function clientOf(run: Run, state: ResourceState): Promise<Provider["client"]> {
    return (await run.providers.get(state.provider)).client;
}

function now(): string {
    return new Date().toISOString();
}

interface ReplacementFacts {
    old: ResourceState;
    keys: string[];
    diff?: Diff | undefined;
}

function factsOf(facts: ReplacementFacts | undefined): Pick<Step, "keys" | "diffs" | "detailedDiff"> {
    return {
        keys: facts?.keys ?? [],
        diffs: facts?.diff?.changedKeys ?? [],
        detailedDiff: facts?.diff?.detailedDiff,
    };
}

/** Nothing changes: the outputs and the id stay. `isCarried` for one that the program did not ask for. */
export function sameStep(run: Run, old: ResourceState, state: ResourceState): Step {
    return {
        ...nothing,
        op: "same",
        urn: state.urn,
        type: state.type,
        old,
        new: state,
        provider: state.provider,
        apply: async () => {
            state.id = old.id;
            state.outputs = old.outputs;
            if (isProviderType(state.type)) {
                run.providers.register(providerReference(state), old.inputs);
            }
            return undefined;
        },
        commit: (snapshot) => {
            snapshot.drop(old);
            snapshot.finish(state);
        },
    };
}

/** Something that this run must not create, as it was not targeted: the program gets unknown outputs. */
export function skippedStep(state: ResourceState): Step {
    return {
        ...nothing,
        op: "same",
        urn: state.urn,
        type: state.type,
        old: state,
        new: state,
        provider: state.provider,
        apply: () => Promise.resolve(undefined),
    };
}

/** `replaced` makes it the second half of a replacement; `pendDelete` leaves the old one for the end. */
export function createStep(run: Run, state: ResourceState, replaced?: ReplacementFacts, pendDelete = false): Step {
    return {
        op: replaced === undefined ? "create" : "create-replacement",
        urn: state.urn,
        type: state.type,
        old: replaced?.old,
        new: state,
        ...factsOf(replaced),
        logical: replaced === undefined,
        provider: state.provider,
        pending: state.custom && !isProviderType(state.type) ? { resource: state, type: "creating" } : undefined,
        apply: async () => {
            await run.hooks.run("BeforeCreate", state, undefined, state);
            const result = await create(run, state);
            state.id = result.id;
            state.outputs = result.outputs;
            state.initErrors = result.initError?.reasons ?? [];
            state.created = now();
            state.modified = state.created;
            if (replaced !== undefined && pendDelete) {
                replaced.old.delete = true;
                run.snapshot.touch(replaced.old);
            }
            return result.initError;
        },
        commit: (snapshot) => {
            if (replaced?.old.pendingReplacement) {
                snapshot.drop(replaced.old);
            }
            snapshot.finish(state);
        },
        after: state.custom ? () => run.hooks.run("AfterCreate", state, undefined, state) : async () => {},
    };
}

async function create(run: Run, state: ResourceState): Promise<Pick<Result, "id" | "outputs" | "initError">> {
    if (isProviderType(state.type)) {
        const id = run.options.dryRun ? unknownText : randomUUID();
        run.providers.register(`${state.urn}::${id}`, state.inputs);
        return { id, outputs: state.inputs, initError: undefined };
    }
    if (!state.custom) {
        return { id: "", outputs: {}, initError: undefined };
    }
    if (run.options.dryRun) {
        return { id: "", outputs: { ...state.inputs }, initError: undefined };
    }
    const client = await clientOf(run, state);
    if (client === undefined) {
        throw new Error("the provider's configuration is unknown");
    }
    return client.create(state.urn, state.inputs, state.customTimeouts.create ?? 0);
}

export function updateStep(run: Run, old: ResourceState, state: ResourceState, diff: Diff): Step {
    return {
        op: "update",
        urn: state.urn,
        type: state.type,
        old,
        new: state,
        keys: [],
        diffs: diff.changedKeys,
        detailedDiff: diff.detailedDiff,
        logical: true,
        provider: state.provider,
        pending: state.custom && !isProviderType(state.type) ? { resource: state, type: "updating" } : undefined,
        apply: async () => {
            await run.hooks.run("BeforeUpdate", state, old, state);
            state.id = old.id;
            state.modified = now();
            if (isProviderType(state.type)) {
                state.outputs = state.inputs;
                run.providers.register(providerReference(state), state.inputs);
                return undefined;
            }
            if (!state.custom) {
                state.outputs = old.outputs;
                return undefined;
            }
            if (run.options.dryRun) {
                state.outputs = { ...state.inputs };
                return undefined;
            }
            const client = await clientOf(run, state);
            if (client === undefined) {
                throw new Error("the provider's configuration is unknown");
            }
            const result = await client.update(
                old,
                state.urn,
                state.inputs,
                state.customTimeouts.update ?? 0,
                state.ignoreChanges,
            );
            state.outputs = result.outputs;
            state.initErrors = result.initError?.reasons ?? [];
            if (result.initError !== undefined) {
                // Pulumi: so that the next run still sees the difference that was not applied.
                state.inputs = { ...old.inputs };
            }
            return result.initError;
        },
        commit: (snapshot) => {
            snapshot.drop(old);
            snapshot.finish(state);
        },
        after: state.custom ? () => run.hooks.run("AfterUpdate", state, old, state) : async () => {},
    };
}

/** The step that says "replaced"; the work is in the others. */
export function replaceStep(state: ResourceState, facts: ReplacementFacts): Step {
    return {
        op: "replace",
        urn: state.urn,
        type: state.type,
        old: facts.old,
        new: state,
        ...factsOf(facts),
        logical: true,
        provider: state.provider,
        apply: () => Promise.resolve(undefined),
    };
}

/**
 * `replacing`: part of a replacement. `isPending`: before the replacement exists, so that the state stays, marked, until then.
 * `deleted` holds what else is deleted in this run.
 */
export function deleteStep(
    run: Run,
    old: ResourceState,
    deleted: Set<string>,
    replacing: "no" | "after" | "before" = "no",
): Step {
    return {
        ...nothing,
        op: replacing === "no" ? "delete" : "delete-replaced",
        urn: old.urn,
        type: old.type,
        old,
        new: undefined,
        logical: replacing === "no",
        provider: old.provider,
        pending: old.custom && !isProviderType(old.type) ? { resource: old, type: "deleting" } : undefined,
        apply: async () => {
            await run.hooks.run("BeforeDelete", old, old, undefined);
            if (replacing === "no" && old.protect) {
                throw new ProtectedError(old.urn);
            }
            const isSpared =
                run.options.dryRun ||
                old.external ||
                old.retainOnDelete ||
                (old.deletedWith !== "" && deleted.has(old.deletedWith)) ||
                !old.custom ||
                isProviderType(old.type);
            if (!isSpared) {
                const client = await clientOf(run, old);
                if (client === undefined) {
                    throw new Error("the provider's configuration is unknown");
                }
                await client.delete(old);
            }
            if (replacing === "before") {
                old.pendingReplacement = true;
                run.snapshot.touch(old);
            }
            return undefined;
        },
        commit: (snapshot) => {
            if (replacing !== "before") {
                snapshot.drop(old);
            }
        },
        after: () => run.hooks.run("AfterDelete", old, old, undefined),
    };
}

/** Forgets something that was deleted for a replacement which never came. */
export function removePendingStep(old: ResourceState): Step {
    return {
        ...nothing,
        op: "remove-pending-replace",
        urn: old.urn,
        type: old.type,
        old,
        new: undefined,
        logical: false,
        provider: old.provider,
        apply: () => Promise.resolve(undefined),
        commit: (snapshot) => snapshot.drop(old),
    };
}

/** Reads what others own (`Resource.get`). */
export function readStep(run: Run, old: ResourceState | undefined, state: ResourceState, isReplacing: boolean): Step {
    return {
        ...nothing,
        op: isReplacing ? "read-replacement" : "read",
        urn: state.urn,
        type: state.type,
        old,
        new: state,
        logical: !isReplacing,
        // Pulumi: reading what has not changed is no event worth counting.
        isCounted: () => old !== undefined && !equal(old.outputs, state.outputs),
        provider: state.provider,
        pending: { resource: state, type: "reading" },
        apply: async () => {
            if (state.id !== unknownText) {
                const client = await clientOf(run, state);
                const result = await client?.read(state.urn, state.id, state.inputs, state.inputs, 0);
                if (result !== undefined) {
                    state.outputs = result.outputs;
                    state.id = result.id || state.id;
                }
            }
            if (old !== undefined) {
                state.created = old.created;
                state.modified = old.modified;
                if (!equal(old.inputs, state.inputs) || !equal(old.outputs, state.outputs)) {
                    state.modified = now();
                }
                if (isReplacing) {
                    old.delete = true;
                    run.snapshot.touch(old);
                }
            }
            return undefined;
        },
        commit: (snapshot) => {
            if (old !== undefined && !isReplacing) {
                snapshot.drop(old);
            }
            snapshot.finish(state);
        },
    };
}

export function emptyDiff(changes: Diff["changes"], replaces: string[] = []): Diff {
    return { changes, replaces, deleteBeforeReplace: false, changedKeys: [], detailedDiff: undefined };
}
