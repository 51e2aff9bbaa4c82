/** Flags of `pulumi preview`. */
import type { Kind } from "../kind";
import { deletes, one, pair, pairAgain, STREAM, two, urn } from "../programs";

export const flags: readonly Kind[] = [
    {
        name: "target-one-of-two",
        what: "--target one of two that change",
        before: [{ up: pair }],
        program: pairAgain,
        flags: [`--target=${urn("web")}`],
    },
    {
        name: "target-nothing-changes",
        what: "--target one that does not change, while another would",
        before: [{ up: pair }],
        program: ({ cbr, vaultId, web, db }) => {
            new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [1] });
            new cbr.Checkpoint("db", { vaultId, resources: [db], triggers: [2] });
        },
        flags: [`--target=${urn("web")}`],
    },
    {
        name: "target-new-one-not-targeted",
        what: "--target of an old one while the program has a new one",
        before: [
            { up: ({ cbr, vaultId, web }) => new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [1] }) },
        ],
        program: pairAgain,
        flags: [`--target=${urn("web")}`],
    },
    {
        name: "target-dependents",
        what: "--target with --target-dependents",
        before: [{ up: deletes }],
        program: ({ cbr, vaultId, web, copiesVaultId }) => {
            const cp = new cbr.Checkpoint("cp", { vaultId, resources: [web], deletionPolicy: "delete", triggers: [2] });
            new cbr.CheckpointReplica("cr", {
                checkpointId: cp.id,
                destinationRegion: "eu-nl",
                destinationVaultId: copiesVaultId,
            });
        },
        flags: [`--target=${urn("cp")}`, "--target-dependents"],
    },
    {
        name: "target-and-removed",
        what: "--target one while another has left the program",
        before: [{ up: pair }],
        program: ({ cbr, vaultId, web }) => new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [2] }),
        flags: [`--target=${urn("web")}`],
    },
    {
        name: "exclude-one-of-two",
        what: "--exclude one of two that change",
        before: [{ up: pair }],
        program: pairAgain,
        flags: [`--exclude=${urn("db")}`],
    },
    { name: "diff-flag", what: "--diff --json", before: [{ up: one }], program: two, flags: ["--diff"] },
    { name: "show-sames", what: "--show-sames", before: [{ up: pair }], flags: ["--show-sames"] },
    {
        name: "show-replacement-steps",
        what: "--show-replacement-steps",
        before: [{ up: one }],
        program: two,
        flags: ["--show-replacement-steps"],
    },
    { name: "show-secrets", what: "--show-secrets", before: [{ up: one }], program: two, flags: ["--show-secrets"] },
    {
        name: "suppress-outputs",
        what: "--suppress-outputs",
        before: [{ up: one }],
        program: two,
        flags: ["--suppress-outputs"],
    },
    { name: "debug-flag", what: "--debug", before: [{ up: one }], program: two, flags: ["--debug"] },
    {
        name: "expect-no-changes",
        what: "--expect-no-changes, and there are some",
        before: [{ up: one }],
        program: two,
        flags: ["--expect-no-changes"],
        exit: 7,
    },
    { name: "save-plan", what: "--save-plan", before: [{ up: one }], program: two, flags: ["--save-plan=plan.json"] },
    { name: "import-file", what: "--import-file", program: one, flags: ["--import-file=import.json"] },
    {
        name: "streaming",
        what: "PULUMI_ENABLE_STREAMING_JSON_PREVIEW",
        before: [{ up: one }],
        program: two,
        env: STREAM,
    },
    {
        name: "streaming-no-change",
        what: "streaming, nothing changes",
        before: [{ up: one }],
        env: STREAM,
    },
    {
        name: "target-streaming",
        what: "--target one of three, as events: one other changes, one is new, one has left the program",
        before: [
            {
                up: ({ cbr, vaultId, web, db }) => {
                    new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [1] });
                    new cbr.Checkpoint("db", { vaultId, resources: [db], triggers: [1] });
                    new cbr.Checkpoint("gone", { vaultId, resources: [db], triggers: [1] });
                },
            },
        ],
        program: ({ cbr, vaultId, web, db }) => {
            new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [2] });
            new cbr.Checkpoint("db", { vaultId, resources: [db], triggers: [2] });
            new cbr.Checkpoint("new", { vaultId, resources: [db], triggers: [2] });
        },
        flags: [`--target=${urn("web")}`],
        env: STREAM,
    },
    {
        name: "target-show-sames",
        what: "the same with --show-sames",
        before: [
            {
                up: ({ cbr, vaultId, web, db }) => {
                    new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [1] });
                    new cbr.Checkpoint("db", { vaultId, resources: [db], triggers: [1] });
                    new cbr.Checkpoint("gone", { vaultId, resources: [db], triggers: [1] });
                },
            },
        ],
        program: ({ cbr, vaultId, web, db }) => {
            new cbr.Checkpoint("web", { vaultId, resources: [web], triggers: [2] });
            new cbr.Checkpoint("db", { vaultId, resources: [db], triggers: [2] });
        },
        flags: [`--target=${urn("web")}`, "--show-sames"],
    },
    {
        name: "target-not-there",
        what: "--target that is not there",
        before: [{ up: one }],
        flags: ["--target=urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::nowhere"],
        exit: 1,
    },
];
