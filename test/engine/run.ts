import type { Backend } from "./backend";
import type { ConfigMap } from "./config";
import {
    type Diagnostic,
    diagnosticBody,
    type EventStream,
    type Op,
    type ResourceChanges,
    type Severity,
    type StepInfo,
    stepMetadata,
} from "./events";
import type { Hooks } from "./hooks";
import { InitError, messageOf } from "./provider-client";
import type { Providers } from "./providers";
import type { Snapshot } from "./snapshot";
import type { ResourceState } from "./state";
import type { Targets } from "./targets";
import { isDefaultProvider } from "./urn";
import { makeSecret, Secret } from "./values";

export interface RunOptions {
    kind: "update" | "refresh" | "destroy";
    dryRun: boolean;
    parallel: number;
    continueOnError: boolean;
    targets: Targets;
    targetDependents: boolean;
    replace: Targets;
    project: string;
    stack: string;
    config: ConfigMap;
    backend: Backend;
    debug: boolean;
}

/** Where steps and diagnostics are shown. */
export interface Display {
    diagnostic(diagnostic: Diagnostic): void;
    before(step: StepInfo): void;
    after(step: StepInfo, op: Op, seconds: number): void;
    failed(step: StepInfo): void;
}

/** One thing to do to a resource. */
export interface Step extends StepInfo {
    /** Noted in the state while the call runs. */
    pending?:
        | { resource: ResourceState; type: "creating" | "updating" | "deleting" | "reading" | "importing" }
        | undefined;
    /** For a refresh: what came of it. */
    resultOp?: () => Op;
    isInternal?: boolean;
    /** Whether it counts in the summary, when that depends on the result. */
    isCounted?: () => boolean;
    /** Does it; resolves with the error of an object that exists but is not ready. */
    apply(): Promise<InitError | undefined>;
    /** Puts the result into the state. */
    commit?: (snapshot: Snapshot) => void;
    /** Runs once the result is stored; an error fails the operation, not the step. */
    after?: () => Promise<void>;
}

/** The operation is ending; whatever waits for it gets this. */
export class Stopped extends Error {
    constructor() {
        super("resource monitor shut down");
    }
}

/** A step failed, and has been reported. */
export class StepFailed extends Error {}

/** Something was already reported; the operation fails without another message. */
export class Bail extends Error {}

/** One operation on one stack: what all of its parts share. */
export class Run {
    readonly options: RunOptions;
    readonly events: EventStream;
    readonly display: Display;
    readonly snapshot: Snapshot;
    readonly providers: Providers;
    readonly hooks: Hooks;
    /** Live resources before this run, by URN. */
    readonly olds: Map<string, ResourceState>;
    /** All resources before this run, with those marked for deletion. */
    oldStates: ResourceState[];
    /** What this run made of them. */
    readonly news = new Map<string, ResourceState>();
    /** Last logical step of each resource. */
    readonly lastSteps = new Map<string, Step>();
    readonly changes: ResourceChanges = {};
    /** Rejects when the operation is to end early. */
    readonly stopped: Promise<never>;
    isStopping = false;
    isCancelled = false;
    /** The operation is over; calls that are cut off by its end are no errors. */
    isClosed = false;
    /** Failed otherwise than by a step: what was wrong has been said, and needs no closing line. */
    hasBailed = false;
    /** Whether anything has failed. */
    hasFailed = false;
    #stop: (reason: Stopped) => void = () => {};
    #slots: number;
    readonly #waiting: (() => void)[] = [];
    readonly #active = new Set<Promise<unknown>>();

    constructor(
        parts: Pick<Run, "options" | "events" | "display" | "snapshot" | "providers" | "hooks" | "olds" | "oldStates">,
    ) {
        this.options = parts.options;
        this.events = parts.events;
        this.display = parts.display;
        this.snapshot = parts.snapshot;
        this.providers = parts.providers;
        this.hooks = parts.hooks;
        this.olds = parts.olds;
        this.oldStates = parts.oldStates;
        this.#slots = parts.options.parallel;
        this.stopped = new Promise((_, reject) => {
            this.#stop = reject;
        });
        this.stopped.catch(() => {});
    }

    diagnose(severity: Severity, message: string, urn = "", ephemeral = false, streamId = 0): void {
        const diagnostic = { severity, message: this.#withoutSecrets(message), urn, ephemeral, streamId };
        if (severity === "error") {
            this.hasFailed = true;
        }
        if (severity !== "debug" || this.options.debug) {
            this.display.diagnostic(diagnostic);
            this.events.send(() => ({ diagnosticEvent: diagnosticBody(diagnostic) }));
        }
    }

    /** Pulumi: the text of a secret configuration value is masked wherever it would be shown. */
    #withoutSecrets(message: string): string {
        let result = message;
        for (const { value, secret } of Object.values(this.options.config)) {
            if (secret && value.length > 2) {
                result = result.replaceAll(value, "[secret]");
            }
        }
        return result;
    }

    /** Ends the operation: nothing new starts, what runs goes on to its end. */
    stop(): void {
        if (!this.isStopping) {
            this.isStopping = true;
            this.#stop(new Stopped());
            for (const wake of this.#waiting.splice(0)) {
                wake();
            }
        }
    }

