/** CopyCheckpoint: the request that copies all backups of a vault, and how its effect is found. */
import type { ProjectRef } from "../../client/client";
import { ApiError } from "../../client/errors/errors";
import { copyCheckpoint, type WireBackup } from "../../client/operations";
import type { PostOptions, PostPlan } from "../../exactly-once/post-once";
import type { TimeWindow } from "../../exactly-once/time-window";
import { allBackupRows } from "../../reads/backup-lists";
import type { Context } from "../../services/context";
import { sinceOf } from "./copy-backup";
import { type CopyDestination, type CopyOptions, optionFields } from "./copy-options";
import { type Copy, isFinalCopy, isRecordFor } from "./destination-replicas";
import { findLostRun } from "./find-lost";
import type { VaultReplicationInputs } from "./vault-replication";

export interface BegunRun {
    readonly copies: readonly Copy[];
    readonly providerId: string | undefined;
    /** Of a run that was found: backups that it should have taken along, and that have no copy. */
    readonly missing?: readonly string[];
    /** Of one that was found: clock time before which it did not begin. */
    readonly since?: number;
    readonly isRunning?: boolean;
}

/** What is asked for, and where. */
export interface RunRequest {
    readonly source: ProjectRef;
    readonly destination: CopyDestination;
    readonly inputs: Pick<VaultReplicationInputs, "vaultId" | "destinationVaultId" | "autoTrigger" | keyof CopyOptions>;
}

type RunPlan = PostPlan<BegunRun, BegunRun>;

export function copyCheckpointPlan(
    context: Context,
    run: RunRequest,
    how: Pick<RunPlan, "deadline" | "request">,
): RunPlan {
    const { source, destination, inputs } = run;
    const { vaultId, destinationVaultId } = inputs;
    return {
        what: whatOf(vaultId, destination.region),
        whereToLook:
            `the replication records of the backups in vault ${vaultId} and the backups in vault ` +
            `${destinationVaultId}`,
        target: source,
        ...how,
        facts: {},
        send: (post: PostOptions) => send(context, run, post),
        find: (window, facts, isLast) =>
            facts["copies"] === undefined
                ? findRun(context, run, window, isLast)
                : findRecords(context, run, window, JSON.parse(facts["copies"]) as Copy[]),
        isRunning: (found) => found.isRunning === true,
        made: ({ copies }) => `copies ${copies.map((one) => one.recordId ?? `of backup ${one.backupId}`).join(", ")}`,
    };
}

function whatOf(vaultId: string, region: string): string {
    return `CopyCheckpoint for vault ${vaultId} to ${region}`;
}

/** The copies that a lost request began. */
export async function findRun(
    context: Context,
    { source, destination, inputs }: RunRequest,
    window: TimeWindow,
    isLast: boolean,
): Promise<BegunRun | undefined> {
    const { vaultId: sourceVaultId, destinationVaultId, autoTrigger } = inputs;
    const what = whatOf(sourceVaultId, destination.region);
    const request = { what, source, sourceVaultId, destination, destinationVaultId, autoTrigger, window, isLast };
    const found = await findLostRun(context, request);
    return found === undefined ? undefined : { ...found, since: sinceOf(context, source, window) };
}

/** Copies whose records are known. */
async function findRecords(
    context: Context,
    { source, inputs }: RunRequest,
    window: TimeWindow,
    copies: readonly Copy[],
): Promise<BegunRun> {
    const rows = await allBackupRows(context, source, inputs.vaultId);
    const records = rows.flatMap((row) => row.replication_records ?? []);
    const isOpen = ({ recordId }: Copy) => {
        const status = records.find((one) => one.id === recordId)?.status;
        return status !== undefined && !isFinalCopy(status);
    };
    const isRunning = copies.some(isOpen);
    return { copies, providerId: rows[0]?.provider_id, since: sinceOf(context, source, window), isRunning };
}

async function send(context: Context, run: RunRequest, post: PostOptions): Promise<BegunRun> {
    const { source, destination, inputs } = run;
    try {
        const { replication: answer } = await context.client.call(copyCheckpoint, {
            target: source,
            body: {
                replicate: {
                    vault_id: inputs.vaultId,
                    destination_project_id: destination.projectId,
                    destination_region: destination.region,
                    destination_vault_id: inputs.destinationVaultId,
                    ...(inputs.autoTrigger === undefined ? {} : { auto_trigger: inputs.autoTrigger }),
                    ...optionFields(inputs),
                },
            },
            ...post,
        });
        return {
            copies: answer.backups.map((one) => ({ backupId: one.backup_id, recordId: one.replication_record_id })),
            providerId: answer.provider_id,
        };
    } catch (error) {
        // "Nothing to replicate" is no failure when everything has been replicated (api-notes: One replica a backup and
        // region).
        if (
            error instanceof ApiError &&
            error.failure.code === "BackupService.0001" &&
            // Why it was refused is to be told also where this cannot be found out.
            (await allReplicated(context, run).catch(() => false))
        )
            return { copies: [], providerId: undefined };
        throw error;
    }
}

/** Has every available backup of the vault its good replica there? A vault without any available backup has not. */
async function allReplicated(context: Context, { source, destination, inputs }: RunRequest): Promise<boolean> {
    const rows = (await allBackupRows(context, source, inputs.vaultId)).filter(
        (row) => row.status === "available" && row.image_type !== "replication",
    );
    if (rows.length === 0) return false;
    const isHidden = destination.isOtherAccount === true;
    const replicas = (isHidden ? [] : await allBackupRows(context, destination, inputs.destinationVaultId)).filter(
        (row) => row.status === "available",
    );
    const goodIds = new Set(replicas.map((row) => row.id));
    const recorded = (row: WireBackup) =>
        row.replication_records?.some(
            (record) =>
                record.status === "success" &&
                isRecordFor(record, destination, inputs.destinationVaultId, 0) &&
                (isHidden || goodIds.has(record.destination_backup_id ?? "")),
        ) === true;
    const open = rows.filter((row) => !recorded(row));
    if (open.length === 0) return true;
    if (open.some((row) => (row.replication_records?.length ?? 0) > 0)) return false;
    return [...new Set(open.map((row) => row.resource_id))].every(
        (resource) =>
            replicas.filter((row) => row.resource_id === resource).length >=
            open.filter((row) => row.resource_id === resource).length,
    );
}
