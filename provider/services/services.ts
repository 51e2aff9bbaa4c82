/** Puts the parts together: settings → auth, transport → client → poller. The only place that makes them. */
import { createAuthenticator } from "../client/auth/authenticator";
import { Client } from "../client/client";
import type { Transport } from "../client/http/transport";
import { createUndiciTransport } from "../client/http/undici-transport";
import { resolveSettings } from "../client/settings/settings";
import { type Clock, systemClock } from "../client/time/clock";
import { createJournal, type Journal } from "../exactly-once/journal";
import { fileStore } from "../exactly-once/note-store";
import { Poller } from "../reads/poller";
import type { Services } from "./context";
import { Holders } from "./holders";
import { Memory } from "./memory";

export interface Parts {
    readonly clock?: Clock;
    readonly transport?: Transport;
    readonly journal?: Journal;
    readonly holders?: Holders;
    readonly isEngineAlive?: () => Promise<boolean>;
    readonly signal?: AbortSignal;
    /** Told what is missing each time that a call fails for want of credentials. */
    readonly onMissingCredentials?: (explanation: string) => void;
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
    const auth = createAuthenticator(settings, transport, clock, { signal, onMissing: parts.onMissingCredentials });
    return {
        settings,
        clock,
        client: new Client({ settings, auth, transport, clock, signal }),
        poller: new Poller(clock, signal, settings.pollIntervalMs),
        journal: parts.journal ?? createJournal(fileStore()),
        holders: parts.holders ?? new Holders(clock),
        memory: new Memory(),
        isEngineAlive: parts.isEngineAlive ?? (async () => true),
        signal,
    };
}
