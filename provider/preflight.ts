/**
 * What the API's reads can tell in a preview (design §7): a definite no becomes a failure at its property, in the pull
 * request instead of at midnight. Everything else (no rights, no network, no answer in time) lets the preview pass,
 * with one warning for the whole process. Answers are kept, so a thousand resources of ten vaults cost ten reads.
 */
import type { Target } from "./client";
import { type Context, type Services, targetOf } from "./context";
import { AuthError, ConfigError, messageOf, NotFoundError } from "./errors";
import type { Failure } from "./handler";
import {
    showBackup,
    showCheckpoint,
    showReplicationCapabilities,
    showVault,
    type WireBackup,
    type WireCheckpoint,
    type WireVault,
} from "./operations";
import type { BackupReplicaInputs } from "./resources/backup-replica";
import type { CheckpointInputs } from "./resources/checkpoint";
import type { CheckpointReplicaInputs } from "./resources/checkpoint-replica";
import type { VaultReplicationInputs } from "./resources/vault-replication";
import type { VaultSyncInputs } from "./resources/vault-sync";

/** A preview does not wait longer than this for its looks, in milliseconds. */
export const PREFLIGHT_BUDGET_MS = 10_000;

/** Looked at once a process, by whoever asks first. `undefined`: there is none. */
class Looks {
    readonly #answers = new Map<string, Promise<unknown>>();
    /** Regions that could not be asked: nobody else tries. */
    readonly unreachable = new Set<string>();
    warned = false;

    once<T>(key: string, look: () => Promise<T>): Promise<T> {
        let answer = this.#answers.get(key) as Promise<T> | undefined;
        if (answer === undefined) {
            answer = look();
            this.#answers.set(key, answer);
            answer.catch(() => {});
        }
        return answer;
    }
}

const looksOf = new WeakMap<object, Looks>();

function looks(services: Services): Looks {
    let own = looksOf.get(services.client);
    if (own === undefined) {
        own = new Looks();
        looksOf.set(services.client, own);
    }
    return own;
}

/** There is no answer, and it is nobody's fault. */
class Unknown extends Error {}

/** Runs looks that may fail in any way; only their definite answers count. */
async function look(context: Context, run: () => Promise<Failure[]>): Promise<Failure[]> {
    const { settings, clock } = context;
    if (settings.preflight === "off") return [];
    const own = looks(context);
    const note = (why: string) => {
        if (own.warned) return;
        own.warned = true;
        context.log.warn(`preflight: the cloud was not asked whether this can work (${why})`);
    };
    if (settings.credentials === undefined) {
        note("no credentials are set");
        return [];
    }
    const timer = new AbortController();
    const late = clock.sleep(PREFLIGHT_BUDGET_MS, timer.signal).then(() => {
        throw new Unknown("no answer in time");
    });
    late.catch(() => {});
    try {
        return await Promise.race([run(), late]);
    } catch (error) {
        if (error instanceof AuthError && error.status === 401) return [{ property: "", reason: messageOf(error) }];
        if (error instanceof ConfigError) return [{ property: "", reason: messageOf(error) }];
        note(messageOf(error));
        return [];
    } finally {
        timer.abort(new Unknown());
    }
}

async function vaultOf(services: Services, target: Target, vaultId: string): Promise<WireVault | undefined> {
    const own = looks(services);
    if (own.unreachable.has(target.region)) throw new Unknown(`${target.region} could not be asked before`);
    return own.once(`vault ${target.region} ${target.projectId} ${vaultId}`, async () => {
        try {
            const deadline = services.clock.now() + PREFLIGHT_BUDGET_MS / 2;
            return (await services.client.call(showVault, { target, path: { vault_id: vaultId }, deadline })).vault;
        } catch (error) {
            if (error instanceof NotFoundError) return undefined;
            if (!(error instanceof AuthError)) own.unreachable.add(target.region);
            throw error;
        }
    });
}

const protectType = (vault: WireVault) => vault.billing?.protect_type;
const isHybrid = (vault: WireVault) => protectType(vault) === "hybrid" || vault.billing?.cloud_type === "hybrid";

function noVault(property: string, vaultId: string, target: Target): Failure {
    return {
        property,
        reason: `there is no vault ${vaultId} in ${target.region}, project ${target.projectId} (BackupService.${property === "destinationVaultId" ? "6120" : "6105"}): check ${property === "destinationVaultId" ? "destinationVaultId, destinationRegion and destinationProjectId" : "vaultId, region and projectId"}`,
    };
}

