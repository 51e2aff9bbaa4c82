/**
 * The calls to IAM that signing in needs (api-notes: Tokens): each one function, with retries, and errors that say what was
 * refused. No state. Seen from the call that needed the sign-in nothing was sent, whatever happens here; so every error
 * is an `AuthError`, a `ConfigError`, or a `TransportError` with `sent: false`, and never one that could mean an effect.
 */
import { z } from "zod";
import { describeClockSkew, parseFailure } from "../errors/error-response";
import { ApiError, type ApiErrorDetails, AuthError, ConfigError, TransportError } from "../errors/errors";
import { registerSecret } from "../errors/redaction";
import { backoffMs } from "../http/retry";
import type { HttpRequest, HttpResponse, Transport } from "../http/transport";
import type { Resolved } from "../settings/settings";
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

/** A project or an account; an id wins over a name. */
export type TokenScope =
    | { readonly project: { readonly id: string } | { readonly name: string; readonly domain?: IdOrName | undefined } }
    | { readonly domain: IdOrName };

export type IdOrName = { readonly id: string } | { readonly name: string };

export type Identity =
    | {
          readonly kind: "password";
          readonly user: { readonly id: string } | { readonly name: string; readonly domain: IdOrName };
          readonly password: string;
          readonly passcode?: string | undefined;
      }
    | { readonly kind: "token"; readonly token: string }
    | { readonly kind: "agency"; readonly name: string; readonly domain: IdOrName };

export interface IssuedToken {
    readonly token: string;
    /** By this machine's clock, in milliseconds. */
    readonly expiresAt: number;
    /** In milliseconds. */
    readonly lifeMs: number;
    readonly projectId: string | undefined;
    readonly catalog: unknown;
}

export interface TemporaryKeys {
    readonly accessKey: string;
    readonly secretKey: string;
    readonly securityToken: string;
    /** By this machine's clock, in milliseconds. */
    readonly expiresAt: number;
    readonly lifeMs: number;
}

const tokenBody = z.object({
    token: z.object({
        expires_at: z.string().optional(),
        issued_at: z.string().optional(),
        project: z.object({ id: z.string().min(1) }).nullish(),
        catalog: z.unknown().optional(),
    }),
});

const keysBody = z.object({
    credential: z.object({
        access: z.string().min(1),
        secret: z.string().min(1),
        securitytoken: z.string().min(1),
        expires_at: z.string().optional(),
    }),
});

const projectsBody = z.object({
    projects: z.array(z.object({ id: z.string().min(1), name: z.string().optional(), enabled: z.boolean().nullish() })),
});

