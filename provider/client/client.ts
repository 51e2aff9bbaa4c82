/**
 * Sends one operation of the CBR API: limiter → auth → transport → errors → retry → parse. The only way to the API for
 * the resources, and the only reader of operations.
 */
import type { Authenticator } from "./auth/authenticator";
import { CredentialGate, type ProbeResult } from "./auth/credential-gate";
import { lookUpCode } from "./errors/error-codes";
import { describeClockSkew, parseFailure } from "./errors/error-response";
import {
    ApiError,
    type ApiErrorDetails,
    AuthError,
    CbrError,
    NotFoundError,
    ResponseShapeError,
    registerSecret,
    TransportError,
    WaitTimeoutError,
} from "./errors/errors";
import { Limiter, type Priority } from "./http/rate-limiter";
import { backoffMs, classify, FEW_TRIES, notFoundObject, sideEffectOf } from "./http/retry";
import type { HttpRequest, HttpResponse, Transport } from "./http/transport";
import type { Operation, Query } from "./operations";
import { cbrBaseUrl } from "./settings/endpoints";
import type { Settings } from "./settings/settings";
import type { Clock } from "./time/clock";

/** One exchange may take this long, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Tries while the gateway throttles, for calls without a deadline of their own. */
const THROTTLED_TRIES = 10;
/** A region whose clock nobody knows may be this wrong, in milliseconds. */
const UNKNOWN_CLOCK_MS = 15 * 60_000;
/** How much of an unreadable answer an error quotes. */
const QUOTED_CHARACTERS = 200;

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
    readonly #transport: Transport;
    readonly #clock: Clock;
    readonly #limiters = new Map<string, Limiter>();
    readonly #contacts: CredentialGate;
    readonly #offsets = new Map<string, number>();
    /** Counts changes made through this client, so that caches know when they are stale. */
    changes = 0;

    constructor(parts: { settings: Settings; auth: Authenticator; transport: Transport; clock: Clock }) {
        this.#settings = parts.settings;
        this.#auth = parts.auth;
        this.#transport = parts.transport;
        this.#clock = parts.clock;
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

    /** By how much `serverOffsetMs` may be wrong: nothing worth mentioning once a `Date` header was seen; before, a quarter of an hour, beyond which no signature is accepted. Milliseconds. */
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
        const limiter = this.#limiter(options.target.region);
        const renewal = { used: false };
        for (let attempt = 1; ; attempt++) {
            try {
                return await this.#attempt(operation, options, body, limiter, renewal);
            } catch (error) {
                if (error instanceof Renewed) {
                    // No failure of the request's own.
                    attempt--;
                    continue;
                }
                if (!(error instanceof CbrError)) throw error;
                if (!this.#mayRepeat(operation, options, error, attempt)) throw error;
                const retryAfterMs = error instanceof ApiError ? error.failure.retryAfterMs : undefined;
                const delay = backoffMs(attempt, error.retry, this.#clock.random(), retryAfterMs);
                if (this.#clock.now() + delay >= endOf(options)) throw error;
                options.onRetry?.(error, delay);
                await this.#clock.sleep(delay);
            }
        }
    }

    #mayRepeat<Req, Res>(
        operation: Operation<Req, Res>,
        options: CallOptions<Req>,
        error: CbrError,
        attempt: number,
    ): boolean {
        if (error.retry === "never" || (error.retry === "busy" && options.busyIsFinal === true)) return false;
        if (!operation.idempotent && sideEffectOf(error) !== "nothing") return false;
        // A wait outlasts what may pass: a read with a deadline is repeated until then.
        const isWaiting = operation.method === "GET" && options.deadline !== undefined;
        const few = error instanceof ApiError && classify(error.failure, operation.method).few;
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
        limiter: Limiter,
        renewal: { used: boolean },
    ): Promise<Res> {
        const { target } = options;
        const deadline = endOf(options);
        const late = () => new WaitTimeoutError(`${operation.id}: no time is left for this call.`);
        if (this.#clock.now() >= deadline) throw late();
        const credentials = this.#credentialsFor(target);
        const isSigned = this.#auth.sharedKey() !== undefined;
        const learn = await this.#contacts.acquire(operation.id, target.region, credentials, isSigned);
        try {
            if (!(await limiter.acquire(options.priority ?? "write", undefined, deadline))) throw late();
            const plain: HttpRequest = {
                method: operation.method,
                url: requestUrl(
                    cbrBaseUrl(this.#settings, target.region),
                    target.projectId,
                    operation.path,
                    options.path,
                    options.query,
                ),
                headers: {
                    accept: "application/json",
                    "x-language": "en-us",
                    ...(body === undefined ? {} : { "content-type": "application/json" }),
                },
                ...(body === undefined ? {} : { body }),
            };
            const authenticated = await this.#auth.authenticate(plain, target);
            // The gate, the limiter and the sign-in may have taken long, and somebody else may have been refused meanwhile.
            const left = deadline - this.#clock.now();
            if (left <= 0) throw late();
            const refused = this.#contacts.refused(credentials);
            if (refused !== undefined) throw refused;
            const request: HttpRequest = {
                ...authenticated,
                timeoutMs: Math.min(REQUEST_TIMEOUT_MS, Math.max(1_000, Math.ceil(left))),
            };
            for (const name of ["x-auth-token", "x-security-token"]) registerSecret(request.headers[name]);
            await options.onSend?.();
            const sentAt = this.#clock.now();
            const response = await this.#send(operation.id, request);
            this.#noteServerClock(target.region, response, sentAt);
            if (operation.method !== "GET") this.changes++;
            const refusal = this.#refusal(operation, response);
            if (refusal === undefined) {
                if (response.status < 500 && response.status !== 429) this.#auth.accepted(target, request);
                const answer = this.#understand(operation, response, limiter);
                learn?.("learned");
                return answer;
            }
            const hadRenewed = renewal.used;
            if (!hadRenewed && (await this.#auth.renew(target, request))) {
                renewal.used = true;
                throw new Renewed();
            }
            const skew = describeClockSkew(response, this.#clock.now());
            const error = new AuthError(
                `${refusal.message}${skew === undefined ? "" : ` ${skew}`} Refused was ${this.#auth.describe()}.`,
                {
                    status: response.status,
                    cause: refusal,
                },
            );
            if (!hadRenewed) this.#contacts.refuse(credentials, error);
            throw error;
        } catch (error) {
            if (operation.method !== "GET") this.changes++;
            learn?.(lesson(error));
            throw error;
        }
    }

    async #send(operation: string, request: HttpRequest): Promise<HttpResponse> {
        try {
            return await this.#transport.send(request);
        } catch (error) {
            if (!(error instanceof TransportError)) throw error;
            throw new TransportError(`${operation}: ${error.message}`, {
                sent: error.sent,
                retry: error.retry,
                cause: error,
            });
        }
    }

    /** The error of an answer that refuses the credential itself; undefined for every other answer. */
    #refusal<Req, Res>(operation: Operation<Req, Res>, response: HttpResponse): ApiError | undefined {
        if (response.status >= 200 && response.status < 300) return undefined;
        const failure = parseFailure(operation.id, response, this.#clock.now());
        if (notFoundObject(failure, operation.notFound) !== undefined) return undefined;
        return classify(failure, operation.method).renew ? new ApiError(failure) : undefined;
    }

    #understand<Req, Res>(operation: Operation<Req, Res>, response: HttpResponse, limiter: Limiter): Res {
        if (response.status >= 200 && response.status < 300) {
            limiter.succeeded();
            return parseAnswer(operation, response);
        }
        const failure = withAdvice(parseFailure(operation.id, response, this.#clock.now()));
        const gone = notFoundObject(failure, operation.notFound);
        if (gone !== undefined) throw new NotFoundError(failure, gone);
        const { retry } = classify(failure, operation.method);
        if (retry === "throttled") limiter.throttled(failure.retryAfterMs);
        throw new ApiError(failure, { retry });
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

function withAdvice(failure: ApiErrorDetails): ApiErrorDetails {
    const advice = failure.advice ?? lookUpCode(failure.code)?.advice;
    return advice === undefined ? failure : { ...failure, advice };
}

/** Every value is percent-encoded by RFC 3986, as the signature wants it; an id can never leave its place in the path. */
function encode(value: string): string {
    return encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function requestUrl(
    base: string,
    projectId: string,
    path: string,
    values: Readonly<Record<string, string>> = {},
    query: Query = {},
): string {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encode(values[name] ?? ""));
    const pairs: string[] = [];
    for (const [key, value] of Object.entries(query)) {
        if (value === undefined) continue;
        for (const one of Array.isArray(value) ? value : [value]) pairs.push(`${encode(key)}=${encode(String(one))}`);
    }
    return `${base}/v3/${encode(projectId)}${filled}${pairs.length === 0 ? "" : `?${pairs.join("&")}`}`;
}

function parseAnswer<Req, Res>(operation: Operation<Req, Res>, response: HttpResponse): Res {
    if (operation.response === undefined) return undefined as Res;
    if (response.body === "") {
        const empty = operation.response.safeParse(undefined);
        if (empty.success) return empty.data;
    }
    let json: unknown;
    try {
        json = JSON.parse(response.body);
    } catch (cause) {
        const start = response.body.slice(0, QUOTED_CHARACTERS).replaceAll(/\s+/g, " ");
        throw new ResponseShapeError(
            operation.id,
            response.status,
            `${operation.id}: HTTP ${response.status}, but the answer is not JSON (a proxy's page, or cut off). It starts: "${start}"`,
            { retry: "backoff", isForeign: start.trimStart().startsWith("<"), cause },
        );
    }
    const result = operation.response.safeParse(json);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    throw new ResponseShapeError(
        operation.id,
        response.status,
        `${operation.id}: HTTP ${response.status}, but the answer is not what the API's page describes: ${issue?.path.join(".") || "body"}: ${issue?.message ?? ""}.`,
        { cause: result.error },
    );
}
