import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { openWorld, ops, Thing } from "./cloud";

const signature = "4dabf18193072939515e22adb298388d";

describe("secrets and unknowns", () => {
    it("hides secrets from handlers' eyes, keeps them in state, and encrypts them on disk", async () => {
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", {
                name: "a",
                secret: pulumi.secret("plain-secret"),
                tags: { open: 1, hidden: pulumi.secret("nested-secret"), list: [1, pulumi.secret("list-secret")] },
            });
            return { secret: first.secret, computed: first.computed };
        });
        const up = await stack.up();
        const created = cloud.calls().find(([method]) => method === "create")?.[2];
        expect(created).toMatchObject({
            secret: "plain-secret",
            tags: { open: 1, hidden: "nested-secret", list: [1, "list-secret"] },
        });
        const [state] = await stack.resources();
        const secret = (text: string) => ({ [signature]: expect.any(String), plaintext: text });
        for (const bag of [state?.inputs, state?.outputs]) {
            expect(bag).toMatchObject({
                secret: secret('"plain-secret"'),
                tags: { open: 1, hidden: secret('"nested-secret"') },
            });
        }
        // A list with a secret inside comes back from the host as one secret.
        expect(state?.outputs).toMatchObject({ tags: { list: { [signature]: expect.any(String) } } });
        expect(await stack.outputs()).toMatchObject({
            secret: { value: "plain-secret", secret: true },
            computed: { secret: false },
        });
        const files = readdirSync(stack.folder, { recursive: true, withFileTypes: true }).filter((file) =>
            file.isFile(),
        );
        const stored = files.map((file) => readFileSync(join(file.parentPath, file.name), "utf8")).join("\n");
        expect(stored).not.toMatch(/plain-secret|nested-secret|list-secret/);
        expect(up.stdout + JSON.stringify(up.events)).not.toMatch(/plain-secret|nested-secret|list-secret/);
    });

    it("keeps configuration secrets encrypted, and hands them to the program and the provider", async () => {
        const { stack, cloud } = await openWorld(
            async () => {
                const config = new pulumi.Config();
                return {
                    open: config.get("open"),
                    token: new pulumi.Config("t").requireSecret("token"),
                    deep: config.getObject("deep"),
                };
            },
            { config: { open: "yes", "t:token": { value: "config-secret", secret: true } } },
        );
        await stack.stack.setConfig("deep.list[0]", { value: "1" }, true);
        await stack.stack.setConfig("deep.name", { value: "x" }, true);
        await stack.up();
        expect(await stack.outputs()).toEqual({
            open: { value: "yes", secret: false },
            token: { value: "config-secret", secret: true },
            deep: { value: { list: [1], name: "x" }, secret: false },
        });
        const settings = readFileSync(join(stack.folder, "work", "Pulumi.dev.yaml"), "utf8");
        expect(settings).not.toContain("config-secret");
        expect(settings).toMatch(/t:token:\s+secure: /);
        expect(await stack.stack.getConfig("t:token")).toMatchObject({ value: "config-secret", secret: true });
        expect(await stack.stack.getConfig("open")).toMatchObject({ value: "yes", secret: false });
        expect(await stack.stack.getConfig("deep.name", true)).toMatchObject({ value: "x" });
        expect(Object.keys(await stack.stack.getAllConfig()).sort()).toEqual(["t:token", "test:deep", "test:open"]);
        await stack.stack.removeConfig("open");
        await stack.stack.removeAllConfig(["deep"]);
        expect(Object.keys(await stack.stack.getAllConfig())).toEqual(["t:token"]);
        await stack.stack.refreshConfig();
        expect(Object.keys(await stack.stack.getAllConfig()).sort()).toEqual(["t:token", "test:deep", "test:open"]);
        expect(cloud.names()).toEqual([]);
    });

    it("gives handlers the text for unknown values in a preview, and never in an update", async () => {
        const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
        const { stack, cloud } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            new Thing("second", { name: "b", from: { deep: [first.computed] } });
        });
        await stack.preview();
        const check = cloud.calls().find(([method, name]) => method === "check" && name === "b");
        expect(check?.[3]).toMatchObject({ from: { deep: [unknown] } });
        await stack.up();
        expect(JSON.stringify(cloud.calls())).not.toContain(unknown);
    });

    it("hands the id of a resource that is passed as a value", async () => {
        const { stack } = await openWorld(async () => {
            const first = new Thing("first", { name: "a" });
            new Thing("second", { name: "b", from: [first, first.id] });
        });
        await stack.up();
        const [first, second] = await stack.resources();
        expect(second?.outputs).toMatchObject({ from: [first?.id, first?.id] });
        expect(second?.dependencies).toEqual([first?.urn]);
    });

    it("compares inputs itself where the provider leaves it open", async () => {
        let tags: unknown = { a: 1, list: [1, 2], gone: true };
        const { stack } = await openWorld(async () => {
            new Thing("first", { name: "a", tags, lazy: true });
        });
        await stack.up();
        tags = { a: 2, list: [1], more: null };
        const preview = await stack.preview();
        expect(ops(preview)).toEqual(["update first"]);
        const event = preview.events.find((item) => item.resourcePreEvent?.metadata.op === "update");
        expect(event?.resourcePreEvent?.metadata.detailedDiff).toEqual({
            "tags.a": { diffKind: "update", inputDiff: true },
            "tags.gone": { diffKind: "delete", inputDiff: true },
            "tags.list[1]": { diffKind: "delete", inputDiff: true },
        });
    });
});
