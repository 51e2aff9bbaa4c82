/** The backups of checkpoints: of one by its id, of all that wait by lists that others' backups do not lengthen. */
import type { ProjectRef } from "../client/client";
import { listBackups, type Query, type WireBackup } from "../client/operations";
import { parseInstant, queryInstant } from "../client/time/timestamps";
import type { Services } from "../services/context";
import {
    backupRows,
    backupRowsWithRecords,
    fewBackupRows,
    groupBy,
    incrementalRows,
    incrementalRowsWithRecords,
    type ListOptions,
    MAX_VAULT_LISTS,
} from "./backup-lists";
import { LongLists, type Span } from "./long-lists";
import type { PollSource } from "./poller";

/** A list by time begins this much before the first checkpoint, in milliseconds: clocks may differ. */
const BEFORE_MS = 5_000;
/** It ends this much after the last one, in milliseconds: backups may be made a little after their checkpoint. */
const AFTER_MS = 60_000;
/** A list is short up to this many rows, however few wait. */
const SHORT = 100;
/** A list that is read in place of single requests may have this many rows for each of them. */
export const ROWS_A_REQUEST = 50;
/** So few are asked for one by one. */
export const FEW = 3;
/** From so many on, a look asks for the number of running backups first, and reads the list when it has changed. */
const COUNT_FROM = 50;
/** The list itself is read at least this often, in milliseconds: percentages are in it. */
const RECOUNT_MS = 60_000;
/** The statuses of a backup that is being made. */
const RUNNING = ["waiting_protect", "protecting"];

export interface CheckpointQuestion {
    readonly checkpointId: string;
    readonly vaultId: string | undefined;
    /** As the API said it. */
    readonly createdAt: string | undefined;
    /** How many backups it will have, where known. */
    readonly backups?: number | undefined;
}

export interface AskedCheckpoint {
    readonly checkpointId: string;
    /** Ids of resources that have a backup. */
    readonly expected: readonly string[];
    /** With the records of copies, where the cloud has them. Default: false. */
    readonly withRecords?: boolean;
}

/**
 * Every backup of one checkpoint. Vendor: some regions may hide incremental backups unless asked for (api-notes: Filter
 * for incremental backups): when fewer resources are seen than `expected`, Huawei Cloud is asked again with
 * `incremental=true`.
 */
export async function backupsOfCheckpoint(
    services: Services,
    target: ProjectRef,
    { checkpointId, expected, withRecords = false }: AskedCheckpoint,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    const query = { checkpoint_id: checkpointId };
    const [list, listHidden] = withRecords
        ? [backupRowsWithRecords, incrementalRowsWithRecords]
        : [backupRows, incrementalRows];
    const own = await list(services, target, query, options);
    const seen = new Set(own.map((row) => row.resource_id));
    if (expected.every((id) => seen.has(id))) return own;
    const known = new Set(own.map((row) => row.id));
    const hidden = await listHidden(services, target, query, options);
    return [...own, ...hidden.filter((row) => !known.has(row.id))];
}

/** As the list shows them; where it shows none, those that it hides. */
export async function shownOfCheckpoint(
    services: Services,
    target: ProjectRef,
    checkpointId: string,
    options: ListOptions = {},
): Promise<WireBackup[]> {
    const query = { checkpoint_id: checkpointId };
    const own = await backupRows(services, target, query, options);
    return own.length > 0 ? own : incrementalRows(services, target, query, options);
}

/** When the backups of checkpoints that were made at these instants were made. */
export function spanOf(instants: readonly number[]): Span {
    const from = instants.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY) - BEFORE_MS;
    const until = instants.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY) + AFTER_MS;
    return { from, until };
}

export const spanQuery = ({ from, until }: Span): Query => ({
    start_time: queryInstant(from),
    end_time: queryInstant(until),
});

/** The only vault of all of them; undefined when there are several, or one is not known. */
export function onlyVault(questions: readonly { readonly vaultId: string | undefined }[]): string | undefined {
    const [first] = questions;
    return questions.every((one) => one.vaultId === first?.vaultId) ? first?.vaultId : undefined;
}

