/**
 * Exactly once. No POST of this API is idempotent and answers get lost; so when one ends without an answer, its effect
 * is looked for before anything is sent again.
 */
import { type CallOptions, type Client, REQUEST_TIMEOUT_MS } from "../client/client";
import { ApiError, CbrError, messageOf, OperationFailedError, UncertainOutcomeError } from "../client/errors/errors";
import { sideEffectOf } from "../client/http/retry";
import { formatDuration } from "../client/time/duration";
import type { Context } from "../services/context";
import { digest } from "./journal";

/** When to look for the effect of a POST whose answer was lost, in milliseconds after the loss. Absent in all looks = it had none. */
export const SEARCH_DELAYS_MS: readonly number[] = [0, 1_000, 3_000, 7_000, 15_000];
/** The last of these looks. */
const LOOK_FOR_MS = Math.max(...SEARCH_DELAYS_MS);
/** While the cloud cannot be asked, the same look is tried again after this long, in milliseconds, for as long as there is time. */
export const LOOK_AGAIN_MS = 15_000;
/** A POST is sent at most this often, and each time only after the one before surely had no effect. */
export const MAX_SENDS = 4;
/** Cloud and machine may disagree about the time by this much even after correction, in milliseconds. */
export const CLOCK_TOLERANCE_MS = 2_000;

/** When the effect can have begun, in milliseconds since the epoch, as timestamps of the region say. */
export interface TimeWindow {
    /** Not before this, however wrong the region's clock is. */
    readonly from: number;
    /** Something of this time: can it be the effect? `maybe`: if the region's clock is wrong by as much as that. */
    contains(instant: number): "yes" | "maybe" | "no";
}

export interface PostPlan<Sent, Found> {
    /** Files the journal entry; one request a resource at a time. */
    readonly request: unknown;
    readonly region: string;
    /** Facts kept in the journal, by which a later process finds the effect. */
    readonly facts: Readonly<Record<string, string>>;
    /** For messages: `CreateCheckpoint for vault 1234`. */
    readonly what: string;
    /** What a person should look at when nobody knows: `the backups of vault 1234 named x`. */
    readonly whereToLook: string;
    /** Clock time at which all trying ends. */
    readonly deadline: number;
    /** Sends the POST, with these options of the call. */
    send(post: PostOptions): Promise<Sent>;
    /** Looks for the effect. Undefined: not there (yet). Throws `UnsureError` when several things could be it; when one only may be, not before the last look. `facts` are those of the POST looked for. */
    find(window: TimeWindow, facts: Readonly<Record<string, string>>, isLast: boolean): Promise<Found | undefined>;
}

/** How a POST is sent by `postOnce`. */
export type PostOptions = Required<Pick<CallOptions<never>, "onRetry" | "onSend" | "busyIsFinal">> & {
    readonly deadline: number;
};

export type PostOutcome<Sent, Found> = (
    | { readonly how: "sent"; readonly value: Sent }
    /** Its answer was lost, its effect was found. */
    | { readonly how: "found"; readonly value: Found }
    /** A process before this one had sent it. */
    | { readonly how: "recovered"; readonly value: Found }
) & {
    /** Clock time of the POST; of several, the first whose effect it may be. */
    readonly sentAt: number;
    /** Those of the POST whose effect it is. */
    readonly facts: Readonly<Record<string, string>>;
};

export function journalKey(context: Context, region: string): string {
    return `${context.urn}|${context.client.baseUrl(region)}`;
}

