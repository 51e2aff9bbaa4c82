/** Asks a person to type a name. */
import type { Io } from "../command";

/** True when the answer is just that. False for anything else, for the end of input, and when it is interrupted. */
export async function isTyped(name: string, io: Io, interrupted: Promise<void>): Promise<boolean> {
    io.err(`Type ${name} to overwrite it: `);
    const answer = await Promise.race([firstLine(io.stdin), interrupted.then(() => undefined)]);
    // Nobody has ended the line.
    if (answer === undefined) io.err("\n");
    return answer?.trim() === name;
}

async function firstLine(input: Io["stdin"]): Promise<string | undefined> {
    let text = "";
    for await (const chunk of input) {
        text += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8");
        const end = text.indexOf("\n");
        if (end >= 0) return text.slice(0, end);
    }
    return text === "" ? undefined : text;
}
