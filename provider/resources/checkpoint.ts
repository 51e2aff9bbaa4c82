/** Checkpoint: a restore point of a vault. From the inputs to the life cycle, read from top to bottom. */
import { z } from "zod";
import { deleteBackups } from "../backup-deletion";
import { backupRows, backupsOfCheckpoint, checkpointTopic, groupBy, operationLogRows } from "../backup-lists";
import type { Target } from "../client";
import { type Context, targetOf } from "../context";
import { formatDuration } from "../duration";
import { messageOf, NotFoundError, PartialCreateError, UnsureError, WaitFailedError } from "../errors";
import {
    commonInputs,
    deadlineOf,
    deletionPolicy,
    type Failure,
    type Handler,
    objectDescription,
    objectId,
    objectName,
    warnOrFail,
    wishOf,
} from "../handler";
import { noteInJournal, type Once, type PostOptions, postOnce, settleJournal, type Window } from "../once";
import { createCheckpoint, showCheckpoint, type WireBackup, type WireCheckpoint } from "../operations";
import { preflightCheckpoint } from "../preflight";
import { sharedRows } from "../region-snapshot";
import { parseInstant, queryInstant } from "../time";
import {
    checkpointFacts,
    EXPIRED,
    goodIds,
    isFailure,
    isFinalBackup,
    isFinalCheckpoint,
    isGoneCheckpoint,
    outcomeOf,
    requestedResources,
    toBackup,
    toOutputs,
} from "./checkpoint-outputs";

/** A first full backup of a big vault takes hours. 3 h. */
const CREATE_BUDGET_MS = 3 * 3_600_000;
/** 30 min: CBR's predecessor documents as much for one deletion. */
const DELETE_BUDGET_MS = 30 * 60_000;
/** A 404 this soon after the POST is a list that lags, not a restore point that is gone. */
const NEWBORN_MS = 30_000;
/** Looks that a finished checkpoint is given for its backups to appear in the list. */
const EMPTY_LOOKS = 3;

export const checkpointInputs = z.strictObject({
    ...commonInputs,
    /** Vault to back up, of protect type backup. Changing it replaces the checkpoint. */
    vaultId: objectId.meta({ replaces: true }),
    /** Name of the restore point, 1 to 64 letters, digits, `_` and `-`. Default: `<resource name>-<8 hex>`, unique. Changing it replaces the checkpoint. */
    name: objectName.optional().meta({ replaces: true }),
    /** 0 to 255 characters without < and >. Changing it replaces the checkpoint. */
    description: objectDescription.optional().meta({ replaces: true }),
    /** false forces a full backup. Default: unset, the cloud's own (incremental). A first backup is always full. Changing it replaces the checkpoint. */
    incremental: z.boolean().optional().meta({ replaces: true }),
    /** Marks the backups as automatic: retention applies to them, and a locked vault protects them from deletion. Default: false. Changing it replaces the checkpoint. */
    autoTrigger: z.boolean().optional().meta({ replaces: true, default: false }),
    /** Ids of resources of the vault to back up. Default: all of them. Not together with resourceDetails. Changing it replaces the checkpoint. */
    resources: z
        .array(objectId)
        .min(1, "must name at least one resource; leave it out to back up all")
        .optional()
        .meta({ replaces: true }),
    /** As `resources`, with types; at most 256. Not together with resources. Changing it replaces the checkpoint. */
    resourceDetails: z
        .array(
            z.strictObject({
                /** Id of the resource. */
                id: objectId,
                /** OS::Nova::Server, OS::Cinder::Volume, OS::Ironic::BareMetalServer, OS::Native::Server, OS::Sfs::Turbo … */
                type: z.string().regex(/^OS::[A-Za-z0-9]+::[A-Za-z0-9]+$/, "must be a type such as OS::Nova::Server"),
                /** 0 to 255 characters. */
                name: z.string().max(255).optional(),
            }),
        )
        .min(1, "must name at least one resource; leave it out to back up all")
        .max(256)
        .optional()
        .meta({ replaces: true }),
    /** What a skipped resource means: `warn` (default) or `fail`. Nothing backed up at all always fails. */
    onSkipped: warnOrFail.optional().meta({ default: "warn" }),
    /** What it means when some backups fail and others are good: `fail` (default) or `warn`. */
    onPartialFailure: warnOrFail.optional().meta({ default: "fail" }),
    /** What becomes of the backups when the resource goes: `retain` (default) keeps them, `delete` deletes every one of them. */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
    /** When the cloud no longer has the restore point: false (default) keeps it in state as `expired`, true lets the next `up` take a new one. */
    recreateWhenExpired: z.boolean().optional().meta({ default: false }),
    /** Id of an existing restore point to manage instead of taking a new one: nothing is sent. */
    adopt: objectId.optional().meta({ replaces: true }),
});
export type CheckpointInputs = z.output<typeof checkpointInputs>;

