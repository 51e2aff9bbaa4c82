/**
 * One poller for all that wait. A thousand waiting resources are not a thousand pollers: waits on the same topic share
 * each look, and a look is one list call (in pages). Handlers judge their own part of the answer.
 */

import { CbrError, messageOf, WaitTimeoutError } from "../client/errors/errors";
import type { Clock } from "../client/time/clock";
import { formatDuration } from "../client/time/duration";
import { Forecast } from "./forecast";

/** The first look comes this soon after a wait begins, so that what is done at once costs no second. Milliseconds. */
export const FIRST_LOOK_MS = 250;
/** Pause after a look that brought progress, in milliseconds. */
const MIN_INTERVAL_MS = 1_000;
/** Longest pause: terraform-provider-huaweicloud polls each checkpoint every 15 s. Milliseconds. */
const MAX_INTERVAL_MS = 15_000;
/** Growth of the pause from look to look while nothing happens. */
const INTERVAL_GROWTH = 1.5;
/**
 * A look for many costs more than one for few: somebody new brings the next one forward to this long after the last for
 * each that waits, in milliseconds, and by no more than to the shortest pause.
 */
const CROWD_MS = 1;
/** What others took lately is expected of the next: so many of them are remembered, and the quickest counts. */
const REMEMBERED = 10;
/**
 * Those that are due at nearly the same time share a look: it comes no sooner after the last than this share of what is
 * usual, nor than `FIRST_LOOK_MS`.
 */
const DUE_SHARE = 0.05;
/**
 * The more wait, the less a moment of each costs: nor sooner than this for each that waits, in milliseconds, up to the
 * shortest pause.
 */
const DUE_CROWD_MS = 10;
/**
 * When thousands finish together, each judge makes a call: after so many of them the rest of the process gets its turn.
 */
const CALLS_AT_ONCE = 200;
/** A pause is shortened by up to this share, so that processes started together drift apart. */
const JITTER = 0.2;

/**
 * For `onLook`: passing lines such as `protecting 58 %, 2 min, one of 3 restore points that are waited for`.
 *
 * @param what All that wait on the topic.
 */
export function showProgress(log: { status(text: string): void }, what: string) {
    return (status: string, elapsedMs: number, waiting: number): void => {
        const others = waiting > 1 ? `, one of ${waiting} ${what}` : "";
        log.status(`${status}, ${formatDuration(elapsedMs)}${others}`);
    };
}

/** Longest run of looks that show nothing of a wait before it asks by id once more. */
const UNSEEN_TURN = 8;

/**
 * Of the looks that did not show what is waited for, which ask for it by its id: the 1st, 2nd, 4th, then every 8th. A
 * thousand that are in no list must not make a thousand requests a look.
 */
export const shouldFetchById = (unseen: number): boolean =>
    unseen < UNSEEN_TURN ? (unseen & (unseen - 1)) === 0 : unseen % UNSEEN_TURN === 0;

/** Something to look at for many at once: `questions` are those of the waits, answers stand in the same order. */
export interface PollSource<Q, A> {
    /** Waits with the same key share looks; the first one's `look` serves all. */
    readonly key: string;
    /**
     * May throw: then all questions count as unanswered for this time. At `until` one of the waits gives up: no call
     * goes on beyond.
     */
    look(questions: readonly Q[], until: number): Promise<readonly (A | undefined)[]>;
    /**
     * A look that is refused for good, three times in a row, ends the waits with what it threw. Without it, judges ask
     * for themselves.
     */
    readonly refusalEnds?: true;
}

/** A single refusal may be a proxy's. */
const REFUSALS = 3;

export type PollResult<R> =
    | { readonly done: true; readonly result: R }
    /** `status` is what was seen, in the API's words; `note` may say more for people. */
    | {
          readonly done: false;
          readonly status: string;
          readonly note?: string;
          /** How much of it is done, 0 to 100, where the look showed it. */
          readonly percent?: number | undefined;
      };

