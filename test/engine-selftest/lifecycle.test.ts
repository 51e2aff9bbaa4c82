import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { messages, openWorld, ops, Thing } from "./cloud";

describe("life cycle", () => {
    it("creates, keeps, updates, replaces, refreshes and destroys", async () => {
        let name = "a1";
        let size = 1;
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name, size });
            const second = new Thing("second", { name: "b", from: first.computed });
            return {
                computed: first.computed,
                id: second.id,
                hidden: pulumi.secret("shh"),
                list: [1, { two: first.size }],
            };
        });
        const preview = await stack.preview();
        expect(ops(preview)).toEqual(["create test-dev", "create first", "create second"]);
        expect(preview.changes).toEqual({ create: 3 });
        expect(cloud.names()).toEqual([]);

        const up = await stack.up();
        expect(ops(up)).toEqual(["create test-dev", "create first", "create second"]);
        expect(up.changes).toEqual({ create: 3 });
        expect(cloud.names()).toEqual(["a1", "b"]);
        const outputs = await stack.outputs();
        expect(outputs["computed"]).toEqual({ value: "a1!", secret: false });
        expect(outputs["hidden"]).toEqual({ value: "shh", secret: true });
        expect(outputs["list"]).toEqual({ value: [1, { two: 1 }], secret: false });
        const [first, second] = await stack.resources();
        expect(first).toMatchObject({
            custom: true,
            inputs: { name: "a1", size: 1, auto: "auto" },
            outputs: { computed: "a1!" },
        });
        expect(second?.dependencies).toEqual([first?.urn]);
        expect(outputs["id"]?.value).toBe(second?.id);

        cloud.calls();
        const same = await stack.up();
        expect(ops(same)).toEqual([]);
        expect(same.changes).toEqual({ same: 3 });
        expect(cloud.changes()).toEqual([]);

        size = 2;
        const update = await stack.up();
        expect(ops(update)).toEqual(["update first", "update second"]);
        expect(update.changes).toEqual({ update: 2, same: 1 });
        expect((await stack.outputs())["computed"]?.value).toBe("a1!!");

        name = "a2";
        cloud.calls();
        const planned = await stack.preview();
        expect(ops(planned)).toEqual([
            "create-replacement first",
            "replace first",
            "update second",
            "delete-replaced first",
        ]);
        expect(planned.steps.find(({ op }) => op === "replace")?.replaceKeys).toEqual(["name"]);
        const replace = await stack.up();
        expect(ops(replace)).toEqual([
            "create-replacement first",
            "replace first",
            "update second",
            "delete-replaced first",
        ]);
        expect(replace.changes).toEqual({ replace: 1, update: 1, same: 1 });
        expect(cloud.changes()).toEqual(["create a2", "update b", "delete a1"]);

        const refresh = await stack.refresh();
        expect(refresh.changes).toEqual({ same: 3 });
        cloud.calls();
        const destroy = await stack.destroy();
        expect(ops(destroy)).toEqual(["delete second", "delete first", "delete test-dev"]);
        expect(destroy.changes).toEqual({ delete: 3 });
        expect(cloud.changes()).toEqual(["delete b", "delete a2"]);
        expect(await stack.resources()).toEqual([]);
    });

    it("deletes what left the program, dependents first", async () => {
        const { stack, cloud, use } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            const second = new Thing("second", { name: "b" }, { dependsOn: first });
            new Thing("third", { name: "c" }, { parent: second });
        });
        await stack.up();
        cloud.calls();
        use(async () => {});
        expect(ops(await stack.up())).toEqual(["delete third", "delete second", "delete first"]);
        expect(cloud.changes()).toEqual(["delete c", "delete b", "delete a"]);
    });

    it("finds drift and what is gone", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name: "a", size: 1 });
            new Thing("second", { name: "b" }, { dependsOn: first });
        });
        await stack.up();
        cloud.tamper("a", { size: 5 });
        const look = await stack.previewRefresh();
        expect(look.changes).toEqual({ update: 1, same: 2 });
        const drift = await stack.refresh({ expectPendingChanges: "the object was changed by hand" });
        expect(ops(drift)).toEqual(["update first"]);
        expect((await stack.resources())[0]).toMatchObject({ inputs: { size: 5 }, outputs: { size: 5 } });
        expect(ops(await stack.up())).toEqual(["update first"]);

        cloud.tamper("a", undefined);
        const gone = await stack.refresh({ expectPendingChanges: "the object was deleted by hand" });
        expect(ops(gone)).toEqual(["delete first"]);
        const left = await stack.resources();
        expect(left.map(({ dependencies }) => dependencies ?? [])).toEqual([[]]);
        expect(ops(await stack.up())).toEqual(["create first"]);

        cloud.control({ b: { read: "error" } });
        const failed = await stack.refresh({ expectFailure: true });
        expect(messages(failed)).toContain("cannot read b");
        expect(await stack.resources()).toHaveLength(2);
    });

    it("refreshes ahead of an update", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a", size: 1 });
        });
        await stack.up();
        cloud.tamper("a", { size: 5 });
        const up = await stack.up({ refresh: true });
        expect(ops(up)).toContain("update first");
        expect(cloud.objects()).toMatchObject([{ size: 1 }]);
    });

    it("reads what others own, and never deletes it", async () => {
        const { stack, cloud, use } = await openWorld(async () => {
            new Thing("first", { name: "a" });
        });
        await stack.up();
        const id = (await stack.resources())[0]?.id as string;
        use(async () => {
            new Thing("first", { name: "a" });
            const read = new Thing("read", undefined, { id });
            return { computed: read.computed };
        });
        await stack.up();
        expect((await stack.outputs())["computed"]?.value).toBe("a!");
        expect((await stack.resources()).find(({ urn }) => urn.endsWith("::read"))).toMatchObject({
            external: true,
            id,
        });
        await stack.refresh();
        cloud.calls();
        await stack.destroy();
        expect(cloud.changes()).toEqual(["delete a"]);
    });
});
