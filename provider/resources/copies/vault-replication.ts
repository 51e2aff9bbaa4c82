/** VaultReplication: one run that copies all backups of a vault to another region. */

import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { ApiError, OperationFailedError } from "../../client/errors/errors";
import { copyCheckpoint, type WireBackup } from "../../client/operations";
import { digest } from "../../exactly-once/journal";
import {
    noteInJournal,
    type PostOptions,
    postOnce,
    settleJournal,
    type TimeWindow,
} from "../../exactly-once/post-once";
import { allBackupRows } from "../../reads/backup-lists";
import { preflightVaultReplication } from "../../resource/preflight";
import {
    applyInputs,
    commonInputs,
    deadlineOf,
    objectId,
    type ResourceHandler,
    requestInputs,
} from "../../resource/resource";
import { type Context, targetOf } from "../../services/context";
import { refuseSameRegion } from "./backup-replica";
import {
    copiesMoved,
    copySetInputs,
    copySetOutputs,
    finishCopies,
    type Replication,
    readCopies,
    removeCopies,
    type Subject,
    settledCopies,
    updateCopies,
    upgradeCopySet,
    withTotals,
} from "./copy-set";
import { COPY_BUDGET_MS, type Copy, isRecordFor } from "./destination-replicas";
import { claimCopies, findLostRun } from "./find-lost";
import { copyHolding, vaultCopiesKey } from "./holding";

export const vaultReplicationInputs = z.strictObject({
    ...commonInputs,
    /** Vault whose backups are copied: all that have no replica yet. Changing it replaces the resource. */
    vaultId: objectId.meta({ replaces: true }),
    ...copySetInputs,
    /** Marks the run as automatic. Default: false. Changing it replaces the resource. */
    autoTrigger: z.boolean().optional().meta({ replaces: true, default: false }),
});
export type VaultReplicationInputs = z.output<typeof vaultReplicationInputs>;

export const vaultReplicationOutputs = z.object({ ...vaultReplicationInputs.shape, ...copySetOutputs });
export type VaultReplicationOutputs = z.output<typeof vaultReplicationOutputs>;

const subject: Subject<VaultReplicationOutputs> = {
    name: (outputs) => `vault ${outputs.vaultId}`,
    vaultId: (outputs) => outputs.vaultId,
};

export const vaultReplication: ResourceHandler<VaultReplicationInputs, VaultReplicationOutputs> = {
    kind: "VaultReplication",
    inputs: vaultReplicationInputs,
    outputs: vaultReplicationOutputs,
    upgradeState: upgradeCopySet,
    refine: refuseSameRegion,
    preflight: preflightVaultReplication,
    isUnchanged: (key, _id, _olds, value) => (key === "destinationProjectId" && value === undefined ? true : undefined),
    needsUpdate: (context, _id, olds) => copiesMoved(context, subject, olds),
    predictUpdate: (olds, news) => settledCopies(withInputs(olds, news)),
    create,
    update: (context, id, olds, news) => updateCopies(context, subject, id, withInputs(olds, news)),
    read: (context, id, olds) => readCopies(context, subject, "VaultReplication", id, olds),
    holding: (id, outputs) => copyHolding(id, outputs, outputs.replications ?? [], [runKey(outputs)]),
    declaredKeys: (inputs) =>
        inputs.vaultId === undefined || inputs.destinationRegion === undefined
            ? []
            : [vaultCopiesKey(inputs.vaultId, inputs.destinationRegion)],
    remove: (context, id, olds) => removeCopies(context, subject, id, olds),
};

/** Old facts, new inputs. */
const withInputs = (olds: VaultReplicationOutputs, news: VaultReplicationInputs): VaultReplicationOutputs => ({
    ...applyInputs(olds, news, vaultReplicationInputs),
    destinationProjectId: olds.destinationProjectId,
});

const runKey = (outputs: VaultReplicationOutputs) => vaultCopiesKey(outputs.vaultId, outputs.destinationRegion);

interface Begun {
    readonly copies: readonly Copy[];
    readonly providerId: string | undefined;
}

