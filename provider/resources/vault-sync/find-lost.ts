/** A synchronisation whose POST was sent and whose answer was lost: did it begin? */
import type { ProjectRef } from "../../client/client";
import { UncertainOutcomeError } from "../../client/errors/errors";
import type { WireOperationLog } from "../../client/operations";
import { parseInstant, queryInstant } from "../../client/time/timestamps";
import type { TimeWindow } from "../../exactly-once/time-window";
import { operationLogRows } from "../../reads/backup-lists";
import type { Context } from "../../services/context";

/** A request whose answer was lost. */
export interface LostSync {
    readonly target: ProjectRef;
    readonly vaultId: string;
    readonly window: TimeWindow;
    /** No look follows: what is there by now is all. */
    readonly isLast: boolean;
    readonly deadline: number;
}

/** The task that a lost POST began: of type sync, of this vault, begun in that time. */
export async function findTask(context: Context, lost: LostSync): Promise<string | undefined> {
    const { target, vaultId, window, isLast, deadline } = lost;
    const query = { operation_type: "sync", vault_id: vaultId, start_time: queryInstant(window.from) };
    const listed = await operationLogRows(context, target, query, { deadline });
    const stored = context.memory.storedIds.get(context.urn);
    const rows = listed.filter((row) => stored?.has(row.id) !== true);
    const fits = (row: WireOperationLog) => {
        const at = parseInstant(row.created_at ?? row.started_at);
        return at === undefined ? "yes" : window.contains(at);
    };
    const begun = rows.filter((row) => row.vault_id !== undefined && fits(row) === "yes");
    const doubtful = rows.filter((row) => fits(row) === "maybe");
    const nameless = rows.filter((row) => row.vault_id === undefined && fits(row) === "yes");
    if (begun.length === 0 && nameless.length > 0 && isLast)
        throw new UncertainOutcomeError(
            `The answer to ImportCheckpoint for vault ${vaultId} was lost, and synchronisations that began at that ` +
                `time name no vault: ${nameless.map((row) => row.id).join(", ")}. Nothing was sent again. Look ` +
                "whether one is of this vault; if none is, change `triggers` to start another one.",
        );
    if (begun.length === 0 && doubtful.length > 0 && isLast)
        throw new UncertainOutcomeError(
            `The answer to ImportCheckpoint for vault ${vaultId} was lost, and ${target.region} does not ` +
                `tell its time: it may be that of task ${doubtful.map((row) => row.id).join(" or ")}. ` +
                `Nothing was sent again. Look when it began; then change \`triggers\` to start another one.`,
        );
    if (begun.length > 1)
        throw new UncertainOutcomeError(
            `The answer to ImportCheckpoint for vault ${vaultId} was lost, and ${begun.length} ` +
                `synchronisations of it began at that time: ${begun.map((row) => row.id).join(", ")}. ` +
                `Nothing was sent again. Look at these tasks; then change \`triggers\` to start another one.`,
        );
    return begun[0]?.id;
}
