/** What a user may write, and may not: checked by the compiler, never run. Lines that must fail say so. */
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "../sdk/index";
import * as native from "../sdk/native/index";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => {};

declare const id: pulumi.Output<string>;

export function checkpoints(): void {
    const plain = new cbr.Checkpoint("a", { vaultId: "x", name: "n", incremental: false, triggers: { a: 1, b: [id] } });
    const isFull: pulumi.Output<boolean> = pulumi.output(true);
    const policy: pulumi.Output<"retain" | "delete"> = pulumi.output("retain" as const);
    new cbr.Checkpoint("b", { vaultId: "x", incremental: isFull, deletionPolicy: policy });
    new cbr.Checkpoint("b", { vaultId: id, resources: [id, "y"], triggers: ["1", id], timeouts: { create: "2h" } });
    new cbr.Checkpoint("c", {
        vaultId: id,
        resources: id.apply((one) => [one]),
        deletionPolicy: pulumi.output("retain" as const),
    });
    new cbr.Checkpoint("d", {
        vaultId: Promise.resolve("x"),
        resourceDetails: [
            { id, type: "OS::Nova::Server", name: pulumi.output("web") },
            id.apply((one) => ({ id: one, type: "OS::Nova::Server" })),
            { id, type: "OS::Nova::Server", excludeVolumes: [id, "x"] },
            { id, type: "OS::Nova::Server", includeVolumes: [{ id, osVersion: "Debian 13" }, { id: "x" }] },
        ],
    });
    new cbr.Checkpoint("e", { vaultId: "x" }, { customTimeouts: { create: "4h" }, protect: true });
    cbr.Checkpoint.get("f", "id", { region: "eu-de" });
    cbr.Checkpoint.get("g", plain.id);

    // @ts-expect-error vaultId is required
    new cbr.Checkpoint("h", {});
    // @ts-expect-error a number is no id
    new cbr.Checkpoint("i", { vaultId: 1 });
    // @ts-expect-error neither is an Output of one
    new cbr.Checkpoint("j", { vaultId: pulumi.output(1) });
    // @ts-expect-error there is no such input
    new cbr.Checkpoint("k", { vaultId: "x", vault: "y" });
    // @ts-expect-error no such word
    new cbr.Checkpoint("l", { vaultId: "x", deletionPolicy: "keep" });
    // @ts-expect-error resources are a list
    new cbr.Checkpoint("m", { vaultId: "x", resources: "y" });
    // @ts-expect-error a resource has a type
    new cbr.Checkpoint("n", { vaultId: "x", resourceDetails: [{ id }] });
    // @ts-expect-error a volume that is chosen is an object
    new cbr.Checkpoint("n", { vaultId: "x", resourceDetails: [{ id, type: "y", includeVolumes: ["z"] }] });
    // @ts-expect-error there is no such budget
    new cbr.Checkpoint("o", { vaultId: "x", timeouts: { read: "1h" } });

    same<typeof plain.checkpointId, pulumi.Output<string>>(true);
    same<typeof plain.name, pulumi.Output<string | undefined>>(true);
    same<typeof plain.backupIds, pulumi.Output<string[]>>(true);
    same<typeof plain.backupIdByResource, pulumi.Output<Record<string, string>>>(true);
    const size: pulumi.Output<number | undefined> = plain.backups.apply((list) => list[0]?.resourceSizeGb);
    void size;
    // @ts-expect-error outputs are read-only
    plain.status = pulumi.output("available");
}

