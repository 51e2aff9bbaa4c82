/** What the report says, without a word of HTML. */
import type { CopyFact } from "../inventory/copies";
import { type BackupFact, isGood, isRunning, type VaultFact } from "../inventory/facts";
import { backupVaults, type Freshness, resourceFreshness } from "../inventory/freshness";
import type { Holders, RememberedBackup } from "../inventory/holders";
import type { Inventory } from "../inventory/inventory";
import { missingBackups } from "../inventory/missing";
import { type Points, pointsIn, type RestorePoint, restorePoints } from "../inventory/restore-points";
import type { Session } from "../inventory/session";
import { DAY_MS } from "../text";

export interface ReportOptions {
    readonly title: string;
    /** How old the newest may be, milliseconds. */
    readonly intervalMs: number;
    /** How far back the time lines go. */
    readonly sinceMs: number;
    /** Regions that should have copies; undefined: those that have a vault for replicas, or copies. */
    readonly copies: readonly string[] | undefined;
    readonly vaults: readonly string[];
}

export interface Mark {
    /** Milliseconds since the epoch. */
    readonly atMs: number;
    readonly state: "good" | "failed" | "running";
}

/** What happened in one region: restore points at home, copies elsewhere. */
export interface Lane {
    readonly region: string;
    readonly isCopy: boolean;
    readonly marks: readonly Mark[];
    /** Times in which the newest one was older than it may be. */
    readonly gaps: readonly (readonly [fromMs: number, toMs: number])[];
    /** Newest good one. Milliseconds since the epoch. */
    readonly newestMs: number | undefined;
    /**
     * none: there is no good one; old: older than it may be; unknown: its age is not known; unread: its region was not
     * looked at; never: this kind cannot be copied.
     */
    readonly verdict: "good" | "old" | "none" | "unknown" | "unread" | "never";
}

export interface ResourceRow extends Freshness {
    readonly lanes: readonly Lane[];
    readonly isWell: boolean;
}

export interface VaultSection {
    readonly vault: VaultFact;
    /** Those in trouble first. */
    readonly rows: readonly ResourceRow[];
}

export interface Month {
    /** `2026-11`. */
    readonly month: string;
    readonly pointsGb: number;
    readonly copiesGb: number;
}

export interface ReportData {
    readonly options: ReportOptions;
    readonly session: Session;
    readonly holders: Holders;
    readonly inventory: Inventory;
    readonly all: Points;
    /** Begin of the time lines, milliseconds since the epoch. */
    readonly fromMs: number;
    readonly copyRegions: readonly string[];
    readonly sections: readonly VaultSection[];
    readonly points: readonly RestorePoint[];
    readonly replicas: number;
    readonly goodReplicas: number;
    readonly unowned: readonly RestorePoint[];
    readonly missing: readonly RememberedBackup[];
    /** Soonest first. */
    readonly expiring: readonly RestorePoint[];
    readonly months: readonly Month[];
    readonly replicaVaults: readonly VaultFact[];
}

/** Vendor: servers can be copied to other regions, on Huawei Cloud also SFS Turbo. */
const COPYABLE = new Set(["server", "turbo"]);
const MONTHS = 12;

export function reportData(session: Session, inventory: Inventory, options: ReportOptions): ReportData {
    const nowMs = inventory.takenMs;
    const { holders } = session;
    const all = restorePoints(inventory, holders);
    const points = pointsIn(all, options.vaults);
    const times = points.map(({ createdMs }) => createdMs).filter((one) => one !== undefined);
    const oldest = times.reduce((a, b) => Math.min(a, b), nowMs);
    // A day at least, and no further back than there is something to see.
    const fromMs = Math.min(Math.max(nowMs - options.sinceMs, oldest - DAY_MS / 4), nowMs - DAY_MS);
    const replicas = inventory.backups.filter((one) => one.isReplica);
    const shownReplicas = options.vaults.length === 0 ? replicas : points.flatMap((point) => replicasOf(point, all));
    const replicaVaults = inventory.vaults.filter((one) => one.protectType === "replication");
    const copyRegions =
        options.copies ??
        [...new Set([...replicaVaults.map(({ region }) => region), ...replicas.map(({ region }) => region)])].sort();
    const expiring = points
        .filter(({ expiresMs }) => expiresMs !== undefined && expiresMs > nowMs)
        .sort((a, b) => (a.expiresMs ?? 0) - (b.expiresMs ?? 0));
    const context = { inventory, all, options, fromMs, copyRegions, points };
    return {
        options,
        session,
        holders,
        inventory,
        all,
        fromMs,
        copyRegions,
        sections: sectionsOf(context),
        points,
        replicas: shownReplicas.length,
        goodReplicas: shownReplicas.filter((one) => isGood(one, nowMs)).length,
        unowned: holders.isAsked ? points.filter((point) => point.holders.length === 0) : [],
        missing: missingBackups(session, inventory),
        expiring,
        months: monthsOf(points, all, nowMs),
        replicaVaults,
    };
}

