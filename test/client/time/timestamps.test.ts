import { expect, it } from "vitest";
import { parseInstant, queryInstant } from "../../../provider/client/time/timestamps";

const instant = Date.UTC(2019, 4, 10, 7, 59, 12, 733);

it.each([
    ["without a zone, as Huawei Cloud writes it", "2019-05-10T07:59:12.733403"],
    ["with +00:00, as OTC writes it", "2019-05-10T07:59:12.733403+00:00"],
    ["with Z, as some task examples have it", "2019-05-10T07:59:12.733Z"],
    ["with a small z", "2019-05-10T07:59:12.733z"],
    ["with a space in place of the T", "2019-05-10 07:59:12.733403"],
    ["with another zone", "2019-05-10T09:59:12.733403+02:00"],
    ["with a zone without a colon", "2019-05-10T07:59:12.733403+0000"],
])("reads a time %s as the same instant", (_, text) => {
    expect(parseInstant(text)).toBe(instant);
});

it("takes a time without a zone for UTC, wherever the machine stands", () => {
    const before = process.env["TZ"];
    try {
        process.env["TZ"] = "Asia/Tokyo";
        expect(parseInstant("2019-05-10T07:59:12")).toBe(Date.UTC(2019, 4, 10, 7, 59, 12));
        expect(queryInstant(Date.UTC(2019, 4, 10, 7, 59, 12))).toBe("2019-05-10T07:59:12Z");
    } finally {
        if (before === undefined) delete process.env["TZ"];
        else process.env["TZ"] = before;
    }
});

it("does not take the day of a date for a zone", () => {
    expect(parseInstant("2019-05-10T00:00:00")).toBe(Date.UTC(2019, 4, 10));
});

it.each([undefined, "", "soon", "2019-13-45T99:00:00"])("makes nothing of %j", (text) => {
    expect(parseInstant(text)).toBeUndefined();
});

it("writes whole seconds for filters, rounded down, so that nothing is missed", () => {
    expect(queryInstant(instant)).toBe("2019-05-10T07:59:12Z");
    expect(queryInstant(Date.UTC(2019, 4, 10, 7, 59, 12, 999))).toBe("2019-05-10T07:59:12Z");
    expect(queryInstant(Date.UTC(2019, 4, 10, 7, 59, 13) - 0.5)).toBe("2019-05-10T07:59:12Z");
});
