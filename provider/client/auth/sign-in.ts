/**
 * What one set of credentials is exchanged for: a token a project, an agency's temporary keys, a project's id. Each is
 * fetched once for however many ask at the same time. A credential that IAM has refused is not sent again.
 */
import { AuthError, type CbrError, ConfigError } from "../errors/errors";
import { iamBaseUrl, learnCatalog, needsCatalog } from "../settings/endpoints";
import {
    type Agency,
    type Credentials,
    describeCredentials,
    describeRefused,
    type Resolved,
    type Settings,
} from "../settings/settings";
import {
    createTemporaryKeys,
    createToken,
    findProject,
    type Identity,
    type IdOrName,
    type IssuedToken,
    noSuchProject,
    type TokenRequest,
} from "./iam";
import type { Iam, Who } from "./iam-exchange";
import { type Perishable, RefreshingValue } from "./refreshing-value";
import type { SigningKeys } from "./signature";

/** Life asked for of an agency's temporary keys, in seconds, when no setting says. */
const AGENCY_KEYS_SECONDS = 3_600;

interface ProjectToken extends Perishable {
    readonly token: string;
    readonly projectId: string | undefined;
}

type TokenOptions = Omit<TokenRequest, "identity">;

interface Keys extends Perishable {
    readonly keys: SigningKeys;
}

/** A project by id, or by a name whose source is known, in an account where that is known. */
type Project = { readonly id: string } | { readonly name: Resolved; readonly domain: IdOrName | undefined };

export class SignIn {
    readonly credentials: Credentials;
    /** The credentials in words, for errors. */
    readonly who: Who;
    readonly #settings: Settings;
    readonly #iam: Iam;
    readonly #tokens = new Map<string, RefreshingValue<ProjectToken>>();
    readonly #userTokens = new Map<string, RefreshingValue<ProjectToken>>();
    readonly #agencyKeys = new Map<string, RefreshingValue<Keys>>();
    /** Sign-ins that were refused for good, by what was asked for. */
    readonly #refusals = new Map<string, CbrError>();
    /** With this the credentials themselves were refused. */
    #refusal: AuthError | undefined;
    /** They were accepted once. */
    #isProven = false;
    /** Settled once the first sign-in has ended; another is not begun before. */
    #probe: Promise<void> | undefined;

    /** @param replaced Refused credentials that these stand in for. */
    constructor(settings: Settings, iam: Iam, credentials: Credentials, replaced?: Credentials) {
        this.credentials = credentials;
        this.#settings = settings;
        this.#iam = iam;
        const { agency } = settings;
        const role = agency && `agency "${agency.name.value}" from ${agency.name.source}, taken on with `;
        const before = replaced && `, in place of ${describeRefused(replaced)}, which had been refused`;
        const whole = (own: string) => `${role ?? ""}${own}${before ?? ""}`;
        this.who = {
            plain: whole(describeCredentials(credentials)),
            whenRefused: whole(describeRefused(credentials)),
        };
    }

    /** @throws AuthError that the credentials were refused with. */
    requireUnrefused(): void {
        if (this.#refusal !== undefined) throw this.#refusal;
    }

    /** Are the credentials exchanged for a token of the project? A given token only where its catalog is needed. */
    isExchanged(region: string): boolean {
        const { kind } = this.credentials;
        if (kind !== "token") return kind === "password";
        return this.#settings.agency !== undefined || needsCatalog(this.#settings, region);
    }

    /** Keys to sign with in a region: the user's own, or an agency's temporary ones from the region's IAM. */
    async signingKeys(region: string): Promise<SigningKeys> {
        const { credentials } = this;
        if (credentials.kind !== "accessKey") throw new TypeError("Only access keys sign.");
        const { accessKey, secretKey, securityToken } = credentials;
        const own: SigningKeys = {
            accessKey: accessKey.value,
            secretKey: secretKey.value,
            securityToken: securityToken?.value,
            domainId: this.#settings.domainId?.value,
        };
        const { agency } = this.#settings;
        if (agency === undefined) return own;
        const base = iamBaseUrl(this.#settings, region);
        const keys = this.#shared(this.#agencyKeys, base, () => this.#fetchAgencyKeys(base, agency, own));
        return (await keys.get()).keys;
    }

    async #fetchAgencyKeys(base: string, agency: Agency, own: SigningKeys): Promise<Keys> {
        const domain = agencyDomain(agency);
        return await this.#once(`keys ${base}`, async () => {
            const durationSeconds = agency.durationSeconds ?? AGENCY_KEYS_SECONDS;
            const role = { name: agency.name.value, domain, durationSeconds };
            const caller = { base, proof: { keys: own }, who: this.who };
            const { expiresAt, lifeMs, ...temporary } = await createTemporaryKeys(this.#iam, caller, role);
            return { keys: { ...temporary, domainId: agency.domainId?.value }, expiresAt, lifeMs };
        });
    }