function replicasOf(point: RestorePoint, { copies }: Points): readonly BackupFact[] {
    if (point.isCopy) return point.backups;
    return point.backups
        .flatMap((one) => copies.of(one.id).map(({ replica }) => replica))
        .filter((replica) => replica !== undefined);
}

interface Context {
    readonly inventory: Inventory;
    readonly all: Points;
    readonly options: ReportOptions;
    readonly fromMs: number;
    readonly copyRegions: readonly string[];
    /** Those that are shown. */
    readonly points: readonly RestorePoint[];
}

/** Named vaults; of one for replicas those whose copies it has. */
function vaultsOf({ inventory, options, points }: Context): readonly VaultFact[] {
    const shown = new Set(points.map(({ vaultId }) => vaultId));
    const named = new Set(backupVaults(inventory, options.vaults).map(({ id }) => id));
    return backupVaults(inventory).filter(({ id }) => named.has(id) || shown.has(id));
}

function sectionsOf(context: Context): readonly VaultSection[] {
    const { inventory, all } = context;
    const vaults = [...vaultsOf(context)].sort((a, b) => compare(a.region, b.region) || compare(a.name, b.name));
    const byResource = Map.groupBy(
        inventory.backups.filter((one) => !one.isReplica),
        (one) => one.resourceId,
    );
    const orphans = Map.groupBy(all.copies.orphans, (one) => one.resourceId);
    return vaults.map((vault) => {
        const rows = resourceFreshness(inventory, all, [vault]).map((fresh): ResourceRow => {
            const backups = (byResource.get(fresh.resourceId ?? "") ?? []).filter(
                ({ region }) => region === vault.region,
            );
            const sources = { vault, backups, orphans: orphans.get(fresh.resourceId ?? "") ?? [] };
            const lanes = [
                homeLane(fresh, backups, context),
                ...context.copyRegions
                    .filter((region) => region !== vault.region)
                    .map((region) => copyLane(region, fresh, sources, context)),
            ];
            return { ...fresh, lanes, isWell: lanes.every(({ verdict }) => verdict === "good" || verdict === "never") };
        });
        rows.sort((a, b) => Number(a.isWell) - Number(b.isWell) || compare(a.resourceName ?? "", b.resourceName ?? ""));
        return { vault, rows };
    });
}

function homeLane(fresh: Freshness, backups: readonly BackupFact[], context: Context): Lane {
    const { inventory, options } = context;
    const marks = backups.flatMap((one): Mark[] =>
        one.createdMs === undefined ? [] : [{ atMs: one.createdMs, state: stateOf(one, inventory.takenMs) }],
    );
    return {
        region: fresh.region,
        isCopy: false,
        marks: shownMarks(marks, context),
        gaps: gapsOf(marks, context),
        newestMs: fresh.takenMs,
        verdict:
            fresh.takenMs === undefined
                ? "none"
                : inventory.takenMs - fresh.takenMs > options.intervalMs
                  ? "old"
                  : "good",
    };
}

/** A copy stands where its data was taken, below its source. */
interface Sources {
    readonly vault: VaultFact;
    readonly backups: readonly BackupFact[];
    /** Replicas of the resource whose source is not listed. */
    readonly orphans: readonly BackupFact[];
}

