/** Which handler serves which type. */
import type { CommonInputs, ResourceHandler } from "../../resource/resource";
import { checkpoint } from "../../resources/checkpoint/checkpoint";
import { backupReplica } from "../../resources/copies/backup-replica";
import { checkpointReplica } from "../../resources/copies/checkpoint-replica";
import { vaultReplication } from "../../resources/copies/vault-replication";
import { vaultSync } from "../../resources/vault-sync/vault-sync";
import { ResourceHost } from "./resource-host";

type AnyHost = ResourceHost<CommonInputs, CommonInputs>;

function host<I extends CommonInputs, O extends I>(handler: ResourceHandler<I, O>): readonly [string, AnyHost] {
    return [handler.kind, new ResourceHost(handler) as unknown as AnyHost];
}

const hosts = new Map([
    host(checkpoint),
    host(vaultReplication),
    host(backupReplica),
    host(vaultSync),
    host(checkpointReplica),
]);

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
