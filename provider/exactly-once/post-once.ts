/**
 * Exactly once. No POST of this API is idempotent and answers get lost; so when one ends without an answer, its effect
 * is looked for before anything is sent again.
 */
import { REQUEST_TIMEOUT_MS } from "../client/chain/sending";
import type { CallOptions, ProjectRef } from "../client/client";
import { ApiError, OperationFailedError, PartialCreateError } from "../client/errors/errors";
import { sideEffectOf } from "../client/http/retry";
import { formatDuration } from "../client/time/duration";
import type { Context } from "../services/context";
import { fingerprintOf, type Note, type StoredNote } from "./journal";
import { LOOK_AGAIN_MS, LOOK_FOR_MS, SEARCH_DELAYS_MS, searchForEffect, unsure } from "./search";
import { abandonNote, notesOf, OTHER_REQUEST } from "./settle-notes";
import { CLOCK_TOLERANCE_MS, knownOffset, type Span, type TimeWindow, windowOf } from "./time-window";

/** A POST is sent at most this often, and each time only after the one before surely had no effect. */
export const MAX_SENDS = 4;

type Facts = Readonly<Record<string, string>>;

export interface PostPlan<Sent, Found> {
    readonly request: unknown;
    readonly target: ProjectRef;
    /** Which of several requests of the resource: each has its own note. */
    readonly part?: string;
    /** Facts kept in the journal, by which a later process finds the effect. */
    readonly facts: Facts;
    /** Is what has these facts surely this request's effect, whenever and wherever it is found? */
    isUnique?(facts: Facts): boolean;
    /** For messages: `CreateCheckpoint for vault 1234`. */
    readonly what: string;
    /** What a person should look at when nobody knows: `the backups of vault 1234 named x`. */
    readonly whereToLook: string;
    /** Clock time at which all trying ends. */
    readonly deadline: number;
    /** When a request was sent of which state knows that it is in doubt, and no note does. */
    readonly doubted?: Span | undefined;
    /** Sends the POST, with these options of the call. */
    send(post: PostOptions): Promise<Sent>;
    /**
     * Looks for the effect, by its id where the facts have it. Undefined: not there (yet). Throws
     * `UncertainOutcomeError` when several things could be it; when one only may be, not before the last look. `facts`
     * are those of the POST looked for.
     */
    find(window: TimeWindow, facts: Facts, isLast: boolean): Promise<Found | undefined>;
    /** Is it still under way? Then the run that was interrupted is resumed, however long ago it began. */
    isRunning?(found: Found): boolean;
    /** For messages: `restore point 1234`. */
    made(value: Sent | Found): string;
}

/** How a POST is sent by `postOnce`. */
export type PostOptions = Required<Pick<CallOptions<never>, "onRetry" | "onSend" | "busyIsFinal">> & {
    readonly deadline: number;
};

export type PostOutcome<Sent, Found> = (
    | { readonly how: "sent"; readonly value: Sent }
    /** Its answer was lost, its effect was found. */
    | { readonly how: "found"; readonly value: Found }
    /** An earlier create had sent it. */
    | { readonly how: "recovered"; readonly value: Found }
) & {
    /** Held until the create call ends, and kept until state proves that it has the outcome. */
    readonly note: StoredNote;
    /** Clock time of the POST; of several, the first whose effect it may be. */
    readonly sentAt: number;
    /** False: found by place and time only. It may be another's. */
    readonly isProven: boolean;
    /** The effect of an earlier one of several requests may come to light yet. */
    readonly wasRepeated: boolean;
};

/** Sends what `plan` describes, and makes sure that it took effect once. */
export async function postOnce<Sent, Found>(
    context: Context,
    plan: PostPlan<Sent, Found>,
): Promise<PostOutcome<Sent, Found>> {
    const fingerprint = fingerprintOf(plan.request);
    const place = placeOf(context, plan.target);
    for (const note of await notesOf(context, plan.part)) {
        if (note.part !== plan.part) continue;
        if (note.fingerprint !== fingerprint || (note.place ?? place) !== place) {
            abandonNote(context, note, OTHER_REQUEST);
            continue;
        }
        if (isOfUnknownTime(context, plan, note)) {
            abandonNote(
                context,
                note,
                "The machine's clock was wrong then, so its effect cannot be told from another's.",
            );
            continue;
        }
        const resumed = await resume(context, plan, note);
        if (resumed !== undefined) return resumed;
    }
    return (await resumeDoubted(context, plan)) ?? send(context, plan);
}

