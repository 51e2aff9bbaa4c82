/**
 * Sends one operation of the CBR API: limiter → auth → transport → errors → retry → parse. The only way to the API for
 * the resources, and the only reader of operations.
 */
import type { Authenticator } from "./auth/authenticator";
import { CredentialGate, type ProbeResult } from "./auth/credential-gate";
import { describeClockSkew, parseFailure } from "./errors/error-response";
import {
    ApiError,
    type ApiErrorDetails,
    AuthError,
    CbrError,
    NotFoundError,
    type NotFoundObject,
    ResponseShapeError,
    TransportError,
    WaitTimeoutError,
} from "./errors/errors";
import { registerSecret } from "./errors/redaction";
import { parseAnswer } from "./http/parse-answer";
import { Limiter, type Priority } from "./http/rate-limiter";
import { requestUrl } from "./http/request-url";
import { backoffMs, classify, FEW_TRIES, notFoundObject, sideEffectOf } from "./http/retry";
import type { HttpRequest, HttpResponse, Transport } from "./http/transport";
import { listBackups, type Operation, type Query } from "./operations";
import { cbrBaseUrl } from "./settings/endpoints";
import type { Settings } from "./settings/settings";
import type { Clock } from "./time/clock";

/** One exchange may take this long, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Tries while the gateway throttles, for calls without a deadline of their own. */
const THROTTLED_TRIES = 10;
/** A region whose clock nobody knows may be this wrong, in milliseconds. */
const UNKNOWN_CLOCK_MS = 15 * 60_000;

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

/** A request with its answer, and whether its credentials have been renewed by then. */
interface Exchange {
    readonly target: ProjectRef;
    readonly request: HttpRequest;
    readonly response: HttpResponse;
    readonly renewal: { used: boolean };
}

