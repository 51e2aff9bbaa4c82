/** `pollInterval`: how often a resource that waits looks at most. */
import { z } from "zod";
import { POLL_INTERVAL_RULE, parsePollInterval } from "../client/time/duration";
import type { Context } from "../services/context";
import type { CommonInputs, ResourceHandler } from "./resource";

export const pollInterval = z.string().refine((text) => parsePollInterval(text) !== undefined, POLL_INTERVAL_RULE);

/** The handler, whose waits keep to the `pollInterval` of their resource. */
export function withPollInterval<I extends CommonInputs, O extends I>(
    handler: ResourceHandler<I, O>,
): ResourceHandler<I, O> {
    const own = (context: Context, { pollInterval }: CommonInputs): Context => ({
        ...context,
        poller: context.poller.paced(pollInterval === undefined ? undefined : parsePollInterval(pollInterval)),
    });
    return {
        ...handler,
        create: (context, inputs) => handler.create(own(context, inputs), inputs),
        update: (context, id, olds, news) => handler.update(own(context, news), id, olds, news),
        remove: (context, id, olds) => handler.remove(own(context, olds), id, olds),
    };
}
