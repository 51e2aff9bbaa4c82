/** Policy packs. */
import type { Kind } from "../kind";
import { one, STREAM } from "../programs";

/** A policy pack: restore points have names. */
const pack = (level: string, body = "") => ({
    "pack/PulumiPolicy.yaml": "runtime: cbrpack\n",
    "pack/package.json": JSON.stringify({ name: "pack", version: "1.0.0" }),
    "pack/index.js": `${body}
const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("backups", { policies: [{
    name: "named-restore-points", description: "Restore points have names.", enforcementLevel: "${level}",
    validateResource: (args, report) => {
        if (args.type === "pulumi-nodejs:dynamic/cbr:Checkpoint" && args.props.name === undefined) report("a restore point needs a name");
    },
}] });
`,
});
/** A policy pack that describes restore points itself. */
const remediating = {
    "pack/PulumiPolicy.yaml": "runtime: cbrpack\n",
    "pack/package.json": JSON.stringify({ name: "pack", version: "1.0.0" }),
    "pack/index.js": `const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("backups", { policies: [{
    name: "described", description: "Restore points are described.", enforcementLevel: "remediate",
    remediateResource: (args) => {
        if (args.type !== "pulumi-nodejs:dynamic/cbr:Checkpoint" || args.props.description !== undefined) return undefined;
        return { ...args.props, description: "by policy" };
    },
}] });
`,
};

export const policies: readonly Kind[] = [
    {
        name: "policy-mandatory",
        what: "a mandatory policy is violated",
        program: one,
        flags: ["--policy-pack=pack"],
        files: pack("mandatory"),
        exit: 1,
    },
    {
        name: "policy-mandatory-streaming",
        what: "the same as events",
        program: one,
        flags: ["--policy-pack=pack"],
        files: pack("mandatory"),
        env: STREAM,
        exit: 1,
    },
    {
        name: "policy-advisory",
        what: "an advisory policy is violated",
        program: one,
        flags: ["--policy-pack=pack"],
        files: pack("advisory"),
    },
    {
        name: "policy-passes",
        what: "a policy pack with nothing to say",
        program: ({ cbr, vaultId }) => new cbr.Checkpoint("cp", { vaultId, name: "named" }),
        flags: ["--policy-pack=pack"],
        files: pack("mandatory"),
    },
    {
        name: "policy-remediates",
        what: "a policy changes a description",
        program: one,
        flags: ["--policy-pack=pack"],
        files: remediating,
    },
    {
        name: "policy-remediates-streaming",
        what: "the same as events",
        program: one,
        flags: ["--policy-pack=pack"],
        files: remediating,
        env: STREAM,
    },
    {
        name: "policy-pack-throws",
        what: "a policy pack throws while it loads",
        program: one,
        flags: ["--policy-pack=pack"],
        files: pack("mandatory", 'throw new Error("policy pack is broken");'),
        exit: 1,
    },
    {
        name: "policy-pack-throws-streaming",
        what: "the same as events",
        program: one,
        flags: ["--policy-pack=pack"],
        files: pack("mandatory", 'throw new Error("policy pack is broken");'),
        env: STREAM,
        exit: 1,
    },
    {
        name: "policy-pack-not-there",
        what: "a policy pack that is not there",
        program: one,
        flags: ["--policy-pack=nowhere"],
        exit: 1,
    },
];
