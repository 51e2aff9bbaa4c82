/** The calls to IAM that signing in needs (api-notes: Tokens): each one function, without state. */
import { z } from "zod";
import { parseFailure } from "../errors/error-response";
import { ApiError, ConfigError } from "../errors/errors";
import { registerSecret } from "../errors/redaction";
import type { Resolved } from "../settings/settings";
import { create, type Iam, type IamCaller, malformed, parse, place, refusal, requestOf, send } from "./iam-exchange";

/** Life of a token whose answer does not say how long it lives, in milliseconds. IAM's own are good for 24 hours. */
const UNKNOWN_LIFE_MS = 3_600_000;

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

export interface TokenRequest {
    readonly identity: Identity;
    readonly scope: TokenScope | undefined;
    /** Answer with the catalog, which is long. Default: false. */
    readonly withCatalog?: boolean;
}

export interface IssuedToken {
    readonly token: string;
    /** By this machine's clock, in milliseconds. */
    readonly expiresAt: number;
    /** In milliseconds. */
    readonly lifeMs: number;
    readonly projectId: string | undefined;
    readonly catalog: unknown;
}

export interface AgencyRole {
    readonly name: string;
    readonly domain: IdOrName;
    /** 900 to 86,400. */
    readonly durationSeconds: number;
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
 * @throws AuthError (`retry` says whether it may pass), TransportError.
 */
export async function createToken(iam: Iam, caller: IamCaller, asked: TokenRequest): Promise<IssuedToken> {
    const { identity, scope, withCatalog = false } = asked;
    const operation = identity.kind === "agency" ? "CreateAgencyToken" : "CreateToken";
    const url = `${caller.base}/v3/auth/tokens${withCatalog ? "" : "?nocatalog=true"}`;
    const body = { auth: { identity: identityBody(identity), ...(scope === undefined ? {} : { scope }) } };
    const response = await create(iam, { operation, request: requestOf("POST", url, body), caller });
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
 *
 * @throws As createToken.
 */
export async function createTemporaryKeys(iam: Iam, caller: IamCaller, agency: AgencyRole): Promise<TemporaryKeys> {
    const operation = "CreateTemporaryAccessKeyByAgency";
    const account = "id" in agency.domain ? { domain_id: agency.domain.id } : { domain_name: agency.domain.name };
    const role = { ...account, agency_name: agency.name, duration_seconds: agency.durationSeconds };
    const url = `${caller.base}/v3.0/OS-CREDENTIAL/securitytokens`;
    const body = { auth: { identity: { methods: ["assume_role"], assume_role: role } } };
    const response = await create(iam, { operation, request: requestOf("POST", url, body), caller });
    const { credential } = parse(operation, response, keysBody);
    registerSecret(credential.secret);
    registerSecret(credential.securitytoken);
    const nowMs = iam.clock.now();
    const known = life(nowMs, credential.expires_at, undefined);
    // The answer does not say when it was issued: by a wrong clock its end may be anywhere, but its length was our
    // wish.
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
export async function findProject(iam: Iam, caller: IamCaller, name: Resolved): Promise<string> {
    const { base, who } = caller;
    const operation = "ListProjects";
    const request = requestOf("GET", `${base}/v3/projects?name=${encodeURIComponent(name.value)}`);
    const call = { operation, request, caller };
    const response = await send(iam, call);
    if (response.status === 403) {
        const failure = parseFailure(operation, response, iam.clock.now(), "IAM");
        const cause = new ApiError(failure);
        throw new ConfigError(
            `The project id could not be looked up, because projects may not be listed with ${who.plain}: set ` +
                `cbr:projectId. ${cause.message}`,
            { cause },
        );
    }
    if (response.status !== 200) throw refusal(iam, call, response);
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
