/** VaultSync: one run that makes a hybrid-cloud vault's list agree with the storage behind it. Huawei Cloud only. */
import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { ApiError, messageOf, NotFoundError, OperationFailedError } from "../../client/errors/errors";
import { importCheckpoint, type WireOperationLog } from "../../client/operations";
import { parseInstant } from "../../client/time/timestamps";
import { holdingNotes, noteOutcome, type PostOptions, type PostPlan, postOnce } from "../../exactly-once/post-once";
import type { StoredOutcome } from "../../exactly-once/settle-notes";
import { readOperationLog } from "../../reads/backup-lists";
import { shouldFetchById, showProgress } from "../../reads/poller";
import { parseRegionalId } from "../../resource/import-id";
import { keepingId } from "../../resource/keep-id";
import { isHybrid, look, noVault, targetOf as previewTargetOf, vaultOf } from "../../resource/preflight";
import {
    applyInputs,
    commonInputs,
    deadlineOf,
    EXPIRED,
    type Failure,
    objectId,
    type ResourceHandler,
    requestInputs,
} from "../../resource/resource";
import { withPollInterval } from "../../resource/with-poll-interval";
import { type Context, targetOf } from "../../services/context";
import { findTask } from "./find-lost";
import { syncTopic } from "./tasks";

/** 30 min: terraform-provider-huaweicloud's default. */
const SYNC_BUDGET_MS = 30 * 60_000;

export const vaultSyncInputs = z.strictObject({
    ...commonInputs,
    /** Hybrid-cloud vault to synchronise. Changing it replaces the resource: another run. */
    vaultId: objectId.meta({ replaces: true }),
    /** Marks the run as automatic. Always sent. Default: false. Changing it replaces the resource. */
    autoTrigger: z.boolean().optional().meta({ replaces: true, default: false }),
});
export type VaultSyncInputs = z.output<typeof vaultSyncInputs>;

const vaultSyncOutputs = z.object({
    ...vaultSyncInputs.shape,
    region: z.string(),
    projectId: z.string(),
    /** Id of the task; also the resource's id. */
    operationLogId: z.string(),
    /** As `operationLogId`, under the name that other resources have it by. */
    operationLogIds: z.array(z.string()).optional(),
    /**
     * The API's word: waiting, running, success, failed, timeout, skipped; or `expired`: the cloud forgot the task
     * before its end was seen.
     */
    status: z.string(),
    /** UTC, as the API says it. */
    startedAt: z.string().optional(),
    /** UTC, as the API says it. */
    endedAt: z.string().optional(),
    /** Backups that were imported. */
    syncedBackups: z.number().optional(),
    /** Backups dropped because the storage no longer has them. */
    deletedBackups: z.number().optional(),
    /** Backups that could not be imported; may be above 0 on success. */
    failedBackups: z.number().optional(),
    errorCode: z.string().optional(),
    errorMessage: z.string().optional(),
});
export type VaultSyncOutputs = z.output<typeof vaultSyncOutputs>;

export const vaultSync: ResourceHandler<VaultSyncInputs, VaultSyncOutputs> = withPollInterval({
    kind: "VaultSync",
    inputs: vaultSyncInputs,
    outputs: vaultSyncOutputs,
    preflight,
    idOf: (outputs) => outputs.operationLogId,
    isSettled,
    withInputs,
    needsUpdate,
    parseImportId: (text) => parseRegionalId("VaultSync", text),
    create,
    update,
    read,
    // Nothing of it is left in the cloud but a line in the task list.
    remove: async () => {},
    storedOutcome,
});

function storedOutcome(id: string, { startedAt }: Partial<VaultSyncOutputs>): StoredOutcome {
    return { id, begun: { at: parseInstant(startedAt), clock: "region" } };
}

/** So long a task may be unknown after its POST, in milliseconds. */
const UNLISTED_MS = 30_000;
/** `skipped` is final (api-notes: Skipped synchronisations): terraform-provider-huaweicloud waits for ever there. */
const FINAL = new Set(["success", "failed", "timeout", "skipped", EXPIRED]);

/** What came of a forgotten task is not known: less than was asked for, unless its end was not wanted. */
const isFailure = (outputs: VaultSyncOutputs): boolean =>
    outputs.status !== "success" && (outputs.status !== EXPIRED || outputs.wait !== false);

function isSettled(outputs: VaultSyncOutputs): boolean {
    return FINAL.has(outputs.status) && !isFailure(outputs);
}

/**
 * A failure, or a wait cut short, whose note a refresh took out of the engine's state; or (`wait: false`) it has ended
 * since.
 */
async function needsUpdate(context: Context, id: string, olds: VaultSyncOutputs): Promise<boolean> {
    if (isSettled(olds)) return false;
    if (FINAL.has(olds.status) || olds.wait !== false) return true;
    try {
        return FINAL.has(
            (await readOperationLog(context, await context.client.target(olds.region, olds.projectId), id)).status,
        );
    } catch {
        // A preview must not fail because the cloud cannot be asked: what state says stands.
        return false;
    }
}