function copyLane(region: string, fresh: Freshness, sources: Sources, context: Context): Lane {
    const { vault, backups, orphans } = sources;
    const { inventory, options, all } = context;
    const nowMs = inventory.takenMs;
    const copied = backups.flatMap((one): Mark[] => {
        const copy = all.copies.of(one.id).find((each) => each.region === region);
        const state = copy === undefined ? undefined : markOf(copy);
        return state === undefined || one.createdMs === undefined ? [] : [{ atMs: one.createdMs, state }];
    });
    const others = orphans
        .filter((one) => one.region === region)
        .map((one): Mark => ({ atMs: all.copies.takenMs(one) ?? one.createdMs ?? 0, state: stateOf(one, nowMs) }));
    const marks = [...copied, ...others];
    const copy = fresh.copies.get(region);
    const verdictOf = (): Lane["verdict"] => {
        if (copy === undefined) {
            if (!COPYABLE.has(vault.objectType)) return "never";
            return inventory.read.some((one) => one.region === region) ? "none" : "unread";
        }
        if (copy.takenMs === undefined) return "unknown";
        return nowMs - copy.takenMs > options.intervalMs ? "old" : "good";
    };
    return {
        region,
        isCopy: true,
        marks: shownMarks(marks, context),
        gaps: gapsOf(marks, context),
        newestMs: copy?.takenMs,
        verdict: verdictOf(),
    };
}

function stateOf(fact: BackupFact, nowMs: number): Mark["state"] {
    if (isGood(fact, nowMs)) return "good";
    return isRunning(fact) ? "running" : "failed";
}

function markOf({ state }: CopyFact): Mark["state"] | undefined {
    if (state === "good" || state === "unread") return "good";
    if (state === "running") return "running";
    return state === "failed" ? "failed" : undefined;
}

function shownMarks(marks: readonly Mark[], { fromMs }: Context): readonly Mark[] {
    return marks.filter(({ atMs }) => atMs >= fromMs).sort((a, b) => a.atMs - b.atMs);
}

/**
 * When the newest good one was older than it may be. Before the first that still exists nothing is known: what was
 * there may have expired.
 */
function gapsOf(marks: readonly Mark[], context: Context): readonly (readonly [number, number])[] {
    const { inventory, options, fromMs } = context;
    const good = marks
        .filter(({ state }) => state === "good")
        .map(({ atMs }) => atMs)
        .sort((a, b) => a - b);
    const gaps = good.map((atMs, at): readonly [number, number] => [
        Math.max(fromMs, atMs + options.intervalMs),
        good[at + 1] ?? inventory.takenMs,
    ]);
    return gaps.filter(([from, to]) => to > from);
}

function monthsOf(points: readonly RestorePoint[], all: Points, nowMs: number): readonly Month[] {
    const sizes = new Map<string, { pointsGb: number; copiesGb: number }>();
    const months: string[] = [];
    const now = new Date(nowMs);
    for (let back = MONTHS - 1; back >= 0; back--) {
        const month = monthOf(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1));
        months.push(month);
        sizes.set(month, { pointsGb: 0, copiesGb: 0 });
    }
    const add = (ms: number | undefined, key: "pointsGb" | "copiesGb", gb: number) => {
        const month = ms === undefined ? undefined : sizes.get(monthOf(ms));
        if (month !== undefined) month[key] += gb;
    };
    for (const point of points) {
        add(point.createdMs, point.isCopy ? "copiesGb" : "pointsGb", point.sizeGb);
        for (const backup of point.backups)
            for (const { replica } of all.copies.of(backup.id))
                if (replica !== undefined) add(replica.createdMs, "copiesGb", replica.sizeGb);
    }
    const first = months.findIndex((month) => {
        const { pointsGb = 0, copiesGb = 0 } = sizes.get(month) ?? {};
        return pointsGb + copiesGb > 0;
    });
    return months
        .slice(Math.min(first < 0 ? MONTHS - 1 : first, MONTHS - 3))
        .map((month) => ({ month, pointsGb: 0, copiesGb: 0, ...sizes.get(month) }));
}

const monthOf = (ms: number): string => new Date(ms).toISOString().slice(0, 7);

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}
