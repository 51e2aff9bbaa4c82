import { describe, expect, it } from "vitest";
import { comment, expectHarmless, finished, fixture, golden } from "../support/previews/comments";
import { runCli } from "./run-cli";

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
    ])("the comment of %s.json as a reviewer read it", (name) =>
        golden(`${name}.md`, comment(fixture(`${name}.json`))),
    );

    it.each(["release", "refused"])("the same for the engine's events in %s.jsonl, and what they lack", (name) => {
        const lacks =
            /^> ℹ️ Events do not have the option `deletedWith`: what has it stays if the resource that it names goes, too\..*\n(>\n)?/m;
        const text = comment(fixture(`${name}.jsonl`));
        expect(lacks.test(text)).toBe(name === "release");
        expect(text.replace(lacks, "").replace("\n>\n\n", "\n\n")).toBe(comment(fixture(`${name}.json`)));
    });

    it("how many volumes of a server are left out, or chosen", () => {
        const vaultId = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
        const inputs = (choice: object) => ({
            vaultId,
            resourceDetails: [{ id: vaultId, type: "OS::Nova::Server", name: "web", ...choice }],
        });
        const point = (choice: object) => {
            const urn = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::before";
            const newState = {
                urn,
                custom: true,
                type: "pulumi-nodejs:dynamic/cbr:Checkpoint",
                inputs: inputs(choice),
            };
            const step = { op: "create", urn, newState };
            return comment(JSON.stringify({ steps: [step], changeSummary: { create: 1 } }));
        };
        expect(point({ excludeVolumes: [vaultId] })).toContain("Backup of `web` (without 1 volume) in vault");
        expect(point({ includeVolumes: [{ id: vaultId }, { id: "x" }] })).toContain("`web` (2 volumes only) in vault");
        expect(point({})).toContain("Backup of `web` in vault");
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
                "✅ **No changes** in `shop/dev`: the preview shows no restore point taken, copied or deleted.",
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

describe("preview-comment keeps to its size", () => {
    const steps = Array.from({ length: 2_000 }, (_, index) => ({
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
    }));
    const diagnostics = Array.from({ length: 50 }, (_, index) => ({
        severity: "warning",
        message: `${index} ${"long ".repeat(200)}`,
    }));
    const many = finished(steps, { diagnostics });

    it.each([1_000, 5_000, 20_000, 60_000])("of %i bytes, and still says what happens", (maxBytes) => {
        const text = comment(many, { maxBytes });
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxBytes);
        expect(text).toContain(
            "takes **1000 restore points**, **deletes 500 restore points (500 backups)**, keeps 500 restore points (500 backups)",
        );
        expectHarmless(text);
    });

    it("by counting what it leaves out", () => {
        expect(comment(many, { maxBytes: 20_000 })).toMatch(/\| … \| and \d+ more \| \| \|/);
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
