/** IAM: tokens, projects, temporary keys (api-notes: Tokens). */
import { z } from "zod";
import { json, Refusal, type Reply, refuse, refuseKeystone } from "../api/reply";
import type { Dialect } from "../cloud/state";
import { type Caller, identify } from "../server/gate";
import type { Accounts, ProjectRecord, Token } from "./accounts";
import { isSigned, type SignedRequest } from "./verify-signature";

/** What an IAM call works with. */
export interface IamCall {
    readonly accounts: Accounts;
    /** Shape of sign-in errors: `IAM.*` on Huawei Cloud, keystone's on OTC. */
    readonly dialect: Dialect;
    readonly request: SignedRequest;
    readonly query: URLSearchParams;
    readonly body: unknown;
    readonly nowMs: number;
    /** Projects that this IAM knows. */
    readonly projects: readonly ProjectRecord[];
    /** CBR and IAM addresses by region, for the catalog. */
    readonly endpoints: ReadonlyMap<string, { cbr: string; iam: string }>;
}

const domain = z.object({ id: z.string().optional(), name: z.string().optional() });
const assumeRole = z.object({
    domain_id: z.string().optional(),
    domain_name: z.string().optional(),
    agency_name: z.string().optional(),
    xrole_name: z.string().optional(),
    duration_seconds: z.int().optional(),
});
const tokenBody = z.object({
    auth: z.object({
        identity: z.object({
            methods: z.array(z.string()).min(1),
            password: z
                .object({
                    user: z.object({
                        id: z.string().optional(),
                        name: z.string().optional(),
                        domain: domain.optional(),
                        password: z.string(),
                    }),
                })
                .optional(),
            token: z.object({ id: z.string().optional(), duration_seconds: z.int().optional() }).optional(),
            assume_role: assumeRole.optional(),
        }),
        scope: z
            .object({
                project: z
                    .object({ id: z.string().optional(), name: z.string().optional(), domain: domain.optional() })
                    .optional(),
                domain: domain.optional(),
            })
            .optional(),
    }),
});
type TokenBody = z.output<typeof tokenBody>["auth"];

/** POST /v3/auth/tokens: methods password, token and assume_role. */
export function createToken(call: IamCall): Reply {
    const { auth } = parseBody(tokenBody, call.body);
    const [method] = auth.identity.methods;
    if (auth.identity.methods.includes("totp"))
        return refuseIam(
            call,
            "IAM.0001",
            401,
            "multi-factor sign-in (totp) is not simulated: sign in with a password, a token or access keys",
        );
    if (auth.identity.methods.length > 1)
        refuseKeystone(400, `Methods ${auth.identity.methods.join(", ")} cannot be combined.`);
    switch (method) {
        case "password": {
            const domainId = checkPassword(call, auth);
            return tokenReply(call, issue(call, auth, { methods: ["password"], domainId }));
        }
        case "token": {
            const parent = tokenOf(call, auth.identity.token?.id ?? call.request.headers["x-auth-token"]);
            return tokenReply(
                call,
                issue(call, auth, { methods: ["token"], domainId: parent.domainId, expiresMs: parent.expiresMs }),
            );
        }
        case "assume_role": {
            ownCaller(call);
            const domainId = delegatingDomain(call, auth.identity.assume_role ?? {});
            return tokenReply(call, issue(call, auth, { methods: ["assume_role"], domainId }));
        }
        default:
            return refuseKeystone(400, `Method ${method} is not supported.`);
    }
}

/** GET /v3/projects?name=: the projects of the caller's domain. Takes tokens and signatures. */
export function listProjects(call: IamCall): Reply {
    const domainId = domainOf(caller(call));
    const name = call.query.get("name");
    const projects = call.projects
        .filter((project) => project.domainId === domainId && (name === null || project.name === name))
        .map((project) => ({
            id: project.id,
            name: project.name,
            domain_id: project.domainId,
            parent_id: project.domainId,
            is_domain: false,
            enabled: true,
            description: "",
            links: {},
        }));
    return json(200, { projects, links: { next: null, previous: null } });
}

