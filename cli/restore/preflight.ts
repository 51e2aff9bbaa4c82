/** What must be so before a restoration begins, and what a person should know. Reads only. */
import { CbrError, messageOf } from "../../provider/client/errors/errors";
import type { WireOperationLog } from "../../provider/client/operations";
import { parseInstant } from "../../provider/client/time/timestamps";
import { backupRows, operationLogRows } from "../../provider/reads/backup-lists";
import { vaultRows } from "../../provider/reads/vault-lists";
import { Failure } from "../command";
import { type BackupFact, backupFact, hasExpired, isGood, type VaultFact, vaultFact } from "../inventory/facts";
import type { Holder } from "../inventory/holders";
import type { Session } from "../inventory/session";
import type { FoundBackup } from "./find";
import type { RestoreRequest } from "./request";

export interface Facts {
    readonly fact: BackupFact;
    readonly vault: VaultFact | undefined;
    /** Of the target, as the vault that protects it knows it; undefined when none does. */
    readonly targetName: string | undefined;
    /** Newest good restore point of the target, other than this one. */
    readonly newest: BackupFact | undefined;
    readonly holders: readonly Holder[];
    /** The resource of a stack that the target is. */
    readonly manager: { readonly holder: Holder; readonly type: string } | undefined;
    readonly warnings: readonly string[];
}

const FINAL = new Set(["success", "failed", "skipped", "timeout"]);

/** A restoration of this backup that is under way already: it is waited for, and none is begun. */
export async function runningRestore(
    session: Session,
    { backup, target }: FoundBackup,
    request: RestoreRequest,
): Promise<WireOperationLog | undefined> {
    if (backup.status !== "restoring" && backup.status !== "waiting_restore") return undefined;
    const tasks = await operationLogRows(session.services, target, { operation_type: "restore" });
    const running = tasks.find(
        ({ status, extra_info }) => !FINAL.has(status) && extra_info?.restore?.backup_id === backup.id,
    );
    if (running === undefined)
        throw new Failure(
            `backup ${backup.id} has status ${backup.status}, but there is no task of it: look again later`,
        );
    const at = running.extra_info?.restore?.target_resource_id;
    if (at !== undefined && at.toLowerCase() !== request.targetId.toLowerCase())
        throw new Failure(
            `backup ${backup.id} is being restored to ${at} (task ${running.id}): wait until that has ended`,
        );
    return running;
}

/** Throws a `Failure` for what the cloud would refuse, or what would end badly. */
export async function preflight(session: Session, found: FoundBackup, request: RestoreRequest): Promise<Facts> {
    const { services, holders } = session;
    const { backup, target } = found;
    const fact = backupFact(backup, target);
    const vaults = (await vaultRows(services, target, {})).map((row) => vaultFact(row, target));
    const vault = vaults.find(({ id }) => id === fact.vaultId);
    checkSource(fact, vault);
    const at = vaults.flatMap(({ resources }) => resources).find(({ id }) => id === request.targetId);
    if (at?.protectStatus !== undefined && ["protecting", "restoring", "removing"].includes(at.protectStatus))
        throw new Failure(
            `${at.name} is ` +
                `${at.protectStatus === "protecting" ? "being backed up" : `in status ${at.protectStatus}`}: ` +
                "wait until that has ended",
        );
    if (request.kind === "disk" && at?.sizeGb !== undefined && at.sizeGb < fact.sizeGb)
        throw new Failure(`disk ${at.name} has ${at.sizeGb} GB, and the backup is of ${fact.sizeGb} GB`);
    const { newest, warnings } = await newestOf(session, found, request);
    const nowMs = session.clock.now();
    return {
        fact,
        vault,
        targetName: at?.name ?? (request.isOriginal ? fact.resourceName : undefined),
        newest,
        holders: holders.ofBackup(fact),
        manager: holders.managerOf(request.targetId),
        warnings: [
            ...(hasExpired(fact, nowMs) ? ["the backup has expired and may be removed at any time"] : []),
            ...(vault === undefined ? [`vault ${fact.vaultId} of the backup is not listed`] : []),
            ...warnings,
        ],
    };
}

function checkSource(fact: BackupFact, vault: VaultFact | undefined): void {
    if (fact.isReplica || vault?.protectType === "replication")
        throw new Failure(
            `${fact.id} is a copy from another region, which cannot be restored to a server: make an image ` +
                `from it in ${fact.region} and servers from the image (SFS Turbo: a new file system). See ` +
                "docs/restore.md",
        );
    if (fact.status !== "available")
        throw new Failure(`backup ${fact.id} has status ${fact.status}: only one that is available can be restored`);
    // Vendor: "only backups in the Available or Locked vaults can be used to restore data"; `lock` is that status.
    if (vault !== undefined && vault.status !== "available" && vault.status !== "lock")
        throw new Failure(`vault ${vault.name} has status ${vault.status}: nothing can be restored from it now`);
}

/** What would be left if this went wrong: asked for, but nothing rests on the answer. */
async function newestOf(
    session: Session,
    { backup, target }: FoundBackup,
    request: RestoreRequest,
): Promise<{ newest: BackupFact | undefined; warnings: string[] }> {
    try {
        const rows = await backupRows(session.services, target, { resource_id: request.targetId });
        const nowMs = session.clock.now();
        const good = rows
            .map((row) => backupFact(row, target))
            .filter((one) => one.id !== backup.id && one.resourceId === request.targetId && isGood(one, nowMs));
        const newest = good.reduce<BackupFact | undefined>(
            (best, one) => ((one.createdMs ?? 0) > (best?.createdMs ?? -1) ? one : best),
            undefined,
        );
        return { newest, warnings: [] };
    } catch (error) {
        if (!(error instanceof CbrError)) throw error;
        return {
            newest: undefined,
            warnings: [`other restore points of the target could not be listed: ${messageOf(error)}`],
        };
    }
}

export const startedMs = (log: WireOperationLog): number | undefined => parseInstant(log.started_at ?? log.created_at);
