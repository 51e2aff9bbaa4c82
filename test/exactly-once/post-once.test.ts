import { expect, it } from "vitest";
import type { Client } from "../../provider/client/client";
import {
    ApiError,
    AuthError,
    OperationFailedError,
    ResponseShapeError,
    TransportError,
    UncertainOutcomeError,
    WaitTimeoutError,
} from "../../provider/client/errors/errors";
import { resolveSettings } from "../../provider/client/settings/settings";
import { JOURNAL_LIFE_MS, type Journal, memoryJournal } from "../../provider/exactly-once/journal";
import {
    CLOCK_TOLERANCE_MS,
    journalKey,
    LOOK_AGAIN_MS,
    MAX_SENDS,
    noteInJournal,
    type PostPlan,
    postOnce,
    SEARCH_DELAYS_MS,
    settleJournal,
    type TimeWindow,
} from "../../provider/exactly-once/post-once";
import type { Context } from "../../provider/services/context";
import { Holders } from "../../provider/services/holders";
import { FakeClock } from "../support/fake-clock";

const lost = () => new TransportError("CreateCheckpoint: the connection was reset", { sent: true });
const api = (status: number, code = "", retryAfterMs?: number) =>
    new ApiError({ operation: "CreateCheckpoint", status, code, text: "text", retryAfterMs });

interface Parts {
    journal?: Journal;
    clock?: FakeClock;
    offsetMs?: number;
    slackMs?: () => number;
    isEngineAlive?: () => boolean;
    signal?: AbortSignal;
    wish?: unknown;
    facts?: Record<string, string>;
    /** What each POST comes to, in order; the last one counts for all that follow. */
    sends?: readonly (string | Error)[];
    /** What each look finds, in order; the last one counts for all that follow. */
    finds?: readonly (string | Error | undefined)[];
}

function make(parts: Parts = {}) {
    const clock = parts.clock ?? new FakeClock();
    const journal = parts.journal ?? memoryJournal();
    const lines: string[] = [];
    const context: Context = {
        settings: resolveSettings(
            () => undefined,
            {},
            { read: () => undefined, cwd: () => "/", home: () => undefined },
        ),
        client: {
            serverOffsetMs: () => parts.offsetMs ?? 0,
            serverOffsetSlackMs: parts.slackMs ?? (() => 0),
            baseUrl: () => "https://cbr.test",
        } as unknown as Client,
        clock,
        poller: undefined as never,
        journal,
        holders: new Holders(clock),
        isEngineAlive: async () => parts.isEngineAlive?.() ?? true,
        signal: parts.signal ?? new AbortController().signal,
        log: { status: (text) => lines.push(text), info: () => {}, warn: () => {} },
        resourceName: "it",
        urn: "urn:it",
    };
    const begun = clock.elapsed;
    const log: [what: string, at: number][] = [];
    const windows: TimeWindow[] = [];
    const factsSeen: Readonly<Record<string, string>>[] = [];
    const [sends, finds] = [[...(parts.sends ?? ["sent"])], [...(parts.finds ?? [undefined])]];
    const next = <T>(list: T[]): T => (list.length > 1 ? list.shift() : list[0]) as T;
    const once: PostPlan<string, string> = {
        request: parts.wish ?? { vaultId: "v" },
        region: "eu-de",
        facts: parts.facts ?? { name: "it-1a2b3c4d" },
        what: "CreateCheckpoint for vault v",
        whereToLook: "the backups of vault v named it-1a2b3c4d",
        deadline: clock.now() + 3_600_000,
        send: async (post) => {
            await post.onSend();
            log.push(["send", clock.elapsed - begun]);
            const answer = next(sends);
            if (answer instanceof Error) throw answer;
            return answer;
        },
        find: async (window, facts) => {
            log.push(["look", clock.elapsed - begun]);
            windows.push(window);
            factsSeen.push(facts);
            const found = next(finds);
            if (found instanceof Error) throw found;
            return found;
        },
    };
    const key = journalKey(context, "eu-de");
    /** What stands in the journal for this wish. */
    const pending = () => journal.find(key, fingerprint(), clock.now());
    const fingerprint = () => {
        let print = "";
        const write: Journal["write"] = (_, entry) => {
            print = entry.fingerprint;
        };
        noteInJournal({ ...context, journal: { ...memoryJournal(), write } }, once, {}, 0);
        return print;
    };
    return {
        context,
        once,
        clock,
        journal,
        log,
        windows,
        factsSeen,
        lines,
        pending,
        run: () => postOnce(context, once),
    };
}

