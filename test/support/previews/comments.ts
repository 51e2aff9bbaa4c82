/** Comments for tests, and what has to hold for the Markdown of every one. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { commentOf } from "../../../cli/preview-comment/comment/comment";
import { parsePreview } from "../../../cli/preview-comment/input/read";

export const folder = resolve(__dirname, "../../fixtures/preview");
export const fixture = (name: string) => readFileSync(join(folder, name), "utf8");

export const comment = (text: string, options: { maxBytes?: number; exitCode?: number; stack?: string } = {}) =>
    commentOf(parsePreview(text, "preview.json"), { maxBytes: 60_000, ...options });

/** Read by a person before it is kept: run with UPDATE_COMMENTS=1, then read the difference. */
export function golden(name: string, text: string): void {
    const file = join(folder, name);
    if (process.env["UPDATE_COMMENTS"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
}

/** A document as the CLI ends it: with counts that agree with its steps, and the step of the stack. */
export function finished(steps: readonly { op: string; urn: string }[], rest: object = {}): string {
    const counts: Record<string, number> = { same: 1 };
    for (const { op } of steps) counts[op] = (counts[op] ?? 0) + 1;
    const stack = { op: "same", urn: "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev" };
    return JSON.stringify({ steps: [stack, ...steps], duration: 1, changeSummary: counts, ...rest });
}

/** What is outside of code spans, <code> and fences: only there something is rendered. */
export function rendered(text: string): string {
    return text
        .replace(/^(`{3,})diff\n.*?\n\1$/gms, "")
        .replace(/<code>[^<`|]*<\/code>/g, "CODE")
        .replace(/`[^`\n|]*`/g, "CODE");
}

const MARKER = /^<!-- pulumi-cbr( [\w.%-]+\/[\w.%-]+)? -->/;
const OURS = /^(<!-- pulumi-cbr( [\w.%-]+\/[\w.%-]+)? -->|<br>|<\/?details>|<\/?summary>)/;

/** Nothing of others is rendered, and nothing is left open. */
export function expectHarmless(text: string): void {
    const outside = rendered(text);
    for (const match of outside.matchAll(/</g)) expect(outside.slice(match.index)).toMatch(OURS);
    expect(outside).not.toMatch(/@|\]\(|!\[|\bhttps?:/);
    expect(outside.match(/<details>/g)?.length).toBe(outside.match(/<\/details>/g)?.length);
    const rows = outside.split("\n").filter((line) => line.startsWith("|"));
    for (const row of rows) expect(row.match(/\|/g)).toHaveLength(5);
    expect(text.split("\n")[0]).toMatch(MARKER);
}