    /** The token of a project; all callers share it. */
    projectToken(region: string, project: Project): RefreshingValue<ProjectToken> {
        return this.#shared(this.#tokens, tokenKey(region, project), () => this.#fetchToken(region, project));
    }

    /** Told that a call with this token of the project was not refused. */
    accepted(region: string, projectId: string, token: string): void {
        this.#tokens.get(tokenKey(region, { id: projectId }))?.markAccepted((value) => value.token === token);
    }

    /** The id of the project that the settings name for the region, else of the one that has the region's name. */
    async findProject(region: string): Promise<string> {
        const { agency, projectName, region: home } = this.#settings;
        const isHome = region === home?.value;
        const given = isHome ? (agency?.projectName ?? projectName) : undefined;
        const name = given ?? { value: region, source: "the region's name" };
        const base = iamBaseUrl(this.#settings, region);
        const { credentials, who } = this;
        if (this.isExchanged(region)) {
            // The token that will be needed anyway also tells the project's id: no right to list projects is needed.
            const named = this.projectToken(region, { name, domain: this.#projectDomain(given) });
            const { token, projectId } = await named.get();
            const id = projectId ?? (await findProject(this.#iam, { base, proof: { token }, who }, name));
            const key = tokenKey(region, { id });
            if (!this.#tokens.has(key)) this.#tokens.set(key, named);
            return id;
        }
        const proof =
            credentials.kind === "token"
                ? { token: credentials.token.value }
                : { keys: await this.signingKeys(region) };
        // A token that another region refuses may be good at home; a key stands or falls everywhere.
        const proves = agency === undefined && (credentials.kind === "accessKey" || isHome);
        return await this.#once(`project ${region}`, () => findProject(this.#iam, { base, proof, who }, name), proves);
    }

    /** The account of a project that has this name: the agency's, else what the settings say of it, else the user's. */
    #projectDomain(name: Resolved | undefined): IdOrName | undefined {
        const { agency, projectDomain } = this.#settings;
        if (agency !== undefined) return agencyDomain(agency);
        if (name !== undefined) return idOrName(projectDomain?.id, projectDomain?.name);
        const { credentials } = this;
        return credentials.kind === "password" ? idOrName(credentials.domainId, credentials.domainName) : undefined;
    }

    async #fetchToken(region: string, project: Project): Promise<ProjectToken> {
        const { agency } = this.#settings;
        const base = iamBaseUrl(this.#settings, region);
        const withCatalog = needsCatalog(this.#settings, region);
        const scope = { project: "id" in project ? project : namedProject(project.name, project.domain) };
        const asked = { scope, withCatalog };
        try {
            const issued =
                agency === undefined
                    ? await this.#once(tokenKey(region, project), () => this.#ownToken(base, asked))
                    : await this.#agencyToken(base, agency, `agency ${region} ${JSON.stringify(scope)}`, asked);
            if (withCatalog) learnCatalog(this.#settings, region, issued.catalog);
            return issued;
        } catch (error) {
            if ("name" in project && error instanceof AuthError && error.status === 404)
                throw noSuchProject(base, project.name, error);
            throw error;
        }
    }

    #ownToken(base: string, asked: TokenOptions): Promise<IssuedToken> {
        const request = { identity: identityOf(this.credentials), ...asked };
        return createToken(this.#iam, { base, proof: undefined, who: this.who }, request);
    }

    /** @param key What a refusal is remembered by. */
    async #agencyToken(base: string, agency: Agency, key: string, asked: TokenOptions): Promise<IssuedToken> {
        const { credentials, who } = this;
        const identity: Identity = { kind: "agency", name: agency.name.value, domain: agencyDomain(agency) };
        const ask = (token: string) =>
            this.#once(
                key,
                () => createToken(this.#iam, { base, proof: { token }, who }, { identity, ...asked }),
                // What is refused here is the role, unless the token was given from outside.
                credentials.kind === "token",
            );
        if (credentials.kind === "token") return await ask(credentials.token.value);
        const userToken = this.#userToken(base);
        const before = this.#iam.clock.now();
        const first = await userToken.get();
        const wasFresh = first.expiresAt - first.lifeMs >= before;
        try {
            return await ask(first.token);
        } catch (error) {
            // A user's token that has been lying about may have been revoked; one just fetched has not.
            if (wasFresh || !(error instanceof AuthError) || error.status !== 401) throw error;
            this.#refusals.delete(key);
            userToken.invalidate(first);
            return await ask((await userToken.get()).token);
        }
    }

    /**
     * The user's own token, with which an agency is taken on: of the account, or without scope when that is not known.
     */
    #userToken(base: string): RefreshingValue<ProjectToken> {
        const { credentials } = this;
        if (credentials.kind !== "password") throw new TypeError("Only a password is exchanged for a token.");
        const domain = idOrName(credentials.domainId, credentials.domainName);
        const identity = identityOf(credentials);
        const request = { identity, scope: domain === undefined ? undefined : { domain } };
        const who = { plain: describeCredentials(credentials), whenRefused: describeRefused(credentials) };
        return this.#shared(this.#userTokens, base, () =>
            this.#once(`user ${base}`, () => createToken(this.#iam, { base, proof: undefined, who }, request)),
        );
    }

    #shared<T extends Perishable>(values: Map<string, RefreshingValue<T>>, key: string, fetch: () => Promise<T>) {
        const value = values.get(key) ?? new RefreshingValue(this.#iam.clock, fetch);
        values.set(key, value);
        return value;
    }

    /**
     * Runs a sign-in unless it, or the credentials, were refused before. As long as they have not been accepted once,
     * only one sign-in is under way: all others learn from its answer.
     *
     * @param proves Does its success mean that the credentials are good, and a 401 that they are not?
     */
    async #once<T>(key: string, run: () => Promise<T>, proves = true): Promise<T> {
        for (;;) {
            const refused = this.#refusal ?? this.#refusals.get(key);
            if (refused !== undefined) throw refused;
            if (this.#isProven || this.#probe === undefined) break;
            await this.#probe;
        }
        const probe = this.#isProven || !proves ? undefined : Promise.withResolvers<void>();
        if (probe !== undefined) this.#probe = probe.promise;
        try {
            const result = await run();
            if (proves) this.#isProven = true;
            return result;
        } catch (error) {
            const isFinal = error instanceof ConfigError || (error instanceof AuthError && error.retry === "never");
            if (isFinal) this.#refusals.set(key, error);
            if (error instanceof AuthError && error.status === 401 && proves) this.#refusal = error;
            throw error;
        } finally {
            if (probe !== undefined) {
                this.#probe = undefined;
                probe.resolve();
            }
        }
    }
}

function tokenKey(region: string, project: Project): string {
    return "id" in project ? `${region} id ${project.id}` : `${region} name ${project.name.value}`;
}

function namedProject({ value }: Resolved, domain: IdOrName | undefined) {
    return { name: value, ...(domain === undefined ? {} : { domain }) };
}

function idOrName(id: Resolved | undefined, name: Resolved | undefined): IdOrName | undefined {
    if (id !== undefined) return { id: id.value };
    return name === undefined ? undefined : { name: name.value };
}

function identityOf(credentials: Credentials): Identity {
    if (credentials.kind === "accessKey") throw new TypeError("An access key is not exchanged for a token.");
    if (credentials.kind === "token") return { kind: "token", token: credentials.token.value };
    const { userId, userName, password, passcode } = credentials;
    const domain = idOrName(credentials.domainId, credentials.domainName);
    const secret = { password: password.value, passcode: passcode?.value };
    if (userId !== undefined) return { kind: "password", user: { id: userId.value }, ...secret };
    if (userName === undefined || domain === undefined)
        throw new ConfigError("A user name needs a domain (account): set cbr:domainName or cbr:domainId.");
    return { kind: "password", user: { name: userName.value, domain }, ...secret };
}

function agencyDomain(agency: Agency): IdOrName {
    const domain = idOrName(agency.domainId, agency.domainName);
    if (domain !== undefined) return domain;
    throw new ConfigError(
        `Agency "${agency.name.value}" (${agency.name.source}) needs the name of the account that delegates: set ` +
            "cbr:agencyDomainName, HW_ASSUME_ROLE_DOMAIN_NAME, HW_ASSUME_ROLE_DOMAIN_ID or OS_AGENCY_DOMAIN_NAME.",
    );
}
