/**
 * Signing in: which project a region means, and the headers that prove who asks. One token a region and project,
 * fetched once for however many ask at the same time, renewed ahead of its end and once after a 401. A wrong credential
 * is sent once: what IAM refused is remembered, and nothing is asked with it again.
 */

import { AuthError, ConfigError } from "../errors/errors";
import type { HttpRequest, Transport } from "../http/transport";
import { expandHome } from "../settings/clouds-files";
import { iamBaseUrl, learnCatalog, needsCatalog } from "../settings/endpoints";
import {
    type Credentials,
    describeCredentials,
    describeRefused,
    explainMissingCredentials,
    type Resolved,
    requireCredentials,
    type Settings,
    systemFiles,
} from "../settings/settings";
import type { Clock } from "../time/clock";
import { AgencyTokens } from "./agency-tokens";
import { Attempts } from "./attempts";
import { createToken, findProject, type IdOrName, identityOf, idOrName, noSuchProject, type TokenScope } from "./iam";
import type { Iam, RequestAuth, Who } from "./iam-exchange";
import { type Perishable, RefreshingValue } from "./refreshing-value";
import { sign } from "./signature";
import { agencyDomain, SigningKeySource, signs } from "./signing-keys";

export interface Scope {
    readonly region: string;
    /** Project as asked for; undefined: look it up. */
    readonly projectId?: string | undefined;
}

export interface Authenticator {
    /**
     * Project id for URLs of this scope: the one given, else the settings' (which is of the settings' region only),
     * else looked up in the region's own IAM by project name, else by region name. Single flight, cached.
     * @throws ConfigError naming cbr:projectId when there is not exactly one; AuthError; TransportError (`sent:
     * false`).
     */
    projectId(scope: Scope): Promise<string>;
    /**
     * The request with the headers that authenticate exactly it, now. Sign anew for every try.
     * @throws ConfigError without credentials; AuthError when they were refused (or, with `retry`, IAM is out of
     * order); TransportError (`sent: false`).
     */
    authenticate(
        request: HttpRequest,
        scope: { readonly region: string; readonly projectId: string },
    ): Promise<HttpRequest>;
    /**
     * Told about a 401 (or what stands for one). True: there are new credentials, and the request may be sent once
     * more. False: there are none; always so for signed calls, because five bad ones in a row block the key (api-notes:
     * Refused credentials). Callers with the same stale token share one renewal.
     * @throws AuthError when signing in again was refused; TransportError (`sent: false`).
     */
    renew(scope: { readonly region: string; readonly projectId: string }, rejected: HttpRequest): Promise<boolean>;
    /** Told that this request's credential was not refused. */
    accepted(scope: { readonly region: string; readonly projectId: string }, request: HttpRequest): void;
    /**
     * The access key that signs the calls to every region and project; undefined where each has a token or keys of its
     * own.
     */
    sharedKey(): string | undefined;
    /** Which credentials are in use and which setting each part came from, for a refusal; never a secret. */
    describe(): string;
}

interface ProjectToken extends Perishable {
    readonly token: string;
    readonly projectId: string | undefined;
}

/** A project by id, or by a name whose source is known, in an account where that is known. */
type Project = { readonly id: string } | { readonly name: Resolved; readonly domain: IdOrName | undefined };

/** What the authenticator is told of the run that it signs for. */
export interface Run {
    /** Once it is aborted, IAM is asked no more. */
    readonly signal?: AbortSignal | undefined;
    /** Told what is missing each time that a call fails for want of credentials. */
    readonly onMissing?: ((explanation: string) => void) | undefined;
    /** Reads the file of an identity token. Default: this machine's. */
    readonly readFile?: ((path: string) => string | undefined) | undefined;
}

class IamAuthenticator implements Authenticator {
    readonly #settings: Settings;
    readonly #onMissing: (explanation: string) => void;
    readonly #iam: Iam;
    readonly #clock: Clock;
    #active: Credentials | undefined;
    /** The stored token that was refused, once the fallback has taken over. */
    #retired: Credentials | undefined;
    #tokens = new Map<string, RefreshingValue<ProjectToken>>();
    readonly #agencyTokens: AgencyTokens;
    readonly #keys: SigningKeySource;
    #projects = new Map<string, Promise<string>>();
    readonly #attempts = new Attempts();

