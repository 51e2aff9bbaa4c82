/** Restore points: the backups that share a checkpoint, with their copies and who holds them. */
import { type Copies, pairCopies } from "./copies";
import { type BackupFact, isGoing, isGood, isRunning, type VaultFact } from "./facts";
import type { Holder, Holders } from "./holders";
import type { Inventory } from "./inventory";

export interface RegionCopies {
    readonly region: string;
    /** Backups of the restore point with a good copy there. */
    readonly good: number;
    /** Good backups of the restore point. */
    readonly of: number;
    readonly failed: number;
    readonly running: number;
    /** Copies that the cloud made and that are no longer there. */
    readonly missing: number;
    /** The region was not looked at: what stands in `good` is the word of the source's records. */
    readonly isUnread: boolean;
}

export interface RestorePoint {
    readonly region: string;
    readonly projectId: string;
    readonly vaultId: string;
    readonly vaultName: string;
    readonly checkpointId: string;
    readonly name: string;
    /** Milliseconds since the epoch; undefined when the cloud does not say. */
    readonly createdMs: number | undefined;
    /** Newest first; by resource name. */
    readonly backups: readonly BackupFact[];
    readonly good: number;
    readonly failed: number;
    readonly running: number;
    /** Expired, or being deleted. */
    readonly going: number;
    readonly skipped: number;
    /** Of the resources, gibibytes. */
    readonly sizeGb: number;
    readonly isIncremental: boolean | undefined;
    readonly isAutomatic: boolean | undefined;
    /** The earliest of its backups; undefined: kept until deleted. */
    readonly expiresMs: number | undefined;
    readonly copies: readonly RegionCopies[];
    /** True for replicas whose source is not listed. */
    readonly isCopy: boolean;
    /** Of such, when the data was taken, where a state knows it: milliseconds since the epoch. */
    readonly dataMs: number | undefined;
    readonly holders: readonly Holder[];
}

export interface Points {
    /** Newest first. */
    readonly points: readonly RestorePoint[];
    readonly copies: Copies;
    readonly vaultOf: (fact: { readonly vaultId: string }) => VaultFact | undefined;
    readonly holdersOf: (fact: BackupFact) => readonly Holder[];
    /** A restore point with some of its backups only; of these are its counts, copies and holders. */
    readonly narrowed: (point: RestorePoint, backups: readonly BackupFact[]) => RestorePoint;
}

