import { describe, expect, it } from "vitest";
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
import { holdingNotes, MAX_SENDS, noteOutcome } from "../../provider/exactly-once/post-once";
import { LOOK_AGAIN_MS, SEARCH_DELAYS_MS } from "../../provider/exactly-once/search";
import { FakeClock } from "../support/fake-clock";
import { api, errorOf, lost, make } from "./requests";

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
