/** A handler's calls as every host makes them: plain values in, plain values out. */
import { ConfigError, messageOf } from "../client/errors/errors";
import { displayText } from "../client/errors/redaction";
import { atOriginalIndex, checkInputs, knownInputs } from "../resource/check";
import { noteDeclared, noteMade, noteStored, removeGuarded } from "../resource/deletion-guard";
import { hasLost } from "../resource/drift";
import { lowercaseId, withLowercaseIds } from "../resource/ids";
import {
    type CommonInputs,
    type Created,
    type DiffResult,
    diffInputs,
    type Failure,
    type ResourceHandler,
} from "../resource/resource";
import { withNotes } from "../resource/with-notes";
import type { Context } from "../services/context";
import { type Caller, keeping, runHolders, withContext } from "./host";
import { registerSecretInputs } from "./secrets";
import { isUnknown, type PropertyMap, withoutHostKeys } from "./values";

type ToState = (outputs: object) => PropertyMap;

export interface Made {
    readonly id: string;
    readonly properties: PropertyMap;
}

export class ResourceCalls<I extends CommonInputs, O extends I> {
    readonly handler: ResourceHandler<I, O>;
    /** By URN: what is to be replaced, because of which inputs. */
    readonly #replaced = new Map<string, { readonly id: string; readonly outputs: O; readonly because: string }>();

    /**
     * By URN: did the read that a refresh has just made find that something is gone? Pulumi: a refresh asks for a diff
     * right after it, of state with itself, and shows as changed what that calls changed; the program's own comes after
     * a check.
     */
    readonly #refreshed = new Map<string, boolean>();

    constructor(handler: ResourceHandler<I, O>) {
        this.handler = withNotes(handler);
    }

    /** The inputs proper, as they are compared and sent. */
    given(bag: PropertyMap): I {
        return withLowercaseIds(this.handler.inputs, withoutHostKeys(bag)) as unknown as I;
    }

    /** State as this release writes it. */
    stored(bag: PropertyMap): O {
        const own = this.given(bag) as PropertyMap;
        return (this.handler.upgradeState?.(own) ?? own) as unknown as O;
    }

    async check(caller: Caller, olds: PropertyMap, news: PropertyMap): Promise<Failure[]> {
        const { handler } = this;
        // Those that were secret stay so for the messages of this run.
        for (const bag of [olds, caller.noted]) registerSecretInputs(bag);
        const inputs = this.given(news) as PropertyMap;
        this.#refreshed.delete(caller.urn);
        noteDeclared({ holders: runHolders() }, handler, caller.urn, knownInputs<I>(inputs, isUnknown));
        const shown = ({ property, reason }: Failure): Failure => ({ property, reason: displayText(reason) });
        const failures = checkInputs(handler, inputs, isUnknown).map(shown);
        if (failures.length > 0) return failures;
        try {
            const found = await withContext(
                caller,
                handler.kind,
                (context) => checkLocation(context, handler, this.given(olds) as PropertyMap, inputs),
                (error) => error,
            );
            return found.map(shown);
        } catch (error) {
            // Pulumi: a failure is said once; what is thrown is said again on the stack's own row.
            return [{ property: "", reason: messageOf(error) }];
        }
    }

    diff(caller: Caller, id: string, olds: PropertyMap, news: PropertyMap): Promise<DiffResult> {
        const { handler } = this;
        return withContext(caller, handler.kind, async (context) => {
            const urns = { program: caller.urn, stored: caller.storedUrn ?? "" };
            const [own, outputs] = [lowercaseId(id), this.stored(olds)];
            noteStored(context, handler, urns, { id: own, outputs });
            const inputs = this.given(news) as PropertyMap;
            const hasLostSome = this.#refreshed.get(caller.urn);
            this.#refreshed.delete(caller.urn);
            // Of what the program wants with the resource the diff of a refresh says nothing.
            const { onDiff: _, ...comparing } = handler;
            const asking = hasLostSome === undefined ? handler : comparing;
            const result = await diffInputs(asking, context, { id: own, olds: outputs, news: inputs, isUnknown });
            if (result.failures.length > 0)
                throw new ConfigError(
                    result.failures.map(({ property, reason }) => `${property} ${reason}`).join("; "),
                );
            this.#replaced.delete(caller.urn);
            if (result.replaces.length > 0 && caller.urn !== "")
                this.#replaced.set(caller.urn, { id: own, outputs, because: result.replaces.join(", ") });
            if (result.deleteBeforeReplace)
                context.log.info(
                    "what it has is deleted before its replacement is made: a region has one replica of a backup",
                );
            return { ...result, changedByState: result.changedByState || hasLostSome === true };
        });
    }

