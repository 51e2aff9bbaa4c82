/** Checkpoint: a restore point of a vault. From the inputs to the life cycle, read from top to bottom. */
import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { NotFoundError, OperationFailedError } from "../../client/errors/errors";
import { showCheckpoint, type WireCheckpoint } from "../../client/operations";
import { holdingNotes, noteOutcome, postOnce } from "../../exactly-once/post-once";
import { abandonNotes, settleNotes } from "../../exactly-once/settle-notes";
import { backupsOfCheckpoint } from "../../reads/checkpoint-lists";
import { parseRegionalId } from "../../resource/import-id";
import { keepingId } from "../../resource/keep-id";
import { canRename, refuseRename } from "../../resource/rename";
import {
    commonInputs,
    deadlineOf,
    deletionPolicy,
    EXPIRED,
    type Failure,
    objectDescription,
    objectId,
    objectName,
    type ResourceHandler,
    requestInputs,
    warnOrFail,
} from "../../resource/resource";
import { withPollInterval } from "../../resource/with-poll-interval";
import { type Context, targetOf } from "../../services/context";
import type { Holding } from "../../services/holders";
import { noteOwner, warnOfTwins } from "./find-lost";
import { generatedName, newName, rename, withName } from "./names";
import { preflightCheckpoint, refuseAdoption, refuseEmpty } from "./preflight";
import { observe, read } from "./read";
import { remove } from "./remove";
import { createPlan, storedOutcome } from "./request";
import { checkpointFacts, checkpointNotes, expiredOutputs, toOutputs } from "./schema";
import { isFailure, isFinalCheckpoint, isGoing, isGoodBackup, outcomeOf } from "./status";
import { checkVolumeChoice, volumeChoice } from "./volumes";
import {
    type CheckpointWait,
    judgeCheckpoint,
    judgeEnded,
    UNLISTED_MS,
    vanishedError,
    waitForCheckpoint,
    warnSkipped,
} from "./wait";

/** A first full backup of a big vault takes hours. 3 h. */
const CREATE_BUDGET_MS = 3 * 3_600_000;
/** A 404 this soon after the POST is a list that lags, not a restore point that is gone. */
const READ_AFTER_CREATE_MS = 30_000;

export const checkpointInputs = z.strictObject({
    ...commonInputs,
    /** Vault to back up, of protect type backup. Changing it replaces the checkpoint. */
    vaultId: objectId.meta({ replaces: true }),
    /**
     * Name of the restore point, 1 to 64 letters, digits, `_` and `-`. Default: `<resource name>-<8 hex>`, unique.
     * Changing it renames its backups; leaving it out later changes nothing.
     */
    name: objectName.optional(),
    /** 0 to 255 characters without < and >. No call of the API can change it. Changing it replaces the checkpoint. */
    description: objectDescription.optional().meta({ replaces: true }),
    /**
     * false forces a full backup. Default: unset, the cloud's own (incremental). A first backup is always full.
     * Changing it replaces the checkpoint.
     */
    incremental: z.boolean().optional().meta({ replaces: true }),
    /**
     * Marks the backups as automatic: retention applies to them, and a locked vault protects them from deletion.
     * Default: false. Changing it replaces the checkpoint.
     */
    autoTrigger: z.boolean().optional().meta({ replaces: true, default: false }),
    /**
     * Ids of resources of the vault to back up. Default: all of them. Not together with resourceDetails. Changing it
     * replaces the checkpoint.
     */
    resources: z
        .array(objectId)
        .min(1, "must name at least one resource; leave it out to back up all")
        .optional()
        .meta({ replaces: true }),
    /** As `resources`, with types; at most 256. Not together with resources. Changing it replaces the checkpoint. */
    resourceDetails: z
        .array(
            z
                .strictObject({
                    /** Id of the resource. */
                    id: objectId,
                    /**
                     * OS::Nova::Server, OS::Cinder::Volume, OS::Ironic::BareMetalServer, OS::Native::Server,
                     * OS::Sfs::Turbo …
                     */
                    type: z
                        .string()
                        .regex(/^OS::[A-Za-z0-9]+::[A-Za-z0-9]+$/, "must be a type such as OS::Nova::Server"),
                    /** 0 to 255 characters. */
                    name: z.string().max(255, "must have at most 255 characters").optional(),
                    ...volumeChoice,
                })
                .superRefine(checkVolumeChoice),
        )
        .min(1, "must name at least one resource; leave it out to back up all")
        .max(256)
        .optional()
        .meta({ replaces: true }),
    /** What a skipped resource means: `warn` (default) or `fail`. Nothing backed up at all always fails. */
    onSkipped: warnOrFail.optional().meta({ default: "warn" }),
    /** What it means when some backups fail and others are good: `fail` (default) or `warn`. */
    onPartialFailure: warnOrFail.optional().meta({ default: "fail" }),
    /**
     * What becomes of the backups when the resource goes: `retain` (default) keeps them, `delete` deletes every one of
     * them.
     */
    deletionPolicy: deletionPolicy.optional().meta({ default: "retain" }),
    /**
     * When the cloud no longer has the restore point: false (default) keeps it in state as `expired`, true lets the
     * `up` after a `refresh` take a new one.
     */
    recreateWhenExpired: z.boolean().optional().meta({ default: false }),
    /**
     * Id of an existing restore point to manage instead of taking a new one: nothing is sent. Leaving it out later
     * changes nothing. Changing it replaces the checkpoint.
     */
    adopt: objectId.optional().meta({ replaces: true }),
});
export type CheckpointInputs = z.output<typeof checkpointInputs>;

