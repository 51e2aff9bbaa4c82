import { describe, expect, it } from "vitest";
import { AuthError, TransportError, WaitTimeoutError } from "../../provider/client/errors/errors";
import { FIRST_LOOK_MS } from "../../provider/reads/poll-schedule";
import { Poller, type PollResult, type PollSource, shouldFetchById, type Wait } from "../../provider/reads/poller";
import { FakeClock, type FakeClockOptions, settle } from "../support/fake-clock";

const HOUR = 3_600_000;

interface Look {
    readonly at: number;
    readonly questions: readonly string[];
}

/** A poller and one topic: `answer` gives what a question's look says. Random 0: no jitter. */
function make(
    answer: (question: string, look: number) => string | undefined = () => "running",
    options: FakeClockOptions = {},
) {
    const clock = new FakeClock({ random: 0, ...options });
    const poller = new Poller(clock);
    const looks: Look[] = [];
    const topic: PollSource<string, string> = {
        key: "topic",
        look: async (questions) => {
            looks.push({ at: clock.elapsed, questions: [...questions] });
            return questions.map((question) => answer(question, looks.length));
        },
    };
    const judge = (seen: string | undefined): PollResult<string> =>
        seen?.startsWith("done") ? { done: true, result: seen } : { done: false, status: seen ?? "no answer" };
    const wait = (question: string, more: Partial<Wait<string, string, string>> = {}) =>
        poller.wait({
            topic,
            question,
            evaluate: judge,
            deadline: clock.now() + HOUR,
            what: `wait for ${question}`,
            ...more,
        });
    const times = () => looks.map((look) => look.at);
    return { clock, poller, topic, looks, times, judge, wait };
}

/** Neither sooner than a second after the last look nor later than fifteen, but for chance, and never sooner than the one before. */
function expectBackingOff(pauses: readonly number[]): void {
    expect(pauses.every((ms) => ms >= 800 && ms <= 15_000)).toBe(true);
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
}

const gapsOf = (times: readonly number[]) => times.slice(1).map((at, index) => at - (times[index] ?? 0));

/** What a promise came to, and when. */
async function outcome(clock: FakeClock, promise: Promise<unknown>): Promise<[unknown, number]> {
    const end = await promise.catch((error: unknown) =>
        error instanceof Error ? `${error.name}: ${error.message}` : error,
    );
    return [end, clock.elapsed];
}

