/** When a note has served: state proves that it has the outcome, or something newer. */
import type { Context, Services } from "../services/context";
import type { Note, StoredNote } from "./journal";
import { CLOCK_TOLERANCE_MS } from "./time-window";

/** What state says about a resource, as far as notes of its requests are concerned. */
export interface StoredOutcome {
    /** Id of the resource. */
    readonly id: string;
    /** A name that only one request of it can have sent. */
    readonly name?: string | undefined;
    /**
     * Of a resource with several requests: the parts of which state has the outcome, and the id of the record of each,
     * where there is one. Undefined: it has one request.
     */
    readonly parts?: ReadonlyMap<string, string | undefined>;
    /** When it was made, on the region's clock or on the machine's. Milliseconds since the epoch. */
    readonly begun: { readonly at: number | undefined; readonly clock: "region" | "machine" };
}

/** Drops the notes whose outcome state has; what is older than that is named, and dropped too. */
export async function settleNotes(context: Context, urns: readonly string[], state: StoredOutcome): Promise<void> {
    for (const urn of new Set(urns)) {
        for (const note of await context.journal.find(urn)) {
            if (isStored(note, state)) context.journal.remove(note);
            else if (isOlder(note, state))
                abandonNote(context, note, `The stack has something newer in its place: ${state.id}.`);
        }
    }
}

/** The resource goes: the notes of what it was have served. */
export async function settleDeleted(services: Services, urn: string, state: StoredOutcome): Promise<void> {
    for (const note of await services.journal.find(urn)) if (isStored(note, state)) services.journal.remove(note);
}

/** Does state have what the request of the note made? */
export function isStored(note: Note, state: StoredOutcome): boolean {
    const { part, resourceId, facts } = note;
    const { id, name, parts } = state;
    if (part !== undefined && parts !== undefined) {
        const [noted, stored] = [facts["recordId"], parts.get(part)];
        // A request that came later, and whose record is not known, is that of a replacement which state never had.
        const isSame = noted === undefined ? !isNewer(note, state) : noted === stored;
        return parts.has(part) && (stored === undefined || isSame);
    }
    return resourceId === id || (resourceId === undefined && name !== undefined && facts["name"] === name);
}

function isNewer({ startedAt, offsetMs = 0 }: Note, { begun: { at, clock } }: StoredOutcome): boolean {
    const sent = clock === "region" ? startedAt + offsetMs : startedAt;
    return at !== undefined && sent > at + CLOCK_TOLERANCE_MS;
}

function isOlder({ startedAt, offsetMs = 0 }: Note, { begun: { at, clock } }: StoredOutcome): boolean {
    const sent = clock === "region" ? startedAt + offsetMs : startedAt;
    return at !== undefined && sent + CLOCK_TOLERANCE_MS < at;
}

/**
 * The notes that a create may go on from: its resource's, and those that earlier runs wrote under the name that state
 * still has for it. What this run has written under that name is of another resource, which has the name now.
 */
export async function notesOf({ holders, journal, urn }: Context, part?: string): Promise<StoredNote[]> {
    const notes = await journal.find(urn, part);
    const former = holders.storedUrn(urn);
    if (former === undefined || former === urn) return notes;
    return [...notes, ...(await journal.find(former, part)).filter((note) => journal.isEarlier(note))];
}

/** Notes of requests that this create no longer makes. */
export async function abandonNotes(context: Context, isStillAsked: (note: Note) => boolean): Promise<void> {
    for (const note of await notesOf(context)) if (!isStillAsked(note)) abandonNote(context, note, OTHER_REQUEST);
}

/** Why a note does not count for the request of this run. */
export const OTHER_REQUEST = "This run asks for something else.";

/** No id is forgotten without a word: says what the request of the note made, or may have made. */
export function abandonNote(context: Context, note: StoredNote, why: string): void {
    context.journal.remove(note);
    const name = note.facts["name"];
    const made =
        note.made !== undefined
            ? `it made ${note.made}${note.unproven === true ? ", or another one did" : ""}`
            : `it may or may not have taken effect${name === undefined ? "" : `, under the name ${name}`}`;
    context.log.warn(
        `${note.what}: a run sent it at ${new Date(note.startedAt).toISOString()} whose end is not known; ` +
            `${made}. ${why} ` +
            `Look at ${note.whereToLook}: what no stack has costs money until it is deleted.`,
    );
}
