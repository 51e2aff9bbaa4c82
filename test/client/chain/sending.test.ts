import { expect, it } from "vitest";
import { sending } from "../../../provider/client/chain/sending";
import { TransportError, WaitTimeoutError } from "../../../provider/client/errors/errors";
import { RegionClocks } from "../../../provider/client/http/region-clocks";
import { FakeClock } from "../../support/fake-clock";
import { type Answer, ScriptedTransport } from "../../support/scripted-transport";
import { callOf } from "./call";

const url = "https://cbr.example/v3/p/backups/1";

function end(answer: Answer | Error, signal?: AbortSignal) {
    const clock = new FakeClock();
    const regionClocks = new RegionClocks(clock);
    const transport = new ScriptedTransport([{ method: "GET", url, answer }]);
    return { clock, regionClocks, transport, send: sending({ transport, clock, regionClocks, signal }) };
}

it("gives the exchange a minute, or the time that is left, but a second at least", async () => {
    const timeouts: unknown[] = [];
    for (const left of [undefined, 5_000, 10]) {
        const { clock, transport, send } = end({ status: 200 });
        await send(callOf(left === undefined ? {} : { deadline: clock.now() + left }));
        timeouts.push(transport.requests[0]?.timeoutMs);
    }
    expect(timeouts).toEqual([60_000, 5_000, 1_000]);
    const late = end({ status: 200 });
    await expect(late.send(callOf({ deadline: late.clock.now() }))).rejects.toBeInstanceOf(WaitTimeoutError);
    expect(late.transport.requests).toEqual([]);
});

it("gives a good answer as it is, and reads what any other says", async () => {
    const good = { status: 202, body: "{}" };
    expect(await end(good).send(callOf())).toEqual({ response: { ...good, headers: {} } });
    const body = { error_code: "BackupService.6200", error_msg: "none" };
    const { failure } = await end({ status: 404, body }).send(callOf());
    expect(failure).toMatchObject({ operation: "ShowBackup", status: 404, code: "BackupService.6200", text: "none" });
});

it("notes what time it is in the region", async () => {
    const { clock, regionClocks, send } = end({ status: 500, headers: { date: "Thu, 02 Jan 2025 03:05:05 GMT" } });
    await send(callOf());
    expect([regionClocks.offsetMs("eu-de"), clock.elapsed]).toEqual([60_000, 0]);
});

it("names the operation that met no answer, and whether it was sent", async () => {
    const { send } = end(new TransportError("the connection was reset", { sent: true }));
    await expect(send(callOf())).rejects.toMatchObject({
        message: "ShowBackup: the connection was reset",
        sent: true,
        retry: "backoff",
    });
});

it("tells before it sends; what ends then is not sent", async () => {
    const controller = new AbortController();
    const { transport, send } = end({ status: 200 }, controller.signal);
    const gone = new Error("gone");
    const onSend = async () => controller.abort(gone);
    await expect(send(callOf({ onSend }))).rejects.toBe(gone);
    expect(transport.requests).toEqual([]);
});