export const checkpointOutputs = z.object({ ...checkpointInputs.shape, ...checkpointFacts });
export type CheckpointOutputs = z.output<typeof checkpointOutputs>;

export const checkpoint: Handler<CheckpointInputs, CheckpointOutputs> = {
    kind: "Checkpoint",
    inputs: checkpointInputs,
    outputs: checkpointOutputs,
    refine,
    preflight: preflightCheckpoint,
    same,
    moved,
    create,
    update,
    read,
    remove,
};

function refine(inputs: Partial<CheckpointInputs>): Failure[] {
    const failures: Failure[] = [];
    if (inputs.resources !== undefined && inputs.resourceDetails !== undefined)
        failures.push({
            property: "resourceDetails",
            reason: "cannot be given together with resources: name the resources in one of the two",
        });
    const ids = inputs.resources ?? inputs.resourceDetails?.map((one) => one?.id);
    if (Array.isArray(ids) && new Set(ids).size < ids.length)
        failures.push({
            property: inputs.resources === undefined ? "resourceDetails" : "resources",
            reason: "names a resource twice",
        });
    return failures;
}

/** A name that nobody gave is no input; the one in the outputs is then ours. An adopted id that is this one's is no change, nor is its removal. */
function same(key: keyof CheckpointInputs, id: string, olds: CheckpointOutputs, value: unknown): boolean | undefined {
    if (key === "name" && value === undefined)
        return olds.name === undefined || isGeneratedName(olds.name) || olds.adopt !== undefined;
    if (key === "adopt") return value === undefined || value === id;
    return undefined;
}

/**
 * There is something left to do that no input shows: a failure or a wait cut short whose note a refresh took out of the
 * engine's state, or (`wait: false`) the cloud has finished since.
 */
async function moved(context: Context, id: string, olds: CheckpointOutputs): Promise<boolean> {
    if (isFinalCheckpoint(olds.status) || olds.status === EXPIRED) return isFailure(olds);
    if (olds.wait !== false) return true;
    try {
        const target = await targetOf(context, olds);
        const { checkpoint: wire } = await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } });
        return isFinalCheckpoint(wire.status);
    } catch {
        // A preview must not fail because the cloud cannot be asked: what state says stands.
        return false;
    }
}

function isGeneratedName(name: string): boolean {
    return /-[0-9a-f]{8}$/.test(name);
}

function generatedName(context: Context): string {
    const suffix = Math.floor(context.clock.random() * 2 ** 32)
        .toString(16)
        .padStart(8, "0");
    const stem = context.resourceName.replaceAll(/[^a-zA-Z0-9_-]/g, "-").slice(0, 64 - 1 - suffix.length);
    return `${stem}-${suffix}`;
}

