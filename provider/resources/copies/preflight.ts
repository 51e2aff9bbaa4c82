/** What a preview can tell of copies: whether the source can be copied, and the destination can take it. */
import type { ProjectRef } from "../../client/client";
import { ConfigError, messageOf } from "../../client/errors/errors";
import {
    showBackup,
    showCheckpoint,
    showReplicationCapabilities,
    type WireBackup,
    type WireCheckpoint,
    type WireVault,
} from "../../client/operations";
import { parseInstant } from "../../client/time/timestamps";
import { backupRows, fewBackupRowsWithRecords, readBackup } from "../../reads/backup-lists";
import {
    askOnce,
    backupsOf,
    type Found,
    find,
    infoOnce,
    isDefinite,
    isHybrid,
    look,
    note,
    noVault,
    protectType,
    targetOf,
    vaultOf,
    warnOnce,
} from "../../resource/preflight";
import { cloudAmong } from "../../resource/regions";
import type { Failure } from "../../resource/resource";
import { refuseSameRegion } from "../../resource/same-region";
import { fullReason, type Need, surelyFit, tightReason } from "../../resource/vault-capacity";
import type { Context } from "../../services/context";
import { isFinalCheckpoint } from "../checkpoint/status";
import { UNLISTED_MS } from "../checkpoint/wait";
import type { BackupReplicaInputs } from "./backup-replica";
import type { CheckpointReplicaInputs } from "./checkpoint-replica";
import { copyLine, estimateOf, sizesOf } from "./copy-estimate";
import { expectedResources, nothingToCopy } from "./finished-checkpoint";
import type { VaultReplicationInputs } from "./vault-replication";

/** Longer lists of backups are not read for what a row says, so that a vault costs one request. */
const MOST_ROWS = 1_000;
/** So many replicas that records name are looked at. */
const MOST_REPLICAS = 10;
/** Statuses of a backup that may be copied later, though not now. */
const PASSING = new Set(["available", "protecting", "waiting_protect", "restoring", "waiting_restore"]);

/** Only servers and, on Huawei Cloud, SFS Turbo can be copied (6122). */
const REPLICABLE = new Set(["server", "turbo"]);

/**
 * Why what is in this vault cannot be copied, if it cannot. `subject` is what was asked for, when that is not the
 * vault.
 */
function checkSource(property: string, vault: WireVault, subject = ""): Failure[] {
    const type = vault.billing?.object_type;
    const why =
        protectType(vault) === "replication"
            ? "a replication vault: replicas cannot be replicated again (BackupService.6128)"
            : isHybrid(vault)
              ? "a hybrid-cloud vault, which cannot be replicated (BackupService.6128)"
              : type !== undefined && !REPLICABLE.has(type)
                ? `for objects of type ${type}, which cannot be replicated; servers can (BackupService.6122)`
                : undefined;
    return why === undefined ? [] : [{ property, reason: `${subject}vault ${vault.id} is ${why}` }];
}

/** The type that a destination has to have; a source that cannot be copied at all has no say in it. */
const typeOf = (vault: Found<WireVault>, failures: readonly Failure[]): string | undefined =>
    failures.length > 0 ? undefined : vault?.billing?.object_type;

interface Destination {
    readonly region?: string | undefined;
    readonly projectId?: string | undefined;
    readonly destinationRegion?: string | undefined;
    readonly destinationProjectId?: string | undefined;
    readonly destinationVaultId?: string | undefined;
    readonly crossAccountUrn?: string | undefined;
}

/** What is to be copied, as far as it is known. */
interface Copied {
    readonly objectType?: string | undefined;
    readonly needs?: readonly Need[] | undefined;
    /** All of it is there already: nothing is sent, and no room is wanted. */
    readonly isThere?: boolean;
}

