// What copies would take, as their rows say it in a preview; and restore points of which nothing can be copied.
import { afterEach, describe, expect, it } from "vitest";
import { memoryJournal } from "../../provider/exactly-once/journal";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import type { Context } from "../../provider/services/context";
import { createServices } from "../../provider/services/services";
import { altered } from "../support/altered";
import { startWorld, type World } from "../support/world";

let world: World;
afterEach(() => world?.close());

type Dialect = "huawei" | "otc";
const handlers = { checkpoint, vaultReplication, backupReplica, checkpointReplica };

async function start(dialect: Dialect = "huawei"): Promise<void> {
    const regions = ["eu-de", "eu-nl"].map((name) => ({ name, dialect }));
    world = await startWorld({ regions: regions as never });
}

const home = () => world.sim.regions["eu-de"].cloud;
const away = () => world.sim.regions["eu-nl"].cloud;

/** A new process that looks; its clock is the machine's, so that no look is late on a slow one. */
function newProcess(dialect: Dialect = "huawei", more: Record<string, string> = {}): Context {
    const cloud = dialect === "otc" ? { "cbr:cloud": "otc" } : {};
    const config: Record<string, string> = { ...world.sim.settings().config, ...cloud, ...more };
    const services = createServices((key) => config[key], {}, { journal: memoryJournal() });
    return { ...services, log: world.context().log, resourceName: "it", urn: "urn:it" };
}

async function look(kind: keyof typeof handlers, inputs: object, context = newProcess(), replaced?: object) {
    const handler = handlers[kind] as unknown as ResourceHandler<CommonInputs, CommonInputs>;
    return handler.preflight?.(context, inputs, replaced);
}

/** A vault of two servers with a restore point, and inputs of the copy of it as each kind has them. */
function pointToCopy() {
    const vault = home().addVault({
        resources: [
            { name: "web-1", sizeGb: 40 },
            { name: "db-1", sizeGb: 100 },
        ],
    });
    const point = home().addCheckpoint(vault.id);
    const [web = ""] = home()
        .backupsOf(point.id)
        .map((one) => one.id);
    const to = { destinationRegion: "eu-nl", destinationVaultId: away().addVault({ protectType: "replication" }).id };
    return {
        vault,
        point,
        web,
        to,
        vaultReplication: { vaultId: vault.id, ...to },
        backupReplica: { backupId: web, ...to },
        checkpointReplica: { checkpointId: point.id, ...to },
    };
}

