// What others may write into a preview cannot become anything else in the comment.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comment, expectHarmless, finished, fixture, rendered } from "../support/previews/comments";
import { providerLines } from "../support/state-lines";

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
        const steps = [
            { op: "create", urn: urn("Checkpoint"), newState },
            { op: "delete", urn: urn("CheckpointReplica"), oldState },
            { op: "delete", urn: urn("other"), oldState },
        ];
        const diagnostics = [{ urn: urn("Checkpoint"), severity: "warning", message: name || "nothing" }];
        const text = comment(finished(steps, { diagnostics }));
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
                    for (const text of [
                        finished([...steps, ...others]),
                        finished([...steps, ...others], { diagnostics }),
                        JSON.stringify({ steps: [...steps, ...others], diagnostics }),
                    ])
                        expectHarmless(comment(text));
                },
            ),
            { numRuns: 300 },
        );
    });
});
