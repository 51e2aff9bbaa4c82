/** The request for a restore point: what is sent, under which name, and how its effect is found. */
import type { ProjectRef } from "../../client/client";
import { createCheckpoint, type WireCheckpoint } from "../../client/operations";
import { parseInstant } from "../../client/time/timestamps";
import type { PostOptions, PostPlan } from "../../exactly-once/post-once";
import type { StoredOutcome } from "../../exactly-once/settle-notes";
import type { Context } from "../../services/context";
import type { CheckpointInputs, CheckpointOutputs } from "./checkpoint";
import { findCheckpoint } from "./find-lost";
import { isGeneratedName, isUniqueName } from "./names";
import { isFinalCheckpoint, isGoneCheckpoint } from "./status";
import { explainVolumeChoice, extraInfo } from "./volumes";

/** By name only where it is one of ours: a given one may have been sent more than once. */
export function storedOutcome(id: string, { name, createdAt }: Partial<CheckpointOutputs>): StoredOutcome {
    const isOurs = name !== undefined && isGeneratedName(name);
    return { id, name: isOurs ? name : undefined, begun: { at: parseInstant(createdAt), clock: "region" } };
}

export function createPlan(
    context: Context,
    request: {
        readonly target: ProjectRef;
        readonly inputs: CheckpointInputs;
        /** Those that tell requests apart. */
        readonly asked: unknown;
        readonly name: string;
        /** Clock time. */
        readonly deadline: number;
    },
): PostPlan<WireCheckpoint, WireCheckpoint> {
    const { target, inputs, asked, name, deadline } = request;
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
                      ...extraInfo(one),
                  })),
              }),
    };
    return {
        what: `CreateCheckpoint for vault ${vaultId}`,
        whereToLook: `the backups of vault ${vaultId} named ${name}`,
        deadline,
        target,
        request: asked,
        facts: { name, ...(inputs.name === undefined ? { unique: "true" } : {}) },
        isUnique: isUniqueName,
        send: async (post: PostOptions) => {
            const body = { checkpoint: { vault_id: vaultId, parameters } };
            try {
                return (await context.client.call(createCheckpoint, { target, body, ...post })).checkpoint;
            } catch (error) {
                throw explainVolumeChoice(error, resourceDetails);
            }
        },
        find: (window, facts, isLast) => findCheckpoint(context, { target, inputs, window, facts, isLast, deadline }),
        isRunning: (wire) => !isFinalCheckpoint(wire.status) && !isGoneCheckpoint(wire.status),
        made: (wire) => `restore point ${wire.id}`,
    };
}
