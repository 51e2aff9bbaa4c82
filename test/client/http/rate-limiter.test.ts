import { expect, it } from "vitest";
import { Limiter, type Priority } from "../../../provider/client/http/rate-limiter";
import { FakeClock, settle } from "../../support/fake-clock";
import { shareGateway } from "../../support/shared-gateway";

/** A limiter and the times, in milliseconds from its start, at which each caller's turn came. */
function make(rate: number, clock = new FakeClock()) {
    const limiter = new Limiter(rate, clock);
    const turns: [name: string, at: number][] = [];
    const ask = (name: string, priority: Priority = "write", signal?: AbortSignal, deadline?: number) =>
        limiter.acquire(priority, signal, deadline).then((inTime) => {
            turns.push([inTime ? name : `${name} too late`, clock.elapsed]);
        });
    return { clock, limiter, turns, ask };
}

const names = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);

it("begins with a quarter of a second's burst, and goes on one after the other at the rate", async () => {
    const { ask, turns } = make(8);
    await Promise.all(names(6, "r").map((name) => ask(name)));
    expect(turns.map(([, at]) => at)).toEqual([0, 0, 125, 250, 375, 500]);
    expect(turns.map(([name]) => name)).toEqual(names(6, "r"));
});

it("gathers no more than one second's burst while nobody asks", async () => {
    const { ask, turns, clock } = make(4);
    await ask("a1");
    clock.jump(3_600_000);
    await Promise.all(names(6, "b").map((name) => ask(name)));
    expect(turns.slice(1).map(([, at]) => at - 3_600_000)).toEqual([0, 0, 0, 0, 250, 500]);
});

it("lets everything that users wait for pass the shared look-ups", async () => {
    const { ask, turns } = make(1);
    await Promise.all([ask("p1", "poll"), ask("p2", "poll"), ask("w1"), ask("w2"), ask("p3", "poll"), ask("w3")]);
    expect(turns).toEqual([
        ["p1", 0],
        ["w1", 1_000],
        ["w2", 2_000],
        ["w3", 3_000],
        ["p2", 4_000],
        ["p3", 5_000],
    ]);
});

it("sleeps for one at a time, however many wait", async () => {
    const clock = new FakeClock({ auto: false });
    const { ask, turns } = make(20, clock);
    const all = names(10_000, "r").map((name) => ask(name));
    await settle();
    expect([turns.length, clock.sleeping, clock.sleeps.length]).toEqual([5, 1, 1]);
    await clock.advance(1_000);
    expect([turns.length, clock.sleeping, clock.sleeps.length]).toEqual([25, 1, 21]);
    await clock.advance(600_000);
    await Promise.all(all);
    expect([turns.length, clock.sleeping, turns.at(-1)]).toEqual([10_000, 0, ["r10000", 499_750]]);
});

it("serves several at once when the machine woke late", async () => {
    const clock = new FakeClock({ auto: false });
    const { ask, turns } = make(8, clock);
    const all = names(6, "r").map((name) => ask(name));
    await settle();
    clock.jump(500);
    await clock.advance(125);
    await Promise.all(all);
    expect(turns.map(([, at]) => at)).toEqual([0, 0, 500, 500, 500, 500]);
    expect(clock.sleeps).toEqual([125]);
});

/** A limiter whose requests were answered at this rate for ten seconds. */
function busy(rate: number, answered: number) {
    const made = make(rate);
    for (let second = 0; second < 10; second++) {
        for (let index = 0; index < answered; index++) made.limiter.succeeded();
        made.clock.jump(1_000);
    }
    return made;
}

it("keeps seven tenths of the rate when the gateway throttles now and then", async () => {
    const { limiter } = busy(20, 20);
    limiter.throttled();
    expect(limiter.rate).toBe(14);
});

it("slows down to what gets through, yet by no more than to an eighth for one signal", () => {
    const some = busy(20, 5);
    some.limiter.throttled();
    // The second in which it is asked counts, too.
    expect(some.limiter.rate).toBe(4);
    const none = busy(20, 0);
    none.limiter.throttled();
    expect(none.limiter.rate).toBe(2.5);
});

it("takes several 429 within a second for one signal, and slows down again after it", () => {
    const { clock, limiter } = busy(16, 16);
    const rates: number[] = [];
    for (let index = 0; index < 6; index++) {
        limiter.throttled();
        rates.push(limiter.rate);
        clock.jump(400);
    }
    const [first = 0, second, , third = 0] = rates;
    expect(second).toBeGreaterThanOrEqual(first);
    expect(third).toBeLessThan(first);
    expect(rates[4]).toBeGreaterThanOrEqual(third);
});

it("is never slower than one request in ten seconds, unless it is set to be", () => {
    for (const [rate, least] of [
        [20, 0.1],
        [0.6, 0.1],
        [0.05, 0.05],
    ] as const) {
        const { clock, limiter } = make(rate);
        for (let index = 0; index < 20; index++) {
            limiter.throttled();
            clock.jump(1_000);
        }
        limiter.throttled();
        expect(limiter.rate).toBeCloseTo(least, 1);
        expect(limiter.rate).toBeGreaterThanOrEqual(least);
    }
});

it("regains its speed with time, whether or not anything is answered, and never more than it had", () => {
    const { clock, limiter } = busy(20, 20);
    limiter.throttled();
    const rates: number[] = [];
    for (let index = 0; index < 8; index++) {
        clock.jump(5_000);
        rates.push(limiter.rate);
    }
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    // Nearly all of what got through before, within fifteen seconds; all of it within forty.
    expect(rates[2]).toBeGreaterThan(15);
    expect(rates.at(-1)).toBe(20);
});