const checkpointOutputs = z.object({ ...checkpointInputs.shape, ...checkpointFacts, ...checkpointNotes });
export type CheckpointOutputs = z.output<typeof checkpointOutputs>;

export const checkpoint: ResourceHandler<CheckpointInputs, CheckpointOutputs> = withPollInterval({
    kind: "Checkpoint",
    inputs: checkpointInputs,
    outputs: checkpointOutputs,
    refine,
    preflight: preflightCheckpoint,
    isUnchanged,
    idOf: (outputs) => outputs.checkpointId,
    isSettled,
    withInputs,
    needsUpdate,
    holding,
    declaredKeys: (inputs) => (inputs.adopt === undefined ? [] : [inputs.adopt]),
    refuseReplacement,
    refuseUpdate: (settings, olds, updates) => refuseRename(settings, olds, updates, "a new restore point"),
    parseImportId: (text) => parseRegionalId("Checkpoint", text),
    create,
    update,
    read,
    remove,
    storedOutcome,
});

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

/**
 * Without a name the restore point keeps the one it has. An adopted id that is this one's is no change, nor is its
 * removal.
 */
function isUnchanged(
    key: keyof CheckpointInputs,
    id: string,
    olds: CheckpointOutputs,
    value: unknown,
): boolean | undefined {
    if (key === "name" && value === undefined) return true;
    if (key === "adopt") return value === undefined || value === id || value === olds.adopt;
    return undefined;
}

/**
 * What is adopted cannot take its own place: no restore point would be taken, and `delete` would take the old one away.
 */
function refuseReplacement(
    id: string,
    olds: CheckpointInputs,
    news: Partial<CheckpointInputs>,
    replaces: readonly string[],
): Failure[] {
    if (news.adopt === undefined || (news.adopt !== id && news.adopt !== olds.adopt)) return [];
    return [
        {
            property: "adopt",
            reason:
                "names the restore point that this resource is already, which cannot take its own place: " +
                `${replaces.join(", ")} changed. Take adopt out for a new restore point; by itself that ` +
                "changes nothing",
        },
    ];
}

/** Nothing of it is under way any more, or it is being deleted. */
const isAtRest = (outputs: CheckpointOutputs): boolean => hasEnded(outputs) || isGoing(outputs);

function isSettled(outputs: CheckpointOutputs): boolean {
    return isAtRest(outputs) && !isFailure(outputs) && outputs.partlyRenamed !== true;
}

/**
 * There is something left to do that no input shows: a failure or a wait cut short whose note a refresh took out of the
 * engine's state, or (`wait: false`) the cloud has finished since.
 */
