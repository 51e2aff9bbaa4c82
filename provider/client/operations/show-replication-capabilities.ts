import { z } from "zod";
import { defineOperation } from "./operation";
import { wireId, wireList } from "./wire";

/**
 * Which region can replicate where ("Querying the Replication Capability"). Vendor: FlexibleEngine may lack it: a 403
 * or 404 means unknown, not no.
 */
export const showReplicationCapabilities = defineOperation({
    id: "ShowReplicationCapabilities",
    method: "GET",
    path: "/replication-capabilities",
    response: z.object({
        regions: z.array(z.object({ name: wireId, replication_destinations: wireList(z.string()) })),
    }),
});
