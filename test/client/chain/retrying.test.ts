import { expect, it } from "vitest";
import { Renewed, retrying } from "../../../provider/client/chain/retrying";
import { ApiError, TransportError } from "../../../provider/client/errors/errors";
import { createCheckpoint } from "../../../provider/client/operations";
import { FakeClock } from "../../support/fake-clock";
import { callOf, failed, good, next } from "./call";

const refused = () => new TransportError("connection refused", { sent: false });
const apiError = (status: number, retry: "backoff" | "never", retryAfterMs?: number) =>
    new ApiError({ ...failed(status).failure, retryAfterMs } as ApiError["failure"], { retry });

function link(maxRetries = 5, signal?: AbortSignal) {
    const clock = new FakeClock({ random: 0 });
    return { clock, retry: retrying({ clock, maxRetries, signal }) };
}

it("sends again after pauses that double, for as many times as it may", async () => {
    const { clock, retry } = link(2);
    const after = next(refused(), refused(), refused());
    await expect(retry(after)(callOf())).rejects.toThrow("connection refused");
    expect([after.calls.length, clock.sleeps]).toEqual([3, [250, 500]]);
});

it("pauses as long as the answer says", async () => {
    const { clock, retry } = link();
    expect(await retry(next(apiError(503, "backoff", 7_000), good))(callOf())).toBe(good);
    expect(clock.sleeps).toEqual([7_000]);
});

it("does not pause for a renewed credential, nor count it", async () => {
    const { clock, retry } = link(1);
    const after = next(new Renewed(), refused(), new Renewed(), good);
    expect(await retry(after)(callOf())).toBe(good);
    expect(clock.sleeps).toEqual([250]);
});

it("counts tries over the whole call, also when a link before it sends it once more", async () => {
    const { retry } = link(1);
    const call = callOf();
    expect(await retry(next(refused(), good))(call)).toBe(good);
    await expect(retry(next(refused(), good))(call)).rejects.toThrow("connection refused");
});

it("sends nothing again that is final, may have had its effect, or is no error of ours", async () => {
    const { clock, retry } = link();
    const reset = new TransportError("reset", { sent: true });
    for (const [error, call] of [
        [apiError(400, "never"), callOf()],
        [reset, callOf({}, createCheckpoint)],
        [new RangeError("a bug"), callOf()],
    ] as const)
        await expect(retry(next(error))(call)).rejects.toBe(error);
    expect(clock.sleeps).toEqual([]);
});

it("begins no pause that would end after the time is over", async () => {
    const { clock, retry } = link();
    const deadline = clock.now() + 250;
    await expect(retry(next(refused(), good))(callOf({ deadline }))).rejects.toThrow("connection refused");
    expect(clock.sleeps).toEqual([]);
});

it("sends nothing once the engine is gone", async () => {
    const gone = new Error("gone");
    const { retry } = link(5, AbortSignal.abort(gone));
    const after = next(good);
    await expect(retry(after)(callOf())).rejects.toBe(gone);
    expect(after.calls).toEqual([]);
});
