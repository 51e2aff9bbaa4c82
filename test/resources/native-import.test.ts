// What `pulumi import` and `get` ask of the native provider, for each resource.
import { afterAll, beforeAll, expect, it } from "vitest";
import { configureHost } from "../../provider/pulumi/host";
import { ResourceHost } from "../../provider/pulumi/native/resource-host";
import type { CommonInputs, ResourceHandler } from "../../provider/resource/resource";
import { checkpoint } from "../../provider/resources/checkpoint/checkpoint";
import { backupReplica } from "../../provider/resources/copies/backup-replica";
import { checkpointReplica } from "../../provider/resources/copies/checkpoint-replica";
import { vaultReplication } from "../../provider/resources/copies/vault-replication";
import { vaultSync } from "../../provider/resources/vault-sync";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { requireTypeScript } from "../support/require-typescript";

requireTypeScript();

let sim: Simulator;
beforeAll(async () => {
    sim = (await startSimulator({ backupMs: 0, replicationMs: 0, syncMs: 0 })) as Simulator;
    const { config } = sim.settings();
    configureHost((key) => config[key]);
});
afterAll(() => sim.close());

const urnOf = (kind: string) => `urn:pulumi:dev::test::cbr:index:${kind}::it`;
const nothing = { inputs: {}, outputs: {} };

function importOf<I extends CommonInputs, O extends I>(handler: ResourceHandler<I, O>, id: string) {
    return new ResourceHost(handler).read({ urn: urnOf(handler.kind) }, id, nothing);
}

const writes = () =>
    sim.requests.filter(({ method, operation }) => method !== "GET" && !/^Keystone/.test(operation ?? ""));

/** Inputs that a program would give are those of which the next preview finds no change. */
async function expectUnchanged<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
    found: Awaited<ReturnType<typeof importOf>>,
    program: Record<string, unknown>,
): Promise<void> {
    const { id, inputs, properties } = found ?? expect.fail("not found");
    expect(inputs).toEqual(program);
    const request = { urn: urnOf(handler.kind) };
    const host = new ResourceHost(handler);
    expect(await host.check(request, inputs, program)).toEqual([]);
    const diff = await host.diff(request, id, { inputs, outputs: properties }, program);
    expect([diff.isChanged, [...diff.detailed]]).toEqual([false, []]);
}

it("imports a restore point by its id, with or without its region", async () => {
    const { cloud } = sim.regions["eu-de"];
    const vaultId = cloud.addVault({ resources: 2 }).id;
    const { id } = cloud.addCheckpoint(vaultId, { name: "by-hand" });
    const plain = await importOf(checkpoint, id.toUpperCase());
    expect(plain?.id).toBe(id);
    const backups = cloud.backupsOf(id).map((one) => one.id);
    expect([...(plain?.properties["backupIds"] as string[])].sort()).toEqual(backups.sort());
    await expectUnchanged(checkpoint, plain, { vaultId, name: "by-hand" });
    const away = sim.regions["eu-nl"].cloud;
    const other = away.addCheckpoint(away.addVault().id, { name: "there" });
    const regional = await importOf(checkpoint, `eu-nl/${other.id}`);
    await expectUnchanged(checkpoint, regional, { vaultId: other.vaultId, name: "there", region: "eu-nl" });
    expect(writes()).toEqual([]);
});

it("imports a copy by its source, its place and its record", async () => {
    const { cloud } = sim.regions["eu-de"];
    const point = cloud.addCheckpoint(cloud.addVault().id);
    const backupId = cloud.backupsOf(point.id)[0]?.id ?? "";
    const destinationVaultId = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
    const host = new ResourceHost(backupReplica);
    const inputs = { backupId, destinationRegion: "eu-nl", destinationVaultId };
    const made = await host.create({ urn: urnOf("BackupReplica") }, inputs);
    const before = writes().length;
    const found = await importOf(backupReplica, `${backupId}/eu-nl/${destinationVaultId}/${made.id}`);
    expect([found?.id, found?.properties["destinationBackupId"]]).toEqual([
        made.id,
        made.properties["destinationBackupId"],
    ]);
    const { name } = found?.properties ?? {};
    await expectUnchanged(backupReplica, found, { ...inputs, ...(name === undefined ? {} : { name }) });
    // `get`: the id alone, and where it is as inputs.
    const got = await host.read({ urn: urnOf("BackupReplica") }, made.id, { inputs: {}, outputs: inputs });
    expect(got?.id).toBe(made.id);
    expect(writes()).toHaveLength(before);
});