/** What all that wait for checkpoints in one project look at. */
export function checkpointTopic(services: Services, target: ProjectRef): PollSource<CheckpointQuestion, WireBackup[]> {
    const key = `checkpoints ${target.region} ${target.projectId}`;
    return {
        key,
        look: (questions, until) =>
            services.memory.checkpointLooks
                .getOrInsertComputed(key, () => new CheckpointLooks(services, target))
                .look(questions, { priority: "poll", until }),
    };
}

interface Timed {
    readonly question: CheckpointQuestion;
    readonly instant: number;
}

/** By checkpoint id. */
type Answers = Map<string, WireBackup[]>;

/** A list of running backups that cannot grow any more, and the number that the cloud gave for it. */
interface Counted {
    readonly key: string;
    readonly takenAt: number;
    readonly rows: readonly WireBackup[];
}

/**
 * Looks at the checkpoints of one project that are waited for. As long as the list of the time in which they were made
 * is about as long as what waits, it is read. In a busy region only running backups are listed, of a vault each for up
 * to four vaults; what was among them and no longer is, is asked for by its id. Hundreds that run for hours are counted
 * before they are listed.
 */
export class CheckpointLooks {
    readonly #services: Services;
    readonly #target: ProjectRef;
    /** Questions whose backups a list has shown: when it no longer does, they have ended. */
    readonly #shown = new WeakSet<CheckpointQuestion>();
    /** Lists that were too long. */
    readonly #tooLong = new LongLists();
    /** Some backups are only in the list of incremental ones. */
    #hides = false;
    #counted: Counted | undefined;

    constructor(services: Services, target: ProjectRef) {
        this.#services = services;
        this.#target = target;
    }

