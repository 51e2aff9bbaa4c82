/**
 * Remembers, on this machine, which POSTs are under way. The engine stores a new resource only when its create call
 * returns: if the provider process dies in between, the id is lost and the next `up` would take a second backup. The
 * entry written before the POST lets that `up` look for the first one.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** After this long an entry is no reason any more to take an old backup for the wanted one, in milliseconds: 24 h. */
export const JOURNAL_LIFE_MS = 24 * 3_600_000;

export interface JournalEntry {
    /** What was asked for: equal fingerprints are the same request. */
    readonly fingerprint: string;
    /** Clock time of the POST; of several, the first whose effect it may be. */
    readonly startedAt: number;
    /** Clock time of the last of them, where there were several. */
    readonly sentAgainAt?: number;
    /** What the effect can be found by, e.g. the unique name that was sent; and the id, once the API has given one. */
    readonly facts: Readonly<Record<string, string>>;
}

export interface Journal {
    /** The entry that an interrupted run left for this resource, if it asked for the same. */
    find(key: string, fingerprint: string, now: number): JournalEntry | undefined;
    write(key: string, entry: JournalEntry): void;
    /** The POST surely had no effect. */
    remove(key: string): void;
    /** The host has been told the outcome. */
    settled(key: string): void;
}

/** One small file an entry, under `$PULUMI_HOME/pulumi-cbr/pending` (default `~/.pulumi/…`). Holds ids and names, never credentials. A disk that cannot be written costs the protection, not the backup. */
export function fileJournal(directory = journalFolder()): Journal {
    const fileOf = (key: string) => join(directory, `${digest(key)}.json`);
    const remove = (key: string) => {
        try {
            rmSync(fileOf(key), { force: true });
        } catch {
            // Nothing to be done about a read-only home directory.
        }
    };
    return {
        find(key, fingerprint, now) {
            let entry: unknown;
            try {
                entry = JSON.parse(readFileSync(fileOf(key), "utf8"));
            } catch {
                return undefined;
            }
            return isEntry(entry) && entry.fingerprint === fingerprint && now - entry.startedAt < JOURNAL_LIFE_MS
                ? entry
                : undefined;
        },
        write(key, entry) {
            try {
                mkdirSync(directory, { recursive: true, mode: 0o700 });
                // Whole or not at all: a process that dies in between must not leave half an entry.
                const draft = `${fileOf(key)}.${process.pid}`;
                writeFileSync(draft, JSON.stringify(entry), { mode: 0o600 });
                renameSync(draft, fileOf(key));
            } catch {
                // As above.
            }
        },
        remove,
        settled: remove,
    };
}

/** People and other releases can write there, too. */
function isEntry(value: unknown): value is JournalEntry {
    if (typeof value !== "object" || value === null) return false;
    const { fingerprint, startedAt, sentAgainAt, facts } = value as Partial<Record<keyof JournalEntry, unknown>>;
    return (
        typeof fingerprint === "string" &&
        typeof startedAt === "number" &&
        (sentAgainAt === undefined || typeof sentAgainAt === "number") &&
        typeof facts === "object" &&
        facts !== null
    );
}

/** For tests, and for hosts that keep nothing on disk. */
export function memoryJournal(): Journal {
    const entries = new Map<string, JournalEntry>();
    return {
        find: (key, fingerprint, now) => {
            const entry = entries.get(key);
            return entry?.fingerprint === fingerprint && now - entry.startedAt < JOURNAL_LIFE_MS ? entry : undefined;
        },
        write: (key, entry) => void entries.set(key, entry),
        remove: (key) => void entries.delete(key),
        settled: (key) => void entries.delete(key),
    };
}

/** Short and stable, for file names and fingerprints. */
export function digest(text: string): string {
    return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

export function journalFolder(): string {
    const home = process.env["PULUMI_HOME"];
    return join(home === undefined || home === "" ? join(homedir(), ".pulumi") : home, "pulumi-cbr", "pending");
}
