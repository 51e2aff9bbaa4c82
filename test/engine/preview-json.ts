import type { ConfigMap } from "./config";
import { type Diagnostic, diagnosticBody, type ResourceChanges, type StepInfo } from "./events";
import type { Json, JsonObject } from "./json";
import { newState, type ResourceState, writeState } from "./state";
import type { Display } from "./step";
import { stackType } from "./urn";
import { type Bag, maskSecrets } from "./values";

/** `pulumi preview --json`: collects what the document says. */
export class PreviewDigest implements Display {
    readonly #steps: JsonObject[] = [];
    readonly #diagnostics: JsonObject[] = [];
    readonly #indexes = new Map<string, number>();

    diagnostic(diagnostic: Diagnostic): void {
        if (!diagnostic.ephemeral && diagnostic.severity !== "debug") {
            const { prefix, message, severity, urn } = diagnosticBody(diagnostic) as Record<string, string | undefined>;
            this.#diagnostics.push({
                ...(urn === undefined ? {} : { urn }),
                message: `${prefix ?? ""}${message ?? ""}`,
                severity: severity ?? "info",
            });
        }
    }

    before(step: StepInfo): void {
        const isShown =
            step.op === "same"
                ? step.type === stackType || step.old?.protect !== step.new?.protect
                : step.logical || !["create-replacement", "delete-replaced", "read-replacement"].includes(step.op);
        if (isShown) {
            this.#indexes.set(step.urn, this.#steps.push(describe(step, step.op)) - 1);
        }
    }

    /** Of a refresh only the result is of interest. */
    after(step: StepInfo, op: StepInfo["op"]): void {
        const index = this.#indexes.get(step.urn);
        const hasResult = (op === "update" && step.detailedDiff !== undefined) || op === "delete";
        if (step.op === "refresh" && hasResult && index !== undefined) {
            this.#steps[index] = describe(step, op);
        }
    }

    failed(): void {}

    document(config: ConfigMap, durationMs: number, changes: ResourceChanges): JsonObject {
        return {
            config: Object.fromEntries(
                Object.entries(config).map(([key, { value, secret }]) => [key, secret ? "[secret]" : value]),
            ),
            ...(this.#steps.length === 0 ? {} : { steps: this.#steps }),
            ...(this.#diagnostics.length === 0 ? {} : { diagnostics: this.#diagnostics }),
            duration: Math.round(durationMs * 1e6),
            changeSummary: { ...changes } as Record<string, Json>,
        };
    }
}

function describeState(state: ResourceState): JsonObject {
    const masked = newState({
        ...state,
        inputs: maskSecrets(state.inputs) as Bag,
        outputs: maskSecrets(state.outputs) as Bag,
    });
    return writeState(masked, { form: "masked" });
}

function describe(step: StepInfo, op: StepInfo["op"]): JsonObject {
    const result: JsonObject = { op, urn: step.urn };
    if (step.provider !== "") {
        result["provider"] = step.provider;
    }
    if (step.old !== undefined) {
        result["oldState"] = describeState(step.old);
    }
    if (step.new !== undefined) {
        result["newState"] = describeState(step.new);
    }
    if (step.diffs.length > 0) {
        result["diffReasons"] = step.diffs;
    }
    if (step.keys.length > 0) {
        result["replaceReasons"] = step.keys;
    }
    result["detailedDiff"] =
        step.detailedDiff === undefined
            ? null
            : Object.fromEntries(
                  Object.entries(step.detailedDiff).map(([path, { diffKind, inputDiff }]) => [
                      path,
                      { kind: diffKind, inputDiff },
                  ]),
              );
    return result;
}
