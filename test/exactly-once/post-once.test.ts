import { describe, expect, it } from "vitest";
import type { Client } from "../../provider/client/client";
import {
    ApiError,
    AuthError,
    OperationFailedError,
    PartialCreateError,
    ResponseShapeError,
    TransportError,
    UncertainOutcomeError,
    WaitTimeoutError,
} from "../../provider/client/errors/errors";
import { resolveSettings } from "../../provider/client/settings/settings";
import { createJournal, type Note } from "../../provider/exactly-once/journal";
import { memoryStore, type NoteStore } from "../../provider/exactly-once/note-store";
import { holdingNotes, MAX_SENDS, noteOutcome, type PostPlan, postOnce } from "../../provider/exactly-once/post-once";
import { LOOK_AGAIN_MS, SEARCH_DELAYS_MS } from "../../provider/exactly-once/search";
import { CLOCK_TOLERANCE_MS, type Span, type TimeWindow } from "../../provider/exactly-once/time-window";
import type { Context } from "../../provider/services/context";
import { Holders } from "../../provider/services/holders";
import { FakeClock } from "../support/fake-clock";

const lost = () => new TransportError("CreateCheckpoint: the connection was reset", { sent: true });
const api = (status: number, code = "", retryAfterMs?: number) =>
    new ApiError({ operation: "CreateCheckpoint", status, code, text: "text", retryAfterMs });

interface Parts {
    /** The machine's notes. */
    store?: NoteStore;
    clock?: FakeClock;
    offsetMs?: number;
    slackMs?: () => number;
    isEngineAlive?: () => boolean;
    signal?: AbortSignal;
    request?: unknown;
    projectId?: string;
    part?: string;
    isUnique?: boolean;
    isRunning?: boolean;
    doubted?: Span;
    budgetMs?: number;
    facts?: Record<string, string>;
    /** What each POST comes to, in order; the last one counts for all that follow. */
    sends?: readonly (string | Error)[];
    /** What each look finds, in order; the last one counts for all that follow. */
    finds?: readonly (string | Error | undefined)[];
}

function make(parts: Parts = {}) {
    const clock = parts.clock ?? new FakeClock();
    const store = parts.store ?? memoryStore();
    const journal = createJournal(store);
    const lines: string[] = [];
    const warnings: string[] = [];
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
        log: { status: (text) => lines.push(text), info: () => {}, warn: (text) => warnings.push(text) },
        resourceName: "it",
        urn: "urn:it",
    };
    const begun = clock.elapsed;
    const log: [what: string, at: number][] = [];
    const windows: TimeWindow[] = [];
    const factsSeen: Readonly<Record<string, string>>[] = [];
    const [sends, finds] = [[...(parts.sends ?? ["sent"])], [...(parts.finds ?? [undefined])]];
    const next = <T>(list: T[]): T => (list.length > 1 ? list.shift() : list[0]) as T;
    const { isUnique, isRunning, doubted, part } = parts;
    const plan: PostPlan<string, string> = {
        request: parts.request ?? { vaultId: "v" },
        target: { region: "eu-de", projectId: parts.projectId ?? "p" },
        ...(part === undefined ? {} : { part }),
        ...(isUnique === undefined ? {} : { isUnique }),
        ...(isRunning === undefined ? {} : { isRunning: () => isRunning }),
        doubted,
        made: (value) => `restore point ${value}`,
        facts: parts.facts ?? { name: "it-1a2b3c4d" },
        what: "CreateCheckpoint for vault v",
        whereToLook: "the backups of vault v named it-1a2b3c4d",
        deadline: clock.now() + (parts.budgetMs ?? 3_600_000),
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
    /** What stands in the store for this resource. */
    const pending = (): Note | undefined => notes(store)[0];
    return {
        context,
        plan,
        clock,
        store,
        log,
        windows,
        factsSeen,
        lines,
        warnings,
        pending,
        run: () => postOnce(context, plan),
    };
}

function notes(store: NoteStore): Note[] {
    return store.list("").map((file) => JSON.parse(store.read(file) ?? "") as Note);
}

