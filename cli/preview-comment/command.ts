/** `pulumi-cbr preview-comment`: reads a preview, writes a comment. Asks nobody and needs no credentials. */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { type Command, Failure, type Io, UsageError, wholeNumber } from "../command";
import { type CommentOptions, commentOf } from "./comment/comment";
import { linkTarget } from "./comment/markdown";
import { decode, parsePreview } from "./input/read";

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
  --exit-code N      exit code of \`pulumi preview\`: after a logged error it alone says whether the preview failed
  --stack NAME       project/stack for the marker of a preview that ended before it named any resource
  --max-bytes N      size of the comment at most; what does not fit is counted instead (default ${MAX_BYTES})
  --help, --version

Exit code: 0 a comment was written (also for a preview that failed, was cancelled or did not finish); 1 the input is no
preview, is not whole, or has other text around its JSON; 2 wrong usage.
`,
    async run(args, io) {
        const { values, positionals } = parseArgs({
            args: [...args],
            allowPositionals: true,
            options: {
                title: { type: "string" },
                url: { type: "string" },
                "exit-code": { type: "string" },
                stack: { type: "string" },
                "max-bytes": { type: "string" },
            },
        });
        const [file = "-", ...more] = positionals;
        if (more.length > 0) throw new UsageError(`takes one FILE, not ${positionals.length}`);
        const options: CommentOptions = {
            title: values.title,
            url: urlOf(values.url),
            exitCode: numberOf("exit-code", values["exit-code"], 0, 255),
            stack: stackOf(values.stack),
            maxBytes: numberOf("max-bytes", values["max-bytes"], 1_000, 1_000_000) ?? MAX_BYTES,
        };
        const text = file === "-" ? await readAll(io) : await readNamed(file);
        io.out(commentOf(parsePreview(text, file === "-" ? "standard input" : file), options));
        return 0;
    },
};

/** An empty text stands for no link: pipelines pass a variable that may be unset. */
function urlOf(text: string | undefined): string | undefined {
    if (text === undefined || text === "") return undefined;
    const url = linkTarget(text);
    if (url === undefined)
        throw new UsageError(`--url is ${JSON.stringify(text)}, but must be an http or https address`);
    return url;
}

function numberOf(option: string, text: string | undefined, min: number, max: number): number | undefined {
    return text === undefined ? undefined : wholeNumber(option, text, min, max);
}

function stackOf(text: string | undefined): string | undefined {
    if (text === undefined || /^[^/]+\/[^/]+$/.test(text)) return text;
    throw new UsageError(`--stack is ${JSON.stringify(text)}, but must be project/stack`);
}

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