async function create(context: Context, inputs: CheckpointInputs) {
    const target = await targetOf(context, inputs);
    if (inputs.adopt !== undefined) return adopt(context, target, inputs, inputs.adopt);
    const deadline = deadlineOf(context, inputs, "create", CREATE_BUDGET_MS);
    const name = inputs.name ?? generatedName(context);
    const once = createOnce(context, target, inputs, name, deadline);
    const outcome = await postOnce(context, once);
    // From here on an id is known, and no failure may lose it.
    const wire = outcome.value;
    const sentName = outcome.how === "recovered" ? (wire.extra_info?.name ?? inputs.name) : name;
    let outputs = toOutputs(inputs, target, wire, [], { name: sentName });
    noteInJournal(context, once, { checkpointId: wire.id });
    if (outcome.how === "recovered")
        context.log.info(
            `resumed restore point ${wire.id}, which an interrupted run had started: no second one was taken`,
        );
    if (outcome.how === "found")
        context.log.info(
            `restore point ${wire.id} was taken although its answer was lost: found by name, not taken again`,
        );
    try {
        outputs = await finish(context, target, inputs, outputs, deadline, context.clock.now() + NEWBORN_MS);
        return { id: wire.id, outputs };
    } catch (error) {
        throw partial(wire.id, outputs, error);
    } finally {
        await settleJournal(context, target.region);
    }
}

/** The wait, unless it is not wanted, and the judgement. */
async function finish(
    context: Context,
    target: Target,
    inputs: CheckpointInputs,
    outputs: CheckpointOutputs,
    deadline: number,
    newbornUntil = 0,
): Promise<CheckpointOutputs> {
    if (inputs.wait === false && !isFinalCheckpoint(outputs.status)) {
        warnSkipped(context, outputs);
        return outputs;
    }
    const done = await waitForCheckpoint(context, target, inputs, outputs, deadline, newbornUntil);
    await judge(context, target, done);
    return done;
}

/** Failures that carry newer outputs keep them; all others keep the given ones. */
function partial(id: string, outputs: CheckpointOutputs, error: unknown): PartialCreateError<CheckpointOutputs> {
    if (error instanceof PartialCreateError) return error;
    return new PartialCreateError(id, outputs, [messageOf(error)], { cause: error });
}

function createOnce(
    context: Context,
    target: Target,
    inputs: CheckpointInputs,
    name: string,
    deadline: number,
): Once<WireCheckpoint, WireCheckpoint> {
    const { vaultId, description, incremental, autoTrigger, resources, resourceDetails } = inputs;
    const parameters = {
        name,
        ...(autoTrigger === undefined ? {} : { auto_trigger: autoTrigger }),
        ...(description === undefined ? {} : { description }),
        ...(incremental === undefined ? {} : { incremental }),
        ...(resources === undefined ? {} : { resources }),
        ...(resourceDetails === undefined
            ? {}
            : {
                  resource_details: resourceDetails.map((one) => ({
                      id: one.id,
                      type: one.type,
                      ...(one.name === undefined ? {} : { name: one.name }),
                  })),
              }),
    };
    return {
        what: `CreateCheckpoint for vault ${vaultId}`,
        whereToLook: `the backups of vault ${vaultId} named ${name}`,
        deadline,
        region: target.region,
        wish: wishOf(checkpointInputs, inputs),
        facts: { name },
        send: async (post: PostOptions) => {
            const answer = await context.client.call(createCheckpoint, {
                target,
                body: { checkpoint: { vault_id: vaultId, parameters } },
                ...post,
            });
            return answer.checkpoint;
        },
        find: (window, facts) => findCheckpoint(context, target, inputs, window, facts, deadline),
    };
}

/**
 * The checkpoint that a lost POST made: by its id if that is known; else by the name of its backups in this vault,
 * which for a name of ours is proof; a user's own name must also have been taken within the time of the POST.
 * Vendor: with several resources the service adds `-0001` and so on to the backups' names.
 */
