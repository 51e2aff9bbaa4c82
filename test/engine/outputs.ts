import { sendOutputs } from "./executor";
import type { Run } from "./run";
import { stackType, typeOf } from "./urn";
import type { Bag } from "./values";

/** Outputs that the program gives for components and for the stack. */
export class ProgramOutputs {
    readonly #getRun: () => Run;
    #stack: { urn: string; outputs: Bag } | undefined;

    constructor(getRun: () => Run) {
        this.#getRun = getRun;
    }

    async register(urn: string, outputs: Bag): Promise<void> {
        if (typeOf(urn) === stackType) {
            // Pulumi: they may come before other registrations, and are final only when the program has ended.
            this.#stack = { urn, outputs };
            return;
        }
        const run = this.#getRun();
        const step = run.lastSteps.get(urn);
        const state = step?.new;
        if (step === undefined || state === undefined) {
            throw new Error(`cannot complete a resource '${urn}' whose registration isn't pending`);
        }
        state.outputs = outputs;
        run.snapshot.touch(state);
        if (step.op === "create") {
            await run.hooks
                .run("AfterCreate", state, undefined, state)
                .catch((error: unknown) => run.failAfter(error, urn));
        } else if (step.op === "update") {
            await run.hooks
                .run("AfterUpdate", state, step.old, state)
                .catch((error: unknown) => run.failAfter(error, urn));
        }
        sendOutputs(run, step);
    }

    /** Stores the stack's outputs; a failed program's are added to the old ones, which stay. */
    finish(): { outputs: Bag; old: Bag } | undefined {
        const run = this.#getRun();
        const step = this.#stack && run.lastSteps.get(this.#stack.urn);
        if (this.#stack === undefined || step?.new === undefined) {
            return undefined;
        }
        const old = step.old?.outputs ?? {};
        step.new.outputs = run.hasFailed ? { ...old, ...this.#stack.outputs } : this.#stack.outputs;
        run.snapshot.touch(step.new);
        sendOutputs(run, step);
        return { outputs: step.new.outputs, old };
    }
}
