import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BackupState, VaultSeed } from "../../sdk/testing";
import {
    checkpointEntry,
    DAY,
    fileOf,
    HOUR,
    replicationEntry,
    type StateEntry,
    startCloud,
    stateOf,
    type TestCloud,
    whenAsleep,
} from "./cloud";

let cloud: TestCloud;
beforeEach(async () => {
    cloud = await startCloud();
});
afterEach(() => cloud.close());

interface Pruned {
    isDryRun: boolean;
    blockers: string[];
    backups: {
        id: string;
        name: string;
        resourceName: string;
        isCopy: boolean;
        action: string;
        reason: string | null;
        outcome: string | null;
        why: string | null;
    }[];
}

/** A state in which something else is held, so that it is no empty one. */
const other: StateEntry = { kind: "VaultSync", name: "sync", id: "11111111-0000-4000-8000-000000000001" };
const stateWith = (...entries: StateEntry[]) => fileOf(stateOf([other, ...entries]));

async function prune(args: readonly string[], state = stateWith()): Promise<Pruned & { code: number; err: string }> {
    const { code, out, err } = await cloud.run(["prune", "--json", "--state", state, ...args]);
    return { ...JSON.parse(out), code, err };
}

const web = () => ({ resources: [cloud.server("web-1")] });
const ids = (backups: readonly BackupState[]) => backups.map(({ id }) => id).sort();
const going = ({ backups }: Pruned) => backups.filter(({ action }) => action === "delete").map(({ name }) => name);
const reasons = ({ backups }: Pruned) => Object.fromEntries(backups.map(({ name, reason }) => [name, reason]));
const left = () => [...cloud.home.backups.values()].map(({ name }) => name).sort();

