import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRetryAfter, RETRY_AFTER_MAX_MS } from "../../../provider/client/errors/retry-after";

const now = Date.parse("2025-01-02T03:04:05Z");

describe("parseRetryAfter", () => {
    it.each([
        ["0", 0],
        ["1", 1_000],
        [" 15 ", 15_000],
        ["007", 7_000],
        ["60", 60_000],
        ["61", 60_000],
        ["99999999999999999999999", 60_000],
        ["Thu, 02 Jan 2025 03:04:15 GMT", 10_000],
        ["Thu, 02 Jan 2025 03:04:05 GMT", 0],
        ["Thu, 02 Jan 2025 03:00:00 GMT", 0],
        ["Thu, 02 Jan 2025 05:00:00 GMT", 60_000],
    ])("reads %j as %i ms", (value, ms) => {
        expect(parseRetryAfter(value, now)).toBe(ms);
    });

    it.each([
        undefined,
        "",
        " ",
        "soon",
        "-1",
        "+5",
        "1.5",
        "1e3",
        "0x10",
        "1_000",
        "10 s",
        "10, 20",
        "Infinity",
        "NaN",
        "١",
        "2025-01-02T03:04:15Z",
        "Thu, 02 Jan 2025 03:04:15",
        "Thu, 99 Jan 2025 03:04:15 GMT",
        "Thursday, 02-Jan-25 03:04:15 GMT",
    ])("refuses %j", (value) => {
        expect(parseRetryAfter(value, now)).toBeUndefined();
    });

    it("never asks for more than a minute, nor for less than nothing", () => {
        fc.assert(
            fc.property(
                fc.oneof(
                    fc.string(),
                    fc.nat().map(String),
                    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
                ),
                (value) => {
                    const ms = parseRetryAfter(value, now);
                    expect(ms === undefined || (ms >= 0 && ms <= RETRY_AFTER_MAX_MS)).toBe(true);
                },
            ),
        );
    });
});
