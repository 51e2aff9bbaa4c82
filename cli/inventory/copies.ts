/** Which replica is a copy of which backup: by states, by records, else by what both say of themselves. */
import { type BackupFact, isGood, isRunning } from "./facts";
import type { Holders } from "./holders";
import type { Inventory } from "./inventory";

export interface CopyFact {
    readonly region: string;
    /**
     * good; failed; running; missing: the cloud made it, and it is no longer there; unread: its region was not looked
     * at.
     */
    readonly state: "good" | "failed" | "running" | "missing" | "unread";
    /** Undefined while there is none. */
    readonly backupId: string | undefined;
    /** The replica itself, where its region was read. */
    readonly replica: BackupFact | undefined;
    readonly reason: string | undefined;
}

export interface Copies {
    /** Of a source backup, by its id; one a region, the best of several attempts. */
    of(backupId: string): readonly CopyFact[];
    /** Replicas whose source is not known. */
    readonly orphans: readonly BackupFact[];
    /** When the data of a replica was taken, milliseconds since the epoch; undefined when its source is not known. */
    takenMs(replica: BackupFact): number | undefined;
    /** Source of a replica; undefined when it is gone or not known. */
    sourceOf(replica: BackupFact): BackupFact | undefined;
    /** Its id, also where only a state knows it. */
    sourceIdOf(replica: BackupFact): string | undefined;
}

const RANK: readonly CopyFact["state"][] = ["good", "unread", "running", "failed", "missing"];

export function pairCopies(inventory: Inventory, holders: Holders): Copies {
    const { takenMs: nowMs } = inventory;
    const byId = new Map(inventory.backups.map((one) => [one.id, one]));
    const sources = inventory.backups.filter((one) => !one.isReplica);
    const replicas = inventory.backups.filter((one) => one.isReplica);
    const readRegions = new Set(inventory.read.map(({ region }) => region));
    const copies = new Map<string, Map<string, CopyFact>>();
    const sourceOf = new Map<string, BackupFact>();

    const note = (source: BackupFact, copy: CopyFact): void => {
        const regions = copies.get(source.id) ?? new Map<string, CopyFact>();
        copies.set(source.id, regions);
        const known = regions.get(copy.region);
        if (known === undefined || RANK.indexOf(copy.state) < RANK.indexOf(known.state)) regions.set(copy.region, copy);
        if (copy.replica !== undefined) sourceOf.set(copy.replica.id, source);
    };
    const ofReplica = (replica: BackupFact): CopyFact => ({
        region: replica.region,
        state: isGood(replica, nowMs) ? "good" : isRunning(replica) ? "running" : "failed",
        backupId: replica.id,
        replica,
        reason: undefined,
    });

    for (const source of sources)
        for (const record of source.records ?? []) {
            const replica = byId.get(record.backupId ?? "");
            if (replica !== undefined) note(source, ofReplica(replica));
            else if (record.status !== "skip")
                note(source, {
                    region: record.region,
                    state: stateOf(record.status, readRegions.has(record.region)),
                    backupId: record.backupId,
                    replica: undefined,
                    reason: record.failReason,
                });
        }
    for (const replica of replicas) {
        if (sourceOf.has(replica.id)) continue;
        const source = byId.get(holders.sourceOf(replica.id)?.backupId ?? "");
        if (source !== undefined) note(source, ofReplica(replica));
    }
    pairByName(
        // Where there are records, a replica that none names has lost its source.
        sources.filter((one) => one.records === undefined),
        replicas.filter((one) => !sourceOf.has(one.id)),
        (source, replica) => note(source, ofReplica(replica)),
        (source, region) => copies.get(source.id)?.has(region) === true,
    );

    return {
        of: (id) => [...(copies.get(id)?.values() ?? [])].sort((a, b) => (a.region < b.region ? -1 : 1)),
        orphans: replicas.filter((one) => !sourceOf.has(one.id)),
        takenMs: (replica) => sourceOf.get(replica.id)?.createdMs ?? holders.sourceOf(replica.id)?.createdMs,
        sourceOf: (replica) => sourceOf.get(replica.id),
        sourceIdOf: (replica) => sourceOf.get(replica.id)?.id ?? holders.sourceOf(replica.id)?.backupId,
    };
}

function stateOf(status: string, isRegionRead: boolean): CopyFact["state"] {
    if (status === "fail") return "failed";
    if (status === "success") return isRegionRead ? "missing" : "unread";
    return "running";
}

/**
 * Where a cloud keeps no records: a replica has its source's resource and, unless told otherwise, its name. It is
 * paired only if one source can be meant; what may be of two is of neither, for its age would be a guess.
 */
function pairByName(
    sources: readonly BackupFact[],
    replicas: readonly BackupFact[],
    pair: (source: BackupFact, replica: BackupFact) => void,
    hasCopy: (source: BackupFact, region: string) => boolean,
): void {
    if (replicas.length === 0) return;
    const byResource = new Map<string, BackupFact[]>();
    for (const source of sources) {
        const list = byResource.get(source.resourceId);
        if (list === undefined) byResource.set(source.resourceId, [source]);
        else list.push(source);
    }
    for (const replica of replicas) {
        const possible = (byResource.get(replica.resourceId) ?? []).filter(
            (source) =>
                source.name === replica.name &&
                source.region !== replica.region &&
                (source.createdMs ?? 0) <= (replica.createdMs ?? Number.POSITIVE_INFINITY) &&
                !hasCopy(source, replica.region),
        );
        const [only, ...others] = possible;
        if (only !== undefined && others.length === 0) pair(only, replica);
    }
}
