/** What a change of the program does: taken, copied, replaced, removed. */
import type { Kind, Program } from "../kind";
import { copied, empty, existing, one, two } from "../programs";

/** The same for the next release. */
const copiedAgain: Program = ({ cbr, vaultId, copiesVaultId, archiveVaultId, web }) => {
    const cp = new cbr.Checkpoint("cp", { vaultId, triggers: { release: "2" } });
    const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
    new cbr.CheckpointReplica("cr", { checkpointId: cp.id, ...to });
    const backupId = cp.backupIdByResource.apply((ids) => ids[web] ?? "");
    new cbr.BackupReplica("br", {
        backupId,
        destinationRegion: "eu-ch2",
        destinationVaultId: archiveVaultId,
        deletionPolicy: "delete",
    });
};

/** The same with another policy for the restore point. */
const copiedPolicy: Program = ({ cbr, vaultId, copiesVaultId, archiveVaultId, web }) => {
    const cp = new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" }, deletionPolicy: "delete" });
    const to = { destinationRegion: "eu-nl", destinationVaultId: copiesVaultId };
    new cbr.CheckpointReplica("cr", { checkpointId: cp.id, ...to });
    const backupId = cp.backupIdByResource.apply((ids) => ids[web] ?? "");
    new cbr.BackupReplica("br", {
        backupId,
        destinationRegion: "eu-ch2",
        destinationVaultId: archiveVaultId,
        deletionPolicy: "delete",
    });
};

/** Programs are text, so each number has one of its own. */
function describedByRegion(release: 1 | 2): Program {
    return release === 1
        ? ({ cbr, vaultId, web, db }) => {
              const cp = new cbr.Checkpoint("cp", { vaultId, resources: [web], triggers: [1] });
              const more = { resources: [db], description: cp.region, deletionPolicy: "delete" as const };
              new cbr.Checkpoint("next", { vaultId, ...more });
          }
        : ({ cbr, vaultId, web, db }) => {
              const cp = new cbr.Checkpoint("cp", { vaultId, resources: [web], triggers: [2] });
              const more = { resources: [db], description: cp.region, deletionPolicy: "delete" as const };
              new cbr.Checkpoint("next", { vaultId, ...more });
          };
}

