/** The list for a spreadsheet: a line for each backup and each copy. */
import type { BackupFact } from "../inventory/facts";
import type { RestorePoint } from "../inventory/restore-points";
import { holderInWords } from "../inventory/words";
import { csvLine, isoSecond } from "../text";
import type { Listing } from "./command";

const HEADINGS = [
    ...["created", "expires", "restore point", "restore point id", "backup id", "resource", "resource id", "type"],
    ...["region", "project", "vault", "vault id", "status", "size (GB)", "incremental", "automatic", "copy of"],
    "held by",
];

export function listAsCsv(listing: Listing): string {
    const { copies, vaultOf, holdersOf } = listing.all;
    const { holders } = listing.session;
    const line = (point: RestorePoint, fact: BackupFact, copyOf: string): string =>
        csvLine([
            fact.createdMs === undefined ? undefined : isoSecond(fact.createdMs),
            fact.expiresMs === undefined ? undefined : isoSecond(fact.expiresMs),
            point.name,
            fact.checkpointId,
            fact.id,
            fact.resourceName,
            fact.resourceId,
            fact.resourceType,
            fact.region,
            fact.projectId,
            vaultOf(fact)?.name,
            fact.vaultId,
            fact.status,
            fact.sizeGb,
            fact.isIncremental === undefined ? undefined : String(fact.isIncremental),
            fact.isAutomatic === undefined ? undefined : String(fact.isAutomatic),
            copyOf,
            holders.isAsked
                ? holdersOf(fact)
                      .map((one) => holderInWords(one, holders.hasSeveralProjects))
                      .join("; ")
                : "not asked",
        ]);
    const lines = listing.points.flatMap((point) =>
        point.backups.flatMap((fact) => [
            line(point, fact, fact.isReplica ? (copies.sourceIdOf(fact) ?? "unknown") : ""),
            ...copies
                .of(fact.id)
                .flatMap((copy) => (copy.replica === undefined ? [] : [line(point, copy.replica, fact.id)])),
        ]),
    );
    return `${[csvLine(HEADINGS), ...lines].join("\r\n")}\r\n`;
}
