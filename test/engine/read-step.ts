import type { Run } from "./run";
import type { ResourceState } from "./state";
import type { Step } from "./step";
import { clientOf, nothing, now } from "./steps";
import { equal, unknownText } from "./values";

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
