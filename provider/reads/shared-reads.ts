/** Reads of many resources in a short time share one list instead of a GET each: what `refresh` does to a stack. */

import type { ProjectRef } from "../client/client";
import type { WireBackup, WireVault } from "../client/operations";
import { parseInstant, queryInstant } from "../client/time/timestamps";
import type { Services } from "../services/context";
import { fewBackupRows, groupBy } from "./backup-lists";
import {
    type CheckpointQuestion,
    FEW,
    onlyVault,
    ROWS_A_REQUEST,
    shownOfCheckpoint,
    spanOf,
    spanQuery,
} from "./checkpoint-lists";
import { LongLists, type Span } from "./long-lists";
import { PAGE } from "./paging";
import { fewVaultRows } from "./vault-lists";

/** Reads that come within this time are asked together, in milliseconds. */
const GATHER_MS = 15;
/** A list may serve reads for this long, in milliseconds, unless this process changed something meanwhile. */
const FRESH_MS = 5_000;
/**
 * The list of checkpoints begins this much before the oldest one asked for, in milliseconds, so that it also serves
 * neighbours.
 */
const MARGIN_MS = 3_600_000;
/** Checkpoints that were made further apart than this are not listed together in a busy vault, in milliseconds. */
const APART_MS = 600_000;

/** One list's answers, and for which questions it has the last word. */
interface Listed<Q, A> {
    covers(question: Q): boolean;
    answer(question: Q): A | undefined;
}

/** How one kind of object is read. */
interface Source<Q, A> {
    /** From so many questions on. Default 2. */
    readonly listFrom?: number;
    /** What this process does changes nothing of it. */
    readonly isSteady?: true;
    /**
     * In place of `worth` requests. Undefined: no list can serve these questions, or it would cost more than they do.
     */
    list(questions: readonly Q[], worth: number): Promise<Listed<Q, A> | undefined>;
    single(question: Q): Promise<A | undefined>;
}

interface Asked<Q, A> {
    readonly question: Q;
    readonly resolve: (answer: A | undefined) => void;
    readonly reject: (reason: unknown) => void;
}

/**
 * Gathers questions for a moment; one is asked by itself, several by a list, which then serves later ones for a while.
 */
class SharedReads<Q, A> {
    readonly #services: Services;
    readonly #source: Source<Q, A>;
    #last: { readonly takenAt: number; readonly changes: number; readonly listed: Listed<Q, A> } | undefined;
    #asked: Asked<Q, A>[] = [];
    /** When the latest single reads were made: what is asked for one after the other counts together. */
    #singles: number[] = [];
    #canList = true;

    constructor(services: Services, source: Source<Q, A>) {
        this.#services = services;
        this.#source = source;
    }

    /** Nothing older than `notBefore` is taken. */
    read(question: Q, notBefore = Number.NEGATIVE_INFINITY): Promise<A | undefined> {
        const { clock, client } = this.#services;
        const last = this.#last;
        const fresh =
            last !== undefined &&
            (this.#source.isSteady || last.changes === client.changes) &&
            last.takenAt >= notBefore &&
            clock.now() - last.takenAt < FRESH_MS;
        if (fresh && last.listed.covers(question)) return Promise.resolve(last.listed.answer(question));
        return new Promise((resolve, reject) => {
            this.#asked.push({ question, resolve, reject });
            if (this.#asked.length === 1) void this.#serve();
        });
    }

    async #serve(): Promise<void> {
        const { clock, client } = this.#services;
        await clock.sleep(GATHER_MS);
        const asked = this.#asked;
        this.#asked = [];
        try {
            const { changes } = client;
            const takenAt = clock.now();
            const { isSteady, listFrom = 2 } = this.#source;
            this.#singles = this.#singles.filter((at) => takenAt - at < FRESH_MS);
            const worth = asked.length + this.#singles.length;
            const questions = asked.map((one) => one.question);
            const wantsList = this.#canList && worth >= listFrom;
            const listed = wantsList ? await this.#source.list(questions, worth) : undefined;
            if (listed !== undefined) this.#last = { takenAt, changes, listed };
            // Where it is refused, or too long, it is so for the next as well.
            if (isSteady && wantsList && listed === undefined) this.#canList = false;
            for (const one of asked) {
                if (listed?.covers(one.question)) {
                    one.resolve(listed.answer(one.question));
                    continue;
                }
                this.#singles.push(takenAt);
                this.#source.single(one.question).then(one.resolve, one.reject);
            }
        } catch (error) {
            for (const one of asked) one.reject(error);
        }
    }
}

/** The backups of a checkpoint, as a list that other reads share shows them; undefined when it does not show any. */
export function sharedRows(
    services: Services,
    target: ProjectRef,
    question: CheckpointQuestion,
): Promise<WireBackup[] | undefined> {
    const key = `checkpoints ${target.region} ${target.projectId}`;
    return readsFor<CheckpointQuestion, WireBackup[]>(services, key, () => {
        const lists = new CheckpointSpans(services, target);
        return {
            single: (one) => shownOfCheckpoint(services, target, one.checkpointId),
            list: (questions, worth) => lists.listFor(questions, worth),
        };
    }).read(question);
}

type Rows = Listed<CheckpointQuestion, WireBackup[]>;

/** Lists of the time in which checkpoints were made. */
class CheckpointSpans {
    readonly #services: Services;
    readonly #target: ProjectRef;
    readonly #tooLong = new LongLists();

