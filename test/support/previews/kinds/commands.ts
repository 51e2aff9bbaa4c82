/** Other commands that write JSON. */
import type { Kind } from "../kind";
import { deletes, one, pair, STREAM, two, urn } from "../programs";

export const commands: readonly Kind[] = [
    {
        name: "output-json",
        what: "--output json",
        before: [{ up: one }],
        program: two,
        command: ["preview", "--output", "json", "--non-interactive"],
    },
    {
        name: "up-json",
        what: "`up --json`: a preview and what was done",
        before: [{ up: one }],
        program: two,
        command: ["up", "--yes", "--json", "--non-interactive"],
    },
    {
        name: "up-json-skip-preview",
        what: "`up --json --skip-preview`",
        before: [{ up: one }],
        program: two,
        command: ["up", "--yes", "--skip-preview", "--json", "--non-interactive"],
    },
    {
        name: "up-output-json",
        what: "`up --output json`",
        before: [{ up: one }],
        program: two,
        command: ["up", "--yes", "--skip-preview", "--output", "json", "--non-interactive"],
    },
    {
        name: "destroy-preview",
        what: "`destroy --preview-only --json`",
        before: [{ up: deletes }],
        command: ["destroy", "--preview-only", "--json", "--non-interactive"],
        after: ["destroy", "--yes", "--skip-preview", "--non-interactive"],
    },
    {
        name: "destroy-preview-protected",
        what: "`destroy --preview-only --json` with a protected restore point",
        before: [
            {
                up: ({ cbr, vaultId, web, db }) => {
                    new cbr.Checkpoint("web", { vaultId, resources: [web] }, { protect: true });
                    new cbr.Checkpoint("db", { vaultId, resources: [db] });
                },
            },
        ],
        command: ["destroy", "--preview-only", "--json", "--non-interactive"],
        exit: 1,
    },
    {
        name: "destroy-preview-exclude-protected",
        what: "`destroy --preview-only --exclude-protected --json`",
        before: [
            {
                up: ({ cbr, vaultId, web, db }) => {
                    new cbr.Checkpoint("web", { vaultId, resources: [web] }, { protect: true });
                    new cbr.Checkpoint("db", { vaultId, resources: [db] });
                },
            },
        ],
        command: ["destroy", "--preview-only", "--exclude-protected", "--json", "--non-interactive"],
        after: ["destroy", "--yes", "--skip-preview", "--exclude-protected", "--non-interactive"],
    },
    {
        name: "destroy-preview-target",
        what: "`destroy --preview-only --target --json`",
        before: [{ up: pair }],
        command: ["destroy", "--preview-only", `--target=${urn("web")}`, "--json", "--non-interactive"],
        after: ["destroy", "--yes", "--skip-preview", `--target=${urn("web")}`, "--non-interactive"],
    },
    {
        name: "destroy-json",
        what: "`destroy --json`",
        before: [{ up: one }],
        command: ["destroy", "--yes", "--skip-preview", "--json", "--non-interactive"],
    },
    {
        name: "destroy-preview-of-nothing",
        what: "`destroy --preview-only --json` of a stack without resources",
        command: ["destroy", "--preview-only", "--json", "--non-interactive"],
    },
    {
        name: "destroy-preview-streaming",
        what: "`destroy --preview-only --json` as events",
        before: [{ up: deletes }],
        command: ["destroy", "--preview-only", "--json", "--non-interactive"],
        env: STREAM,
    },
    {
        name: "destroy-preview-refresh",
        what: "`destroy --preview-only --refresh --json`",
        before: [{ up: deletes }],
        command: ["destroy", "--preview-only", "--refresh", "--json", "--non-interactive"],
        after: ["destroy", "--yes", "--skip-preview", "--refresh", "--non-interactive"],
    },
    {
        name: "destroy-preview-hook",
        what: "`destroy --preview-only --run-program --json` of a server with checkpointBefore",
        before: [
            {
                up: ({ cbr, Server, vaultId }) =>
                    new Server("db", { flavor: "s" }, { hooks: cbr.checkpointBefore({ vaultId }) }),
            },
        ],
        command: ["destroy", "--preview-only", "--run-program", "--json", "--non-interactive"],
        after: ["destroy", "--yes", "--skip-preview", "--run-program", "--non-interactive"],
    },
    {
        name: "destroy-preview-deleted-with",
        what: "`destroy --preview-only --json` with deletedWith",
        before: [
            {
                up: ({ cbr, Server, vaultId }) => {
                    const db = new Server("db", { flavor: "s" });
                    new cbr.Checkpoint("cp", { vaultId, deletionPolicy: "delete" }, { deletedWith: db });
                },
            },
        ],
        command: ["destroy", "--preview-only", "--json", "--non-interactive"],
        after: ["destroy", "--yes", "--skip-preview", "--non-interactive"],
    },
];
