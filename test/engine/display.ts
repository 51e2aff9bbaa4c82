import type { Diagnostic, Op, ResourceChanges, StepInfo } from "./events";
import type { Display } from "./step";
import { nameOf, stackType, typeOf } from "./urn";
import { type Bag, equal, isBag, Secret, Unknown, type Value } from "./values";

type Kind = "update" | "refresh" | "destroy";

const marks: Record<Op, string> = {
    same: "  ",
    create: "+ ",
    update: "~ ",
    delete: "- ",
    replace: "+-",
    "create-replacement": "++",
    "delete-replaced": "--",
    read: "> ",
    "read-replacement": ">>",
    refresh: "~ ",
    "remove-pending-replace": "  ",
    import: "= ",
    "import-replacement": "=>",
};

/** For each operation: planned, going on, done. */
const words: Record<Op, [string, string, string]> = {
    same: ["", "", ""],
    create: ["create", "creating", "created"],
    update: ["update", "updating", "updated"],
    delete: ["delete", "deleting", "deleted"],
    replace: ["replace", "replacing", "replaced"],
    "create-replacement": ["create replacement", "creating replacement", "created replacement"],
    "delete-replaced": ["delete original", "deleting original", "deleted original"],
    read: ["read", "reading", "read"],
    "read-replacement": ["read for replacement", "reading for replacement", "read for replacement"],
    refresh: ["refresh", "refreshing", "refreshed"],
    "remove-pending-replace": ["", "", ""],
    import: ["import", "importing", "imported"],
    "import-replacement": ["import replacement", "importing replacement", "imported replacement"],
};

/** How a value reads in the outputs, like Pulumi's: one line for a scalar, an indented block for the rest. */
export function formatValue(value: Value, indent: string, showSecrets = false): string {
    if (value instanceof Secret) {
        return showSecrets ? formatValue(value.value, indent, true) : "[secret]";
    }
    if (value instanceof Unknown) {
        return "[unknown]";
    }
    if (Array.isArray(value)) {
        const lines = value.map(
            (item, index) => `${indent}    [${index}]: ${formatValue(item, `${indent}    `, showSecrets)}`,
        );
        return lines.length === 0 ? "[]" : `[\n${lines.join("\n")}\n${indent}]`;
    }
    if (isBag(value)) {
        const block = formatBag(value, `${indent}    `, () => "", showSecrets);
        return block === "" ? "{}" : `{\n${block}\n${indent}}`;
    }
    return JSON.stringify(value);
}

function isScalar(value: Value | undefined): boolean {
    return value !== undefined && !Array.isArray(value) && !isBag(value);
}

function formatBag(
    bag: Bag,
    indent: string,
    markOf: (key: string) => string,
    showSecrets = false,
    old: Bag = {},
): string {
    const keys = Object.keys(bag).sort();
    const width = Math.max(0, ...keys.map((key) => key.length));
    return keys
        .map((key) => {
            const mark = markOf(key);
            const start = mark === "" ? indent : `${indent.slice(0, -2)}${mark}`;
            const value = bag[key] as Value;
            const from =
                mark === "~ " && isScalar(old[key]) && isScalar(value)
                    ? `${formatValue(old[key] as Value, indent)} => `
                    : "";
            return `${start}${key.padEnd(width)}: ${from}${formatValue(value, indent, showSecrets)}`;
        })
        .join("\n");
}

/** Plain lines, like those of the CLI without a terminal. */
export class TextDisplay implements Display {
    readonly #write: (text: string) => void;
    readonly #dryRun: boolean;
    readonly #diagnostics = new Map<string, Diagnostic[]>();
    readonly #hidesOutputs: boolean;
    readonly #hidesProgress: boolean;

    constructor(
        write: (text: string) => void,
        options: { dryRun: boolean; hidesOutputs: boolean; hidesProgress: boolean },
    ) {
        this.#write = write;
        this.#dryRun = options.dryRun;
        this.#hidesOutputs = options.hidesOutputs;
        this.#hidesProgress = options.hidesProgress;
    }

    start(kind: Kind, stack: string): void {
        const verbs = {
            update: ["Updating", "Previewing update"],
            refresh: ["Refreshing", "Previewing refresh"],
            destroy: ["Destroying", "Previewing destroy"],
        };
        this.#write(`${verbs[kind][this.#dryRun ? 1 : 0]} (${stack}):\n\n`);
    }