    async look(questions: readonly CheckpointQuestion[], options: ListOptions): Promise<(WireBackup[] | undefined)[]> {
        const timed: Timed[] = [];
        const untimed: CheckpointQuestion[] = [];
        for (const question of questions) {
            const instant = parseInstant(question.createdAt);
            if (instant === undefined) untimed.push(question);
            else timed.push({ question, instant });
        }
        // The few whose time is not known must not cost all others their list.
        const answers = await this.#byId(untimed, options);
        if (timed.length > 0) {
            const listed = (await this.#whole(timed, options)) ?? (await this.#running(timed, options));
            for (const [id, rows] of listed) answers.set(id, rows);
        }
        for (const question of questions) if (answers.get(question.checkpointId)?.length) this.#shown.add(question);
        return questions.map(({ checkpointId }) => answers.get(checkpointId));
    }

    async #byId(questions: readonly CheckpointQuestion[], options: ListOptions): Promise<Answers> {
        const ids = [...new Set(questions.map((one) => one.checkpointId))];
        const rows = await Promise.all(ids.map((id) => shownOfCheckpoint(this.#services, this.#target, id, options)));
        return new Map(ids.map((id, at) => [id, rows[at] ?? []]));
    }

    /** Every backup of their time; undefined when a look at the running ones is cheaper. */
    async #whole(timed: readonly Timed[], options: ListOptions): Promise<Answers | undefined> {
        if (timed.length < 2) return undefined;
        const span = spanOf(timed.map((one) => one.instant));
        if (timed.length >= COUNT_FROM && this.#isOver(span)) return undefined;
        const backups = timed.reduce((sum, one) => sum + (one.question.backups ?? 1), 0);
        return this.#list(timed, {}, { ...options, maxRows: Math.max(SHORT, 2 * backups) });
    }

    /** Nothing is made in that time any more. */
    #isOver({ until }: Span): boolean {
        const { client, clock } = this.#services;
        const { region } = this.#target;
        return clock.now() + client.serverOffsetMs(region) > until + client.serverOffsetSlackMs(region);
    }

    async #running(timed: readonly Timed[], options: ListOptions): Promise<Answers> {
        const vaults = groupBy(timed, (one) => one.question.vaultId ?? "");
        const isEach = vaults.size <= MAX_VAULT_LISTS && !vaults.has("");
        const answers: Answers = new Map();
        for (const group of isEach ? vaults.values() : [timed])
            for (const [id, rows] of await this.#runningOf(group, options)) answers.set(id, rows);
        return answers;
    }

    async #runningOf(group: readonly Timed[], options: ListOptions): Promise<Answers> {
        const questions = group.map((one) => one.question);
        if (group.length === 1) return this.#byId(questions, options);
        const maxRows = Math.max(SHORT, ROWS_A_REQUEST * group.length);
        const listed = await this.#list(group, { status: RUNNING }, { ...options, maxRows });
        if (listed === undefined) return this.#byId(questions, options);
        const ended = group.filter(({ question }) => !listed.has(question.checkpointId) && this.#shown.has(question));
        for (const [id, rows] of await this.#ended(ended, options)) listed.set(id, rows);
        return listed;
    }

    /** What they have become: whoever judges them asks for the checkpoint itself. */
    async #ended(ended: readonly Timed[], options: ListOptions): Promise<Answers> {
        const listed =
            ended.length > FEW
                ? await this.#list(ended, {}, { ...options, maxRows: ROWS_A_REQUEST * ended.length, isOfEnded: true })
                : undefined;
        const left = ended.map((one) => one.question).filter((one) => listed?.has(one.checkpointId) !== true);
        return new Map([...(listed ?? []), ...(await this.#byId(left, options))]);
    }

    /** The backups of their time, by checkpoint; undefined when there are more than `maxRows`. */
    async #list(
        timed: readonly Timed[],
        filter: Query,
        { isOfEnded, ...options }: ListOptions & { readonly maxRows: number; readonly isOfEnded?: true },
    ): Promise<Answers | undefined> {
        const span = spanOf(timed.map((one) => one.instant));
        const vaultId = onlyVault(timed.map((one) => one.question));
        const query: Query = { ...spanQuery(span), vault_id: vaultId, ...filter };
        const key = JSON.stringify(query);
        const { clock } = this.#services;
        const list = { span, maxRows: options.maxRows, now: clock.now() };
        const scope = `${vaultId} ${filter["status"]} ${isOfEnded}`;
        if (this.#tooLong.has(scope, list)) return undefined;
        const isCounted = filter["status"] !== undefined && timed.length >= COUNT_FROM && this.#isOver(span);
        const rows =
            (isCounted ? await this.#unchanged(key, query, options) : undefined) ??
            (await fewBackupRows(this.#services, this.#target, query, options));
        if (rows === undefined) {
            this.#tooLong.add(scope, list);
            return undefined;
        }
        const byCheckpoint = groupBy(rows, (row) => row.checkpoint_id);
        const isLacking = timed.some(
            ({ question }) => !byCheckpoint.has(question.checkpointId) && (this.#hides || !this.#shown.has(question)),
        );
        if (!isLacking) {
            if (isCounted && rows !== this.#counted?.rows) this.#counted = { key, takenAt: clock.now(), rows };
            return byCheckpoint;
        }
        const known = new Set(rows.map((row) => row.id));
        const incremental = await incrementalRows(this.#services, this.#target, query, options);
        const hidden = incremental.filter((row) => !known.has(row.id));
        this.#hides ||= hidden.length > 0;
        return groupBy([...rows, ...hidden], (row) => row.checkpoint_id);
    }

    /**
     * The rows of the last list, if the cloud still counts as many. As nothing can join them, none has ended. Where the
     * count is not that of the rows, or the filter is not heeded, the list itself is read each time.
     */
    async #unchanged(key: string, query: Query, options: ListOptions): Promise<readonly WireBackup[] | undefined> {
        const last = this.#counted;
        const { client, clock } = this.#services;
        if (last?.key !== key || clock.now() - last.takenAt >= RECOUNT_MS) return undefined;
        const { count } = await client.call(listBackups, {
            target: this.#target,
            query: { ...query, limit: 1, offset: 0 },
            ...options,
        });
        return count === last.rows.length ? last.rows : undefined;
    }
}
