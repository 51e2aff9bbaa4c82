import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp() {
    sim = await startSimulator({ progressBy: "reads", checkAnswers: true });
    const region = sim.regions["eu-de"];
    return { region, cloud: region.cloud, cbr: clientFor(sim, region) };
}

it("writes one task a resource, with the checkpoint's id and incremental as text", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ resources: 2 });
    const { id } = await cbr.backUp(vault.id);
    const logs = (await cbr.get(`/operation-logs?operation_type=backup&vault_id=${vault.id}`)).body.operation_logs;
    expect(logs.map((log) => [log.checkpoint_id, log.extra_info.backup.incremental, log.status])).toEqual([
        [id, "false", "waiting"],
        [id, "false", "waiting"],
    ]);
    expect(new Set(logs.map((log) => log.extra_info.resource.id))).toEqual(new Set(vault.resources.keys()));
});

it("filters and pages tasks", async () => {
    const { cloud, cbr } = await setUp();
    const [one, two] = [cloud.addVault({ name: "one" }), cloud.addVault({ name: "two" })];
    await cbr.backUp(one.id);
    sim.finishAll();
    await cbr.backUp(two.id);
    const [resource] = [...one.resources.values()];
    const count = async (query: string) => (await cbr.get(`/operation-logs?${query}`)).body.count;
    const counts: Record<string, number> = {};
    for (const query of [
        "status=waiting",
        "status=success",
        "vault_name=two",
        `resource_id=${resource?.id}`,
        `resource_name=${resource?.name}`,
        "operation_type=sync",
        "provider_id=0daac4c5-6707-4851-97ba-169e36266b66",
        "start_time=2100-01-01T00:00:00Z",
        "end_time=2100-01-01T00:00:00Z",
        "enterprise_project_id=other",
        "limit=1",
    ])
        counts[query] = await count(query);
    expect(Object.values(counts)).toEqual([1, 1, 1, 1, 1, 0, 2, 0, 2, 0, 2]);
    expect((await cbr.get("/operation-logs?limit=1&offset=1")).body.operation_logs).toHaveLength(1);
    for (const query of ["checkpoint_id=x", "operation_type=copying", "status=done", "limit=1001"])
        expect(outcome(await cbr.get(`/operation-logs?${query}`))).toEqual([400, "BackupService.9900"]);
});

it("shows a vault with its billing in the page's units", async () => {
    const { region, cloud, cbr } = await setUp();
    const vault = cloud.addVault({
        name: "gold",
        sizeGb: 100,
        usedMb: 2048,
        resources: [{ sizeGb: 40 }, { sizeGb: 60 }],
        locked: true,
    });
    await cbr.backUp(vault.id, { resources: [[...vault.resources.keys()][0]] });
    const shown = (await cbr.get(`/vaults/${vault.id}`)).body.vault;
    expect(shown).toMatchObject({
        id: vault.id,
        name: "gold",
        project_id: region.projectId,
        locked: true,
        billing: {
            status: "available",
            protect_type: "backup",
            cloud_type: "public",
            object_type: "server",
            spec_code: "vault.backup.server.normal",
            size: 100,
            allocated: 100,
            used: 2048,
        },
    });
    expect(shown.resources.map((resource) => resource.protect_status)).toEqual(["protecting", "available"]);
    expect(outcome(await cbr.get("/vaults/8b0851a8-adf3-4f4c-a914-dead08bf9664"))).toEqual([404, "BackupService.6105"]);
});

it("filters vaults", async () => {
    const { cloud, cbr } = await setUp();
    const server = cloud.addVault({ name: "server" });
    const copies = cloud.addVault({ name: "copies", protectType: "replication", status: "lock" });
    const vmware = cloud.addVault({ name: "vmware", cloudType: "hybrid", policyId: "p1" });
    const [resource] = server.resources.keys();
    const found: Record<string, string[]> = {};
    const cases: Record<string, string[]> = {
        [`id=${server.id}`]: [server.id],
        "name=copies": [copies.id],
        "cloud_type=hybrid": [vmware.id],
        "protect_type=replication": [copies.id],
        "object_type=server": [copies.id, server.id],
        "status=lock": [copies.id],
        "policy_id=p1": [vmware.id],
        [`resource_ids=${resource},x`]: [server.id],
        "limit=2": [vmware.id, copies.id],
        "limit=2&offset=2": [server.id],
        "enterprise_project_id=none": [],
    };
    for (const query of Object.keys(cases))
        found[query] = (await cbr.get(`/vaults?${query}`)).body.vaults.map((vault) => vault.id);
    expect(found).toEqual(cases);
    expect(outcome(await cbr.get("/vaults?protect_type=copy"))).toEqual([400, "BackupService.9900"]);
});

it("gives a plain JSON snapshot of all that it holds", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ name: "demo" });
    const { id } = await cbr.backUp(vault.id, { name: "one" });
    sim.finishAll();
    const snapshot = cloud.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot.checkpoints).toEqual([
        {
            id,
            name: "one",
            status: "available",
            vaultId: vault.id,
            createdAt: expect.stringMatching(/Z$/),
            resourceIds: [...vault.resources.keys()],
            backupIds: cloud.backupsOf(id).map((backup) => backup.id),
        },
    ]);
});
