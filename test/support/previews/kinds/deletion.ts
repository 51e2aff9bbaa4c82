/** Options that decide whether something is deleted. */
import type { Kind } from "../kind";
import { empty, STREAM } from "../programs";

export const deletion: readonly Kind[] = [
    {
        name: "deleted-with-both-gone",
        what: "a restore point with deletedWith goes together with its server: Pulumi calls no delete",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { flavor: "s" });
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { deletedWith: db });
                },
            },
        ],
        program: empty,
    },
    {
        name: "deleted-with-server-stays",
        what: "a restore point with deletedWith goes and its server stays: it is deleted",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { flavor: "s" });
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { deletedWith: db });
                },
            },
        ],
        program: ({ Server }) => new Server("db", { flavor: "s" }),
    },
    {
        name: "deleted-with-server-replaced",
        what: "the server of deletedWith is replaced",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { image: "a" });
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { deletedWith: db });
                },
            },
        ],
        program: ({ cbr, Server, vaultId }) => {
            const db = new Server("db", { image: "b" });
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { deletedWith: db });
        },
    },
    {
        name: "deleted-with-trigger",
        what: "a restore point with deletedWith is replaced, its server stays",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { image: "a" });
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [1] }, { deletedWith: db });
                },
            },
        ],
        program: ({ cbr, Server, vaultId }) => {
            const db = new Server("db", { image: "a" });
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [2] }, { deletedWith: db });
        },
    },
    {
        name: "deleted-with-copies",
        what: "copies with deletedWith on their restore point, all gone",
        before: [
            {
                up: ({ cbr, vaultId, copiesVaultId }) => {
                    const cp = new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" });
                    new cbr.CheckpointReplica(
                        "cr",
                        {
                            checkpointId: cp.id,
                            destinationRegion: "eu-nl",
                            destinationVaultId: copiesVaultId,
                            deletionPolicy: "delete",
                        },
                        { deletedWith: cp },
                    );
                },
            },
        ],
        program: empty,
    },
    {
        name: "retain-on-delete-removed",
        what: "retainOnDelete beats deletionPolicy",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { retainOnDelete: true }),
            },
        ],
        program: empty,
    },
    {
        name: "retain-on-delete-replaced",
        what: "retainOnDelete in a replacement",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint(
                        "cp",
                        { vaultId, deletionPolicy: "delete", triggers: [1] },
                        { retainOnDelete: true },
                    ),
            },
        ],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [2] }, { retainOnDelete: true }),
    },
    {
        name: "retain-on-delete-set-now",
        what: "retainOnDelete is set in the run that replaces",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [1] }),
            },
        ],
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [2] }, { retainOnDelete: true }),
    },
    {
        name: "retain-on-delete-dropped-now",
        what: "retainOnDelete is taken away in the run that replaces",
        before: [
            {
                up: ({ cbr, vaultId }) =>
                    new cbr.Checkpoint(
                        "cp",
                        { vaultId, deletionPolicy: "delete", triggers: [1] },
                        { retainOnDelete: true },
                    ),
            },
        ],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [2] }),
    },
    {
        name: "protected-removed",
        what: "a protected restore point leaves the program",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }, { protect: true }) }],
        program: empty,
        exit: 1,
    },
    {
        name: "protected-replaced",
        what: "a protected restore point would be replaced",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, triggers: [1] }, { protect: true }) }],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, triggers: [2] }, { protect: true }),
        exit: 1,
    },
    {
        name: "protection-changes",
        what: "only the protection changes",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }, { protect: true }) }],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }),
    },
    {
        name: "ignore-protect",
        what: "a protected restore point is replaced with --ignore-protect",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, triggers: [1] }, { protect: true }) }],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, triggers: [2] }, { protect: true }),
        flags: ["--ignore-protect"],
        after: "nothing",
    },
    {
        name: "deleted-with-delete-before-replace",
        what: "the server of deletedWith is deleted before it is replaced",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { image: "a" }, { deleteBeforeReplace: true });
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { deletedWith: db });
                },
            },
        ],
        program: ({ cbr, Server, vaultId }) => {
            const db = new Server("db", { image: "b" }, { deleteBeforeReplace: true });
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { deletedWith: db });
        },
    },
    {
        name: "deleted-with-and-both-replaced-by-triggers",
        what: "a restore point is replaced by its own trigger while the server of deletedWith is replaced, too",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { image: "a" });
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [1] }, { deletedWith: db });
                },
            },
        ],
        program: ({ cbr, Server, vaultId }) => {
            const db = new Server("db", { image: "b" });
            new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete", triggers: [2] }, { deletedWith: db });
        },
    },
    {
        name: "protected-removed-streaming",
        what: "a protected restore point leaves the program, as events",
        before: [{ up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId }, { protect: true }) }],
        program: () => {},
        env: STREAM,
        exit: 1,
    },
];
