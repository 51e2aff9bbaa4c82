import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp(options: Parameters<typeof startSimulator>[0] = {}) {
    sim = (await startSimulator({ progressBy: "reads", checkAnswers: true, ...options })) as Simulator;
    const region = sim.regions["eu-de"];
    return { region, cloud: region.cloud, cbr: clientFor(sim, region) };
}

it("answers with the page's very keys: protecting, resources available, sizes as strings", async () => {
    const { region, cloud, cbr } = await setUp();
    const vault = cloud.addVault({ name: "vault-be94", resources: [{ name: "ecs-1f0f-0002" }] });
    const [resource] = [...vault.resources.values()];
    const answer = await cbr.tryBackUp(vault.id, {
        name: "backup_name",
        description: "backup_description",
        resources: [resource?.id],
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
        checkpoint: {
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            status: "protecting",
            created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
            project_id: region.projectId,
            vault: {
                id: vault.id,
                name: "vault-be94",
                resources: [
                    {
                        id: resource?.id,
                        name: "ecs-1f0f-0002",
                        type: "OS::Nova::Server",
                        protect_status: "available",
                        resource_size: "40",
                        extra_info: null,
                    },
                ],
                skipped_resources: [],
            },
            extra_info: { name: "backup_name", description: "backup_description", retention_duration: -1 },
        },
    });
});

it("is available on the third read, and its backup goes over protecting", async () => {
    const { cloud, cbr } = await setUp();
    const { id } = await cbr.backUp(cloud.addVault().id);
    const [backup] = cloud.backupsOf(id);
    expect(backup?.status).toBe("waiting_protect");
    const seen: [string, string | undefined][] = [];
    for (let read = 0; read < 3; read += 1) {
        const { checkpoint } = (await cbr.get(`/checkpoints/${id}`)).body;
        seen.push([checkpoint.status, backup?.status]);
    }
    expect(seen).toEqual([
        ["protecting", "waiting_protect"],
        ["protecting", "protecting"],
        ["available", "available"],
    ]);
});

it("makes one backup a resource with numbered names, and a child for each disk", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ resources: [{ disks: 2 }, { disks: 1 }] });
    const { id } = await cbr.backUp(vault.id, { name: "nightly" });
    const { backups } = (await cbr.get(`/backups?checkpoint_id=${id}&sort=name:asc`)).body;
    expect(backups.map((backup) => [backup.name, backup.children.length])).toEqual([
        ["nightly-0001", 2],
        ["nightly-0002", 1],
    ]);
    const [first] = backups;
    expect(first?.children.map((child) => [child.parent_id, child.checkpoint_id])).toEqual([
        [first?.id, id],
        [first?.id, id],
    ]);
});

it.each([
    [false, /^manualbk_[0-9a-f]{4}$/],
    [true, /^autobk_[0-9a-f]{4}$/],
])("makes up a name by who triggered it (auto_trigger %s)", async (autoTrigger, pattern) => {
    const { cloud, cbr } = await setUp();
    const checkpoint = await cbr.backUp(cloud.addVault().id, { auto_trigger: autoTrigger });
    expect(checkpoint.extra_info).toMatchObject({ name: expect.stringMatching(pattern) });
});

it("makes the first backup of a resource full, later ones incremental unless asked not to", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    const kinds: (boolean | undefined)[] = [];
    for (const incremental of [true, true, false, undefined]) {
        const { id } = await cbr.backUp(vault.id, incremental === undefined ? {} : { incremental });
        sim.finishAll();
        kinds.push(cloud.backupsOf(id)[0]?.incremental);
    }
    expect(kinds).toEqual([false, true, false, true]);
});

it("backs up only the resources asked for, by ids or by details", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ resources: 3 });
    const [first = "", second = "", third = ""] = vault.resources.keys();
    const one = await cbr.backUp(vault.id, { resources: [second] });
    expect(one.vault.resources.map((resource) => resource.id)).toEqual([second]);
    const details = [
        { id: third, type: "OS::Nova::Server", name: "db" },
        { id: first, type: "OS::Nova::Server" },
    ];
    const two = await cbr.backUp(vault.id, { resource_details: details });
    expect(two.vault.resources.map((resource) => resource.id)).toEqual([third, first]);
});

