// As many vaults as the configuration lists, each with a restore point and, where wanted, its copies in another region.
import * as pulumi from "@pulumi/pulumi";
import * as cbr from "pulumi-cbr";

interface Vault {
    readonly vaultId: string;
    /** Servers to back up. Default: all in the vault. */
    readonly resources?: string[];
    readonly copyTo?: { readonly region: string; readonly vaultId: string };
}

const config = new pulumi.Config();
const vaults = config.requireObject<Record<string, Vault>>("vaults");
const triggers = { release: config.get("release") ?? "1" };

const checkpointIds: Record<string, pulumi.Output<string>> = {};
const replicaIds: Record<string, pulumi.Output<string[]>> = {};
for (const [name, { vaultId, resources, copyTo }] of Object.entries(vaults)) {
    const checkpoint = new cbr.Checkpoint(name, { vaultId, triggers, ...(resources && { resources }) });
    checkpointIds[name] = checkpoint.id;
    if (copyTo === undefined) continue;
    // Exactly the backups of this restore point, once it is good. VaultReplication would copy the whole vault.
    const copies = new cbr.CheckpointReplica(name, {
        checkpointId: checkpoint.id,
        destinationRegion: copyTo.region,
        destinationVaultId: copyTo.vaultId,
    });
    replicaIds[name] = copies.destinationBackupIds;
}

export { checkpointIds, replicaIds };
