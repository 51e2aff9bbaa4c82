// Gone is only what is surely gone; and what is gone is no longer promised.
import { afterEach, describe, expect, it } from "vitest";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

async function start(options?: WorldOptions): Promise<World> {
    world = await startWorld(options);
    return world;
}

const create = (more = {}) =>
    checkpoint.create(world.context(), { vaultId: world.vaultId, deletionPolicy: "delete", ...more });
const cloud = (region: "eu-de" | "eu-nl") => world.sim.regions[region].cloud;
const destination = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });

describe("401 Malformed request url for an id that exists", () => {
    const malformed = { status: 401, code: "401", message: "Malformed request url", shape: "nested" } as const;

    it("deletes nothing and says which credentials, while the project cannot be listed", async () => {
        await start();
        const { id, outputs } = await create();
        for (const operation of ["DeleteBackup", "ListBackups"])
            world.sim.fail({ operation, times: 0, effect: malformed });
        await expect(checkpoint.remove(world.context(), id, outputs)).rejects.toThrow(
            /could not be deleted: DeleteBackup: HTTP 401.*nothing counts as gone.*Signed in with .*cbr:password/,
        );
        expect(cloud("eu-de").backups.size).toBe(1);
    });

    it("drops no replica, no copy and no restore point from state", async () => {
        await start();
        const source = await create();
        const [backupId = ""] = source.outputs.backupIds;
        const replica = await backupReplica.create(world.context(), { backupId, ...destination() });
        const copies = await checkpointReplica.create(world.context(), { checkpointId: source.id, ...destination() });
        world.sim.fail({ times: 0, effect: malformed });
        const refused = /Malformed request url.*(Signed in with|Refused was)/;
        const next = world.restart().context();
        await expect(backupReplica.read(next, replica.id, replica.outputs)).rejects.toThrow(refused);
        await expect(checkpointReplica.read(next, copies.id, copies.outputs)).rejects.toThrow(refused);
        await expect(checkpoint.read(next, source.id, source.outputs)).rejects.toThrow(refused);
    });

    it("counts as gone where the same credentials list the project", async () => {
        await start();
        const { id, outputs } = await create();
        world.sim.fail({ operation: "ShowCheckpoint", times: 0, effect: malformed });
        cloud("eu-de").expireCheckpoint(id);
        expect((await checkpoint.read(world.context(), id, outputs))?.outputs.status).toBe("expired");
    });
});