/** Region pair, then destination vault: what all kinds of copies need. */
async function checkDestination(
    context: Context,
    inputs: Destination,
    source: ProjectRef,
    { objectType, needs = [], isThere = false }: Copied,
): Promise<Failure[]> {
    const { destinationRegion, destinationVaultId } = inputs;
    if (destinationRegion === undefined) return [];
    const sameRegion = refuseSameRegion({ region: source.region, destinationRegion });
    if (sameRegion.length > 0) return sameRegion;
    const { regions } = (await find(context, showReplicationCapabilities, { target: source })) ?? {};
    // Where the cloud does not speak of the source at all, that is no "no".
    const reachable = regions?.find((region) => region.name === source.region)?.replication_destinations;
    if (reachable !== undefined && !reachable.includes(destinationRegion))
        return [
            {
                property: "destinationRegion",
                reason:
                    `${source.region} cannot replicate to ${destinationRegion} (BackupService.1005); it can ` +
                    `to: ${reachable.join(", ") || "no region"}`,
            },
        ];
    if (destinationVaultId === undefined) return [];
    let destination: ProjectRef;
    let vault: Found<WireVault>;
    let property = "destinationProjectId";
    try {
        destination = await targetOf(context, { region: destinationRegion, projectId: inputs.destinationProjectId });
        property = "destinationRegion";
        vault = await vaultOf(context, destination, destinationVaultId);
    } catch (error) {
        if (error instanceof ConfigError && isDefinite(error)) return [{ property, reason: messageOf(error) }];
        // A right that is missing over there (IAM: 401 for a project without a role) is the API's to judge
        // (api-notes: Rights in the destination).
        note(context, messageOf(error));
        return [];
    }
    if (vault === undefined) return [];
    if (vault === null) return [noVault("destinationVaultId", destinationVaultId, destination)];
    const reasons: string[] = [];
    const type = vault.billing?.object_type;
    if (protectType(vault) !== undefined && protectType(vault) !== "replication")
        reasons.push(
            `has protect type ${protectType(vault)}; copies go to a vault of protect type replication ` +
                "(BackupService.6119)",
        );
    if (objectType !== undefined && type !== undefined && type !== objectType)
        reasons.push(`is for objects of type ${type}, the source is of type ${objectType} (BackupService.6119)`);
    const full = isThere ? undefined : fullReason(vault, "6129");
    if (full !== undefined) reasons.push(full);
    if (reasons.length === 0 && !isThere) await warnOfRoom(context, destination, vault, needs);
    return reasons.map((reason) => ({
        property: "destinationVaultId",
        reason: `vault ${destinationVaultId} ${reason}`,
    }));
}

/** The vault's backups are asked for only where it is doubtful whether the copies fit. */
async function warnOfRoom(
    context: Context,
    destination: ProjectRef,
    vault: WireVault,
    needs: readonly Need[],
): Promise<void> {
    if (surelyFit(vault, needs)) return;
    const { region, projectId } = destination;
    const list = (until: number) => backupRows(context, destination, { vault_id: vault.id }, { until });
    const rows = await askOnce(context, `copies ${region} ${projectId} ${vault.id}`, list).catch(() => []);
    const copied = new Set(rows.map((row) => row.resource_id));
    const left = needs.filter((need) => !copied.has(need.resourceId));
    if (!surelyFit(vault, left))
        warnOnce(context, `${region}: ${tightReason(vault, left, { code: "6129", what: "first copies" })}`);
}

export function preflightVaultReplication(
    context: Context,
    inputs: Partial<VaultReplicationInputs>,
): Promise<Failure[]> {
    return look(context, async () => {
        const { vaultId } = inputs;
        const source = await targetOf(context, inputs);
        const vault = vaultId === undefined ? undefined : await vaultOf(context, source, vaultId);
        const failures = vaultId !== undefined && vault === null ? [noVault("vaultId", vaultId, source)] : [];
        if (vault) failures.push(...checkSource("vaultId", vault));
        const needs = vault?.resources
            .filter((one) => one.backup_count !== 0)
            .map((one) => ({ resourceId: one.id, sizeGb: one.size }));
        const copied = { objectType: typeOf(vault, failures), needs };
        failures.push(...(await checkDestination(context, inputs, source, copied)));
        if (failures.length === 0 && vault) await sayVault(context, source, vault, inputs);
        return failures;
    });
}

/** The row says what a run would copy now. */
async function sayVault(context: Context, source: ProjectRef, vault: WireVault, inputs: Destination): Promise<void> {
    const { destinationRegion: to } = inputs;
    // What this run has taken was not there when the vault was asked about, and is copied, too.
    if (to === undefined || context.memory.checkpointOwners.size > 0) return;
    const full = vault.resources.filter((one) => one.backup_count !== 0);
    const query = { vault_id: vault.id };
    const list = (until: number) => fewBackupRowsWithRecords(context, source, query, { until, maxRows: MOST_ROWS });
    const key = `backups of vault ${source.region} ${source.projectId} ${vault.id}`;
    const rows = full.length === 0 ? [] : await askOnce(context, key, list).catch(() => undefined);
    // Of an empty vault there is nothing to say: its first restore point may be part of the same program.
    if (rows?.length === 0) return;
    const grows = context.memory.growingVaults.has(vault.id);
    if (rows !== undefined) return sayEstimate(context, inputs, rows.filter(canBeCopied), { grows });
    const backups = full.reduce((sum, one) => sum + (one.backup_count ?? 1), 0);
    infoOnce(context, copyLine({ region: to, backups, ...sizesOf(full), there: undefined, grows }));
}

