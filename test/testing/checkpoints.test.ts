import { afterEach, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { clientFor } from "./harness";

let sim: Simulator;
afterEach(() => sim.close());

it("answers protecting at once, and is available on the third read", async () => {
    sim = await startSimulator({ progressBy: "reads", checkAnswers: true });
    const region = sim.regions["eu-de"];
    const vault = region.cloud.addVault({ name: "vault-be94", resources: [{ name: "ecs-1f0f-0002" }] });
    const [resource] = [...vault.resources.values()];
    const cbr = clientFor(sim, region);
    const answer = await cbr.post("/checkpoints", {
        checkpoint: {
            vault_id: vault.id,
            parameters: { name: "backup_name", description: "backup_description", resources: [resource?.id] },
        },
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
    const { id } = answer.body.checkpoint;
    const seen: string[] = [];
    for (let read = 0; read < 3; read += 1) seen.push((await cbr.get(`/checkpoints/${id}`)).body.checkpoint.status);
    expect(seen).toEqual(["protecting", "protecting", "available"]);
});
