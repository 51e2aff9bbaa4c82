import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { onTestFinished } from "vitest";
import { openStack, type StackOptions, type TestStack } from "../support/stack";
import type { Report } from "../support/stack-report";

const code = "exports.handler = () => require(process.env.SELFTEST_PROVIDER);";

export interface ThingArgs {
    name: pulumi.Input<string>;
    size?: pulumi.Input<number>;
    fixed?: pulumi.Input<unknown>;
    from?: pulumi.Input<unknown>;
    tags?: pulumi.Input<unknown>;
    secret?: pulumi.Input<unknown>;
    bad?: pulumi.Input<unknown>;
    /** Leaves the comparison to the engine. */
    lazy?: boolean;
    /** Asks to be deleted before its replacement is created. */
    dbr?: boolean;
}

/** A dynamic resource in the way of this package: constant code, no closure. */
export class Thing extends pulumi.CustomResource {
    declare readonly name: pulumi.Output<string>;
    declare readonly computed: pulumi.Output<string>;
    declare readonly region: pulumi.Output<string>;
    declare readonly size: pulumi.Output<number | undefined>;
    declare readonly secret: pulumi.Output<unknown>;

    constructor(name: string, args: ThingArgs | undefined, options?: pulumi.CustomResourceOptions) {
        super(
            "pulumi-nodejs:dynamic/selftest:Thing",
            name,
            {
                computed: undefined,
                region: undefined,
                name: undefined,
                size: undefined,
                secret: undefined,
                ...args,
                __provider: code,
            },
            options,
        );
    }
}

export class Provider extends pulumi.ProviderResource {
    constructor(name: string, config: Record<string, pulumi.Input<string>>, options?: pulumi.ResourceOptions) {
        super("pulumi-nodejs", name, config, options);
    }
}

export class Group extends pulumi.ComponentResource {
    constructor(name: string, args: pulumi.Inputs = {}, options?: pulumi.ComponentResourceOptions) {
        super("selftest:index:Group", name, args, options);
    }

    finish(outputs: pulumi.Inputs): void {
        this.registerOutputs(outputs);
    }
}

type Control = Record<string, { create?: string; update?: string; read?: string; delete?: string; delayMs?: number }>;

/** The folder that plays the cloud. */
export class Cloud {
    #seen = 0;
    readonly folder = mkdtempSync(join(tmpdir(), "pulumi-cbr-cloud-"));

    /** All calls that a provider got since the last look, as `[method, name, ...]`. */
    calls(): [string, ...unknown[]][] {
        const file = join(this.folder, "calls.log");
        if (!existsSync(file)) {
            return [];
        }
        const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
        const fresh = lines.slice(this.#seen);
        this.#seen = lines.length;
        return fresh.map((line) => JSON.parse(line) as [string, ...unknown[]]);
    }

    /** Names of the calls that change something, as `method name`. */
    changes(): string[] {
        return this.calls()
            .filter(([method]) => ["create", "update", "delete"].includes(method))
            .map(([method, name]) => `${method} ${String(name)}`);
    }

    control(control: Control): void {
        writeFileSync(join(this.folder, "control.json"), JSON.stringify(control));
    }

    #files(): string[] {
        return readdirSync(this.folder).filter((name) => name.startsWith("object-"));
    }

    objects(): Record<string, unknown>[] {
        return this.#files().map(
            (name) => JSON.parse(readFileSync(join(this.folder, name), "utf8")) as Record<string, unknown>,
        );
    }

    names(): string[] {
        return this.objects()
            .map(({ name }) => String(name))
            .sort();
    }

    /** Changes an object behind the provider's back, or removes it. */
    tamper(name: string, change: Record<string, unknown> | undefined): void {
        for (const file of this.#files()) {
            const path = join(this.folder, file);
            const object = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
            if (object["name"] === name) {
                if (change === undefined) {
                    rmSync(path);
                } else {
                    writeFileSync(path, JSON.stringify({ ...object, ...change }));
                }
            }
        }
    }
}

/** A stack whose program can be exchanged between operations, and its cloud. Both go when the test ends. */
export async function openWorld(
    program: PulumiFn | string,
    options: Omit<StackOptions, "program"> = {},
): Promise<{ stack: TestStack; cloud: Cloud; use: (program: PulumiFn) => void }> {
    const cloud = new Cloud();
    let current = program;
    const stack = await openStack({
        ...options,
        program: typeof program === "string" ? program : () => (current as PulumiFn)(),
        env: { SELFTEST_CLOUD: cloud.folder, SELFTEST_PROVIDER: resolve(__dirname, "provider.cjs"), ...options.env },
    });
    onTestFinished(async () => {
        await stack.cleanup();
        rmSync(cloud.folder, { recursive: true, force: true });
    });
    return {
        stack,
        cloud,
        use: (next) => {
            current = next;
        },
    };
}

/** `op name` of each step, without those that change nothing. */
export function ops(report: Report): string[] {
    return report.steps.filter(({ op }) => op !== "same").map(({ op, name }) => `${op} ${name}`);
}

/** All messages of a report as one text. */
export function messages(report: Report): string {
    return [...report.diagnostics, ...report.steps.flatMap(({ diagnostics }) => diagnostics)].join("\n");
}
