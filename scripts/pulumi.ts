// `npm run pulumi` gets a Pulumi CLI and says where it is; `npm run pulumi -- up` runs it in the folder where that was typed.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { getPulumiCli } from "../test/support/pulumi-cli";

const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(args: readonly string[]): Promise<number> {
    const cli = await getPulumiCli();
    if (cli.path === undefined) {
        say(`No Pulumi CLI: ${cli.reason}. Tests and demo then run on the small engine in test/engine.`);
        return args.length === 0 ? 0 : 1;
    }
    if (args.length === 0) {
        say(`The Pulumi CLI ${cli.version}, ${cli.origin}. For this shell: export PATH=${dirname(cli.path)}:$PATH`);
        process.stdout.write(`${cli.path}\n`);
        return 0;
    }
    // npm runs scripts in the root of the package; the command is meant for where it was typed.
    const cwd = process.env["INIT_CWD"] ?? process.cwd();
    return spawnSync(cli.path, args, { cwd, stdio: "inherit" }).status ?? 1;
}

void main(process.argv.slice(3)).then((code) => {
    process.exitCode = code;
});
