/** Copies of what is there: what they take, what is taken over, and new names. */
import { type Cloud, given, type Kind } from "../kind";
import { STREAM } from "../programs";

/** A restore point of both servers; `copied`: one of its backups has a replica. */
function pointInCloud(cloud: Cloud, copied = false): Record<string, string> {
    const [home, away] = [cloud.regions["eu-de"].cloud, cloud.regions["eu-nl"].cloud];
    const { id } = home.addCheckpoint(given.vaultId);
    const [web, db] = home.backupsOf(id).map((one) => one.id);
    const replica = copied ? home.addReplica(web ?? "", away, given.copiesVaultId).id : "";
    return { point: id, web: web ?? "", db: db ?? "", replica };
}

export const copies: readonly Kind[] = [
    {
        name: "copies-of-what-is-there",
        what: "each kind of copy of a restore point that exists: how many backups, and how much at most",
        seed: pointInCloud,
        program: ({ cbr, config, vaultId, copiesVaultId, archiveVaultId }) => {
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            const ch = { destinationRegion: "eu-ch2", destinationVaultId: archiveVaultId };
            new cbr.CheckpointReplica("cr", { checkpointId: config.require("point"), ...nl });
            new cbr.BackupReplica("br", { backupId: config.require("web"), ...ch });
            new cbr.VaultReplication("vr", { vaultId, ...ch });
        },
    },
    {
        name: "copies-partly-there-streaming",
        what: "one of two backups has a replica already, as events",
        seed: (cloud) => pointInCloud(cloud, true),
        program: ({ cbr, config, copiesVaultId }) => {
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.CheckpointReplica("cr", { checkpointId: config.require("point"), ...nl });
        },
        env: STREAM,
    },
    {
        name: "copies-all-there",
        what: "the backup has a replica already: nothing is copied",
        seed: (cloud) => pointInCloud(cloud, true),
        program: ({ cbr, config, copiesVaultId }) => {
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.BackupReplica("br", { backupId: config.require("web"), ...nl });
        },
    },
    {
        name: "copies-and-a-new-point",
        what: "a vault is copied after a restore point of it is taken: more than there is now",
        seed: pointInCloud,
        program: ({ cbr, vaultId, copiesVaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId });
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.VaultReplication("vr", { vaultId, ...nl }, { dependsOn: cp });
        },
    },
    {
        name: "copies-of-an-empty-point",
        what: "a restore point without a good backup cannot be copied",
        seed: (cloud) => ({ point: cloud.regions["eu-de"].cloud.addCheckpoint(given.vaultId, { status: "error" }).id }),
        program: ({ cbr, config, copiesVaultId }) => {
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.CheckpointReplica("cr", { checkpointId: config.require("point"), ...nl });
        },
        exit: 1,
    },
    {
        name: "copies-adopted",
        what: "a replica that exists is adopted, and deleted when the resource goes; nothing is copied",
        seed: (cloud) => pointInCloud(cloud, true),
        program: ({ cbr, config, copiesVaultId }) => {
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.BackupReplica("br", {
                backupId: config.require("web"),
                adopt: config.require("replica"),
                deletionPolicy: "delete",
                ...nl,
            });
        },
    },
    {
        name: "copies-adopted-in-part",
        what: "a CheckpointReplica adopts one replica, and copies the other backup",
        seed: (cloud) => pointInCloud(cloud, true),
        program: ({ cbr, config, copiesVaultId }) => {
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.CheckpointReplica("cr", {
                checkpointId: config.require("point"),
                adopt: [config.require("replica")],
                ...nl,
            });
        },
    },
    {
        name: "renamed-in-place",
        what: "a restore point and a copy get another name: their backups are renamed, nothing is taken or copied",
        seed: pointInCloud,
        before: [
            {
                up: ({ cbr, config, vaultId, copiesVaultId, web }) => {
                    const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
                    new cbr.Checkpoint("cp", { vaultId, resources: [web], name: "nightly" });
                    new cbr.BackupReplica("br", { backupId: config.require("web"), name: "copy-1", ...nl });
                },
            },
        ],
        program: ({ cbr, config, vaultId, copiesVaultId, web }) => {
            const nl = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.Checkpoint("cp", { vaultId, resources: [web], name: "before-release" });
            new cbr.BackupReplica("br", { backupId: config.require("web"), name: "copy-2", ...nl });
        },
    },
];
