/** Messages of a preview, and what else has to be said above the table, one quoted line each. */
import { isLastLine, plainMessage } from "../input/outcome";
import { type Diagnostic, type Preview, parseUrn } from "../input/preview";
import type { SilentHooks, TakenByHook } from "../plan/hooks";
import { byText, isCopy, type Kind } from "../plan/kinds";
import { ALL_SECRET, backupsInWords, type Leftover } from "../plan/leftovers";
import type { Names } from "../plan/names";
import type { Plan } from "../plan/plan";
import type { Rename } from "../plan/renames";
import { code } from "./markdown";
import { counted, firstFew, inSentence } from "./words";

/** The errors of a preview, equal ones as one, without the engine's last line, which names nothing. */
export function errorsOf({ diagnostics }: Preview): string[] {
    const texts = diagnostics
        .filter(({ severity }) => severity === "error")
        .map(({ message }) => plainMessage(message))
        .filter((text) => text !== "" && !isLastLine(text));
    return [...new Set(texts)];
}

/** All notes, the gravest first. */
export function notesOf(preview: Preview, plan: Plan, most: number): string[] {
    const isWhole = preview.outcome === "finished" || preview.outcome === "errors-logged";
    const hasFailed = preview.outcome === "failed" || preview.outcome === "unfinished";
    return [
        ...messages(preview.diagnostics, "error", most).map((line) => `> ❌ ${line}`),
        ...(hasFailed ? unnamed(preview) : []),
        ...deletions(plan.leftovers, most),
        ...eventsLack(preview, plan),
        ...shortened(plan.renames, most, "more renames", (one) => `> ✏️ ${renameInWords(one, plan.leftovers)}`),
        ...(isWhole ? hooksInWords(plan, most) : []),
        ...[...plan.warnings.slice(0, most), ...messages(preview.diagnostics, "warning", most)].map(
            (line) => `> ⚠️ ${line}`,
        ),
    ];
}

function shortened<T>(items: readonly T[], most: number, rest: string, inWords: (item: T) => string): string[] {
    const lines = items.slice(0, most).map(inWords);
    return items.length <= most ? lines : [...lines, `> and ${items.length - most} ${rest}`];
}

/** Why it failed, when no error of its own says so. */
function unnamed(preview: Preview): string[] {
    if (errorsOf(preview).length > 0) return [];
    const output = preview.diagnostics
        .filter(({ severity }) => severity === "info#err")
        .map(({ message }) => plainMessage(message))
        .join("\n");
    const { text } = readable(output);
    if (text !== "") return [`> ❌ ${code(text, 600)}`];
    if (preview.form === "events")
        return ["> ❌ The reason is not in these events; the error output of the run has it."];
    return [
        "> ❌ The reason is not in this JSON. A violated policy is one that never is: " +
            "`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1 pulumi preview --json` names it, and so does the " +
            "preview without `--json`.",
    ];
}

/** docs/renaming.md; a preview cannot know it. */
const SPARED =
    "What another resource of the stack rests on stays, and so does what a replacement has no good backup or copy of.";

function deletions(leftovers: readonly Leftover[], most: number): string[] {
    const line = (title: string, items: readonly Leftover[]) =>
        items.length === 0
            ? []
            : [
                  `> 🗑️ **${title}:** ` +
                      `${most === 0 ? counted(items.length, "resource") : firstFew(items, most, deletionInWords)}`,
              ];
    const of = (outcome: Leftover["outcome"], isSure: boolean) =>
        leftovers.filter((one) => one.outcome === outcome && one.isCertain === isSure);
    const lines = [
        ...line("Deleted from the cloud for good", of("deleted", true)),
        ...line("Deleted from the cloud for good if they are replaced after all", of("deleted", false)),
        ...line(
            "Deleted from the cloud or kept, which the preview does not say",
            leftovers.filter(({ outcome }) => outcome === "unknown"),
        ),
    ];
    return lines.length === 0 ? [] : [`${lines.join("\n>\n")}<br>${SPARED}`];
}

function deletionInWords(one: Leftover): string {
    const rest = one.ifSuperseded
        ? "; those without a newer good copy stay"
        : one.mayBeGone
          ? "; deleted before a new one is made, unless an earlier run has done so"
          : one.isReplaced
            ? "; a new one takes its place"
            : "";
    const why = one.because === undefined ? "" : `; ${one.because}`;
    return `${code(one.name)} (${idsInWords(one)}${rest}${why})`;
}

/** What is meant, by its ids. */
export function idsInWords(one: Leftover): string {
    const ids = one.isSecret
        ? isCopy(one.kind)
            ? "its copies are secret"
            : ALL_SECRET
        : one.ids.length === 0
          ? "whatever there is by then"
          : `${backupsInWords(one.ids.length, one.kind)} ${firstFew(one.ids, 20, (id) => code(id))}`;
    const where = one.region === undefined ? "" : `in ${code(one.region)}`;
    const what = one.checkpointId === undefined ? "" : `restore point ${code(one.checkpointId)}`;
    const joined = (words: readonly string[], sign: string) => words.filter((word) => word !== "").join(sign);
    return joined(one.isSecret ? [joined([what, where], " "), ids] : [what, joined([ids, where], " ")], ", ");
}

