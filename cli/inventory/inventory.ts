/** Everything that the commands know of a cloud: vaults, backups and replicas of all projects that were looked at. */
import type { ProjectRef } from "../../provider/client/client";
import { ApiError, CbrError, messageOf } from "../../provider/client/errors/errors";
import { operationLogRows } from "../../provider/reads/backup-lists";
import { everyBackup } from "../../provider/reads/every-backup";
import { vaultRows } from "../../provider/reads/vault-lists";
import type { Services } from "../../provider/services/context";
import { type BackupFact, backupFact, type VaultFact, vaultFact } from "./facts";
import type { PlaceToRead, Session } from "./session";

/** A project that could not be looked at. */
export interface Problem {
    readonly region: string;
    readonly projectId: string | undefined;
    readonly message: string;
}

export interface Inventory {
    /** Milliseconds since the epoch. */
    readonly takenMs: number;
    /** Projects that were read, whole. */
    readonly read: readonly ProjectRef[];
    readonly problems: readonly Problem[];
    readonly vaults: readonly VaultFact[];
    /** Of no order. */
    readonly backups: readonly BackupFact[];
    /** Resources that were left out of a restore point, by its id, as far as the task list goes back. */
    readonly skipped: ReadonlyMap<string, number>;
}

interface ProjectInventory {
    readonly target: ProjectRef;
    readonly vaults: VaultFact[];
    readonly backups: BackupFact[];
    readonly skipped: ReadonlyMap<string, number>;
}

/** Reads all places at the same time. One that fails is a problem, and the others are read all the same. */
export async function readInventory(session: Session): Promise<Inventory> {
    const { services } = session;
    const takenMs = session.clock.now();
    const problems: Problem[] = [];
    const projects: ProjectInventory[] = [];
    const targets = await targetsOf(services, session.places, problems);
    await Promise.all(
        targets.map(async (target) => {
            try {
                projects.push(await readProject(services, target));
            } catch (error) {
                if (!(error instanceof CbrError)) throw error;
                problems.push({ ...target, message: messageOf(error) });
            }
        }),
    );
    const inOrder = targets.flatMap((target) => projects.filter((one) => one.target === target));
    return {
        takenMs,
        read: inOrder.map(({ target }) => target),
        problems,
        vaults: inOrder.flatMap(({ vaults }) => vaults),
        backups: inOrder.flatMap(({ backups }) => backups),
        skipped: new Map(inOrder.flatMap(({ skipped }) => [...skipped])),
    };
}

/** Each project once: a state may name the one that a region has anyway. */
async function targetsOf(
    services: Services,
    places: readonly PlaceToRead[],
    problems: Problem[],
): Promise<ProjectRef[]> {
    const targets = new Map<string, ProjectRef>();
    for (const { region, projectId } of places) {
        try {
            const target = await services.client.target(region, projectId);
            targets.set(`${target.region}/${target.projectId}`, target);
        } catch (error) {
            if (!(error instanceof CbrError)) throw error;
            // Which of several projects is a region's own may be open; states say which are meant.
            const isNamed = places.some((one) => one.region === region && one.projectId !== undefined);
            if (projectId !== undefined || !isNamed) problems.push({ region, projectId, message: messageOf(error) });
        }
    }
    return [...targets.values()];
}

async function readProject(services: Services, target: ProjectRef): Promise<ProjectInventory> {
    // The first call alone: it tells whether the credentials are good here.
    const vaults = (await vaultRows(services, target, {})).map((row) => vaultFact(row, target));
    const replicaVaults = new Set(vaults.filter((one) => one.protectType === "replication").map((one) => one.id));
    const backups = await everyBackup(services, target, (row) => {
        const fact = backupFact(row, target);
        return replicaVaults.has(fact.vaultId) && !fact.isReplica ? { ...fact, isReplica: true } : fact;
    });
    return { target, vaults, backups, skipped: await skippedOf(services, target) };
}

/** Nothing rests on it: without the right to list tasks it is not known, and that is all. */
async function skippedOf(services: Services, target: ProjectRef): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    try {
        for (const { checkpoint_id: id, status } of await operationLogRows(services, target, {
            operation_type: "backup",
            status: "skipped",
        }))
            if (id !== undefined && status === "skipped") counts.set(id, (counts.get(id) ?? 0) + 1);
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
    }
    return counts;
}
