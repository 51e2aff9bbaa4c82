/** When the next look comes, for all waits that share it. Clock times and durations are in milliseconds. */
import type { Clock } from "../client/time/clock";
import type { Forecast } from "./forecast";

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
/** A pause is shortened by up to this share, so that processes started together drift apart. */
const JITTER = 0.2;

/** A wait, as far as its looks depend on it. */
interface ScheduledWait {
    readonly since: number;
    readonly forecast: Forecast;
    readonly wait: { readonly deadline: number; readonly minPauseMs?: number | undefined };
}

/**
 * The pause grows from look to look while nothing happens, and is the shortest again after progress. A look comes
 * earlier when an end is expected, by what others took or by percentages, and when somebody new waits.
 */
export class PollSchedule {
    readonly #clock: Clock;
    readonly #waits: ReadonlySet<ScheduledWait>;
    #interval = MIN_INTERVAL_MS;
    #lookedAt = Number.NEGATIVE_INFINITY;
    #progressed = false;
    /** From the beginning of a wait to the look that saw its end; the newest last. */
    readonly #took: number[] = [];

    /** `waits` are those that wait now. */
    constructor(clock: Clock, waits: ReadonlySet<ScheduledWait>) {
        this.#clock = clock;
        this.#waits = waits;
    }

    /** When the last look began. */
    get lookedAt(): number {
        return this.#lookedAt;
    }

    /** A wait has begun, and is among the others by now. Returns when it wants a look. */
    join(now: number): number {
        this.#interval = MIN_INTERVAL_MS;
        const usual = Math.min(...this.#took);
        const first = Number.isFinite(usual) ? Math.min(usual, MIN_INTERVAL_MS) : 0;
        const crowd = Math.min(MIN_INTERVAL_MS, this.#waits.size * CROWD_MS);
        const wanted = Math.min(Math.max(now + Math.max(first, FIRST_LOOK_MS), this.#lookedAt + crowd), this.#due());
        return Math.max(wanted, this.#lookedAt + this.#minPause());
    }

    /** A look begins. */
    look(): void {
        this.#lookedAt = this.#clock.now();
    }

    /** A wait has moved on, or is over: the next pause is the shortest. */
    progress(): void {
        this.#progressed = true;
    }

    /** What was waited for has ended, this long after its wait began. */
    end(took: number): void {
        this.#took.push(took);
        if (this.#took.length > REMEMBERED) this.#took.shift();
    }

    /** When the look after the one that is over comes; `wanted`: when those want it that came meanwhile. */
    next(wanted: number): number {
        this.#interval = this.#progressed
            ? MIN_INTERVAL_MS
            : Math.min(MAX_INTERVAL_MS, this.#interval * INTERVAL_GROWTH);
        this.#progressed = false;
        const pause = this.#interval * (1 - JITTER * this.#clock.random());
        const next = Math.min(wanted, this.#clock.now() + pause, this.#due(), this.#foreseen());
        return Math.max(next, this.#lookedAt + this.#minPause());
    }

    /** When the next one will have ended, if it takes as long as the others did. */
    #due(): number {
        const usual = Math.min(...this.#took);
        if (!Number.isFinite(usual)) return Number.POSITIVE_INFINITY;
        let due = Number.POSITIVE_INFINITY;
        for (const { since } of this.#waits) if (since + usual > this.#lookedAt) due = Math.min(due, since + usual);
        const crowd = Math.min(MIN_INTERVAL_MS, this.#waits.size * DUE_CROWD_MS);
        return Math.max(due, this.#lookedAt + Math.max(crowd, usual * DUE_SHARE, FIRST_LOOK_MS));
    }

    /** Half of the time until the first end that percentages foretell, for they may be wrong. */
    #foreseen(): number {
        const now = this.#clock.now();
        let end = Number.POSITIVE_INFINITY;
        for (const { forecast } of this.#waits) end = Math.min(end, forecast.endAfter(now) ?? end);
        return now + Math.max(MIN_INTERVAL_MS, (end - now) / 2);
    }

    /**
     * The shortest that any of the waits asks for; of its time that is left a wait lets no more than half pass without
     * a look.
     */
    #minPause(): number {
        let least = Number.POSITIVE_INFINITY;
        for (const { wait } of this.#waits)
            least = Math.min(least, wait.minPauseMs ?? 0, Math.max(0, (wait.deadline - this.#lookedAt) / 2));
        return Number.isFinite(least) ? least : 0;
    }
}