export function preflightCheckpoint(context: Context, inputs: Partial<CheckpointInputs>): Promise<Failure[]> {
    return look(context, async () => {
        const { vaultId } = inputs;
        if (vaultId === undefined || inputs.adopt !== undefined) return [];
        const target = await targetOf(context, inputs);
        const vault = await vaultOf(context, target, vaultId);
        if (vault === undefined) return [noVault("vaultId", vaultId, target)];
        if (protectType(vault) === "replication")
            return [
                {
                    property: "vaultId",
                    reason: `vault ${vaultId} is a replication vault: only vaults of protect type backup can be backed up (BackupService.6124)`,
                },
            ];
        const associated = new Set(vault.resources.map((one) => one.id));
        const outside = (id: string, property: string): Failure[] =>
            associated.has(id)
                ? []
                : [
                      {
                          property,
                          reason: `resource ${id} is not in vault ${vaultId} (BackupService.6135): associate it with the vault first, or leave it out`,
                      },
                  ];
        return [
            ...(inputs.resources ?? []).flatMap((id, index) => outside(id, `resources[${index}]`)),
            ...(inputs.resourceDetails ?? []).flatMap((one, index) => outside(one.id, `resourceDetails[${index}].id`)),
        ];
    });
}

export function preflightVaultSync(context: Context, inputs: Partial<VaultSyncInputs>): Promise<Failure[]> {
    return look(context, async () => {
        const { vaultId } = inputs;
        if (vaultId === undefined) return [];
        const target = await targetOf(context, inputs);
        const vault = await vaultOf(context, target, vaultId);
        if (vault === undefined) return [noVault("vaultId", vaultId, target)];
        // A20: either word may say hybrid; without any word the API has the last one.
        if (vault.billing === undefined || isHybrid(vault)) return [];
        return [
            {
                property: "vaultId",
                reason: `vault ${vaultId} is not a hybrid-cloud vault, and only those can be synchronised (BackupService.7300)`,
            },
        ];
    });
}

interface Destination {
    readonly region?: string | undefined;
    readonly projectId?: string | undefined;
    readonly destinationRegion?: string | undefined;
    readonly destinationProjectId?: string | undefined;
    readonly destinationVaultId?: string | undefined;
}

/** Region pair, then destination vault: what both kinds of copies need. `objectType` is the source's, where known. */
async function checkDestination(
    context: Context,
    inputs: Destination,
    source: Target,
    objectType: string | undefined,
): Promise<Failure[]> {
    const { destinationRegion, destinationVaultId } = inputs;
    if (destinationRegion === undefined) return [];
    if (destinationRegion === source.region)
        return [{ property: "destinationRegion", reason: "is the source's own region; copies go to another one" }];
    const reachable = await destinationsOf(context, source);
    if (reachable !== undefined && !reachable.includes(destinationRegion))
        return [
            {
                property: "destinationRegion",
                reason: `${source.region} cannot replicate to ${destinationRegion} (BackupService.1005); it can to: ${reachable.join(", ") || "no region"}`,
            },
        ];
    // An unknown project is left for later, and so is its vault.
    if (destinationVaultId === undefined || !("destinationVaultId" in inputs)) return [];
    let vault: WireVault | undefined;
    let destination: Target;
    try {
        destination = await context.client.target(destinationRegion, inputs.destinationProjectId);
        vault = await vaultOf(context, destination, destinationVaultId);
    } catch (error) {
        if (error instanceof ConfigError) return [{ property: "destinationProjectId", reason: messageOf(error) }];
        throw error;
    }
    if (vault === undefined) return [noVault("destinationVaultId", destinationVaultId, destination)];
    const failures: Failure[] = [];
    if (protectType(vault) !== undefined && protectType(vault) !== "replication")
        failures.push({
            property: "destinationVaultId",
            reason: `vault ${destinationVaultId} has protect type ${protectType(vault)}; copies go to a vault of protect type replication (BackupService.6119)`,
        });
    const destinationType = vault.billing?.object_type;
    if (objectType !== undefined && destinationType !== undefined && destinationType !== objectType)
        failures.push({
            property: "destinationVaultId",
            reason: `vault ${destinationVaultId} is for objects of type ${destinationType}, the source is of type ${objectType} (BackupService.6128)`,
        });
    const { used, size } = vault.billing ?? {};
    // Vendor: used is in MB, size in GB.
    if (used !== undefined && size !== undefined && size > 0 && used / 1024 >= size && vault.auto_expand !== true)
        failures.push({
            property: "destinationVaultId",
            reason: `vault ${destinationVaultId} is full: ${Math.round(used / 1024)} of ${size} GB used (BackupService.6129)`,
        });
    return failures;
}

/** Regions that the source can copy to; undefined where the cloud does not say (a 403 or 404 is no "no"). */
function destinationsOf(services: Services, source: Target): Promise<readonly string[] | undefined> {
    return looks(services).once(`destinations ${source.region}`, async () => {
        try {
            const deadline = services.clock.now() + PREFLIGHT_BUDGET_MS / 2;
            const { regions } = await services.client.call(showReplicationCapabilities, { target: source, deadline });
            return regions.find((region) => region.name === source.region)?.replication_destinations;
        } catch (error) {
            if (error instanceof AuthError) throw error;
            return undefined;
        }
    });
}

/** Only servers and, on Huawei Cloud, SFS Turbo can be copied (6122). */
const REPLICABLE = new Set(["server", "turbo"]);

