/** A restore point whose POST was sent and whose answer was lost: is it there? */

import { type ProjectRef, REQUEST_TIMEOUT_MS } from "../../client/client";
import { NotFoundError, UncertainOutcomeError } from "../../client/errors/errors";
import { showCheckpoint, type WireBackup, type WireCheckpoint } from "../../client/operations";
import { parseInstant, queryInstant } from "../../client/time/timestamps";
import type { TimeWindow } from "../../exactly-once/post-once";
import { backupRows, groupBy, operationLogRows } from "../../reads/backup-lists";
import type { Context, Services } from "../../services/context";
import type { CheckpointInputs } from "./checkpoint";

/** How long reads may lag behind a POST, in milliseconds. */
const LAG_MS = 30_000;
/** A name of ours is proof at any time: the filter only keeps the list short, in milliseconds. */
const OUR_NAME_SLACK_MS = 3_600_000;

/**
 * The checkpoint that a lost POST made: by its id if that is known; else by the name of its backups in this vault,
 * which for a name of ours is proof; a user's own name must also have been taken within the time of the POST.
 * Vendor: with several resources the service adds `-0001` and so on to the backups' names.
 */
export async function findCheckpoint(
    context: Context,
    target: ProjectRef,
    inputs: CheckpointInputs,
    window: TimeWindow,
    facts: Readonly<Record<string, string>>,
    isLast: boolean,
    deadline: number,
): Promise<WireCheckpoint | undefined> {
    const show = async (id: string, group: readonly WireBackup[] = []): Promise<WireCheckpoint | undefined> => {
        try {
            const path = { checkpoint_id: id };
            const { checkpoint: wire } = await context.client.call(showCheckpoint, { target, path, deadline });
            // The task by which it was found may have named no vault.
            return (wire.vault?.id ?? inputs.vaultId) === inputs.vaultId ? wire : undefined;
        } catch (error) {
            if (!(error instanceof NotFoundError)) throw error;
            // It was taken, that much is sure: while it is new, "no such restore point" is a read that lags.
            const isNew = context.clock.now() < window.from + REQUEST_TIMEOUT_MS + LAG_MS;
            return group.length > 0 || isNew ? unread(id, inputs.vaultId, group) : undefined;
        }
    };
    if (facts["checkpointId"] !== undefined) return show(facts["checkpointId"]);
    const name = facts["name"] ?? "";
    const userNamed = inputs.name !== undefined;
    const from = userNamed ? window.from : window.from - OUR_NAME_SLACK_MS;
    const since = { vault_id: inputs.vaultId, start_time: queryInstant(from) };
    const isOurs = (rowName: string | undefined) =>
        rowName === name ||
        (rowName?.startsWith(`${name}-`) === true && /^\d{4}$/.test(rowName.slice(name.length + 1)));
    const candidates = new Set<string>();
    const doubtful = new Set<string>();
    const owners = ownersOf(context);
    const note = (checkpointId: string, begun: string | undefined) => {
        if ((owners.get(checkpointId) ?? context.urn) !== context.urn) return;
        const instant = parseInstant(begun);
        const fits = userNamed && instant !== undefined ? window.contains(instant) : "yes";
        if (fits !== "no") (fits === "yes" ? candidates : doubtful).add(checkpointId);
    };
    const wanted = inputs.resources ?? inputs.resourceDetails?.map((one) => one.id);
    const rows = await backupRows(context, target, since, { deadline });
    const groups = groupBy(rows, (row) => row.checkpoint_id);
    for (const [checkpointId, group] of groups) {
        const mayBe = (row: WireBackup) =>
            isOurs(row.name) &&
            (row.description === undefined ||
                inputs.description === undefined ||
                row.description === inputs.description);
        const within =
            wanted === undefined ||
            group.every((row) => row.resource_id === undefined || wanted.includes(row.resource_id));
        if (within) for (const row of group.filter(mayBe)) note(checkpointId, row.created_at);
    }
    if (candidates.size === 0) {
        const logs = await operationLogRows(context, target, { ...since, operation_type: "backup" }, { deadline });
        for (const log of logs) {
            const resource = log.extra_info?.resource?.id;
            const within = wanted === undefined || resource === undefined || wanted.includes(resource);
            if (within && log.checkpoint_id !== undefined && isOurs(log.extra_info?.backup?.backup_name))
                note(log.checkpoint_id, log.started_at ?? log.created_at);
        }
    }
    if (candidates.size === 0 && doubtful.size > 0 && isLast)
        throw new UncertainOutcomeError(
            `The answer to CreateCheckpoint for vault ${inputs.vaultId} was lost, and ${target.region} does not tell its time: it may be that of restore point ${[...doubtful].join(" or ")} named ${name}. ` +
                "Nothing was sent again. Look when it was taken; if it is this resource's, name its id in `adopt`, else give the resource another name.",
        );
    const [first, ...others] = candidates;
    if (first === undefined) return undefined;
    if (others.length > 0)
        throw new UncertainOutcomeError(
            `The answer to CreateCheckpoint for vault ${inputs.vaultId} was lost, and ${candidates.size} restore points named ${name} were taken at that time: ` +
                `${[...candidates].join(", ")}. Nothing was sent again. Look which one is this resource's, and name its id in \`adopt\`.`,
        );
    return show(first, groups.get(first));
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

/** Whose restore points are, by their id: what this process has been told is one resource's is never another's. */
const owners = new WeakMap<object, Map<string, string>>();

function ownersOf(services: Services): Map<string, string> {
    const own = owners.get(services.client) ?? new Map<string, string>();
    owners.set(services.client, own);
    return own;
}

export function noteOwner(context: Context, checkpointId: string): void {
    ownersOf(context).set(checkpointId, context.urn);
}
