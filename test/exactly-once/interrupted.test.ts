// What a create does about requests of earlier runs, of which notes or state tell.
import { describe, expect, it } from "vitest";
import { UncertainOutcomeError } from "../../provider/client/errors/errors";
import { memoryStore } from "../../provider/exactly-once/note-store";
import { SEARCH_DELAYS_MS } from "../../provider/exactly-once/search";
import { CLOCK_TOLERANCE_MS } from "../../provider/exactly-once/time-window";
import { FakeClock } from "../support/fake-clock";
import { api, died, diedWaiting, errorOf, lost, make, notes, spanOf } from "./requests";

it("finds what an interrupted run sent, by the facts of that run, and sends nothing", async () => {
    const { store, clock, startedAt } = await died({ facts: { name: "it-00000000" } });
    clock.jump(1_800_000);
    const one = make({ store, clock, finds: ["found"], facts: { name: "it-ffffffff" } });
    const outcome = await one.run();
    expect(outcome).toMatchObject({ how: "recovered", value: "found", sentAt: startedAt });
    expect(outcome.note.facts).toEqual({ name: "it-00000000" });
    expect(one.log).toEqual([["look", 0]]);
    expect(one.factsSeen).toEqual([{ name: "it-00000000" }]);
    expect(one.windows.map((window) => spanOf(window, startedAt))).toEqual([
        [-CLOCK_TOLERANCE_MS, 60_000 + CLOCK_TOLERANCE_MS],
    ]);
    expect(notes(store)).toHaveLength(1);
});

it("looks for what an interrupted run sent, up to the last time that it did", async () => {
    const clock = new FakeClock();
    const begun = clock.now();
    const before = make({ clock, sends: [lost()] });
    await errorOf(before.run());
    clock.jump(600_000);
    const one = make({ clock, store: before.store, finds: ["found"] });
    expect(await one.run()).toMatchObject({ how: "recovered", sentAt: begun, wasRepeated: true });
    // Four sends, each a minute after the one before.
    expect(one.windows.map((window) => spanOf(window, begun))).toEqual([
        [-CLOCK_TOLERANCE_MS, 180_000 + 60_000 + CLOCK_TOLERANCE_MS],
    ]);
});

it("sends when an interrupted run surely did not: one look, long after it", async () => {
    const { store, clock, startedAt } = await died();
    clock.jump(1_800_000);
    const one = make({ store, clock });
    expect(await one.run()).toMatchObject({ how: "sent", value: "sent", sentAt: startedAt + 1_800_000 });
    expect(one.log).toEqual([
        ["look", 0],
        ["send", 0],
    ]);
    expect(one.warnings).toEqual([]);
    expect(notes(store)).toMatchObject([{ startedAt: startedAt + 1_800_000 }]);
});

it("names what an interrupted run sent by an unknown clock, when only its time could tell, and sends", async () => {
    const before = await died({ slackMs: () => 900_000 });
    before.clock.jump(36_000_000);
    const one = make({ ...before, slackMs: () => 900_000 });
    expect(await one.run()).toMatchObject({ how: "sent", value: "sent" });
    expect(one.warnings).toEqual([expect.stringMatching(/whose end is not known.*a wrong clock of that machine/)]);
    expect(notes(before.store)).toHaveLength(1);

    const named = await died({ slackMs: () => 900_000, isUnique: true });
    named.clock.jump(36_000_000);
    const other = make({ ...named, slackMs: () => 900_000, isUnique: true });
    expect(await other.run()).toMatchObject({ how: "sent" });
    expect(other.warnings).toEqual([]);
});

it("gives what an interrupted run sent a moment ago the time that its POST would have had, and that of a list", async () => {
    const { store, clock } = await died();
    clock.jump(10_000);
    const one = make({ store, clock, finds: [undefined, undefined, "found"] });
    expect(await one.run()).toMatchObject({ how: "recovered", value: "found" });
    expect(one.log).toEqual([
        ["look", 0],
        ["look", 1_000],
        ["look", 3_000],
    ]);
    const second = await died();
    second.clock.jump(10_000);
    const none = make(second);
    await none.run();
    const looks = none.log.filter(([what]) => what === "look").map(([, at]) => at);
    expect(looks).toEqual([...SEARCH_DELAYS_MS, 75_000, 90_000, 105_000, 110_000]);
});

