import { expect, it } from "vitest";
import {
    ApiError,
    type ApiErrorDetails,
    AuthError,
    ConfigError,
    NotFoundError,
    ResponseShapeError,
    TransportError,
    WaitTimeoutError,
} from "../../../provider/client/errors/errors";
import { backoffMs, classify, notFoundObject, sideEffectOf } from "../../../provider/client/http/retry";

const failure = (status: number, code = "", more: Partial<ApiErrorDetails> = {}): ApiErrorDetails => ({
    operation: "ShowBackup",
    status,
    code,
    text: "text",
    ...more,
});
const delays = (count: number, retry: Parameters<typeof backoffMs>[1], random: number) =>
    Array.from({ length: count }, (_, index) => backoffMs(index + 1, retry, random));

it("doubles the delay from half a second to half a minute", () => {
    const ceilings = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    expect(delays(8, "backoff", 1)).toEqual(ceilings);
    expect(delays(8, "throttled", 1)).toEqual(ceilings);
    expect(delays(8, "backoff", 0)).toEqual(ceilings.map((ms) => ms / 2));
});

it("waits longer for an object that another task holds: two seconds to a minute", () => {
    expect(delays(7, "busy", 1)).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(delays(7, "busy", 0)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

it("stays at the longest delay however many tries there were", () => {
    expect([backoffMs(1_000, "backoff", 1), backoffMs(1_000_000, "busy", 1)]).toEqual([30_000, 60_000]);
});

it("takes the server's hint as the least, not as the most", () => {
    expect(backoffMs(1, "throttled", 0.5, 7_000)).toBe(7_000);
    expect(backoffMs(6, "throttled", 1, 7_000)).toBe(16_000);
    expect(backoffMs(1, "throttled", 1, 0)).toBe(500);
});

it.each([
    ["a checkpoint", "checkpoint", 404, "BackupService.6217"],
    ["a backup", "backup", 404, "BackupService.6200"],
    ["a backup, in the old way", "backup", 400, "CSBS.3001"],
    ["a vault", "vault", 404, "BackupService.6105"],
    ["a task", "operation-log", 404, "BackupService.6500"],
    ["a task, by its other code", "operation-log", 404, "BackupService.6501"],
] as const)("takes %s for gone only by its own code", (_, about, status, code) => {
    expect(notFoundObject(failure(status, code), about)).toBe(about);
    for (const other of ["checkpoint", "backup", "vault", "operation-log"] as const)
        if (other !== about) expect(notFoundObject(failure(status, code), other)).toBeUndefined();
    expect(notFoundObject(failure(status, code), undefined)).toBeUndefined();
    for (const wrong of [400, 401, 403, 500, 503].filter((one) => one !== status))
        expect(notFoundObject(failure(wrong, code), about)).toBeUndefined();
});

it.each([
    ["a proxy's page", failure(404, "", { text: "404 Not Found" })],
    ["an unknown API", failure(404, "APIGW.0101")],
    ["the old code with another status", failure(404, "CSBS.2003")],
    ["a resource that is not in the vault", failure(404, "BackupService.6302")],
    ["a server that does not exist", failure(404, "BackupService.7100")],
    ["a refusal", failure(403, "APIGW.0302")],
    ["an unknown code", failure(404, "BackupService.4711")],
    ["a code that only looks like one", failure(404, "Other.6200")],
])("does not take %s for gone", (_, one) => {
    expect(notFoundObject(one, "backup")).toBeUndefined();
});

it("takes no 401 for gone: what that of a malformed id means is not for the answer alone to say", () => {
    expect(notFoundObject(failure(401, "401", { isMalformedUrl: true }), "checkpoint")).toBeUndefined();
});

const plain = (retry: string) => ({ retry, few: false, renew: false });
const renew = { retry: "never", few: false, renew: true };

it.each([
    [500, "BackupService.0002", plain("busy")],
    [400, "BackupService.6125", plain("busy")],
    [400, "BackupService.7302", plain("busy")],
    [400, "CSBS.2003", plain("busy")],
    [500, "BackupService.1005", plain("never")],
    [500, "BackupService.6210", plain("never")],
    [400, "BackupService.9900", plain("never")],
    [500, "BackupService.9998", renew],
    [401, "APIGW.0301", renew],
    [401, "APIG.0307", renew],
    [401, "APIGW.0303", renew],
    [401, "APIGW.0305", renew],
    [403, "APIGW.0302", plain("never")],
    [404, "APIGW.0101", plain("never")],
    [429, "APIGW.0308", plain("throttled")],
    [500, "APIGW.0601", plain("backoff")],
    [502, "APIGW.0610", plain("backoff")],
] as const)("reads %i %s by its code", (status, code, expected) => {
    expect(classify(failure(status, code), "GET")).toEqual(expected);
    expect(classify(failure(status, code), "POST")).toEqual(expected);
});

it("gives what may pass a few tries, a read the pauses of a blip", () => {
    for (const [status, code] of [
        [400, "BackupService.6118"],
        [500, "BackupService.9910"],
    ] as const) {
        expect(classify(failure(status, code), "POST")).toEqual({ retry: "busy", few: true, renew: false });
        expect(classify(failure(status, code), "GET")).toEqual({ retry: "backoff", few: true, renew: false });
    }
});

it.each([
    [400, plain("never")],
    [401, renew],
    [403, plain("never")],
    [404, plain("never")],
    [408, plain("backoff")],
    [409, plain("never")],
    [429, plain("throttled")],
    [502, plain("backoff")],
    [503, plain("backoff")],
    [504, plain("backoff")],
    [302, plain("never")],
    [501, plain("never")],
    [520, plain("never")],
])("reads status %i without a code it knows by the status", (status, expected) => {
    for (const code of ["", "Unheard.Of", "BackupService.constructor"])
        expect(classify(failure(status, code), "GET")).toEqual(expected);
});

it.each([302, 400, 403, 404, 409, 520])(
    "lets a %i of which nothing could be read be asked for a few times",
    (status) => {
        const foreign = failure(status, "", { isForeign: true });
        for (const method of ["GET", "DELETE", "POST"] as const)
            expect(classify(foreign, method)).toEqual({ retry: "never", few: true, renew: false });
    },
);

it("keeps to the status of an answer that could not be read where that says enough", () => {
    for (const [status, expected] of [
        [401, renew],
        [429, plain("throttled")],
        [503, plain("backoff")],
    ] as const)
        expect(classify(failure(status, "", { isForeign: true }), "GET")).toEqual(expected);
});

it("tries an unexplained 500 a few times where sending twice does no harm", () => {
    expect(classify(failure(500), "GET")).toEqual({ retry: "backoff", few: true, renew: false });
    expect(classify(failure(500), "DELETE")).toEqual({ retry: "backoff", few: true, renew: false });
});

const api = (status: number, code = "", retryAfterMs?: number) => new ApiError(failure(status, code, { retryAfterMs }));

it.each([
    ["a connection that was never made", new TransportError("refused", { sent: false })],
    ["throttling", api(429, "APIGW.0308")],
    ["throttling without a code", api(429)],
    ["a refused credential", api(401)],
    ["a refused parameter", api(400, "BackupService.9900")],
    ["an unknown 4xx", api(418)],
    ["a 500 that CBR explains", api(500, "BackupService.0002")],
    ["a 500 that is a permanent error", api(500, "BackupService.1005")],
    ["a vault that does not exist", new NotFoundError(failure(404, "BackupService.6105"), "vault")],
    ["no time to begin with", new WaitTimeoutError("late")],
    ["a refused sign-in", new AuthError("no")],
    ["a missing setting", new ConfigError("no")],
])("knows that a POST that ended with %s did nothing", (_, error) => {
    expect(sideEffectOf(error)).toBe("nothing");
});

it.each([
    ["a reset", new TransportError("reset", { sent: true })],
    ["502", api(502)],
    ["502 from the gateway", api(502, "APIGW.0610")],
    ["503 without Retry-After", api(503)],
    ["503 with Retry-After", api(503, "", 5_000)],
    ["504", api(504)],
    ["504 with Retry-After", api(504, "", 5_000)],
    ["500 without a code", api(500)],
    ["500 with a code that nobody lists", api(500, "BackupService.4711")],
    ["500 with a code that only looks like one", api(500, "BackupService.toString")],
    ["the unknown error 9910", api(500, "BackupService.9910")],
    ["an internal error of the gateway", api(500, "APIGW.0601")],
    ["408", api(408)],
    ["a proxy's 403 page", new ApiError(failure(403, "", { isForeign: true }))],
    ["a 400 that was cut in half", new ApiError(failure(400, "", { isForeign: true }))],
    ["a page that is no error answer", new ResponseShapeError("CreateCheckpoint", 0, "?")],
    ["something that nobody foresaw", new TypeError("x is not a function")],
])("does not claim to know what a POST that ended with %s did", (_, error) => {
    expect(sideEffectOf(error)).toBe("maybe");
});

it("takes a 2xx that cannot be read for accepted", () => {
    expect(sideEffectOf(new ResponseShapeError("CreateCheckpoint", 200, "not JSON"))).toBe("accepted");
    expect(sideEffectOf(new ResponseShapeError("CreateCheckpoint", 202, "not JSON"))).toBe("accepted");
});