const canBeCopied = (row: WireBackup) => row.status === "available" && row.image_type !== "replication";

/** Will the replicas that are there be deleted before the same backups are copied anew? */
function goesFirst<I extends Destination & { readonly deletionPolicy?: string | undefined }>(
    replaced: I | undefined,
    inputs: I,
    source: keyof I,
): boolean {
    return (
        replaced?.deletionPolicy === "delete" &&
        replaced[source] === inputs[source] &&
        replaced.destinationRegion === inputs.destinationRegion
    );
}

/** The record of a copy as far as it counts here. */
const COPIED = { id: "", extra_info: undefined };

/** The row says what copying these backups takes. */
async function sayEstimate(
    context: Context,
    inputs: Destination,
    backups: readonly WireBackup[],
    { isAnew = false, isThere = false, grows = false } = {},
): Promise<void> {
    const { destinationRegion: to } = inputs;
    if (to === undefined) return;
    const records = isAnew ? [] : isThere ? [{ ...COPIED, destination_region: to }] : undefined;
    const rows =
        records === undefined
            ? await withoutGone(context, inputs, to, backups)
            : backups.map((row) => ({ ...row, replication_records: records }));
    const lacksRecords = cloudAmong(context.settings, ["otc", "flexibleengine"]) !== undefined;
    const keepsRecords = !lacksRecords && rows.every((row) => row.replication_records !== undefined);
    infoOnce(context, copyLine(estimateOf(to, rows, { keepsRecords, grows })));
}

/** The backups without records of replicas that are gone: a record outlives its replica, and such a backup is copied. */
async function withoutGone(
    context: Context,
    { destinationProjectId, crossAccountUrn }: Destination,
    to: string,
    backups: readonly WireBackup[],
): Promise<readonly WireBackup[]> {
    const idOf = (record: NonNullable<WireBackup["replication_records"]>[number]) =>
        record.destination_region === to && record.status === "success" ? record.destination_backup_id : undefined;
    const named = backups.flatMap((row) => (row.replication_records ?? []).flatMap((one) => idOf(one) ?? []));
    const ids = [...new Set(named)];
    if (ids.length === 0 || ids.length > MOST_REPLICAS || crossAccountUrn !== undefined) return backups;
    const gone = new Set<string>();
    const lookAt = async (destination: ProjectRef, id: string) => {
        const read = (until: number) => readBackup(context, destination, id, until);
        const key = `replica ${destination.region} ${destination.projectId} ${id}`;
        if ((await askOnce(context, key, read)) === undefined) gone.add(id);
    };
    try {
        const destination = await targetOf(context, { region: to, projectId: destinationProjectId });
        await Promise.all(ids.map((id) => lookAt(destination, id)));
    } catch {
        // Who may not look there has the records' word.
        return backups;
    }
    return backups.map((row) => ({
        ...row,
        replication_records: row.replication_records?.filter((one) => !gone.has(idOf(one) ?? "")),
    }));
}

export function preflightBackupReplica(
    context: Context,
    inputs: Partial<BackupReplicaInputs>,
    replaced?: Partial<BackupReplicaInputs>,
): Promise<Failure[]> {
    return look(context, async () => {
        const { backupId } = inputs;
        const source = await targetOf(context, inputs);
        const failures: Failure[] = [];
        const refuse = (reason: string) => failures.push({ property: "backupId", reason });
        let vault: Found<WireVault>;
        let backup: WireBackup | undefined;
        const needs: Need[] = [];
        if (backupId !== undefined) {
            const found = await find(context, showBackup, { target: source, path: { backup_id: backupId } });
            backup = found?.backup;
            if (backup?.resource_id !== undefined)
                needs.push({ resourceId: backup.resource_id, sizeGb: backup.resource_size });
            if (found === null)
                refuse(
                    `there is no backup ${backupId} in ${source.region}, project ${source.projectId} ` +
                        "(BackupService.6200): check backupId, region and projectId",
                );
            else if (backup?.image_type === "replication")
                refuse(`backup ${backupId} is itself a replica and cannot be replicated again (BackupService.6128)`);
            else if (backup?.resource_type === "OS::Cinder::Volume")
                refuse(
                    `backup ${backupId} is of a disk, which cannot be replicated; backups of servers can ` +
                        "(BackupService.6122)",
                );
            else if (backup?.vault_id !== undefined) {
                vault = await vaultOf(context, source, backup.vault_id);
                if (vault) failures.push(...checkSource("backupId", vault, `backup ${backupId}: `));
            }
        }
        const copied = { objectType: typeOf(vault, failures), needs };
        failures.push(...(await checkDestination(context, inputs, source, copied)));
        if (failures.length === 0 && backup !== undefined)
            await sayEstimate(context, inputs, [backup], { isAnew: goesFirst(replaced, inputs, "backupId") });
        return failures;
    });
}