/** Is the effect known by its time alone, on a clock of which it is not known how wrong it was? */
function isOfUnknownClock(plan: { isUnique?(facts: Facts): boolean }, { facts, offsetMs, resourceId }: Note): boolean {
    return plan.isUnique?.(facts) !== true && resourceId === undefined && offsetMs === undefined;
}

/** From the future: no time tells what it may have made. */
function isOfUnknownTime({ clock }: Context, plan: { isUnique?(facts: Facts): boolean }, note: Note): boolean {
    return isOfUnknownClock(plan, note) && note.startedAt > clock.now() + CLOCK_TOLERANCE_MS;
}

/**
 * Goes on from the note of an earlier create: undefined when its request surely had no effect, or is too old to count.
 */
async function resume<Sent, Found>(
    context: Context,
    plan: PostPlan<Sent, Found>,
    note: StoredNote,
): Promise<PostOutcome<Sent, Found> | undefined> {
    const { client, journal } = context;
    const { region } = plan.target;
    const { facts, startedAt: from, sentAgainAt: again = from, offsetMs } = note;
    // The process that sent it waited this long at most for the answer.
    const span: Span = { from, to: again + REQUEST_TIMEOUT_MS, offsetMs };
    const window = () => windowOf(client, region, span);
    const delaysMs = note.resourceId === undefined ? delaysFor(context, region, span) : [0];
    const value = await searchForEffect(context, plan, { window, facts, delaysMs, lost: INTERRUPTED });
    if (value === undefined) {
        if (isOfUnknownClock(plan, note)) abandonNote(context, note, UNKNOWN_CLOCK);
        else journal.remove(note);
        return undefined;
    }
    const counts = journal.isOwn(note) || isWithinLife(context, region, note) || plan.isRunning?.(value) === true;
    if (!counts) {
        const since = "It is older than that run would have waited, and is not taken for what this one asks for.";
        abandonNote(context, { ...note, made: note.made ?? plan.made(value) }, since);
        return undefined;
    }
    const isProven = note.unproven !== true && (note.resourceId !== undefined || plan.isUnique?.(facts) === true);
    const taken = journal.begin({ ...note, urn: context.urn, resumed: true });
    journal.remove(note);
    const wasRepeated = note.sentAgainAt !== undefined;
    return { how: "recovered", value, note: taken, sentAt: from, isProven, wasRepeated };
}

/** Looks for what state knows to be in doubt. */
async function resumeDoubted<Sent, Found>(
    context: Context,
    plan: PostPlan<Sent, Found>,
): Promise<PostOutcome<Sent, Found> | undefined> {
    const { doubted, facts } = plan;
    if (doubted === undefined) return undefined;
    const { region } = plan.target;
    const window = () => windowOf(context.client, region, doubted);
    const delaysMs = delaysFor(context, region, doubted);
    const value = await searchForEffect(context, plan, { window, facts, delaysMs, lost: INTERRUPTED });
    if (value === undefined) return undefined;
    const note = context.journal.begin(noteOf(context, plan, doubted.from));
    const isProven = plan.isUnique?.(facts) === true;
    return { how: "recovered", value, note, sentAt: doubted.from, isProven, wasRepeated: false };
}

const UNKNOWN_CLOCK = "Nothing was found of it, which a wrong clock of that machine would explain, too.";
const INTERRUPTED = "an interrupted run had sent it.";