/** First and last time after `begun` that fits, to the second. */
function spanOf(window: TimeWindow, begun: number): [number, number] {
    const fitting = Array.from({ length: 241 }, (_, index) => (index - 120) * 1_000).filter(
        (after) => window.contains(begun + after) === "yes",
    );
    return [fitting[0] ?? Number.NaN, fitting.at(-1) ?? Number.NaN];
}

async function errorOf(run: Promise<unknown>): Promise<Error> {
    return run.then(
        () => expect.unreachable("it should have failed"),
        (error: unknown) => error as Error,
    );
}

it("sends once and looks for nothing when the answer comes", async () => {
    const one = make();
    expect(await one.run()).toMatchObject({ how: "sent", value: "sent" });
    expect(one.log).toEqual([["send", 0]]);
});

it("notes the wish before it is sent, and forgets it only when told", async () => {
    const one = make();
    one.once.send = async (post) => {
        expect(one.pending()).toBeUndefined();
        await post.onSend();
        expect(one.pending()).toMatchObject({ startedAt: one.clock.now(), facts: { name: "it-1a2b3c4d" } });
        return "sent";
    };
    await one.run();
    expect(one.pending()).toBeDefined();
    const { startedAt = 0 } = one.pending() ?? {};
    one.clock.jump(60_000);
    noteInJournal(one.context, one.once, { checkpointId: "cp" }, startedAt);
    expect(one.pending()).toMatchObject({ startedAt, facts: { name: "it-1a2b3c4d", checkpointId: "cp" } });
    await settleJournal(one.context, "eu-de");
    expect(one.pending()).toBeUndefined();
});

it("takes busy, while one request is in doubt, for a reason to look again and not for one to wait and send", async () => {
    const busy = new ApiError(
        { operation: "CreateCheckpoint", status: 400, code: "BackupService.6125", text: "running" },
        { retry: "busy" },
    );
    const nothing = Array.from({ length: SEARCH_DELAYS_MS.length + 2 }, () => undefined);
    const one = make({ sends: [new TransportError("reset", { sent: true }), busy], finds: [...nothing, "cp"] });
    expect(await one.run()).toMatchObject({ how: "found", value: "cp" });
    expect(one.log.filter(([what]) => what === "send")).toHaveLength(2);
});

it.each([
    ["a refused parameter", api(400, "BackupService.9900")],
    ["a refused credential", new AuthError("refused")],
    ["no time left", new WaitTimeoutError("late")],
])("keeps the note of one in doubt when the next is refused for %s", async (_, error) => {
    const one = make({ sends: [lost(), error] });
    expect(await errorOf(one.run())).toBe(error);
    expect(one.pending()).toMatchObject({ startedAt: one.clock.now() - one.clock.elapsed });
});

it("looks again when one is in doubt and nothing is left to do for the next, which may be its doing", async () => {
    const nothingLeft = api(400, "BackupService.0001");
    const absent = SEARCH_DELAYS_MS.map(() => undefined);
    const found = make({ sends: [lost(), nothingLeft], finds: [...absent, "cp"] });
    expect(await found.run()).toMatchObject({ how: "found", value: "cp" });
    const none = make({ sends: [lost(), nothingLeft] });
    expect(await errorOf(none.run())).toBe(nothingLeft);
    expect(none.log.filter(([what]) => what === "send")).toHaveLength(2);
    expect(none.pending()).toBeDefined();
});

it("waits as long as Retry-After says before anything is sent again, and looks meanwhile", async () => {
    const one = make({ sends: [api(503, "", 40_000), "second"] });
    expect(await one.run()).toMatchObject({ how: "sent", value: "second" });
    expect(one.log.filter(([what]) => what === "look").map(([, at]) => at)).toEqual(SEARCH_DELAYS_MS);
    expect(one.log.at(-1)).toEqual(["send", 40_000]);
});

it("looks once more where the answer to a look told the region's time: the guess may have found another's", async () => {
    let slack = 900_000;
    const one = make({ sends: [lost()], slackMs: () => slack });
    one.once.find = async (window) => {
        const isWide = window.contains(one.clock.now() - 600_000) === "maybe";
        slack = 0;
        return isWide ? "another's" : "own";
    };
    expect(await one.run()).toMatchObject({ how: "found", value: "own" });
});

