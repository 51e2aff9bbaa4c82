/**
 * Room in a vault. No answer of the API tells how large a backup is in its vault, so what will be needed is estimated
 * from above (api-notes: Room in a vault): the first backup or copy of a resource takes at most the size of its disks.
 * Later ones take what has changed, which nothing tells beforehand, and are not counted.
 */
import type { WireVault } from "../client/operations";

/** A resource that will be backed up or copied whole. */
export interface Need {
    readonly resourceId: string;
    /** Of its disks, in GB; undefined: not known, not counted. */
    readonly sizeGb: number | undefined;
}

/** Megabytes that are left; undefined where that is not known, or the vault grows by itself. */
function freeMb(vault: WireVault): number | undefined {
    const { used, size } = vault.billing ?? {};
    if (used === undefined || size === undefined || size <= 0 || vault.auto_expand === true) return undefined;
    // Vendor: used is in MB, size in GB.
    return size * 1024 - used;
}

/** Why nothing more goes into this vault, if nothing does. */
export function fullReason(vault: WireVault, code: "6114" | "6129"): string | undefined {
    const { used = 0, size } = vault.billing ?? {};
    if ((freeMb(vault) ?? 1) > 0) return undefined;
    return `is full: ${Math.round(used / 1024)} of ${size} GB used (BackupService.${code})`;
}

/** Do these surely fit, as far as can be told? */
export function surelyFit(vault: WireVault, needs: readonly Need[]): boolean {
    const free = freeMb(vault);
    return free === undefined || totalGb(needs) * 1024 <= free;
}

/** That these may not fit, with the numbers; `what` is what they are in the plural. */
export function tightReason(
    vault: WireVault,
    needs: readonly Need[],
    { code, what }: { readonly code: "6114" | "6129"; readonly what: string },
): string {
    const free = freeMb(vault) ?? 0;
    const left = free < 1024 ? "less than 1 GB" : `${Math.floor(free / 1024)} GB`;
    const whose = `${needs.length} ${needs.length === 1 ? "resource" : "resources"}`;
    return (
        `vault ${vault.id} has ${left} of ${vault.billing?.size} GB left, and ${what} of ${whose} may take up ` +
        `to ${totalGb(needs)} GB, the size of their disks: they may not fit (BackupService.${code}). Later ` +
        "ones, which take what has changed, are not counted."
    );
}

function totalGb(needs: readonly Need[]): number {
    return needs.reduce((sum, { sizeGb }) => sum + (sizeGb ?? 0), 0);
}
