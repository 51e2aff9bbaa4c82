/**
 * Text of others in our Markdown. GitHub and GitLab render much: HTML, links, mentions, references, emoji. So what
 * comes from a program or a cloud stands in code, where nothing is rendered, and what could end the code is written as
 * entities.
 */

/** Longest text of others in a cell or a line, in characters. */
const LONGEST = 160;

/** Characters that are invisible, or that turn the direction of what follows: shown as `\u202e`. */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}]/gu;

/** One line without characters that hide: line breaks become spaces, others become escapes. */
export function oneLine(text: string): string {
    return text
        .replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ")
        .replace(/\t/g, " ")
        .replace(INVISIBLE, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)
        .toWellFormed()
        .trim();
}

/** `text`, cut to `longest` characters; never within a character. */
export function cut(text: string, longest = LONGEST): string {
    const characters = [...text];
    return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join("")}…`;
}

/** Everything but letters, digits and a few signs as entities: it is text wherever it stands. */
function entities(text: string): string {
    return text.replace(/[^\p{L}\p{N} ,;+…→-]/gu, (character) => `&#${character.codePointAt(0)};`);
}

/** Text of others in a line or a table's cell: as code. */
export function code(text: string, longest = LONGEST): string {
    const line = cut(oneLine(text), longest);
    if (line === "") return "`(empty)`";
    // A plain one stays readable in the source.
    return /^[\w.,:;/=+()…→ "'{}[\]?*~!@#%$^-]+$/.test(line) ? `\`${line}\`` : `<code>${entities(line)}</code>`;
}

/**
 * A heading or link text that the caller of the command gave: text, in which nothing is rendered and nobody is called.
 */
export function plain(text: string): string {
    // GitHub looks for mentions and references after entities are decoded; an invisible sign behind @ and # keeps them
    // apart.
    return entities(cut(oneLine(text))).replace(/&#(64|35);/g, "&#$1;&#8203;");
}

/** A fenced block that no line of its content can end. */
export function fence(language: string, lines: readonly string[]): string {
    const content = lines.join("\n");
    const longest = Math.max(0, ...(content.match(/`+/g) ?? []).map((run) => run.length));
    const ticks = "`".repeat(Math.max(3, longest + 1));
    return `${ticks}${language}\n${content}\n${ticks}`;
}

/** An address for `<…>` of a link, or undefined when it is none that a browser may open. */
export function linkTarget(text: string): string | undefined {
    if (!URL.canParse(text)) return undefined;
    const url = new URL(text);
    if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
    return url.href.replace(
        /[<>()|\\`[\]"'\s]/g,
        (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
    );
}
