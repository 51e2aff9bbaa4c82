// Comments and docs that lean on a fact about the API name its heading in docs/api-notes.md; no other numbering is in use.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(__dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const headings = [...read("docs/api-notes.md").matchAll(/^#{2,3} (.+)$/gm)].map(([, title = ""]) => title);
const files = globSync(["{provider,sdk,cli,test,scripts,examples,docs}/**/*.{ts,cjs,mjs,md}", "*.md"], {
    cwd: root,
    exclude: (name) => name.includes("node_modules") || name.includes("citations.test") || name.includes("CHANGELOG"),
});
/** Text without the marks that break a comment's lines. */
const flat = (text: string) => text.replaceAll(/\s*\n\s*(\*|\/\/)?\s*/g, " ");

it("every citation names a heading of the notes on the API", () => {
    const unknown = files
        .filter((file) => file !== "docs/api-notes.md")
        .flatMap((file) =>
            [...flat(read(file)).matchAll(/api-notes: ([^)<]{0,60})/g)]
                .map(([, title = ""]) => title)
                .filter((title) => !headings.some((one) => title.startsWith(one)))
                .map((title) => `${file}: ${title}`),
        );
    expect(unknown).toEqual([]);
});

it("no number of another document is cited, but RFCs' sections", () => {
    const numbered = /cbr-api\b|design(\.md| §)|(?<!RFC \d+ )§|\((A\d{1,2}[,) ])|["'`]A\d{1,2}: /g;
    const found = files.flatMap((file) => [...read(file).matchAll(numbered)].map(([text]) => `${file}: ${text}`));
    expect(found).toEqual([]);
});
