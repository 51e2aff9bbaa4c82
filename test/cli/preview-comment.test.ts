import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commentOf } from "../../cli/preview-comment/comment";
import { decode, parsePreview } from "../../cli/preview-comment/preview";
import { providerLines } from "../support/state-lines";
import { runCli } from "./run-cli";

const folder = join(__dirname, "../fixtures/preview");
const fixture = (name: string) => readFileSync(join(folder, name), "utf8");
const comment = (text: string, maxBytes = 60_000) => commentOf(parsePreview(text, "preview.json"), { maxBytes });

/** Read by a person before it is kept: run with UPDATE_COMMENTS=1, then read the difference. */
const golden = (name: string, text: string) => {
    const file = join(folder, `${name}.md`);
    if (process.env["UPDATE_COMMENTS"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
};

describe("preview-comment writes", () => {
    it.each([
        "demo",
        "demo-release",
        "first",
        "release",
        "unchanged",
        "settings",
        "removed",
        "refused",
        "program-error",
        "hostile",
        "fork",
        "mixed",
    ])("the comment of %s.json as a reviewer read it", (name) => golden(name, comment(fixture(`${name}.json`))));

    it.each(["release", "refused"])("the same for the engine's events in %s.jsonl", (name) => {
        expect(comment(fixture(`${name}.jsonl`))).toBe(comment(fixture(`${name}.json`)));
    });

    it("title and link of the run, in which nothing of others is rendered", async () => {
        const run = await runCli(
            ["preview-comment", "--title", "Backups @me #1 <b>", "--url", "https://ci.example/runs/1?a=(b)>", "-"],
            { stdin: fixture("unchanged.json") },
        );
        expect(run).toEqual({
            code: 0,
            err: "",
            out: [
                "<!-- pulumi-cbr shop/dev -->",
                "### Backups &#64;&#8203;me &#35;&#8203;1 &#60;b&#62;",
                "✅ **No changes** in `shop/dev`: no restore point is taken, copied or deleted.",
                "[This run](<https://ci.example/runs/1?a=%28b%29%3E>)\n",
            ].join("\n\n"),
        });
    });
});

describe("preview-comment never shows", () => {
    const all = ["demo", "demo-release", "first", "release", "settings", "removed", "hostile", "fork", "mixed"].map(
        (name) => comment(fixture(`${name}.json`)),
    );

    it("the host's own keys", () => {
        for (const text of all) expect(text).not.toMatch(/__provider|__urn|__given|exports\.handler/);
    });

    it("secrets, wrapped or forgotten, or the sentinels of unknown values", () => {
        for (const text of all)
            expect(text).not.toMatch(/hush-hush|hunter2|leaked-by-mistake|4dabf181|04da6b54|3eeb2bf0/);
    });
});

/** What is outside of code spans, <code> and fences: only there something is rendered. */
function rendered(text: string): string {
    return text
        .replace(/^(`{3,})diff\n.*?\n\1$/gms, "")
        .replace(/<code>[^<`|]*<\/code>/g, "CODE")
        .replace(/`[^`\n|]*`/g, "CODE");
}

const OURS = /^(<!-- pulumi-cbr [\w.%-]+\/[\w.%-]+ -->|<br>|<\/?details>|<\/?summary>)/;

function expectHarmless(text: string): void {
    const outside = rendered(text);
    for (const match of outside.matchAll(/</g)) expect(outside.slice(match.index)).toMatch(OURS);
    expect(outside).not.toMatch(/@|\]\(|!\[|\bhttps?:/);
    expect(outside.match(/<details>/g)?.length).toBe(outside.match(/<\/details>/g)?.length);
    const rows = outside.split("\n").filter((line) => line.startsWith("|"));
    for (const row of rows) expect(row.match(/\|/g)).toHaveLength(5);
    expect(text.split("\n")[0]).toMatch(/^<!-- pulumi-cbr [\w.%-]+\/[\w.%-]+ -->$/);
}

/** What a person might try, one by one; the generated ones below try everything together. */
const hostileNames = [
    "a | b | c",
    "a \\| b",
    "`code` ``more``",
    "```\n# heading",
    "````",
    "line\nbreak\r\n| another | row | of | cells |",
    "para\u2029graph",
    "<img src=x onerror=alert(1)>",
    "</code></details><h1>out</h1>",
    "<!-- open",
    "--> closed -->",
    "<!-- pulumi-cbr shop/dev -->",
    "@octocat @org/team",
    "#1 GH-1 example/shop#1 !1 %1 ~bug",
    "[link](https://evil.example) <https://evil.example>",
    "![image](https://evil.example/a.png)",
    "https://evil.example www.evil.example",
    "javascript:alert(1)",
    ":rocket: $x^2$ $`x`$",
    "&lt;b&gt; &#96; &#124;",
    "* **bold** _it_ ~~gone~~",
    "\u202egnp.exe \u200b \ud800",
    "\u001b[31mred\u0000\u0007",
    "x".repeat(10_000),
    "",
];

const hostileName = fc
    .array(
        fc.oneof(
            fc.constantFrom(
                "|",
                "`",
                "``",
                "```",
                "````",
                "<",
                ">",
                "&",
                "[",
                "]",
                "(",
                ")",
                "\n",
                "\r\n",
                "\n\n",
                "\u2028",
                "</details>",
                "<details>",
                "</code>",
                "<code>",
                "<!--",
                "-->",
                "--",
                "@octocat",
                "#1",
                "![x](http://e)",
                "[x](http://e)",
                "\\",
                "\\|",
                "&lt;",
                "&#96;",
                "https://e.example",
                "www.e.example",
                "| --- |",
                "~~~",
                "```diff",
                "@@",
                "$`",
                "\u202e",
                "\u200b",
                "\ud800",
                "::",
                "$",
                "*",
                "_",
                "~",
                ":rocket:",
                "<br>",
                "%",
                " ",
            ),
            fc.string({ unit: "binary", maxLength: 6 }),
        ),
        { maxLength: 12 },
    )
    .map((parts) => parts.join(""));

describe("a hostile text cannot break out", () => {
    it("of the fixtures", () => {
        for (const name of [
            "demo",
            "demo-release",
            "first",
            "release",
            "settings",
            "removed",
            "refused",
            "program-error",
            "hostile",
            "fork",
            "mixed",
        ])
            expectHarmless(comment(fixture(`${name}.json`)));
    });

    it.each(hostileNames.map((name) => [name]))("by %j as its name", (name) => {
        const urn = (kind: string) => `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:${kind}::${name}`;
        const newState = { inputs: { vaultId: "00000001-1111-4222-8333-444444444444" } };
        const oldState = { id: "x", ...newState, outputs: { deletionPolicy: "delete", backups: [{ id: "y" }] } };
        const text = comment(
            JSON.stringify({
                steps: [
                    { op: "create", urn: urn("Checkpoint"), newState },
                    { op: "delete", urn: urn("CheckpointReplica"), oldState },
                    { op: "delete", urn: urn("other"), oldState },
                ],
                diagnostics: [{ urn: urn("Checkpoint"), severity: "warning", message: name || "nothing" }],
            }),
        );
        expectHarmless(text);
        // One row a resource, one marker, on the first line: that by which the next run finds its comment.
        expect(text.split("\n").filter((line) => line.startsWith("| "))).toHaveLength(4);
        expect(text.split("\n")[0]).toBe("<!-- pulumi-cbr shop/dev -->");
        const [, ...rest] = rendered(text).split("\n");
        expect(rest.join("\n")).not.toContain("-->");
    });

    it("as a name, id, vault, region, value, key, message, project or stack", () => {
        fc.assert(
            fc.property(
                fc.array(hostileName, { minLength: 9, maxLength: 9 }),
                ([
                    name = "",
                    id = "",
                    vault = "",
                    region = "",
                    value = "",
                    key = "",
                    message = "",
                    project = "",
                    stack = "",
                ]) => {
                    const urn = (type: string) =>
                        `urn:pulumi:s${stack.replaceAll(":", "")}::p${project.replaceAll(":", "")}::${type}::${name}`;
                    const old = {
                        id,
                        inputs: { vaultId: vault, triggers: { [key]: "old" } },
                        outputs: {
                            vault: { id: vault, name: value, resources: [{ id, name }] },
                            backups: [{ id, resourceName: name }],
                            region,
                            deletionPolicy: "delete",
                            destinationRegion: region,
                            destinationBackupIds: [id],
                        },
                    };
                    const now = {
                        inputs: {
                            vaultId: vault,
                            region,
                            destinationRegion: region,
                            destinationVaultId: id,
                            backupId: id,
                            resources: [id, name],
                            triggers: { [key]: value },
                        },
                    };
                    const steps = Object.keys(providerLines).flatMap((kind) => {
                        const at = urn(`pulumi-nodejs:dynamic/cbr:${kind}`);
                        return [
                            {
                                op: "replace",
                                urn: at,
                                oldState: old,
                                newState: now,
                                replaceReasons: ["triggers", key],
                                diffReasons: [key],
                            },
                            { op: "create", urn: `${at}2`, newState: now },
                            {
                                op: "delete",
                                urn: `${at}3`,
                                oldState: { ...old, outputs: { ...old.outputs, deletionPolicy: "retain" } },
                            },
                        ];
                    });
                    const others = [{ op: "delete", urn: urn(`${key}:x:${value}`), oldState: old }];
                    const diagnostics = [
                        { urn: urn("a:b:C"), severity: "error", message },
                        { urn: urn("a:b:C"), severity: "warning", message: `warning: ${message}` },
                        {
                            severity: "error",
                            message: `error: a:b:C resource '${name}': property ${key} value {${value}} has a problem: ${message}`,
                        },
                    ];
                    expectHarmless(comment(JSON.stringify({ steps: [...steps, ...others], diagnostics })));
                },
            ),
            { numRuns: 300 },
        );
    });
});

describe("preview-comment keeps to its size", () => {
    const many = JSON.stringify({
        steps: Array.from({ length: 2_000 }, (_, index) => ({
            op: index % 2 === 0 ? "create" : "delete",
            urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::point-${index}`,
            newState: { inputs: { vaultId: "v", description: "d".repeat(2_000), triggers: { release: "1" } } },
            oldState: {
                id: `id-${index}`,
                inputs: { vaultId: "v" },
                outputs: {
                    deletionPolicy: index % 4 === 1 ? "delete" : "retain",
                    backups: [{ id: `backup-${index}` }],
                },
            },
        })),
        diagnostics: Array.from({ length: 50 }, (_, index) => ({
            severity: "warning",
            message: `${index} ${"long ".repeat(200)}`,
        })),
    });

    it.each([1_000, 5_000, 20_000, 60_000])("of %i bytes, and still says what happens", (maxBytes) => {
        const text = comment(many, maxBytes);
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes);
        expect(text).toContain(
            "takes **1000 restore points**, **deletes 500 restore points (500 backups)**, keeps 500 restore points (500 backups)",
        );
        expectHarmless(text);
    });

    it("by counting what it leaves out", () => {
        expect(comment(many, 20_000)).toMatch(/\| … \| and \d+ more \| \| \|/);
    });
});

describe("preview-comment refuses", () => {
    it.each([
        [
            "nothing",
            "",
            "preview.json is empty: `pulumi preview --json` wrote no preview; what went wrong stands in its error output",
        ],
        ["text", "error: no stack\n", /^preview\.json is not JSON: /],
        [
            "a list",
            "[]",
            "preview.json is JSON, but no preview of Pulumi: expected is the output of `pulumi preview --json`",
        ],
        [
            "other JSON",
            '{"a":1}',
            "preview.json is JSON, but no preview of Pulumi: expected is the output of `pulumi preview --json`",
        ],
        ["a file that was cut off", fixture("first.json").slice(0, 900), /^preview\.json is not JSON: /],
        [
            "events that were cut off",
            fixture("refused.jsonl").slice(0, -40),
            /^preview\.json is cut off or mixed with other text: line \d+: /,
        ],
        [
            "steps of another shape",
            '{"steps":[{"op":"create"}]}',
            "preview.json is no preview of Pulumi: steps.0.urn: Invalid input: expected string, received undefined",
        ],
        [
            "events about nothing",
            '{"preludeEvent":{"config":{}}}',
            "preview.json has events of the engine, but says nothing about any resource",
        ],
    ])("%s, in one sentence", (_, text, message) => {
        expect(() => comment(text)).toThrow(message);
    });

    it("a file that is not there, with exit code 1", async () => {
        const run = await runCli(["preview-comment", "/nowhere/preview.json"]);
        expect(run).toMatchObject({ code: 1, out: "" });
        expect(run.err).toMatch(
            /^pulumi-cbr preview-comment: \/nowhere\/preview\.json cannot be read: ENOENT[^\n]*\n$/,
        );
    });

    it.each([
        [["--url", "javascript:alert(1)"], '--url is "javascript:alert(1)", but must be an http or https address'],
        [["--max-bytes", "12"], '--max-bytes is "12", but must be a whole number from 1000 to 1000000'],
        [["a", "b"], "takes one FILE, not 2"],
        [["--colour"], "Unknown option '--colour'"],
    ])("%j, with the usage and exit code 2", async (args, message) => {
        const run = await runCli(["preview-comment", ...args]);
        expect(run.code).toBe(2);
        expect(run.out).toBe("");
        expect(run.err).toContain(message);
        expect(run.err).toContain("Usage: pulumi-cbr preview-comment [FILE | -]");
    });
});

describe("preview-comment reads", () => {
    it("what Windows PowerShell redirected into a file", () => {
        expect(decode(Buffer.from(`\ufeff${fixture("unchanged.json")}`, "utf16le"))).toBe(fixture("unchanged.json"));
    });

    it("a preview of an empty program", () => {
        expect(comment('{"duration":1}')).toBe(
            "<!-- pulumi-cbr -->\n\n✅ **No changes**: no restore point is taken, copied or deleted.\n",
        );
    });
});

it("counts no backup for deleted that the cloud no longer has", () => {
    const backups = [
        { id: "00000001-1111-4222-8333-444444444444", status: "available" },
        { id: "00000002-1111-4222-8333-444444444444", status: "expired" },
    ];
    const outputs = { status: "available", deletionPolicy: "delete", backups };
    const urn = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::old";
    const text = comment(
        JSON.stringify({ steps: [{ op: "delete", urn, oldState: { id: "x", inputs: {}, outputs } }] }),
    );
    expect(text).toContain("1 backup");
    expect(text).not.toContain("2 backups");
    expect(text).not.toContain("00000002");
});
