/** The restore point whose backups are to be copied: waited for, and asked for its good backups. */
import type { ProjectRef } from "../../client/client";
import { NotFoundError, OperationFailedError } from "../../client/errors/errors";
import { showCheckpoint, type WireBackup, type WireCheckpoint } from "../../client/operations";
import { backupsOfCheckpoint, checkpointTopic } from "../../reads/checkpoint-lists";
import { showProgress } from "../../reads/poller";
import type { Context } from "../../services/context";
import { isFinalCheckpoint, isGoneCheckpoint } from "../checkpoint/status";
import { UNLISTED_MS } from "../checkpoint/wait";

const isRunning = (status: string): boolean => status === "protecting" || status === "waiting_protect";

/**
 * The good backups of the restore point, which is waited for: one that still runs would otherwise be left out unseen.
 */
export async function finishedBackups(
    context: Context,
    source: ProjectRef,
    id: string,
    deadline: number,
): Promise<{ checkpoint: WireCheckpoint; backups: WireBackup[] }> {
    let unlistedSince: number | undefined;
    let unlisted: string[] = [];
    const look = async () => {
        const checkpoint = await show(context, source, id, deadline);
        const running = { checkpoint, rows: undefined, status: checkpoint.status };
        if (!isFinalCheckpoint(checkpoint.status)) return running;
        const expected = expectedResources(checkpoint);
        const rows = await backupsOfCheckpoint(context, source, { checkpointId: id, expected }, { deadline });
        if (rows.some((row) => isRunning(row.status))) return running;
        unlisted = expected.filter((one) => !rows.some((row) => row.resource_id === one));
        if (unlisted.length === 0 && rows.length > 0) return { checkpoint, rows };
        // The list may be a moment late: what it does not show yet would be left out unseen.
        unlistedSince ??= context.clock.now();
        if (context.clock.now() - unlistedSince >= UNLISTED_MS) return { checkpoint, rows };
        return { ...running, status: `${checkpoint.status}, ${rows.length} of ${expected.length} backups listed yet` };
    };
    const first = await look();
    const rows = first.rows ?? (await waitUntilFinished(first.checkpoint));
    const good = rows.filter((row) => row.status === "available");
    const others = rows.filter((row) => row.status !== "available").map((row) => `${row.id} (${row.status})`);
    if (good.length === 0) throw new OperationFailedError(`${nothingToCopy(id, source, rows)}.`);
    if (others.length > 0)
        context.log.warn(
            `restore point ${id}: not copied, because only available backups can be: ${others.join(", ")}`,
        );
    if (unlisted.length > 0)
        context.log.warn(
            `restore point ${id}: not copied, because no backup of them is listed: ` +
                `${unlisted.map((one) => `resource ${one}`).join(", ")}`,
        );
    return { checkpoint: first.checkpoint, backups: good };

    function waitUntilFinished(begun: WireCheckpoint): Promise<WireBackup[]> {
        return context.poller.wait({
            topic: checkpointTopic(context, source),
            question: { checkpointId: id, vaultId: begun.vault?.id, createdAt: begun.created_at },
            what: `restore point ${id}, which has to finish before its backups can be copied`,
            deadline,
            onLook: (status, ...rest) =>
                showProgress(context.log, "restore points that are waited for")(`restore point: ${status}`, ...rest),
            evaluate: async (listed) => {
                const running = listed?.find((row) => isRunning(row.status));
                if (running !== undefined) return { done: false, status: running.status };
                const seen = await look();
                if (seen.rows === undefined) return { done: false, status: seen.status };
                return { done: true, result: seen.rows };
            },
        });
    }
}

/** Of a restore point without an available backup. */
export function nothingToCopy(id: string, { region }: ProjectRef, rows: readonly WireBackup[]): string {
    const those = rows.map((row) => `${row.id} (${row.status})`).join(", ");
    return `restore point ${id} in ${region} has no backup that could be copied${those === "" ? "" : `: ${those}`}`;
}

/** Each resource that was backed up has a backup. */
export function expectedResources(checkpoint: WireCheckpoint): string[] {
    const { resources = [], skipped_resources: skipped = [] } = checkpoint.vault ?? {};
    return resources.map((one) => one.id).filter((id) => !skipped.some((one) => one.id === id));
}

async function show(context: Context, source: ProjectRef, id: string, deadline: number): Promise<WireCheckpoint> {
    const path = { checkpoint_id: id };
    try {
        const { checkpoint } = await context.client.call(showCheckpoint, { target: source, path, deadline });
        if (!isGoneCheckpoint(checkpoint.status)) return checkpoint;
    } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
    }
    throw new OperationFailedError(
        `there is no restore point ${id} in ${source.region}, project ${source.projectId}: check ` +
            "checkpointId, region and projectId.",
    );
}
