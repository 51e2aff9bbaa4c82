import type { Client, ProjectRef } from "../client/client";
import type { Settings } from "../client/settings/settings";
import { requireRegion } from "../client/settings/settings";
import type { Clock } from "../client/time/clock";
import type { Journal } from "../exactly-once/journal";
import type { Waits } from "../reads/poller";
import type { Holders } from "./holders";
import type { Memory } from "./memory";

/** Lines for people. A host that can show them on the resource's own row does. */
export interface Log {
    /** Passing status text of a running operation. */
    status(text: string): void;
    info(text: string): void;
    warn(text: string): void;
}

/** What every handler is given besides its arguments: one for each process and provider configuration. */
export interface Services {
    readonly settings: Settings;
    readonly client: Client;
    readonly clock: Clock;
    readonly poller: Waits;
    readonly journal: Journal;
    /** Which resource rests on which backups. */
    readonly holders: Holders;
    readonly memory: Memory;
    /** Is the host that asked still there to hear the answer? */
    readonly isEngineAlive: () => Promise<boolean>;
    /**
     * Aborted once nobody wants the outcome any more: then nothing is sent that makes something, and no wait goes on.
     */
    readonly signal: AbortSignal;
}

/** Services, and who is asking. */
export interface Context extends Services {
    readonly log: Log;
    /** The resource's name in the program, for names in the cloud and for messages. */
    readonly resourceName: string;
    /** Tells this resource from every other: what the journal files its entries under. */
    readonly urn: string;
    /** In `diff` and `update`: the one that state has it under, which an alias may have changed. */
    readonly formerUrn?: string | undefined;
    /** Time budget that the host was given for this call, in milliseconds. What the inputs say comes first. */
    readonly timeoutMs?: number | undefined;
}

/** The region and project that a resource's inputs and the settings name together. */
export function targetOf(
    context: Services,
    inputs: { region?: string | undefined; projectId?: string | undefined },
): Promise<ProjectRef> {
    const region = inputs.region ?? requireRegion(context.settings);
    return context.client.target(region, inputs.projectId);
}
