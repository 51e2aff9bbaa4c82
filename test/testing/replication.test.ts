import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome, replicationTo } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp(options: Parameters<typeof startSimulator>[0] = {}) {
    sim = (await startSimulator({ progressBy: "reads", checkAnswers: true, ...options })) as Simulator;
    const [here, there] = [sim.regions["eu-de"], sim.regions["eu-nl"]];
    const vault = here.cloud.addVault();
    const target = there.cloud.addVault({ protectType: "replication" });
    const cbr = clientFor(sim, here);
    const replicateVault = (more: Record<string, unknown> = {}) =>
        cbr.post("/checkpoints/replicate", replicationTo(there, target.id, { vault_id: vault.id, ...more }));
    const replicateBackup = (id: string | undefined, more: Record<string, unknown> = {}) =>
        cbr.post(`/backups/${id}/replicate`, replicationTo(there, target.id, more));
    const newBackup = () => here.cloud.backupsOf(here.cloud.addCheckpoint(vault.id).id)[0]?.id ?? "";
    return { here, there, vault, target, cbr, nl: clientFor(sim, there), replicateVault, replicateBackup, newBackup };
}
const unknownId = "8b0851a8-adf3-4f4c-a914-dead08bf9664";

it("replicates every available backup of a vault: one record each, on the source backup", async () => {
    const { here, there, vault, target, cbr, replicateVault, newBackup } = await setUp();
    const ids = [newBackup(), newBackup()];
    here.cloud.addCheckpoint(vault.id, { status: "error" });
    const answer = await replicateVault({ auto_trigger: false });
    expect([answer.status, answer.body.replication]).toEqual([
        200,
        {
            vault_id: vault.id,
            provider_id: "0daac4c5-6707-4851-97ba-169e36266b66",
            project_id: here.projectId,
            source_region: "eu-de",
            destination_project_id: there.projectId,
            destination_region: "eu-nl",
            destination_vault_id: target.id,
            backups: ids.map((id) => ({ backup_id: id, replication_record_id: expect.any(String) })),
        },
    ]);
    const seen: unknown[] = [];
    for (let read = 0; read < 3; read += 1) {
        const [record] = (await cbr.get(`/backups/${ids[0]}`)).body.backup.replication_records;
        seen.push([record?.status, record?.extra_info.progress, typeof record?.destination_backup_id]);
    }
    expect(seen).toEqual([
        ["waiting_replicate", 33, "undefined"],
        ["replicating", 66, "undefined"],
        ["success", 100, "string"],
    ]);
});

it("shows the replica in its own region only, with an id and a checkpoint of its own", async () => {
    const { here, there, target, cbr, nl, replicateBackup, newBackup } = await setUp();
    const source = newBackup();
    const answer = await replicateBackup(source, { name: "copy", description: "of gold" });
    expect([answer.body.replication.backup_id, "destination_backup_id" in answer.body.replication]).toEqual([
        source,
        false,
    ]);
    sim.finishAll();
    const [record] = (await cbr.get(`/backups/${source}`)).body.backup.replication_records;
    const replica = (await nl.get(`/backups/${record?.destination_backup_id}`)).body.backup;
    expect(replica).toMatchObject({
        name: "copy",
        description: "of gold",
        image_type: "replication",
        status: "available",
        vault_id: target.id,
        project_id: there.projectId,
        checkpoint_id: record?.destination_checkpoint_id,
        resource_id: here.cloud.backups.get(source)?.resourceId,
    });
    expect(replica.checkpoint_id).not.toBe(here.cloud.backups.get(source)?.checkpointId);
    expect((await nl.get(`/checkpoints/${replica.checkpoint_id}`)).body.checkpoint.status).toBe("available");
    expect(outcome(await cbr.get(`/backups/${replica.id}`))).toEqual([404, "BackupService.6200"]);
    const listed = (await nl.get(`/backups?vault_id=${target.id}&image_type=replication`)).body.backups;
    expect(listed.map((backup) => backup.id)).toEqual([replica.id]);
    expect(target.usedMb).toBeGreaterThan(0);
});

it("puts the replicas of one checkpoint into one checkpoint", async () => {
    const { here, there, vault, replicateVault } = await setUp();
    here.cloud.addResource(vault.id);
    here.cloud.addCheckpoint(vault.id);
    await replicateVault();
    sim.finishAll();
    expect([there.cloud.checkpoints.size, there.cloud.backups.size]).toEqual([1, 2]);
});

