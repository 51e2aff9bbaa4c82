import { expect, it } from "vitest";
import type { Note } from "../../provider/exactly-once/journal";
import { isStored, type StoredOutcome } from "../../provider/exactly-once/settle-notes";

const MADE_AT = 1_000_000_000;
const note = (more: Partial<Note>): Note => ({
    urn: "urn",
    part: "backup",
    what: "CopyBackup",
    whereToLook: "the records",
    fingerprint: "f",
    startedAt: MADE_AT,
    until: MADE_AT + 3_600_000,
    facts: {},
    ...more,
});
const state = (recordId: string | undefined): StoredOutcome => ({
    id: "set",
    parts: new Map([["backup", recordId]]),
    begun: { at: MADE_AT, clock: "machine" },
});

it("does not settle by what state has the request of a replacement that came later, and whose record is not known", () => {
    expect(isStored(note({}), state("record"))).toBe(true);
    expect(isStored(note({ startedAt: MADE_AT + 5_000 }), state("record"))).toBe(false);
    expect(isStored(note({ startedAt: MADE_AT + 5_000 }), state(undefined))).toBe(true);
    expect(isStored(note({ facts: { recordId: "record" } }), state("record"))).toBe(true);
    expect(isStored(note({ facts: { recordId: "another" } }), state("record"))).toBe(false);
    expect(isStored(note({ part: "no part of it" }), state("record"))).toBe(false);
});