/** Sends what `plan` describes, and makes sure that it took effect once. The journal entry stays until `settleJournal` is called, so that a crash in the wait that follows loses nothing. */
export async function postOnce<Sent, Found>(
    context: Context,
    plan: PostPlan<Sent, Found>,
): Promise<PostOutcome<Sent, Found>> {
    const { clock, client, journal } = context;
    const key = journalKey(context, plan.region);
    const fingerprint = fingerprintOf(plan.request);
    const begun = clock.now();
    const left = journal.find(key, fingerprint, begun);
    if (left !== undefined) {
        // Whoever sent it waited this long at most for the answer.
        const sentLast = Math.max(left.startedAt, left.sentAgainAt ?? left.startedAt);
        const latest = Math.min(clock.now(), sentLast + REQUEST_TIMEOUT_MS);
        const window = () => windowOf(client, plan.region, left.startedAt, latest);
        // Sent a moment ago, it may take effect yet; later, one look tells.
        const isYoung = begun < sentLast + REQUEST_TIMEOUT_MS + LOOK_FOR_MS;
        const found = await searchForEffect(
            context,
            plan,
            window,
            left.facts,
            isYoung ? SEARCH_DELAYS_MS : [0],
            "an interrupted run had sent it.",
        );
        if (found !== undefined) return { how: "recovered", value: found, sentAt: left.startedAt, facts: left.facts };
    }
    let sentAt = begun;
    let doubtedAt: number | undefined;
    let isOrphan = false;
    for (let sends = 1; ; sends++) {
        const post: PostOptions = {
            deadline: plan.deadline,
            // While one POST is in doubt, "busy" may speak of that very one: it is looked for, not waited for.
            busyIsFinal: doubtedAt !== undefined,
            onSend: async () => {
                // Another process may be at this request by now, with an entry of its own.
                isOrphan = !(await context.isEngineAlive());
                if (isOrphan)
                    throw new OperationFailedError(`${plan.what}: not sent, for the engine that asked is gone.`);
                sentAt = clock.now();
                const again = doubtedAt === undefined ? {} : { sentAgainAt: sentAt };
                journal.write(key, { fingerprint, startedAt: doubtedAt ?? sentAt, ...again, facts: plan.facts });
            },
            onRetry: (error, delayMs) =>
                context.log.status(`${error.message} Trying again in ${formatDuration(delayMs)}.`),
        };
        try {
            return { how: "sent", value: await plan.send(post), sentAt, facts: plan.facts };
        } catch (error) {
            if (isOrphan || context.signal.aborted) throw error;
            const effect = sideEffectOf(error);
            const failedAt = clock.now();
            const inDoubt = doubtedAt !== undefined;
            const isBusy = inDoubt && error instanceof ApiError && error.retry === "busy";
            // "Nothing left to do" may speak of the one in doubt, too; but waiting does not change it.
            const isNothingLeft = inDoubt && error instanceof ApiError && error.failure.code === "BackupService.0001";
            if (effect === "nothing" && !isBusy && !isNothingLeft) {
                // The effect of one in doubt may come to light yet: its entry stays for the next run.
                if (!inDoubt) journal.remove(key);
                throw error;
            }
            doubtedAt ??= sentAt;
            context.log.status(`${plan.what}: the answer was lost; looking for its effect`);
            // From the first that is in doubt on: its effect may come to light only after another one was sent.
            // And what was cut off may be carried out while it is looked for.
            const [from, to] = [doubtedAt, clock.now() + LOOK_FOR_MS];
            const window = () => windowOf(client, plan.region, from, to);
            const found = await searchForEffect(context, plan, window, plan.facts, SEARCH_DELAYS_MS, error);
            if (found !== undefined) return { how: "found", value: found, sentAt: doubtedAt, facts: plan.facts };
            if (isNothingLeft) throw error;
            const wished = error instanceof ApiError ? (error.failure.retryAfterMs ?? 0) : 0;
            const pause = failedAt + wished - clock.now();
            if (pause > 0) await clock.sleep(Math.min(pause, Math.max(0, plan.deadline - clock.now())), context.signal);
            if (isBusy && clock.now() < plan.deadline) sends--;
            else if (effect === "accepted" || sends >= MAX_SENDS || clock.now() >= plan.deadline)
                throw unsure(plan, error, "its effect was not found");
        }
    }
}

/** Adds a fact to the entry, such as the id once it is known. `sentAt` is the clock time of the POST. */
export function noteInJournal(
    context: Context,
    plan: Pick<PostPlan<unknown, unknown>, "request" | "region" | "facts">,
    facts: Readonly<Record<string, string>>,
    sentAt: number,
): void {
    context.journal.write(journalKey(context, plan.region), {
        fingerprint: fingerprintOf(plan.request),
        startedAt: sentAt,
        facts: { ...plan.facts, ...facts },
    });
}

