/** Reads of many resources in a short time share one list instead of a GET each: what `refresh` does to a stack. */
import { backupRows, backupsOfCheckpoints, type CheckpointQuestion, fewBackupRows, groupBy } from "./backup-lists";
import type { Target } from "./client";
import type { Services } from "./context";
import type { WireBackup } from "./operations";
import { parseInstant, queryInstant } from "./time";

/** Reads that come within this time are asked together, in milliseconds. */
const GATHER_MS = 15;
/** A list may serve reads for this long, in milliseconds, unless this process changed something meanwhile. */
const FRESH_MS = 5_000;
/** The shared list begins this much before the oldest checkpoint asked for, in milliseconds, so that it also serves neighbours. */
const MARGIN_MS = 3_600_000;

interface Snapshot {
    readonly takenAt: number;
    readonly changes: number;
    readonly from: number;
    readonly vaultId: string | undefined;
    readonly rows: ReadonlyMap<string, WireBackup[]>;
}

interface Asked {
    readonly question: CheckpointQuestion;
    readonly resolve: (rows: WireBackup[] | undefined) => void;
    readonly reject: (reason: unknown) => void;
}

class RegionSnapshot {
    readonly #services: Services;
    readonly #target: Target;
    #snapshot: Snapshot | undefined;
    #asked: Asked[] = [];

    constructor(services: Services, target: Target) {
        this.#services = services;
        this.#target = target;
    }

    rows(question: CheckpointQuestion): Promise<WireBackup[] | undefined> {
        const { clock, client } = this.#services;
        const snapshot = this.#snapshot;
        const created = parseInstant(question.createdAt);
        if (
            snapshot !== undefined &&
            created !== undefined &&
            created >= snapshot.from &&
            (snapshot.vaultId === undefined || snapshot.vaultId === question.vaultId) &&
            snapshot.changes === client.changes &&
            clock.now() - snapshot.takenAt < FRESH_MS
        )
            return Promise.resolve(snapshot.rows.get(question.checkpointId));
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
        const questions = asked.map((one) => one.question);
        const changes = client.changes;
        const takenAt = clock.now();
        try {
            const first = questions[0];
            const instants = questions.map((question) => parseInstant(question.createdAt));
            if (first === undefined || questions.length < 2 || instants.some((instant) => instant === undefined)) {
                const answers = await backupsOfCheckpoints(this.#services, this.#target, questions);
                asked.forEach((one, index) => {
                    one.resolve(answers[index]);
                });
                return;
            }
            const from = Math.min(...instants.map((instant) => instant ?? 0)) - MARGIN_MS;
            const oneVault = questions.every((question) => question.vaultId === first.vaultId) ? first.vaultId : undefined;
            const query = { start_time: queryInstant(from), vault_id: oneVault };
            const list = await fewBackupRows(this.#services, this.#target, query, questions.length);
            if (list === undefined) {
                // An old checkpoint in a busy region: reading page after page would cost more than asking for each.
                await Promise.all(asked.map((one) => this.#askAlone(one)));
                return;
            }
            const rows = groupBy(list, (row) => row.checkpoint_id);
            this.#snapshot = { takenAt, changes, from, vaultId: oneVault, rows };
            for (const one of asked) one.resolve(rows.get(one.question.checkpointId));
        } catch (error) {
            for (const one of asked) one.reject(error);
        }
    }

    #askAlone({ question, resolve, reject }: Asked): Promise<void> {
        return backupRows(this.#services, this.#target, { checkpoint_id: question.checkpointId }).then(resolve, reject);
    }
}

const snapshots = new WeakMap<object, Map<string, RegionSnapshot>>();

/** The backups of a checkpoint, as a list that other reads share shows them; undefined when it does not show any. */
export function sharedRows(services: Services, target: Target, question: CheckpointQuestion): Promise<WireBackup[] | undefined> {
    let regions = snapshots.get(services.client);
    if (regions === undefined) {
        regions = new Map();
        snapshots.set(services.client, regions);
    }
    const key = `${target.region} ${target.projectId}`;
    let region = regions.get(key);
    if (region === undefined) {
        region = new RegionSnapshot(services, target);
        regions.set(key, region);
    }
    return region.rows(question);
}
