/** Replicas that are there and are to be managed (`adopt`): nothing is copied, and whose they are is made sure. */
import type { ProjectRef } from "../../client/client";
import { OperationFailedError } from "../../client/errors/errors";
import { showBackup, type WireBackup } from "../../client/operations";
import { readBackup } from "../../reads/backup-lists";
import { find, look, targetOf } from "../../resource/preflight";
import type { CommonInputs, Failure } from "../../resource/resource";
import type { Context } from "../../services/context";
import { type Replication, replicaIdsOf } from "./copy-state";
import type { ReplicaLocation } from "./existing-replicas";

const GONE_OR_BAD = new Set(["error", "deleting", "waiting_delete"]);

/** Records of a backup's replicas in a region. */
const recordsIn = (original: WireBackup | undefined, region: string) =>
    (original?.replication_records ?? []).filter(
        (record) => (record.destination_region ?? region) === region && record.destination_backup_id !== undefined,
    );

/** Does the cloud say that this is a replica of that backup: by its records; where it keeps none, by the resource? */
function isReplicaOf(original: WireBackup, replica: WireBackup, region: string): boolean {
    const records = recordsIn(original, region);
    if (records.length > 0) return records.some((record) => record.destination_backup_id === replica.id);
    return original.resource_id !== undefined && original.resource_id === replica.resource_id;
}

/** Why a replica cannot be managed, whosesoever it is. */
function whyUnfit(replica: WireBackup, destinationVaultId: string | undefined): string | undefined {
    const { id, status, vault_id: vaultId } = replica;
    if (GONE_OR_BAD.has(status)) return `replica ${id} has status ${status}`;
    if (vaultId === undefined || destinationVaultId === undefined || vaultId === destinationVaultId) return undefined;
    return `replica ${id} is in vault ${vaultId}, but destinationVaultId is ${destinationVaultId}`;
}

/** What is asked for of a BackupReplica, as far as it is known. */
export interface Asked {
    readonly backupId?: string | undefined;
    readonly destinationVaultId?: string | undefined;
    readonly name?: string | undefined;
}

/** Why a replica cannot be that of the backup. One whose backup is gone is taken at its word. */
function whyOther(asked: Asked, original: WireBackup | undefined, replica: WireBackup, region: string) {
    const { backupId, name } = asked;
    const isNamedOtherwise = name !== undefined && replica.name !== undefined && name !== replica.name;
    if (isNamedOtherwise)
        return `replica ${replica.id} is named ${replica.name}, but name is ${name}. Leave name out to adopt it`;
    if (original === undefined || isReplicaOf(original, replica, region)) return undefined;
    const own = recordsIn(original, region).map((record) => record.destination_backup_id);
    const has = own.length > 0 ? `whose replica in ${region} is ${own.join(" or ")}` : "which is of another resource";
    return `replica ${replica.id} is not one of backup ${backupId}, ${has}`;
}

const noReplica = (id: string, { region, projectId }: ProjectRef): string =>
    `there is no backup ${id} in ${region}, project ${projectId} (BackupService.6200): check adopt, ` +
    "destinationRegion and destinationProjectId, or take adopt out to copy";

/** The copy as it would be had this resource made it. */
function adoptedCopy(backupId: string, original: WireBackup | undefined, replica: WireBackup, region: string) {
    const record = recordsIn(original, region).find((one) => one.destination_backup_id === replica.id);
    return {
        backupId,
        replicationRecordId: record?.id ?? replica.id,
        status: "success",
        destinationBackupId: replica.id,
        destinationCheckpointId: replica.checkpoint_id,
    } satisfies Replication;
}

async function readReplica(context: Context, destination: ProjectRef, id: string): Promise<WireBackup> {
    const replica = await readBackup(context, destination, id);
    if (replica === undefined) throw new OperationFailedError(`adopt: ${noReplica(id, destination)}.`);
    return replica;
}

function refuse(reason: string | undefined): void {
    if (reason !== undefined) throw new OperationFailedError(`adopt: ${reason}.`);
}

