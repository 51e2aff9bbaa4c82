import * as automation from "@pulumi/pulumi/automation";
import { describe, expect, it } from "vitest";
import type { PulumiCommandLike } from "../engine/command";
import { Group, messages, openWorld, ops, Thing } from "./cloud";

describe("commands", () => {
    it("makes, lists, tags, renames and removes stacks", async () => {
        const { stack } = await openWorld(async () => {
            new Thing("first", { name: "a" });
        });
        const { workspace } = stack.stack;
        await expect(workspace.createStack("dev")).rejects.toBeInstanceOf(automation.StackAlreadyExistsError);
        await expect(workspace.selectStack("none")).rejects.toBeInstanceOf(automation.StackNotFoundError);
        await workspace.createStack("other");
        await workspace.selectStack("dev");
        const list = await workspace.listStacks();
        expect(list.map(({ name, current }) => ({ name, current }))).toEqual([
            { name: "dev", current: true },
            { name: "other", current: false },
        ]);
        await stack.stack.setTag("owner", "us");
        expect(await stack.stack.getTag("owner")).toBe("us");
        expect(await stack.stack.listTags()).toMatchObject({ owner: "us" });
        await stack.stack.removeTag("owner");
        expect(await stack.stack.listTags()).not.toHaveProperty("owner");
        expect((await workspace.whoAmI()).user).not.toBe("");
        await stack.up();
        await expect(workspace.removeStack("dev")).rejects.toThrow("still has resources");
        await workspace.removeStack("other");
        expect((await workspace.listStacks()).map(({ name }) => name)).toEqual(["dev"]);
        await stack.stack.rename({ stackName: "prod" });
        expect((await workspace.listStacks()).map(({ name }) => name)).toEqual(["prod"]);
        const { deployment } = await workspace.exportStack("prod");
        expect(JSON.stringify(deployment)).toContain(
            "urn:pulumi:prod::test::pulumi-nodejs:dynamic/selftest:Thing::first",
        );
        await workspace.removeStack("prod", { force: true });
        expect(await workspace.listStacks()).toEqual([]);
    });

    it("remembers operations", async () => {
        const { stack } = await openWorld(async () => ({}), {
            config: { "t:token": { value: "hidden", secret: true }, open: "1" },
        });
        await stack.up();
        await stack.refresh();
        await stack.destroy();
        const history = await stack.stack.history();
        expect(history.map(({ kind, result }) => `${kind} ${result}`)).toEqual([
            "destroy succeeded",
            "refresh succeeded",
            "update succeeded",
        ]);
        expect(history[0]?.config).toMatchObject({
            "t:token": { value: "hidden", secret: true },
            "test:open": { value: "1", secret: false },
        });
        expect(history[2]?.resourceChanges).toEqual({ create: 1 });
        expect(history[0]?.endTime).toBeInstanceOf(Date);
        expect(await stack.stack.history(1, 2)).toMatchObject([{ kind: "refresh" }]);
    });

    it("exports and imports state", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a" });
            new Thing("second", { name: "b" });
        });
        await stack.up();
        const state = await stack.exportState();
        expect(state.version).toBe(3);
        expect(state.deployment).toMatchObject({
            manifest: { version: expect.any(String) },
            secrets_providers: { type: "passphrase" },
        });
        const deployment = state.deployment as { resources: { urn: string }[] };
        const less = { ...deployment, resources: deployment.resources.filter(({ urn }) => !urn.endsWith("::second")) };
        await stack.importState({ ...state, deployment: less });
        expect(await stack.resources()).toHaveLength(1);
        const wrong = {
            ...deployment,
            resources: deployment.resources.filter(({ urn }) => !urn.includes("providers")),
        };
        await expect(stack.importState({ ...state, deployment: wrong })).rejects.toThrow();
        await stack.importState(state);
        await stack.destroy();
        expect(cloud.names()).toEqual([]);
    });

    it("targets resources, and those that depend on them", async () => {
        let size = 1;
        const { stack, use } = await openWorld(async () => {
            const first = new Thing("first", { name: "a", size });
            new Thing("second", { name: "b", size, from: first.computed });
            new Thing("third", { name: "c", size });
        });
        const urn = (name: string) => `urn:pulumi:dev::test::pulumi-nodejs:dynamic/selftest:Thing::${name}`;
        await stack.up({ target: [urn("first")], expectPendingChanges: "others are not targeted" });
        expect((await stack.resources()).map(({ inputs }) => inputs?.["name"])).toEqual(["a"]);
        await stack.up();
        size = 2;
        const one = await stack.up({ target: [urn("third")], expectPendingChanges: "others are not targeted" });
        expect(ops(one)).toEqual(["update third"]);
        const dependents = await stack.up({ target: [urn("first")], targetDependents: true });
        expect(ops(dependents)).toEqual(["update first", "update second"]);
        const missing = await stack.up({ target: [urn("none")], expectFailure: true });
        expect(messages(missing)).toContain("could not be found in the stack");
        const refused = await stack.destroy({ target: [urn("first")], expectFailure: true });
        expect(refused.steps.filter(({ op }) => op === "delete")).toEqual([]);
        use(async () => {});
        const destroyed = await stack.destroy({ target: [urn("first")], targetDependents: true });
        expect(ops(destroyed)).toEqual(["delete second", "delete first"]);
        expect(await stack.resources()).toHaveLength(1);
        await stack.destroy({ target: ["**Thing::th*"] });
        expect(await stack.resources()).toHaveLength(0);
    });

    it("runs the program of a refresh and of a destroy when asked", async () => {
        let count = 0;
        const { stack, cloud } = await openWorld(async () => {
            count++;
            const group = new Group("group");
            new Thing("first", { name: "a", size: 1 }, { parent: group });
        });
        await stack.up();
        count = 0;
        cloud.tamper("a", { size: 3 });
        const refresh = await stack.refresh({
            runProgram: true,
            expectPendingChanges: "the object was changed by hand",
        });
        expect(count).toBe(1);
        expect(refresh.changes).toMatchObject({ update: 1 });
        expect((await stack.resources()).find(({ custom }) => custom)?.inputs).toMatchObject({ size: 3 });
        await stack.destroy({ runProgram: true });
        expect(count).toBe(2);
        expect(cloud.names()).toEqual([]);
        expect(await stack.resources()).toEqual([]);
    });

    it("prints a preview as one document", async () => {
        let name = "a1";
        let size = 1;
        const { stack } = await openWorld(
            async () => {
                new Thing("first", { name, lazy: true }, { replaceOnChanges: ["name"] });
                new Thing("second", { name: "b", size, lazy: true });
                new Thing("third", { name: "c" });
            },
            { config: { "t:token": { value: "hidden", secret: true } } },
        );
        await stack.up();
        name = "a2";
        size = 2;
        const argv: string[][] = [];
        // The Automation API has no option for it: its own call, with one more word.
        const command = stack.engine.command as unknown as PulumiCommandLike;
        const original = stack.stack.workspace.pulumiCommand as unknown as PulumiCommandLike;
        let stdout = "";
        const spy: PulumiCommandLike = {
            command: original.command,
            version: original.version,
            run: async (args, cwd, env, _onOutput, onError, signal) => {
                argv.push(args);
                const result = await command.run([...args, "--json"], cwd, env, undefined, onError, signal);
                stdout = result.stdout;
                return result;
            },
        };
        Object.assign(stack.stack.workspace, { _pulumiCommand: spy });
        await stack.stack.preview().catch(() => {});
        Object.assign(stack.stack.workspace, { _pulumiCommand: original });
        const document = JSON.parse(stdout) as {
            config: unknown;
            changeSummary: unknown;
            duration: number;
            steps: {
                op: string;
                urn: string;
                replaceReasons?: string[];
                diffReasons?: string[];
                detailedDiff?: unknown;
                oldState?: { inputs: unknown };
                newState?: { inputs: unknown };
            }[];
        };
        expect(document.config).toEqual({ "t:token": "[secret]" });
        expect(document.changeSummary).toEqual({ replace: 1, update: 1, same: 2 });
        const steps = document.steps.map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);
        expect(steps).toContain("replace first");
        expect(steps).toContain("update second");
        expect(steps.filter((step) => !step.startsWith("same "))).toHaveLength(2);
        expect(document.steps.find(({ op }) => op === "replace")?.replaceReasons).toEqual(["name"]);
        expect(document.steps.find(({ op }) => op === "update")).toMatchObject({
            diffReasons: ["size"],
            detailedDiff: { size: { kind: "update", inputDiff: true } },
            oldState: { inputs: { size: 1 } },
            newState: { inputs: { size: 2 } },
        });
        expect(argv[0]?.[0]).toBe("preview");
    });

    it("creates many resources side by side", async () => {
        const count = 200;
        const { stack, cloud } = await openWorld(async () => {
            for (let index = 0; index < count; index++) {
                new Thing(`thing-${index}`, { name: `n${index}` });
            }
        });
        const delays = Object.fromEntries(
            Array.from({ length: count }, (_, index) => [`n${index}`, { delayMs: 2000 }]),
        );
        cloud.control(delays);
        const started = performance.now();
        await stack.up({ parallel: 1000 });
        // One after another they would take at least this long, on any machine.
        expect(performance.now() - started).toBeLessThan(count * 2_000);
        expect(cloud.names()).toHaveLength(count);
        expect(await stack.resources()).toHaveLength(count);
    });
});