describe("with a shortest pause", () => {
    const gaps = (times: readonly number[]) => times.slice(1).map((at, index) => at - (times[index] ?? 0));

    it("looks first as always, then no sooner than the pause allows, whatever changes", async () => {
        const { wait, times } = make((_, look) => (look === 6 ? "done" : `status ${look}`), { random: 0.999 });
        await wait("a", { minPauseMs: 40_000 });
        expect(times()[0]).toBe(FIRST_LOOK_MS);
        expect(gaps(times())).toEqual([40_000, 40_000, 40_000, 40_000, 40_000]);
    });

    it("leaves longer pauses as they are", async () => {
        const slow = make((_, look) => (look === 12 ? "done" : "running"));
        await slow.wait("a", { minPauseMs: 2_000 });
        const usual = make((_, look) => (look === 12 ? "done" : "running"));
        await usual.wait("a");
        expect(gaps(slow.times())).toEqual(gaps(usual.times()).map((gap) => Math.max(gap, 2_000)));
    });

    it("counts the shortest of those that wait together, as long as they wait", async () => {
        const answer = (question: string, look: number) =>
            (question === "b" && look < 5) || look < 8 ? "running" : "done";
        const { wait, times, looks } = make((question, look) =>
            question === "b" && look === 5 ? "done" : answer(question, look),
        );
        await Promise.all([wait("a", { minPauseMs: 60_000 }), wait("b", { minPauseMs: 20_000 })]);
        expect(looks.map((look) => look.questions.join())).toEqual(["a,b", "a,b", "a,b", "a,b", "a,b", "a", "a", "a"]);
        expect(gaps(times())).toEqual([20_000, 20_000, 20_000, 20_000, 60_000, 60_000, 60_000]);
    });

    it("brings no look forward for somebody new, nor for one that is due", async () => {
        const { wait, clock, times } = make((_, look) => (look === 3 ? "done" : "running"), { auto: false });
        const waits = [wait("a", { minPauseMs: 60_000 })];
        await clock.advance(10_000);
        waits.push(wait("b", { minPauseMs: 60_000 }));
        await clock.advance(HOUR / 2);
        await Promise.all(waits);
        expect(times()).toEqual([250, 60_250, 120_250]);
    });

    it("lets no more than half of the time that is left pass without a look", async () => {
        const { wait, clock, times } = make();
        const [end] = await outcome(clock, wait("a", { minPauseMs: 600_000, deadline: clock.now() + 120_250 }));
        expect(end).toMatch(/WaitTimeoutError/);
        expect(times().slice(0, 4)).toEqual([250, 60_250, 90_250, 105_250]);
        expect(times().at(-1)).toBeGreaterThan(110_000);
        expect(times().length).toBeLessThan(12);
    });

    it("takes the poller's own where a wait names none, and the innermost of a paced one", async () => {
        const clock = new FakeClock({ random: 0 });
        const at: number[] = [];
        const topic = (key: string, ends: number): PollSource<string, string> => {
            let count = 0;
            return {
                key,
                look: async () => {
                    at.push(clock.elapsed);
                    return [++count === ends ? "done" : "running"];
                },
            };
        };
        const poller = new Poller(clock, undefined, 30_000);
        const run = async (waits: Pick<Poller, "wait">, key: string) => {
            at.length = 0;
            await waits.wait({
                topic: topic(key, 3),
                question: "q",
                deadline: clock.now() + HOUR,
                what: key,
                evaluate: (seen) => (seen === "done" ? { done: true, result: 1 } : { done: false, status: "running" }),
            });
            return gaps(at);
        };
        expect(await run(poller, "own")).toEqual([30_000, 30_000]);
        expect(await run(poller.paced(undefined), "same")).toEqual([30_000, 30_000]);
        expect(await run(poller.paced(5_000), "paced")).toEqual([5_000, 5_000]);
        expect(await run(poller.paced(5_000).paced(9_000), "twice")).toEqual([9_000, 9_000]);
        expect(await run(poller.paced(5_000).paced(undefined), "kept")).toEqual([5_000, 5_000]);
    });
});

