import { type Call, effectOf, selects } from "../simulation";

/**
 * Faults `expire-checkpoint` and `expire-backup` on a GET: what it looks at vanishes before the answer, as retention
 * does it.
 */
export function expireBackupOf(call: Call, checkpointId: string | undefined): void {
    const { store } = call;
    const checkpoint = checkpointId === undefined ? undefined : store.checkpoints.get(checkpointId);
    if (checkpoint === undefined) return;
    if (effectOf(call, "expire-checkpoint") !== undefined) {
        store.removeCheckpoint(checkpoint);
        return;
    }
    const effect = effectOf(call, "expire-backup");
    if (effect === undefined) return;
    [...store.backupsOfCheckpoint(checkpoint.id)].forEach((backup, index) => {
        if (selects(effect.backup, backup.id, index, 0)) store.removeBackup(backup);
    });
}
