import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Journal, memoryJournal } from "../../provider/exactly-once/journal";
import type { BackupState, OperationLogState, VaultSeed } from "../../sdk/testing";
import {
    checkpointEntry,
    DAY,
    fileOf,
    HOUR,
    NOW,
    type StillClock,
    startCloud,
    stateOf,
    type TestCloud,
    whenAsleep,
} from "./cloud";
import type { CliOptions, CliRun } from "./run-cli";

let cloud: TestCloud;
let journal: Journal;
beforeEach(async () => {
    journal = memoryJournal();
    cloud = await startCloud({ restoreMs: 60_000 });
});
afterEach(() => cloud.close());

const restore = (args: readonly string[], options: CliOptions = {}): Promise<CliRun> =>
    cloud.run(["restore", ...args], { journal, ...options });
/** A restore point of one server, and its backup. */
function taken(name = "db-1", agoMs = 5 * DAY): BackupState {
    const [backup] = cloud.take(agoMs, { name: "before-release", resources: [cloud.server(name)] });
    if (backup === undefined) throw new Error("there is no backup");
    return backup;
}
const tasks = (): OperationLogState[] =>
    [...cloud.home.operationLogs.values()].filter(({ operationType }) => operationType === "restore");
const posts = () => cloud.calls().filter((operation) => operation === "RestoreBackup").length;
const disksOf = (name: string) => cloud.production.resources.get(cloud.server(name))?.disks ?? [];