describe("when it looks", () => {
    it("looks first after a quarter of a second, and costs one look when that is enough", async () => {
        const { wait, times } = make(() => "done");
        expect(await wait("a")).toBe("done");
        expect(times().length).toBe(1);
        expect(times()[0]).toBeLessThanOrEqual(300);
    });

    it("backs off from one second to fifteen while nothing happens: a few looks in the first minute, and four in each", async () => {
        const { wait, clock, times } = make((_, look) => (look === 20 ? "done" : "running"));
        await wait("a");
        expectBackingOff(gapsOf(times()));
        expect(gapsOf(times())[0]).toBeLessThanOrEqual(1_000);
        expect(gapsOf(times()).at(-1)).toBe(15_000);
        expect(times().filter((at) => at <= 5_000).length).toBeGreaterThanOrEqual(4);
        expect(times().filter((at) => at <= 60_000).length).toBeLessThanOrEqual(12);
        expect(clock.elapsed).toBeGreaterThanOrEqual(120_000);
    });

    it("shortens each pause by chance, by a fifth at most", async () => {
        const pausesWith = async (random: number) => {
            const { wait, times } = make((_, look) => (look === 8 ? "done" : "running"), { random });
            await wait("a");
            return gapsOf(times());
        };
        const whole = await pausesWith(0);
        const shortened = await pausesWith(0.999);
        for (const [index, ms] of shortened.entries()) {
            expect(ms).toBeLessThan(whole[index] ?? 0);
            expect(ms).toBeGreaterThanOrEqual(0.8 * (whole[index] ?? 0));
        }
    });

    it("looks more often again as soon as a status changes", async () => {
        const { wait, times } = make((_, look) => (look < 6 ? "waiting" : look < 9 ? "running" : "done"));
        await wait("a");
        const pauses = gapsOf(times());
        expectBackingOff(pauses.slice(0, 5));
        expect(pauses[4]).toBeGreaterThan(3_000);
        expect(pauses[5]).toBeLessThanOrEqual(1_000);
    });

    it("looks more often again as soon as one of many has ended", async () => {
        const { wait, times } = make((question, look) =>
            (question === "a" && look >= 6) || look >= 8 ? "done" : "running",
        );
        await Promise.all([wait("a"), wait("b")]);
        expect(gapsOf(times())[4]).toBeGreaterThan(3_000);
        expect(gapsOf(times())[5]).toBeLessThanOrEqual(1_000);
    });

    it("looks again soon for somebody new, who shares the look with those that have waited long", async () => {
        const { wait, clock, looks } = make((_, look) => (look === 11 ? "done" : "running"), { auto: false });
        const first = wait("a");
        await clock.advance(50_000);
        const before = looks.length;
        expect(looks.at(-1)?.at).toBeLessThan(50_000 - 250);
        const second = wait("b");
        await clock.advance(250);
        expect(looks.slice(before)).toEqual([{ at: 50_250, questions: ["a", "b"] }]);
        await clock.advance(HOUR / 2);
        expect(await Promise.all([first, second])).toEqual(["done", "done"]);
    });

    it("looks often for somebody new also while he is still being judged", async () => {
        const { wait, clock, looks, judge } = make((_, look) => (look >= 12 ? "done" : "running"), { auto: false });
        const first = wait("a");
        await clock.advance(50_000);
        const before = looks.length;
        const second = wait("b", {
            evaluate: async (seen) => {
                await clock.sleep(600);
                return judge(seen);
            },
        });
        await clock.advance(3_000);
        const soon = looks.slice(before).map((look) => look.at);
        expect(soon[0]).toBeLessThanOrEqual(50_300);
        expect(soon.length).toBeGreaterThanOrEqual(3);
        await clock.advance(60_000);
        expect(await Promise.all([first, second])).toEqual(["done", "done"]);
    });

    it("puts the next look off for nobody: many that come one after the other do not starve the first", async () => {
        const { wait, clock, times } = make((_, look) => (look >= 4 ? "done" : "running"), { auto: false });
        const all = [wait("0")];
        for (let index = 1; index <= 20; index++) {
            await clock.advance(100);
            all.push(wait(String(index)));
        }
        await clock.advance(5_000);
        await Promise.all(all);
        expect(times()[0]).toBe(250);
        expect(times()[1]).toBeLessThanOrEqual(600);
    });
});

describe("what it learns of those that have ended", () => {
    /** Waits of which each takes so long, in milliseconds: `5000 a`. */
    function lasting(options: FakeClockOptions = {}) {
        const begun = new Map<string, number>();
        const { clock, wait, times, looks } = make(
            (question) =>
                clock.elapsed - (begun.get(question) ?? 0) >= Number.parseInt(question, 10) ? "done" : "running",
            options,
        );
        const begin = (question: string) => {
            begun.set(question, clock.elapsed);
            return wait(question);
        };
        return { clock, begin, times, looks };
    }

    it("looks when the next should have ended, not a quarter of a second after he came", async () => {
        const { clock, begin, times } = lasting();
        await begin("5000 a");
        // Whatever the first looks told: the next is expected to take as long as this one did.
        const usual = clock.elapsed;
        expect(usual).toBeLessThanOrEqual(8_500);
        await begin("5000 b");
        const later = times().filter((at) => at > usual);
        expect(later[0]).toBeGreaterThanOrEqual(usual + 1_000);
        expect(later.at(-1)).toBeLessThanOrEqual(2 * usual);
        expect(later.length).toBeLessThanOrEqual(5);
    });

    it("takes the quickest of the last ten for usual", async () => {
        const { clock, begin, times } = lasting({ random: [0.1, 0.7, 0.4, 0.9, 0.2, 0.6, 0.3] });
        const took: number[] = [];
        const lookedBetween = (from: number, to: number) => times().some((at) => at >= from && at <= to);
        const one = async (question: string) => {
            const since = clock.elapsed;
            await begin(question);
            took.push(clock.elapsed - since);
            return since;
        };
        for (let index = 0; index < 12; index++) await one(`100000 ${index}`);
        expect(took).toEqual([...took].sort((a, b) => b - a));
        // Within a twentieth, as those that are due together share a look.
        const quickest = Math.min(...took);
        const since = await one("200000 0");
        expect(lookedBetween(since + quickest, since + quickest * 1.05)).toBe(true);
        for (let index = 1; index < 10; index++) await one(`200000 ${index}`);
        const usual = Math.min(...took.slice(-10));
        expect(usual).toBeGreaterThanOrEqual(200_000);
        for (let index = 10; index < 15; index++) await one(`200000 ${index}`);
        expect(Math.max(...took.slice(-5))).toBeLessThanOrEqual(usual);
    });

    it("gives those that are due at nearly the same time one look", async () => {
        const { clock, begin, looks } = lasting();
        await begin("5000 a");
        const usual = clock.elapsed;
        const before = looks.length;
        const all: Promise<string>[] = [];
        for (let index = 0; index < 10; index++) {
            all.push(begin(`5000 ${index}`));
            await clock.sleep(10);
        }
        await Promise.all(all);
        expect(looks.length - before).toBeLessThanOrEqual(6);
        expect(clock.elapsed).toBeLessThanOrEqual(2 * usual + 100 + 250);
    });

    it("looks as for the first when it has learned that they end at once", async () => {
        const { clock, begin, times } = lasting();
        for (let index = 0; index < 3; index++) await begin(`0 ${index}`);
        const before = clock.elapsed;
        await begin("1000 a");
        expect(times().filter((at) => at > before)).toEqual([before + 250, before + 1_250]);
    });
});