    constructor(settings: Settings, transport: Transport, clock: Clock, run: Run) {
        this.#onMissing = run.onMissing ?? (() => {});
        this.#settings = settings;
        this.#iam = { transport, clock, maxRetries: settings.maxRetries, signal: run.signal };
        this.#clock = clock;
        this.#active = settings.credentials;
        const parts = { iam: this.#iam, attempts: this.#attempts, who: () => this.#who() };
        this.#agencyTokens = new AgencyTokens(parts);
        this.#keys = new SigningKeySource({
            ...parts,
            settings,
            readFile: run.readFile ?? ((path) => systemFiles.read(expandHome(path, systemFiles))),
        });
    }

    async projectId(scope: Scope): Promise<string> {
        const { region } = scope;
        const atHome = region === this.#settings.region?.value;
        const known = scope.projectId ?? (atHome ? this.#settings.projectId?.value : undefined);
        const id = known ?? (await this.#lookUp(region));
        if (needsCatalog(this.#settings, region)) await this.#askCatalog(region, id);
        return id;
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
        if (credentials.kind === "token" && !this.#isExchanged(scope.region))
            return credentials.token.value !== stale || this.#fallBack(credentials);
        if (signs(credentials)) return false;
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
        return this.#who().whenRefused;
    }

    #who(): Who {
        if (this.#active === undefined)
            return { plain: "nothing: there are no credentials", whenRefused: "nothing: there are no credentials" };
        const { agency } = this.#settings;
        const role = agency && `agency "${agency.name.value}" from ${agency.name.source}, taken on with `;
        const before = this.#retired && `, in place of ${describeRefused(this.#retired)}, which had been refused`;
        const whole = (own: string) => `${role ?? ""}${own}${before ?? ""}`;
        return {
            plain: whole(describeCredentials(this.#active)),
            whenRefused: whole(describeRefused(this.#active)),
        };
    }

    #credentials(): Credentials {
        if (this.#active === undefined) this.#onMissing(explainMissingCredentials(this.#settings));
        return this.#active ?? requireCredentials(this.#settings);
    }

    async #headers(request: HttpRequest, region: string, projectId: string): Promise<Record<string, string>> {
        const credentials = this.#credentials();
        this.#attempts.throwIfRefused(credentials);
        if (signs(credentials)) {
            const keys = await this.#keys.of(region, credentials);
            return sign(request, { ...keys, domainId: undefined, projectId }, new Date(this.#clock.now()));
        }
        if (credentials.kind === "token" && !this.#isExchanged(region))
            return { "x-auth-token": credentials.token.value };
        const { token } = await this.#projectToken(region, { id: projectId }).get();
        return { "x-auth-token": token };
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
        if (signs(credentials)) throw new TypeError("Access keys are not exchanged for a token.");
        const { agency } = this.#settings;
        const base = iamBaseUrl(this.#settings, region);
        const withCatalog = needsCatalog(this.#settings, region);
        const scope: TokenScope = {
            project:
                "id" in project
                    ? { id: project.id }
                    : {
                          name: project.name.value,
                          ...(project.domain === undefined ? {} : { domain: project.domain }),
                      },
        };
        try {
            const issued =
                agency === undefined
                    ? await this.#attempts.once(tokenKey(region, project), credentials, () => {
                          return createToken(this.#iam, base, {
                              identity: identityOf(credentials),
                              scope,
                              who: this.#who(),
                              withCatalog,
                          });
                      })
                    : await this.#agencyTokens.of({ region, base, withCatalog }, agency, scope, credentials);
            if (withCatalog) learnCatalog(this.#settings, region, issued.catalog);
            return issued;
        } catch (error) {
            if ("name" in project && error instanceof AuthError && error.status === 404)
                throw noSuchProject(base, project.name, error);
            throw error;
        }
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
        const given = atHome ? (settings.agency?.projectName ?? settings.projectName) : undefined;
        const name = given ?? { value: region, source: "the region's name" };
        const base = iamBaseUrl(settings, region);
        if (this.#isExchanged(region)) {
            // The token that will be needed anyway also tells the project's id: no right to list projects is needed.
            const named = this.#projectToken(region, { name, domain: this.#projectDomain(given) });
            const issued = await named.get();
            const id =
                issued.projectId ??
                (await findProject(this.#iam, base, name, { proof: { token: issued.token }, who: this.#who() }));
            const key = tokenKey(region, { id });
            if (!this.#tokens.has(key)) this.#tokens.set(key, named);
            return id;
        }
        const proof: RequestAuth =
            credentials.kind === "token"
                ? { token: credentials.token.value }
                : signs(credentials)
                  ? { keys: await this.#keys.of(region, credentials) }
                  : undefined;
        // A token that another region refuses may be good at home; a key stands or falls everywhere.
        const proves = settings.agency === undefined && (signs(credentials) || atHome);
        return await this.#attempts.once(
            `project ${region}`,
            credentials,
            () => findProject(this.#iam, base, name, { proof, who: this.#who() }),
            proves,
        );
    }

    /** The account of a project that has this name: the agency's, else what the settings say of it, else the user's. */
    #projectDomain(name: Resolved | undefined): IdOrName | undefined {
        const { agency, projectDomain } = this.#settings;
        if (agency !== undefined) return agencyDomain(agency);
        if (name !== undefined) return idOrName(projectDomain?.id, projectDomain?.name);
        const credentials = this.#credentials();
        return credentials.kind === "password" ? idOrName(credentials.domainId, credentials.domainName) : undefined;
    }

    /** Fetches the token of a region whose CBR address only a catalog can tell. */
    async #askCatalog(region: string, projectId: string): Promise<void> {
        if (this.#isExchanged(region))
            await this.#withFallback(() => this.#projectToken(region, { id: projectId }).get());
    }

    /** Are the credentials exchanged for a token of the project? A given token only where its catalog is needed. */
    #isExchanged(region: string): boolean {
        const { kind } = this.#credentials();
        if (kind !== "token") return kind === "password";
        return this.#settings.agency !== undefined || needsCatalog(this.#settings, region);
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

    /**
     * From a refused token in stack configuration to what the environment gives. False when there is nothing to fall
     * back to.
     */
    #fallBack(refused: Credentials): boolean {
        const { fallbackCredentials } = this.#settings;
        if (fallbackCredentials === undefined || this.#retired !== undefined || refused !== this.#settings.credentials)
            return false;
        this.#retired = refused;
        this.#active = fallbackCredentials;
        this.#tokens = new Map();
        this.#agencyTokens.reset();
        this.#keys.reset();
        this.#attempts.forgetAll();
        return true;
    }
}

function tokenKey(region: string, project: Project): string {
    return "id" in project ? `${region} id ${project.id}` : `${region} name ${project.name.value}`;
}

/**
 * Signs requests by the settings' credentials: token, access key or password, with an agency on top of any. Asks IAM
 * only when something is needed, and no more once the run's signal is aborted.
 */
export function createAuthenticator(
    settings: Settings,
    transport: Transport,
    clock: Clock,
    run: Run = {},
): Authenticator {
    return new IamAuthenticator(settings, transport, clock, run);
}
