/** The one document that `pulumi preview --json` writes. */
import { Failure } from "../../command";
import { Found, textsOf, toStep } from "./found";
import { outcomeOf } from "./outcome";
import { type Bag, type Diagnostic, operationOf, type Preview, type Step } from "./preview";
import { joinReplacements } from "./replacements";

const STEP = { old: "oldState", new: "newState", replaceKeys: "replaceReasons", diffKeys: "diffReasons" };
const WANTED = "expected is the output of `pulumi preview --json`";

/** @throws Failure when it is another document, or counts what it does not list. */
export function previewOfDocument(value: Bag, source: string): Preview {
    refuseOthers(value, source);
    const found = new Found(value, source);
    const counts = found.counts("changeSummary") ?? {};
    const steps = joinReplacements(found.map("steps", (step) => toStep(step, STEP)));
    const diagnostics = found.map(
        "diagnostics",
        (one): Diagnostic => ({
            urn: one.text("urn"),
            severity: one.text("severity") ?? "info",
            message: one.text("message") ?? "",
        }),
    );
    const hasEnded = found.number("duration") !== undefined;
    const outcome = outcomeOf(diagnostics, hasEnded, Object.keys(counts).length > 0);
    if (outcome === "finished") refuseCountsAlone(steps, counts, source);
    const disagreements = outcome === "finished" ? disagreementsOf(steps, counts) : [];
    return {
        form: "document",
        operation: operationOf(steps),
        outcome: disagreements.length > 0 ? "incomplete" : outcome,
        disagreements,
        config: textsOf(found.bag("config")),
        steps,
        diagnostics,
        counts,
    };
}

const KEYS = ["config", "steps", "diagnostics", "changeSummary", "duration"];

function refuseOthers(value: Bag, source: string): void {
    if (Object.hasOwn(value, "result") && (Object.hasOwn(value, "summary") || Object.hasOwn(value, "resources")))
        throw new Failure(
            `${source} is the summary that \`--output json\` prints: it has counts and names, and nothing ` +
                `of what becomes of backups; ${WANTED}`,
        );
    if (Object.keys(value).length === 0)
        throw new Failure(
            `${source} is an empty document: \`pulumi preview\` ended before it began (a policy pack that ` +
                "cannot be loaded, for instance); its error output has the reason",
        );
    if (!KEYS.some((key) => Object.hasOwn(value, key)))
        throw new Failure(`${source} is JSON, but no preview of Pulumi: ${WANTED}`);
}

/** A preview that lists nothing of what it counts would be read as harmless. */
function refuseCountsAlone(steps: readonly Step[], said: Readonly<Record<string, number>>, source: string): void {
    const changes = Object.entries(said).filter(([op, count]) => op !== "same" && count > 0);
    if (steps.length > 0 || changes.length === 0) return;
    const counted = changes.map(([op, count]) => `${count} to ${op}`).join(", ");
    throw new Failure(`${source} is not whole: it counts ${counted}, and lists no step; ${WANTED}, with its steps`);
}

const COUNTED = ["create", "update", "replace", "delete", "import"];

/** Where the steps are not what is counted. A refresh lists only the changes that can be shown in detail. */
function disagreementsOf(steps: readonly Step[], said: Readonly<Record<string, number>>): string[] {
    const isRefresh = operationOf(steps) === "refresh";
    return COUNTED.flatMap((op) => {
        const listed = steps.filter((step) => step.op === op && !step.isLeftOver).length;
        const count = said[op] ?? 0;
        return count === listed || (isRefresh && listed < count) ? [] : [`${count} to ${op}, and ${listed} listed`];
    });
}
