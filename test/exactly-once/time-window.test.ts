// In which time the effect of a request is looked for.
import { expect, it } from "vitest";
import { SEARCH_DELAYS_MS } from "../../provider/exactly-once/search";
import { CLOCK_TOLERANCE_MS } from "../../provider/exactly-once/time-window";
import { died, errorOf, lost, make, spanOf } from "./requests";

it("looks in the time of the region's clock, from the first POST on", async () => {
    const one = make({ sends: [lost()], offsetMs: 600_000 });
    const begun = one.clock.now();
    await errorOf(one.run());
    const there = begun + 600_000;
    const ends = one.windows.filter((_, index) => index % SEARCH_DELAYS_MS.length === 0);
    // What was cut off may be carried out as long as it is looked for.
    expect(ends.map((window) => spanOf(window, there))).toEqual(
        [60_000, 120_000, 180_000, 240_000].map((end) => [-CLOCK_TOLERANCE_MS, end + CLOCK_TOLERANCE_MS]),
    );
});

it("believes our own clock, too: a header may be a proxy's", async () => {
    for (const offsetMs of [600_000, -600_000]) {
        const one = make({ sends: [lost()], finds: ["found"], offsetMs });
        const begun = one.clock.now();
        await one.run();
        const [window] = one.windows;
        expect(window?.from).toBe(Math.min(begun, begun + offsetMs) - CLOCK_TOLERANCE_MS);
        expect([0, 300_000, 600_000].map((after) => window?.contains(begun + Math.sign(offsetMs) * after))).toEqual([
            "yes",
            "no",
            "yes",
        ]);
    }
});

it("is not sure of what is a little off while nobody knows the region's clock", async () => {
    const one = make({ sends: [lost()], finds: ["found"], slackMs: () => 900_000 });
    const begun = one.clock.now();
    await one.run();
    const [window] = one.windows;
    expect(window?.from).toBe(begun - CLOCK_TOLERANCE_MS - 900_000);
    expect([0, -60_000, 300_000, -1_000_000].map((after) => window?.contains(begun + after))).toEqual([
        "yes",
        "maybe",
        "maybe",
        "no",
    ]);
});

it("learns the region's time from the first look, and looks again with it at once", async () => {
    let slackMs = 900_000;
    const one = make({ sends: [lost()], slackMs: () => slackMs });
    const seen: string[] = [];
    const begun = one.clock.now();
    one.plan.find = async (window, _facts, isLast) => {
        seen.push(`${window.contains(begun + 300_000)} ${isLast}`);
        slackMs = 0;
        return seen.length < 2 ? undefined : "found";
    };
    expect(await one.run()).toMatchObject({ how: "found", value: "found" });
    expect([seen, one.clock.elapsed]).toEqual([["maybe false", "no false"], 0]);
    // A single look is not the last one before the time is known.
    const left = await died();
    slackMs = 900_000;
    left.clock.jump(1_800_000);
    const next = make({ store: left.store, clock: left.clock, slackMs: () => slackMs });
    const lasts: boolean[] = [];
    next.plan.find = async (_window, _facts, isLast) => {
        lasts.push(isLast);
        slackMs = 0;
        return undefined;
    };
    await next.run();
    expect(lasts).toEqual([false, true]);
});

it("says at which look nothing more will come", async () => {
    const seen: boolean[] = [];
    const one = make({ sends: [lost(), "sent"] });
    one.plan.find = async (_window, _facts, isLast) => {
        seen.push(isLast);
        return undefined;
    };
    await one.run();
    expect(seen).toEqual(SEARCH_DELAYS_MS.map((_, index) => index === SEARCH_DELAYS_MS.length - 1));
});

it("waits out the time that the POST itself took before its window ends", async () => {
    const one = make({ finds: ["found"] });
    const begun = one.clock.now();
    one.plan.send = async () => {
        await one.clock.sleep(60_000);
        throw lost();
    };
    await one.run();
    expect(one.windows.map((window) => spanOf(window, begun))).toEqual([
        [-CLOCK_TOLERANCE_MS, 120_000 + CLOCK_TOLERANCE_MS],
    ]);
});
