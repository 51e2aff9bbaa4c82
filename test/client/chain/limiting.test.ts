import { expect, it } from "vitest";
import { limiting } from "../../../provider/client/chain/limiting";
import { WaitTimeoutError } from "../../../provider/client/errors/errors";
import { FakeClock } from "../../support/fake-clock";
import { callOf, failed, good, next, target } from "./call";

const away = { ...target, region: "eu-nl" };

function link(perSecond = 1_000) {
    const clock = new FakeClock();
    return { clock, limit: limiting({ clock, perSecond, signal: undefined }) };
}

it("holds a region as long as its 429 says, and no other region", async () => {
    const { clock, limit } = link();
    const send = limit(next(failed(429, "", { retryAfterMs: 9_000 }), good, good));
    await send(callOf());
    await send(callOf({ target: away }));
    expect(clock.elapsed).toBe(0);
    await send(callOf());
    expect(clock.elapsed).toBe(9_000);
});

it("holds nothing for other failures, which pass as they are", async () => {
    const { clock, limit } = link();
    const reply = failed(503, "", { retryAfterMs: 9_000 });
    const send = limit(next(reply, good));
    expect(await send(callOf())).toBe(reply);
    await send(callOf());
    expect(clock.elapsed).toBe(0);
});

it("sends nothing whose turn does not come in time", async () => {
    const { clock, limit } = link(1);
    const after = next(good, good);
    const send = limit(after);
    await send(callOf());
    await expect(send(callOf({ deadline: clock.now() + 100 }))).rejects.toBeInstanceOf(WaitTimeoutError);
    expect(after.calls).toHaveLength(1);
});
