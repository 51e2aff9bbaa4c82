/** The comment: Markdown for GitHub and GitLab, at most so many bytes. */
import { code, cut, fence, oneLine, plain } from "./markdown";
import {
    backupsInWords,
    byText,
    firstFew,
    inputChanges,
    isCopy,
    type Leftover,
    type Plan,
    planOf,
    type Row,
    stackOf,
} from "./plan";
import { type Diagnostic, type Preview, parseUrn, type Step } from "./preview";
import { type Change, inWords, listed } from "./values";

export interface CommentOptions {
    /** Heading, as text. Default: none. */
    readonly title?: string | undefined;
    /** Address of the run, checked by `linkTarget`. */
    readonly url?: string | undefined;
    readonly maxBytes: number;
}

/** How much of each part is shown. */
interface Limits {
    readonly blocks: number;
    readonly linesOfBlock: number;
    readonly rows: number;
    readonly remains: number;
    readonly notes: number;
}

/** First to last, until the text fits. */
const LIMITS: readonly Limits[] = [
    {
        blocks: Number.POSITIVE_INFINITY,
        linesOfBlock: 60,
        rows: Number.POSITIVE_INFINITY,
        remains: Number.POSITIVE_INFINITY,
        notes: 30,
    },
    { blocks: 100, linesOfBlock: 30, rows: 200, remains: 100, notes: 20 },
    { blocks: 40, linesOfBlock: 20, rows: 100, remains: 50, notes: 20 },
    { blocks: 10, linesOfBlock: 20, rows: 50, remains: 20, notes: 10 },
    { blocks: 0, linesOfBlock: 0, rows: 50, remains: 10, notes: 10 },
    { blocks: 0, linesOfBlock: 0, rows: 20, remains: 5, notes: 5 },
    { blocks: 0, linesOfBlock: 0, rows: 5, remains: 2, notes: 2 },
    { blocks: 0, linesOfBlock: 0, rows: 0, remains: 0, notes: 1 },
    { blocks: 0, linesOfBlock: 0, rows: 0, remains: 0, notes: 0 },
];

/** The first line of a comment, by which it is found and edited in place. Same project and stack, same line. */
export function markerOf(preview: Preview): string {
    const found = stackOf([
        ...preview.steps,
        ...preview.diagnostics.flatMap(({ urn }) => (urn === undefined ? [] : [{ urn }])),
    ]);
    if (found === undefined) return "<!-- pulumi-cbr -->";
    return `<!-- pulumi-cbr ${inMarker(found.project)}/${inMarker(found.stack)} -->`;
}

/** HTML comments end at "--" for some readers, so of two hyphens the second is encoded. */
function inMarker(text: string): string {
    const safe = [...text]
        .map((character) => (/[\w.-]/.test(character) ? character : encodeURIComponent(character.toWellFormed())))
        .join("");
    return safe
        .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
        .replace(/-(?=-)/g, "%2D")
        .replace(/-$/, "%2D");
}

/** Writes the comment of a preview. */
export function commentOf(preview: Preview, options: CommentOptions): string {
    const plan = planOf(preview);
    let text = "";
    for (const limits of LIMITS) {
        text = compose(preview, plan, options, limits);
        if (Buffer.byteLength(text) <= options.maxBytes) break;
    }
    return text;
}

