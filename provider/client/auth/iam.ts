/**
 * The calls to IAM that signing in needs (api-notes: Tokens), each one function without state. Errors: iam-exchange.ts.
 */
import { z } from "zod";
import { parseFailure } from "../errors/error-response";
import { ApiError, ConfigError } from "../errors/errors";
import { registerSecret } from "../errors/redaction";
import type { HttpResponse } from "../http/transport";
import type { PasswordCredentials, Resolved, TokenCredentials } from "../settings/settings";
import {
    type Iam,
    life,
    malformed,
    parse,
    place,
    type RequestAuth,
    refusal,
    request,
    send,
    type Who,
} from "./iam-exchange";

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

export function idOrName(id: Resolved | undefined, name: Resolved | undefined): IdOrName | undefined {
    if (id !== undefined) return { id: id.value };
    return name === undefined ? undefined : { name: name.value };
}

/** What these credentials are exchanged for a token with; keys are not. */
export function identityOf(credentials: PasswordCredentials | TokenCredentials): Identity {
    if (credentials.kind === "token") return { kind: "token", token: credentials.token.value };
    const { userId, userName, password, passcode } = credentials;
    const domain = idOrName(credentials.domainId, credentials.domainName);
    const secret = { password: password.value, passcode: passcode?.value };
    if (userId !== undefined) return { kind: "password", user: { id: userId.value }, ...secret };
    if (userName === undefined || domain === undefined)
        throw new ConfigError("A user name needs a domain (account): set cbr:domainName or cbr:domainId.");
    return { kind: "password", user: { name: userName.value, domain }, ...secret };
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
    asked: {
        readonly identity: Identity;
        readonly scope: TokenScope | undefined;
        readonly proof?: RequestAuth;
        readonly who: Who;
        readonly withCatalog?: boolean;
    },
): Promise<IssuedToken> {
    const { identity, scope, proof, who, withCatalog = false } = asked;
    const operation = identity.kind === "agency" ? "CreateAgencyToken" : "CreateToken";
    const body = { auth: { identity: identityBody(identity), ...(scope === undefined ? {} : { scope }) } };
    const sent = request("POST", `${base}/v3/auth/tokens${withCatalog ? "" : "?nocatalog=true"}`, body);
    const response = await send(iam, operation, sent, proof);
    if (response.status !== 201 && response.status !== 200)
        throw refusal(iam, { operation, sent, response }, proof, who);
    return issued(iam, operation, response);
}

