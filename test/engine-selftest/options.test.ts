import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { Group, messages, openWorld, ops, Provider, Thing } from "./cloud";

describe("resource options", () => {
    it("protects from deletion and replacement", async () => {
        let name: string | undefined = "a";
        const { stack, cloud, use } = await openWorld(async () => {
            const first = new Thing("first", { name: name as string }, { protect: true });
            new Thing("second", { name: "b" }, { dependsOn: first });
        });
        await stack.up();
        const [first] = await stack.resources();
        expect(first?.protect).toBe(true);
        name = "a2";
        expect(messages(await stack.preview({ expectFailure: true }))).toContain("unable to replace resource");
        expect(messages(await stack.up({ expectFailure: true }))).toContain("unable to replace resource");
        const destroy = await stack.destroy({ expectFailure: true });
        expect(messages(destroy)).toContain("protected");
        expect(cloud.names()).toEqual(["a"]);
        use(async () => {
            new Thing("first", { name: "a" });
        });
        expect(ops(await stack.up())).toEqual([]);
        await stack.destroy();
        expect(cloud.names()).toEqual([]);
    });

    it("retains on delete, hides outputs, keeps timeouts", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing(
                "first",
                { name: "a" },
                {
                    retainOnDelete: true,
                    additionalSecretOutputs: ["computed"],
                    customTimeouts: { create: "1h30m", delete: "5m" },
                },
            );
            return { computed: first.computed, name: first.name };
        });
        await stack.up();
        expect(await stack.outputs()).toEqual({
            computed: { value: "a!", secret: true },
            name: { value: "a", secret: false },
        });
        expect(await stack.resources()).toMatchObject([
            {
                retainOnDelete: true,
                additionalSecretOutputs: ["computed"],
                customTimeouts: { create: 5400, delete: 300 },
            },
        ]);
        cloud.calls();
        expect(ops(await stack.destroy())).toEqual(["delete first", "delete test-dev"]);
        expect(cloud.changes()).toEqual([]);
        expect(cloud.names()).toEqual(["a"]);
    });

    it("ignores changes of what the options name", async () => {
        let size = 1;
        let tags: Record<string, unknown> = { a: 1, list: [1, 2], "odd.key": 1 };
        const { stack } = await openWorld(async () => {
            new Thing(
                "first",
                { name: "a", size, tags },
                { ignoreChanges: ["size", "tags.a", "tags.list[1]", 'tags["odd.key"]'] },
            );
        });
        await stack.up();
        size = 2;
        tags = { a: 2, list: [1, 3], "odd.key": 2 };
        expect(ops(await stack.up())).toEqual([]);
        expect(await stack.resources()).toMatchObject([
            { inputs: { size: 1, tags: { a: 1, list: [1, 2], "odd.key": 1 } } },
        ]);
        tags = { a: 3, list: [5, 3], "odd.key": 2 };
        expect(ops(await stack.up())).toEqual(["update first"]);
        expect(await stack.resources()).toMatchObject([{ inputs: { tags: { a: 1, list: [5, 2] } } }]);
    });

    it("follows aliases by name, by type, by URN and through parents", async () => {
        const { stack, cloud, use } = await openWorld(async () => {
            const group = new Group("group");
            new Thing("first", { name: "a" }, { parent: group });
            new Thing("second", { name: "b" });
            new Thing("group-third", { name: "c" }, { parent: group });
        });
        await stack.up();
        const urn = (await stack.resources()).find(({ inputs }) => inputs?.["name"] === "b")?.urn as string;
        cloud.calls();
        use(async () => {
            const group = new Group("renamed", {}, { aliases: [{ name: "group" }] });
            new Thing("first", { name: "a" }, { parent: group });
            new Thing("other", { name: "b" }, { aliases: [urn] });
            new Thing("renamed-third", { name: "c" }, { parent: group });
        });
        expect(ops(await stack.up())).toEqual([]);
        expect(cloud.changes()).toEqual([]);
        const resources = await stack.resources();
        expect(resources.map((state) => state.urn.split("::").slice(2).join("::")).sort()).toEqual([
            "pulumi-nodejs:dynamic/selftest:Thing::other",
            "selftest:index:Group$pulumi-nodejs:dynamic/selftest:Thing::first",
            "selftest:index:Group$pulumi-nodejs:dynamic/selftest:Thing::renamed-third",
            "selftest:index:Group::renamed",
        ]);
        use(async () => {
            new Thing(
                "first",
                { name: "a" },
                { aliases: [{ parent: "urn:pulumi:dev::test::selftest:index:Group::renamed" }] },
            );
            new Thing("other", { name: "b" });
            new Thing(
                "third",
                { name: "c" },
                { aliases: [{ name: "renamed-third", parent: "urn:pulumi:dev::test::selftest:index:Group::renamed" }] },
            );
        });
        expect(ops(await stack.up())).toEqual(["delete renamed"]);
        expect(cloud.changes()).toEqual([]);
    });

    it("gives components inputs, outputs and children that go before them", async () => {
        let size = 1;
        const { stack } = await openWorld(async () => {
            const group = new Group("group", { size }, { protect: false });
            const child = new Thing("child", { name: "a" }, { parent: group });
            group.finish({ computed: child.computed });
        });
        const up = await stack.up();
        expect(up.changes).toEqual({ create: 3 });
        const [group, child] = await stack.resources();
        expect(group).toMatchObject({ custom: false, outputs: { computed: "a!" } });
        expect((child as { parent?: string }).parent).toBe(group?.urn);
        size = 2;
        expect(ops(await stack.up())).toEqual(["update group"]);
        expect(ops(await stack.destroy())).toEqual(["delete child", "delete group", "delete test-dev"]);
    });

    it("configures explicit providers apart, and follows their changes", async () => {
        let region = "eu-nl";
        const { stack, cloud } = await openWorld(
            async () => {
                const provider = new Provider("nl", { "t:region": region, "t:token": pulumi.secret("explicit") });
                const first = new Thing("first", { name: "a" }, { provider });
                const second = new Thing("second", { name: "b" });
                return { regions: [first.region, second.region] };
            },
            { config: { "t:region": "eu-de", "t:token": { value: "stack-token", secret: true } } },
        );
        await stack.up();
        expect((await stack.outputs())["regions"]?.value).toEqual(["eu-nl", "eu-de"]);
        const configured = cloud
            .calls()
            .filter(([method]) => method === "configure")
            .map(([, ...rest]) => rest);
        expect(configured).toContainEqual(["eu-nl", "explicit"]);
        expect(configured).toContainEqual(["eu-de", "stack-token"]);
        region = "eu-at";
        const change = await stack.up();
        expect(ops(change)).toEqual(["update nl"]);
        expect((await stack.resources()).find(({ urn }) => urn.endsWith("::nl"))?.inputs).toMatchObject({
            "t:region": "eu-at",
        });
        cloud.calls();
        await stack.destroy();
        expect(cloud.names()).toEqual([]);
    });

    it("fails for two resources of one name", async () => {
        const { stack } = await openWorld(async () => {
            new Thing("first", { name: "a" });
            new Thing("first", { name: "b" });
        });
        expect(messages(await stack.preview({ expectFailure: true }))).toContain("Duplicate resource URN");
    });

    it("calls the program's hooks around changes", async () => {
        let size = 1;
        let fails = false;
        const seen: string[] = [];
        const { stack, cloud } = await openWorld(async () => {
            const hook = new pulumi.ResourceHook("watch", async (args) => {
                const sizes = [
                    args.oldInputs?.["size"],
                    args.newInputs?.["size"],
                    args.oldOutputs?.["computed"],
                    args.newOutputs?.["computed"],
                ];
                seen.push(`${args.name} ${sizes.map(String).join(" ")}`);
                if (fails) {
                    throw new Error("not now");
                }
            });
            const hooks = { beforeCreate: [hook], afterCreate: [hook], beforeUpdate: [hook], afterUpdate: [hook] };
            new Thing("first", { name: "a", size }, { hooks });
        });
        await stack.preview();
        expect(seen).toEqual([]);
        await stack.up();
        expect(seen.splice(0)).toEqual(["first undefined 1 undefined undefined", "first undefined 1 undefined a!"]);
        size = 2;
        await stack.up();
        expect(seen.splice(0)).toEqual(["first 1 2 a! undefined", "first 1 2 a! a!!"]);
        size = 3;
        fails = true;
        cloud.calls();
        const failed = await stack.up({ expectFailure: true });
        expect(messages(failed)).toContain("not now");
        expect(cloud.changes()).toEqual([]);
    });

    it("calls hooks before a deletion, for which the program must run", async () => {
        const seen: string[] = [];
        const { stack, cloud } = await openWorld(async () => {
            const hook = new pulumi.ResourceHook("watch", async (args) => {
                seen.push(`${args.name} ${String(args.oldInputs?.["name"])} ${cloud.names().length}`);
            });
            new Thing("first", { name: "a" }, { hooks: { beforeDelete: [hook], afterDelete: [hook] } });
        });
        await stack.up();
        const refused = await stack.destroy({ expectFailure: true });
        expect(messages(refused)).toContain("delete hooks registered, but the program is not running");
        await stack.destroy({ runProgram: true });
        expect(seen).toEqual(["first a 1", "first a 0"]);
        expect(cloud.names()).toEqual([]);
    });
});
