/** The wait for a restore point, and the judgement of what became of it. */

import type { ProjectRef } from "../../client/client";
import { NotFoundError, PartialCreateError } from "../../client/errors/errors";
import { showCheckpoint, type WireBackup, type WireCheckpoint } from "../../client/operations";
import { parseInstant, queryInstant } from "../../client/time/timestamps";
import { operationLogRows } from "../../reads/backup-lists";
import { backupsOfCheckpoint, checkpointTopic } from "../../reads/checkpoint-lists";
import { leastPercent } from "../../reads/forecast";
import { type PollResult, shouldFetchById, showProgress } from "../../reads/poller";
import { taskIds } from "../../reads/task-ids";
import { EXPIRED } from "../../resource/resource";
import type { Context } from "../../services/context";
import type { CheckpointInputs, CheckpointOutputs } from "./checkpoint";
import { goodIds, toOutputs } from "./schema";
import { isFinalBackup, isFinalCheckpoint, isGoneCheckpoint, outcomeOf, requestedResources } from "./status";
import { warnOfOtherVolumes } from "./volumes";

/** So long a finished checkpoint is given for its backups to appear in the list, in milliseconds. */
export const UNLISTED_MS = 60_000;

/** Its tasks may have begun by so much earlier than it says of itself, in milliseconds. */
const TASK_SLACK_MS = 60_000;

export interface CheckpointWait {
    readonly target: ProjectRef;
    readonly inputs: CheckpointInputs;
    /** As it is known so far. */
    readonly begun: CheckpointOutputs;
    readonly deadline: number;
    /** Until this clock time "not found" means "not there yet". */
    readonly newbornUntil?: number;
}

/** Waits until the checkpoint and every backup of it are final, whatever they became. */
export function waitForCheckpoint(context: Context, wait: CheckpointWait): Promise<CheckpointOutputs> {
    const { target, inputs, begun, deadline } = wait;
    const watch = new CheckpointWatch(context, wait);
    const backups = watch.expected.length;
    return context.poller.wait({
        topic: checkpointTopic(context, target),
        question: {
            checkpointId: begun.checkpointId,
            vaultId: inputs.vaultId,
            createdAt: begun.createdAt,
            backups: backups > 0 ? backups : undefined,
        },
        what: `restore point ${begun.checkpointId}`,
        deadline,
        onLook: showProgress(context.log, "restore points that are waited for"),
        evaluate: (rows) => watch.evaluate(rows),
    });
}

type Seen = PollResult<CheckpointOutputs>;

/** What the looks of one wait have told so far. */
class CheckpointWatch {
    /** Resources that will have a backup, where the cloud has said so. */
    readonly expected: readonly string[];
    readonly #context: Context;
    readonly #wait: CheckpointWait;
    /** Looks in a row that did not show it. */
    #unseen = 0;
    #unlistedSince: number | undefined;
    #lastStatus: string;

    constructor(context: Context, wait: CheckpointWait) {
        const { inputs, begun } = wait;
        this.#context = context;
        this.#wait = wait;
        this.#lastStatus = begun.status;
        const skipped = new Set(begun.skippedResources.map((one) => one.id));
        this.expected = requestedResources(inputs, begun).filter((one) => !skipped.has(one));
    }

