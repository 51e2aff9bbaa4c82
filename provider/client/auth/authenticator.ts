/**
 * Signing in: which project a region means, and the headers that prove who asks. One token a region and project, fetched
 * once for however many ask at the same time, renewed ahead of its end and once after a 401. A wrong credential is sent
 * once: what IAM refused is remembered, and nothing is asked with it again.
 */

import { AuthError, type CbrError, ConfigError, TransportError } from "../errors/errors";
import type { HttpRequest, Transport } from "../http/transport";
import { iamBaseUrl, learnCatalog, needsCatalog } from "../settings/endpoints";
import {
    type Agency,
    type Credentials,
    describeCredentials,
    type PasswordCredentials,
    type Resolved,
    requireCredentials,
    type Settings,
} from "../settings/settings";
import type { Clock } from "../time/clock";
import {
    createTemporaryKeys,
    createToken,
    findProject,
    type Iam,
    type Identity,
    type IdOrName,
    noSuchProject,
    type RequestAuth,
    type TokenScope,
} from "./iam";
import { type SigningKeys, sign } from "./signature";

/** A token is renewed this long before its end, in milliseconds, but at the earliest after four fifths of its life. */
export const RENEW_AHEAD_MS = 5 * 60_000;
/** After a renewal ahead of time failed, the old token serves on; the next try waits this long, in milliseconds. */
const RENEW_PAUSE_MS = 30_000;
/** A token that was itself fetched because of a 401 is not renewed again for this long, in milliseconds: a new one would be refused as well. */
const RENEWED_TWICE_MS = 60_000;
/** Life asked for of an agency's temporary keys, in seconds, when no setting says. */
const AGENCY_KEYS_SECONDS = 3_600;

export interface Scope {
    readonly region: string;
    /** Project as asked for; undefined: look it up. */
    readonly projectId?: string | undefined;
}

export interface Authenticator {
    /**
     * Project id for URLs of this scope: the one given, else the settings' (which is of the settings' region only), else
     * looked up in the region's own IAM by project name, else by region name. Single flight, cached.
     * @throws ConfigError naming cbr:projectId when there is not exactly one; AuthError; TransportError (`sent: false`).
     */
    projectId(scope: Scope): Promise<string>;
    /**
     * The request with the headers that authenticate exactly it, now. Sign anew for every try.
     * @throws ConfigError without credentials; AuthError when they were refused (or, with `retry`, IAM is out of order); TransportError (`sent: false`).
     */
    authenticate(
        request: HttpRequest,
        scope: { readonly region: string; readonly projectId: string },
    ): Promise<HttpRequest>;
    /**
     * Told about a 401 (or what stands for one). True: there are new credentials, and the request may be sent once more.
     * False: there are none; always so for signed calls, because five bad ones in a row block the key (cbr-api §5.4).
     * Callers with the same stale token share one renewal.
     * @throws AuthError when signing in again was refused; TransportError (`sent: false`).
     */
    renew(scope: { readonly region: string; readonly projectId: string }, rejected: HttpRequest): Promise<boolean>;
    /** Told that this request's credential was not refused. */
    accepted(scope: { readonly region: string; readonly projectId: string }, request: HttpRequest): void;
    /** The access key that signs the calls to every region and project; undefined where each has a token or keys of its own. */
    sharedKey(): string | undefined;
    /** Which credentials are in use and which setting each part came from, for the end of a sentence; never a secret. */
    describe(): string;
}

interface Perishable {
    /** By this machine's clock, in milliseconds. */
    readonly expiresAt: number;
    readonly lifeMs: number;
}

/** Something fetched, used until shortly before its end, and fetched by one caller for all. */
class RefreshingValue<T extends Perishable> {
    readonly #fetch: () => Promise<T>;
    readonly #clock: Clock;
    #current: T | undefined;
    #renewAt = 0;
    #running: Promise<T> | undefined;
    /** When the current value was fetched because its forerunner was refused. */
    #replacedAt = Number.NEGATIVE_INFINITY;
    /** The current value has been of use since it was fetched. */
    #isProven = false;

    constructor(clock: Clock, fetch: () => Promise<T>) {
        this.#clock = clock;
        this.#fetch = fetch;
    }

