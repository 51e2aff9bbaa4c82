/** What tests of copies have in common. */
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { PartialCreateError } from "../../provider/client/errors/errors";
import type { WireBackup, WireReplicationRecord } from "../../provider/client/operations";
import type { Context } from "../../provider/services/context";
import { altered } from "./altered";
import type { World, WorldOptions } from "./world";

/** Two regions of Open Telekom Cloud, which keeps no replication records. */
export const otc = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
} as const satisfies WorldOptions;

/** Every backup in the cloud's answers, as `change` leaves it. */
export function withBackups(context: Context, change: (row: WireBackup) => WireBackup): Context {
    return altered(context, (answer) => {
        const { backup, backups } = answer as { backup?: WireBackup; backups?: WireBackup[] };
        if (backup !== undefined) return { backup: change(backup) };
        return backups === undefined ? answer : { ...(answer as object), backups: backups.map(change) };
    });
}

/** Every replication record in the cloud's answers, as `change` leaves it; undefined: it is left out. */
export function withRecords(
    context: Context,
    change: (record: WireReplicationRecord, row: WireBackup) => WireReplicationRecord | undefined,
): Context {
    return withBackups(context, (row) => ({
        ...row,
        replication_records: row.replication_records
            ?.map((record) => change(record, row))
            .filter((record) => record !== undefined),
    }));
}

/** The cloud begins to copy a backup by itself, as for a policy or somebody at the console. Returns the record's id. */
export function copyBehindOurBack(
    world: World,
    backupId: string,
    facts: { agoMs?: number; autoTrigger?: boolean; status?: string } = {},
): string {
    const source = world.sim.regions["eu-de"];
    const backup = source.cloud.backups.get(backupId);
    if (backup === undefined) throw new Error(`no backup ${backupId}`);
    const id = randomUUID();
    backup.records.push({
        id,
        status: facts.status ?? "replicating",
        createdAt: new Date(Date.now() - (facts.agoMs ?? 0)).toISOString(),
        sourceBackupId: backupId,
        sourceCheckpointId: backup.checkpointId,
        sourceProjectId: source.projectId,
        sourceRegion: "eu-de",
        sourceVaultId: backup.vaultId,
        destinationBackupId: undefined,
        destinationCheckpointId: undefined,
        destinationProjectId: world.sim.regions["eu-nl"].projectId,
        destinationRegion: "eu-nl",
        destinationVaultId: world.destinationVaultId,
        failCode: "",
        failReason: "",
        autoTrigger: facts.autoTrigger ?? false,
        work: undefined,
    });
    return id;
}

/** What a handler left in state when it failed. */
export async function failure<O>(run: Promise<unknown>): Promise<PartialCreateError<O>> {
    const error = await run.then(
        () => expect.unreachable("it should have failed"),
        (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(PartialCreateError);
    return error as PartialCreateError<O>;
}

export const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
