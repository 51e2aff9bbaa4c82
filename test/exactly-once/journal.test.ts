import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
    digest,
    fileJournal,
    JOURNAL_LIFE_MS,
    type Journal,
    type JournalEntry,
    memoryJournal,
} from "../../provider/exactly-once/journal";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cbr-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const startedAt = Date.UTC(2025, 0, 2);
const entry: JournalEntry = { fingerprint: "wish", startedAt, facts: { name: "nightly-1a2b3c4d" } };
const kinds: [string, () => Journal][] = [
    ["file", () => fileJournal(folder)],
    ["memory", memoryJournal],
];

it.each(kinds)("finds what was written for the same resource and the same wish (%s)", (_, make) => {
    const journal = make();
    journal.write("urn:a", entry);
    expect(journal.find("urn:a", "wish", startedAt + 1)).toEqual(entry);
    expect(journal.find("urn:a", "another wish", startedAt + 1)).toBeUndefined();
    expect(journal.find("urn:b", "wish", startedAt + 1)).toBeUndefined();
});

it.each(kinds)("keeps the newest entry of a resource only (%s)", (_, make) => {
    const journal = make();
    journal.write("urn:a", entry);
    journal.write("urn:a", { ...entry, fingerprint: "second" });
    expect(journal.find("urn:a", "wish", startedAt)).toBeUndefined();
    expect(journal.find("urn:a", "second", startedAt)).toEqual({ ...entry, fingerprint: "second" });
});

it.each(kinds)("forgets what was removed, and removes what is not there without a word (%s)", (_, make) => {
    const journal = make();
    journal.write("urn:a", entry);
    journal.remove("urn:a");
    journal.remove("urn:a");
    expect(journal.find("urn:a", "wish", startedAt)).toBeUndefined();
});

it.each(kinds)("takes nothing older than a day for the wanted backup (%s)", (_, make) => {
    const journal = make();
    journal.write("urn:a", entry);
    expect(journal.find("urn:a", "wish", startedAt + JOURNAL_LIFE_MS - 1)).toEqual(entry);
    expect(journal.find("urn:a", "wish", startedAt + JOURNAL_LIFE_MS)).toBeUndefined();
});

it("outlives the process", () => {
    fileJournal(folder).write("urn:a", entry);
    expect(fileJournal(folder).find("urn:a", "wish", startedAt)).toEqual(entry);
});

it("writes one small file that only its owner can read, and no draft stays", () => {
    const pending = join(folder, "pulumi-cbr", "pending");
    fileJournal(pending).write("urn:a", entry);
    expect(readdirSync(pending)).toEqual([`${digest("urn:a")}.json`]);
    const file = join(pending, `${digest("urn:a")}.json`);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(entry);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(pending).mode & 0o777).toBe(0o700);
});

it.each(["", "{", "null", "[]", "7", '"text"', '{"fingerprint":"wish"}', '{"fingerprint":"wish","startedAt":0}'])(
    "takes a file that holds %j for none",
    (text) => {
        writeFileSync(join(folder, `${digest("urn:a")}.json`), text);
        expect(fileJournal(folder).find("urn:a", "wish", 1)).toBeUndefined();
    },
);

it("costs the protection and not the backup when the disk cannot be written", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const journal = fileJournal(join(file, "pending"));
    journal.write("urn:a", entry);
    expect(journal.find("urn:a", "wish", startedAt)).toBeUndefined();
    journal.remove("urn:a");
});

it("lies under PULUMI_HOME where that is set", () => {
    const before = process.env["PULUMI_HOME"];
    process.env["PULUMI_HOME"] = folder;
    try {
        fileJournal().write("urn:a", entry);
        expect(existsSync(join(folder, "pulumi-cbr", "pending", `${digest("urn:a")}.json`))).toBe(true);
    } finally {
        if (before === undefined) delete process.env["PULUMI_HOME"];
        else process.env["PULUMI_HOME"] = before;
    }
});

it("makes short, stable names of anything", () => {
    expect(digest("urn:pulumi:dev::x")).toBe(digest("urn:pulumi:dev::x"));
    expect(digest("a")).toMatch(/^[0-9a-f]{32}$/);
    expect(digest("a")).not.toBe(digest("b"));
});
