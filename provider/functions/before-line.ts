/** What a preview's row says of a hook of `checkpointBefore`: written here, and read from previews for comments. */

/** A change, as an adjective. */
export type Change = "changed" | "deleted";

/** A restore point that is taken before a change. */
export interface TakenBefore {
    /** Name of the hook. */
    readonly hook: string;
    /** What it is a restore point of: `vault 5eed…`, `vault 5eed… (resources 5eed…, 5eed…)`. */
    readonly scope: string;
    /** Name of the resource that is changed. */
    readonly resource: string;
    readonly change: Change;
}

const BEGINNING = "a restore point of ";
const MIDDLE = " is taken first; ";

/** The line, without the name of the hook before it. */
export const beforeLine = ({ scope, resource, change }: Omit<TakenBefore, "hook">): string =>
    `${BEGINNING}${scope}${MIDDLE}${resource} is ${change} only if it is good`;

/** Reads a line with the name of its hook; undefined: it is another one. */
export function readBeforeLine(line: string): TakenBefore | undefined {
    const beginning = line.indexOf(`: ${BEGINNING}`);
    const middle = line.indexOf(MIDDLE, beginning);
    const [end, change] = / is (changed|deleted) only if it is good$/.exec(line) ?? [];
    if (beginning <= 0 || middle < 0 || end === undefined) return undefined;
    return {
        hook: line.slice(0, beginning),
        scope: line.slice(beginning + 2 + BEGINNING.length, middle),
        resource: line.slice(middle + MIDDLE.length, line.length - end.length),
        change: change as Change,
    };
}