/** Events have no options of resources: what is said to be deleted may be left to Pulumi's `deletedWith`. */
function eventsLack({ form }: Preview, { leftovers, changed }: Plan): string[] {
    const goes = changed.filter(({ op }) => op === "delete" || op === "replace").length;
    if (form !== "events" || goes < 2 || !leftovers.some(({ outcome }) => outcome === "deleted")) return [];
    return [
        "> ℹ️ Events do not have the option `deletedWith`: what has it stays if the resource that it " +
            "names goes, too. The document of `pulumi preview --json` has it.",
    ];
}

function renameInWords({ kind, from, to, isOnly, remedy }: Rename, leftovers: readonly Leftover[]): string {
    const looks =
        `${code(to.name)} ${isOnly ? "is" : "may be"} ` +
        `${from.name === to.name ? "the same under another parent" : `${code(from.name)} by another name`}`;
    const left = leftovers.filter((one) => one.urn === from.urn).map(({ outcome }) => outcome);
    const cost = left.includes("adopted") ? ADOPTED : `${COSTS[kind]}${oldInWords(kind, left)}`;
    return (
        `${looks}: the inputs are the same, but for Pulumi it is a new resource, so ${cost}. To keep ` +
        `it, give the option ${remedy}.`
    );
}

/** What making one anew means. */
const COSTS: Readonly<Record<Kind, string>> = {
    Checkpoint: "a new restore point is taken",
    BackupReplica: "the backup is copied anew",
    CheckpointReplica: "the backups are copied anew",
    VaultReplication: "what has no copy yet is copied",
    VaultSync: "the vault is synchronised anew",
};

/** A region keeps one replica of a backup. */
const ADOPTED = "it takes over the copies that are there, which are then never deleted with it";

function oldInWords(kind: Kind, left: readonly Leftover["outcome"][]): string {
    if (left.includes("unknown")) return ", and the old one may be deleted";
    if (left.includes("kept")) return ", and the old one stays, in no stack, and costs money";
    if (!left.includes("deleted")) return "";
    return kind === "VaultReplication"
        ? ", and the old copies **are deleted** as far as there are newer ones"
        : ", and the old one **is deleted**";
}

function hooksInWords({ hooks: { taken, silent }, names }: Plan, most: number): string[] {
    return [
        ...shortened(taken, most, "more restore points by hooks", (one) => `> 🪝 ${takenInWords(one, names)}`),
        ...shortened(silent, most, "more hooks", (one) => `> 🪝 ${silentInWords(one)}`),
    ];
}

function takenInWords({ hook, vaultId, resources, before }: TakenByHook, names: Names): string {
    const vault = vaultId === undefined ? "a vault that is known after up" : `vault ${code(vaultId)}`;
    const of = resources.length === 0 ? "" : ` (${firstFew(resources, 5, (id) => names.named(id))})`;
    const changes = [...before]
        .sort((a, b) => byText(a.name, b.name))
        .map(({ name, change }) => `${code(name)} is ${change}`);
    return `Before ${inSentence(changes)}, a restore point of ${vault}${of} is taken (hook ${code(hook)}).`;
}

function silentInWords({ name, change, hooks }: SilentHooks): string {
    const [which, run, do_] = hooks.length === 1 ? ["hook", "runs", "it does"] : ["hooks", "run", "they do"];
    return (
        `Before ${code(name)} is ${change}, ${which} ${inSentence(hooks.map((hook) => code(hook)))} ` +
        `${run}; what ${do_} the preview does not say.`
    );
}

/** Said by whichever resource came first, of all of them. */
const NOT_ASKED = /^preflight: (the cloud (?:was not asked|did not say) whether this can work) \((.*)\)$/s;

/** Messages of one severity, equal ones as one, with the names of the resources that they are about. */
function messages(diagnostics: readonly Diagnostic[], severity: string, most: number): string[] {
    const about = new Map<string, Set<string>>();
    for (const one of diagnostics) {
        if (one.severity !== severity) continue;
        const { text, property } = readable(one.message);
        if (text === "" || isLastLine(text)) continue;
        const names = about.get(text) ?? new Set();
        about.set(text, names);
        if (one.urn === undefined || one.urn === "" || NOT_ASKED.test(text)) continue;
        const name = code(parseUrn(one.urn).name);
        names.add(property === undefined ? name : `${name}, ${code(property)}`);
    }
    const lines = [...about].slice(0, most).map(([text, names]) => {
        const [, what, why] = NOT_ASKED.exec(text) ?? [];
        if (what !== undefined && why !== undefined) return `**Not checked:** ${what}: ${code(why, 600)}`;
        const who = [...names].sort(byText);
        return `${who.length === 0 ? "" : `${firstFew(who, 3, (name) => name)}: `}${code(text, 600)}`;
    });
    return about.size <= most ? lines : [...lines, `and ${counted(about.size - most, `more ${severity}`)}`];
}

/** A message without what the line says anyway: its severity, the resource's type and name, the refused value. */
function readable(message: string): { text: string; property?: string } {
    const text = plainMessage(message).replace(/^Preview failed: /, "");
    const check = /^\S+ resource '.*?': property (\S+) value \{.*\} has a problem: (.+)$/s.exec(text);
    if (check?.[1] !== undefined && check[2] !== undefined) return { text: check[2], property: check[1] };
    // A stack trace says nothing to a reviewer.
    return { text: text.split(/\n\s*at |\nRequire stack:/)[0] ?? "" };
}
