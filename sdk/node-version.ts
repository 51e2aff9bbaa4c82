import * as pulumi from "@pulumi/pulumi";
import { nodeProblem } from "../provider/client/node-version";

/**
 * Ends a program on a Node.js that is too old, in one line and without a stack; the preview would pass and `up` fail.
 */
export function requireNode(): void {
    const problem = nodeProblem(process.versions.node);
    if (problem !== undefined) throw new pulumi.RunError(problem);
}
