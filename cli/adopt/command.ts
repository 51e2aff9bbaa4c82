/** `pulumi-cbr adopt`: from Terraform's state to the program that takes its restore points over. Asks nobody. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { displayText } from "../../provider/client/errors/redaction";
import { type Command, Failure, type Io, refuseEmpty, UsageError } from "../command";
import { counted } from "../text";
import { writeWhole } from "../write-file";
import { planAdoption } from "./plan";
import { typescriptProgram, yamlProgram } from "./program";
import { parseTerraform } from "./terraform";

export const adopt: Command = {
    usage: `Usage: pulumi-cbr adopt (FILE | -) [options]

Reads a Terraform or OpenTofu state and writes the program that takes its restore points over: a Checkpoint with
\`adopt\` for each huaweicloud_cbr_checkpoint, with its vault, region and name. \`pulumi up\` of it reads each and sends
nothing. What cannot be taken over is named, with the reason. It asks nobody and needs no credentials.

FILE is a terraform.tfstate, what \`terraform state pull\` wrote, or what \`terraform show -json\` wrote; - reads it \
from
standard input.

Options:
  --language NAME       typescript (default), or yaml: a Pulumi.yaml that the native provider serves
  --output FILE         write the program to a new file, whole or not at all (default: the terminal)
  --help, --version

Exit code: 0 written; 1 there is nothing to adopt, or FILE is no state; 2 wrong usage.
`,
    async run(args, io) {
        const { values, positionals } = parseArgs({
            args: [...args],
            allowPositionals: true,
            options: { language: { type: "string", default: "typescript" }, output: { type: "string" } },
        });
        refuseEmpty(values, "output");
        const [file, ...others] = positionals;
        if (file === undefined || others.length > 0) throw new UsageError("takes one FILE, a Terraform state");
        const { language } = values;
        if (language !== "typescript" && language !== "yaml")
            throw new UsageError(`--language is ${JSON.stringify(language)}, but must be typescript or yaml`);
        if (values.output !== undefined && existsSync(values.output))
            throw new Failure(`--output ${values.output} exists already, and is not overwritten`);
        const name = file === "-" ? "standard input" : file;
        const plan = planAdoption(parseTerraform(await contentOf(file, io), name));
        for (const { address, reason } of plan.refusals) io.err(`not taken over: ${displayText(address)}: ${reason}\n`);
        if (plan.adoptions.length === 0)
            throw new Failure(`${name} has no restore point to adopt (huaweicloud_cbr_checkpoint)`);
        const program = language === "yaml" ? yamlProgram(plan) : typescriptProgram(plan);
        if (values.output === undefined) io.out(program);
        else {
            await writeWhole("--output", values.output, program);
            io.out(`${values.output}: adopts ${counted(plan.adoptions.length, "restore point")}\n`);
        }
        return 0;
    },
};

async function contentOf(file: string, io: Io): Promise<string> {
    if (file === "-") return text(Readable.from(io.stdin));
    try {
        return await readFile(file, "utf8");
    } catch (error) {
        throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
}
