/** What a reviewer must not overlook, besides what is deleted, as Markdown. */
import { code } from "../comment/markdown";
import type { Preview, State, Step } from "../input/preview";
import { kindOf } from "./kinds";
import { isExpired, type Leftover } from "./leftovers";
import type { Names } from "./names";
import { hasUnknown, isSecret, textIn } from "./values";

export function warningsOf(step: Step, names: Names, preview: Preview): string[] {
    const kind = kindOf(step.type);
    // Of a resource that is read by a refresh and then changed, the change is what counts.
    if (kind === undefined || names.step(step.urn) !== step) return [];
    const { old, op } = step;
    const name = code(step.name);
    const warnings: string[] = [];
    const outputs = (step.new?.outputs["status"] === undefined ? old : step.new)?.outputs;
    const isSaid = () => preview.diagnostics.some((one) => one.urn === step.urn && one.severity === "warning");
    if (isExpired(kind, outputs) && op !== "delete" && !isSaid())
        warnings.push(
            op === "replace"
                ? `Restore point ${name} has expired; this change takes a new one.`
                : `Restore point ${name} has expired: there is nothing left to restore from, and no new one is taken.`,
        );
    if (op === "update") warnings.push(...policyWarning(name, old, step.new));
    if (op === "create" || op === "replace") warnings.push(...adoptedToDelete(name, step.new));
    if (op !== "delete" && old !== undefined && old.initErrors.length > 0)
        warnings.push(`The last run left ${name} unfinished: ${code(old.initErrors[0] ?? "", 300)}`);
    return [...warnings, ...retainedTooLate(step), ...protection(step, preview)];
}

function protection({ op, name, old, new: now }: Step, { outcome }: Preview): string[] {
    if (old?.protect !== true) return [];
    if (now?.protect === false)
        return [`${code(name)} is protected no longer: from now on Pulumi may delete or replace it.`];
    // Without the flag such a preview fails.
    return outcome === "finished" && (op === "delete" || op === "replace")
        ? [`${code(name)} is protected, and goes all the same (\`--ignore-protect\`).`]
        : [];
}

function policyWarning(name: string, old: State | undefined, now: State | undefined): string[] {
    const before = textIn(old?.inputs, "deletionPolicy") ?? "retain";
    const value = now?.inputs["deletionPolicy"];
    if (before === "delete" || before === value) return [];
    if (value === "delete")
        return [
            `${name} gets \`deletionPolicy: delete\`: from now on its backups are deleted when it is ` +
                "replaced or removed.",
        ];
    if (isSecret(value) || hasUnknown(value))
        return [
            `${name} gets a \`deletionPolicy\` that is ` +
                `${isSecret(value) ? "a secret" : "known after up"}: its backups may be deleted when it is ` +
                "replaced or removed.",
        ];
    return [];
}

/** What was there before this resource is deleted with it from now on. */
function adoptedToDelete(name: string, now: State | undefined): string[] {
    const { adopt, deletionPolicy } = now?.inputs ?? {};
    if (adopt === undefined || deletionPolicy !== "delete") return [];
    return [
        `${name} takes over what is there, with \`deletionPolicy: delete\`: from now on that is deleted ` +
            "when it is replaced or removed.",
    ];
}

/** A `get` that reads what the same change deletes. */
export function deletedUnderAGet(steps: readonly Step[], leftovers: readonly Leftover[]): string[] {
    const deleted = new Map(
        leftovers.flatMap((one) => (one.outcome === "deleted" && one.checkpointId ? [[one.checkpointId, one]] : [])),
    );
    return steps.flatMap(({ op, new: now, name }) => {
        const gone = op === "read" && now?.id !== undefined ? deleted.get(now.id) : undefined;
        return gone === undefined
            ? []
            : [`${code(name)} reads the restore point that this change **deletes** with ${code(gone.name)}.`];
    });
}

/** The state decides about the old one, the program about the next. */
function retainedTooLate({ op, old, new: now, name }: Step): string[] {
    const isDeleted = textIn(old?.outputs, "deletionPolicy") === "delete" && old?.retainOnDelete === false;
    if (op !== "replace" || !isDeleted || now?.retainOnDelete !== true) return [];
    return [`\`retainOnDelete\` of ${code(name)} is new, and holds from the next change on: this one still deletes.`];
}
