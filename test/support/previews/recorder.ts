/** Runs a kind on the Pulumi CLI against the simulator, and keeps what it printed. */
import { spawn } from "node:child_process";
import {
    chmodSync,
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { type Cloud, given, type Kind, type Program, type Step } from "./kind";
import type { After } from "./recordings";

const root = resolve(__dirname, "../../..");

const PRELUDE = `const pulumi = require("@pulumi/pulumi");
const { existsSync, writeFileSync } = require("node:fs");
class Server extends pulumi.dynamic.Resource {
    constructor(name, args, options) {
        super({
            diff: async (_id, olds, news) => {
                const changed = ["flavor", "image", "boot"].filter((key) => olds[key] !== news[key]);
                return { changes: changed.length > 0, replaces: changed.filter((key) => key === "image") };
            },
            create: async (inputs) => ({ id: \`server-\${Date.now()}\`, outs: inputs }),
            update: async (_id, _olds, news) => ({ outs: news }),
        }, name, args, options);
    }
}
const config = new pulumi.Config();
`;

function sourceOf(program: Program, isNative: boolean): string {
    return `${PRELUDE}const cbr = require("${isNative ? "pulumi-cbr/native" : "pulumi-cbr"}");
const given = ${JSON.stringify(given)};
(${program})({ ...given, pulumi, cbr, config, Server });
`;
}

export interface Ran {
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
    /** Both, in order of arrival. */
    readonly both: string;
}

class Project {
    readonly folder = mkdtempSync(join(tmpdir(), "cbr-preview-"));
    readonly #cli: string;
    readonly #env: NodeJS.ProcessEnv;
    readonly cloud: Cloud;

    readonly #isNative: boolean;

    constructor(cli: string, cloud: Cloud, { env = {}, native = false }: Kind) {
        this.#cli = cli;
        this.cloud = cloud;
        this.#isNative = native;
        for (const name of ["home", "state", "app", "bin"]) mkdirSync(join(this.folder, name));
        symlinkSync(join(root, "node_modules"), join(this.app, "node_modules"), "junction");
        const { PATH = "", HOME = "", TMPDIR } = process.env;
        this.#env = {
            PATH: [join(this.folder, "bin"), dirname(process.execPath), dirname(cli), PATH].join(delimiter),
            HOME,
            ...(TMPDIR === undefined ? {} : { TMPDIR }),
            PULUMI_HOME: join(this.folder, "home"),
            PULUMI_BACKEND_URL: `file://${join(this.folder, "state")}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            NO_COLOR: "1",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compiled"),
            ...env,
        };
    }

    get app(): string {
        return join(this.folder, "app");
    }

    async open(config: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}): Promise<void> {
        const plugins = this.#isNative ? { providers: [{ name: "cbr", path: "node_modules/pulumi-cbr" }] } : {};
        writeFileSync(join(this.app, "Pulumi.yaml"), JSON.stringify({ name: "shop", runtime: "nodejs", plugins }));
        writeFileSync(join(this.app, "package.json"), '{ "name": "shop", "private": true }');
        writeFileSync(join(this.app, "Pulumi.dev.yaml"), JSON.stringify({ config }));
        for (const [name, text] of Object.entries(files)) {
            mkdirSync(dirname(join(this.app, name)), { recursive: true });
            writeFileSync(join(this.app, name), text);
        }
        if (existsSync(join(this.app, "pack"))) this.#preparePolicies();
        this.write(() => {});
        const { code, both } = await this.run(["stack", "init", "dev"]);
        if (code !== 0) throw new Error(`stack init: ${both}`);
    }

    /** Policy packs are run as those of a language without a host of its own, by the runner that Pulumi's SDK has for Node. */
    #preparePolicies(): void {
        const modules = process.env["POLICY_MODULES"];
        if (modules === undefined) throw new Error("POLICY_MODULES names no folder with @pulumi/policy in it");
        symlinkSync(modules, join(this.app, "pack", "node_modules"), "junction");
        const host = join(this.folder, "bin", "pulumi-language-cbrpack");
        copyFileSync(join(__dirname, "policy-host.cjs"), host);
        chmodSync(host, 0o755);
    }

    write(program: Program): void {
        writeFileSync(join(this.app, "index.js"), sourceOf(program, this.#isNative));
    }

    run(args: readonly string[], env: Readonly<Record<string, string>> = {}, signal?: NodeJS.Signals): Promise<Ran> {
        const ready = join(this.app, "ready");
        rmSync(ready, { force: true });
        return new Promise((done, fail) => {
            const child = spawn(this.#cli, args, { cwd: this.app, env: { ...this.#env, ...env } });
            const text = { stdout: "", stderr: "", both: "" };
            const take = (name: "stdout" | "stderr") => (chunk: Buffer) => {
                text[name] += chunk.toString();
                text.both += chunk.toString();
            };
            child.stdout.on("data", take("stdout"));
            child.stderr.on("data", take("stderr"));
            const watch = setInterval(() => {
                if (signal === undefined || !existsSync(ready)) return;
                clearInterval(watch);
                child.kill(signal);
            }, 100);
            child.once("error", fail);
            child.once("close", (code) => {
                clearInterval(watch);
                done({ code, ...text });
            });
        });
    }

    async step(step: Step): Promise<void> {
        if ("cloud" in step) return step.cloud(this.cloud);
        if ("set" in step)
            return this.step({ pulumi: ["config", "set", ...(step.secret ? ["--secret"] : []), step.set, step.to] });
        if ("up" in step) this.write(step.up);
        const args =
            "up" in step ? ["up", "--yes", "--skip-preview", "--non-interactive", ...(step.flags ?? [])] : step.pulumi;
        const { code, both } = await this.run(args, {}, "up" in step ? step.signal : undefined);
        if ((code === 0) === (step.fails === true)) throw new Error(`${args.join(" ")} ended with ${code}\n${both}`);
    }

    effects(): After["effects"] {
        const done = this.cloud.requests.filter(
            ({ service, method, status }) => service === "cbr" && method !== "GET" && status < 300,
        );
        const counts: Record<string, number> = {};
        for (const { operation } of done) counts[operation] = (counts[operation] ?? 0) + 1;
        return counts;
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
    }
}

export interface Recorded {
    readonly text: string;
    readonly command: string;
    readonly exit: number | null;
    readonly after: After | undefined;
    /** Text of this machine, and what stands for it. */
    readonly places: ReadonlyMap<string, string>;
}

/** Flags of previews that `up` does not have, or that say how the preview is printed. */
const PREVIEW_ONLY = /^--(show|save-plan|import-file|diff|debug|suppress|expect)/;
const UP = ["up", "--yes", "--skip-preview", "--non-interactive"];

/** Records one kind. */
export async function record(kind: Kind, cli: string, cloud: Cloud): Promise<Recorded> {
    const project = new Project(cli, cloud, kind);
    try {
        await project.open({ ...cloud.settings().config, ...kind.seed?.(cloud) }, kind.files);
        for (const step of kind.before ?? []) await project.step(step);
        if (kind.program !== undefined) project.write(kind.program);
        const flags = kind.flags ?? [];
        const args = [...(kind.command ?? ["preview", "--json", "--non-interactive"]), ...flags];
        const ran = await project.run(args, {}, kind.signal);
        let after: After | undefined;
        if (kind.after !== "nothing" && (kind.after !== undefined || (ran.code === 0 && kind.command === undefined))) {
            cloud.clearRequests();
            const up = kind.after ?? [...UP, ...flags.filter((flag) => !PREVIEW_ONLY.test(flag))];
            const { code } = await project.run(up);
            after = { exit: code, effects: project.effects() };
        }
        const variables = Object.entries(kind.env ?? {}).map(([name, value]) => `${name}=${value} `);
        return {
            text: kind.withStderr === true ? ran.both : ran.stdout,
            command: `${variables.join("")}pulumi ${args.join(" ")}${kind.withStderr === true ? " 2>&1" : ""}`,
            exit: ran.code,
            after,
            places: new Map([
                [project.folder, "/home/dev"],
                [root, "/home/dev/app"],
                [process.env["POLICY_MODULES"] ?? root, "/home/dev/app/pack/node_modules"],
            ]),
        };
    } finally {
        project.remove();
    }
}