it("lists a resource that cannot be backed up as skipped, with code and reason", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({
        resources: [
            { name: "good" },
            { name: "shared", cannotBackUp: { code: "BackupService.7104", reason: "shared disks" } },
        ],
    });
    const { vault: seen } = await cbr.backUp(vault.id);
    expect(seen.resources).toHaveLength(1);
    expect(seen.skipped_resources).toEqual([
        {
            id: expect.any(String),
            type: "OS::Nova::Server",
            name: "shared",
            code: "BackupService.7104",
            reason: "shared disks",
        },
    ]);
    const logs = (await cbr.get("/operation-logs?operation_type=backup&status=skipped")).body.operation_logs;
    expect(logs.map((log) => log.error_info.code)).toEqual(["BackupService.7104"]);
});

it("skips what another run holds, and refuses with 6125 when nothing else is left", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ resources: 2 });
    const [busy = ""] = vault.resources.keys();
    await cbr.backUp(vault.id, { resources: [busy] });
    const second = await cbr.backUp(vault.id);
    expect(second.vault.skipped_resources.map(({ id, code }) => [id, code])).toEqual([[busy, "BackupService.2002"]]);
    expect(outcome(await cbr.tryBackUp(vault.id))).toEqual([400, "BackupService.6125"]);
    sim.finishAll();
    expect((await cbr.tryBackUp(vault.id)).status).toBe(200);
});

it("ends available when some backups failed, and error when all did", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ resources: 2 });
    const [first = "", second = ""] = vault.resources.keys();
    cloud.setBackupOutcome(second, { status: "error", code: "BackupService.7003", message: "The disk is in use." });
    const partly = await cbr.backUp(vault.id);
    sim.finishAll();
    expect(cloud.checkpoints.get(partly.id)?.status).toBe("available");
    expect(cloud.backupsOf(partly.id).map((backup) => backup.status)).toEqual(["available", "error"]);
    const [log] = (await cbr.get("/operation-logs?status=failed")).body.operation_logs;
    expect(log?.error_info).toEqual({ code: "BackupService.7003", message: "The disk is in use." });
    cloud.setBackupOutcome(first, "error");
    cloud.setBackupOutcome(second, "error");
    const all = await cbr.backUp(vault.id);
    sim.finishAll();
    expect(cloud.checkpoints.get(all.id)?.status).toBe("error");
});

it("answers 404 6217 for a checkpoint that it does not know, or no longer", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    expect(outcome(await cbr.get("/checkpoints/8b0851a8-adf3-4f4c-a914-dead08bf9664"))).toEqual([
        404,
        "BackupService.6217",
    ]);
    const { id } = await cbr.backUp(vault.id);
    cloud.expireCheckpoint(id);
    expect(outcome(await cbr.get(`/checkpoints/${id}`))).toEqual([404, "BackupService.6217"]);
    // A run that vanished holds nothing any more.
    expect((await cbr.tryBackUp(vault.id)).status).toBe(200);
});

it("lets go of the resource when the only backup of a run vanishes", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    const { id } = await cbr.backUp(vault.id);
    const [backup] = cloud.backupsOf(id);
    cloud.deleteBackupBehindOurBack(backup?.id ?? "");
    sim.finishAll();
    expect((await cbr.tryBackUp(vault.id)).status).toBe(200);
});

it("takes room in the vault, counts backups, and refuses a full vault with 6114", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ sizeGb: 10, resources: [{ sizeGb: 40 }] });
    await cbr.backUp(vault.id);
    sim.finishAll();
    expect([vault.usedMb, [...vault.resources.values()][0]?.backupCount]).toEqual([10_240, 1]);
    expect(outcome(await cbr.tryBackUp(vault.id))).toEqual([400, "BackupService.6114"]);
});

it("sets and keeps the expiry of retention_duration_days", async () => {
    let nowMs = Date.UTC(2025, 0, 1);
    const { cloud, cbr } = await setUp({ progressBy: "clock", clock: { now: () => nowMs } });
    const { id } = await cbr.backUp(cloud.addVault().id, { retention_duration_days: 1 });
    nowMs += 3_600_000;
    const [backup] = (await cbr.get(`/backups?checkpoint_id=${id}`)).body.backups;
    expect([backup?.status, backup?.expired_at?.slice(0, 10)]).toEqual(["available", "2025-01-02"]);
    nowMs += 86_400_000;
    expect(cloud.checkpoints.has(id)).toBe(false);
});

const unknownId = "3b5816b5-f29c-4172-9d9a-76c719a659ce";