async function findCheckpoint(
    context: Context,
    target: Target,
    inputs: CheckpointInputs,
    window: Window,
    facts: Readonly<Record<string, string>>,
    deadline: number,
): Promise<WireCheckpoint | undefined> {
    const show = async (id: string) => {
        try {
            return (await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id }, deadline }))
                .checkpoint;
        } catch (error) {
            if (error instanceof NotFoundError) return undefined;
            throw error;
        }
    };
    if (facts["checkpointId"] !== undefined) return show(facts["checkpointId"]);
    const name = facts["name"] ?? "";
    const since = { vault_id: inputs.vaultId, start_time: queryInstant(window.from) };
    const isOurs = (rowName: string | undefined) =>
        rowName === name ||
        (rowName?.startsWith(`${name}-`) === true && /^\d{4}$/.test(rowName.slice(name.length + 1)));
    const inTime = (text: string | undefined) => {
        const instant = parseInstant(text);
        return instant === undefined || (instant >= window.from && instant <= window.to);
    };
    const userNamed = inputs.name !== undefined;
    const candidates = new Set<string>();
    const rows = await backupRows(context, target, since, { deadline });
    for (const [checkpointId, group] of groupBy(rows, (row) => row.checkpoint_id)) {
        const mayBe = (row: WireBackup) =>
            isOurs(row.name) &&
            (!userNamed || inTime(row.created_at)) &&
            (row.description === undefined ||
                inputs.description === undefined ||
                row.description === inputs.description);
        const wanted = inputs.resources ?? inputs.resourceDetails?.map((one) => one.id);
        const within =
            wanted === undefined ||
            group.every((row) => row.resource_id === undefined || wanted.includes(row.resource_id));
        if (within && group.some(mayBe)) candidates.add(checkpointId);
    }
    if (candidates.size === 0) {
        const logs = await operationLogRows(context, target, { ...since, operation_type: "backup" }, { deadline });
        for (const log of logs) {
            if (
                log.checkpoint_id !== undefined &&
                isOurs(log.extra_info?.backup?.backup_name) &&
                (!userNamed || inTime(log.started_at ?? log.created_at))
            )
                candidates.add(log.checkpoint_id);
        }
    }
    const [first, ...others] = candidates;
    if (first === undefined) return undefined;
    if (others.length > 0)
        throw new UnsureError(
            `The answer to CreateCheckpoint for vault ${inputs.vaultId} was lost, and ${candidates.size} restore points named ${name} were taken at that time: ` +
                `${[...candidates].join(", ")}. Nothing was sent again. Look which one is this resource's, and name its id in \`adopt\`.`,
        );
    return show(first);
}

