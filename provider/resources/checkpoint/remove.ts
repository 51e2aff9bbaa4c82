/** What becomes of a restore point's backups when the resource goes. */
import type { ProjectRef } from "../../client/client";
import { NotFoundError, PartialCreateError } from "../../client/errors/errors";
import { showCheckpoint } from "../../client/operations";
import { backupsOfCheckpoint } from "../../reads/checkpoint-lists";
import { deleteBackups } from "../../reads/delete-backups";
import { deadlineOf, EXPIRED } from "../../resource/resource";
import type { Context } from "../../services/context";
import { namesOf } from "../../services/holders";
import type { CheckpointOutputs } from "./checkpoint";
import { isFinalCheckpoint, isGoneCheckpoint, isGoodBackup } from "./status";
import { UNLISTED_MS, waitForCheckpoint } from "./wait";

/** 30 min: CBR's predecessor documents as much for one deletion. */
const DELETE_BUDGET_MS = 30 * 60_000;

export async function remove(context: Context, id: string, olds: CheckpointOutputs): Promise<void> {
    const known = (olds.backups ?? []).filter((one) => one.status !== EXPIRED);
    if (olds.deletionPolicy !== "delete") {
        if (olds.status === EXPIRED) return;
        const what =
            known.length === 0
                ? "its backups stay"
                : `${known.length === 1 ? "backup" : "backups"} ${known.map((one) => one.id).join(", ")} ` +
                  `${known.length === 1 ? "stays" : "stay"}`;
        context.log.info(
            `retained restore point ${id}: ${what} in vault ${olds.vaultId} and ` +
                `${known.length === 1 ? "costs" : "cost"} money until deleted`,
        );
        return;
    }
    if (olds.unproven === true) {
        context.log.info(
            `retained restore point ${id} in vault ${olds.vaultId}: the answer to its request was lost, ` +
                "and nothing but its name and time says that it is this resource's. It costs money until deleted.",
        );
        return;
    }
    if (mustStay(context, id, olds)) return;
    const target = await context.client.target(olds.region, olds.projectId);
    const deadline = deadlineOf(context, olds, "delete", DELETE_BUDGET_MS);
    // What its replacement skipped has its last backup here.
    const stays = (resourceId: string | undefined) =>
        resourceId !== undefined && context.holders.isLacking(context.urn, resourceId);
    const last = known.filter((one) => isGoodBackup(one.status) && stays(one.resourceId)).map((one) => one.id);
    if (last.length > 0)
        context.log.info(
            `retained ${last.length} of ${known.length} backups of restore point ${id}: ` +
                `${last.join(", ")}. The restore point that takes its place has no good backup of the same ` +
                "resources; they cost money until deleted.",
        );
    let ids = known.map((one) => one.id);
    if (!isFinalCheckpoint(olds.status) || ids.length === 0) {
        // State does not know them all: a running backup cannot be cancelled, so wait for it, then ask.
        if (!(await untilDeletable(context, target, olds, deadline))) return;
        ids = await listedIds(context, target, olds, deadline);
        if (ids.length === 0 && olds.status !== EXPIRED)
            context.log.warn(
                `restore point ${id} is still there, but the cloud lists no backup of it: none was ` +
                    `deleted. Look for its backups in vault ${olds.vaultId}; what is there costs money until deleted.`,
            );
    }
    const goes = (one: string) => !last.includes(one);
    await deleteBackups(context, target, ids.filter(goes), deadline);
    const accounted = new Set(
        [...olds.backups, ...olds.skippedResources].map((one) => ("resourceId" in one ? one.resourceId : one.id)),
    );
    if (known.length === ids.length && known.length > 0 && olds.vault.resources.every((one) => accounted.has(one.id)))
        return;
    const left = await backupsOfCheckpoint(context, target, { checkpointId: id, expected: [] }, { deadline });
    await deleteBackups(context, target, left.map((row) => row.id).filter(goes), deadline);
}

/** Another resource rests on it, or that cannot be known. */
function mustStay(context: Context, id: string, olds: CheckpointOutputs): boolean {
    const { holders, urn } = context;
    const isBlind = holders.isBlind(urn);
    const others = holders.leave(urn, id, [id]).get(id);
    if (others === undefined && !isBlind) return false;
    const why =
        others === undefined
            ? "this run looks at some resources only, and this machine does not know what the others of the " +
              "stack rest on"
            : `${namesOf(others)} rests on it`;
    context.log.info(`retained restore point ${id} in vault ${olds.vaultId}: ${why}; it costs money until deleted`);
    return true;
}

/** A list may lag: it is given time to show a backup of a restore point that is still there. */
async function listedIds(
    context: Context,
    target: ProjectRef,
    olds: CheckpointOutputs,
    deadline: number,
): Promise<string[]> {
    const { clock } = context;
    const expected = olds.vault.resources.map((one) => one.id);
    const until = Math.min(deadline, clock.now() + UNLISTED_MS);
    for (let pause = 1_000; ; pause = Math.min(pause * 2, 15_000)) {
        const rows = await backupsOfCheckpoint(
            context,
            target,
            { checkpointId: olds.checkpointId, expected },
            { deadline },
        );
        const isAll = rows.length > 0 || expected.length === 0 || olds.status === EXPIRED;
        if (isAll || clock.now() + pause >= until) return rows.map((row) => row.id);
        await clock.sleep(pause, context.signal);
    }
}

/** False when there is nothing left to delete. */
async function untilDeletable(
    context: Context,
    target: ProjectRef,
    olds: CheckpointOutputs,
    deadline: number,
): Promise<boolean> {
    try {
        const { checkpoint: wire } = await context.client.call(showCheckpoint, {
            target,
            path: { checkpoint_id: olds.checkpointId },
            deadline,
        });
        if (isGoneCheckpoint(wire.status)) return false;
        if (!isFinalCheckpoint(wire.status))
            await waitForCheckpoint(context, {
                target,
                inputs: olds,
                begun: { ...olds, status: wire.status },
                deadline,
            });
        return true;
    } catch (error) {
        if (error instanceof NotFoundError) return false;
        if (error instanceof PartialCreateError && (error.outputs as CheckpointOutputs).status === EXPIRED)
            return false;
        throw error;
    }
}
