import * as pulumi from "@pulumi/pulumi";
import { afterEach, expect, it } from "vitest";
import { nodeProblem } from "../provider/client/node-version";
import { checkpoint } from "../provider/index";
import { requireNode } from "../sdk/node-version";

const own = process.versions.node;
const use = (version: string) =>
    Object.defineProperty(process.versions, "node", { value: version, configurable: true, enumerable: true });
afterEach(() => use(own));

const text = "pulumi-cbr needs Node.js 22.19 or newer, and this is 20.20.2: Pulumi runs the first `node` on PATH.";

it.each([
    ["20.20.2", text],
    ["22.18.9", text.replace("20.20.2", "22.18.9")],
    ["22.19.0", undefined],
    ["24.0.0", undefined],
])("Node %s: %s", (version, problem) => {
    expect(nodeProblem(version)).toBe(problem);
});

it("ends a program on an old Node in one line, and lets a newer one be", () => {
    expect(requireNode()).toBeUndefined();
    use("20.20.2");
    let error: unknown;
    try {
        requireNode();
    } catch (caught) {
        error = caught;
    }
    // Pulumi shows the message of these alone, without a stack.
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect((error as Error).message).toBe(text);
});

it("fails the preview in the provider, too, where no program ran before", async () => {
    use("20.20.2");
    const inputs = { vaultId: "3b5816b5-f29c-4172-9d9a-76c719a659ce", __urn: "urn:pulumi:s::p::t::point" };
    const result = await checkpoint.check?.({}, inputs);
    expect(result?.failures).toEqual([{ property: "", reason: text }]);
    await expect(checkpoint.read?.("id", inputs)).rejects.toThrow(`Checkpoint point: ${text}`);
});
