import { afterEach, expect, it } from "vitest";
import { PartialCreateError } from "../../provider/client/errors/errors";
import { vaultSync } from "../../provider/resources/vault-sync/vault-sync";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

async function start(options?: WorldOptions) {
    world = await startWorld(options);
    world.sim.regions["eu-de"].cloud.uploadOnPremises(world.hybridVaultId, { added: 3, removed: 1 } as never);
}
const create = (more = {}) => vaultSync.create(world.context("sync"), { vaultId: world.hybridVaultId, ...more });
const posts = () => world.calls().filter((call) => call === "ImportCheckpoint").length;

it("synchronises once, waits, and counts", async () => {
    await start();
    const { id, outputs } = await create();
    expect(outputs).toMatchObject({ operationLogId: id, status: "success" });
    expect(outputs.startedAt).toBeDefined();
    expect(posts()).toBe(1);
    world.sim.clearRequests();
    expect((await vaultSync.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
    await vaultSync.remove(world.context(), id, outputs);
    expect(world.calls()).toEqual([]);
});

it("finds the task of a request whose answer was lost", async () => {
    for (const effect of ["reset-after-effect", "truncate", "status-after-effect"] as const) {
        await start();
        world.sim.fail({ operation: "ImportCheckpoint", effect });
        expect((await create()).outputs.status).toBe("success");
        expect(posts()).toBe(1);
        await world.close();
    }
    await start();
});

it("says that one more may run, when what it finds after a lost answer may be another's", async () => {
    await start();
    const other = await vaultSync.create(world.context("other"), { vaultId: world.hybridVaultId, wait: false });
    world.sim.fail({ operation: "ImportCheckpoint", effect: { status: 504, shape: "html", effectAfterMs: 40_000 } });
    const { outputs } = await create();
    expect(outputs.operationLogId).toBe(other.id);
    expect(posts()).toBe(2);
    expect(world.lines.info).toContainEqual(
        `synchronisation ${other.id} of vault ${world.hybridVaultId} is taken for the one that a request has started whose ` +
            "answer was lost; if it was started by another, one more may run beside it",
    );
});

it("takes skipped, failed and timeout for final, and none of them for success", async () => {
    for (const status of ["skipped", "failed", "timeout"] as const) {
        await start();
        world.sim.fail({
            operation: "ImportCheckpoint",
            effect: { kind: "sync-outcome", status, code: "BackupService.9910", message: "storage is off" },
        });
        const error = await create().then(
            () => expect.unreachable(),
            (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(PartialCreateError);
        expect((error as PartialCreateError).reasons[0]).toContain(`has status ${status}`);
        await world.close();
    }
    await start();
});

it("warns when it succeeded and some backups could not be imported", async () => {
    await start();
    world.sim.fail({
        operation: "ImportCheckpoint",
        effect: { kind: "sync-outcome", status: "success", added: 4, failed: 2 },
    });
    const { outputs } = await create();
    expect(outputs).toMatchObject({ status: "success", failedBackups: 2 });
    expect(world.lines.warn.at(-1)).toMatch(/2 backups could not be imported/);
});

it("keeps what it recorded when the cloud has forgotten the task", async () => {
    await start({ syncMs: 60_000 });
    const { id, outputs } = await create({ wait: false });
    world.sim.regions["eu-de"].cloud.forgetOperationLog(id);
    expect((await vaultSync.read(world.context(), id, outputs))?.outputs).toEqual(outputs);
    expect(world.lines.warn.at(-1)).toMatch(/no longer in the cloud's task list/);
});

it("waits for a synchronisation that already runs, and refuses what cannot be synchronised", async () => {
    await start();
    world.sim.fail({ operation: "ImportCheckpoint", effect: { code: "BackupService.7302" } });
    expect((await create()).outputs.status).toBe("success");
    await expect(vaultSync.create(world.context(), { vaultId: world.vaultId })).rejects.toThrow(
        /BackupService.7300.*hybrid/,
    );
});

it("gives a task half a minute to be known, and its list the time at which it began", async () => {
    await start();
    const missing = { status: 404, code: "BackupService.6500" } as const;
    world.sim.fail({ operation: "ShowOpLog", effect: missing, times: 5 });
    expect((await create()).outputs.status).toBe("success");
    expect(posts()).toBe(1);
    const rest = await Promise.all(
        Array.from({ length: 3 }, async () => {
            const vault = world.sim.regions["eu-de"].cloud.addVault({ cloudType: "hybrid" });
            return vaultSync.create(world.context(vault.id), { vaultId: vault.id, wait: false });
        }),
    );
    world.sim.finishAll();
    const later = { ...world.context(), clock: { ...world.services.clock, now: () => Date.now() + 120_000 } };
    const begun = rest.map(({ id, outputs }) => ({ id, outputs: { ...outputs, startedAt: new Date().toISOString() } }));
    world.sim.clearRequests();
    const ended = await Promise.all(
        begun.map(({ id, outputs }) => vaultSync.update(later, id, outputs, { vaultId: outputs.vaultId })),
    );
    expect(ended.map(({ status }) => status)).toEqual(["success", "success", "success"]);
    expect(world.calls()).toEqual(["ListOpLogs"]);
});
