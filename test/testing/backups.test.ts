import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor, outcome, replicationTo } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function setUp(options: Parameters<typeof startSimulator>[0] = {}) {
    sim = (await startSimulator({ progressBy: "reads", checkAnswers: true, ...options })) as Simulator;
    const region = sim.regions["eu-de"];
    return { region, cloud: region.cloud, cbr: clientFor(sim, region) };
}
const dayMs = 86_400_000;

it("lists top-level backups, newest first, with the total", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault({ resources: [{ disks: 3 }] });
    for (const [index, name] of ["b1", "b2", "b3"].entries())
        cloud.addCheckpoint(vault.id, { name, createdAt: new Date(Date.UTC(2025, 0, 3 - index)) });
    const { body } = await cbr.get("/backups");
    expect(body.backups.map((backup) => backup.name)).toEqual(["b1", "b2", "b3"]);
    expect([body.count, body.limit, body.offset]).toEqual([3, 1000, 0]);
});

it("takes no seed whose time is none, and names it", async () => {
    const { cloud } = await setUp();
    const vault = cloud.addVault();
    expect(() => cloud.addCheckpoint(vault.id, { createdAt: "yesterday" })).toThrow(
        'createdAt: "yesterday" is no instant of ISO 8601',
    );
    expect(() => cloud.addCheckpoint(vault.id, { expiresAt: new Date(Number.NaN) })).toThrow("expiresAt: null");
    expect(cloud.checkpoints.size).toBe(0);
});

it("pages by offset and limit, and by marker", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    for (let index = 0; index < 5; index += 1) cloud.addCheckpoint(vault.id, { name: `b${index}` });
    const names = async (query: string) => {
        const { body } = await cbr.get(`/backups?sort=name:asc&${query}`);
        return [body.backups.map((backup) => backup.name).join(), body.count];
    };
    expect(await names("limit=2")).toEqual(["b0,b1", 5]);
    expect(await names("limit=2&offset=4")).toEqual(["b4", 5]);
    expect(await names("limit=2&offset=6")).toEqual(["", 5]);
    const [, second] = (await cbr.get("/backups?sort=name:asc")).body.backups;
    expect(await names(`limit=2&marker=${second?.id}`)).toEqual(["b2,b3", 5]);
    expect(outcome(await cbr.get("/backups?marker=8b0851a8-adf3-4f4c-a914-dead08bf9664"))).toEqual([
        400,
        "BackupService.9900",
    ]);
});

it("sorts by several keys, descending unless told", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    for (const [name, status] of [
        ["a", "error"],
        ["b", "available"],
        ["c", "error"],
    ] as const)
        cloud.addCheckpoint(vault.id, { name, status });
    const { backups } = (await cbr.get("/backups?sort=status:asc,name")).body;
    expect(backups.map((backup) => backup.name)).toEqual(["b", "c", "a"]);
});

