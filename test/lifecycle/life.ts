import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { expect, onTestFinished } from "vitest";
import * as cbr from "../../sdk/index";
import * as native from "../../sdk/native/index";
import {
    type Fault,
    type RequestLogEntry,
    type SignIn,
    type Simulator,
    type SimulatorOptions,
    startSimulator,
    type VaultSeed,
} from "../../sdk/testing/index";
import { type OperationOptions, openStack, type StateResource, type TestStack } from "../support/stack";
import { OperationFailed, type Report, type StepReport } from "../support/stack-report";
import { providerLines } from "../support/state-lines";

export interface LifeOptions extends SimulatorOptions<"eu-de" | "eu-nl"> {
    /** Stack configuration beside, or instead of, what points at the simulator; undefined takes a key out. */
    config?: Record<string, string | undefined>;
    env?: Record<string, string>;
    signIn?: SignIn;
    /** Which provider serves the resources. Default: the dynamic host. */
    host?: HostName;
}

/** The package's classes, by what serves them. */
export const hosts = { dynamic: cbr, native } as const;
export type HostName = keyof typeof hosts;
export const hostNames: readonly HostName[] = ["dynamic", "native"];
/** Types of resources, without their name. */
export const typesOf = { dynamic: "pulumi-nodejs:dynamic/cbr:", native: "cbr:index:" } as const;

/** One for all stacks, whose encrypted settings can then be those of an earlier stack. */
const secretKey = "5d1c09e7b2f84a63907e1d5c4b8a2f60e3d7c951";
const secretKeys = /^cbr:(secretKey|securityToken|token|password)$/;

/** A stack of this package's resources and the two simulated regions that it works in. Work in the cloud takes no time unless a fault says so. */
export class Life {
    readonly sim: Simulator;
    readonly stack: TestStack;
    /** Values that may stand nowhere. */
    readonly secrets: readonly string[];
    readonly #hold: { program: PulumiFn };

    constructor(sim: Simulator, stack: TestStack, secrets: readonly string[], hold: { program: PulumiFn }) {
        this.sim = sim;
        this.stack = stack;
        this.secrets = secrets;
        this.#hold = hold;
    }

    get home() {
        return this.sim.regions["eu-de"].cloud;
    }
    get away() {
        return this.sim.regions["eu-nl"].cloud;
    }

    use(program: PulumiFn): void {
        this.#hold.program = program;
    }

    /** A vault of servers in `eu-de`; one a resource tells their requests apart. */
    vault(seed: VaultSeed = {}): string {
        return this.home.addVault(seed).id;
    }

    hybridVault(seed: VaultSeed = {}): string {
        return this.home.addVault({ cloudType: "hybrid", ...seed }).id;
    }

    /** A vault for copies in `eu-nl`. */
    destination(seed: VaultSeed = {}): string {
        return this.away.addVault({ protectType: "replication", ...seed }).id;
    }

    /** A vault with one finished backup. */
    vaultWithBackup(seed: VaultSeed = {}): { vaultId: string; backupId: string } {
        const vaultId = this.vault(seed);
        const [backup] = this.home.backupsOf(this.home.addCheckpoint(vaultId).id);
        return { vaultId, backupId: backup?.id ?? "" };
    }

    /** Arms faults for the next request of that operation that names the id. */
    fail(operation: string, id: string, ...effects: Exclude<Fault["effect"], readonly unknown[]>[]): void {
        this.sim.fail({ operation, id, effect: effects });
    }

    /** Operations called since the last `forget`, without sign-in; of those that name an id, if one is given. */
    calls(id?: string): string[] {
        return this.requests(id).map(({ operation }) => operation);
    }

    requests(id?: string): RequestLogEntry[] {
        return this.sim.requests.filter(
            (request) =>
                request.service === "cbr" &&
                (id === undefined || JSON.stringify([request.path, request.query, request.body]).includes(id)),
        );
    }

