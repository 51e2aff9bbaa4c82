/**
 * Remembers, on this machine, which POSTs were sent and what they made. The engine stores a new resource only after its
 * create call has returned: if a process dies in between, or the state cannot be stored, the id is lost and the next
 * `up` would take a second backup. The note written before the POST lets that `up` look for the first one. It stays
 * until state proves that it has the outcome (`settle-notes.ts`).
 */
import { createHash } from "node:crypto";
import { memoryStore, type NoteStore } from "./note-store";

export interface Note {
    /** Resource that asked. */
    readonly urn: string;
    /** Which of several requests of one resource: the id of the backup that is copied. */
    readonly part?: string | undefined;
    /** State backend of the run, hashed; undefined where it cannot be told. */
    readonly backend?: string | undefined;
    /** Machine and address of the engine that asked; undefined where no engine did. */
    readonly engine?: string | undefined;
    /** For messages: `CreateCheckpoint for vault 1234`. */
    readonly what: string;
    /** For messages: `the backups of vault 1234 named x`. */
    readonly whereToLook: string;
    /** Endpoint and project that the request went to; undefined: not noted. */
    readonly place?: string | undefined;
    /** What was asked for: equal fingerprints are the same request. */
    readonly fingerprint: string;
    /** Clock time of the POST; of several, the first whose effect it may be. */
    readonly startedAt: number;
    /** Clock time of the last of them, where there were several. */
    readonly sentAgainAt?: number | undefined;
    /** The region's clock minus the machine's at that time, where it was known. Milliseconds. */
    readonly offsetMs?: number | undefined;
    /** Clock time until which the run that wrote it would have waited. */
    readonly until: number;
    /** What the effect can be found by: the unique name that was sent, and ids once the API has given them. */
    readonly facts: Readonly<Record<string, string>>;
    /** Id of the resource, once it is known. */
    readonly resourceId?: string | undefined;
    /** For messages, once it is known: `restore point 1234`. */
    readonly made?: string | undefined;
    /** It was found by place and time only, and may be another's. */
    readonly unproven?: boolean | undefined;
    /** A later create has gone on from it. */
    readonly resumed?: boolean | undefined;
}

export interface StoredNote extends Note {
    /** Name in the store. */
    readonly file: string;
}

/** Which run this process works for, as far as a process can tell. */
export interface RunIdentity {
    readonly engine?: string | undefined;
    readonly backend?: string | undefined;
    /** Does the engine of this name still run? */
    readonly isEngineAlive?: (engine: string) => Promise<boolean>;
}

export interface Journal {
    /**
     * The notes of a resource that no create works with at the moment, the newest first: those of this run's backend
     * and of backends that could not be told. With `part` only those of that part.
     */
    find(urn: string, part?: string): Promise<StoredNote[]>;
    /** Writes a new note. The create that does holds it until `release`, and nobody finds it meanwhile. */
    begin(note: Note): StoredNote;
    /** Writes a note anew. */
    rewrite(note: StoredNote, changes: Partial<Note>): StoredNote;
    /** The create has ended: the next one of this process may go on from its note. */
    release(note: StoredNote): void;
    remove(note: StoredNote): void;
    /** A failure was told with all that the note says: only this process goes on from it. */
    tell(note: StoredNote): void;
    /** Was it written by this process? */
    isOwn(note: StoredNote): boolean;
    /** Was it surely written by another run? */
    isEarlier(note: StoredNote): boolean;
}

/** For hosts that keep nothing on disk. */
export function memoryJournal(): Journal {
    return createJournal(memoryStore());
}

/** Short and stable, for file names and fingerprints. */
export function digest(text: string): string {
    return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** Equal for equal requests. Hosts hand over maps in any order: the keys are sorted, at every depth. */
export function fingerprintOf(request: unknown): string {
    const sorted = (_key: string, value: unknown): unknown =>
        typeof value === "object" && value !== null && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
            : value;
    return digest(JSON.stringify(request, sorted));
}

/** All notes of a resource have names that begin so. */
function filePrefix(urn: string): string {
    return `${digest(urn)}.`;
}

export function createJournal(store: NoteStore, run: RunIdentity = {}): Journal {
    const held = new Set<string>();
    const own = new Set<string>();
    const told = memoryStore();
    const read = (file: string) => store.read(file) ?? told.read(file);
    const write = (note: StoredNote): StoredNote => {
        own.add(note.file);
        store.write(note.file, textOf(note));
        return note;
    };
    /** A run that is still at work with it may store its outcome yet. */
    const isFree = async ({ file, engine, backend }: StoredNote): Promise<boolean> => {
        if (held.has(file)) return false;
        if (own.has(file)) return true;
        if (backend !== undefined && run.backend !== undefined && backend !== run.backend) return false;
        return engine === undefined || engine === run.engine || !((await run.isEngineAlive?.(engine)) ?? false);
    };
    return {
        find: async (urn, part) => {
            const notes: StoredNote[] = [];
            const prefix = filePrefix(urn);
            for (const file of new Set([...store.list(prefix), ...told.list(prefix)])) {
                const note = parseNote(file, read(file));
                if (note?.urn !== urn || (part !== undefined && note.part !== part)) continue;
                if (await isFree(note)) notes.push(note);
            }
            return notes.sort((a, b) => b.startedAt - a.startedAt);
        },
        begin: (note) => {
            const stem = `${filePrefix(note.urn)}${note.part === undefined ? "" : `${digest(note.part).slice(0, 8)}.`}`;
            let count = 1;
            while (read(`${stem}${count}.json`) !== undefined) count++;
            const file = `${stem}${count}.json`;
            held.add(file);
            return write({ ...note, engine: run.engine, backend: run.backend, file });
        },
        rewrite: (note, changes) => write({ ...note, ...changes }),
        release: ({ file }) => void held.delete(file),
        remove: ({ file }) => {
            held.delete(file);
            own.delete(file);
            store.remove(file);
            told.remove(file);
        },
        tell: (note) => {
            told.write(note.file, textOf({ ...note, ...parseNote(note.file, store.read(note.file)) }));
            store.remove(note.file);
        },
        isOwn: ({ file }) => own.has(file),
        isEarlier: ({ file, engine }) =>
            !own.has(file) && engine !== undefined && run.engine !== undefined && engine !== run.engine,
    };
}

function textOf({ file: _, ...note }: StoredNote): string {
    return JSON.stringify(note, undefined, 4);
}

/** People and other releases can write there, too: what is no note is left alone. */
function parseNote(file: string, text: string | undefined): StoredNote | undefined {
    let value: unknown;
    try {
        value = JSON.parse(text ?? "");
    } catch {
        return undefined;
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    const note = value as Record<keyof Note, unknown>;
    const { urn, what, whereToLook, fingerprint, startedAt, until, facts } = note;
    const { part, backend, engine, place, sentAgainAt, offsetMs, resourceId, made } = note;
    const isNote =
        [urn, what, whereToLook, fingerprint].every((one) => typeof one === "string") &&
        [startedAt, until].every((one) => typeof one === "number") &&
        [part, backend, engine, place, resourceId, made].every((one) => one === undefined || typeof one === "string") &&
        [sentAgainAt, offsetMs].every((one) => one === undefined || typeof one === "number") &&
        typeof facts === "object" &&
        facts !== null &&
        Object.values(facts).every((one) => typeof one === "string");
    return isNote ? { ...(note as unknown as Note), file } : undefined;
}