/** Sent a moment ago, it may take effect yet, as long as its process would have waited, and be listed later still. */
function delaysFor({ clock, client }: Context, region: string, { to, offsetMs = 0 }: Span): number[] {
    const now = clock.now();
    const corrected = to + offsetMs - (knownOffset(client, region) ?? offsetMs);
    // A clock that was ahead then, and is not now, makes it no younger.
    const end = Math.min(corrected, now + REQUEST_TIMEOUT_MS) + LOOK_FOR_MS - now;
    if (end <= 0) return [0];
    const later = Array.from({ length: Math.floor((end - LOOK_FOR_MS) / LOOK_AGAIN_MS) }, (_, index) => index + 1);
    const delays = [...SEARCH_DELAYS_MS, ...later.map((one) => LOOK_FOR_MS + one * LOOK_AGAIN_MS)];
    return [...delays.filter((one) => one < end), end];
}

/** By the region's clock, where both times are known: the machine's may have been corrected since. */
function isWithinLife({ clock, client }: Context, region: string, note: Note): boolean {
    const offset = knownOffset(client, region) ?? note.offsetMs ?? 0;
    return clock.now() + offset < note.until + (note.offsetMs ?? offset);
}

/** Requests of one plan, until one of them is known to have had its effect. */
interface Attempts {
    note: StoredNote | undefined;
    sends: number;
    sentAt: number;
    /** When the first one was sent whose effect may come to light yet. */
    doubtedAt: number | undefined;
    isOrphan: boolean;
}

async function send<Sent, Found>(context: Context, plan: PostPlan<Sent, Found>): Promise<PostOutcome<Sent, Found>> {
    const { clock, journal } = context;
    const attempts: Attempts = {
        note: undefined,
        sends: 0,
        sentAt: clock.now(),
        doubtedAt: undefined,
        isOrphan: false,
    };
    const outcome = () => ({
        note: attempts.note ?? journal.begin(noteOf(context, plan, attempts.sentAt)),
        wasRepeated: attempts.sends > 1 && attempts.doubtedAt !== undefined,
    });
    try {
        for (;;) {
            attempts.sends++;
            try {
                const value = await plan.send(postOptions(context, plan, attempts));
                return { how: "sent", value, sentAt: attempts.sentAt, isProven: true, ...outcome() };
            } catch (error) {
                if (attempts.isOrphan || context.signal.aborted) throw error;
                const value = await afterFailure(context, plan, attempts, error);
                const sentAt = attempts.doubtedAt ?? attempts.sentAt;
                if (value !== undefined)
                    return {
                        how: "found",
                        value,
                        sentAt,
                        isProven: plan.isUnique?.(plan.facts) === true,
                        ...outcome(),
                    };
            }
        }
    } catch (error) {
        if (attempts.note !== undefined) journal.release(attempts.note);
        throw error;
    }
}

function postOptions<Sent, Found>(context: Context, plan: PostPlan<Sent, Found>, attempts: Attempts): PostOptions {
    const { clock, journal, log } = context;
    return {
        deadline: plan.deadline,
        // While one POST is in doubt, "busy" may speak of that very one: it is looked for, not waited for.
        busyIsFinal: attempts.doubtedAt !== undefined,
        onSend: async () => {
            // Another process may be at this request by now, with a note of its own.
            attempts.isOrphan = !(await context.isEngineAlive());
            if (attempts.isOrphan)
                throw new OperationFailedError(`${plan.what}: not sent, for the engine that asked is gone.`);
            attempts.sentAt = clock.now();
            const note = noteOf(context, plan, attempts.doubtedAt ?? attempts.sentAt);
            const sentAgainAt = attempts.doubtedAt === undefined ? undefined : attempts.sentAt;
            attempts.note =
                attempts.note === undefined
                    ? journal.begin(note)
                    : journal.rewrite(attempts.note, { ...note, sentAgainAt });
        },
        onRetry: (error, delayMs) => log.status(`${error.message} Trying again in ${formatDuration(delayMs)}.`),
    };
}

