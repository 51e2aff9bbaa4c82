import { afterEach, describe, expect, it } from "vitest";
import { type Effect, parseFaults, type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, fetchAnswer, outcome, replicationTo } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp(options: Parameters<typeof startSimulator>[0] = {}) {
    sim = (await startSimulator({ progressBy: "reads", checkAnswers: true, ...options })) as Simulator;
    const region = sim.regions["eu-de"];
    return { region, cloud: region.cloud, cbr: clientFor(sim, region), nl: sim.regions["eu-nl"] };
}

describe("which requests are struck", () => {
    it("once, then never again", async () => {
        const { cbr } = await setUp();
        const fault = sim.fail({ operation: "ListVaults", effect: { code: "APIGW.0308" } });
        const statuses = [await cbr.get("/backups"), await cbr.get("/vaults"), await cbr.get("/vaults")].map(
            (answer) => answer.status,
        );
        expect([statuses, fault.matched, fault.struck, fault.spent]).toEqual([[200, 429, 200], 1, 1, true]);
    });

    it("from the n-th on, for as many times as said", async () => {
        const { cbr } = await setUp();
        sim.fail({ method: "GET", path: /\/vaults(\?|$)/, nth: 2, times: 2, effect: { status: 503 } });
        const statuses: number[] = [];
        for (let request = 0; request < 5; request += 1) statuses.push((await cbr.get("/vaults?limit=1")).status);
        expect(statuses).toEqual([200, 503, 503, 200, 200]);
    });

    it("by region and by an id in path, query or body", async () => {
        const { cloud, cbr, nl } = await setUp();
        const [one, two] = [cloud.addVault(), cloud.addVault()];
        sim.fail({ id: two.id, region: "eu-de", times: 0, effect: { code: "6112" } });
        sim.fail({ region: "eu-nl", effect: { status: 504 } });
        expect(outcome(await cbr.tryBackUp(two.id))).toEqual([400, "BackupService.6112"]);
        expect(outcome(await cbr.get(`/vaults/${two.id}`))).toEqual([400, "BackupService.6112"]);
        expect(outcome(await cbr.get(`/backups?vault_id=${two.id}`))).toEqual([400, "BackupService.6112"]);
        expect((await cbr.tryBackUp(one.id)).status).toBe(200);
        expect((await clientFor(sim, nl).get("/vaults")).status).toBe(504);
        sim.clearFaults();
        expect([(await cbr.get(`/vaults/${two.id}`)).status, sim.faults]).toEqual([200, []]);
    });

    it("by chance, the same each time for one seed", async () => {
        const runs: number[][] = [];
        for (let run = 0; run < 2; run += 1) {
            const { cbr } = await setUp();
            sim.fail({ probability: 0.5, seed: 7, times: 0, effect: { status: 502 } });
            const statuses: number[] = [];
            for (let request = 0; request < 12; request += 1) statuses.push((await cbr.get("/vaults")).status);
            runs.push(statuses);
            if (run === 0) await sim.close();
        }
        expect(runs[0]).toEqual(runs[1]);
        expect(new Set(runs[0])).toEqual(new Set([200, 502]));
    });

    it("one answer a request: the second fault waits for the next", async () => {
        const { cbr } = await setUp();
        sim.fail({ effect: { status: 502 } });
        sim.fail({ effect: "throttled" });
        expect([
            (await cbr.get("/vaults")).status,
            (await cbr.get("/vaults")).status,
            (await cbr.get("/vaults")).status,
        ]).toEqual([502, 429, 200]);
    });

    it("before the caller is asked for a token; IAM as well", async () => {
        const { region } = await setUp();
        sim.fail({ operation: "KeystoneCreateToken", effect: { status: 500, shape: "keystone", message: "down" } });
        const answer = await fetchAnswer(`${region.iamUrl}/auth/tokens`, { method: "POST", body: "{}" });
        expect([answer.status, answer.body]).toEqual([
            500,
            { error: { code: 500, message: "down", title: "Internal Server Error" } },
        ]);
    });
});

