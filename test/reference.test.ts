// docs/reference.md and the generated parts of other pages say what the schemas say.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lookUpCode } from "../provider/client/errors/error-codes";
import { pages, reference, refreshed } from "../scripts/reference";

const root = join(__dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const stale = "is stale: run `npm run reference`";

it("docs/reference.md is fresh", () => {
    expect(read("docs/reference.md") === reference(), `docs/reference.md ${stale}`).toBe(true);
});

it("docs/reference.md has no empty table", () => {
    const lines = read("docs/reference.md").split("\n");
    const empty = lines.filter((line, at) => /^\| ---/.test(line) && !lines[at + 1]?.startsWith("|"));
    expect(empty).toEqual([]);
});

it("the generated parts of other pages are fresh", () => {
    const all = pages();
    expect(all).toContain("docs/errors.md");
    expect(all).toContain("docs/resources/checkpoint.md");
    for (const page of all) expect(read(page) === refreshed(read(page)), `${page} ${stale}`).toBe(true);
});

it("docs/errors.md lists every code that has advice, with that advice", () => {
    const page = read("docs/errors.md");
    for (const service of ["BackupService", "APIGW", "CSBS"]) {
        for (let number = 0; number < 10_000; number++) {
            const code = `${service}.${String(number).padStart(4, "0")}`;
            const known = lookUpCode(code);
            if (known === undefined) continue;
            const lines = page.split("\n").filter((line) => /^[|-] /.test(line) && line.includes(`\`${code}\``));
            const row = lines.find((line) => line.startsWith("| ")) ?? "";
            expect(lines.length, code).toBeGreaterThan(0);
            if (known.advice !== undefined) expect(row).toContain(known.advice);
        }
    }
});

it("docs/errors.md names messages that the code really has", () => {
    const sources = ["provider", "sdk"]
        .flatMap((folder) =>
            readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
                .filter((path) => path.endsWith(".ts"))
                .map((path) => read(join(folder, path))),
        )
        .join("\n")
        // A long message stands in several literals.
        .replaceAll(/["`] \+\s+["`]/g, "");
    const section = read("docs/errors.md").split("## Messages of the package")[1]?.split("\n## ")[0] ?? "";
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows) {
        const cell = row.split("|")[1] ?? "";
        for (const [, text = ""] of cell.matchAll(/`([^`]+)`/g)) expect(sources, text).toContain(text);
    }
});
