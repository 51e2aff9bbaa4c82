/** `pulumi-cbr doctor`: is everything there that `up` will need? Reads only. */
import { parseArgs } from "node:util";
import { redact } from "../../provider/client/errors/redaction";
import { type Command, refuseEmpty, UsageError } from "../command";
import { fileConfiguration, noConfiguration, stackConfiguration } from "./configuration";
import { examine } from "./examine";
import { reportAsText } from "./report";

export const doctor: Command = {
    usage: `Usage: pulumi-cbr doctor [options]

Says what the settings resolved to and from where, signs in, and looks at each region: its address, the network, the
clock, rights, vaults, and where it can replicate to. Regions are the settings' own, those of cbr:endpoints, and those
of --region. Changes nothing, and shows no secret.

Options:
  --stack NAME      take the stack configuration, too: by \`pulumi config --show-secrets\` in this directory
  --config FILE     take it from a file instead: Pulumi.<stack>.yaml, or the output of \`pulumi config --json\`
  --region NAME     look at this region, too; may be given several times
  --json            the same as data
  --help, --version

Exit code: 0 nothing FAILs (it may WARN); 1 something FAILs; 2 wrong usage.
`,
    async run(args, io) {
        const { values } = parseArgs({
            args: [...args],
            options: {
                json: { type: "boolean", default: false },
                stack: { type: "string" },
                config: { type: "string" },
                region: { type: "string", multiple: true },
            },
        });
        refuseEmpty(values, "stack", "config");
        if (values.stack !== undefined && values.config !== undefined)
            throw new UsageError("takes --stack or --config, not both");
        for (const region of values.region ?? [])
            if (!/^[\w.-]+$/.test(region))
                throw new UsageError(`--region is ${JSON.stringify(region)}, but must be a name such as eu-de`);
        const configuration =
            values.stack !== undefined
                ? await stackConfiguration(values.stack, io.env)
                : values.config !== undefined
                  ? await fileConfiguration(values.config)
                  : noConfiguration;
        const report = await examine({ configuration, env: io.env, regions: values.region ?? [] });
        io.out(values.json ? `${redact(JSON.stringify(report, null, 2))}\n` : reportAsText(report));
        return report.verdict === "FAIL" ? 1 : 0;
    },
};
