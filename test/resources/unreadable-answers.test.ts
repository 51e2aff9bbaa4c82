// Answers that were cut off, pages of something in between, and answers with a field that is wrong: none of them is the
// API's word, and none makes a double or loses an id.
import { afterEach, describe, expect, it } from "vitest";
import type { HttpRequest, HttpResponse } from "../../provider/client/http/transport";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync";
import type { Context } from "../../provider/services/context";
import type { Effect } from "../../sdk/testing/index";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

async function start(options?: WorldOptions): Promise<World> {
    world = await startWorld(options);
    return world;
}

const source = () => world.sim.regions["eu-de"].cloud;
const create = (more = {}, name?: string) =>
    checkpoint.create(world.context(name), { vaultId: world.vaultId, ...more });
const calls = (operation: string) => world.calls().filter((call) => call === operation).length;
const destination = () => ({ destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId });

/** Each resource that a POST makes: its POST, how it is created, and how many of it the cloud has. */
const resources: Record<
    string,
    (context: Context) => Promise<[post: string, run: () => Promise<unknown>, made: () => number]>
> = {
    Checkpoint: async () => ["CreateCheckpoint", () => create(), () => source().checkpoints.size],
    BackupReplica: async (context) => {
        const backupId = (await create({}, "source")).outputs.backupIds[0] ?? "";
        return ["CopyBackup", () => backupReplica.create(context, { backupId, ...destination() }), replicas];
    },
    CheckpointReplica: async (context) => {
        const { id: checkpointId } = await create({}, "source");
        return ["CopyBackup", () => checkpointReplica.create(context, { checkpointId, ...destination() }), replicas];
    },
    VaultReplication: async (context) => {
        const { vaultId } = world;
        await create({}, "source");
        return ["CopyCheckpoint", () => vaultReplication.create(context, { vaultId, ...destination() }), replicas];
    },
    VaultSync: async (context) => {
        const run = () => vaultSync.create(context, { vaultId: world.hybridVaultId });
        return ["ImportCheckpoint", run, () => [...source().operationLogs.values()].length];
    },
};
const replicas = () => world.sim.regions["eu-nl"].cloud.backups.size;

const half: Effect[] = [{ code: "BackupService.6125" }, "cut-body"];
describe.each(Object.keys(resources))("%s", (kind) => {
    it.each<[string, Effect | Effect[], posts: number]>([
        ["a proxy's 403 page after the effect", { status: 403, shape: "html", afterEffect: true }, 1],
        ["a proxy's 403 page without effect", { status: 403, shape: "html" }, 2],
        ["an answer that was cut off", "cut-body", 1],
        ["a 400 that was cut off", half, 2],
    ])("takes effect once after %s", async (_, effect, posts) => {
        await start();
        const [post, run, made] = (await resources[kind]?.(world.context())) ?? expect.unreachable();
        world.sim.fail({ operation: post, effect });
        await run();
        expect([calls(post), made()]).toEqual([posts, 1]);
    });
});

it("deletes although the answer that ends a deletion is cut off, in whichever request", async () => {
    await start();
    for (const operation of ["DeleteBackup", "ShowBackup"]) {
        const { id, outputs } = await create({ deletionPolicy: "delete" });
        world.sim.fail({ operation, effect: [{ code: "BackupService.6200" }, "cut-body"] });
        await checkpoint.remove(world.context(), id, outputs);
        expect([operation, source().backups.size]).toEqual([operation, 0]);
    }
});

it("creates, refreshes and deletes while one answer in twenty is cut off", async () => {
    await start({ servers: 2 });
    world.sim.fail({ times: 0, probability: 0.05, seed: 34, effect: "cut-body" });
    await Promise.all(
        Array.from({ length: 34 }, async (_, index) => {
            const context = world.context(`r${index}`);
            const { id, outputs } = await checkpoint.create(context, {
                vaultId: world.vaultId,
                deletionPolicy: "delete",
            });
            expect((await checkpoint.read(context, id, outputs))?.outputs).toEqual(outputs);
            await checkpoint.remove(context, id, outputs);
        }),
    );
    expect([source().backups.size, source().checkpoints.size]).toEqual([0, 0]);
});

it("drops nothing from state for a 404 that was cut off, and asks again", async () => {
    await start();
    const { id, outputs } = await create();
    const gone = (code: string): Effect[] => [{ code }, "cut-body"];
    world.sim.fail({ operation: "ListBackups", times: 9, effect: { status: 400, shape: "empty" } });
    world.sim.fail({ operation: "ShowCheckpoint", effect: gone("BackupService.6217") });
    await expect(checkpoint.read(world.context(), id, outputs)).rejects.toThrow("it was cut off");
    world.sim.clearFaults();
    world.sim.fail({ operation: "ShowCheckpoint", effect: gone("BackupService.6217") });
    world.sim.fail({ operation: "ListBackups", effect: gone("BackupService.6200") });
    expect((await checkpoint.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
});

it("says that a proxy answered when its page stays, and has sent nothing that could be a double", async () => {
    await start();
    world.sim.fail({ operation: "CreateCheckpoint", times: 0, effect: { status: 403, shape: "html" } });
    await expect(create()).rejects.toThrow(
        /may or may not have taken effect.*403 Forbidden.*something in between answered/,
    );
    expect(source().checkpoints.size).toBe(0);
});

describe("a 200 with a field that is wrong", () => {
    const without = (request: HttpRequest, response: HttpResponse): HttpResponse => {
        if (request.method !== "POST" || !request.url.endsWith("/checkpoints")) return response;
        const { checkpoint: made } = JSON.parse(response.body) as { checkpoint: { id: string } };
        return { ...response, body: JSON.stringify({ checkpoint: { ...made, status: 7 } }) };
    };

    it("is looked for by its effect, and not sent again", async () => {
        await start({ answer: without });
        const { id, outputs } = await create();
        expect([...source().checkpoints.keys()]).toEqual([id]);
        expect([outputs.status, calls("CreateCheckpoint")]).toEqual(["available", 1]);
    });

    it("names the id that it held when the effect cannot be found", async () => {
        await start({
            answer: (request, response) =>
                request.method === "GET" && /\/(backups|operation-logs)\?/.test(request.url)
                    ? { ...response, body: JSON.stringify({ backups: [], operation_logs: [], count: 0 }) }
                    : without(request, response),
        });
        const error = await create().then(() => expect.unreachable(), String);
        const [id = "?", ...others] = source().checkpoints.keys();
        expect(others).toEqual([]);
        expect(error).toMatch(/may or may not have taken effect, and nothing was sent again: .*checkpoint\.status/);
        expect(error).toContain(`It names ${id}.`);
        expect(calls("CreateCheckpoint")).toBe(1);
    });
});