    create(caller: Caller, inputs: PropertyMap, toState: ToState): Promise<Made> {
        const create = async (context: Context) => {
            await this.#refuseUnchanged(context, inputs);
            return this.handler.create(context, this.given(inputs));
        };
        return this.#make(caller, create, toState);
    }

    /**
     * Pulumi: a replacement is checked once more without what a policy pack put into its inputs, and created without
     * it. The next run would find the same difference, and replace again: another restore point at every `up`.
     */
    async #refuseUnchanged(context: Context, inputs: PropertyMap): Promise<void> {
        const replaced = this.#replaced.get(context.urn);
        this.#replaced.delete(context.urn);
        if (replaced === undefined) return;
        const { needsUpdate: _, onDiff: __, ...comparing } = this.handler;
        const given = this.given(inputs) as PropertyMap;
        const { replaces } = await diffInputs(comparing, context, {
            id: replaced.id,
            olds: replaced.outputs,
            news: given,
            isUnknown,
        });
        if (replaces.length === 0)
            throw new ConfigError(
                `${replaced.because}: the change that replaces it is not among what Pulumi asks to create, ` +
                    "so nothing is made " +
                    "and nothing deleted. A policy pack that remediates does this: write the value into the program.",
            );
    }

    update(
        caller: Caller,
        { id, olds, news }: { id: string; olds: PropertyMap; news: PropertyMap },
        toState: ToState,
    ): Promise<Made> {
        const update = async (context: Context) => ({
            id,
            outputs: await this.handler.update(context, lowercaseId(id), this.stored(olds), this.given(news)),
        });
        return this.#make(caller, update, toState);
    }

    #make(caller: Caller, make: (context: Context) => Promise<Created<O>>, toState: ToState): Promise<Made> {
        const { handler } = this;
        return withContext(
            caller,
            handler.kind,
            async (context) => {
                const { id, outputs } = await noteMade(context, handler, () => make(context));
                return { id, properties: toState(outputs) };
            },
            keeping(toState),
        );
    }

    /** Undefined: gone. */
    read(caller: Caller, id: string, olds: PropertyMap): Promise<Created<O> | undefined> {
        const { handler } = this;
        return withContext(caller, handler.kind, async (context) => {
            const before = this.stored(olds);
            const found = await handler.read(context, lowercaseId(id), before);
            if (found === undefined) return undefined;
            noteStored(context, handler, { program: context.urn, stored: context.urn }, found);
            this.#refreshed.set(context.urn, hasLost(before, found.outputs));
            return found;
        });
    }

    // Pulumi: `delete` is not told whether the resource goes or is replaced; what this run declared and made tells.
    remove(caller: Caller, id: string, olds: PropertyMap): Promise<void> {
        const { handler } = this;
        // It goes before its replacement is made: a refusal would leave nothing.
        this.#replaced.delete(caller.urn);
        return withContext(caller, handler.kind, (context) =>
            removeGuarded(context, handler, lowercaseId(id), this.stored(olds)),
        );
    }
}

/**
 * Everything that needs settings or the cloud: only asked when something would be made, not for what stands already.
 */
async function checkLocation<I extends CommonInputs, O extends I>(
    context: Context,
    handler: ResourceHandler<I, O>,
    olds: PropertyMap,
    inputs: PropertyMap,
): Promise<Failure[]> {
    const isNew = Object.keys(olds).length === 0;
    if (!isNew) {
        // What only an update would find out is not asked for here.
        const { needsUpdate: _, ...comparing } = handler;
        const diff = await diffInputs(comparing, context, {
            id: "",
            olds: olds as unknown as O,
            news: inputs,
            isUnknown,
        });
        if (diff.replaces.length === 0 || diff.failures.length > 0) return [...diff.failures];
    }
    const { regionFailures } = require("../resource/regions") as typeof import("../resource/regions");
    const misplaced = regionFailures(context.settings, inputs, isUnknown);
    if (misplaced.length > 0) return misplaced;
    if (isUnknown(inputs["region"]) || isUnknown(inputs["projectId"])) return [];
    const known = knownInputs<I>(inputs, isUnknown);
    // A vault is looked for in its project: while that is unknown, the default project would be asked for it; while it
    // is unknown whether it is another account's, it is not looked for.
    if (["destinationProjectId", "crossAccountUrn"].some((key) => isUnknown(inputs[key])))
        Reflect.deleteProperty(known, "destinationVaultId");
    const failures = (await handler.preflight?.(context, known, isNew ? undefined : (olds as Partial<I>))) ?? [];
    return failures.map((failure) => atOriginalIndex(failure, inputs, isUnknown));
}