    cancel(): void {
        this.isCancelled = true;
        this.stop();
        void this.providers.signalCancel();
    }

    /** Reports an error that is not a step's own, and stops. */
    fail(error: unknown, urn = ""): void {
        if (this.isClosed || error instanceof Stopped) {
            return;
        }
        this.hasFailed = true;
        this.hasBailed ||= !(error instanceof StepFailed);
        if (!(error instanceof Bail || error instanceof StepFailed)) {
            this.diagnose("error", messageOf(error), urn);
        }
        this.stop();
    }

    /** Reports that something went wrong after a step had succeeded. */
    failAfter(error: unknown, urn: string): void {
        this.diagnose("error", messageOf(error), urn);
        if (!this.options.continueOnError) {
            this.stop();
        }
    }

    async #takeSlot(): Promise<void> {
        while (this.#slots <= 0 && !this.isStopping) {
            await new Promise<void>((resolve) => this.#waiting.push(resolve));
        }
        if (this.isStopping) {
            throw new Stopped();
        }
        this.#slots--;
    }

    #giveSlot(): void {
        this.#slots++;
        this.#waiting.shift()?.();
    }

    /** Runs steps one after another in one of the parallel slots. */
    async execute(steps: Step[]): Promise<void> {
        await this.#takeSlot();
        const work = (async () => {
            try {
                for (const step of steps) {
                    if (this.isStopping) {
                        throw new Stopped();
                    }
                    await this.#executeStep(step);
                }
            } finally {
                this.#giveSlot();
            }
        })();
        this.#active.add(work);
        try {
            await work;
        } finally {
            this.#active.delete(work);
        }
    }

    /** Resolves when no step runs any more. */
    async idle(): Promise<void> {
        while (this.#active.size > 0) {
            await Promise.allSettled([...this.#active]);
        }
    }

    async #executeStep(step: Step): Promise<void> {
        const { dryRun } = this.options;
        const started = performance.now();
        this.#announce(step);
        const pending =
            step.pending && !dryRun ? this.snapshot.begin(step.pending.resource, step.pending.type) : undefined;
        if (pending) {
            await this.snapshot.save();
        }
        let error: unknown;
        try {
            error = await step.apply();
        } catch (thrown) {
            error = thrown ?? new Error("unknown error");
        }
        const isPartial = error instanceof InitError;
        if (error === undefined || isPartial) {
            this.#remember(step);
        }
        if (error === undefined) {
            this.#report(step, (performance.now() - started) / 1000);
        } else {
            this.#reportFailure(step, error);
        }
        if (pending) {
            this.snapshot.end(pending);
        }
        if (!dryRun) {
            if (error === undefined || isPartial) {
                step.commit?.(this.snapshot);
            }
            if (pending) {
                await this.snapshot.save();
            }
        }
        if (error !== undefined) {
            throw new StepFailed(messageOf(error));
        }
        await step.after?.().catch((failure: unknown) => this.failAfter(failure, step.urn));
    }

    #announce(step: Step): void {
        if (!isHidden(step)) {
            this.display.before(step);
        }
        const planning = this.options.dryRun ? { planning: true } : {};
        this.events.send(() => ({ resourcePreEvent: { metadata: stepMetadata(step), ...planning } }));
    }

    /** Marks outputs secret that must be, and makes the result findable. */
    #remember(step: Step): void {
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
            this.news.set(state.urn, state);
        }
        if (step.logical && state !== undefined) {
            this.lastSteps.set(step.urn, step);
        }
    }

    #report(step: Step, seconds: number): void {
        const op = step.resultOp?.() ?? step.op;
        const isCounted = step.isCounted?.() ?? (step.logical || step.resultOp !== undefined);
        if (isCounted && !isHidden(step)) {
            this.changes[op] = (this.changes[op] ?? 0) + 1;
        }
        if (!isHidden(step)) {
            this.display.after(step, op, seconds);
        }
        // Pulumi: a component's outputs are only shown once the program has given them.
        const isShown =
            this.options.dryRun || (step.new ?? step.old)?.custom || step.op === "delete" || step.op === "refresh";
        if (isShown) {
            this.sendOutputs(step, op);
        }
    }

    sendOutputs(step: Step, op: Op = step.op): void {
        const planning = this.options.dryRun ? { planning: true } : {};
        this.events.send(() => ({ resOutputsEvent: { metadata: stepMetadata(step, op), ...planning } }));
    }

    #reportFailure(step: Step, error: unknown): void {
        this.hasFailed = true;
        this.diagnose("error", messageOf(error), isHidden(step) ? "" : step.urn);
        if (!this.options.dryRun) {
            this.display.failed(step);
            const steps = Object.values(this.changes).reduce((sum, count) => sum + count, 0);
            this.events.send(() => ({ resOpFailedEvent: { metadata: stepMetadata(step), status: 0, steps } }));
        }
    }
}

function isHidden(step: Step): boolean {
    return step.isInternal === true || step.op === "remove-pending-replace" || isDefaultProvider(step.urn);
}
