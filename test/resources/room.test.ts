// Room in the vault of a restore point and in the destination vault of copies, as a preview sees it.
import { afterEach, describe, expect, it } from "vitest";
import { memoryJournal } from "../../provider/exactly-once/journal";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import type { VaultSeed } from "../../sdk/testing/index";
import { altered } from "../support/altered";
import { startWorld, type World } from "../support/world";

let world: World;
afterEach(() => world?.close());

const dialects = ["huawei", "otc"] as const;
const handlers = { checkpoint, vaultReplication, backupReplica, checkpointReplica };

async function start(dialect: (typeof dialects)[number] = "huawei"): Promise<void> {
    world = await startWorld({
        regions: [
            { name: "eu-de", dialect },
            { name: "eu-nl", dialect },
        ] as never,
    });
}

const home = () => world.sim.regions["eu-de"].cloud;
const away = () => world.sim.regions["eu-nl"].cloud;
/** 100 GB, of which one is left. */
const tight = { sizeGb: 100, usedMb: 99 * 1024 };
const twoServers: VaultSeed = { resources: [{ sizeGb: 40 }, { sizeGb: 40 }] };

/** A new process that looks; its clock is the machine's, so that no look is late on a slow one. */
function newProcess(): Context {
    const config: Record<string, string> = world.sim.settings().config;
    const services = createServices((key) => config[key], {}, { journal: memoryJournal() });
    return { ...services, log: world.context().log, resourceName: "it", urn: "urn:it" };
}

function look(kind: keyof typeof handlers, inputs: object, context: Context = newProcess()) {
    const handler = handlers[kind] as unknown as ResourceHandler<CommonInputs, CommonInputs>;
    return handler.preflight?.(context, inputs);
}

describe("in the vault of a restore point", () => {
    it.each(dialects)(
        "1 GB for first backups of 80 GB of servers is a warning with both numbers (%s)",
        async (dialect) => {
            await start(dialect);
            const { id: vaultId } = home().addVault({ ...twoServers, ...tight });
            const context = newProcess();
            for (const _ of ["once", "again"]) expect(await look("checkpoint", { vaultId }, context)).toEqual([]);
            expect(world.lines.warn).toEqual([
                `vault ${vaultId} has 1 GB of 100 GB left, and full backups of 2 resources may take up to 80 GB, the size of their disks: they may not fit (BackupService.6114). Later ones, which take what has changed, are not counted.`,
            ]);
        },
    );

    it("counts only the named resources, and those that have no backup yet unless a full one is asked for", async () => {
        await start();
        const vault = home().addVault({ ...twoServers, sizeGb: 100, usedMb: 50 * 1024 });
        const [first = ""] = [...vault.resources.keys()];
        const vaultId = vault.id;
        await look("checkpoint", { vaultId, resources: [first] });
        await look("checkpoint", { vaultId, resourceDetails: [{ id: first, type: "OS::Nova::Server" }] });
        expect(world.lines.warn).toEqual([]);
        home().addCheckpoint(vaultId);
        await look("checkpoint", { vaultId });
        expect(world.lines.warn).toEqual([]);
        await look("checkpoint", { vaultId, incremental: false });
        expect(world.lines.warn).toEqual([expect.stringContaining("full backups of 2 resources may take up to 80 GB")]);
    });

    it("less than a gigabyte is said so, and none at all fails", async () => {
        await start();
        const { id: vaultId } = home().addVault({ sizeGb: 10, usedMb: 10 * 1024 - 1 });
        expect(await look("checkpoint", { vaultId })).toEqual([]);
        expect(world.lines.warn).toEqual([expect.stringContaining("has less than 1 GB of 10 GB left")]);
        const { id: full } = home().addVault({ sizeGb: 10, usedMb: 10 * 1024 });
        expect(await look("checkpoint", { vaultId: full })).toEqual([
            { property: "vaultId", reason: `vault ${full} is full: 10 of 10 GB used (BackupService.6114)` },
        ]);
        await expect(checkpoint.create(world.context(), { vaultId: full })).rejects.toThrow("BackupService.6114");
    });

    it("a vault that grows by itself has room", async () => {
        await start();
        const { id: vaultId } = home().addVault({ sizeGb: 10, usedMb: 10 * 1024 });
        const context = altered(newProcess(), (answer) => {
            const { vault } = answer as { vault?: object };
            return vault === undefined ? answer : { vault: { ...vault, auto_expand: true } };
        });
        expect(await look("checkpoint", { vaultId }, context)).toEqual([]);
        expect(world.lines.warn).toEqual([]);
    });
});

