import type { Clock } from "../../../provider/client/time/clock";
import { instantAt } from "./instants";

/** What a running piece of work does when it gets so far. `at` is a share of the whole, 0 to 1. */
export interface Stage {
    readonly at: number;
    /**
     * `instantMs`: when it happened, in milliseconds since the epoch (may lie a little in the past: nothing runs
     * between requests).
     */
    apply(instantMs: number): void;
}

/** A backup run, a replication, a sync or a deletion under way. */
export interface Work {
    readonly startedMs: number;
    /** Milliseconds from start to end, where the clock moves it. */
    readonly durationMs: number;
    /** GET requests from start to end, where reads move it. */
    readonly reads: number;
    readonly stages: readonly Stage[];
    nextStage: number;
    looks: number;
    lastLook: number;
    cancelled: boolean;
}

/**
 * "clock": work takes time. "reads": work takes a number of GET requests that look at it, so that tests need not sleep.
 */
export type ProgressBy = "clock" | "reads";

interface Due {
    readonly atMs: number;
    readonly run: (instantMs: number) => void;
}

/**
 * Moves work forward without timers: what is due happens when somebody looks (`settle`).
 * A binary heap keeps that cheap with tens of thousands of pieces under way.
 */
export class Schedule {
    readonly clock: Pick<Clock, "now">;
    readonly progressBy: ProgressBy;
    readonly readsToFinish: number;
    readonly #heap: Due[] = [];
    readonly #open = new Set<Work>();
    #lookId = 0;
    #lastMicros = 0;
    /** While something that is due happens: when it was due. */
    #dueMs: number | undefined;

    constructor(options: { clock: Pick<Clock, "now">; progressBy: ProgressBy; readsToFinish: number }) {
        this.clock = options.clock;
        this.progressBy = options.progressBy;
        this.readsToFinish = options.readsToFinish;
    }

    /**
     * The time: that of the clock, or of what happens belatedly because somebody looks. Milliseconds since the epoch.
     */
    now(): number {
        return this.#dueMs ?? this.clock.now();
    }

    /** The instant as a text; each call gives a later one, by a microsecond at least: creation order is never a tie. */
    nextInstant(instantMs: number = this.now()): string {
        this.#lastMicros = Math.max(this.#lastMicros + 1, Math.floor(instantMs) * 1000);
        return instantAt(this.#lastMicros);
    }

    /** Starts work. `slowMs` and `slowReads` override how long it takes. */
    start(options: {
        durationMs: number;
        stages: readonly Stage[];
        slowMs?: number | undefined;
        slowReads?: number | undefined;
    }): Work {
        const work: Work = {
            startedMs: this.now(),
            durationMs: options.slowMs ?? options.durationMs,
            reads: Math.max(1, options.slowReads ?? this.readsToFinish),
            stages: options.stages,
            nextStage: 0,
            looks: 0,
            lastLook: 0,
            cancelled: false,
        };
        this.#open.add(work);
        if (this.progressBy === "clock") this.#wait(work);
        return work;
    }

    /** Ends all that is under way at once, in the order it was started. */
    finishAll(): void {
        this.settle();
        for (const work of this.#open)
            while (!work.cancelled && work.nextStage < work.stages.length) this.#advance(work, this.clock.now());
        this.#open.clear();
    }

    /** Does something at a moment of the clock, however progress is counted (an expiry). */
    at(instantMs: number, run: () => void): void {
        this.#push({ atMs: instantMs, run });
    }

    /** Lets everything happen that is due by now. */
    settle(): void {
        const now = this.clock.now();
        for (let first = this.#heap[0]; first !== undefined && first.atMs <= now; first = this.#heap[0]) {
            this.#pop();
            const before = this.#dueMs;
            this.#dueMs = first.atMs;
            try {
                first.run(first.atMs);
            } finally {
                this.#dueMs = before;
            }
        }
    }

    /** Begins one GET request: all its looks at the same work count as one. */
    beginLook(): void {
        this.#lookId += 1;
    }

    /** Counts a look at `work` for the request begun last. True when that moved it on. */
    look(work: Work | undefined): boolean {
        if (work === undefined || this.progressBy === "clock" || work.cancelled || work.lastLook === this.#lookId)
            return false;
        work.lastLook = this.#lookId;
        work.looks += 1;
        let moved = false;
        for (let stage = work.stages[work.nextStage]; stage !== undefined; stage = work.stages[work.nextStage]) {
            if (work.cancelled || work.looks < Math.max(1, Math.ceil(stage.at * work.reads))) break;
            moved = true;
            this.#advance(work, this.clock.now());
        }
        return moved;
    }

    /** How far the work is, 0 to 100. */
    progress(work: Work | undefined): number {
        if (work === undefined || work.nextStage >= work.stages.length) return 100;
        const share =
            this.progressBy === "clock"
                ? (this.clock.now() - work.startedMs) / Math.max(1, work.durationMs)
                : work.looks / work.reads;
        return Math.max(0, Math.min(99, Math.floor(share * 100)));
    }

    #advance(work: Work, instantMs: number): void {
        const stage = work.stages[work.nextStage];
        work.nextStage += 1;
        if (work.nextStage >= work.stages.length) this.#open.delete(work);
        stage?.apply(instantMs);
    }

    #wait(work: Work): void {
        const index = work.nextStage;
        const stage = work.stages[index];
        if (stage === undefined) return;
        this.#push({
            atMs: work.startedMs + work.durationMs * stage.at,
            run: (instantMs) => {
                if (work.cancelled) this.#open.delete(work);
                if (work.cancelled || work.nextStage !== index) return;
                this.#advance(work, instantMs);
                this.#wait(work);
            },
        });
    }

    #push(due: Due): void {
        const heap = this.#heap;
        let index = heap.push(due) - 1;
        while (index > 0) {
            const parent = (index - 1) >> 1;
            const above = heap[parent];
            if (above === undefined || above.atMs <= due.atMs) break;
            heap[index] = above;
            index = parent;
        }
        heap[index] = due;
    }

    #pop(): void {
        const heap = this.#heap;
        const last = heap.pop();
        if (last === undefined || heap.length === 0) return;
        let index = 0;
        for (;;) {
            const left = heap[2 * index + 1];
            if (left === undefined) break;
            const right = heap[2 * index + 2];
            const [child, at] =
                right !== undefined && right.atMs < left.atMs ? [right, 2 * index + 2] : [left, 2 * index + 1];
            if (child.atMs >= last.atMs) break;
            heap[index] = child;
            index = at;
        }
        heap[index] = last;
    }
}
