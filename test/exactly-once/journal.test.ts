import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
    createJournal,
    digest,
    type Journal,
    memoryJournal,
    type Note,
    type RunIdentity,
} from "../../provider/exactly-once/journal";
import { fileStore, memoryStore, type NoteStore } from "../../provider/exactly-once/note-store";

let folder: string;
beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "cbr-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const startedAt = Date.UTC(2025, 0, 2);
const note: Note = {
    urn: "urn:a",
    what: "CreateCheckpoint for vault v",
    whereToLook: "the backups of vault v",
    fingerprint: "request",
    startedAt,
    until: startedAt + 3_600_000,
    facts: { name: "nightly-1a2b3c4d" },
};
const kinds: [string, () => NoteStore][] = [
    ["file", () => fileStore(folder)],
    ["memory", memoryStore],
];
/** A process that ends without a word leaves its notes behind. */
const nextProcess = (store: NoteStore, run?: RunIdentity): Journal => createJournal(store, run);

describe.each(kinds)("notes (%s)", (_, make) => {
    it("are found for the resource that wrote them, the newest first", async () => {
        const store = make();
        const journal = createJournal(store);
        journal.begin(note);
        journal.begin({ ...note, startedAt: startedAt + 1, fingerprint: "another" });
        journal.begin({ ...note, urn: "urn:b" });
        expect(await nextProcess(store).find("urn:a")).toMatchObject([
            { ...note, startedAt: startedAt + 1, fingerprint: "another" },
            note,
        ]);
        expect(await nextProcess(store).find("urn:c")).toEqual([]);
    });

    it("of one part of a resource are found with it, and all of them without", async () => {
        const store = make();
        const journal = createJournal(store);
        for (const part of ["one", "two"]) journal.begin({ ...note, part });
        expect(await nextProcess(store).find("urn:a", "two")).toMatchObject([{ part: "two" }]);
        expect(await nextProcess(store).find("urn:a")).toHaveLength(2);
    });

    it("are written anew, and gone when removed", async () => {
        const store = make();
        const journal = createJournal(store);
        const begun = journal.begin(note);
        const known = journal.rewrite(begun, { resourceId: "cp" });
        expect(await nextProcess(store).find("urn:a")).toMatchObject([{ ...note, resourceId: "cp" }]);
        journal.remove(known);
        journal.remove(known);
        expect(await nextProcess(store).find("urn:a")).toEqual([]);
    });

    it("are nobody's to find while their create is at work", async () => {
        const journal = createJournal(make());
        const begun = journal.begin(note);
        expect(await journal.find("urn:a")).toEqual([]);
        expect(journal.isOwn(begun)).toBe(true);
        journal.release(begun);
        expect(await journal.find("urn:a")).toEqual([begun]);
    });

    it("of a failure that was told are found by the same process only", async () => {
        const store = make();
        const journal = createJournal(store);
        const begun = journal.begin(note);
        journal.rewrite(begun, { resourceId: "cp" });
        journal.release(begun);
        journal.tell(begun);
        expect(await journal.find("urn:a")).toMatchObject([{ resourceId: "cp" }]);
        expect(await nextProcess(store).find("urn:a")).toEqual([]);
        journal.remove(begun);
        expect(await journal.find("urn:a")).toEqual([]);
    });

    it("of a run that is still at work are not taken over, and found once its engine is gone", async () => {
        const store = make();
        createJournal(store, { engine: "127.0.0.1:1" }).begin(note);
        let isAlive = true;
        const other = nextProcess(store, { engine: "127.0.0.1:2", isEngineAlive: async () => isAlive });
        expect(await other.find("urn:a")).toEqual([]);
        isAlive = false;
        expect(await other.find("urn:a")).toHaveLength(1);
        // The provider processes of one run have one engine.
        isAlive = true;
        const sibling = nextProcess(store, { engine: "127.0.0.1:1", isEngineAlive: async () => isAlive });
        expect(await sibling.find("urn:a")).toHaveLength(1);
    });

    it("of another backend are not this one's; of one that cannot be told they may be", async () => {
        const store = make();
        createJournal(store, { backend: "x" }).begin(note);
        expect(await nextProcess(store, { backend: "y" }).find("urn:a")).toEqual([]);
        expect(await nextProcess(store, { backend: "x" }).find("urn:a")).toHaveLength(1);
        expect(await nextProcess(store).find("urn:a")).toHaveLength(1);
        const unknown = make();
        createJournal(unknown).begin(note);
        expect(await nextProcess(unknown, { backend: "y" }).find("urn:a")).toHaveLength(1);
    });
});

it("outlives the process", async () => {
    createJournal(fileStore(folder)).begin(note);
    expect(await createJournal(fileStore(folder)).find("urn:a")).toMatchObject([note]);
});

it("sees what another process has written since", async () => {
    const first = createJournal(fileStore(folder));
    expect(await first.find("urn:a")).toEqual([]);
    createJournal(fileStore(folder)).begin(note);
    expect(await first.find("urn:a")).toHaveLength(1);
});

it("writes a small readable file a note that only its owner can read, and no draft stays", () => {
    const pending = join(folder, "pulumi-cbr", "pending");
    createJournal(fileStore(pending), { backend: "hash", engine: "127.0.0.1:1" }).begin(note);
    const name = `${digest("urn:a")}.1.json`;
    expect(readdirSync(pending)).toEqual([name]);
    const file = join(pending, name);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ ...note, backend: "hash", engine: "127.0.0.1:1" });
    expect(readFileSync(file, "utf8")).toContain('\n    "urn": "urn:a"');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(pending).mode & 0o777).toBe(0o700);
});

const { urn: _, ...withoutUrn } = note;
it.each([
    "",
    "{",
    "null",
    "[]",
    "7",
    '"text"',
    JSON.stringify(withoutUrn),
    JSON.stringify({ ...note, startedAt: "today" }),
    JSON.stringify({ ...note, facts: { name: 7 } }),
    JSON.stringify({ ...note, offsetMs: "late" }),
    // As they were before they had a resource.
    JSON.stringify({ fingerprint: "request", startedAt, facts: { name: "nightly-1a2b3c4d" } }),
])("takes a file that holds %j for no note, and leaves it alone", async (text) => {
    const file = join(folder, `${digest("urn:a")}.1.json`);
    writeFileSync(file, text);
    const journal = createJournal(fileStore(folder));
    expect(await journal.find("urn:a")).toEqual([]);
    journal.begin(note);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readdirSync(folder)).toHaveLength(2);
});

it("costs the protection of the next run, and not the backup, when the disk cannot be written", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const store = fileStore(join(file, "pending"));
    const journal = createJournal(store);
    const begun = journal.begin(note);
    journal.release(begun);
    // The same process goes on from it all the same.
    expect(await journal.find("urn:a")).toEqual([begun]);
    expect(await createJournal(fileStore(join(file, "pending"))).find("urn:a")).toEqual([]);
    journal.remove(begun);
    expect(await journal.find("urn:a")).toEqual([]);
});

it("lies under PULUMI_HOME where that is set", () => {
    const before = process.env["PULUMI_HOME"];
    process.env["PULUMI_HOME"] = folder;
    try {
        createJournal(fileStore()).begin(note);
        expect(existsSync(join(folder, "pulumi-cbr", "pending", `${digest("urn:a")}.1.json`))).toBe(true);
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

it("keeps nothing on disk for those that ask for a memory only", async () => {
    const journal = memoryJournal();
    journal.release(journal.begin(note));
    expect(await journal.find("urn:a")).toHaveLength(1);
    expect(await memoryJournal().find("urn:a")).toEqual([]);
});
