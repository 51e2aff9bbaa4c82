/** Previews that are cancelled or killed. */
import type { Kind, Program } from "../kind";
import { one, STREAM } from "../programs";

/** One restore point, and another one whose vault is known after two minutes. */
const waits: Program = ({ cbr, pulumi, vaultId }) => {
    new cbr.Checkpoint("cp", { vaultId, triggers: { release: "2" } });
    const { writeFileSync } = require("node:fs");
    // Long enough for the engine to have seen the restore point.
    setTimeout(() => writeFileSync("ready", ""), 2_500);
    new cbr.Checkpoint("late", {
        vaultId: pulumi.output(new Promise<string>((done) => setTimeout(() => done(vaultId), 120_000))),
    });
};

export const cancelled: readonly Kind[] = [
    {
        name: "cancelled-by-sigint",
        what: "SIGINT in the middle",
        before: [{ up: one }],
        program: waits,
        signal: "SIGINT",
        exit: 1,
    },
    {
        name: "cancelled-by-sigterm",
        what: "SIGTERM in the middle",
        before: [{ up: one }],
        program: waits,
        signal: "SIGTERM",
        exit: 1,
    },
    {
        name: "cancelled-before-anything",
        what: "SIGINT before any resource",
        program: ({ pulumi, cbr, vaultId }) => {
            const { writeFileSync } = require("node:fs");
            setTimeout(() => writeFileSync("ready", ""), 1_500);
            new cbr.Checkpoint("late", {
                vaultId: pulumi.output(new Promise<string>((done) => setTimeout(() => done(vaultId), 120_000))),
            });
        },
        signal: "SIGINT",
        exit: 1,
    },
    {
        name: "cancelled-streaming",
        what: "SIGINT, as events",
        before: [{ up: one }],
        program: waits,
        signal: "SIGINT",
        env: STREAM,
        exit: 1,
    },
    { name: "killed", what: "SIGKILL: nothing is written", before: [{ up: one }], program: waits, signal: "SIGKILL" },
];
