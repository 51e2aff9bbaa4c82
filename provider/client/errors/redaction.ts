/**
 * What may be shown of a text that comes from outside: no secret, and nothing that a terminal or a CI log would obey.
 */
import { stripVTControlCharacters } from "node:util";

const secrets = new Set<string>();

/** Shorter values are not registered: they would blank out ordinary words. In characters. */
const SECRET_MIN = 6;
/** Of a secret that was cut off elsewhere, a beginning of this length is recognised. In characters. */
const HEAD = 16;

/** Registers a value that must never appear in an error or a log line. Values under 6 characters are ignored. */
export function registerSecret(value: string | undefined): void {
    if (value !== undefined && value.length >= SECRET_MIN) secrets.add(value);
}

/** Short values that were given as secrets, each as a pattern that finds it where it stands for itself. */
const words = new Map<string, RegExp>();

/** As `registerSecret`; a shorter one is cut out, too, where neither a letter nor a digit is next to it. */
export function registerGivenSecret(value: string): void {
    registerSecret(value);
    if (value === "" || value.length >= SECRET_MIN || words.has(value)) return;
    const spellings = spellingsOf(value).map((one) => one.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    words.set(value, new RegExp(String.raw`(?<![\p{L}\p{N}_])(?:${spellings.join("|")})(?![\p{L}\p{N}_])`, "gu"));
}

function spellingsOf(secret: string): string[] {
    return [...new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])];
}

/**
 * A token header with its value, as HTTP, JSON and programs write it: `x-auth-token: a`, `"X-Auth-Token":["a","b"]`,
 * `['X-Auth-Token', 'a']`, `map[X-Auth-Token:[a]]`.
 */
const TOKEN_HEADER = new RegExp(
    "(x-auth-token|x-subject-token|x-security-token)" +
        String.raw`(\\*["']?\s*(?:[:=]|=>|(?<=["'])\s*,)\s*)` +
        String.raw`(?:\[[^\]]*\]?|(\\*["']?)[^\s"',;}\]\\]+)`,
    "gi",
);

/**
 * `text` with every registered secret (also percent-encoded, in JSON, or cut off after 16 characters or more), and
 * everything that looks like a credential header, replaced by `[secret]`. To be called before a text is cut.
 */
export function redact(text: string): string {
    let out = text;
    // Longest first: a secret may begin with another one.
    for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
        for (const spelling of spellingsOf(secret)) out = withoutHead(out.replaceAll(spelling, "[secret]"), spelling);
    }
    for (const word of words.values()) out = out.replace(word, "[secret]");
    return out
        .replace(
            TOKEN_HEADER,
            (_, name: string, between: string, quote?: string) => `${name}${between}${quote ?? ""}[secret]`,
        )
        .replace(/(Signature=)[0-9a-f]{16,}/gi, "$1[secret]")
        .replace(/:\/\/[^/\s:@]+:[^/\s@]+@/g, "://[secret]@");
}

/** Takes out what is left of a secret whose end is missing. */
function withoutHead(text: string, secret: string): string {
    if (secret.length <= HEAD) return text;
    const head = secret.slice(0, HEAD);
    let out = text;
    for (let at = out.indexOf(head); at >= 0; at = out.indexOf(head, at)) {
        let end = HEAD;
        while (end < secret.length && out[at + end] === secret[end]) end++;
        out = `${out.slice(0, at)}[secret]${out.slice(at + end)}`;
    }
    return out;
}

/** Control characters, separators of lines, and invisible marks such as those that turn the direction of writing. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]+/gu;

/**
 * `text` in one line that a terminal, a CI log or a comment may show: without secrets, escape sequences and control
 * characters. Every text from outside passes through here once: in errors, in lines of the log, and in reports.
 */
export function displayText(text: string): string {
    return stripVTControlCharacters(redact(text)).replace(UNPRINTABLE, " ");
}