it("sends what is new only, and refuses with 0001 when nothing is", async () => {
    const { replicateVault, newBackup } = await setUp();
    newBackup();
    await replicateVault();
    sim.finishAll();
    expect(outcome(await replicateVault())).toEqual([400, "BackupService.0001"]);
    const next = newBackup();
    const { backups } = (await replicateVault()).body.replication;
    expect(backups.map((backup) => backup.backup_id)).toEqual([next]);
});

it("can answer an empty list when nothing is left", async () => {
    const { replicateVault } = await setUp({ nothingToReplicate: "empty" });
    const answer = await replicateVault();
    expect([answer.status, answer.body.replication.backups]).toEqual([200, []]);
});

it("refuses a second run with 6130 while one runs", async () => {
    const { replicateVault, replicateBackup, newBackup } = await setUp();
    const id = newBackup();
    await replicateVault();
    expect(outcome(await replicateVault())).toEqual([400, "BackupService.6130"]);
    expect(outcome(await replicateBackup(id))).toEqual([400, "BackupService.6130"]);
    sim.finishAll();
    newBackup();
    expect((await replicateVault()).status).toBe(200);
});

it("skips a backup that has its replica, and copies it again once that is deleted", async () => {
    const { here, there, replicateBackup, newBackup } = await setUp();
    const id = newBackup();
    await replicateBackup(id);
    sim.finishAll();
    await replicateBackup(id);
    sim.finishAll();
    const statuses = () => here.cloud.backups.get(id)?.records.map((record) => record.status);
    expect(statuses()).toEqual(["success", "skip"]);
    for (const replica of [...there.cloud.backups.keys()]) there.cloud.deleteBackupBehindOurBack(replica);
    await replicateBackup(id);
    sim.finishAll();
    expect(statuses()).toEqual(["success", "skip", "success"]);
});

it("keeps the replica when the source goes, and the record when the replica goes", async () => {
    const { here, there, cbr, nl, replicateBackup, newBackup } = await setUp();
    const [kept, gone] = [newBackup(), newBackup()];
    await replicateBackup(kept);
    sim.finishAll();
    const [replica = ""] = there.cloud.backups.keys();
    await nl.delete(`/backups/${replica}`);
    sim.finishAll();
    expect((await cbr.get(`/backups/${kept}`)).body.backup.replication_records.map((record) => record.status)).toEqual([
        "success",
    ]);
    await replicateBackup(gone);
    sim.finishAll();
    here.cloud.deleteBackupBehindOurBack(gone);
    expect([there.cloud.backups.size, here.cloud.records.size]).toEqual([1, 1]);
});

it("writes a task with both sides", async () => {
    const { cbr, replicateBackup, newBackup, there } = await setUp();
    const id = newBackup();
    await replicateBackup(id);
    const states: string[] = [];
    for (let read = 0; read < 3; read += 1)
        states.push((await cbr.get("/operation-logs?operation_type=replication")).body.operation_logs[0]?.status ?? "");
    expect(states).toEqual(["waiting", "running", "success"]);
    const [log] = (await cbr.get("/operation-logs?operation_type=replication&destination_region=eu-nl")).body
        .operation_logs;
    expect(log?.extra_info.replication).toMatchObject({
        source_backup_id: id,
        destination_backup_id: [...there.cloud.backups.keys()][0],
    });
});

it("moves on for someone who only looks at the destination", async () => {
    const { target, nl, replicateBackup, newBackup } = await setUp({ replicaAppears: "start" });
    await replicateBackup(newBackup());
    const seen: unknown[] = [];
    for (let read = 0; read < 3; read += 1)
        seen.push((await nl.get(`/backups?vault_id=${target.id}`)).body.backups.map((backup) => backup.status));
    expect(seen).toEqual([[], ["protecting"], ["available"]]);
});

