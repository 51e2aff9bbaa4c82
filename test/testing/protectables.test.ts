// What the simulator says may be backed up, and of agents.
import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { fetchAnswer } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

async function start(dialect: "huawei" | "otc" = "huawei") {
    sim = await startSimulator({ checkAnswers: true, regions: [{ name: "eu-de", dialect }, { name: "eu-nl" }] });
    const { url, projectId, cloud } = sim.regions["eu-de"];
    const ask = async (path: string, body?: unknown) => {
        const answer = await fetchAnswer(`${url}/v3/${projectId}${path}`, {
            method: body === undefined ? "GET" : "POST",
            headers: { "content-type": "application/json", "x-auth-token": sim.issueToken("eu-de") },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return { status: answer.status, body: answer.body as unknown as Record<string, unknown> };
    };
    return { cloud, ask };
}

interface Row {
    readonly id: string;
    readonly type: string;
    readonly protectable: { result: boolean; code?: string; reason?: string; vault?: { id: string } };
    readonly children: { id: string }[];
}
const rows = (answer: { body: Record<string, unknown> }) => answer.body["instances"] as Row[];

it("lists servers in and out of vaults, with their volumes and why one cannot be backed up", async () => {
    const { cloud, ask } = await start();
    const barred = { code: "BackupService.7002", reason: "The SCSI disk cannot be backed up." };
    const vault = cloud.addVault({ resources: [{ disks: 2 }, { cannotBackUp: barred }] });
    const free = cloud.addUnprotected({ name: "alone" });
    cloud.addVault({ objectType: "disk", resources: 1 });
    const listed = rows(await ask("/protectables/server/instances"));
    const [whole, refused] = [...vault.resources.values()];
    expect(listed.map(({ id, protectable, children }) => [id, protectable.result, children.length])).toEqual([
        [whole?.id, true, 2],
        [refused?.id, false, 1],
        [free.id, true, 1],
    ]);
    expect(listed[1]?.protectable).toMatchObject({ ...barred, vault: { id: vault.id } });
    const shown = await ask(`/protectables/server/instances/${whole?.id}`);
    expect((shown.body["instance"] as Row).children.map(({ id }) => id)).toEqual(whole?.disks.map(({ id }) => id));
});

it("lists a server's disks as disks, and filters", async () => {
    const { cloud, ask } = await start();
    const server = cloud.addUnprotected({ disks: 3 });
    cloud.addUnprotected({ name: "spare" }, "disk");
    const count = async (query: string) => rows(await ask(`/protectables/disk/instances${query}`)).length;
    expect(await Promise.all(["", `?server_id=${server.id}`, "?name=spare", "?status=in-use"].map(count))).toEqual([
        4, 3, 1, 3,
    ]);
});

it("pages by marker, fifty at most", async () => {
    const { cloud, ask } = await start();
    for (let index = 0; index < 60; index++) cloud.addUnprotected();
    const first = rows(await ask("/protectables/server/instances"));
    const second = rows(await ask(`/protectables/server/instances?limit=50&marker=${first.at(-1)?.id}`));
    expect([first.length, second.length]).toEqual([50, 10]);
    expect((await ask("/protectables/server/instances?limit=51")).status).toBe(400);
    expect((await ask("/protectables/boat/instances")).status).toBe(400);
    expect((await ask("/protectables/server/instances/8b0851a8-adf3-4f4c-a914-dead08bf9664")).status).toBe(404);
});

it("tells the agent of each server that is asked about", async () => {
    const { cloud, ask } = await start();
    const agent = { installed: true, isOld: true, version: "1.2" };
    const [one, two] = [cloud.addUnprotected({ agent }), cloud.addUnprotected()];
    const asked = [one, two].map(({ id }) => ({ resource_id: id, resource_type: "OS::Nova::Server" }));
    expect((await ask("/agent/check", { agent_status: asked })).body["agent_status"]).toEqual([
        { resource_id: one?.id, installed: true, is_old: true, version: "1.2", code: null, message: null },
        { resource_id: two?.id, installed: false, is_old: null, version: null, code: null, message: null },
    ]);
    const disk = [{ resource_id: one?.id, resource_type: "OS::Cinder::Volume" }];
    expect((await ask("/agent/check", { agent_status: disk })).status).toBe(400);
    expect((await ask("/agent/check", { agent_status: [] })).status).toBe(400);
});

it("has none of it on Open Telekom Cloud", async () => {
    const { cloud, ask } = await start("otc");
    const { id } = cloud.addUnprotected();
    const paths = ["/protectables/server/instances", `/protectables/server/instances/${id}`];
    const answers = await Promise.all([...paths.map((path) => ask(path)), ask("/agent/check", { agent_status: [] })]);
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
});
