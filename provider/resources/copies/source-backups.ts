/** The backups that are copied, with their replication records, in few requests whatever else their vaults hold. */

import type { ProjectRef } from "../../client/client";
import { ApiError, NotFoundError } from "../../client/errors/errors";
import { type Query, showBackup, type WireBackup } from "../../client/operations";
import { parseInstant } from "../../client/time/timestamps";
import {
    backupRowsWithRecords,
    fewBackupRowsWithRecords,
    groupBy,
    incrementalRowsWithRecords,
    type ListOptions,
    MAX_VAULT_LISTS,
} from "../../reads/backup-lists";
import { FEW, ROWS_A_REQUEST, spanOf, spanQuery } from "../../reads/checkpoint-lists";
import { LongLists, type Span } from "../../reads/long-lists";
import { shouldFetchById } from "../../reads/poller";
import type { Services } from "../../services/context";
import type { CopyQuery } from "./destination-replicas";

/** Up to this many source backups are read one by one, which also shows their records without any filter. */
const SINGLE_READS = 2;
/** So many restore points of one run are found out by reading one of their backups, in one look. */
const LEARNED_AT_ONCE = 10;
/** A vault of which nothing is known yet: all of its time. */
const ALWAYS: Span = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

export function sourceBackupsOf(services: Services, source: ProjectRef): SourceBackups {
    const key = `${source.region} ${source.projectId}`;
    return services.memory.sourceBackups.getOrInsertComputed(key, () => new SourceBackups(services, source));
}

/** The source backups of one project's copies. What they are is remembered; their records are read at each look. */
export class SourceBackups {
    readonly #services: Services;
    readonly #source: ProjectRef;
    /**
     * As they were last seen, by id, without the records: as they were then, these would say for ever that the copy
     * runs.
     */
    readonly #seen = new Map<string, WireBackup>();
    /** How often in a row a backup was not to be found. */
    readonly #misses = new Map<string, number>();
    readonly #tooLong = new LongLists();
    /** The backup itself shows no records: their cloud keeps none, or there are none yet. */
    #hasNoRecords = false;
    #looks = 0;

    constructor(services: Services, source: ProjectRef) {
        this.#services = services;
        this.#source = source;
    }

    seen(id: string): WireBackup | undefined {
        return this.#seen.get(id);
    }

