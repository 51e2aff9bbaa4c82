/** VaultReplication: one run that copies all backups of a vault to another region. */

import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { ApiError, OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import { copyCheckpoint, type WireBackup } from "../../client/operations";
import { digest } from "../../exactly-once/journal";
import { holdingNotes, noteOutcome, type PostOptions, type PostPlan, postOnce } from "../../exactly-once/post-once";
import type { StoredOutcome } from "../../exactly-once/settle-notes";
import { type TimeWindow, windowOf } from "../../exactly-once/time-window";
import { allBackupRows } from "../../reads/backup-lists";
import { paced } from "../../resource/paced";
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
import { sinceOf } from "./copy-backup";
import {
    copiesMoved,
    copySetInputs,
    copySetOutputs,
    describeUnbegun,
    finishCopies,
    hasEnded,
    isSettled,
    type Replication,
    readCopies,
    removeCopies,
    type Subject,
    UNSENT,
    UNSURE,
    updateCopies,
    upgradeCopySet,
    withTotals,
} from "./copy-set";
import { COPY_BUDGET_MS, type Copy, isFinalCopy, isRecordFor } from "./destination-replicas";
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

export const vaultReplication: ResourceHandler<VaultReplicationInputs, VaultReplicationOutputs> = paced({
    kind: "VaultReplication",
    inputs: vaultReplicationInputs,
    outputs: vaultReplicationOutputs,
    upgradeState: upgradeCopySet,
    refine: refuseSameRegion,
    preflight: preflightVaultReplication,
    isUnchanged: (key, _id, _olds, value) => (key === "destinationProjectId" && value === undefined ? true : undefined),
    idOf,
    isSettled,
    withInputs,
    needsUpdate: (context, _id, olds) => copiesMoved(context, subject, olds),
    create,
    update,
    read: (context, id, olds) => readCopies(context, subject, "VaultReplication", id, olds),
    holding: (id, outputs) => copyHolding(id, outputs, outputs.replications ?? [], [runKey(outputs)]),
    declaredKeys: (inputs) =>
        inputs.vaultId === undefined || inputs.destinationRegion === undefined
            ? []
            : [vaultCopiesKey(inputs.vaultId, inputs.destinationRegion)],
    remove: (context, id, olds) => removeCopies(context, subject, id, olds),
    storedOutcome,
});

function storedOutcome(id: string, { requestedAt }: Partial<VaultReplicationOutputs>): StoredOutcome {
    return { id, begun: { at: requestedAt, clock: "machine" } };
}

const runKey = (outputs: VaultReplicationOutputs) => vaultCopiesKey(outputs.vaultId, outputs.destinationRegion);

function withInputs(olds: VaultReplicationOutputs, news: VaultReplicationInputs): VaultReplicationOutputs {
    return {
        ...applyInputs(olds, news, vaultReplicationInputs),
        destinationProjectId: olds.destinationProjectId,
    };
}

interface Begun {
    readonly copies: readonly Copy[];
    readonly providerId: string | undefined;
    /** Of a run that was found: backups that it should have taken along, and that have no copy. */
    readonly missing?: readonly string[];
    /** Of one that was found: clock time before which it did not begin. */
    readonly since?: number;
    readonly isRunning?: boolean;
}

async function create(context: Context, inputs: VaultReplicationInputs) {
    const source = await targetOf(context, inputs);
    if (source.region === inputs.destinationRegion)
        throw new OperationFailedError("destinationRegion is the source's own region; copies go to another one.");
    const destination = await context.client.target(inputs.destinationRegion, inputs.destinationProjectId);
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const run = { source, destination, inputs };
    const plan = planFor(context, run, deadline);
    const outcome = await postOnce(context, plan);
    const { copies, providerId, missing = [], since = outcome.sentAt } = outcome.value;
    const outputs = withTotals({
        ...inputs,
        region: source.region,
        projectId: source.projectId,
        destinationProjectId: destination.projectId,
        replicationRecordIds: [],
        replications: replicationsOf(copies, missing, outcome.isProven, context.clock.now()),
        destinationBackupIds: [],
        status: "replicating",
        providerId,
        sourceRegion: source.region,
        requestedAt: since,
    });
    const id = idOf(outputs);
    noteOutcome(context, plan, outcome, { facts: { copies: JSON.stringify(copies) }, resourceId: id });
    claimCopies(context, destination.region, copies);
    if (outcome.how !== "sent")
        context.log.info(
            `the run was under way already (its answer was lost): ${copies.length} copies found, none started again`,
        );
    if (copies.length === 0)
        context.log.info(
            `nothing to copy: every available backup of vault ${inputs.vaultId} has its replica in ${destination.region}`,
        );
    const finish = async () => ({ id, outputs: await finishRun(context, id, outputs, deadline) });
    return holdingNotes(context, [outcome], hasEnded, finish);
}

function replicationsOf(
    copies: readonly Copy[],
    missing: readonly string[],
    isProven: boolean,
    now: number,
): Replication[] {
    const unproven = isProven ? {} : { unproven: true };
    const begun = copies.map(
        ({ backupId, recordId }): Replication => ({
            backupId,
            replicationRecordId: recordId,
            status: "waiting_replicate",
            ...unproven,
        }),
    );
    const unsure = missing.map((backupId): Replication => ({ backupId, status: UNSURE, unsureAt: now }));
    return [...begun, ...unsure].sort((a, b) => (a.backupId < b.backupId ? -1 : 1));
}

/** The wait and the judgement. A run of which parts are in doubt is no success, whatever else is accepted. */
async function finishRun(
    context: Context,
    id: string,
    outputs: VaultReplicationOutputs,
    deadline: number,
): Promise<VaultReplicationOutputs> {
    const { replications, vaultId, destinationRegion } = outputs;
    const unsure = replications.filter((one) => one.status === UNSURE);
    if (unsure.length === 0) return finishCopies(context, subject, id, outputs, deadline);
    const begun = replications.length - unsure.length;
    throw new PartialCreateError(id, outputs, [
        `replication of vault ${vaultId} to ${destinationRegion} may or may not have taken effect: its answer was lost, and of ${replications.length} backups that it takes along ${begun} have a copy that began at that time, which may be another's; ${unsure.map(describeUnbegun).join("; ")}. Nothing was sent again. Run \`pulumi up\` again: it looks once more.`,
    ]);
}

/** What is asked for, and where. */
interface RunRequest {
    readonly source: ProjectRef;
    readonly destination: ProjectRef;
    readonly inputs: VaultReplicationInputs;
}

function planFor(context: Context, run: RunRequest, deadline: number): PostPlan<Begun, Begun> {
    const { source, destination, inputs } = run;
    const { vaultId, destinationVaultId } = inputs;
    return {
        what: whatOf(vaultId, destination.region),
        whereToLook: `the replication records of the backups in vault ${vaultId} and the backups in vault ${destinationVaultId}`,
        deadline,
        target: source,
        request: requestInputs(vaultReplicationInputs, inputs),
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

async function findRun(
    context: Context,
    { source, destination, inputs }: RunRequest,
    window: TimeWindow,
    isLast: boolean,
): Promise<Begun | undefined> {
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
): Promise<Begun> {
    const rows = await allBackupRows(context, source, inputs.vaultId);
    const records = rows.flatMap((row) => row.replication_records ?? []);
    const isOpen = ({ recordId }: Copy) => {
        const status = records.find((one) => one.id === recordId)?.status;
        return status !== undefined && !isFinalCopy(status);
    };
    const isRunning = copies.some(isOpen);
    return { copies, providerId: rows[0]?.provider_id, since: sinceOf(context, source, window), isRunning };
}

async function update(
    context: Context,
    id: string,
    olds: VaultReplicationOutputs,
    news: VaultReplicationInputs,
): Promise<VaultReplicationOutputs> {
    return updateCopies(context, subject, id, await withoutDoubt(context, withInputs(olds, news)));
}

/** Long after a request whose answer was lost: a backup that has no copy of that time by now was not taken along. */
async function withoutDoubt(context: Context, outputs: VaultReplicationOutputs): Promise<VaultReplicationOutputs> {
    const unsure = outputs.replications.filter((one) => one.status === UNSURE);
    if (unsure.length === 0) return outputs;
    const source = { region: outputs.region, projectId: outputs.projectId };
    const destination = { region: outputs.destinationRegion, projectId: outputs.destinationProjectId };
    const to = Math.max(...unsure.map((one) => one.unsureAt ?? outputs.requestedAt));
    const window = windowOf(context.client, outputs.region, { from: outputs.requestedAt, to });
    const found = await findRun(context, { source, destination, inputs: outputs }, window, true);
    const copies = new Map(found?.copies.map((copy) => [copy.backupId, copy]));
    const replications = outputs.replications.map((one): Replication => {
        if (one.status !== UNSURE) return one;
        const copy = copies.get(one.backupId);
        const { backupId } = one;
        if (copy === undefined)
            return { backupId, status: UNSENT, failReason: "the request was lost before it took effect" };
        const replicationRecordId = copy.recordId;
        return { backupId, replicationRecordId, status: "waiting_replicate", unproven: true };
    });
    return withTotals({ ...outputs, replications, verified: undefined });
}

function idOf(outputs: VaultReplicationOutputs): string {
    const runs = outputs.replications.map((one) => one.replicationRecordId ?? one.backupId);
    // A run that found nothing to do has no records; its time tells it from the next such run.
    const hash = digest(JSON.stringify(runs.length === 0 ? [String(outputs.requestedAt)] : runs)).slice(0, 8);
    return `${outputs.vaultId}/${outputs.destinationRegion}/${outputs.destinationVaultId}/${hash}`;
}

async function send(context: Context, run: RunRequest, post: PostOptions): Promise<Begun> {
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
                },
            },
            ...post,
        });
        return {
            copies: answer.backups.map((one) => ({ backupId: one.backup_id, recordId: one.replication_record_id })),
            providerId: answer.provider_id,
        };
    } catch (error) {
        // "Nothing to replicate" is no failure when everything has been replicated (api-notes: One replica a backup and region).
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
