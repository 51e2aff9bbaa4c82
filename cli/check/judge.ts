/** Which resources, or vaults, lack a restore point or a copy that is young enough. */
import { backupVaults, type Freshness, resourceFreshness, vaultFreshness } from "../inventory/freshness";
import type { Inventory } from "../inventory/inventory";
import type { Points } from "../inventory/restore-points";
import { minuteOf, span } from "../text";

export interface Demands {
    readonly maxAgeMs: number;
    /** Regions that must have a copy. */
    readonly copies: readonly string[];
    readonly per: "resource" | "vault";
    /** Names or ids; all when empty. */
    readonly vaults: readonly string[];
    /** Regions whose vaults are judged; all that were read when undefined. */
    readonly regions: readonly string[] | undefined;
}

export interface Judged extends Freshness {
    /** What is wrong, in words; nothing when all is well. */
    readonly lacks: readonly string[];
}

export function judge(inventory: Inventory, points: Points, demands: Demands): readonly Judged[] {
    const vaults = backupVaults(inventory, demands.vaults)
        .filter(({ region }) => demands.regions?.includes(region) ?? true)
        .sort((a, b) => compare(a.region, b.region) || compare(a.name, b.name));
    const subjects =
        demands.per === "vault"
            ? vaultFreshness(
                  points,
                  vaults.filter(({ resources }) => resources.length > 0),
              )
            : resourceFreshness(inventory, points, vaults);
    return subjects.map((one) => ({ ...one, lacks: lacksOf(one, inventory.takenMs, demands) }));
}

function compare(a: string, b: string): number {
    return a < b ? -1 : a > b ? 1 : 0;
}

function lacksOf(subject: Freshness, nowMs: number, { maxAgeMs, copies, per }: Demands): string[] {
    const lacks: string[] = [];
    const aged = (ms: number) => `is ${span(nowMs - ms)} old (${minuteOf(ms)} UTC)`;
    const what = per === "vault" ? "restore point without a failure" : "good restore point";
    if (subject.takenMs === undefined) lacks.push(`no ${what}`);
    else if (nowMs - subject.takenMs > maxAgeMs) lacks.push(`its newest ${what} ${aged(subject.takenMs)}`);
    for (const region of copies) {
        // A copy goes to another region.
        if (region === subject.region) continue;
        const copy = subject.copies.get(region);
        if (copy === undefined) lacks.push(`no good copy in ${region}`);
        else if (copy.takenMs === undefined)
            lacks.push(
                `no copy in ${region} whose age is known: the source of ${copy.backupId} is gone or not ` +
                    "known (--stack or --state may tell)",
            );
        else if (nowMs - copy.takenMs > maxAgeMs)
            lacks.push(`the data of its newest copy in ${region} ${aged(copy.takenMs)}`);
    }
    return lacks;
}
