/** `pulumi-cbr preview-comment`: reads a preview, writes a comment. Asks nobody and needs no credentials. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Command, Failure, type Io, UsageError, wholeNumber } from "../command";
import { commentOf } from "./comment";
import { linkTarget } from "./markdown";
import { decode, parsePreview } from "./preview";

/** GitHub takes 65,536 characters, GitLab a million. */
const MAX_BYTES = 60_000;

export const previewComment: Command = {
    usage: `Usage: pulumi-cbr preview-comment [FILE | -] [options]

Reads what \`pulumi preview --json\` wrote, from FILE or standard input (also the engine's events as JSON lines), and
writes the Markdown of a comment for a pull request on GitHub or a merge request on GitLab: which restore points are
taken, what is copied where, what is replaced and why, what stays in the cloud and what is deleted. Its first line is
a hidden marker with project and stack, by which the comment is found and edited in place.

Options:
  --title TEXT       heading of the comment
  --url URL          link to the run
  --max-bytes N      size of the comment at most; what does not fit is counted instead (default ${MAX_BYTES})
  --help, --version

Exit code: 0 a comment was written (also for a preview that failed); 1 the input is no preview; 2 wrong usage.
`,
    async run(args, io) {
        const { values, positionals } = parseArgs({
            args: [...args],
            allowPositionals: true,
            options: { title: { type: "string" }, url: { type: "string" }, "max-bytes": { type: "string" } },
        });
        const [file = "-", ...more] = positionals;
        if (more.length > 0) throw new UsageError(`takes one FILE, not ${positionals.length}`);
        const url = values.url === undefined || values.url === "" ? undefined : linkTarget(values.url);
        if (url === undefined && values.url !== undefined && values.url !== "")
            throw new UsageError(`--url is ${JSON.stringify(values.url)}, but must be an http or https address`);
        const maxBytes =
            values["max-bytes"] === undefined
                ? MAX_BYTES
                : wholeNumber("max-bytes", values["max-bytes"], 1_000, 1_000_000);
        const text = file === "-" ? await readAll(io) : await readNamed(file);
        io.out(
            commentOf(parsePreview(text, file === "-" ? "standard input" : file), {
                title: values.title,
                url,
                maxBytes,
            }),
        );
        return 0;
    },
};

async function readNamed(file: string): Promise<string> {
    try {
        return decode(await readFile(file));
    } catch (error) {
        throw new Failure(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
}

async function readAll(io: Io): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of io.stdin) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    return decode(Buffer.concat(chunks));
}
