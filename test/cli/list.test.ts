import { chmodSync } from "node:fs";
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

/** Rows of the table without its heading and what stands below it: cells apart. */
function rowsOf(out: string): string[][] {
    const [, ...lines] = (out.split("\n\n")[0] ?? "").split("\n");
    return lines.map((line) => line.trim().split(/ {2,}/));
}

interface Listed {
    name: string;
    checkpointId: string;
    good: number;
    failed: number;
    skipped: number;
    expiring: number;
    isCopy: boolean;
    copies: { region: string; good: number; of: number; missing: number; isUnread: boolean }[];
    holders: { stack: string; resource: string; hold: string }[] | null;
    backups: { id: string; resourceName: string; copies: { state: string; backupId: string | null }[] }[];
}

async function json(...args: string[]): Promise<{ restorePoints: Listed[]; missing: object[]; problems: object[] }> {
    const run = await cloud.run(["list", "--json", ...args]);
    expect(run.err).toBe("");
    return JSON.parse(run.out);
}

describe("list", () => {
    it("shows what there is, newest first, in words", async () => {
        const old = cloud.take(5 * DAY, { name: "before-release", expiresAt: new Date(NOW + 3 * DAY) });
        cloud.copy(old);
        cloud.take(2 * DAY, { name: "failed-night", status: "error", autoTrigger: true });
        cloud.take(HOUR, { name: "hourly", resources: [cloud.server("db-1")] });
        const { code, out, err } = await cloud.run(["list"]);
        expect([code, err]).toEqual([0, ""]);
        expect(out.split("\n")[0]).toMatch(/^TIME \(UTC\) +AGE +RESTORE POINT +REGION +VAULT +RESOURCES +SIZE +KIND/);
        expect(rowsOf(out)).toEqual([
            [
                ...["2026-11-28 11:00", "60 min", "hourly", "eu-de", "production", "1 good", "100 GB"],
                ...["incremental", "never", "none", "not asked"],
            ],
            [
                ...["2026-11-26 12:00", "2 d", "failed-night", "eu-de", "production", "2 failed", "140 GB"],
                ...["incremental", "never", "none", "not asked"],
            ],
            [
                ...["2026-11-23 12:00", "5 d", "before-release", "eu-de", "production", "2 good", "140 GB"],
                ...["full", "in 3 d", "eu-nl good", "not asked"],
            ],
        ]);
        expect(out).toMatch(/\n\n3 restore points\n$/);
    });

    it("writes a line for each, whatever escape sequences and line breaks the names have", async () => {
        cloud.take(DAY, { name: "a\u001b[2J\n::error::b\u2028c" });
        const { out } = await cloud.run(["list"]);
        expect(rowsOf(out).map((row) => row[2])).toEqual(["a ::error::b c"]);
        const pruned = await cloud.run(["prune", "--keep", "1", "--state", fileOf(stateOf([])), "--nothing-held"]);
        for (const text of [out, pruned.out, pruned.err])
            expect(text.replaceAll("\n", "")).not.toMatch(/[\p{C}\u2028\u2029]/u);
    });

    it("names each backup and copy with its id when asked", async () => {
        const backups = cloud.take(DAY);
        const [web] = backups.filter((one) => one.resourceName === "web-1");
        const [replica] = cloud.copy(web === undefined ? [] : [web]);
        const { out } = await cloud.run(["list", "--backups"]);
        for (const { id, resourceName } of backups)
            expect(out).toMatch(new RegExp(`^ {4}${resourceName} +available +${id} `, "m"));
        expect(out).toMatch(new RegExp(`^ {4}→ eu-nl web-1 +available +${replica?.id} `, "m"));
        expect(rowsOf(out)[0]?.at(-2)).toBe("eu-nl 1 of 2 good");
    });

    it("says which resource of which stack holds what, and what none holds", async () => {
        const held = cloud.take(3 * DAY, { name: "held" });
        const replicas = cloud.copy(held);
        cloud.take(2 * DAY, { name: "left-behind" });
        const file = fileOf(
            stateOf([
                checkpointEntry("before-release", cloud, held),
                replicationEntry(
                    "dr",
                    cloud,
                    held.map((one, at) => [one, replicas[at] ?? one] as const),
                ),
            ]),
        );
        const { out } = await cloud.run(["list", "--state", file]);
        expect(rowsOf(out).map((row) => row.at(-1))).toEqual(["no stack", "prod before-release, and 1 more"]);
        expect(out).toContain("2 restore points, 1 held by no stack");
        const { restorePoints } = await json("--state", file, "--unowned");
        expect(restorePoints.map(({ name, holders }) => [name, holders])).toEqual([["left-behind", []]]);
        const copies = (await json("--state", file)).restorePoints[1]?.backups[0]?.copies;
        expect(copies).toMatchObject([{ state: "good", holders: [{ resource: "dr", hold: "copied" }] }]);
    });

    it("says which resource waits for a copy whose id it does not know yet", async () => {
        const [backup] = cloud.take(DAY);
        cloud.copy(backup === undefined ? [] : [backup]);
        const outputs = { backupId: backup?.id, destinationRegion: "eu-nl", status: "replicating" };
        const file = fileOf(stateOf([{ kind: "BackupReplica", name: "copying", id: "r", outputs }]));
        const { restorePoints } = await json("--state", file);
        const copies = restorePoints[0]?.backups.flatMap((one) => one.copies);
        expect(copies).toMatchObject([{ region: "eu-nl", holders: [{ resource: "copying", hold: "copied" }] }]);
        const csv = (await cloud.run(["list", "--state", file, "--csv"])).out.trimEnd().split("\r\n");
        expect(csv.filter((line) => line.includes(",eu-nl,"))).toEqual([expect.stringMatching(/,prod copying$/)]);
    });

    it("takes an id that anything in a state names for a hold", async () => {
        const [backup] = cloud.take(DAY);
        const child = backup?.children[0]?.id;
        const state = stateOf([
            { type: "other:index:Volume", name: "clone", id: "v-1", inputs: { backupId: child?.toUpperCase() } },
        ]);
        const { restorePoints } = await json("--state", fileOf(state));
        expect(restorePoints[0]?.holders).toMatchObject([{ stack: "prod", resource: "clone", hold: "named" }]);
    });

    it("names the project where stacks of several are given", async () => {
        const backups = cloud.take(DAY);
        const one = fileOf(stateOf([checkpointEntry("before", cloud, backups)]));
        const other = fileOf(stateOf([], { project: "blog" }));
        const { out } = await cloud.run(["list", "--state", one, "--state", other]);
        expect(out).toContain("shop/prod before");
    });

    it("says what states hold and the cloud no longer has", async () => {
        const gone = cloud.take(3 * DAY);
        const state = fileOf(stateOf([checkpointEntry("before", cloud, gone)]));
        cloud.home.expireCheckpoint(gone[0]?.checkpointId ?? "");
        cloud.take(DAY);
        const { out } = await cloud.run(["list", "--state", state]);
        for (const { id } of gone)
            expect(out).toContain(
                `missing: backup ${id} in eu-de is held by prod before, but the cloud no longer has it`,
            );
        expect((await json("--state", state)).missing).toHaveLength(2);
    });

    it("counts what was skipped, by the state that holds it or by the task list", async () => {
        const { run, sim, production, home } = cloud;
        sim.fail({ operation: "CreateCheckpoint", effect: { kind: "skip-resource", resource: 0 } });
        const answer = await fetch(`${sim.regions["eu-de"].url}/v3/${home.projectId}/checkpoints`, {
            method: "POST",
            headers: { "x-auth-token": sim.issueToken("eu-de"), "content-type": "application/json" },
            body: JSON.stringify({ checkpoint: { vault_id: production.id } }),
        });
        expect(answer.status).toBe(200);
        await cloud.clock.sleep(HOUR);
        expect(rowsOf((await run(["list"])).out)[0]?.[5]).toBe("1 good, 1 skipped");
        for (const id of [...home.operationLogs.keys()]) home.forgetOperationLog(id);
        expect(rowsOf((await run(["list"])).out)[0]?.[5]).toBe("1 good");
        const backups = [...home.backups.values()];
        const entry = checkpointEntry("partial", cloud, backups);
        const state = stateOf([{ ...entry, outputs: { ...entry.outputs, skippedResources: [{ id: "x" }] } }]);
        expect((await json("--state", fileOf(state))).restorePoints[0]?.skipped).toBe(1);
    });

    it("does not call good what has expired, or is being deleted", async () => {
        cloud.take(3 * DAY, { name: "going", status: "deleting" });
        const [late] = cloud.take(2 * DAY, { name: "late" });
        if (late !== undefined) late.expiresAt = new Date(NOW - HOUR).toISOString();
        const { restorePoints } = await json();
        expect(restorePoints.map(({ name, good, expiring }) => [name, good, expiring])).toEqual([
            ["late", 1, 1],
            ["going", 0, 2],
        ]);
        expect((await cloud.run(["list"])).out).toContain("1 good, 1 expiring");
    });

    it("takes a copy's fate from the replica itself, and from records only where its region is not looked at", async () => {
        const backups = cloud.take(DAY);
        const [first, second] = cloud.copy(backups);
        cloud.away.setBackupStatus(first?.id ?? "", "error");
        cloud.away.deleteBackupBehindOurBack(second?.id ?? "");
        const both = (await json()).restorePoints[0];
        expect(both?.copies).toMatchObject([{ region: "eu-nl", good: 0, of: 2, missing: 1, isUnread: false }]);
        expect(both?.backups.flatMap((one) => one.copies.map(({ state }) => state)).sort()).toEqual([
            "failed",
            "missing",
        ]);
        const home = (await json("--region", "eu-de")).restorePoints[0];
        expect(home?.copies).toMatchObject([{ region: "eu-nl", good: 2, isUnread: true }]);
        expect((await cloud.run(["list", "--region", "eu-de"])).out).toContain("eu-nl good (not looked at)");
    });

    it("lists a copy by itself when its source is gone", async () => {
        const backups = cloud.take(DAY, { name: "nightly" });
        cloud.copy(backups);
        cloud.home.expireCheckpoint(backups[0]?.checkpointId ?? "");
        const { restorePoints } = await json();
        expect(restorePoints.map(({ name, isCopy, good }) => [name, isCopy, good]).sort()).toEqual([
            ["nightly-0001", true, 1],
            ["nightly-0002", true, 1],
        ]);
        expect((await cloud.run(["list"])).out).toContain("2 copies whose source is not known");
    });

    it("lists the other regions when one cannot be asked, and says so", async () => {
        cloud.take(DAY);
        cloud.sim.fail({ region: "eu-nl", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const run = await cloud.run(["list"]);
        expect(run.code).toBe(1);
        expect(rowsOf(run.out)).toHaveLength(1);
        expect(run.err).toMatch(/^eu-nl, project \w+ could not be looked at: ListVaults: HTTP 403 APIGW\.0302/);
        expect(run.err.trim().split("\n")).toHaveLength(1);
    });

    it("takes one vault, by name or id", async () => {
        const other = cloud.home.addVault({ name: "staging" });
        cloud.home.addCheckpoint(other.id, { name: "elsewhere", createdAt: new Date(NOW - DAY) });
        cloud.take(DAY, { name: "here" });
        for (const vault of ["staging", other.id])
            expect((await json("--vault", vault)).restorePoints.map(({ name }) => name)).toEqual(["elsewhere"]);
        const wrong = await cloud.run(["list", "--vault", "stagin"]);
        expect([wrong.code, wrong.out]).toEqual([2, ""]);
        expect(wrong.err).toContain(
            '--vault is "stagin", but there is no vault of this name or id; there are copies, production, staging',
        );
    });

    it("says of what time a copy is whose source is lost, where a state knows it", async () => {
        const backups = cloud.take(DAY, { resources: [cloud.server("db-1")] });
        const [replica] = cloud.copy(backups, NOW - HOUR);
        const [source] = backups;
        if (replica === undefined || source === undefined) throw new Error("nothing was taken");
        const entries = [
            checkpointEntry("nightly", cloud, backups),
            replicationEntry("dr", cloud, [[source, replica]]),
        ];
        const state = fileOf(stateOf(entries));
        cloud.sim.fail({
            region: "eu-de",
            operation: "ListBackups",
            times: 0,
            effect: { status: 403, code: "APIGW.0302" },
        });
        const [row] = rowsOf((await cloud.run(["list", "--state", state])).out);
        expect(row).toEqual(expect.arrayContaining(["2026-11-28 11:00", "is a copy of 2026-11-27 12:00", "prod dr"]));
        const { restorePoints } = JSON.parse((await cloud.run(["list", "--state", state, "--json"])).out);
        expect(restorePoints).toMatchObject([
            { isCopy: true, dataFrom: "2026-11-27T12:00:00.000Z", backups: [{ copyOf: source.id }] },
        ]);
        expect((await cloud.run(["list", "--state", state, "--csv"])).out).toContain(`,${source.id},prod dr`);
        expect(JSON.parse((await cloud.run(["list", "--json"])).out).restorePoints).toMatchObject([
            { isCopy: true, dataFrom: null, backups: [{ copyOf: null }] },
        ]);
    });

    it("takes the vault that the copies lie in, too", async () => {
        cloud.copy(cloud.take(DAY, { name: "copied" }));
        cloud.take(HOUR, { name: "alone" });
        for (const vault of ["copies", cloud.copies.id])
            expect((await json("--vault", vault)).restorePoints.map(({ name }) => name)).toEqual(["copied"]);
    });

    it("takes one resource, by name or id, with its own counts, and refuses one that nobody knows", async () => {
        cloud.copy(cloud.take(DAY, { name: "both" }));
        cloud.take(HOUR, { name: "web", resources: [cloud.server("web-1")] });
        for (const resource of ["db-1", cloud.server("db-1")])
            expect((await json("--resource", resource)).restorePoints).toMatchObject([
                {
                    name: "both",
                    good: 1,
                    sizeGb: 100,
                    copies: [{ region: "eu-nl", good: 1, of: 1 }],
                    backups: [{ resourceName: "db-1" }],
                },
            ]);
        const wrong = await cloud.run(["list", "--resource", "db-9"]);
        expect([wrong.code, wrong.out]).toEqual([2, ""]);
        expect(wrong.err).toContain('--resource is "db-9"');
    });

    it("names what states hold and the cloud has no more when there is nothing else", async () => {
        const taken = cloud.take(DAY, { resources: [cloud.server("db-1")] });
        const state = fileOf(stateOf([checkpointEntry("before", cloud, taken)]));
        for (const { id } of taken) cloud.home.deleteBackupBehindOurBack(id);
        expect((await cloud.run(["list", "--state", state])).out.split("\n")).toEqual([
            "There are no such restore points in eu-de, eu-nl.",
            `missing: backup ${taken[0]?.id} in eu-de is held by prod before, but the cloud no longer has it`,
            "",
        ]);
    });

    it("does not say that there is nothing where nothing could be looked at", async () => {
        cloud.sim.fail({ times: 0, operation: "ListBackups", effect: { status: 403, code: "APIGW.0302" } });
        expect(await cloud.run(["list"])).toMatchObject({ code: 1, out: "No region could be looked at.\n" });
    });

    it("writes a line a backup and a copy for spreadsheets, in which no name is a formula", async () => {
        const evil = cloud.home.addVault({ name: "=evil()", resources: [{ name: 'a "b", c' }] });
        const [backup] = cloud.home.backupsOf(cloud.home.addCheckpoint(evil.id, { createdAt: new Date(NOW - DAY) }).id);
        const [replica] = cloud.copy(backup === undefined ? [] : [backup]);
        const { out } = await cloud.run(["list", "--csv"]);
        const [heading, ...lines] = out.trimEnd().split("\r\n");
        expect(heading).toMatch(/^created,expires,restore point,/);
        expect(lines).toHaveLength(2);
        expect(lines[0]).toContain(`,${backup?.id},"a ""b"", c",`);
        expect(lines[0]).toContain(",'=evil(),");
        expect(lines[1]).toContain(`,${replica?.id},`);
        expect(lines[1]).toContain(`,${backup?.id},not asked`);
    });

    it("keeps control characters of names from the terminal", async () => {
        const vault = cloud.home.addVault({ name: "red\u001b[31m" });
        cloud.home.addCheckpoint(vault.id);
        expect((await cloud.run(["list"])).out).not.toContain("\u001b");
    });

    it("looks at the projects that states name, too", async () => {
        const { projectId, cloud: other } = cloud.sim.regions["eu-nl"].addProject();
        const vault = other.addVault({ name: "theirs" });
        const [backup] = other.backupsOf(other.addCheckpoint(vault.id).id);
        const state = stateOf([
            {
                kind: "Checkpoint",
                name: "theirs",
                id: backup?.checkpointId ?? "",
                outputs: { region: "eu-nl", projectId, checkpointId: backup?.checkpointId, backups: [] },
            },
        ]);
        expect((await json("--state", fileOf(state))).restorePoints).toMatchObject([
            { projectId, vaultName: "theirs", holders: [{ resource: "theirs" }] },
        ]);
        const without = await cloud.run(["list"]);
        expect(without.err).toContain('knows 2 projects named "eu-nl"');
    });

    it("says so where there is nothing", async () => {
        const run = await cloud.run(["list"]);
        expect(run).toEqual({ code: 0, out: "There are no such restore points in eu-de, eu-nl.\n", err: "" });
    });

    it("only reads, in few calls: one list of vaults, backups and skipped tasks a region", async () => {
        cloud.take(DAY, { autoTrigger: true });
        cloud.take(HOUR);
        cloud.sim.clearRequests();
        await cloud.run(["list"]);
        expect(cloud.calls().sort()).toEqual([
            ...["ListBackups", "ListBackups", "ListBackups"],
            ...["ListOpLogs", "ListOpLogs", "ListVaults", "ListVaults"],
        ]);
        expect(new Set(cloud.sim.requests.map(({ method }) => method))).toEqual(new Set(["GET"]));
    });

    it.each([
        [["--unowned"], "--unowned needs --stack or --state"],
        [["--json", "--csv"], "--json or --csv"],
        [["--region", "EU DE"], '--region is "EU DE"'],
        [["prod"], "prod"],
        // A variable of a script that is not set: not the stack that happens to be selected.
        [["--stack", ""], "--stack is empty"],
        [["--stack", "prod", "--stack="], "--stack is empty"],
        [["--state", ""], "--state is empty"],
        [["--config="], "--config is empty"],
        [["--region", ""], "--region is empty"],
    ])("refuses %j as wrong usage", async (args, message) => {
        const run = await cloud.run(["list", ...args]);
        expect([run.code, run.out]).toEqual([2, ""]);
        expect(run.err).toContain(message);
    });

    it.each([
        ["not JSON", "--state", "is no JSON"],
        ["{}", "--state", "is no state"],
        ['{"deployment": {"steps": []}}', "--state", "is no state"],
    ])("names the state that is none: %s", async (content, flag, message) => {
        const file = fileOf(content);
        const run = await cloud.run(["list", "--state", file]);
        expect([run.code, run.out]).toEqual([1, ""]);
        expect(run.err).toBe(`pulumi-cbr list: ${flag} ${file} ${message}: give what \`pulumi stack export\` wrote\n`);
    });

    it("needs a region", async () => {
        const run = await cloud.run(["list"], { env: { HW_ACCESS_KEY: "a", HW_SECRET_KEY: "b", HOME: "/nowhere" } });
        expect(run.code).toBe(2);
        expect(run.err).toContain("no region is set: give --region, or set cbr:region");
    });

    it("says what is wrong with settings in one line", async () => {
        const run = await cloud.run(["list"], { env: { HW_REGION_NAME: "eu-de", HOME: "/nowhere" } });
        expect([run.code, run.out]).toEqual([1, ""]);
        expect(run.err).toMatch(/^pulumi-cbr list: There are no credentials: a token, .*\n$/);
        const half = { HW_REGION_NAME: "eu-de", HW_SECRET_KEY: "s", HOME: "/nowhere" };
        expect((await cloud.run(["list"], { env: half })).err).toMatch(
            /^pulumi-cbr list: The credentials are incomplete: .*HW_SECRET_KEY.*\n$/,
        );
    });

    it("names the option of a stack, or a configuration, that is not there", async () => {
        const bin = dirname(fileOf("#!/bin/sh\necho \"error: no stack named 'nix' found\" >&2; exit 255\n", "pulumi"));
        chmodSync(join(bin, "pulumi"), 0o755);
        const env = { ...cloud.env, PATH: `${bin}:/usr/bin:/bin` };
        expect((await cloud.run(["list", "--stack", "nix"], { env })).err).toBe(
            "pulumi-cbr list: --stack nix: `pulumi config` failed: no stack named 'nix' found\n",
        );
        expect((await cloud.run(["list", "--config", "/no/where"])).err).toContain("--config /no/where cannot be read");
    });
});

describe("list on Open Telekom Cloud, which keeps no records", () => {
    beforeEach(async () => {
        await cloud.close();
        cloud = await startCloud({
            regions: [
                { name: "eu-de", dialect: "otc" },
                { name: "eu-nl", dialect: "otc" },
            ],
        });
    });

    it("finds a backup's copy by resource and name", async () => {
        cloud.take(3 * DAY, { name: "monday" });
        const tuesday = cloud.take(2 * DAY, { name: "tuesday" });
        cloud.copy(tuesday);
        const { restorePoints } = await json();
        expect(restorePoints.map(({ name, copies }) => [name, copies.map(({ good }) => good)])).toEqual([
            ["tuesday", [2]],
            ["monday", []],
        ]);
    });

    it("does not guess which of two a copy is of", async () => {
        cloud.take(3 * DAY, { name: "nightly" });
        const second = cloud.take(2 * DAY, { name: "nightly" });
        cloud.copy(second);
        const { restorePoints } = await json();
        expect(restorePoints.map(({ isCopy, copies }) => [isCopy, copies.length])).toEqual([
            [true, 0],
            [true, 0],
            [false, 0],
            [false, 0],
        ]);
    });

    it("takes a state's word for it", async () => {
        cloud.take(3 * DAY, { name: "nightly" });
        const second = cloud.take(2 * DAY, { name: "nightly" });
        const replicas = cloud.copy(second);
        const entry = replicationEntry(
            "dr",
            cloud,
            second.map((one, at) => [one, replicas[at] ?? one] as const),
        );
        const { restorePoints } = await json("--state", fileOf(stateOf([entry])));
        expect(restorePoints.map(({ copies }) => copies.map(({ good }) => good))).toEqual([[2], []]);
    });
});

it("asks again for incremental backups only where a list hides them", async () => {
    await cloud.close();
    cloud = await startCloud({ hideIncremental: true });
    cloud.take(DAY, { name: "full" });
    cloud.take(HOUR, { name: "incremental" });
    expect((await json()).restorePoints.map(({ name }) => name)).toEqual(["incremental", "full"]);
});

it("lists ten thousand backups in eleven calls", async () => {
    const vault = cloud.home.addVault({
        name: "many",
        resources: Array.from({ length: 100 }, (_, at) => ({ name: `server-${at}` })),
    });
    for (let at = 0; at < 100; at++)
        cloud.home.addCheckpoint(vault.id, { name: `run-${at}`, createdAt: new Date(NOW - at * HOUR) });
    cloud.sim.clearRequests();
    const { restorePoints } = await json("--region", "eu-de");
    expect([restorePoints.length, restorePoints[0]?.good]).toEqual([100, 100]);
    const lists = cloud.calls().filter((operation) => operation === "ListBackups");
    expect(lists).toHaveLength(10);
}, 60_000);