/** GET /v3/auth/domains: the caller's own domain. */
export function listDomains(call: IamCall): Reply {
    const id = domainOf(caller(call));
    const own = { id, name: call.accounts.domainName(id), enabled: true, description: "", links: {} };
    return json(200, { domains: [own], links: { next: null, previous: null } });
}

/** GET /v3/auth/catalog: the catalog of the token in X-Auth-Token. */
export function showCatalog(call: IamCall): Reply {
    return json(200, { catalog: catalog(call, tokenOf(call, call.request.headers["x-auth-token"])), links: {} });
}

const temporaryBody = z.object({
    auth: z.object({
        identity: z.object({
            methods: z.array(z.string()).length(1),
            token: z.object({ id: z.string().optional(), duration_seconds: z.int().optional() }).optional(),
            assume_role: assumeRole.optional(),
        }),
    }),
});

/** POST /v3.0/OS-CREDENTIAL/securitytokens: temporary keys by token or agency, 900 to 86,400 s (default 900). */
export function createTemporaryKey(call: IamCall): Reply {
    const { identity } = parseBody(temporaryBody, call.body).auth;
    const seconds = (identity.methods[0] === "token" ? identity.token : identity.assume_role)?.duration_seconds ?? 900;
    if (seconds < 900 || seconds > 86_400) refuse("IAM.0011", "duration_seconds must be 900 to 86400");
    let domainId: string;
    if (identity.methods[0] === "token")
        domainId = identity.token?.id === undefined ? ownCaller(call) : tokenOf(call, identity.token.id).domainId;
    else if (identity.methods[0] === "assume_role") {
        ownCaller(call);
        domainId = delegatingDomain(call, identity.assume_role ?? {});
    } else return refuse("IAM.0011", `method ${identity.methods[0]}`);
    const key = call.accounts.issueTemporaryKey(domainId, seconds * 1000);
    return json(201, {
        credential: {
            access: key.accessKey,
            secret: key.secretKey,
            securitytoken: key.securityToken,
            expires_at: isoMicros(key.expiresMs),
        },
    });
}

function checkPassword(call: IamCall, auth: TokenBody): string {
    const { credentials } = call.accounts;
    const user = auth.identity.password?.user;
    if (user === undefined) return refuseKeystone(400, "auth.identity.password.user is missing");
    const byId = user.id !== undefined;
    const named =
        user.name === credentials.userName && sameDomain(user.domain, credentials.domainId, credentials.domainName);
    if ((byId ? user.id === credentials.userId : named) && user.password === credentials.password)
        return credentials.domainId;
    return refuseIam(call, "IAM.0062", 401, "The username or password is wrong.");
}

function sameDomain(given: z.output<typeof domain> | undefined, id: string, name: string): boolean {
    return given !== undefined && (given.id !== undefined ? given.id === id : given.name === name);
}

/**
 * Vendor: the table says `agency_name`, examples and clients send `xrole_name` (api-notes: Agencies); both are taken.
 */
function delegatingDomain(call: IamCall, role: z.output<typeof assumeRole>): string {
    const { agency, domainId, domainName } = call.accounts.credentials;
    const given = { id: role.domain_id, name: role.domain_name };
    const found = [
        { id: agency.domainId, name: agency.domainName },
        { id: domainId, name: domainName },
    ].find((each) => sameDomain(given, each.id, each.name));
    if (found === undefined)
        return refuseKeystone(404, `Could not find domain: ${role.domain_id ?? role.domain_name ?? ""}.`);
    const name = role.xrole_name ?? role.agency_name;
    if (name !== agency.name) return refuseKeystone(404, `Could not find agency: ${name ?? ""}.`);
    return found.id;
}

