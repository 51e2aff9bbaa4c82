/** A restore point whose POST was sent and whose answer was lost: is it there? */

import { REQUEST_TIMEOUT_MS } from "../../client/chain/sending";
import type { ProjectRef } from "../../client/client";
import { messageOf, NotFoundError, UncertainOutcomeError } from "../../client/errors/errors";
import { showCheckpoint, type WireBackup, type WireCheckpoint } from "../../client/operations";
import { parseInstant, queryInstant } from "../../client/time/timestamps";
import type { StoredNote } from "../../exactly-once/journal";
import type { TimeWindow } from "../../exactly-once/time-window";
import { backupRows, groupBy, operationLogRows } from "../../reads/backup-lists";
import type { Context } from "../../services/context";
import type { CheckpointInputs } from "./checkpoint";
import { isNamed, isUniqueName } from "./names";

/** How long reads may lag behind a POST, in milliseconds. */
const LAG_MS = 60_000;
/**
 * Timestamps may be a zone away from the region's clock: those of a given name are looked at within a day, in
 * milliseconds.
 */
const ZONES_MS = 26 * 3_600_000;

const RUNNING: ReadonlySet<string> = new Set(["waiting_protect", "protecting"]);

/** A request whose answer was lost. */
export interface LostCheckpoint {
    readonly target: ProjectRef;
    readonly inputs: CheckpointInputs;
    readonly window: TimeWindow;
    readonly facts: Readonly<Record<string, string>>;
    /** No look follows: what is there by now is all. */
    readonly isLast: boolean;
    readonly deadline: number;
}

/**
 * The checkpoint that a lost POST made: by its id if that is known; else by the name of its backups in this vault,
 * which for a name of ours is proof, whatever its time; a given name must also have been taken within the time of the
 * POST. Vendor: with several resources the service adds `-0001` and so on to the backups' names.
 */
export async function findCheckpoint(context: Context, lost: LostCheckpoint): Promise<WireCheckpoint | undefined> {
    const { target, inputs, facts, isLast } = lost;
    const id = facts["checkpointId"];
    if (id !== undefined) return show(context, lost, id, []);
    const { sure, doubtful } = await namedCheckpoints(context, lost);
    const name = facts["name"] ?? "";
    if (sure.length === 0 && doubtful.length > 0 && isLast)
        throw new UncertainOutcomeError(
            `The answer to CreateCheckpoint for vault ${inputs.vaultId} was lost, and it cannot be told by ` +
                `its time in ${target.region} whether restore point ${idsOf(doubtful, " or ")} named ` +
                `${name} is its effect. ` +
                "Nothing was sent again. Look when it was taken; if it is this resource's, name its id in " +
                "`adopt`, else give the resource another name.",
        );
    const [first, ...others] = sure;
    if (first === undefined) return undefined;
    if (others.length > 0 && !isUniqueName(facts))
        throw new UncertainOutcomeError(
            `The answer to CreateCheckpoint for vault ${inputs.vaultId} was lost, and ${sure.length} ` +
                `restore points named ${name} were taken at that time: ` +
                `${idsOf(sure, ", ")}. Nothing was sent again. Look which one is this resource's, and name ` +
                `its id in \`adopt\`.`,
        );
    return show(context, lost, first.id, first.rows);
}

const idsOf = (list: readonly Named[], separator: string): string => list.map((one) => one.id).join(separator);

/** A restore point whose backups, or whose tasks, have the name that was sent. */
interface Named {
    readonly id: string;
    readonly rows: readonly WireBackup[];
    /** As the region says. Milliseconds since the epoch. */
    readonly begun: number | undefined;
    /** Its backups are not finished. */
    readonly isRunning: boolean;
}

/** Those that are the request's by their time, the earliest first, and those that may be. */
async function namedCheckpoints(
    context: Context,
    lost: Omit<LostCheckpoint, "isLast">,
): Promise<{ sure: Named[]; doubtful: Named[] }> {
    const { facts, window } = lost;
    const isGiven = !isUniqueName(facts);
    const fits = ({ begun, isRunning }: Named) => {
        if (!isGiven || begun === undefined) return "yes";
        const answer = window.contains(begun);
        // It was not there before the request, or its clock is wrong by hours: nothing else tells which.
        return answer === "no" && isRunning ? "maybe" : answer;
    };
    const { checkpointOwners } = context.memory;
    const stored = context.memory.storedIds.get(context.urn);
    const isFree = ({ id }: Named) =>
        (checkpointOwners.get(id) ?? context.urn) === context.urn && stored?.has(id) !== true;
    const listed = (await namedInLists(context, lost)).filter(isFree);
    const found = listed.some((one) => fits(one) === "yes")
        ? listed
        : [...listed, ...(await namedInTasks(context, lost))];
    const free = found.filter(isFree).sort((a, b) => (a.begun ?? 0) - (b.begun ?? 0));
    const byId = [...new Map(free.map((one) => [one.id, one])).values()];
    return {
        sure: byId.filter((one) => fits(one) === "yes"),
        doubtful: byId.filter((one) => fits(one) === "maybe"),
    };
}

