import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import {
    type ConfigMap,
    type Deployment,
    type EngineEvent,
    LocalWorkspace,
    type OutputMap,
    type ProjectSettings,
    type PulumiFn,
    Stack,
} from "@pulumi/pulumi/automation";
import * as settings from "@pulumi/pulumi/runtime/settings";
import { parse } from "yaml";
import { findPulumi, type PulumiEngine } from "./pulumi";
import { isInternal, OperationFailed, type Report, ReportBuilder } from "./stack-report";

export interface StackOptions {
    /** Default: `test`. */
    project?: string;
    /** Default: `dev`. */
    stack?: string;
    /** An inline program, or the folder of a `Pulumi.yaml`. */
    program: PulumiFn | string;
    /** Keys without a namespace are the project's. */
    config?: Record<string, string | { value: string; secret?: boolean }>;
    /** Environment of the engine, and with it of the provider. */
    env?: Record<string, string>;
    /** Name the clone's native provider in the project of an inline program. */
    plugin?: boolean;
}

export interface OperationOptions {
    /** Why a preview right after this operation may show changes. Without it that is an error. */
    expectPendingChanges?: string;
    /** The operation must fail; `up` and the like then return the report, and throw when it succeeds. */
    expectFailure?: boolean;
    target?: string[];
    targetDependents?: boolean;
    replace?: string[];
    refresh?: boolean;
    runProgram?: boolean;
    parallel?: number;
    continueOnError?: boolean;
    clearPendingCreates?: boolean;
    expectNoChanges?: boolean;
    signal?: AbortSignal;
    onEvent?: (event: EngineEvent) => void;
}

/** Root of the repository: programs and providers resolve `pulumi-cbr` and its dependencies from here. */
const repositoryRoot = resolve(__dirname, "../..");

/** What a developer's shell may say about a cloud, a proxy or another Pulumi backend is not for tests. */
const foreignVariables =
    /^(HW_|OS_|HUAWEICLOUD_|CBR_|SDK_|(HTTPS?|ALL|NO|FTP)_PROXY$|PULUMI_(?!CBR_)|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$|NODE_TLS_)/i;

function isolateEnvironment(): void {
    for (const name of Object.keys(process.env)) {
        if (foreignVariables.test(name)) {
            delete process.env[name];
        }
    }
}

/**
 * Pulumi: a run that fails leaves connections that go on trying, and what they know of a port is shared in the process. An
 * engine that is given the same port then never hears of a program's resources, and nothing fails
 * (findings/pulumi-automation-failed-run-empties-later-one.sh).
 */
const { grpcClientOptions } = settings as unknown as { readonly grpcClientOptions: Record<string, number> };
grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;

/** A stack in a folder of its own, driven through the Automation API. */
export class TestStack {
    readonly engine: PulumiEngine;
    /** The Automation API's own object, for what this class has no method for. */
    readonly stack: Stack;
    /** Holds the state, the settings and nothing else; `cleanup` removes it. */
    readonly folder: string;

    constructor(engine: PulumiEngine, stack: Stack, folder: string) {
        this.engine = engine;
        this.stack = stack;
        this.folder = folder;
    }

    /** Updates, and then makes sure that a preview shows nothing. */
    up(options: OperationOptions = {}): Promise<Report> {
        return this.#performAndSettle("up", options, (shared) => this.stack.up(shared));
    }

    preview(options: OperationOptions = {}): Promise<Report> {
        return this.#perform("preview", options, (shared) => this.stack.preview(shared));
    }

    /** Refreshes, and then makes sure that a preview shows nothing. */
    refresh(options: OperationOptions = {}): Promise<Report> {
        return this.#performAndSettle("refresh", options, (shared) => this.stack.refresh(shared));
    }

    /** What a refresh would find, without storing it. */
    previewRefresh(options: OperationOptions = {}): Promise<Report> {
        return this.#perform("refresh --preview-only", options, (shared) => this.stack.previewRefresh(shared));
    }

