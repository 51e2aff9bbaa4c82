// Previews as the Pulumi CLI wrote them (test/support/previews): their comments, and whether `up` then did what they say.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePreview } from "../../cli/preview-comment/input/read";
import { isCopy } from "../../cli/preview-comment/plan/kinds";
import { planOf } from "../../cli/preview-comment/plan/plan";
import { comment, expectHarmless, fixture, folder, golden } from "../support/previews/comments";
import { kinds } from "../support/previews/kinds/index";
import type { Recording } from "../support/previews/recordings";

const recordings: readonly Recording[] = JSON.parse(fixture("recorded/index.json"));
const textOf = ({ file }: Recording) => fixture(`recorded/${file}`);

/** The comment, or why there is none. */
function outputOf(recording: Recording): { text: string; isComment: boolean } {
    try {
        return { text: comment(textOf(recording)), isComment: true };
    } catch (error) {
        return { text: `${error instanceof Error ? error.message : error}\n`, isComment: false };
    }
}

const verdictOf = (text: string) => text.split("\n\n")[1] ?? "";

describe("a recorded preview", () => {
    it.each(recordings.map((one) => [one.name, one.what, one] as const))("%s: %s", (name, _, recording) => {
        const { text, isComment } = outputOf(recording);
        golden(`recorded/${name}.${isComment ? "md" : "txt"}`, text);
        if (isComment) expectHarmless(text);
    });

    it("is there for each kind, and nothing else is", () => {
        expect(recordings.map(({ name }) => name)).toEqual(kinds.map(({ name }) => name));
        const files = new Set(["index.json", ...recordings.map(({ file }) => file)]);
        const golden = /\.(md|txt)$/;
        const names = new Set(recordings.map(({ name }) => name));
        for (const file of readdirSync(join(folder, "recorded")))
            expect(files.has(file) || (golden.test(file) && names.has(file.replace(golden, ""))), file).toBe(true);
    });

    it("has nothing of the machine that made it", () => {
        for (const recording of recordings)
            expect(`${recording.command}\n${textOf(recording)}`).not.toMatch(
                /\/(tmp|work|root|Users)\/|SIM[0-9A-F]{17}/,
            );
    });
});

/** Kinds in which `up` does what this form of the JSON does not show; docs/pull-requests.md names them. */
const HIDDEN = ["left-over"];

describe("no comment claims more than its preview tells:", () => {
    const wellEnded = recordings.filter(({ exit }) => exit === 0 || exit === 7);

    it("green or a plan of changes only where the command ended well", () => {
        for (const recording of recordings) {
            const { text, isComment } = outputOf(recording);
            if (!isComment || wellEnded.includes(recording)) continue;
            expect(verdictOf(text), recording.name).toMatch(/^(❌|⚠️|❔)/);
        }
    });

    it("a failure only where it failed", () => {
        for (const recording of wellEnded) {
            const { text, isComment } = outputOf(recording);
            if (isComment) expect(verdictOf(text), recording.name).not.toMatch(/^❌/);
        }
    });

    it("green only where `up` then took, copied and deleted nothing", () => {
        const green = recordings.filter(
            (one) => one.after !== undefined && !HIDDEN.includes(one.name) && /^✅/.test(verdictOf(outputOf(one).text)),
        );
        expect(green.length).toBeGreaterThan(10);
        for (const { name, after } of green) {
            const { UpdateBackup: _renamed, ...effects } = after?.effects ?? {};
            expect({ ...after, effects }, name).toEqual({ exit: 0, effects: {} });
        }
        const renamed = recordings.find(({ name }) => name === "renamed-in-place");
        expect(renamed?.after?.effects).toEqual({ UpdateBackup: 2 });
    });

    const tried = recordings.filter((one) => one.after?.exit === 0 && !HIDDEN.includes(one.name));

    it.each(tried.map((one) => [one.name, one] as const))("%s: takes, copies and deletes as it says", (_, one) => {
        const plan = planOf(parsePreview(textOf(one), one.file));
        const effects = one.after?.effects ?? {};
        const count = (...operations: readonly string[]) =>
            operations.reduce((total, operation) => total + (effects[operation] ?? 0), 0);
        const making = plan.rows.filter((row) => row.createsBackup);

        const { taken, silent } = plan.hooks;
        const points = making.filter(({ kind }) => kind === "Checkpoint");
        const sure = points.filter(({ isCertain }) => isCertain).length + taken.length;
        expect(count("CreateCheckpoint")).toBeGreaterThanOrEqual(sure);
        expect(count("CreateCheckpoint")).toBeLessThanOrEqual(points.length + taken.length + silent.length);

        const copies = making.filter(({ kind }) => isCopy(kind));
        // What copies a whole vault may find nothing to copy.
        const mustCopy = copies.some(({ kind, isCertain }) => kind !== "VaultReplication" && isCertain);
        const copied = count("CopyBackup", "CopyCheckpoint");
        if (mustCopy) expect(copied).toBeGreaterThan(0);
        if (copies.length === 0) expect(copied).toBe(0);
        expect(count("ImportCheckpoint")).toBe(making.filter(({ kind }) => kind === "VaultSync").length);

        const going = plan.leftovers.filter(({ outcome }) => outcome === "deleted" || outcome === "unknown");
        const known = going.filter(
            (left) => left.outcome === "deleted" && left.isCertain && !left.ifSuperseded && !left.mayBeGone,
        );
        const idsOf = (list: typeof going) => list.reduce((total, { ids }) => total + ids.length, 0);
        expect(count("DeleteBackup")).toBeGreaterThanOrEqual(idsOf(known));
        if (!going.some(({ ids, isSecret }) => isSecret || ids.length === 0))
            expect(count("DeleteBackup")).toBeLessThanOrEqual(idsOf(going));
    });
});

describe("the alias that the comment names", () => {
    const pairs = [
        ["renamed-without-alias", "renamed-with-alias"],
        ["component-renamed-without-alias", "component-renamed-with-alias"],
        ["moved-into-a-component", "moved-into-a-component-with-alias"],
        ["moved-between-components", "moved-between-components-with-alias"],
    ];

    it.each(pairs)("of %s keeps the restore point in %s", (without = "", with_ = "") => {
        const find = (name: string) => recordings.find((one) => one.name === name) as Recording;
        const named = /give the option (?:`(aliases: .*?)`|<code>(aliases.*?)<\/code>) to/.exec(
            outputOf(find(without)).text,
        );
        const alias = (named?.[1] ?? named?.[2] ?? "").replace(/&#(\d+);/g, (_, code) =>
            String.fromCharCode(Number(code)),
        );
        const plain = (text: string) => text.replace(/\s+/g, "");
        const program = String(kinds.find(({ name }) => name === with_)?.program);
        expect(plain(program).replace("constaliases=", "aliases:")).toContain(plain(alias));
        const plan = planOf(parsePreview(textOf(find(with_)), with_));
        expect(plan.rows).toEqual([]);
        expect(find(with_).after).toEqual({ exit: 0, effects: {} });
    });
});