it("regains speed from the slowest, too", () => {
    const { clock, limiter } = make(20);
    for (let index = 0; index < 20; index++) {
        limiter.throttled();
        clock.jump(1_000);
    }
    clock.jump(120_000);
    expect(limiter.rate).toBeGreaterThan(2);
});

it.each(["seconds", "bucket"] as const)(
    "shares 20 requests a second fairly among sixty processes, and refuses few (gateway counts by %s)",
    async (counts) => {
        const all = { processes: 60, requests: 200, parallel: 8, limit: 20, seed: 3, counts };
        const { throttled, overIdeal, slowest } = await shareGateway(all);
        expect(throttled).toBeLessThanOrEqual(0.25);
        expect(overIdeal).toBeLessThanOrEqual(1.15);
        expect(slowest).toBeLessThanOrEqual(1.3);
    },
);

it.each([1, 2, 5, 20])("loses little of the limit where %i processes share it", async (processes) => {
    const { throttled, overIdeal } = await shareGateway({
        processes,
        requests: 4_000 / processes,
        parallel: 8,
        limit: 20,
        seed: 5,
    });
    expect(throttled).toBeLessThanOrEqual(0.15);
    expect(overIdeal).toBeLessThanOrEqual(1.2);
});

it("stands still for all as long as Retry-After says, then goes on slowly", async () => {
    const { ask, turns, limiter } = make(8);
    limiter.throttled(5_000);
    await Promise.all(names(3, "r").map((name) => ask(name)));
    expect(turns.map(([name]) => name)).toEqual(names(3, "r"));
    expect(turns[0]).toEqual(["r1", 5_000]);
    expect(turns[2]?.[1]).toBeGreaterThan(5_500);
});

it("stands still also for those that wait already, and the longer of two hints counts", async () => {
    const clock = new FakeClock({ auto: false });
    const { ask, turns, limiter } = make(1, clock);
    const all = [ask("r1"), ask("r2")];
    await settle();
    limiter.throttled(10_000);
    limiter.throttled(3_000);
    await clock.advance(9_999);
    expect(turns).toEqual([["r1", 0]]);
    await clock.advance(1);
    await Promise.all(all);
    expect(turns).toEqual([
        ["r1", 0],
        ["r2", 10_000],
    ]);
});

it("takes no turn away when the machine's clock is set back", async () => {
    const { ask, turns, clock } = make(2);
    await ask("r1");
    clock.jump(1_000);
    await ask("r2");
    clock.jump(-3_600_000);
    await Promise.all([ask("r3"), ask("r4")]);
    expect(turns.map(([, at]) => at)).toEqual([0, 1_000, -3_599_000, -3_598_500]);
});

it("lets somebody go who gave up, and his turn goes to the next", async () => {
    const { ask, turns } = make(1);
    const abort = new AbortController();
    const waiting = [ask("r1"), ask("r2", "write", abort.signal), ask("r3")];
    abort.abort(new Error("cancelled"));
    await expect(waiting[1]).rejects.toThrow("cancelled");
    await Promise.all([waiting[0], waiting[2]]);
    expect(turns).toEqual([
        ["r1", 0],
        ["r3", 1_000],
    ]);
});

it("takes nobody in whose signal is aborted already", async () => {
    const { limiter, clock } = make(1);
    await expect(limiter.acquire("write", AbortSignal.abort(new Error("cancelled")))).rejects.toThrow("cancelled");
    expect(clock.sleeps).toEqual([]);
});

it("tells everybody at his deadline, not when his turn would have come", async () => {
    const { ask, turns, clock } = make(1);
    const at = (ms: number) => clock.now() + ms;
    await Promise.all([
        ask("r1"),
        ask("r2", "write", undefined, at(500)),
        ask("r3", "poll", undefined, at(750)),
        ask("r4"),
        ask("r5", "write", undefined, at(1_500)),
    ]);
    expect(turns).toEqual([
        ["r1", 0],
        ["r2 too late", 500],
        ["r3 too late", 750],
        ["r4", 1_000],
        ["r5 too late", 1_500],
    ]);
});

it("hears of a deadline that comes while all stand still", async () => {
    const clock = new FakeClock({ auto: false });
    const { ask, turns, limiter } = make(1, clock);
    limiter.throttled(60_000);
    void ask("r1");
    await settle();
    void ask("r2", "write", undefined, clock.now() + 2_000);
    await clock.advance(2_000);
    expect(turns).toEqual([["r2 too late", 2_000]]);
    await clock.advance(58_000);
    expect(turns).toEqual([
        ["r2 too late", 2_000],
        ["r1", 60_000],
    ]);
});

it("gives no turn to somebody whose deadline is now", async () => {
    const { ask, turns, clock } = make(1);
    await ask("r1", "write", undefined, clock.now());
    expect(turns).toEqual([["r1 too late", 0]]);
});

it("looks at 10,000 deadlines without a timer for each", async () => {
    const clock = new FakeClock({ auto: false });
    const { ask, turns, limiter } = make(1, clock);
    limiter.throttled(60_000);
    for (const [index, name] of names(10_000, "r").entries())
        void ask(name, "write", undefined, clock.now() + 1_000 + Math.floor(index / 1_000));
    await settle();
    expect(clock.sleeping).toBe(1);
    await clock.advance(1_009);
    expect(turns.length).toBe(10_000);
    expect(clock.sleeps.length).toBeLessThan(20);
});