function preflight(context: Context, inputs: Partial<VaultSyncInputs>): Promise<Failure[]> {
    return look(context, async () => {
        const { vaultId } = inputs;
        if (vaultId === undefined) return [];
        const target = await previewTargetOf(context, inputs);
        const vault = await vaultOf(context, target, vaultId);
        if (vault === undefined) return [];
        if (vault === null) return [noVault("vaultId", vaultId, target)];
        // Either word may say hybrid; without any word the API has the last one (api-notes: Hybrid vaults).
        if (vault.billing === undefined || isHybrid(vault)) return [];
        return [
            {
                property: "vaultId",
                reason:
                    `vault ${vaultId} is not a hybrid-cloud vault, and only those can be synchronised ` +
                    "(BackupService.7300)",
            },
        ];
    });
}

function withInputs(olds: VaultSyncOutputs, news: VaultSyncInputs): VaultSyncOutputs {
    return applyInputs(olds, news, vaultSyncInputs);
}

async function create(context: Context, inputs: VaultSyncInputs) {
    const target = await targetOf(context, inputs);
    const deadline = deadlineOf(context, inputs, "create", SYNC_BUDGET_MS);
    const plan = planFor(context, target, inputs, deadline);
    const outcome = await postOnce(context, plan);
    const { id } = outcome.value;
    noteOutcome(context, plan, outcome, { facts: { operationLogId: id }, resourceId: id });
    if (outcome.how !== "sent")
        context.log.info(
            outcome.isProven
                ? `synchronisation ${id} was under way already (its answer was lost): it was not started again`
                : // Tasks have no names: it may be another's, and what the lost request starts comes later.
                  `synchronisation ${id} of vault ${inputs.vaultId} is taken for the one that a request ` +
                      "has started whose " +
                      "answer was lost; if it was started by another, one more may run beside it",
        );
    const outputs: VaultSyncOutputs = {
        ...inputs,
        region: target.region,
        projectId: target.projectId,
        operationLogId: id,
        operationLogIds: [id],
        status: "waiting",
    };
    const hasEnded = ({ status }: VaultSyncOutputs) => FINAL.has(status);
    const run = async () => ({ id, outputs: await finish(context, target, outputs, deadline) });
    return holdingNotes(context, [outcome], hasEnded, run);
}

interface Begun {
    readonly id: string;
    readonly isRunning?: boolean;
}

function planFor(
    context: Context,
    target: ProjectRef,
    inputs: VaultSyncInputs,
    deadline: number,
): PostPlan<Begun, Begun> {
    return {
        what: `ImportCheckpoint for vault ${inputs.vaultId}`,
        whereToLook: `the tasks of type sync of vault ${inputs.vaultId}`,
        deadline,
        target,
        request: requestInputs(vaultSyncInputs, inputs),
        facts: {},
        send: async (post: PostOptions) => {
            const body = { sync: { vault_id: inputs.vaultId, auto_trigger: inputs.autoTrigger ?? false } };
            try {
                const { sync } = await context.client.call(importCheckpoint, { target, body, ...post });
                return { id: sync.operation_log_id };
            } catch (error) {
                // Vendor: the references of Open Telekom Cloud and FlexibleEngine do not have this call.
                if (!(error instanceof ApiError) || error.failure.code !== "APIGW.0101") throw error;
                throw new OperationFailedError(
                    `${messageOf(error)} Only Huawei Cloud synchronises hybrid-cloud vaults; other clouds ` +
                        "do not have this call.",
                    { cause: error },
                );
            }
        },
        find: async (window, facts, isLast) => {
            const known = facts["operationLogId"];
            if (known !== undefined) return findById(context, target, known, deadline);
            const id = await findTask(context, { target, vaultId: inputs.vaultId, window, isLast, deadline });
            return id === undefined ? undefined : { id };
        },
        isRunning: (found) => found.isRunning === true,
        made: (value) => `task ${value.id}`,
    };
}

/** A task that the cloud no longer has has ended long ago. */
async function findById(
    context: Context,
    target: ProjectRef,
    id: string,
    deadline: number,
): Promise<Begun | undefined> {
    try {
        return {
            id,
            isRunning: !FINAL.has((await readOperationLog(context, target, id, { deadline, priority: "poll" })).status),
        };
    } catch (error) {
        // Tasks may be listed a moment late.
        if (error instanceof NotFoundError) return { id };
        throw error;
    }
}

function withLog(outputs: VaultSyncOutputs, log: WireOperationLog): VaultSyncOutputs {
    const counts = log.extra_info?.sync;
    return {
        ...outputs,
        status: log.status,
        startedAt: log.started_at ?? log.created_at ?? outputs.startedAt,
        endedAt: log.ended_at ?? outputs.endedAt,
        syncedBackups: counts?.sync_backup_num ?? outputs.syncedBackups,
        deletedBackups: counts?.delete_backup_num ?? outputs.deletedBackups,
        failedBackups: counts?.err_sync_backup_num ?? outputs.failedBackups,
        errorCode: log.error_info?.code,
        errorMessage: log.error_info?.message,
    };
}

