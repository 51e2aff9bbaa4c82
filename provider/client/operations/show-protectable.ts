import { z } from "zod";
import { defineOperation } from "./operation";
import { wireProtectable } from "./wire";

/**
 * Reads one resource that may be backed up, a server with its volumes ("Querying a Specified Protectable Resource").
 * Absent from Open Telekom Cloud.
 */
export const showProtectable = defineOperation({
    id: "ShowProtectable",
    method: "GET",
    path: "/protectables/{protectable_type}/instances/{instance_id}",
    response: z.object({ instance: wireProtectable }),
});