async function needsUpdate(context: Context, id: string, olds: CheckpointOutputs): Promise<boolean> {
    if (isSettled(olds)) return false;
    if (isAtRest(olds) || olds.wait !== false) return true;
    try {
        const target = await targetOf(context, olds);
        const { checkpoint: wire } = await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } });
        return isFinalCheckpoint(wire.status);
    } catch {
        // A preview must not fail because the cloud cannot be asked: what state says stands.
        return false;
    }
}

async function create(context: Context, inputs: CheckpointInputs) {
    const target = await targetOf(context, inputs);
    if (inputs.adopt !== undefined) return adopt(context, target, inputs, inputs.adopt);
    const deadline = deadlineOf(context, inputs, "create", CREATE_BUDGET_MS);
    const name = inputs.name ?? generatedName(context);
    // Where a name can be changed, another one is no other request.
    const named = canRename(context.settings) || inputs.name === undefined ? {} : { name: inputs.name };
    const asked = { ...requestInputs(checkpointInputs, inputs), ...named };
    const plan = createPlan(context, { target, inputs, asked, name, deadline });
    const outcome = await postOnce(context, plan);
    // From here on an id is known, and no failure may lose it.
    const { note, value: wire } = outcome;
    noteOwner(context, wire.id);
    noteOutcome(context, plan, outcome, { facts: { checkpointId: wire.id }, resourceId: wire.id });
    const unproven = outcome.isProven ? {} : { unproven: true };
    const sent = { ...inputs, name: note.facts["name"] ?? name };
    const outputs = toOutputs(sent, target, { wire, rows: [] }, unproven);
    if (outcome.how === "recovered")
        context.log.info(
            `resumed restore point ${wire.id}, which an interrupted run had started: no second one was taken`,
        );
    if (outcome.how === "found")
        context.log.info(
            `restore point ${wire.id} was taken although its answer was lost: found by name, not taken again`,
        );
    return holdingNotes(context, [outcome], hasEnded, async () => {
        const newbornUntil = context.clock.now() + READ_AFTER_CREATE_MS;
        const run = async () => {
            const done = await finish(context, { target, inputs: sent, begun: outputs, deadline, newbornUntil });
            return rename(context, target, done, newName(done, inputs.name));
        };
        try {
            return { id: wire.id, outputs: await keepingId(wire.id, () => outputs, run) };
        } finally {
            if (outcome.wasRepeated) await warnOfTwins(context, { target, inputs, note, id: wire.id });
        }
    });
}

/** Nothing of it is under way any more. */
function hasEnded({ status }: CheckpointOutputs): boolean {
    return isFinalCheckpoint(status) || status === EXPIRED;
}

/** The wait, unless it is not wanted, and the judgement. */
async function finish(context: Context, wait: CheckpointWait): Promise<CheckpointOutputs> {
    const { inputs, begun } = wait;
    if (inputs.wait === false && !isFinalCheckpoint(begun.status)) {
        warnSkipped(context, begun);
        return begun;
    }
    return judgeEnded(context, wait.target, await waitForCheckpoint(context, wait));
}

async function adopt(context: Context, target: ProjectRef, inputs: CheckpointInputs, id: string) {
    let wire: WireCheckpoint;
    try {
        wire = (await context.client.call(showCheckpoint, { target, path: { checkpoint_id: id } })).checkpoint;
    } catch (error) {
        if (error instanceof NotFoundError)
            throw new OperationFailedError(
                `adopt: there is no restore point ${id} in ${target.region}, project ${target.projectId}: ` +
                    `${error.message} Take adopt out to take a new one.`,
                { cause: error },
            );
        throw error;
    }
    const expected = (wire.vault?.resources ?? []).map((one) => one.id);
    const rows = await backupsOfCheckpoint(context, target, { checkpointId: id, expected });
    const refusal = await refuseAdoption(inputs, wire, async () => rows);
    if (refusal !== undefined) throw new OperationFailedError(`adopt: ${refusal}.`);
    const outputs = toOutputs(inputs, target, { wire, rows }, {});
    const empty = refuseEmpty(wire, rows);
    if (empty !== undefined) throw new OperationFailedError(`adopt: ${empty}.`);
    noteOwner(context, id);
    await settleNotes(context, [context.urn], storedOutcome(id, outputs));
    await abandonNotes(context, () => false);
    context.log.info(`adopted restore point ${id} (${wire.status}); none was taken`);
    const deadline = deadlineOf(context, inputs, "create", CREATE_BUDGET_MS);
    const run = () => finish(context, { target, inputs, begun: outputs, deadline });
    return { id, outputs: await keepingId(id, () => outputs, run) };
}

