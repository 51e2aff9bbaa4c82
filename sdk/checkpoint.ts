import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import type { CheckpointOutputs, checkpointInputs } from "../provider/resources/checkpoint/checkpoint";
import { CbrResource } from "./dynamic";
import type { ArgsOf, Outputs } from "./inputs";

/** What a {@link Checkpoint} is made from. */
export interface CheckpointArgs extends ArgsOf<z.input<typeof checkpointInputs>> {}

// Every output is also a property of the class: the base class gives each key of `outputs` an Output at run time.
export interface Checkpoint extends Outputs<CheckpointOutputs> {}

/**
 * A restore point: a backup of a vault, or of some of its resources, taken when the resource is created
 * (CreateCheckpoint) and waited for, 3 hours by default. Backups outlive the stack unless `deletionPolicy` is `delete`.
 *
 * ```ts
 * const before = new cbr.Checkpoint("before-release", { vaultId, triggers: { release } });
 * export const backups = before.backupIdByResource;
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: see the interface.
export class Checkpoint extends CbrResource {
    constructor(name: string, args: CheckpointArgs, options?: pulumi.CustomResourceOptions) {
        super({ kind: "Checkpoint", outputs }, name, args, options);
    }

    /** An existing restore point by its id, read and never changed. `args` may say where it is. */
    static get(
        name: string,
        id: pulumi.Input<pulumi.ID>,
        args: Pick<CheckpointArgs, "region" | "projectId"> = {},
        options?: pulumi.CustomResourceOptions,
    ): Checkpoint {
        return new Checkpoint(name, args as CheckpointArgs, { ...options, id });
    }

    /** True for objects of this class, also from another copy of the package. */
    static override isInstance(value: unknown): value is Checkpoint {
        return (
            typeof value === "object" &&
            value !== null &&
            Reflect.get(value, "__pulumiType") === "pulumi-nodejs:dynamic/cbr:Checkpoint"
        );
    }
}

/** Its outputs by name, for the base class. */
export const outputs = {
    region: undefined,
    projectId: undefined,
    triggers: undefined,
    timeouts: undefined,
    wait: undefined,
    pollInterval: undefined,
    vaultId: undefined,
    name: undefined,
    description: undefined,
    incremental: undefined,
    autoTrigger: undefined,
    resources: undefined,
    resourceDetails: undefined,
    onSkipped: undefined,
    onPartialFailure: undefined,
    deletionPolicy: undefined,
    recreateWhenExpired: undefined,
    adopt: undefined,
    checkpointId: undefined,
    status: undefined,
    createdAt: undefined,
    vault: undefined,
    skippedResources: undefined,
    retentionDurationDays: undefined,
    unproven: undefined,
    partlyRenamed: undefined,
    operationLogIds: undefined,
    backups: undefined,
    backupIds: undefined,
    backupIdByResource: undefined,
} satisfies Record<keyof CheckpointOutputs, undefined>;
