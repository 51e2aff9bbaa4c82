import { afterEach, expect, it } from "vitest";
import type { BackupState, VaultSeed } from "../../sdk/testing/index";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

const servers: VaultSeed = {
    resources: [
        { name: "web-1", disks: [{ name: "system" }, { name: "data", sizeGb: 100 }] },
        { name: "web-2", disks: [{ name: "system" }, { name: "data", sizeGb: 50 }] },
    ],
};

async function setUp(dialect: "huawei" | "otc" = "huawei", seed: VaultSeed = servers) {
    sim = (await startSimulator({
        progressBy: "reads",
        checkAnswers: true,
        regions: [
            { name: "eu-de", dialect },
            { name: "eu-nl", dialect },
        ],
    })) as Simulator;
    const { cloud } = sim.regions["eu-de"];
    const cbr = clientFor(sim, sim.regions["eu-de"]);
    const vault = cloud.addVault(seed);
    const [backup] = cloud.backupsOf(cloud.addCheckpoint(vault.id).id);
    if (backup === undefined) throw new Error("there is no backup");
    const [server, other] = [...vault.resources.values()];
    const restore = (body: object, id = backup.id) => cbr.post(`/backups/${id}/restore`, { restore: body });
    /** To a server, each disk to the one in the same place. */
    const whole = (to = server) => ({
        server_id: to?.id,
        mappings: backup.children.map((child, at) => ({ backup_id: child.id, volume_id: to?.disks[at]?.id })),
    });
    const statusOf = (one: BackupState) => cloud.backups.get(one.id)?.status;
    return { cloud, cbr, vault, backup, server, other, restore, whole, statusOf };
}

it("restores a server: the backup waits, runs and is available again, and the task says what was overwritten", async () => {
    const { cloud, cbr, backup, server, restore, whole, statusOf } = await setUp();
    const answer = await restore({ ...whole(), power_on: false });
    const { job_id: id } = answer.body as unknown as { job_id: string };
    expect([answer.status, statusOf(backup), server?.protectStatus]).toEqual([202, "waiting_restore", "restoring"]);
    const seen: unknown[] = [];
    for (let read = 0; read < 3; read += 1) {
        const log = (await cbr.get(`/operation-logs/${id}`)).body.operation_log;
        seen.push([log.operation_type, log.status, statusOf(backup)]);
    }
    expect(seen).toEqual([
        ["restore", "waiting", "waiting_restore"],
        ["restore", "running", "restoring"],
        ["restore", "success", "available"],
    ]);
    const { extra_info: info } = (await cbr.get(`/operation-logs/${id}`)).body.operation_log;
    expect(info).toMatchObject({
        resource: { id: server?.id },
        restore: { backup_id: backup.id, target_resource_id: server?.id, target_resource_name: "web-1" },
    });
    expect(cloud.operationLogs.get(id)?.restored).toMatchObject({ targetId: server?.id, powerOn: false });
    expect(server?.protectStatus).toBe("available");
});

it("names no task on Open Telekom Cloud, whose page describes no answer", async () => {
    const { cbr, restore, whole } = await setUp("otc");
    const answer = await restore(whole());
    expect([answer.status, answer.text]).toEqual([202, ""]);
    expect((await cbr.get("/operation-logs?operation_type=restore")).body.operation_logs).toHaveLength(1);
    expect(outcome(await restore({ resource_id: "8b0851a8-adf3-4f4c-a914-dead08bf9664" }))).toEqual([
        400,
        "BackupService.9900",
    ]);
});

it("restores a disk, and a desktop", async () => {
    const disk = await setUp("huawei", { objectType: "disk", resources: [{ name: "data-1" }] });
    expect(outcome(await disk.restore({}))).toEqual([400, "BackupService.9900"]);
    expect((await disk.restore({ volume_id: disk.server?.id })).status).toBe(202);
    await sim.close();
    const desktop = await setUp("huawei", { objectType: "workspace", resources: [{ name: "desk-1" }] });
    expect((await desktop.restore({ resource_id: desktop.server?.id })).status).toBe(202);
});

