import { describe, expect, it } from "vitest";
import { type HolderEvent, Holders, type Holding, namesOf } from "../../provider/services/holders";

const urn = (name: string) => `urn:pulumi:dev::p::pulumi-nodejs:dynamic/cbr:BackupReplica::${name}`;
const holding = (identity: string, keys: readonly string[], more: Partial<Holding> = {}): Holding => ({
    identity,
    keys,
    ...more,
});

/** Processes of one run, with what an earlier one left. */
function run(isPartial: boolean | "unknown" = false, earlier: readonly HolderEvent[] = []) {
    let now = 0;
    const clock = { now: () => ++now };
    const lines: { event: HolderEvent; by: number }[] = [];
    let count = 0;
    return () => {
        const by = ++count;
        const store = {
            append: (event: HolderEvent) => void lines.push({ event, by }),
            ofThisRun: () => lines.filter((line) => line.by !== by).map(({ event }) => event),
            ofEarlierRuns: () => earlier,
        };
        return new Holders(clock, store, () => (isPartial === "unknown" ? undefined : isPartial));
    };
}

describe("what another resource rests on", () => {
    it("is told to the one that leaves: what state holds, what was made, what inputs name", () => {
        const one = run()();
        one.hold(urn("stored"), holding("s", ["r1"]));
        one.made(urn("made"), holding("m", ["r2"]));
        one.declare(urn("declared"), ["r3"], {});
        const held = one.leave(urn("old"), "o", ["r1", "r2", "r3", "r4"]);
        expect(Object.fromEntries(held)).toEqual({ r1: [urn("stored")], r2: [urn("made")], r3: [urn("declared")] });
    });

    it("is told across the processes of a run", () => {
        const start = run();
        const [first, second] = [start(), start()];
        first.made(urn("new"), holding("n", ["r1"]));
        expect([...second.leave(urn("old"), "o", ["r1"]).values()]).toEqual([[urn("new")]]);
    });

    it("may be its own replacement's, under the same URN", () => {
        const one = run()();
        one.hold(urn("copy"), holding("old", ["r1", "r2"]));
        one.made(urn("copy"), holding("new", ["r1"]));
        expect(one.replacementOf(urn("copy"), "old")).toEqual(holding("new", ["r1"]));
        expect([...one.leave(urn("copy"), "old", ["r1", "r2"])]).toEqual([["r1", [urn("copy")]]]);
        // The replacement stands: another one that leaves is told of it.
        expect(one.leave(urn("other"), "x", ["r1"]).size).toBe(1);
    });

    it("is not its own, neither before its replacement is made nor under the name that state has for it", () => {
        const one = run()();
        one.hold(urn("copy"), holding("old", ["r1"]));
        one.hold(urn("renamed"), holding("i", ["r2"]), urn("before"));
        expect(one.replacementOf(urn("copy"), "old")).toBeUndefined();
        expect(one.leave(urn("copy"), "old", ["r1"]).size).toBe(0);
        expect(one.programUrn(urn("before"))).toBe(urn("renamed"));
        expect(one.leave(urn("before"), "i", ["r2"]).size).toBe(0);
    });

    it("goes with the last of those that leave in the same run", () => {
        const start = run();
        const [first, second] = [start(), start()];
        first.hold(urn("maker"), holding("m", ["r1"]));
        second.hold(urn("adopter"), holding("a", ["r1"]));
        expect(first.leave(urn("maker"), "m", ["r1"]).size).toBe(1);
        expect(second.leave(urn("adopter"), "a", []).size).toBe(0);
        expect(second.wasLeft(urn("adopter"), "r1")).toBe(true);
        expect(second.wasLeft(urn("adopter"), "r2")).toBe(false);
    });
});

describe("what earlier runs on this machine knew", () => {
    const earlier: HolderEvent[] = [
        { urn: urn("maker"), at: -3, what: "made", holding: holding("m", ["r1"]) },
        { urn: urn("adopter"), at: -2, what: "held", holding: holding("a", ["r1"]) },
        { urn: urn("gone"), at: -2, what: "held", holding: holding("g", ["r1"]) },
        { urn: urn("gone"), at: -1, what: "left", keys: [] },
    ];

    it("counts in a run that looks at some resources only, and where that cannot be told", () => {
        for (const isPartial of [true, "unknown"] as const)
            expect([...run(isPartial, earlier)().leave(urn("maker"), "m", ["r1"])]).toEqual([["r1", [urn("adopter")]]]);
    });

    it("does not count in a run of all: what is not declared there goes, too", () => {
        expect(run(false, earlier)().leave(urn("maker"), "m", ["r1"]).size).toBe(0);
    });

    it("makes no failure and no replacement of this run", () => {
        const failed: HolderEvent = { urn: urn("maker"), at: -1, what: "failed" };
        const one = run(true, [...earlier, failed])();
        expect(one.hasFailed(urn("maker"), "m")).toBe(false);
        expect(one.replacementOf(urn("maker"), "other")).toBeUndefined();
    });

    it("is missed where a part is looked at on a machine that has not seen the resource", () => {
        expect(run(true, earlier)().isBlind(urn("unseen"))).toBe(true);
        expect(run(true, earlier)().isBlind(urn("maker"))).toBe(false);
        expect(run(false)().isBlind(urn("unseen"))).toBe(false);
        expect(run("unknown")().isBlind(urn("unseen"))).toBe(false);
    });
});

describe("what this run made", () => {
    it("failed until it is made after all", () => {
        const one = run()();
        one.made(urn("copy"), holding("n", []));
        one.failed(urn("copy"));
        expect(one.hasFailed(urn("copy"), "o")).toBe(true);
        one.made(urn("copy"), holding("n", []));
        expect(one.hasFailed(urn("copy"), "o")).toBe(false);
    });

    it("is no failed replacement of itself", () => {
        const one = run()();
        one.made(urn("copy"), holding("n", []));
        one.failed(urn("copy"));
        expect(one.hasFailed(urn("copy"), "n")).toBe(false);
    });

    it("failed without a trace: then what state has is kept", () => {
        const one = run()();
        one.hold(urn("copy"), holding("o", []));
        one.failed(urn("copy"));
        expect(one.hasFailed(urn("copy"), "o")).toBe(true);
    });

    it("lacks what it skipped, unless something else that it made has it", () => {
        const one = run()();
        one.hold(urn("old"), holding("o", [], { covered: ["db"] }));
        one.made(urn("new"), holding("n", [], { lacking: ["db"], covered: ["web"] }));
        expect(one.isLacking(urn("new"), "db")).toBe(true);
        expect(one.isLacking(urn("new"), "web")).toBe(false);
        one.made(urn("other"), holding("x", [], { covered: ["db"] }));
        expect(one.isLacking(urn("new"), "db")).toBe(false);
    });
});

it("names resources as people do", () => {
    expect(namesOf([urn("copy"), urn("copy"), urn("a::b")])).toBe("BackupReplica copy, BackupReplica a::b");
});