describe("restore", () => {
    it("shows what will be lost, asks for the name, restores to where it was taken, and says how it ended", async () => {
        const backup = taken();
        const newer = cloud.take(10 * HOUR, { name: "nightly", resources: [cloud.server("db-1")] })[0];
        const run = await restore([backup.id], { isInteractive: true, stdin: "db-1\n" });
        expect(run.code, run.err).toBe(0);
        const [task] = tasks();
        expect(run.out).toBe(
            `db-1 is as it was at 2026-11-23 12:00 UTC (task ${task?.id} after 1 min 00 s). db-1 was started.\n`,
        );
        const [system, data] = disksOf("db-1");
        const said = run.err.split("\n").map((line) => line.trimEnd());
        // When it is looked at is the poller's affair.
        const progress = said.splice(9, said.length - 10);
        const words = progress.map((line) => /^ {2}(waiting|running) \d+ %, \d+ s$/.exec(line)?.[1]);
        expect(words.join(" ")).toMatch(/^(waiting ){2,}(running ?){2,}$/);
        const percents = progress.map((line) => Number(/\d+/.exec(line)?.[0]));
        expect(percents).toEqual([...new Set(percents)].sort((a, b) => a - b));
        expect(said).toEqual([
            "Restore db-1 from before-release of 2026-11-23 12:00 UTC, 5 d old",
            `  backup      ${backup.id}, 100 GB, eu-de, vault production`,
            `  overwrites  server db-1 (${cloud.server("db-1")}), the server it was taken of`,
            `                disk ${system?.id} with ${system?.name} (50 GB)`,
            `                disk ${data?.id} with ${data?.name} (50 GB)`,
            `  loses       all that was written to db-1 since; its newest good restore point is nightly of 2026-11-28 02:00 UTC, 10 h old (${newer?.id})`,
            "  afterwards  db-1 is started",
            "db-1 is shut down while it is restored. A restoration cannot be stopped or undone.",
            expect.stringMatching(new RegExp(`^Type db-1 to overwrite it: Begun: task ${task?.id}$`)),
            "",
        ]);
        expect(task?.restored).toMatchObject({
            backupId: backup.id,
            targetId: cloud.server("db-1"),
            powerOn: true,
            volumes: backup.children.map((child) => ({ backupId: child.id, volumeId: child.resourceId })),
        });
        expect(posts()).toBe(1);
    });

    it.each([["web-1\n"], ["y\n"], [""], ["DB-1\n"]])("sends nothing when the answer is %j", async (stdin) => {
        const run = await restore([taken().id], { isInteractive: true, stdin });
        expect([run.code, run.out]).toEqual([1, ""]);
        expect(run.err).toMatch(/that is not its name: nothing was sent\n$/);
        expect(posts()).toBe(0);
    });

    it("asks nothing with --yes, and does nothing without it where no terminal can answer", async () => {
        const backup = taken();
        const silent = await restore([backup.id], { stdin: "db-1\n" });
        expect([silent.code, posts()]).toEqual([2, 0]);
        expect(silent.err).toContain("--yes is needed where no terminal can answer");
        const yes = await restore([backup.id, "--yes"]);
        expect([yes.code, posts()]).toEqual([0, 1]);
        expect(yes.err).not.toContain("Type ");
        expect(yes.err).toContain(
            "loses       all that was written to db-1 since; there is no other good restore point of it",
        );
    });

    it("sends nothing in a dry run, which needs no terminal, and refuses what it would refuse", async () => {
        const backup = taken();
        const run = await restore([backup.id, "--dry-run", "--json"]);
        expect([run.code, posts()]).toEqual([0, 0]);
        expect(run.err).toMatch(/^Restore db-1 from [\s\S]*\nNothing was sent: this is a dry run\.\n$/);
        expect(JSON.parse(run.out)).toMatchObject({ backupId: backup.id, operationLogId: null, wasSent: false });
        cloud.home.setBackupStatus(backup.id, "error");
        const refused = await restore([backup.id, "--dry-run", "--yes"]);
        expect([refused.code, posts()]).toEqual([1, 0]);
        expect(refused.err).toContain("has status error");
    });

    it("takes an id in whichever case it was copied", async () => {
        const backup = taken();
        expect((await restore([backup.id.toUpperCase(), "--dry-run"])).code).toBe(0);
    });

    it("does not call an older restore point the newest one", async () => {
        cloud.take(5 * DAY);
        const [, db] = cloud.take(HOUR);
        const run = await restore([db?.id ?? "", "--dry-run"]);
        expect(run.err).toMatch(
            /since; this is its newest good restore point, and the one before it is \S+ of 2026-11-23 12:00 UTC, 5 d old/,
        );
    });

    it("leaves the server off, leaves disks out, and maps them, by name or id", async () => {
        const backup = taken();
        const [system, data] = disksOf("db-1");
        const run = await restore([backup.id, "--yes", "--no-power-on", "--leave-out", data?.name ?? ""]);
        expect(run.out).toMatch(/ db-1 is off\.\n$/);
        expect(run.err).toContain(`leaves out ${data?.name} (50 GB)`);
        expect(tasks()[0]?.restored).toMatchObject({
            powerOn: false,
            volumes: [{ backupId: backup.children[0]?.id, volumeId: system?.id }],
        });
        const [, second] = backup.children;
        const mapped = await restore([
            ...[backup.id, "--yes", "--leave-out", system?.id ?? "", "--map", `${second?.id}=${data?.id}`],
        ]);
        expect(mapped.code, mapped.err).toBe(0);
        expect(tasks()[1]?.restored?.volumes).toEqual([{ backupId: second?.id, volumeId: data?.id }]);
    });

    it("restores to another server, once it is told where each disk goes", async () => {
        const backup = taken();
        const other = cloud.home.addResource(cloud.production.id, { name: "db-2", disks: 2, sizeGb: 100 });
        const lacking = await restore([backup.id, "--yes", "--server", other.id]);
        expect([lacking.code, posts()]).toEqual([1, 0]);
        const [first, second] = backup.children;
        expect(lacking.err).toContain(
            `say where each disk goes, with --map DISK=VOLUME_ID, or leave it out with --leave-out DISK: ${first?.resourceName} (50 GB, disk backup ${first?.id}), ${second?.resourceName} (`,
        );
        const maps = backup.children.flatMap((child, at) => ["--map", `${child.resourceName}=${other.disks[at]?.id}`]);
        const run = await restore([backup.id, "--server", other.id, ...maps], { isInteractive: true, stdin: "db-2\n" });
        expect(run.code, run.err).toBe(0);
        expect(run.err).toContain(
            `overwrites  server db-2 (${other.id}), not the server it was taken of, which was db-1`,
        );
        expect(run.err).toMatch(/disk \S+ with \S+ \(50 GB\), another disk than it was taken of/);
        expect(tasks()[0]?.restored).toMatchObject({ targetId: other.id });
    });

    it("restores a disk, and a desktop", async () => {
        const seed = async (vault: VaultSeed) => {
            const { id, resources } = cloud.home.addVault(vault);
            const [backup] = cloud.home.backupsOf(cloud.home.addCheckpoint(id, { createdAt: new Date(NOW - DAY) }).id);
            return { backup, resource: [...resources.values()][0] };
        };
        const disk = await seed({ objectType: "disk", resources: [{ name: "pg-data" }, { name: "spare" }] });
        const run = await restore([disk.backup?.id ?? "", "--yes"]);
        expect(run.err).toContain(`overwrites  disk pg-data (${disk.resource?.id}), the disk it was taken of`);
        expect(run.err).toContain("Its server must be stopped, and the disk detached, first.");
        expect(run.out).toMatch(/ Attach the disk to its server, and start the server\.\n$/);
        const desktop = await seed({ objectType: "workspace", resources: [{ name: "desk-1" }] });
        expect((await restore([desktop.backup?.id ?? "", "--yes"])).out).toMatch(/^desk-1 is as it was/);
        expect(tasks().map(({ restored }) => restored?.targetName)).toEqual(["pg-data", "desk-1"]);
    });

    it("finds the backup in whichever region it is, and says where it looked in vain", async () => {
        const vault = cloud.away.addVault({ name: "theirs", resources: [{ name: "nl-1" }] });
        const [backup] = cloud.away.backupsOf(cloud.away.addCheckpoint(vault.id).id);
        expect((await restore([backup?.id ?? "", "--yes"])).out).toMatch(/^nl-1 is as it was/);
        const unknown = "11111111-2222-4333-8444-555555555555";
        const run = await restore([unknown, "--yes"]);
        expect(run.code).toBe(1);
        expect(run.err).toMatch(
            new RegExp(
                `there is no backup ${unknown} in eu-de \\(project \\w+\\), eu-nl \\(project \\w+\\)\\. --region looks elsewhere`,
            ),
        );
        const { checkpointId, id } = taken();
        const point = await restore([checkpointId, "--yes"]);
        expect(point.err).toContain(`It is a restore point of eu-de; its backups are ${id} of db-1.`);
    });

    it("finds it in one region although another is gone", async () => {
        const backup = taken();
        cloud.sim.fail({ region: "eu-nl", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        expect((await restore([backup.id, "--yes"])).code).toBe(0);
        const run = await restore(["11111111-2222-4333-8444-555555555555", "--yes"]);
        expect(run.err).toMatch(/there is no backup \S+ in eu-de \(project \w+\)\. eu-nl could not be asked: /);
    });

    it("says who holds the backup, and which stack manages what is overwritten", async () => {
        const backup = taken();
        const state = stateOf([
            checkpointEntry("before-release", cloud, [backup]),
            { type: "huaweicloud:Ecs/instance:Instance", name: "db", id: cloud.server("db-1") },
        ]);
        const { err } = await restore([backup.id, "--yes", "--state", fileOf(state)]);
        expect(err).toContain("held by     prod before-release\n");
        expect(err).toContain("managed by  prod db (huaweicloud:Ecs/instance:Instance), whose state does not change\n");
    });

    it("gives the result as data", async () => {
        const backup = taken();
        const { out, code } = await restore([backup.id, "--yes", "--json"]);
        expect(code).toBe(0);
        expect(JSON.parse(out)).toMatchObject({
            backupId: backup.id,
            kind: "server",
            targetId: cloud.server("db-1"),
            operationLogId: tasks()[0]?.id,
            wasSent: true,
            status: "success",
            errorCode: null,
        });
    });
});

describe("restore refuses, before anything is sent,", () => {
    const refuses = async (args: readonly string[], message: string | RegExp, code = 1) => {
        const run = await restore([...args, "--yes"]);
        expect(run.err).toMatch(message);
        expect([run.code, posts()]).toEqual([code, 0]);
    };

    it("a copy: other things are made from these", async () => {
        const [replica] = cloud.copy([taken()]);
        await refuses(
            [replica?.id ?? ""],
            /is a copy from another region, which cannot be restored to a server: make an image/,
        );
    });

    it("the backup of a file system", async () => {
        const { id } = cloud.home.addVault({ objectType: "turbo", resources: 1 });
        const [backup] = cloud.home.backupsOf(cloud.home.addCheckpoint(id).id);
        await refuses([backup?.id ?? ""], /is of a file system \(SFS Turbo\), which cannot be overwritten/);
    });

    it("a disk of a server's backup", async () => {
        const backup = taken();
        await refuses([backup.children[0]?.id ?? ""], `belongs to server backup ${backup.id}: restore that one`);
    });

    it("one that is not available", async () => {
        const backup = taken();
        cloud.home.setBackupStatus(backup.id, "error");
        await refuses([backup.id], `backup ${backup.id} has status error: only one that is available can be restored`);
    });

    it("one whose vault is frozen", async () => {
        const backup = taken();
        cloud.home.setVault(cloud.production.id, { status: "frozen" });
        await refuses([backup.id], /vault production has status frozen/);
    });

    it("to overwrite what is being backed up", async () => {
        const backup = taken();
        const server = cloud.production.resources.get(cloud.server("db-1"));
        if (server !== undefined) server.protectStatus = "protecting";
        await refuses([backup.id], /db-1 is being backed up: wait until that has ended/);
    });

    it("too small a disk", async () => {
        const { id, resources } = cloud.home.addVault({
            objectType: "disk",
            resources: [
                { name: "large", sizeGb: 200 },
                { name: "small", sizeGb: 10 },
            ],
        });
        const [large, small] = [...resources.values()];
        const [backup] = cloud.home.backupsOf(cloud.home.addCheckpoint(id, { resources: [large?.id ?? ""] }).id);
        await refuses(
            [backup?.id ?? "", "--volume", small?.id ?? ""],
            /disk small has 10 GB, and the backup is of 200 GB/,
        );
    });

    it.each([
        [[], "takes one BACKUP"],
        [["a", "b"], "takes one BACKUP"],
        [["web-1"], 'BACKUP is "web-1", but must be an id'],
        [["BACKUP", "--server", "web-2"], '--server is "web-2", but must be an id'],
        [["BACKUP", "--map", "data"], '--map is "data", but must be DISK=VOLUME_ID'],
        [["BACKUP", "--map", "data=x"], '--map names the disk "data", which the backup does not have; it has '],
        [["BACKUP", "--map", "DISK=x"], '--map is "x", but must be an id'],
        [["BACKUP", "--leave-out", "nothing"], '--leave-out names the disk "nothing"'],
        [
            ["BACKUP", "--volume", "5d822633-2bbf-4af8-a16e-5ab1c7705235"],
            "--volume is not for a server backup: use --server",
        ],
        [["BACKUP", "--timeout", "long"], '--timeout is "long"'],
    ])("wrong usage: %j", async (args, message) => {
        const backup = taken("web-1");
        const disk = backup.children[0]?.resourceName ?? "";
        const words = args.map((word) => word.replace("BACKUP", backup.id).replace("DISK=", `${disk}=`));
        const run = await restore([...words, "--yes"]);
        expect(run.err).toContain(message);
        expect([run.code, run.out, posts()]).toEqual([2, "", 0]);
    });

    it("to leave out everything, or to restore two disks to one", async () => {
        const backup = taken();
        const [first, second] = disksOf("db-1");
        await refuses(
            [backup.id, "--leave-out", first?.id ?? "", "--leave-out", second?.id ?? ""],
            /leaves nothing of backup/,
            2,
        );
        await refuses([backup.id, "--map", `${first?.id}=${second?.id}`], /two disks would be restored to/, 2);
    });
});

describe("restore, when something goes wrong", () => {
    it.each([
        [
            "failed",
            "The restoration of db-1 has status failed after 1 min 00 s: BackupService.2008: The server is faulty.",
        ],
        [
            "timeout",
            "The cloud gave the restoration of db-1 up after 1 min 00 s: BackupService.2008: The server is faulty.",
        ],
        ["skipped", "Nothing was restored: the cloud skipped it: BackupService.2008: The server is faulty."],
    ] as const)("says in words that the task %s", async (status, message) => {
        cloud.sim.fail({
            operation: "RestoreBackup",
            effect: { kind: "restore-outcome", status, code: "BackupService.2008", message: "The server is faulty." },
        });
        const run = await restore([taken().id, "--yes"]);
        expect([run.code, run.out]).toEqual([1, ""]);
        expect(run.err).toContain(message);
    });

    it("says what the cloud refused, and does not wait for whoever uses the server", async () => {
        const backup = taken();
        cloud.sim.fail({ operation: "RestoreBackup", times: 0, effect: { code: "BackupService.2010" } });
        const run = await restore([backup.id, "--yes"]);
        expect([run.code, posts()]).toEqual([1, 1]);
        expect(run.err).toMatch(/RestoreBackup: HTTP 400 BackupService\.2010: The resource is being restored/);
        const gone = await restore([
            backup.id,
            "--yes",
            "--server",
            "11111111-2222-4333-8444-555555555555",
            ...backup.children.flatMap((child) => ["--map", `${child.id}=${child.resourceId}`]),
        ]);
        expect(gone.code).toBe(1);
    });

    it.each([
        ["reset-after-effect", 1, /the answer was lost, and its effect was found/],
        ["reset-before", 2, /^Begun: task \S+$/m],
        [{ status: 504, shape: "html", afterEffect: true }, 1, /the answer was lost, and its effect was found/],
        [{ status: 502, shape: "html" }, 2, /^Begun: task \S+$/m],
        ["throttled", 2, /^Begun: task \S+$/m],
    ] as const)("restores once when the request ends with %j", async (effect, sent, message) => {
        cloud.sim.fail({ operation: "RestoreBackup", effect });
        const run = await restore([taken().id, "--yes"]);
        expect(run.code, run.err).toBe(0);
        expect([tasks().length, posts()]).toEqual([1, sent]);
        expect(run.err).toMatch(message);
    });

    it("sends nothing again while it cannot find out, and says what to look at", async () => {
        cloud.sim.fail({ operation: "RestoreBackup", effect: "reset-after-effect" });
        cloud.sim.fail({ operation: "ListOpLogs", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const backup = taken();
        const run = await restore([backup.id, "--yes"]);
        expect([run.code, tasks().length, posts()]).toEqual([1, 1, 1]);
        expect(run.err).toContain("it is not known whether the restoration has begun");
        expect(run.err).not.toContain("pulumi up");
        // Once it can be asked, the same command finds it.
        cloud.sim.clearFaults();
        const again = await restore([backup.id, "--yes"]);
        expect([again.code, tasks().length, posts()]).toEqual([0, 1, 1]);
    });

    it("goes on waiting when it is run again after an interruption, and begins nothing", async () => {
        const backup = taken();
        const run = await restore([backup.id], {
            isInteractive: true,
            stdin: "db-1\n",
            interrupted: whenAsleep(cloud.clock, () => tasks().length === 1),
        });
        expect([run.code, run.out]).toEqual([1, ""]);
        expect(run.err).toMatch(
            /its end has not been seen \(task \S+\)\. It goes on in the cloud, and cannot be stopped\. The same command goes on waiting for it, and begins nothing\.\n$/,
        );
        // Nothing is asked, for nothing is sent.
        const again = await restore([backup.id], { isInteractive: true, stdin: "" });
        expect(again.code, again.err).toBe(0);
        expect(again.err).toMatch(
            /^db-1 is being restored from this backup since 2026-11-28 12:00 UTC \(task \S+\)\. Nothing was sent/,
        );
        expect([tasks().length, posts()]).toEqual([1, 1]);
    });

    it("knows what an interrupted run had begun that has ended since, and restores again only when it is run again", async () => {
        const backup = taken();
        await restore([backup.id, "--yes"], { interrupted: whenAsleep(cloud.clock, () => tasks().length === 1) });
        await sleepFor(cloud.clock, HOUR);
        const second = await restore([backup.id, "--yes"]);
        expect(second.code, second.err).toBe(0);
        expect(second.err).toContain("An interrupted run has begun it already: task");
        expect(second.err).toContain("Nothing was sent by this run; to restore once more, run it again.");
        expect([tasks().length, posts()]).toEqual([1, 1]);
        expect((await restore([backup.id, "--yes"])).code).toBe(0);
        expect([tasks().length, posts()]).toEqual([2, 2]);
    });

    it("waits for what somebody else has begun, and refuses another target meanwhile", async () => {
        const backup = taken();
        await restore([backup.id, "--yes"], { interrupted: whenAsleep(cloud.clock, () => tasks().length === 1) });
        const other = cloud.home.addResource(cloud.production.id, { name: "db-2", disks: 2, sizeGb: 100 });
        const maps = backup.children.flatMap((child, at) => ["--map", `${child.id}=${other.disks[at]?.id}`]);
        const elsewhere = await restore([backup.id, "--yes", "--server", other.id, ...maps], {
            journal: memoryJournal(),
        });
        expect(elsewhere.code).toBe(1);
        expect(elsewhere.err).toContain(`is being restored to ${cloud.server("db-1")} (task`);
        const colleague = await restore([backup.id, "--yes"], { journal: memoryJournal() });
        expect([colleague.code, posts()]).toEqual([0, 1]);
    });

    it("sends nothing when it is interrupted before the name is typed", async () => {
        const run = await restore([taken().id], {
            isInteractive: true,
            interrupted: Promise.resolve(),
            stdin: "db-1\n",
        });
        expect([run.code, posts()]).toEqual([1, 0]);
    });

    it("stops waiting after --timeout, and says that it goes on", async () => {
        const run = await restore([taken().id, "--yes", "--timeout", "30s"]);
        expect(run.code).toBe(1);
        expect(run.err).toMatch(/After \d+ s its end has not been seen/);
    });

    it("outlasts blips of the cloud while it waits", async () => {
        cloud.sim.fail({ operation: "ShowOpLog", times: 5, effect: { status: 503, shape: "empty" } });
        expect((await restore([taken().id, "--yes"])).code).toBe(0);
    });

    it("says so when the cloud forgets the task", async () => {
        cloud.sim.fail({ operation: "ShowOpLog", times: 0, effect: { code: "BackupService.6500" } });
        const run = await restore([taken().id, "--yes"]);
        expect(run.code).toBe(1);
        expect(run.err).toMatch(/The cloud no longer knows task \S+: look at the target/);
    });
});

describe("restore on Open Telekom Cloud, whose answer names no task", () => {
    beforeEach(async () => {
        await cloud.close();
        cloud = await startCloud({
            restoreMs: 60_000,
            regions: [
                { name: "eu-de", dialect: "otc" },
                { name: "eu-nl", dialect: "otc" },
            ],
        });
    });

    it("finds the task, and waits for it", async () => {
        const backup = taken();
        for (let time = 1; time <= 2; time++) {
            const run = await restore([backup.id, "--yes"]);
            expect(run.code, run.err).toBe(0);
            expect(run.out).toContain(tasks()[time - 1]?.id ?? "none");
        }
        expect(posts()).toBe(2);
    });

    it("says that it is not known what came of it when no task shows", async () => {
        cloud.sim.fail({ operation: "ListOpLogs", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        const run = await restore([taken().id, "--yes"]);
        expect(run.code).toBe(1);
        expect(posts()).toBe(1);
    });
});

async function sleepFor(clock: StillClock, ms: number): Promise<void> {
    await clock.sleep(ms);
}
