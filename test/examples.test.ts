// Every example, run as it stands: preview, up, an empty preview (by the stack itself), a change where it is about one, destroy.
import { execFile } from "node:child_process";
import {
    cpSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../sdk/testing/index";
import { command, temporaryFolder } from "./support/packed";
import { findPulumi, needsCli } from "./support/pulumi";
import { getYamlHost } from "./support/pulumi-cli";
import { openStack, type StackOptions, type TestStack } from "./support/stack";

const examples = resolve(__dirname, "../examples");
/** Run by tests of their own, beside the code that they show. */
const elsewhere = ["automation-api", "gitops"];
/** Those that have no program: Pulumi.yaml says it all. */
const withoutProgram = ["yaml"];

let sim: Simulator<"eu-de" | "eu-nl" | "eu-ch2">;
beforeAll(async () => {
    sim = await startSimulator({
        regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch2" }],
        backupMs: 300,
        replicationMs: 300,
        checkAnswers: true,
    });
});
afterAll(() => sim.close());

const source = () => sim.regions["eu-de"].cloud;
const servers = () => source().addVault({ resources: [{ name: "web-1" }, { name: "db-1" }] });
const copies = (region: "eu-nl" | "eu-ch2") => sim.regions[region].cloud.addVault({ protectType: "replication" });
const backupsIn = (vaultId: string) => [...source().backups.values()].filter((one) => one.vaultId === vaultId);

async function open(
    folder: string,
    config: NonNullable<StackOptions["config"]>,
    env: Record<string, string> = {},
): Promise<TestStack> {
    const settings = Object.entries(sim.settings().config).map(([key, value]) => [
        key,
        { value, secret: key === "cbr:secretKey" },
    ]);
    return openStack({
        program: folder,
        config: { ...Object.fromEntries(settings), ...config },
        // `npm run types` has checked them; once each is enough.
        env: { PULUMI_NODEJS_TRANSPILE_ONLY: "true", ...env },
    });
}

/** Preview, up, empty preview; the outputs. */
async function deploy(stack: TestStack, created: number): Promise<Record<string, unknown>> {
    expect((await stack.preview()).changes["create"]).toBe(created + 1);
    await stack.up();
    return outputsOf(stack);
}

async function outputsOf(stack: TestStack): Promise<Record<string, unknown>> {
    return Object.fromEntries(Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value]));
}

it("has a project, a program, a README and a line in the list for every folder", () => {
    const folders = readdirSync(examples, { withFileTypes: true }).filter((one) => one.isDirectory());
    expect(folders.length).toBeGreaterThan(9);
    const list = readFileSync(join(examples, "README.md"), "utf8");
    for (const { name } of folders) {
        if (elsewhere.includes(name)) continue;
        const at = (file: string) => join(examples, name, file);
        expect(existsSync(at("Pulumi.yaml")), `${name}/Pulumi.yaml`).toBe(true);
        const hasProgram = existsSync(at("index.ts")) || existsSync(at("index.js"));
        expect(hasProgram, `${name}/index`).toBe(!withoutProgram.includes(name));
        expect(readFileSync(at("README.md"), "utf8").length, `${name}/README.md`).toBeGreaterThan(100);
        expect(list, "examples/README.md").toContain(`(${name}/README.md)`);
    }
});

it("checkpoint takes one restore point, and another one for the next release", async () => {
    const vault = servers();
    await using stack = await open(join(examples, "checkpoint"), { vaultId: vault.id });
    const { checkpointId } = await deploy(stack, 1);
    await stack.setConfig({ release: "2" });
    await stack.up();
    expect((await outputsOf(stack))["checkpointId"]).not.toBe(checkpointId);
    await stack.destroy();
    // Restore points outlive the stack.
    expect(backupsIn(vault.id)).toHaveLength(4);
});

it.each(["examples/javascript", "examples/es-module", "."])("%s takes one restore point", async (folder) => {
    const vault = servers();
    await using stack = await open(resolve(__dirname, "..", folder), { vaultId: vault.id });
    const { backupIdByResource } = await deploy(stack, 1);
    expect(backupIdByResource).toEqual(Object.fromEntries(backupsIn(vault.id).map((one) => [one.resourceId, one.id])));
    await stack.destroy();
});