describe("what comes back", () => {
    it.each<[Effect, number, object | string]>([
        [{ code: "6125" }, 400, { error_code: "BackupService.6125", error_msg: "A backup task is running." }],
        [
            { code: "BackupService.1005" },
            500,
            { error_code: "BackupService.1005", error_msg: "The destination region does not support replication." },
        ],
        [
            { status: 400, code: "9900", message: "no", shape: "camel" },
            400,
            { errorCode: "BackupService.9900", errorMsg: "no" },
        ],
        [{ status: 400, code: "x", message: "no", shape: "plain" }, 400, { code: "x", message: "no" }],
        [{ status: 404, message: "no", shape: "nested" }, 404, { itemNotFound: { code: "404", message: "no" } }],
        [{ code: "IAM.0067" }, 401, { error_code: "IAM.0067", error_msg: "The token is invalid." }],
        [
            { status: 403, shape: "keystone", message: "no" },
            403,
            { error: { code: 403, message: "no", title: "Forbidden" } },
        ],
        [{ status: 502, shape: "empty" }, 502, ""],
        [{ status: 504 }, 504, expect.stringContaining("504 Gateway Time-out")],
    ])("%j", async (effect, status, body) => {
        const { cbr } = await setUp();
        sim.fail({ effect });
        const answer = await cbr.get("/vaults");
        expect([
            answer.status,
            typeof body === "string" || answer.text.startsWith("<") ? answer.text : answer.body,
        ]).toEqual([status, body]);
        expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
    });

    it("cut-body halves any answer, which looks whole on the wire", async () => {
        const { cbr } = await setUp();
        sim.fail({ effect: "cut-body" });
        sim.fail({ effect: [{ code: "6200", message: "gone" }, "cut-body"] });
        const [listed, refused] = [await cbr.get("/vaults"), await cbr.get("/vaults")];
        expect([listed, refused].map(({ status, text }) => [status, text])).toEqual([
            [200, '{"vaults":[],"count":0,'],
            [404, '{"error_code":"BackupServic'],
        ]);
        expect(Number(refused.headers.get("content-length"))).toBe(refused.text.length);
    });

    it("gateway errors carry the request id, throttling a Retry-After in seconds or as a date", async () => {
        const { cbr } = await setUp();
        sim.fail({ effect: { code: "APIGW.0308", retryAfter: 2 } });
        sim.fail({ effect: { code: "APIGW.0308", retryAfter: "Wed, 21 Oct 2026 07:28:00 GMT" } });
        const [first, second] = [await cbr.get("/vaults"), await cbr.get("/vaults")];
        expect(first.body.request_id).toBe(first.headers.get("x-request-id"));
        expect([first, second].map((answer) => answer.headers.get("retry-after"))).toEqual([
            "2",
            "Wed, 21 Oct 2026 07:28:00 GMT",
        ]);
    });
});