it("refuses what the pages refuse", async () => {
    const { cloud, vault, backup, server, other, restore, whole } = await setUp();
    const unknown = "8b0851a8-adf3-4f4c-a914-dead08bf9664";
    const [system, data] = backup.children;
    const map = (from: BackupState | undefined, to: string | undefined) => ({ backup_id: from?.id, volume_id: to });
    const cases: [what: string, code: string, body: object, id?: string | undefined][] = [
        ["an unknown backup", "6200", whole(), unknown],
        ["a disk of a server backup", "9900", whole(), system?.id],
        ["no server", "9900", { mappings: whole().mappings }],
        ["no mappings", "9900", { server_id: server?.id }],
        ["an unknown server", "7100", { ...whole(), server_id: unknown }],
        ["an unknown disk", "7000", { server_id: server?.id, mappings: [map(system, unknown)] }],
        ["a disk of another backup", "9900", { server_id: server?.id, mappings: [map(backup, server?.disks[0]?.id)] }],
        ["data on a system disk", "2013", { server_id: server?.id, mappings: [map(data, server?.disks[0]?.id)] }],
        ["too small a disk", "2001", { server_id: other?.id, mappings: [map(data, other?.disks[1]?.id)] }],
        [
            "a disk twice",
            "9900",
            { server_id: server?.id, mappings: [map(system, server?.disks[1]?.id), map(data, server?.disks[1]?.id)] },
        ],
    ];
    const answers: Record<string, string> = {};
    for (const [what, , body, id] of cases) answers[what] = (await restore(body, id)).body.error_code;
    expect(answers).toEqual(Object.fromEntries(cases.map(([what, code]) => [what, `BackupService.${code}`])));

    cloud.setBackupStatus(backup.id, "error");
    expect(outcome(await restore(whole()))).toEqual([400, "BackupService.2005"]);
    cloud.setBackupStatus(backup.id, "available");
    cloud.setVault(vault.id, { status: "frozen" });
    expect(outcome(await restore(whole()))).toEqual([400, "BackupService.6202"]);
    cloud.setVault(vault.id, { status: "lock" });
    expect((await restore(whole())).status).toBe(202);
});

it("restores neither a replica nor a file system: other things are made from these", async () => {
    const { cloud, backup, whole } = await setUp();
    const { cloud: away } = sim.regions["eu-nl"];
    const copies = away.addVault({ protectType: "replication" });
    const replica = cloud.addReplica(backup.id, away, copies.id);
    const there = clientFor(sim, sim.regions["eu-nl"]);
    expect(outcome(await there.post(`/backups/${replica.id}/restore`, { restore: whole() }))).toEqual([
        400,
        "BackupService.9900",
    ]);
    await sim.close();
    const turbo = await setUp("huawei", { objectType: "turbo", resources: 1 });
    expect(outcome(await turbo.restore({ resource_id: turbo.server?.id }))).toEqual([400, "BackupService.9900"]);
});

it("lets nothing else be done with a server or a backup while it is being restored", async () => {
    const { cloud, cbr, vault, backup, restore, whole } = await setUp();
    const [, later] = [0, 1].map(() => cloud.addCheckpoint(vault.id));
    await restore(whole());
    expect(outcome(await restore(whole()))).toEqual([400, "BackupService.2005"]);
    const [newer] = cloud.backupsOf(later?.id ?? "");
    const again = newer?.children.map((child, at) => ({ ...whole().mappings[at], backup_id: child.id }));
    expect(outcome(await restore({ ...whole(), mappings: again }, newer?.id))).toEqual([400, "BackupService.2010"]);
    expect(outcome(await cbr.delete(`/backups/${backup.id}`))).toEqual([400, "BackupService.6216"]);
    sim.finishAll();
    expect((await restore({ ...whole(), mappings: again }, newer?.id)).status).toBe(202);
});

it("ends as a fault says, and takes as long", async () => {
    const { cloud, cbr, backup, restore, whole, statusOf } = await setUp();
    sim.fail({
        operation: "RestoreBackup",
        effect: [
            { kind: "restore-outcome", status: "failed", code: "BackupService.2008", message: "The server is faulty." },
            { kind: "slow", reads: 1 },
        ],
    });
    const { job_id: id } = (await restore(whole())).body as unknown as { job_id: string };
    const log = (await cbr.get(`/operation-logs/${id}`)).body.operation_log;
    expect([log.status, log.error_info, statusOf(backup)]).toEqual([
        "failed",
        { code: "BackupService.2008", message: "The server is faulty." },
        "available",
    ]);
    sim.fail({
        operation: "RestoreBackup",
        effect: { kind: "unknown-status", of: "operation-log", status: "odd", when: "running" },
    });
    const second = (await restore(whole())).body as unknown as { job_id: string };
    for (let read = 0; read < 2; read += 1) await cbr.get(`/operation-logs/${second.job_id}`);
    expect(cloud.operationLogs.get(second.job_id)?.status).toBe("odd");
});