it("filters by every documented field", async () => {
    const { cloud, cbr } = await setUp();
    const [one, two] = [cloud.addVault({ sizeGb: 100 }), cloud.addVault({ objectType: "disk" })];
    const early = cloud.addCheckpoint(one.id, { name: "early", createdAt: "2025-01-01T00:00:00Z" });
    cloud.addCheckpoint(one.id, { name: "late", createdAt: new Date(Date.UTC(2025, 0, 1) + dayMs), status: "error" });
    cloud.addCheckpoint(two.id, { name: "disk", createdAt: new Date(Date.UTC(2025, 0, 1) + 2 * dayMs) });
    const [server] = [...one.resources.values()];
    const [parent] = cloud.backupsOf(early.id);
    const cases: Record<string, string> = {
        [`checkpoint_id=${early.id}`]: "early",
        [`vault_id=${one.id}`]: "early,late",
        [`checkpoint_id=${early.id}&vault_id=${two.id}`]: "",
        [`resource_id=${server?.id}`]: "early,late",
        [`resource_name=${server?.name}`]: "early,late",
        "name=late": "late",
        "resource_type=OS::Cinder::Volume": "disk",
        "status=error": "late",
        "status=error&status=available": "disk,early,late",
        "image_type=backup": "disk,early,late",
        "image_type=replication": "",
        "start_time=2025-01-02T00:00:00Z": "disk,late",
        "end_time=2025-01-02T00:00:00Z": "early,late",
        "start_time=2025-01-01T12:00:00Z&end_time=2025-01-02T12:00:00Z": "late",
        "own_type=private": "disk,early,late",
        "own_type=shared": "",
        "dec=true": "",
        "used_percent=5": "early,late",
        "enterprise_project_id=0": "disk,early,late",
        "enterprise_project_id=all_granted_eps": "disk,early,late",
        "enterprise_project_id=8b0851a8": "",
        "resource_az=eu-de-01": "",
    };
    const found: Record<string, string> = {};
    for (const query of Object.keys(cases)) {
        const { backups } = (await cbr.get(`/backups?${query}`)).body;
        found[query] = backups
            .map((backup) => backup.name)
            .sort()
            .join();
    }
    expect(found).toEqual(cases);
    const children = (await cbr.get(`/backups?parent_id=${parent?.id}`)).body.backups;
    expect(children.map((child) => child.parent_id)).toEqual([parent?.id]);
});

it.each([
    "limit=0",
    "limit=1001",
    "limit=abc",
    "limit=",
    "limit=1&limit=2",
    "offset=-1",
    "sort=size",
    "sort=name:up",
    "status=gone",
    "status=available,error",
    "image_type=copy",
    "start_time=2025-01-02",
    "start_time=2025-01-02T00:00:00.000Z",
    "end_time=2025-02-30T00:00:00Z",
    "start_time=2025-01-02T00:00:00%2B00:00",
    "show_replication=1",
    "used_percent=0",
    "chekpoint_id=1",
])("refuses the query %s with 9900", async (query) => {
    const { cbr } = await setUp();
    expect(outcome(await cbr.get(`/backups?${query}`))).toEqual([400, "BackupService.9900"]);
});

it("counts each list request as one look at each backup in it", async () => {
    const { cloud, cbr } = await setUp();
    const vaults = [cloud.addVault(), cloud.addVault()];
    for (const vault of vaults) await cbr.backUp(vault.id);
    const seen: string[][] = [];
    for (let read = 0; read < 3; read += 1)
        seen.push((await cbr.get("/backups")).body.backups.map((backup) => backup.status));
    expect(seen).toEqual([
        ["waiting_protect", "waiting_protect"],
        ["protecting", "protecting"],
        ["available", "available"],
    ]);
});

it("gets there for someone who lists finished backups only", async () => {
    const { cloud, cbr } = await setUp();
    const { id } = await cbr.backUp(cloud.addVault().id);
    const counts: number[] = [];
    for (let read = 0; read < 3; read += 1)
        counts.push((await cbr.get(`/backups?checkpoint_id=${id}&status=available`)).body.count);
    expect(counts).toEqual([0, 0, 1]);
});

it("shows one backup, also a server's disk by its own id; 404 6200 otherwise", async () => {
    const { cloud, cbr } = await setUp();
    const checkpoint = cloud.addCheckpoint(cloud.addVault({ resources: [{ sizeGb: 80, disks: 2 }] }).id, {
        name: "one",
    });
    const [backup] = cloud.backupsOf(checkpoint.id);
    const shown = (await cbr.get(`/backups/${backup?.id}`)).body.backup;
    expect(shown).toMatchObject({
        name: "one",
        resource_size: 80,
        status: "available",
        incremental: false,
        replication_records: [],
        parent_id: null,
    });
    const child = (await cbr.get(`/backups/${shown.children[0]?.id}`)).body.backup;
    expect(child).toMatchObject({ parent_id: backup?.id, resource_size: 40 });
    expect(outcome(await cbr.get("/backups/8b0851a8-adf3-4f4c-a914-dead08bf9664"))).toEqual([
        404,
        "BackupService.6200",
    ]);
});

