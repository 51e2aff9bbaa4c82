/** What `prune` would delete, and why it keeps the rest. Nothing here talks to the cloud. */
import { type BackupFact, hasExpired, isGood } from "../inventory/facts";
import type { Inventory } from "../inventory/inventory";
import type { Points } from "../inventory/restore-points";
import type { Session } from "../inventory/session";
import { holderInWords } from "../inventory/words";

export interface Rules {
    /** The newest so many good ones stay. */
    readonly keep: number | undefined;
    readonly per: "resource" | "vault";
    /** Younger ones stay. Milliseconds. */
    readonly olderThanMs: number;
    /** Also what a policy made. */
    readonly includeAutomatic: boolean;
    /** Names or ids; all when empty. */
    readonly vaults: readonly string[];
}

/** Why a backup stays. */
export type KeepReason = "held" | "automatic" | "locked" | "on-premises" | "busy" | "young" | "newest" | "last";

export type Decision = { readonly fact: BackupFact; readonly vaultName: string } & (
    | {
          readonly action: "delete";
          /** A good backup of the same resource, kind and region that stays; undefined when what goes is not good. */
          readonly survivorId: string | undefined;
      }
    | { readonly action: "keep"; readonly reason: KeepReason; readonly words: string }
);

/** Neither done nor undone by anybody. */
const FINAL = new Set(["available", "error"]);

export function plan(session: Session, inventory: Inventory, points: Points, rules: Rules): readonly Decision[] {
    const context: Context = { session, inventory, points, rules, newest: newestOnes(inventory, points, rules) };
    const chosen = inventory.backups.filter((fact) => {
        const name = points.vaultOf(fact)?.name ?? "";
        return rules.vaults.length === 0 || rules.vaults.includes(fact.vaultId) || rules.vaults.includes(name);
    });
    const decided = new Map(chosen.map((fact) => [fact.id, keepReason(fact, context)]));
    protectLast(chosen, decided, context);
    const survivors = survivorsOf(inventory, decided);
    return chosen
        .map((fact): Decision => {
            const kept = decided.get(fact.id);
            const vaultName = points.vaultOf(fact)?.name ?? fact.vaultId;
            if (kept !== undefined) return { fact, vaultName, action: "keep", ...kept };
            const survivorId = isGood(fact, inventory.takenMs) ? survivors.get(groupOf(fact)) : undefined;
            return { fact, vaultName, action: "delete", survivorId };
        })
        .sort((a, b) => (a.fact.createdMs ?? 0) - (b.fact.createdMs ?? 0) || (a.fact.id < b.fact.id ? -1 : 1));
}

interface Kept {
    readonly reason: KeepReason;
    readonly words: string;
}

interface Context {
    readonly session: Session;
    readonly inventory: Inventory;
    readonly points: Points;
    readonly rules: Rules;
    /** Ids of the newest good ones, as many as are to be kept. */
    readonly newest: ReadonlySet<string>;
}

/** Restore points and copies of a resource in a region are two groups: neither stands in for the other. */
const groupOf = (fact: BackupFact): string =>
    `${fact.region}/${fact.isReplica ? "copies" : "restore points"}/${fact.resourceId}`;

const noun = (fact: BackupFact): string => (fact.isReplica ? "copy" : "restore point");

/** Undefined: it may go. */
function keepReason(fact: BackupFact, context: Context): Kept | undefined {
    const { inventory, points, rules, session } = context;
    const vault = points.vaultOf(fact);
    const [holder] = points.holdersOf(fact);
    if (holder !== undefined)
        return { reason: "held", words: `held by ${holderInWords(holder, session.holders.hasSeveralProjects)}` };
    if (vault?.protectType === "hybrid")
        return { reason: "on-premises", words: "imported from storage on premises, by a synchronisation" };
    if (!FINAL.has(fact.status)) return { reason: "busy", words: `has status ${fact.status}` };
    const isAutomatic = fact.isAutomatic ?? true;
    if (isAutomatic && !rules.includeAutomatic)
        return {
            reason: "automatic",
            words:
                fact.isAutomatic === undefined
                    ? "the cloud does not say whether a policy made it"
                    : "made by a policy, or with autoTrigger",
        };
    if (isAutomatic && vault?.isLocked === true && !hasExpired(fact, inventory.takenMs))
        return { reason: "locked", words: `automatic, in the locked vault ${vault.name}, and not expired` };
    if (fact.createdMs === undefined || inventory.takenMs - fact.createdMs < rules.olderThanMs)
        return { reason: "young", words: fact.createdMs === undefined ? "its age is not known" : "too young" };
    if (context.newest.has(fact.id))
        return { reason: "newest", words: `among the newest ${rules.keep} of its ${rules.per}` };
    return undefined;
}

function newestOnes(inventory: Inventory, { points }: Points, { keep, per }: Rules): ReadonlySet<string> {
    if (keep === undefined) return new Set();
    const good = inventory.backups.filter((one) => isGood(one, inventory.takenMs));
    const groups = Map.groupBy(good, (one) =>
        per === "resource" ? groupOf(one) : `${one.region}/${one.projectId}/${one.vaultId}`,
    );
    const newest = new Set<string>();
    for (const group of groups.values()) {
        group.sort((a, b) => (b.createdMs ?? 0) - (a.createdMs ?? 0));
        // Of a vault whole restore points count, each with all its backups.
        const kept = new Set<string>();
        for (const { id, checkpointId } of group) {
            const unit = per === "resource" ? id : checkpointId;
            if (kept.size < keep) kept.add(unit);
            if (kept.has(unit)) newest.add(id);
        }
    }
    // A restore point that is kept is kept whole, with what failed of it.
    if (per === "vault")
        for (const point of points)
            if (point.backups.some(({ id }) => newest.has(id))) for (const { id } of point.backups) newest.add(id);
    return newest;
}

/** Where all that is good would go, the newest stays. What another vault has of the same resource counts as well. */
function protectLast(
    chosen: readonly BackupFact[],
    decided: Map<string, Kept | undefined>,
    { inventory }: Context,
): void {
    const nowMs = inventory.takenMs;
    const good = Map.groupBy(
        inventory.backups.filter((one) => isGood(one, nowMs)),
        groupOf,
    );
    const ids = new Set(chosen.map(({ id }) => id));
    for (const group of good.values()) {
        const stays = group.some((one) => !ids.has(one.id) || decided.get(one.id) !== undefined);
        if (stays) continue;
        const newest = group.reduce((a, b) => ((b.createdMs ?? 0) > (a.createdMs ?? 0) ? b : a));
        decided.set(newest.id, {
            reason: "last",
            words:
                `the last good ${noun(newest)} of ` +
                `${newest.resourceName}${newest.isReplica ? ` in ${newest.region}` : ""}`,
        });
    }
}

/** For each group the newest good one that stays. */
function survivorsOf(
    inventory: Inventory,
    decided: ReadonlyMap<string, Kept | undefined>,
): ReadonlyMap<string, string> {
    const survivors = new Map<string, BackupFact>();
    for (const fact of inventory.backups) {
        if (!isGood(fact, inventory.takenMs)) continue;
        if (decided.has(fact.id) && decided.get(fact.id) === undefined) continue;
        const known = survivors.get(groupOf(fact));
        if (known === undefined || (fact.createdMs ?? 0) > (known.createdMs ?? 0)) survivors.set(groupOf(fact), fact);
    }
    return new Map([...survivors].map(([group, { id }]) => [group, id]));
}
