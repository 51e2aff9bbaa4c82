/**
 * Guards what other resources rest on. A host says what it learns of the resources of a run: what the program declares,
 * what state has, what is made; and deletes through here.
 */
import { OperationFailedError, PartialCreateError } from "../client/errors/errors";
import type { Context, Services } from "../services/context";
import type { CommonInputs, Created, ResourceHandler } from "./resource";

/** The program has a resource with these inputs; unknown ones are left out. */
export function noteDeclared<I extends CommonInputs, O extends I>(
    { holders }: Pick<Services, "holders">,
    handler: ResourceHandler<I, O>,
    urn: string,
    known: Partial<I>,
): void {
    if (urn !== "" && handler.holding !== undefined) holders.declare(urn, handler.declaredKeys?.(known) ?? [], known);
}

/** State has a resource with these outputs, under a URN that the program may have changed by an alias. */
export function noteStored<I extends CommonInputs, O extends I>(
    { holders, memory }: Pick<Services, "holders" | "memory">,
    handler: ResourceHandler<I, O>,
    urns: { readonly program: string; readonly stored: string },
    stored: { readonly id: string; readonly outputs: O },
): void {
    const holding = handler.holding?.(stored.id, stored.outputs) ?? { identity: stored.id, keys: [] };
    if (urns.program === "") return;
    memory.storedIds.set(urns.program, new Set([stored.id, ...holding.keys, ...madeIds(stored.outputs as MadeIds)]));
    holders.hold(urns.program, holding, urns.stored === "" ? urns.program : urns.stored);
}

/** Ids that a resource's outputs have for what it made, beside its own. */
interface MadeIds {
    readonly operationLogIds?: readonly string[];
    readonly replicationRecordIds?: readonly string[];
    readonly replicationRecordId?: string;
}

function madeIds(outputs: MadeIds): readonly string[] {
    const { operationLogIds = [], replicationRecordIds = [], replicationRecordId = [] } = outputs;
    return [...operationLogIds, ...replicationRecordIds].concat(replicationRecordId);
}

/** Runs a create or an update, and notes what came of it. */
export async function noteMade<I extends CommonInputs, O extends I>(
    { holders, urn }: Context,
    handler: ResourceHandler<I, O>,
    run: () => Promise<Created<O>>,
): Promise<Created<O>> {
    const made = (id: string, outputs: O) => {
        const holding = handler.holding?.(id, outputs);
        if (holding !== undefined && urn !== "") holders.made(urn, holding);
    };
    try {
        const result = await run();
        made(result.id, result.outputs);
        return result;
    } catch (error) {
        if (error instanceof PartialCreateError) made(error.id, error.outputs as O);
        if (urn !== "") holders.failed(urn);
        throw error;
    }
}

/** Deletes a resource, whose URN is the one in state. */
export async function removeGuarded<I extends CommonInputs, O extends I>(
    context: Context,
    handler: ResourceHandler<I, O>,
    id: string,
    outputs: O & { readonly deletionPolicy?: string },
): Promise<void> {
    const { holders } = context;
    const holding = handler.holding?.(id, outputs);
    const own = { ...context, urn: holders.programUrn(context.urn, holding?.identity) };
    if (holding === undefined || own.urn === "") return handler.remove(own, id, outputs);
    const isReplaced = () => holders.replacementOf(own.urn, holding.identity) !== undefined;
    if (outputs.deletionPolicy === "delete") {
        if (holders.hasFailed(own.urn, holding.identity))
            throw new OperationFailedError(
                "kept, with all that it has in the cloud: its replacement failed in this run. Once the " +
                    "replacement is good, `pulumi up` deletes it.",
            );
        // It goes before its replacement is made: what surely cannot be made must not cost what there is.
        const news = isReplaced() ? undefined : (holders.declaredInputs(own.urn) as Partial<I> | undefined);
        const settings = { ...context.settings, preflight: "auto" as const };
        // What the replacement would take has been said of the replacement.
        const log = { ...own.log, info: () => {} };
        const [refusal] =
            news === undefined ? [] : ((await handler.preflight?.({ ...own, settings, log }, news)) ?? []);
        if (refusal !== undefined)
            throw new OperationFailedError(
                "kept, with all that it has in the cloud: its replacement cannot be made " +
                    `(${refusal.property}: ${refusal.reason})`,
            );
    }
    await handler.remove(own, id, outputs);
    if (!isReplaced()) holders.leave(own.urn, holding.identity, []);
}
