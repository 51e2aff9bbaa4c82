import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startKeyService } from "./key-service";
import { getPulumiCli } from "./pulumi-cli";

const root = join(__dirname, "../..");
const newest = (folder: string, ending: string): { file: string; at: number } =>
    (existsSync(join(root, folder)) ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }) : [])
        .filter((file) => file.endsWith(ending))
        .map((file) => ({ file: join(folder, file), at: statSync(join(root, folder, file)).mtimeMs }))
        .reduce((a, b) => (b.at > a.at ? b : a), { file: folder, at: 0 });

/** Engine tests run what `npm run build` made: of sources that were changed since, they would tell nothing. */
function refuseStaleBuild(): void {
    const built = newest("dist", ".js");
    for (const folder of ["provider", "sdk", "cli"]) {
        const source = newest(folder, ".ts");
        if (source.at > built.at) throw new Error(`${source.file} is newer than dist: run \`npm run build\` first`);
    }
}

/**
 * Once before all files: the build is looked at, the engine is chosen (and built, if need be) for all of them, and a key
 * service started for the CLI. The self-test compares engines, of which ours knows passphrases only.
 */
export async function setup(project: TestProject): Promise<(() => void) | undefined> {
    refuseStaleBuild();
    const cli = await getPulumiCli();
    process.stderr.write(
        cli.path === undefined
            ? `Engine: our own (test/engine): ${cli.reason}\n`
            : `Engine: the Pulumi CLI ${cli.version} at ${cli.path}, ${cli.origin}\n`,
    );
    process.env["PULUMI_CBR_ENGINE"] = cli.path ?? "local";
    if (cli.path !== undefined) process.env["PULUMI_CBR_ENGINE_VERSION"] = cli.version;
    if (cli.path === undefined || project.name === "selftest") return undefined;
    const keys = await startKeyService();
    process.env["PULUMI_CBR_KEY_SERVICE"] = keys.url;
    const stacks = mkdtempSync(join(tmpdir(), "pulumi-cbr-stacks-"));
    process.env["PULUMI_CBR_STACKS"] = stacks;
    return () => {
        keys.close();
        rmSync(stacks, { recursive: true, force: true });
    };
}
