/** One copy in a resource's outputs, and what its status means. */
import { z } from "zod";
import { isoInstant } from "../../client/time/timestamps";
import { EXPIRED } from "../../resource/resource";
import { isFinalCopy } from "./destination-replicas";

/** The request was refused, or never left: this copy surely has not begun. */
export const UNSENT = "unsent";
/** The answer to the request was lost, and looking did not tell whether it took effect. */
export const UNSURE = "unsure";

export const replication = z.object({
    /** The source backup. */
    backupId: z.string(),
    replicationRecordId: z.string().optional(),
    /**
     * The API's word: waiting_replicate, replicating, success, fail, skip. Before there is one: `unsent` (the request
     * was refused) or `unsure` (its answer was lost). `expired` once a refresh has found that a good replica is no
     * longer in its region.
     */
    status: z.string(),
    /** Percent. */
    progress: z.number().optional(),
    destinationBackupId: z.string().optional(),
    destinationCheckpointId: z.string().optional(),
    failCode: z.string().optional(),
    failReason: z.string().optional(),
    /** Of an `unsure` one: time by this machine's clock by which its request was sent. */
    unsureAt: z.string().optional(),
    /** True when the replica was there before: it is then never deleted. */
    adopted: z.boolean().optional(),
    /**
     * True when the answer to its request was lost and the copy was found by place and time only: it may be another's,
     * and is then never deleted.
     */
    unproven: z.boolean().optional(),
});
export type Replication = z.output<typeof replication>;

/** 0.1.0 wrote times as milliseconds. */
export function upgradeTimes(stored: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const { requestedAt, replications } = stored as {
        requestedAt?: unknown;
        replications?: readonly { readonly unsureAt?: unknown }[];
    };
    return {
        ...stored,
        ...(typeof requestedAt === "number" ? { requestedAt: isoInstant(requestedAt) } : {}),
        ...(replications === undefined
            ? {}
            : {
                  replications: replications.map((one) =>
                      typeof one.unsureAt === "number" ? { ...one, unsureAt: isoInstant(one.unsureAt) } : one,
                  ),
              }),
    };
}

export const hasBegun = (one: Replication): boolean => one.status !== UNSENT && one.status !== UNSURE;
/** A `success` that names no replica yet has not ended, either. */
export const isRunning = (one: Replication): boolean =>
    hasBegun(one) &&
    one.status !== EXPIRED &&
    (!isFinalCopy(one.status) || (one.status === "success" && one.destinationBackupId === undefined));
/** It is neither under way any more, nor in doubt. */
export const hasEnded = (one: Replication): boolean => !isRunning(one) && one.status !== UNSURE;
/** Is there a replica that can be used? */
export const isUsable = (one: Replication): boolean =>
    one.status !== EXPIRED && (one.status === "success" || one.adopted === true);
/** What the cloud skipped was there before, or is nothing; what is unproven may be another's. */
export const isOwn = (one: Replication): boolean =>
    one.adopted !== true && one.unproven !== true && one.status !== "skip";

/** `BackupService.1006: import failed`; empty where the cloud gave no reason. */
export const reasonOf = ({ failCode, failReason }: Pick<Replication, "failCode" | "failReason">): string =>
    [failCode, failReason].filter((text) => text !== undefined).join(": ");

export const replicaIdsOf = (copies: readonly Replication[]): string[] =>
    copies.map((one) => one.destinationBackupId).filter((id) => id !== undefined);