export function preflightVaultReplication(
    context: Context,
    inputs: Partial<VaultReplicationInputs>,
): Promise<Failure[]> {
    return look(context, async () => {
        const source = await targetOf(context, inputs);
        const failures: Failure[] = [];
        let objectType: string | undefined;
        if (inputs.vaultId !== undefined) {
            const vault = await vaultOf(context, source, inputs.vaultId);
            if (vault === undefined) failures.push(noVault("vaultId", inputs.vaultId, source));
            objectType = vault?.billing?.object_type;
            if (vault !== undefined && protectType(vault) === "replication")
                failures.push({
                    property: "vaultId",
                    reason: `vault ${inputs.vaultId} is a replication vault and cannot be replicated again (BackupService.6128)`,
                });
            else if (objectType !== undefined && !REPLICABLE.has(objectType))
                failures.push({
                    property: "vaultId",
                    reason: `vault ${inputs.vaultId} is for objects of type ${objectType}, which cannot be replicated; servers can (BackupService.6122)`,
                });
        }
        return [
            ...failures,
            ...(await checkDestination(context, inputs, source, failures.length > 0 ? undefined : objectType)),
        ];
    });
}

export function preflightBackupReplica(context: Context, inputs: Partial<BackupReplicaInputs>): Promise<Failure[]> {
    return look(context, async () => {
        const source = await targetOf(context, inputs);
        const failures: Failure[] = [];
        const { backupId } = inputs;
        if (backupId !== undefined) {
            const backup = await backupOf(context, source, backupId);
            if (backup === undefined)
                failures.push({
                    property: "backupId",
                    reason: `there is no backup ${backupId} in ${source.region}, project ${source.projectId} (BackupService.6200): check backupId, region and projectId`,
                });
            else if (backup.image_type === "replication")
                failures.push({
                    property: "backupId",
                    reason: `backup ${backupId} is itself a replica and cannot be replicated again (BackupService.6128)`,
                });
            else if (backup.resource_type === "OS::Cinder::Volume")
                failures.push({
                    property: "backupId",
                    reason: `backup ${backupId} is of a disk, which cannot be replicated; backups of servers can (BackupService.6122)`,
                });
        }
        return [...failures, ...(await checkDestination(context, inputs, source, undefined))];
    });
}

export function preflightCheckpointReplica(
    context: Context,
    inputs: Partial<CheckpointReplicaInputs>,
): Promise<Failure[]> {
    return look(context, async () => {
        const source = await targetOf(context, inputs);
        const failures: Failure[] = [];
        let objectType: string | undefined;
        const { checkpointId } = inputs;
        if (checkpointId !== undefined) {
            const checkpoint = await checkpointOf(context, source, checkpointId);
            if (checkpoint === undefined)
                failures.push({
                    property: "checkpointId",
                    reason: `there is no restore point ${checkpointId} in ${source.region}, project ${source.projectId} (BackupService.6217): check checkpointId, region and projectId`,
                });
            const vaultId = checkpoint?.vault?.id;
            const vault = vaultId === undefined ? undefined : await vaultOf(context, source, vaultId);
            objectType = vault?.billing?.object_type;
            if (vault !== undefined && protectType(vault) === "replication")
                failures.push({
                    property: "checkpointId",
                    reason: `restore point ${checkpointId} is itself a replica and cannot be replicated again (BackupService.6128)`,
                });
            else if (objectType !== undefined && !REPLICABLE.has(objectType))
                failures.push({
                    property: "checkpointId",
                    reason: `restore point ${checkpointId} is of a vault for objects of type ${objectType}, which cannot be replicated; servers can (BackupService.6122)`,
                });
        }
        return [
            ...failures,
            ...(await checkDestination(context, inputs, source, failures.length > 0 ? undefined : objectType)),
        ];
    });
}

async function checkpointOf(
    services: Services,
    target: Target,
    checkpointId: string,
): Promise<WireCheckpoint | undefined> {
    return looks(services).once(`checkpoint ${target.region} ${target.projectId} ${checkpointId}`, async () => {
        try {
            const deadline = services.clock.now() + PREFLIGHT_BUDGET_MS / 2;
            return (
                await services.client.call(showCheckpoint, { target, path: { checkpoint_id: checkpointId }, deadline })
            ).checkpoint;
        } catch (error) {
            if (error instanceof NotFoundError) return undefined;
            throw error;
        }
    });
}

async function backupOf(services: Services, target: Target, backupId: string): Promise<WireBackup | undefined> {
    return looks(services).once(`backup ${target.region} ${target.projectId} ${backupId}`, async () => {
        try {
            const deadline = services.clock.now() + PREFLIGHT_BUDGET_MS / 2;
            return (await services.client.call(showBackup, { target, path: { backup_id: backupId }, deadline })).backup;
        } catch (error) {
            if (error instanceof NotFoundError) return undefined;
            throw error;
        }
    });
}
