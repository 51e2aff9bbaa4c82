import { expect, it } from "vitest";
import { chain, type Link, timeLeft } from "../../../provider/client/chain/link";
import { WaitTimeoutError } from "../../../provider/client/errors/errors";
import { FakeClock } from "../../support/fake-clock";
import { callOf, good } from "./call";

it("goes through the links from the first to the last, and back", async () => {
    const seen: string[] = [];
    const named =
        (name: string): Link =>
        (next) =>
        async (call) => {
            seen.push(`to ${name}`);
            const reply = await next(call);
            seen.push(`back from ${name}`);
            return reply;
        };
    const send = chain([named("a"), named("b")], async () => {
        seen.push("sent");
        return good;
    });
    expect(await send(callOf())).toBe(good);
    expect(seen).toEqual(["to a", "to b", "sent", "back from b", "back from a"]);
});

it("counts the time until the earlier of the two ends, and throws once it is over", () => {
    const clock = new FakeClock();
    const [soon, later] = [clock.now() + 5, clock.now() + 9];
    expect(timeLeft(callOf(), clock)).toBe(Number.POSITIVE_INFINITY);
    expect(timeLeft(callOf({ deadline: later, until: soon }), clock)).toBe(5);
    expect(timeLeft(callOf({ deadline: soon, until: later }), clock)).toBe(5);
    clock.jump(5);
    expect(() => timeLeft(callOf({ deadline: soon }), clock)).toThrow(WaitTimeoutError);
});