describe("what the cloud no longer has", () => {
    const statuses = (rows: readonly { status: string }[] | undefined) => rows?.map((one) => one.status);

    it("says expired in each row of a restore point, disks too, and leaves the lists of what can be used", async () => {
        await start({ servers: 2 });
        const { id, outputs } = await create();
        const [first = "", second = ""] = outputs.backupIds;
        cloud("eu-de").deleteBackupBehindOurBack(first);
        const some = (await checkpoint.read(world.context(), id, outputs))?.outputs ?? expect.unreachable();
        expect(some).toMatchObject({ status: "available", backupIds: [second] });
        expect(Object.values(some.backupIdByResource)).toEqual([second]);
        expect(statuses(some.backups)).toEqual(["expired", "available"]);
        expect(statuses(some.backups[0]?.children)).toEqual(["expired"]);

        cloud("eu-de").deleteBackupBehindOurBack(second);
        const all = (await checkpoint.read(world.context(), id, some))?.outputs ?? expect.unreachable();
        expect(all).toMatchObject({ status: "expired", backupIds: [], backupIdByResource: {} });
        expect(statuses(all.backups)).toEqual(["expired", "expired"]);
        expect(all.backups.flatMap((one) => statuses(one.children))).toEqual(["expired", "expired"]);
        expect(all.backups.map((one) => one.id)).toEqual(outputs.backups.map((one) => one.id));
    });

    it("mends the state of a release that promised what was gone, at the next refresh or update", async () => {
        await start();
        const { id, outputs } = await create();
        cloud("eu-de").expireCheckpoint(id);
        const old = { ...outputs, status: "expired" };
        world.sim.clearRequests();
        const read = (await checkpoint.read(world.context(), id, old))?.outputs;
        const inputs = { vaultId: world.vaultId, deletionPolicy: "retain" } as const;
        const updated = await checkpoint.update(world.context(), id, old, inputs);
        for (const one of [read, updated]) {
            expect(one).toMatchObject({ status: "expired", backupIds: [], backupIdByResource: {} });
            expect(statuses(one?.backups)).toEqual(["expired"]);
        }
        expect(world.calls()).toEqual([]);
    });

    it("does not call a backup expired that had failed: it was never good", async () => {
        await start({ servers: 2 });
        world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "backup-error", resource: 0 } });
        const { id, outputs } = await create({ onPartialFailure: "warn" });
        cloud("eu-de").expireCheckpoint(id);
        const read = (await checkpoint.read(world.context(), id, outputs))?.outputs;
        expect(statuses(read?.backups)?.sort()).toEqual(["error", "expired"]);
        expect(read?.backupIds).toEqual([]);
    });

    it("deletes nothing of an expired restore point, and looks once whether it really is gone", async () => {
        await start();
        const { id, outputs } = await create();
        const expired = { ...outputs, status: "expired", backups: [], backupIds: [] };
        await checkpoint.remove(world.context(), id, expired);
        expect(cloud("eu-de").backups.size).toBe(0);
        world.sim.clearRequests();
        await checkpoint.remove(world.context(), id, expired);
        expect(world.calls()).toEqual(["ShowCheckpoint"]);
        expect(world.lines.warn).toEqual([]);
    });

    it.each(["CheckpointReplica", "VaultReplication"])("says so of the copies of a %s", async (kind) => {
        await start({ servers: 2 });
        const source = await create();
        const more = { ...destination(), deletionPolicy: "delete" } as const;
        const asCheckpoint = { checkpointId: source.id, ...more };
        const asVault = { vaultId: world.vaultId, ...more };
        const isSet = kind === "CheckpointReplica";
        const made = isSet
            ? await checkpointReplica.create(world.context(), asCheckpoint)
            : await vaultReplication.create(world.context(), asVault);
        type Outputs = typeof made.outputs;
        // Each refresh is a process of its own.
        const read = async (olds: Outputs) =>
            (isSet
                ? await checkpointReplica.read(world.restart().context(), made.id, olds as never)
                : await vaultReplication.read(world.restart().context(), made.id, olds as never)
            )?.outputs ?? expect.unreachable();
        const [first = "", second = ""] = made.outputs.destinationBackupIds;
        cloud("eu-nl").deleteBackupBehindOurBack(first);
        const some = await read(made.outputs);
        expect([some.status, some.destinationBackupIds]).toEqual(["success", [second]]);
        expect(statuses(some.replications)).toEqual(["expired", "success"]);
        expect(some.replications.map((one) => one.destinationBackupId)).toEqual([first, second]);

        cloud("eu-nl").deleteBackupBehindOurBack(second);
        const all = await read(some);
        expect([all.status, all.destinationBackupIds]).toEqual(["expired", []]);
        expect(statuses(all.replications)).toEqual(["expired", "expired"]);
        // What was good once is no failure: nothing is to be done, and nothing is left to delete.
        const news = isSet ? asCheckpoint : asVault;
        const handler = (isSet ? checkpointReplica : vaultReplication) as typeof checkpointReplica;
        expect(await handler.needsUpdate?.(world.context(), made.id, all as never, news as never)).toBe(false);
        expect((await handler.update(world.context(), made.id, all as never, news as never)).status).toBe("expired");
        world.sim.clearRequests();
        await handler.remove(world.context(), made.id, all as never);
        expect(world.calls()).toEqual([]);
    });

    it("says so of a synchronisation that the cloud forgot before its end was seen", async () => {
        await start({ syncMs: 3_600_000 });
        const inputs = { vaultId: world.hybridVaultId };
        const { id, outputs } = await vaultSync.create(world.context(), { ...inputs, wait: false });
        const running = (await vaultSync.read(world.context(), id, outputs))?.outputs ?? expect.unreachable();
        expect([running.status, typeof running.startedAt]).toEqual(["waiting", "string"]);
        cloud("eu-de").forgetOperationLog(id);
        const after = (await vaultSync.read(world.context(), id, running))?.outputs ?? expect.unreachable();
        expect(after).toEqual({ ...running, status: "expired" });
        expect(await vaultSync.needsUpdate?.(world.context(), id, after, inputs)).toBe(false);
        const waiting = { ...after, wait: undefined };
        expect(await vaultSync.needsUpdate?.(world.context(), id, waiting, inputs)).toBe(true);
        await expect(vaultSync.update(world.context(), id, waiting, inputs)).rejects.toThrow(
            /has status expired \(the cloud no longer knows the task.*Change `triggers`/,
        );
    });
});
