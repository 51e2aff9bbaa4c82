/** Renames and moves, with and without an alias. */
import type { Kind } from "../kind";
import { copied, existing, one } from "../programs";

export const renames: readonly Kind[] = [
    {
        name: "renamed-without-alias",
        what: "a restore point is renamed without an alias",
        before: [{ up: one }],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("renamed", { vaultId, triggers: { release: "1" } }),
    },
    {
        name: "renamed-without-alias-and-deleted",
        what: "a restore point that is deleted when it goes is renamed without an alias",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }) }],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("renamed", { vaultId, deletionPolicy: "delete" }),
    },
    {
        name: "renamed-with-copies-without-alias",
        what: "a restore point and its copies are renamed without an alias",
        before: [{ up: copied }],
        program: ({ cbr, vaultId, copiesVaultId, archiveVaultId, web }) => {
            const cp = new cbr.Checkpoint("point", { vaultId, triggers: { release: "1" } });
            const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.CheckpointReplica("copies", { checkpointId: cp.id, ...to });
            const backupId = cp.backupIdByResource.apply((ids) => ids[web] ?? "");
            new cbr.BackupReplica("copy", {
                backupId,
                destinationRegion: "eu-ch2",
                destinationVaultId: archiveVaultId,
                deletionPolicy: "delete",
            });
        },
    },
    {
        name: "copies-renamed-without-alias",
        what: "copies of a restore point that stays are renamed without aliases: the new ones take over what is there",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId, archiveVaultId, web }) => {
                    const cp = new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" } });
                    const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
                    new cbr.CheckpointReplica("cr", { checkpointId: cp.id, ...to, deletionPolicy: "delete" });
                    new cbr.BackupReplica("br", {
                        backupId: cp.backupIdByResource.apply((ids) => ids[web] ?? ""),
                        destinationRegion: "eu-ch2",
                        destinationVaultId: archiveVaultId,
                        deletionPolicy: "delete",
                    });
                },
            },
        ],
        program: ({ cbr, vaultId, copiesVaultId, archiveVaultId, web }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" } });
            const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.CheckpointReplica("copies", { checkpointId: cp.id, ...to, deletionPolicy: "delete" });
            new cbr.BackupReplica("copy", {
                backupId: cp.backupIdByResource.apply((ids) => ids[web] ?? ""),
                destinationRegion: "eu-ch2",
                destinationVaultId: archiveVaultId,
                deletionPolicy: "delete",
            });
        },
    },
    {
        name: "renamed-with-alias",
        what: "a restore point is renamed with an alias",
        before: [{ up: one }],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint("renamed", { vaultId, triggers: { release: "1" } }, { aliases: [{ name: "cp" }] }),
    },
    {
        name: "two-of-the-same-renamed",
        what: "two restore points with equal inputs are renamed without aliases",
        before: [
            {
                up: ({ cbr, vaultId }) => {
                    for (const name of ["a", "b"]) new cbr.Checkpoint(name, { vaultId });
                },
            },
        ],
        program: ({ cbr, vaultId }) => {
            for (const name of ["c", "d"]) new cbr.Checkpoint(name, { vaultId });
        },
    },
    {
        name: "moved-into-a-component",
        what: "a restore point gets a parent without an alias",
        before: [{ up: one }],
        program: ({ cbr, pulumi, vaultId }) => {
            const parent = new pulumi.ComponentResource("app:index:Site", "site");
            new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" } }, { parent });
        },
    },
    {
        name: "renamed-by-adopting",
        what: "a restore point goes from one resource to another by adopt",
        seed: existing,
        before: [
            {
                up: ({ cbr, config, vaultId }) =>
                    new cbr.Checkpoint("old", { vaultId, adopt: config.require("existing"), deletionPolicy: "delete" }),
            },
        ],
        program: ({ cbr, config, vaultId }) =>
            new cbr.Checkpoint("new", { vaultId, adopt: config.require("existing"), deletionPolicy: "delete" }),
    },
    {
        name: "component-renamed-without-alias",
        what: "a component is renamed without an alias",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId }) =>
                    new cbr.RestorePoint("release", { vaultId, copies: [{ region: "eu-nl", vaultId: copiesVaultId }] }),
            },
        ],
        program: ({ cbr, vaultId, copiesVaultId }) =>
            new cbr.RestorePoint("weekly", { vaultId, copies: [{ region: "eu-nl", vaultId: copiesVaultId }] }),
    },
    {
        name: "component-renamed-with-alias",
        what: "a component is renamed with the alias that the comment names",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId }) =>
                    new cbr.RestorePoint("release", { vaultId, copies: [{ region: "eu-nl", vaultId: copiesVaultId }] }),
            },
        ],
        program: ({ cbr, vaultId, copiesVaultId }) =>
            new cbr.RestorePoint(
                "weekly",
                { vaultId, copies: [{ region: "eu-nl", vaultId: copiesVaultId }] },
                { aliases: [{ name: "release" }] },
            ),
    },
    {
        name: "moved-into-a-component-with-alias",
        what: "a restore point gets a parent, with the alias that the comment names",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }) }],
        program: ({ cbr, pulumi, vaultId }) => {
            const parent = new pulumi.ComponentResource("app:index:Site", "site");
            new cbr.Checkpoint("cp", { vaultId }, { parent, aliases: [{ parent: pulumi.rootStackResource }] });
        },
    },
    {
        name: "moved-between-components",
        what: "a restore point moves from one component to another without an alias",
        before: [
            {
                up: ({ cbr, pulumi, vaultId }) => {
                    const parent = new pulumi.ComponentResource("app:index:Site", "old-site");
                    new cbr.Checkpoint("cp", { vaultId }, { parent });
                },
            },
        ],
        program: ({ cbr, pulumi, vaultId }) => {
            const parent = new pulumi.ComponentResource("app:index:Shop", "new-site");
            new cbr.Checkpoint("cp", { vaultId }, { parent });
        },
    },
    {
        name: "moved-between-components-with-alias",
        what: "the same with the alias that the comment names",
        before: [
            {
                up: ({ cbr, pulumi, vaultId }) => {
                    const parent = new pulumi.ComponentResource("app:index:Site", "old-site");
                    new cbr.Checkpoint("cp", { vaultId }, { parent });
                },
            },
        ],
        program: ({ cbr, pulumi, vaultId }) => {
            const parent = new pulumi.ComponentResource("app:index:Shop", "new-site");
            const aliases = ["urn:pulumi:dev::shop::app:index:Site$pulumi-nodejs:dynamic/cbr:Checkpoint::cp"];
            new cbr.Checkpoint("cp", { vaultId }, { parent, aliases });
        },
    },
    {
        name: "moved-out-of-a-component",
        what: "a restore point leaves its component without an alias",
        before: [
            {
                up: ({ cbr, pulumi, vaultId }) => {
                    const parent = new pulumi.ComponentResource("app:index:Site", "site");
                    new cbr.Checkpoint("cp", { vaultId }, { parent });
                },
            },
        ],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }),
    },
    {
        name: "replication-and-sync-renamed",
        what: "a VaultReplication and a VaultSync are renamed without aliases",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId, hybridVaultId }) => {
                    const cp = new cbr.Checkpoint("cp", { vaultId });
                    const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
                    new cbr.VaultReplication("vr", { vaultId, ...to, deletionPolicy: "delete" }, { dependsOn: cp });
                    new cbr.VaultSync("sync", { vaultId: hybridVaultId });
                },
            },
        ],
        program: ({ cbr, vaultId, copiesVaultId, hybridVaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId });
            const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
            new cbr.VaultReplication("copies", { vaultId, ...to, deletionPolicy: "delete" }, { dependsOn: cp });
            new cbr.VaultSync("synchronised", { vaultId: hybridVaultId });
        },
    },
    {
        name: "renamed-and-changed",
        what: "a restore point is renamed and changed at once: not to be told from one gone and one new",
        before: [{ up: ({ cbr, vaultId, web }) => new cbr.Checkpoint("cp", { vaultId, resources: [web] }) }],
        program: ({ cbr, vaultId, db }) => new cbr.Checkpoint("renamed", { vaultId, resources: [db] }),
    },
];