it("refuses wrong sources and destinations with their codes", async () => {
    const { here, there, vault, target, cbr, replicateBackup, newBackup, nl } = await setUp();
    const id = newBackup();
    const to = (destination: Record<string, unknown>) => replicateBackup(id, destination);
    const destinationVault = (seed: Parameters<typeof there.cloud.addVault>[0]) => ({
        destination_vault_id: there.cloud.addVault(seed).id,
    });
    const cases: [string, Record<string, unknown>, number, string][] = [
        ["unknown region", { destination_region: "eu-xx" }, 500, "1005"],
        ["own region", { destination_region: "eu-de", destination_project_id: here.projectId }, 500, "1005"],
        ["unknown project", { destination_project_id: here.projectId }, 400, "1011"],
        ["unknown vault", { destination_vault_id: unknownId }, 400, "6120"],
        ["backup vault", destinationVault({}), 400, "6119"],
        ["other kind", destinationVault({ protectType: "replication", objectType: "turbo" }), 400, "6119"],
        ["full vault", destinationVault({ protectType: "replication", sizeGb: 10, usedMb: 10_240 }), 400, "6129"],
        ["changing vault", destinationVault({ protectType: "replication", status: "lock" }), 400, "6112"],
        ["bad region name", { destination_region: "eu de" }, 400, "9900"],
        ["bad name", { name: "a/b" }, 400, "9900"],
        ["empty name", { name: "" }, 400, "9900"],
        ["long description", { description: "d".repeat(256) }, 400, "9900"],
        ["key of the other call", { auto_trigger: true }, 400, "9900"],
    ];
    for (const [why, destination, status, code] of cases)
        expect([why, ...outcome(await to(destination))]).toEqual([why, status, `BackupService.${code}`]);

    const { cloud } = here;
    const first = (vaultId: string, status = "available") =>
        cloud.backupsOf(cloud.addCheckpoint(vaultId, { status }).id)[0]?.id;
    const sources: [string, string | undefined, number, string][] = [
        ["unknown backup", unknownId, 404, "6200"],
        ["disk backup", first(cloud.addVault({ objectType: "disk" }).id), 400, "6122"],
        ["server's disk", cloud.backups.get(id)?.children[0]?.id, 400, "6122"],
        [
            "without system disk",
            first(cloud.addVault({ resources: [{ disks: [{ systemDisk: false }] }] }).id),
            400,
            "6122",
        ],
        ["running", first(vault.id, "protecting"), 400, "6203"],
        ["failed", first(vault.id, "error"), 400, "0001"],
        ["going", first(vault.id, "deleting"), 400, "6216"],
    ];
    for (const [why, backup, status, code] of sources)
        expect([why, ...outcome(await replicateBackup(backup))]).toEqual([why, status, `BackupService.${code}`]);

    const whole = (source: string, at = cbr) =>
        at.post("/checkpoints/replicate", replicationTo(there, target.id, { vault_id: source }));
    const vaults: [string, string, number, string][] = [
        ["unknown vault", unknownId, 404, "6105"],
        ["disk vault", cloud.addVault({ objectType: "disk" }).id, 400, "6122"],
        ["replication vault", cloud.addVault({ protectType: "replication" }).id, 400, "6128"],
        ["hybrid vault", cloud.addVault({ cloudType: "hybrid" }).id, 400, "6128"],
        ["nothing in it", cloud.addVault().id, 400, "0001"],
    ];
    for (const [why, source, status, code] of vaults)
        expect([why, ...outcome(await whole(source))]).toEqual([why, status, `BackupService.${code}`]);

    await replicateBackup(id);
    sim.finishAll();
    const [replica] = there.cloud.backups.keys();
    const back = replicationTo(here, cloud.addVault({ protectType: "replication" }).id);
    expect(outcome(await nl.post(`/backups/${replica}/replicate`, back))).toEqual([400, "BackupService.6128"]);
});

it("replicates SFS Turbo on Huawei Cloud", async () => {
    const { here, there, cbr } = await setUp();
    const source = here.cloud.addVault({ objectType: "turbo" });
    const target = there.cloud.addVault({ protectType: "replication", objectType: "turbo" });
    here.cloud.addCheckpoint(source.id);
    const answer = await cbr.post("/checkpoints/replicate", replicationTo(there, target.id, { vault_id: source.id }));
    expect([answer.status, answer.body.replication.backups.length]).toEqual([200, 1]);
});

it("goes only where the capabilities allow, and tells them", async () => {
    const { cbr, replicateBackup, newBackup } = await setUp({ capabilities: { "eu-nl": ["eu-de"] } });
    expect((await cbr.get("/replication-capabilities")).body).toEqual({
        regions: [{ name: "eu-nl", replication_destinations: ["eu-de"] }],
    });
    expect(outcome(await replicateBackup(newBackup()))).toEqual([500, "BackupService.1005"]);
});
