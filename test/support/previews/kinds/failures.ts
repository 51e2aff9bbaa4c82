/** Previews that fail, and errors that are no failures. */
import type { Kind } from "../kind";
import { one, STREAM, two } from "../programs";

export const failures: readonly Kind[] = [
    {
        name: "refused-vault",
        what: "the preflight refuses a vault that is not there",
        program: ({ cbr }) => new cbr.Checkpoint("cp", { vaultId: "5eed0000-0000-4000-8000-0000000000ff" }),
        exit: 1,
    },
    {
        name: "refused-among-others",
        what: "one of two is refused",
        before: [{ up: one }],
        program: ({ cbr, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId, triggers: { release: "2" } });
            new cbr.Checkpoint("bad", { vaultId: "5eed0000-0000-4000-8000-0000000000ff" });
        },
        exit: 1,
    },
    {
        name: "program-throws",
        what: "the program throws after a restore point",
        program: ({ cbr, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId });
            throw new Error("the program is broken");
        },
        exit: 1,
    },
    {
        name: "program-throws-at-once",
        what: "the program throws at once",
        program: () => {
            throw new Error("the program is broken");
        },
        exit: 1,
    },
    {
        name: "run-error",
        what: "the program throws a RunError",
        program: ({ pulumi }) => {
            throw new pulumi.RunError("setting release is missing");
        },
        exit: 1,
    },
    {
        name: "program-exits",
        what: "the program ends itself with exit code 3",
        program: ({ cbr, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId });
            setTimeout(() => process.exit(3), 2_000);
        },
        exit: 1,
    },
    {
        name: "config-missing",
        what: "a required setting is missing",
        program: ({ config }) => config.require("nowhere"),
        exit: 1,
    },
    {
        name: "logged-error",
        what: "the program logs an error and ends well",
        before: [{ up: one }],
        program: ({ cbr, pulumi, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId, triggers: { release: "1" } });
            pulumi.log.error("something is odd");
        },
    },
    {
        name: "logged-error-streaming",
        what: "the same as events",
        program: ({ cbr, pulumi, vaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId });
            pulumi.log.error("something is odd", cp);
        },
        env: STREAM,
    },
    {
        name: "logged-error-and-throws",
        what: "the program logs an error, then throws",
        program: ({ cbr, pulumi, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId });
            pulumi.log.error("something is odd");
            throw new Error("the program is broken");
        },
        exit: 1,
    },
    {
        name: "stack-not-there",
        what: "a stack that is not there",
        command: ["preview", "--json", "--non-interactive", "--stack=nowhere"],
        exit: 6,
    },
    {
        name: "without-credentials",
        what: "no credentials, as in a fork",
        program: one,
        before: [{ pulumi: ["config", "rm", "cbr:accessKey"] }, { pulumi: ["config", "rm", "cbr:secretKey"] }],
        after: "nothing",
    },
    {
        name: "with-stderr",
        what: "2>&1",
        before: [{ up: one }],
        program: two,
        flags: ["--policy-pack=nowhere"],
        withStderr: true,
        exit: 1,
    },
    {
        name: "imported-by-option",
        what: "the option `import`",
        seed: (cloud) => ({
            existing: cloud.regions["eu-de"].cloud.addCheckpoint("5eed0000-0000-4000-8000-000000000001").id,
        }),
        program: ({ cbr, config, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId }, { import: config.require("existing") }),
        exit: 1,
    },
    {
        name: "program-throws-streaming",
        what: "the program throws after a restore point, as events",
        program: ({ cbr, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId });
            throw new Error("the program is broken");
        },
        env: STREAM,
        exit: 1,
    },
    {
        name: "run-error-after-a-restore-point",
        what: "the program throws a RunError after a restore point: not to be told from a logged error",
        program: ({ cbr, pulumi, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId });
            throw new pulumi.RunError("setting release is missing");
        },
        exit: 1,
    },
    {
        name: "refused-streaming",
        what: "one of two is refused, as events",
        before: [{ up: one }],
        program: ({ cbr, vaultId }) => {
            new cbr.Checkpoint("cp", { vaultId, triggers: { release: "2" } });
            new cbr.Checkpoint("bad", { vaultId: "5eed0000-0000-4000-8000-0000000000ff" });
        },
        env: STREAM,
        exit: 1,
    },
    {
        name: "two-refused",
        what: "two restore points are refused for two reasons",
        program: ({ cbr, vaultId }) => {
            new cbr.Checkpoint("a", { vaultId: "5eed0000-0000-4000-8000-0000000000ff" });
            new cbr.Checkpoint("b", { vaultId, resources: ["5eed0000-0000-4000-8000-0000000001ff"] });
        },
        exit: 1,
    },
    {
        name: "bad-input",
        what: "an input that makes no sense",
        program: ({ cbr, vaultId }) =>
            new cbr.Checkpoint("cp", { vaultId, name: "no spaces please", deletionPolicy: "keep" as never }),
        exit: 1,
    },
];
