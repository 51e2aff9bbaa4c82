/** What a command is, and what it is given of the world: so that tests run commands without a process. */

export interface Io {
    readonly env: NodeJS.ProcessEnv;
    readonly stdin: AsyncIterable<Uint8Array | string>;
    out(text: string): void;
    err(text: string): void;
    /** Resolves when the person (or the machine) asks the command to end: SIGINT, SIGTERM. */
    interrupted(): Promise<void>;
}

export interface Command {
    /** Text of `--help`, ends with a line break. Its first line is the synopsis. */
    readonly usage: string;
    /** Exit code: 0 well, 1 not well. Throws `UsageError` (2) and `Failure` (1). */
    run(args: readonly string[], io: Io): Promise<number>;
}

/** The command line makes no sense: printed with the usage, exit code 2. */
export class UsageError extends Error {}

/** The command cannot do its work: printed as one line, exit code 1. */
export class Failure extends Error {}

/** A whole number of an option. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
        throw new UsageError(`--${option} is "${text}", but must be a whole number from ${min} to ${max}`);
    return value;
}