/** Waits until the checkpoint and every backup of it are final, whatever they became. */
async function waitForCheckpoint(
    context: Context,
    target: Target,
    inputs: CheckpointInputs,
    begun: CheckpointOutputs,
    deadline: number,
    newbornUntil = 0,
): Promise<CheckpointOutputs> {
    const { client, clock, log, poller } = context;
    const id = begun.checkpointId;
    const expected = requestedResources(inputs, begun).filter(
        (one) => !begun.skippedResources.some((skipped) => skipped.id === one),
    );
    let unseen = 0;
    let empty = 0;
    let lastStatus = begun.status;
    return poller.wait({
        topic: checkpointTopic(context, target),
        question: { checkpointId: id, vaultId: inputs.vaultId, createdAt: begun.createdAt },
        what: `restore point ${id}`,
        deadline,
        onLook: (status, elapsedMs, waiting) =>
            log.status(`${status}, ${formatDuration(elapsedMs)}${waiting > 1 ? `, ${waiting} waiting` : ""}`),
        judge: (rows) => {
            const running = rows?.filter((row) => !isFinalBackup(row.status)) ?? [];
            if (running.length > 0) {
                lastStatus = running[0]?.status ?? lastStatus;
                const progress = running.map((row) => row.extend_info?.progress).filter((one) => one !== undefined);
                const percent = progress.length === 0 ? "" : ` ${Math.min(...progress)} %`;
                return { done: false, status: lastStatus, note: `${lastStatus}${percent}` };
            }
            // Not in the list: ask for it by id, but ever more rarely.
            if (rows === undefined || rows.length === 0) {
                unseen++;
                if ((unseen & (unseen - 1)) !== 0) return { done: false, status: lastStatus };
            }
            return askById(rows ?? []);
        },
    });

    async function askById(listed: readonly WireBackup[]) {
        let wire: WireCheckpoint;
        try {
            wire = (await client.call(showCheckpoint, { target, path: { checkpoint_id: id }, deadline })).checkpoint;
        } catch (error) {
            if (!(error instanceof NotFoundError)) throw error;
            if (clock.now() < newbornUntil && listed.length === 0) return { done: false, status: lastStatus } as const;
            throw gone(id, begun, error.message);
        }
        lastStatus = wire.status;
        if (isGoneCheckpoint(wire.status)) throw gone(id, begun, `ShowCheckpoint says ${wire.status}`);
        if (!isFinalCheckpoint(wire.status)) return { done: false, status: wire.status } as const;
        const seen = new Set(listed.map((row) => row.resource_id));
        const complete = listed.length > 0 && expected.every((one) => seen.has(one));
        const rows = complete ? listed : await backupsOfCheckpoint(context, target, id, expected, { deadline });
        if (rows.some((row) => !isFinalBackup(row.status))) return { done: false, status: "protecting" } as const;
        if (rows.length === 0 && expected.length > 0 && ++empty < EMPTY_LOOKS)
            return { done: false, status: `${wire.status}, no backup listed yet` } as const;
        return { done: true, result: toOutputs(inputs, target, wire, rows, begun) } as const;
    }
}

function gone(id: string, outputs: CheckpointOutputs, said: string): PartialCreateError<CheckpointOutputs> {
    return new PartialCreateError(id, { ...outputs, status: EXPIRED, backups: [], ...goodIds([]) }, [
        `restore point ${id} vanished before it was finished (${said.replace(/\.$/, "")}). Nothing is left to restore from: change \`triggers\`, or run \`pulumi up --replace\` with this resource's URN, to take a new one.`,
    ]);
}

/** Throws when the outcome is a failure by the resource's own rules; warns of the rest. */
async function judge(context: Context, target: Target, outputs: CheckpointOutputs): Promise<void> {
    const { good, failed, skipped } = outcomeOf(outputs);
    const reasons: string[] = [];
    const bad = failed.length > 0 || outputs.status !== "available";
    if (bad) {
        const details = await errorDetails(context, target, outputs);
        const parts = failed.map(
            (one) => `resource ${one.resourceId}: ${one.what}${details.get(one.resourceId) ?? ""}`,
        );
        const text = `restore point ${outputs.checkpointId} has status ${outputs.status}; ${good} good, ${failed.length} failed${parts.length === 0 ? (details.get("") ?? "") : `: ${parts.join("; ")}`}.`;
        if (good > 0 && outputs.onPartialFailure === "warn") context.log.warn(text);
        else {
            const next = good > 0 ? ' Accept the good ones with `onPartialFailure: "warn"`, or take' : " Take";
            reasons.push(
                `${text}${next} a new restore point by changing \`triggers\` or with \`pulumi up --replace\`.`,
            );
        }
    } else if (good === 0) {
        reasons.push(
            `restore point ${outputs.checkpointId}: nothing was backed up${skipped.length === 0 ? "" : `; ${describeSkipped(outputs)}`}. Take a new one by changing \`triggers\` or with \`pulumi up --replace\`.`,
        );
    }
    if (skipped.length > 0) {
        if (outputs.onSkipped === "fail")
            reasons.push(
                `${describeSkipped(outputs)}. Accept it with \`onSkipped: "warn"\`, or take a new restore point by changing \`triggers\`.`,
            );
        else if (reasons.length === 0) warnSkipped(context, outputs);
    }
    if (reasons.length > 0) throw new PartialCreateError(outputs.checkpointId, outputs, reasons);
}