describe("what percentages foretell", () => {
    /** Looks at something that takes so long and shows how far it is; how late its end was seen. */
    async function follow(ms: number, percentAt: (share: number) => number | undefined) {
        const { clock, times, wait } = make((question) => question);
        const begun = clock.now();
        await wait("a", {
            evaluate: () => {
                const share = (clock.now() - begun) / ms;
                if (share >= 1) return { done: true, result: "done" };
                return { done: false, status: "running", percent: percentAt(share) };
            },
            deadline: begun + 10 * HOUR,
        });
        return { looks: times().length, late: clock.now() - begun - ms, gaps: gapsOf(times()) };
    }
    const steady = (share: number) => Math.floor(share * 100);
    const quickAtFirst = (share: number) => Math.floor(Math.sqrt(share) * 100);
    const none = () => undefined;

    it.each([
        ["20 seconds", 20_000, 15, 1_000],
        ["one minute", 60_000, 20, 1_000],
        ["five minutes", 300_000, 45, 3_000],
        ["an hour", HOUR, 310, 8_000],
    ])("sees the end of what takes %s soon, with few looks", async (_what, ms, looks, late) => {
        for (const percentAt of [steady, quickAtFirst]) {
            const seen = await follow(ms, percentAt);
            expect(seen.looks).toBeLessThanOrEqual(looks);
            expect(seen.late).toBeLessThanOrEqual(late);
        }
    });

    it("looks no more often for a percentage that moves while the end is far", async () => {
        const moving = await follow(HOUR, steady);
        const silent = await follow(HOUR, none);
        expect(moving.looks).toBeLessThanOrEqual(silent.looks + 12);
        expect(moving.gaps.slice(20, 100).every((ms) => ms > 10_000)).toBe(true);
    });

    it("backs off as ever when what should have ended has not", async () => {
        const stuck = await follow(HOUR, (share) => Math.min(99, Math.floor(share * 400)));
        const silent = await follow(HOUR, none);
        expect(stuck.looks).toBeLessThanOrEqual(silent.looks + 25);
        expect(Math.max(...stuck.gaps)).toBeLessThanOrEqual(15_000);
    });

    it("begins anew when a percentage falls, and takes none that stays for a pace", async () => {
        const again = await follow(300_000, (share) => Math.floor(((2 * share) % 1) * 100));
        expect(again.late).toBeLessThanOrEqual(3_000);
        const still = await follow(300_000, () => 50);
        const silent = await follow(300_000, none);
        expect(still.gaps).toEqual(silent.gaps);
    });
});