    destroy(options: OperationOptions = {}): Promise<Report> {
        return this.#perform("destroy", options, (shared) => this.stack.destroy(shared));
    }

    previewDestroy(options: OperationOptions = {}): Promise<Report> {
        return this.#perform("destroy --preview-only", options, (shared) => this.stack.previewDestroy(shared));
    }

    /** Outputs of the stack, secrets in plain text and marked as such. */
    async outputs(): Promise<OutputMap> {
        const [stack] = this.#stored().filter(({ type }) => type === "pulumi:pulumi:Stack");
        if (stack === undefined || hasSecrets(stack)) return this.stack.workspace.stackOutputs(this.stack.name);
        return Object.fromEntries(
            Object.entries(stack.outputs ?? {}).map(([name, value]) => [name, { value, secret: false }]),
        );
    }

    exportState(): Promise<Deployment> {
        return this.stack.exportStack();
    }

    importState(state: Deployment): Promise<void> {
        return this.stack.importStack(state);
    }

    setConfig(config: NonNullable<StackOptions["config"]>): Promise<void> {
        return this.stack.setAllConfig(toConfigMap(config));
    }

    /** The resources in the state, in its order, without default providers and the stack itself. */
    async resources(): Promise<StateResource[]> {
        const isOwn = ({ urn, type }: StateResource) => !isInternal(urn) && type !== "pulumi:pulumi:Stack";
        const stored = this.#stored().filter(isOwn);
        if (!stored.some(hasSecrets)) return stored;
        const { deployment } = await this.exportState();
        return ((deployment as { resources?: StateResource[] }).resources ?? []).filter(isOwn);
    }

    /** From the backend's own file: a command of the CLI costs as much as a small operation. Secrets are encrypted there. */
    #stored(): StateResource[] {
        const [file] = globSync(`state/.pulumi/stacks/*/${this.stack.name}.json`, { cwd: this.folder });
        if (file === undefined) return [];
        const { checkpoint } = JSON.parse(readFileSync(join(this.folder, file), "utf8")) as StoredCheckpoint;
        return checkpoint.latest?.resources ?? [];
    }

    /** Removes the folder. Resources that are still in the stack are left to whoever made them. */
    cleanup(): Promise<void> {
        rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
        return Promise.resolve();
    }

    [Symbol.asyncDispose](): Promise<void> {
        return this.cleanup();
    }

    async #performAndSettle(
        what: string,
        options: OperationOptions,
        run: (shared: SharedOptions) => Promise<{ stdout: string; stderr: string }>,
    ): Promise<Report> {
        const report = await this.#perform(what, options, run);
        if (options.expectPendingChanges === undefined && options.expectFailure !== true) {
            const next = await this.preview(options.target === undefined ? {} : { target: options.target });
            const changed = next.steps.filter(({ op }) => op !== "same" && op !== "read");
            if (changed.length > 0 || Object.keys(next.changes).some((op) => op !== "same" && op !== "read")) {
                const list = changed.map(
                    ({ op, name, type, replaceKeys }) => `  ${op} ${type} ${name} ${replaceKeys.join(" ")}`,
                );
                throw new Error(`a preview after ${what} is not empty:\n${list.join("\n")}\n${next.stdout}`);
            }
        }
        return report;
    }

    async #perform(
        what: string,
        options: OperationOptions,
        run: (shared: SharedOptions) => Promise<{ stdout?: string; stderr?: string }>,
    ): Promise<Report> {
        const builder = new ReportBuilder();
        let stdout = "";
        let stderr = "";
        const { expectPendingChanges: _, expectFailure, onEvent, ...rest } = options;
        const shared: SharedOptions = {
            ...rest,
            onEvent: (event) => {
                builder.add(event);
                onEvent?.(event);
            },
            onOutput: (text) => {
                stdout += text;
            },
            onError: (text) => {
                stderr += text;
            },
        };
        let failure: unknown;
        try {
            await run(shared);
            // A program's types were checked then; each operation would compile them again.
            this.stack.workspace.envVars["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true";
        } catch (error) {
            failure = error ?? new Error("failed");
        }
        const report = builder.build(stdout, stderr);
        if (failure !== undefined && expectFailure !== true) {
            throw new OperationFailed(what, report, failure);
        }
        if (failure === undefined && expectFailure === true) {
            throw new Error(`${what} succeeded, and was expected to fail\n${stdout}`);
        }
        return report;
    }
}

