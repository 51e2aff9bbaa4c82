/** Which handler serves which type. */
import type { CommonInputs, ResourceHandler } from "../../resource/resource";
import { handlers } from "../../resources/index";
import { ResourceHost } from "./resource-host";

type AnyHost = ResourceHost<CommonInputs, CommonInputs>;

const all: readonly unknown[] = Object.values(handlers);
const hosts = new Map(
    (all as ResourceHandler<CommonInputs, CommonInputs>[]).map((one): [string, AnyHost] => [
        one.kind,
        new ResourceHost(one),
    ]),
);

/**
 * By the last part of the type in a URN: `cbr:index:Checkpoint`, and, where a dynamic resource was given an explicit
 * provider of this package, `pulumi-nodejs:dynamic/cbr:Checkpoint`.
 */
export function hostOf(urn: string): AnyHost {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const found = hosts.get(type.split(":").at(-1) ?? "");
    if (found === undefined) throw new Error(`pulumi-cbr has no resource of type ${type}`);
    return found;
}
