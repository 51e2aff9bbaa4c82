// May it be backed up, and has it the agent: asked of the native provider by a TypeScript program and by a YAML one, in
// both dialects. A real plugin process answers.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect, it, onTestFinished } from "vitest";
import * as cbr from "../../sdk/native/index";
import { command } from "../support/packed";
import { findPulumi, needsCli } from "../support/pulumi";
import { getYamlHost } from "../support/pulumi-cli";
import { type Life, type LifeOptions, messages, openLife } from "./life";

const otc: LifeOptions = {
    regions: [
        { name: "eu-de", dialect: "otc" },
        { name: "eu-nl", dialect: "otc" },
    ],
    config: { "cbr:cloud": "otc" },
};
const agent = { installed: true, isOld: true, version: "2.0" };
const cannotBackUp = { code: "BackupService.7002", reason: "The SCSI disk cannot be backed up." };
const noProtectables = "getProtectables: Open Telekom Cloud cannot be asked this: its API has no ListProtectable.";
const noAgent = "getAgentStatus: Open Telekom Cloud cannot be asked this: its API has no CheckAgent.";

/** One server that may be backed up, with an old agent, and one that may not. */
function servers(life: Life) {
    const [good, barred] = [
        life.home.addUnprotected({ agent, name: "good" }),
        life.home.addUnprotected({ name: "barred", cannotBackUp }),
    ];
    return { good: good.id, barred: barred.id };
}

async function open({ skip }: { skip: (reason: string) => void }, options: LifeOptions = {}): Promise<Life> {
    await needsCli(skip, "the native provider is a plugin of Pulumi's own engine");
    return openLife({ host: "native", ...options });
}

it("a TypeScript program is told on Huawei Cloud", async (options) => {
    const life = await open(options);
    const { good, barred } = servers(life);
    life.use(async () => {
        const listed = await cbr.getProtectables({ objectType: "server" });
        const one = cbr.getProtectablesOutput({ objectType: "server", resourceId: pulumi.output(barred) });
        const agents = cbr.getAgentStatusOutput({ resources: [{ id: pulumi.output(good) }] });
        return {
            barred: listed.filter((row) => row.protectable === false).map(({ id }) => id),
            why: one.apply((rows) => rows.map(({ id, code, reason }) => ({ id, code, reason }))),
            agents,
            plain: (await cbr.getAgentStatus({ resources: [{ id: good }] })).map(({ resourceId }) => resourceId),
        };
    });
    await life.up();
    const outputs = await life.stack.outputs();
    expect(outputs["barred"]?.value).toEqual([barred]);
    expect(outputs["why"]?.value).toEqual([{ id: barred, ...cannotBackUp }]);
    expect(outputs["agents"]?.value).toMatchObject([{ resourceId: good, ...agent, region: "eu-de" }]);
    expect(outputs["plain"]?.value).toEqual([good]);
});

it("a TypeScript program is refused what makes no sense, by name", async (options) => {
    const life = await open(options);
    const tries: [() => Promise<unknown>, RegExp][] = [
        [() => cbr.getProtectables({ objectType: "boat" as never }), /getProtectables: objectType: /],
        [() => cbr.getAgentStatus({ resources: [] }), /getAgentStatus: resources: must name at least one server/],
        [() => cbr.getAgentStatus({ resources: [{ id: "x" }] }), /getAgentStatus: resources.0.id: must be a UUID/],
    ];
    let said: string[] = [];
    life.use(async () => {
        said = await Promise.all(
            tries.map(([ask]) =>
                ask().then(
                    () => "answered",
                    (error: Error) => error.message,
                ),
            ),
        );
    });
    await life.preview();
    for (const [index, [, expected]] of tries.entries()) expect(said[index]).toMatch(expected);
    expect(life.calls()).toEqual([]);
});

it("a TypeScript program is told that Open Telekom Cloud cannot be asked", async (options) => {
    const life = await open(options, otc);
    const { good } = servers(life);
    let said: string[] = [];
    life.use(async () => {
        const message = (error: Error) => error.message;
        said = [
            await cbr.getProtectables({ objectType: "server" }).then(() => "answered", message),
            await cbr.getAgentStatus({ resources: [{ id: good }] }).then(() => "answered", message),
        ];
    });
    await life.up();
    expect(said[0]).toContain(noProtectables);
    expect(said[1]).toContain(noAgent);
    life.use(async () => ({ agents: cbr.getAgentStatusOutput({ resources: [{ id: good }] }) }));
    // Pulumi shows the exception of its own call, with its stack.
    expect(messages(await life.stack.preview({ expectFailure: true }))).toContain(noAgent);
    expect(life.calls()).toEqual([]);
});

/** A YAML program in a folder of its own beside the package, and what runs the CLI there. */
async function yaml(life: Life, skip: (reason: string) => void, program: object) {
    const host = await getYamlHost();
    if ("reason" in host) {
        process.stderr.write(`Left out: ${host.reason}\n`);
        return skip(host.reason);
    }
    const root = resolve(__dirname, "../..");
    const folder = mkdtempSync(join(root, ".demo-yaml-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/pulumi-cbr"), "junction");
    const plugins = { providers: [{ name: "cbr", path: "node_modules/pulumi-cbr" }] };
    writeFileSync(join(folder, "Pulumi.yaml"), JSON.stringify({ name: "asked", runtime: "yaml", plugins, ...program }));
    const cloud = life.sim.regions["eu-de"].dialect === "otc" ? "otc" : "huaweicloud";
    writeFileSync(
        join(folder, "Pulumi.dev.yaml"),
        JSON.stringify({ config: { ...life.sim.settings().config, "cbr:cloud": cloud } }),
    );
    const { command: cli } = await findPulumi();
    const env = {
        PULUMI_HOME: join(folder, "home"),
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PATH: [dirname(process.execPath), host.folder, process.env["PATH"]].join(delimiter),
    };
    const run = (...args: string[]) => command(cli.command, args, folder, env);
    await run("stack", "init", "dev");
    return run;
}

/** A value of the program, in YAML's words. */
const at = (path: string) => `\${${path}}`;
const invoke = (name: string, args: object) => ({
    "fn::invoke": { function: `cbr:${name}`, arguments: args, return: "items" },
});

it("a YAML program is told on Huawei Cloud", async (options) => {
    const life = await open(options);
    const { good, barred } = servers(life);
    const run = await yaml(life, options.skip, {
        variables: {
            found: invoke("getProtectables", { objectType: "server", resourceId: barred }),
            agents: invoke("getAgentStatus", { resources: [{ id: good }] }),
        },
        outputs: {
            may: at("found[0].protectable"),
            why: at("found[0].reason"),
            agent: at("agents[0].version"),
            isOld: at("agents[0].isOld"),
        },
    });
    await run?.("up", "--yes", "--skip-preview");
    const outputs: unknown = JSON.parse((await run?.("stack", "output", "--json")) ?? "{}");
    expect(outputs).toEqual({ may: false, why: cannotBackUp.reason, agent: "2.0", isOld: true });
});

it("a YAML program is refused on Open Telekom Cloud, in the preview", async (options) => {
    const life = await open(options, otc);
    const { good } = servers(life);
    const run = await yaml(life, options.skip, {
        variables: { agents: invoke("getAgentStatus", { resources: [{ id: good }] }) },
        outputs: { agents: at("agents") },
    });
    await expect(run?.("preview")).rejects.toThrow(noAgent);
    expect(life.calls()).toEqual([]);
});