it("says when the one was sent whose effect was found, and not when the answer came", async () => {
    const clock = new FakeClock();
    const begun = clock.now();
    const one = make({ clock, sends: [lost()], finds: [undefined, undefined, "found"] });
    expect(await one.run()).toEqual({ how: "found", value: "found", sentAt: begun, facts: one.once.facts });
});

it("notes the time at which a request really left, however long a busy vault kept it", async () => {
    const one = make();
    one.once.send = async (post) => {
        expect(post.busyIsFinal).toBe(false);
        await post.onSend();
        await one.clock.sleep(3_600_000);
        await post.onSend();
        expect(one.pending()).toMatchObject({ startedAt: one.clock.now() });
        return "sent";
    };
    await one.run();
});

it("keeps the note when nobody is left to hear the answer", async () => {
    let isAlive = true;
    const one = make({ isEngineAlive: () => isAlive });
    await one.run();
    isAlive = false;
    await settleJournal(one.context, "eu-de");
    expect(one.pending()).toBeDefined();
});

it("sends nothing for a host that is gone, and leaves the note to the process that may be at the same wish by now", async () => {
    let isAlive = true;
    const one = make({ isEngineAlive: () => isAlive, sends: [lost(), "sent"] });
    one.once.find = async () => {
        isAlive = false;
        return undefined;
    };
    const gone = "CreateCheckpoint for vault v: not sent, for the engine that asked is gone.";
    expect((await errorOf(one.run())).message).toBe(gone);
    expect(one.log).toEqual([["send", 0]]);
    expect(one.pending()).toBeDefined();
    // The pause between two looks ends at once.
    const host = new AbortController();
    const slow = make({ signal: host.signal, sends: [lost(), "sent"] });
    slow.once.find = async () => {
        host.abort(new OperationFailedError("the engine is gone"));
        return undefined;
    };
    expect((await errorOf(slow.run())).message).toBe("the engine is gone");
    expect([slow.log, slow.clock.elapsed]).toEqual([[["send", 0]], 0]);
});

it.each([
    ["a connection that was never made", new TransportError("refused", { sent: false })],
    ["429", api(429, "APIGW.0308")],
    ["a busy vault", api(400, "BackupService.6125")],
    ["a refused parameter", api(400, "BackupService.9900")],
    ["a refused credential", new AuthError("refused")],
    ["no time left", new WaitTimeoutError("late")],
])("throws %s as it is, looks for nothing, sends nothing again and forgets the wish", async (_, error) => {
    const one = make({ sends: [error] });
    expect(await errorOf(one.run())).toBe(error);
    expect(one.log).toEqual([["send", 0]]);
    expect(one.pending()).toBeUndefined();
});

it.each([
    ["a reset", lost()],
    ["502", api(502)],
    ["504", api(504)],
    ["500 without a code", api(500)],
    ["9910", api(500, "BackupService.9910")],
])("finds the effect of a POST that ended with %s, and sends nothing again", async (_, error) => {
    const one = make({ sends: [error], finds: [undefined, undefined, "found"] });
    expect(await one.run()).toMatchObject({ how: "found", value: "found" });
    expect(one.log).toEqual([
        ["send", 0],
        ["look", 0],
        ["look", 1_000],
        ["look", 3_000],
    ]);
    expect(one.pending()).toBeDefined();
    expect(one.lines).toEqual(["CreateCheckpoint for vault v: the answer was lost; looking for its effect"]);
});

it("sends again only after five looks in fifteen seconds have found nothing", async () => {
    const one = make({ sends: [lost(), "second"] });
    expect(await one.run()).toMatchObject({ how: "sent", value: "second" });
    expect(one.log).toEqual([
        ["send", 0],
        ["look", 0],
        ["look", 1_000],
        ["look", 3_000],
        ["look", 7_000],
        ["look", 15_000],
        ["send", 15_000],
    ]);
    expect(SEARCH_DELAYS_MS).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
});

it("gives up after four POSTs without an answer, and says where to look", async () => {
    const one = make({ sends: [lost()] });
    const error = await errorOf(one.run());
    expect(error).toBeInstanceOf(UncertainOutcomeError);
    expect(error.message).toBe(
        "CreateCheckpoint for vault v may or may not have taken effect, and nothing was sent again: CreateCheckpoint: the connection was reset. " +
            "Then its effect was not found. Look at the backups of vault v named it-1a2b3c4d; if it is there, name its id in `adopt` " +
            "where the resource has that input, else run `pulumi up` again.",
    );
    expect(one.log.filter(([what]) => what === "send").map(([, at]) => at)).toEqual([0, 15_000, 30_000, 45_000]);
    expect(MAX_SENDS).toBe(4);
    expect(one.pending()).toBeDefined();
});