async function finish(
    context: Context,
    target: ProjectRef,
    begun: VaultSyncOutputs,
    deadline: number,
): Promise<VaultSyncOutputs> {
    const id = begun.operationLogId;
    let outputs = begun;
    let unseen = 0;
    const begunAt = context.clock.now();
    if (begun.wait === false) return outputs;
    const run = async () => {
        const judgeLog = (log: WireOperationLog) => {
            outputs = withLog(outputs, log);
            if (FINAL.has(log.status)) return { done: true, result: outputs } as const;
            const progress = log.extra_info?.common?.progress;
            return {
                done: false,
                status: log.status,
                note: progress === undefined ? log.status : `${log.status} ${progress} %`,
                percent: progress,
            } as const;
        };
        await context.poller.wait({
            topic: syncTopic(context, target),
            question: { id, since: parseInstant(begun.startedAt) ?? begunAt },
            what: `synchronisation ${id} of vault ${begun.vaultId}`,
            deadline,
            onLook: showProgress(context.log, "synchronisations that are waited for"),
            evaluate: (log) => {
                if (log !== undefined) return judgeLog(log);
                if (!shouldFetchById(++unseen)) return { done: false, status: outputs.status };
                return readOperationLog(context, target, id, { deadline, priority: "poll" }).then(
                    judgeLog,
                    (error: unknown) => {
                        // Tasks may be listed a moment late; one that stays unknown has been forgotten.
                        if (!(error instanceof NotFoundError)) throw error;
                        if (context.clock.now() < begunAt + UNLISTED_MS)
                            return { done: false, status: "not listed yet" } as const;
                        outputs = { ...outputs, status: EXPIRED };
                        return { done: true, result: outputs } as const;
                    },
                );
            },
        });
        return judged(context, outputs);
    };
    return keepingId(id, () => outputs, run);
}

/** Throws when the outcome is a failure. */
function judged(context: Context, outputs: VaultSyncOutputs): VaultSyncOutputs {
    const { operationLogId: id, vaultId } = outputs;
    if (outputs.status === "success") {
        // Success and failures go together (api-notes: Synchronisations with failures).
        if ((outputs.failedBackups ?? 0) > 0)
            context.log.warn(
                `synchronisation ${id} of vault ${vaultId} succeeded, but ${outputs.failedBackups} backups ` +
                    "could not be imported",
            );
        return outputs;
    }
    if (!isFailure(outputs)) return outputs;
    const why =
        outputs.status === EXPIRED
            ? "the cloud no longer knows the task, and its end was not seen"
            : [outputs.errorCode, outputs.errorMessage].filter((text) => text !== undefined).join(": ");
    throw new OperationFailedError(
        `synchronisation ${id} of vault ${vaultId} has status ` +
            `${outputs.status}${why === "" ? "" : ` (${why})`}. Change \`triggers\`, or run \`pulumi up ` +
            `--replace\` with this resource's URN, to synchronise again.`,
    );
}

async function update(
    context: Context,
    id: string,
    olds: VaultSyncOutputs,
    news: VaultSyncInputs,
): Promise<VaultSyncOutputs> {
    const outputs = withInputs(olds, news);
    const target = await context.client.target(olds.region, olds.projectId);
    let seen = outputs;
    if (!FINAL.has(olds.status) && news.wait === false) {
        seen = withLog(outputs, await readOperationLog(context, target, id));
        if (!FINAL.has(seen.status)) return seen;
    } else if (!FINAL.has(olds.status)) {
        context.log.info(`resuming the wait for synchronisation ${id}`);
        return finish(context, target, outputs, deadlineOf(context, news, "update", SYNC_BUDGET_MS));
    }
    return keepingId(
        id,
        () => seen,
        async () => judged(context, seen),
    );
}

/** It records something that happened: the cloud forgets tasks after about 30 days, and that is no drift. */
async function read(context: Context, id: string, olds: Partial<VaultSyncOutputs>) {
    const stored = olds.operationLogId !== undefined;
    if (stored && FINAL.has(olds.status ?? "")) return { id, outputs: olds as VaultSyncOutputs };
    const target = await targetOf(context, olds);
    try {
        const log = await readOperationLog(context, target, id);
        const base = {
            ...olds,
            ...target,
            vaultId: olds.vaultId ?? log.vault_id ?? "",
            operationLogId: id,
            operationLogIds: [id],
            status: log.status,
        };
        return { id, outputs: withLog(base, log) };
    } catch (error) {
        if (!(error instanceof NotFoundError) || !stored) throw error;
        // One that was never seen may be listed late; `update` gives it time.
        const status = olds.startedAt === undefined ? olds.status : EXPIRED;
        const now =
            status === EXPIRED
                ? "its end was not seen: kept in state as expired. Change `triggers` to synchronise again."
                : "its last known status stays";
        context.log.warn(`synchronisation ${id} is no longer in the cloud's task list; ${now}`);
        return { id, outputs: { ...(olds as VaultSyncOutputs), status: status ?? "waiting" } };
    }
}
