/**
 * What the API's reads can tell in a preview: a definite no becomes a failure at its property, in the pull
 * request instead of at midnight. Everything else (no rights, no network, no answer in time) lets the preview pass,
 * with one warning for the whole process. Answers are kept, so a thousand resources of ten vaults cost ten reads.
 */
import type { ProjectRef } from "../client/client";
import { ApiError, AuthError, ConfigError, messageOf, NotFoundError } from "../client/errors/errors";
import {
    type Operation,
    showBackup,
    showCheckpoint,
    showReplicationCapabilities,
    showVault,
    type WireVault,
} from "../client/operations";
import { iamBaseUrl } from "../client/settings/endpoints";
import { backupRows } from "../reads/backup-lists";
import { sharedVault } from "../reads/shared-reads";
import type { BackupReplicaInputs } from "../resources/copies/backup-replica";
import type { CheckpointReplicaInputs } from "../resources/copies/checkpoint-replica";
import type { VaultReplicationInputs } from "../resources/copies/vault-replication";
import { type Context, targetOf as projectOf, type Services } from "../services/context";
import { PendingHosts } from "./pending-hosts";
import type { Failure } from "./resource";
import { fullReason, type Need, surelyFit, tightReason } from "./room";

/** A preview waits no longer than this for the looks of a resource, in milliseconds; once it had to, it looks no more. */
export const PREFLIGHT_BUDGET_MS = 10_000;
/** One look may take this long, in milliseconds. */
const LOOK_MS = PREFLIGHT_BUDGET_MS / 2;
/** In `up` other resources change vaults meanwhile: a no is asked for again when what it rests on is older than this, in milliseconds. */
const FRESH_MS = 1_000;

/** There is none, for certain. Apart from undefined, which is: nobody could say. */
type Found<T> = T | null | undefined;

/** What a process has asked and heard, whoever asked first. */
class Looks {
    readonly #answers = new Map<string, { readonly at: number; readonly answer: Promise<unknown> }>();
    /** Why a region could not be asked: nobody else tries. */
    readonly unreachable = new Map<string, unknown>();
    readonly pending = new PendingHosts();
    /** Nothing that was heard before this counts any more. */
    notBefore = Number.NEGATIVE_INFINITY;
    /** The budget was used up once. */
    gaveUp = false;
    warned = false;
    /** Warnings of resources, each with its URN. */
    readonly said = new Set<string>();

    once<T>(key: string, now: number, look: () => Promise<T>): Promise<T> {
        const known = this.#answers.get(key);
        if (known !== undefined) return known.answer as Promise<T>;
        const answer = look();
        this.#answers.set(key, { at: now, answer });
        answer.catch(() => {});
        return answer;
    }