    /**
     * By id, as they are now. A source that is deleted while it is copied takes its records along, and where there are
     * no records nothing changes: what was seen before still tells its task and its replica.
     */
    async read(questions: readonly CopyQuery[], options: ListOptions): Promise<Map<string, WireBackup>> {
        const ids = [...new Set(questions.flatMap((one) => one.copies.map((copy) => copy.backupId)))];
        const isTurn = !this.#hasNoRecords || shouldFetchById(++this.#looks);
        const due = ids.filter((id) => isTurn || !this.#seen.has(id));
        const found = new Map<string, WireBackup>();
        const note = (rows: readonly WireBackup[]) => {
            for (const row of rows) if (ids.includes(row.id)) found.set(row.id, row);
        };
        const missing = () => due.filter((id) => !found.has(id));
        if (due.length > SINGLE_READS) {
            await this.#readUnknown(questions, due, note, options);
            await this.#readKnown(
                missing().filter((id) => this.#seen.has(id)),
                note,
                options,
            );
        }
        note(await this.#readSingly(this.#worthAsking(questions, missing()), ids.length > 1, options));
        for (const id of missing()) this.#misses.set(id, (this.#misses.get(id) ?? 0) + 1);
        for (const [id, row] of found) {
            this.#misses.delete(id);
            this.#seen.set(id, { ...row, replication_records: undefined });
            if ((row.replication_records?.length ?? 0) > 0) this.#hasNoRecords = false;
        }
        for (const id of ids) {
            const row = found.get(id) ?? this.#seen.get(id);
            if (row !== undefined) found.set(id, row);
        }
        return found;
    }

    /**
     * A copy of its own is asked for by its backup's id; of a run, no more than a few. Those that are not found, more
     * and more rarely.
     */
    #worthAsking(questions: readonly CopyQuery[], ids: readonly string[]): string[] {
        const single = new Set(
            questions.filter((one) => one.copies.length === 1).map((one) => one.copies[0]?.backupId),
        );
        const due = ids.filter((id) => shouldFetchById((this.#misses.get(id) ?? 0) + 1));
        const ofRuns = due.filter((id) => !single.has(id)).slice(0, LEARNED_AT_ONCE);
        return [...due.filter((id) => single.has(id)), ...ofRuns];
    }

    /**
     * Backups of runs that were not seen before: in a list of their vault if that is short, else one shows the
     * restore point of others.
     */
    async #readUnknown(questions: readonly CopyQuery[], due: readonly string[], note: Note, options: ListOptions) {
        for (const { copies, sourceVaultId: vaultId } of questions) {
            const noted = new Set<string>();
            const unknown = () =>
                copies
                    .map((copy) => copy.backupId)
                    .filter((id) => due.includes(id) && !this.#seen.has(id) && !noted.has(id));
            const take = (rows: readonly WireBackup[]) => {
                note(rows);
                for (const row of rows) noted.add(row.id);
            };
            if (copies.length === 1) continue;
            if (vaultId !== undefined && unknown().length > FEW)
                take(await this.#listOf(vaultId, ALWAYS, ROWS_A_REQUEST * unknown().length, options));
            for (let turn = 0; turn < LEARNED_AT_ONCE && unknown().length > 1; turn++) {
                const [id = ""] = unknown();
                noted.add(id);
                const rows = await this.#readSingly([id], true, options);
                take(rows);
                const checkpointId = rows[0]?.checkpoint_id;
                const query = { checkpoint_id: checkpointId };
                if (checkpointId !== undefined)
                    take(await backupRowsWithRecords(this.#services, this.#source, query, options));
            }
        }
    }

    /** Of several restore points in a list of the time in which they were made, if it is short; else a list each. */
    async #readKnown(ids: readonly string[], note: Note, options: ListOptions): Promise<void> {
        const found = new Set<string>();
        const take = (rows: readonly WireBackup[]) => {
            note(rows);
            for (const row of rows) found.add(row.id);
        };
        const rows = ids.map((id) => this.#seen.get(id)).filter((row) => row !== undefined);
        const vaults = groupBy(rows, (row) => row.vault_id ?? "");
        const isEach = vaults.size <= MAX_VAULT_LISTS && !vaults.has("");
        for (const [vaultId, group] of isEach ? vaults : [[undefined, rows] as const]) {
            const points = new Set(group.map((row) => row.checkpoint_id)).size;
            const instants = group.map((row) => parseInstant(row.created_at)).filter((one) => one !== undefined);
            if (points === 1 || instants.length < group.length) continue;
            take(await this.#listOf(vaultId, spanOf(instants), ROWS_A_REQUEST * points, options));
        }
        const left = rows.filter((row) => !found.has(row.id));
        for (const [checkpointId, group] of groupBy(left, (row) => row.checkpoint_id)) {
            if (group.length === 1) continue;
            const query = { checkpoint_id: checkpointId };
            take(await backupRowsWithRecords(this.#services, this.#source, query, options));
            if (!group.every((row) => found.has(row.id)))
                take(await incrementalRowsWithRecords(this.#services, this.#source, query, options));
        }
    }

    /**
     * The backups of a vault, or of the project, that were made in that time; none when there are more than
     * `maxRows`.
     */
    async #listOf(vaultId: string | undefined, span: Span, maxRows: number, options: ListOptions) {
        const list = { span, maxRows, now: this.#services.clock.now() };
        const scope = vaultId ?? "";
        if (this.#tooLong.has(scope, list)) return [];
        const query: Query = { ...(span === ALWAYS ? {} : spanQuery(span)), vault_id: vaultId };
        const rows = await fewBackupRowsWithRecords(this.#services, this.#source, query, { ...options, maxRows });
        if (rows === undefined) this.#tooLong.add(scope, list);
        return rows ?? [];
    }

    async #readSingly(ids: readonly string[], hasOthers: boolean, options: ListOptions): Promise<WireBackup[]> {
        const read = async (id: string) => {
            try {
                const call = { target: this.#source, path: { backup_id: id }, ...options };
                const { backup } = await this.#services.client.call(showBackup, call);
                if (backup.replication_records === undefined) this.#hasNoRecords = true;
                return [backup];
            } catch (error) {
                // Its records are gone with it, or are not to be read; the destination may still tell, and the others
                // are not to blame.
                const isGone = error instanceof NotFoundError;
                const isRefused = error instanceof ApiError && error.retry === "never" && hasOthers;
                if (!isGone && !isRefused) throw error;
                return [];
            }
        };
        return (await Promise.all(ids.map(read))).flat();
    }
}

type Note = (rows: readonly WireBackup[]) => void;