export function copies(before: cbr.Checkpoint): void {
    const copyOf = { checkpointId: id, destinationRegion: "eu-nl", destinationVaultId: "x" };
    const replica = new cbr.CheckpointReplica("a", {
        checkpointId: before.checkpointId,
        destinationRegion: pulumi.output("eu-nl"),
        destinationVaultId: id,
        triggers: { id },
    });
    new cbr.CheckpointReplica("b", {
        checkpointId: before.id,
        destinationRegion: "eu-nl",
        destinationVaultId: "x",
        onPartialFailure: "warn",
    });
    // @ts-expect-error it records a run of its own, which cannot be looked up
    cbr.CheckpointReplica.get("c", replica.id);
    // @ts-expect-error no such word
    new cbr.CheckpointReplica("c", { ...copyOf, onPartialFailure: "ignore" });
    // @ts-expect-error it copies what is there, and has no name of its own
    new cbr.CheckpointReplica("c", { ...copyOf, name: "x" });
    // @ts-expect-error a restore point is not its id
    new cbr.CheckpointReplica("c", { checkpointId: before, destinationRegion: "eu-nl", destinationVaultId: "x" });
    // @ts-expect-error destinationVaultId is required
    new cbr.CheckpointReplica("d", { checkpointId: id, destinationRegion: "eu-nl" });
    const ofVault = { checkpointId: id, destinationRegion: "eu-nl", destinationVaultId: "x" };
    // @ts-expect-error the vault is the restore point's
    new cbr.CheckpointReplica("e", { ...ofVault, vaultId: id });

    same<typeof replica.destinationBackupIds, pulumi.Output<string[]>>(true);
    same<typeof replica.replicationRecordIds, pulumi.Output<string[]>>(true);
    same<typeof replica.sourceVaultId, pulumi.Output<string | undefined>>(true);
    same<typeof replica.deletionPolicy, pulumi.Output<"delete" | "retain" | undefined>>(true);
    same<typeof replica.verified, pulumi.Output<boolean | undefined>>(true);
    // @ts-expect-error outputs are read-only
    replica.status = pulumi.output("success");
    const progress: pulumi.Output<number | undefined> = replica.replications.apply((list) => list[0]?.progress);
    void progress;

    new cbr.VaultReplication("f", {
        vaultId: id,
        destinationRegion: "eu-nl",
        destinationVaultId: id,
        autoTrigger: true,
        enableAcceleration: true,
        crossAccountUrn: id,
    });
    new cbr.BackupReplica("g", {
        backupId: before.backupIds.apply((ids) => ids[0] ?? ""),
        destinationRegion: "eu-nl",
        destinationVaultId: id,
    });
    // @ts-expect-error one backup, not a list
    new cbr.BackupReplica("h", { backupId: before.backupIds, destinationRegion: "eu-nl", destinationVaultId: id });
    new cbr.VaultSync("i", { vaultId: id });
    // @ts-expect-error a synchronisation has no policy
    new cbr.VaultSync("j", { vaultId: id, deletionPolicy: "delete" });
}

export function components(provider: cbr.Provider): void {
    const point = new cbr.ReplicatedCheckpoint(
        "a",
        {
            vaultId: id,
            triggers: { a: 1 },
            copies: [
                { region: "eu-nl", vaultId: id },
                {
                    name: "b",
                    region: id,
                    vaultId: "x",
                    projectId: id,
                    deletionPolicy: "delete",
                    enableAcceleration: true,
                },
                { name: "c", region: id, vaultId: "x", projectId: id, crossAccountUrn: id },
            ],
        },
        { provider },
    );
    new cbr.ReplicatedCheckpoint("b", { vaultId: id, copies: [] });
    same<typeof point.checkpoint, cbr.Checkpoint>(true);
    same<typeof point.checkpointId, pulumi.Output<string>>(true);
    same<typeof point.copies, readonly cbr.CheckpointReplica[]>(true);
    same<typeof point.destinationBackupIds, pulumi.Output<Record<string, string[]>>>(true);
    // @ts-expect-error copies is required
    new cbr.ReplicatedCheckpoint("c", { vaultId: id });
    // @ts-expect-error the list itself must be known
    new cbr.ReplicatedCheckpoint("d", { vaultId: id, copies: pulumi.output([]) });
    // @ts-expect-error a copy has a vault
    new cbr.ReplicatedCheckpoint("e", { vaultId: id, copies: [{ region: "eu-nl" }] });
    // @ts-expect-error names in the stack must be known
    new cbr.ReplicatedCheckpoint("f", { vaultId: id, copies: [{ name: id, region: "eu-nl", vaultId: id }] });
}