describe("one look for all", () => {
    it("asks all questions in one look, and hands each waiter its own answer", async () => {
        const { wait, looks } = make((question) => `done ${question}`);
        expect(await Promise.all(["a", "b", "c"].map((one) => wait(one)))).toEqual(["done a", "done b", "done c"]);
        expect(looks).toEqual([{ at: 250, questions: ["a", "b", "c"] }]);
    });

    it("asks no more for those that have ended", async () => {
        const { wait, looks } = make((question, look) => (look >= Number(question) ? "done" : "running"));
        await Promise.all(["1", "2", "3"].map((one) => wait(one)));
        expect(looks.map((look) => look.questions)).toEqual([["1", "2", "3"], ["2", "3"], ["3"]]);
    });

    it("keeps topics apart", async () => {
        const { poller, clock, judge } = make();
        const asked: string[] = [];
        const topic = (key: string): PollSource<string, string> => ({
            key,
            look: async (questions) => {
                asked.push(`${key}: ${questions.join(",")}`);
                return questions.map(() => "done");
            },
        });
        const wait = (key: string, question: string) =>
            poller.wait({ topic: topic(key), question, evaluate: judge, deadline: clock.now() + HOUR, what: question });
        await Promise.all([wait("eu-de", "a"), wait("eu-nl", "b"), wait("eu-de", "c")]);
        expect(asked.sort()).toEqual(["eu-de: a,c", "eu-nl: b"]);
    });

    it("stays flat with 10,000 that wait: one look and one timer a tick", async () => {
        const { wait, clock, looks } = make((_, look) => (look === 5 ? "done" : "running"), { auto: false });
        const all = Array.from({ length: 10_000 }, (_, index) => wait(String(index)));
        await settle();
        expect(clock.sleeping).toBe(1);
        await clock.advance(20_000);
        await Promise.all(all);
        expect(looks.map((look) => look.questions.length)).toEqual(Array(5).fill(10_000));
        expect(clock.sleeps.length).toBe(5);
        expect(clock.sleeping).toBe(0);
    });

    it("asks by id at the 1st, 2nd and 4th look that shows nothing, then at every 8th", () => {
        const turns = Array.from({ length: 40 }, (_, index) => index + 1).filter(shouldFetchById);
        expect(turns).toEqual([1, 2, 4, 8, 16, 24, 32, 40]);
    });

    it("tells a look when the first of those that wait gives up", async () => {
        const { clock, poller, judge } = make();
        const ends: number[] = [];
        const topic: PollSource<string, string> = {
            key: "until",
            look: async (questions, until) => {
                ends.push(until - clock.now() + clock.elapsed);
                return questions.map(() => "done");
            },
        };
        const begun = clock.now();
        const wait = (question: string, ms: number) =>
            poller.wait({ topic, question, evaluate: judge, deadline: begun + ms, what: question });
        await Promise.all([wait("a", HOUR), wait("b", 30_000), wait("c", 60_000)]);
        expect(ends).toEqual([30_000]);
    });

    it("ends the waits of a topic that says so after three refusals in a row, and no others", async () => {
        const refused = new AuthError("not allowed");
        const blip = new TransportError("reset", { sent: true });
        for (const refusalEnds of [true, undefined] as const) {
            const { clock, poller, judge } = make();
            const answers = [refused, refused, blip, refused, refused, refused];
            const topic: PollSource<string, string> = {
                key: "refused",
                ...(refusalEnds === undefined ? {} : { refusalEnds }),
                look: async () => {
                    const error = answers.shift();
                    if (error === undefined) return ["done"];
                    throw error;
                },
            };
            const end = poller.wait({ topic, question: "a", evaluate: judge, deadline: clock.now() + HOUR, what: "a" });
            if (refusalEnds) await expect(end).rejects.toBe(refused);
            else expect(await end).toBe("done");
            expect(answers).toEqual([]);
        }
    });

    it("lets the rest of the process have its turn when thousands finish at once and each makes a call", async () => {
        const { wait, clock, looks } = make(() => "done");
        const judge = async (seen: string | undefined) => ({ done: true, result: seen ?? "" }) as const;
        await Promise.all(Array.from({ length: 1_000 }, (_, index) => wait(String(index), { evaluate: judge })));
        expect(looks.length).toBe(1);
        expect(clock.sleeps.slice(1)).toEqual([0, 0, 0, 0, 0]);
    });

    it("takes somebody in who comes during a look, and looks for him a quarter of a second later", async () => {
        const { clock, poller, judge } = make();
        const looks: Look[] = [];
        let second: Promise<string> | undefined;
        const topic: PollSource<string, string> = {
            key: "slow",
            look: async (questions) => {
                looks.push({ at: clock.elapsed, questions: [...questions] });
                if (looks.length === 1) {
                    await clock.sleep(100);
                    second = wait("b");
                    await clock.sleep(100);
                }
                return questions.map(() => (looks.length === 3 ? "done" : "running"));
            },
        };
        const wait = (question: string) =>
            poller.wait({ topic, question, evaluate: judge, deadline: clock.now() + HOUR, what: question });
        await wait("a");
        await second;
        expect(looks).toEqual([
            { at: 250, questions: ["a"] },
            { at: 600, questions: ["a", "b"] },
            { at: 1_600, questions: ["a", "b"] },
        ]);
    });

    it("begins a new round once all have gone, with short pauses again", async () => {
        let end = 5;
        const { wait, clock, times } = make((_, look) => (look >= end ? "done" : "running"));
        await wait("a");
        const between = clock.elapsed;
        clock.jump(60_000);
        end = 7;
        await wait("b");
        expect(times().slice(5)).toEqual([between + 61_000, between + 62_000]);
        expect(clock.sleeping).toBe(0);
    });

    it("begins again for somebody who comes in the very moment the last one goes", async () => {
        const { wait, looks } = make(() => "done");
        const second = wait("a").then(() => wait("b"));
        expect(await second).toBe("done");
        expect(looks.map((look) => look.questions)).toEqual([["a"], ["b"]]);
    });
});

