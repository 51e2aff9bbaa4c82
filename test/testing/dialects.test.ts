import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome, replicationTo } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp() {
    sim = await startSimulator({
        progressBy: "reads",
        checkAnswers: true,
        regions: [
            { name: "eu-de", dialect: "otc" },
            { name: "eu-nl", dialect: "otc" },
        ],
    });
    const region = sim.regions["eu-de"];
    return { region, cloud: region.cloud, cbr: clientFor(sim, region) };
}

it("OTC: timestamps end in +00:00, sizes are numbers", async () => {
    const { cloud, cbr } = await setUp();
    const checkpoint = await cbr.backUp(cloud.addVault().id);
    expect(checkpoint.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/);
    expect(checkpoint.vault.resources[0]?.resource_size).toBe(40);
});

it("OTC: GET checkpoint repeats neither name nor skipped resources", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ resources: [{}, { protectStatus: "error" }] });
    const created = await cbr.backUp(vault.id, { name: "n", description: "d" });
    expect([created.extra_info, created.vault.skipped_resources.length]).toEqual([
        { name: "n", description: "d", retention_duration: -1 },
        1,
    ]);
    const shown = (await cbr.get(`/checkpoints/${created.id}`)).body.checkpoint;
    expect(["extra_info" in shown, "skipped_resources" in shown.vault]).toEqual([false, false]);
});

it("Huawei: GET checkpoint repeats both, or null where the switch says so", async () => {
    sim = await startSimulator({ echoExtraInfo: false });
    const { cloud } = sim.regions["eu-de"];
    const cbr = clientFor(sim, sim.regions["eu-de"]);
    const { id } = await cbr.backUp(cloud.addVault({ resources: [{}, { protectStatus: "error" }] }).id);
    const shown = (await cbr.get(`/checkpoints/${id}`)).body.checkpoint;
    expect([shown.extra_info, shown.vault.skipped_resources.length]).toEqual([null, 1]);
});

it("OTC: no replication records, incremental in extend_info", async () => {
    const { cloud, cbr } = await setUp();
    const [backup] = cloud.backupsOf(cloud.addCheckpoint(cloud.addVault().id).id);
    const target = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
    expect(
        (await cbr.post(`/backups/${backup?.id}/replicate`, replicationTo(sim.regions["eu-nl"], target.id))).status,
    ).toBe(200);
    sim.finishAll();
    const shown = (await cbr.get(`/backups/${backup?.id}`)).body.backup;
    expect(["replication_records" in shown, "incremental" in shown, shown.extend_info.incremental]).toEqual([
        false,
        false,
        false,
    ]);
    const [log] = (await cbr.get("/operation-logs?operation_type=replication")).body.operation_logs;
    expect([log?.status, log && "replication" in log.extra_info]).toEqual(["success", false]);
});

it("OTC: synchronisation does not exist", async () => {
    const { cloud, cbr } = await setUp();
    const body = { sync: { vault_id: cloud.addVault({ cloudType: "hybrid" }).id, auto_trigger: false } };
    expect(outcome(await cbr.post("/checkpoints/sync", body))).toEqual([404, "APIGW.0101"]);
});

it.each([
    "/backups?show_replication=true",
    "/backups?incremental=true",
    "/backups?enterprise_project_id=0",
    "/backups?image_type=replication",
    "/vaults?enterprise_project_id=0",
    "/operation-logs?destination_region=eu-nl",
])("OTC: refuses %s with 9900", async (path) => {
    const { cbr } = await setUp();
    expect(outcome(await cbr.get(path))).toEqual([400, "BackupService.9900"]);
});

it("OTC: refuses what only Huawei's bodies have, and SFS Turbo copies", async () => {
    const { cloud, cbr } = await setUp();
    const target = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication", objectType: "turbo" });
    const turbo = cloud.addVault({ objectType: "turbo" });
    cloud.addCheckpoint(turbo.id);
    const replicate = (more: object) =>
        cbr.post(
            "/checkpoints/replicate",
            replicationTo(sim.regions["eu-nl"], target.id, { vault_id: turbo.id, ...more }),
        );
    expect(outcome(await replicate({ enable_acceleration: true }))).toEqual([400, "BackupService.9900"]);
    expect(outcome(await replicate({}))).toEqual([400, "BackupService.6122"]);
    expect(outcome(await cbr.tryBackUp(turbo.id, { retention_duration_days: 3 }))).toEqual([400, "BackupService.9900"]);
    const vault = cloud.addVault();
    const [server] = [...vault.resources.values()];
    const extra = { include_volumes: [{ id: server?.disks[0]?.id }] };
    const details = [{ id: server?.id, type: "OS::Nova::Server", extra_info: extra }];
    expect(outcome(await cbr.tryBackUp(vault.id, { resource_details: details }))).toEqual([400, "BackupService.9900"]);
});

it("Huawei: takes what only its bodies have", async () => {
    sim = await startSimulator({ checkAnswers: true });
    const { cloud } = sim.regions["eu-de"];
    const cbr = clientFor(sim, sim.regions["eu-de"]);
    const vault = cloud.addVault();
    cloud.addCheckpoint(vault.id);
    const target = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" });
    const body = replicationTo(sim.regions["eu-nl"], target.id, { vault_id: vault.id, enable_acceleration: true });
    expect((await cbr.post("/checkpoints/replicate", body)).status).toBe(200);
    const [resource] = [...vault.resources.values()];
    const details = [
        { id: resource?.id, type: "OS::Nova::Server", extra_info: { exclude_volumes: [resource?.disks[0]?.id] } },
    ];
    const { id } = await cbr.backUp(vault.id, { resource_details: details });
    expect(cloud.backupsOf(id)[0]?.children).toEqual([]);
});

it("Huawei: backs up the chosen disks of a server, and refuses one that it does not have", async () => {
    sim = await startSimulator({ checkAnswers: true });
    const { cloud } = sim.regions["eu-de"];
    const cbr = clientFor(sim, sim.regions["eu-de"]);
    const vault = cloud.addVault({ resources: [{ disks: 3 }] });
    const [server] = [...vault.resources.values()];
    const ids = server?.disks.map((disk) => disk.id) ?? [];
    const details = (volumes: readonly (string | undefined)[]) => ({
        resource_details: [
            {
                id: server?.id,
                type: "OS::Nova::Server",
                extra_info: { include_volumes: volumes.map((volume) => ({ id: volume })) },
            },
        ],
    });
    expect(outcome(await cbr.tryBackUp(vault.id, details([vault.id])))).toEqual([400, "BackupService.9900"]);
    const { id } = await cbr.backUp(vault.id, details([ids[0], ids[2]]));
    expect(cloud.backupsOf(id)[0]?.children.map((child) => child.resourceId)).toEqual([ids[0], ids[2]]);
});

it("OTC: an id that is no UUID is an ordinary 404", async () => {
    const { cbr } = await setUp();
    expect(outcome(await cbr.get("/checkpoints/nope"))).toEqual([404, "BackupService.6217"]);
});