export function hooks(): void {
    const options: pulumi.CustomResourceOptions = { hooks: cbr.checkpointBefore({ vaultId: "x", resources: [id] }) };
    cbr.checkpointBefore({ name: "a", vaultId: id, on: ["delete"], description: "before", timeouts: { create: "1h" } });
    // @ts-expect-error hooks for these two changes only
    cbr.checkpointBefore({ vaultId: "x", on: ["create"] });
    // @ts-expect-error a name must be known
    cbr.checkpointBefore({ vaultId: "x", name: id });
    // @ts-expect-error a hook always waits
    cbr.checkpointBefore({ vaultId: "x", wait: false });
    void options;
}

export async function functions(dependency: cbr.Checkpoint): Promise<void> {
    const found = await cbr.getCheckpoint({ checkpointId: "x", region: "eu-de" });
    same<typeof found.backupIds, string[]>(true);
    same<typeof found.createdAt, string | undefined>(true);
    const backup = await cbr.getBackup({ backupId: "x" });
    same<typeof backup.resourceSizeGb, number | undefined>(true);
    const [first] = await cbr.getBackups({
        vaultId: "x",
        status: ["available", "error"],
        startTime: "2026-01-31T04:00:00Z",
    });
    same<typeof first, typeof backup | undefined>(true);
    const vault = await cbr.getVault({ vaultId: "x" });
    same<typeof vault.usedMb, number | undefined>(true);
    same<typeof vault.sizeGb, number | undefined>(true);
    const { destinations } = await cbr.getReplicationCapabilities();
    same<typeof destinations, readonly string[]>(true);
    const [server] = await cbr.getProtectables({ objectType: "server" });
    same<NonNullable<typeof server>["protectable"], boolean | undefined>(true);
    const agents = cbr.getAgentStatusOutput({ resources: [{ id }] });
    const installed: pulumi.Output<boolean | undefined> = agents.apply((list) => list[0]?.installed);
    void installed;
    // @ts-expect-error no such kind
    await cbr.getProtectables({ objectType: "boat" });
    const logs = await cbr.getOperationLogs({ operationType: "backup" });
    same<(typeof logs)[number]["progress"], number | undefined>(true);
    await cbr.getOperationLog({ operationLogId: "x" });
    await cbr.getVaults();

    const lifted = cbr.getBackupsOutput(
        { checkpointId: dependency.checkpointId, status: ["available", id] },
        { dependsOn: dependency },
    );
    const ids: pulumi.Output<string[]> = lifted.apply((list) => list.map((one) => one.id));
    const name: pulumi.Output<string | undefined> = cbr.getVaultOutput({ vaultId: id }).name;
    cbr.getCheckpointOutput({ checkpointId: id }, { dependsOn: [dependency] });
    cbr.getReplicationCapabilitiesOutput();
    void ids;
    void name;

    // @ts-expect-error checkpointId is required
    await cbr.getCheckpoint({});
    // @ts-expect-error an Output goes to the …Output form
    await cbr.getVault({ vaultId: id });
    // @ts-expect-error there is no such filter
    await cbr.getBackups({ vault: "x" });
    // @ts-expect-error no such word
    await cbr.getVaults({ protectType: "copy" });
    // @ts-expect-error it may be absent
    const text: string = vault.name;
    // @ts-expect-error results are read-only
    vault.name = "x";
    // @ts-expect-error a text is no number
    cbr.getBackupsOutput({ usedPercent: id });
    void text;
}

async function nativeTypes(): Promise<void> {
    const point = new native.Checkpoint("a", { vaultId: id }, { import: "x", customTimeouts: { create: "4h" } });
    same<typeof point.backupIds, cbr.Checkpoint["backupIds"]>(true);
    same<Awaited<ReturnType<typeof native.getVaults>>, Awaited<ReturnType<typeof cbr.getVaults>>>(true);
    const provider = new native.Provider("nl", { region: "eu-nl" });
    await native.getVaults({ name: "x" }, { provider });
    native.getVaultOutput({ vaultId: id }, { dependsOn: point });
    // @ts-expect-error an argument is missing
    await native.getVault();
    // @ts-expect-error an input is missing
    new native.VaultSync("a", {});
}
void nativeTypes;
