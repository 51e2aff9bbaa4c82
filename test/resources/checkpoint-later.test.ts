// What becomes of a restore point after it was taken: restored from, deleted by hand, listed late, adopted twice.
import { afterEach, describe, expect, it } from "vitest";
import { SEARCH_DELAYS_MS } from "../../provider/exactly-once/search";
import { diffInputs } from "../../provider/resource/resource";
import {
    type CheckpointInputs,
    type CheckpointOutputs,
    checkpoint,
} from "../../provider/resources/checkpoint/checkpoint";
import type { Context } from "../../provider/services/context";
import { altered } from "../support/altered";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

async function start(options?: WorldOptions): Promise<void> {
    world = await startWorld(options);
}

const inputs = (more: Partial<CheckpointInputs> = {}): CheckpointInputs => ({ vaultId: world.vaultId, ...more });
const create = (more: Partial<CheckpointInputs> = {}, name = "it") =>
    checkpoint.create(world.context(name), inputs(more));
const cloud = () => world.sim.regions["eu-de"].cloud;
const checkpoints = () => cloud().snapshot().checkpoints;
const posts = () => world.calls().filter((call) => call === "CreateCheckpoint").length;

type Row = Record<string, unknown>;
interface Answer {
    readonly backups?: Row[];
    readonly backup?: Row;
    readonly checkpoint?: Row;
}

/** A context that sees backups and the restore point as `change` says; a backup that it drops is not listed. */
function seen(change: { backup?: (row: Row) => Row | undefined; checkpoint?: (row: Row) => Row }): Context {
    const { backup = (row: Row) => row, checkpoint: whole = (row: Row) => row } = change;
    return altered(world.context(), (answer) => {
        const { backups, backup: one, checkpoint: found } = answer as Answer;
        if (backups !== undefined)
            return { ...(answer as Answer), backups: backups.flatMap((row) => backup(row) ?? []) };
        if (one !== undefined) return { ...(answer as Answer), backup: backup(one) ?? one };
        return found === undefined ? answer : { ...(answer as Answer), checkpoint: whole(found) };
    });
}

/** What a refresh and the preview after it make of it; nothing may change. */
async function refreshed(context: Context, id: string, olds: CheckpointOutputs): Promise<CheckpointOutputs> {
    const outputs = (await checkpoint.read(context, id, olds))?.outputs;
    if (outputs === undefined) throw new Error("it is still to be in state");
    expect(await checkpoint.needsUpdate?.(context, id, outputs, {})).toBe(false);
    return outputs;
}

describe("a restore point that was good", () => {
    it("is good while it is restored from, whatever its backup says meanwhile", async () => {
        for (const status of ["waiting_restore", "restoring"]) {
            await start();
            const { id, outputs } = await create();
            const context = seen({ backup: (row) => ({ ...row, status }) });
            const during = await refreshed(context, id, outputs);
            expect(during).toMatchObject({ status: "available", backupIds: outputs.backupIds });
            expect(await checkpoint.update(context, id, during, inputs())).toMatchObject({ status: "available" });
            await world.close();
        }
        await start();
    });

    it("is no failure while it is deleted by hand, and expired once it is gone", async () => {
        await start({ servers: 2 });
        const { id, outputs } = await create();
        const context = seen({
            backup: (row) => ({ ...row, status: "deleting" }),
            checkpoint: (row) => ({ ...row, status: "deleting" }),
        });
        const during = await refreshed(context, id, outputs);
        expect(during).toMatchObject({ status: "deleting", backupIds: [] });
        expect(await checkpoint.update(context, id, during, inputs())).toEqual(during);
        cloud().expireCheckpoint(id);
        expect(await refreshed(world.context(), id, during)).toMatchObject({ status: "expired" });
    });

    it("counts a backup for expired that was seen on its way out", async () => {
        await start({ servers: 2 });
        const { id, outputs } = await create();
        const [going = ""] = outputs.backupIds;
        const context = seen({ backup: (row) => (row["id"] === going ? { ...row, status: "waiting_delete" } : row) });
        const during = await refreshed(context, id, outputs);
        cloud().deleteBackupBehindOurBack(going);
        const after = await refreshed(world.context(), id, during);
        expect(after.backups.find((one) => one.id === going)?.status).toBe("expired");
        expect(after.backupIds).toEqual(outputs.backupIds.slice(1));
    });

    it("expires without a failure when nobody waited for it", async () => {
        await start();
        const { id, outputs } = await create({ wait: false });
        world.sim.finishAll();
        cloud().expireCheckpoint(id);
        const after = await refreshed(world.context(), id, outputs);
        expect(after.status).toBe("expired");
        expect(await checkpoint.update(world.context(), id, after, inputs({ wait: false }))).toMatchObject({
            status: "expired",
        });
        const unread = await checkpoint.update(world.context(), id, outputs, inputs({ wait: false }));
        expect(unread.status).toBe("expired");
        expect(world.lines.warn.at(-1)).toMatch(/no longer in the cloud/);
    });
});