describe("what takes effect", () => {
    const checkpointsAfter = async (effect: Effect) => {
        const { cloud, cbr } = await setUp();
        const vault = cloud.addVault();
        sim.fail({ operation: "CreateCheckpoint", effect });
        const answer = await cbr.tryBackUp(vault.id).then(
            ({ status }) => status,
            () => "broken",
        );
        return [answer, cloud.checkpoints.size];
    };
    it.each<[Effect, number | "broken", number]>([
        ["reset-before", "broken", 0],
        ["reset-after-effect", "broken", 1],
        ["truncate", "broken", 1],
        ["cut-body", 200, 1],
        ["status-after-effect", 502, 1],
        [{ status: 504, afterEffect: true }, 504, 1],
        [{ status: 504 }, 504, 0],
        ["throttled", 429, 0],
    ])("%j", async (effect, answer, checkpoints) => {
        expect(await checkpointsAfter(effect)).toEqual([answer, checkpoints]);
    });

    it("may do so after its answer, at that very time, whenever somebody looks", async () => {
        const begun = Date.UTC(2026, 0, 2);
        let now = begun;
        const { cloud, cbr } = await setUp({ progressBy: "clock", backupMs: 10_000, clock: { now: () => now } });
        const vault = cloud.addVault();
        sim.fail({ operation: "CreateCheckpoint", effect: { status: 504, effectAfterMs: 25_000 } });
        expect((await cbr.tryBackUp(vault.id)).status).toBe(504);
        now += 24_999;
        expect((await cbr.get("/backups")).body.backups).toEqual([]);
        now += 60_000;
        const [backup] = (await cbr.get("/backups")).body.backups;
        expect(backup?.status).toBe("available");
        expect(Date.parse(`${backup?.created_at}Z`)).toBe(begun + 25_000);
        expect(sim.requests.filter((one) => one.operation === "CreateCheckpoint")).toHaveLength(1);
    });

    it("a late answer comes after the effect, or both come late", async () => {
        const { cloud, cbr } = await setUp();
        for (const [when, sizeMeanwhile] of [
            ["after", 1],
            ["before", 0],
        ] as const) {
            cloud.checkpoints.clear();
            sim.fail({ operation: "CreateCheckpoint", effect: { delayMs: 60, when } });
            const begun = performance.now();
            const pending = cbr.tryBackUp(cloud.addVault().id);
            while (sim.requests.at(-1)?.status !== 0 || sim.requests.at(-1)?.operation !== "CreateCheckpoint")
                await new Promise(setImmediate);
            expect([when, cloud.checkpoints.size]).toEqual([when, sizeMeanwhile]);
            expect((await pending).status).toBe(200);
            expect(performance.now() - begun).toBeGreaterThanOrEqual(55);
        }
    });

    it("token-expired makes this very token worthless, another one works", async () => {
        const { region, cbr } = await setUp();
        sim.fail({ effect: "token-expired" });
        expect(outcome(await cbr.get("/vaults"))).toEqual([401, "APIGW.0301"]);
        expect(outcome(await cbr.get("/vaults"))).toEqual([401, "APIGW.0301"]);
        expect((await clientFor(sim, region).get("/vaults")).status).toBe(200);
    });

    it("does not hold up closing", async () => {
        const { cbr } = await setUp();
        sim.fail({ effect: { delayMs: 60_000 } });
        const pending = cbr.get("/vaults").catch(() => "cut");
        while (sim.requests.length === 0) await new Promise(setImmediate);
        await sim.close();
        expect(await pending).toBe("cut");
    });
});

