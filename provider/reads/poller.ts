/**
 * One poller for all that wait. A thousand waiting resources are not a thousand pollers: waits on the same topic share
 * each look, and a look is one list call (in pages). Handlers judge their own part of the answer.
 */

import { CbrError, messageOf, WaitTimeoutError } from "../client/errors/errors";
import type { Clock } from "../client/time/clock";
import { formatDuration } from "../client/time/duration";
import { Forecast } from "./forecast";
import { PollSchedule } from "./poll-schedule";

/**
 * When thousands finish together, each judge makes a call: after so many of them the rest of the process gets its turn.
 */
const CALLS_AT_ONCE = 200;
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
    readonly #schedule: PollSchedule;
    #nextLook = 0;
    #lookError: string | undefined;
    #refusals = 0;
    #wake: AbortController | undefined;
    #running = false;

    constructor(clock: Clock) {
        this.#clock = clock;
        this.#schedule = new PollSchedule(clock, this.#waiters);
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
            const soon = this.#schedule.join(now);
            if (!this.#running) {
                this.#nextLook = soon;
                void this.#run();
            } else if (soon < this.#nextLook) {
                this.#nextLook = soon;
                this.#wake?.abort();
            }
        });
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
            this.#schedule.look();
            if (asking.length > 0) await this.#look(asking);
            this.#nextLook = this.#schedule.next(this.#nextLook);
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
            this.#schedule.end(took);
            this.#end(waiter, () => waiter.resolve(verdict.result));
            return;
        }
        // Judged too late: it has timed out or was aborted meanwhile.
        if (!this.#waiters.has(waiter)) return;
        const shown = verdict.note ?? verdict.status;
        const { lookedAt } = this.#schedule;
        waiter.forecast.see(verdict.percent, lookedAt);
        // The first status is news, too: the pauses begin at the shortest. So is an end that should have come.
        if (waiter.status !== verdict.status || waiter.forecast.isDue(lookedAt)) this.#schedule.progress();
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
        this.#schedule.progress();
        settle();
        if (this.#waiters.size === 0) this.#wake?.abort();
    }
}
