import { type Op, stepMetadata } from "./events";
import { InitError, messageOf } from "./provider-client";
import type { Run } from "./run";
import { type Step, StepFailed } from "./step";
import { isDefaultProvider } from "./urn";
import { makeSecret, Secret } from "./values";

/** Does one step: announces it, notes it as pending, runs it, stores and reports the result. */
export async function executeStep(run: Run, step: Step): Promise<void> {
    const { dryRun } = run.options;
    const started = performance.now();
    announce(run, step);
    const pending = step.pending && !dryRun ? run.snapshot.begin(step.pending.resource, step.pending.type) : undefined;
    if (pending) {
        await run.snapshot.save();
    }
    let error: unknown;
    try {
        error = await step.apply();
    } catch (thrown) {
        error = thrown ?? new Error("unknown error");
    }
    const isPartial = error instanceof InitError;
    if (error === undefined || isPartial) {
        remember(run, step);
    }
    if (error === undefined) {
        report(run, step, (performance.now() - started) / 1000);
    } else {
        reportFailure(run, step, error);
    }
    if (pending) {
        run.snapshot.end(pending);
    }
    if (!dryRun) {
        if (error === undefined || isPartial) {
            step.commit?.(run.snapshot);
        }
        if (pending) {
            await run.snapshot.save();
        }
    }
    if (error !== undefined) {
        throw new StepFailed(messageOf(error));
    }
    await step.after?.().catch((failure: unknown) => run.failAfter(failure, step.urn));
}

function announce(run: Run, step: Step): void {
    if (!isHidden(step)) {
        run.display.before(step);
    }
    const planning = run.options.dryRun ? { planning: true } : {};
    run.events.send(() => ({ resourcePreEvent: { metadata: stepMetadata(step), ...planning } }));
}

/** Marks outputs secret that must be, and makes the result findable. */
function remember(run: Run, step: Step): void {
    const state = step.new;
    if (state !== undefined && step.op !== "replace") {
        for (const key of state.additionalSecretOutputs) {
            const output = state.outputs[key];
            if (output !== undefined) {
                state.outputs[key] = makeSecret(output);
            }
        }
        for (const key of Object.keys(state.outputs)) {
            const output = state.outputs[key];
            if (state.inputs[key] instanceof Secret && output !== undefined) {
                state.outputs[key] = makeSecret(output);
            }
        }
        run.news.set(state.urn, state);
    }
    if (step.logical && state !== undefined) {
        run.lastSteps.set(step.urn, step);
    }
}

function report(run: Run, step: Step, seconds: number): void {
    const op = step.resultOp?.() ?? step.op;
    const isCounted = step.isCounted?.() ?? (step.logical || step.resultOp !== undefined);
    if (isCounted && !isHidden(step)) {
        run.changes[op] = (run.changes[op] ?? 0) + 1;
    }
    if (!isHidden(step)) {
        run.display.after(step, op, seconds);
    }
    // Pulumi: a component's outputs are only shown once the program has given them.
    const isShown =
        run.options.dryRun || (step.new ?? step.old)?.custom || step.op === "delete" || step.op === "refresh";
    if (isShown) {
        sendOutputs(run, step, op);
    }
}

/** Says what a resource's outputs are now. */
export function sendOutputs(run: Run, step: Step, op: Op = step.op): void {
    const planning = run.options.dryRun ? { planning: true } : {};
    run.events.send(() => ({ resOutputsEvent: { metadata: stepMetadata(step, op), ...planning } }));
}

function reportFailure(run: Run, step: Step, error: unknown): void {
    run.hasFailed = true;
    run.diagnose("error", messageOf(error), isHidden(step) ? "" : step.urn);
    if (!run.options.dryRun) {
        run.display.failed(step);
        const steps = Object.values(run.changes).reduce((sum, count) => sum + count, 0);
        run.events.send(() => ({ resOpFailedEvent: { metadata: stepMetadata(step), status: 0, steps } }));
    }
}

function isHidden(step: Step): boolean {
    return step.isInternal === true || step.op === "remove-pending-replace" || isDefaultProvider(step.urn);
}
