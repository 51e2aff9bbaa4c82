/** What earlier runs left in the state, and what a refresh finds. */
import type { Kind, Program } from "../kind";
import { empty, one, STREAM, two } from "../programs";

/** A server that somebody has made larger by hand. */
const drifting: Program = ({ pulumi }) => {
    class Drifting extends pulumi.dynamic.Resource {
        constructor(name: string, args: object) {
            const provider = {
                diff: async (_id: string, olds: { flavor: string }, news: { flavor: string }) => ({
                    changes: olds.flavor !== news.flavor,
                }),
                create: async (inputs: object) => ({ id: "server", outs: inputs }),
                update: async (_id: string, _olds: object, news: object) => ({ outs: news }),
                read: async (id: string, props: object) => ({
                    id,
                    props: { ...props, flavor: "changed-by-hand" },
                    inputs: { ...props, flavor: "changed-by-hand" },
                }),
            };
            super(provider as never, name, args);
        }
    }
    new Drifting("db", { flavor: "s" });
};

export const state: readonly Kind[] = [
    { name: "refresh-no-drift", what: "--refresh without drift", before: [{ up: one }], flags: ["--refresh"] },
    {
        name: "refresh-and-new-trigger",
        what: "--refresh and a new trigger",
        before: [{ up: one }],
        program: two,
        flags: ["--refresh"],
    },
    {
        name: "refresh-expired",
        what: "--refresh finds that a restore point has expired",
        before: [
            { up: one },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    for (const id of home.checkpoints.keys()) home.expireCheckpoint(id);
                },
            },
        ],
        flags: ["--refresh"],
    },
    {
        name: "refresh-expired-and-recreated",
        what: "--refresh finds that a restore point has expired, with recreateWhenExpired",
        before: [
            { up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, recreateWhenExpired: true }) },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    for (const id of home.checkpoints.keys()) home.expireCheckpoint(id);
                },
            },
        ],
        flags: ["--refresh"],
    },
    {
        name: "refresh-one-backup-gone",
        what: "--refresh finds that one of two backups is gone",
        before: [
            { up: one },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    const [first] = home.backups.keys();
                    home.deleteBackupBehindOurBack(first ?? "");
                },
            },
        ],
        program: empty,
        flags: ["--refresh"],
    },
    {
        name: "expired-in-state",
        what: "a restore point that has expired, known from an earlier refresh",
        before: [
            { up: one },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    for (const id of home.checkpoints.keys()) home.expireCheckpoint(id);
                },
            },
            { pulumi: ["refresh", "--yes", "--skip-preview", "--non-interactive"] },
        ],
    },
    {
        name: "expired-and-new-trigger",
        what: "one that has expired is taken again",
        before: [
            { up: one },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    for (const id of home.checkpoints.keys()) home.expireCheckpoint(id);
                },
            },
            { pulumi: ["refresh", "--yes", "--skip-preview", "--non-interactive"] },
        ],
        program: two,
    },
    {
        name: "one-backup-gone-and-removed",
        what: "one of two backups is gone, and the restore point leaves the program",
        before: [
            { up: one },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    const [first] = home.backups.keys();
                    home.deleteBackupBehindOurBack(first ?? "");
                },
            },
            { pulumi: ["refresh", "--yes", "--skip-preview", "--non-interactive"] },
        ],
        program: empty,
    },
    {
        name: "refresh-preview",
        what: "`refresh --preview-only --json`",
        before: [{ up: one }],
        command: ["refresh", "--preview-only", "--json", "--non-interactive"],
    },
    {
        name: "refresh-preview-expired",
        what: "`refresh --preview-only --json` finds one expired",
        before: [
            { up: one },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    for (const id of home.checkpoints.keys()) home.expireCheckpoint(id);
                },
            },
        ],
        command: ["refresh", "--preview-only", "--json", "--non-interactive"],
    },
    {
        name: "refresh-preview-gone",
        what: "`refresh --preview-only --json` finds one gone",
        before: [
            { up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, recreateWhenExpired: true }) },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    for (const id of home.checkpoints.keys()) home.expireCheckpoint(id);
                },
            },
        ],
        command: ["refresh", "--preview-only", "--json", "--non-interactive"],
    },
    {
        name: "refresh-json",
        what: "`refresh --json`",
        before: [{ up: one }],
        command: ["refresh", "--yes", "--skip-preview", "--json", "--non-interactive"],
    },
    {
        name: "resumed-wait",
        what: "the wait of the last run ended early, and this one goes on waiting",
        before: [
            {
                up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, timeouts: { create: "2s" } }),
                fails: true,
            },
        ],
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, timeouts: { create: "1h" } }),
        backupMs: 6_000,
    },
    {
        name: "interrupted-create",
        what: "the last run was killed while it took a restore point",
        before: [
            { up: ({ cbr, vaultId, web }) => new cbr.Checkpoint("web", { vaultId, resources: [web], wait: false }) },
            {
                up: ({ cbr, vaultId, web, db }) => {
                    new cbr.Checkpoint("web", { vaultId, resources: [web], wait: false });
                    new cbr.Checkpoint("db", { vaultId, resources: [db] });
                    const { writeFileSync } = require("node:fs");
                    setTimeout(() => writeFileSync("ready", ""), 3_000);
                },
                signal: "SIGKILL",
                fails: true,
            },
            { pulumi: ["cancel", "--yes"] },
        ],
        program: ({ cbr, vaultId, web, db }) => {
            new cbr.Checkpoint("web", { vaultId, resources: [web], wait: false });
            new cbr.Checkpoint("db", { vaultId, resources: [db] });
        },
        backupMs: 15_000,
        after: "nothing",
    },
    {
        name: "partly-failed",
        what: "one of two backups failed in the last run",
        before: [
            {
                cloud: (cloud) =>
                    cloud.regions["eu-de"].cloud.setBackupOutcome("5eed0000-0000-4000-8000-000000000101", "error"),
            },
            { up: one, fails: true },
        ],
    },
    {
        name: "skipped-server",
        what: "a server was skipped in the last run, and a new restore point is taken",
        before: [
            {
                cloud: (cloud) =>
                    cloud.regions["eu-de"].cloud.setBackupOutcome("5eed0000-0000-4000-8000-000000000101", "skipped"),
            },
            { up: one },
        ],
        program: two,
    },
    {
        name: "refresh-preview-drift",
        what: "`refresh --preview-only --json` finds a server changed",
        before: [{ up: drifting }],
        command: ["refresh", "--preview-only", "--json", "--non-interactive"],
    },
    {
        name: "refresh-preview-drift-streaming",
        what: "the same as events",
        before: [{ up: drifting }],
        command: ["refresh", "--preview-only", "--json", "--non-interactive"],
        env: STREAM,
    },
    {
        name: "refresh-and-drift",
        what: "--refresh finds a server changed, and the program changes it back",
        before: [{ up: drifting }],
        flags: ["--refresh"],
    },
    {
        name: "refresh-and-drift-streaming",
        what: "the same as events",
        before: [{ up: drifting }],
        flags: ["--refresh"],
        env: STREAM,
    },
    {
        name: "refresh-preview-gone-streaming",
        what: "`refresh --preview-only --json` as events, one restore point is gone",
        before: [
            { up: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, recreateWhenExpired: true }) },
            {
                cloud: (cloud) => {
                    const { cloud: home } = cloud.regions["eu-de"];
                    for (const id of home.checkpoints.keys()) home.expireCheckpoint(id);
                },
            },
        ],
        command: ["refresh", "--preview-only", "--json", "--non-interactive"],
        env: STREAM,
    },
    {
        name: "refresh-preview-of-nothing",
        what: "`refresh --preview-only --json` of a stack without resources",
        command: ["refresh", "--preview-only", "--json", "--non-interactive"],
    },
];