function withInputs(olds: CheckpointOutputs, news: CheckpointInputs): CheckpointOutputs {
    return withName(withOtherInputs(olds, news), newName(olds, news.name));
}

/** All but the name, which the cloud has to be given first. */
function withOtherInputs(olds: CheckpointOutputs, news: CheckpointInputs): CheckpointOutputs {
    return {
        ...factsOf(olds),
        ...news,
        region: olds.region,
        projectId: olds.projectId,
        name: olds.name,
        // One that is taken out changes nothing.
        adopt: news.adopt ?? olds.adopt,
    };
}

async function update(
    context: Context,
    id: string,
    olds: CheckpointOutputs,
    news: CheckpointInputs,
): Promise<CheckpointOutputs> {
    const target = await context.client.target(olds.region, olds.projectId);
    const named = { ...news, name: olds.name };
    const outputs = withOtherInputs(olds, news);
    const run = async () => rename(context, target, await resume(), newName(olds, news.name));
    const resume = async () => {
        if (olds.status === EXPIRED && isFailure(outputs))
            throw vanishedError(id, outputs, "it is no longer in the cloud");
        if (olds.status === EXPIRED) return expiredOutputs(outputs);
        if (isGoing(olds)) return outputs;
        if (isFinalCheckpoint(olds.status)) {
            // What looked like a failure may have been a list that lagged, or a backup that was busy.
            const seen = isFailure(outputs) ? await observe(context, target, id, outputs) : outputs;
            if (seen === undefined) return expired(context, id, outputs);
            await judgeCheckpoint(context, target, seen);
            return seen;
        }
        if (news.wait === false) {
            const seen = await observe(context, target, id, outputs);
            if (seen === undefined) return expired(context, id, outputs);
            // Ended since: its backups are waited for as long as a list may lag.
            if (!isFinalCheckpoint(seen.status)) return seen;
            const until = context.clock.now() + 2 * UNLISTED_MS;
            const wait = { target, inputs: named, begun: seen, deadline: until };
            const done = isFailure(seen) ? await waitForCheckpoint(context, wait) : seen;
            return judgeEnded(context, target, done);
        }
        context.log.info(`resuming the wait for restore point ${id}`);
        const deadline = deadlineOf(context, news, "update", CREATE_BUDGET_MS);
        return finish(context, { target, inputs: named, begun: outputs, deadline });
    };
    return keepingId(id, () => outputs, run);
}

/** It is gone. That is a failure only when nothing good of it was ever seen. */
function expired(context: Context, id: string, outputs: CheckpointOutputs): CheckpointOutputs {
    const seen = expiredOutputs(outputs);
    if (isFailure(seen) || (outputs.backups.length > 0 && outcomeOf(outputs).good === 0))
        throw vanishedError(id, outputs, "it is no longer in the cloud");
    context.log.warn(
        `restore point ${id} is no longer in the cloud (expired, or deleted by hand): kept in state as ` +
            `expired. Change \`triggers\` to take a new one.`,
    );
    return seen;
}

/** The outputs without what repeats the inputs. */
function factsOf(
    outputs: CheckpointOutputs,
): Omit<CheckpointOutputs, keyof CheckpointInputs> & Pick<CheckpointOutputs, "region" | "projectId"> {
    const facts: Record<string, unknown> = {};
    for (const key of Object.keys({ ...checkpointFacts, ...checkpointNotes })) facts[key] = Reflect.get(outputs, key);
    return facts as ReturnType<typeof factsOf>;
}

function holding(id: string, outputs: CheckpointOutputs): Holding {
    const { failed = [], skipped = [] } =
        outputs.backups === undefined || outputs.vault === undefined ? {} : outcomeOf(outputs);
    const lacking = [...failed.map((one) => one.resourceId), ...skipped.map((one) => one.id)];
    const covered = outputs.backups?.filter((one) => isGoodBackup(one.status)).map((one) => one.resourceId ?? "") ?? [];
    return { identity: id, keys: [id], lacking, covered };
}