describe("what harms nobody else", () => {
    it("ends one wait only with what its judge throws", async () => {
        const { wait, clock, looks } = make((_, look) => (look === 3 ? "done" : "running"));
        const bad = wait("bad", {
            evaluate: () => {
                throw new Error("it failed");
            },
        });
        const good = wait("good");
        expect(await outcome(clock, bad)).toEqual(["Error: it failed", 250]);
        expect(await good).toBe("done");
        expect(looks.map((look) => look.questions)).toEqual([["bad", "good"], ["good"], ["good"]]);
    });

    it("ends one wait only with what its judge comes to later", async () => {
        const { wait, clock, looks } = make((_, look) => (look === 3 ? "done" : "running"));
        const bad = wait("bad", {
            evaluate: async () => {
                await clock.sleep(100);
                throw new Error("it failed");
            },
        });
        const good = wait("good");
        expect(await outcome(clock, bad)).toEqual(["Error: it failed", 350]);
        expect(await good).toBe("done");
        expect(looks.map((look) => look.questions)).toEqual([["bad", "good"], ["good"], ["good"]]);
    });

    it("looks for the others while one is still being judged, and does not ask for that one meanwhile", async () => {
        const { wait, clock, looks, judge } = make((_, look) => (look === 4 ? "done" : "running"));
        let judged = 0;
        const slow = wait("slow", {
            evaluate: async (seen) => {
                judged++;
                await clock.sleep(2_000);
                return judge(judged === 2 ? "done" : seen);
            },
        });
        await Promise.all([slow, wait("quick")]);
        expect(looks.map((look) => look.questions)).toEqual([
            ["slow", "quick"],
            ["quick"],
            ["slow", "quick"],
            ["quick"],
        ]);
    });

    it("harms nobody when a look fails: all count as unanswered, and the next look comes later", async () => {
        const { clock, poller, judge } = make();
        let looks = 0;
        const seen: (string | undefined)[] = [];
        const topic: PollSource<string, string> = {
            key: "failing",
            look: async (questions) => {
                looks++;
                if (looks <= 3) throw new TransportError("reset", { sent: true });
                return questions.map(() => "done");
            },
        };
        const wait = (question: string) =>
            poller.wait({
                topic,
                question,
                deadline: clock.now() + HOUR,
                what: question,
                evaluate: (answer) => {
                    seen.push(answer);
                    return judge(answer);
                },
            });
        expect(await Promise.all([wait("a"), wait("b")])).toEqual(["done", "done"]);
        expect(seen).toEqual([undefined, undefined, undefined, undefined, undefined, undefined, "done", "done"]);
        expectBackingOff(clock.sleeps.slice(1));
    });

    it("survives a look that throws before it begins", async () => {
        const { clock, poller, judge } = make();
        let looks = 0;
        const topic: PollSource<string, string> = {
            key: "throwing",
            look: (questions) => {
                if (looks++ === 0) throw new TypeError("a bug");
                return Promise.resolve(questions.map(() => "done"));
            },
        };
        expect(
            await poller.wait({ topic, question: "a", evaluate: judge, deadline: clock.now() + HOUR, what: "a" }),
        ).toBe("done");
    });

    it("gives no answer to what the look does not know, and goes on asking", async () => {
        const seen: (string | undefined)[] = [];
        const { wait, judge } = make((question, look) => (question === "known" || look === 3 ? "done" : undefined));
        const unknown = wait("unknown", {
            evaluate: (answer) => {
                seen.push(answer);
                return judge(answer);
            },
        });
        expect(await Promise.all([wait("known"), unknown])).toEqual(["done", "done"]);
        expect(seen).toEqual([undefined, undefined, "done"]);
    });

    it("takes a look that answers too little for one that knows nothing of the rest", async () => {
        const { clock, poller, judge } = make();
        let looks = 0;
        const topic: PollSource<string, string> = {
            key: "short",
            look: async () => (++looks === 1 ? ["done"] : ["done", "done"]),
        };
        const wait = (question: string) =>
            poller.wait({ topic, question, evaluate: judge, deadline: clock.now() + HOUR, what: question });
        expect(await Promise.all([wait("a"), wait("b")])).toEqual(["done", "done"]);
        expect(looks).toBe(2);
    });

    it("goes on when a progress line cannot be shown", async () => {
        const { wait } = make((_, look) => (look === 2 ? "done" : "running"));
        const mute = wait("mute", {
            onLook: () => {
                throw new Error("no engine");
            },
        });
        expect(await Promise.all([mute, wait("other")])).toEqual(["done", "done"]);
    });
});

