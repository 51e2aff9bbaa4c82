// Each row of docs/features.md says yes for this package, and names the test that shows it.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(__dirname, "..");
const page = readFileSync(join(root, "docs/features.md"), "utf8");
const WHAT_LACKS = "## What a cloud lacks";

const cellsOf = (line: string) =>
    line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim());

/** The rows of the tables of features, without their heads. */
const rows = (page.split(WHAT_LACKS)[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| what |") && !line.startsWith("| ---"))
    .map(cellsOf);

/** The tests that a row names, one a line of the cell: each with its file. */
const testsOf = (cell: string) =>
    cell.split("<br>").map((one) => {
        const [, file = "", name = ""] = /^`(test\/[^`]+\.test\.ts)`: (.+)$/.exec(one) ?? [];
        return { file, name };
    });

/** Is there a test of that name in the file? A name in a table of tests stands there with its placeholders. */
function hasTest(file: string, name: string): boolean {
    const source = readFileSync(join(root, file), "utf8");
    const quoted = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`\\bit\\b[^;]*?\\(\\s*(["'\`])${quoted}\\1,`).test(source);
}

it("says yes in every row", () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter((cells) => cells.length !== 6)).toEqual([]);
    expect(rows.filter(([, here = ""]) => !/^yes\b/.test(here)).map(([what]) => what)).toEqual([]);
});

it("names a test in every row, which is there", () => {
    const missing = rows.flatMap(([what, , , , , test = ""]) => {
        const isThere = testsOf(test).every(
            ({ file, name }) => file !== "" && existsSync(join(root, file)) && hasTest(file, name),
        );
        return isThere ? [] : [`${what}: ${test}`];
    });
    expect(missing).toEqual([]);
});

it("would miss a test that is not there", () => {
    expect(hasTest("test/features.test.ts", "says yes in every row")).toBe(true);
    expect(hasTest("test/features.test.ts", "says yes in every r")).toBe(false);
    expect(hasTest("test/lifecycle/hosts.test.ts", "makes, keeps, refreshes and destroys all resources: %s host")).toBe(
        true,
    );
});

it("says for each cloud what it lacks", () => {
    const [, table = ""] = page.split(WHAT_LACKS);
    const [head = [], , ...lines] = table
        .split("\n")
        .filter((line) => line.startsWith("|"))
        .map(cellsOf);
    expect(head.slice(1)).toEqual(["Huawei Cloud", "Open Telekom Cloud", "FlexibleEngine"]);
    for (const cells of lines)
        expect(
            cells.slice(1).some((cell) => cell !== ""),
            cells[0],
        ).toBe(true);
});