export const changes: readonly Kind[] = [
    { name: "first-run-of-nothing", what: "an empty program in a new stack", program: empty },
    { name: "empty-program-again", what: "an empty program in a stack that holds nothing", before: [{ up: empty }] },
    { name: "first-checkpoint", what: "the first restore point", program: one },
    { name: "no-change", what: "nothing changes", before: [{ up: one }] },
    { name: "new-trigger", what: "a trigger replaces a restore point", before: [{ up: one }], program: two },
    {
        name: "new-trigger-and-copies",
        what: "a trigger replaces a restore point and what copies it",
        before: [{ up: copied }],
        program: copiedAgain,
    },
    {
        name: "deletion-policy-and-copies",
        what: "a deletion policy changes, and what depends on the restore point stays as it is",
        before: [{ up: copied }],
        program: copiedPolicy,
    },
    {
        name: "same-value-after-replacement",
        what: "a replacement has an output that comes out as it was; Pulumi shows what depends on it as replaced",
        before: [{ up: describedByRegion(1) }],
        program: describedByRegion(2),
    },
    {
        name: "first-of-all-classes",
        what: "one of each class",
        program: ({ cbr, vaultId, copiesVaultId, archiveVaultId, hybridVaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId, incremental: false, autoTrigger: true });
            new cbr.CheckpointReplica("cr", {
                checkpointId: cp.id,
                destinationRegion: "eu-nl",
                destinationVaultId: copiesVaultId,
            });
            new cbr.VaultReplication(
                "vr",
                { vaultId, destinationRegion: "eu-ch2", destinationVaultId: archiveVaultId },
                { dependsOn: cp },
            );
            new cbr.VaultSync("sync", { vaultId: hybridVaultId });
        },
    },
    {
        name: "replication-again",
        what: "a vault's copies are made again, and the earlier ones deleted where newer ones exist",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId }) => {
                    const cp = new cbr.Checkpoint("cp", { vaultId });
                    new cbr.VaultReplication(
                        "vr",
                        {
                            vaultId,
                            destinationRegion: "eu-nl",
                            destinationVaultId: copiesVaultId,
                            deletionPolicy: "delete",
                            triggers: [1],
                        },
                        { dependsOn: cp },
                    );
                },
            },
        ],
        program: ({ cbr, vaultId, copiesVaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId });
            new cbr.VaultReplication(
                "vr",
                {
                    vaultId,
                    destinationRegion: "eu-nl",
                    destinationVaultId: copiesVaultId,
                    deletionPolicy: "delete",
                    triggers: [2],
                },
                { dependsOn: cp },
            );
        },
    },
    { name: "removed", what: "a restore point leaves the program and stays", before: [{ up: one }], program: empty },
    {
        name: "removed-and-deleted",
        what: "a restore point leaves the program and is deleted",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }) }],
        program: empty,
    },
    { name: "all-removed", what: "all copies leave the program", before: [{ up: copied }], program: empty },
    {
        name: "policy-and-trigger-at-once",
        what: "policy and trigger change in one run: the old policy decides about the old one",
        before: [{ up: one }],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, triggers: { release: "2" }, deletionPolicy: "delete" }),
    },
    {
        name: "policy-loosened-and-trigger-at-once",
        what: "delete becomes retain in the run that replaces: the old one is still deleted",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" }, deletionPolicy: "delete" }),
            },
        ],
        program: two,
    },
    {
        name: "one-gone-one-new",
        what: "one restore point goes and another comes, of other resources",
        before: [{ up: ({ cbr, vaultId, web }) => new cbr.Checkpoint("web", { vaultId, resources: [web] }) }],
        program: ({ cbr, vaultId, db }) => new cbr.Checkpoint("db", { vaultId, resources: [db] }),
    },
    {
        name: "adopt",
        what: "an existing restore point is adopted",
        seed: existing,
        program: ({ cbr, config, vaultId }) =>
            new cbr.Checkpoint("kept", { vaultId, adopt: config.require("existing") }),
    },
    {
        name: "restore-point-component",
        what: "a component with copies in two regions",
        program: ({ cbr, vaultId, copiesVaultId, archiveVaultId }) =>
            new cbr.RestorePoint("release", {
                vaultId,
                copies: [
                    { region: "eu-nl", vaultId: copiesVaultId },
                    { region: "eu-ch2", vaultId: archiveVaultId },
                ],
            }),
    },
    {
        name: "other-resources-only",
        what: "servers of another provider: one new, one changed, one replaced, one gone",
        before: [
            {
                up: ({ Server }) => {
                    new Server("changed", { flavor: "s" });
                    new Server("replaced", { image: "a" });
                    new Server("gone", { flavor: "s" });
                },
            },
        ],
        program: ({ Server }) => {
            new Server("new", { flavor: "s" });
            new Server("changed", { flavor: "l" });
            new Server("replaced", { image: "b" });
        },
    },
    {
        name: "stack-outputs-only",
        what: "only an output of the stack changes",
        before: [{ up: one }],
        program: ({ cbr, vaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" } });
            module.exports = { id: cp.id };
        },
    },
    {
        name: "component-copies-change",
        what: "a component loses one copy and gets another",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId }) =>
                    new cbr.RestorePoint("release", { vaultId, copies: [{ region: "eu-nl", vaultId: copiesVaultId }] }),
            },
        ],
        program: ({ cbr, vaultId, archiveVaultId }) =>
            new cbr.RestorePoint("release", { vaultId, copies: [{ region: "eu-ch2", vaultId: archiveVaultId }] }),
    },
    {
        name: "policy-becomes-secret",
        what: "a deletionPolicy becomes a secret",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }) }],
        program: ({ cbr, pulumi, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: pulumi.secret("delete" as const) }),
    },
];
