/** What a reviewer may want to look up: what stays in the cloud, and the changed properties. */
import type { Step } from "../input/preview";
import { isCopy, shortType } from "../plan/kinds";
import { backupsInWords, type Leftover } from "../plan/leftovers";
import { inputChanges } from "../plan/reasons";
import { type Change, inWords, listed } from "../plan/values";
import { code, cut, fence, oneLine } from "./markdown";
import { idsInWords } from "./notes";
import { OTHER_WORDS } from "./table";
import { counted } from "./words";

export function keptFold(leftovers: readonly Leftover[], most: number): string {
    const kept = leftovers.filter(({ outcome, isCertain }) => outcome === "kept" && isCertain);
    if (kept.length === 0 || most === 0) return "";
    const lines = kept
        .slice(0, most)
        .map((one) => `- ${code(one.name)}: ${idsInWords(one)}${one.because === undefined ? "" : `; ${one.because}`}`);
    if (kept.length > most) lines.push(`- and ${kept.length - most} more`);
    return fold(`Stays in the cloud and costs money until deleted there: ${keptInWords(kept)}`, lines.join("\n"));
}

function keptInWords(kept: readonly Leftover[]): string {
    const ids = kept.reduce((total, one) => total + one.ids.length, 0);
    if (kept.some((one) => one.isSecret)) return "backups, some of them secret";
    const points = kept.filter(({ kind }) => !isCopy(kind)).length;
    return points === kept.length
        ? `${counted(points, "restore point")}, ${backupsInWords(ids, "Checkpoint")}`
        : counted(ids, "backup or copy", "backups and copies");
}

/** `title` is ours: no text of others. */
function fold(title: string, content: string): string {
    return `<details>\n<summary>${title}</summary>\n\n${content}\n\n</details>`;
}

/** Properties of the first steps that have changed ones. */
export function changesFold(steps: readonly Step[], mostBlocks: number, mostLines: number): string {
    const blocks: string[][] = [];
    let rest = 0;
    for (const step of steps) {
        if (blocks.length >= mostBlocks) {
            rest = steps.length - steps.indexOf(step);
            break;
        }
        const changes = changesOf(step);
        if (changes.length > 0) blocks.push(blockOf(step, changes, mostLines));
    }
    if (blocks.length === 0) return rest === 0 ? "" : "The list of changed properties is too long for a comment.";
    if (rest > 0) blocks.push([`@@ ${counted(rest, "more resource is", "more resources are")} not shown @@`]);
    return fold("Changed properties", fence("diff", blocks.flat()));
}

function blockOf(step: Step, changes: readonly Change[], most: number): string[] {
    const lines = changes.slice(0, most).map(lineOf);
    const rest = changes.length - lines.length;
    if (rest > 0) lines.push(`  … ${counted(rest, "more property", "more properties")}`);
    const type = cut(oneLine(shortType(step)), 80);
    return [`@@ ${cut(oneLine(step.name), 80)} (${type}): ${OTHER_WORDS[step.op] ?? step.op} @@`, ...lines];
}

function changesOf(step: Step): Change[] {
    if (step.op === "delete" || step.op === "discard" || step.op === "read")
        return listed(step.old?.inputs ?? {}, true);
    if (step.old === undefined) return listed(step.new?.inputs ?? {});
    return inputChanges(step);
}

function lineOf({ path, old, new: now }: Change): string {
    const key = cut(oneLine(path), 120);
    if (old === undefined) return `+ ${key}: ${oneLine(inWords(now))}`;
    if (now === undefined) return `- ${key}: ${oneLine(inWords(old))}`;
    return `! ${key}: ${oneLine(inWords(old))} → ${oneLine(inWords(now))}`;
}
