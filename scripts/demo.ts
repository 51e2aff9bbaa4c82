// The main job, once through: four of the resources against the embedded simulator, on the Pulumi CLI if there is one, else
// on the small engine of test/engine. Exits with 0 only if everything went as it should.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { type Simulator, startSimulator } from "pulumi-cbr/testing";
import { openStack, type TestStack } from "../test/support/stack";

const root = join(__dirname, "..");
const say = (text = "") => process.stdout.write(`${text}\n`);

/** One line a step and one a message, as they come. */
function show(event: EngineEvent): void {
    const { resourcePreEvent, resOutputsEvent, diagnosticEvent } = event;
    const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);
    const isOurs = (type: string) => type.startsWith("pulumi-nodejs:");
    const typeOf = (type: string) => type.slice(type.lastIndexOf(":") + 1);
    if (resourcePreEvent !== undefined && isOurs(resourcePreEvent.metadata.type)) {
        const { op, type, urn, keys } = resourcePreEvent.metadata;
        if (op !== "same")
            say(
                `    ${op.padEnd(18)} ${typeOf(type)} ${nameOf(urn)}${keys?.length ? `  because of ${keys.join(", ")}` : ""}`,
            );
    }
    if (resOutputsEvent !== undefined && isOurs(resOutputsEvent.metadata.type) && resOutputsEvent.planning !== true) {
        const { op, type, urn } = resOutputsEvent.metadata;
        if (op !== "same" && op !== "refresh") say(`    ${`${op}: done`.padEnd(18)} ${typeOf(type)} ${nameOf(urn)}`);
    }
    if (diagnosticEvent !== undefined && String(diagnosticEvent.severity) !== "debug" && diagnosticEvent.urn) {
        const text = diagnosticEvent.message.trim();
        if (text !== "") say(`    ${diagnosticEvent.ephemeral ? "…" : "!"} ${nameOf(diagnosticEvent.urn)}: ${text}`);
    }
}

function expect(fact: boolean, what: string): void {
    if (!fact) throw new Error(`The demo expected: ${what}.`);
}

async function previewIsEmpty(stack: TestStack): Promise<void> {
    const { changeSummary } = await stack.stack.preview({ onEvent: show });
    const changes = Object.entries(changeSummary).filter(([op, count]) => op !== "same" && (count ?? 0) > 0);
    expect(changes.length === 0, `an empty preview, not ${JSON.stringify(changeSummary)}`);
    say(`    nothing would change (${changeSummary["same"]} unchanged)`);
}

/** As a person would: with the state that the stack exports, and the settings of the simulator. */
async function writeReport(sim: Pick<Simulator, "settings">, stack: TestStack): Promise<string> {
    const folder = join(root, ".demo");
    mkdirSync(folder, { recursive: true });
    const [state, config, page] = ["state.json", "config.json", "restore-points.html"].map((name) =>
        join(folder, name),
    );
    writeFileSync(state ?? "", JSON.stringify(await stack.stack.exportStack()));
    writeFileSync(config ?? "", JSON.stringify(sim.settings({ signIn: "password" }).config));
    const command = join(root, "dist/cli/main.js");
    const args = ["report", "--html", page ?? "", "--state", state ?? "", "--config", config ?? ""];
    // Not while waiting: the simulator answers in this very process.
    const { stdout } = await promisify(execFile)(process.execPath, [command, ...args], { env: {} });
    say(`    ${stdout.trim()}`);
    rmSync(config ?? "");
    return page ?? "";
}

