/** The first sentence of a comment. Green only for a preview that ended well and shows nothing that touches backups. */
import { isStack, type Preview, type Step, stackOf } from "../input/preview";
import { byText, isCopy } from "../plan/kinds";
import { ALL_SECRET, backupsInWords, type Leftover } from "../plan/leftovers";
import type { Plan, Row } from "../plan/plan";
import { code } from "./markdown";
import { errorsOf } from "./notes";
import { counted, inSentence, sizeInWords } from "./words";

export function verdict(preview: Preview, plan: Plan, exitCode: number | undefined): string {
    const found = stackOf(preview.steps);
    const stack = found === undefined ? undefined : code(`${found.project}/${found.stack}`);
    const here = stack === undefined ? "" : ` in ${stack}`;
    const seen = plan.changed.length === 0 ? "" : " Below is what it saw until then; the rest is not known.";
    const errors = errorsOf(preview).length;
    switch (preview.outcome) {
        case "failed": {
            const how =
                errors === 0
                    ? exitCode === undefined
                        ? ""
                        : ` with exit code ${exitCode}`
                    : ` with ${counted(errors, "error")}`;
            return `❌ **The preview failed**${here}${how}.${seen}`;
        }
        case "cancelled":
            return `❌ **The preview was cancelled**${here}, so it does not say what \`pulumi up\` would do.${seen}`;
        case "unfinished":
            return (
                `❌ **The preview did not finish**${here}: its JSON has no ${endOf(preview)}, so it ` +
                `does not say what \`pulumi up\` would do.${seen}`
            );
        case "incomplete":
            return (
                `⚠️ **The preview is not whole**${here}: it counts ` +
                `${preview.disagreements.join("; ")}. What it lists: ${shows(preview, plan, "it")}`
            );
        case "silent":
            return `❔ **The preview names no resource**${here}: it has no count of changes.`;
        case "errors-logged":
            return [
                `⚠️ **${counted(errors, "error was", "errors were")} logged**${here}.`,
                "Pulumi goes on after a logged error; whether the preview failed, its exit code says and " +
                    "this JSON does not.",
                `If it did not: ${shows(preview, plan, "it")}`,
            ].join(" ");
        case "finished":
            return finished(preview, plan, stack, here);
    }
}

const endOf = ({ form }: Preview) => (form === "document" ? "`duration` and `changeSummary`" : "`summaryEvent`");

function finished(preview: Preview, plan: Plan, stack: string | undefined, here: string): string {
    if (preview.operation === "refresh") return refreshed(preview, plan, here);
    const subject = `${preview.operation === "destroy" ? "`pulumi destroy` of " : ""}${stack ?? "this change"}`;
    const doing = doingOf(plan);
    if (doing.length > 0) return `🛟 ${subject.charAt(0).toUpperCase()}${subject.slice(1)} ${inList(doing)}.`;
    if (plan.changed.length === 0)
        return `✅ **No changes**${here}: the preview shows no restore point taken, copied or deleted.`;
    const unfinished = plan.rows.filter(
        ({ op, step }) => op === "update" && (step.old?.initErrors.length ?? 0) > 0,
    ).length;
    if (unfinished > 0)
        return (
            `⚠️ **The last run left ${counted(unfinished, "resource", "resources")} ` +
            `unfinished**${here}: \`pulumi up\` waits for what is under way, and fails again where ` +
            "something has failed. No restore point is taken, copied or deleted."
        );
    const hooks = new Set(plan.hooks.silent.flatMap((one) => one.hooks)).size;
    if (hooks > 0)
        return (
            `🪝 **No restore point of the stack is taken, copied or deleted**${here}. ` +
            `${counted(hooks, "hook runs", "hooks run")} before resources change; whether a restore point ` +
            "is taken then, the preview does not say."
        );
    if (plan.rows.length > 0)
        return `✅ **No restore point is taken, copied or deleted**${here}; ${withoutBackups(plan.rows)}.`;
    if (preview.form === "events" && plan.others.some(mayHaveHooks))
        return (
            `ℹ️ **No restore point of the stack changes**${here}. Whether hooks take any before other ` +
            "resources change, events do not say."
        );
    return `✅ **No changes to backups**${here}.`;
}

/** What rows do that make and delete nothing. */
function withoutBackups(rows: readonly Row[]): string {
    const taking = rows.filter(({ action }) => action === "adopt").length;
    const renaming = rows.filter(({ action }) => action === "rename").length;
    const others = rows.length - taking - renaming;
    return inSentence([
        ...(taking === 0 ? [] : [`${counted(taking, "resource takes", "resources take")} over what is there`]),
        ...(renaming === 0 ? [] : [`backups of ${counted(renaming, "resource")} get another name in the cloud`]),
        ...(others === 0 ? [] : [`${counted(others, "resource changes", "resources change")} in the stack only`]),
    ]);
}

const mayHaveHooks = ({ op }: Step) => op === "update" || op === "replace" || op === "delete";

/** The document lists a resource whose outputs alone have changed as read, and counts it as changed. */
function refreshed({ counts }: Preview, plan: Plan, here: string): string {
    const listed = plan.changed.filter(({ op }) => op === "delete").length;
    const gone = Math.max(listed, counts["delete"] ?? 0);
    const differing = Math.max(plan.changed.length - listed, counts["update"] ?? 0);
    const parts = [
        ...(gone === 0 ? [] : [`**${counted(gone, "resource is", "resources are")} no longer in the cloud**`]),
        ...(differing === 0 ? [] : [`${counted(differing, "resource differs", "resources differ")} from the state`]),
    ];
    const what = parts.length === 0 ? "it shows no drift" : parts.join(", ");
    const total = gone + differing;
    const unnamed = total - plan.changed.length;
    const which =
        unnamed === 0 ? "" : ` ${unnamed === total ? "Which, it" : `${unnamed} of them it`} does not say in this form.`;
    return (
        `🔄 **\`pulumi refresh\`**${here}: ${what}.${which} Only the state changes; no restore point ` +
        "is taken, copied or deleted."
    );
}

