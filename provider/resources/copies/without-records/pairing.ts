/**
 * Whose replica it is, on a cloud that keeps no replication records: replicas name neither their source nor their task
 * (api-notes: Clouds without records).
 */

import type { ProjectRef } from "../../../client/client";
import type { WireBackup, WireOperationLog } from "../../../client/operations";
import { parseInstant } from "../../../client/time/timestamps";
import { backupRows, groupBy, type ListOptions } from "../../../reads/backup-lists";
import type { Services } from "../../../services/context";
import type { Copy } from "../destination-replicas";
import { hasFailed } from "./tasks";

/** The project that copies are looked for in. */
export interface SourceLook {
    readonly services: Services;
    readonly source: ProjectRef;
    readonly options: ListOptions;
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

/**
 * Is this replica named like another backup of its resource? Asks for these names only when a replica with an
 * unexpected name is there.
 */
export async function namesOfOthers(
    { services, source, options }: SourceLook,
    open: readonly OpenCopy[],
    replicas: readonly WireBackup[],
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
    const pairing = new Pairing(replicas, others, paired);
    pairing.pair(
        open,
        ({ copy }, own) => copy.name ?? own.name,
        (row, { copy }, own) => row.name !== undefined && row.name === (copy.name ?? own.name),
    );
    pairing.pair(
        open,
        () => undefined,
        (row, { copy }, own) => copy.name === undefined && !others.isOthers(row, own),
    );
}

const instant = (text: string | undefined): number => parseInstant(text) ?? 0;
const hasEnded = ({ task }: OpenCopy): boolean => task?.status === "success";
const isRunning = (one: OpenCopy): boolean => one.task !== undefined && !hasEnded(one);
const endOf = ({ task, source }: OpenCopy): number => instant(task?.ended_at ?? source?.created_at);

/** May this replica be that of this copy? */
type IsFor = (row: WireBackup, one: OpenCopy) => boolean;

class Pairing {
    readonly #replicas: readonly WireBackup[];
    readonly #others: Others;
    readonly #paired: Map<Copy, WireBackup>;
    /** Replicas of no copy yet, the oldest first. */
    readonly #free: Set<WireBackup>;

    constructor(replicas: readonly WireBackup[], others: Others, paired: Map<Copy, WireBackup>) {
        this.#replicas = replicas;
        this.#others = others;
        this.#paired = paired;
        this.#free = new Set([...replicas].sort((a, b) => instant(a.created_at) - instant(b.created_at)));
    }

    /** Copies of one resource with one `nameOf` are rivals for the replicas that `fits` allows. */
    pair(
        open: readonly OpenCopy[],
        nameOf: (one: OpenCopy, own: WireBackup) => string | undefined,
        fits: (row: WireBackup, one: OpenCopy, own: WireBackup) => boolean,
    ): void {
        const { owners } = this.#others;
        const isFor: IsFor = (row, one) =>
            one.source !== undefined &&
            row.resource_id === one.source.resource_id &&
            (parseInstant(row.created_at) ?? one.begun) >= one.begun &&
            (owners.get(row.id) ?? one.copy.backupId) === one.copy.backupId &&
            !this.#isOfAnotherTask(row, one) &&
            fits(row, one, one.source);
        // What ended badly has made nothing.
        const waiting = open.filter(({ copy, task }) => !this.#paired.has(copy) && !hasFailed(task));
        const rivals = groupBy(waiting, (one) =>
            one.source?.resource_id === undefined
                ? undefined
                : JSON.stringify([one.source.resource_id, nameOf(one, one.source)]),
        );
        for (const group of rivals.values()) this.#pairRivals(group, isFor);
    }

    #pairRivals(group: readonly OpenCopy[], isFor: IsFor): void {
        const rows = [...this.#free].filter((row) => group.some((one) => isFor(row, one)));
        // A replica may be listed before its copy has ended: while one runs, only finished ones can be those of the
        // ended.
        const isOpen = group.some(isRunning) || rows.length < group.length;
        const choice = isOpen ? rows.filter((row) => row.status === "available" || row.status === "error") : rows;
        const sure = isOpen ? group.filter(hasEnded) : group;
        if (choice.length < sure.length) return;
        const tasks = sure.map((one) => one.task).filter((task) => task !== undefined);
        if (tasks.length === sure.length) {
            const resource = sure[0]?.source?.resource_id;
            const match = nearest([...tasks, ...this.#foreignOf(resource)], choice, this.#others.shift);
            for (const one of sure) {
                const row = match.get(one.task?.id ?? "");
                if (row !== undefined && isFor(row, one)) this.#take(one, row);
            }
            return;
        }
        for (const one of [...sure].sort((a, b) => endOf(a) - endOf(b)))
            this.#take(
                one,
                choice.find((each) => this.#free.has(each) && isFor(each, one)),
            );
    }

    #take({ copy }: OpenCopy, row: WireBackup | undefined): void {
        if (row === undefined || !this.#free.has(row)) return;
        this.#paired.set(copy, row);
        this.#free.delete(row);
    }

    /** What another task made is not the replica of a copy that may never have begun. */
    #isOfAnotherTask(row: WireBackup, { isLost, task }: OpenCopy): boolean {
        if (isLost !== true || task !== undefined) return false;
        const ofResource = this.#replicas.filter((each) => each.resource_id === row.resource_id);
        const tasks = this.#foreignOf(row.resource_id);
        return [...nearest(tasks, ofResource, this.#others.shift).values()].includes(row);
    }

    #foreignOf(resourceId: string | undefined): WireOperationLog[] {
        return this.#others.foreign.filter((log) => log.extra_info?.resource?.id === resourceId);
    }
}