/** First and last time after `begun` that fits, to the second. */
function spanOf(window: TimeWindow, begun: number): [number, number] {
    const fitting = Array.from({ length: 601 }, (_, index) => (index - 120) * 1_000).filter(
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

it("notes the request before it is sent, and what it made, and keeps the note when its create has ended", async () => {
    const one = make({ offsetMs: 5_000 });
    one.plan.send = async (post) => {
        expect(one.pending()).toBeUndefined();
        await post.onSend();
        expect(one.pending()).toEqual({
            urn: "urn:it",
            what: "CreateCheckpoint for vault v",
            whereToLook: "the backups of vault v named it-1a2b3c4d",
            place: "https://cbr.test p",
            fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
            startedAt: one.clock.now(),
            offsetMs: 5_000,
            until: one.clock.now() + 3_600_000,
            facts: { name: "it-1a2b3c4d" },
        });
        return "sent";
    };
    const outcome = await one.run();
    one.clock.jump(60_000);
    noteOutcome(one.context, one.plan, outcome, { facts: { checkpointId: "cp" }, resourceId: "cp" });
    const known = { facts: { name: "it-1a2b3c4d", checkpointId: "cp" }, resourceId: "cp", made: "restore point sent" };
    expect(one.pending()).toMatchObject({ startedAt: one.clock.now() - 60_000, ...known });
    expect(await one.context.journal.find("urn:it")).toEqual([]);
    expect(
        await holdingNotes(
            one.context,
            [outcome],
            () => true,
            async () => "done",
        ),
    ).toBe("done");
    expect(await one.context.journal.find("urn:it")).toMatchObject([known]);
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
    const one = make({ sends: [api(503, "", 90_000), "second"] });
    expect(await one.run()).toMatchObject({ how: "sent", value: "second" });
    expect(one.log.filter(([what]) => what === "look").map(([, at]) => at)).toEqual(SEARCH_DELAYS_MS);
    expect(one.log.at(-1)).toEqual(["send", 90_000]);
});

it("looks once more where the answer to a look told the region's time: the guess may have found another's", async () => {
    let slack = 900_000;
    const one = make({ sends: [lost()], slackMs: () => slack });
    one.plan.find = async (window) => {
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
    expect(await one.run()).toMatchObject({ how: "found", value: "found", sentAt: begun });
});

it("tells what is proven by a unique name from what was found by place and time only", async () => {
    const found = { sends: [lost()], finds: ["found"] };
    expect(await make({ ...found, isUnique: true }).run()).toMatchObject({ isProven: true });
    const guess = make(found);
    const outcome = await guess.run();
    expect(outcome).toMatchObject({ isProven: false });
    noteOutcome(guess.context, guess.plan, outcome, { facts: {}, resourceId: "cp" });
    expect(guess.pending()).toMatchObject({ resourceId: "cp", unproven: true });
    // Its id is known from then on, and whose it is is not.
    const next = make({ clock: guess.clock, store: guess.store, finds: ["found"] });
    expect(await next.run()).toMatchObject({ how: "recovered", isProven: false });
    expect(await make().run()).toMatchObject({ how: "sent", isProven: true });
});

it("says that an earlier effect may come to light yet when another request had to be sent", async () => {
    expect(await make().run()).toMatchObject({ wasRepeated: false });
    expect(await make({ sends: [lost(), "second"] }).run()).toMatchObject({ how: "sent", wasRepeated: true });
    expect(await make({ sends: [lost()], finds: ["found"] }).run()).toMatchObject({ wasRepeated: false });
});

it("notes the time at which a request really left, however long a busy vault kept it", async () => {
    const one = make();
    one.plan.send = async (post) => {
        expect(post.busyIsFinal).toBe(false);
        await post.onSend();
        await one.clock.sleep(3_600_000);
        await post.onSend();
        expect(one.pending()).toMatchObject({ startedAt: one.clock.now() });
        return "sent";
    };
    await one.run();
});

describe("a failure after the request", () => {
    const partial = new PartialCreateError("cp", { status: "error" }, ["it failed"]);
    const fail = async (one: ReturnType<typeof make>, error: unknown, hasEnded = true) => {
        const outcome = await one.run();
        noteOutcome(one.context, one.plan, outcome, { facts: {}, resourceId: "cp" });
        const run = holdingNotes(
            one.context,
            [outcome],
            () => hasEnded,
            () => Promise.reject(error),
        );
        expect(await errorOf(run)).toBe(error);
    };

    it("that is final leaves no note for other runs: its id has been told", async () => {
        const one = make();
        await fail(one, partial);
        expect(one.pending()).toBeUndefined();
    });

    it("is gone on from by the same process, for the same request", async () => {
        const one = make({ finds: ["cp"] });
        await fail(one, partial);
        expect(await one.run()).toMatchObject({ how: "recovered", value: "cp" });
        expect(one.log.map(([what]) => what)).toEqual(["send", "look"]);
    });

    it.each([
        ["while it still runs", partial, false, true],
        ["that nobody hears", partial, true, false],
        ["of another kind", new OperationFailedError("no"), true, true],
    ])("%s leaves the note", async (_, error, hasEnded, isHeard) => {
        let isAlive = true;
        const one = make({ isEngineAlive: () => isAlive });
        await one.run().then(async (outcome) => {
            noteOutcome(one.context, one.plan, outcome, { facts: {}, resourceId: "cp" });
            isAlive = isHeard;
            const run = holdingNotes(
                one.context,
                [outcome],
                () => hasEnded,
                () => Promise.reject(error),
            );
            await errorOf(run);
        });
        expect(one.pending()).toMatchObject({ resourceId: "cp" });
    });
});

it("sends nothing for a host that is gone, and leaves the note to the process that may be at the same request by now", async () => {
    let isAlive = true;
    const one = make({ isEngineAlive: () => isAlive, sends: [lost(), "sent"] });
    one.plan.find = async () => {
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
    slow.plan.find = async () => {
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
])("throws %s as it is, looks for nothing, sends nothing again and forgets the request", async (_, error) => {
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

it("sends again only after a minute of looks has found nothing: lists lag, and a 504 may come before the effect", async () => {
    const one = make({ sends: [lost(), "second"] });
    expect(await one.run()).toMatchObject({ how: "sent", value: "second" });
    expect(one.log).toEqual([
        ["send", 0],
        ["look", 0],
        ["look", 1_000],
        ["look", 3_000],
        ["look", 7_000],
        ["look", 15_000],
        ["look", 30_000],
        ["look", 45_000],
        ["look", 60_000],
        ["send", 60_000],
    ]);
    expect(SEARCH_DELAYS_MS.at(-1)).toBe(60_000);
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
    expect(one.log.filter(([what]) => what === "send").map(([, at]) => at)).toEqual([0, 60_000, 120_000, 180_000]);
    expect(MAX_SENDS).toBe(4);
    expect(one.pending()).toBeDefined();
});

it("never sends again what the API accepted, even when its effect is not found", async () => {
    const one = make({ sends: [new ResponseShapeError("CreateCheckpoint", 200, "CreateCheckpoint: cut off.")] });
    const error = await errorOf(one.run());
    expect(error).toBeInstanceOf(UncertainOutcomeError);
    expect(one.log.map(([what]) => what)).toEqual(["send", ...SEARCH_DELAYS_MS.map(() => "look")]);
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

/** The notes that a process leaves that died during its POST. */
async function died(more: Parts = {}) {
    const before = make({ ...more, sends: [lost()], finds: [api(403)] });
    const startedAt = before.clock.now();
    await errorOf(before.run());
    return { store: before.store, clock: before.clock, startedAt };
}

/** And one that had its answer, and died in the wait. */
async function diedWaiting(more: Parts = {}) {
    const before = make(more);
    const startedAt = before.clock.now();
    const outcome = await before.run();
    noteOutcome(before.context, before.plan, outcome, { facts: { checkpointId: "cp" }, resourceId: "cp" });
    return { store: before.store, clock: before.clock, startedAt };
}

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