describe("prune", () => {
    it("shows what may go, and deletes nothing without --yes", async () => {
        for (const day of [40, 35, 2]) cloud.take(day * DAY, { name: `day-${day}`, ...web() });
        const run = await cloud.run(["prune", "--older-than", "30d", "--state", stateWith()]);
        expect([run.code, run.err]).toEqual([0, ""]);
        expect(run.out).toMatch(/^To be deleted: 2 backups, of resources of 80 GB\n/);
        expect(run.out).toMatch(
            /\n {2}2026-10-19 12:00 {2}web-1 {2}restore point {2}day-40 {2}eu-de {2}production {2}available {2}40 GB {2}/,
        );
        expect(run.out).toMatch(/\nStay:\n {2}1 too young\n/);
        expect(run.out).toMatch(/\nNothing was deleted: that takes --yes\.\n$/);
        expect(left()).toEqual(["day-2", "day-35", "day-40"]);
        expect(cloud.sim.requests.every(({ method }) => method === "GET")).toBe(true);
    });

    it("deletes with --yes, waits for each, and says what it did", async () => {
        const [old = []] = [40, 35, 2].map((day) => cloud.take(day * DAY, { name: `day-${day}`, ...web() }));
        const run = await cloud.run(["prune", "--older-than", "30d", "--yes", "--state", stateWith()]);
        expect([run.code, run.err]).toEqual([0, ""]);
        expect(run.out).toContain(`deleted    ${old[0]?.id}  web-1  day-40  eu-de\n`);
        expect(run.out).toMatch(/\nDeleted 2 backups\.\n$/);
        expect(left()).toEqual(["day-2"]);
    });

    it("keeps the newest N of each resource, restore points and copies counted apart", async () => {
        for (const day of [5, 4, 3, 2]) cloud.copy(cloud.take(day * DAY, { name: `day-${day}`, ...web() }));
        cloud.take(6 * DAY, { name: "db-only", resources: [cloud.server("db-1")] });
        const result = await prune(["--keep", "2", "--yes"]);
        expect(result.code).toBe(0);
        expect(going(result)).toEqual(["day-5", "day-5", "day-4", "day-4"]);
        expect(reasons(result)).toMatchObject({ "day-2": "newest", "day-3": "newest", "db-only": "newest" });
        expect(left()).toEqual(["day-2", "day-3", "db-only"]);
        expect([...cloud.away.backups.values()].map(({ name }) => name).sort()).toEqual(["day-2", "day-3"]);
    });

    it("counts whole restore points of a vault if told so, and keeps these whole", async () => {
        cloud.take(5 * DAY, { name: "five" });
        cloud.take(4 * DAY, { name: "four", ...web() });
        const [broken] = cloud.take(3 * DAY, { name: "three" });
        cloud.home.setBackupStatus(broken?.id ?? "", "error");
        const result = await prune(["--keep", "2", "--per", "vault"]);
        expect(going(result).sort()).toEqual(["five-0001", "five-0002"]);
        expect(reasons(result)).toMatchObject({ four: "newest", "three-0001": "newest", "three-0002": "newest" });
    });

    it("never deletes what a state holds, in whatever way", async () => {
        const taken = cloud.take(60 * DAY, { name: "taken", ...web() });
        const source = cloud.take(50 * DAY, { name: "source", ...web() });
        const replicas = cloud.copy(source);
        const named = cloud.take(45 * DAY, { name: "named", ...web() });
        cloud.take(40 * DAY, { name: "free", ...web() });
        cloud.take(2 * DAY, { name: "young", ...web() });
        const state = stateWith(
            checkpointEntry("before", cloud, taken),
            replicationEntry(
                "dr",
                cloud,
                source.map((one, at) => [one, replicas[at] ?? one] as const),
                { gone: true },
            ),
            { type: "other:index:Disk", name: "clone", inputs: { backup: named[0]?.children[0]?.id } },
        );
        const result = await prune(["--older-than", "30d", "--yes"], state);
        expect(going(result)).toEqual(["free"]);
        expect(reasons(result)).toMatchObject({ taken: "held", source: "held", named: "held", young: "young" });
        expect(result.backups.find(({ name }) => name === "named")?.why).toBe("held by prod clone (names it)");
        expect(ids([...cloud.away.backups.values()])).toEqual(ids(replicas));
    });

    it("holds the restore point that state knows by its id alone, and the copy that it still waits for", async () => {
        const running = cloud.take(60 * DAY, { name: "unfinished", ...web() });
        const source = cloud.take(50 * DAY, { name: "source", ...web() });
        cloud.copy(source);
        cloud.copy(cloud.take(40 * DAY, { name: "later", ...web() }));
        cloud.take(2 * DAY, web());
        const waiting = { backupId: source[0]?.id, destinationRegion: "eu-nl", status: "replicating" };
        const state = stateWith(
            {
                kind: "Checkpoint",
                name: "unfinished",
                id: running[0]?.checkpointId ?? "",
                outputs: { checkpointId: running[0]?.checkpointId },
            },
            { kind: "BackupReplica", name: "waiting", id: "r", outputs: waiting },
        );
        const result = await prune(["--older-than", "30d"], state);
        expect(going(result)).toEqual(["later", "later"]);
        expect(result.backups.filter(({ isCopy }) => isCopy).map(({ name, reason }) => [name, reason])).toEqual([
            ["source", "held"],
            ["later", null],
        ]);
    });

    it("keeps the last good restore point of a resource, and the last good copy in a region", async () => {
        const only = cloud.take(60 * DAY, { name: "only", ...web() });
        cloud.copy(only);
        cloud.take(50 * DAY, { name: "broken", ...web(), status: "error" });
        const result = await prune(["--keep", "0", "--older-than", "1d", "--yes"]);
        expect(result.backups.map(({ name, isCopy, reason, outcome }) => [name, isCopy, reason, outcome])).toEqual([
            ["only", false, "last", null],
            ["only", true, "last", null],
            ["broken", false, null, "deleted"],
        ]);
        const { out } = await cloud.run(["prune", "--keep", "0", "--state", stateWith()]);
        expect(out).toContain(`kept: ${only[0]?.id}, the last good restore point of web-1\n`);
        expect(out).toMatch(/kept: \S+, the last good copy of web-1 in eu-nl\n/);
    });

    it("counts a held one as one that stays, and one in another vault", async () => {
        const held = cloud.take(60 * DAY, { name: "held", ...web() });
        cloud.take(50 * DAY, { name: "free", ...web() });
        const archive = cloud.home.addVault({
            name: "archive",
            resources: [{ id: cloud.server("db-1"), name: "db-1" }],
        });
        cloud.home.addCheckpoint(archive.id, { name: "archived", createdAt: new Date(cloud.clock.now() - 90 * DAY) });
        cloud.take(70 * DAY, { name: "db", resources: [cloud.server("db-1")] });
        const result = await prune(
            ["--keep", "0", "--vault", "production"],
            stateWith(checkpointEntry("before", cloud, held)),
        );
        expect(going(result)).toEqual(["db", "free"]);
        expect(Object.keys(reasons(result)).sort()).toEqual(["db", "free", "held"]);
    });

    it("leaves alone what a policy made, unless asked, and never what a locked vault keeps", async () => {
        cloud.take(60 * DAY, { name: "policy", ...web(), autoTrigger: true });
        cloud.take(50 * DAY, { name: "manual", ...web() });
        cloud.take(2 * DAY, { name: "young", ...web() });
        expect(going(await prune(["--keep", "0", "--older-than", "30d"]))).toEqual(["manual"]);
        expect(going(await prune(["--keep", "0", "--older-than", "30d", "--include-automatic"]))).toEqual([
            "policy",
            "manual",
        ]);
        cloud.home.lockVault(cloud.production.id);
        const locked = await prune(["--keep", "0", "--older-than", "30d", "--include-automatic"]);
        expect(reasons(locked)).toMatchObject({ policy: "locked", manual: null });
    });

    it("leaves alone what is running, in use, or imported from on premises", async () => {
        const seed: VaultSeed = { name: "on-premises", cloudType: "hybrid", resources: [{ name: "vm" }] };
        const hybrid = cloud.home.addVault(seed);
        cloud.home.addCheckpoint(hybrid.id, { name: "imported", createdAt: new Date(cloud.clock.now() - 60 * DAY) });
        cloud.take(60 * DAY, { name: "running", ...web(), status: "protecting" });
        cloud.take(60 * DAY, { name: "restoring", ...web(), status: "restoring" });
        cloud.take(2 * DAY, web());
        const result = await prune(["--older-than", "30d"]);
        expect(reasons(result)).toMatchObject({ imported: "on-premises", running: "busy", restoring: "busy" });
    });

    it("leaves alone what is younger than a day, if not told otherwise: an interrupted run may still adopt it", async () => {
        cloud.take(23 * HOUR, { name: "hours", ...web() });
        cloud.take(3 * HOUR, { name: "newest", ...web() });
        expect(going(await prune(["--keep", "1"]))).toEqual([]);
        expect(going(await prune(["--keep", "1", "--older-than", "2h"]))).toEqual(["hours"]);
    });

    it("looks at each again whose sibling was to stay, just before it deletes", async () => {
        const [stays] = cloud.take(2 * DAY, { name: "stays", ...web() });
        cloud.take(40 * DAY, { name: "goes", ...web() });
        cloud.take(50 * DAY, { name: "broken", ...web(), status: "error" });
        // It vanishes after it was listed.
        cloud.sim.fail({
            operation: "ShowBackup",
            id: stays?.id ?? "",
            effect: { kind: "expire-checkpoint" },
        });
        const result = await prune(["--keep", "1", "--yes"]);
        expect(result.code).toBe(1);
        expect(result.backups.map(({ name, outcome, reason }) => [name, outcome ?? reason])).toEqual([
            ["broken", "deleted"],
            ["goes", "skipped"],
            ["stays", "newest"],
        ]);
        expect(left()).toEqual(["goes"]);
    });
});

