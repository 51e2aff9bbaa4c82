/**
 * When a restore point and its backups have ended, are good, failed or gone: each requested resource has one outcome.
 */
import { EXPIRED } from "../../resource/resource";
import type { CheckpointInputs, CheckpointOutputs } from "./checkpoint";
import type { Backup, SkippedResource } from "./schema";

/** One that is being restored from is as good as before. */
const GOOD_BACKUP = new Set(["available", "restoring", "waiting_restore"]);
/** On its way out: by hand, or by retention. */
const GOING = new Set(["deleting", "waiting_delete"]);
const FINAL_CHECKPOINT = new Set(["available", "error", "error-deleting"]);
/** The cloud's answer for "it is no more", beside a 404 (api-notes: Gone restore points). */
const GONE_CHECKPOINT = new Set(["deleted"]);

export const isGoodBackup = (status: string): boolean => GOOD_BACKUP.has(status);
export const isFinalBackup = (status: string): boolean => isGoodBackup(status) || status === "error";
/** Was good, and is no more, or soon will be. */
export const wasGood = (status: string): boolean => status === EXPIRED || GOING.has(status);
export const isFinalCheckpoint = (status: string): boolean => FINAL_CHECKPOINT.has(status);
export const isGoneCheckpoint = (status: string): boolean => GONE_CHECKPOINT.has(status);

/** The resources that were asked for: named ones, else what the cloud said it would back up. */
export function requestedResources(inputs: CheckpointInputs, wire: { vault: CheckpointOutputs["vault"] }): string[] {
    const named = inputs.resources ?? inputs.resourceDetails?.map((one) => one.id);
    return named ?? [...wire.vault.resources.map((one) => one.id), ...wire.vault.skippedResources.map((one) => one.id)];
}

export interface Outcome {
    readonly good: number;
    /** Resource id, and what became of it. */
    readonly failed: readonly { readonly resourceId: string; readonly what: string }[];
    readonly skipped: readonly SkippedResource[];
}

/** A restore point that was finished once, and is being deleted: nothing is left to wait for. */
export function isGoing(outputs: CheckpointOutputs): boolean {
    return GOING.has(outputs.status) && outputs.backups.length > 0;
}

/** Is it less than was asked for, by the resource's own rules? What was good and has gone since is no failure. */
export function isFailure(outputs: CheckpointOutputs): boolean {
    // Vanished before it was ever seen to be finished; with `wait: false` nobody looked.
    if (outputs.status === EXPIRED) return outputs.backups.length === 0 && outputs.wait !== false;
    if (isGoing(outputs)) return false;
    const { good, failed, skipped } = outcomeOf(outputs);
    if (skipped.length > 0 && outputs.onSkipped === "fail") return true;
    if (good === 0) return true;
    return (failed.length > 0 || outputs.status !== "available") && outputs.onPartialFailure !== "warn";
}

/** Judged per backup, whatever the checkpoint's own status says (api-notes: Partial failure). */
export function outcomeOf(outputs: CheckpointOutputs): Outcome {
    const skipped = new Map(outputs.skippedResources.map((one) => [one.id, one]));
    const backedUp = new Map<string, Backup>();
    for (const one of outputs.backups) {
        const key = one.resourceId ?? one.id;
        if (!isGoodBackup(backedUp.get(key)?.status ?? "")) backedUp.set(key, one);
    }
    const failed: { resourceId: string; what: string }[] = [];
    let good = 0;
    for (const id of new Set([...requestedResources(outputs, outputs), ...backedUp.keys()])) {
        const found = backedUp.get(id);
        if (found !== undefined && (isGoodBackup(found.status) || wasGood(found.status))) good++;
        else if (found !== undefined)
            failed.push({ resourceId: id, what: `backup ${found.id} has status ${found.status}` });
        else if (!skipped.has(id)) failed.push({ resourceId: id, what: "no backup of it appeared" });
    }
    return { good, failed, skipped: outputs.skippedResources };
}