it("answers 401 Malformed request url for an id that is no UUID, on GET and DELETE", async () => {
    const { cbr } = await setUp();
    for (const answer of [
        await cbr.get("/backups/nope"),
        await cbr.delete("/backups/nope"),
        await cbr.get("/checkpoints/1"),
    ]) {
        expect([answer.status, answer.body]).toEqual([
            401,
            { unauthorized: { code: "401", message: "Malformed request url" } },
        ]);
    }
});

it("carries replication records in lists only with show_replication", async () => {
    const { cloud, cbr } = await setUp();
    cloud.addCheckpoint(cloud.addVault().id);
    expect("replication_records" in ((await cbr.get("/backups")).body.backups[0] ?? {})).toBe(false);
    expect((await cbr.get("/backups?show_replication=true")).body.backups[0]?.replication_records).toEqual([]);
});

it.each([
    [false, undefined, ["full", "later"]],
    [false, true, ["later"]],
    [true, undefined, ["full"]],
    [true, false, ["full"]],
    [true, true, ["later"]],
])("hideIncremental %s, filter incremental=%s lists %j", async (hideIncremental, filter, expected) => {
    const { cloud, cbr } = await setUp({ hideIncremental });
    const vault = cloud.addVault();
    cloud.addCheckpoint(vault.id, { name: "full" });
    cloud.addCheckpoint(vault.id, { name: "later" });
    const { backups } = (await cbr.get(filter === undefined ? "/backups" : `/backups?incremental=${filter}`)).body;
    expect(backups.map((backup) => backup.name).sort()).toEqual(expected);
});

it("shows in lists only what is older than they lag behind, and by id what is younger, too", async () => {
    let now = Date.UTC(2026, 0, 2);
    const clock = { now: () => now };
    const { cloud, cbr } = await setUp({ progressBy: "clock", listLagMs: 40_000, clock });
    const vault = cloud.addVault();
    const { body } = await cbr.tryBackUp(vault.id);
    const [backup] = cloud.backupsOf((body as { checkpoint: { id: string } }).checkpoint.id);
    const listed = async () => [
        (await cbr.get("/backups")).body.backups.length,
        (await cbr.get("/operation-logs")).body.operation_logs.length,
    ];
    now += 39_000;
    expect(await listed()).toEqual([0, 0]);
    expect((await cbr.get(`/backups/${backup?.id}`)).status).toBe(200);
    now += 2_000;
    expect(await listed()).toEqual([1, 1]);
});

it("deletes in steps, and the last backup takes the checkpoint along", async () => {
    const { cloud, cbr } = await setUp();
    const checkpoint = cloud.addCheckpoint(cloud.addVault({ resources: 2 }).id);
    const [first, second] = cloud.backupsOf(checkpoint.id);
    const accepted = await cbr.delete(`/backups/${first?.id}`);
    expect([accepted.status, accepted.text, accepted.headers.get("x-request-id")]).toEqual([
        204,
        "",
        expect.stringMatching(/^[0-9a-f]{32}$/),
    ]);
    const seen: unknown[] = [first?.status];
    for (let read = 0; read < 3; read += 1) {
        const { status, body } = await cbr.get(`/backups/${first?.id}`);
        seen.push(status === 200 ? body.backup.status : status);
    }
    expect(seen).toEqual(["waiting_delete", "waiting_delete", "deleting", 404]);
    expect((await cbr.get(`/checkpoints/${checkpoint.id}`)).body.checkpoint.status).toBe("available");
    await cbr.delete(`/backups/${second?.id}`);
    expect(cloud.checkpoints.get(checkpoint.id)?.status).toBe("deleting");
    sim.finishAll();
    expect(outcome(await cbr.get(`/checkpoints/${checkpoint.id}`))).toEqual([404, "BackupService.6217"]);
    const logs = (await cbr.get("/operation-logs?operation_type=delete")).body.operation_logs;
    expect(logs.map((log) => log.status)).toEqual(["success", "success"]);
});