describe("a copy's row in the preview", () => {
    it("says how many backups of what it takes, and at most how much", async () => {
        await start();
        const given = pointToCopy();
        const context = newProcess();
        for (const kind of ["vaultReplication", "backupReplica", "checkpointReplica"] as const)
            for (const _ of ["once", "again"]) expect(await look(kind, given[kind], context)).toEqual([]);
        const whole = "to copy to eu-nl: 2 backups (db-1, web-1), at most 140 GB, the size of the disks";
        // Both runs copy the same, and the row says it once.
        expect(world.lines.info).toEqual([
            whole,
            "to copy to eu-nl: 1 backup (web-1), at most 40 GB, the size of the disks",
        ]);
        expect(world.lines.warn).toEqual([]);
    });

    it("counts what has a replica there already apart", async () => {
        await start();
        const given = pointToCopy();
        home().addReplica(given.web, away(), given.to.destinationVaultId);
        await look("vaultReplication", given.vaultReplication);
        await look("checkpointReplica", given.checkpointReplica);
        await look("backupReplica", given.backupReplica);
        const rest = "1 backup (db-1), at most 100 GB, the size of the disks; 1 more has a replica there already";
        expect(world.lines.info).toEqual([
            `to copy to eu-nl: ${rest}`,
            `to copy to eu-nl: ${rest}`,
            "to copy to eu-nl: nothing; 1 more has a replica there already",
        ]);
    });

    it("counts a replica that is gone among what is copied, whatever its record says", async () => {
        await start();
        const given = pointToCopy();
        const replica = home().addReplica(given.web, away(), given.to.destinationVaultId);
        away().deleteBackupBehindOurBack(replica.id);
        await look("backupReplica", given.backupReplica);
        await look("vaultReplication", given.vaultReplication);
        expect(world.lines.info).toEqual([
            "to copy to eu-nl: 1 backup (web-1), at most 40 GB, the size of the disks",
            "to copy to eu-nl: 2 backups (db-1, web-1), at most 140 GB, the size of the disks",
        ]);
        // Who may not look at it has the record's word, and no warning.
        world.sim.fail({
            operation: "ShowBackup",
            region: "eu-nl",
            times: 0,
            effect: { status: 403, code: "APIGW.0302" },
        });
        await look("backupReplica", given.backupReplica);
        expect(world.lines.info.at(-1)).toBe("to copy to eu-nl: nothing; 1 more has a replica there already");
        expect(world.lines.warn).toEqual([]);
    });

    it("takes what is deleted first for copied anew", async () => {
        await start();
        const given = pointToCopy();
        home().addReplica(given.web, away(), given.to.destinationVaultId);
        const anew = { ...given.backupReplica, triggers: [2], deletionPolicy: "delete" };
        await look("backupReplica", anew, newProcess(), { ...anew, triggers: [1] });
        await look("backupReplica", anew, newProcess(), { ...anew, triggers: [1], deletionPolicy: "retain" });
        expect(world.lines.info).toEqual([
            "to copy to eu-nl: 1 backup (web-1), at most 40 GB, the size of the disks",
            "to copy to eu-nl: nothing; 1 more has a replica there already",
        ]);
    });

    it("counts each server once, however many backups of it are copied, and says of which the size is not known", async () => {
        await start();
        const given = pointToCopy();
        home().addCheckpoint(given.vault.id);
        const unsized = altered(newProcess(), (answer) => {
            const { backups } = answer as { backups?: { resource_name: string }[] };
            if (backups === undefined) return answer;
            const rows = backups.map((row) =>
                row.resource_name === "db-1" ? { ...row, resource_size: undefined } : row,
            );
            return { ...(answer as object), backups: rows };
        });
        await look("vaultReplication", given.vaultReplication, unsized);
        expect(world.lines.info).toEqual([
            "to copy to eu-nl: 4 backups (db-1, web-1), at most 40 GB, the size of the disks and 1 of unknown size",
        ]);
    });

    it("says where no record tells what has been copied", async () => {
        await start("otc");
        const given = pointToCopy();
        for (const kind of ["vaultReplication", "backupReplica", "checkpointReplica"] as const)
            expect(await look(kind, given[kind], newProcess("otc"))).toEqual([]);
        const open = "the size of the disks; which of them have a replica there is not known";
        expect(world.lines.info).toEqual([
            `to copy to eu-nl: 2 backups (db-1, web-1), at most 140 GB, ${open}`,
            `to copy to eu-nl: 1 backup (web-1), at most 40 GB, ${open}`,
            `to copy to eu-nl: 2 backups (db-1, web-1), at most 140 GB, ${open}`,
        ]);
    });

    it("goes by the vault's own count where its backups may not be listed", async () => {
        await start();
        const given = pointToCopy();
        world.sim.fail({ operation: "ListBackups", times: 0, effect: { status: 403, code: "APIGW.0302" } });
        expect(await look("vaultReplication", given.vaultReplication)).toEqual([]);
        expect(world.lines.info).toEqual([
            "to copy to eu-nl: 2 backups (db-1, web-1), at most 140 GB, the size of the disks; which of them have a replica there is not known",
        ]);
        expect(world.lines.warn).toEqual([]);
    });

    it("says that a restore point which the same run takes of the vault is copied, too", async () => {
        await start();
        const given = pointToCopy();
        const other = home().addVault({ resources: 1 });
        for (const one of home().backupsOf(given.point.id))
            home().addReplica(one.id, away(), given.to.destinationVaultId);
        const context = newProcess();
        for (const vaultId of [other.id, given.vault.id]) {
            expect(await look("checkpoint", { vaultId }, context)).toEqual([]);
            await look("vaultReplication", given.vaultReplication, context);
        }
        await look("checkpointReplica", given.checkpointReplica, context);
        const adopting = newProcess();
        await look("checkpoint", { vaultId: given.vault.id, adopt: given.point.id }, adopting);
        await look("vaultReplication", given.vaultReplication, adopting);
        expect(world.lines.info).toEqual([
            "to copy to eu-nl: nothing; 2 more have a replica there already",
            "to copy to eu-nl: what this run takes before it; 2 more have a replica there already",
            "to copy to eu-nl: nothing; 2 more have a replica there already",
        ]);
    });

    it.each(["huawei", "otc"] as const)(
        "wants no room where a replica is named for every backup (%s)",
        async (dialect) => {
            await start(dialect);
            const given = pointToCopy();
            const adopt = home()
                .backupsOf(given.point.id)
                .map((one) => home().addReplica(one.id, away(), given.to.destinationVaultId).id);
            away().setVault(given.to.destinationVaultId, { sizeGb: 1, usedMb: 1024 });
            const all = { ...given.checkpointReplica, adopt };
            expect(await look("checkpointReplica", all, newProcess(dialect))).toEqual([]);
            expect(world.lines.info).toEqual(["to copy to eu-nl: nothing; 2 more have a replica there already"]);
            expect(world.lines.warn).toEqual([]);
            const some = { ...all, adopt: adopt.slice(1) };
            expect(await look("checkpointReplica", some, newProcess(dialect))).toEqual([
                { property: "destinationVaultId", reason: expect.stringContaining("is full") },
            ]);
        },
    );

    it("does not ask which of none have a replica", async () => {
        await start("otc");
        const vault = home().addVault({ resources: 1 });
        const [backup] = home().backupsOf(home().addCheckpoint(vault.id).id);
        home().setBackupStatus(backup?.id ?? "", "restoring");
        await look("vaultReplication", { vaultId: vault.id, ...pointToCopy().to }, newProcess("otc"));
        expect(world.lines.info).toEqual(["to copy to eu-nl: nothing"]);
    });

    it("says nothing where the preview looks at nothing, and nothing of what cannot be copied", async () => {
        await start();
        const given = pointToCopy();
        await look("vaultReplication", given.vaultReplication, newProcess("huawei", { "cbr:preflight": "off" }));
        const wrong = { ...given.checkpointReplica, destinationVaultId: given.vault.id };
        expect(await look("checkpointReplica", wrong)).toHaveLength(1);
        expect(world.lines.info).toEqual([]);
    });
});

