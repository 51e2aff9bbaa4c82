/** What a preview can tell of the outputs. What it cannot is unknown; what stands here is what the run will give. */

import type { Settings } from "../../client/settings/settings";
import type { CommonInputs, ResourceHandler } from "../../resource/resource";
import { FILLED_IN_KEYS, isUnknown, type PropertyMap, UNKNOWN } from "../values";

type AnyHandler = Pick<ResourceHandler<CommonInputs, CommonInputs>, "inputs" | "outputs">;

/** Everything that no input says, as unknown. */
function unknownOutputs({ inputs, outputs }: AnyHandler): PropertyMap {
    const keys = Object.keys(outputs.shape);
    const unknown = keys.filter((key) => !(key in inputs.shape) || FILLED_IN_KEYS.some((one) => one === key));
    return Object.fromEntries(unknown.map((key) => [key, UNKNOWN]));
}

/** Of what a create would make of these inputs. */
export function predictedCreate(
    handler: AnyHandler,
    { region: home, projectId }: Pick<Settings, "region" | "projectId">,
    inputs: PropertyMap,
): PropertyMap {
    const region = inputs["region"] ?? home?.value ?? UNKNOWN;
    const isHome = !isUnknown(region) && region === home?.value;
    return {
        ...unknownOutputs(handler),
        ...(isHome && projectId !== undefined ? { projectId: projectId.value } : {}),
        ...("sourceRegion" in handler.outputs.shape ? { sourceRegion: region } : {}),
        ...inputs,
        region,
    };
}

/** Of an update that has something left to do in the cloud: where it is does not change. */
export function predictedUpdate(handler: AnyHandler, outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
    const kept = FILLED_IN_KEYS.filter((key) => outputs[key] !== undefined).map((key) => [key, outputs[key]]);
    return { ...unknownOutputs(handler), ...Object.fromEntries(kept), ...inputs };
}
