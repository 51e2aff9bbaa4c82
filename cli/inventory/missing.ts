/** Backups that states hold and the cloud no longer has. */
import type { RememberedBackup } from "./holders";
import type { Inventory } from "./inventory";
import type { Session } from "./session";

/** Of projects that were read only: what was not looked at is not missing. */
export function missingBackups(session: Session, inventory: Inventory): readonly RememberedBackup[] {
    const there = new Set(inventory.backups.map((one) => one.id.toLowerCase()));
    const isRead = ({ region, projectId }: RememberedBackup) =>
        inventory.read.some((one) => one.region === region && (projectId === undefined || one.projectId === projectId));
    const missing = session.holders.remembered.filter(
        (one) => one.shouldBeThere && isRead(one) && !there.has(one.id.toLowerCase()),
    );
    return [...new Map(missing.map((one) => [one.id, one])).values()];
}
