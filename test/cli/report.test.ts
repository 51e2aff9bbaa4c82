import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readInventory } from "../../cli/inventory/inventory";
import { openSession } from "../../cli/inventory/session";
import { type Lane, type ReportData, type ReportOptions, reportData } from "../../cli/report/data";
import { html } from "../../cli/report/html";
import { STYLE } from "../../cli/report/style";
import { checkpointEntry, DAY, fileOf, HOUR, NOW, startCloud, stateOf, type TestCloud } from "./cloud";

let cloud: TestCloud;
beforeEach(async () => {
    cloud = await startCloud();
});
afterEach(() => cloud.close());

async function dataOf(options: Partial<ReportOptions> = {}, state?: string): Promise<ReportData> {
    const io = {
        env: cloud.env,
        clock: cloud.clock,
        isInteractive: false,
        stdin: (async function* () {})(),
        out: () => {},
        err: () => {},
        interrupted: () => new Promise<void>(() => {}),
    };
    const session = await openSession({ state: state === undefined ? [] : [state] }, io);
    try {
        const all = { title: "t", intervalMs: 26 * HOUR, sinceMs: 30 * DAY, copies: undefined, vaults: [], ...options };
        return reportData(session, await readInventory(session), all);
    } finally {
        await session.close();
    }
}

const laneOf = (data: ReportData, name: string, region: string): Lane | undefined =>
    data.sections
        .flatMap(({ rows }) => rows)
        .find(({ resourceName }) => resourceName === name)
        ?.lanes.find((lane) => lane.region === region);
const ago = (ms: number) => Math.round((NOW - ms) / HOUR);

describe("the report's data", () => {
    it("says of each resource and region whether the newest good one is young enough", async () => {
        cloud.copy(cloud.take(5 * DAY, { resources: [cloud.server("web-1")] }));
        cloud.take(2 * HOUR);
        const data = await dataOf();
        expect(laneOf(data, "web-1", "eu-de")).toMatchObject({ verdict: "good", isCopy: false });
        expect(laneOf(data, "web-1", "eu-nl")).toMatchObject({ verdict: "old", isCopy: true });
        expect(laneOf(data, "db-1", "eu-nl")).toMatchObject({ verdict: "none", newestMs: undefined });
        const [section] = data.sections;
        expect(section?.rows.map(({ resourceName, isWell }) => [resourceName, isWell])).toEqual([
            ["db-1", false],
            ["web-1", false],
        ]);
    });

    it("marks a time as a gap when the newest good one was older than it may be, and knows nothing before the first", async () => {
        const web = { resources: [cloud.server("web-1")] };
        for (const hours of [200, 180, 100, 20]) cloud.take(hours * HOUR, web);
        cloud.take(150 * HOUR, { ...web, status: "error" });
        const lane = laneOf(await dataOf(), "web-1", "eu-de");
        expect(lane?.gaps.map(([from, to]) => [ago(from), ago(to)])).toEqual([
            [154, 100],
            [74, 20],
        ]);
        expect(lane?.marks.map(({ atMs, state }) => [ago(atMs), state])).toEqual([
            [200, "good"],
            [180, "good"],
            [150, "failed"],
            [100, "good"],
            [20, "good"],
        ]);
    });

    it("ends the last gap now", async () => {
        cloud.take(50 * HOUR);
        expect(laneOf(await dataOf(), "db-1", "eu-de")?.gaps.map(([from, to]) => [ago(from), ago(to)])).toEqual([
            [24, 0],
        ]);
    });

    it("draws copies where their data was taken, and failed ones too", async () => {
        const old = cloud.take(4 * DAY, { resources: [cloud.server("web-1")] });
        const young = cloud.take(DAY, { resources: [cloud.server("web-1")] });
        cloud.copy(old, NOW - HOUR);
        cloud.away.setBackupStatus(cloud.copy(young, NOW - HOUR)[0]?.id ?? "", "error");
        expect(laneOf(await dataOf(), "web-1", "eu-nl")?.marks.map(({ atMs, state }) => [ago(atMs), state])).toEqual([
            [96, "good"],
            [24, "failed"],
        ]);
    });

    it("wants no copies of disks, nor where no region has a vault for them, but in the regions it is told", async () => {
        const disks = cloud.home.addVault({ name: "disks", objectType: "disk", resources: [{ name: "data-1" }] });
        cloud.home.addCheckpoint(disks.id, { createdAt: new Date(NOW - HOUR) });
        const data = await dataOf();
        expect(laneOf(data, "data-1", "eu-nl")?.verdict).toBe("never");
        expect(data.sections.find(({ vault }) => vault.name === "disks")?.rows[0]?.isWell).toBe(true);
        expect((await dataOf({ copies: [] })).copyRegions).toEqual([]);
        expect(laneOf(await dataOf({ copies: ["eu-ch2"] }), "web-1", "eu-ch2")?.verdict).toBe("unread");
    });

    it("begins no earlier than there is something to see, and no later than a day ago", async () => {
        cloud.take(10 * DAY);
        expect(ago((await dataOf()).fromMs)).toBe(10 * 24 + 6);
        expect(ago((await dataOf({ sinceMs: 3 * DAY })).fromMs)).toBe(72);
        expect(ago((await dataOf({ sinceMs: HOUR })).fromMs)).toBe(24);
    });

    it("lists what expires next, what no stack holds and what is missing, and sizes by month", async () => {
        const held = cloud.take(40 * DAY, { name: "held" });
        cloud.take(3 * DAY, { name: "later", expiresAt: new Date(NOW + 9 * DAY) });
        cloud.copy(cloud.take(2 * DAY, { name: "sooner", expiresAt: new Date(NOW + 2 * DAY) }));
        const gone = cloud.take(DAY);
        const state = fileOf(stateOf([checkpointEntry("held", cloud, held), checkpointEntry("gone", cloud, gone)]));
        cloud.home.expireCheckpoint(gone[0]?.checkpointId ?? "");
        const data = await dataOf({}, state);
        expect(data.expiring.map(({ name }) => name)).toEqual(["sooner", "later"]);
        expect(data.unowned.map(({ name }) => name)).toEqual(["sooner", "later"]);
        expect(data.missing.map(({ id }) => id).sort()).toEqual(gone.map(({ id }) => id).sort());
        expect(data.months).toEqual([
            { month: "2026-09", pointsGb: 0, copiesGb: 0 },
            { month: "2026-10", pointsGb: 140, copiesGb: 0 },
            { month: "2026-11", pointsGb: 280, copiesGb: 140 },
        ]);
        expect((await dataOf()).unowned).toEqual([]);
    });
});

