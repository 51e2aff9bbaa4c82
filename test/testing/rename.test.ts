// UpdateBackup: renames a backup, and refuses what is none.
import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp(dialect: "huawei" | "otc" = "huawei") {
    sim = await startSimulator({ checkAnswers: true, regions: [{ name: "eu-de", dialect }, { name: "eu-nl" }] });
    const region = sim.regions["eu-de"];
    const cbr = clientFor(sim, region);
    const { id } = region.cloud.addCheckpoint(region.cloud.addVault({ resources: [{ disks: 2 }] }).id, { name: "one" });
    const [backup] = region.cloud.backupsOf(id);
    const backupId = backup?.id ?? "";
    const put = (body: unknown, of = backupId) => cbr.send("PUT", `/backups/${of}`, body);
    return {
        cbr,
        backupId,
        checkpointId: id,
        put,
        nameNow: async () => (await cbr.get(`/backups/${backupId}`)).body.backup.name,
    };
}

it("gives the backup another name, answers with it, and leaves its disks and its restore point alone", async () => {
    const { cbr, backupId, checkpointId, put, nameNow } = await setUp();
    const before = (await cbr.get(`/backups/${backupId}`)).body.backup;
    const answer = await put({ backup: { name: "two" } });
    expect([answer.status, answer.body.backup.id, answer.body.backup.name]).toEqual([200, backupId, "two"]);
    expect(await nameNow()).toBe("two");
    const after = (await cbr.get(`/backups/${backupId}`)).body.backup;
    expect(after.children.map(({ name }) => name)).toEqual(before.children.map(({ name }) => name));
    expect((await cbr.get(`/checkpoints/${checkpointId}`)).body.checkpoint.extra_info).toMatchObject({ name: "one" });
    // Everything in the body may be left out.
    for (const nothing of [{}, { backup: {} }]) expect((await put(nothing)).body.backup.name).toBe("two");
});

it.each([
    ["an empty name", { backup: { name: "" } }],
    ["a name that is too long", { backup: { name: "x".repeat(65) } }],
    ["a name with a space", { backup: { name: "two words" } }],
    ["a name that is no text", { backup: { name: 2 } }],
    ["a description", { backup: { name: "two", description: "other" } }],
    ["what stands beside the backup", { backup: { name: "two" }, name: "two" }],
    ["a list", []],
    ["no JSON", "{"],
])("refuses %s, and renames nothing", async (_, body) => {
    const { put, nameNow } = await setUp();
    expect(outcome(await put(body))).toEqual([400, "BackupService.9900"]);
    expect(await nameNow()).toBe("one");
});

it("says that there is no such backup", async () => {
    const { cbr, backupId, put } = await setUp();
    const missing = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
    expect(outcome(await put({ backup: { name: "two" } }, missing))).toEqual([404, "BackupService.6200"]);
    expect((await put({ backup: { name: "two" } }, "no-uuid")).status).toBe(401);
    await cbr.delete(`/backups/${backupId}`);
    sim.regions["eu-de"].cloud.deleteBackupBehindOurBack(backupId);
    expect(outcome(await put({ backup: { name: "two" } }))).toEqual([404, "BackupService.6200"]);
});

it("is not there on Open Telekom Cloud, whatever is sent", async () => {
    const { put, nameNow } = await setUp("otc");
    for (const body of [{ backup: { name: "two" } }, { backup: { name: "" } }])
        expect((await put(body)).status).toBe(405);
    expect(await nameNow()).toBe("one");
});

it("needs the right to it, and can fail as every call can", async () => {
    const { put, nameNow } = await setUp();
    sim.fail({ operation: "UpdateBackup", effect: { status: 403, code: "APIGW.0302" } });
    expect((await put({ backup: { name: "two" } })).status).toBe(403);
    sim.fail({ operation: "UpdateBackup", effect: { status: 504, afterEffect: true } });
    expect((await put({ backup: { name: "three" } })).status).toBe(504);
    expect(await nameNow()).toBe("three");
});
