// Gone is only what is surely gone; and what is gone is no longer promised.
import { afterEach, describe, expect, it } from "vitest";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
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
            /could not be deleted: DeleteBackup: HTTP 401: Malformed request url.*nothing counts as gone.*Signed in with .*cbr:password/,
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
