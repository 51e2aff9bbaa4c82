/** Hooks that run before a change. */
import type { Kind } from "../kind";
import { empty, STREAM } from "../programs";

export const hooks: readonly Kind[] = [
    {
        name: "hook-before-update",
        what: "a server with checkpointBefore is changed: up takes a restore point first",
        before: [
            {
                up: ({ cbr, Server, vaultId }) =>
                    new Server("db", { flavor: "s" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
            },
        ],
        program: ({ cbr, Server, vaultId }) =>
            new Server("db", { flavor: "l" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
    },
    {
        name: "hook-before-replace",
        what: "a server with checkpointBefore is replaced",
        before: [
            {
                up: ({ cbr, Server, vaultId }) =>
                    new Server("db", { image: "a" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
            },
        ],
        program: ({ cbr, Server, vaultId }) =>
            new Server("db", { image: "b" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
    },
    {
        name: "hook-before-delete",
        what: "a server with checkpointBefore leaves the program, its hook stays",
        before: [
            {
                up: ({ cbr, Server, vaultId }) =>
                    new Server("db", { image: "a" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
            },
        ],
        program: ({ cbr, vaultId }) => cbr.checkpointBefore({ vaultId }),
    },
    {
        name: "hook-unused",
        what: "a server with checkpointBefore does not change",
        before: [
            {
                up: ({ cbr, Server, vaultId }) =>
                    new Server("db", { image: "a" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
            },
        ],
    },
    {
        name: "hook-named-and-shared",
        what: "two servers share a hook with a name of its own, and both change",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const hooks = cbr.checkpointBefore({ vaultId, name: "before-shop" });
                    for (const name of ["web", "db"]) new Server(name, { flavor: "s" }, { hooks });
                },
            },
        ],
        program: ({ cbr, Server, vaultId }) => {
            const hooks = cbr.checkpointBefore({ vaultId, name: "before-shop" });
            for (const name of ["web", "db"]) new Server(name, { flavor: "l" }, { hooks });
        },
    },
    {
        name: "hook-named-streaming",
        what: "the same as events, one server replaced",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const hooks = cbr.checkpointBefore({ vaultId, name: "before-shop" });
                    new Server("web", { image: "a" }, { hooks });
                    new Server("db", { flavor: "s" }, { hooks });
                },
            },
        ],
        program: ({ cbr, Server, vaultId }) => {
            const hooks = cbr.checkpointBefore({ vaultId, name: "before-shop" });
            new Server("web", { image: "b" }, { hooks });
            new Server("db", { flavor: "l" }, { hooks });
        },
        env: STREAM,
    },
    {
        name: "hook-named-of-two-kinds",
        what: "one hook for the change of a server and the deletion of another, beside a hook that is not ours",
        before: [
            {
                up: ({ cbr, pulumi, Server, vaultId, db }) => {
                    const { beforeUpdate = [], beforeDelete = [] } = cbr.checkpointBefore({
                        vaultId,
                        resources: [db],
                        name: "before-shop",
                    });
                    const drain = new pulumi.ResourceHook("drain", () => {});
                    new Server("web", { flavor: "s" }, { hooks: { beforeUpdate: [drain, ...beforeUpdate] } });
                    new Server("db", { flavor: "s" }, { hooks: { beforeDelete } });
                },
            },
        ],
        program: ({ cbr, pulumi, Server, vaultId, db }) => {
            const { beforeUpdate = [] } = cbr.checkpointBefore({ vaultId, resources: [db], name: "before-shop" });
            const drain = new pulumi.ResourceHook("drain", () => {});
            new Server("web", { flavor: "l" }, { hooks: { beforeUpdate: [drain, ...beforeUpdate] } });
        },
    },
    {
        name: "hook-of-somebody-else",
        what: "a server with a hook that is not ours is changed",
        before: [
            {
                up: ({ pulumi, Server }) => {
                    const drain = new pulumi.ResourceHook("drain", () => {});
                    new Server("db", { flavor: "s" }, { hooks: { beforeUpdate: [drain] } });
                },
            },
        ],
        program: ({ pulumi, Server }) => {
            const drain = new pulumi.ResourceHook("drain", () => {});
            new Server("db", { flavor: "l" }, { hooks: { beforeUpdate: [drain] } });
        },
    },
    {
        name: "hook-lost",
        what: "a server with checkpointBefore leaves the program together with its hook: Pulumi refuses",
        before: [
            {
                up: ({ cbr, Server, vaultId }) =>
                    new Server("db", { image: "a" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
            },
        ],
        program: empty,
        exit: 1,
    },
];