export interface Wait<Q, A, R> {
    readonly topic: PollSource<Q, A>;
    readonly question: Q;
    /** Judges one answer; undefined when the look had none for this question. What it throws ends this wait only. */
    evaluate(answer: A | undefined): PollResult<R> | Promise<PollResult<R>>;
    /** Clock time at which the wait gives up; a look that is under way ends by then. */
    readonly deadline: number;
    /** What is waited for, as the time-out's message begins: `checkpoint 1234 of vault 5678`. */
    readonly what: string;
    /**
     * Shortest pause between looks, in milliseconds. Of the waits that share a look the shortest counts. Default: the
     * poller's own.
     */
    readonly minPauseMs?: number | undefined;
    /** Told after each look. */
    readonly onLook?: (status: string, elapsedMs: number, waiting: number) => void;
}

interface Waiter {
    readonly wait: Wait<unknown, unknown, unknown>;
    readonly since: number;
    readonly seen: Map<string, number>;
    readonly forecast: Forecast;
    status: string | undefined;
    judging: boolean;
    readonly resolve: (value: unknown) => void;
    readonly reject: (reason: unknown) => void;
}

/** What handlers wait with. */
export interface Waits {
    wait<Q, A, R>(wait: Wait<Q, A, R>): Promise<R>;
    /** The same, with another shortest pause for waits that name none; undefined changes nothing. Milliseconds. */
    paced(minPauseMs: number | undefined): Waits;
}

export class Poller implements Waits {
    readonly #clock: Clock;
    readonly #rounds = new Map<string, PollGroup>();

    readonly #signal: AbortSignal | undefined;
    readonly #minPauseMs: number;

