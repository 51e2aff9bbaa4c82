/** `pulumi-cbr report`: one page that says what there is to restore from, and what there is not. Reads only. */
import { parseArgs } from "node:util";
import { redact } from "../../provider/client/errors/redaction";
import { type Command, durationOf, UsageError } from "../command";
import { readInventory } from "../inventory/inventory";
import { checkVaults, reportProblems } from "../inventory/problems";
import { openSession, sourceOptions, sourceUsage } from "../inventory/session";
import { counted } from "../text";
import { writeWhole } from "../write-file";
import { type ReportData, type ReportOptions, reportData } from "./data";
import { reportPage } from "./page";

const DEFAULT_INTERVAL = "26h";
const DEFAULT_SINCE = "30d";

export const report: Command = {
    usage: `Usage: pulumi-cbr report --html FILE [options]

Writes one self-contained page: for each vault and resource a time line of restore points and copies by region, with
gaps; what needs attention, what expires next, what no stack holds, sizes by month; and a table of all. Reads only.

Options:
  --html FILE           where to write the page, whole or not at all (required)
  --interval TIME       how old the newest restore point, or the data of the newest copy, may be (default ${
      DEFAULT_INTERVAL
  })
  --since TIME          how far back the time lines go (default ${DEFAULT_SINCE})
  --copies REGION       every resource should have a copy in this region; may be given several times (default: regions
                        with a vault for replicas, or with copies)
  --title TEXT          heading of the page (default "Restore points")
${sourceUsage}
  --vault NAME          only this vault, by name or id; may be given several times
  --help, --version

Exit code: 0 written; 1 a region could not be looked at (the page says so), or it cannot be written; 2 wrong usage.
`,
    async run(args, io) {
        const { values } = parseArgs({
            args: [...args],
            options: {
                ...sourceOptions,
                html: { type: "string" },
                interval: { type: "string", default: DEFAULT_INTERVAL },
                since: { type: "string", default: DEFAULT_SINCE },
                copies: { type: "string", multiple: true },
                title: { type: "string", default: "Restore points" },
                vault: { type: "string", multiple: true },
            },
        });
        const file = values.html;
        if (file === undefined || file === "") throw new UsageError("--html is missing: where to write the page");
        const options: ReportOptions = {
            title: values.title,
            intervalMs: positive("interval", values.interval),
            sinceMs: positive("since", values.since),
            copies: values.copies,
            vaults: values.vault ?? [],
        };
        const session = await openSession(values, io, values.copies ?? []);
        try {
            const inventory = await readInventory(session);
            checkVaults(inventory, options.vaults);
            const data = reportData(session, inventory, options);
            await writeWhole("--html", file, redact(reportPage(data)));
            io.out(`${file}: ${inWords(data)}\n`);
            return reportProblems(inventory, io);
        } finally {
            await session.close();
        }
    },
};

function inWords(data: ReportData): string {
    const rows = data.sections.flatMap((section) => section.rows);
    const ill = rows.filter((row) => !row.isWell).length;
    const isUnread = data.inventory.problems.length > 0;
    if (isUnread && data.inventory.read.length === 0) return "no region could be looked at";
    const verdict = ill === 0 ? "none needs attention" : `${ill} ${ill === 1 ? "needs" : "need"} attention`;
    const known = `${counted(data.points.length, "restore point")} of ${counted(rows.length, "resource")}`;
    const unread = isUnread ? "; not every region could be looked at" : "";
    return `${known}${rows.length === 0 ? "" : `; ${verdict}`}${unread}`;
}

function positive(option: string, text: string): number {
    const ms = durationOf(option, text);
    if (ms === 0) throw new UsageError(`--${option} is ${JSON.stringify(text)}, but must be longer than nothing`);
    return ms;
}