function describeSkipped(outputs: CheckpointOutputs): string {
    const parts = outputs.skippedResources.map(
        (one) =>
            `${one.name ?? one.id} (${[one.code, one.reason].filter((text) => text !== undefined).join(": ") || "no reason given"})`,
    );
    return `the cloud skipped ${parts.length} of the resources: ${parts.join(", ")}`;
}

function warnSkipped(context: Context, outputs: CheckpointOutputs): void {
    if (outputs.skippedResources.length > 0)
        context.log.warn(`restore point ${outputs.checkpointId}: ${describeSkipped(outputs)}`);
}

/** What the tasks' logs say about the failures, by resource id; under "" what names no resource. Best effort: a failure is reported with or without it. */
async function errorDetails(
    context: Context,
    target: Target,
    outputs: CheckpointOutputs,
): Promise<Map<string, string>> {
    const details = new Map<string, string>();
    try {
        const from = (parseInstant(outputs.createdAt) ?? context.clock.now()) - 60_000;
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
                ` (${row.error_info.code}: ${row.error_info.message ?? ""}; task ${row.id}${request === undefined ? "" : `, request id ${request}`})`,
            );
        }
    } catch {
        // The failure itself is worth more than why the log could not be read.
    }
    return details;
}

async function adopt(context: Context, target: Target, inputs: CheckpointInputs, id: string) {
    let wire: WireCheckpoint;
    try {
        wire = (await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } })).checkpoint;
    } catch (error) {
        if (error instanceof NotFoundError)
            throw new WaitFailedError(
                `adopt: there is no restore point ${id} in ${target.region}, project ${target.projectId}: ${error.message}`,
                { cause: error },
            );
        throw error;
    }
    if (isGoneCheckpoint(wire.status))
        throw new WaitFailedError(`adopt: restore point ${id} has status ${wire.status}.`);
    if (wire.vault?.id !== undefined && wire.vault.id !== inputs.vaultId)
        throw new WaitFailedError(
            `adopt: restore point ${id} is of vault ${wire.vault.id}, but vaultId is ${inputs.vaultId}.`,
        );
    const name = wire.extra_info?.name;
    if (inputs.name !== undefined && name !== undefined && inputs.name !== name)
        throw new WaitFailedError(
            `adopt: restore point ${id} is named ${name}, but name is ${inputs.name}. Leave name out to adopt it.`,
        );
    const resources = (wire.vault?.resources ?? []).map((one) => one.id);
    const rows = await backupsOfCheckpoint(context, target, id, resources);
    const outputs = toOutputs(inputs, target, wire, rows, {});
    if (rows.length === 0 && isFinalCheckpoint(wire.status))
        throw new WaitFailedError(`adopt: restore point ${id} has no backups left.`);
    await settleJournal(context, target.region);
    context.log.info(`adopted restore point ${id} (${wire.status}); none was taken`);
    try {
        return {
            id,
            outputs: await finish(
                context,
                target,
                inputs,
                outputs,
                deadlineOf(context, inputs, "create", CREATE_BUDGET_MS),
            ),
        };
    } catch (error) {
        throw partial(id, outputs, error);
    }
}