describe("a list that lags", () => {
    it("makes no failure of one that was not waited for", async () => {
        await start({ servers: 2 });
        const { id, outputs } = await create({ wait: false });
        world.sim.finishAll();
        let looks = 0;
        const context = seen({ backup: (row) => (looks++ < 6 ? undefined : row) });
        const after = await checkpoint.update(context, id, outputs, inputs({ wait: false }));
        expect(after.backupIds).toHaveLength(2);
    });

    it("makes no failure that stays: the next update looks again", async () => {
        await start({ servers: 2 });
        const { id, outputs } = await create();
        const [first] = outputs.backups;
        const late = { ...outputs, backups: outputs.backups.slice(0, 1), backupIds: [first?.id ?? ""] };
        expect(await checkpoint.needsUpdate?.(world.context(), id, late, {})).toBe(true);
        expect(await checkpoint.update(world.context(), id, late, inputs())).toEqual(outputs);
    });

    it("hides nothing from a deletion that state does not know", async () => {
        await start({ servers: 2 });
        const { id, outputs } = await create({ deletionPolicy: "delete" });
        const known = { ...outputs, backups: outputs.backups.slice(0, 1) };
        await checkpoint.remove(world.context(), id, known);
        expect(checkpoints()).toEqual([]);
    });

    it("is given time when the answer to the request did not say what is backed up", async () => {
        await start();
        let looks = 0;
        const context = seen({
            backup: (row) => (looks++ < 4 ? undefined : row),
            checkpoint: (row) =>
                row["status"] === "available" ? row : { ...row, vault: { ...(row["vault"] as Row), resources: [] } },
        });
        const { outputs } = await checkpoint.create(context, inputs());
        expect(outputs.backupIds).toHaveLength(1);
    });
});

describe("a lost answer", () => {
    it("is not that of a sibling with the same name, whatever resources the two name", async () => {
        await start({ servers: 2 });
        const [s1 = "", s2 = ""] = [...(cloud().vaults.get(world.vaultId)?.resources.keys() ?? [])];
        for (const resources of [[s2], undefined]) {
            const a = await create({ name: "release", resources: [s1] }, "a");
            world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-before" });
            const b = await create({ name: "release", ...(resources === undefined ? {} : { resources }) }, "b");
            expect(b.id).not.toBe(a.id);
            expect(checkpoints().map((one) => one.id)).toEqual(expect.arrayContaining([a.id, b.id]));
        }
    });

    it("is not sent again while only the restore point itself cannot be read yet", async () => {
        await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-after-effect" });
        const missing = { status: 404, code: "BackupService.6217" } as const;
        world.sim.fail({ operation: "ShowCheckpoint", effect: missing, times: SEARCH_DELAYS_MS.length });
        const { outputs } = await create();
        expect(outputs.status).toBe("available");
        expect([posts(), checkpoints().length]).toEqual([1, 1]);
    });

    it("waits as long as a 503 asks for, and looks first", async () => {
        await start();
        world.sim.fail({ operation: "CreateCheckpoint", effect: { status: 503, retryAfter: 1, afterEffect: true } });
        await create();
        expect([posts(), checkpoints().length]).toEqual([1, 1]);
    });

    it("keeps the name of a restore point that an interrupted run took, also where nothing is echoed", async () => {
        await start({
            backupMs: 30_000,
            regions: [
                { name: "eu-de", dialect: "otc" },
                { name: "eu-nl", dialect: "otc" },
            ],
        });
        let isAlive = true;
        void checkpoint.create({ ...world.context(), isEngineAlive: async () => isAlive }, inputs()).catch(() => {});
        while (checkpoints().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
        isAlive = false;
        await new Promise((resolve) => setTimeout(resolve, 50));
        world.sim.finishAll();
        const { outputs } = await checkpoint.create(world.restart().context(), inputs());
        expect(outputs.name).toMatch(/^it-[0-9a-f]{8}$/);
        expect(checkpoints()).toHaveLength(1);
    });
});

describe("an adopted restore point", () => {
    const diff = (id: string, olds: CheckpointOutputs, news: CheckpointInputs) =>
        diffInputs(checkpoint, world.context(), { id, olds, news: { ...news }, isUnknown: () => false });

    it("cannot take its own place", async () => {
        await start();
        const { id } = await create();
        const { outputs } = await create({ adopt: id, triggers: { release: 1 } });
        const again = inputs({ adopt: id, triggers: { release: 2 } });
        for (const known of [id, ""]) {
            const { failures } = await diff(known, outputs, again);
            expect(failures).toEqual([
                {
                    property: "adopt",
                    reason: expect.stringMatching(
                        /already.* triggers changed\. Take adopt out for a new restore point/,
                    ),
                },
            ]);
        }
        const { adopt: _, ...without } = again;
        expect(await diff(id, outputs, without as CheckpointInputs)).toMatchObject({
            replaces: ["triggers"],
            failures: [],
        });
        expect(await diff(id, outputs, inputs({ adopt: id, triggers: { release: 1 } }))).toMatchObject({
            replaces: [],
            failures: [],
        });
    });

    it("is not deleted by the resource that had it before", async () => {
        await start();
        const { id, outputs } = await create({ deletionPolicy: "delete" });
        const adopter = `${world.context("adopter").urn}`;
        const declare = (adopt: string) => {
            const context = world.context();
            context.holders.declare(adopter, checkpoint.declaredKeys?.({ adopt }) ?? [], { adopt });
            return context;
        };
        await checkpoint.remove(declare(id), id, outputs);
        expect(checkpoints().map((one) => one.id)).toEqual([id]);
        expect(world.lines.info.at(-1)).toMatch(
            new RegExp(
                `^retained restore point ${id} in vault .*: X adopter rests on it; it costs money until deleted$`,
            ),
        );
        await checkpoint.remove(declare("another"), id, outputs);
        expect(checkpoints()).toEqual([]);
    });
});

it("takes nothing that is gone for there when it is looked up", async () => {
    await start();
    const { id } = await create();
    const deleted = seen({ checkpoint: (row) => ({ ...row, status: "deleted" }) });
    await expect(checkpoint.read(deleted, id, {})).rejects.toThrow(`restore point ${id} in eu-de, project`);
    await expect(checkpoint.read(seen({ backup: () => undefined }), id, {})).rejects.toThrow("it has no backups left");
    const described = seen({ checkpoint: (row) => ({ ...row, extra_info: { description: "by hand" } }) });
    expect((await checkpoint.read(described, id, {}))?.outputs.description).toBe("by hand");
});