/** What was found of a POST that failed; undefined: it may be sent again. Throws when neither is so. */
async function afterFailure<Sent, Found>(
    context: Context,
    plan: PostPlan<Sent, Found>,
    attempts: Attempts,
    error: unknown,
): Promise<Found | undefined> {
    const { clock, client, journal, log } = context;
    const effect = sideEffectOf(error);
    const failedAt = clock.now();
    const inDoubt = attempts.doubtedAt !== undefined;
    const isBusy = inDoubt && error instanceof ApiError && error.retry === "busy";
    // "Nothing left to do" may speak of the one in doubt, too; but waiting does not change it.
    const isNothingLeft = inDoubt && error instanceof ApiError && error.failure.code === "BackupService.0001";
    if (effect === "nothing" && !isBusy && !isNothingLeft) {
        // The effect of one in doubt may come to light yet: its note stays for the next run.
        if (!inDoubt && attempts.note !== undefined) journal.remove(attempts.note);
        throw error;
    }
    attempts.doubtedAt ??= attempts.sentAt;
    log.status(`${plan.what}: the answer was lost; looking for its effect`);
    // From the first that is in doubt on: its effect may come to light only after another one was sent.
    // And what was cut off may be carried out while it is looked for.
    const span = { from: attempts.doubtedAt, to: clock.now() + LOOK_FOR_MS };
    const window = () => windowOf(client, plan.target.region, span);
    const search = { window, facts: plan.facts, delaysMs: SEARCH_DELAYS_MS, lost: error };
    const found = await searchForEffect(context, plan, search);
    if (found !== undefined) return found;
    if (isNothingLeft) throw error;
    const wished = error instanceof ApiError ? (error.failure.retryAfterMs ?? 0) : 0;
    const pause = Math.min(failedAt + wished, Math.max(plan.deadline, clock.now())) - clock.now();
    if (pause > 0) await clock.sleep(pause, context.signal);
    if (isBusy && clock.now() < plan.deadline) attempts.sends--;
    else if (effect === "accepted" || attempts.sends >= MAX_SENDS || clock.now() >= plan.deadline)
        throw unsure(plan, error, "its effect was not found");
    return undefined;
}

function noteOf<Sent, Found>(context: Context, plan: PostPlan<Sent, Found>, startedAt: number): Note {
    return {
        urn: context.urn,
        part: plan.part,
        what: plan.what,
        whereToLook: plan.whereToLook,
        place: placeOf(context, plan.target),
        fingerprint: fingerprintOf(plan.request),
        startedAt,
        offsetMs: knownOffset(context.client, plan.target.region),
        until: plan.deadline,
        facts: plan.facts,
    };
}

function placeOf({ client }: Context, { region, projectId }: ProjectRef): string {
    return `${client.baseUrl(region)} ${projectId}`;
}

/** Writes down what the request made: ids, by which a later process asks for it. */
export function noteOutcome<Sent, Found>(
    context: Context,
    plan: Pick<PostPlan<Sent, Found>, "target" | "made">,
    outcome: PostOutcome<Sent, Found>,
    known: { readonly facts: Facts; readonly resourceId: string },
): void {
    const { note, value, isProven } = outcome;
    context.journal.rewrite(note, {
        facts: { ...note.facts, ...known.facts },
        resourceId: known.resourceId,
        made: plan.made(value),
        // The answer has told the region's time.
        offsetMs: note.offsetMs ?? knownOffset(context.client, plan.target.region),
        ...(isProven ? {} : { unproven: true }),
    });
}

/**
 * What follows the request, up to the end of the create call. A failure with nothing left to wait for is told with its
 * id: another create of this process goes on from it, and one of another process makes a new request.
 */
export async function holdingNotes<O, Result>(
    context: Context,
    outcomes: readonly { readonly note: StoredNote }[],
    hasEnded: (outputs: O) => boolean,
    run: () => Promise<Result>,
): Promise<Result> {
    try {
        return await run();
    } catch (error) {
        const isFinal = error instanceof PartialCreateError && hasEnded(error.outputs as O);
        if (isFinal && (await context.isEngineAlive())) for (const { note } of outcomes) context.journal.tell(note);
        throw error;
    } finally {
        for (const { note } of outcomes) context.journal.release(note);
    }
}
