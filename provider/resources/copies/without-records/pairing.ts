/** Whose replica it is, on a cloud that keeps no replication records: replicas name neither their source nor their task (api-notes: Clouds without records). */

import type { ProjectRef } from "../../../client/client";
import type { WireBackup, WireOperationLog } from "../../../client/operations";
import { parseInstant } from "../../../client/time/timestamps";
import { backupRows, groupBy, type ListOptions } from "../../../reads/backup-lists";
import type { Services } from "../../../services/context";
import type { Copy } from "../destination-replicas";
import { hasFailed } from "./tasks";

/** Replicas that this process has seen to be a backup's, by replica id: what is one backup's is never another's. */
const replicaOwners = new WeakMap<object, Map<string, string>>();

export function ownersOf(services: Services): Map<string, string> {
    const owners = replicaOwners.get(services.client) ?? new Map<string, string>();
    replicaOwners.set(services.client, owners);
    return owners;
}

/** A copy whose replica is looked for in the destination vault. */
export interface OpenCopy {
    readonly copy: Copy;
    readonly source: WireBackup | undefined;
    /** On the destination region's clock. */
    readonly begun: number;
    readonly task: WireOperationLog | undefined;
    /** Its POST was lost: it may never have begun. */
    readonly isLost?: boolean;
}

/** Is this replica named like another backup of its resource? Asks for these names only when a replica with an unexpected name is there. */
export async function namesOfOthers(
    services: Services,
    source: ProjectRef,
    open: readonly OpenCopy[],
    replicas: readonly WireBackup[],
    options: ListOptions,
): Promise<(row: WireBackup, own: WireBackup) => boolean> {
    const expected = new Map(
        [...groupBy(open, (one) => one.source?.resource_id)].map(([resource, group]) => [
            resource,
            new Set(group.map((one) => one.copy.name ?? one.source?.name)),
        ]),
    );
    const isOdd = (row: WireBackup) => expected.get(row.resource_id ?? "")?.has(row.name) === false;
    if (!replicas.some(isOdd)) return () => false;
    const rows: WireBackup[] = [];
    for (const { resource_id, name } of new Map(
        replicas.filter(isOdd).map((row) => [JSON.stringify([row.resource_id, row.name]), row]),
    ).values())
        if (name !== undefined) rows.push(...(await backupRows(services, source, { resource_id, name }, options)));
    return (row, own) =>
        row.name !== undefined &&
        rows.some((one) => one.id !== own.id && one.resource_id === own.resource_id && one.name === row.name);
}

/** What else is known of the replicas in a vault. */
interface Others {
    /** Backups that replicas were seen to be of, by replica id. */
    readonly owners: ReadonlyMap<string, string>;
    readonly isOthers: (row: WireBackup, own: WireBackup) => boolean;
    /** Tasks that ended well and are none of ours. */
    readonly foreign: readonly WireOperationLog[];
    /** From the source region's clock to the destination's, in milliseconds. */
    readonly shift: number;
}

/** A replica appears when its task begins or ends: each task gets the one nearest to it in time. By task id. */
function nearest(
    tasks: readonly WireOperationLog[],
    rows: readonly WireBackup[],
    shift: number,
): Map<string, WireBackup> {
    const pairs = tasks.flatMap((task) => {
        const instants = [parseInstant(task.ended_at), parseInstant(task.started_at ?? task.created_at)];
        return rows.map((row) => {
            const made = parseInstant(row.created_at) ?? 0;
            const gaps = instants
                .filter((instant) => instant !== undefined)
                .map((instant) => Math.abs(instant + shift - made));
            return { task, row, gap: Math.min(...gaps) };
        });
    });
    const match = new Map<string, WireBackup>();
    const taken = new Set<WireBackup>();
    for (const { task, row } of pairs.sort((a, b) => a.gap - b.gap)) {
        if (match.has(task.id) || taken.has(row)) continue;
        match.set(task.id, row);
        taken.add(row);
    }
    return match;
}