    /** How often the operation was called, for that id. */
    count(operation: string, id?: string): number {
        return this.calls(id).filter((one) => one === operation).length;
    }

    forget(): void {
        this.sim.clearRequests();
    }

    up(options?: OperationOptions): Promise<Report> {
        return this.#check(this.stack.up(options), options);
    }
    preview(options?: OperationOptions): Promise<Report> {
        return this.#check(this.stack.preview(options), options);
    }
    refresh(options?: OperationOptions): Promise<Report> {
        return this.#check(this.stack.refresh(options), options);
    }
    destroy(options?: OperationOptions): Promise<Report> {
        return this.#check(this.stack.destroy(options), options);
    }

    /** The resource of that name in the state. */
    async state(name: string): Promise<State> {
        const found = (await this.states()).get(name);
        if (found === undefined) return expect.unreachable(`${name} is not in the state`);
        return found;
    }

    async states(): Promise<Map<string, State>> {
        const resources = await this.stack.resources();
        return new Map(
            resources.map((one) => [
                one.urn.slice(one.urn.lastIndexOf("::") + 2),
                { ...one, inputs: one.inputs ?? {}, outputs: one.outputs ?? {} },
            ]),
        );
    }

    /** All files of the backend, as one text. */
    stored(): string {
        const root = join(this.stack.folder, "state");
        const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
        return files.map((file) => readFileSync(join(file.parentPath, file.name), "utf8")).join("\n");
    }

    /** As if the stack went on on another machine: what this one has noted of it is gone. */
    forgetMachine(): void {
        rmSync(join(this.stack.folder, "home", "pulumi-cbr"), { recursive: true, force: true });
    }

    /** What holds for every state at any time. */
    async checkState(): Promise<void> {
        // As it stands on disk: an export shows secrets.
        const text = this.stored();
        for (const secret of this.secrets) expectAbsent(text, secret);
        for (const { type, inputs, outputs } of (await this.states()).values()) {
            const line = providerLines[type.replace("pulumi-nodejs:dynamic/cbr:", "")];
            if (line === undefined) continue;
            expect(inputs["__provider"] ?? line).toBe(line);
            expect(outputs["__provider"]).toBe(line);
        }
    }

    async #check(running: Promise<Report>, options: OperationOptions = {}): Promise<Report> {
        const report = await running.catch((error: unknown) => {
            if (error instanceof OperationFailed) this.#checkText(error.report, options);
            throw error;
        });
        this.#checkText(report, options);
        await this.checkState();
        return report;
    }

    #checkText(report: Report, options: OperationOptions): void {
        const all = `${report.stdout}\n${report.stderr}\n${JSON.stringify(report.events)}`;
        // Pulumi: with --continue-on-error the program itself ends with an exception for each failure.
        const own = options.continueOnError === true ? messages(report, undefined, true) : all;
        expectAbsent(own, /undefined|\[object Object\]|NaN\b/);
        // A stack trace says nothing about a cloud.
        expectAbsent(own, /(\n|\\n) {4}at /);
        for (const text of [all, JSON.stringify(this.sim.requests)])
            for (const secret of this.secrets) expectAbsent(text, secret);
    }
}

/** As `not.toMatch`, whose report would be the whole text. */
export function expectAbsent(text: string, what: string | RegExp): void {
    const at = typeof what === "string" ? text.indexOf(what) : text.search(what);
    expect(at < 0 ? "" : text.slice(Math.max(0, at - 200), at + 200), `${what} was said`).toBe("");
}

export type State = StateResource & { inputs: Record<string, unknown>; outputs: Record<string, unknown> };

