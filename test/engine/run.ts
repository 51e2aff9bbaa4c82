import type { Backend } from "./backend";
import type { ConfigMap } from "./config";
import { diagnosticBody, type EventStream, type ResourceChanges, type Severity } from "./events";
import { executeStep } from "./executor";
import type { Hooks } from "./hooks";
import { messageOf } from "./provider-client";
import type { Providers } from "./providers";
import type { Snapshot } from "./snapshot";
import type { ResourceState } from "./state";
import { Bail, type Display, type Step, StepFailed, Stopped } from "./step";
import type { Targets } from "./targets";

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
                    await executeStep(this, step);
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
}
