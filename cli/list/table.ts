/** The list as a table for a terminal. */
import { displayText } from "../../provider/client/errors/redaction";
import type { BackupFact } from "../inventory/facts";
import type { Inventory } from "../inventory/inventory";
import type { RestorePoint } from "../inventory/restore-points";
import {
    ageInWords,
    copiesInWords,
    expiryInWords,
    holderInWords,
    holdersInWords,
    kindInWords,
    regionsInWords,
    resourcesInWords,
    sizeInWords,
    timeInWords,
} from "../inventory/words";
import { columns, counted } from "../text";
import type { Listing } from "./command";

const HEADINGS = [
    ...["TIME (UTC)", "AGE", "RESTORE POINT", "REGION", "VAULT", "RESOURCES", "SIZE", "KIND", "EXPIRES", "COPIES"],
    "HELD BY",
];

export function listAsText(listing: Listing): string {
    const { inventory, points, missing, session } = listing;
    const nowMs = inventory.takenMs;
    const { holders } = session;
    const gone = missing.map(
        (one) =>
            `missing: backup ${one.id} in ${one.region} is held by ` +
            `${displayText(holderInWords(one.holder, holders.hasSeveralProjects))}, but the cloud no longer has it`,
    );
    if (points.length === 0) return [nothing(inventory), ...gone, ""].join("\n");
    const rows = points.map((point) => [
        timeInWords(point.createdMs),
        ageInWords(point.createdMs, nowMs),
        point.name,
        point.region,
        point.vaultName,
        resourcesInWords(point),
        sizeInWords(point.sizeGb),
        kindInWords(point),
        expiryInWords(point.expiresMs, nowMs),
        copiesInWords(point),
        holdersInWords(point.holders, holders),
    ]);
    const [heading = "", ...lines] = columns([HEADINGS, ...rows], "");
    const body = listing.showBackups
        ? lines.flatMap((line, at) => [line, ...backupLines(points[at], listing), ""])
        : lines;
    return [heading, ...body, ...gone, ...summary(points, holders.isAsked), ""].join("\n");
}

/** Of a region that could not be looked at nothing is known. */
function nothing(inventory: Inventory): string {
    if (inventory.read.length === 0) return "No region could be looked at.";
    return `There are no such restore points in ${regionsInWords(inventory)}.`;
}

function summary(points: readonly RestorePoint[], isAsked: boolean): string[] {
    const own = points.filter((point) => !point.isCopy);
    const copies = points.length - own.length;
    const unowned = points.filter((point) => point.holders.length === 0).length;
    const parts = [
        counted(own.length, "restore point"),
        ...(copies === 0 ? [] : [`${counted(copies, "copy", "copies")} whose source is not known`]),
        ...(isAsked ? [`${unowned} held by no stack`] : []),
    ];
    return ["", parts.join(", ")];
}

function backupLines(point: RestorePoint | undefined, { all, session }: Listing): string[] {
    const line = (fact: BackupFact, prefix: string): string[] => [
        `${prefix}${fact.resourceName}`,
        fact.status,
        fact.id,
        sizeInWords(fact.sizeGb),
        ...(session.holders.isAsked ? [holdersInWords(all.holdersOf(fact), session.holders)] : []),
    ];
    const rows = (point?.backups ?? []).flatMap((fact) => [
        line(fact, ""),
        ...all.copies
            .of(fact.id)
            .map((copy) =>
                copy.replica === undefined
                    ? [`→ ${copy.region}`, copy.state, copy.backupId ?? "", "", copy.reason ?? ""]
                    : line(copy.replica, `→ ${copy.region} `),
            ),
    ]);
    return columns(rows, "    ");
}
