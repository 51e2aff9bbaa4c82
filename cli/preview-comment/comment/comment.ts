/** The comment: Markdown for GitHub and GitLab, at most so many bytes. */
import { withExitCode } from "../input/outcome";
import { type Preview, stackOf } from "../input/preview";
import { type Plan, planOf } from "../plan/plan";
import { changesFold, keptFold } from "./folds";
import { plain } from "./markdown";
import { notesOf } from "./notes";
import { otherResources, table } from "./table";
import { verdict } from "./verdict";

export interface CommentOptions {
    /** Heading, as text. Default: none. */
    readonly title?: string | undefined;
    /** Address of the run, checked by `linkTarget`. */
    readonly url?: string | undefined;
    /** Exit code of the command that wrote the preview, which tells more of its end than the JSON. */
    readonly exitCode?: number | undefined;
    /** `project/stack` for the marker of a preview that names none, because it ended before any resource. */
    readonly stack?: string | undefined;
    readonly maxBytes: number;
}

/** How much of each part is shown. */
interface Limits {
    readonly blocks: number;
    readonly linesOfBlock: number;
    readonly rows: number;
    readonly kept: number;
    readonly notes: number;
}

const ALL = Number.POSITIVE_INFINITY;
/** First to last, until the text fits. */
const LIMITS: readonly Limits[] = [
    { blocks: ALL, linesOfBlock: 60, rows: ALL, kept: ALL, notes: 30 },
    { blocks: 100, linesOfBlock: 30, rows: 200, kept: 100, notes: 20 },
    { blocks: 40, linesOfBlock: 20, rows: 100, kept: 50, notes: 20 },
    { blocks: 10, linesOfBlock: 20, rows: 50, kept: 20, notes: 10 },
    { blocks: 0, linesOfBlock: 0, rows: 50, kept: 10, notes: 10 },
    { blocks: 0, linesOfBlock: 0, rows: 20, kept: 5, notes: 5 },
    { blocks: 0, linesOfBlock: 0, rows: 5, kept: 2, notes: 2 },
    { blocks: 0, linesOfBlock: 0, rows: 0, kept: 0, notes: 1 },
    { blocks: 0, linesOfBlock: 0, rows: 0, kept: 0, notes: 0 },
];
/** No row of the table, and no block of properties, is shorter than this many bytes. */
const SHORTEST = 40;

/** The first line of a comment, by which it is found and edited in place. Same project and stack, same line. */
function markerOf(preview: Preview, stack?: string): string {
    const found = stackOf([
        ...preview.steps,
        ...preview.diagnostics.flatMap(({ urn }) => (urn === undefined ? [] : [{ urn }])),
    ]);
    if (found !== undefined) return `<!-- pulumi-cbr ${inMarker(found.project)}/${inMarker(found.stack)} -->`;
    if (stack === undefined) return "<!-- pulumi-cbr -->";
    return `<!-- pulumi-cbr ${stack.split("/").map(inMarker).join("/")} -->`;
}

/** HTML comments end at "--" for some readers, so of two hyphens the first is encoded. */
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
export function commentOf(found: Preview, options: CommentOptions): string {
    const preview = { ...found, outcome: withExitCode(found.outcome, options.exitCode) };
    const plan = planOf(preview);
    let text = "";
    for (const limits of LIMITS) {
        const shown = Math.min(plan.rows.length, limits.rows) + Math.min(plan.changed.length, limits.blocks);
        if (shown * SHORTEST > options.maxBytes) continue;
        text = compose(preview, plan, options, limits);
        if (Buffer.byteLength(text) <= options.maxBytes) break;
    }
    return text;
}

function compose(preview: Preview, plan: Plan, options: CommentOptions, limits: Limits): string {
    const parts = [
        markerOf(preview, options.stack),
        options.title === undefined ? "" : `### ${plain(options.title)}`,
        verdict(preview, plan, options.exitCode),
        notesOf(preview, plan, limits.notes).join("\n>\n"),
        table(plan, limits.rows),
        otherResources(plan),
        keptFold(plan.leftovers, limits.kept),
        changesFold(plan.changed, limits.blocks, limits.linesOfBlock),
        options.url === undefined ? "" : `[This run](<${options.url}>)`,
    ];
    return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