async function update(
    context: Context,
    id: string,
    olds: CheckpointOutputs,
    news: CheckpointInputs,
): Promise<CheckpointOutputs> {
    const outputs: CheckpointOutputs = {
        ...factsOf(olds),
        ...news,
        region: olds.region,
        projectId: olds.projectId,
        name: news.name ?? olds.name,
        // An adopted restore point has a name that nobody gave; without this it would look like one that was taken out.
        adopt: news.adopt ?? olds.adopt,
    };
    const target = await context.client.target(olds.region, olds.projectId);
    try {
        if (olds.status === EXPIRED && olds.backups.length === 0)
            throw gone(id, outputs, "it is no longer in the cloud");
        if (olds.status === EXPIRED) return outputs;
        if (isFinalCheckpoint(olds.status)) {
            await judge(context, target, outputs);
            return outputs;
        }
        if (news.wait === false) {
            const seen = await observe(context, target, id, outputs);
            if (seen === undefined) throw gone(id, outputs, "it is no longer in the cloud");
            if (isFinalCheckpoint(seen.status)) await judge(context, target, seen);
            return seen;
        }
        context.log.info(`resuming the wait for restore point ${id}`);
        return await finish(context, target, news, outputs, deadlineOf(context, news, "update", CREATE_BUDGET_MS));
    } catch (error) {
        throw partial(id, outputs, error);
    }
}

/** The outputs without what repeats the inputs. */
function factsOf(
    outputs: CheckpointOutputs,
): Omit<CheckpointOutputs, keyof CheckpointInputs> & Pick<CheckpointOutputs, "region" | "projectId"> {
    const facts: Record<string, unknown> = {};
    for (const key of Object.keys(checkpointFacts)) facts[key] = Reflect.get(outputs, key);
    return facts as ReturnType<typeof factsOf>;
}

/** What the cloud says now; undefined when it says that this very checkpoint is no more. */
async function observe(
    context: Context,
    target: Target,
    id: string,
    known: CheckpointOutputs,
): Promise<CheckpointOutputs | undefined> {
    let wire: WireCheckpoint;
    try {
        wire = (await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } })).checkpoint;
    } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        throw error;
    }
    if (isGoneCheckpoint(wire.status)) return undefined;
    const expected = known.backups
        .filter((one) => one.status !== EXPIRED)
        .map((one) => one.resourceId)
        .filter((one) => one !== undefined);
    const rows = await backupsOfCheckpoint(
        context,
        target,
        id,
        expected.length > 0 ? expected : (wire.vault?.resources ?? []).map((one) => one.id),
    );
    // An existing checkpoint without a backup is gone (A12), unless it never had one.
    if (rows.length === 0 && isFinalCheckpoint(wire.status) && known.backups.length > 0) return undefined;
    return toOutputs(known, target, wire, rows, known);
}

async function read(context: Context, id: string, olds: Partial<CheckpointOutputs>) {
    const target = await targetOf(context, olds);
    if (!isStored(olds)) return get(context, target, id, olds);
    if (olds.status === EXPIRED) return olds.recreateWhenExpired === true ? undefined : { id, outputs: olds };
    if (isFinalCheckpoint(olds.status) && olds.backups.length > 0) {
        const rows = await sharedRows(context, target, {
            checkpointId: id,
            vaultId: olds.vault.id,
            createdAt: olds.createdAt,
        });
        if (rows !== undefined && unchanged(olds, rows)) return { id, outputs: olds };
    }
    const outputs = await observe(context, target, id, olds);
    if (outputs === undefined) {
        if (olds.recreateWhenExpired === true) {
            context.log.warn(`restore point ${id} is no longer in the cloud; the next \`pulumi up\` takes a new one`);
            return undefined;
        }
        context.log.warn(
            `restore point ${id} is no longer in the cloud (expired, or deleted by hand); kept in state as expired. Change \`triggers\` to take a new one, or set \`recreateWhenExpired: true\`.`,
        );
        return { id, outputs: { ...olds, status: EXPIRED } };
    }
    const before = new Set(olds.backups.filter((one) => one.status === EXPIRED).map((one) => one.id));
    const lost = outputs.backups.filter((one) => one.status === EXPIRED && !before.has(one.id));
    if (lost.length > 0)
        context.log.warn(
            `restore point ${id}: ${lost.length} of ${olds.backups.length} backups are no longer in the cloud: ${lost.map((one) => one.id).join(", ")}`,
        );
    return { id, outputs };
}

