/** What a command is, and what it is given of the world: so that tests run commands without a process. */
import type { Transport } from "../provider/client/http/transport";
import type { Clock } from "../provider/client/time/clock";
import type { Journal } from "../provider/exactly-once/journal";

export interface Io {
    readonly env: NodeJS.ProcessEnv;
    readonly stdin: AsyncIterable<Uint8Array | string>;
    /** Is there a person at the other end of `stdin`? */
    readonly isInteractive: boolean;
    /** Default: the machine's. */
    readonly clock?: Clock | undefined;
    /** Where POSTs under way are noted. Default: on disk, as the provider does it. */
    readonly journal?: Journal | undefined;
    /** How requests are sent. Default: over the network. */
    readonly transport?: Transport | undefined;
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

/** The command line makes no sense: printed with the synopsis, exit code 2. */
export class UsageError extends Error {}

/** The command cannot do its work: printed as one line, exit code 1. */
export class Failure extends Error {}

/** The one line of an error that tells a person enough; undefined for defects, and for wrong usage. */
export async function expectedMessage(error: unknown): Promise<string | undefined> {
    if (error instanceof Failure) return error.message;
    // Loaded only then: `--help` must not wait for it.
    const [{ CbrError }, { MissingCredentialsError }] = await Promise.all([
        import("../provider/client/errors/errors.js"),
        import("../provider/client/settings/require.js"),
    ]);
    if (error instanceof MissingCredentialsError) return error.explanation;
    return error instanceof CbrError ? error.message : undefined;
}

/** An option without a value, as of a variable of a script that is not set, must not choose something else. */
export function refuseEmpty(values: Readonly<Record<string, unknown>>, ...options: readonly string[]): void {
    for (const option of options)
        if ([values[option]].flat().includes("")) throw new UsageError(`--${option} is empty`);
}

/** A whole number of an option. */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
        throw new UsageError(`--${option} is "${text}", but must be a whole number from ${min} to ${max}`);
    return value;
}

const UNIT_MS: Readonly<Record<string, number>> = {
    s: 1_000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
    w: 7 * 86_400_000,
};

/** Milliseconds of an option such as `90m`, `26h`, `30d`, `2w` or `1d12h`; `0s` is none at all. */
export function durationOf(option: string, text: string): number {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)];
    const total = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNIT_MS[unit ?? ""] ?? 0), 0);
    if (parts.length === 0 || parts.map(([part]) => part).join("") !== text)
        throw new UsageError(`--${option} is ${JSON.stringify(text)}, but must be a time such as 90m, 26h, 30d or 2w`);
    return total;
}
