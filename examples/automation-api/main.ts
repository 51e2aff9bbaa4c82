// A restore point before somebody else's update: a small stack of its own takes it and copies it to a second region,
// and only when the copy is there, the other stack is updated. Node.js 22.18 and later run this file as it is.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { LocalWorkspace, type PulumiCommand, type UpResult } from "@pulumi/pulumi/automation/index.js";
import * as cbr from "pulumi-cbr";

export interface GuardedUpdate {
    /** Folder and name of the stack to update. */
    readonly workDir: string;
    readonly stackName: string;
    /** What is about to roll out: a new one takes a new restore point, the same one (a second try) does not. */
    readonly release: string;
    readonly vaultId: string;
    readonly destinationRegion: string;
    readonly destinationVaultId: string;
    /** Default: `pulumi` on PATH. */
    readonly pulumiCommand?: PulumiCommand;
    readonly envVars?: Record<string, string>;
    readonly onOutput?: (text: string) => void;
}

export interface GuardedResult {
    readonly checkpointId: string;
    readonly copies: readonly string[];
    readonly update: UpResult;
}

/** Throws, without an update, when the restore point or its copy does not end well. */
export async function guardedUpdate(options: GuardedUpdate): Promise<GuardedResult> {
    const { stackName, release, vaultId, destinationRegion, destinationVaultId, onOutput = () => {} } = options;
    const workspace = {
        ...(options.pulumiCommand === undefined ? {} : { pulumiCommand: options.pulumiCommand }),
        ...(options.envVars === undefined ? {} : { envVars: options.envVars }),
    };
    const target = await LocalWorkspace.createOrSelectStack({ stackName, workDir: options.workDir }, workspace);

    const guard = await LocalWorkspace.createOrSelectStack(
        {
            projectName: "restore-points",
            stackName,
            program: async () => {
                const before = new cbr.Checkpoint("before-update", { vaultId, triggers: { release } });
                const copy = new cbr.VaultReplication("copy", {
                    vaultId,
                    destinationRegion,
                    destinationVaultId,
                    triggers: { checkpoint: before.id },
                });
                return { checkpointId: before.id, copies: copy.destinationBackupIds };
            },
        },
        workspace,
    );
    // Both stacks sign in alike. Settings in the environment (HW_*, OS_*) need no copying.
    const settings = Object.entries(await target.getAllConfig()).filter(([key]) => key.startsWith("cbr:"));
    if (settings.length > 0) await guard.setAllConfig(Object.fromEntries(settings));

    const taken = await guard.up({ onOutput });
    const update = await target.up({ onOutput });
    return {
        checkpointId: String(taken.outputs["checkpointId"]?.value),
        copies: taken.outputs["copies"]?.value ?? [],
        update,
    };
}

async function main(): Promise<void> {
    const { values } = parseArgs({
        options: {
            dir: { type: "string", default: "app" },
            stack: { type: "string", default: "dev" },
            release: { type: "string" },
            "vault-id": { type: "string" },
            "destination-region": { type: "string" },
            "destination-vault-id": { type: "string" },
        },
    });
    const required = (name: "release" | "vault-id" | "destination-region" | "destination-vault-id"): string => {
        const value = values[name];
        if (value === undefined) throw new Error(`--${name} is missing`);
        return value;
    };
    const { checkpointId, copies } = await guardedUpdate({
        workDir: values.dir,
        stackName: values.stack,
        release: required("release"),
        vaultId: required("vault-id"),
        destinationRegion: required("destination-region"),
        destinationVaultId: required("destination-vault-id"),
        onOutput: (text) => process.stdout.write(text),
    });
    console.log(`Updated, with restore point ${checkpointId} and copies ${copies.join(", ")}.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    await main().catch((error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exitCode = 1;
    });
}