export function restorePoints(inventory: Inventory, holders: Holders): Points {
    const copies = pairCopies(inventory, holders);
    const vaults = new Map(inventory.vaults.map((one) => [one.id, one]));
    const vaultOf = ({ vaultId }: { readonly vaultId: string }) => vaults.get(vaultId);
    const groups = new Map<string, BackupFact[]>();
    const orphans = new Set(copies.orphans.map((one) => one.id));
    for (const fact of inventory.backups) {
        // A copy stands beside its source.
        if (fact.isReplica && !orphans.has(fact.id)) continue;
        const key = `${fact.region}/${fact.projectId}/${fact.checkpointId}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [fact]);
        else group.push(fact);
    }
    const world: World = { inventory, holders, copies, vaultOf };
    const points = [...groups.values()].map((backups) => pointOf(backups, world));
    points.sort((a, b) => (b.createdMs ?? 0) - (a.createdMs ?? 0) || (a.checkpointId < b.checkpointId ? -1 : 1));
    return {
        points,
        copies,
        vaultOf,
        holdersOf: (fact) => holders.ofBackup(fact, copies.sourceOf(fact)?.id),
        narrowed: (point, backups) => ({ ...pointOf(backups, world), name: point.name, skipped: 0 }),
    };
}

interface World extends Pick<Points, "copies" | "vaultOf"> {
    readonly inventory: Inventory;
    readonly holders: Holders;
}

function pointOf(unordered: readonly BackupFact[], world: World): RestorePoint {
    const { inventory, holders, copies, vaultOf } = world;
    const nowMs = inventory.takenMs;
    const backups = [...unordered].sort((a, b) => (a.resourceName < b.resourceName ? -1 : 1));
    const [first] = backups;
    if (first === undefined) throw new Error("a restore point has backups");
    const times = backups.map((one) => one.createdMs).filter((one) => one !== undefined);
    const expiries = backups.map((one) => one.expiresMs).filter((one) => one !== undefined);
    const good = backups.filter((one) => isGood(one, nowMs));
    const running = backups.filter(isRunning);
    const going = backups.filter((one) => isGoing(one, nowMs));
    const all = (value: (one: BackupFact) => boolean | undefined) => {
        const values = new Set(backups.map(value));
        return values.size === 1 ? value(first) : values.has(false) ? false : undefined;
    };
    return {
        region: first.region,
        projectId: first.projectId,
        vaultId: first.vaultId,
        vaultName: vaultOf(first)?.name ?? first.vaultId,
        checkpointId: first.checkpointId,
        name: holders.nameOf(first.checkpointId) ?? commonName(backups.map((one) => one.name)),
        createdMs: times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)),
        backups,
        good: good.length,
        failed: backups.length - good.length - running.length - going.length,
        running: running.length,
        going: going.length,
        skipped: holders.skippedOf(first.checkpointId) ?? inventory.skipped.get(first.checkpointId) ?? 0,
        sizeGb: backups.reduce((sum, one) => sum + one.sizeGb, 0),
        isIncremental: all((one) => one.isIncremental),
        isAutomatic: all((one) => one.isAutomatic),
        expiresMs: expiries.length === 0 ? undefined : expiries.reduce((a, b) => Math.min(a, b)),
        copies: copiesByRegion(good, backups, copies),
        isCopy: first.isReplica,
        dataMs: first.isReplica ? copies.takenMs(first) : undefined,
        holders: holders.of(first.checkpointId, ...backups.flatMap((one) => [one.id, ...one.childIds])),
    };
}

function copiesByRegion(
    good: readonly BackupFact[],
    backups: readonly BackupFact[],
    copies: Copies,
): readonly RegionCopies[] {
    const all = backups.flatMap((one) => copies.of(one.id));
    const regions = [...new Set(all.map(({ region }) => region))].sort();
    return regions.map((region) => {
        const here = all.filter((one) => one.region === region);
        const count = (...states: string[]) => here.filter((one) => states.includes(one.state)).length;
        return {
            region,
            good: count("good", "unread"),
            of: good.length,
            failed: count("failed"),
            running: count("running"),
            missing: count("missing"),
            isUnread: count("unread") > 0,
        };
    });
}

/** Vendor: several resources get `-0001`, `-0002` … behind the name. */
function commonName(names: readonly string[]): string {
    const [first = ""] = names;
    if (names.length === 1) return first;
    const stems = new Set(names.map((name) => name.replace(/[-_]\d{4}$/, "")));
    return stems.size === 1 ? ([...stems][0] ?? "") : `${first} …`;
}

/** Restore points of which a backup or a copy lies in one of these vaults, by name or id; all when none is named. */
export function pointsIn({ points, copies, vaultOf }: Points, vaults: readonly string[]): readonly RestorePoint[] {
    if (vaults.length === 0) return points;
    const isNamed = (id: string, name: string | undefined) => vaults.includes(id) || vaults.includes(name ?? id);
    const hasCopyThere = (fact: BackupFact) =>
        copies
            .of(fact.id)
            .some(({ replica }) => replica !== undefined && isNamed(replica.vaultId, vaultOf(replica)?.name));
    return points.filter((point) => isNamed(point.vaultId, point.vaultName) || point.backups.some(hasCopyThere));
}

/** Only what lies in these vaults, by name or id; all when none is named. */
export function inVaults<T extends { readonly vaultId: string; readonly vaultName: string }>(
    list: readonly T[],
    vaults: readonly string[],
): readonly T[] {
    if (vaults.length === 0) return list;
    return list.filter((one) => vaults.includes(one.vaultId) || vaults.includes(one.vaultName));
}
