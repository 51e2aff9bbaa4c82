/**
 * One exchange with IAM: retries, and errors that say what was refused. Seen from the call that needed the sign-in
 * nothing was sent, whatever happens here; so every error is an `AuthError`, a `ConfigError`, or a `TransportError`
 * with `sent: false`, and never one that could mean an effect.
 */
import type { z } from "zod";
import { describeClockSkew, parseFailure } from "../errors/error-response";
import { ApiError, type ApiErrorDetails, AuthError, TransportError } from "../errors/errors";
import { backoffMs } from "../http/retry";
import type { HttpRequest, HttpResponse, Transport } from "../http/transport";
import type { Clock } from "../time/clock";
import { type SigningKeys, sign } from "./signature";

/** One exchange with IAM may take this long, in milliseconds. */
const IAM_TIMEOUT_MS = 30_000;
/** Life of a token whose answer does not say how long it lives, in milliseconds. IAM's own are good for 24 hours. */
const UNKNOWN_LIFE_MS = 3_600_000;

export interface Iam {
    readonly transport: Transport;
    readonly clock: Clock;
    /** Repetitions after connection errors, 5xx, 429, and answers that cannot be read. A 401 is never repeated. */
    readonly maxRetries: number;
    /** Nothing is sent once it is aborted. */
    readonly signal?: AbortSignal | undefined;
}

/** The credentials in words, for errors: as they are, and with what people overlook when these are refused. */
export interface Who {
    readonly plain: string;
    readonly whenRefused: string;
}

/** What a call is made with: a token, a signature, or nothing (when the body has the password). */
export type RequestAuth = { readonly token: string } | { readonly keys: SigningKeys } | undefined;