/**
 * Which replica is whose: same resource and same name; a replica of another name only where that name is no other
 * backup's. As long as several copies could have made it, it is nobody's: else one would claim, and one day delete,
 * what another one made. Each replica belongs to one copy only, over all that wait for the vault.
 */
export function pairReplicas(
    open: readonly OpenCopy[],
    replicas: readonly WireBackup[],
    others: Others,
    paired: Map<Copy, WireBackup>,
): void {
    const { owners, isOthers, foreign, shift } = others;
    const instant = (text: string | undefined) => parseInstant(text) ?? 0;
    const free = new Set([...replicas].sort((a, b) => instant(a.created_at) - instant(b.created_at)));
    // What another task made is not the replica of a copy that may never have begun.
    const isElse = (row: WireBackup, one: OpenCopy) => {
        if (one.isLost !== true || one.task !== undefined) return false;
        const ofResource = replicas.filter((each) => each.resource_id === row.resource_id);
        const tasks = foreign.filter((log) => log.extra_info?.resource?.id === row.resource_id);
        return [...nearest(tasks, ofResource, shift).values()].includes(row);
    };
    const ended = ({ task }: OpenCopy) => task?.status === "success";
    const runs = (one: OpenCopy) => one.task !== undefined && !ended(one);
    const endOf = ({ task, source }: OpenCopy) => instant(task?.ended_at ?? source?.created_at);
    const pair = (
        nameOf: (one: OpenCopy, own: WireBackup) => string | undefined,
        fits: (row: WireBackup, one: OpenCopy, own: WireBackup) => boolean,
    ) => {
        // What ended badly has made nothing.
        const waiting = open.filter(({ copy, task }) => !paired.has(copy) && !hasFailed(task));
        const rivals = groupBy(waiting, (one) =>
            one.source?.resource_id === undefined
                ? undefined
                : JSON.stringify([one.source.resource_id, nameOf(one, one.source)]),
        );
        for (const group of rivals.values()) {
            const isFor = (row: WireBackup, one: OpenCopy) =>
                one.source !== undefined &&
                row.resource_id === one.source.resource_id &&
                (parseInstant(row.created_at) ?? one.begun) >= one.begun &&
                (owners.get(row.id) ?? one.copy.backupId) === one.copy.backupId &&
                !isElse(row, one) &&
                fits(row, one, one.source);
            const rows = [...free].filter((row) => group.some((one) => isFor(row, one)));
            // A replica may be listed before its copy has ended: while one runs, only finished ones can be those of the ended.
            const isOpen = group.some(runs) || rows.length < group.length;
            const choice = isOpen ? rows.filter((row) => row.status === "available" || row.status === "error") : rows;
            const sure = isOpen ? group.filter(ended) : group;
            if (choice.length < sure.length) continue;
            const take = (one: OpenCopy, row: WireBackup | undefined) => {
                if (row === undefined || !free.has(row)) return;
                paired.set(one.copy, row);
                free.delete(row);
            };
            const tasks = sure.map((one) => one.task).filter((task) => task !== undefined);
            if (tasks.length === sure.length) {
                const resource = sure[0]?.source?.resource_id;
                const rest = foreign.filter((log) => log.extra_info?.resource?.id === resource);
                const match = nearest([...tasks, ...rest], choice, shift);
                for (const one of sure) {
                    const row = match.get(one.task?.id ?? "");
                    take(one, row !== undefined && isFor(row, one) ? row : undefined);
                }
            } else {
                for (const one of [...sure].sort((a, b) => endOf(a) - endOf(b)))
                    take(
                        one,
                        choice.find((each) => free.has(each) && isFor(each, one)),
                    );
            }
        }
    };
    pair(
        ({ copy }, own) => copy.name ?? own.name,
        (row, { copy }, own) => row.name !== undefined && row.name === (copy.name ?? own.name),
    );
    pair(
        () => undefined,
        (row, { copy }, own) => copy.name === undefined && !isOthers(row, own),
    );
}