describe("prune deletes nothing", () => {
    const deletesNothing = async (args: readonly string[], code: number, message: string) => {
        cloud.take(60 * DAY);
        cloud.take(40 * DAY);
        const before = left();
        const run = await cloud.run(["prune", ...args]);
        expect(run.err).toContain(message);
        expect(run.code).toBe(code);
        expect(left()).toEqual(before);
        expect(cloud.calls()).not.toContain("DeleteBackup");
    };

    it("without states", () =>
        deletesNothing(
            ["--keep", "1", "--yes"],
            2,
            "needs --stack or --state: without states nothing is known to be held",
        ));

    it("without a rule", () =>
        deletesNothing(["--state", stateWith(), "--yes"], 2, "needs --keep or --older-than, or both"));

    it("by the state of a stack that has nothing of this package, unless that is said to be right", async () => {
        const empty = fileOf(stateOf([{ type: "other:index:Thing", name: "thing" }]));
        await deletesNothing(
            ["--keep", "1", "--yes", "--state", empty],
            1,
            "none of the given states has a resource of this package",
        );
        const right = await cloud.run(["prune", "--keep", "1", "--yes", "--state", empty, "--nothing-held"]);
        expect([right.code, left().length]).toEqual([0, 2]);
    });

    it("while a deployment is under way, or was interrupted", () =>
        deletesNothing(
            [
                "--keep",
                "1",
                "--yes",
                "--state",
                fileOf(stateOf([other], { pending: [{ kind: "Checkpoint", name: "before" }] })),
            ],
            1,
            "an operation of urn:pulumi:prod::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::before is under way or was interrupted",
        ));

    it("when a region could not be looked at", async () => {
        cloud.sim.fail({ region: "eu-nl", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        await deletesNothing(["--keep", "1", "--yes", "--state", stateWith()], 1, "not everything could be looked at");
    });

    it("with a state that is none", () =>
        deletesNothing(["--keep", "1", "--yes", "--state", fileOf("{}")], 1, "is no state"));

    it.each([
        [["--keep", "many"], '--keep is "many"'],
        [["--keep", "-1"], "--keep"],
        [["--keep", "1", "--per", "server"], '--per is "server"'],
        [["--older-than", "yesterday"], '--older-than is "yesterday"'],
        [["--keep", "1", "--timeout", "x"], '--timeout is "x"'],
        [["--keep", "1", "--vault", "x"], '--vault is "x"'],
    ])("for %j", (args, message) => deletesNothing([...args, "--yes", "--state", stateWith()], 2, message));
});

describe("prune, when a deletion goes wrong", () => {
    beforeEach(() => {
        for (const day of [40, 35, 2]) cloud.take(day * DAY, { name: `day-${day}`, ...web() });
    });
    const outcomes = ({ backups }: Pruned) => Object.fromEntries(backups.map(({ name, outcome }) => [name, outcome]));

    it("says which could not be deleted and why, and deletes the others", async () => {
        const [first] = [...cloud.home.backups.values()].filter(({ name }) => name === "day-40");
        cloud.home.imageFrom(first?.id ?? "");
        const run = await cloud.run(["prune", "--older-than", "30d", "--yes", "--state", stateWith()]);
        expect(run.code).toBe(1);
        expect(run.out).toMatch(
            /refused {4}\S+ {2}web-1 {2}day-40 {2}eu-de {2}.*BackupService\.6204.*delete the image first/,
        );
        expect(run.out).toMatch(/\nDeleted 1 backup, 1 could not be deleted\.\n$/);
        expect(left()).toEqual(["day-2", "day-40"]);
    });

    it("takes a lost answer for neither yes nor no, and looks", async () => {
        cloud.sim.fail({ operation: "DeleteBackup", effect: "reset-after-effect" });
        cloud.sim.fail({ operation: "DeleteBackup", nth: 2, effect: "reset-before" });
        const result = await prune(["--older-than", "30d", "--yes"]);
        expect([result.code, outcomes(result)]).toEqual([
            0,
            { "day-40": "deleted", "day-35": "deleted", "day-2": null },
        ]);
        expect(left()).toEqual(["day-2"]);
    });

    it("says of a deletion that came back as error that it was refused", async () => {
        cloud.sim.fail({ operation: "DeleteBackup", effect: { kind: "delete-error" } });
        const result = await prune(["--older-than", "30d", "--yes"]);
        expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(["deleted", "refused", null]));
        expect(result.code).toBe(1);
    });

    it("says of one that takes too long that its end was not seen", async () => {
        cloud.sim.fail({ operation: "DeleteBackup", effect: { kind: "slow", ms: 2 * HOUR } });
        const result = await prune(["--older-than", "30d", "--yes"]);
        expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(["deleted", "unknown", null]));
        expect(result.backups.find(({ outcome }) => outcome === "unknown")).toMatchObject({
            message: expect.stringContaining("not finished after 1800 s"),
        });
    });

    it("says of each what is known when it is interrupted", async () => {
        for (let day = 50; day < 60; day++) cloud.take(day * DAY, { name: `day-${day}`, ...web() });
        cloud.sim.fail({ operation: "DeleteBackup", nth: 3, times: 0, effect: { kind: "slow", ms: 20 * DAY } });
        // Two are done; the next five are asked for, and take for ever.
        const asked = () => cloud.calls().filter((operation) => operation === "DeleteBackup").length;
        const run = await cloud.run(
            ["prune", "--older-than", "30d", "--yes", "--timeout", "30d", "--state", stateWith()],
            { interrupted: whenAsleep(cloud.clock, () => asked() === 7) },
        );
        expect(run.code).toBe(1);
        const lines = run.out.split("\n");
        const count = (outcome: string) => lines.filter((line) => line.startsWith(outcome)).length;
        expect([count("deleted "), count("unknown "), count("not begun ")]).toEqual([2, 5, 5]);
        expect(run.out).toMatch(/unknown {4}.*interrupted; its status is (waiting_delete|deleting)\n/);
        expect(run.out).toMatch(/\nDeleted 2 backups, 5 whose end was not seen, 5 not begun\.\n$/);
        expect(cloud.calls().filter((operation) => operation === "DeleteBackup")).toHaveLength(7);
    });

    it("does not go on trying for hours to delete what is in use, once it is interrupted", async () => {
        cloud.sim.fail({ operation: "DeleteBackup", times: 0, effect: { code: "BackupService.6216" } });
        const tries = () => cloud.calls().filter((operation) => operation === "DeleteBackup").length;
        const run = await cloud.run(
            ["prune", "--older-than", "30d", "--yes", "--timeout", "1000w", "--state", stateWith()],
            { interrupted: whenAsleep(cloud.clock, () => tries() >= 8) },
        );
        expect(run.code).toBe(1);
        expect(run.out).toMatch(/unknown .*interrupted; its status is available\n/);
    });
});
