import { expect, it } from "vitest";
import { formatDuration, parseDuration } from "../../../provider/client/time/duration";

it.each([
    ["90s", 90_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1h30m10s", 5_410_000],
    ["1.5h", 5_400_000],
    [".5m", 30_000],
    ["250ms", 250],
    ["2000us", 2],
    ["2000µs", 2],
    ["2000μs", 2],
    ["5000000ns", 5],
    ["30m30m", 3_600_000],
])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
});

it.each([
    "",
    "10",
    "s",
    "1h 30m",
    "-5m",
    "+5m",
    "0s",
    "0h0m",
    "1d",
    "5M",
    "1,5h",
    "1e3s",
    "5m!",
    "!5m",
    "1..5s",
    "soon",
])("makes nothing of %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
});

it.each([
    [0, "0 s"],
    [499, "0 s"],
    [12_345, "12 s"],
    [59_499, "59 s"],
    [59_500, "1 min 00 s"],
    [130_000, "2 min 10 s"],
    [3_599_400, "59 min 59 s"],
    [3_599_500, "1 h 00 min"],
    [3_900_000, "1 h 05 min"],
    [90_000_000, "25 h 00 min"],
])("shows %i ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
});
