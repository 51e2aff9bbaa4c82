/** Runs a command line in this process, as `main` is run by the real one. */
import { main } from "../../cli/main";

export interface CliRun {
    readonly code: number;
    readonly out: string;
    readonly err: string;
}

export interface CliOptions {
    readonly stdin?: string;
    readonly env?: NodeJS.ProcessEnv;
    /** Called with all output so far, when there is new one. */
    readonly onOut?: (all: string) => void;
    readonly interrupted?: Promise<void>;
}

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
    let out = "";
    let err = "";
    const { stdin = "", env = {}, onOut, interrupted } = options;
    const code = await main(args, {
        env,
        stdin: (async function* () {
            yield stdin;
        })(),
        out: (text) => {
            out += text;
            onOut?.(out);
        },
        err: (text) => {
            err += text;
        },
        interrupted: () => interrupted ?? new Promise(() => {}),
    });
    return { code, out, err };
}
