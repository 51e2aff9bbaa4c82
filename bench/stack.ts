/** A stack whose operations are timed: the command line itself, without the Automation API's own calls around it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PulumiCommandLike } from "../test/engine/command";
import { openStack, type TestStack } from "../test/support/stack";
import type { Entry } from "./layout";
import { type ProviderPeak, watchProviders } from "./processes";

/**
 * `noop` does and has nothing; `stock` waits as long as a backup takes and has a checkpoint's outputs; `native` is
 * `checkpoints` by the native provider.
 */
export type Program = "checkpoints" | "noop" | "stock" | "native";
export const allOperations = ["up", "preview", "refresh", "destroy"] as const;
export type Operation = (typeof allOperations)[number];

export interface Timing extends ProviderPeak {
    readonly ms: number;
}

export interface StateSize {
    /** Bytes of JSON that one resource takes in the stack's state, on average. */
    readonly resource: number;
    /** Bytes of `__provider` in it. */
    readonly code: number;
}

export interface BenchStackOptions {
    readonly program: Program;
    readonly entries: readonly Entry[];
    readonly deletionPolicy: "retain" | "delete";
    /** What `create` waits where there is no cloud. Default 0. */
    readonly waitMs?: number;
    readonly config: Record<string, string>;
    /** Settings of the engine. Default: none. */
    readonly env?: Readonly<Record<string, string>>;
}

export class BenchStack {
    readonly #stack: TestStack;

    private constructor(stack: TestStack) {
        this.#stack = stack;
    }

    static async open(options: BenchStackOptions): Promise<BenchStack> {
        const stack = await openStack({
            project: "bench",
            stack: "bench",
            program: join(__dirname, "programs", options.program),
            // A machine in CI would get fewer progress lines: the same everywhere.
            env: { CI: "", ...options.env },
        });
        const layout = join(stack.folder, "layout.json");
        writeFileSync(layout, JSON.stringify(options.entries));
        const secret = (key: string) => /password|secret|token/i.test(key);
        const { deletionPolicy, waitMs = 0 } = options;
        const values = { ...options.config, layout, deletionPolicy, waitMs: String(waitMs) };
        await stack.stack.setAllConfig(
            Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value, secret: secret(key) }])),
        );
        return new BenchStack(stack);
    }

    /** Which engine runs, without where it lies. */
    get engine(): string {
        const { kind, command } = this.#stack.engine;
        return kind === "real" ? `Pulumi CLI v${command.version?.version ?? "?"}` : "local engine (test/engine)";
    }

    /** Pulumi's own engine, which native providers need. */
    get isPulumi(): boolean {
        return this.#stack.engine.kind === "real";
    }

    /** Throws what the command printed when it fails. */
    async run(operation: Operation, parallel: number): Promise<Timing> {
        const { workspace, name } = this.#stack.stack;
        const env: Record<string, string> = { ...workspace.envVars };
        if (workspace.pulumiHome !== undefined) env["PULUMI_HOME"] = workspace.pulumiHome;
        const approve = operation === "preview" ? [] : ["--yes", "--skip-preview"];
        const args = [
            operation,
            ...approve,
            "--non-interactive",
            "--suppress-outputs",
            "--parallel",
            String(parallel),
            "--stack",
            name,
        ];
        const watch = watchProviders();
        const begun = performance.now();
        let ms = 0;
        try {
            // The typings of the Automation API keep this method to themselves.
            await (this.#stack.engine.command as unknown as PulumiCommandLike).run(args, workspace.workDir, env);
            ms = performance.now() - begun;
        } catch (error) {
            throw new Error(`${operation} failed: ${String(error).slice(-4_000)}`, { cause: error });
        } finally {
            watch.stop();
        }
        return { ms, ...watch.stop() };
    }

    async #checkpoints() {
        return (await this.#stack.resources()).filter((one) => /^(pulumi-nodejs:dynamic|cbr:)/.test(one.type));
    }

    /** Which properties the first resource's outputs have, at every depth: what decides how much the engine writes. */
    async outputKeys(): Promise<string[]> {
        const [resource] = await this.#checkpoints();
        return keysOf(resource?.outputs ?? {}).sort();
    }

    async stateSize(): Promise<StateSize> {
        const resources = await this.#checkpoints();
        const total = resources.reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one)), 0);
        const code = resources[0]?.outputs?.["__provider"];
        return {
            resource: Math.round(total / Math.max(1, resources.length)),
            code: typeof code === "string" ? Buffer.byteLength(code) : 0,
        };
    }

    close(): Promise<void> {
        return this.#stack.cleanup();
    }
}

/** Ids are keys, too, in a map by resource: its values count, its keys do not. */
function keysOf(value: unknown, path = ""): string[] {
    if (typeof value !== "object" || value === null) return [path];
    return Object.entries(value).flatMap(([key, item]) =>
        keysOf(item, /^[0-9a-f]{8}-/.test(key) ? `${path}.*` : `${path}.${key}`),
    );
}
