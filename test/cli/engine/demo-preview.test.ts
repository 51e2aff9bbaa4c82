// The previews of the demo as an engine really prints them: their comments are those of the recorded ones. With
// UPDATE_PREVIEWS=1 they are recorded anew; then UPDATE_COMMENTS=1 for test/cli/preview-comment.test.ts, and read the comments.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { commentOf } from "../../../cli/preview-comment/comment/comment";
import { parsePreview } from "../../../cli/preview-comment/input/read";
import { type Simulator, startSimulator } from "../../../sdk/testing";
import { openStack, type TestStack } from "../../support/stack";

const folder = resolve(__dirname, "../../fixtures/preview");
const example = resolve(__dirname, "../../../examples/disaster-recovery");

let sim: Simulator<"eu-de" | "eu-nl" | "eu-ch2">;
let stack: TestStack;

const id = (number: number) => `5eed0000-0000-4000-8000-${String(number).padStart(12, "0")}`;

beforeAll(async () => {
    sim = await startSimulator({
        regions: [{ name: "eu-de" }, { name: "eu-nl" }, { name: "eu-ch2" }],
        backupMs: 100,
        replicationMs: 100,
        syncMs: 100,
    });
    // As in scripts/demo.ts, but the same in each run.
    const source = sim.regions["eu-de"].cloud;
    source.addVault({
        id: id(1),
        name: "servers",
        resources: [
            { id: id(11), name: "web-1" },
            { id: id(12), name: "db-1", disks: 2 },
        ],
    });
    source.addVault({ id: id(2), name: "on-premises", cloudType: "hybrid", onPremises: { added: 3 } });
    sim.regions["eu-nl"].cloud.addVault({ id: id(3), name: "copies", protectType: "replication" });
    sim.regions["eu-ch2"].cloud.addVault({ id: id(4), name: "archive", protectType: "replication" });
    const settings = Object.entries(sim.settings({ signIn: "password" }).config).map(([key, value]) => [
        key,
        { value, secret: key === "cbr:password" },
    ]);
    stack = await openStack({
        program: example,
        stack: "demo",
        config: {
            ...Object.fromEntries(settings),
            vaultId: id(1),
            hybridVaultId: id(2),
            destinationRegion: "eu-nl",
            destinationVaultId: id(3),
            archiveRegion: "eu-ch2",
            archiveVaultId: id(4),
        },
        // `npm run types` has checked it.
        env: { PULUMI_NODEJS_TRANSPILE_ONLY: "true" },
    });
});
afterAll(async () => {
    await stack.cleanup();
    await sim.close();
});

/** As both engines have it; the Automation API's typings leave it out. */
interface Runner {
    run(args: string[], folder: string, env: Record<string, string>): Promise<{ stdout: string }>;
}

/** What `pulumi preview --json` prints. */
async function previewJson(): Promise<string> {
    const { workspace } = stack.stack;
    const { stdout } = await (stack.engine.command as unknown as Runner).run(
        ["preview", "--json", "--non-interactive", "--stack", "demo"],
        workspace.workDir,
        { ...workspace.envVars, PULUMI_HOME: workspace.pulumiHome ?? "" },
    );
    return stdout;
}

const comment = (json: string) => commentOf(parsePreview(json, "preview.json"), { maxBytes: 60_000 });

/** Ids that the cloud made, in the order in which they appear. */
function withoutIds(text: string): string {
    const seen: string[] = [];
    return text.replace(
        /\b(?!5eed0000)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|`(?!5eed0000)[0-9a-f]{8}`/g,
        (found) => {
            const short = found.replaceAll("`", "").slice(0, 8);
            if (!seen.includes(short)) seen.push(short);
            return `id ${seen.indexOf(short) + 1}`;
        },
    );
}

/** A recording without anything of this machine. */
function scrubbed(json: string): string {
    const ports = new Map<string, number>();
    const text = json.replace(/(127\.0\.0\.1:)(\d+)/g, (_, host: string, port: string) => {
        if (!ports.has(port)) ports.set(port, 18_101 + ports.size);
        return `${host}${ports.get(port)}`;
    });
    const { config, steps, ...rest } = JSON.parse(text, (key, value) =>
        key === "sourcePosition" || key === "stackTrace" ? undefined : value,
    );
    const recording = `${JSON.stringify({ config, steps, ...rest }, null, 1)}\n`;
    for (const secret of [sim.credentials.password, sim.credentials.secretKey, stack.folder, example])
        expect(recording).not.toContain(secret);
    return recording;
}

async function expectRecorded(name: string): Promise<void> {
    const json = await previewJson();
    const file = join(folder, `${name}.json`);
    if (process.env["UPDATE_PREVIEWS"] === "1") writeFileSync(file, scrubbed(json));
    expect(withoutIds(comment(json))).toBe(withoutIds(comment(readFileSync(file, "utf8"))));
}

it("says of the demo's first preview what its recorded comment says", () => expectRecorded("demo"));

it("says the same of a new release in a pull request that may not ask the cloud: replaced, kept, deleted, warned", async () => {
    await stack.up();
    await stack.setConfig({ release: "2" });
    await stack.stack.removeAllConfig(["cbr:userName", "cbr:password", "cbr:domainName"]);
    await expectRecorded("demo-release");
});
