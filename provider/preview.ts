/**
 * What an update in place leaves of a resource, from what the last run stored: for the program's own process, in
 * previews.
 */
import type { CommonInputs, ResourceHandler } from "./resource/resource";
import { handlers } from "./resources/index";

type PropertyMap = Readonly<Record<string, unknown>>;
interface AnyOutputs extends CommonInputs {
    readonly region: string;
    readonly projectId: string;
}

/** The resource's id by its outputs, and the outputs without inputs that are to be given anew. */
export interface Kept {
    readonly id: string;
    readonly outputs: PropertyMap;
}

/**
 * Undefined: an update in place may change more than inputs, such as a wait that was cut short. `name` is the input of
 * that name, which other outputs repeat.
 */
export function keptByUpdate(kind: keyof typeof handlers, stored: PropertyMap, name?: string): Kept | undefined {
    const handler = handlers[kind] as unknown as ResourceHandler<CommonInputs, AnyOutputs>;
    // Pulumi: our notes and the code are no outputs.
    const own = Object.fromEntries(Object.entries(stored).filter(([key]) => !key.startsWith("__")));
    const olds = (handler.upgradeState?.(own) ?? own) as unknown as AnyOutputs;
    if (!handler.isSettled(olds)) return undefined;
    return {
        id: handler.idOf(olds),
        outputs: { ...handler.withInputs(olds, name === undefined ? {} : ({ name } as CommonInputs)) },
    };
}