function compose(preview: Preview, plan: Plan, options: CommentOptions, limits: Limits): string {
    const errors = notes(preview.diagnostics, "error", limits);
    const warnings = [...plan.warnings.slice(0, limits.notes), ...notes(preview.diagnostics, "warning", limits)];
    const parts = [
        markerOf(preview),
        options.title === undefined ? "" : `### ${plain(options.title)}`,
        verdict(preview, plan),
        [
            ...errors.map((line) => `> ❌ ${line}`),
            ...deletions(plan.remains, limits),
            ...warnings.map((line) => `> ⚠️ ${line}`),
        ].join("\n>\n"),
        table(plan.rows, limits),
        otherResources(plan),
        keptFold(plan.remains, limits),
        changesFold(plan.changed, limits),
        options.url === undefined ? "" : `[This run](<${options.url}>)`,
    ];
    return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

function verdict(preview: Preview, plan: Plan): string {
    const found = stackOf(preview.steps);
    const stack = found === undefined ? undefined : code(`${found.project}/${found.stack}`);
    const here = stack === undefined ? "" : ` in ${stack}`;
    if (preview.failed) {
        const errors = preview.diagnostics.filter(({ severity }) => severity === "error");
        const count = new Set(errors.map(({ message }) => message)).size;
        const seen = plan.changed.length === 0 ? "" : " Below is what it saw until then.";
        return `❌ **The preview failed**${here}${count === 0 ? "" : ` with ${counted(count, "error")}`}: \`pulumi up\` would fail, too.${seen}`;
    }
    if (plan.changed.length === 0) return `✅ **No changes**${here}: no restore point is taken, copied or deleted.`;
    const doing = [...whatHappens(plan.rows), ...whatRemains(plan.remains)];
    if (doing.length > 0) return `🛟 ${stack ?? "This change"} ${doing.join(", ")}.`;
    if (plan.rows.length === 0) return `✅ **No changes to backups**${here}.`;
    return `✅ **No restore point is taken, copied or deleted**${here}; ${counted(plan.rows.length, "resource changes", "resources change")} in the stack only.`;
}

function whatHappens(rows: readonly Row[]): string[] {
    const making = rows.filter(({ createsBackup: makes }) => makes);
    const count = (...kinds: readonly Row["kind"][]) => making.filter(({ kind }) => kinds.includes(kind)).length;
    const points = count("Checkpoint");
    const syncs = count("VaultSync");
    return [
        ...(points === 0 ? [] : [`takes **${counted(points, "restore point")}**`]),
        ...(making.some(isCopy) ? [`**copies backups** to ${destinations(making.filter(isCopy))}`] : []),
        ...(syncs === 0 ? [] : [`synchronises **${counted(syncs, "hybrid vault")}**`]),
    ];
}

function destinations(copies: readonly Row[]): string {
    const regions = [...new Set(copies.flatMap(({ to }) => to ?? []))].sort(byText).map((region) => code(region));
    if (copies.some(({ to }) => to === undefined)) regions.push("a region that is known after up");
    return inSentence(regions);
}

/** `a`, `a and b`, `a, b and c`; at most five. */
function inSentence(items: readonly string[]): string {
    if (items.length > 5) return firstFew(items);
    return [items.slice(0, -1).join(", "), items.at(-1)].filter((part) => part !== "").join(" and ");
}

function whatRemains(remains: readonly Leftover[]): string[] {
    const sum = (fate: Leftover["outcome"], copies: boolean) => {
        const of = remains.filter((one) => one.outcome === fate && (one.kind !== "Checkpoint") === copies);
        return {
            resources: of.length,
            ids: of.reduce((total, one) => total + one.ids.length, 0),
            upTo: of.some((one) => one.ifSuperseded) ? "up to " : "",
        };
    };
    const words = (fate: Leftover["outcome"]) => {
        const points = sum(fate, false);
        const copies = sum(fate, true);
        return [
            ...(points.resources === 0
                ? []
                : [`${counted(points.resources, "restore point")} (${backupsInWords(points.ids, "Checkpoint")})`]),
            ...(copies.resources === 0
                ? []
                : [copies.ids === 0 ? "copies" : `${copies.upTo}${counted(copies.ids, "copy", "copies")}`]),
        ].join(" and ");
    };
    const [deleted, kept] = [words("deleted"), words("kept")];
    return [...(deleted === "" ? [] : [`**deletes ${deleted}**`]), ...(kept === "" ? [] : [`keeps ${kept}`])];
}

function deletions(remains: readonly Leftover[], limits: Limits): string[] {
    const deleted = remains.filter(({ outcome: fate }) => fate === "deleted");
    if (deleted.length === 0) return [];
    const items = deleted.map(
        (one) =>
            `${code(one.name)} (${idsOf(one)}${one.ifSuperseded ? "; each once the new run has made a newer one" : one.replaced ? "; a new one takes its place" : ""})`,
    );
    return [
        `> 🗑️ **Deleted from the cloud for good:** ${limits.notes === 0 ? counted(items.length, "resource") : firstFew(items, limits.notes)}`,
    ];
}

function idsOf(one: Leftover): string {
    const ids =
        one.ids.length === 0
            ? "whatever there is by then"
            : `${backupsInWords(one.ids.length, one.kind)} ${firstFew(
                  one.ids.map((id) => code(id)),
                  20,
              )}`;
    const where = one.region === undefined ? "" : ` in ${code(one.region)}`;
    return `${one.checkpointId === undefined ? "" : `restore point ${code(one.checkpointId)}, `}${ids}${where}`;
}

/** Said by whichever resource came first, of all of them. */
const NOT_ASKED = /^preflight: (the cloud (?:was not asked|did not say) whether this can work) \((.*)\)$/s;

/** Messages of one severity, equal ones as one, with the names of the resources that they are about. */
function notes(diagnostics: readonly Diagnostic[], severity: string, limits: Limits): string[] {
    const about = new Map<string, string[]>();
    for (const one of diagnostics) {
        if (one.severity !== severity) continue;
        const { text, property } = readable(one.message);
        if (text === "") continue;
        const names = about.get(text) ?? [];
        if (NOT_ASKED.test(text)) {
            about.set(text, []);
            continue;
        }
        const name = one.urn === undefined || one.urn === "" ? undefined : code(parseUrn(one.urn).name);
        const label = name === undefined ? undefined : property === undefined ? name : `${name}, ${code(property)}`;
        if (label !== undefined && !names.includes(label)) names.push(label);
        about.set(text, names);
    }
    const lines = [...about].map(([text, names]) => {
        const [, what, why] = NOT_ASKED.exec(text) ?? [];
        if (what !== undefined && why !== undefined) return `**Not checked:** ${what}: ${code(why, 600)}`;
        return `${names.length === 0 ? "" : `${firstFew(names.sort(byText), 3)}: `}${code(text, 600)}`;
    });
    if (lines.length <= limits.notes) return lines;
    return [...lines.slice(0, limits.notes), `and ${counted(lines.length - limits.notes, `more ${severity}`)}`];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' colours begin with one.
const COLOURS = /\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g;

/** A message without what the line says anyway: its severity, the resource's type and name, the refused value. */
function readable(message: string): { text: string; property?: string } {
    const plainText = message
        .replace(COLOURS, "")
        .trim()
        .replace(/^(error|warning|info): /, "");
    const check = /^\S+ resource '.*?': property (\S+) value \{.*\} has a problem: (.+)$/s.exec(plainText);
    if (check?.[1] !== undefined && check[2] !== undefined) return { text: check[2], property: check[1] };
    // A stack trace says nothing to a reviewer.
    return { text: plainText.split(/\n\s+at |\nRequire stack:/)[0] ?? "" };
}

const ICONS: Readonly<Record<Row["op"], string>> = {
    create: "➕",
    replace: "🔁",
    update: "✏️",
    delete: "➖",
    import: "➕",
};

function table(rows: readonly Row[], limits: Limits): string {
    if (rows.length === 0) return "";
    if (limits.rows === 0)
        return `${counted(rows.length, "resource")} of backups; the table is too long for a comment.`;
    const lines = rows
        .slice(0, limits.rows)
        .map(
            (row) =>
                `| ${ICONS[row.op]} ${row.action} | ${code(row.name, 80)}<br>${row.kind} | ${row.what} | ${row.why} |`,
        );
    const rest = rows.length - limits.rows;
    if (rest > 0) lines.push(`| … | and ${rest} more | | |`);
    return ["| | Resource | Backups | Why |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

const OTHER_WORDS: Readonly<Record<string, string>> = {
    create: "created",
    update: "updated",
    replace: "replaced",
    delete: "deleted",
    import: "imported",
    "import-replacement": "imported",
    discard: "discarded",
    "remove-pending-replace": "deleted",
};

/** One line about all that is no backup; what is lost is named. */
function otherResources(plan: Plan): string {
    const groups = new Map<string, Step[]>();
    for (const step of plan.others) {
        const word = OTHER_WORDS[step.op] ?? "changed";
        groups.set(word, [...(groups.get(word) ?? []), step]);
    }
    const parts = [...groups].map(([word, steps]) => {
        if (word !== "replaced" && word !== "deleted") return `${steps.length} ${word}`;
        const names = firstFew(
            steps.map((step) => `${code(parseUrn(step.urn).name, 60)} ${code(shortType(step), 60)}`),
            5,
        );
        return `**${steps.length} ${word}** (${names})`;
    });
    const others = parts.length === 0 ? [] : [`Other resources: ${parts.join(", ")}.`];
    const unchanged =
        plan.unchanged === 0 || plan.changed.length === 0 ? [] : [`Unchanged: ${counted(plan.unchanged, "resource")}.`];
    return [...others, ...unchanged].join(" ");
}

/** `huaweicloud:Ecs/instance:Instance` → `huaweicloud:Ecs:Instance`, as Pulumi shows it. */
function shortType(step: Step): string {
    return parseUrn(step.urn)
        .type.replace(/^pulumi-nodejs:dynamic\/cbr:/, "")
        .replace(/^([^:]+):([^:/]+)\/[^:]+:/, "$1:$2:");
}

function keptFold(remains: readonly Leftover[], limits: Limits): string {
    const kept = remains.filter(({ outcome: fate }) => fate === "kept");
    if (kept.length === 0 || limits.remains === 0) return "";
    const lines = kept.slice(0, limits.remains).map((one) => `- ${code(one.name)}: ${idsOf(one)}`);
    if (kept.length > limits.remains) lines.push(`- and ${kept.length - limits.remains} more`);
    const points = kept.filter(({ kind }) => kind === "Checkpoint").length;
    const ids = kept.reduce((total, one) => total + one.ids.length, 0);
    const title =
        points === kept.length
            ? `${counted(points, "restore point")}, ${backupsInWords(ids, "Checkpoint")}`
            : counted(ids, "backup or copy", "backups and copies");
    return fold(`Stays in the cloud and costs money until deleted there: ${title}`, lines.join("\n"));
}

/** `title` is ours: no text of others. */
function fold(title: string, content: string): string {
    return `<details>\n<summary>${title}</summary>\n\n${content}\n\n</details>`;
}

function changesFold(steps: readonly Step[], limits: Limits): string {
    const withProperties = steps.filter((step) => changesOf(step).length > 0);
    if (withProperties.length === 0) return "";
    if (limits.blocks === 0) return "The list of changed properties is too long for a comment.";
    const blocks = withProperties.slice(0, limits.blocks).map((step) => blockOf(step, limits.linesOfBlock));
    const rest = withProperties.length - blocks.length;
    if (rest > 0) blocks.push([`@@ and ${counted(rest, "more resource")} @@`]);
    return fold("Changed properties", fence("diff", blocks.flat()));
}

function blockOf(step: Step, most: number): string[] {
    const { name } = parseUrn(step.urn);
    const lines = changesOf(step).map(lineOf);
    const shown =
        lines.length <= most
            ? lines
            : [...lines.slice(0, most), `  … ${counted(lines.length - most, "more property", "more properties")}`];
    return [
        `@@ ${cut(oneLine(name), 80)} (${cut(oneLine(shortType(step)), 80)}): ${OTHER_WORDS[step.op] ?? step.op} @@`,
        ...shown,
    ];
}

function changesOf(step: Step): Change[] {
    if (step.op === "delete" || step.op === "discard") return listed(step.old?.inputs ?? {}, true);
    if (step.old === undefined) return listed(step.new?.inputs ?? {});
    return inputChanges(step);
}

function lineOf({ path, old, new: now }: Change): string {
    const key = cut(oneLine(path), 120);
    if (old === undefined) return `+ ${key}: ${oneLine(inWords(now))}`;
    if (now === undefined) return `- ${key}: ${oneLine(inWords(old))}`;
    return `! ${key}: ${oneLine(inWords(old))} → ${oneLine(inWords(now))}`;
}