    #row(op: Op, step: StepInfo, word: string, extra = ""): void {
        if (!this.#hidesProgress) {
            const reasons =
                op.includes("replace") && step.keys.length > 0
                    ? ` [diff: ${step.keys.map((key) => `~${key}`).join(",")}]`
                    : this.#diff(op, step);
            this.#write(` ${marks[op]} ${step.type} ${nameOf(step.urn)} ${word}${extra}${reasons}\n`);
        }
    }

    #diff(op: Op, step: StepInfo): string {
        const kinds = { add: "+", delete: "-", update: "~" } as const;
        const changes = new Map<string, string>();
        for (const [path, { diffKind }] of Object.entries(step.detailedDiff ?? {})) {
            const key = path.split(/[.[]/)[0] as string;
            changes.set(key, path === key ? kinds[diffKind.split("-")[0] as keyof typeof kinds] : "~");
        }
        const list = [...changes].filter(([key]) => key !== "__provider").map(([key, mark]) => `${mark}${key}`);
        return op === "update" && list.length > 0 ? ` [diff: ${list.join(",")}]` : "";
    }

    before(step: StepInfo): void {
        if (step.op === "same" && step.type !== stackType) {
            return;
        }
        if (!this.#dryRun && step.op !== "same") {
            this.#row(step.op, step, words[step.op][1]);
        }
    }

    after(step: StepInfo, op: Op, seconds: number): void {
        if (op === "same" && step.type !== stackType) {
            return;
        }
        const [planned, , done] = words[op];
        this.#row(
            op,
            step,
            this.#dryRun ? planned : done,
            this.#dryRun || op === "same" ? "" : ` (${seconds.toFixed(2)}s)`,
        );
    }

    failed(step: StepInfo): void {
        this.#row(step.op, step, `**${words[step.op][1]} failed**`);
    }

    diagnostic(diagnostic: Diagnostic): void {
        const { urn, severity, message, ephemeral } = diagnostic;
        if (!ephemeral) {
            const list = this.#diagnostics.get(urn) ?? [];
            list.push(diagnostic);
            this.#diagnostics.set(urn, list);
        }
        if (!this.#hidesProgress) {
            const first = message.trim().split("\n")[0] ?? "";
            const prefix = severity === "info" || severity === "info#err" ? "" : `${severity}: `;
            this.#write(
                urn === "" ? `    ${prefix}${first}\n` : `    ${typeOf(urn)} ${nameOf(urn)} ${prefix}${first}\n`,
            );
        }
    }

    finish(
        kind: Kind,
        stackUrn: string,
        outputs: { outputs: Bag; old: Bag; isNew: boolean } | undefined,
        changes: ResourceChanges,
        seconds: number,
    ): void {
        this.#finishDiagnostics(stackUrn);
        const isNews =
            outputs !== undefined && (!this.#dryRun || outputs.isNew || !equal(outputs.outputs, outputs.old));
        if (isNews && !this.#hidesOutputs && Object.keys(outputs.outputs).length > 0) {
            const { old, isNew } = outputs;
            const markOf = (key: string) =>
                isNew || equal(old[key], outputs.outputs[key]) ? "" : key in old ? "~ " : "+ ";
            this.#write(`Outputs:\n${formatBag(outputs.outputs, "    ", markOf, false, old)}\n\n`);
        }
        this.#finishCounts(kind, changes);
        if (!this.#dryRun) {
            this.#write(`\nDuration: ${Math.ceil(seconds)}s\n`);
        }
    }

    #finishDiagnostics(stackUrn: string): void {
        if (this.#diagnostics.size === 0) {
            return;
        }
        this.#write("Diagnostics:\n");
        for (const [urn, list] of this.#diagnostics) {
            const subject = urn === "" ? stackUrn : urn;
            this.#write(`  ${typeOf(subject)} (${nameOf(subject)}):\n`);
            for (const { severity, message } of list) {
                const prefix = severity === "info" || severity === "info#err" ? "" : `${severity}: `;
                this.#write(`    ${prefix}${message.trimEnd().split("\n").join("\n    ")}\n`);
            }
            this.#write("\n");
        }
    }

    #finishCounts(kind: Kind, changes: ResourceChanges): void {
        const lines: string[] = [];
        for (const op of Object.keys(words) as Op[]) {
            const count = changes[op];
            if (count !== undefined && op !== "same") {
                lines.push(`    ${marks[op]}${count} ${this.#dryRun ? `to ${words[op][0]}` : words[op][2]}\n`);
            }
        }
        const total = Object.entries(changes).reduce((sum, [op, count]) => (op === "same" ? sum : sum + count), 0);
        if (changes.same !== undefined) {
            lines.push(`    ${lines.length > 1 ? `${total} changes. ` : ""}${changes.same} unchanged\n`);
        }
        this.#write(
            `Resources:\n${lines.length > 0 ? lines.join("") : `    no ${kind === "refresh" ? "resources" : "changes"}\n`}`,
        );
    }
}
