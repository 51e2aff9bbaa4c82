/** The folder in which the provider processes of a run tell each other what their resources rest on. */
import {
    appendFileSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { digest } from "../exactly-once/journal";
import { pulumiHome } from "../exactly-once/note-store";
import type { HolderEvent, HolderStore } from "../services/holders";

/** More files than this of processes that have ended are put together. */
const MAX_FILES = 8;

type Line = HolderEvent & { readonly run: string };

interface OtherFile {
    size: number;
    lines: readonly Line[];
}

/**
 * One folder a stack, one file a process; `run` is the engine's address. A disk that cannot be written costs what
 * others would be told.
 */
export function fileHolderStore(directory: string, run: string, pid = process.pid): HolderStore {
    const files = new Map<string, OtherFile>();
    const stacks = new Set<string>();
    const own = (stack: string) => join(directory, stack, `${pid}.jsonl`);

    function read(stack: string, name: string): readonly Line[] {
        const path = join(directory, stack, name);
        const known = files.get(path);
        try {
            const { size } = statSync(path);
            if (known?.size === size) return known.lines;
            const lines = readFileSync(path, "utf8").split("\n").flatMap(parsed);
            files.set(path, { size, lines });
            return lines;
        } catch {
            return known?.lines ?? [];
        }
    }

    /** Lines of other processes, oldest first: of those that belong to this run and still run, or of all others. */
    function others(urn: string, ofThisRun: boolean): readonly Line[] {
        const stack = stackOf(urn);
        return list(join(directory, stack))
            .filter((name) => name !== `${pid}.jsonl`)
            .flatMap((name) => {
                const isAlive = isRunning(Number.parseInt(name, 10));
                return read(stack, name).filter((line) => (isAlive && line.run === run) === ofThisRun);
            })
            .sort((a, b) => a.at - b.at);
    }

    return {
        append(event) {
            const stack = stackOf(event.urn);
            try {
                if (!stacks.has(stack)) {
                    stacks.add(stack);
                    mkdirSync(join(directory, stack), { recursive: true, mode: 0o700 });
                    rmSync(own(stack), { force: true });
                    putTogether(join(directory, stack));
                }
                appendFileSync(own(stack), `${JSON.stringify({ ...event, run })}\n`, { mode: 0o600 });
            } catch {
                // Nothing to be done about a read-only home directory.
            }
        },
        ofThisRun: (urn) => others(urn, true),
        ofEarlierRuns: (urn) => others(urn, false),
    };
}

function list(folder: string): string[] {
    try {
        return readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
    } catch {
        return [];
    }
}

/** People can write there, too. */
function parsed(text: string): Line[] {
    try {
        const line = JSON.parse(text) as Partial<Line> | null;
        const isLine = typeof line?.urn === "string" && typeof line.at === "number" && typeof line.what === "string";
        return isLine ? [line as Line] : [];
    } catch {
        return [];
    }
}

function isRunning(pid: number): boolean {
    try {
        return pid > 0 && process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

/** What ended processes wrote becomes one file, with the last word on each resource that still stands. */
function putTogether(folder: string): void {
    const ended = list(folder).filter((name) => !isRunning(Number.parseInt(name, 10)));
    if (ended.length <= MAX_FILES) return;
    const last = new Map<string, Line>();
    const lines = ended.flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").flatMap(parsed));
    for (const line of lines.sort((a, b) => a.at - b.at))
        if (line.what === "left") last.delete(line.urn);
        else if (line.what === "held" || line.what === "made") last.set(line.urn, line);
    const draft = join(folder, `draft.${process.pid}`);
    writeFileSync(draft, [...last.values()].map((line) => `${JSON.stringify(line)}\n`).join(""), { mode: 0o600 });
    for (const name of ended) rmSync(join(folder, name), { force: true });
    renameSync(draft, join(folder, "0.jsonl"));
}

/** `urn:pulumi:<stack>::<project>`, short enough for a file's name. */
function stackOf(urn: string): string {
    return digest(urn.split("::").slice(0, 2).join("::"));
}

/** `$PULUMI_HOME/pulumi-cbr/holders` (default `~/.pulumi/…`), beside the journal. */
export function holderFolder(): string {
    return join(pulumiHome(process.env), "pulumi-cbr", "holders");
}