type SharedOptions = Omit<OperationOptions, "expectPendingChanges" | "expectFailure"> & {
    onEvent: (event: EngineEvent) => void;
    onOutput: (text: string) => void;
    onError: (text: string) => void;
};

/** A resource in an exported state, as far as tests look at it. */
export interface StateResource {
    urn: string;
    type: string;
    id?: string;
    custom: boolean;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    initErrors?: string[];
    protect?: boolean;
    external?: boolean;
    delete?: boolean;
    pendingReplacement?: boolean;
    retainOnDelete?: boolean;
    dependencies?: string[];
    provider?: string;
    customTimeouts?: Record<string, number>;
    additionalSecretOutputs?: string[];
}

/** A stack in the file backend, as far as tests look at it. */
interface StoredCheckpoint {
    readonly checkpoint: { readonly latest?: { readonly resources?: StateResource[] } };
}

const hasSecrets = (resource: StateResource) => JSON.stringify(resource).includes('"ciphertext"');

function toConfigMap(config: NonNullable<StackOptions["config"]>): ConfigMap {
    return Object.fromEntries(
        Object.entries(config).map(([key, item]) => [key, typeof item === "string" ? { value: item } : item]),
    );
}

/** Engine tests on the CLI save where they can (`engine-setup.ts`). Demo, benchmarks and self-test run what users run. */
const keptStacks = () => process.env["PULUMI_CBR_STACKS"];
/** An operation is over before a collection of garbage would pay. */
const withoutCollection = { GOGC: "off", GOMEMLIMIT: "512MiB" };

/** What the CLI is told to that end, by engine tests that run it themselves, too. */
export function savings(): { readonly env: Record<string, string>; readonly secretsProvider?: string } {
    const keyService = process.env["PULUMI_CBR_KEY_SERVICE"];
    const env = keptStacks() === undefined ? {} : withoutCollection;
    if (keyService === undefined) return { env };
    const vault = { VAULT_SERVER_URL: keyService, VAULT_SERVER_TOKEN: "test" };
    return { env: { ...env, ...vault }, secretsProvider: "hashivault://test" };
}
/** In place of the SDK's own launcher of dynamic providers. */
const dynamicHost = { name: "pulumi-nodejs", path: join(__dirname, "dynamic-host") };

interface Plugin {
    readonly name: string;
    readonly path: string;
}

/** The Automation API's type has no plugins; it writes what it is given. */
function pluginsOf(own: readonly Plugin[]): object {
    const providers = keptStacks() === undefined ? own : [dynamicHost, ...own];
    return providers.length === 0 ? {} : { plugins: { providers } };
}

function settingsOf(name: string, { plugin = false }: StackOptions): ProjectSettings {
    const own = plugin ? [{ name: "cbr", path: repositoryRoot }] : [];
    return { name, runtime: "nodejs", main: repositoryRoot, ...pluginsOf(own) };
}

