/** Reasons for a replacement, and what is left of one. */
import type { Kind, Step } from "../kind";
import { one, pair, STREAM, two, urn } from "../programs";

/** A replacement that could not delete the old restore point. */
const leftOver: readonly Step[] = [
    { up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [1] }) },
    {
        cloud: (cloud) => {
            const { cloud: home } = cloud.regions["eu-de"];
            for (const id of home.backups.keys()) home.imageFrom(id);
        },
    },
    {
        up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [2] }),
        fails: true,
    },
    {
        cloud: (cloud) => {
            const { cloud: home } = cloud.regions["eu-de"];
            for (const { imageIds } of home.backups.values()) for (const id of imageIds) home.deleteImage(id);
        },
    },
];

/** A run that deleted the old restore point, and could not take the new one. */
const halfDone: readonly Step[] = [
    {
        up: ({ cbr, vaultId }) =>
            new cbr.Checkpoint(
                "cp",
                { vaultId, deletionPolicy: "delete", triggers: [1] },
                { deleteBeforeReplace: true },
            ),
    },
    {
        cloud: (cloud) =>
            void cloud.fail({
                operation: "CreateCheckpoint",
                effect: { code: "BackupService.6101", status: 400 },
            }),
    },
    {
        up: ({ cbr, vaultId }) =>
            new cbr.Checkpoint(
                "cp",
                { vaultId, deletionPolicy: "delete", triggers: [2] },
                { deleteBeforeReplace: true },
            ),
        fails: true,
    },
    { cloud: (cloud) => cloud.clearFaults() },
];

export const replacement: readonly Kind[] = [
    {
        name: "delete-before-replace",
        what: "deleteBeforeReplace takes the copies along",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId }) => {
                    const cp = new cbr.Checkpoint("cp", { vaultId, triggers: [1] }, { deleteBeforeReplace: true });
                    new cbr.CheckpointReplica("cr", {
                        checkpointId: cp.id,
                        destinationRegion: "eu-nl",
                        destinationVaultId: copiesVaultId,
                    });
                },
            },
        ],
        program: ({ cbr, vaultId, copiesVaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId, triggers: [2] }, { deleteBeforeReplace: true });
            new cbr.CheckpointReplica("cr", {
                checkpointId: cp.id,
                destinationRegion: "eu-nl",
                destinationVaultId: copiesVaultId,
            });
        },
    },
    {
        name: "delete-before-replace-deletes",
        what: "deleteBeforeReplace with deletionPolicy delete: for a while there is no restore point",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint(
                        "cp",
                        { vaultId, triggers: [1], deletionPolicy: "delete" },
                        { deleteBeforeReplace: true },
                    ),
            },
        ],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint(
                "cp",
                { vaultId, triggers: [2], deletionPolicy: "delete" },
                { deleteBeforeReplace: true },
            ),
    },
    {
        name: "replace-with",
        what: "replaceWith: a restore point is replaced because a server is",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { image: "a" });
                    new cbr.Checkpoint("cp", { vaultId }, { replaceWith: [db] });
                },
            },
        ],
        program: ({ cbr, Server, vaultId }) => {
            const db = new Server("db", { image: "b" });
            new cbr.Checkpoint("cp", { vaultId }, { replaceWith: [db] });
        },
    },
    {
        name: "replacement-trigger",
        what: "replacementTrigger changes",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }, { replacementTrigger: "1" }) }],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }, { replacementTrigger: "2" }),
    },
    {
        name: "replace-on-changes",
        what: "replaceOnChanges makes a policy replace",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId }, { replaceOnChanges: ["deletionPolicy"] }),
            },
        ],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { replaceOnChanges: ["deletionPolicy"] }),
    },
    {
        name: "ignore-changes",
        what: "ignoreChanges hides a new trigger",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, triggers: [1] }, { ignoreChanges: ["triggers"] }),
            },
        ],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, triggers: [2] }, { ignoreChanges: ["triggers"] }),
    },
    { name: "replace-flag", what: "--replace", before: [{ up: one }], flags: [`--replace=${urn("cp")}`] },
    {
        name: "replace-flag-and-trigger",
        what: "--replace of one whose trigger changes, too",
        before: [{ up: one }],
        program: two,
        flags: [`--replace=${urn("cp")}`],
    },
    {
        name: "target-replace-flag",
        what: "--target-replace",
        before: [{ up: pair }],
        flags: [`--target-replace=${urn("web")}`],
    },
    {
        name: "tainted",
        what: "`pulumi state taint`",
        before: [{ up: one }, { pulumi: ["state", "taint", "--yes", urn("cp")] }],
    },
    {
        name: "half-done-delete-before-replace",
        what: "the last run deleted the old restore point and could not take the new one",
        before: halfDone,
    },
    {
        name: "half-done-with-steps",
        what: "the same with --show-replacement-steps",
        before: halfDone,
        flags: ["--show-replacement-steps"],
    },
    {
        name: "left-over",
        what: "an earlier replacement could not delete the old restore point; the next `up` does, and this form does not say so",
        before: leftOver,
    },
    {
        name: "left-over-with-steps",
        what: "the same with --show-replacement-steps",
        before: leftOver,
        flags: ["--show-replacement-steps"],
    },
    { name: "left-over-streaming", what: "the same as events", before: leftOver, env: STREAM },
    {
        name: "left-over-and-new-trigger",
        what: "the same with --show-replacement-steps, and another replacement",
        before: leftOver,
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [3] }),
        flags: ["--show-replacement-steps"],
    },
];
