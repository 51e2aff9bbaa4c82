/** The list as data. What stands here is for programs: keys stay. */
import type { CopyFact } from "../inventory/copies";
import type { BackupFact } from "../inventory/facts";
import type { RestorePoint } from "../inventory/restore-points";
import type { Listing } from "./command";

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

export function listAsJson(listing: Listing): string {
    const { inventory, points, missing, session } = listing;
    const content = {
        version: 1,
        takenAt: iso(inventory.takenMs),
        read: inventory.read.map(({ region, projectId }) => ({ region, projectId })),
        problems: inventory.problems,
        states: session.states.map(({ stack, project, source }) => ({ stack, project, source })),
        restorePoints: points.map((point) => pointOf(point, listing)),
        missing: missing.map(({ id, region, projectId, hold, holder }) => ({
            backupId: id,
            region,
            projectId: projectId ?? null,
            isCopy: hold === "copied",
            holder,
        })),
    };
    return `${JSON.stringify(content, null, 2)}\n`;
}

function pointOf(point: RestorePoint, listing: Listing) {
    const { holders } = listing.session;
    return {
        checkpointId: point.checkpointId,
        name: point.name,
        region: point.region,
        projectId: point.projectId,
        vaultId: point.vaultId,
        vaultName: point.vaultName,
        createdAt: iso(point.createdMs),
        expiresAt: iso(point.expiresMs),
        good: point.good,
        failed: point.failed,
        running: point.running,
        expiring: point.going,
        skipped: point.skipped,
        sizeGb: point.sizeGb,
        incremental: point.isIncremental ?? null,
        automatic: point.isAutomatic ?? null,
        isCopy: point.isCopy,
        // Of a copy whose source is not listed, where a state knows it.
        dataFrom: iso(point.dataMs),
        copies: point.copies,
        // Null: no states were given.
        holders: holders.isAsked ? point.holders : null,
        backups: point.backups.map((fact) => backupOf(fact, listing)),
    };
}

function backupOf(fact: BackupFact, { all, session: { holders } }: Listing) {
    const holdersOfCopy = ({ replica, backupId }: CopyFact) =>
        replica === undefined ? holders.of(backupId) : all.holdersOf(replica);
    return {
        id: fact.id,
        name: fact.name,
        status: fact.status,
        resourceId: fact.resourceId,
        resourceName: fact.resourceName,
        resourceType: fact.resourceType,
        sizeGb: fact.sizeGb,
        createdAt: iso(fact.createdMs),
        expiresAt: iso(fact.expiresMs),
        copyOf: fact.isReplica ? (all.copies.sourceIdOf(fact) ?? null) : null,
        diskBackupIds: fact.childIds,
        copies: all.copies.of(fact.id).map((copy) => ({
            region: copy.region,
            state: copy.state,
            backupId: copy.backupId ?? null,
            status: copy.replica?.status ?? null,
            vaultId: copy.replica?.vaultId ?? null,
            createdAt: iso(copy.replica?.createdMs),
            reason: copy.reason ?? null,
            holders: holders.isAsked ? holdersOfCopy(copy) : null,
        })),
    };
}
