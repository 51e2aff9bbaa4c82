// The words of docs/errors.md that other tests take for granted: each is provoked here.
import { afterEach, expect, it } from "vitest";
import { ConfigError } from "../../provider/client/errors/errors";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { altered } from "../support/altered";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

async function start(options?: WorldOptions): Promise<void> {
    world = await startWorld(options);
}
const create = (more = {}) => checkpoint.create(world.context(), { vaultId: world.vaultId, ...more });

it.each<[words: string, config: Record<string, string>]>([
    ["No region is set", { "cbr:region": "", "cbr:projectName": "", "cbr:projectId": "" }],
    ["There are no credentials", { "cbr:userName": "", "cbr:password": "" }],
    ["The credentials are incomplete", { "cbr:password": "" }],
    ['knows no project named "eu-de_nobody"', { "cbr:projectId": "", "cbr:projectName": "eu-de_nobody" }],
    ["Sign-in at", { "cbr:password": "wrong-password" }],
])("%s", async (words, config) => {
    await start({ config });
    await expect(create()).rejects.toThrow(words);
    expect(world.calls()).toEqual([]);
});

it("says that a proxy's page is not JSON", async () => {
    await start();
    const { id, outputs } = await create();
    for (const operation of ["ListBackups", "ShowCheckpoint"])
        world.sim.fail({ operation, times: 99, effect: { status: 200, shape: "html" } });
    await expect(checkpoint.read(world.context(), id, outputs)).rejects.toThrow("the answer is not JSON");
});

it("says that nothing was backed up, where the cloud calls such a restore point available", async () => {
    await start();
    type Answer = { backups?: object[]; checkpoint?: { vault: { resources: { id: string; type: string }[] } } };
    const context = altered(world.context(), (answer) => {
        const { backups, checkpoint: point } = answer as Answer;
        if (backups !== undefined) return { ...(answer as Answer), backups: [] };
        if (point === undefined) return answer;
        const skipped = point.vault.resources.map(({ id, type }) => ({ id, type, code: "BackupService.7103" }));
        return { checkpoint: { ...point, vault: { ...point.vault, resources: [], skipped_resources: skipped } } };
    });
    await expect(checkpoint.create(context, { vaultId: world.vaultId })).rejects.toMatchObject({
        reasons: [expect.stringMatching(/nothing was backed up; .*BackupService\.7103/)],
    });
});

it("says which backups could not be deleted", async () => {
    await start();
    const { id, outputs } = await create({ deletionPolicy: "delete", autoTrigger: true });
    world.sim.regions["eu-de"].cloud.lockVault(world.vaultId);
    await expect(checkpoint.remove(world.context(), id, outputs)).rejects.toThrow(
        `backup ${outputs.backupIds[0]} could not be deleted`,
    );
});

it("says that a backup is being deleted, when only looking at it is refused", async () => {
    await start();
    const { id, outputs } = await create({ deletionPolicy: "delete" });
    world.sim.fail({ operation: "ShowBackup", times: 9, effect: { status: 403, shape: "html" } });
    const remove = () => checkpoint.remove(world.context(), id, outputs);
    await expect(remove()).rejects.toThrow(
        new RegExp(`Backup ${outputs.backupIds[0]} is being deleted, and the end .* could not be seen: .*HTTP 403`),
    );
    world.sim.clearFaults();
    await remove();
    expect(world.sim.regions["eu-de"].cloud.backups.size).toBe(0);
});

it("says once why several backups could not be deleted", async () => {
    await start({ servers: 3 });
    const { id, outputs } = await create({ deletionPolicy: "delete" });
    const call = () => Promise.reject(new ConfigError("There are no credentials."));
    const context = {
        ...world.context(),
        client: { call, target: async () => ({ region: "eu-de", projectId: "p" }) } as never,
    };
    await expect(checkpoint.remove(context, id, outputs)).rejects.toThrow(
        `3 of 3 backups could not be deleted. backup ${outputs.backupIds.join(", ")} could not be deleted: ` +
            "There are no credentials.",
    );
});

it("sends nothing when no time is left", async () => {
    await start();
    await expect(create({ timeouts: { create: "1us" } })).rejects.toThrow("no time is left for this call");
    expect(world.calls()).toEqual([]);
});

it("shows names and reasons of the API in one line, without what a terminal would obey", async () => {
    await start({ servers: 2 });
    const hostile = "x\u001b[2J\r\n::error::pwned\u202e";
    const skip = { kind: "skip-resource", reason: hostile } as const;
    world.sim.fail({ operation: "CreateCheckpoint", effect: skip });
    const skipped = await create({ onSkipped: "fail" }).catch((error: Error) => error);
    world.sim.fail({ operation: "CreateCheckpoint", effect: { kind: "backup-error", message: hostile } });
    const failed = await create({ triggers: [1] }).catch((error: Error) => error);
    world.sim.fail({ operation: "CreateCheckpoint", effect: { status: 400, code: "X.1", message: hostile } });
    const refused = await create({ triggers: [2] }).catch((error: Error) => error);
    for (const { message } of [skipped, failed, refused] as Error[]) {
        expect(message).toContain("x ::error::pwned");
        expect(message).not.toMatch(/[\p{C}\u2028\u2029]/u);
    }
});