    /** `signal` ends every wait. `minPauseMs` is the shortest pause between looks, for waits that name none. */
    constructor(clock: Clock, signal?: AbortSignal, minPauseMs = 0) {
        this.#clock = clock;
        this.#minPauseMs = minPauseMs;
        this.#signal = signal;
        signal?.addEventListener("abort", () => {
            for (const round of this.#rounds.values()) round.abort(signal.reason);
        });
    }

    /**
     * Resolves with the result of the first verdict that is done. Rejects with what `judge` throws, with
     * `WaitTimeoutError`, or with the reason of the poller's signal.
     */
    wait<Q, A, R>(wait: Wait<Q, A, R>): Promise<R> {
        if (this.#signal?.aborted) return Promise.reject(this.#signal.reason);
        const { key } = wait.topic;
        let round = this.#rounds.get(key);
        if (round === undefined) {
            round = new PollGroup(this.#clock);
            this.#rounds.set(key, round);
        }
        return round.add({ ...wait, minPauseMs: wait.minPauseMs ?? this.#minPauseMs });
    }

    paced(minPauseMs: number | undefined): Waits {
        if (minPauseMs === undefined) return this;
        return {
            wait: (wait) => this.wait({ ...wait, minPauseMs: wait.minPauseMs ?? minPauseMs }),
            paced: (other) => this.paced(other ?? minPauseMs),
        };
    }
}

/** All waits on one topic. Stays when the last has gone: it knows how long they took. */
class PollGroup {
    readonly #clock: Clock;
    readonly #waiters = new Set<Waiter>();
    #interval = MIN_INTERVAL_MS;
    #nextLook = 0;
    #lookedAt = Number.NEGATIVE_INFINITY;
    #lookError: string | undefined;
    #refusals = 0;
    #wake: AbortController | undefined;
    #running = false;
    #progressed = false;
    /** Milliseconds from the beginning of a wait to the look that saw its end; the newest last. */
    readonly #took: number[] = [];

    constructor(clock: Clock) {
        this.#clock = clock;
    }

    add<Q, A, R>(wait: Wait<Q, A, R>): Promise<R> {
        return new Promise<R>((resolve, reject) => {
            const now = this.#clock.now();
            const waiter: Waiter = {
                wait: wait as Wait<unknown, unknown, unknown>,
                since: now,
                seen: new Map(),
                forecast: new Forecast(),
                status: undefined,
                judging: false,
                resolve: resolve as (value: unknown) => void,
                reject,
            };
            this.#waiters.add(waiter);
            this.#interval = MIN_INTERVAL_MS;
            const usual = Math.min(...this.#took);
            const first = Number.isFinite(usual) ? Math.min(usual, MIN_INTERVAL_MS) : 0;
            const crowd = Math.min(MIN_INTERVAL_MS, this.#waiters.size * CROWD_MS);
            const wanted = Math.min(
                Math.max(now + Math.max(first, FIRST_LOOK_MS), this.#lookedAt + crowd),
                this.#due(),
            );
            const soon = Math.max(wanted, this.#lookedAt + this.#minPause());
            if (!this.#running) {
                this.#nextLook = soon;
                void this.#run();
            } else if (soon < this.#nextLook) {
                this.#nextLook = soon;
                this.#wake?.abort();
            }
        });
    }

    /** When the next one will have ended, if it takes as long as the others did. */
    #due(): number {
        const usual = Math.min(...this.#took);
        if (!Number.isFinite(usual)) return Number.POSITIVE_INFINITY;
        let due = Number.POSITIVE_INFINITY;
        for (const { since } of this.#waiters) if (since + usual > this.#lookedAt) due = Math.min(due, since + usual);
        const crowd = Math.min(MIN_INTERVAL_MS, this.#waiters.size * DUE_CROWD_MS);
        return Math.max(due, this.#lookedAt + Math.max(crowd, usual * DUE_SHARE, FIRST_LOOK_MS));
    }

    /** Half of the time until the first end that percentages foretell, for they may be wrong. */
    #foreseen(): number {
        const now = this.#clock.now();
        let end = Number.POSITIVE_INFINITY;
        for (const { forecast } of this.#waiters) end = Math.min(end, forecast.endAfter(now) ?? end);
        return now + Math.max(MIN_INTERVAL_MS, (end - now) / 2);
    }

    /**
     * The shortest that any of the waits asks for; of its time that is left a wait lets no more than half pass without
     * a look.
     */
    #minPause(): number {
        let least = Number.POSITIVE_INFINITY;
        for (const { wait } of this.#waiters)
            least = Math.min(least, wait.minPauseMs ?? 0, Math.max(0, (wait.deadline - this.#lookedAt) / 2));
        return Number.isFinite(least) ? least : 0;
    }

    abort(reason: unknown): void {
        for (const waiter of this.#waiters) this.#end(waiter, () => waiter.reject(reason));
    }

    async #run(): Promise<void> {
        this.#running = true;
        while (this.#waiters.size > 0) {
            await this.#pause();
            this.#expire();
            if (this.#clock.now() < this.#nextLook) continue;
            const asking = [...this.#waiters].filter((waiter) => !waiter.judging);
            // Set before the look: who comes meanwhile may bring the next one forward.
            this.#nextLook = Number.POSITIVE_INFINITY;
            this.#lookedAt = this.#clock.now();
            if (asking.length > 0) await this.#look(asking);
            this.#interval = this.#progressed
                ? MIN_INTERVAL_MS
                : Math.min(MAX_INTERVAL_MS, this.#interval * INTERVAL_GROWTH);
            this.#progressed = false;
            const pause = this.#interval * (1 - JITTER * this.#clock.random());
            const next = Math.min(this.#nextLook, this.#clock.now() + pause, this.#due(), this.#foreseen());
            this.#nextLook = Math.max(next, this.#lookedAt + this.#minPause());
        }
        this.#running = false;
    }

    /** Sleeps until the next look or the earliest deadline, or until somebody new wakes it. */
    async #pause(): Promise<void> {
        let until = this.#nextLook;
        for (const waiter of this.#waiters) until = Math.min(until, waiter.wait.deadline);
        const ms = until - this.#clock.now();
        if (ms <= 0) return;
        const wake = new AbortController();
        this.#wake = wake;
        await this.#clock.sleep(ms, wake.signal).catch((reason: unknown) => {
            if (!wake.signal.aborted) throw reason;
        });
    }

    async #look(asking: readonly Waiter[]): Promise<void> {
        const topic = asking[0]?.wait.topic;
        let answers: readonly unknown[] = [];
        try {
            const until = asking.reduce((least, { wait }) => Math.min(least, wait.deadline), Number.POSITIVE_INFINITY);
            const questions = asking.map((waiter) => waiter.wait.question);
            answers = (await topic?.look(questions, until)) ?? [];
            this.#lookError = undefined;
            this.#refusals = 0;
        } catch (error) {
            // A look that failed says nothing about any resource: each judges "no answer", and the next look comes
            // later.
            this.#lookError = messageOf(error);
            this.#refusals = error instanceof CbrError && error.retry === "never" ? this.#refusals + 1 : 0;
            if (topic?.refusalEnds && this.#refusals >= REFUSALS) {
                for (const waiter of asking) this.#end(waiter, () => waiter.reject(error));
                return;
            }
        }
        // Judging may take calls of its own; the others' next look does not wait for them.
        let calling = 0;
        for (const [at, waiter] of asking.entries()) {
            if (!this.#waiters.has(waiter)) continue;
            this.#judge(waiter, answers[at]);
            if (waiter.judging && ++calling % CALLS_AT_ONCE === 0) await this.#clock.sleep(0);
        }
    }

    #judge(waiter: Waiter, answer: unknown): void {
        // A call that has no time left tells less than the wait itself knows about what was seen.
        const fail = (error: unknown) =>
            error instanceof WaitTimeoutError ? this.#timeOut(waiter) : this.#end(waiter, () => waiter.reject(error));
        const took = this.#clock.now() - waiter.since;
        let verdict: PollResult<unknown> | Promise<PollResult<unknown>>;
        try {
            verdict = waiter.wait.evaluate(answer);
        } catch (error) {
            fail(error);
            return;
        }
        if (!(verdict instanceof Promise)) {
            this.#settle(waiter, verdict, took);
            return;
        }
        waiter.judging = true;
        verdict
            .finally(() => {
                waiter.judging = false;
            })
            .then((result) => this.#settle(waiter, result, took), fail);
    }

    #settle(waiter: Waiter, verdict: PollResult<unknown>, took: number): void {
        if (verdict.done) {
            this.#took.push(took);
            if (this.#took.length > REMEMBERED) this.#took.shift();
            this.#end(waiter, () => waiter.resolve(verdict.result));
            return;
        }
        // Judged too late: it has timed out or was aborted meanwhile.
        if (!this.#waiters.has(waiter)) return;
        const shown = verdict.note ?? verdict.status;
        waiter.forecast.see(verdict.percent, this.#lookedAt);
        // The first status is news, too: the pauses begin at the shortest. So is an end that should have come.
        if (waiter.status !== verdict.status || waiter.forecast.isDue(this.#lookedAt)) this.#progressed = true;
        waiter.status = verdict.status;
        waiter.seen.set(verdict.status, (waiter.seen.get(verdict.status) ?? 0) + 1);
        try {
            waiter.wait.onLook?.(shown, this.#clock.now() - waiter.since, this.#waiters.size);
        } catch {
            // A progress line that cannot be shown ends no wait, and above all not those of the others.
        }
    }

    #expire(): void {
        const now = this.#clock.now();
        for (const waiter of this.#waiters) if (waiter.wait.deadline <= now) this.#timeOut(waiter);
    }

    #timeOut(waiter: Waiter): void {
        const seen = [...waiter.seen].map(([status, count]) => `${status} × ${count}`).join(", ") || "no answer";
        const trouble = this.#lookError === undefined ? "" : ` The last look failed: ${this.#lookError}`;
        const waited = `${Math.round((this.#clock.now() - waiter.since) / 1000)} s`;
        const message = `${waiter.wait.what}: not finished after ${waited}; seen: ${seen}.${trouble}`;
        this.#end(waiter, () => waiter.reject(new WaitTimeoutError(message)));
    }

    #end(waiter: Waiter, settle: () => void): void {
        if (!this.#waiters.delete(waiter)) return;
        this.#progressed = true;
        settle();
        if (this.#waiters.size === 0) this.#wake?.abort();
    }
}