function issue(
    call: IamCall,
    auth: TokenBody,
    { methods, domainId, expiresMs }: { methods: readonly string[]; domainId: string; expiresMs?: number },
): Token {
    const wanted = auth.scope?.project;
    if (wanted === undefined) {
        const scope = auth.scope?.domain;
        if (scope !== undefined && !sameDomain(scope, domainId, call.accounts.domainName(domainId)))
            return refuseKeystone(404, `Could not find domain: ${scope.id ?? scope.name ?? ""}.`);
        return call.accounts.issueToken({ methods, domainId, expiresMs });
    }
    const domainFits =
        wanted.domain === undefined || sameDomain(wanted.domain, domainId, call.accounts.domainName(domainId));
    const found = call.projects.filter(
        (project) =>
            project.domainId === domainId &&
            domainFits &&
            (wanted.id === undefined ? project.name === wanted.name : project.id === wanted.id),
    );
    const [project] = found;
    if (project === undefined || found.length > 1)
        return refuseKeystone(404, `Could not find project: ${wanted.id ?? wanted.name ?? ""}.`);
    return call.accounts.issueToken({ methods, project, expiresMs });
}

export function tokenReply(call: IamCall, token: Token): Reply {
    const { credentials } = call.accounts;
    const owner = { id: token.domainId, name: token.domainName };
    const body = {
        token: {
            methods: token.methods,
            issued_at: isoMicros(token.issuedMs),
            expires_at: isoMicros(token.expiresMs),
            user: {
                id: credentials.userId,
                name: credentials.userName,
                password_expires_at: "",
                domain: { id: credentials.domainId, name: credentials.domainName },
            },
            ...(token.project === undefined
                ? { domain: owner }
                : { project: { id: token.project.id, name: token.project.name, domain: owner } }),
            roles: [{ id: "0", name: "te_admin" }],
            catalog: call.query.get("nocatalog") === "true" ? [] : catalog(call, token),
        },
    };
    return json(201, body, { "x-subject-token": token.value });
}

function catalog(call: IamCall, token: Token): unknown[] {
    const entry = (type: string, region: string, url: string) => ({
        id: `${type}-${region}`,
        name: type,
        type,
        endpoints: [{ id: `${type}-${region}-public`, interface: "public", region, region_id: region, url }],
    });
    const { project } = token;
    const urls = project === undefined ? undefined : call.endpoints.get(project.region);
    if (project === undefined || urls === undefined) return [];
    return [
        entry("cbr", project.region, `${urls.cbr}/v3/${project.id}`),
        entry("iam", project.region, `${urls.iam}/v3`),
    ];
}

function tokenOf(call: IamCall, value: string | undefined): Token {
    if (value === undefined || value === "")
        return refuseIam(call, "IAM.0001", 401, "The request you have made requires authentication.");
    const token = call.accounts.token(value);
    if (token === "unknown") return refuseIam(call, "IAM.0067", 401, "The token is invalid.");
    if (token === "expired") return refuseIam(call, "IAM.0066", 401, "The token has expired.");
    return token;
}

/** Whoever signed or sent a token. A bad signature is refused by the gateway, a bad token by IAM. */
function caller(call: IamCall): Caller {
    if (isSigned(call.request.headers)) return identify(call.accounts, call.request, call.nowMs);
    return { token: tokenOf(call, call.request.headers["x-auth-token"]) };
}
const domainOf = (who: Caller): string => ("token" in who ? who.token.domainId : who.key.domainId);

/** The caller must be the account's own user, not someone who already works through an agency. */
function ownCaller(call: IamCall): string {
    const domainId = domainOf(caller(call));
    if (domainId !== call.accounts.credentials.domainId)
        return refuseIam(call, "IAM.0002", 403, "You have no right to do this action.");
    return domainId;
}

export function refuseIam(call: IamCall, code: string, status: number, message: string): never {
    if (call.dialect === "otc") return refuseKeystone(status, message);
    throw new Refusal({ status, code, message, shape: "iam" });
}

export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    return refuseKeystone(400, `${issue?.path.join(".") ?? "body"}: ${issue?.message ?? "invalid"}`);
}

/** Vendor: `2020-01-04T09:05:22.701000Z`. */
export const isoMicros = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, -1)}000Z`;