/** What a list of the vault is narrowed by: names of ours are looked for at any time. */
function listQuery({ inputs, facts, window }: Pick<LostCheckpoint, "inputs" | "facts" | "window">) {
    const start_time = isUniqueName(facts) ? undefined : queryInstant(window.from - ZONES_MS);
    return { vault_id: inputs.vaultId, ...(start_time === undefined ? {} : { start_time }) };
}

const resourcesOf = (inputs: CheckpointInputs): readonly string[] | undefined =>
    inputs.resources ?? inputs.resourceDetails?.map((one) => one.id);

async function namedInLists(context: Context, lost: Omit<LostCheckpoint, "isLast">): Promise<Named[]> {
    const { target, inputs, facts, deadline } = lost;
    const wanted = resourcesOf(inputs);
    const rows = await backupRows(context, target, listQuery(lost), { deadline });
    const isMatch = (row: WireBackup) =>
        isNamed(row.name, facts["name"] ?? "") &&
        (row.description === undefined || inputs.description === undefined || row.description === inputs.description);
    const isWithin = (row: WireBackup) =>
        wanted === undefined || row.resource_id === undefined || wanted.includes(row.resource_id);
    return [...groupBy(rows, (row) => row.checkpoint_id)]
        .filter(([, group]) => group.some(isMatch) && group.every(isWithin))
        .map(([id, group]) => ({
            id,
            rows: group,
            begun: parseInstant(group.find(isMatch)?.created_at),
            isRunning: group.some((row) => RUNNING.has(row.status)),
        }));
}

async function namedInTasks(context: Context, lost: Omit<LostCheckpoint, "isLast">): Promise<Named[]> {
    const { target, inputs, facts, deadline } = lost;
    const wanted = resourcesOf(inputs);
    const query = { ...listQuery(lost), operation_type: "backup" };
    const logs = await operationLogRows(context, target, query, { deadline });
    return logs.flatMap((log) => {
        const resource = log.extra_info?.resource?.id;
        const isWithin = wanted === undefined || resource === undefined || wanted.includes(resource);
        const isMatch = isNamed(log.extra_info?.backup?.backup_name, facts["name"] ?? "");
        if (!isWithin || !isMatch || log.checkpoint_id === undefined) return [];
        const begun = parseInstant(log.started_at ?? log.created_at);
        return [{ id: log.checkpoint_id, rows: [], begun, isRunning: log.ended_at === undefined }];
    });
}

async function show(
    context: Context,
    { target, inputs, window, deadline }: LostCheckpoint,
    id: string,
    rows: readonly WireBackup[],
): Promise<WireCheckpoint | undefined> {
    try {
        const path = { checkpoint_id: id };
        const { checkpoint: wire } = await context.client.call(showCheckpoint, { target, path, deadline });
        // The task by which it was found may have named no vault.
        return (wire.vault?.id ?? inputs.vaultId) === inputs.vaultId ? wire : undefined;
    } catch (error) {
        if (!(error instanceof NotFoundError)) throw error;
        // It was taken, that much is sure: while it is new, "no such restore point" is a read that lags.
        const isNew = context.clock.now() < window.from + REQUEST_TIMEOUT_MS + LAG_MS;
        return rows.length > 0 || isNew ? unread(id, inputs.vaultId, rows) : undefined;
    }
}

/** What is known of a restore point that cannot be read yet. */
function unread(id: string, vaultId: string, group: readonly WireBackup[]): WireCheckpoint {
    return {
        id,
        status: "protecting",
        created_at: group[0]?.created_at,
        extra_info: undefined,
        vault: { id: vaultId, resources: [], skipped_resources: [] },
    };
}

/** After a second request: the first one may have taken effect after all, later than anybody looked for it. */
export async function warnOfTwins(
    context: Context,
    made: {
        readonly target: ProjectRef;
        readonly inputs: CheckpointInputs;
        readonly note: StoredNote;
        readonly id: string;
    },
): Promise<void> {
    const { target, inputs, note, id } = made;
    const { facts, startedAt, offsetMs = context.client.serverOffsetMs(target.region) } = note;
    const name = facts["name"] ?? "";
    const from = startedAt + offsetMs;
    // Of a given name, those of other requests are older.
    const window: TimeWindow = { from, contains: (instant) => (instant >= from ? "yes" : "no") };
    try {
        const deadline = context.clock.now() + REQUEST_TIMEOUT_MS;
        const { sure } = await namedCheckpoints(context, { target, inputs, window, facts, deadline });
        const twins = sure.filter((one) => one.id !== id);
        if (twins.length > 0)
            context.log.warn(
                "the first request may have taken effect after all, long after its answer was lost: beside " +
                    `restore point ${id} there is ${idsOf(twins, ", ")} in vault ${inputs.vaultId}, also ` +
                    `named ${name}. What no stack has costs money until it is deleted.`,
            );
    } catch (error) {
        context.log.warn(
            `whether the first request took effect after all could not be looked up (${messageOf(error)}): ` +
                `look for another restore point named ${name} in vault ${inputs.vaultId}.`,
        );
    }
}

export function noteOwner(context: Context, checkpointId: string): void {
    context.memory.checkpointOwners.set(checkpointId, context.urn);
}
