import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { messages, openWorld, ops, Thing } from "./cloud";

describe("failure", () => {
    it("keeps a resource that was created but is not ready, and updates it next time", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a" });
        });
        cloud.control({ a: { create: "init" } });
        const failed = await stack.up({ expectFailure: true });
        expect(failed.steps.find(({ name }) => name === "first")).toMatchObject({ op: "create", failed: true });
        expect(messages(failed)).toContain("still starting");
        expect(messages(failed)).not.toContain("not ready");
        const [state] = await stack.resources();
        expect(state).toMatchObject({ initErrors: ["still starting"], outputs: { computed: "half" } });
        const preview = await stack.preview();
        expect(ops(preview)).toEqual(["update first"]);
        cloud.control({ a: { update: "init" } });
        await stack.up({ expectFailure: true });
        expect(await stack.resources()).toMatchObject([
            { id: state?.id, initErrors: ["starting again"], outputs: { computed: "half again" } },
        ]);
        cloud.control({});
        cloud.calls();
        expect(ops(await stack.up())).toEqual(["update first"]);
        expect(cloud.changes()).toEqual(["update a"]);
        const [ready] = await stack.resources();
        expect(ready?.initErrors).toBeUndefined();
        expect(ready?.id).toBe(state?.id);
    });

    it("keeps the old inputs of an update that got half-way", async () => {
        let size = 1;
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a", size });
        });
        await stack.up();
        size = 2;
        cloud.control({ a: { update: "init" } });
        await stack.up({ expectFailure: true });
        expect(await stack.resources()).toMatchObject([{ inputs: { size: 1 }, outputs: { size: 2 } }]);
    });

    it("replaces a resource that is not ready when the options say so", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a" }, { replaceOnChanges: ["#initerror"] });
        });
        cloud.control({ a: { create: "init" } });
        await stack.up({ expectFailure: true });
        cloud.control({});
        cloud.calls();
        const up = await stack.up();
        expect(ops(up)).toEqual(["create-replacement first", "replace first", "delete-replaced first"]);
        expect(cloud.changes()).toEqual(["create a", "delete a"]);
    });

    it("stops at a failed creation, and goes on from there next time", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            new Thing("second", { name: "b", from: first.computed });
            return { out: first.computed };
        });
        cloud.control({ a: { create: "error" } });
        const failed = await stack.up({ expectFailure: true });
        expect(ops(failed)).toEqual(["create test-dev", "create first"]);
        expect(messages(failed)).toContain("no a today");
        expect(failed.diagnostics).toContain("error: update failed");
        expect(await stack.resources()).toEqual([]);
        cloud.control({});
        expect((await stack.up()).changes).toMatchObject({ create: 2 });
    });

    it("goes on past failures when asked to", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            new Thing("second", { name: "b", from: first.computed });
            new Thing("third", { name: "c" });
        });
        cloud.control({ a: { create: "error" }, c: { create: "", delayMs: 300 } });
        await stack.up({ expectFailure: true, continueOnError: true });
        expect(cloud.names()).toEqual(["c"]);
        expect((await stack.resources()).map(({ inputs }) => inputs?.["name"])).toEqual(["c"]);
    });

    it("deletes nothing when the program fails, and keeps outputs", async () => {
        const { stack, cloud, use } = await openWorld(async () => {
            new Thing("first", { name: "a" });
            return { kept: 1 };
        });
        await stack.up();
        use(async () => {
            new Thing("second", { name: "b" });
            await new Promise((resolve) => setTimeout(resolve, 500));
            throw new Error("the program is wrong");
        });
        const failed = await stack.up({ expectFailure: true });
        expect(messages(failed)).toContain("the program is wrong");
        expect(cloud.names()).toEqual(["a", "b"]);
        expect((await stack.outputs())["kept"]?.value).toBe(1);
        use(async () => {
            new Thing("second", { name: "b" });
        });
        expect(ops(await stack.up())).toEqual(["delete first"]);
    });

    it("says what a check found, at each property, before anything is done", async () => {
        const { stack, cloud } = await openWorld(async () => {
            new Thing("first", { name: "a", bad: "worse" });
        });
        const preview = await stack.preview({ expectFailure: true });
        const up = await stack.up({ expectFailure: true });
        for (const report of [preview, up]) {
            expect(report.steps.find(({ name }) => name === "first")?.diagnostics).toEqual([
                "error: pulumi-nodejs:dynamic/selftest:Thing resource 'first': property bad value {worse} has a problem: is bad",
                "error: pulumi-nodejs:dynamic/selftest:Thing resource 'first' has a problem: as a whole",
            ]);
        }
        expect(preview.diagnostics).toEqual([]);
        expect(cloud.names()).toEqual([]);
    });

    it("goes on with other deletions, but not with what a failed one needs", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            new Thing("second", { name: "b" }, { dependsOn: first });
        });
        await stack.up();
        cloud.control({ b: { delete: "error" } });
        const failed = await stack.destroy({ expectFailure: true });
        expect(messages(failed)).toContain("cannot delete b");
        expect(cloud.names()).toEqual(["a", "b"]);
        cloud.control({});
        await stack.destroy();
        expect(cloud.names()).toEqual([]);
    });

    it("lets running work end when it is cancelled", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            new Thing("second", { name: "b" }, { dependsOn: first });
        });
        cloud.control({ a: { delayMs: 5000 } });
        const controller = new AbortController();
        const looking = setInterval(() => {
            if (cloud.changes().includes("create a")) controller.abort();
        }, 50);
        const failed = await stack.up({ expectFailure: true, signal: controller.signal });
        clearInterval(looking);
        expect(messages(failed)).toContain("cancel");
        expect(cloud.names()).toEqual(["a"]);
        expect(await stack.resources()).toHaveLength(1);
    });

    it("warns of interrupted operations, and drops them with a refresh", async () => {
        const { stack } = await openWorld(async () => {
            new Thing("first", { name: "a" });
        });
        await stack.up();
        // As a killed engine leaves it; an import would drop them.
        const file = join(stack.folder, "state", ".pulumi", "stacks", "test", "dev.json");
        const stored = JSON.parse(readFileSync(file, "utf8")) as { checkpoint: { latest: Record<string, unknown> } };
        const { latest } = stored.checkpoint;
        const resource = (latest["resources"] as { urn: string }[]).find(({ urn }) => urn.endsWith("::first"));
        const lost = { ...resource, urn: `${resource?.urn}2`, id: undefined };
        latest["pending_operations"] = [
            { resource, type: "updating" },
            { resource: lost, type: "creating" },
        ];
        writeFileSync(file, JSON.stringify(stored));
        const up = await stack.up();
        expect(messages(up)).toContain("pending operations");
        expect(messages(up)).toContain("interrupted while creating");
        const left = async () =>
            (
                (await stack.exportState()).deployment as { pending_operations?: { type: string }[] }
            ).pending_operations?.map(({ type }) => type) ?? [];
        expect(await left()).toEqual(["creating"]);
        await stack.refresh();
        expect(await left()).toEqual(["creating"]);
        await stack.refresh({ clearPendingCreates: true });
        expect(await left()).toEqual([]);
    });

    it("fails when changes were not expected", async () => {
        const { stack } = await openWorld(async () => {
            new Thing("first", { name: "a" });
        });
        await stack.preview({ expectNoChanges: true, expectFailure: true });
        await stack.up();
        await stack.preview({ expectNoChanges: true });
    });
});