/** Opens a new stack with a new file backend. Inline programs resolve modules from the repository's root. */
export async function openStack(options: StackOptions): Promise<TestStack> {
    const engine = await findPulumi();
    isolateEnvironment();
    const { env, ...secrets } = savings();
    const project = options.project ?? "test";
    const stackName = options.stack ?? "dev";
    const folder = mkdtempSync(join(tmpdir(), "pulumi-cbr-"));
    const workDir = join(folder, "work");
    const backend = join(folder, "state");
    for (const path of [workDir, backend, join(folder, "home")]) {
        mkdirSync(path);
    }
    const shared = {
        workDir,
        pulumiCommand: engine.command,
        pulumiHome: join(folder, "home"),
        ...secrets,
        envVars: {
            ...engine.env,
            ...env,
            PULUMI_BACKEND_URL: `file://${backend}`,
            PULUMI_CONFIG_PASSPHRASE: "test",
            ...options.env,
        },
    };
    try {
        const workspace = await LocalWorkspace.create(
            typeof options.program === "string"
                ? { ...shared, projectSettings: settingsOfFolder(options.program) }
                : { ...shared, projectSettings: settingsOf(project, options), program: options.program },
        );
        const stack = await createStack(workspace, stackName, folder, options.config ?? {});
        // After each operation the Automation API asks the CLI for outputs and history, which tests ask for when they want them.
        stack.outputs = () => Promise.resolve({});
        stack.info = () => Promise.resolve(undefined);
        return new TestStack(engine, stack, folder);
    } catch (error) {
        rmSync(folder, { recursive: true, force: true });
        throw error;
    }
}

/** The project of a program in a folder, from anywhere: a stack's settings would be written beside its `Pulumi.yaml`. */
function settingsOfFolder(program: string): ProjectSettings {
    const file = resolve(program, "Pulumi.yaml");
    const at = (path: string) => resolve(dirname(file), path);
    const settings = parse(readFileSync(file, "utf8")) as ProjectSettings & {
        readonly plugins?: { readonly providers: readonly Plugin[] };
    };
    const own = settings.plugins?.providers.map((one) => ({ ...one, path: at(one.path) })) ?? [];
    return { ...settings, main: at(settings.main ?? "."), ...pluginsOf(own) };
}

/**
 * Makes a stack and sets its configuration. Both are commands of the CLI, and cost as much as the start of an operation: under
 * the key service, whose stacks can all read each other's secrets, the first stack of a name and its secret settings is kept,
 * and copied from then on.
 */
async function createStack(
    workspace: LocalWorkspace,
    name: string,
    folder: string,
    config: NonNullable<StackOptions["config"]>,
): Promise<Stack> {
    const kept = keptStacks();
    const isSecret = (item: unknown) => typeof item === "object" && (item as { secret?: boolean }).secret === true;
    const entries = Object.entries(config);
    const byCommand = Object.fromEntries(entries.filter(([, item]) => kept === undefined || isSecret(item)));
    const { name: project } = await workspace.projectSettings();
    const digest = createHash("sha256")
        .update(JSON.stringify([project, name, byCommand]))
        .digest("hex");
    const template = kept === undefined ? undefined : join(kept, digest);
    const parts = ["state", join("work", `Pulumi.${name}.yaml`)];
    const copy = (from: string, to: string) => {
        for (const part of parts) cpSync(join(from, part), join(to, part), { recursive: true });
    };
    if (template !== undefined && existsSync(template)) copy(template, folder);
    else {
        await workspace.createStack(name);
        if (Object.keys(byCommand).length > 0) await workspace.setAllConfig(name, toConfigMap(byCommand));
        if (template !== undefined) keep((to) => copy(folder, to), template);
    }
    if (kept !== undefined) {
        const settings = await workspace.stackSettings(name);
        const plain = entries
            .filter(([, item]) => !isSecret(item))
            .map(([key, item]) => [
                key.includes(":") ? key : `${project}:${key}`,
                typeof item === "string" ? item : item.value,
            ]);
        await workspace.saveStackSettings(name, {
            ...settings,
            config: { ...settings.config, ...Object.fromEntries(plain) },
        });
    }
    // Operations name their stack: none has to be selected, which would be a command of the CLI.
    workspace.selectStack = () => Promise.resolve();
    const stack = await Stack.select(name, workspace);
    Reflect.deleteProperty(workspace, "selectStack");
    return stack;
}

/** Makes a folder whole or not at all: other processes look for it. */
function keep(fill: (folder: string) => void, folder: string): void {
    const next = mkdtempSync(`${folder}.`);
    fill(next);
    try {
        renameSync(next, folder);
    } catch {
        rmSync(next, { recursive: true });
    }
}
