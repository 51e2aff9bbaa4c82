/** Calls between this process and one that it forked: one question, one answer, or an error's message. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";

const root = join(__dirname, "..");

interface Question {
    readonly id: number;
    readonly name: string;
    readonly argument: unknown;
}
type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: string };

/** The functions that a forked process offers, by name. */
export type Offered = Record<string, (argument: never) => unknown>;

/** Answers the parent's questions until it hangs up. */
export function offer(functions: Offered): void {
    process.on("message", (question: Question) => {
        void (async () => {
            let answer: Answer;
            try {
                const run = functions[question.name];
                if (run === undefined) throw new Error(`no function ${question.name}`);
                answer = { id: question.id, result: await run(question.argument as never) };
            } catch (error) {
                answer = {
                    id: question.id,
                    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
                };
            }
            process.send?.(answer);
        })();
    });
    process.on("disconnect", () => process.exit(0));
}

/** A process of ours, and the questions it can be asked. */
export class Child<F> {
    readonly #process: ChildProcess;
    readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (reason: unknown) => void }>();
    #next = 0;

    /** `file` is a TypeScript file of this folder. */
    constructor(file: string, options: { execArgv?: string[]; env?: NodeJS.ProcessEnv } = {}) {
        this.#process = fork(join(root, "scripts/typescript.cjs"), [join("bench", file)], {
            cwd: root,
            serialization: "advanced",
            execArgv: options.execArgv ?? [],
            env: { ...process.env, ...options.env },
            stdio: ["ignore", "ignore", "inherit", "ipc"],
        });
        this.#process.on("message", (answer: Answer) => {
            const waiting = this.#open.get(answer.id);
            this.#open.delete(answer.id);
            if ("error" in answer) waiting?.reject(new Error(answer.error));
            else waiting?.resolve(answer.result);
        });
        this.#process.once("exit", (code, signal) => {
            for (const { reject } of this.#open.values()) reject(new Error(`${file} ended early (${code ?? signal})`));
            this.#open.clear();
        });
    }

    get pid(): number {
        return this.#process.pid ?? 0;
    }

    call<Name extends keyof F & string>(
        name: Name,
        ...given: F[Name] extends (...given: infer Arguments) => unknown ? Arguments : never
    ): Promise<F[Name] extends (...given: never[]) => infer Result ? Awaited<Result> : never> {
        const [argument] = given as unknown[];
        return new Promise((resolve, reject) => {
            const id = this.#next++;
            this.#open.set(id, { resolve: resolve as (value: unknown) => void, reject });
            this.#process.send({ id, name, argument } satisfies Question);
        });
    }

    async close(): Promise<void> {
        if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
        await new Promise<void>((resolve) => {
            this.#process.once("exit", () => resolve());
            this.#process.disconnect();
        });
    }
}
