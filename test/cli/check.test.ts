import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
    checkpointEntry,
    DAY,
    fileOf,
    HOUR,
    NOW,
    replicationEntry,
    startCloud,
    stateOf,
    type TestCloud,
} from "./cloud";

let cloud: TestCloud;
beforeEach(async () => {
    cloud = await startCloud();
});
afterEach(() => cloud.close());

const check = (...args: string[]) => cloud.run(["check", ...args]);

describe("check", () => {
    it("succeeds when everything has a young, good restore point", async () => {
        cloud.take(20 * HOUR);
        expect(await check("--max-age", "26h")).toEqual({
            code: 0,
            out: "OK: 2 resources with a good restore point, no older than 26 h\n",
            err: "",
        });
    });

    it("fails with the list of what is too old, failed, or was never taken", async () => {
        const later = cloud.home.addVault({ name: "staging", resources: [{ name: "new-1" }] });
        cloud.take(3 * DAY);
        cloud.take(2 * HOUR, { resources: [cloud.server("web-1")] });
        cloud.take(HOUR, { resources: [cloud.server("db-1")], status: "error" });
        cloud.home.addCheckpoint(later.id, { status: "protecting", createdAt: new Date(NOW - HOUR) });
        const { code, out } = await check("--max-age", "26h");
        expect(code).toBe(1);
        expect(out.trimEnd().split("\n")).toEqual([
            "FAIL: 2 of 3 resources without a good restore point, no older than 26 h",
            expect.stringMatching(
                /^ {2}eu-de +production +db-1 +its newest good restore point is 3 d old \(2026-11-25 12:00 UTC\)$/,
            ),
            expect.stringMatching(/^ {2}eu-de +staging +new-1 +no good restore point$/),
        ]);
    });

    it.each([
        ["26h", 0],
        ["25h", 1],
        ["1d1h", 1],
        ["1d2h", 0],
        ["1560m", 0],
        ["1w", 0],
    ])("takes %s for a time", async (age, code) => {
        cloud.take(26 * HOUR);
        expect((await check("--max-age", age)).code).toBe(code);
    });

    it("demands copies, which are as old as what is in them", async () => {
        const old = cloud.take(5 * DAY);
        cloud.take(2 * HOUR);
        cloud.copy(old, NOW - HOUR);
        const late = await check("--max-age", "26h", "--copies", "eu-nl");
        expect(late.code).toBe(1);
        expect(late.out).toMatch(/db-1 +the data of its newest copy in eu-nl is 5 d old \(2026-11-23 12:00 UTC\)/);
        expect(late.out).toMatch(/^FAIL: 2 of 2 resources without a good restore point, and a copy in eu-nl, no older/);
        const young = cloud.take(HOUR);
        cloud.copy(young);
        expect((await check("--max-age", "26h", "--copies", "eu-nl")).code).toBe(0);
    });

    it("does not take a broken, vanished or running copy for one", async () => {
        const backups = cloud.take(HOUR);
        const [first, second] = cloud.copy(backups);
        cloud.away.setBackupStatus(first?.id ?? "", "error");
        cloud.away.deleteBackupBehindOurBack(second?.id ?? "");
        const run = await check("--max-age", "26h", "--copies", "eu-nl");
        expect(run.out.match(/no good copy in eu-nl/g)).toHaveLength(2);
        cloud.away.setBackupStatus(first?.id ?? "", "protecting");
        expect((await check("--max-age", "26h", "--copies", "eu-nl")).code).toBe(1);
    });

    it("does not guess the age of a copy whose source is gone, but takes a state's word", async () => {
        const backups = cloud.take(20 * HOUR);
        const replicas = cloud.copy(backups, NOW - HOUR);
        cloud.take(2 * HOUR);
        const entries = [
            checkpointEntry("nightly", cloud, backups),
            replicationEntry(
                "dr",
                cloud,
                backups.map((one, at) => [one, replicas[at] ?? one] as const),
            ),
        ];
        for (const { id } of backups) cloud.home.deleteBackupBehindOurBack(id);
        const without = await check("--max-age", "26h", "--copies", "eu-nl");
        expect(without.code).toBe(1);
        expect(without.out).toContain("no copy in eu-nl whose age is known: the source of");
        const state = fileOf(stateOf(entries));
        expect((await check("--max-age", "26h", "--copies", "eu-nl", "--state", state)).code).toBe(0);
        expect((await check("--max-age", "10h", "--copies", "eu-nl", "--state", state)).out).toContain("is 20 h old");
    });

    it("looks into the region of --copies even if it is not configured", async () => {
        cloud.copy(cloud.take(HOUR));
        const run = await check("--max-age", "26h", "--copies", "eu-nl", "--region", "eu-de");
        expect(run.code).toBe(0);
    });

    it("demands no copy in a resource's own region", async () => {
        cloud.copy(cloud.take(HOUR));
        const theirs = cloud.away.addVault({ name: "theirs" });
        cloud.away.addCheckpoint(theirs.id, { createdAt: new Date(NOW - HOUR) });
        expect((await check("--max-age", "26h", "--copies", "eu-nl")).code).toBe(0);
    });

    it("refuses to call the region of all that is checked a copy", async () => {
        cloud.take(HOUR);
        const run = await check("--max-age", "26h", "--copies", "eu-de");
        expect([run.code, run.out]).toEqual([2, ""]);
        expect(run.err).toContain('--copies is "eu-de", where all that is checked is itself');
    });

    it("judges vaults as a whole if told so", async () => {
        cloud.take(5 * HOUR);
        cloud.take(2 * HOUR, { resources: [cloud.server("web-1")] });
        cloud.take(HOUR, { resources: [cloud.server("web-1")], status: "error" });
        expect(await check("--max-age", "3h", "--per", "vault")).toMatchObject({
            code: 0,
            out: "OK: 1 vault with a good restore point, no older than 3 h\n",
        });
        expect((await check("--max-age", "3h")).code).toBe(1);
        const { out } = await check("--max-age", "1h", "--per", "vault", "--copies", "eu-nl");
        expect(out).toMatch(/production +its newest restore point without a failure is 2 h old/);
        expect(out).toMatch(/production +no good copy in eu-nl/);
    });

    it("takes one vault, by name or id", async () => {
        cloud.home.addVault({ name: "staging" });
        cloud.take(HOUR);
        for (const vault of ["production", cloud.production.id])
            expect((await check("--max-age", "2h", "--vault", vault)).code).toBe(0);
        expect((await check("--max-age", "2h")).code).toBe(1);
        expect((await check("--max-age", "2h", "--vault", "prod")).err).toContain('--vault is "prod"');
    });

    it("gives the same as data", async () => {
        const [backup] = cloud.take(HOUR);
        const { out, code } = await check("--max-age", "30m", "--format", "json");
        expect(code).toBe(1);
        const { results, ...rest } = JSON.parse(out);
        expect(rest).toEqual({
            version: 1,
            takenAt: new Date(NOW).toISOString(),
            isGood: false,
            maxAgeSeconds: 1_800,
            per: "resource",
        });
        expect(results.map((one: { resourceName: string }) => one.resourceName)).toEqual(["web-1", "db-1"]);
        expect(results[0]).toMatchObject({
            vaultName: "production",
            isGood: false,
            lacks: ["its newest good restore point is 60 min old (2026-11-28 11:00 UTC)"],
            newest: { id: backup?.id },
        });
    });
});