/** The start of an address, for messages: no query. */
function place(url: string): string {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/**
 * Sends, and repeats after what may pass: connection errors, 5xx, 429, a body that is no JSON; up to `maxRetries`
 * times, 0.25 to 30 s apart. Every call here is safe to repeat.
 */
async function send(iam: Iam, operation: string, request: HttpRequest, proof: RequestAuth): Promise<HttpResponse> {
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

function request(method: "GET" | "POST", url: string, body?: unknown): HttpRequest {
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
                ? "The access key is unknown or deleted, its secret key is wrong, or it is blocked for 5 minutes after too many failed calls."
                : undefined;
        default:
            return undefined;
    }
}

/** The error of an answer that is not a success. A 4xx names what was refused; what may pass (5xx, 429) may be tried again later. */
function refusal(
    iam: Iam,
    operation: string,
    sent: HttpRequest,
    response: HttpResponse,
    proof: RequestAuth,
    who: Who,
): AuthError {
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
    const text = `Sign-in at ${place(sent.url)} was refused. ${cause.message} Refused was ${who.whenRefused}.${advice === undefined ? "" : ` ${advice}`}`;
    return new AuthError(text, { status: response.status, cause });
}

function parse<T>(operation: string, response: HttpResponse, schema: z.ZodType<T>): T {
    const json = jsonOf(response.body);
    // The text is not quoted: a token answer may hold secrets.
    if (json === undefined) throw malformed(operation, response, "is not JSON (a proxy's page, or cut off)");
    const result = schema.safeParse(json);
    if (result.success) return result.data;
    const path = result.error.issues[0]?.path.join(".") || "body";
    throw malformed(operation, response, `has no usable ${path}`);
}

function malformed(operation: string, response: HttpResponse, what: string): AuthError {
    return new AuthError(`Sign-in did not work. ${operation}: HTTP ${response.status}, but IAM's answer ${what}.`, {
        status: response.status,
        retry: "backoff",
    });
}

/** Life counted from the answer, so that a wrong clock here does not matter when the answer says when it was issued. */
function life(
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

function identityBody(identity: Identity): Record<string, unknown> {
    if (identity.kind === "agency") {
        const { domain } = identity;
        const account = "id" in domain ? { domain_id: domain.id } : { domain_name: domain.name };
        // IAM's table says agency_name, its examples and every client send xrole_name (api-notes: Agencies).
        return { methods: ["assume_role"], assume_role: { ...account, xrole_name: identity.name } };
    }
    if (identity.kind === "token") return { methods: ["token"], token: { id: identity.token } };
    const { user, password, passcode } = identity;
    if (passcode === undefined) return { methods: ["password"], password: { user: { ...user, password } } };
    return {
        methods: ["password", "totp"],
        password: { user: { ...user, password } },
        totp: { user: { ...user, passcode } },
    };
}

/**
 * A token: POST /v3/auth/tokens. Safe to repeat: a token more does no harm.
 *
 * @param base IAM base URL, without `/v3`.
 * @throws AuthError (`retry` says whether it may pass), TransportError.
 */
export async function createToken(
    iam: Iam,
    base: string,
    identity: Identity,
    scope: TokenScope | undefined,
    proof: RequestAuth,
    who: Who,
    withCatalog = false,
): Promise<IssuedToken> {
    const operation = identity.kind === "agency" ? "CreateAgencyToken" : "CreateToken";
    const body = { auth: { identity: identityBody(identity), ...(scope === undefined ? {} : { scope }) } };
    const sent = request("POST", `${base}/v3/auth/tokens${withCatalog ? "" : "?nocatalog=true"}`, body);
    const response = await send(iam, operation, sent, proof);
    if (response.status !== 201 && response.status !== 200) throw refusal(iam, operation, sent, response, proof, who);
    const token = response.headers["x-subject-token"];
    if (token === undefined || token === "") throw malformed(operation, response, "has no X-Subject-Token header");
    registerSecret(token);
    const parsed = parse(operation, response, tokenBody).token;
    return {
        token,
        ...life(iam.clock.now(), parsed.expires_at, parsed.issued_at),
        projectId: parsed.project?.id,
        catalog: parsed.catalog,
    };
}

/**
 * Temporary access keys of an agency: POST /v3.0/OS-CREDENTIAL/securitytokens, signed with the user's own.
 * @param durationSeconds 900 to 86,400.
 * @throws as createToken.
 */
export async function createTemporaryKeys(
    iam: Iam,
    base: string,
    agency: { readonly name: string; readonly domain: IdOrName; readonly durationSeconds: number },
    proof: RequestAuth,
    who: Who,
): Promise<TemporaryKeys> {
    const operation = "CreateTemporaryAccessKeyByAgency";
    const account = "id" in agency.domain ? { domain_id: agency.domain.id } : { domain_name: agency.domain.name };
    const role = { ...account, agency_name: agency.name, duration_seconds: agency.durationSeconds };
    const sent = request("POST", `${base}/v3.0/OS-CREDENTIAL/securitytokens`, {
        auth: { identity: { methods: ["assume_role"], assume_role: role } },
    });
    const response = await send(iam, operation, sent, proof);
    if (response.status !== 201 && response.status !== 200) throw refusal(iam, operation, sent, response, proof, who);
    const { credential } = parse(operation, response, keysBody);
    registerSecret(credential.secret);
    registerSecret(credential.securitytoken);
    const nowMs = iam.clock.now();
    const known = life(nowMs, credential.expires_at, undefined);
    // The answer does not say when it was issued: by a wrong clock its end may be anywhere, but its length was our wish.
    const lifeMs =
        credential.expires_at === undefined || known.lifeMs === 0
            ? agency.durationSeconds * 1000
            : Math.min(known.lifeMs, agency.durationSeconds * 1000);
    return {
        accessKey: credential.access,
        secretKey: credential.secret,
        securityToken: credential.securitytoken,
        expiresAt: nowMs + lifeMs,
        lifeMs,
    };
}

/**
 * The id of the project with this very name: GET /v3/projects?name=….
 * @param name With its source, for the error.
 * @throws ConfigError naming cbr:projectId when there is none, several, or they may not be listed; else as createToken.
 */
export async function findProject(
    iam: Iam,
    base: string,
    name: Resolved,
    proof: RequestAuth,
    who: Who,
): Promise<string> {
    const operation = "ListProjects";
    const sent = request("GET", `${base}/v3/projects?name=${encodeURIComponent(name.value)}`);
    const response = await send(iam, operation, sent, proof);
    if (response.status === 403) {
        const failure = parseFailure(operation, response, iam.clock.now(), "IAM");
        const cause = new ApiError(failure);
        throw new ConfigError(
            `The project id could not be looked up, because projects may not be listed with ${who.plain}: set cbr:projectId. ${cause.message}`,
            { cause },
        );
    }
    if (response.status !== 200) throw refusal(iam, operation, sent, response, proof, who);
    const { projects } = parse(operation, response, projectsBody);
    const named = projects.filter((project) => project.name === undefined || project.name === name.value);
    const [only, ...others] = named;
    if (only !== undefined && others.length === 0) return only.id;
    if (only === undefined) throw noSuchProject(base, name);
    throw new ConfigError(
        `IAM at ${place(base)} knows ${named.length} projects named "${name.value}" (${name.source}): ${named.map(({ id }) => id).join(", ")}. Set cbr:projectId to the right one (for a destination, destinationProjectId).`,
    );
}

/** The error for a project name that IAM does not know. */
export function noSuchProject(base: string, name: Resolved, cause?: unknown): ConfigError {
    return new ConfigError(
        `IAM at ${place(base)} knows no project named "${name.value}" (${name.source}), or these credentials have no access to it. Set cbr:projectId, or cbr:projectName (on Open Telekom Cloud names look like eu-de_team); for a destination region set destinationProjectId.`,
        cause === undefined ? {} : { cause },
    );
}
