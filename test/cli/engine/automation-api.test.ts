// examples/automation-api, against the simulator, on whichever engine there is.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type GuardedUpdate, guardedUpdate } from "../../../examples/automation-api/main";
import { type Simulator, startSimulator } from "../../../sdk/testing";
import { findPulumi } from "../../support/pulumi";

const app = resolve(__dirname, "../../../examples/automation-api/app/index.js");

let simulator: Simulator;
let folder: string;
let options: GuardedUpdate;

beforeEach(async () => {
    simulator = await startSimulator({ backupMs: 100, replicationMs: 100 });
    folder = mkdtempSync(join(tmpdir(), "cbr-"));
    for (const name of ["work", "state", "home"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "work", "Pulumi.yaml"), JSON.stringify({ name: "app", runtime: "nodejs", main: app }));
    const { command, env } = await findPulumi();
    const { config } = simulator.settings();
    writeFileSync(
        join(folder, "work", "Pulumi.dev.yaml"),
        JSON.stringify({
            config: Object.fromEntries(Object.entries(config).filter(([key]) => key !== "cbr:secretKey")),
        }),
    );
    options = {
        workDir: join(folder, "work"),
        stackName: "dev",
        release: "v1",
        vaultId: simulator.region("eu-de").cloud.addVault({ resources: 2 }).id,
        destinationRegion: "eu-nl",
        destinationVaultId: simulator.region("eu-nl").cloud.addVault({ protectType: "replication" }).id,
        pulumiCommand: command,
        envVars: {
            ...env,
            PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
            PULUMI_HOME: join(folder, "home"),
            PULUMI_CONFIG_PASSPHRASE: "test",
            HW_SECRET_KEY: simulator.credentials.secretKey,
        },
    };
});
afterEach(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
});

const points = () => [...simulator.region("eu-de").cloud.checkpoints.keys()];
const copies = () => [...simulator.region("eu-nl").cloud.backups.keys()];

it("takes a restore point, waits for its copies, then updates; a second try takes no other, a new release does", async () => {
    const first = await guardedUpdate(options);
    expect(points()).toEqual([first.checkpointId]);
    expect(copies().sort()).toEqual([...first.copies].sort());
    expect(first.copies).toHaveLength(2);
    expect(first.update.summary.result).toBe("succeeded");

    expect((await guardedUpdate(options)).checkpointId).toBe(first.checkpointId);
    expect(points()).toHaveLength(1);

    const next = await guardedUpdate({ ...options, release: "v2" });
    expect(points()).toEqual([first.checkpointId, next.checkpointId]);
    expect(copies()).toHaveLength(4);
});

it("updates nothing when a copy fails", async () => {
    simulator.fail({ operation: "CopyCheckpoint", effect: { kind: "record-fail" } });
    const said: string[] = [];
    await expect(guardedUpdate({ ...options, onOutput: (text) => said.push(text) })).rejects.toThrow(/copy|replicat/i);
    expect(said.join("")).not.toContain("release");
    expect(points()).toHaveLength(1);
});
