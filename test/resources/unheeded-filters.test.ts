// A cloud that does not heed a filter lists other things than those asked for: none of them is deleted, adopted or
// counted.
import { afterEach, expect, it } from "vitest";
import type { HttpRequest, HttpResponse } from "../../provider/client/http/transport";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync";
import type { BackupState } from "../../sdk/testing/index";
import { startWorld, type World, type WorldOptions } from "../support/world";

let world: World;
afterEach(() => world.close());

/** Every list is that of the whole project, whatever was asked for. */
async function startUnheeding(options: WorldOptions = {}, drop: Record<string, null> = {}): Promise<void> {
    const answer = async (request: HttpRequest, response: HttpResponse): Promise<HttpResponse> => {
        const url = new URL(request.url);
        const list = /\/(backups|operation-logs)$/.exec(url.pathname)?.[1];
        if (request.method !== "GET" || list === undefined || response.status !== 200) return response;
        const replications = url.searchParams.has("show_replication") ? "?show_replication=true" : "";
        const all = await fetch(`${url.origin}${url.pathname}${replications}`, { headers: { ...request.headers } });
        const body = (await all.json()) as Record<string, { id: string }[]>;
        const key = list === "backups" ? "backups" : "operation_logs";
        return {
            ...response,
            body: JSON.stringify({ ...body, [key]: body[key]?.map((row) => ({ ...row, ...drop })) }),
        };
    };
    world = await startWorld({ answer, ...options });
}

const cloud = () => world.sim.regions["eu-de"].cloud;
const create = (more = {}, name = "it") => checkpoint.create(world.context(name), { vaultId: world.vaultId, ...more });
const idsOf = (backups: Iterable<BackupState>) => [...backups].map((one) => one.id).sort();

it("deletes what names the restore point, and nothing else", async () => {
    await startUnheeding({ servers: 2 });
    const precious = await create({}, "precious");
    const { id, outputs } = await create({ deletionPolicy: "delete" });
    expect([outputs.backups.length, precious.outputs.backups.length]).toEqual([2, 2]);
    // As if one more resource had been asked for, whose backup may be listed only now.
    const vault = {
        ...outputs.vault,
        resources: [...outputs.vault.resources, { id: "5eed0000-0000-4000-8000-00000000ffff" }],
    };
    await checkpoint.remove(world.context(), id, { ...outputs, vault });
    expect(idsOf(cloud().backups.values())).toEqual([...precious.outputs.backupIds].sort());
});

it("deletes no backup that names no restore point", async () => {
    const nameless: Record<string, null> = {};
    await startUnheeding({}, nameless);
    const { id, outputs } = await create({ deletionPolicy: "delete" });
    const precious = cloud().addCheckpoint(world.vaultId);
    nameless["checkpoint_id"] = null;
    // State knows none of its backups: they are asked for.
    await checkpoint.remove(world.context(), id, { ...outputs, backups: [] });
    expect(idsOf(cloud().backups.values())).toEqual(
        idsOf([...cloud().backupsOf(precious.id), ...cloud().backupsOf(id)]),
    );
    expect(world.lines.warn).toEqual([
        expect.stringContaining(`restore point ${id} is still there, but the cloud lists no`),
    ]);
});

it("counts no other vault's backup, and adopts no other vault's restore point of the same name", async () => {
    await startUnheeding();
    const other = cloud().addVault({ resources: 1 });
    cloud().addCheckpoint(other.id, { name: "release" });
    world.sim.fail({ operation: "CreateCheckpoint", effect: "reset-before" });
    const { outputs } = await create({ name: "release" });
    expect(outputs.vault.id).toBe(world.vaultId);
    expect(outputs.backups.map((one) => cloud().backups.get(one.id)?.vaultId)).toEqual([world.vaultId]);
});

it("takes no other vault's copies for those of a lost run", async () => {
    await startUnheeding();
    const other = cloud().addVault({ resources: 1 });
    cloud().addCheckpoint(other.id);
    await create();
    const to = { destinationRegion: "eu-nl", destinationVaultId: world.destinationVaultId };
    await vaultReplication.create(world.context("theirs"), { vaultId: other.id, ...to });
    world.sim.fail({ operation: "CopyCheckpoint", effect: "reset-before" });
    const { outputs } = await vaultReplication.create(world.restart().context("ours"), {
        vaultId: world.vaultId,
        ...to,
    });
    expect(outputs.replications.map((one) => cloud().backups.get(one.backupId)?.vaultId)).toEqual([world.vaultId]);
});

it("takes no other task for a lost synchronisation", async () => {
    await startUnheeding();
    await create();
    const other = cloud().addVault({ cloudType: "hybrid" });
    await vaultSync.create(world.context("theirs"), { vaultId: other.id });
    world.sim.fail({ operation: "ImportCheckpoint", effect: "reset-before" });
    const { id } = await vaultSync.create(world.restart().context("ours"), { vaultId: world.hybridVaultId });
    expect(cloud().operationLogs.get(id)?.vaultId).toBe(world.hybridVaultId);
});

it("does not guess whose a synchronisation is that names no vault", async () => {
    await startUnheeding({}, { vault_id: null });
    world.sim.fail({ operation: "ImportCheckpoint", effect: "reset-after-effect" });
    const [begun] = await Promise.allSettled([vaultSync.create(world.context(), { vaultId: world.hybridVaultId })]);
    const [task] = cloud().operationLogs.keys();
    expect(String((begun as PromiseRejectedResult).reason)).toContain(
        `name no vault: ${task}. Nothing was sent again.`,
    );
    expect(world.calls().filter((call) => call === "ImportCheckpoint")).toHaveLength(1);
});
