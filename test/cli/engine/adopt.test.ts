// The program that `adopt` writes, run on an engine: it takes over what Terraform took, and sends nothing.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../../sdk/testing";
import { openStack } from "../../support/stack";
import { runCli } from "../run-cli";

let sim: Simulator;
// Inside the repository, where the package is found by its name.
const folder = mkdtempSync(join(resolve(__dirname, "../../.."), ".demo-adopt-"));
beforeAll(async () => {
    sim = await startSimulator();
});
afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await sim.close();
});

it("adopts each restore point of a Terraform state in zero POSTs, and a preview afterwards is empty", async () => {
    const home = sim.regions["eu-de"].cloud;
    const away = sim.regions["eu-nl"].cloud;
    const places = [
        [home, "eu-de"],
        [away, "eu-nl"],
    ] as const;
    const resources = places.map(([cloud, region], at) => {
        const vault = cloud.addVault({ resources: 2 });
        const { id, name } = cloud.addCheckpoint(vault.id, { name: `terraform-${at}` });
        const attributes = { id, name, region, vault_id: vault.id, incremental: false, backups: [] };
        return {
            mode: "managed",
            type: "huaweicloud_cbr_checkpoint",
            name: "nightly",
            module: `module.m${at}`,
            instances: [{ schema_version: 0, attributes }],
        };
    });
    const state = join(folder, "terraform.tfstate");
    writeFileSync(state, JSON.stringify({ version: 4, resources }));
    const run = await runCli(["adopt", state, "--output", join(folder, "index.ts")]);
    expect(run.code, run.err).toBe(0);
    writeFileSync(join(folder, "Pulumi.yaml"), "name: adopted\nruntime: nodejs\n");
    writeFileSync(join(folder, "package.json"), '{ "name": "adopted", "main": "index.ts" }');

    const settings = Object.entries(sim.settings({ signIn: "keys" }).config);
    const config = Object.fromEntries(
        settings.map(([key, value]) => [key, { value, secret: key === "cbr:secretKey" }]),
    );
    await using stack = await openStack({ program: folder, config });
    // With the preview that must be empty.
    const { changes } = await stack.up();
    expect(changes["create"]).toBe(3);
    const expected = resources.map(({ instances: [instance] }) => instance?.attributes.id);
    expect((await stack.resources()).map(({ id }) => id)).toEqual(expect.arrayContaining(expected));
    const posts = sim.requests.filter(({ method, service }) => method !== "GET" && service === "cbr");
    expect(posts).toEqual([]);
    expect([home.backups.size, away.backups.size]).toEqual([2, 2]);
});
