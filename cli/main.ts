#!/usr/bin/env node
/** `pulumi-cbr`: picks the command, which is loaded only then. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, expectedMessage, type Io, UsageError } from "./command";

interface Entry {
    readonly summary: string;
    load(): Promise<Command>;
}

const commands: Readonly<Record<string, Entry>> = {
    simulate: {
        summary: "run the CBR simulator on this machine and print the settings that use it",
        load: async () => (await import("./simulate/command.js")).simulate,
    },
    doctor: {
        summary: "check settings, sign-in, regions, rights, vaults and replication pairs",
        load: async () => (await import("./doctor/command.js")).doctor,
    },
    list: {
        summary: "list restore points and copies, and which stack holds them",
        load: async () => (await import("./list/command.js")).list,
    },
    check: {
        summary: "fail unless every resource has a good restore point, and copies, that are young enough",
        load: async () => (await import("./check/command.js")).check,
    },
    report: {
        summary: "write a page that shows what there is to restore from, and what there is not",
        load: async () => (await import("./report/command.js")).report,
    },
    prune: {
        summary: "delete backups and copies that no stack holds",
        load: async () => (await import("./prune/command.js")).prune,
    },
    restore: {
        summary: "overwrite a server or a disk with a backup",
        load: async () => (await import("./restore/command.js")).restore,
    },
    adopt: {
        summary: "from Terraform's state to the program that takes its restore points over",
        load: async () => (await import("./adopt/command.js")).adopt,
    },
    "preview-comment": {
        summary: "turn `pulumi preview --json` into the Markdown of a pull request comment",
        load: async () => (await import("./preview-comment/command.js")).previewComment,
    },
};

function overview(): string {
    const width = Math.max(...Object.keys(commands).map((name) => name.length));
    const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
    return [
        "Usage: pulumi-cbr <command> [options]",
        "",
        "Commands:",
        ...lines,
        "",
        "  pulumi-cbr <command> --help   options of a command",
        "  pulumi-cbr --version          the package's version",
        "",
    ].join("\n");
}

/** The package's own version, from the sources or from dist/. */
function version(): string {
    for (const up of [[".."], ["..", ".."]]) {
        try {
            const content: unknown = JSON.parse(readFileSync(join(__dirname, ...up, "package.json"), "utf8"));
            if (typeof content !== "object" || content === null || Reflect.get(content, "name") !== "pulumi-cbr")
                continue;
            return String(Reflect.get(content, "version"));
        } catch {
            // Not here.
        }
    }
    return "unknown";
}

/** Runs a command line, without the name of the program; the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
    const [name, ...rest] = args;
    if (name === "--help" || name === "-h" || name === "help") {
        const asked = rest[0] === undefined || !Object.hasOwn(commands, rest[0]) ? undefined : commands[rest[0]];
        io.out(asked === undefined ? overview() : (await asked.load()).usage);
        return 0;
    }
    if (name === "--version" || name === "-v") {
        io.out(`${version()}\n`);
        return 0;
    }
    const entry = name === undefined || !Object.hasOwn(commands, name) ? undefined : commands[name];
    if (entry === undefined) {
        io.err(
            `${name === undefined ? "" : `pulumi-cbr: there is no command ${JSON.stringify(name)}\n\n`}${overview()}`,
        );
        return 2;
    }
    const command = await entry.load();
    const end = rest.indexOf("--");
    const options = end < 0 ? rest : rest.slice(0, end);
    if (options.includes("--help") || options.includes("-h")) {
        io.out(command.usage);
        return 0;
    }
    if (options.includes("--version")) {
        io.out(`${version()}\n`);
        return 0;
    }
    try {
        return await command.run(rest, io);
    } catch (error) {
        if (error instanceof UsageError || isParseArgsError(error)) {
            const [synopsis = ""] = command.usage.split("\n");
            io.err(
                `pulumi-cbr ${name}: ${error.message}\n\n${synopsis}\n\`pulumi-cbr ${name} --help\` ` +
                    `explains the options.\n`,
            );
            return 2;
        }
        const message = await expectedMessage(error);
        if (message === undefined) throw error;
        const { displayText } = await import("../provider/client/errors/redaction.js");
        io.err(`pulumi-cbr ${name}: ${displayText(message)}\n`);
        return 1;
    }
}

/** What `parseArgs` of node:util throws. */
function isParseArgsError(error: unknown): error is Error {
    return error instanceof Error && String(Reflect.get(error, "code")).startsWith("ERR_PARSE_ARGS_");
}

function systemIo(): Io {
    let interrupted: Promise<void> | undefined;
    return {
        env: process.env,
        stdin: process.stdin,
        isInteractive: process.stdin.isTTY === true,
        out: (text) => void process.stdout.write(text),
        err: (text) => void process.stderr.write(text),
        interrupted() {
            interrupted ??= new Promise((resolve) => {
                process.once("SIGINT", () => resolve());
                process.once("SIGTERM", () => resolve());
            });
            return interrupted;
        },
    };
}

/** Ends the process once all output is out: connections kept alive would hold it for seconds. */
function exit(code: number): void {
    process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

if (require.main === module) {
    // A reader such as `head` may close the pipe early.
    process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
    main(process.argv.slice(2), systemIo()).then(exit, (error: unknown) => {
        process.stderr.write(
            `pulumi-cbr: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
        );
        exit(1);
    });
}
