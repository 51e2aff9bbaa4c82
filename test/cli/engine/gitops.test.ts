// examples/gitops from pull request to merge: the scripts run as a pipeline runs them, with a real engine, the built
// command and a simulated cloud. Only `npx` is a stand-in, which would look for the package on its registry.
import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Simulator, startSimulator } from "../../../sdk/testing";
import { findPulumi } from "../../support/pulumi";
import { savings } from "../../support/stack";

const root = resolve(__dirname, "../../..");

let simulator: Simulator;
let work: string;
/** The pipeline's secrets: access to the state, and to the cloud. */
let secrets: Record<string, string>;

function executable(name: string, line: string): void {
    const file = join(work, "bin", name);
    writeFileSync(file, `#!/bin/sh\n${line}\n`);
    chmodSync(file, 0o755);
}

beforeAll(async () => {
    simulator = await startSimulator({ backupMs: 100, replicationMs: 100 });
    work = mkdtempSync(join(tmpdir(), "cbr-"));
    for (const name of ["bin", "home", "state"]) mkdirSync(join(work, name));
    cpSync(join(root, "examples/gitops"), join(work, "checkout"), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(work, "checkout", "node_modules"));
    const engine = await findPulumi();
    const local = `"${process.execPath}" "${join(root, "test/engine/pulumi.cjs")}"`;
    executable("pulumi", `exec ${engine.kind === "real" ? `"${engine.command.command}"` : local} "$@"`);
    executable("npx", `shift 2\nexec "${process.execPath}" "${join(root, "dist/cli/main.js")}" "$@"`);
    // The vaults that the example's stack files name.
    const seed = (number: number) => `5eed0000-0000-4000-8000-00000000000${number}`;
    simulator.region("eu-de").cloud.addVault({ id: seed(1), name: "production", resources: 2 });
    simulator.region("eu-nl").cloud.addVault({ id: seed(2), name: "copies", protectType: "replication" });
    secrets = {
        ...simulator.settings().environment,
        HUAWEICLOUD_SDK_REGION_CBR_EU_DE: simulator.region("eu-de").url,
        HUAWEICLOUD_SDK_REGION_CBR_EU_NL: simulator.region("eu-nl").url,
        PULUMI_BACKEND_URL: `file://${join(work, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
    };
});
afterAll(async () => {
    await simulator.close();
    rmSync(work, { recursive: true, force: true, maxRetries: 3 });
});

function run(
    command: string,
    args: readonly string[],
    env: Record<string, string>,
): Promise<{ code: number; said: string }> {
    const path = [join(work, "bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(":");
    return new Promise((done) =>
        execFile(
            command,
            [...args],
            {
                cwd: join(work, "checkout"),
                env: {
                    PATH: path,
                    HOME: work,
                    TMPDIR: work,
                    PULUMI_HOME: join(work, "home"),
                    PULUMI_SKIP_UPDATE_CHECK: "true",
                    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
                    CI: "true",
                    ...savings().env,
                    ...env,
                },
            },
            (error, out, err) => done({ code: error === null ? 0 : Number(error.code), said: `${out}\n${err}` }),
        ),
    );
}

async function script(name: string, env: Record<string, string>): Promise<void> {
    const { code, said } = await run("sh", [`scripts/${name}`], { STACK: "prod", ...env });
    expect(code, said).toBe(0);
}

const comment = () => readFileSync(join(work, "checkout", "comment.md"), "utf8");
const points = () => simulator.region("eu-de").cloud.checkpoints.size;
const copies = () => simulator.region("eu-nl").cloud.backups.size;

it("previews a fork's pull request without any secret, and says that nobody was asked", async () => {
    await script("preview.sh", {
        RESTORE_POINT: "release-1",
        PULUMI_ACCESS_TOKEN: "",
        HW_ACCESS_KEY: "",
        HW_SECRET_KEY: "",
    });
    expect(comment()).toMatch(/^<!-- pulumi-cbr gitops\/preview -->\n\n### Backups\n\n🛟 `gitops\/preview` takes/);
    expect(comment()).toContain(
        "**Not checked:** the cloud was not asked whether this can work: `no credentials are set`",
    );
    expect(simulator.requests).toEqual([]);
});

it("takes one restore point a release and one a night, with copies, and comments what a pull request will do", async () => {
    const { secretsProvider } = savings();
    const keys = secretsProvider === undefined ? [] : ["--secrets-provider", secretsProvider];
    expect((await run("pulumi", ["stack", "init", "prod", ...keys], secrets)).code).toBe(0);

    await script("preview.sh", { ...secrets, RESTORE_POINT: "release-1", RUN_URL: "https://ci.example/1" });
    expect(comment()).toContain(
        "🛟 `gitops/prod` takes **1 restore point**, **copies backups without a copy** to `eu-nl`.",
    );
    expect(comment()).not.toContain("Not checked");
    expect(comment()).toContain("[This run](<https://ci.example/1>)");
    expect([points(), copies()]).toEqual([0, 0]);

    await script("up.sh", { ...secrets, RESTORE_POINT: "release-1" });
    expect([points(), copies()]).toEqual([1, 2]);

    // A pull request that changes nothing shows the restore point of the last run, so nothing new.
    await script("preview.sh", secrets);
    expect(comment()).toContain("✅ **No changes** in `gitops/prod`");

    await script("preview.sh", { ...secrets, RESTORE_POINT: "release-2" });
    expect(comment()).toContain("keeps 1 restore point (2 backups) and 2 copies.");
    expect(comment()).toContain('`triggers.restorePoint`: `"release-1"` → `"release-2"`');

    // The schedule names none.
    await script("up.sh", { ...secrets, RESTORE_POINT: "" });
    expect([points(), copies()]).toEqual([2, 4]);
    const handedOver = readFileSync(join(work, "checkout", "restore-point.env"), "utf8");
    expect([...simulator.region("eu-de").cloud.checkpoints.keys()].at(-1)).toBe(handedOver.trim().split("=")[1]);
});

it("raises the alarm for a copy that is missing, and for no other reason", async () => {
    await script("check.sh", secrets);
    const { backups } = simulator.region("eu-nl").cloud;
    const all = [...backups];
    backups.clear();
    const { code, said } = await run("sh", ["scripts/check.sh"], { ...secrets, STACK: "prod" });
    for (const [id, backup] of all) backups.set(id, backup);
    expect(code, said).toBe(1);
    expect(said).toMatch(/FAIL: 2 of 2 resources/);
    expect(readFileSync(join(work, "checkout", "check.txt"), "utf8")).toContain("no good copy in eu-nl");
});

it("prunes what no stack holds, and leaves it when somebody decided otherwise", async () => {
    const settings = { ...secrets, OLDER_THAN: "0s" };
    const set = (key: string, value: string) =>
        run("pulumi", ["config", "set", "--stack", "prod", key, value], secrets);
    await set("keep", "1");
    await set("retention", "keep");
    await script("prune.sh", settings);
    expect([points(), copies()]).toEqual([2, 4]);
    await set("retention", "prune");
    await script("prune.sh", settings);
    expect([points(), copies()]).toEqual([1, 2]);
});