it("yaml takes one restore point without a program, changes its policy in place, and finds no drift", async ({
    skip,
}) => {
    await needsCli(skip, "YAML programs and native providers");
    const host = await getYamlHost();
    if ("reason" in host) {
        process.stderr.write(`The YAML example was not run: ${host.reason}\n`);
        return skip(host.reason);
    }
    const { command: cli } = await findPulumi();
    const vault = servers();
    const folder = temporaryFolder();
    cpSync(join(examples, "yaml"), folder, { recursive: true });
    symlinkSync(resolve(__dirname, "../node_modules"), join(folder, "node_modules"), "junction");
    const config = { ...sim.settings().config, "yaml:vaultId": vault.id };
    writeFileSync(join(folder, "Pulumi.dev.yaml"), JSON.stringify({ config }));
    const env = {
        PULUMI_HOME: join(folder, "home"),
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PATH: [dirname(process.execPath), host.folder, process.env["PATH"]].join(delimiter),
    };
    const pulumi = (...args: string[]) => command(cli.command, args, folder, env);
    await pulumi("stack", "init", "dev");
    expect(await pulumi("preview")).toContain("+ 2 to create");
    const up = await pulumi("up", "--yes", "--skip-preview");
    const ids = backupsIn(vault.id).map((one) => one.id);
    expect(ids).toHaveLength(2);
    for (const id of ids) expect(up).toContain(id);
    await pulumi("config", "set", "deletionPolicy", "delete");
    expect(await pulumi("up", "--yes", "--skip-preview")).toMatch(/~ 1 updated\s+1 unchanged/);
    await pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    await pulumi("preview", "--expect-no-changes");
    await pulumi("destroy", "--yes", "--skip-preview");
    expect(backupsIn(vault.id)).toEqual([]);
});

it("restore-point-per-release names the restore point after the release", async () => {
    const vault = servers();
    await using stack = await open(join(examples, "restore-point-per-release"), {
        vaultId: vault.id,
        release: "v1.4.2",
    });
    expect(await deploy(stack, 1)).toMatchObject({ name: "release-v1-4-2" });
    await stack.setConfig({ release: "v1.5.0" });
    await stack.up();
    expect(await outputsOf(stack)).toMatchObject({ name: "release-v1-5-0" });
    await stack.destroy();
    expect(new Set(backupsIn(vault.id).map((one) => one.name.replace(/-\d{4}$/, "")))).toEqual(
        new Set(["release-v1-4-2", "release-v1-5-0"]),
    );
});

it("nightly-by-trigger takes one a day: incremental on weekdays, full on Sundays, marked as automatic", async () => {
    const vault = source().addVault({ resources: [{ everBackedUp: true }] });
    await using stack = await open(join(examples, "nightly-by-trigger"), { vaultId: vault.id, day: "2026-11-21" });
    await deploy(stack, 1);
    await stack.up();
    expect(backupsIn(vault.id)).toHaveLength(1);
    await stack.setConfig({ day: "2026-11-22" });
    await stack.up();
    expect(backupsIn(vault.id)).toMatchObject([
        { incremental: true, autoTrigger: true },
        { incremental: false, autoTrigger: true },
    ]);
    await stack.destroy();
});

it("many-vaults-from-configuration makes what the configuration lists", async () => {
    const [web, db] = [servers(), servers()];
    const target = copies("eu-nl");
    const one = [...web.resources.keys()][0] ?? "";
    const vaults = {
        web: { vaultId: web.id, resources: [one] },
        db: { vaultId: db.id, copyTo: { region: "eu-nl", vaultId: target.id } },
    };
    await using stack = await open(join(examples, "many-vaults-from-configuration"), {
        vaults: JSON.stringify(vaults),
    });
    const outputs = await deploy(stack, 3);
    expect(Object.keys(outputs["checkpointIds"] as object).sort()).toEqual(["db", "web"]);
    expect((outputs["replicaIds"] as Record<string, string[]>)["db"]).toHaveLength(2);
    expect(backupsIn(web.id).map((backup) => backup.resourceId)).toEqual([one]);
    await stack.destroy();
});

