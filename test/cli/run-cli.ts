/** Runs a command line in this process, as `main` is run by the real one. */
import { main } from "../../cli/main";
import type { Transport } from "../../provider/client/http/transport";
import type { Clock } from "../../provider/client/time/clock";
import { type Journal, memoryJournal } from "../../provider/exactly-once/journal";

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
    /** A person answers. Default: false. */
    readonly isInteractive?: boolean;
    readonly clock?: Clock;
    readonly journal?: Journal;
    readonly transport?: Transport;
}

export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
    let out = "";
    let err = "";
    const { stdin = "", env = {}, onOut, interrupted, isInteractive = false } = options;
    const { clock, journal = memoryJournal(), transport } = options;
    const code = await main(args, {
        env,
        stdin: (async function* () {
            yield stdin;
        })(),
        isInteractive,
        clock,
        journal,
        transport,
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