describe("what happens to objects", () => {
    const statusesOf = (ids: { status: string }[]) => ids.map((each) => each.status);

    it("backup-error: all, or one by id or position; the checkpoint's status may be said", async () => {
        const { cloud, cbr } = await setUp();
        const vault = cloud.addVault({ resources: 2 });
        const [, second = ""] = vault.resources.keys();
        const run = async (effect: Effect) => {
            sim.fail({ operation: "CreateCheckpoint", effect });
            const { id } = await cbr.backUp(vault.id);
            sim.finishAll();
            return [cloud.checkpoints.get(id)?.status, ...statusesOf(cloud.backupsOf(id))];
        };
        expect(await run({ kind: "backup-error" })).toEqual(["error", "error", "error"]);
        expect(await run({ kind: "backup-error", resource: second, code: "BackupService.7003" })).toEqual([
            "available",
            "available",
            "error",
        ]);
        expect(await run({ kind: "backup-error", resource: 0, checkpointStatus: "error" })).toEqual([
            "error",
            "error",
            "available",
        ]);
        expect(await run({ kind: "checkpoint-error" })).toEqual(["error", "available", "available"]);
        const logs = (await cbr.get("/operation-logs?status=failed")).body.operation_logs;
        expect(new Set(logs.map((log) => log.error_info.code))).toEqual(
            new Set(["BackupService.9910", "BackupService.7003"]),
        );
    });

    it("skip-resource: the first, one by id, or all of them", async () => {
        const { cloud, cbr } = await setUp();
        const vault = cloud.addVault({ resources: 2 });
        const [first = "", second = ""] = vault.resources.keys();
        sim.fail({ operation: "CreateCheckpoint", effect: { kind: "skip-resource" } });
        const one = await cbr.backUp(vault.id);
        expect(one.vault.skipped_resources).toMatchObject([{ id: first, code: "BackupService.6215" }]);
        sim.finishAll();
        sim.fail({
            operation: "CreateCheckpoint",
            effect: { kind: "skip-resource", resource: second, code: "BackupService.2010", reason: "restoring" },
        });
        expect((await cbr.backUp(vault.id)).vault.skipped_resources).toMatchObject([
            { id: second, code: "BackupService.2010", reason: "restoring" },
        ]);
        sim.finishAll();
        sim.fail({ operation: "CreateCheckpoint", effect: { kind: "skip-resource", resource: "all" } });
        expect(outcome(await cbr.tryBackUp(vault.id))).toEqual([400, "BackupService.0001"]);
    });

    it("expire-checkpoint: half-way, or when somebody looks", async () => {
        const { cloud, cbr } = await setUp();
        const vault = cloud.addVault();
        sim.fail({ operation: "CreateCheckpoint", effect: { kind: "expire-checkpoint" } });
        const { id } = await cbr.backUp(vault.id);
        const seen = [await cbr.get(`/checkpoints/${id}`), await cbr.get(`/checkpoints/${id}`)].map(outcome);
        expect(seen).toEqual([
            [200, ""],
            [404, "BackupService.6217"],
        ]);
        expect((await cbr.get("/operation-logs")).body.operation_logs.map((log) => log.status)).toEqual(["failed"]);
        const done = cloud.addCheckpoint(vault.id);
        sim.fail({ operation: "ListBackups", path: `checkpoint_id=${done.id}`, effect: { kind: "expire-checkpoint" } });
        expect((await cbr.get(`/backups?checkpoint_id=${done.id}`)).body.count).toBe(0);
        expect(cloud.checkpoints.has(done.id)).toBe(false);
    });

    it("expire-backup: one of several, at the end of the run or when somebody looks", async () => {
        const { cloud, cbr } = await setUp();
        const vault = cloud.addVault({ resources: 3 });
        sim.fail({ operation: "CreateCheckpoint", effect: { kind: "expire-backup", backup: 1 } });
        const { id } = await cbr.backUp(vault.id, { name: "n" });
        sim.finishAll();
        expect(cloud.backupsOf(id).map((backup) => backup.name)).toEqual(["n-0001", "n-0003"]);
        sim.fail({ operation: "ShowCheckpoint", effect: { kind: "expire-backup" } });
        expect((await cbr.get(`/checkpoints/${id}`)).status).toBe(200);
        expect(cloud.backupsOf(id).map((backup) => backup.name)).toEqual(["n-0003"]);
        const [last] = cloud.backupsOf(id);
        sim.fail({ operation: "ShowBackup", effect: { kind: "expire-backup" } });
        expect((await cbr.get(`/backups/${last?.id}`)).status).toBe(404);
    });

    it("replications: fail, skip, missing replica, replica in error; each record on its own", async () => {
        const { cloud, cbr, nl } = await setUp();
        const target = nl.cloud.addVault({ protectType: "replication" });
        const run = async (effect: Effect) => {
            const vault = cloud.addVault();
            const ids = [cloud.addCheckpoint(vault.id), cloud.addCheckpoint(vault.id)].map(
                (each) => cloud.backupsOf(each.id)[0]?.id ?? "",
            );
            sim.fail({ operation: "CopyCheckpoint", effect });
            await cbr.post("/checkpoints/replicate", replicationTo(nl, target.id, { vault_id: vault.id }));
            sim.finishAll();
            return ids.map((id) => {
                const [record] = cloud.backups.get(id)?.records ?? [];
                return [
                    record?.status,
                    record?.failCode,
                    nl.cloud.backups.get(record?.destinationBackupId ?? "")?.status,
                ];
            });
        };
        expect(await run({ kind: "record-fail", backup: 1, code: "BackupService.1006", reason: "lost" })).toEqual([
            ["success", "", "available"],
            ["fail", "BackupService.1006", undefined],
        ]);
        expect(await run({ kind: "record-skip" })).toEqual([
            ["skip", "", undefined],
            ["skip", "", undefined],
        ]);
        expect(await run({ kind: "replica-missing", backup: 0 })).toEqual([
            ["success", "", undefined],
            ["success", "", "available"],
        ]);
        expect(await run({ kind: "replica-error", backup: 0 })).toEqual([
            ["success", "", "error"],
            ["success", "", "available"],
        ]);
        expect(target.runningReplications).toBe(0);
    });

    it("a failed record may be sent again", async () => {
        const { cloud, cbr, nl } = await setUp();
        const vault = cloud.addVault();
        cloud.addCheckpoint(vault.id);
        const target = nl.cloud.addVault({ protectType: "replication" });
        const replicate = () =>
            cbr.post("/checkpoints/replicate", replicationTo(nl, target.id, { vault_id: vault.id }));
        sim.fail({ operation: "CopyCheckpoint", effect: { kind: "record-fail" } });
        await replicate();
        sim.finishAll();
        expect((await replicate()).body.replication.backups).toHaveLength(1);
    });

    it("slow: takes more reads, or more milliseconds", async () => {
        const { cloud, cbr } = await setUp();
        const [backup] = cloud.backupsOf(cloud.addCheckpoint(cloud.addVault().id).id);
        sim.fail({ operation: "DeleteBackup", effect: { kind: "slow", reads: 5 } });
        await cbr.delete(`/backups/${backup?.id}`);
        const statuses: number[] = [];
        for (let read = 0; read < 5; read += 1) statuses.push((await cbr.get(`/backups/${backup?.id}`)).status);
        expect(statuses).toEqual([200, 200, 200, 200, 404]);
    });

    it("delete-error: the backup comes back as error, its checkpoint as error-deleting", async () => {
        const { cloud, cbr } = await setUp();
        const checkpoint = cloud.addCheckpoint(cloud.addVault().id);
        const [backup] = cloud.backupsOf(checkpoint.id);
        sim.fail({ operation: "DeleteBackup", effect: { kind: "delete-error", code: "BackupService.6115" } });
        expect((await cbr.delete(`/backups/${backup?.id}`)).status).toBe(204);
        sim.finishAll();
        expect([backup?.status, cloud.checkpoints.get(checkpoint.id)?.status]).toEqual(["error", "error-deleting"]);
        expect((await cbr.delete(`/backups/${backup?.id}`)).status).toBe(204);
        sim.finishAll();
        expect(cloud.checkpoints.size).toBe(0);
    });

    it.each([
        [
            { status: "failed", code: "BackupService.9910", message: "storage lost" },
            "failed",
            "BackupService.9910",
            { sync_backup_num: 0, delete_backup_num: 0, err_sync_backup_num: 0 },
        ],
        [{ status: "timeout" }, "timeout", "", { sync_backup_num: 0, delete_backup_num: 0, err_sync_backup_num: 0 }],
        [{ status: "skipped" }, "skipped", "", { sync_backup_num: 0, delete_backup_num: 0, err_sync_backup_num: 0 }],
        [
            { status: "success", failed: 2 },
            "success",
            "",
            { sync_backup_num: 1, delete_backup_num: 0, err_sync_backup_num: 2 },
        ],
    ] as const)("sync-outcome %j", async (given, status, code, counts) => {
        const { cloud, cbr } = await setUp();
        const vault = cloud.addVault({ cloudType: "hybrid", onPremises: { added: 1 } });
        sim.fail({ operation: "ImportCheckpoint", effect: { kind: "sync-outcome", ...given } });
        const { operation_log_id: id } = (
            await cbr.post("/checkpoints/sync", { sync: { vault_id: vault.id, auto_trigger: false } })
        ).body.sync;
        sim.finishAll();
        const log = (await cbr.get(`/operation-logs/${id}`)).body.operation_log;
        expect([log.status, log.error_info.code, log.extra_info.sync]).toEqual([status, code, counts]);
    });

    it("unknown-status: a word that no page lists, while it runs or at the end", async () => {
        const { cloud, cbr } = await setUp();
        const vault = cloud.addVault();
        sim.fail({
            operation: "CreateCheckpoint",
            effect: { kind: "unknown-status", of: "checkpoint", status: "hibernating", when: "running" },
        });
        const first = await cbr.backUp(vault.id);
        expect(first.status).toBe("hibernating");
        sim.finishAll();
        expect(cloud.checkpoints.get(first.id)?.status).toBe("available");
        sim.fail({ operation: "CreateCheckpoint", effect: { kind: "unknown-status", of: "backup", status: "frozen" } });
        const second = await cbr.backUp(vault.id);
        sim.finishAll();
        expect(statusesOf(cloud.backupsOf(second.id))).toEqual(["frozen"]);
    });

    it("several effects of one fault strike together", async () => {
        const { cloud, cbr } = await setUp();
        sim.fail({
            name: "lost and bad",
            operation: "CreateCheckpoint",
            effect: [{ kind: "backup-error" }, "status-after-effect"],
        });
        expect((await cbr.tryBackUp(cloud.addVault().id)).status).toBe(502);
        sim.finishAll();
        expect([...cloud.checkpoints.values()].map(({ status }) => status)).toEqual(["error"]);
        expect(sim.requests.at(-1)?.faults).toEqual(["lost and bad"]);
    });
});

