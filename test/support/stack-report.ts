/** What an operation on a stack did, from the events of the engine. */
import type { EngineEvent } from "@pulumi/pulumi/automation";

/** What an operation did to one resource. */
export interface StepReport {
    /** For a refresh: what came of it (`same`, `update`, `delete`). */
    op: string;
    urn: string;
    type: string;
    /** Name in the program. */
    name: string;
    /** Keys that force a replacement. */
    replaceKeys: string[];
    failed: boolean;
    /** Messages about the resource, each as `severity: text`. */
    diagnostics: string[];
}

export interface Report {
    steps: StepReport[];
    /** Messages about the whole stack, each as `severity: text`. */
    diagnostics: string[];
    /** How many resources had which operation. */
    changes: Record<string, number>;
    stdout: string;
    stderr: string;
    events: EngineEvent[];
}

/** An operation failed; `report` says what it did until then. */
export class OperationFailed extends Error {
    readonly report: Report;
    constructor(what: string, report: Report, cause: unknown) {
        const lines = [
            ...report.diagnostics,
            ...report.steps.flatMap((step) => step.diagnostics.map((line) => `${step.name}: ${line}`)),
        ];
        const errors = lines.filter((line) => line.includes("error: "));
        super(`${what} failed\n${errors.length > 0 ? errors.join("\n") : String(cause)}`, { cause });
        this.report = report;
    }
}

export class ReportBuilder {
    readonly #steps: StepReport[] = [];
    readonly #byUrn = new Map<string, StepReport[]>();
    readonly #early = new Map<string, string[]>();
    readonly #diagnostics: string[] = [];
    readonly #events: EngineEvent[] = [];
    #changes: Record<string, number> = {};

    add(event: EngineEvent): void {
        const { diagnosticEvent, resourcePreEvent, resOutputsEvent, resOpFailedEvent, summaryEvent } = event;
        if (String(diagnosticEvent?.severity) === "debug") {
            return;
        }
        this.#events.push(event);
        if (resourcePreEvent !== undefined && !isInternal(resourcePreEvent.metadata.urn)) {
            const { op, urn, type, keys } = resourcePreEvent.metadata;
            const name = urn.split("::").slice(3).join("::");
            const diagnostics = this.#early.get(urn) ?? [];
            this.#early.delete(urn);
            const step = { op, urn, type, name, replaceKeys: keys ?? [], failed: false, diagnostics };
            this.#steps.push(step);
            this.#byUrn.set(urn, [...(this.#byUrn.get(urn) ?? []), step]);
        }
        if (resOutputsEvent !== undefined) {
            const { op, urn } = resOutputsEvent.metadata;
            const refresh = this.#byUrn.get(urn)?.find((step) => step.op === "refresh");
            if (refresh !== undefined && op !== "refresh") {
                refresh.op = op;
            }
        }
        if (resOpFailedEvent !== undefined) {
            const step = this.#byUrn.get(resOpFailedEvent.metadata.urn)?.at(-1);
            if (step !== undefined) {
                step.failed = true;
            }
        }
        if (diagnosticEvent !== undefined && diagnosticEvent.ephemeral !== true) {
            const line = `${diagnosticEvent.severity}: ${diagnosticEvent.message.trim()}`;
            const urn = diagnosticEvent.urn ?? "";
            const step = this.#byUrn.get(urn)?.at(-1);
            if (step !== undefined) {
                step.diagnostics.push(line);
            } else if (urn === "") {
                this.#diagnostics.push(line);
            } else {
                this.#early.set(urn, [...(this.#early.get(urn) ?? []), line]);
            }
        }
        if (summaryEvent !== undefined) {
            this.#changes = { ...summaryEvent.resourceChanges };
        }
    }

    build(stdout: string, stderr: string): Report {
        // A resource that was refused before any step (a failed check) still has something to say.
        for (const [urn, diagnostics] of this.#early) {
            const [, , types = "", ...name] = urn.split("::");
            this.#steps.push({
                op: "",
                urn,
                type: types.split("$").at(-1) ?? "",
                name: name.join("::"),
                replaceKeys: [],
                failed: true,
                diagnostics,
            });
        }
        return {
            steps: this.#steps,
            diagnostics: this.#diagnostics,
            changes: this.#changes,
            stdout,
            stderr,
            events: this.#events,
        };
    }
}

/** Default providers are nobody's resources. */
export function isInternal(urn: string): boolean {
    return /::pulumi:providers:[^:]+::default(_|$)/.test(urn);
}
