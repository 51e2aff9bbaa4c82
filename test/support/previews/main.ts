/**
 * Records previews for test/fixtures/preview/recorded: each kind is deployed and previewed on the Pulumi CLI against the
 * simulator, and what `up` then does is counted. After `npm run build`:
 *
 *     node scripts/typescript.cjs test/support/previews/main.ts [NAME…]
 *
 * PULUMI_CLI names the CLI (default: the one on PATH). Kinds with a policy pack need POLICY_MODULES, a `node_modules` with
 * @pulumi/policy in it; without it they are left out, and said so.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { startSimulator } from "pulumi-cbr/testing";
import { type Cloud, given, type Kind } from "./kind";
import { kinds } from "./kinds/index";
import { record } from "./recorder";
import type { Recording } from "./recordings";
import { scrubbed } from "./scrub";

const folder = resolve(__dirname, "../../fixtures/preview/recorded");

async function openCloud(kind: Kind): Promise<Cloud> {
    const cloud = await startSimulator({
        regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch2" }],
        backupMs: kind.backupMs ?? 20,
        replicationMs: 20,
        syncMs: 20,
        deleteMs: 20,
    });
    const home = cloud.regions["eu-de"].cloud;
    home.addVault({
        id: given.vaultId,
        name: "production",
        resources: [
            { id: given.web, name: "web-1" },
            { id: given.db, name: "db-1" },
        ],
    });
    home.addVault({ id: given.hybridVaultId, name: "on-premises", cloudType: "hybrid", onPremises: { added: 3 } });
    cloud.regions["eu-nl"].cloud.addVault({ id: given.copiesVaultId, name: "copies", protectType: "replication" });
    cloud.regions["eu-ch2"].cloud.addVault({ id: given.archiveVaultId, name: "archive", protectType: "replication" });
    return cloud;
}

const isPolicy = (kind: Kind) => Object.keys(kind.files ?? {}).some((name) => name.startsWith("pack/"));

async function recordInto(recordings: Map<string, Recording>, kind: Kind, cli: string): Promise<void> {
    const cloud = await openCloud(kind);
    try {
        const { text, command, exit, after, places } = await record(kind, cli, cloud);
        if (kind.exit !== undefined ? exit !== kind.exit : exit !== 0 && kind.signal === undefined)
            throw new Error(`ended with ${exit}\n${text.slice(0, 2_000)}`);
        const clean = scrubbed(text, places);
        const file = `${kind.name}.${clean.startsWith('{"sequence"') ? "jsonl" : "json"}`;
        writeFileSync(join(folder, file), clean);
        recordings.set(kind.name, {
            name: kind.name,
            what: kind.what,
            file,
            command,
            exit,
            ...(after === undefined ? {} : { after }),
        });
        process.stdout.write(`${kind.name}: ${clean.length} bytes, exit ${exit}, then ${JSON.stringify(after)}\n`);
    } finally {
        await cloud.close();
    }
}

async function main(): Promise<void> {
    const wanted = process.argv.slice(3);
    const cli = process.env["PULUMI_CLI"] ?? "pulumi";
    mkdirSync(folder, { recursive: true });
    const index = join(folder, "index.json");
    const read = (): Recording[] => {
        try {
            return JSON.parse(readFileSync(index, "utf8"));
        } catch {
            return [];
        }
    };
    for (const kind of kinds.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
        if (isPolicy(kind) && process.env["POLICY_MODULES"] === undefined) {
            process.stdout.write(`${kind.name}: left out, there is no POLICY_MODULES\n`);
            continue;
        }
        try {
            const recordings = new Map(read().map((one) => [one.name, one]));
            await recordInto(recordings, kind, cli);
            const kept = kinds.flatMap(({ name }) => recordings.get(name) ?? []);
            writeFileSync(index, `[\n${kept.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`);
        } catch (error) {
            process.exitCode = 1;
            process.stdout.write(`${kind.name}: FAILED ${error instanceof Error ? error.message : error}\n`);
        }
    }
}

main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
});
