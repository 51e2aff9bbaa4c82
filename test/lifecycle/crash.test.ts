import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { needsCli } from "../support/pulumi";
import { endWork, HOUR, hostNames, hosts, messages, openLife, ops, until } from "./life";
import { killAll, providerProcesses } from "./processes";

const here = process.platform === "linux" ? hostNames : [];

it.for(here)(
    "neither doubles nor loses what a provider process that was killed had asked for: %s host",
    async (host, { skip }) => {
        if (host === "native") await needsCli(skip, "the native provider");
        const cbr = hosts[host];
        const life = await openLife({ host, backupMs: HOUR, replicationMs: HOUR, syncMs: HOUR });
        const vaultId = life.vault();
        const namedVaultId = life.vault();
        const source = life.vaultWithBackup();
        const single = life.vaultWithBackup();
        const pointId = life.home.addCheckpoint(life.vault({ resources: 2 })).id;
        const copied = life.home
            .backupsOf(pointId)
            .map((one) => one.id)
            .sort();
        const hybridVaultId = life.hybridVault({ onPremises: { added: 1 } });
        const destinationVaultId = life.destination();
        life.use(async () => {
            const copyTo = { destinationRegion: "eu-nl", destinationVaultId };
            new cbr.Checkpoint("generated", { vaultId });
            new cbr.Checkpoint("named", { vaultId: namedVaultId, name: "release" });
            new cbr.VaultReplication("run", { vaultId: source.vaultId, ...copyTo });
            new cbr.BackupReplica("copy", { backupId: single.backupId, ...copyTo });
            new cbr.CheckpointReplica("point", { checkpointId: pointId, ...copyTo });
            new cbr.VaultSync("sync", { vaultId: hybridVaultId });
        });
        // Half of the answers never arrive, the others do: in either case nothing of them is stored yet.
        const late = { delayMs: 60_000, when: "after" } as const;
        life.fail("CreateCheckpoint", vaultId, late);
        life.fail("CopyCheckpoint", source.vaultId, late);
        // One of a restore point's two requests has its effect at once, the other only after the process has died.
        life.fail("CopyBackup", copied[0] ?? "", late);
        life.fail("CopyBackup", copied[1] ?? "", { delayMs: 60_000, when: "before" });
        const operations = ["CreateCheckpoint", "CopyCheckpoint", "CopyBackup", "ImportCheckpoint"];
        const total = () => operations.reduce((sum, operation) => sum + life.count(operation), 0);
        const done = () =>
            life.home.checkpoints.size >= 5 &&
            life.home.records.size >= 3 &&
            life.home.operationLogs.size >= 6 &&
            life.count("CopyBackup", copied[1]) === 1;

        const dying = life.up({ expectFailure: true });
        await until(() => done() && /"type": ?"creating"/.test(life.stored()));
        // What would be there if the engine had died with its provider.
        const stateFile = join(life.stack.folder, "state", ".pulumi", "stacks", "test", "dev.json");
        const interrupted = readFileSync(stateFile, "utf8");
        killAll(providerProcesses());
        const crash = await dying;
        expect(messages(crash)).not.toBe("");
        expect(life.calls().filter((call) => operations.includes(call)).length).toBeLessThanOrEqual(7);
        expect((await life.states()).size).toBe(0);

        life.sim.clearFaults();
        endWork(life);
        writeFileSync(stateFile, interrupted);
        const sent = total();
        const recovered = await life.up();
        expect(ops(recovered)).toEqual(
            ["copy", "generated", "named", "point", "run", "sync"].map((name) => `create ${name}`),
        );
        expect(total() - sent, "nothing is sent again").toBe(0);
        expect(copied.map((id) => life.count("CopyBackup", id))).toEqual([1, 1]);
        expect(messages(recovered)).toMatch(
            /warning: Attempting to deploy or update resources with \d pending operations/,
        );
        expect(messages(recovered)).toMatch(/Checkpoint::generated, interrupted while creating/);
        expect(messages(recovered, "generated")).toMatch(/info: resumed restore point .* no second one was taken/);
        for (const name of ["run", "copy", "point", "sync"])
            expect(messages(recovered, name)).toMatch(/under way already/);
        const states = await life.states();
        const { checkpoints, backups, operationLogs } = life.home.snapshot();
        const takenOf = (id: string) => checkpoints.filter((one) => one.vaultId === id).map((one) => one.id);
        expect(takenOf(vaultId)).toEqual([states.get("generated")?.id]);
        expect(takenOf(namedVaultId)).toEqual([states.get("named")?.id]);
        expect(operationLogs.filter((one) => one.operationType === "sync").map((one) => one.id)).toEqual([
            states.get("sync")?.id,
        ]);
        const recordsOf = (id: string) => backups.find((one) => one.id === id)?.records.map((one) => one.id);
        expect(states.get("run")?.outputs["replicationRecordIds"]).toEqual(recordsOf(source.backupId));
        expect([states.get("copy")?.id]).toEqual(recordsOf(single.backupId));
        expect(states.get("point")?.outputs["replicationRecordIds"]).toEqual(copied.flatMap(recordsOf));
        for (const name of ["generated", "named"]) expect(states.get(name)?.outputs["status"]).toBe("available");
        for (const name of ["run", "copy", "point", "sync"])
            expect(states.get(name)?.outputs["status"]).toBe("success");

        // The engine forgets its own note when told to. Ours have served: the same request, newly made, is a new one.
        await life.refresh({ clearPendingCreates: true });
        const { deployment } = (await life.stack.exportState()) as { deployment: { pending_operations?: unknown[] } };
        expect(deployment.pending_operations ?? []).toEqual([]);
        await life.destroy();
        await life.up({ target: [states.get("generated")?.urn ?? ""] });
        expect(life.home.snapshot().checkpoints.filter((one) => one.vaultId === vaultId)).toHaveLength(2);
    },
);