    forgetBefore(time: number): void {
        this.notBefore = Math.max(this.notBefore, time);
        for (const [key, { at }] of this.#answers) if (at < time) this.#answers.delete(key);
    }
}

const looksOf = new WeakMap<object, Looks>();

export function looks(services: Services): Looks {
    let own = looksOf.get(services.client);
    if (own === undefined) {
        own = new Looks();
        looksOf.set(services.client, own);
    }
    return own;
}

/** The one line that says what a preview could not know. */
function note(context: Context, why: string, what = "did not say"): void {
    const own = looks(context);
    if (own.warned) return;
    own.warned = true;
    context.log.warn(`preflight: the cloud ${what} whether this can work (${why})`);
}

/** A warning at the resource's row, once however often it is checked. */
export function warnOnce(context: Context, text: string): void {
    const { said } = looks(context);
    const key = `${context.urn} ${text}`;
    if (!said.has(key)) context.log.warn(text);
    said.add(key);
}

/** The project of these inputs; IAM may have to be asked for its id. */
export function targetOf(context: Context, inputs: Pick<Destination, "region" | "projectId">): Promise<ProjectRef> {
    const region = inputs.region ?? context.settings.region?.value ?? "";
    return looks(context).pending.during(
        () => iamBaseUrl(context.settings, region),
        () => projectOf(context, inputs),
    );
}

/** `up` would fail with the same words: a setting that makes no sense, a key that is refused. Not so when IAM would not say: `up` may have other rights. */
function isDefinite(error: unknown): boolean {
    if (error instanceof ConfigError) return !(error.cause instanceof ApiError);
    return error instanceof AuthError && error.status === 401;
}

/** Runs looks that may fail in any way; only their definite answers count. */
export async function look(context: Context, run: () => Promise<Failure[]>): Promise<Failure[]> {
    const { settings, clock } = context;
    if (settings.preflight === "off") return [];
    if (settings.credentials === undefined) {
        const halves = settings.incomplete.join("; ");
        const why = halves === "" ? "no credentials are set" : `the credentials are incomplete: ${halves}`;
        note(context, why, "was not asked");
        return [];
    }
    const own = looks(context);
    if (own.gaveUp) return [];
    const timer = new AbortController();
    const late = clock.sleep(PREFLIGHT_BUDGET_MS, timer.signal).then(() => {
        own.gaveUp = true;
        throw new Error(`no answer${own.pending} in time`);
    });
    late.catch(() => {});
    const twice = async () => {
        const failures = await run();
        if (failures.length === 0) return failures;
        own.forgetBefore(clock.now() - FRESH_MS);
        return run();
    };
    try {
        return await Promise.race([twice(), late]);
    } catch (error) {
        if (isDefinite(error)) return [{ property: "", reason: messageOf(error) }];
        note(context, messageOf(error));
        return [];
    } finally {
        timer.abort(new Error("answered"));
    }
}

/** One read, shared by all who want to know. null: the API says that there is no such object. */
export async function find<Req, Res>(
    context: Context,
    operation: Operation<Req, Res>,
    target: ProjectRef,
    path: Readonly<Record<string, string>> = {},
    shared?: () => Promise<Res | undefined>,
): Promise<Found<Res>> {
    const own = looks(context);
    const { region, projectId } = target;
    const key = [operation.id, region, projectId, ...Object.values(path)].join(" ");
    const now = context.clock.now();
    try {
        return await own.once(key, now, async () => {
            if (own.unreachable.has(region)) throw own.unreachable.get(region);
            const listed = await shared?.();
            if (listed !== undefined) return listed;
            try {
                const call = () => context.client.call(operation, { target, path, deadline: now + LOOK_MS });
                return await own.pending.during(() => context.client.baseUrl(region), call);
            } catch (error) {
                if (error instanceof NotFoundError) return null;
                if (!isAnswer(error)) own.unreachable.set(region, error);
                throw error;
            }
        });
    } catch (error) {
        if (isDefinite(error)) throw error;
        // Vendor: not every cloud has this call, or gives the right to it; copies work nevertheless.
        const optional = operation.id === showReplicationCapabilities.id && isAnswer(error);
        if (!optional) note(context, messageOf(error));
        return undefined;
    }
}

/** The region has answered, if only that it will not say: another question may still do better. */
function isAnswer(error: unknown): boolean {
    const status =
        error instanceof ApiError ? error.failure.status : error instanceof AuthError ? error.status : undefined;
    return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

export async function vaultOf(context: Context, target: ProjectRef, vaultId: string): Promise<Found<WireVault>> {
    const answer = await find(context, showVault, target, { vault_id: vaultId }, async () => {
        const vault = await sharedVault(context, target, vaultId, looks(context).notBefore);
        return vault === undefined ? undefined : { vault };
    });
    return answer === null ? null : answer?.vault;
}

export const protectType = (vault: WireVault) => vault.billing?.protect_type;
export const isHybrid = (vault: WireVault) => protectType(vault) === "hybrid" || vault.billing?.cloud_type === "hybrid";

export function noVault(property: "vaultId" | "destinationVaultId", vaultId: string, target: ProjectRef): Failure {
    const [code, check] =
        property === "vaultId"
            ? ["6105", "vaultId, region and projectId"]
            : ["6120", "destinationVaultId, destinationRegion and destinationProjectId"];
    return {
        property,
        reason: `there is no vault ${vaultId} in ${target.region}, project ${target.projectId} (BackupService.${code}): check ${check}`,
    };
}

/** Only servers and, on Huawei Cloud, SFS Turbo can be copied (6122). */
const REPLICABLE = new Set(["server", "turbo"]);

/** Why what is in this vault cannot be copied, if it cannot. `subject` is what was asked for, when that is not the vault. */
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

interface Destination {
    readonly region?: string | undefined;
    readonly projectId?: string | undefined;
    readonly destinationRegion?: string | undefined;
    readonly destinationProjectId?: string | undefined;
    readonly destinationVaultId?: string | undefined;
}

/** What is to be copied, as far as it is known. */
interface Copied {
    readonly objectType?: string | undefined;
    readonly needs?: readonly Need[] | undefined;
}

/** Region pair, then destination vault: what all kinds of copies need. */
async function checkDestination(
    context: Context,
    inputs: Destination,
    source: ProjectRef,
    { objectType, needs = [] }: Copied,
): Promise<Failure[]> {
    const { destinationRegion, destinationVaultId } = inputs;
    if (destinationRegion === undefined) return [];
    if (destinationRegion === source.region)
        return [{ property: "destinationRegion", reason: "is the source's own region; copies go to another one" }];
    const { regions } = (await find(context, showReplicationCapabilities, source)) ?? {};
    // Where the cloud does not speak of the source at all, that is no "no".
    const reachable = regions?.find((region) => region.name === source.region)?.replication_destinations;
    if (reachable !== undefined && !reachable.includes(destinationRegion))
        return [
            {
                property: "destinationRegion",
                reason: `${source.region} cannot replicate to ${destinationRegion} (BackupService.1005); it can to: ${reachable.join(", ") || "no region"}`,
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
            `has protect type ${protectType(vault)}; copies go to a vault of protect type replication (BackupService.6119)`,
        );
    if (objectType !== undefined && type !== undefined && type !== objectType)
        reasons.push(`is for objects of type ${type}, the source is of type ${objectType} (BackupService.6119)`);
    const full = fullReason(vault, "6129");
    if (full !== undefined) reasons.push(full);
    if (reasons.length === 0) await warnOfRoom(context, destination, vault, needs);
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
    const now = context.clock.now();
    const query = { vault_id: vault.id };
    const list = () => backupRows(context, destination, query, { until: now + LOOK_MS });
    const rows = await looks(context)
        .once(`copies ${region} ${projectId} ${vault.id}`, now, list)
        .catch(() => []);
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
        return [...failures, ...(await checkDestination(context, inputs, source, copied))];
    });
}

/** The type that a destination has to have; a source that cannot be copied at all has no say in it. */
const typeOf = (vault: Found<WireVault>, failures: readonly Failure[]): string | undefined =>
    failures.length > 0 ? undefined : vault?.billing?.object_type;

export function preflightBackupReplica(context: Context, inputs: Partial<BackupReplicaInputs>): Promise<Failure[]> {
    return look(context, async () => {
        const { backupId } = inputs;
        const source = await targetOf(context, inputs);
        const failures: Failure[] = [];
        const refuse = (reason: string) => failures.push({ property: "backupId", reason });
        let vault: Found<WireVault>;
        const needs: Need[] = [];
        if (backupId !== undefined) {
            const found = await find(context, showBackup, source, { backup_id: backupId });
            const backup = found?.backup;
            if (backup?.resource_id !== undefined)
                needs.push({ resourceId: backup.resource_id, sizeGb: backup.resource_size });
            if (found === null)
                refuse(
                    `there is no backup ${backupId} in ${source.region}, project ${source.projectId} (BackupService.6200): check backupId, region and projectId`,
                );
            else if (backup?.image_type === "replication")
                refuse(`backup ${backupId} is itself a replica and cannot be replicated again (BackupService.6128)`);
            else if (backup?.resource_type === "OS::Cinder::Volume")
                refuse(
                    `backup ${backupId} is of a disk, which cannot be replicated; backups of servers can (BackupService.6122)`,
                );
            else if (backup?.vault_id !== undefined) {
                vault = await vaultOf(context, source, backup.vault_id);
                if (vault) failures.push(...checkSource("backupId", vault, `backup ${backupId}: `));
            }
        }
        const copied = { objectType: typeOf(vault, failures), needs };
        return [...failures, ...(await checkDestination(context, inputs, source, copied))];
    });
}

export function preflightCheckpointReplica(
    context: Context,
    inputs: Partial<CheckpointReplicaInputs>,
): Promise<Failure[]> {
    return look(context, async () => {
        const { checkpointId } = inputs;
        const source = await targetOf(context, inputs);
        const failures: Failure[] = [];
        let vault: Found<WireVault>;
        const needs: Need[] = [];
        if (checkpointId !== undefined) {
            const found = await find(context, showCheckpoint, source, { checkpoint_id: checkpointId });
            // One that is still shown may be gone all the same.
            const isGone = found === null || found?.checkpoint.status === "deleted";
            if (isGone)
                failures.push({
                    property: "checkpointId",
                    reason: `there is no restore point ${checkpointId} in ${source.region}, project ${source.projectId} (BackupService.6217): check checkpointId, region and projectId`,
                });
            const vaultId = isGone ? undefined : found?.checkpoint.vault?.id;
            for (const one of found?.checkpoint.vault?.resources ?? [])
                needs.push({ resourceId: one.id, sizeGb: one.resource_size });
            if (vaultId !== undefined) vault = await vaultOf(context, source, vaultId);
            if (vault) failures.push(...checkSource("checkpointId", vault, `restore point ${checkpointId}: `));
        }
        const copied = { objectType: typeOf(vault, failures), needs };
        return [...failures, ...(await checkDestination(context, inputs, source, copied))];
    });
}
