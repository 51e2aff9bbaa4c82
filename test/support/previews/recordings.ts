/** What is in test/fixtures/preview/recorded: previews as the Pulumi CLI wrote them, by ./main.ts. */

/** One recording; the list is `index.json`. */
export interface Recording {
    readonly name: string;
    /** What it shows. */
    readonly what: string;
    readonly file: string;
    /** The command that wrote it, with its variables. */
    readonly command: string;
    /** Its exit code; null: ended by a signal. */
    readonly exit: number | null;
    /** What `up` with the same flags then did. */
    readonly after?: After;
}

export interface After {
    readonly exit: number | null;
    /** Requests that changed something in the cloud, by operation. */
    readonly effects: Readonly<Record<string, number>>;
}
