// A policy pack that remediates inputs: Pulumi asks to replace because of what the pack put in, and to create without it.
import { createRequire } from "node:module";
import type * as dynamic from "@pulumi/pulumi/dynamic";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Simulator, startSimulator } from "../../sdk/testing/index";
import { requireTypeScript } from "../support/require-typescript";

type Bag = Record<string, unknown>;
requireTypeScript();
const { checkpoint } = createRequire(__filename)("../../provider/index.ts") as Record<
    string,
    Required<dynamic.ResourceProvider<Bag, Bag>>
> & { readonly checkpoint: Required<dynamic.ResourceProvider<Bag, Bag>> };

const urn = "urn:pulumi:dev::p::pulumi-nodejs:dynamic/cbr:Checkpoint::cp";
let sim: Simulator;
let inputs: Bag;

beforeEach(async () => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    sim = (await startSimulator({ backupMs: 20, deleteMs: 20 })) as Simulator;
    const config = sim.settings({ signIn: "password" }).config as Record<string, string>;
    await checkpoint.configure({ config: { get: (key: string) => config[key], rawConfig: {} } } as never);
    inputs = { vaultId: sim.regions["eu-de"].cloud.addVault({ resources: 1 }).id, __urn: urn };
});
afterEach(async () => {
    vi.restoreAllMocks();
    await sim.close();
});
const taken = () => sim.regions["eu-de"].cloud.checkpoints.size;

it("takes no restore point for a change that the replacement would not have", async () => {
    const { id, outs = {} } = await checkpoint.create(inputs);
    const diff = await checkpoint.diff(id, outs, { ...inputs, description: "by policy" });
    expect(diff.replaces).toEqual(["description"]);
    await expect(checkpoint.create(inputs)).rejects.toThrow(
        /description: the change .* write the value into the program/,
    );
    expect(taken()).toBe(1);
});

it("replaces for what the program itself changed, and where the value is in the program", async () => {
    const { id, outs = {} } = await checkpoint.create(inputs);
    await checkpoint.diff(id, outs, { ...inputs, description: "by policy", triggers: { run: "2" } });
    const second = await checkpoint.create({ ...inputs, triggers: { run: "2" } });
    await checkpoint.diff(second.id, second.outs ?? {}, { ...inputs, triggers: { run: "2" }, description: "mine" });
    await checkpoint.create({ ...inputs, triggers: { run: "2" }, description: "mine" });
    expect(taken()).toBe(3);
});

it("replaces what is to be replaced without a change (`--replace`)", async () => {
    const { id, outs = {} } = await checkpoint.create(inputs);
    await checkpoint.diff(id, outs, inputs);
    await checkpoint.create(inputs);
    expect(taken()).toBe(2);
});

it("makes what was deleted before its replacement", async () => {
    const { id, outs = {} } = await checkpoint.create(inputs);
    await checkpoint.diff(id, outs, { ...inputs, description: "by policy" });
    await checkpoint.delete(id, { ...outs, __urn: urn });
    await checkpoint.create(inputs);
    expect(taken()).toBe(2);
});