it("imports a synchronisation by its task, as long as the cloud knows it", async () => {
    const { cloud } = sim.regions["eu-de"];
    const vaultId = cloud.addVault({ cloudType: "hybrid" }).id;
    const made = await new ResourceHost(vaultSync).create({ urn: urnOf("VaultSync") }, { vaultId });
    const before = writes().length;
    const found = await importOf(vaultSync, made.id);
    expect([found?.id, found?.properties["status"]]).toEqual([made.id, "success"]);
    await expectUnchanged(vaultSync, found, { vaultId });
    cloud.forgetOperationLog(made.id);
    await expect(importOf(vaultSync, `eu-de/${made.id}`)).rejects.toThrow(new RegExp(`VaultSync it: .*${made.id}`));
    expect(writes()).toHaveLength(before);
});

it.each([vaultReplication, checkpointReplica] as unknown as ResourceHandler<CommonInputs, CommonInputs>[])(
    "says why what records a run of its own is not imported: $kind",
    async (handler) => {
        const id = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
        await expect(importOf(handler, id)).rejects.toThrow(
            `${handler.kind} cannot be imported: it records a run of its own. Leave the import out: what has been copied already is found, and not copied again.`,
        );
    },
);

it("finds what has been copied instead: the resource is made without a request that copies", async () => {
    const { cloud } = sim.regions["eu-de"];
    const vaultId = cloud.addVault().id;
    const point = cloud.addCheckpoint(vaultId);
    const destinationVaultId = sim.regions["eu-nl"].cloud.addVault({ protectType: "replication" }).id;
    const to = { destinationRegion: "eu-nl", destinationVaultId };
    const hosts = [
        [new ResourceHost(checkpointReplica), { checkpointId: point.id, ...to }],
        [new ResourceHost(vaultReplication), { vaultId, ...to }],
    ] as const;
    const copied = () =>
        [...sim.regions["eu-nl"].cloud.backups.values()].filter((one) => one.vaultId === destinationVaultId);
    await new ResourceHost(backupReplica).create(
        { urn: urnOf("BackupReplica") },
        { backupId: cloud.backupsOf(point.id)[0]?.id, ...to },
    );
    const [replica] = copied();
    for (const [host, inputs] of hosts) {
        const { properties } = await host.create({ urn: urnOf("Copies") }, inputs);
        expect(properties["destinationBackupIds"]).toEqual([replica?.id]);
    }
    expect(copied()).toHaveLength(1);
});

it.each<[string, string, ResourceHandler<CommonInputs, CommonInputs>]>(
    (
        [
            ["release-1", "is no import id of a Checkpoint, which is <id> or <region>/<id>", checkpoint],
            ["eu-de/eu-nl/3b5816b5-f29c-4172-9d9a-76c719a659ce", "is no import id of a VaultSync", vaultSync],
            [
                "3b5816b5-f29c-4172-9d9a-76c719a659ce",
                "is no import id of a BackupReplica, which is <backup id>/",
                backupReplica,
            ],
        ] as const
    ).map(([id, message, handler]) => [id, message, handler as unknown as ResourceHandler<CommonInputs, CommonInputs>]),
)("refuses an import id: %s %s", async (id, message, handler) => {
    await expect(importOf(handler, id)).rejects.toThrow(`${id} ${message}`);
});

it("says in the API's words that there is no such restore point, and stores nothing", async () => {
    const id = "3b5816b5-f29c-4172-9d9a-76c719a659ce";
    await expect(importOf(checkpoint, id)).rejects.toThrow(/^Checkpoint it: .*(not found|does not exist|404)/i);
});