it("never sends again what the API accepted, even when its effect is not found", async () => {
    const one = make({ sends: [new ResponseShapeError("CreateCheckpoint", 200, "CreateCheckpoint: cut off.")] });
    const error = await errorOf(one.run());
    expect(error).toBeInstanceOf(UncertainOutcomeError);
    expect(one.log.map(([what]) => what)).toEqual(["send", "look", "look", "look", "look", "look"]);
});

it("looks again while the cloud cannot be asked, for as long as there is time, and sends nothing meanwhile", async () => {
    const down = new ApiError(
        { operation: "ListBackups", status: 503, code: "", text: "down", retryAfterMs: undefined },
        { retry: "backoff" },
    );
    const one = make({ sends: [lost()], finds: [down, down, "found"] });
    expect(await one.run()).toMatchObject({ how: "found", value: "found" });
    expect(one.log).toEqual([
        ["send", 0],
        ["look", 0],
        ["look", LOOK_AGAIN_MS],
        ["look", 2 * LOOK_AGAIN_MS],
    ]);
    const endless = make({ sends: [lost()], finds: [down] });
    expect((await errorOf(endless.run())).message).toContain("looking for its effect failed too");
    expect(endless.clock.elapsed).toBeLessThanOrEqual(3_600_000);
    expect(endless.pending()).toBeDefined();
});

it("sends nothing again when it cannot look", async () => {
    const one = make({ sends: [lost()], finds: [undefined, api(403, "APIGW.0302")] });
    const error = await errorOf(one.run());
    expect(error).toBeInstanceOf(UncertainOutcomeError);
    expect(error.message).toContain(
        "Then looking for its effect failed too: CreateCheckpoint: HTTP 403 APIGW.0302: text.",
    );
    expect(one.log).toEqual([
        ["send", 0],
        ["look", 0],
        ["look", 1_000],
    ]);
    expect(one.pending()).toBeDefined();
});

it("passes on the word that several things could be it", async () => {
    const several = new UncertainOutcomeError("two restore points: a, b");
    const one = make({ sends: [lost()], finds: [several] });
    expect(await errorOf(one.run())).toBe(several);
    expect(one.log.map(([what]) => what)).toEqual(["send", "look"]);
});

