// The program that `adopt` writes, run on an engine: it takes over what Terraform took, and sends nothing.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../../sdk/testing";
import { command } from "../../support/packed";
import { findPulumi, needsCli } from "../../support/pulumi";
import { getYamlHost } from "../../support/pulumi-cli";
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

/** A Terraform state with a restore point in each of two regions. */
function terraformState() {
    const places = [
        [sim.regions["eu-de"].cloud, "eu-de"],
        [sim.regions["eu-nl"].cloud, "eu-nl"],
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
    const file = join(folder, "terraform.tfstate");
    writeFileSync(file, JSON.stringify({ version: 4, resources }));
    return { file, ids: resources.map(({ instances: [instance] }) => instance?.attributes.id) };
}

function expectNothingSent(): void {
    const posts = sim.requests.filter(({ method, service }) => method !== "GET" && service === "cbr");
    expect(posts).toEqual([]);
}

it("adopts each restore point of a Terraform state in zero POSTs, and a preview afterwards is empty", async () => {
    const { file, ids } = terraformState();
    const run = await runCli(["adopt", file, "--output", join(folder, "index.ts")]);
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
    expect((await stack.resources()).map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
    expectNothingSent();
});

it("adopts them by YAML, too, which the native provider serves", async ({ skip }) => {
    await needsCli(skip, "YAML programs and native providers");
    const host = await getYamlHost();
    if ("reason" in host) {
        process.stderr.write(`The YAML program was not run: ${host.reason}\n`);
        return skip(host.reason);
    }
    const { command: cli } = await findPulumi();
    const { file, ids } = terraformState();
    const project = join(folder, "yaml");
    mkdirSync(project);
    symlinkSync(resolve(__dirname, "../../../node_modules"), join(project, "node_modules"), "junction");
    const run = await runCli(["adopt", file, "--language", "yaml", "--output", join(project, "Pulumi.yaml")]);
    expect(run.code, run.err).toBe(0);
    const { config } = sim.settings({ signIn: "keys" });
    writeFileSync(join(project, "Pulumi.dev.yaml"), JSON.stringify({ config }));
    const env = {
        PULUMI_HOME: join(project, "home"),
        PULUMI_BACKEND_URL: `file://${project}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PATH: [dirname(process.execPath), host.folder, process.env["PATH"]].join(delimiter),
    };
    const pulumi = (...args: string[]) => command(cli.command, args, project, env);
    await pulumi("stack", "init", "dev");
    expect(await pulumi("up", "--yes", "--skip-preview")).toMatch(/\+ 3 created/);
    await pulumi("preview", "--expect-no-changes");
    const state = await pulumi("stack", "export");
    for (const id of ids) expect(state).toContain(`"id": "${id}"`);
    expectNothingSent();
});
