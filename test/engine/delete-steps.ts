import type { Run } from "./run";
import type { ResourceState } from "./state";
import type { Step } from "./step";
import { clientOf, nothing } from "./steps";
import { isProviderType } from "./urn";

/** What a step may not do: delete something protected. Others go on. */
class ProtectedError extends Error {
    constructor(urn: string) {
        super(
            `resource "${urn}" cannot be deleted\n` +
                "because it is protected. To unprotect the resource, either remove the `protect` flag from the resource in " +
                "your Pulumi program and run `pulumi up`, or use the command:\n" +
                `\`pulumi state unprotect '${urn}'\``,
        );
    }
}

/**
 * `replacing`: part of a replacement. `isPending`: before the replacement exists, so that the state stays, marked, until then.
 * `deleted` holds what else is deleted in this run.
 */
export function deleteStep(
    run: Run,
    old: ResourceState,
    deleted: Set<string>,
    replacing: "no" | "after" | "before" = "no",
): Step {
    return {
        ...nothing,
        op: replacing === "no" ? "delete" : "delete-replaced",
        urn: old.urn,
        type: old.type,
        old,
        new: undefined,
        logical: replacing === "no",
        provider: old.provider,
        pending: old.custom && !isProviderType(old.type) ? { resource: old, type: "deleting" } : undefined,
        apply: async () => {
            await run.hooks.run("BeforeDelete", old, old, undefined);
            if (replacing === "no" && old.protect) {
                throw new ProtectedError(old.urn);
            }
            const isSpared =
                run.options.dryRun ||
                old.external ||
                old.retainOnDelete ||
                (old.deletedWith !== "" && deleted.has(old.deletedWith)) ||
                !old.custom ||
                isProviderType(old.type);
            if (!isSpared) {
                const client = await clientOf(run, old);
                if (client === undefined) {
                    throw new Error("the provider's configuration is unknown");
                }
                await client.delete(old);
            }
            if (replacing === "before") {
                old.pendingReplacement = true;
                run.snapshot.touch(old);
            }
            return undefined;
        },
        commit: (snapshot) => {
            if (replacing !== "before") {
                snapshot.drop(old);
            }
        },
        after: () => run.hooks.run("AfterDelete", old, old, undefined),
    };
}

/** Forgets something that was deleted for a replacement which never came. */
export function removePendingStep(old: ResourceState): Step {
    return {
        ...nothing,
        op: "remove-pending-replace",
        urn: old.urn,
        type: old.type,
        old,
        new: undefined,
        logical: false,
        provider: old.provider,
        apply: () => Promise.resolve(undefined),
        commit: (snapshot) => snapshot.drop(old),
    };
}