it("gives back the room in the vault", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    const [backup] = cloud.backupsOf(cloud.addCheckpoint(vault.id).id);
    expect(vault.usedMb).toBe(10_240);
    await cbr.delete(`/backups/${backup?.id}`);
    sim.finishAll();
    expect(vault.usedMb).toBe(0);
});

it("keeps the checkpoint without backups when told so", async () => {
    const { cloud, cbr } = await setUp({ checkpointSurvivesLastBackup: true });
    const checkpoint = cloud.addCheckpoint(cloud.addVault().id);
    const [backup] = cloud.backupsOf(checkpoint.id);
    cloud.deleteBackupBehindOurBack(backup?.id ?? "");
    expect((await cbr.get(`/checkpoints/${checkpoint.id}`)).body.checkpoint.status).toBe("available");
    expect((await cbr.get(`/backups?checkpoint_id=${checkpoint.id}`)).body.count).toBe(0);
});

it("refuses to delete what must stay, with the documented codes", async () => {
    const { cloud, cbr } = await setUp();
    const vault = cloud.addVault();
    const backupOf = (vaultId: string, seed = {}) =>
        cloud.backupsOf(cloud.addCheckpoint(vaultId, seed).id)[0]?.id ?? "";
    const tryDelete = async (id: string) => outcome(await cbr.delete(`/backups/${id}`));

    const withImage = backupOf(vault.id);
    const imageId = cloud.imageFrom(withImage);
    expect(await tryDelete(withImage)).toEqual([400, "BackupService.6204"]);
    cloud.deleteImage(imageId);
    expect(await tryDelete(withImage)).toEqual([204, ""]);
    expect(await tryDelete(withImage)).toEqual([400, "BackupService.6201"]);

    const restoring = backupOf(vault.id);
    cloud.setBackupStatus(restoring, "restoring");
    expect(await tryDelete(restoring)).toEqual([400, "BackupService.6216"]);
    expect(await tryDelete(cloud.backups.get(restoring)?.children[0]?.id ?? "")).toEqual([400, "BackupService.6201"]);

    const newest = backupOf(vault.id);
    const older = backupOf(vault.id, { createdAt: "2020-01-01T00:00:00Z" });
    const running = await cbr.backUp(vault.id);
    expect(await tryDelete(cloud.backupsOf(running.id)[0]?.id ?? "")).toEqual([400, "BackupService.6201"]);
    expect(await tryDelete(newest)).toEqual([400, "BackupService.6203"]);
    expect(await tryDelete(older)).toEqual([204, ""]);

    const locked = cloud.addVault({ locked: true });
    expect(await tryDelete(backupOf(locked.id, { autoTrigger: true }))).toEqual([400, "BackupService.6220"]);
    expect(await tryDelete(backupOf(locked.id))).toEqual([204, ""]);

    const going = cloud.addVault();
    const inGoing = backupOf(going.id);
    cloud.setVault(going.id, { status: "deleting" });
    expect(await tryDelete(inGoing)).toEqual([400, "BackupService.6112"]);
    expect(await tryDelete("8b0851a8-adf3-4f4c-a914-dead08bf9664")).toEqual([404, "BackupService.6200"]);
});

it("does not delete a backup that is being replicated", async () => {
    const { cloud, cbr } = await setUp();
    const destination = sim.regions["eu-nl"];
    const target = destination.cloud.addVault({ protectType: "replication" });
    const [backup] = cloud.backupsOf(cloud.addCheckpoint(cloud.addVault().id).id);
    await cbr.post(`/backups/${backup?.id}/replicate`, replicationTo(destination, target.id));
    expect(outcome(await cbr.delete(`/backups/${backup?.id}`))).toEqual([400, "BackupService.6216"]);
});

it("can refuse a missing backup in the old way", async () => {
    const { cbr } = await setUp({ missingBackupCode: "CSBS.3001" });
    expect(outcome(await cbr.delete("/backups/8b0851a8-adf3-4f4c-a914-dead08bf9664"))).toEqual([400, "CSBS.3001"]);
});