describe("faults from JSON", () => {
    it("reads text, one fault, a list, or an object with a list", async () => {
        const fault = { operation: "CreateCheckpoint", times: 2, effect: { code: "6125" } };
        expect([parseFaults(JSON.stringify([fault])), parseFaults(fault), parseFaults({ faults: [fault] })]).toEqual([
            [fault],
            [fault],
            [fault],
        ]);
        const { cbr } = await setUp({ faults: parseFaults('{"path":"/vaults$","effect":"throttled"}') });
        expect((await cbr.get("/vaults")).status).toBe(429);
    });

    it.each([
        ["{", /^faults: no JSON: /],
        [
            [{ effect: "throttled" }, { effects: "throttled", effect: "truncate" }],
            /^faults\[1\]: Unrecognized key: "effects"$/,
        ],
        [{ effect: "explode" }, /^faults\[0\]\.effect: Invalid option: expected one of "reset-before"/],
        [{ effect: { kind: "explode" } }, /^faults\[0\]\.effect\.kind: Invalid /],
        [{ effect: { kind: "slow", seconds: 3 } }, /^faults\[0\]\.effect: Unrecognized key: "seconds"$/],
        [
            { effect: { status: "500" } },
            /^faults\[0\]\.effect\.status: Invalid input: expected number, received string$/,
        ],
        [{ effect: {} }, /^faults\[0\]\.effect: needs one of status, code, delayMs, kind$/],
        [
            { effect: { status: 504, afterEffect: true, effectAfterMs: 1 } },
            /cannot have both afterEffect and effectAfterMs/,
        ],
        [{ effect: "throttled", path: "(" }, /^faults\[0\]\.path: is no regular expression: /],
        [{ effect: "throttled", nth: 0 }, /^faults\[0\]\.nth: /],
        [{ operation: "CreateCheckpoint" }, /^faults\[0\]\.effect: is missing$/],
        [{ effect: ["throttled", { kind: "slow", ms: -1 }] }, /^faults\[0\]\.effect\[1\]\.ms: /],
        [7, /^faults\[0\]: Invalid input: expected object, received number$/],
    ])("says what is wrong with %j", async (input, message) => {
        await setUp();
        expect(() => parseFaults(input)).toThrow(message);
    });
});
