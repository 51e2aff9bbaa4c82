import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, it } from "vitest";
import * as cbr from "../sdk/index";

const id = "0ca3eb86-8800-46da-9c37-9d657a825274";
const options = { import: id };
const copyTo = { destinationRegion: "eu-nl", destinationVaultId: id };

beforeAll(() => pulumi.runtime.setMocks({ newResource: () => ({ id, state: {} }), call: () => ({}) }));

it.each([
    [
        "Checkpoint",
        () => new cbr.Checkpoint("it", { vaultId: id }, options),
        /the input `adopt` instead, and nothing is taken/,
    ],
    [
        "BackupReplica",
        () => new cbr.BackupReplica("it", { backupId: id, ...copyTo }, options),
        /the input `adopt` instead, and nothing is copied/,
    ],
    ["CheckpointReplica", () => new cbr.CheckpointReplica("it", { checkpointId: id, ...copyTo }, options), /`adopt`/],
    [
        "VaultReplication",
        () => new cbr.VaultReplication("it", { vaultId: id, ...copyTo }, options),
        /are not copied again/,
    ],
    [
        "VaultSync",
        () => new cbr.VaultSync("it", { vaultId: id }, options),
        /a run of its own, and has nothing to `adopt`/,
    ],
])("refuses the option import of a %s in one line that says what to do", (kind, make, what) => {
    let error: unknown;
    try {
        make();
    } catch (thrown) {
        error = thrown;
    }
    // Pulumi shows this kind without a stack.
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    const { message } = error as Error;
    expect(message).toMatch(
        new RegExp(`^${kind} it: Pulumi cannot import a dynamic resource \\(option \`import\`\\); .+\\.$`),
    );
    expect(message).toMatch(what);
});