/** The one replica of a backup, by its id. */
export async function adoptOne(
    context: Context,
    source: ProjectRef,
    { destination, destinationVaultId }: ReplicaLocation,
    { id, backupId, name }: { readonly id: string; readonly backupId: string; readonly name: string | undefined },
) {
    const { region } = destination;
    const replica = await readReplica(context, destination, id);
    const original = await readBackup(context, source, backupId);
    const asked = { backupId, destinationVaultId, name };
    refuse(whyUnfit(replica, destinationVaultId) ?? whyOther(asked, original, replica, region));
    const providerId = replica.provider_id ?? original?.provider_id;
    return { copy: adoptedCopy(backupId, original, replica, region), replica, providerId };
}

/** Replicas of backups of a restore point, each for its backup. */
export async function adoptSome(
    context: Context,
    source: ProjectRef,
    { destination, destinationVaultId }: ReplicaLocation,
    { ids, backupIds }: { readonly ids: readonly string[]; readonly backupIds: readonly string[] },
): Promise<ReadonlyMap<string, Replication>> {
    const { region } = destination;
    if (ids.length === 0) return new Map();
    const read = await Promise.all(backupIds.map((id) => readBackup(context, source, id)));
    const originals = read.filter((row) => row !== undefined);
    const adopted = new Map<string, Replication>();
    for (const id of ids) {
        const replica = await readReplica(context, destination, id);
        refuse(whyUnfit(replica, destinationVaultId));
        const matching = originals.filter((one) => isReplicaOf(one, replica, region));
        const [original] = matching;
        if (original === undefined || matching.length > 1)
            throw new OperationFailedError(
                `adopt: replica ${id} is of ${original === undefined ? "none" : "more than one"} of the ` +
                    `backups that would be copied: ${backupIds.join(", ")}.`,
            );
        if (adopted.has(original.id))
            throw new OperationFailedError(`adopt: two replicas are named for backup ${original.id}.`);
        adopted.set(original.id, adoptedCopy(original.id, original, replica, region));
    }
    context.log.info(`adopted ${adopted.size} of ${backupIds.length} replicas in ${region}`);
    return adopted;
}

interface AdoptInputs extends CommonInputs, Asked {
    readonly destinationRegion?: string | undefined;
    readonly destinationProjectId?: string | undefined;
    readonly adopt?: string | readonly string[] | undefined;
}

/** What a preview can know of the replicas that are to be adopted. */
export function preflightAdopted(context: Context, inputs: AdoptInputs): Promise<Failure[]> {
    return look(context, async () => {
        const { adopt = [], destinationRegion: region, backupId } = inputs;
        if (region === undefined) return [];
        const destination = await targetOf(context, { region, projectId: inputs.destinationProjectId });
        const check = async (id: string, property: string): Promise<Failure[]> => {
            const found = await find(context, showBackup, { target: destination, path: { backup_id: id } });
            if (found === undefined) return [];
            if (found === null) return [{ property, reason: noReplica(id, destination) }];
            const source = await targetOf(context, inputs);
            const original =
                backupId === undefined
                    ? undefined
                    : await find(context, showBackup, { target: source, path: { backup_id: backupId } });
            const reason =
                whyUnfit(found.backup, inputs.destinationVaultId) ??
                whyOther(inputs, original?.backup, found.backup, region);
            return reason === undefined ? [] : [{ property, reason }];
        };
        if (typeof adopt === "string") return check(adopt, "adopt");
        return (await Promise.all(adopt.map((id, index) => check(id, `adopt[${index}]`)))).flat();
    });
}

/** The replicas of a set of copies, as its outputs name them, or inputs alone. */
export function ownReplicas(set: {
    readonly adopt?: readonly string[] | undefined;
    readonly replications?: readonly Replication[];
}): readonly string[] {
    return [...replicaIdsOf(set.replications ?? []), ...(set.adopt ?? [])];
}

/** What is adopted cannot take its own place: nothing would be copied, and `delete` would take the old one away. */
export function refuseOwnPlace(
    own: readonly (string | undefined)[],
    adopt: string | readonly string[] | undefined,
    replaces: readonly string[],
): Failure[] {
    const ids = adopt === undefined ? [] : [adopt].flat();
    if (ids.length === 0 || !ids.some((id) => own.includes(id))) return [];
    return [
        {
            property: "adopt",
            reason:
                "names a replica that this resource has already, which cannot take its own place: " +
                `${replaces.join(", ")} changed. Take adopt out to copy again; by itself that changes nothing`,
        },
    ];
}
