import { expect, it } from "vitest";
import { isPartialRun } from "../../provider/pulumi/engine-command";

/** A provider whose parent is process 3, a shell that the engine, process 2, started. */
const startedBy = (...args: string[]) => {
    const processes = new Map([
        [3, { parent: 2, args: ["/bin/sh", "pulumi-resource-pulumi-nodejs", "127.0.0.1:1"] }],
        [2, { parent: 1, args }],
    ]);
    return isPartialRun(3, (pid) => processes.get(pid));
};

it.each([
    [["pulumi", "up", "--yes"], false],
    [["/opt/pulumi/bin/pulumi", "destroy", "--yes", "--stack", "target"], false],
    [["pulumi", "up", "--replace", "urn:pulumi:x"], false],
    [["pulumi", "up", "--target", "urn:pulumi:x"], true],
    [["pulumi", "up", "--target=urn:pulumi:x"], true],
    [["pulumi", "up", "-t", "urn:pulumi:x"], true],
    [["pulumi", "up", "-yturn:pulumi:x"], true],
    [["pulumi", "up", "--target-replace", "urn:pulumi:x"], true],
    [["pulumi.exe", "destroy", "--exclude", "urn:pulumi:x"], true],
    [["pulumi", "destroy", "-x", "urn:pulumi:x"], true],
    [["pulumi", "destroy", "--exclude-protected"], true],
])("%j looks at some resources only: %s", (args, expected) => {
    expect(startedBy(...args)).toBe(expected);
});

it("does not know where the engine is none of its ancestors, or their command lines cannot be seen", () => {
    expect(startedBy("node", "vitest")).toBeUndefined();
    expect(isPartialRun(3, () => undefined)).toBeUndefined();
});

it.runIf(process.platform === "linux")("reads the command lines of real processes", () => {
    // The runner's ancestors are no engine; that they can be read shows in the walk ending without a failure.
    expect(isPartialRun()).not.toBe(true);
});
