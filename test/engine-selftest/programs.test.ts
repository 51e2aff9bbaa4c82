import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { messages, openWorld, ops } from "./cloud";

const root = resolve(__dirname, "../..");

/** A project of files; `node_modules` is the repository's. */
function project(files: Record<string, string>): string {
    const folder = mkdtempSync(join("/tmp", "pulumi-cbr-program-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), text);
    }
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    return folder;
}

const yaml = "name: local\nruntime:\n  name: nodejs\n";
/** The same class in each language of the programs below. */
const thing = `class Thing extends pulumi.CustomResource {
    constructor(name, args, options) {
        super("pulumi-nodejs:dynamic/selftest:Thing", name, { computed: undefined, ...args, __provider: "exports.handler = () => require(process.env.SELFTEST_PROVIDER);" }, options);
    }
}`;

const programs: Record<string, Record<string, string>> = {
    "JavaScript as CommonJS": {
        "Pulumi.yaml": `${yaml}  options: { typescript: false }\n`,
        "package.json": "{}",
        "index.js": `const pulumi = require("@pulumi/pulumi");\n${thing}
            const first = new Thing("first", { name: new pulumi.Config().require("name") });
            exports.computed = first.computed; exports.stack = pulumi.getStack(); exports.preview = pulumi.runtime.isDryRun();`,
    },
    "JavaScript as an ES module": {
        "Pulumi.yaml": `${yaml}  options: { typescript: false }\n`,
        "package.json": '{ "type": "module", "main": "index.js" }',
        "index.js": `import * as pulumi from "@pulumi/pulumi";\n${thing}
            const first = new Thing("first", { name: new pulumi.Config().require("name") });
            export const computed = first.computed; export const stack = pulumi.getStack(); export const preview = pulumi.runtime.isDryRun();`,
    },
    TypeScript: {
        "Pulumi.yaml": yaml,
        "package.json": "{}",
        "tsconfig.json":
            '{ "compilerOptions": { "module": "nodenext", "target": "es2022", "strict": false, "skipLibCheck": true, "types": [] } }',
        "index.ts": `import * as pulumi from "@pulumi/pulumi";
            ${thing.replace("name, args, options", "name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions").replace("    constructor", "    declare readonly computed: pulumi.Output<string>;\n    constructor")}
            const first = new Thing("first", { name: new pulumi.Config().require("name") });
            export const computed = first.computed; export const stack: string = pulumi.getStack(); export const preview = pulumi.runtime.isDryRun();`,
    },
    "a folder named by main": {
        "Pulumi.yaml": `${yaml}  options: { typescript: false }\nmain: program/\n`,
        "package.json": "{}",
        "program/package.json": "{}",
        "program/index.js": `const pulumi = require("@pulumi/pulumi");\n${thing}
            const first = new Thing("first", { name: new pulumi.Config().require("name") });
            exports.computed = first.computed; exports.stack = pulumi.getStack(); exports.preview = pulumi.runtime.isDryRun();`,
    },
};

describe("programs in folders", () => {
    it.each(Object.keys(programs))("runs %s", async (kind) => {
        const folder = project(programs[kind] as Record<string, string>);
        const { stack, cloud } = await openWorld(folder, { config: { "local:name": "a" } });
        expect(ops(await stack.preview())).toEqual(["create local-dev", "create first"]);
        expect((await stack.up()).changes).toEqual({ create: 2 });
        expect(await stack.outputs()).toMatchObject({
            computed: { value: "a!" },
            stack: { value: "dev" },
            preview: { value: false },
        });
        await stack.refresh();
        await stack.destroy();
        expect(cloud.names()).toEqual([]);
    });

    it("shows what a program prints, and how it fails", async () => {
        const folder = project({
            "Pulumi.yaml": `${yaml}  options: { typescript: false }\n`,
            "package.json": "{}",
            "index.js":
                'console.log("hello out"); console.error("hello err"); throw new Error("the program is wrong");',
        });
        const { stack } = await openWorld(folder);
        const failed = await stack.up({ expectFailure: true });
        expect(messages(failed)).toContain("hello out");
        expect(messages(failed)).toContain("hello err");
        expect(messages(failed)).toContain("the program is wrong");
    });
});