it("refuses what the API refuses, with its codes", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    const [resource = ""] = vault.resources.keys();
    const at = (seed: Parameters<typeof cloud.addVault>[0]) => cloud.addVault(seed).id;
    const removing = at({});
    cloud.setVault(removing, { removingResources: true });
    const cases: [
        why: string,
        vaultId: string,
        parameters: Record<string, unknown> | undefined,
        status: number,
        code: string,
    ][] = [
        ["unknown vault", unknownId, undefined, 404, "6105"],
        ["replication vault", at({ protectType: "replication" }), undefined, 400, "6124"],
        ["hybrid vault", at({ cloudType: "hybrid" }), undefined, 400, "6124"],
        ["changing vault", at({ status: "lock" }), undefined, 400, "6112"],
        ["frozen vault", at({ status: "frozen" }), undefined, 400, "6113"],
        ["resources being removed", removing, undefined, 400, "6134"],
        ["empty vault", at({ resources: 0 }), undefined, 400, "0001"],
        ["all skipped", at({ resources: [{ protectStatus: "error" }] }), undefined, 400, "0001"],
        ["foreign resource", vault.id, { resources: [unknownId] }, 400, "6135"],
        ["resource twice", vault.id, { resources: [resource, resource] }, 400, "6104"],
        ["other type", vault.id, { resource_details: [{ id: resource, type: "OS::Sfs::Turbo" }] }, 400, "6102"],
        ["unknown type", vault.id, { resource_details: [{ id: resource, type: "OS::No" }] }, 400, "9900"],
        [
            "ids and details",
            vault.id,
            { resources: [resource], resource_details: [{ id: resource, type: "OS::Nova::Server" }] },
            400,
            "9900",
        ],
        ["empty name", vault.id, { name: "" }, 400, "9900"],
        ["long name", vault.id, { name: "n".repeat(65) }, 400, "9900"],
        ["bad character", vault.id, { name: "a b" }, 400, "9900"],
        ["long description", vault.id, { description: "d".repeat(256) }, 400, "9900"],
        ["angle bracket", vault.id, { description: "<b>" }, 400, "9900"],
        ["null", vault.id, { description: null }, 400, "9900"],
        ["retention of automatic backups", vault.id, { retention_duration_days: 3, auto_trigger: true }, 400, "9900"],
        ["retention out of range", vault.id, { retention_duration_days: 0 }, 400, "9900"],
    ];
    for (const [why, vaultId, parameters, status, code] of cases)
        expect([why, ...outcome(await cbr.tryBackUp(vaultId, parameters))]).toEqual([
            why,
            status,
            `BackupService.${code}`,
        ]);
    expect(cloud.checkpoints.size).toBe(0);
});

it("names the unknown key that it refuses", async () => {
    const { cloud, cbr } = await setUp();
    const answer = await cbr.tryBackUp(cloud.addVault().id, { incrementel: true });
    expect([answer.status, answer.body]).toEqual([
        400,
        {
            error_code: "BackupService.9900",
            error_msg: "The parameter check failed: unknown parameter checkpoint.parameters.incrementel",
        },
    ]);
    expect(outcome(await cbr.post("/checkpoints", "{no json"))).toEqual([400, "BackupService.9900"]);
    const untyped = await cbr.send("POST", "/checkpoints", { checkpoint: {} }, { "content-type": "text/plain" });
    expect(outcome(untyped)).toEqual([400, "BackupService.9900"]);
});

it("accepts an empty description and Chinese letters in a name", async () => {
    const { cloud, cbr } = await setUp();
    const checkpoint = await cbr.backUp(cloud.addVault().id, { name: "备份-1", description: "" });
    expect(checkpoint.extra_info).toEqual({ name: "备份-1", description: "", retention_duration: -1 });
});

it("moves by the clock when told so", async () => {
    let nowMs = Date.UTC(2025, 0, 1);
    const { cloud, cbr } = await setUp({ progressBy: "clock", backupMs: 1000, clock: { now: () => nowMs } });
    const { id } = await cbr.backUp(cloud.addVault().id);
    const seen: unknown[] = [];
    for (let step = 0; step < 4; step += 1) {
        const [backup] = (await cbr.get(`/backups?checkpoint_id=${id}`)).body.backups;
        seen.push([backup?.status, backup?.extend_info.progress]);
        nowMs += 400;
    }
    expect(seen).toEqual([
        ["waiting_protect", null],
        ["waiting_protect", null],
        ["protecting", 80],
        ["available", null],
    ]);
});