/** The start of an address, for messages: no query. */
export function place(url: string): string {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/**
 * Sends, and repeats after what may pass: connection errors, 5xx, 429, a body that is no JSON; up to `maxRetries`
 * times, 0.25 to 30 s apart. Every call here is safe to repeat.
 */
export async function send(
    iam: Iam,
    operation: string,
    request: HttpRequest,
    proof: RequestAuth,
): Promise<HttpResponse> {
    const { signal } = iam;
    for (let attempt = 1; ; attempt++) {
        signal?.throwIfAborted();
        const last = attempt > iam.maxRetries;
        // Signed anew for each try: a signature has the time in it.
        const headers =
            proof === undefined
                ? {}
                : "token" in proof
                  ? { "x-auth-token": proof.token }
                  : sign(request, proof.keys, new Date(iam.clock.now()));
        let response: HttpResponse;
        try {
            response = await iam.transport.send({
                ...request,
                headers: { ...request.headers, ...headers },
                ...(signal === undefined ? {} : { signal }),
            });
        } catch (error) {
            if (!(error instanceof TransportError)) throw error;
            signal?.throwIfAborted();
            if (last || error.retry === "never")
                throw new TransportError(`Signing in (${operation} at ${place(request.url)}): ${error.message}`, {
                    sent: false,
                    retry: error.retry,
                    cause: error,
                });
            await iam.clock.sleep(backoffMs(attempt, "backoff", iam.clock.random()), signal);
            continue;
        }
        if (last || !mayPass(response)) return response;
        const { retryAfterMs } = parseFailure(operation, response, iam.clock.now(), "IAM");
        await iam.clock.sleep(
            backoffMs(attempt, response.status === 429 ? "throttled" : "backoff", iam.clock.random(), retryAfterMs),
            signal,
        );
    }
}

function mayPass({ status, body }: HttpResponse): boolean {
    if (status === 401) return false;
    return status >= 500 || status === 429 || jsonOf(body) === undefined;
}

/** Undefined: a page of something in between, or cut off. */
function jsonOf(body: string): unknown {
    try {
        return JSON.parse(body);
    } catch {
        return undefined;
    }
}

export function request(method: "GET" | "POST", url: string, body?: unknown): HttpRequest {
    return {
        method,
        url,
        headers: {
            accept: "application/json",
            "x-language": "en-us",
            ...(body === undefined ? {} : { "content-type": "application/json;charset=utf8" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs: IAM_TIMEOUT_MS,
    };
}

/** What to do about a refused sign-in, where the code tells. */
function adviceOf(
    failure: ApiErrorDetails,
    response: HttpResponse,
    nowMs: number,
    signed: boolean,
): string | undefined {
    const skew = signed ? describeClockSkew(response, nowMs) : undefined;
    if (skew !== undefined) return skew;
    switch (failure.code) {
        case "APIGW.0303":
            return "This machine's clock may be off: signatures are good for 15 minutes only.";
        case "IAM.0061":
            return "The user is locked, usually for 15 minutes after too many wrong passwords.";
        case "IAM.0062":
            return "Check the password.";
        case "APIGW.0301":
            return signed
                ? "The access key is unknown or deleted, its secret key is wrong, or it is blocked for 5 " +
                      "minutes after too many failed calls."
                : undefined;
        default:
            return undefined;
    }
}

/**
 * The error of an answer that is not a success. A 4xx names what was refused; what may pass (5xx, 429) may be tried
 * again later.
 */
export function refusal(
    iam: Iam,
    exchange: { readonly operation: string; readonly sent: HttpRequest; readonly response: HttpResponse },
    proof: RequestAuth,
    who: Who,
): AuthError {
    const { operation, sent, response } = exchange;
    const nowMs = iam.clock.now();
    const { advice: _, ...failure } = parseFailure(operation, response, nowMs, "IAM");
    const retry = response.status === 429 ? "throttled" : response.status >= 500 ? "backoff" : "never";
    const cause = new ApiError(failure, { retry });
    if (retry !== "never")
        return new AuthError(`Sign-in at ${place(sent.url)} did not work. ${cause.message}`, {
            status: response.status,
            retry,
            cause,
        });
    const advice = adviceOf(failure, response, nowMs, proof !== undefined && "keys" in proof);
    const text =
        `Sign-in at ${place(sent.url)} was refused. ${cause.message} Refused was ` +
        `${who.whenRefused}.${advice === undefined ? "" : ` ${advice}`}`;
    return new AuthError(text, { status: response.status, cause });
}

export function parse<T>(operation: string, response: HttpResponse, schema: z.ZodType<T>): T {
    const json = jsonOf(response.body);
    // The text is not quoted: a token answer may hold secrets.
    if (json === undefined) throw malformed(operation, response, "is not JSON (a proxy's page, or cut off)");
    const result = schema.safeParse(json);
    if (result.success) return result.data;
    const path = result.error.issues[0]?.path.join(".") || "body";
    throw malformed(operation, response, `has no usable ${path}`);
}

export function malformed(operation: string, response: HttpResponse, what: string): AuthError {
    return new AuthError(`Sign-in did not work. ${operation}: HTTP ${response.status}, but IAM's answer ${what}.`, {
        status: response.status,
        retry: "backoff",
    });
}

/** Life counted from the answer, so that a wrong clock here does not matter when the answer says when it was issued. */
export function life(
    nowMs: number,
    expiresAt: string | undefined,
    issuedAt: string | undefined,
): { expiresAt: number; lifeMs: number } {
    const end = Date.parse(zoned(expiresAt));
    const start = Date.parse(zoned(issuedAt));
    const lifeMs = Number.isNaN(end) ? UNKNOWN_LIFE_MS : Math.max(0, end - (Number.isNaN(start) ? nowMs : start));
    return { expiresAt: nowMs + lifeMs, lifeMs };
}

/** IAM's times are UTC, with or without saying so, with up to six decimals. */
function zoned(text: string | undefined): string {
    const trimmed = text?.trim().replace(/(\.\d{3})\d+/, "$1") ?? "";
    return /(Z|[+-]\d\d:?\d\d)$/.test(trimmed) ? trimmed : `${trimmed}Z`;
}