describe("report", () => {
    it("writes the page and says what is in it", async () => {
        cloud.take(HOUR);
        const file = fileOf("", "report.html");
        const run = await cloud.run(["report", "--html", file, "--title", "Shop"]);
        expect(run).toEqual({ code: 0, out: `${file}: 1 restore point of 2 resources; 2 need attention\n`, err: "" });
        const page = readFileSync(file, "utf8");
        expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
        expect(page).toContain("<title>Shop</title>");
        expect(new Set(cloud.sim.requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
    });

    it("says on the page which region could not be looked at, and exits with 1", async () => {
        cloud.sim.fail({ region: "eu-nl", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const file = fileOf("", "report.html");
        const run = await cloud.run(["report", "--html", file]);
        expect(run.code).toBe(1);
        expect(run.err).toContain("eu-nl, project");
        expect(readFileSync(file, "utf8")).toMatch(/role="alert">.*eu-nl, project \w+ could not be looked at/);
    });

    it("does not say that all is well where nothing could be looked at", async () => {
        cloud.sim.fail({ times: 0, operation: "ListBackups", effect: { status: 403, code: "APIGW.0302" } });
        const file = fileOf("", "report.html");
        const run = await cloud.run(["report", "--html", file]);
        expect([run.code, run.out]).toEqual([1, `${file}: no region could be looked at\n`]);
    });

    it("shows, of a vault for replicas, what it has copies of", async () => {
        cloud.copy(cloud.take(2 * HOUR, { resources: [cloud.server("db-1")] }));
        const other = cloud.home.addVault({ name: "staging", resources: [{ name: "test-1" }] });
        cloud.home.addCheckpoint(other.id, { createdAt: new Date(NOW - HOUR) });
        const file = fileOf("", "report.html");
        const run = await cloud.run(["report", "--html", file, "--vault", "copies"]);
        expect(run.out).toBe(`${file}: 1 restore point of 2 resources; 1 needs attention\n`);
        const page = readFileSync(file, "utf8");
        expect(page).toContain("db-1");
        expect(page).not.toContain("test-1");
    });

    it.each([
        [[], "--html is missing"],
        [["--html", "x", "--interval", "daily"], '--interval is "daily"'],
        [["--html", "x", "--interval", "0s"], '--interval is "0s"'],
        [["--html", "x", "--since", "x"], '--since is "x"'],
        [["--html", "x", "--vault", "nowhere"], '--vault is "nowhere"'],
    ])("refuses %j", async (args, message) => {
        const run = await cloud.run(["report", ...args]);
        expect([run.code, run.out]).toEqual([2, ""]);
        expect(run.err).toContain(message);
    });

    it("names the file that cannot be written", async () => {
        const run = await cloud.run(["report", "--html", "/no/such/folder/report.html"]);
        expect(run.code).toBe(1);
        expect(run.err).toContain("--html /no/such/folder/report.html cannot be written");
    });
});

it("escapes everything that is put into HTML", () => {
    const evil = `<script>alert("1" & '2')</script>\u0000\u202e`;
    expect(html`<b title="${evil}">${[evil, html`<i>`, undefined, false, 3]}</b>`.text).toBe(
        '<b title="&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt; ">' +
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt; <i>3</b>",
    );
});

describe("colours", () => {
    const [, light = "", , dark = ""] = STYLE.split(/:root \{([^}]*)\}/);
    const colour = (theme: string, name: string) => {
        const hex = new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(theme)?.[1] ?? "";
        const [r = 0, g = 0, b = 0] = [1, 3, 5]
            .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
            .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (theme: string, one: string, other: string) => {
        const [low = 0, high = 0] = [colour(theme, one), colour(theme, other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };

    it.each([
        ["light", light],
        ["dark", dark],
    ])("have the contrast that WCAG 2 asks for: %s", (_, theme) => {
        const texts = [
            ["text", "page"],
            ["text", "panel"],
            ["soft", "page"],
            ["soft", "panel"],
            ["soft", "track"],
            ["good", "good-soft"],
            ["bad", "bad-soft"],
            ["warn", "warn-soft"],
            ["bad", "panel"],
            ["warn", "panel"],
        ] as const;
        for (const [one, other] of texts)
            expect(contrast(theme, one, other), `${one} on ${other}`).toBeGreaterThanOrEqual(4.5);
        for (const mark of ["good", "copy", "bad"])
            expect(contrast(theme, mark, "track"), mark).toBeGreaterThanOrEqual(3);
    });
});
