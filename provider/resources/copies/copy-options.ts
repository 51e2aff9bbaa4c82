/** What only Huawei Cloud's copies have: acceleration, and vaults of other accounts (api-notes: Options of copies). */
import { z } from "zod";
import type { ProjectRef } from "../../client/client";
import { ApiError, ConfigError, messageOf, OperationFailedError } from "../../client/errors/errors";
import { type PostPlan, postOnce } from "../../exactly-once/post-once";
import { cloudAmong } from "../../resource/regions";
import type { Failure } from "../../resource/resource";
import type { Context } from "../../services/context";

/** Inputs that all kinds of copies have. */
export const copyOptions = {
    /**
     * Copies faster, for a charge of its own (the API's `enable_acceleration`; Huawei Cloud only). Default: false. A
     * change counts for the next copy.
     */
    enableAcceleration: z.boolean().optional().meta({ default: false }),
    /**
     * Of a copy to another account: the mark of its cross-account replication vault (the API's `cross_account_urn`;
     * Huawei Cloud only), 1 to 1500 characters without spaces. Then destinationProjectId is required, the replica is
     * never looked at, and never deleted. Changing it replaces the resource.
     */
    crossAccountUrn: z
        .string()
        .regex(/^[^\s\p{C}]{1,1500}$/u, "must have 1 to 1500 characters, and no spaces or control characters")
        .optional()
        .meta({ replaces: true }),
};
export interface CopyOptions {
    readonly enableAcceleration?: boolean | undefined;
    readonly crossAccountUrn?: string | undefined;
}

/** Where a copy goes. What another account has there cannot be read. */
export interface CopyDestination extends ProjectRef {
    readonly isOtherAccount?: true;
}

/** Is the replica another account's? */
export const isOtherAccounts = ({ crossAccountUrn }: CopyOptions): boolean => crossAccountUrn !== undefined;

export function withAccount(destination: ProjectRef, options: CopyOptions): CopyDestination {
    return isOtherAccounts(options) ? { ...destination, isOtherAccount: true } : destination;
}

/**
 * The request's fields. `false` is what the cloud does by itself: it is not sent, since other clouds have no such
 * field.
 */
export function optionFields({ enableAcceleration, crossAccountUrn }: CopyOptions) {
    return {
        ...(enableAcceleration === true ? { enable_acceleration: true } : {}),
        ...(crossAccountUrn === undefined ? {} : { cross_account_urn: crossAccountUrn }),
    };
}

/** Rules between these inputs and others. */
export function refuseForeignDeletion(
    inputs: CopyOptions & { readonly deletionPolicy?: string | undefined },
): Failure[] {
    if (!isOtherAccounts(inputs) || inputs.deletionPolicy !== "delete") return [];
    const reason = "cannot be delete with crossAccountUrn: the replica is another account's, which alone can delete it";
    return [{ property: "deletionPolicy", reason }];
}

/** Without it the project would be looked up by these credentials, and be one of this account. */
export function requireForeignProject(
    inputs: CopyOptions & { readonly destinationProjectId?: string | undefined },
): void {
    if (isOtherAccounts(inputs) && inputs.destinationProjectId === undefined)
        throw new ConfigError(
            "destinationProjectId is required with crossAccountUrn: a project of another account cannot be looked up.",
        );
}

/**
 * Told by the settings alone: neither Open Telekom Cloud's nor FlexibleEngine's pages of the two requests have these
 * fields.
 */
function lackedByCloud(context: Context, inputs: CopyOptions): Failure[] {
    const cloud = cloudAmong(context.settings, ["otc", "flexibleengine"]);
    if (cloud === undefined) return [];
    const failures: Failure[] = [];
    if (inputs.enableAcceleration === true)
        failures.push({
            property: "enableAcceleration",
            reason: `${cloud} does not accelerate copies: leave it out, or set it to false`,
        });
    if (isOtherAccounts(inputs))
        failures.push({ property: "crossAccountUrn", reason: `${cloud} does not copy to other accounts` });
    return failures;
}

type Preflight<I> = (context: Context, inputs: Partial<I>, replaced?: Partial<I>) => Promise<Failure[]>;

/** The preflight of a copy, before which these options are judged; the vault of another account is not looked at. */
export function withCopyOptions<I extends CopyOptions & { readonly destinationVaultId: string }>(
    preflight: Preflight<I>,
): Preflight<I> {
    return async (context, inputs, replaced) => {
        const lacked = lackedByCloud(context, inputs);
        if (lacked.length > 0) return lacked;
        const looked = isOtherAccounts(inputs) ? { ...inputs, destinationVaultId: undefined } : inputs;
        return preflight(context, looked, replaced);
    };
}

/** Sends a request for copies, or finds that it was sent. */
export async function postCopy<V, F>(context: Context, plan: PostPlan<V, F>, options: CopyOptions) {
    return postOnce(context, plan).catch((error: unknown) => {
        throw explainCopyOptions(error, options);
    });
}

/** A refused parameter may be one that this cloud, or region, does not have. */
function explainCopyOptions(error: unknown, options: CopyOptions): unknown {
    const fields = Object.keys(optionFields(options));
    if (fields.length === 0 || !(error instanceof ApiError) || error.failure.code !== "BackupService.9900")
        return error;
    const names = { enable_acceleration: "enableAcceleration", cross_account_urn: "crossAccountUrn" };
    const given = fields.map((field) => names[field as keyof typeof names]).join(" and ");
    return new OperationFailedError(
        `${messageOf(error)} ${given} may be what is refused: not every cloud and region has it.`,
        { cause: error },
    );
}
