/** Where notes are kept: small files, or memory where there is no disk for them. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface NoteStore {
    /** Names that begin so. */
    list(prefix: string): string[];
    read(name: string): string | undefined;
    write(name: string, text: string): void;
    remove(name: string): void;
}

/**
 * Files under `$PULUMI_HOME/pulumi-cbr/pending` (default `~/.pulumi/…`). They hold ids and names, never credentials. A
 * disk that cannot be written costs the protection, not the backup: then they live as long as the process.
 */
export function fileStore(directory = defaultDirectory()): NoteStore {
    const memory = memoryStore();
    const names = new Set<string>();
    let listedAt: number | undefined;
    const listed = (): ReadonlySet<string> => {
        try {
            // A preview of many resources lists the folder once.
            const { mtimeMs } = statSync(directory);
            if (mtimeMs !== listedAt) for (const name of readdirSync(directory)) names.add(name);
            listedAt = mtimeMs;
        } catch {
            // There is none yet.
        }
        return names;
    };
    return {
        list: (prefix) => {
            const here = [...listed()].filter((name) => name.startsWith(prefix) && name.endsWith(".json"));
            return [...new Set([...here, ...memory.list(prefix)])];
        },
        read: (name) => {
            try {
                return readFileSync(join(directory, name), "utf8");
            } catch {
                return memory.read(name);
            }
        },
        write: (name, text) => {
            const file = join(directory, name);
            try {
                mkdirSync(directory, { recursive: true, mode: 0o700 });
                // Whole or not at all: a process that dies in between must not leave half a note.
                const draft = `${file}.${process.pid}`;
                writeFileSync(draft, text, { mode: 0o600 });
                renameSync(draft, file);
                names.add(name);
                memory.remove(name);
            } catch {
                memory.write(name, text);
            }
        },
        remove: (name) => {
            names.delete(name);
            memory.remove(name);
            try {
                rmSync(join(directory, name), { force: true });
            } catch {
                // A read-only folder keeps it: the next run settles it again.
            }
        },
    };
}

export function memoryStore(): NoteStore {
    const texts = new Map<string, string>();
    return {
        list: (prefix) => [...texts.keys()].filter((name) => name.startsWith(prefix)),
        read: (name) => texts.get(name),
        write: (name, text) => void texts.set(name, text),
        remove: (name) => void texts.delete(name),
    };
}

function defaultDirectory(): string {
    return join(pulumiHome(process.env), "pulumi-cbr", "pending");
}

/** Pulumi's own folder: `$PULUMI_HOME`, default `~/.pulumi`. */
export function pulumiHome(env: NodeJS.ProcessEnv): string {
    const home = env["PULUMI_HOME"];
    return home === undefined || home === "" ? join(homedir(), ".pulumi") : home;
}
