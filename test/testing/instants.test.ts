import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { instantAt, instantOf, microsOf, plusMicros } from "../../sdk/testing/cloud/instants";
import { Schedule } from "../../sdk/testing/cloud/schedule";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, handClock, outcome, replicationTo } from "./harness";

const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const newYear = Date.UTC(2026, 0, 1);

describe("an instant's text", () => {
    it("has six decimals, whatever the instant", () => {
        expect(instantAt(0)).toBe("1970-01-01T00:00:00.000000Z");
        expect(instantAt(-1)).toBe("1969-12-31T23:59:59.999999Z");
        expect(instantAt(newYear * 1_000 + 1)).toBe("2026-01-01T00:00:00.000001Z");
        expect(instantAt(newYear * 1_000 + 120_300)).toBe("2026-01-01T00:00:00.120300Z");
    });

    it("keeps every microsecond, and compares as the instant does", () => {
        const micros = fc.integer({ min: Date.UTC(1950) * 1_000, max: Date.UTC(2200) * 1_000 });
        fc.assert(
            fc.property(micros, fc.oneof(micros, fc.integer({ min: -2_000, max: 2_000 })), (one, more) => {
                const other = Math.abs(more) <= 2_000 ? one + more : more;
                const [a, b] = [instantAt(one), instantAt(other)];
                expect([a, b].every((text) => FORM.test(text))).toBe(true);
                expect([microsOf(a), microsOf(b)]).toEqual([one, other]);
                expect([a < b, a === b]).toEqual([one < other, one === other]);
                expect(plusMicros(a, other - one)).toBe(b);
            }),
        );
    });

    it.each([
        ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z"],
        ["2026-01-01", "2026-01-01T00:00:00.000000Z"],
        // As Huawei Cloud's answers have it.
        ["2026-01-01T00:00:00.123456", "2026-01-01T00:00:00.123456Z"],
        ["2026-01-01T01:00:00.5+01:00", "2026-01-01T00:00:00.500000Z"],
        ["2025-12-31T19:00:00.1234-05:00", "2026-01-01T00:00:00.123400Z"],
        ["2026-01-01T00:00:00.000001+00:00", "2026-01-01T00:00:00.000001Z"],
        ["2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456Z"],
        // As long as a text of ours.
        ["+002026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000000Z"],
    ])("is made of %s", (text, instant) => {
        expect(instantOf(text)).toBe(instant);
        expect(instantOf(instant)).toBe(instant);
    });

    it("is not made of what is no instant", () => {
        expect(() => instantOf("yesterday")).toThrow('"yesterday" is no instant of ISO 8601');
    });

    it("is later at each call of a schedule", () => {
        const clock = handClock(newYear);
        const schedule = new Schedule({ clock, progressBy: "clock", readsToFinish: 1 });
        const texts = [schedule.nextInstant(), schedule.nextInstant(), schedule.nextInstant(newYear - 5)];
        clock.advance(1.5);
        texts.push(schedule.nextInstant());
        expect(texts.map((text) => text.slice(19))).toEqual([".000000Z", ".000001Z", ".000002Z", ".001000Z"]);
    });
});