describe("a restore point of which nothing can be copied", () => {
    const anHour = 3_600_000;

    it("is refused with the words of `up`, when all its backups are bad", async () => {
        await start();
        const vault = home().addVault({ resources: 1 });
        const { id } = home().addCheckpoint(vault.id, { status: "error" });
        const [backup] = home().backupsOf(id);
        const inputs = { ...pointToCopy().checkpointReplica, checkpointId: id };
        const reason = `restore point ${id} in eu-de has no backup that could be copied: ${backup?.id} (error)`;
        expect(await look("checkpointReplica", inputs)).toEqual([{ property: "checkpointId", reason }]);
        await expect(checkpointReplica.create(world.context(), inputs)).rejects.toThrow(reason);
    });

    it.each(["huawei", "otc"] as const)("is refused when none is left, once it is no new one (%s)", async (dialect) => {
        await start(dialect);
        const vault = home().addVault({ resources: 0 });
        const old = home().addCheckpoint(vault.id, { createdAt: new Date(Date.now() - anHour) });
        const inputs = { ...pointToCopy().checkpointReplica, checkpointId: old.id };
        const reason = `restore point ${old.id} in eu-de has no backup that could be copied`;
        expect(await look("checkpointReplica", inputs, newProcess(dialect))).toEqual([
            { property: "checkpointId", reason },
        ]);
        const fresh = home().addCheckpoint(vault.id);
        expect(await look("checkpointReplica", { ...inputs, checkpointId: fresh.id }, newProcess(dialect))).toEqual([]);
    });

    it.each(["restoring", "protecting"])("passes while a backup of it is %s", async (status) => {
        await start();
        const given = pointToCopy();
        const context = altered(newProcess(), (answer) => {
            const { backups } = answer as { backups?: object[] };
            return backups === undefined
                ? answer
                : { ...(answer as object), backups: backups.map((row) => ({ ...row, status })) };
        });
        expect(await look("checkpointReplica", given.checkpointReplica, context)).toEqual([]);
    });
});