    async get(): Promise<T> {
        const current = this.#current;
        const now = this.#clock.now();
        if (current !== undefined && now < this.#renewAt) return current;
        try {
            return await this.#refetch();
        } catch (error) {
            const passing = error instanceof TransportError || (error instanceof AuthError && error.retry !== "never");
            if (!passing || current === undefined || this.#clock.now() >= current.expiresAt) throw error;
            this.#renewAt = this.#clock.now() + RENEW_PAUSE_MS;
            return current;
        }
    }

    /** A value other than the refused one, or undefined when fetching one again makes no sense. */
    async replace(isRefused: (value: T) => boolean): Promise<T | undefined> {
        if (this.#running !== undefined) await this.#running.catch(() => undefined);
        const current = this.#current;
        if (current !== undefined && !isRefused(current)) return current;
        const now = this.#clock.now();
        if (now - this.#replacedAt < RENEWED_TWICE_MS && !this.#isProven) return undefined;
        this.#current = undefined;
        const fresh = await this.#refetch();
        this.#replacedAt = this.#clock.now();
        return fresh;
    }

    /** What was of use may be refused one day, and is then fetched anew, however soon. */
    markAccepted(isAccepted: (value: T) => boolean): void {
        if (this.#current !== undefined && isAccepted(this.#current)) this.#isProven = true;
    }

    /** Forgets this value, unless another one has taken its place. */
    invalidate(value: T): void {
        if (this.#current === value) this.#current = undefined;
    }

    #refetch(): Promise<T> {
        this.#running ??= this.#fetch()
            .then((value) => {
                this.#current = value;
                this.#isProven = false;
                this.#renewAt = value.expiresAt - Math.min(RENEW_AHEAD_MS, value.lifeMs / 5);
                return value;
            })
            .finally(() => {
                this.#running = undefined;
            });
        return this.#running;
    }
}

interface ProjectToken extends Perishable {
    readonly token: string;
    readonly projectId: string | undefined;
}

interface Keys extends Perishable {
    readonly keys: SigningKeys;
}

/** A project by id, or by a name whose source is known. */
type Project = { readonly id: string } | { readonly name: Resolved };

function idOrName(id: Resolved | undefined, name: Resolved | undefined): IdOrName | undefined {
    if (id !== undefined) return { id: id.value };
    return name === undefined ? undefined : { name: name.value };
}

function identityOf(credentials: PasswordCredentials): Identity {
    const { userId, userName, password, passcode } = credentials;
    const domain = idOrName(credentials.domainId, credentials.domainName);
    const secret = { password: password.value, passcode: passcode?.value };
    if (userId !== undefined) return { kind: "password", user: { id: userId.value }, ...secret };
    if (userName === undefined || domain === undefined)
        throw new ConfigError("A user name needs a domain (account): set cbr:domainName or cbr:domainId.");
    return { kind: "password", user: { name: userName.value, domain }, ...secret };
}

class IamAuthenticator implements Authenticator {
    readonly #settings: Settings;
    readonly #iam: Iam;
    readonly #clock: Clock;
    #active: Credentials | undefined;
    /** The stored token that was refused, once the fallback has taken over. */
    #retired: Credentials | undefined;
    #tokens = new Map<string, RefreshingValue<ProjectToken>>();
    #userTokens = new Map<string, RefreshingValue<ProjectToken>>();
    #agencyKeys = new Map<string, RefreshingValue<Keys>>();
    #projects = new Map<string, Promise<string>>();
    /** Sign-ins that were refused for good, by what was asked for; and whole credentials that were. */
    #refusals = new Map<string, CbrError>();
    readonly #refusedCredentials = new Map<Credentials, AuthError>();
    readonly #proven = new Set<Credentials>();
    readonly #probes = new Map<Credentials, Promise<void>>();

    constructor(settings: Settings, transport: Transport, clock: Clock, signal: AbortSignal | undefined) {
        this.#settings = settings;
        this.#iam = { transport, clock, maxRetries: settings.maxRetries, signal };
        this.#clock = clock;
        this.#active = settings.credentials;
    }

    async projectId(scope: Scope): Promise<string> {
        const { region } = scope;
        const atHome = region === this.#settings.region?.value;
        const known = scope.projectId ?? (atHome ? this.#settings.projectId?.value : undefined);
        if (known !== undefined) {
            if (needsCatalog(this.#settings, region)) await this.#askCatalog(region, known);
            return known;
        }
        return this.#lookUp(region);
    }

    async authenticate(
        request: HttpRequest,
        scope: { readonly region: string; readonly projectId: string },
    ): Promise<HttpRequest> {
        const added = await this.#withFallback(() => this.#headers(request, scope.region, scope.projectId));
        return { ...request, headers: { ...request.headers, ...added } };
    }

    async renew(
        scope: { readonly region: string; readonly projectId: string },
        rejected: HttpRequest,
    ): Promise<boolean> {
        const stale = rejected.headers["x-auth-token"];
        if (stale === undefined) return false;
        const credentials = this.#credentials();
        if (this.#retired?.kind === "token" && this.#retired.token.value === stale) return true;
        if (credentials.kind === "token" && this.#settings.agency === undefined)
            return credentials.token.value !== stale || this.#fallBack(credentials);
        if (credentials.kind === "accessKey") return false;
        const fresh = await this.#withFallback(async () => {
            const token = this.#projectToken(scope.region, { id: scope.projectId });
            return await token.replace((value) => value.token === stale);
        });
        return fresh !== undefined && fresh.token !== stale;
    }

    accepted(scope: { readonly region: string; readonly projectId: string }, request: HttpRequest): void {
        const used = request.headers["x-auth-token"];
        if (used === undefined) return;
        this.#tokens.get(tokenKey(scope.region, { id: scope.projectId }))?.markAccepted(({ token }) => token === used);
    }

    sharedKey(): string | undefined {
        const credentials = this.#active;
        return credentials?.kind === "accessKey" && this.#settings.agency === undefined
            ? `access key ${credentials.accessKey.value}`
            : undefined;
    }

    describe(): string {
        if (this.#active === undefined) return "nothing: there are no credentials";
        const { agency } = this.#settings;
        const own = describeCredentials(this.#active);
        const whole =
            agency === undefined
                ? own
                : `agency "${agency.name.value}" from ${agency.name.source}, taken on with ${own}`;
        return this.#retired === undefined
            ? whole
            : `${whole}, in place of ${describeCredentials(this.#retired)}, which had been refused`;
    }

    #credentials(): Credentials {
        return this.#active ?? requireCredentials(this.#settings);
    }

    async #headers(request: HttpRequest, region: string, projectId: string): Promise<Record<string, string>> {
        const credentials = this.#credentials();
        const refused = this.#refusedCredentials.get(credentials);
        if (refused !== undefined) throw refused;
        if (credentials.kind === "accessKey") {
            const keys = await this.#signingKeys(region);
            return sign(request, { ...keys, domainId: undefined, projectId }, new Date(this.#clock.now()));
        }
        if (credentials.kind === "token" && this.#settings.agency === undefined)
            return { "x-auth-token": credentials.token.value };
        const { token } = await this.#projectToken(region, { id: projectId }).get();
        return { "x-auth-token": token };
    }

    /** Keys to sign with in a region: the user's own, or an agency's temporary ones from the region's IAM. */
    async #signingKeys(region: string): Promise<SigningKeys> {
        const credentials = this.#credentials();
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
        let keys = this.#agencyKeys.get(base);
        if (keys === undefined) {
            const domain = agencyDomain(agency);
            keys = new RefreshingValue(this.#clock, () =>
                this.#once(`keys ${base}`, credentials, async () => {
                    const durationSeconds = agency.durationSeconds ?? AGENCY_KEYS_SECONDS;
                    const wish = { name: agency.name.value, domain, durationSeconds };
                    const { expiresAt, lifeMs, ...temporary } = await createTemporaryKeys(
                        this.#iam,
                        base,
                        wish,
                        { keys: own },
                        this.describe(),
                    );
                    return { keys: { ...temporary, domainId: agency.domainId?.value }, expiresAt, lifeMs };
                }),
            );
            this.#agencyKeys.set(base, keys);
        }
        return (await keys.get()).keys;
    }

    /** The token of a project; all callers share it. */
    #projectToken(region: string, project: Project): RefreshingValue<ProjectToken> {
        const key = tokenKey(region, project);
        let token = this.#tokens.get(key);
        if (token === undefined) {
            token = new RefreshingValue(this.#clock, () => this.#fetchToken(region, project));
            this.#tokens.set(key, token);
        }
        return token;
    }

    async #fetchToken(region: string, project: Project): Promise<ProjectToken> {
        const credentials = this.#credentials();
        const { agency } = this.#settings;
        const base = iamBaseUrl(this.#settings, region);
        const withCatalog = needsCatalog(this.#settings, region);
        const account =
            agency !== undefined
                ? agencyDomain(agency)
                : credentials.kind === "password"
                  ? idOrName(credentials.domainId, credentials.domainName)
                  : undefined;
        const scope: TokenScope = {
            project:
                "id" in project
                    ? { id: project.id }
                    : { name: project.name.value, ...(account === undefined ? {} : { domain: account }) },
        };
        try {
            const issued =
                agency === undefined
                    ? await this.#once(tokenKey(region, project), credentials, () => {
                          if (credentials.kind !== "password")
                              throw new TypeError("Only a password is exchanged for a token.");
                          return createToken(
                              this.#iam,
                              base,
                              identityOf(credentials),
                              scope,
                              undefined,
                              this.describe(),
                              withCatalog,
                          );
                      })
                    : await this.#agencyToken(region, base, agency, scope, withCatalog);
            if (withCatalog) learnCatalog(this.#settings, region, issued.catalog);
            return issued;
        } catch (error) {
            if ("name" in project && error instanceof AuthError && error.status === 404)
                throw noSuchProject(base, project.name, error);
            throw error;
        }
    }

    async #agencyToken(region: string, base: string, agency: Agency, scope: TokenScope, withCatalog: boolean) {
        const credentials = this.#credentials();
        const identity: Identity = { kind: "agency", name: agency.name.value, domain: agencyDomain(agency) };
        const key = `agency ${region} ${JSON.stringify(scope)}`;
        const ask = (token: string) =>
            this.#once(
                key,
                credentials,
                () => createToken(this.#iam, base, identity, scope, { token }, this.describe(), withCatalog),
                // What is refused here is the role, unless the token was given from outside.
                credentials.kind === "token",
            );
        if (credentials.kind === "token") return await ask(credentials.token.value);
        const userToken = this.#userToken(base);
        const before = this.#clock.now();
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

    /** The user's own token, with which an agency is taken on: of the account, or without scope when that is not known. */
    #userToken(base: string): RefreshingValue<ProjectToken> {
        let token = this.#userTokens.get(base);
        if (token === undefined) {
            const credentials = this.#credentials();
            if (credentials.kind !== "password") throw new TypeError("Only a password is exchanged for a token.");
            const domain = idOrName(credentials.domainId, credentials.domainName);
            const scope = domain === undefined ? undefined : { domain };
            token = new RefreshingValue(this.#clock, () =>
                this.#once(`user ${base}`, credentials, () =>
                    createToken(
                        this.#iam,
                        base,
                        identityOf(credentials),
                        scope,
                        undefined,
                        describeCredentials(credentials),
                    ),
                ),
            );
            this.#userTokens.set(base, token);
        }
        return token;
    }

    #lookUp(region: string): Promise<string> {
        const running = this.#projects.get(region);
        if (running !== undefined) return running;
        const lookUp = this.#withFallback(() => this.#findProject(region));
        this.#projects.set(region, lookUp);
        // Only what IAM surely said is kept: what may pass is asked again by the next caller.
        lookUp.catch((error: unknown) => {
            if (!(error instanceof ConfigError) && this.#projects.get(region) === lookUp) this.#projects.delete(region);
        });
        return lookUp;
    }

    async #findProject(region: string): Promise<string> {
        const settings = this.#settings;
        const credentials = this.#credentials();
        const atHome = region === settings.region?.value;
        const name = (atHome ? (settings.agency?.projectName ?? settings.projectName) : undefined) ?? {
            value: region,
            source: "the region's name",
        };
        const base = iamBaseUrl(settings, region);
        const exchanged =
            credentials.kind === "password" || (credentials.kind === "token" && settings.agency !== undefined);
        if (exchanged) {
            // The token that will be needed anyway also tells the project's id: no right to list projects is needed.
            const named = this.#projectToken(region, { name });
            const issued = await named.get();
            const id =
                issued.projectId ??
                (await findProject(this.#iam, base, name, { token: issued.token }, this.describe()));
            const key = tokenKey(region, { id });
            if (!this.#tokens.has(key)) this.#tokens.set(key, named);
            return id;
        }
        const proof: RequestAuth =
            credentials.kind === "token"
                ? { token: credentials.token.value }
                : { keys: await this.#signingKeys(region) };
        // A token that another region refuses may be good at home; a key stands or falls everywhere.
        const proves = settings.agency === undefined && (credentials.kind === "accessKey" || atHome);
        return await this.#once(
            `project ${region}`,
            credentials,
            () => findProject(this.#iam, base, name, proof, this.describe()),
            proves,
        );
    }

    /** Fetches the token of a region whose CBR address only a catalog can tell. */
    async #askCatalog(region: string, projectId: string): Promise<void> {
        const credentials = this.#credentials();
        const exchanged =
            credentials.kind === "password" || (credentials.kind === "token" && this.#settings.agency !== undefined);
        if (exchanged) await this.#withFallback(() => this.#projectToken(region, { id: projectId }).get());
    }

    /**
     * Runs a sign-in unless it, or its credential, was refused before. As long as a credential has not been accepted
     * once, only one sign-in with it is under way: all others learn from its answer.
     */
    async #once<T>(key: string, credentials: Credentials, run: () => Promise<T>, provesCredentials = true): Promise<T> {
        for (;;) {
            const refused = this.#refusedCredentials.get(credentials) ?? this.#refusals.get(key);
            if (refused !== undefined) throw refused;
            const probe = this.#probes.get(credentials);
            if (this.#proven.has(credentials) || probe === undefined) break;
            await probe;
        }
        let settled: (() => void) | undefined;
        if (!this.#proven.has(credentials) && provesCredentials)
            this.#probes.set(
                credentials,
                new Promise((resolve) => {
                    settled = () => {
                        this.#probes.delete(credentials);
                        resolve();
                    };
                }),
            );
        try {
            const result = await run();
            if (provesCredentials) this.#proven.add(credentials);
            return result;
        } catch (error) {
            const final = error instanceof ConfigError || (error instanceof AuthError && error.retry === "never");
            if (final) this.#refusals.set(key, error);
            if (error instanceof AuthError && error.status === 401 && provesCredentials)
                this.#refusedCredentials.set(credentials, error);
            throw error;
        } finally {
            settled?.();
        }
    }

    /** Runs again with the fallback credentials when a stored token turns out to be refused. */
    async #withFallback<T>(run: () => Promise<T>): Promise<T> {
        const before = this.#active;
        try {
            return await run();
        } catch (error) {
            if (!(error instanceof AuthError) || error.status !== 401 || before?.kind !== "token") throw error;
            if (this.#active === before && !this.#fallBack(before)) throw error;
            return await run();
        }
    }

    /** From a refused token in stack configuration to what the environment gives. False when there is nothing to fall back to. */
    #fallBack(refused: Credentials): boolean {
        const { fallbackCredentials } = this.#settings;
        if (fallbackCredentials === undefined || this.#retired !== undefined || refused !== this.#settings.credentials)
            return false;
        this.#retired = refused;
        this.#active = fallbackCredentials;
        this.#tokens = new Map();
        this.#userTokens = new Map();
        this.#agencyKeys = new Map();
        this.#refusals = new Map();
        return true;
    }
}

function tokenKey(region: string, project: Project): string {
    return "id" in project ? `${region} id ${project.id}` : `${region} name ${project.name.value}`;
}

function agencyDomain(agency: Agency): IdOrName {
    const domain = idOrName(agency.domainId, agency.domainName);
    if (domain !== undefined) return domain;
    throw new ConfigError(
        `Agency "${agency.name.value}" (${agency.name.source}) needs the name of the account that delegates: set cbr:agencyDomainName, HW_ASSUME_ROLE_DOMAIN_NAME, HW_ASSUME_ROLE_DOMAIN_ID or OS_AGENCY_DOMAIN_NAME.`,
    );
}

/**
 * Signs requests by the settings' credentials: token, access key or password, with an agency on top of any. Asks IAM
 * only when something is needed, and no more once `signal` is aborted.
 */
export function createAuthenticator(
    settings: Settings,
    transport: Transport,
    clock: Clock,
    signal?: AbortSignal,
): Authenticator {
    return new IamAuthenticator(settings, transport, clock, signal);
}