/** Hosts hand over maps in any order: the keys are sorted, at every depth. */
function fingerprintOf(request: unknown): string {
    const sorted = (_key: string, value: unknown): unknown =>
        typeof value === "object" && value !== null && !Array.isArray(value)
            ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
            : value;
    return digest(JSON.stringify(request, sorted));
}

/** Two clocks can be meant: the one that `Date` headers tell, and, where a header is wrong or a proxy's, our own. */
export function windowOf(client: Client, region: string, begun: number, ended: number): TimeWindow {
    const spans = [client.serverOffsetMs(region), 0].map((offset) => ({
        from: begun + offset - CLOCK_TOLERANCE_MS,
        to: ended + offset + CLOCK_TOLERANCE_MS,
    }));
    const slack = client.serverOffsetSlackMs(region);
    const isWithin = (instant: number, more: number) =>
        spans.some(({ from, to }) => instant >= from - more && instant <= to + more);
    return {
        from: Math.min(...spans.map(({ from }) => from)) - slack,
        contains: (instant) => (isWithin(instant, 0) ? "yes" : isWithin(instant, slack) ? "maybe" : "no"),
    };
}

async function searchForEffect<Sent, Found>(
    context: Context,
    plan: PostPlan<Sent, Found>,
    window: () => TimeWindow,
    facts: Readonly<Record<string, string>>,
    looksMs: readonly number[],
    lost: unknown,
): Promise<Found | undefined> {
    const begun = context.clock.now();
    for (const at of looksMs) {
        const pause = begun + at - context.clock.now();
        if (pause > 0) await context.clock.sleep(pause, context.signal);
        const found = await searchOnce(context, plan, window, facts, at === looksMs.at(-1), lost);
        if (found !== undefined) return found;
    }
    return undefined;
}

async function searchOnce<Sent, Found>(
    context: Context,
    plan: PostPlan<Sent, Found>,
    window: () => TimeWindow,
    facts: Readonly<Record<string, string>>,
    isLast: boolean,
    lost: unknown,
): Promise<Found | undefined> {
    const isGuess = () => context.client.serverOffsetSlackMs(plan.region) > 0;
    for (;;) {
        try {
            const wasGuess = isGuess();
            const found = await plan.find(window(), facts, isLast && !wasGuess);
            // The very answer may have told the region's time: what the guess found, or did not find, is looked for again.
            return wasGuess ? await plan.find(window(), facts, isLast) : found;
        } catch (error) {
            if (error instanceof UncertainOutcomeError) throw error;
            const mayPass = error instanceof CbrError && (error.retry === "backoff" || error.retry === "throttled");
            if (!mayPass || context.clock.now() + LOOK_AGAIN_MS >= plan.deadline)
                throw unsure(plan, lost, `looking for its effect failed too: ${messageOf(error)}`);
            context.log.status(
                `${plan.what}: the answer was lost, and the cloud cannot be asked (${messageOf(error)}); looking again`,
            );
            await context.clock.sleep(LOOK_AGAIN_MS, context.signal);
        }
    }
}

const sentence = (text: string): string => `${text.trimEnd().replace(/[.]+$/, "")}.`;

function unsure<Sent, Found>(plan: PostPlan<Sent, Found>, lost: unknown, found: string): UncertainOutcomeError {
    return new UncertainOutcomeError(
        `${plan.what} may or may not have taken effect, and nothing was sent again: ${sentence(messageOf(lost))} Then ${sentence(found)} ` +
            `Look at ${plan.whereToLook}; if it is there, name its id in \`adopt\` where the resource has that input, else run \`pulumi up\` again.`,
        { cause: lost },
    );
}

/** The create call is about to return to its host: if that still lives to hear it, the entry has done its work. */
export async function settleJournal(context: Context, region: string): Promise<void> {
    if (await context.isEngineAlive()) context.journal.settled(journalKey(context, region));
}
