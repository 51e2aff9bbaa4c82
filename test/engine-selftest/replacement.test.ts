import { describe, expect, it } from "vitest";
import { messages, openWorld, ops, Thing } from "./cloud";

describe("replacement", () => {
    it("deletes dependents first when the provider asks for deletion before creation", async () => {
        let name = "a1";
        const { stack, cloud } = await openWorld(async () => {
            const base = new Thing("base", { name, dbr: true });
            const fixed = new Thing("fixed", { name: "b", fixed: base.computed });
            new Thing("loose", { name: "c", from: base.computed });
            new Thing("after", { name: "d" }, { dependsOn: fixed });
        });
        await stack.up();
        name = "a2";
        cloud.calls();
        const planned = await stack.preview();
        const up = await stack.up();
        for (const report of [planned, up]) {
            expect(ops(report).slice(0, 3)).toEqual(["delete-replaced fixed", "delete-replaced base", "replace base"]);
            expect([...ops(report)].sort()).toEqual([
                "create-replacement base",
                "create-replacement fixed",
                "delete-replaced base",
                "delete-replaced fixed",
                "replace base",
                "replace fixed",
                "update loose",
            ]);
        }
        expect(up.changes).toEqual({ replace: 2, update: 1, same: 2 });
        expect(cloud.changes().slice(0, 3)).toEqual(["delete b", "delete a1", "create a2"]);
        expect(cloud.names()).toEqual(["a2", "b", "c", "d"]);
    });

    it("lets the option decide the order, in both directions", async () => {
        let name = "1";
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: `a${name}` }, { deleteBeforeReplace: true });
            new Thing("second", { name: `b${name}`, dbr: true }, { deleteBeforeReplace: false });
        });
        await stack.up({ parallel: 1 });
        name = "2";
        cloud.calls();
        await stack.up({ parallel: 1 });
        const changes = cloud.changes();
        expect(changes.indexOf("delete a1")).toBeLessThan(changes.indexOf("create a2"));
        expect(changes.indexOf("delete b1")).toBeGreaterThan(changes.indexOf("create b2"));
    });

    it("keeps what was deleted in mind until its replacement exists", async () => {
        let name = "a1";
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name }, { deleteBeforeReplace: true });
        });
        await stack.up();
        name = "a2";
        cloud.control({ a2: { create: "error" } });
        const failed = await stack.up({ expectFailure: true });
        expect(messages(failed)).toContain("no a2 today");
        expect(await stack.resources()).toMatchObject([{ pendingReplacement: true }]);
        cloud.control({});
        cloud.calls();
        const up = await stack.up();
        expect(ops(up)).toEqual(["replace first", "create-replacement first"]);
        expect(cloud.changes()).toEqual(["create a2"]);
        expect(await stack.resources()).toHaveLength(1);
    });

    it("deletes the old one later when that failed", async () => {
        let name = "a1";
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name });
        });
        await stack.up();
        name = "a2";
        cloud.control({ a1: { delete: "error" } });
        await stack.up({ expectFailure: true });
        expect((await stack.resources()).map((state) => state.delete === true)).toEqual([false, true]);
        cloud.control({});
        cloud.calls();
        expect(ops(await stack.up())).toEqual(["delete-replaced first"]);
        expect(cloud.names()).toEqual(["a2"]);
    });

    it("replaces on changes that the options name", async () => {
        let tags: Record<string, string> = { keep: "1", other: "1" };
        const { stack } = await openWorld(async () => {
            new Thing("first", { name: "a", tags, lazy: true }, { replaceOnChanges: ["tags.keep"] });
        });
        await stack.up();
        tags = { keep: "1", other: "2" };
        expect(ops(await stack.up())).toEqual(["update first"]);
        tags = { keep: "2", other: "2" };
        const replace = await stack.up();
        expect(ops(replace)).toEqual(["create-replacement first", "replace first", "delete-replaced first"]);
        // Only whole keys are reasons; a deeper path is marked in the detailed diff.
        expect(replace.steps.find(({ op }) => op === "replace")?.replaceKeys).toEqual([]);
        const event = replace.events.find((item) => item.resourcePreEvent?.metadata.op === "replace");
        expect(event?.resourcePreEvent?.metadata.detailedDiff).toEqual({
            "tags.keep": { diffKind: "update-replace", inputDiff: true },
        });
    });

    it("replaces what the command line names", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a" });
            new Thing("second", { name: "b" });
        });
        await stack.up();
        // The two are made side by side: their order in the state is not given.
        const first = (await stack.resources()).find(({ urn }) => urn.endsWith("::first"));
        cloud.calls();
        const up = await stack.up({ replace: [first?.urn as string] });
        expect(ops(up)).toEqual(["create-replacement first", "replace first", "delete-replaced first"]);
        expect(cloud.changes()).toEqual(["create a", "delete a"]);
    });

    it("replaces along with another resource", async () => {
        let name = "a1";
        const { stack } = await openWorld(async () => {
            const first = new Thing("first", { name });
            new Thing("second", { name: "b" }, { replaceWith: [first] });
            new Thing("third", { name: "c" }, { deletedWith: first });
        });
        await stack.up();
        name = "a2";
        const up = await stack.up();
        expect(up.changes).toEqual({ replace: 3, same: 1 });
    });

    it("does not delete what goes with another resource", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            new Thing("second", { name: "b" }, { deletedWith: first });
        });
        await stack.up();
        cloud.calls();
        const destroy = await stack.destroy();
        expect(ops(destroy)).toEqual(["delete second", "delete first", "delete test-dev"]);
        expect(cloud.changes()).toEqual(["delete a"]);
    });
});