/** The same for a preview whose end is in doubt. */
function shows({ steps }: Preview, plan: Plan, subject: string): string {
    const doing = doingOf(plan);
    if (doing.length > 0) return `${subject} ${inList(doing)}.`;
    if (plan.changed.length === 0) return steps.some(isStack) ? "no changes." : "it names no resource.";
    return (
        `${counted(plan.changed.length, "resource changes", "resources change")}, and no restore point ` +
        "is taken, copied or deleted."
    );
}

const inList = (parts: readonly string[]): string => parts.join(", ");

function doingOf(plan: Plan): string[] {
    return [...whatHappens(plan), ...whatRemains(plan.leftovers)];
}

function whatHappens({ rows, hooks }: Plan): string[] {
    const making = rows.filter((row) => row.createsBackup);
    const count = (kind: Row["kind"], isCertain: boolean) =>
        making.filter((row) => row.kind === kind && row.isCertain === isCertain).length;
    const copies = (isCertain: boolean) => making.filter((row) => isCopy(row.kind) && row.isCertain === isCertain);
    const points = count("Checkpoint", true);
    const perhaps = count("Checkpoint", false);
    const syncs = count("VaultSync", true) + count("VaultSync", false);
    const byHooks = hooks.taken.length;
    return [
        ...(points === 0 ? [] : [`takes **${counted(points, "restore point")}**`]),
        ...(byHooks === 0 ? [] : [`takes **${counted(byHooks, "restore point")} before** other resources change`]),
        ...(perhaps === 0 ? [] : [`may take **${counted(perhaps, "restore point")}**`]),
        ...copying(copies(true), ""),
        ...copying(copies(false), "may "),
        ...(syncs === 0 ? [] : [`synchronises **${counted(syncs, "hybrid vault")}**`]),
    ];
}

function copying(rows: readonly Row[], may: "" | "may "): string[] {
    if (rows.length === 0) return [];
    const verb = may === "" ? "copies" : "copy";
    const to = destinations(rows);
    const estimates = rows.flatMap(({ estimate }) => estimate ?? []);
    const isOpen = estimates.length < rows.length || estimates.some(({ grows }) => grows);
    const backups = estimates.reduce((total, one) => total + one.backups, 0);
    if (backups > 0) {
        // A run over a vault may take what another resource copies.
        const isShared = rows.length > 1 && rows.some(({ kind }) => kind === "VaultReplication");
        const isBound = isShared || estimates.some(({ there }) => there === undefined);
        const upTo = isBound && !isOpen ? "up to " : "";
        const count = `${may}**${verb} ${upTo}${counted(backups, "backup")}${isOpen ? " or more" : ""}**`;
        return [`${count}${isOpen ? "" : ` (${sizeInWords(estimates)})`} to ${to}`];
    }
    if (!isOpen && estimates.some(({ there }) => there !== 0))
        return [`copies nothing to ${to}, where all have a replica already`];
    // A run over a whole vault copies what has no copy yet, which may be nothing.
    const what = rows.every(({ kind }) => kind === "VaultReplication") ? "backups without a copy" : "backups";
    return [`${may}**${verb} ${what}** to ${to}`];
}

function destinations(copies: readonly Row[]): string {
    const regions = [...new Set(copies.flatMap(({ to }) => to ?? []))].sort(byText).map((region) => code(region));
    if (copies.some(({ to }) => to === undefined)) regions.push("a region that is known after up");
    return inSentence(regions);
}

function whatRemains(leftovers: readonly Leftover[]): string[] {
    const of = (outcome: Leftover["outcome"], isSure: boolean) =>
        inWords(leftovers.filter((one) => one.outcome === outcome && one.isCertain === isSure));
    const part = (words: string, wrap: (words: string) => string) => (words === "" ? [] : [wrap(words)]);
    return [
        ...part(of("deleted", true), (words) => `**deletes ${words}**`),
        ...part(of("deleted", false), (words) => `**may delete ${words}**`),
        ...part(of("unknown", true), (words) => `**may delete ${words}**`),
        ...part(of("unknown", false), (words) => `**may delete ${words}**`),
        ...part(of("kept", true), (words) => `keeps ${words}`),
        ...part(of("adopted", true), (words) => `hands ${words} over to another resource`),
    ];
}

function inWords(leftovers: readonly Leftover[]): string {
    const points = leftovers.filter(({ kind }) => !isCopy(kind));
    const copies = leftovers.filter(({ kind }) => isCopy(kind));
    const idsOf = (list: readonly Leftover[]) => list.reduce((total, one) => total + one.ids.length, 0);
    const parts: string[] = [];
    if (points.length > 0) {
        const known = backupsInWords(idsOf(points), "Checkpoint");
        const hidden = points.length === 1 ? ALL_SECRET : "their backups are secret, or some of them";
        const backups = points.some((one) => one.isSecret) ? hidden : known;
        parts.push(`${counted(points.length, "restore point")} (${backups})`);
    }
    if (copies.length > 0) {
        const known = idsOf(copies);
        const upTo = copies.some((one) => one.ifSuperseded) ? "up to " : "";
        const isOpen = known === 0 || copies.some((one) => one.isSecret);
        parts.push(isOpen ? "copies" : `${upTo}${counted(known, "copy", "copies")}`);
    }
    return parts.join(" and ");
}