    constructor(services: Services, target: ProjectRef) {
        this.#services = services;
        this.#target = target;
    }

    /**
     * All from an hour before the oldest on, if that is not much more than what is asked for: later reads are served by
     * it, too. In a busy vault, what was made while these checkpoints were; those that were made apart are asked for by
     * their ids.
     */
    async listFor(questions: readonly CheckpointQuestion[], worth: number): Promise<Rows | undefined> {
        const instants = questions.map((one) => parseInstant(one.createdAt)).filter((one) => one !== undefined);
        if (instants.length < questions.length) return undefined;
        const vaultId = onlyVault(questions);
        const from = instants.reduce((a, b) => Math.min(a, b)) - MARGIN_MS;
        const wide = await this.#list(vaultId, { from, until: Number.POSITIVE_INFINITY }, worth);
        if (wide !== undefined) return wide;
        const lists: Rows[] = [];
        for (const group of madeTogether(instants)) {
            const list = group.length > FEW ? await this.#list(vaultId, spanOf(group), group.length) : undefined;
            if (list !== undefined) lists.push(list);
        }
        const listWith = (one: CheckpointQuestion) => lists.find((list) => list.covers(one));
        return { covers: (one) => listWith(one) !== undefined, answer: (one) => listWith(one)?.answer(one) };
    }

    async #list(vaultId: string | undefined, span: Span, worth: number): Promise<Rows | undefined> {
        const isOpen = span.until === Number.POSITIVE_INFINITY;
        const list = { span, maxRows: worth * ROWS_A_REQUEST, now: this.#services.clock.now() };
        const scope = `${vaultId} ${isOpen}`;
        if (this.#tooLong.has(scope, list)) return undefined;
        const times = isOpen ? { start_time: queryInstant(span.from) } : spanQuery(span);
        const query = { ...times, vault_id: vaultId };
        const found = await fewBackupRows(this.#services, this.#target, query, { maxRows: list.maxRows });
        if (found === undefined) {
            this.#tooLong.add(scope, list);
            return undefined;
        }
        const rows = groupBy(found, (row) => row.checkpoint_id);
        const isInside = (instant: number) => instant >= span.from && instant <= span.until;
        return {
            covers: (one) =>
                isInside(parseInstant(one.createdAt) ?? Number.NEGATIVE_INFINITY) &&
                (vaultId === undefined || vaultId === one.vaultId),
            answer: (one) => rows.get(one.checkpointId),
        };
    }
}

/** Instants, in groups between which nothing was made for a while. */
function madeTogether(instants: readonly number[]): number[][] {
    const groups: number[][] = [];
    let last = Number.NEGATIVE_INFINITY;
    for (const instant of [...instants].sort((a, b) => a - b)) {
        if (instant - last > APART_MS) groups.push([]);
        groups.at(-1)?.push(instant);
        last = instant;
    }
    return groups;
}

/**
 * A backup in a vault, as a list of the vault that other reads share shows it; undefined when it does not show it,
 * which proves nothing.
 */
export function sharedBackup(
    services: Services,
    target: ProjectRef,
    vaultId: string,
    id: string,
): Promise<WireBackup | undefined> {
    const key = `vault ${target.region} ${target.projectId} ${vaultId}`;
    return readsFor<string, WireBackup>(services, key, () => ({
        single: () => Promise.resolve(undefined),
        list: async (_questions, worth) => {
            const maxRows = worth * ROWS_A_REQUEST;
            const list = await fewBackupRows(services, target, { vault_id: vaultId }, { maxRows });
            if (list === undefined) return undefined;
            const rows = new Map(list.map((row) => [row.id, row]));
            return { covers: () => true, answer: (one) => rows.get(one) };
        },
    })).read(id);
}

/**
 * A vault, as a list of the project that other looks share shows it, taken not before `notBefore`; undefined when it
 * does not show it, which proves nothing.
 */
export function sharedVault(
    services: Services,
    target: ProjectRef,
    id: string,
    notBefore?: number,
): Promise<WireVault | undefined> {
    const key = `vaults ${target.region} ${target.projectId}`;
    return readsFor<string, WireVault>(services, key, () => ({
        listFrom: 4,
        isSteady: true,
        single: () => Promise.resolve(undefined),
        list: async (_questions, worth) => {
            const list = await fewVaultRows(services, target, {}, worth * PAGE).catch(() => undefined);
            if (list === undefined) return undefined;
            const rows = new Map(list.map((row) => [row.id, row]));
            return { covers: () => true, answer: (one) => rows.get(one) };
        },
    })).read(id, notBefore);
}

function readsFor<Q, A>(services: Services, key: string, makeSource: () => Source<Q, A>): SharedReads<Q, A> {
    // One key is always read in one way.
    const make = () => new SharedReads(services, makeSource());
    return services.memory.sharedReads.getOrInsertComputed(key, make) as SharedReads<Q, A>;
}