it("hybrid-vault-sync imports what the storage has", async () => {
    const vault = source().addVault({ cloudType: "hybrid", onPremises: { added: 3 } });
    await using stack = await open(join(examples, "hybrid-vault-sync"), { hybridVaultId: vault.id });
    expect(await deploy(stack, 1)).toMatchObject({ status: "success", imported: 3, dropped: 0 });
    await stack.destroy();
});

it("disaster-recovery joins four resources by their outputs", async () => {
    const hybrid = source().addVault({ cloudType: "hybrid" });
    await using stack = await open(join(examples, "disaster-recovery"), {
        vaultId: servers().id,
        hybridVaultId: hybrid.id,
        destinationRegion: "eu-nl",
        destinationVaultId: copies("eu-nl").id,
        archiveRegion: "eu-ch2",
        archiveVaultId: copies("eu-ch2").id,
    });
    const outputs = await deploy(stack, 4);
    expect(outputs["replicationRecordIds"]).toHaveLength(2);
    await stack.destroy();
});

it("before-database-change takes a restore point before a change and before the end, and none otherwise", async () => {
    const vault = servers();
    const serverId = [...vault.resources.keys()][1] ?? "";
    await using stack = await open(join(examples, "before-database-change"), { vaultId: vault.id, serverId });
    await deploy(stack, 1);
    expect(backupsIn(vault.id)).toHaveLength(0);
    await stack.setConfig({ engineVersion: "17" });
    await stack.up();
    expect(backupsIn(vault.id)).toMatchObject([{ resourceId: serverId, status: "available" }]);
    await stack.destroy({ runProgram: true });
    expect(backupsIn(vault.id)).toHaveLength(2);
});

it("vaults-of-another-provider takes a restore point in a vault that is not there yet", async () => {
    const vault = servers();
    const serverId = [...vault.resources.keys()][0] ?? "";
    const program = mkdtempSync(join(tmpdir(), "cbr-"));
    cpSync(join(examples, "vaults-of-another-provider"), program, { recursive: true });
    const modules = join(program, "node_modules");
    mkdirSync(join(modules, "@pulumi", "opentelekomcloud"), { recursive: true });
    const root = resolve(__dirname, "..");
    for (const name of ["@pulumi/pulumi", "typescript"])
        symlinkSync(join(root, "node_modules", name), join(modules, name));
    symlinkSync(root, join(modules, "pulumi-cbr"));
    // Plays the other provider: its vault is one that the simulator has, whose id nobody knows before it is made.
    writeFileSync(
        join(modules, "@pulumi", "opentelekomcloud", "index.js"),
        `const { dynamic } = require("@pulumi/pulumi");
exports.CbrVaultV3 = class extends dynamic.Resource {
    constructor(name, args, opts) {
        super({ create: async (outs) => ({ id: process.env.STAND_IN_VAULT, outs }) }, name, args, opts);
    }
};
`,
    );
    try {
        await using stack = await open(program, { serverId }, { STAND_IN_VAULT: vault.id });
        const outputs = await deploy(stack, 2);
        const [backup] = backupsIn(vault.id);
        expect(outputs).toEqual({ vaultId: vault.id, backupId: backup?.id });
        expect(backup?.resourceId).toBe(serverId);
        // The vault is protected, so the stack cannot go: nothing of it does.
        await stack.destroy({ expectFailure: true });
        expect(backupsIn(vault.id)).toHaveLength(1);
    } finally {
        rmSync(program, { recursive: true, force: true, maxRetries: 3 });
    }
});

it("testing: its own tests pass, with neither cloud nor CLI", async () => {
    const vitest = resolve(__dirname, "../node_modules/vitest/vitest.mjs");
    // Vitest's 5 s for a test are for a machine that does nothing else.
    const args = [vitest, "run", "--root", ".", "--testTimeout", "600000"];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
        cwd: join(examples, "testing"),
        env: { ...process.env, NO_COLOR: "1" },
    });
    expect(stdout).toMatch(/Tests +\d+ passed/);
});
