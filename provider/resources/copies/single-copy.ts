/** What is said of the one copy of a BackupReplica, and which of its ends are failures. */
import { OperationFailedError, PartialCreateError } from "../../client/errors/errors";
import type { WireBackup } from "../../client/operations";
import type { Context } from "../../services/context";
import type { BackupReplicaOutputs } from "./backup-replica";
import { isOtherAccounts } from "./copy-options";
import { type CopySet, mayDelete } from "./copy-set";
import { isUsable, type Replication, reasonOf } from "./copy-state";
import { isFinalCopy } from "./destination-replicas";

/** A set of one: the outputs are the copy. */
export const singleCopy: CopySet<BackupReplicaOutputs> = {
    kind: "BackupReplica",
    isSingle: true,
    copies: (outputs) => [outputs],
    withCopies: (outputs, [copy]) => ({ ...outputs, ...copy, replicationRecordId: outputs.replicationRecordId }),
    sourceVaultId: () => undefined,
    what: (outputs) => `copy of backup ${outputs.backupId} to ${outputs.destinationRegion}`,
    progress: ({ status, progress }) => ({
        status,
        note: progress === undefined ? status : `${status} ${progress} %`,
        percent: progress,
    }),
    resuming: (outputs) => `resuming the wait for copy ${outputs.replicationRecordId}`,
    sayAdopted,
    withBadReplica,
    judge: (_context, _id, outputs) => judge(outputs),
    // What has been seen is none, whatever its record says.
    isFailure: (outputs) => outputs.verified !== true && !isUsable(outputs),
    sayKept: (context, id, outputs) => {
        if (!mayDelete(context, outputs)) sayRetained(context, id, outputs);
    },
};

function sayAdopted(
    context: Context,
    { backupId, destinationRegion, destinationVaultId }: BackupReplicaOutputs,
    existing: ReadonlyMap<string, WireBackup>,
): void {
    const { id, vault_id: vaultId = destinationVaultId } = existing.get(backupId) ?? {};
    const place = vaultId === destinationVaultId ? "" : `, in vault ${vaultId} and not in ${destinationVaultId}`;
    context.log.warn(
        `backup ${backupId} already had replica ${id} in ${destinationRegion}${place}: adopted. It is not ` +
            "deleted with this resource.",
    );
}

function withBadReplica(outputs: BackupReplicaOutputs, one: Replication, replica: WireBackup | undefined): never {
    const text = `replica ${one.destinationBackupId} in ${outputs.destinationRegion}`;
    if (replica !== undefined)
        throw new OperationFailedError(
            `${text} has status error, although its record says success. Change \`triggers\` to copy again.`,
        );
    throw new PartialCreateError(outputs.replicationRecordId, { ...outputs, verified: false }, [
        `${text} does not exist, although its record says success. Run \`pulumi up\` again to look once ` +
            `more, or \`pulumi up --refresh\` to copy again.`,
    ]);
}

export function judge(outputs: BackupReplicaOutputs): void {
    const { status, backupId, destinationRegion, destinationVaultId } = outputs;
    const why = reasonOf(outputs);
    if (status === "fail")
        throw new OperationFailedError(
            `copy ${outputs.replicationRecordId} of backup ${backupId} to ${destinationRegion} failed ` +
                `(${why || "the cloud gave no reason"}). There is no good replica: change \`triggers\`, or ` +
                `run \`pulumi up --replace\` with this resource's URN, to copy again.`,
        );
    if (status === "skip" && isOtherAccounts(outputs))
        throw new OperationFailedError(
            `the cloud skipped the copy of backup ${backupId} to another account in ` +
                `${destinationRegion}${why === "" ? "" : ` (${why})`}: whether there is a replica of it only ` +
                "that account can see.",
        );
    if (status === "skip" && outputs.adopted !== true)
        throw new OperationFailedError(
            `the cloud skipped the copy of backup ${backupId} to ` +
                `${destinationRegion}${why === "" ? "" : ` (${why})`}, and no replica of it was found in ` +
                `vault ${destinationVaultId}: only available server backups with their system disk (on ` +
                "Huawei Cloud also SFS Turbo) can be copied.",
        );
}

function whyKept({ unproven, crossAccountUrn }: BackupReplicaOutputs): string {
    if (crossAccountUrn !== undefined) return "it is another account's";
    return unproven === true
        ? "the answer to its request was lost, and nothing but place and time says that it is this resource's"
        : "it was there before this resource";
}

/** Says what stays. */
export function sayRetained(context: Context, id: string, outputs: BackupReplicaOutputs): void {
    const where = `in ${outputs.destinationRegion}, vault ${outputs.destinationVaultId}`;
    const why = outputs.deletionPolicy === "delete" ? ` (${whyKept(outputs)})` : "";
    if (!isFinalCopy(outputs.status))
        context.log.info(
            `copy ${id} still runs: the replica that it makes ${where} stays, and costs money until deleted`,
        );
    else if (outputs.destinationBackupId !== undefined)
        context.log.info(
            `retained replica ${outputs.destinationBackupId} ${where}${why}: it costs money until deleted`,
        );
}