describe("in the destination vault", () => {
    const kinds = ["vaultReplication", "backupReplica", "checkpointReplica"] as const;

    /** A restore point of two servers, and a copy of it to a vault like this, as each kind says it. */
    function copyTo(seed: VaultSeed) {
        const vault = home().addVault(twoServers);
        const point = home().addCheckpoint(vault.id);
        const destinationVaultId = away().addVault({ protectType: "replication", ...seed }).id;
        const to = { destinationRegion: "eu-nl", destinationVaultId };
        const [backup, other] = home().backupsOf(point.id);
        return {
            destinationVaultId,
            backups: [backup?.id ?? "", other?.id ?? ""],
            inputs: {
                vaultReplication: { vaultId: vault.id, ...to },
                backupReplica: { backupId: backup?.id ?? "", ...to },
                checkpointReplica: { checkpointId: point.id, ...to },
            },
        };
    }

    for (const dialect of dialects)
        it.each(kinds)(`1 GB for first copies is a warning with both numbers of a %s (${dialect})`, async (kind) => {
            await start(dialect);
            const { destinationVaultId, inputs } = copyTo(tight);
            expect(await look(kind, inputs[kind])).toEqual([]);
            const whole =
                kind === "backupReplica" ? "1 resource may take up to 40 GB" : "2 resources may take up to 80 GB";
            expect(world.lines.warn).toEqual([
                `eu-nl: vault ${destinationVaultId} has 1 GB of 100 GB left, and first copies of ${whole}, the size of their disks: they may not fit (BackupService.6129). Later ones, which take what has changed, are not counted.`,
            ]);
        });

    it.each(kinds)("of a %s, its backups are not asked for where all of it fits", async (kind) => {
        await start();
        const { inputs } = copyTo({ sizeGb: 100 });
        expect(await look(kind, inputs[kind])).toEqual([]);
        expect(world.lines.warn).toEqual([]);
        const lists = world.sim.requests.filter(({ operation }) => operation === "ListBackups");
        expect(lists.filter(({ region }) => region === "eu-nl")).toEqual([]);
    });

    it.each(dialects)("what has a copy there already is not counted (%s)", async (dialect) => {
        await start(dialect);
        const { destinationVaultId, backups, inputs } = copyTo({ sizeGb: 100, usedMb: 50 * 1024 });
        const [backupId = ""] = backups;
        const to = { destinationRegion: "eu-nl", destinationVaultId };
        await backupReplica.create(world.context(), { backupId, ...to });
        for (const kind of kinds) expect(await look(kind, inputs[kind])).toEqual([]);
        expect(world.lines.warn).toEqual([]);
        Object.assign(away().vaults.get(destinationVaultId) ?? {}, { usedMb: 99 * 1024 });
        const later = newProcess();
        for (const kind of kinds) expect(await look(kind, inputs[kind], later)).toEqual([]);
        expect(world.lines.warn).toEqual([expect.stringContaining("first copies of 1 resource may take up to 40 GB")]);
    });

    it("all are counted where the vault's backups may not be listed", async () => {
        await start();
        const { inputs } = copyTo(tight);
        world.sim.fail({
            operation: "ListBackups",
            region: "eu-nl",
            times: 0,
            effect: { status: 403, code: "APIGW.0302" },
        });
        expect(await look("checkpointReplica", inputs.checkpointReplica)).toEqual([]);
        expect(world.lines.warn).toEqual([expect.stringContaining("first copies of 2 resources")]);
    });
});
