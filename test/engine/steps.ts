import { randomUUID } from "node:crypto";
import type { Diff, Result } from "./provider-client";
import type { Provider } from "./providers";
import type { Run } from "./run";
import type { ResourceState } from "./state";
import type { Step } from "./step";
import { isProviderType } from "./urn";
import { unknownText } from "./values";

/** Most steps have no diff. */
export const nothing = { keys: [], diffs: [], detailedDiff: undefined, logical: true };

function providerReference(state: ResourceState): string {
    return `${state.urn}::${state.id}`;
}

/** The process that serves a resource; fails when its configuration is unknown, which only happens in a preview. */
export async function clientOf(run: Run, state: ResourceState): Promise<Provider["client"]> {
    return (await run.providers.get(state.provider)).client;
}

export function now(): string {
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
