/** The table of what happens to backups, and the line about all else. */
import type { Step } from "../input/preview";
import { whatOf, whyOf } from "../plan/cells";
import { shortType } from "../plan/kinds";
import type { Plan, Row } from "../plan/plan";
import { code } from "./markdown";
import { counted, firstFew } from "./words";

const ICONS: Readonly<Record<Row["op"], string>> = {
    create: "➕",
    replace: "🔁",
    update: "✏️",
    delete: "➖",
    import: "➕",
    release: "➖",
    forget: "➖",
};

export function table(plan: Plan, most: number): string {
    const { rows } = plan;
    if (rows.length === 0) return "";
    if (most === 0) return `${counted(rows.length, "resource")} of backups; the table is too long for a comment.`;
    const lines = rows.slice(0, most).map((row) => {
        const cells = [
            `${ICONS[row.op]} ${row.action}`,
            `${code(row.step.name, 80)}<br>${row.kind}`,
            whatOf(row, plan),
            whyOf(row, plan),
        ];
        return `| ${cells.join(" | ")} |`;
    });
    const rest = rows.length - most;
    if (rest > 0) lines.push(`| … | and ${rest} more | | |`);
    return ["| | Resource | Backups | Why |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

export const OTHER_WORDS: Readonly<Record<string, string>> = {
    create: "created",
    update: "updated",
    replace: "replaced",
    delete: "deleted",
    import: "imported",
    "import-replacement": "imported",
    discard: "no longer read",
    read: "only read from now on",
};

/** One line about all that is no backup; what is lost is named. */
export function otherResources(plan: Plan): string {
    const groups = Map.groupBy(plan.others, ({ op }) => OTHER_WORDS[op] ?? "changed");
    const parts = [...groups].map(([word, steps]) => {
        if (word !== "replaced" && word !== "deleted") return `${steps.length} ${word}`;
        return `**${steps.length} ${word}** (${firstFew(steps, 5, nameAndType)})`;
    });
    const others = parts.length === 0 ? [] : [`Other resources: ${parts.join(", ")}.`];
    const unchanged =
        plan.unchanged === 0 || plan.changed.length === 0
            ? []
            : [`Left as ${plan.unchanged === 1 ? "it is" : "they are"}: ${counted(plan.unchanged, "resource")}.`];
    return [...others, ...unchanged].join(" ");
}

const nameAndType = (step: Step) => `${code(step.name, 60)} ${code(shortType(step), 60)}`;