it("is not waited for any longer when the clock was ahead at that time", async () => {
    const { store, clock } = await died();
    clock.jump(-2 * 3_600_000);
    const one = make({ store, clock });
    await one.run();
    expect(one.log.at(-1)).toEqual(["send", 120_000]);
});

it("is named, and not looked for, when the clock was ahead by an unknown time", async () => {
    const { store, clock } = await died({ slackMs: () => 1_000 });
    clock.jump(-2 * 3_600_000);
    const one = make({ store, clock, finds: ["another's"] });
    expect(await one.run()).toMatchObject({ how: "sent" });
    expect(one.log).toEqual([["send", 0]]);
    expect(one.warnings).toEqual([
        expect.stringMatching(/whose end is not known.*may or may not have taken effect.*clock/),
    ]);
    const { store: named, clock: then } = await died({ slackMs: () => 1_000, isUnique: true });
    then.jump(-2 * 3_600_000);
    expect(await make({ store: named, clock: then, isUnique: true, finds: ["found"] }).run()).toMatchObject({
        how: "recovered",
    });
});

it("sends nothing when it cannot look for what an interrupted run sent", async () => {
    const { store, clock } = await died();
    clock.jump(1_800_000);
    const one = make({ store, clock, finds: [api(503)] });
    const error = await errorOf(one.run());
    expect(error).toBeInstanceOf(UncertainOutcomeError);
    expect(error.message).toContain("an interrupted run had sent it. Then looking for its effect failed too");
    expect(one.log).toEqual([["look", 0]]);
    expect(one.pending()).toBeDefined();
});

describe("what an interrupted run made", () => {
    it("is asked for by its id, once", async () => {
        const { store, clock } = await diedWaiting();
        clock.jump(1_000);
        const one = make({ store, clock, finds: ["cp"] });
        expect(await one.run()).toMatchObject({ how: "recovered", value: "cp", isProven: true });
        expect([one.log, one.factsSeen]).toEqual([[["look", 0]], [{ name: "it-1a2b3c4d", checkpointId: "cp" }]]);
    });

    it("counts as long as its own wait may last, a day and more", async () => {
        const long = { budgetMs: 26 * 3_600_000 };
        const { store, clock } = await diedWaiting(long);
        clock.jump(25 * 3_600_000);
        const one = make({ store, clock, finds: ["cp"] });
        expect(await one.run()).toMatchObject({ how: "recovered", value: "cp" });
    });

    it("is named, and another one is made, when its wait would have been over", async () => {
        const { store, clock } = await diedWaiting();
        clock.jump(3_600_000);
        const one = make({ store, clock, finds: ["cp"] });
        expect(await one.run()).toMatchObject({ how: "sent", value: "sent" });
        expect(one.warnings).toEqual([
            "CreateCheckpoint for vault v: a run sent it at 2025-01-02T03:04:05.000Z whose end is not known; it made restore point sent. " +
                "It is older than that run would have waited, and is not taken for what this one asks for. " +
                "Look at the backups of vault v named it-1a2b3c4d: what no stack has costs money until it is deleted.",
        ]);
        expect(notes(store)).toHaveLength(1);
    });

    it("is resumed however old it is while it still runs", async () => {
        const { store, clock } = await diedWaiting();
        clock.jump(30 * 3_600_000);
        const one = make({ store, clock, finds: ["cp"], isRunning: true });
        expect(await one.run()).toMatchObject({ how: "recovered", value: "cp" });
        expect(one.warnings).toEqual([]);
    });

    it("is no longer spoken of when the cloud does not have it any more", async () => {
        const { store, clock } = await diedWaiting();
        const one = make({ store, clock, finds: [undefined] });
        expect(await one.run()).toMatchObject({ how: "sent" });
        expect([one.warnings, one.log.length]).toEqual([[], 2]);
    });

    it("is as old as the region's clock says, when the machine's has been put right since", async () => {
        for (const wrongMs of [2 * 3_600_000, -2 * 3_600_000]) {
            const clock = new FakeClock({ now: Date.UTC(2025, 0, 2) + wrongMs });
            const { store } = await diedWaiting({ clock, offsetMs: -wrongMs });
            clock.jump(-wrongMs + 60_000);
            const one = make({ store, clock, finds: ["cp"] });
            expect((await one.run()).how).toBe("recovered");
            clock.jump(3_600_000);
            const late = make({ store, clock, finds: ["cp"] });
            expect((await late.run()).how).toBe("sent");
        }
    });
});