async function main(): Promise<void> {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    say(`pulumi-cbr ${version} · node ${process.version}`);
    const sim = await startSimulator({
        regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch2" }],
        backupMs: 2_500,
        replicationMs: 2_000,
        syncMs: 800,
        deleteMs: 500,
    });
    const source = sim.regions["eu-de"].cloud;
    const vault = source.addVault({ name: "servers", resources: [{ name: "web-1" }, { name: "db-1", disks: 2 }] });
    const hybrid = source.addVault({ name: "on-premises", cloudType: "hybrid", onPremises: { added: 3 } });
    const copies = sim.regions["eu-nl"].cloud.addVault({ name: "copies", protectType: "replication" });
    const archive = sim.regions["eu-ch2"].cloud.addVault({ name: "archive", protectType: "replication" });
    say(
        `Simulated cloud: eu-de ${sim.regions["eu-de"].url}, eu-nl ${sim.regions["eu-nl"].url}, eu-ch2 ${sim.regions["eu-ch2"].url}`,
    );

    const secret = (key: string) => /password|secret|token/i.test(key);
    const cbr = Object.entries(sim.settings({ signIn: "password" }).config).map(([key, value]) => [
        key,
        { value, secret: secret(key) },
    ]);
    const stack = await openStack({
        program: join(root, "examples/disaster-recovery"),
        stack: "demo",
        config: {
            ...Object.fromEntries(cbr),
            vaultId: vault.id,
            hybridVaultId: hybrid.id,
            destinationRegion: "eu-nl",
            destinationVaultId: copies.id,
            archiveRegion: "eu-ch2",
            archiveVaultId: archive.id,
        },
    }).catch(async (error: unknown) => {
        // An open simulator would keep the process.
        await sim.close();
        throw error;
    });
    try {
        say("\n1. preview: what a pull request would show");
        const { changeSummary } = await stack.stack.preview({ onEvent: show });
        expect(changeSummary["create"] === 5, `5 to create, not ${JSON.stringify(changeSummary)}`);

        say("\n2. up: takes the restore point, waits, copies");
        await stack.stack.up({ onEvent: show });
        const first = await stack.outputs();
        say("\n   outputs");
        for (const [name, { value }] of Object.entries(first)) say(`    ${name}: ${JSON.stringify(value)}`);
        const recordIds: unknown = first["replicationRecordIds"]?.value;
        expect(Array.isArray(recordIds) && recordIds.length === 2, "two replicationRecordIds");

        say("\n3. preview: nothing to do");
        await previewIsEmpty(stack);

        say("\n4. refresh: asks the cloud");
        await stack.stack.refresh({ onEvent: show });
        await previewIsEmpty(stack);

        say(
            "\n5. up with a new release: a trigger changes, so a new restore point is taken and copied; the old ones stay",
        );
        await stack.stack.setConfig("release", { value: "2" });
        await stack.stack.up({ onEvent: show });
        const second = await stack.outputs();
        expect(second["checkpointId"]?.value !== first["checkpointId"]?.value, "a new restore point");
        await previewIsEmpty(stack);

        say("\n6. report: what there is to restore from, and which stack holds it");
        const report = await writeReport(sim, stack);

        say("\n7. destroy: backups outlive the stack, except what was said to be deleted");
        await stack.stack.destroy({ onEvent: show });

        say("\nWhat the simulated cloud holds in the end");
        for (const [name, region] of Object.entries(sim.regions)) {
            const { checkpoints, backups } = region.cloud.snapshot();
            say(`    ${name}: ${checkpoints.length} restore points, ${backups.length} backups`);
            for (const one of backups)
                say(`        ${one.imageType.padEnd(11)} ${one.id}  ${one.resourceName}  ${one.status}`);
        }
        const held = (name: "eu-de" | "eu-nl" | "eu-ch2", vaultId: string) =>
            sim.regions[name].cloud.snapshot().backups.filter((one) => one.vaultId === vaultId).length;
        expect(held("eu-de", vault.id) === 4, "4 backups of the servers, two a release");
        expect(held("eu-nl", copies.id) === 4, "their 4 replicas, which outlive the stack");
        expect(held("eu-ch2", archive.id) === 0, "no archived replica: it was to be deleted");
        expect(
            sim.requests.filter((one) => one.operation === "CreateCheckpoint").length === 2,
            "two restore points for two releases",
        );
        say(`\nEverything went as it should (${sim.requests.length} requests; engine: ${stack.engine.description}).`);
        say(`The report: ${report}`);
    } finally {
        await stack.cleanup();
        await sim.close();
    }
}

main().catch((error: unknown) => {
    say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
});
