/** From text to a preview: which form it has, and what stands around it. */
import { Failure } from "../../command";
import { previewOfDocument } from "./digest";
import { previewOfEvents } from "./events";
import { type Bag, isObject, type Preview } from "./preview";

/** What a shell redirected: UTF-8, or what Windows PowerShell makes of it. */
export function decode(bytes: Uint8Array): string {
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
    return new TextDecoder("utf-8").decode(bytes);
}

/**
 * Reads a preview. `source` names it in errors.
 * @throws Failure in one sentence, when it is empty, no JSON, JSON of something else, or has text around the JSON.
 */
export function parsePreview(text: string, source: string): Preview {
    const trimmed = text.trim();
    if (trimmed === "")
        throw new Failure(
            `${source} is empty: \`pulumi preview --json\` wrote no preview; what went wrong stands in ` +
                "its error output",
        );
    const whole = tryJson(trimmed);
    if (whole.error !== undefined) return previewOfEvents(eventsOf(trimmed, source), source);
    if (isEvent(whole.value)) return previewOfEvents([{ value: whole.value, line: 1 }], source);
    if (!isObject(whole.value))
        throw new Failure(
            `${source} is JSON, but no preview of Pulumi: expected is the output of \`pulumi preview --json\``,
        );
    return previewOfDocument(whole.value, source);
}

function tryJson(text: string): { value?: unknown; error?: string } {
    try {
        return { value: JSON.parse(text) };
    } catch (error) {
        return { error: error instanceof Error ? error.message : String(error) };
    }
}

const isEvent = (value: unknown): value is Bag =>
    isObject(value) && Object.keys(value).some((key) => key.endsWith("Event"));

function eventsOf(text: string, source: string): { value: Bag; line: number }[] {
    const events: { value: Bag; line: number }[] = [];
    for (const [index, line] of text.split(/\r?\n/).entries()) {
        if (line.trim() === "") continue;
        const { value, error } = tryJson(line);
        if (error === undefined && isEvent(value)) {
            events.push({ value, line: index + 1 });
            continue;
        }
        // The first line tells which of the two forms was meant.
        if (events.length === 0) throw unreadable(text, source);
        throw new Failure(
            `${source} is cut off or mixed with other text: line ${index + 1}: ${error ?? excerpt(line)}`,
        );
    }
    return events;
}

const excerpt = (line: string): string => JSON.stringify(line.length <= 80 ? line : `${line.slice(0, 79)}…`);
const lineAt = (text: string, index: number): number => text.slice(0, index).split("\n").length;
const firstLine = (text: string): string => text.trimStart().split(/\r?\n/, 1)[0] ?? "";

const REDIRECT = "Redirect the standard output of `pulumi preview --json` alone";

/**
 * Says what is wrong with a text that should be one document: nothing of JSON, text before or after it, or its end
 * lacks.
 */
function unreadable(text: string, source: string): Failure {
    const begin = text.startsWith("{") ? 0 : /^\{/m.exec(text)?.index;
    if (begin === undefined) return new Failure(`${source} is not JSON: ${tryJson(text).error}`);
    if (begin > 0)
        return new Failure(
            `${source} has text before the JSON, line 1: ${excerpt(firstLine(text))}. ${REDIRECT}; npm ` +
                "prints such lines without `npm run --silent`",
        );
    const end = endOfObject(text);
    if (end === undefined) return new Failure(`${source} is cut off: its JSON does not end. ${tryJson(text).error}`);
    if (tryJson(text.slice(0, end)).error !== undefined)
        return new Failure(`${source} is not JSON: ${tryJson(text.slice(0, end)).error}`);
    const after = text.slice(end);
    const at = lineAt(text, end + after.length - after.trimStart().length);
    if (isEvent(tryJson(firstLine(after)).value))
        return new Failure(
            `${source} has events after the document, from line ${at} on, as \`pulumi up --json\` writes ` +
                "them: that run was done, this command reads previews",
        );
    const what = after.trimStart().startsWith("{") ? "a second document" : "text";
    return new Failure(`${source} has ${what} after the JSON, line ${at}: ${excerpt(firstLine(after))}. ${REDIRECT}`);
}

/** Index behind the object with which `text` begins; undefined when it does not end. */
function endOfObject(text: string): number | undefined {
    let depth = 0;
    for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}]/gs)) {
        if (match[0] === "{") depth++;
        if (match[0] === "}") depth--;
        if (depth === 0) return match.index + match[0].length;
    }
    return undefined;
}
