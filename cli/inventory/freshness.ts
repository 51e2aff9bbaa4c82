/** How old the newest good restore point, and the newest good copy, of each resource or vault is. */
import type { ProjectRef } from "../../provider/client/client";
import { type BackupFact, isGood, type VaultFact } from "./facts";
import type { Inventory } from "./inventory";
import { inVaults, type Points } from "./restore-points";

/** A copy, and when its data was taken: milliseconds since the epoch; undefined when its source is not known. */
export interface FreshCopy {
    readonly backupId: string;
    readonly takenMs: number | undefined;
}

/** A protected resource or, where vaults are looked at as a whole, a vault. */
export interface Freshness extends ProjectRef {
    readonly vaultId: string;
    readonly vaultName: string;
    /** Undefined for a vault. */
    readonly resourceId: string | undefined;
    readonly resourceName: string | undefined;
    /** Newest good restore point: milliseconds since the epoch; undefined when there is none. */
    readonly takenMs: number | undefined;
    /** Its backup, or its restore point. */
    readonly takenId: string | undefined;
    /** Newest good copy by region. */
    readonly copies: ReadonlyMap<string, FreshCopy>;
}

/** Vaults that take backups of resources here: neither those for replicas nor those of on-premises storage. */
export function backupVaults(inventory: Inventory, vaults: readonly string[] = []): readonly VaultFact[] {
    const all = inventory.vaults.filter((one) => one.protectType === "backup");
    return inVaults(
        all.map((one) => ({ ...one, vaultId: one.id, vaultName: one.name })),
        vaults,
    );
}

/** By resource of every backup vault. */
export function resourceFreshness(
    inventory: Inventory,
    { copies }: Points,
    vaults: readonly VaultFact[],
): readonly Freshness[] {
    const nowMs = inventory.takenMs;
    const good = Map.groupBy(
        inventory.backups.filter((one) => isGood(one, nowMs)),
        (one) => one.resourceId,
    );
    return vaults.flatMap((vault) =>
        vault.resources.map((resource) => {
            const backups = good.get(resource.id) ?? [];
            const own = backups.filter((one) => !one.isReplica && one.region === vault.region);
            const newest = latest(own, (one) => one.createdMs);
            const replicas = Map.groupBy(
                backups.filter((one) => one.isReplica),
                (one) => one.region,
            );
            return {
                region: vault.region,
                projectId: vault.projectId,
                vaultId: vault.id,
                vaultName: vault.name,
                resourceId: resource.id,
                resourceName: resource.name,
                takenMs: newest?.createdMs,
                takenId: newest?.id,
                copies: new Map([...replicas].map(([region, list]) => [region, newestCopy(list, copies.takenMs)])),
            };
        }),
    );
}

/** By vault: its newest restore point of which nothing failed, and whose every backup has a good copy. */
export function vaultFreshness({ points, copies }: Points, vaults: readonly VaultFact[]): readonly Freshness[] {
    return vaults.map((vault) => {
        const whole = points.filter(
            (one) =>
                one.vaultId === vault.id &&
                !one.isCopy &&
                one.good > 0 &&
                one.good === one.backups.length &&
                one.skipped === 0,
        );
        const [newest] = whole;
        const copied = new Map<string, FreshCopy>();
        for (const point of whole)
            for (const { region, good, of, isUnread } of point.copies)
                if (!copied.has(region) && good === of && !isUnread)
                    copied.set(region, {
                        backupId:
                            copies.of(point.backups[0]?.id ?? "").find((one) => one.region === region)?.backupId ?? "",
                        takenMs: point.createdMs,
                    });
        return {
            region: vault.region,
            projectId: vault.projectId,
            vaultId: vault.id,
            vaultName: vault.name,
            resourceId: undefined,
            resourceName: undefined,
            takenMs: newest?.createdMs,
            takenId: newest?.checkpointId,
            copies: copied,
        };
    });
}

function newestCopy(replicas: readonly BackupFact[], takenMs: (one: BackupFact) => number | undefined): FreshCopy {
    const newest = latest(replicas, takenMs) ?? replicas[0];
    return { backupId: newest?.id ?? "", takenMs: newest === undefined ? undefined : takenMs(newest) };
}

/** The latest of those whose time is known. */
function latest<T>(list: readonly T[], timeOf: (one: T) => number | undefined): T | undefined {
    let best: T | undefined;
    for (const one of list)
        if (timeOf(one) !== undefined && (best === undefined || (timeOf(one) ?? 0) > (timeOf(best) ?? 0))) best = one;
    return best;
}
