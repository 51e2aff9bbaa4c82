import { z } from "zod";
import { defineOperation } from "./operation";
import { requestId, wireFlag, wireId, wireList, wireNumber, wireText } from "./wire";

export const checkAgentRequest = z.strictObject({
    agent_status: z
        .array(
            z.strictObject({
                resource_id: requestId,
                resource_name: z.string().optional(),
                resource_type: z.string().min(1),
            }),
        )
        .min(1),
});

/**
 * Asks whether servers have the agent of application-consistent backups ("Querying the Agent Status"). A POST that
 * changes nothing: it may be sent again. Absent from Open Telekom Cloud.
 */
export const checkAgent = defineOperation({
    id: "CheckAgent",
    method: "POST",
    path: "/agent/check",
    request: checkAgentRequest,
    idempotent: true,
    response: z.object({
        agent_status: wireList(
            z.object({
                resource_id: wireId,
                installed: wireFlag,
                is_old: wireFlag,
                version: wireText,
                /** Vendor: an integer, null when the agent was reached. */
                code: wireNumber,
                message: wireText,
            }),
        ),
    }),
});
