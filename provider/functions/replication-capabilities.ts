import { z } from "zod";
import { showReplicationCapabilities } from "../client/operations";
import { type Services, targetOf } from "../services/context";
import { compare, type ProjectArgs, placeArgs } from "./arguments";

export const getReplicationCapabilitiesArgs = z.strictObject(placeArgs);
export type GetReplicationCapabilitiesArgs = z.input<typeof getReplicationCapabilitiesArgs>;

/** Which region can replicate where. */
export interface ReplicationCapabilitiesResult extends ProjectArgs {
    /** Regions that `region` can replicate to. Sorted. */
    readonly destinations: readonly string[];
    /** Every region that the API knows of. By name. */
    readonly regions: readonly {
        readonly name: string;
        /** Sorted. */
        readonly destinations: readonly string[];
    }[];
}

export async function getReplicationCapabilities(
    services: Services,
    args: z.output<typeof getReplicationCapabilitiesArgs>,
): Promise<ReplicationCapabilitiesResult> {
    const target = await targetOf(services, args);
    const answer = await services.client.call(showReplicationCapabilities, { target });
    const regions = answer.regions
        .map((one) => ({ name: one.name, destinations: [...one.replication_destinations].sort(compare) }))
        .sort((a, b) => compare(a.name, b.name));
    return { ...target, destinations: regions.find((one) => one.name === target.region)?.destinations ?? [], regions };
}
