// What a comment says of hooks: those of checkpointBefore by their lines in the preview, others not at all.
import { describe, expect, it } from "vitest";
import { beforeLine, readBeforeLine } from "../../provider/functions/before-line";
import { comment, finished } from "../support/previews/comments";

const vault = "5eed0000-0000-4000-8000-000000000001";
const server = "5eed0000-0000-4000-8000-000000000101";
const urnOf = (name: string) => `urn:pulumi:dev::shop::aws:rds:Instance::${name}`;

function step(name: string, op: "update" | "replace" | "delete", hooks: object = {}) {
    const state = { urn: urnOf(name), inputs: { size: 1 }, outputs: {}, resourceHooks: hooks };
    const now = { ...state, inputs: { size: 2 } };
    return { op, urn: urnOf(name), oldState: state, ...(op === "delete" ? {} : { newState: now }) };
}

const said = (name: string, hook: string, change: "changed" | "deleted" = "changed", scope = `vault ${vault}`) => ({
    urn: urnOf(name),
    severity: "info",
    message: `${hook}: ${beforeLine({ scope, resource: name, change })}\n`,
});

const update = (name: string, ...hooks: string[]) => step(name, "update", { BeforeUpdate: hooks });
const verdictOf = (text: string) => text.split("\n\n")[1] ?? "";
const linesOf = (text: string) => text.split("\n").filter((line) => line.startsWith("> 🪝"));

describe("a hook of checkpointBefore with a name of its own", () => {
    it("takes a restore point before, by the line that the preview has of it", () => {
        const text = comment(finished([update("db", "guard-update")], { diagnostics: [said("db", "guard")] }));
        expect(verdictOf(text)).toBe("🛟 `shop/dev` takes **1 restore point before** other resources change.");
        expect(linesOf(text)).toEqual([
            `> 🪝 Before \`db\` is changed, a restore point of vault \`${vault}\` is taken (hook \`guard\`).`,
        ]);
    });

    it("takes one for all resources that share it, in whichever way they change", () => {
        const steps = [
            update("web", "guard-update"),
            step("db", "replace", { BeforeDelete: ["guard-delete"] }),
            step("old", "delete", { BeforeDelete: ["guard-delete"] }),
        ];
        const diagnostics = [said("web", "guard"), said("db", "guard", "deleted"), said("old", "guard", "deleted")];
        const text = comment(finished(steps, { diagnostics: [...diagnostics, ...diagnostics] }));
        expect(verdictOf(text)).toContain("takes **1 restore point before** other resources change");
        expect(linesOf(text)).toEqual([
            `> 🪝 Before \`db\` is replaced, \`old\` is deleted and \`web\` is changed, a restore point of vault \`${vault}\` is taken (hook \`guard\`).`,
        ]);
    });

    it("takes one for each name, of the resources that its line names", () => {
        const diagnostics = [
            said("web", "guard", "changed", `vault ${vault} (resource ${server})`),
            said("db", "other", "changed", "a vault that is not known yet"),
        ];
        const text = comment(finished([update("web", "guard-update"), update("db", "other-update")], { diagnostics }));
        expect(verdictOf(text)).toContain("takes **2 restore points before**");
        expect(linesOf(text)).toEqual([
            `> 🪝 Before \`web\` is changed, a restore point of vault \`${vault}\` (\`${server}\`) is taken (hook \`guard\`).`,
            "> 🪝 Before `db` is changed, a restore point of a vault that is known after up is taken (hook `other`).",
        ]);
    });

    it("is known from events, which have no names of hooks", () => {
        const event = (one: object) => JSON.stringify({ sequence: 1, timestamp: 1, ...one });
        const metadata = { op: "update", urn: urnOf("db"), old: { inputs: {} }, new: { inputs: {} } };
        const text = comment(
            [
                event({ resourcePreEvent: { metadata, planning: true } }),
                event({ diagnosticEvent: { ...said("db", "guard"), color: "never" } }),
                event({ summaryEvent: { isPreview: true, result: "succeeded", resourceChanges: { update: 1 } } }),
            ].join("\n"),
        );
        expect(verdictOf(text)).toBe("🛟 `shop/dev` takes **1 restore point before** other resources change.");
    });

    it("says nothing when the preview has no line of it", () => {
        const text = comment(finished([update("db", "guard-update")]));
        expect(verdictOf(text)).toMatch(/^🪝 .* 1 hook runs before resources change; whether a restore point is taken/);
    });
});

describe("a hook of somebody else", () => {
    it("beside one of checkpointBefore stays what the preview does not say", () => {
        const text = comment(
            finished([update("db", "drain", "guard-update", "flush")], { diagnostics: [said("db", "guard")] }),
        );
        expect(linesOf(text)).toEqual([
            `> 🪝 Before \`db\` is changed, a restore point of vault \`${vault}\` is taken (hook \`guard\`).`,
            "> 🪝 Before `db` is changed, hooks `drain` and `flush` run; what they do the preview does not say.",
        ]);
    });

    it("keeps a comment from saying that no restore point is taken, also where one of ours changes in the stack only", () => {
        const urn = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::cp";
        const state = { urn, inputs: { wait: true }, outputs: {}, resourceHooks: { BeforeUpdate: ["drain"] } };
        const changed = { op: "update", urn, oldState: state, newState: { ...state, inputs: { wait: false } } };
        expect(verdictOf(comment(finished([changed])))).toMatch(/^🪝 \*\*No restore point of the stack is taken/);
    });
});

describe("the line of a hook", () => {
    it.each([
        { hook: "guard", scope: `vault ${vault}`, resource: "db", change: "changed" },
        { hook: "a: b", scope: "a vault that is not known yet", resource: "x is taken first; y", change: "deleted" },
    ] as const)("is read as it was written: $hook", (line) => {
        expect(readBeforeLine(`${line.hook}: ${beforeLine(line)}`)).toEqual(line);
    });

    it.each([
        "guard: restore point 1 is good (1 backup); db may be changed",
        "a restore point of vault v is taken first; db is changed only if it is good",
        "guard: a restore point of vault v is taken first; db is changed",
        "",
    ])("is none of other lines: %s", (line) => {
        expect(readBeforeLine(line)).toBeUndefined();
    });
});