describe("deadlines", () => {
    it("ends each wait at its own deadline, to the millisecond, and says what it saw", async () => {
        const { wait, clock, looks } = make((_, look) => (look < 3 ? "waiting" : "running"));
        const at = (ms: number) => ({ deadline: clock.now() + ms });
        const short = outcome(clock, wait("short", at(2_000)));
        const long = outcome(clock, wait("long", at(8_000)));
        expect(await short).toEqual([
            "WaitTimeoutError: wait for short: not finished after 2 s; seen: waiting × 2.",
            2_000,
        ]);
        const [message, at8] = await long;
        expect(at8).toBe(8_000);
        expect(message).toMatch(
            /^WaitTimeoutError: wait for long: not finished after 8 s; seen: waiting × 2, running × [2-5]\.$/,
        );
        const asked = looks.map((look) => look.questions);
        expect(asked.slice(0, 2)).toEqual([
            ["short", "long"],
            ["short", "long"],
        ]);
        expect(new Set(asked.slice(2).flat())).toEqual(new Set(["long"]));
    });

    it("says when there was no answer at all, and what became of the last look", async () => {
        const { clock, poller, judge } = make();
        const topic: PollSource<string, string> = {
            key: "down",
            look: async () => {
                throw new TransportError("ListBackups: connection refused", { sent: false });
            },
        };
        const wait = poller.wait({
            topic,
            question: "a",
            evaluate: (answer) => (answer === undefined ? { done: false, status: "unknown" } : judge(answer)),
            deadline: clock.now() + 3_000,
            what: "restore point 1",
        });
        expect(await outcome(clock, wait)).toEqual([
            "WaitTimeoutError: restore point 1: not finished after 3 s; seen: unknown × 3. The last look failed: ListBackups: connection refused",
            3_000,
        ]);
    });

    it("forgets the failure of a look once another one worked", async () => {
        const { clock, poller, judge } = make();
        let looks = 0;
        const topic: PollSource<string, string> = {
            key: "once",
            look: async () => {
                if (looks++ === 0) throw new TransportError("reset", { sent: true });
                return ["running"];
            },
        };
        const wait = poller.wait({ topic, question: "a", evaluate: judge, deadline: clock.now() + 2_000, what: "a" });
        expect((await outcome(clock, wait))[0]).toBe(
            "WaitTimeoutError: a: not finished after 2 s; seen: no answer × 1, running × 1.",
        );
    });

    it("does not look at all when no time is left to begin with", async () => {
        const { wait, clock, looks } = make(() => "done");
        expect(await outcome(clock, wait("a", { deadline: clock.now() }))).toEqual([
            "WaitTimeoutError: wait for a: not finished after 0 s; seen: no answer.",
            0,
        ]);
        expect([looks, clock.sleeps]).toEqual([[], []]);
    });

    it("keeps the deadline also of one whose judge hangs", async () => {
        const { wait, clock } = make();
        const hanging = wait("a", { evaluate: () => new Promise(() => {}), deadline: clock.now() + 5_000 });
        await expect(hanging).rejects.toBeInstanceOf(WaitTimeoutError);
        expect([clock.elapsed, clock.sleeping]).toEqual([5_000, 0]);
    });

    it("counts an answer that comes with a look that began in time", async () => {
        const { clock, poller, judge } = make();
        const topic: PollSource<string, string> = {
            key: "slow",
            look: async () => {
                await clock.sleep(1_000);
                return ["done"];
            },
        };
        expect(
            await poller.wait({ topic, question: "a", evaluate: judge, deadline: clock.now() + 500, what: "a" }),
        ).toBe("done");
    });

    it("says nothing more of a wait that has ended while it was judged", async () => {
        const lines: string[] = [];
        const { wait, clock } = make();
        const late = wait("late", {
            deadline: clock.now() + 500,
            onLook: (status) => lines.push(status),
            evaluate: async () => {
                await clock.sleep(1_000);
                return { done: false, status: "late" };
            },
        });
        await expect(late).rejects.toBeInstanceOf(WaitTimeoutError);
        const other = wait("other", { deadline: clock.now() + 2_000 });
        await expect(other).rejects.toBeInstanceOf(WaitTimeoutError);
        expect(lines).toEqual([]);
    });
});

