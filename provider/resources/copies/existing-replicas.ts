/** Replicas as their own region shows them: whether they can be read, and which one was there before. */

import type { ProjectRef } from "../../client/client";
import { WaitTimeoutError } from "../../client/errors/errors";
import type { WireBackup } from "../../client/operations";
import { parseInstant, queryInstant } from "../../client/time/timestamps";
import { incrementalRowsWithRecords, readBackup } from "../../reads/backup-lists";
import type { Context, Services } from "../../services/context";
import { replicasIn } from "./destination-replicas";

/** How long a replica that is said to be there may be unknown in its region, in milliseconds. */
const REPLICA_GRACE_MS = 120_000;
/** The list of replicas begins this much earlier than the request, in milliseconds. */
const LIST_SLACK_MS = 60_000;
/** Up to this many replicas that a list does not show are read one by one. */
const SINGLE_READS = 2;

/** Where replicas are. */
export interface ReplicaLocation {
    readonly destination: ProjectRef;
    readonly destinationVaultId: string;
}

/** From where to where. */
export interface CopyRoute extends ReplicaLocation {
    readonly source: ProjectRef;
}

const isSettled = (row: WireBackup): boolean => row.status === "available" || row.status === "error";

/**
 * Waits until each of the replicas is `available` or in `error`. One that does not exist is given two minutes, and is
 * then missing from the answer; one that is on its way, until the deadline, which ends all with an error. With `since`
 * (clock time) one list for all a look, and single reads for what it does not show.
 */
export async function waitForReplicas(
    context: Context,
    location: ReplicaLocation,
    ids: readonly string[],
    options: { readonly deadline: number; readonly since?: number; readonly said?: string },
): Promise<Map<string, WireBackup>> {
    const { clock } = context;
    const { destination } = location;
    const { deadline, since, said = "its record says success" } = options;
    const graceEnds = clock.now() + REPLICA_GRACE_MS;
    const settled = new Map<string, WireBackup>();
    let open = [...new Set(ids)];
    let seen = "";
    const outOfTime = () =>
        new WaitTimeoutError(`${seen}, although ${said}. Run \`pulumi up\` again to look once more.`);
    for (let pause = 500; ; pause = Math.min(pause * 2, 15_000)) {
        const left: string[] = [];
        let first = "";
        try {
            const rows =
                since === undefined
                    ? new Map<string, WireBackup>()
                    : await listedReplicas(context, location, open, { since, deadline });
            for (const id of open) {
                const row = rows.get(id) ?? (await readBackup(context, destination, id, deadline));
                if (row !== undefined && isSettled(row)) settled.set(id, row);
                else if (row !== undefined || clock.now() + pause < graceEnds) {
                    left.push(id);
                    first ||=
                        `replica ${id} in ${destination.region} ` +
                        `${row === undefined ? "does not exist" : `has status ${row.status}`}`;
                }
            }
        } catch (error) {
            // What an earlier read told says more than that there is no time for another one.
            throw error instanceof WaitTimeoutError && seen !== "" ? outOfTime() : error;
        }
        open = left;
        seen = first;
        if (open.length === 0) return settled;
        if (clock.now() + pause >= deadline) throw outOfTime();
        await clock.sleep(pause, context.signal);
    }
}

/**
 * The replicas of a vault made since the request, by id; when many of those asked for are not among them, also those
 * that a list leaves out.
 */
async function listedReplicas(
    services: Services,
    { destination, destinationVaultId }: ReplicaLocation,
    ids: readonly string[],
    { since, deadline }: { readonly since: number; readonly deadline: number },
): Promise<Map<string, WireBackup>> {
    const from = since + services.client.serverOffsetMs(destination.region) - LIST_SLACK_MS;
    const listed = await replicasIn(services, destination, destinationVaultId, { from, deadline });
    const rows = new Map(listed.map((row) => [row.id, row]));
    if (ids.filter((id) => !rows.has(id)).length <= SINGLE_READS) return rows;
    const query = { vault_id: destinationVaultId, start_time: queryInstant(from) };
    for (const row of await incrementalRowsWithRecords(services, destination, query, { priority: "poll", deadline }))
        rows.set(row.id, row);
    return rows;
}

/** A copy that the cloud skipped. */
interface Skipped {
    readonly backupId: string;
    readonly destinationBackupId?: string | undefined;
    /** The name asked for. */
    readonly name?: string | undefined;
}

/**
 * For a copy that the cloud skipped: the replica that is already there. By the ids that records name, else by resource
 * and name: one of another name may be a copy of any other backup of the resource.
 */
export async function existingReplica(
    services: Services,
    { source, destination, destinationVaultId }: CopyRoute,
    copy: Skipped,
    deadline?: number,
): Promise<WireBackup | undefined> {
    const read = (id: string) => readBackup(services, destination, id, deadline);
    const own = copy.destinationBackupId === undefined ? undefined : await read(copy.destinationBackupId);
    if (own?.status === "available") return own;
    const original = await readBackup(services, source, copy.backupId, deadline);
    const ids = replicaIds(original, destination.region).filter((id) => id !== copy.destinationBackupId);
    let readable = own;
    for (const id of ids) {
        const row = await read(id);
        if (row?.status === "available") return row;
        readable ??= row;
    }
    if (readable !== undefined || ids.length > 0 || copy.destinationBackupId !== undefined) return readable;
    if (original?.resource_id === undefined) return undefined;
    const options = { resourceId: original.resource_id, ...(deadline === undefined ? {} : { deadline }) };
    const listed = await replicasIn(services, destination, destinationVaultId, options);
    const owners = services.memory.replicaOwners;
    const candidates = listed.filter(
        (row) =>
            row.resource_id === original.resource_id &&
            row.status !== "error" &&
            row.name !== undefined &&
            (row.name === copy.name || row.name === original.name) &&
            (owners.get(row.id) ?? original.id) === original.id,
    );
    const good = candidates.filter((row) => row.status === "available");
    const likely = good.length > 0 ? good : candidates;
    return likely.length === 1 ? likely[0] : undefined;
}

/** As `existingReplica`; one that is still on its way is waited for. */
export async function waitForExistingReplica(
    context: Context,
    route: CopyRoute,
    copy: Skipped,
    deadline: number,
): Promise<WireBackup | undefined> {
    const row = await existingReplica(context, route, copy, deadline);
    if (row === undefined || isSettled(row)) return row;
    const said = "the cloud skipped the copy because of it";
    return (await waitForReplicas(context, route, [row.id], { deadline, said })).get(row.id);
}

/** Replicas that the backup's records name in a region, the newest first. */
function replicaIds(backup: WireBackup | undefined, region: string): string[] {
    const begun = (text: string | undefined) => parseInstant(text) ?? 0;
    return [...(backup?.replication_records ?? [])]
        .filter((record) => (record.destination_region ?? region) === region)
        .sort((a, b) => begun(b.created_at) - begun(a.created_at))
        .map((record) => record.destination_backup_id)
        .filter((id) => id !== undefined);
}
