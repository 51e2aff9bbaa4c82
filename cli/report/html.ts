/** HTML as text, in which everything that is put in is escaped: names in a cloud are anybody's. */

export class Html {
    readonly text: string;
    constructor(text: string) {
        this.text = text;
    }
}

type Part = Html | string | number | undefined | false | readonly Part[];

/**
 * html`<b>${name}</b>`: texts are escaped, `Html` and lists of it stand as they are, undefined and false are nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
    let text = strings[0] ?? "";
    for (const [at, part] of parts.entries()) text += textOf(part) + (strings[at + 1] ?? "");
    return new Html(text);
}

function textOf(part: Part): string {
    if (part === undefined || part === false) return "";
    if (part instanceof Html) return part.text;
    if (typeof part === "object") return part.map(textOf).join("");
    return escaped(String(part));
}

const ESCAPES: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
};

export function escaped(text: string): string {
    // Control characters are not allowed in HTML at all.
    return text.replace(/[\p{Cc}\p{Cf}\p{Cs}]+/gu, " ").replace(/[&<>"']/g, (one) => ESCAPES[one] ?? "");
}
