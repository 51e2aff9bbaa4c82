/**
 * Calls operations of the CBR API: the only way to it for the resources, and the only reader of operations. What a
 * request goes through stands in the constructor, one link a file of `chain/`.
 */
import type { Authenticator } from "./auth/authenticator";
import { CredentialGate } from "./auth/credential-gate";
import { firstAlone } from "./chain/first-alone";
import { limiting } from "./chain/limiting";
import { chain, type Link, type Send } from "./chain/link";
import { provingGone } from "./chain/proving-gone";
import { reading } from "./chain/reading";
import { retrying } from "./chain/retrying";
import { sending } from "./chain/sending";
import { signing } from "./chain/signing";
import type { CbrError } from "./errors/errors";
import type { Priority } from "./http/rate-limiter";
import { RegionClocks } from "./http/region-clocks";
import { plainRequest } from "./http/request";
import type { Transport } from "./http/transport";
import { listBackups, type Operation, type Query } from "./operations";
import { cbrBaseUrl } from "./settings/endpoints";
import type { Settings } from "./settings/settings";
import type { Clock } from "./time/clock";

/** A region with the project that is addressed in it; both known. */
export interface ProjectRef {
    readonly region: string;
    readonly projectId: string;
}

export interface CallOptions<Req> {
    readonly target: ProjectRef;
    /** Values for the `{…}` parts of the path. */
    readonly path?: Readonly<Record<string, string>>;
    readonly query?: Query;
    readonly body?: Req;
    /** Default `write`; shared look-ups are `poll`, and let writes pass. */
    readonly priority?: Priority;
    /** Clock time after which no try is started. Without it, tries are counted (`cbr:maxRetries`, default 5). */
    readonly deadline?: number | undefined;
    /** As a deadline, but tries are counted all the same: for looks that others repeat. */
    readonly until?: number | undefined;
    /** Told before each pause, for progress lines. */
    readonly onRetry?: (error: CbrError, delayMs: number) => void;
    /** Told just before each try goes out. */
    readonly onSend?: () => Promise<void>;
    /** "Busy" ends the call instead of being waited for. Default: false. */
    readonly busyIsFinal?: boolean;
}

export class Client {
    readonly #settings: Settings;
    readonly #auth: Authenticator;
    readonly #signal: AbortSignal | undefined;
    readonly #gate: CredentialGate;
    readonly #regionClocks: RegionClocks;
    readonly #send: Send;
    /** Counts changes made through this client, so that caches know when they are stale. */
    changes = 0;

    /** `signal` ends every call: nothing is sent once it is aborted. A POST that is under way may still be answered. */
    constructor(parts: {
        settings: Settings;
        auth: Authenticator;
        transport: Transport;
        clock: Clock;
        signal?: AbortSignal;
    }) {
        const { settings, auth, transport, clock, signal } = parts;
        const gate = new CredentialGate(clock);
        const regionClocks = new RegionClocks(clock);
        this.#settings = settings;
        this.#auth = auth;
        this.#signal = signal;
        this.#gate = gate;
        this.#regionClocks = regionClocks;
        const list: Parameters<typeof provingGone>[0]["list"] = (look) =>
            this.call(listBackups, { ...look, query: { limit: 1 } });
        const counting: Link = (next) => (call) =>
            next(call).finally(() => {
                if (call.operation.method !== "GET") this.changes++;
            });
        const addressing: Link = (next) => async (call) => {
            const url = `${this.baseUrl(call.options.target.region)}${call.request.url}`;
            return next({ ...call, request: { ...call.request, url } });
        };
        this.#send = chain(
            [
                // "No such id" counts only from credentials that may see the project.
                provingGone({ list, describe: () => auth.describe() }),
                // What may pass is tried again, for as long as there is time.
                retrying({ clock, maxRetries: settings.maxRetries, signal }),
                // The first call with a credential goes alone, the others learn from it.
                firstAlone({ gate, auth, clock }),
                // From here on a request that changes something may have done so.
                counting,
                // A good answer is read, all others become errors.
                reading,
                // So many requests a second a region.
                limiting({ clock, perSecond: settings.maxRequestsPerSecond, signal }),
                // Addressed late: what a sign-in has said of the region counts.
                addressing,
                // Signed when it is its turn, for a signature ages; refused credentials are renewed once.
                signing({ auth, gate, clock }),
            ],
            // One exchange, which also tells what time it is there.
            sending({ transport, clock, regionClocks, signal }),
        );
    }

    /** The region with its project id: the given one, the configured one, or the one that IAM names. */
    async target(region: string, projectId?: string): Promise<ProjectRef> {
        const key = this.#auth.sharedKey();
        // To look a project up is a signed call, too.
        const done = key === undefined ? undefined : await this.#gate.acquire("ListProjects", undefined, [key], true);
        try {
            return { region, projectId: await this.#auth.projectId({ region, projectId }) };
        } finally {
            done?.("nothing");
        }
    }

    /** The region's clock minus ours, in milliseconds, from its `Date` headers; 0 before the first answer. */
    serverOffsetMs(region: string): number {
        return this.#regionClocks.offsetMs(region);
    }

    /**
     * By how much `serverOffsetMs` may be wrong: nothing worth mentioning once a `Date` header was seen; before, a
     * quarter of an hour, beyond which no signature is accepted. Milliseconds.
     */
    serverOffsetSlackMs(region: string): number {
        return this.#regionClocks.slackMs(region);
    }

    /** Where the calls to a region go, for messages and for telling clouds apart. */
    baseUrl(region: string): string {
        return cbrBaseUrl(this.#settings, region);
    }

    async call<Req, Res>(operation: Operation<Req, Res>, options: CallOptions<Req>): Promise<Res> {
        const request = plainRequest(operation, options, this.#signal);
        const past = { hasRenewed: false, failedTries: 0 };
        const { value } = await this.#send({ operation, options, request, past });
        return value as Res;
    }
}
