import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp() {
    sim = await startSimulator({ progressBy: "reads", checkAnswers: true });
    const { cloud } = sim.regions["eu-de"];
    const cbr = clientFor(sim, sim.regions["eu-de"]);
    const sync = (vaultId: string, autoTrigger: unknown = false) =>
        cbr.post("/checkpoints/sync", { sync: { vault_id: vaultId, auto_trigger: autoTrigger } });
    return { cloud, cbr, sync };
}

it("imports new backups, drops vanished ones, and says so in the task", async () => {
    const { cloud, cbr, sync } = await setUp();
    const vault = cloud.addVault({ cloudType: "hybrid", onPremises: { added: 2 } });
    const first = await sync(vault.id);
    expect([first.status, first.body]).toEqual([
        200,
        { sync: { operation_log_id: expect.any(String), vault_id: vault.id } },
    ]);
    const seen: unknown[] = [];
    for (let read = 0; read < 3; read += 1) {
        const log = (await cbr.get(`/operation-logs/${first.body.sync.operation_log_id}`)).body.operation_log;
        seen.push([log.status, log.extra_info.common.progress, log.extra_info.sync]);
    }
    expect(seen).toEqual([
        ["waiting", 33, undefined],
        ["running", 66, undefined],
        ["success", 100, { sync_backup_num: 2, delete_backup_num: 0, err_sync_backup_num: 0 }],
    ]);
    const imported = [...cloud.backups.keys()];
    cloud.uploadOnPremises(vault.id, { vanishedBackupIds: imported.slice(0, 1), failing: 1 });
    const second = await sync(vault.id);
    sim.finishAll();
    const log = (await cbr.get(`/operation-logs/${second.body.sync.operation_log_id}`)).body.operation_log;
    expect([log.status, log.extra_info.sync]).toEqual([
        "success",
        { sync_backup_num: 0, delete_backup_num: 1, err_sync_backup_num: 1 },
    ]);
    expect([...cloud.backups.keys()]).toEqual(imported.slice(1));
});

it("refuses unknown, public and busy vaults, and a missing auto_trigger", async () => {
    const { cloud, cbr, sync } = await setUp();
    expect(outcome(await sync("8b0851a8-adf3-4f4c-a914-dead08bf9664"))).toEqual([404, "BackupService.6105"]);
    expect(outcome(await sync(cloud.addVault().id))).toEqual([400, "BackupService.7300"]);
    const hybrid = cloud.addVault({ cloudType: "hybrid" });
    expect(outcome(await cbr.post("/checkpoints/sync", { sync: { vault_id: hybrid.id } }))).toEqual([
        400,
        "BackupService.9900",
    ]);
    expect(outcome(await sync(hybrid.id, "false"))).toEqual([400, "BackupService.9900"]);
    expect((await sync(hybrid.id)).status).toBe(200);
    expect(outcome(await sync(hybrid.id))).toEqual([400, "BackupService.7302"]);
    sim.finishAll();
    expect((await sync(hybrid.id)).status).toBe(200);
});

it("takes a vault of protect_type hybrid as well", async () => {
    const { cloud, sync } = await setUp();
    expect((await sync(cloud.addVault({ protectType: "hybrid" }).id)).status).toBe(200);
});

it("answers 404 6500 for a task that it has forgotten", async () => {
    const { cloud, cbr, sync } = await setUp();
    const { operation_log_id: id } = (await sync(cloud.addVault({ cloudType: "hybrid" }).id)).body.sync;
    cloud.forgetOperationLog(id);
    expect(outcome(await cbr.get(`/operation-logs/${id}`))).toEqual([404, "BackupService.6500"]);
});
