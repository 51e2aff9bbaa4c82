/** The search for the effect of a POST whose answer was lost. */
import { CbrError, messageOf, UncertainOutcomeError } from "../client/errors/errors";
import type { Context } from "../services/context";
import type { PostPlan } from "./post-once";
import type { TimeWindow } from "./time-window";

/**
 * When to look for the effect, in milliseconds after the loss. A gateway's 504 may come before the effect, and lists
 * may lag behind it. Absent in all looks = it had none.
 */
export const SEARCH_DELAYS_MS: readonly number[] = [0, 1_000, 3_000, 7_000, 15_000, 30_000, 45_000, 60_000];
/** The last of these looks. */
export const LOOK_FOR_MS = Math.max(...SEARCH_DELAYS_MS);
/** While the cloud cannot be asked, the same look is tried again after this long, for as long as there is time. */
export const LOOK_AGAIN_MS = 15_000;

export interface Search {
    readonly window: () => TimeWindow;
    /** Those of the POST that is looked for. */
    readonly facts: Readonly<Record<string, string>>;
    /** From now on. */
    readonly delaysMs: readonly number[];
    /** How the answer was lost. */
    readonly lost: unknown;
}

type SearchPlan<Found> = Pick<PostPlan<never, Found>, "target" | "what" | "whereToLook" | "deadline" | "find">;

export async function searchForEffect<Found>(
    context: Context,
    plan: SearchPlan<Found>,
    search: Search,
): Promise<Found | undefined> {
    const begun = context.clock.now();
    for (const delay of search.delaysMs) {
        const pause = begun + delay - context.clock.now();
        if (pause > 0) await context.clock.sleep(pause, context.signal);
        const found = await searchOnce(context, plan, search, delay === search.delaysMs.at(-1));
        if (found !== undefined) return found;
    }
    return undefined;
}

async function searchOnce<Found>(
    context: Context,
    plan: SearchPlan<Found>,
    { window, facts, lost }: Search,
    isLast: boolean,
): Promise<Found | undefined> {
    const isGuess = () => context.client.serverOffsetSlackMs(plan.target.region) > 0;
    for (;;) {
        try {
            const wasGuess = isGuess();
            const found = await plan.find(window(), facts, isLast && !wasGuess);
            // The very answer may have told the region's time: what the guess found, or did not find, is looked for
            // again.
            return wasGuess ? await plan.find(window(), facts, isLast) : found;
        } catch (error) {
            if (error instanceof UncertainOutcomeError) throw error;
            const mayPass = error instanceof CbrError && (error.retry === "backoff" || error.retry === "throttled");
            if (!mayPass || context.clock.now() + LOOK_AGAIN_MS >= plan.deadline)
                throw unsure(plan, lost, `looking for its effect failed too: ${messageOf(error)}`);
            context.log.status(
                `${plan.what}: the answer was lost, and the cloud cannot be asked (${messageOf(error)}); looking again`,
            );
            await context.clock.sleep(LOOK_AGAIN_MS, context.signal);
        }
    }
}

const sentence = (text: string): string => `${text.trimEnd().replace(/[.]+$/, "")}.`;

export function unsure(
    plan: Pick<PostPlan<never, never>, "what" | "whereToLook">,
    lost: unknown,
    found: string,
): UncertainOutcomeError {
    return new UncertainOutcomeError(
        `${plan.what} may or may not have taken effect, and nothing was sent again: ` +
            `${sentence(messageOf(lost))} Then ${sentence(found)} ` +
            `Look at ${plan.whereToLook}; if it is there, name its id in \`adopt\` where the resource has ` +
            `that input, else run \`pulumi up\` again.`,
        { cause: lost },
    );
}
