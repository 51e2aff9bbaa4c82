/** `pulumi-cbr list`: what can be restored from, and which stack holds it. Reads only. */
import { parseArgs } from "node:util";
import { redact } from "../../provider/client/errors/redaction";
import { type Command, UsageError } from "../command";
import type { BackupFact } from "../inventory/facts";
import { type Inventory, readInventory } from "../inventory/inventory";
import { missingBackups } from "../inventory/missing";
import { checkResources, checkVaults, reportProblems } from "../inventory/problems";
import { type Points, pointsIn, type RestorePoint, restorePoints } from "../inventory/restore-points";
import { openSession, type Session, sourceOptions, sourceUsage } from "../inventory/session";
import { listAsCsv } from "./csv";
import { listAsJson } from "./json";
import { listAsText } from "./table";

export const list: Command = {
    usage: `Usage: pulumi-cbr list [options]

Lists restore points and their copies in other regions, newest first: when they were taken, what is good, when they
expire and, when states are given, which resource of which stack holds them. Reads only.

Options:
${sourceUsage}
  --vault NAME          only what lies in this vault, or has a copy there, by name or id; may be given several times
  --resource NAME       only backups of this server or disk, by name or id; may be given several times
  --unowned             only what none of the given states holds
  --backups             a line for each backup, too, with its id
  --json                the same as data
  --csv                 a line for each backup, for a spreadsheet
  --help, --version

Exit code: 0 listed; 1 a region could not be looked at (the others are listed); 2 wrong usage.
`,
    async run(args, io) {
        const { values } = parseArgs({
            args: [...args],
            options: {
                ...sourceOptions,
                vault: { type: "string", multiple: true },
                resource: { type: "string", multiple: true },
                unowned: { type: "boolean", default: false },
                backups: { type: "boolean", default: false },
                json: { type: "boolean", default: false },
                csv: { type: "boolean", default: false },
            },
        });
        if (values.json && values.csv) throw new UsageError("takes --json or --csv, not both");
        if (values.unowned && values.stack === undefined && values.state === undefined)
            throw new UsageError("--unowned needs --stack or --state: else it is not known what a stack holds");
        const session = await openSession(values, io);
        try {
            const inventory = await readInventory(session);
            const all = restorePoints(inventory, session.holders);
            const wanted = { vaults: values.vault ?? [], resources: values.resource ?? [], isUnowned: values.unowned };
            const listing = {
                session,
                inventory,
                all,
                points: chosen(all, inventory, wanted),
                missing: missingBackups(session, inventory),
                showBackups: values.backups,
            };
            if (values.json) io.out(redact(listAsJson(listing)));
            else if (values.csv) io.out(redact(listAsCsv(listing)));
            else io.out(listAsText(listing));
            return reportProblems(inventory, io);
        } finally {
            await session.close();
        }
    },
};

/** What `list` shows. */
export interface Listing {
    readonly session: Session;
    readonly inventory: Inventory;
    readonly all: Points;
    readonly points: readonly RestorePoint[];
    readonly missing: ReturnType<typeof missingBackups>;
    readonly showBackups: boolean;
}

interface Wanted {
    readonly vaults: readonly string[];
    readonly resources: readonly string[];
    readonly isUnowned: boolean;
}

function chosen(all: Points, inventory: Inventory, wanted: Wanted): readonly RestorePoint[] {
    const { vaults, resources, isUnowned } = wanted;
    checkVaults(inventory, vaults);
    checkResources(inventory, resources);
    const isOfThem = ({ resourceId, resourceName }: BackupFact) =>
        resources.includes(resourceId) || resources.includes(resourceName);
    return pointsIn(all, vaults)
        .flatMap((point) => {
            if (resources.length === 0) return [point];
            const backups = point.backups.filter(isOfThem);
            return backups.length === 0 ? [] : [all.narrowed(point, backups)];
        })
        .filter((point) => !isUnowned || point.holders.length === 0);
}
