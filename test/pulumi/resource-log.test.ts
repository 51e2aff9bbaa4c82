import { expect, it } from "vitest";
import { registerSecret } from "../../provider/client/errors/redaction";
import { rowLog, type Send } from "../../provider/pulumi/resource-log";

type Line = Parameters<Send>[0];

function make(env: NodeJS.ProcessEnv = {}, others = 0) {
    const lines: Line[] = [];
    const time = { now: 1_000_000 };
    const all = Array.from({ length: others }, () =>
        rowLog(
            () => {},
            "urn:other",
            () => time.now,
            env,
        ),
    );
    const log = rowLog(
        (line) => lines.push(line),
        "urn:it",
        () => time.now,
        env,
    );
    const end = () => [log, ...all].forEach((one) => void one.end());
    return { lines, log, time, end, texts: () => lines.map((line) => line.message) };
}

/** Says a status each 100 ms, and gives the times at which lines came. */
function speak({ log, time, lines }: ReturnType<typeof make>, ms: number): number[] {
    const begun = time.now;
    const times: number[] = [];
    for (; time.now < begun + ms; time.now += 100) {
        const before = lines.length;
        log.status("protecting");
        if (lines.length > before) times.push(time.now - begun);
    }
    return times;
}

it("says a status at once, and then every two seconds or so", () => {
    const row = make();
    expect(speak(row, 7_000)).toEqual([0, 2_100, 4_200, 6_300]);
    expect(row.lines[0]).toEqual({ urn: "urn:it", message: "protecting", severity: "info", ephemeral: true });
    row.end();
});

it("speaks the more rarely the more resources are at work", () => {
    const row = make({}, 999);
    expect(speak(row, 50_000)).toEqual([0, 22_000, 44_000]);
    row.end();
});

it("speaks as often as before once the others have ended, and counts nobody twice", () => {
    const many = make({}, 10);
    many.end();
    many.end();
    const row = make();
    expect(speak(row, 5_000)).toEqual([0, 2_100, 4_200]);
    row.end();
});

it.each([{ CI: "true" }, { CI: "1" }])("says one status a minute where lines stay for good: %j", (env) => {
    const row = make(env);
    expect(speak(row, 130_000)).toEqual([60_000, 120_000]);
    row.end();
});

it("says one a minute for all resources together, whoever speaks first", () => {
    const time = { now: 1_000_000 };
    const times: number[] = [];
    const rows = Array.from({ length: 1_000 }, (_, index) =>
        rowLog(
            () => times.push(time.now - 1_000_000),
            `urn:${index}`,
            () => time.now,
            { CI: "true" },
        ),
    );
    for (; time.now < 1_000_000 + 200_000; time.now += 1_000) for (const row of rows) row.status("protecting");
    expect(times).toEqual([60_000, 120_000, 180_000]);
    for (const row of rows) row.end();
});

it.each([{ CI: "" }, { CI: "false" }])("does not take %j for a CI", (env) => {
    const row = make(env);
    expect(speak(row, 2_000)).toEqual([0]);
    row.end();
});

it("never holds back what is to stay", () => {
    const row = make({ CI: "true" });
    for (const text of ["one", "two"]) row.log.info(text);
    row.log.warn("three");
    expect(row.lines).toEqual([
        { urn: "urn:it", message: "one", severity: "info", ephemeral: false },
        { urn: "urn:it", message: "two", severity: "info", ephemeral: false },
        { urn: "urn:it", message: "three", severity: "warning", ephemeral: false },
    ]);
    row.end();
});

it("says no secret", () => {
    registerSecret("s3cr3t-value");
    const row = make();
    row.log.status("with s3cr3t-value");
    row.log.info("with s3cr3t-value");
    row.log.warn("with s3cr3t-value");
    expect(row.texts()).toEqual(["with [secret]", "with [secret]", "with [secret]"]);
    row.end();
});

it("lets nothing through that a terminal or a CI log would obey", () => {
    const row = make();
    row.log.warn("server \u001b[2Jx\r\n::error::pwned");
    row.log.info("a\u2028b");
    row.log.status("c\u0007");
    expect(row.texts()).toEqual(["server x ::error::pwned", "a b", "c "]);
    row.end();
});
