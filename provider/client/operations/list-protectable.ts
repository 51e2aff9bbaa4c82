import { z } from "zod";
import { defineOperation } from "./operation";
import { wireList, wireProtectable } from "./wire";

/**
 * Lists what may be backed up, with the reason where it may not ("Querying Protectable Resources"). Vendor: 50 rows a
 * page at most, paged by `marker`, no count (api-notes: Protectable resources). Absent from Open Telekom Cloud.
 */
export const listProtectable = defineOperation({
    id: "ListProtectable",
    method: "GET",
    path: "/protectables/{protectable_type}/instances",
    response: z.object({ instances: wireList(wireProtectable) }),
});