it("looks in the time of the region's clock, from the first POST on", async () => {
    const one = make({ sends: [lost()], offsetMs: 600_000 });
    const begun = one.clock.now();
    await errorOf(one.run());
    const there = begun + 600_000;
    const ends = one.windows.filter((_, index) => index % SEARCH_DELAYS_MS.length === 0);
    // What was cut off may be carried out as long as it is looked for.
    expect(ends.map((window) => spanOf(window, there))).toEqual(
        [15_000, 30_000, 45_000, 60_000].map((end) => [-CLOCK_TOLERANCE_MS, end + CLOCK_TOLERANCE_MS]),
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
    one.once.find = async (window, _facts, isLast) => {
        seen.push(`${window.contains(begun + 60_000)} ${isLast}`);
        slackMs = 0;
        return seen.length < 2 ? undefined : "found";
    };
    expect(await one.run()).toMatchObject({ how: "found", value: "found" });
    expect([seen, one.clock.elapsed]).toEqual([["maybe false", "no false"], 0]);
    // A single look is not the last one before the time is known.
    const left = await died();
    slackMs = 900_000;
    left.clock.jump(3_600_000);
    const next = make({ journal: left.journal, clock: left.clock, slackMs: () => slackMs });
    const lasts: boolean[] = [];
    next.once.find = async (_window, _facts, isLast) => {
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
    one.once.find = async (_window, _facts, isLast) => {
        seen.push(isLast);
        return undefined;
    };
    await one.run();
    expect(seen).toEqual([false, false, false, false, true]);
});

it("waits out the time that the POST itself took before its window ends", async () => {
    const one = make({ finds: ["found"] });
    const begun = one.clock.now();
    one.once.send = async () => {
        await one.clock.sleep(60_000);
        throw lost();
    };
    await one.run();
    expect(one.windows.map((window) => spanOf(window, begun))).toEqual([
        [-CLOCK_TOLERANCE_MS, 75_000 + CLOCK_TOLERANCE_MS],
    ]);
});

/** The state in which a process that died during its POST leaves the journal. */
async function died(more: Parts = {}) {
    const before = make({ ...more, sends: [lost()], finds: [api(403)] });
    const startedAt = before.clock.now();
    await errorOf(before.run());
    return { journal: before.journal, clock: before.clock, startedAt };
}

it("finds what an interrupted run sent, by the facts of that run, and sends nothing", async () => {
    const { journal, clock, startedAt } = await died({ facts: { name: "it-00000000" } });
    clock.jump(3_600_000);
    const one = make({ journal, clock, finds: ["found"], facts: { name: "it-ffffffff" } });
    expect(await one.run()).toMatchObject({ how: "recovered", value: "found" });
    expect(one.log).toEqual([["look", 0]]);
    expect(one.factsSeen).toEqual([{ name: "it-00000000" }]);
    expect(one.windows.map((window) => spanOf(window, startedAt))).toEqual([
        [-CLOCK_TOLERANCE_MS, 60_000 + CLOCK_TOLERANCE_MS],
    ]);
});

it("looks for what an interrupted run sent, up to the last time that it did", async () => {
    const clock = new FakeClock();
    const begun = clock.now();
    const before = make({ clock, sends: [lost()] });
    await errorOf(before.run());
    clock.jump(600_000);
    const one = make({ clock, journal: before.journal, finds: ["found"] });
    expect(await one.run()).toMatchObject({ how: "recovered", sentAt: begun });
    // Four sends, each a quarter of a minute after the one before.
    expect(one.windows.map((window) => spanOf(window, begun))).toEqual([
        [-CLOCK_TOLERANCE_MS, 45_000 + 60_000 + CLOCK_TOLERANCE_MS],
    ]);
});

it("sends when an interrupted run surely did not: one look, long after it", async () => {
    const { journal, clock } = await died();
    clock.jump(3_600_000);
    const one = make({ journal, clock });
    expect(await one.run()).toMatchObject({ how: "sent", value: "sent" });
    expect(one.log).toEqual([
        ["look", 0],
        ["send", 0],
    ]);
});

it("gives what an interrupted run sent a moment ago time to appear", async () => {
    const { journal, clock } = await died();
    clock.jump(10_000);
    const one = make({ journal, clock, finds: [undefined, undefined, "found"] });
    expect(await one.run()).toMatchObject({ how: "recovered", value: "found" });
    expect(one.log).toEqual([
        ["look", 0],
        ["look", 1_000],
        ["look", 3_000],
    ]);
});

it("sends nothing when it cannot look for what an interrupted run sent", async () => {
    const { journal, clock } = await died();
    clock.jump(3_600_000);
    const one = make({ journal, clock, finds: [api(503)] });
    const error = await errorOf(one.run());
    expect(error).toBeInstanceOf(UncertainOutcomeError);
    expect(error.message).toContain("an interrupted run had sent it. Then looking for its effect failed too");
    expect(one.log).toEqual([["look", 0]]);
    expect(one.pending()).toBeDefined();
});

it("looks for nothing when the interrupted run had wished for something else, or a day ago", async () => {
    const first = await died();
    const other = make({ ...first, wish: { vaultId: "v", triggers: { release: "2" } } });
    expect(await other.run()).toMatchObject({ how: "sent", value: "sent" });
    expect(other.log).toEqual([["send", 0]]);
    const second = await died();
    second.clock.jump(JOURNAL_LIFE_MS);
    const late = make(second);
    expect(await late.run()).toMatchObject({ how: "sent", value: "sent" });
    expect(late.log).toEqual([["send", 0]]);
});

it("knows a wish again in whatever order the host hands over its parts", async () => {
    const { journal, clock } = await died({ wish: { vaultId: "v", triggers: { a: 1, b: { c: [1, 2], d: null } } } });
    const one = make({
        journal,
        clock,
        finds: ["found"],
        wish: { triggers: { b: { d: null, c: [1, 2] }, a: 1 }, vaultId: "v" },
    });
    expect(await one.run()).toMatchObject({ how: "recovered", value: "found" });
    const swapped = make({
        journal,
        clock,
        finds: ["found"],
        wish: { vaultId: "v", triggers: { a: 1, b: { c: [2, 1], d: null } } },
    });
    expect((await swapped.run()).how).toBe("sent");
});

it("files wishes by resource and cloud", () => {
    const one = make();
    expect(journalKey(one.context, "eu-de")).toBe("urn:it|https://cbr.test");
});
