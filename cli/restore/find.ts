/** Finds the backup that is to be restored, in whichever of the regions it is. */
import type { ProjectRef } from "../../provider/client/client";
import { CbrError, messageOf } from "../../provider/client/errors/errors";
import type { WireBackup } from "../../provider/client/operations";
import { backupRows, readBackup } from "../../provider/reads/backup-lists";
import { Failure } from "../command";
import type { Session } from "../inventory/session";

export interface FoundBackup {
    readonly backup: WireBackup;
    readonly target: ProjectRef;
}

export async function findBackup(session: Session, id: string): Promise<FoundBackup> {
    const { services } = session;
    const targets: ProjectRef[] = [];
    const failures: string[] = [];
    for (const place of session.places) {
        try {
            const target = await services.client.target(place.region, place.projectId);
            if (targets.some((one) => one.region === target.region && one.projectId === target.projectId)) continue;
            const backup = await readBackup(services, target, id);
            if (backup !== undefined) return { backup, target };
            targets.push(target);
        } catch (error) {
            if (!(error instanceof CbrError)) throw error;
            failures.push(`${place.region} could not be asked: ${messageOf(error)}`);
        }
    }
    const where = targets.map(({ region, projectId }) => `${region} (project ${projectId})`).join(", ");
    const absent = targets.length === 0 ? "" : `there is no backup ${id} in ${where}. `;
    throw new Failure(`${absent}${failures.join(" ")}${await hint(session, targets, id)}`.trim());
}

/** The id of a restore point is easily taken for that of a backup. */
async function hint(session: Session, targets: readonly ProjectRef[], id: string): Promise<string> {
    for (const target of targets) {
        const rows = await backupRows(session.services, target, { checkpoint_id: id }).catch(() => []);
        const own = rows.filter((row) => row.checkpoint_id === id);
        if (own.length > 0)
            return (
                `It is a restore point of ${target.region}; its backups are ` +
                `${own.map((row) => `${row.id} of ${row.resource_name ?? row.resource_id}`).join(", ")}.`
            );
    }
    return "--region looks elsewhere; `pulumi-cbr list --backups` shows what there is.";
}
