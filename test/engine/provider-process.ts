import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Every child that runs, so that none outlives us whatever way we end. */
const running = new Set<ChildProcess>();
let hasExitHook = false;

/** Starts a node process in a group of its own, which a terminal's Ctrl-C does not reach. */
export function startChild(args: string[], cwd: string, env: NodeJS.ProcessEnv): ChildProcess {
    if (!hasExitHook) {
        hasExitHook = true;
        process.on("exit", () => {
            for (const child of running) {
                killGroup(child, "SIGKILL");
            }
        });
    }
    const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    child.once("exit", () => running.delete(child));
    child.once("error", () => running.delete(child));
    return child;
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
    try {
        process.kill(-(child.pid as number), signal);
    } catch {
        child.kill(signal);
    }
}

/** Interrupts, and after 5 s kills; resolves when the process is gone. Source of the time: Pulumi's engine waits as long. */
export function stopChild(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
        return Promise.resolve();
    }
    return new Promise((resolve) => {
        const timer = setTimeout(() => killGroup(child, "SIGKILL"), 5_000);
        child.once("exit", () => {
            clearTimeout(timer);
            resolve();
        });
        killGroup(child, "SIGINT");
    });
}

/** Hands over what a child prints, line by line. */
export function readLines(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<void> {
    return new Promise((resolve) => {
        createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on("line", onLine).on("close", resolve);
    });
}

export interface ProviderHost {
    child: ChildProcess;
    address: string;
}

/** Where a module of the SDK lies for a program in that folder. */
export function resolveFrom(folder: string, module: string): string {
    try {
        return createRequire(join(folder, "noop.js")).resolve(module);
    } catch {
        throw new Error(
            `It looks like the Pulumi SDK has not been installed: ${module} cannot be found from ${folder}. Have you run npm install?`,
        );
    }
}

/** Starts the dynamic provider host that ships in `@pulumi/pulumi` and waits for the port that it prints first. */
export async function startDynamicProvider(options: {
    cwd: string;
    env: NodeJS.ProcessEnv;
    engineAddress: string;
    onLine: (line: string, isError: boolean) => void;
}): Promise<ProviderHost> {
    const script = resolveFrom(options.cwd, "@pulumi/pulumi/cmd/dynamic-provider");
    const child = startChild([script, options.engineAddress], options.cwd, options.env);
    const errors: string[] = [];
    void readLines(child.stderr as NodeJS.ReadableStream, (line) => {
        errors.push(line);
        options.onLine(line, true);
    });
    return await new Promise((resolve, reject) => {
        let isStarted = false;
        child.once("error", reject);
        child.once("exit", (code, signal) =>
            reject(
                new Error(
                    `the dynamic provider host ended (${code ?? signal}) before it said its port\n${errors.join("\n")}`,
                ),
            ),
        );
        void readLines(child.stdout as NodeJS.ReadableStream, (line) => {
            if (isStarted) {
                options.onLine(line, false);
                return;
            }
            isStarted = true;
            if (/^\d+$/.test(line)) {
                resolve({ child, address: `127.0.0.1:${line}` });
            } else {
                reject(new Error(`the dynamic provider host printed "${line}" where its port was expected`));
                void stopChild(child);
            }
        });
    });
}