describe("live objects", () => {
    let sim: Simulator;
    afterEach(() => sim.close());

    async function setUp() {
        const clock = handClock(newYear);
        sim = (await startSimulator({ progressBy: "reads", checkAnswers: true, clock })) as Simulator;
        const [here, there] = [sim.regions["eu-de"], sim.regions["eu-nl"]];
        return { clock, there, cloud: here.cloud, cbr: clientFor(sim, here) };
    }

    it("have their times as ISO texts, which answers repeat", async () => {
        const { there, cloud, cbr } = await setUp();
        const vault = cloud.addVault({ resources: 2 });
        const target = there.cloud.addVault({ protectType: "replication" });
        const { id } = await cbr.backUp(vault.id, { retention_duration_days: 30 });
        sim.finishAll();
        const backups = cloud.backupsOf(id);
        await cbr.post(`/backups/${backups[0]?.id}/replicate`, replicationTo(there, target.id));
        sim.finishAll();

        const { checkpoints, records, operationLogs } = cloud;
        const all = [
            ...[vault, target, ...checkpoints.values(), ...there.cloud.checkpoints.values(), ...records.values()].map(
                ({ createdAt }) => ({ createdAt }),
            ),
            ...[...backups, ...backups.flatMap(({ children }) => children), ...there.cloud.backups.values()].map(
                ({ createdAt, updatedAt, protectedAt }) => ({ createdAt, updatedAt, protectedAt }),
            ),
            ...[...operationLogs.values()].map(({ createdAt, startedAt, updatedAt, endedAt }) => ({
                createdAt,
                startedAt,
                updatedAt,
                endedAt,
            })),
        ];
        expect(all.length).toBe(13);
        const times = all.flatMap((one) => Object.values(one));
        expect(times.filter((time) => time === undefined || !FORM.test(time))).toEqual([]);
        expect(vault.createdAt).toBe("2026-01-01T00:00:00.000000Z");
        const [first, second] = backups;
        expect((first?.createdAt ?? "") < (second?.createdAt ?? "")).toBe(true);
        expect(first?.expiresAt).toBe(plusMicros(checkpoints.get(id)?.createdAt ?? "", 30 * 86_400_000_000));
        const shown = (await cbr.get(`/backups/${first?.id}`)).body.backup;
        expect([`${shown.created_at}Z`, `${shown.expired_at}Z`]).toEqual([first?.createdAt, first?.expiresAt]);
    });

    it("made of seeds have them in the same form", async () => {
        const { there, cloud } = await setUp();
        const vault = cloud.addVault({ resources: 2 });
        const target = there.cloud.addVault({ protectType: "replication" });
        const checkpoint = cloud.addCheckpoint(vault.id, {
            createdAt: "2025-12-31T01:00:00.5+01:00",
            expiresAt: new Date(newYear + 1),
        });
        const backups = cloud.backupsOf(checkpoint.id);
        expect(backups.map(({ createdAt, expiresAt }) => [createdAt, expiresAt])).toEqual([
            ["2025-12-31T00:00:00.500000Z", "2026-01-01T00:00:00.001000Z"],
            ["2025-12-31T00:00:00.500001Z", "2026-01-01T00:00:00.001000Z"],
        ]);
        const createdAt = "2025-12-31T12:00:00Z";
        const replica = cloud.addReplica(backups[0]?.id ?? "", there.cloud, target.id, { createdAt });
        expect(replica.createdAt).toBe("2025-12-31T12:00:00.000000Z");
    });

    it("may be given ISO texts of other forms: answers are right", async () => {
        const { clock, cloud, cbr } = await setUp();
        const vault = cloud.addVault({ locked: true });
        const forms = ["2025-12-31T00:00:00Z", "2025-12-31T01:00:00.000002+01:00", "2025-12-31T00:00:00.000001Z"];
        const made = forms.map((createdAt, index) => {
            const checkpoint = cloud.addCheckpoint(vault.id, { name: `b${index}`, autoTrigger: true });
            const [backup] = cloud.backupsOf(checkpoint.id);
            if (backup === undefined) throw new Error("there is no backup");
            return Object.assign(backup, { createdAt, updatedAt: createdAt });
        });
        const listed = async (query = "") => {
            const { backups } = (await cbr.get(`/backups${query}`)).body;
            return backups.map((backup) => `${backup.name} ${backup.created_at.slice(11)}`);
        };
        const newestFirst = ["b1 00:00:00.000002", "b2 00:00:00.000001", "b0 00:00:00.000000"];
        expect(await listed()).toEqual(newestFirst);
        expect(await listed("?sort=updated_at:asc")).toEqual([...newestFirst].reverse());
        expect(await listed("?end_time=2025-12-31T00:00:00Z")).toEqual(newestFirst.slice(2));
        expect(cloud.snapshot().backups.map(({ createdAt }) => createdAt)).toEqual(
            made.map(() => "2025-12-31T00:00:00.000Z"),
        );

        const [backup] = made;
        if (backup !== undefined) backup.expiresAt = "2026-01-01T02:00:00+01:00";
        const remove = async () => outcome(await cbr.delete(`/backups/${backup?.id}`));
        clock.advance(3_599_999);
        expect(await remove()).toEqual([400, "BackupService.6220"]);
        clock.advance(1);
        expect(await remove()).toEqual([204, ""]);
    });
});
