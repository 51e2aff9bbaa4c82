import type { Diagnostic, Op, StepInfo } from "./events";
import type { InitError } from "./provider-client";
import type { Snapshot } from "./snapshot";
import type { ResourceState } from "./state";

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
export class StepFailed extends Error {
    /** Resource of the program that could not be made, or that was left out for that reason; "" where it is not one. */
    readonly urn: string;
    constructor(message: string, urn = "") {
        super(message);
        this.urn = urn;
    }
}

/** Something was already reported; the operation fails without another message. */
export class Bail extends Error {}