describe("check, when it cannot be found out", () => {
    it("exits with 2 when a region cannot be asked", async () => {
        cloud.take(HOUR);
        cloud.sim.fail({ region: "eu-nl", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const run = await check("--max-age", "26h");
        expect([run.code, run.out]).toEqual([2, ""]);
        expect(run.err).toMatch(/^pulumi-cbr check: eu-nl, project \w+ could not be looked at: /);
    });

    it("exits with 2 when there is nothing to check: a wrong project must not look healthy", async () => {
        const run = await check("--max-age", "26h", "--region", "eu-nl");
        expect([run.code, run.out]).toEqual([2, ""]);
        expect(run.err).toContain("there is nothing to check: no backup vault in eu-nl protects anything");
    });

    it("exits with 2, and names the vault, when that protects nothing", async () => {
        cloud.take(HOUR);
        const run = await check("--max-age", "26h", "--vault", "copies");
        expect(run.code).toBe(2);
        expect(run.err).toContain("--vault copies is no backup vault that protects anything");
    });

    it("says so as data, too: a file must not go on saying what was true before", async () => {
        cloud.take(HOUR);
        const output = fileOf("", "check.json");
        const args = ["--max-age", "26h", "--format", "json", "--output", output];
        expect((await check(...args)).code).toBe(0);
        const gone = await check(...args, "--vault", "gone");
        expect(gone.code).toBe(2);
        expect(JSON.parse(readFileSync(output, "utf8"))).toEqual({
            version: 1,
            takenAt: new Date(NOW).toISOString(),
            isGood: null,
            error: expect.stringContaining('--vault is "gone"'),
        });
        cloud.sim.fail({ region: "eu-nl", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const refused = await check("--max-age", "26h", "--format", "json");
        expect(refused.code).toBe(2);
        expect(JSON.parse(refused.out)).toMatchObject({ isGood: null, error: expect.stringContaining("APIGW.0302") });
    });

    it("exits with 2 when there are no credentials, or no such state", async () => {
        expect(
            await cloud.run(["check", "--max-age", "1h"], { env: { HW_REGION_NAME: "eu-de", HOME: "/nowhere" } }),
        ).toMatchObject({ code: 2, out: "" });
        expect(await check("--max-age", "1h", "--state", "/nowhere.json")).toMatchObject({ code: 2, out: "" });
    });

    it.each([
        [[], "--max-age is missing"],
        [["--max-age", "soon"], '--max-age is "soon"'],
        [["--max-age", "26"], '--max-age is "26"'],
        [["--max-age", "26h", "--per", "server"], '--per is "server"'],
        [["--max-age", "26h", "--output", ""], "--output is empty"],
        [["--max-age", "26h", "--format", "xml"], '--format is "xml"'],
        [["--max-age", "26h", "--copies", "eu nl"], '--copies is "eu nl"'],
    ])("refuses %j", async (args, message) => {
        const run = await check(...args);
        expect([run.code, run.out]).toEqual([2, ""]);
        expect(run.err).toContain(message);
    });
});

describe("check --format prometheus", () => {
    /** Name and labels → value; fails on lines that are no samples. */
    function samplesOf(text: string): Map<string, number> {
        const lines = text.trimEnd().split("\n");
        const samples = new Map<string, number>();
        let typed = "";
        for (const line of lines) {
            const [, name] = /^# TYPE (\w+) gauge$/.exec(line) ?? [];
            typed = name ?? typed;
            if (line.startsWith("# ")) continue;
            const sample = /^(\w+)(\{.*\})? (-?\d+(?:\.\d+)?)$/.exec(line);
            expect(sample, line).not.toBeNull();
            expect(sample?.[1], "samples stand below their type").toBe(typed);
            samples.set(`${sample?.[1]}${sample?.[2] ?? ""}`, Number(sample?.[3]));
        }
        expect(text.endsWith("\n")).toBe(true);
        return samples;
    }

    it("writes what the textfile collector reads, and the text to the terminal", async () => {
        cloud.copy(cloud.take(2 * HOUR, { resources: [cloud.server("web-1")] }));
        const file = fileOf("old", "cbr.prom");
        const run = await check("--max-age", "1h", "--copies", "eu-nl", "--format", "prometheus", "--output", file);
        expect(run.code).toBe(1);
        expect(run.out).toMatch(/^FAIL: 2 of 2/);
        const samples = samplesOf(readFileSync(file, "utf8"));
        const labels = (name: string, more = "") =>
            `{region="eu-de",project_id="${cloud.home.projectId}",vault="production",vault_id="${cloud.production.id}",resource="${name}",resource_id="${cloud.server(name)}"${more}}`;
        const copy = ',copy_region="eu-nl"';
        expect(Object.fromEntries(samples)).toEqual({
            [`pulumi_cbr_restore_point_timestamp_seconds${labels("web-1")}`]: (NOW - 2 * HOUR) / 1_000,
            [`pulumi_cbr_restore_point_timestamp_seconds${labels("db-1")}`]: 0,
            [`pulumi_cbr_copy_timestamp_seconds${labels("web-1", copy)}`]: (NOW - 2 * HOUR) / 1_000,
            [`pulumi_cbr_copy_timestamp_seconds${labels("db-1", copy)}`]: 0,
            [`pulumi_cbr_protected${labels("web-1")}`]: 0,
            [`pulumi_cbr_protected${labels("db-1")}`]: 0,
            pulumi_cbr_max_age_seconds: 3_600,
            pulumi_cbr_check_success: 1,
            pulumi_cbr_check_timestamp_seconds: NOW / 1_000,
        });
    });

    it("says in the file that the cloud could not be asked, instead of leaving what was true once", async () => {
        cloud.sim.fail({ times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const file = fileOf("pulumi_cbr_protected 1\n", "cbr.prom");
        const run = await check("--max-age", "1h", "--format", "prometheus", "--output", file);
        expect(run.code).toBe(2);
        expect(Object.fromEntries(samplesOf(readFileSync(file, "utf8")))).toEqual({
            pulumi_cbr_check_success: 0,
            pulumi_cbr_check_timestamp_seconds: NOW / 1_000,
        });
    });

    it("escapes names", async () => {
        const vault = cloud.home.addVault({ name: 'a "b"\\c\nd' });
        cloud.home.addCheckpoint(vault.id);
        const { out } = await check("--max-age", "1h", "--vault", vault.id, "--format", "prometheus");
        samplesOf(out);
        expect(out).toContain('vault="a \\"b\\"\\\\c\\nd"');
    });

    it("leaves nothing half-written, and names the file that cannot be", async () => {
        cloud.take(HOUR);
        const folder = dirname(fileOf(""));
        const run = await check("--max-age", "2h", "--output", join(folder, "no/such/folder.prom"));
        expect(run.code).toBe(2);
        expect(run.err).toContain(`--output ${folder}/no/such/folder.prom cannot be written`);
        expect(existsSync(join(folder, "no"))).toBe(false);
    });
});
