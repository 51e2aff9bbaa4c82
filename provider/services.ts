/** Puts the parts together: settings → auth, transport → client → poller. The only place that makes them. */
import { createAuthenticator } from "./auth";
import { Client } from "./client";
import { type Clock, systemClock } from "./clock";
import type { Services } from "./context";
import { fileJournal, type Journal } from "./journal";
import { Poller } from "./poller";
import { resolveSettings } from "./settings";
import type { Transport } from "./transport";
import { createUndiciTransport } from "./undici-transport";

export interface Parts {
    readonly clock?: Clock;
    readonly transport?: Transport;
    readonly journal?: Journal;
    readonly hostAlive?: () => Promise<boolean>;
    readonly signal?: AbortSignal;
}

/** `get` reads the stack configuration (`cbr:region` …). Throws `ConfigError` for a setting that makes no sense. */
export function createServices(
    get: (key: string) => string | undefined,
    env: NodeJS.ProcessEnv,
    parts: Parts = {},
): Services {
    const clock = parts.clock ?? systemClock;
    const signal = parts.signal ?? new AbortController().signal;
    const settings = resolveSettings(get, env);
    const transport = parts.transport ?? createUndiciTransport(settings);
    const auth = createAuthenticator(settings, transport, clock);
    return {
        settings,
        clock,
        client: new Client({ settings, auth, transport, clock }),
        poller: new Poller(clock, signal),
        journal: parts.journal ?? fileJournal(),
        hostAlive: parts.hostAlive ?? (async () => true),
        signal,
    };
}
