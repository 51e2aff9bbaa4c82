/**
 * `pulumi-cbr check`: is the newest good restore point of everything young enough? For monitoring and pipelines. Reads
 * only.
 */
import { parseArgs } from "node:util";
import { displayText, redact } from "../../provider/client/errors/redaction";
import { systemClock } from "../../provider/client/time/clock";
import { type Command, durationOf, expectedMessage, Failure, type Io, refuseEmpty, UsageError } from "../command";
import { type Inventory, readInventory } from "../inventory/inventory";
import { checkVaults } from "../inventory/problems";
import { restorePoints } from "../inventory/restore-points";
import { openSession, type SourceValues, sourceOptions, sourceUsage } from "../inventory/session";
import { problemInWords, regionsInWords } from "../inventory/words";
import { writeWhole } from "../write-file";
import { checkAsJson, checkAsPrometheus, checkAsText, failureAsJson, failureAsPrometheus } from "./formats";
import { type Demands, type Judged, judge } from "./judge";

const FORMATS = ["text", "json", "prometheus"] as const;
type Format = (typeof FORMATS)[number];

export const check: Command = {
    usage: `Usage: pulumi-cbr check --max-age TIME [options]

Succeeds when every resource that a backup vault protects has a good restore point, and a good copy in each region of
--copies, that is no older than --max-age. A copy is as old as the data in it. Reads only.

Options:
  --max-age TIME        how old the newest may be, e.g. 26h or 8d (required)
  --copies REGION       demand a copy in this region, too; may be given several times
  --per WHAT            resource (default): each resource for itself; vault: one restore point of the whole vault of
                        which nothing failed
${sourceUsage}
  --vault NAME          only this vault, by name or id; may be given several times
  --format NAME         text (default), json, or prometheus for node_exporter's textfile collector
  --output FILE         write that to a file, whole or not at all, and the text to the terminal
  --help, --version

Exit code: 0 all are young enough; 1 some are not, and are listed; 2 it could not be found out, or wrong usage.
`,
    async run(args, io) {
        const { values } = parseArgs({
            args: [...args],
            options: {
                ...sourceOptions,
                "max-age": { type: "string" },
                copies: { type: "string", multiple: true },
                per: { type: "string", default: "resource" },
                vault: { type: "string", multiple: true },
                format: { type: "string", default: "text" },
                output: { type: "string" },
            },
        });
        refuseEmpty(values, "output");
        const demands = demandsOf(values);
        const format = FORMATS.find((one) => one === values.format);
        if (format === undefined)
            throw new UsageError(`--format is ${JSON.stringify(values.format)}, but must be text, json or prometheus`);
        const output = { format, file: values.output };
        try {
            return await run(values, demands, output, io);
        } catch (error) {
            // A vault that is gone since, say: a file must not go on saying what was true before.
            const message = error instanceof UsageError ? error.message : await expectedMessage(error);
            if (message === undefined) throw error;
            const nowMs = (io.clock ?? systemClock).now();
            if (format === "prometheus") await write(output, failureAsPrometheus(nowMs), io).catch(() => {});
            if (format === "json") await write(output, failureAsJson(displayText(message), nowMs), io).catch(() => {});
            if (error instanceof UsageError) throw error;
            io.err(`pulumi-cbr check: ${displayText(message)}\n`);
            return 2;
        }
    },
};

function demandsOf(values: {
    readonly "max-age"?: string | undefined;
    readonly copies?: readonly string[] | undefined;
    readonly per: string;
    readonly vault?: readonly string[] | undefined;
    readonly region?: readonly string[] | undefined;
}): Demands {
    const maxAge = values["max-age"];
    if (maxAge === undefined) throw new UsageError("--max-age is missing: how old may the newest be, e.g. 26h?");
    for (const region of values.copies ?? [])
        if (!/^[\w.-]+$/.test(region))
            throw new UsageError(
                `--copies is ${JSON.stringify(region)}, but must be the name of a region, such as eu-nl`,
            );
    const { per } = values;
    if (per !== "resource" && per !== "vault")
        throw new UsageError(`--per is ${JSON.stringify(per)}, but must be resource or vault`);
    return {
        maxAgeMs: durationOf("max-age", maxAge),
        copies: values.copies ?? [],
        per,
        vaults: values.vault ?? [],
        regions: values.region,
    };
}

interface Output {
    readonly format: Format;
    readonly file: string | undefined;
}

async function run(values: SourceValues, demands: Demands, output: Output, io: Io): Promise<number> {
    const session = await openSession(values, io, demands.copies);
    try {
        const inventory = await readInventory(session);
        if (inventory.problems.length > 0) throw new Failure(inventory.problems.map(problemInWords).join("; "));
        checkVaults(inventory, demands.vaults);
        const judged = judge(inventory, restorePoints(inventory, session.holders), demands);
        for (const region of demands.copies)
            if (judged.length > 0 && judged.every((one) => one.region === region))
                throw new UsageError(
                    `--copies is ${JSON.stringify(region)}, where all that is checked is itself: a copy is ` +
                        "in another region",
                );
        if (judged.length === 0)
            throw new Failure(
                demands.vaults.length > 0
                    ? `there is nothing to check: --vault ${demands.vaults.join(", ")} is no backup vault ` +
                          "that protects anything"
                    : `there is nothing to check: no backup vault in ${regionsInWords(inventory)} protects anything`,
            );
        await write(output, contentOf(output.format, judged, demands, inventory), io);
        if (output.file !== undefined) io.out(redact(checkAsText(judged, demands)));
        return judged.every(({ lacks }) => lacks.length === 0) ? 0 : 1;
    } finally {
        await session.close();
    }
}

function contentOf(format: Format, judged: readonly Judged[], demands: Demands, { takenMs }: Inventory): string {
    if (format === "json") return checkAsJson(judged, demands, takenMs);
    return format === "prometheus" ? checkAsPrometheus(judged, demands, takenMs) : checkAsText(judged, demands);
}

async function write({ file }: Output, content: string, io: Io): Promise<void> {
    if (file === undefined) io.out(redact(content));
    else await writeWhole("--output", file, redact(content));
}
