/** What a refresh and `Checkpoint.get` see of a restore point. */

import type { ProjectRef } from "../../client/client";
import { NotFoundError, OperationFailedError } from "../../client/errors/errors";
import { showCheckpoint, type WireBackup, type WireCheckpoint } from "../../client/operations";
import { readBackup } from "../../reads/backup-lists";
import { backupsOfCheckpoint } from "../../reads/checkpoint-lists";
import { sharedRows } from "../../reads/shared-reads";
import { EXPIRED } from "../../resource/resource";
import { type Context, targetOf } from "../../services/context";
import type { CheckpointInputs, CheckpointOutputs } from "./checkpoint";
import { expiredOutputs, toBackup, toOutputs } from "./schema";
import { isFinalCheckpoint, isGoneCheckpoint } from "./status";

export async function read(context: Context, id: string, olds: Partial<CheckpointOutputs>) {
    const target = await targetOf(context, olds);
    if (!isStored(olds)) return get(context, target, id, olds);
    if (olds.status === EXPIRED)
        return olds.recreateWhenExpired === true ? undefined : { id, outputs: expiredOutputs(olds) };
    if (isFinalCheckpoint(olds.status) && olds.backups.length > 0) {
        const rows = await sharedRows(context, target, {
            checkpointId: id,
            vaultId: olds.vault.id,
            createdAt: olds.createdAt,
        });
        if (rows !== undefined && unchanged(olds, rows)) return { id, outputs: olds };
    }
    const outputs = await observe(context, target, id, olds);
    if (outputs === undefined) {
        if (olds.recreateWhenExpired === true) {
            context.log.warn(`restore point ${id} is no longer in the cloud; the next \`pulumi up\` takes a new one`);
            return undefined;
        }
        context.log.warn(
            `restore point ${id} is no longer in the cloud (expired, or deleted by hand); kept in state as ` +
                `expired. Change \`triggers\` to take a new one, or set \`recreateWhenExpired: true\`.`,
        );
        return { id, outputs: expiredOutputs(olds) };
    }
    const before = new Set(olds.backups.filter((one) => one.status === EXPIRED).map((one) => one.id));
    const lost = outputs.backups.filter((one) => one.status === EXPIRED && !before.has(one.id));
    if (lost.length > 0)
        context.log.warn(
            `restore point ${id}: ${lost.length} of ${olds.backups.length} backups are no longer in the ` +
                `cloud: ${lost.map((one) => one.id).join(", ")}`,
        );
    return { id, outputs };
}

function isStored(olds: Partial<CheckpointOutputs>): olds is CheckpointOutputs {
    return olds.checkpointId !== undefined && olds.backups !== undefined && olds.status !== undefined;
}

/**
 * Does the list show just the backups that state knows, as state knows them? Then nothing happened, and no GET is
 * needed.
 */
function unchanged(olds: CheckpointOutputs, rows: readonly WireBackup[]): boolean {
    const known = new Map(olds.backups.filter((one) => one.status !== EXPIRED).map((one) => [one.id, one]));
    if (rows.length !== known.size) return false;
    return rows.every((row) => {
        const one = known.get(row.id);
        return one !== undefined && one.status === row.status && one.expiredAt === toBackup(row).expiredAt;
    });
}

/** `Checkpoint.get`: everything comes from the cloud. */
async function get(context: Context, target: ProjectRef, id: string, given: Partial<CheckpointOutputs>) {
    const { checkpoint: wire } = await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } });
    const expected = (wire.vault?.resources ?? []).map((one) => one.id);
    const rows = await backupsOfCheckpoint(context, target, { checkpointId: id, expected });
    refuseGone(target, wire, rows);
    const inputs = { ...given, vaultId: given.vaultId ?? wire.vault?.id ?? "" } as CheckpointInputs;
    const outputs = toOutputs(inputs, target, { wire, rows }, { description: wire.extra_info?.description });
    return { id, outputs: { ...outputs, vaultId: wire.vault?.id ?? inputs.vaultId } };
}

/**
 * A restore point that has been deleted, or has lost its last backup, may still be shown for a while (api-notes: Gone
 * restore points).
 */
export function refuseGone(target: ProjectRef, wire: WireCheckpoint, rows: readonly WireBackup[]): void {
    const isEmpty = rows.length === 0 && isFinalCheckpoint(wire.status);
    if (!isEmpty && !isGoneCheckpoint(wire.status)) return;
    throw new OperationFailedError(
        `restore point ${wire.id} in ${target.region}, project ${target.projectId}, is gone: it ` +
            `${isEmpty ? "has no backups left" : `has status ${wire.status}`}.`,
    );
}

/** What the cloud says now; undefined when it says that this very checkpoint is no more. */
export async function observe(
    context: Context,
    target: ProjectRef,
    id: string,
    known: CheckpointOutputs,
): Promise<CheckpointOutputs | undefined> {
    let wire: WireCheckpoint;
    try {
        wire = (await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } })).checkpoint;
    } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        throw error;
    }
    if (isGoneCheckpoint(wire.status)) return undefined;
    const kept = known.backups.filter((one) => one.status !== EXPIRED);
    const backedUp = kept.map((one) => one.resourceId).filter((one) => one !== undefined);
    const expected = backedUp.length > 0 ? backedUp : (wire.vault?.resources ?? []).map((one) => one.id);
    const listed = await backupsOfCheckpoint(context, target, { checkpointId: id, expected });
    // A list may lag behind or hide rows: only the API's word about this very backup makes it gone.
    const seen = new Set(listed.map((row) => row.id));
    const unlisted = await Promise.all(
        kept.filter((one) => !seen.has(one.id)).map((one) => readBackup(context, target, one.id)),
    );
    const rows = [...listed, ...unlisted.filter((row) => row !== undefined)];
    // An existing checkpoint without a backup is gone (api-notes: Gone restore points), unless it never had one.
    if (rows.length === 0 && isFinalCheckpoint(wire.status) && known.backups.length > 0) return undefined;
    return toOutputs(known, target, { wire, rows }, known);
}