describe("giving up", () => {
    it("ends all waits of a poller whose host is gone, and takes no new ones", async () => {
        const clock = new FakeClock({ random: 0, auto: false });
        const host = new AbortController();
        const poller = new Poller(clock, host.signal);
        const wait = (key: string) =>
            poller.wait({
                topic: { key, look: async (questions: readonly string[]) => questions },
                question: key,
                evaluate: () => ({ done: false, status: "running" }),
                deadline: clock.now() + HOUR,
                what: key,
            });
        const waits = ["a", "a", "b"].map((key) => outcome(clock, wait(key)));
        await clock.advance(2_000);
        host.abort(new Error("the engine is gone"));
        expect(await Promise.all(waits)).toEqual(Array(3).fill(["Error: the engine is gone", 2_000]));
        await expect(wait("c")).rejects.toThrow("the engine is gone");
        await settle();
        expect(clock.sleeping).toBe(0);
    });

    it("looks no more when the host goes during a look, and drops what that look brings", async () => {
        const clock = new FakeClock({ random: 0, auto: false });
        const host = new AbortController();
        const poller = new Poller(clock, host.signal);
        let looks = 0;
        const look = async (questions: readonly string[]) => {
            looks++;
            await clock.sleep(50);
            return questions;
        };
        const judged: string[] = [];
        const gone = poller.wait({
            topic: { key: "slow", look },
            question: "a",
            evaluate: (answer) => {
                judged.push(answer ?? "");
                return { done: false, status: "running" };
            },
            deadline: clock.now() + HOUR,
            what: "a",
        });
        const ended = expect(gone).rejects.toThrow("the engine is gone");
        await clock.advance(270);
        host.abort(new Error("the engine is gone"));
        await ended;
        await clock.advance(60_000);
        expect([looks, judged, clock.sleeping]).toEqual([1, [], 0]);
    });
});

it("tells after each look what was seen, for how long, and how many wait", async () => {
    const { wait } = make((question, look) => (look === (question === "a" ? 3 : 2) ? "done" : "running"));
    const lines: [string, number, number][] = [];
    const noted = wait("a", {
        onLook: (status, elapsedMs, waiting) => lines.push([status, elapsedMs, waiting]),
        evaluate: (answer) =>
            answer === "done"
                ? { done: true, result: "done" }
                : { done: false, status: "running", note: "running 40 %" },
    });
    await Promise.all([noted, wait("b")]);
    expect(lines).toEqual([
        ["running 40 %", 250, 2],
        ["running 40 %", 1_250, 2],
    ]);
});