export function preflightCheckpointReplica(
    context: Context,
    inputs: Partial<CheckpointReplicaInputs>,
    replaced?: Partial<CheckpointReplicaInputs>,
): Promise<Failure[]> {
    return look(context, async () => {
        const { checkpointId } = inputs;
        const source = await targetOf(context, inputs);
        const found =
            checkpointId === undefined
                ? undefined
                : await find(context, showCheckpoint, { target: source, path: { checkpoint_id: checkpointId } });
        const point = found?.checkpoint;
        const failures: Failure[] = [];
        const refuse = (reason: string) => failures.push({ property: "checkpointId", reason });
        let vault: Found<WireVault>;
        let rows: readonly WireBackup[] | undefined;
        // One that is still shown may be gone all the same.
        if (found === null || point?.status === "deleted")
            refuse(
                `there is no restore point ${checkpointId} in ${source.region}, project ` +
                    `${source.projectId} (BackupService.6217): check checkpointId, region and projectId`,
            );
        else if (point !== undefined) {
            if (point.vault?.id !== undefined) vault = await vaultOf(context, source, point.vault.id);
            if (vault) failures.push(...checkSource("checkpointId", vault, `restore point ${checkpointId}: `));
            if (failures.length === 0) rows = await backupsToCopy(context, source, point);
            if (rows !== undefined && isEmptyForGood(context, source, point, rows))
                refuse(nothingToCopy(point.id, source, rows));
        }
        const needs = (point?.vault?.resources ?? []).map((one) => ({ resourceId: one.id, sizeGb: one.resource_size }));
        const isThere = isAdopted(inputs, rows);
        const copied = { objectType: typeOf(vault, failures), needs, isThere };
        failures.push(...(await checkDestination(context, inputs, source, copied)));
        if (failures.length === 0 && rows !== undefined)
            await sayEstimate(context, inputs, rows.filter(canBeCopied), {
                isAnew: !isThere && goesFirst(replaced, inputs, "checkpointId"),
                isThere,
            });
        return failures;
    });
}

/** Is a replica named for every backup that would be copied? Whether they fit is judged apart. */
const isAdopted = (
    { adopt = [] }: Partial<CheckpointReplicaInputs>,
    rows: readonly WireBackup[] | undefined,
): boolean => adopt.length > 0 && rows !== undefined && adopt.length >= rows.filter(canBeCopied).length;

/** The backups of a restore point that has ended, with their records; undefined: it has not, or nobody could say. */
async function backupsToCopy(
    context: Context,
    source: ProjectRef,
    point: WireCheckpoint,
): Promise<WireBackup[] | undefined> {
    if (!isFinalCheckpoint(point.status)) return undefined;
    const asked = { checkpointId: point.id, expected: expectedResources(point) };
    return backupsOf(context, source, { ...asked, withRecords: true });
}

/** Has it no backup that could be copied, and not only because it is so new that none is listed yet? */
function isEmptyForGood(
    { client, clock }: Context,
    { region }: ProjectRef,
    point: WireCheckpoint,
    rows: readonly WireBackup[],
): boolean {
    if (rows.some((row) => PASSING.has(row.status))) return false;
    const expected = expectedResources(point);
    const isListed = rows.length > 0 && expected.every((id) => rows.some((row) => row.resource_id === id));
    const made = parseInstant(point.created_at);
    const age = made === undefined ? 0 : clock.now() + client.serverOffsetMs(region) - made;
    return isListed || age > UNLISTED_MS;
}
