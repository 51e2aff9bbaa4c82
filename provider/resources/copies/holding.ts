/** What copies rest on, and which replicas may be deleted: none that another resource rests on. */
import type { WireBackup } from "../../client/operations";
import { parseInstant } from "../../client/time/timestamps";
import { allBackupRows, readBackup } from "../../reads/backup-lists";
import { EXPIRED } from "../../resource/resource";
import type { Context } from "../../services/context";
import { type Holding, namesOf } from "../../services/holders";
import { type CopyOptions, isOtherAccounts } from "./copy-options";

/** A region has one replica of a backup: two resources that name both mean the same replica. */
export const copyKey = (backupId: string, region: string): string => `copy of backup ${backupId} in ${region}`;
export const checkpointCopiesKey = (id: string, region: string): string => `copies of restore point ${id} in ${region}`;
/** A run copies what has no replica yet, and so rests on the replicas that were there. */
export const vaultCopiesKey = (vaultId: string, region: string): string => `copies of vault ${vaultId} in ${region}`;

export interface CopyRef {
    readonly backupId: string;
    readonly destinationBackupId?: string | undefined;
    readonly status?: string | undefined;
}

/** `requestedAt` tells two makings apart whose ids are made of the inputs. */
export function copyHolding(
    id: string,
    outputs: { readonly destinationRegion: string; readonly requestedAt?: string },
    copies: readonly CopyRef[],
    keys: readonly string[] = [],
): Holding {
    const standing = copies.filter((one) => one.destinationBackupId !== undefined && one.status !== EXPIRED);
    return {
        identity: `${id}#${outputs.requestedAt ?? ""}`,
        keys: [
            ...standing.map((one) => one.destinationBackupId ?? ""),
            ...standing.map((one) => copyKey(one.backupId, outputs.destinationRegion)),
            ...keys,
        ],
    };
}

/** A replica that its resource would delete. */
export interface Replica {
    readonly id: string;
    /** The source backup. */
    readonly backupId: string;
}

export interface Leaving {
    readonly identity: string;
    readonly region: string;
    readonly projectId: string;
    readonly destinationRegion: string;
    readonly destinationProjectId: string;
    readonly destinationVaultId: string;
    /** Vault of the source backups, where known. */
    readonly sourceVaultId?: string | undefined;
    /** A set that is replaced keeps replicas of which its replacement has no newer ones. */
    readonly isSet: boolean;
}

/** The ids of those replicas that may be deleted; says of the others why they stay. */
export async function deletableReplicas(
    context: Context,
    leaving: Leaving,
    replicas: readonly Replica[],
    deadline: number,
): Promise<readonly string[]> {
    const { holders, urn } = context;
    const { destinationRegion: region } = leaving;
    const isBlind = holders.isBlind(urn);
    const keysOf = (one: Replica) => [one.id, copyKey(one.backupId, region)];
    const held = holders.leave(urn, leaving.identity, replicas.flatMap(keysOf));
    const holdersOf = (one: Replica) => keysOf(one).flatMap((key) => held.get(key) ?? []);
    const rested = replicas.filter((one) => holdersOf(one).length > 0);
    if (rested.length > 0)
        say(
            context,
            leaving,
            rested,
            `${namesOf(rested.flatMap(holdersOf))} rests on ${rested.length === 1 ? "it" : "them"}`,
        );
    const free = replicas.filter((one) => !rested.includes(one));
    if (isBlind && free.length > 0) {
        say(
            context,
            leaving,
            free,
            "this run looks at some resources only, and this machine does not know what the others of the " +
                "stack rest on",
        );
        return [];
    }
    const watched = await seenByRuns(context, leaving, free, deadline);
    const going = new Set(await superseded(context, leaving, watched, deadline));
    return free.filter((one) => !watched.includes(one) || going.has(one.id)).map((one) => one.id);
}