function isStored(olds: Partial<CheckpointOutputs>): olds is CheckpointOutputs {
    return olds.checkpointId !== undefined && olds.backups !== undefined && olds.status !== undefined;
}

/** Does the list show just the backups that state knows, as state knows them? Then nothing happened, and no GET is needed. */
function unchanged(olds: CheckpointOutputs, rows: readonly WireBackup[]): boolean {
    const known = new Map(olds.backups.filter((one) => one.status !== EXPIRED).map((one) => [one.id, one]));
    if (rows.length !== known.size) return false;
    return rows.every((row) => {
        const one = known.get(row.id);
        return one !== undefined && one.status === row.status && one.expiredAt === toBackup(row).expiredAt;
    });
}

/** `Checkpoint.get`: everything comes from the cloud. */
async function get(context: Context, target: Target, id: string, given: Partial<CheckpointOutputs>) {
    const { checkpoint: wire } = await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } });
    const rows = await backupsOfCheckpoint(
        context,
        target,
        id,
        (wire.vault?.resources ?? []).map((one) => one.id),
    );
    const inputs = { ...given, vaultId: given.vaultId ?? wire.vault?.id ?? "" } as CheckpointInputs;
    return { id, outputs: { ...toOutputs(inputs, target, wire, rows, {}), vaultId: wire.vault?.id ?? inputs.vaultId } };
}

async function remove(context: Context, id: string, olds: CheckpointOutputs): Promise<void> {
    const known = olds.backups ?? [];
    if (olds.deletionPolicy !== "delete") {
        if (olds.status === EXPIRED) return;
        const what =
            known.length === 0
                ? "its backups stay"
                : `${known.length === 1 ? "backup" : "backups"} ${known.map((one) => one.id).join(", ")} ${known.length === 1 ? "stays" : "stay"}`;
        context.log.info(
            `retained restore point ${id}: ${what} in vault ${olds.vaultId} and ${known.length === 1 ? "costs" : "cost"} money until deleted`,
        );
        return;
    }
    const target = await context.client.target(olds.region, olds.projectId);
    const deadline = deadlineOf(context, olds, "delete", DELETE_BUDGET_MS);
    let ids = known.map((one) => one.id);
    if (!isFinalCheckpoint(olds.status) || ids.length === 0) {
        // State does not know them all: a running backup cannot be cancelled, so wait for it, then ask.
        if (!(await untilDeletable(context, target, id, olds, deadline))) return;
        ids = (
            await backupsOfCheckpoint(
                context,
                target,
                id,
                olds.vault.resources.map((one) => one.id),
                { deadline },
            )
        ).map((row) => row.id);
    }
    await deleteBackups(context, target, ids, deadline);
    if (known.length === ids.length && known.length > 0) return;
    const left = await backupsOfCheckpoint(context, target, id, [], { deadline });
    await deleteBackups(
        context,
        target,
        left.map((row) => row.id),
        deadline,
    );
}

/** False when there is nothing left to delete. */
async function untilDeletable(
    context: Context,
    target: Target,
    id: string,
    olds: CheckpointOutputs,
    deadline: number,
): Promise<boolean> {
    try {
        const { checkpoint: wire } = await context.client.call(showCheckpoint, {
            target,
            path: { checkpoint_id: id },
            deadline,
        });
        if (isGoneCheckpoint(wire.status)) return false;
        if (!isFinalCheckpoint(wire.status))
            await waitForCheckpoint(context, target, olds, { ...olds, status: wire.status }, deadline);
        return true;
    } catch (error) {
        if (error instanceof NotFoundError) return false;
        if (error instanceof PartialCreateError && (error.outputs as CheckpointOutputs).status === EXPIRED)
            return false;
        throw error;
    }
}
