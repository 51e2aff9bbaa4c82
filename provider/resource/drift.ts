/** What the cloud has lost since the last run looked: the one kind of drift that a backup can have. */
import { EXPIRED } from "./resource";

/** Outputs that list what can be used. */
const USABLE = ["backupIds", "destinationBackupIds"] as const;

function idsIn(outputs: object, key: string): readonly unknown[] {
    const value: unknown = Reflect.get(outputs, key);
    return Array.isArray(value) ? value : [];
}

/** Is something gone that the earlier outputs promise? */
export function hasLost(before: object, after: object): boolean {
    const hasExpired = Reflect.get(after, "status") === EXPIRED && Reflect.get(before, "status") !== EXPIRED;
    return hasExpired || USABLE.some((key) => idsIn(before, key).some((id) => !idsIn(after, key).includes(id)));
}