/** Opens a stack and a simulator that both go when the test ends. */
export async function openLife(options: LifeOptions = {}): Promise<Life> {
    const { config = {}, env, signIn = "keys", host = "dynamic", ...rest } = options;
    const sim = (await startSimulator({
        backupMs: 0,
        replicationMs: 0,
        syncMs: 0,
        deleteMs: 0,
        checkAnswers: true,
        credentials: { secretKey },
        ...rest,
    })) as Simulator;
    onTestFinished(() => sim.close());
    const settings: Record<string, string | undefined> = {
        ...sim.settings({ signIn }).config,
        "cbr:cloud": sim.regions["eu-de"].dialect === "otc" ? "otc" : "huaweicloud",
        "cbr:maxRequestsPerSecond": "1000",
        ...config,
    };
    const given = Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const hold: { program: PulumiFn } = { program: async () => {} };
    const stack = await openStack({
        program: () => hold.program(),
        config: Object.fromEntries(
            given.map(([key, value]) => [key, secretKeys.test(key) ? { value, secret: true } : value]),
        ),
        env: env ?? {},
        plugin: host === "native",
    });
    onTestFinished(() => rmSync(stack.folder, { recursive: true, force: true, maxRetries: 3 }));
    const secrets = given.filter(([key]) => secretKeys.test(key)).map(([, value]) => value);
    return new Life(sim, stack, secrets, hold);
}

/** Settings of an explicit provider for the simulated cloud. */
export function providerArgs(life: Life, region: string): cbr.ProviderArgs {
    const config = life.sim.settings({ region }).config;
    const args = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("cbr:", ""), value]));
    return { ...args, endpoints: JSON.parse(args["endpoints"] ?? "{}"), cloud: "huaweicloud" };
}

/** `op name` of each step that changes something, sorted: what is independent has no order. The stack itself is left out. */
export function ops(report: Report): string[] {
    return report.steps
        .filter(({ op, type }) => op !== "same" && op !== "refresh" && type !== "pulumi:pulumi:Stack")
        .map(({ op, name }) => `${op} ${name}`)
        .sort();
}

export function step(report: Report, name: string): StepReport {
    const found = report.steps.find((one) => one.name === name && one.diagnostics.length > 0);
    return found ?? report.steps.find((one) => one.name === name) ?? expect.unreachable(`no step for ${name}`);
}

/** All that was said about a resource, or without a name about everything. */
export function messages(report: Report, name?: string, onlyResources = name !== undefined): string {
    const about = report.steps.filter((one) => name === undefined || one.name === name);
    return [...(onlyResources ? [] : report.diagnostics), ...about.flatMap((one) => one.diagnostics)].join("\n");
}

/** A restore point's outputs, as they are once the cloud no longer has it. */
export function expiredPoint(outputs: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
    const rows = listOf<{ children: object[] }>(outputs?.["backups"]);
    const backups = rows.map((one) => ({
        ...one,
        status: "expired",
        children: one.children.map((child) => ({ ...child, status: "expired" })),
    }));
    return { ...outputs, status: "expired", backups, backupIds: [], backupIdByResource: {} };
}

/** A list in a state, as what it holds. */
export function listOf<Item = string>(value: unknown): Item[] {
    return Array.isArray(value) ? (value as Item[]) : expect.unreachable("this is not a list");
}

/** Every class that has a handler. */
export type Kind = Capitalize<keyof typeof import("../../provider/index")>;
type Classes = Readonly<Record<Kind, new (name: string, args: object) => unknown>>;
/** The classes by name, as tables make them: with whatever arguments. */
export function classesOf(host: HostName): Classes {
    const { Checkpoint, VaultReplication, BackupReplica, CheckpointReplica, VaultSync } = hosts[host];
    const all = { Checkpoint, VaultReplication, BackupReplica, CheckpointReplica, VaultSync };
    return all satisfies Record<Kind, unknown> as unknown as Classes;
}
export const classes = classesOf("dynamic");

/** For work that has to be under way until a test ends it, by `finishAll` or `endWork`. */
export const HOUR = 3_600_000;
export const slow = { kind: "slow", ms: HOUR } as const;

/** From here on, what has begun ends soon. */
export function endWork(life: Life): void {
    const ending = setInterval(() => life.sim.finishAll(), 500);
    onTestFinished(() => clearInterval(ending));
}

/** Waits for something to happen in the cloud while an operation runs. */
export async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
