/** What the messages of a preview tell of its end. */
import type { Diagnostic, Outcome } from "./preview";

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' colours begin with one.
const COLOURS = /\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g;

/** A message without colours, its severity and white space around it. */
export function plainMessage(message: string): string {
    return message
        .replace(COLOURS, "")
        .trim()
        .replace(/^(error|warning|info|debug): /, "");
}

const CANCELLED = /^preview canceled$/;
/**
 * What only failures say: the engine's last line, steps and checks that failed, and the end of a program. An error that
 * a program logs, and the error with which it ends of its own accord, look alike.
 */
const FAILED = [
    /^preview failed$/,
    /^Preview failed: /,
    / resource '.*' has a problem: /s,
    /: property \S+ value \{.*\} has a problem: /s,
    /^Running program '.*' failed with an unhandled exception:/,
    /^an unhandled error occurred: /,
    /^Missing required configuration variable '/,
    /^Target '.*' could not be found in the stack/,
];

/** The last line of a preview that failed; it names nothing. */
export const isLastLine = (message: string): boolean =>
    /^preview (failed|canceled)$/.test(message) || message.startsWith("update failed");

/**
 * @param ended The preview said how long it took.
 * @param counted It counted resources.
 */
export function outcomeOf(diagnostics: readonly Diagnostic[], ended: boolean, counted: boolean): Outcome {
    const errors = diagnostics.filter(({ severity }) => severity === "error").map((one) => plainMessage(one.message));
    if (errors.some((text) => CANCELLED.test(text))) return "cancelled";
    if (errors.some((text) => FAILED.some((pattern) => pattern.test(text)))) return "failed";
    if (!ended) return "unfinished";
    if (errors.length > 0) return "errors-logged";
    return counted ? "finished" : "silent";
}

/** The exit code of `pulumi preview` knows more than its JSON, if it is given. */
export function withExitCode(outcome: Outcome, exitCode: number | undefined): Outcome {
    if (exitCode === undefined || outcome === "unfinished" || outcome === "cancelled") return outcome;
    if (exitCode === 0) return outcome === "silent" || outcome === "incomplete" ? outcome : "finished";
    // 7: `--expect-no-changes`, and there are some.
    return exitCode === 7 && outcome === "finished" ? outcome : "failed";
}