export class Client {
    readonly #settings: Settings;
    readonly #auth: Authenticator;
    readonly #transport: Transport;
    readonly #clock: Clock;
    readonly #signal: AbortSignal | undefined;
    readonly #limiters = new Map<string, Limiter>();
    readonly #contacts: CredentialGate;
    readonly #offsets = new Map<string, number>();
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
        this.#settings = parts.settings;
        this.#auth = parts.auth;
        this.#transport = parts.transport;
        this.#clock = parts.clock;
        this.#signal = parts.signal;
        this.#contacts = new CredentialGate(parts.clock);
    }

    /** The region with its project id: the given one, the configured one, or the one that IAM names. */
    async target(region: string, projectId?: string): Promise<ProjectRef> {
        const key = this.#auth.sharedKey();
        // To look a project up is a signed call, too.
        const done =
            key === undefined ? undefined : await this.#contacts.acquire("ListProjects", undefined, [key], true);
        try {
            return { region, projectId: await this.#auth.projectId({ region, projectId }) };
        } finally {
            done?.("nothing");
        }
    }

    /** The region's clock minus ours, in milliseconds, from its `Date` headers; 0 before the first answer. */
    serverOffsetMs(region: string): number {
        return this.#offsets.get(region) ?? 0;
    }

    /**
     * By how much `serverOffsetMs` may be wrong: nothing worth mentioning once a `Date` header was seen; before, a
     * quarter of an hour, beyond which no signature is accepted. Milliseconds.
     */
    serverOffsetSlackMs(region: string): number {
        return this.#offsets.has(region) ? 0 : UNKNOWN_CLOCK_MS;
    }

    /** Where the calls to a region go, for messages and for telling clouds apart. */
    baseUrl(region: string): string {
        return cbrBaseUrl(this.#settings, region);
    }

    async call<Req, Res>(operation: Operation<Req, Res>, options: CallOptions<Req>): Promise<Res> {
        const body =
            operation.request === undefined ? undefined : JSON.stringify(this.#checked(operation, options.body));
        const renewal = { used: false };
        let isProven = false;
        for (let attempt = 1; ; attempt++) {
            this.#signal?.throwIfAborted();
            try {
                return await this.#attempt(operation, options, body, renewal);
            } catch (error) {
                if (error instanceof Renewed) {
                    // No failure of the request's own.
                    attempt--;
                    continue;
                }
                if (error instanceof MalformedUrl) {
                    if (isProven) throw new NotFoundError(error.failure, error.about);
                    await this.#proveCredentials(error.failure, options);
                    // They may have been renewed for it: what they are told counts.
                    isProven = true;
                    attempt--;
                    continue;
                }
                if (!(error instanceof CbrError)) throw error;
                if (!this.#mayRepeat(operation, options, error, attempt)) throw error;
                const retryAfterMs = error instanceof ApiError ? error.failure.retryAfterMs : undefined;
                const delay = backoffMs(attempt, error.retry, this.#clock.random(), retryAfterMs);
                if (this.#clock.now() + delay >= endOf(options)) throw error;
                options.onRetry?.(error, delay);
                await this.#clock.sleep(delay, this.#signal);
            }
        }
    }

    #mayRepeat<Req, Res>(
        operation: Operation<Req, Res>,
        options: CallOptions<Req>,
        error: CbrError,
        attempt: number,
    ): boolean {
        const few = error instanceof ApiError && classify(error.failure, operation.method).few;
        // An answer that could not be read is no refusal yet.
        if (few && error.retry === "never") return operation.idempotent && attempt < FEW_TRIES;
        if (error.retry === "never" || (error.retry === "busy" && options.busyIsFinal === true)) return false;
        if (!operation.idempotent && sideEffectOf(error) !== "nothing") return false;
        // A wait outlasts what may pass: a read with a deadline is repeated until then.
        const isWaiting = operation.method === "GET" && options.deadline !== undefined;
        if (few && !isWaiting) return attempt < FEW_TRIES;
        // An endpoint that cannot be reached at all is a wrong setting more often than a blip: counted for every POST.
        const counted = options.deadline === undefined || (!operation.idempotent && error.retry === "backoff");
        if (!counted) return true;
        return error.retry === "throttled" ? attempt < THROTTLED_TRIES : attempt <= this.#settings.maxRetries;
    }

    #checked<Req, Res>(operation: Operation<Req, Res>, body: Req | undefined): Req {
        const result = operation.request?.safeParse(body);
        if (result === undefined || result.success) return body as Req;
        const issue = result.error.issues[0];
        throw new ResponseShapeError(
            operation.id,
            0,
            `${operation.id}: the request is malformed at ${issue?.path.join(".")}: ${issue?.message}`,
        );
    }

    async #attempt<Req, Res>(
        operation: Operation<Req, Res>,
        options: CallOptions<Req>,
        body: string | undefined,
        renewal: { used: boolean },
    ): Promise<Res> {
        const { target } = options;
        if (this.#clock.now() >= endOf(options)) throw late(operation);
        const isSigned = this.#auth.sharedKey() !== undefined;
        const credentials = this.#credentialsFor(target);
        const learn = await this.#contacts.acquire(operation.id, target.region, credentials, isSigned);
        try {
            const request = await this.#prepare(operation, options, body);
            await options.onSend?.();
            this.#signal?.throwIfAborted();
            const sentAt = this.#clock.now();
            const response = await this.#send(operation.id, request);
            this.#noteServerClock(target.region, response, sentAt);
            const answer = await this.#read(operation, { target, request, response, renewal });
            learn?.("learned");
            return answer;
        } catch (error) {
            learn?.(lesson(error));
            throw error;
        } finally {
            if (operation.method !== "GET") this.changes++;
        }
    }

    /** The request as it goes out, once it is its turn. */
    async #prepare<Req, Res>(
        operation: Operation<Req, Res>,
        options: CallOptions<Req>,
        body: string | undefined,
    ): Promise<HttpRequest> {
        const { target, priority = "write" } = options;
        const deadline = endOf(options);
        const limiter = this.#limiter(target.region);
        if (!(await limiter.acquire(priority, this.#signal, deadline))) throw late(operation);
        const base = cbrBaseUrl(this.#settings, target.region);
        const plain: HttpRequest = {
            method: operation.method,
            url: requestUrl(base, target.projectId, operation.path, options),
            headers: {
                accept: "application/json",
                "x-language": "en-us",
                ...(body === undefined ? {} : { "content-type": "application/json" }),
            },
            ...(body === undefined ? {} : { body }),
            // A POST that has left is waited for: what it says is worth more than the seconds.
            ...(operation.idempotent && this.#signal !== undefined ? { signal: this.#signal } : {}),
        };
        const authenticated = await this.#auth.authenticate(plain, target);
        // The gate, the limiter and the sign-in may have taken long, and another call may have been refused meanwhile.
        const left = deadline - this.#clock.now();
        if (left <= 0) throw late(operation);
        const refused = this.#contacts.refused(this.#credentialsFor(target));
        if (refused !== undefined) throw refused;
        for (const name of ["x-auth-token", "x-security-token"]) registerSecret(authenticated.headers[name]);
        return {
            ...authenticated,
            timeoutMs: Math.min(REQUEST_TIMEOUT_MS, Math.max(1_000, Math.ceil(left))),
        };
    }

    async #send(operation: string, request: HttpRequest): Promise<HttpResponse> {
        try {
            return await this.#transport.send(request);
        } catch (error) {
            if (!(error instanceof TransportError)) throw error;
            request.signal?.throwIfAborted();
            throw new TransportError(`${operation}: ${error.message}`, {
                sent: error.sent,
                retry: error.retry,
                cause: error,
            });
        }
    }

    /** What an answer says; all but a good one is thrown. */
    async #read<Req, Res>(operation: Operation<Req, Res>, exchange: Exchange): Promise<Res> {
        const { target, request, response } = exchange;
        const limiter = this.#limiter(target.region);
        if (response.status >= 200 && response.status < 300) {
            this.#auth.accepted(target, request);
            limiter.succeeded();
            return parseAnswer(operation, response);
        }
        const failure = parseFailure(operation.id, response, this.#clock.now());
        if (failure.isMalformedUrl === true && operation.notFound !== undefined)
            throw new MalformedUrl(failure, operation.notFound);
        const gone = notFoundObject(failure, operation.notFound);
        const { retry, renew } = classify(failure, operation.method);
        if (renew && gone === undefined) return this.#refused(failure, exchange);
        if (response.status < 500 && response.status !== 429) this.#auth.accepted(target, request);
        if (gone !== undefined) throw new NotFoundError(failure, gone);
        if (retry === "throttled") limiter.throttled(failure.retryAfterMs);
        throw new ApiError(failure, { retry });
    }

    /** The credential itself was refused: renewed once where that is possible, else remembered. */
    async #refused(failure: ApiErrorDetails, { target, request, response, renewal }: Exchange): Promise<never> {
        const hadRenewed = renewal.used;
        if (!hadRenewed && (await this.#auth.renew(target, request))) {
            renewal.used = true;
            throw new Renewed();
        }
        const cause = new ApiError(failure);
        const skew = describeClockSkew(response, this.#clock.now());
        const error = new AuthError(
            `${cause.message}${skew === undefined ? "" : ` ${skew}`} Refused was ${this.#auth.describe()}.`,
            { status: response.status, cause },
        );
        if (!hadRenewed) this.#contacts.refuse(this.#credentialsFor(target), error);
        throw error;
    }

    /**
     * `401 Malformed request url` says that there is no such id, and also that the project is not that of the
     * credentials. It is the former only where these may list the project's backups at that time.
     */
    async #proveCredentials(failure: ApiErrorDetails, options: CallOptions<unknown>): Promise<void> {
        const { target, deadline, until } = options;
        try {
            await this.call(listBackups, { target, query: { limit: 1 }, deadline, until });
        } catch (error) {
            if (!(error instanceof CbrError)) throw error;
            throw new AuthError(
                `${new ApiError(failure).message} That is said of an id that does not exist, and also when project ` +
                    `${target.projectId} in ${target.region} is not one of these credentials; nothing ` +
                    "counts as gone, " +
                    `for its backups could not be listed either: ${error.message} Signed in with ` +
                    `${this.#auth.describe()}: check it, cbr:projectId, and projectId of the resource.`,
                { status: failure.status, retry: error.retry, cause: error },
            );
        }
    }

    /** What a refused call to this project condemns: the project's token, or the key that signs for all of them. */
    #credentialsFor(target: ProjectRef): string[] {
        const key = this.#auth.sharedKey();
        const own = `${target.region}/${target.projectId}`;
        return key === undefined ? [own] : [key, own];
    }

    #limiter(region: string): Limiter {
        let limiter = this.#limiters.get(region);
        if (limiter === undefined) {
            limiter = new Limiter(this.#settings.maxRequestsPerSecond, this.#clock);
            this.#limiters.set(region, limiter);
        }
        return limiter;
    }

    #noteServerClock(region: string, response: HttpResponse, sentAt: number): void {
        const date = Date.parse(response.headers["date"] ?? "");
        if (Number.isNaN(date)) return;
        // The header was written at some time between the two, and is cut to whole seconds. What is known moves only as
        // far as it must: a slow answer says little, and must not shift the time in which a lost POST is looked for.
        const least = date - this.#clock.now();
        const most = date + 1_000 - sentAt;
        this.#offsets.set(region, Math.min(most, Math.max(least, this.serverOffsetMs(region))));
    }
}

function endOf({ deadline, until }: { deadline?: number | undefined; until?: number | undefined }): number {
    return Math.min(deadline ?? Number.POSITIVE_INFINITY, until ?? Number.POSITIVE_INFINITY);
}

function lesson(error: unknown): ProbeResult {
    if (!(error instanceof CbrError)) return "nothing";
    if (error.retry === "backoff" && !(error instanceof ApiError && error.failure.status === 500)) return error;
    return error.retry !== "throttled" && (error instanceof ApiError || error instanceof ResponseShapeError)
        ? "learned"
        : "nothing";
}

/** Not an error: the credential was renewed, and the same request may go out once more. */
class Renewed extends Error {}

/** Not an error yet: an answer that means one of two things. */
class MalformedUrl extends Error {
    readonly failure: ApiErrorDetails;
    readonly about: NotFoundObject;
    constructor(failure: ApiErrorDetails, about: NotFoundObject) {
        super(failure.text);
        this.failure = failure;
        this.about = about;
    }
}

function late(operation: { readonly id: string }): WaitTimeoutError {
    return new WaitTimeoutError(`${operation.id}: no time is left for this call.`);
}
