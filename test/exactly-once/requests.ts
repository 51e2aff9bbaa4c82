/** A request that is to be made once, with what each send comes to and each look finds. */
import { expect } from "vitest";
import type { Client } from "../../provider/client/client";
import { ApiError, TransportError } from "../../provider/client/errors/errors";
import { resolveSettings } from "../../provider/client/settings/settings";
import { createJournal, type Note } from "../../provider/exactly-once/journal";
import { memoryStore, type NoteStore } from "../../provider/exactly-once/note-store";
import { noteOutcome, type PostPlan, postOnce } from "../../provider/exactly-once/post-once";
import type { Span, TimeWindow } from "../../provider/exactly-once/time-window";
import type { Context } from "../../provider/services/context";
import { Holders } from "../../provider/services/holders";
import { Memory } from "../../provider/services/memory";
import { FakeClock } from "../support/fake-clock";

export const lost = () => new TransportError("CreateCheckpoint: the connection was reset", { sent: true });
export const api = (status: number, code = "", retryAfterMs?: number) =>
    new ApiError({ operation: "CreateCheckpoint", status, code, text: "text", retryAfterMs });

export interface Parts {
    /** The machine's notes. */
    store?: NoteStore;
    clock?: FakeClock;
    offsetMs?: number;
    slackMs?: () => number;
    isEngineAlive?: () => boolean;
    signal?: AbortSignal;
    request?: unknown;
    projectId?: string;
    part?: string;
    isUnique?: boolean;
    isRunning?: boolean;
    doubted?: Span;
    budgetMs?: number;
    facts?: Record<string, string>;
    /** What each POST comes to, in order; the last one counts for all that follow. */
    sends?: readonly (string | Error)[];
    /** What each look finds, in order; the last one counts for all that follow. */
    finds?: readonly (string | Error | undefined)[];
}

export function make(parts: Parts = {}) {
    const clock = parts.clock ?? new FakeClock();
    const store = parts.store ?? memoryStore();
    const journal = createJournal(store);
    const lines: string[] = [];
    const warnings: string[] = [];
    const context: Context = {
        settings: resolveSettings(
            () => undefined,
            {},
            { read: () => undefined, cwd: () => "/", home: () => undefined },
        ),
        client: {
            serverOffsetMs: () => parts.offsetMs ?? 0,
            serverOffsetSlackMs: parts.slackMs ?? (() => 0),
            baseUrl: () => "https://cbr.test",
        } as unknown as Client,
        clock,
        poller: undefined as never,
        journal,
        holders: new Holders(clock),
        memory: new Memory(),
        isEngineAlive: async () => parts.isEngineAlive?.() ?? true,
        signal: parts.signal ?? new AbortController().signal,
        log: { status: (text) => lines.push(text), info: () => {}, warn: (text) => warnings.push(text) },
        resourceName: "it",
        urn: "urn:it",
    };
    const begun = clock.elapsed;
    const log: [what: string, at: number][] = [];
    const windows: TimeWindow[] = [];
    const factsSeen: Readonly<Record<string, string>>[] = [];
    const [sends, finds] = [[...(parts.sends ?? ["sent"])], [...(parts.finds ?? [undefined])]];
    const next = <T>(list: T[]): T => (list.length > 1 ? list.shift() : list[0]) as T;
    const { isUnique, isRunning, doubted, part } = parts;
    const plan: PostPlan<string, string> = {
        request: parts.request ?? { vaultId: "v" },
        target: { region: "eu-de", projectId: parts.projectId ?? "p" },
        ...(part === undefined ? {} : { part }),
        ...(isUnique === undefined ? {} : { isUnique: () => isUnique }),
        ...(isRunning === undefined ? {} : { isRunning: () => isRunning }),
        doubted,
        made: (value) => `restore point ${value}`,
        facts: parts.facts ?? { name: "it-1a2b3c4d" },
        what: "CreateCheckpoint for vault v",
        whereToLook: "the backups of vault v named it-1a2b3c4d",
        deadline: clock.now() + (parts.budgetMs ?? 3_600_000),
        send: async (post) => {
            await post.onSend();
            log.push(["send", clock.elapsed - begun]);
            const answer = next(sends);
            if (answer instanceof Error) throw answer;
            return answer;
        },
        find: async (window, facts) => {
            log.push(["look", clock.elapsed - begun]);
            windows.push(window);
            factsSeen.push(facts);
            const found = next(finds);
            if (found instanceof Error) throw found;
            return found;
        },
    };
    /** What stands in the store for this resource. */
    const pending = (): Note | undefined => notes(store)[0];
    return {
        context,
        plan,
        clock,
        store,
        log,
        windows,
        factsSeen,
        lines,
        warnings,
        pending,
        run: () => postOnce(context, plan),
    };
}

export function notes(store: NoteStore): Note[] {
    return store.list("").map((file) => JSON.parse(store.read(file) ?? "") as Note);
}

/** First and last time after `begun` that fits, to the second. */
export function spanOf(window: TimeWindow, begun: number): [number, number] {
    const fitting = Array.from({ length: 601 }, (_, index) => (index - 120) * 1_000).filter(
        (after) => window.contains(begun + after) === "yes",
    );
    return [fitting[0] ?? Number.NaN, fitting.at(-1) ?? Number.NaN];
}

export async function errorOf(run: Promise<unknown>): Promise<Error> {
    return run.then(
        () => expect.unreachable("it should have failed"),
        (error: unknown) => error as Error,
    );
}

/** The notes that a process leaves that died during its POST. */
export async function died(more: Parts = {}) {
    const before = make({ ...more, sends: [lost()], finds: [api(403)] });
    const startedAt = before.clock.now();
    await errorOf(before.run());
    return { store: before.store, clock: before.clock, startedAt };
}

/** And one that had its answer, and died in the wait. */
export async function diedWaiting(more: Parts = {}) {
    const before = make(more);
    const startedAt = before.clock.now();
    const outcome = await before.run();
    noteOutcome(before.context, before.plan, outcome, { facts: { checkpointId: "cp" }, resourceId: "cp" });
    return { store: before.store, clock: before.clock, startedAt };
}
