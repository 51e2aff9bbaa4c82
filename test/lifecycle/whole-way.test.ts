// All four resources, joined by their outputs, through an engine: previewed, deployed, shown unchanged, refreshed,
// changed and destroyed, with the simulator behind the provider's back.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { openStack, type TestStack } from "../support/stack";

let sim: Simulator<"eu-de" | "eu-nl" | "eu-ch2">;
let stack: TestStack;
const vaults = { source: "", copies: "", archive: "", hybrid: "" };

beforeAll(async () => {
    sim = await startSimulator({
        regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch2" }],
        backupMs: 300,
        replicationMs: 300,
        checkAnswers: true,
    });
    vaults.source = sim.regions["eu-de"].cloud.addVault({ resources: 2 }).id;
    vaults.hybrid = sim.regions["eu-de"].cloud.addVault({ cloudType: "hybrid", onPremises: { added: 2 } }).id;
    vaults.copies = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
    vaults.archive = sim.regions["eu-ch2"].cloud.addVault({ protectType: "replication" }).id;
    const settings = Object.entries(sim.settings({ signIn: "password" }).config);
    stack = await openStack({
        program: `${__dirname}/../../examples/disaster-recovery`,
        config: {
            ...Object.fromEntries(settings.map(([key, value]) => [key, { value, secret: key === "cbr:password" }])),
            vaultId: vaults.source,
            hybridVaultId: vaults.hybrid,
            destinationRegion: "eu-nl",
            destinationVaultId: vaults.copies,
            archiveRegion: "eu-ch2",
            archiveVaultId: vaults.archive,
        },
    });
});
afterAll(async () => {
    await stack.cleanup();
    await sim.close();
});

const held = (region: "eu-de" | "eu-nl" | "eu-ch2", vaultId: string) =>
    sim.regions[region].cloud.snapshot().backups.filter((one) => one.vaultId === vaultId);
const posts = () =>
    sim.requests.filter((one) => one.method === "POST" && one.service === "cbr").map((one) => one.operation);

it("shows all that is to be made, and makes nothing", async () => {
    const preview = await stack.preview();
    expect(preview.changes).toMatchObject({ create: 5 });
    expect(posts()).toEqual([]);
});

it("makes it, each with one request, and keeps no credential and no code but one line in the state", async () => {
    await stack.up();
    expect([...posts()].sort()).toEqual(["CopyBackup", "CopyCheckpoint", "CreateCheckpoint", "ImportCheckpoint"]);
    const outputs = await stack.outputs();
    expect(outputs["replicationRecordIds"]?.value).toHaveLength(2);
    expect(
        held("eu-nl", vaults.copies)
            .map((one) => one.id)
            .sort(),
    ).toEqual([...((outputs["destinationBackupIds"]?.value ?? []) as string[])].sort());
    expect(held("eu-ch2", vaults.archive).map((one) => one.id)).toEqual([outputs["archivedBackupId"]?.value]);
    const state = JSON.stringify(await stack.resources());
    expect(state).not.toContain(sim.credentials.password);
    const lines = (await stack.resources())
        .filter((one) => one.type.startsWith("pulumi-nodejs:"))
        .map((one) => one.outputs?.["__provider"]);
    expect(lines).toHaveLength(4);
    for (const line of lines)
        expect(line).toMatch(
            /^exports\.handler = \(\) => require\("pulumi-cbr\/provider"\)\.(checkpoint|vaultReplication|backupReplica|vaultSync)$/,
        );
});

it("is unchanged after a refresh, which asks the cloud and changes nothing there", async () => {
    sim.clearRequests();
    const refresh = await stack.refresh();
    expect(new Set(refresh.steps.map((step) => step.op))).toEqual(new Set(["same"]));
    expect(posts()).toEqual([]);
});

it("takes a new restore point and new copies when a trigger changes, and keeps the old ones", async () => {
    await stack.setConfig({ release: "2" });
    sim.clearRequests();
    const up = await stack.up();
    expect(up.changes).toMatchObject({ replace: 4 });
    expect([...posts()].sort()).toEqual(["CopyBackup", "CopyCheckpoint", "CreateCheckpoint", "ImportCheckpoint"]);
    expect(held("eu-de", vaults.source)).toHaveLength(4);
    expect(held("eu-nl", vaults.copies)).toHaveLength(4);
    expect(held("eu-ch2", vaults.archive)).toHaveLength(1);
});

it("destroys the stack; the backups outlive it, except what was to be deleted", async () => {
    const destroy = await stack.destroy();
    expect(held("eu-de", vaults.source)).toHaveLength(4);
    expect(held("eu-nl", vaults.copies)).toHaveLength(4);
    expect(held("eu-ch2", vaults.archive)).toEqual([]);
    const lines = destroy.steps.flatMap((step) => step.diagnostics).join("\n");
    expect(lines).toMatch(/retained restore point/);
    expect(lines).toMatch(/retained 2 replicas in eu-nl/);
    expect(await stack.resources()).toEqual([]);
    expect(JSON.stringify(sim.requests)).not.toContain(sim.credentials.password);
});
