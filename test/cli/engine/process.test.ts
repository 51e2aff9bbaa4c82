// The built command as a process: what cannot be seen from within one.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { expect, it } from "vitest";

const main = resolve(__dirname, "../../../dist/cli/main.js");

function start(args: readonly string[]): { child: ChildProcess; output: () => string; ended: Promise<unknown[]> } {
    const child = spawn(process.execPath, [main, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    let text = "";
    child.stdout?.on("data", (chunk) => {
        text += chunk;
    });
    return { child, output: () => text, ended: once(child, "close") };
}

it.each(["SIGINT", "SIGTERM"] as const)("simulate ends well on %s", async (signal) => {
    const { child, output, ended } = start(["simulate"]);
    while (!output().includes("export ")) await once(child.stdout ?? child, "data");
    child.kill(signal);
    expect(await ended).toEqual([0, null]);
    expect(output()).toMatch(/The simulator has ended\.\n$/);
});

it("preview-comment writes all of a long comment into a pipe, and ends at once", async () => {
    const { child, output, ended } = start(["preview-comment", "--max-bytes", "1000000"]);
    const steps = Array.from({ length: 3_000 }, (_, index) => ({
        op: "create",
        urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/cbr:Checkpoint::point-${index}`,
        newState: { inputs: { vaultId: "v" } },
    }));
    child.stdin?.end(JSON.stringify({ steps }));
    expect(await ended).toEqual([0, null]);
    expect(output()).toContain("point-2999");
    expect(output()).toMatch(/<\/details>\n$/);
});

it("loads a command only when it is asked for", () => {
    const script = `const before = Object.keys(require.cache).length; require(${JSON.stringify(main)}); console.log(Object.keys(require.cache).filter((file) => !file.includes("/cli/")).join())`;
    expect(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" }).trim()).toBe("");
});
