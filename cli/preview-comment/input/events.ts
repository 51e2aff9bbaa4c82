/**
 * The engine's events as JSON lines: PULUMI_ENABLE_STREAMING_JSON_PREVIEW, `--event-log`, the Automation API's
 * `onEvent`.
 */
import { Failure } from "../../command";
import { Found, textsOf, toStep } from "./found";
import { outcomeOf } from "./outcome";
import { type Bag, type Diagnostic, type Outcome, operationOf, type Preview, type Step } from "./preview";
import { joinReplacements } from "./replacements";

const STEP = { old: "old", new: "new", replaceKeys: "keys", diffKeys: "diffs" };

/** @throws Failure when they are events of a run, or say nothing. */
export function previewOfEvents(lines: readonly { value: Bag; line: number }[], source: string): Preview {
    const events = lines.map(({ value, line }) => new Found(value, source, `line ${line}`));
    const summary = events.findLast((one) => one.has("summaryEvent"))?.child("summaryEvent");
    refuseRun(events, summary, source);
    const steps = joinReplacements(stepsOf(events));
    const diagnostics = events.flatMap(diagnosticsOf);
    const hasEnded = summary !== undefined || events.some((one) => one.has("cancelEvent"));
    if (steps.length === 0 && diagnostics.length === 0 && !hasEnded)
        throw new Failure(`${source} has events of the engine, but says nothing about any resource`);
    const counts = summary?.counts("resourceChanges") ?? {};
    return {
        form: "events",
        operation: operationOf(steps),
        outcome: outcomeOfEvents(diagnostics, summary, Object.keys(counts).length > 0),
        // The engine writes both from one count.
        disagreements: [],
        config: textsOf(
            events
                .find((one) => one.has("preludeEvent"))
                ?.child("preludeEvent")
                ?.bag("config"),
        ),
        steps,
        diagnostics,
        counts,
    };
}

const metadataOf = (event: Found, key: string): Found | undefined => event.child(key)?.child("metadata");

function stepsOf(events: readonly Found[]): Step[] {
    const steps: Step[] = [];
    const begun = new Set<string>();
    const refreshed = new Map<string, number>();
    const updates = new Map<number, Step>();
    for (const event of events) {
        const found = metadataOf(event, "resourcePreEvent") ?? metadataOf(event, "resOpFailedEvent");
        if (found !== undefined) {
            const step = toStep(found, STEP);
            const key = `${step.op} ${step.urn}`;
            // One that fails has begun before; deletions of one URN may be several.
            if (begun.has(key) && event.has("resOpFailedEvent")) continue;
            begun.add(key);
            if (step.op === "refresh") refreshed.set(step.urn, steps.length);
            steps.push(step);
        }
        // What a refresh has found comes with its end.
        const ended = metadataOf(event, "resOutputsEvent");
        const at = ended === undefined ? undefined : refreshed.get(ended.someText("urn"));
        if (ended === undefined || at === undefined) continue;
        const result = toStep(ended, STEP);
        if (result.op === "delete") steps[at] = result;
        if (result.op === "update") updates.set(at, result);
    }
    // Of a refresh before an `up` the step that follows says what is done about it.
    const isRefresh = operationOf(steps) === "refresh";
    return isRefresh ? steps.map((step, at) => updates.get(at) ?? step) : steps;
}

function diagnosticsOf(event: Found): Diagnostic[] {
    const line = event.child("diagnosticEvent");
    const policy = event.child("policyEvent");
    const remedy = event.child("policyRemediationEvent");
    const error = event.child("errorEvent");
    const found: Diagnostic[] = [];
    if (line !== undefined && !line.flag("ephemeral") && line.text("severity") !== "debug")
        found.push({
            urn: line.text("urn"),
            severity: line.text("severity") ?? "info",
            message: line.text("message") ?? "",
        });
    if (policy !== undefined) found.push(violation(policy));
    if (remedy !== undefined)
        found.push({
            urn: remedy.text("resourceUrn"),
            severity: "warning",
            message: `policy ${remedy.text("policyName") ?? ""} changes inputs of this resource`,
        });
    if (error !== undefined) found.push({ urn: undefined, severity: "error", message: error.someText("error") });
    return found;
}

function violation(policy: Found): Diagnostic {
    const isExcepted = policy.map("exceptions", () => true).length > 0;
    const isMandatory = policy.text("enforcementLevel") === "mandatory";
    return {
        urn: policy.text("resourceUrn"),
        severity: isMandatory && !isExcepted ? "error" : "warning",
        message:
            `policy ${policy.text("policyName") ?? ""}${isExcepted ? " (excepted)" : ""}: ` +
            `${policy.someText("message")}`,
    };
}

function outcomeOfEvents(diagnostics: readonly Diagnostic[], summary: Found | undefined, isCounted: boolean): Outcome {
    const told = outcomeOf(diagnostics, summary !== undefined, isCounted);
    const result = summary?.text("result");
    if (result === "succeeded") return isCounted ? "finished" : "silent";
    return result === "failed" && told !== "cancelled" ? "failed" : told;
}

/** What has been done is no plan: its steps would be read as what `up` is going to do. */
function refuseRun(events: readonly Found[], summary: Found | undefined, source: string): void {
    const first = events.find((one) => one.has("resourcePreEvent"))?.child("resourcePreEvent");
    const isRun = summary?.has("isPreview") === true && !summary.flag("isPreview");
    if (isRun || (summary === undefined && first !== undefined && !first.flag("planning")))
        throw new Failure(
            `${source} has the events of a run that was done (\`pulumi up --json\`, or refresh or ` +
                "destroy), not of a preview",
        );
}