function say(context: Context, leaving: Leaving, replicas: readonly Replica[], why: string): void {
    const { destinationRegion, destinationVaultId } = leaving;
    const what = replicas.length === 1 ? "replica" : `${replicas.length} replicas`;
    context.log.info(
        `retained ${what} in ${destinationRegion}, vault ${destinationVaultId}: ` +
            `${replicas.map((one) => one.id).join(", ")}. ` +
            `${why.charAt(0).toUpperCase()}${why.slice(1)}; what stays costs money until deleted.`,
    );
}

/** Those whose source vault a run of another resource, or of this one's replacement, copies to the same region. */
async function seenByRuns(
    context: Context,
    leaving: Leaving,
    replicas: readonly Replica[],
    deadline: number,
): Promise<readonly Replica[]> {
    const { holders, urn } = context;
    const { destinationRegion: region, sourceVaultId } = leaving;
    if (replicas.length === 0) return [];
    if (leaving.isSet && holders.replacementOf(urn, leaving.identity) !== undefined) return replicas;
    const runs = new Set(holders.othersKeys(urn, /^copies of vault /));
    const ofRegion = [...runs].filter((key) => key.endsWith(` in ${region}`));
    if (ofRegion.length === 0) return [];
    if (sourceVaultId !== undefined) return runs.has(vaultCopiesKey(sourceVaultId, region)) ? replicas : [];
    const source = { region: leaving.region, projectId: leaving.projectId };
    const vaults = await Promise.all(replicas.map((one) => readBackup(context, source, one.backupId, deadline)));
    // Of a backup that is gone no run can say that it has its replica.
    return replicas.filter((_, at) => runs.has(vaultCopiesKey(vaults[at]?.vault_id ?? "", region)));
}

/** Of these, the ones of which the vault has a newer good replica of the same server or disk. */
async function superseded(
    context: Context,
    leaving: Leaving,
    replicas: readonly Replica[],
    deadline: number,
): Promise<readonly string[]> {
    if (replicas.length === 0) return [];
    const destination = { region: leaving.destinationRegion, projectId: leaving.destinationProjectId };
    const rows = await allBackupRows(context, destination, leaving.destinationVaultId, { deadline });
    rows.push(...(await replacementRows(context, leaving, deadline)));
    const own = new Set(replicas.map((one) => one.id));
    const newest = new Map<string, number>();
    for (const row of rows) {
        if (own.has(row.id) || row.status !== "available" || row.resource_id === undefined) continue;
        const made = parseInstant(row.created_at) ?? 0;
        newest.set(row.resource_id, Math.max(made, newest.get(row.resource_id) ?? 0));
    }
    const going: string[] = [];
    for (const { id } of replicas) {
        const row = rows.find((one) => one.id === id) ?? (await readBackup(context, destination, id, deadline));
        const newer = newest.get(row?.resource_id ?? "") ?? Number.NEGATIVE_INFINITY;
        // One that is no good, or no longer there, is nothing to lose.
        if (row?.status !== "available" || newer >= (parseInstant(row.created_at) ?? 0)) going.push(id);
    }
    const kept = replicas.filter((one) => !going.includes(one.id));
    if (kept.length > 0) say(context, leaving, kept, "nothing newer and good of the same resources is there");
    return going;
}

/** What the vault has that the replacement copies to, if that is another one, and can be read. */
async function replacementRows(context: Context, leaving: Leaving, deadline: number): Promise<WireBackup[]> {
    const news = context.holders.declaredInputs(context.urn) as (Partial<Leaving> & CopyOptions) | undefined;
    if (news?.destinationRegion === undefined || news.destinationVaultId === undefined) return [];
    if (news.destinationVaultId === leaving.destinationVaultId || isOtherAccounts(news)) return [];
    const target = await context.client.target(news.destinationRegion, news.destinationProjectId);
    return allBackupRows(context, target, news.destinationVaultId, { deadline });
}
