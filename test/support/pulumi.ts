import { delimiter, dirname } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import * as semver from "semver";
import { createLocalCommand } from "../engine/command";
import { getPulumiCli } from "./pulumi-cli";

/** An engine for tests: the Pulumi CLI, or our own small one. */
export interface PulumiEngine {
    kind: "real" | "local";
    /** Which one it is, for people. */
    description: string;
    /** For `LocalWorkspaceOptions.pulumiCommand`. */
    command: PulumiCommand;
    /** Environment that its commands need. */
    env: Record<string, string>;
}

async function find(): Promise<PulumiEngine> {
    const cli = await getPulumiCli();
    if (cli.path === undefined) {
        // The typings of `PulumiCommand` have a private constructor; at run time the Automation API calls `run` only.
        const command = createLocalCommand() as unknown as PulumiCommand;
        return { kind: "local", description: `the local engine (test/engine): ${cli.reason}`, command, env: {} };
    }
    // `PulumiCommand.get` takes a root folder only, and knows no other way to a command at a path of ours.
    const command: PulumiCommand = Object.assign(Object.create(PulumiCommand.prototype) as PulumiCommand, {
        command: cli.path,
        version: semver.parse(cli.version),
    });
    const description = `the Pulumi CLI ${cli.version} at ${cli.path}, ${cli.origin}`;
    // The language host starts programs with the first `node` on PATH; what is tested needs the one that the repository pins.
    const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`;
    return { kind: "real", description, command, env: { PATH, PULUMI_SKIP_UPDATE_CHECK: "true" } };
}

let found: Promise<PulumiEngine> | undefined;

/** The engine to test with; `getPulumiCli` says which CLI that is, and without one it is ours. */
export function findPulumi(): Promise<PulumiEngine> {
    found ??= find();
    return found;
}

/** For what only Pulumi's own engine can show: without a CLI the test is left out, and says so. */
export async function needsCli(skip: (reason: string) => void, why: string): Promise<void> {
    if ((await findPulumi()).kind === "real") return;
    process.stderr.write(`Left out without a Pulumi CLI: ${why}\n`);
    skip(`needs the Pulumi CLI: ${why}`);
}
