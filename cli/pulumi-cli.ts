/** Runs the Pulumi CLI that is on PATH, in the working directory's project. */
import { execFile } from "node:child_process";
import { displayText } from "../provider/client/errors/redaction";
import { Failure } from "./command";

/** States of large stacks are long. */
const MAX_OUTPUT_BYTES = 1024 * 1024 * 1024;
/** A state in a far backend takes a while. Milliseconds. */
const TIMEOUT_MS = 5 * 60_000;

export interface StackCommand {
    /** Name of the stack. */
    readonly stack: string;
    /** `config`, `stack export`, with their options. */
    readonly args: readonly string[];
    readonly env: NodeJS.ProcessEnv;
    /** What works without the CLI, in words. */
    readonly without: string;
}

/** What `pulumi <args> --stack <stack>` writes. Throws a `Failure` with the first line of its error. */
export function runPulumi({ stack, args, env, without }: StackCommand): Promise<string> {
    const options = args.findIndex((arg) => arg.startsWith("-"));
    const name = `pulumi ${args.slice(0, options < 0 ? args.length : options).join(" ")}`;
    return new Promise((resolve, reject) => {
        execFile(
            "pulumi",
            [...args, "--non-interactive", "--stack", stack],
            { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, maxBuffer: MAX_OUTPUT_BYTES, timeout: TIMEOUT_MS },
            (error, stdout, stderr) => {
                if (error === null) return resolve(stdout);
                if (error.code === "ENOENT")
                    return reject(
                        new Failure(`--stack needs the Pulumi CLI, but there is no \`pulumi\` on PATH; ${without}`),
                    );
                const said =
                    (stderr.trim().split("\n")[0] ?? "").replace(/^error: /, "") || error.message.split("\n")[0];
                reject(new Failure(displayText(`--stack ${stack}: \`${name}\` failed: ${said}`)));
            },
        );
    });
}