    evaluate(rows: readonly WireBackup[] | undefined): Seen | Promise<Seen> {
        const running = rows?.filter((row) => !isFinalBackup(row.status)) ?? [];
        if (running.length > 0) {
            const status = running[0]?.status ?? this.#lastStatus;
            this.#lastStatus = status;
            const percent = leastPercent(running.map((row) => row.extend_info?.progress));
            return { done: false, status, note: percent === undefined ? status : `${status} ${percent} %`, percent };
        }
        // Not in the list: ask for it by id, but more rarely.
        if ((rows === undefined || rows.length === 0) && !shouldFetchById(++this.#unseen))
            return { done: false, status: this.#lastStatus };
        return this.#askById(rows ?? []);
    }

    async #askById(listed: readonly WireBackup[]): Promise<Seen> {
        const { begun, newbornUntil = 0 } = this.#wait;
        const id = begun.checkpointId;
        let wire: WireCheckpoint;
        try {
            wire = await this.#show();
        } catch (error) {
            if (!(error instanceof NotFoundError)) throw error;
            if (this.#context.clock.now() < newbornUntil) return { done: false, status: this.#lastStatus };
            throw vanishedError(id, begun, error.message);
        }
        this.#lastStatus = wire.status;
        if (isGoneCheckpoint(wire.status)) throw vanishedError(id, begun, `ShowCheckpoint says ${wire.status}`);
        if (!isFinalCheckpoint(wire.status)) return { done: false, status: wire.status };
        return this.#withBackups(wire, listed);
    }

    async #show(): Promise<WireCheckpoint> {
        const { target, begun, deadline } = this.#wait;
        const call = { target, path: { checkpoint_id: begun.checkpointId }, deadline };
        return (await this.#context.client.call(showCheckpoint, call)).checkpoint;
    }

    /** Of a finished one: have its backups ended, and are they all listed? */
    async #withBackups(wire: WireCheckpoint, listed: readonly WireBackup[]): Promise<Seen> {
        const { target, inputs, begun, deadline } = this.#wait;
        const { clock } = this.#context;
        const seen = new Set(listed.map((row) => row.resource_id));
        // The answer to the POST may not have said what it backs up.
        const expected = this.expected.length > 0 ? this.expected : (wire.vault?.resources ?? []).map((one) => one.id);
        const isComplete = listed.length > 0 && expected.every((one) => seen.has(one));
        const asked = { checkpointId: begun.checkpointId, expected };
        const rows = isComplete ? listed : await backupsOfCheckpoint(this.#context, target, asked, { deadline });
        if (rows.some((row) => !isFinalBackup(row.status))) return { done: false, status: "protecting" };
        const least = expected.length > 0 ? expected.length : begun.skippedResources.length > 0 ? 0 : 1;
        if (rows.length < least) {
            this.#unlistedSince ??= clock.now();
            if (clock.now() - this.#unlistedSince < UNLISTED_MS)
                return { done: false, status: `${wire.status}, ${rows.length} of ${least} backups listed yet` };
        }
        return { done: true, result: toOutputs(inputs, target, { wire, rows }, begun) };
    }
}

export function vanishedError(
    id: string,
    outputs: CheckpointOutputs,
    said: string,
): PartialCreateError<CheckpointOutputs> {
    return new PartialCreateError(id, { ...outputs, status: EXPIRED, backups: [], ...goodIds([]) }, [
        `restore point ${id} vanished before it was finished (${said.replace(/\.$/, "")}). Nothing is left ` +
            `to restore from: change \`triggers\`, or run \`pulumi up --replace\` with this resource's ` +
            "URN, to take a new one.",
    ]);
}

/** The outputs with the ids of the tasks that took it, where lists of tasks show them. */
async function withBackupTasks(
    context: Context,
    target: ProjectRef,
    outputs: CheckpointOutputs,
): Promise<CheckpointOutputs> {
    if (outputs.operationLogIds !== undefined || outputs.adopt !== undefined) return outputs;
    const operationLogIds = await taskIds(context, target, {
        type: "backup",
        subjects: [outputs.checkpointId],
        count: outputs.backups.length,
        since: (parseInstant(outputs.createdAt) ?? context.clock.now()) - TASK_SLACK_MS,
    });
    return operationLogIds === undefined ? outputs : { ...outputs, operationLogIds };
}

/** Judges one that has just ended, and names its tasks. */
export async function judgeEnded(
    context: Context,
    target: ProjectRef,
    outputs: CheckpointOutputs,
): Promise<CheckpointOutputs> {
    // The list of tasks that a failure is explained by may tell both.
    const details = await errorDetails(context, target, outputs);
    const named = await withBackupTasks(context, target, outputs);
    judge(context, named, details);
    return named;
}

/** Throws when the outcome is a failure by the resource's own rules; warns of the rest. */
export async function judgeCheckpoint(context: Context, target: ProjectRef, outputs: CheckpointOutputs): Promise<void> {
    judge(context, outputs, await errorDetails(context, target, outputs));
}

const isBad = (outputs: CheckpointOutputs): boolean =>
    outcomeOf(outputs).failed.length > 0 || outputs.status !== "available";

/** `details`: what tasks say about the failures, by resource id. */
function judge(context: Context, outputs: CheckpointOutputs, details: ReadonlyMap<string, string>): void {
    const { good, failed, skipped } = outcomeOf(outputs);
    const reasons: string[] = [];
    warnOfOtherVolumes(context, outputs);
    if (isBad(outputs)) {
        const parts = failed.map(
            (one) => `resource ${one.resourceId}: ${one.what}${details.get(one.resourceId) ?? ""}`,
        );
        const text =
            `restore point ${outputs.checkpointId} has status ${outputs.status}; ${good} good, ` +
            `${failed.length} failed${parts.length === 0 ? (details.get("") ?? "") : `: ${parts.join("; ")}`}.`;
        if (good > 0 && outputs.onPartialFailure === "warn") context.log.warn(text);
        else {
            const next = good > 0 ? ' Accept the good ones with `onPartialFailure: "warn"`, or take' : " Take";
            reasons.push(
                `${text}${next} a new restore point by changing \`triggers\` or with \`pulumi up --replace\`.`,
            );
        }
    } else if (good === 0) {
        reasons.push(
            `restore point ${outputs.checkpointId}: nothing was backed ` +
                `up${skipped.length === 0 ? "" : `; ${describeSkipped(outputs)}`}. Take a new one by ` +
                `changing \`triggers\` or with \`pulumi up --replace\`.`,
        );
    }
    if (skipped.length > 0) {
        if (outputs.onSkipped === "fail")
            reasons.push(
                `${describeSkipped(outputs)}. Accept it with \`onSkipped: "warn"\`, or take a new restore ` +
                    `point by changing \`triggers\`.`,
            );
        else if (reasons.length === 0) warnSkipped(context, outputs);
    }
    if (reasons.length > 0) throw new PartialCreateError(outputs.checkpointId, outputs, reasons);
}

function describeSkipped(outputs: CheckpointOutputs): string {
    const parts = outputs.skippedResources.map(
        (one) =>
            `${one.name ?? one.id} ` +
            `(${[one.code, one.reason].filter((text) => text !== undefined).join(": ") || "no reason given"})`,
    );
    return `the cloud skipped ${parts.length} of the resources: ${parts.join(", ")}`;
}

export function warnSkipped(context: Context, outputs: CheckpointOutputs): void {
    if (outputs.skippedResources.length > 0)
        context.log.warn(`restore point ${outputs.checkpointId}: ${describeSkipped(outputs)}`);
}

/**
 * What the tasks' logs say about the failures, by resource id; under "" what names no resource. Best effort: a failure
 * is reported with or without it.
 */
async function errorDetails(
    context: Context,
    target: ProjectRef,
    outputs: CheckpointOutputs,
): Promise<Map<string, string>> {
    const details = new Map<string, string>();
    if (!isBad(outputs)) return details;
    try {
        const from = (parseInstant(outputs.createdAt) ?? context.clock.now()) - TASK_SLACK_MS;
        const rows = await operationLogRows(context, target, {
            operation_type: "backup",
            vault_id: outputs.vault.id,
            start_time: queryInstant(from),
        });
        for (const row of rows) {
            if (row.checkpoint_id !== outputs.checkpointId || row.error_info?.code === undefined) continue;
            const request = row.extra_info?.common?.request_id;
            details.set(
                row.extra_info?.resource?.id ?? "",
                ` (${row.error_info.code}: ${row.error_info.message ?? ""}; task ` +
                    `${row.id}${request === undefined ? "" : `, request id ${request}`})`,
            );
        }
    } catch {
        // The failure itself is worth more than why the log could not be read.
    }
    return details;
}