it("looks where the region's clock was, when the machine's has been put right since", async () => {
    const ahead = 2 * 3_600_000;
    const begun = Date.UTC(2025, 0, 2);
    const { store, clock } = await died({ clock: new FakeClock({ now: begun + ahead }), offsetMs: -ahead });
    clock.jump(-ahead);
    const one = make({ store, clock, finds: ["found"] });
    expect(await one.run()).toMatchObject({ how: "recovered" });
    expect(one.windows[0]?.contains(begun)).toBe("yes");
    expect(one.windows[0]?.from).toBe(begun - CLOCK_TOLERANCE_MS);
});

it.each([
    ["is another request now", { request: { vaultId: "v", triggers: { release: "2" } } }],
    ["goes to another project now", { projectId: "q" }],
])("names what an interrupted run made, or may have made, when the resource %s", async (_, change) => {
    const first = await diedWaiting();
    const other = make({ ...first, ...change });
    expect(await other.run()).toMatchObject({ how: "sent", value: "sent" });
    expect(other.log).toEqual([["send", 0]]);
    expect(other.warnings).toEqual([
        expect.stringMatching(/it made restore point sent\. This run asks for something else\. Look at the backups/),
    ]);
    expect(notes(first.store)).toHaveLength(1);
    const second = make({ ...(await died()), ...change });
    await second.run();
    expect(second.warnings).toEqual([
        expect.stringContaining("it may or may not have taken effect, under the name it-1a2b3c4d. This run asks"),
    ]);
});

it("leaves the other parts of a resource to their own requests", async () => {
    const first = await diedWaiting({ part: "one" });
    const one = make({ ...first, part: "two" });
    expect(await one.run()).toMatchObject({ how: "sent" });
    expect([one.warnings, notes(first.store).length]).toEqual([[], 2]);
});

it("takes over nothing that a create of this process is at work with", async () => {
    const store = memoryStore();
    const one = make({ store });
    await one.run();
    expect(await one.run()).toMatchObject({ how: "sent" });
    expect(notes(store)).toHaveLength(2);
});

it("looks first for what state says to be in doubt, in the time that state says", async () => {
    const clock = new FakeClock();
    const from = clock.now() - 10 * 3_600_000;
    const doubted = { from, to: from + 60_000 };
    const found = make({ clock, doubted, finds: ["cp"] });
    expect(await found.run()).toMatchObject({ how: "recovered", value: "cp", isProven: false, sentAt: from });
    expect(found.windows.map((window) => spanOf(window, from))).toEqual([
        [-CLOCK_TOLERANCE_MS, 60_000 + CLOCK_TOLERANCE_MS],
    ]);
    expect(found.pending()).toMatchObject({ startedAt: from });
    const none = make({ clock, doubted });
    expect(await none.run()).toMatchObject({ how: "sent" });
    expect(none.log.map(([what]) => what)).toEqual(["look", "send"]);
});

it("knows a request again in whatever order the host hands over its parts", async () => {
    const { store, clock } = await died({ request: { vaultId: "v", triggers: { a: 1, b: { c: [1, 2], d: null } } } });
    const one = make({
        store,
        clock,
        finds: ["found"],
        request: { triggers: { b: { d: null, c: [1, 2] }, a: 1 }, vaultId: "v" },
    });
    expect(await one.run()).toMatchObject({ how: "recovered", value: "found" });
    const swapped = make({
        store,
        clock,
        finds: ["found"],
        request: { vaultId: "v", triggers: { a: 1, b: { c: [2, 1], d: null } } },
    });
    expect((await swapped.run()).how).toBe("sent");
});