function issued(iam: Iam, operation: string, response: HttpResponse): IssuedToken {
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
 * A token without scope for an identity token: POST /v3.0/OS-AUTH/id-token/tokens.
 * @throws ConfigError where this IAM has no such call; else as createToken.
 */
export async function createTokenByIdToken(
    iam: Iam,
    base: string,
    { identityProvider, idToken }: { readonly identityProvider: string; readonly idToken: string },
    who: Who,
): Promise<IssuedToken> {
    const operation = "CreateTokenWithIdToken";
    const plain = request("POST", `${base}/v3.0/OS-AUTH/id-token/tokens`, { auth: { id_token: { id: idToken } } });
    const sent = { ...plain, headers: { ...plain.headers, "x-idp-id": identityProvider } };
    const response = await send(iam, operation, sent, undefined);
    if (response.status === 404 || response.status === 405)
        throw new ConfigError(
            `IAM at ${place(base)} knows no identity provider "${identityProvider}", or has no sign-in with an ` +
                `identity token (HTTP ${response.status}).`,
        );
    if (response.status !== 201 && response.status !== 200)
        throw refusal(iam, { operation, sent, response }, undefined, who);
    return issued(iam, operation, response);
}

/** Who asks IAM, and with what. */
interface Caller {
    readonly proof: RequestAuth;
    readonly who: Who;
}

/**
 * Temporary access keys for a token: POST /v3.0/OS-CREDENTIAL/securitytokens; for 900 to 86,400 seconds.
 * @throws as createToken.
 */
export async function createKeysByToken(
    iam: Iam,
    base: string,
    { token, durationSeconds }: { readonly token: string; readonly durationSeconds: number },
    who: Who,
): Promise<TemporaryKeys> {
    const identity = { methods: ["token"], token: { id: token, duration_seconds: durationSeconds } };
    const operation = "CreateTemporaryAccessKeyByToken";
    return await temporaryKeys(iam, operation, base, { identity, durationSeconds, proof: undefined, who });
}

/**
 * Temporary access keys of an agency: POST /v3.0/OS-CREDENTIAL/securitytokens, signed with the user's own; for 900 to
 * 86,400 seconds.
 * @throws as createToken.
 */
export async function createTemporaryKeys(
    iam: Iam,
    base: string,
    agency: { readonly name: string; readonly domain: IdOrName; readonly durationSeconds: number },
    { proof, who }: Caller,
): Promise<TemporaryKeys> {
    const account = "id" in agency.domain ? { domain_id: agency.domain.id } : { domain_name: agency.domain.name };
    const role = { ...account, agency_name: agency.name, duration_seconds: agency.durationSeconds };
    const identity = { methods: ["assume_role"], assume_role: role };
    const { durationSeconds } = agency;
    const operation = "CreateTemporaryAccessKeyByAgency";
    return await temporaryKeys(iam, operation, base, { identity, durationSeconds, proof, who });
}

async function temporaryKeys(
    iam: Iam,
    operation: string,
    base: string,
    given: {
        readonly identity: object;
        readonly durationSeconds: number;
        readonly proof: RequestAuth;
        readonly who: Who;
    },
): Promise<TemporaryKeys> {
    const { identity, durationSeconds, proof, who } = given;
    const sent = request("POST", `${base}/v3.0/OS-CREDENTIAL/securitytokens`, { auth: { identity } });
    const response = await send(iam, operation, sent, proof);
    if (response.status !== 201 && response.status !== 200)
        throw refusal(iam, { operation, sent, response }, proof, who);
    const { credential } = parse(operation, response, keysBody);
    registerSecret(credential.secret);
    registerSecret(credential.securitytoken);
    const nowMs = iam.clock.now();
    const known = life(nowMs, credential.expires_at, undefined);
    // The answer does not say when it was issued: by a wrong clock its end may be anywhere, but its length was our
    // wish.
    const lifeMs =
        credential.expires_at === undefined || known.lifeMs === 0
            ? durationSeconds * 1000
            : Math.min(known.lifeMs, durationSeconds * 1000);
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
export async function findProject(iam: Iam, base: string, name: Resolved, { proof, who }: Caller): Promise<string> {
    const operation = "ListProjects";
    const sent = request("GET", `${base}/v3/projects?name=${encodeURIComponent(name.value)}`);
    const response = await send(iam, operation, sent, proof);
    if (response.status === 403) {
        const failure = parseFailure(operation, response, iam.clock.now(), "IAM");
        const cause = new ApiError(failure);
        throw new ConfigError(
            `The project id could not be looked up, because projects may not be listed with ${who.plain}: ` +
                `set cbr:projectId. ${cause.message}`,
            { cause },
        );
    }
    if (response.status !== 200) throw refusal(iam, { operation, sent, response }, proof, who);
    const { projects } = parse(operation, response, projectsBody);
    const named = projects.filter((project) => project.name === undefined || project.name === name.value);
    const [only, ...others] = named;
    if (only !== undefined && others.length === 0) return only.id;
    if (only === undefined) throw noSuchProject(base, name);
    throw new ConfigError(
        `IAM at ${place(base)} knows ${named.length} projects named "${name.value}" (${name.source}): ` +
            `${named.map(({ id }) => id).join(", ")}. Set cbr:projectId to the right one (for a ` +
            "destination, destinationProjectId).",
    );
}

/** The error for a project name that IAM does not know. */
export function noSuchProject(base: string, name: Resolved, cause?: unknown): ConfigError {
    return new ConfigError(
        `IAM at ${place(base)} knows no project named "${name.value}" (${name.source}), or these ` +
            "credentials have no access to it. Set cbr:projectId, or cbr:projectName (on Open Telekom " +
            "Cloud names look like eu-de_team); for a destination region set destinationProjectId.",
        cause === undefined ? {} : { cause },
    );
}