async function create(context: Context, inputs: VaultReplicationInputs) {
    const source = await targetOf(context, inputs);
    if (source.region === inputs.destinationRegion)
        throw new OperationFailedError("destinationRegion is the source's own region; copies go to another one.");
    const destination = await context.client.target(inputs.destinationRegion, inputs.destinationProjectId);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const what = `CopyCheckpoint for vault ${inputs.vaultId} to ${destination.region}`;
    // Of a request whose answer was lost: when it may have been sent.
    let since = context.clock.now();
    const once = {
        what,
        whereToLook: `the replication records of the backups in vault ${inputs.vaultId} and the backups in vault ${inputs.destinationVaultId}`,
        deadline,
        region: source.region,
        request: requestInputs(vaultReplicationInputs, inputs),
        facts: {},
        send: (post: PostOptions) => send(context, source, destination, inputs, post),
        find: async (window: TimeWindow, facts: Readonly<Record<string, string>>, isLast: boolean) => {
            since = window.from - context.client.serverOffsetMs(source.region);
            if (facts["copies"] !== undefined)
                return { copies: JSON.parse(facts["copies"]) as Copy[], providerId: undefined };
            const { vaultId: sourceVaultId, destinationVaultId, autoTrigger } = inputs;
            const request = { what, source, sourceVaultId, destination, destinationVaultId, autoTrigger };
            return findLostRun(context, { ...request, window, isLast });
        },
    };
    const outcome = await postOnce<Begun, Begun>(context, once);
    const { copies, providerId } = outcome.value;
    noteInJournal(context, once, { copies: JSON.stringify(copies) }, outcome.sentAt);
    claimCopies(context, destination.region, copies);
    if (outcome.how !== "sent")
        context.log.info(
            `the run was under way already (its answer was lost): ${copies.length} copies found, none started again`,
        );
    if (copies.length === 0)
        context.log.info(
            `nothing to copy: every available backup of vault ${inputs.vaultId} has its replica in ${destination.region}`,
        );
    const replications = copies
        .map(
            (copy): Replication => ({
                backupId: copy.backupId,
                replicationRecordId: copy.recordId,
                status: "waiting_replicate",
            }),
        )
        .sort((a, b) => (a.backupId < b.backupId ? -1 : 1));
    const outputs = withTotals({
        ...inputs,
        region: source.region,
        projectId: source.projectId,
        destinationProjectId: destination.projectId,
        replicationRecordIds: [],
        replications,
        destinationBackupIds: [],
        status: "replicating",
        providerId,
        sourceRegion: source.region,
        requestedAt: outcome.how === "sent" ? outcome.sentAt : since,
    });
    const id = idOf(outputs);
    try {
        return { id, outputs: await finishCopies(context, subject, id, outputs, deadline) };
    } finally {
        await settleJournal(context, source.region);
    }
}

function idOf(outputs: VaultReplicationOutputs): string {
    const runs = outputs.replications.map((one) => one.replicationRecordId ?? one.backupId);
    // A run that found nothing to do has no records; its time tells it from the next such run.
    const hash = digest(JSON.stringify(runs.length === 0 ? [String(outputs.requestedAt)] : runs)).slice(0, 8);
    return `${outputs.vaultId}/${outputs.destinationRegion}/${outputs.destinationVaultId}/${hash}`;
}

async function send(
    context: Context,
    source: ProjectRef,
    destination: ProjectRef,
    inputs: VaultReplicationInputs,
    post: PostOptions,
): Promise<Begun> {
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
                },
            },
            ...post,
        });
        return {
            copies: answer.backups.map((one) => ({ backupId: one.backup_id, recordId: one.replication_record_id })),
            providerId: answer.provider_id,
        };
    } catch (error) {
        // "Nothing to replicate" is no failure when everything has been replicated (A6).
        if (
            error instanceof ApiError &&
            error.failure.code === "BackupService.0001" &&
            // Why it was refused is to be told also where this cannot be found out.
            (await allReplicated(context, source, destination, inputs).catch(() => false))
        )
            return { copies: [], providerId: undefined };
        throw error;
    }
}

/** Has every available backup of the vault its good replica there? A vault without any available backup has not. */
async function allReplicated(
    context: Context,
    source: ProjectRef,
    destination: ProjectRef,
    inputs: VaultReplicationInputs,
): Promise<boolean> {
    const rows = (await allBackupRows(context, source, inputs.vaultId)).filter(
        (row) => row.status === "available" && row.image_type !== "replication",
    );
    if (rows.length === 0) return false;
    const replicas = (await allBackupRows(context, destination, inputs.destinationVaultId)).filter(
        (row) => row.status === "available",
    );
    const goodIds = new Set(replicas.map((row) => row.id));
    const recorded = (row: WireBackup) =>
        row.replication_records?.some(
            (record) =>
                record.status === "success" &&
                isRecordFor(record, destination, inputs.destinationVaultId, 0) &&
                goodIds.has(record.destination_backup_id ?? ""),
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
