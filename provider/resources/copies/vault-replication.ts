/** VaultReplication: one run that copies all backups of a vault to another region. */

import { z } from "zod";
import { PartialCreateError } from "../../client/errors/errors";
import { isoInstant, parseInstant } from "../../client/time/timestamps";
import { digest } from "../../exactly-once/journal";
import { holdingNotes, noteOutcome } from "../../exactly-once/post-once";
import type { StoredOutcome } from "../../exactly-once/settle-notes";
import { windowOf } from "../../exactly-once/time-window";
import { commonInputs, deadlineOf, objectId, type ResourceHandler, requestInputs } from "../../resource/resource";
import { withPollInterval } from "../../resource/with-poll-interval";
import type { Context } from "../../services/context";
import { copyCheckpointPlan, findRun } from "./copy-checkpoint";
import { postCopy, withCopyOptions } from "./copy-options";
import {
    copyRun,
    copyRunInputs,
    copyRunOutputs,
    describeUnbegun,
    hasEnded,
    readCopyRun,
    removeCopyRun,
    upgradeCopyRun,
    withTotals,
} from "./copy-run";
import {
    copiesMoved,
    destinationOf,
    finishCopies,
    isSettled,
    isUnchangedProject,
    placeOutputs,
    placesOf,
    refineCopy,
    updateCopies,
    withInputs,
} from "./copy-set";
import { type Replication, UNSENT, UNSURE } from "./copy-state";
import { COPY_BUDGET_MS, type Copy } from "./destination-replicas";
import { claimCopies } from "./find-lost";
import { copyHolding, vaultCopiesKey } from "./holding";
import { preflightVaultReplication } from "./preflight";

export const vaultReplicationInputs = z.strictObject({
    ...commonInputs,
    /** Vault whose backups are copied: all that have no replica yet. Changing it replaces the resource. */
    vaultId: objectId.meta({ replaces: true }),
    ...copyRunInputs,
    /** Marks the run as automatic. Default: false. Changing it replaces the resource. */
    autoTrigger: z.boolean().optional().meta({ replaces: true, default: false }),
});
export type VaultReplicationInputs = z.output<typeof vaultReplicationInputs>;

const vaultReplicationOutputs = z.object({ ...vaultReplicationInputs.shape, ...copyRunOutputs });
export type VaultReplicationOutputs = z.output<typeof vaultReplicationOutputs>;

const withNewInputs = withInputs<VaultReplicationOutputs>(vaultReplicationInputs);
const set = copyRun<VaultReplicationOutputs>(
    "VaultReplication",
    (outputs) => `vault ${outputs.vaultId}`,
    (outputs) => outputs.vaultId,
);

export const vaultReplication: ResourceHandler<VaultReplicationInputs, VaultReplicationOutputs> = withPollInterval({
    kind: "VaultReplication",
    inputs: vaultReplicationInputs,
    outputs: vaultReplicationOutputs,
    upgradeState: upgradeCopyRun,
    refine: refineCopy,
    preflight: withCopyOptions(preflightVaultReplication),
    isUnchanged: isUnchangedProject,
    idOf,
    isSettled: (outputs) => isSettled(set, outputs),
    withInputs: withNewInputs,
    needsUpdate: (context, _id, olds) => copiesMoved(context, set, olds),
    create,
    update,
    read: (context, id, olds) => readCopyRun(context, set, id, olds),
    holding: (id, outputs) => copyHolding(id, outputs, outputs.replications ?? [], [runKey(outputs)]),
    declaredKeys: (inputs) =>
        inputs.vaultId === undefined || inputs.destinationRegion === undefined
            ? []
            : [vaultCopiesKey(inputs.vaultId, inputs.destinationRegion)],
    remove: (context, id, olds) => removeCopyRun(context, set, id, olds),
    storedOutcome,
});

function storedOutcome(id: string, { requestedAt }: Partial<VaultReplicationOutputs>): StoredOutcome {
    return { id, begun: { at: parseInstant(requestedAt), clock: "machine" } };
}

const runKey = (outputs: VaultReplicationOutputs) => vaultCopiesKey(outputs.vaultId, outputs.destinationRegion);

async function create(context: Context, inputs: VaultReplicationInputs) {
    const places = await placesOf(context, inputs);
    const { destination } = places;
    const deadline = deadlineOf(context, inputs, "create", COPY_BUDGET_MS);
    const request = requestInputs(vaultReplicationInputs, inputs);
    const plan = copyCheckpointPlan(context, { ...places, inputs }, { deadline, request });
    const outcome = await postCopy(context, plan, inputs);
    const { copies, providerId, missing = [], since = outcome.sentAt } = outcome.value;
    const outputs = withTotals({
        ...inputs,
        ...placeOutputs(places),
        replicationRecordIds: [],
        replications: replicationsOf(copies, missing, outcome.isProven, isoInstant(context.clock.now())),
        destinationBackupIds: [],
        status: "replicating",
        providerId,
        requestedAt: isoInstant(since),
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
            `nothing to copy: every available backup of vault ${inputs.vaultId} has its replica in ` +
                `${destination.region}`,
        );
    const finish = async () => ({ id, outputs: await finishRun(context, id, outputs, deadline) });
    return holdingNotes(context, [outcome], hasEnded, finish);
}

function replicationsOf(
    copies: readonly Copy[],
    missing: readonly string[],
    isProven: boolean,
    now: string,
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
    if (unsure.length === 0) return finishCopies(context, set, { id, outputs, deadline });
    const begun = replications.length - unsure.length;
    throw new PartialCreateError(id, outputs, [
        `replication of vault ${vaultId} to ${destinationRegion} may or may not have taken effect: its ` +
            `answer was lost, and of ${replications.length} backups that it takes along ${begun} have a ` +
            "copy that began at that time, which may be another's; " +
            `${unsure.map(describeUnbegun).join("; ")}. Nothing was sent again. Run \`pulumi up\` again: ` +
            "it looks once more.",
    ]);
}

async function update(
    context: Context,
    id: string,
    olds: VaultReplicationOutputs,
    news: VaultReplicationInputs,
): Promise<VaultReplicationOutputs> {
    return updateCopies(context, set, id, await withoutDoubt(context, withNewInputs(olds, news)));
}

/** Long after a request whose answer was lost: a backup that has no copy of that time by now was not taken along. */
async function withoutDoubt(context: Context, outputs: VaultReplicationOutputs): Promise<VaultReplicationOutputs> {
    const unsure = outputs.replications.filter((one) => one.status === UNSURE);
    if (unsure.length === 0) return outputs;
    const source = { region: outputs.region, projectId: outputs.projectId };
    const destination = destinationOf(outputs);
    const from = Date.parse(outputs.requestedAt);
    const to = Math.max(...unsure.map((one) => parseInstant(one.unsureAt) ?? from));
    const window = windowOf(context.client, outputs.region, { from, to });
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
    const hash = digest(JSON.stringify(runs.length === 0 ? [String(Date.parse(outputs.requestedAt))] : runs)).slice(
        0,
        8,
    );
    return `${outputs.vaultId}/${outputs.destinationRegion}/${outputs.destinationVaultId}/${hash}`;
}
