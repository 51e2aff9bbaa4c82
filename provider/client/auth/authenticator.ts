/**
 * Signing in: which project a region means, and the headers that prove who asks. One token a region and project,
 * fetched once for however many ask at the same time, renewed ahead of its end and once after a 401. A wrong credential
 * is sent once: what IAM refused is remembered, and nothing is asked with it again.
 */

import { AuthError, ConfigError } from "../errors/errors";
import type { HttpRequest, Transport } from "../http/transport";
import { needsCatalog } from "../settings/endpoints";
import { type Credentials, explainMissingCredentials, requireCredentials, type Settings } from "../settings/settings";
import type { Clock } from "../time/clock";
import type { Iam } from "./iam-exchange";
import { SignIn } from "./sign-in";
import { sign } from "./signature";

export interface Scope {
    readonly region: string;
    /** Project as asked for; undefined: look it up. */
    readonly projectId?: string | undefined;
}

interface ProjectScope {
    readonly region: string;
    readonly projectId: string;
}

export interface Authenticator {
    /**
     * Project id for URLs of this scope: the one given, else the settings' (which is of the settings' region only),
     * else looked up in the region's own IAM by project name, else by region name. Single flight, cached.
     *
     * @throws ConfigError naming cbr:projectId when there is not exactly one; AuthError; TransportError
     * (`sent: false`).
     */
    projectId(scope: Scope): Promise<string>;
    /**
     * The request with the headers that authenticate exactly it, now. Sign anew for every try.
     *
     * @throws ConfigError without credentials; AuthError when they were refused (or, with `retry`, IAM is out of
     * order); TransportError (`sent: false`).
     */
    authenticate(request: HttpRequest, scope: ProjectScope): Promise<HttpRequest>;
    /**
     * Told about a 401 (or what stands for one). True: there are new credentials, and the request may be sent once
     * more. False: there are none; always so for signed calls, because five bad ones in a row block the key (api-notes:
     * Refused credentials). Callers with the same stale token share one renewal.
     * @throws AuthError when signing in again was refused; TransportError (`sent: false`).
     */
    renew(scope: ProjectScope, rejected: HttpRequest): Promise<boolean>;
    /** Told that this request's credential was not refused. */
    accepted(scope: ProjectScope, request: HttpRequest): void;
    /**
     * The access key that signs the calls to every region and project; undefined where each has a token or keys of its
     * own.
     */
    sharedKey(): string | undefined;
    /** Which credentials are in use and which setting each part came from, for a refusal; never a secret. */
    describe(): string;
}

/** What the authenticator is told of the run that it signs for. */
export interface Run {
    /** Once it is aborted, IAM is asked no more. */
    readonly signal?: AbortSignal | undefined;
    /** Told what is missing each time that a call fails for want of credentials. */
    readonly onMissing?: ((explanation: string) => void) | undefined;
}

class IamAuthenticator implements Authenticator {
    readonly #settings: Settings;
    readonly #onMissing: (explanation: string) => void;
    readonly #iam: Iam;
    /** Undefined: there are no credentials. */
    #active: SignIn | undefined;
    /** The stored token that was refused, once the fallback has taken over. */
    #retired: Credentials | undefined;
    readonly #projects = new Map<string, Promise<string>>();

    constructor(settings: Settings, transport: Transport, clock: Clock, run: Run) {
        this.#onMissing = run.onMissing ?? (() => {});
        this.#settings = settings;
        this.#iam = { transport, clock, maxRetries: settings.maxRetries, signal: run.signal };
        const { credentials } = settings;
        this.#active = credentials && new SignIn(settings, this.#iam, credentials);
    }

    async projectId(scope: Scope): Promise<string> {
        const { region } = scope;
        const isHome = region === this.#settings.region?.value;
        const known = scope.projectId ?? (isHome ? this.#settings.projectId?.value : undefined);
        const id = known ?? (await this.#lookUp(region));
        if (needsCatalog(this.#settings, region)) await this.#askCatalog(region, id);
        return id;
    }

    async authenticate(request: HttpRequest, scope: ProjectScope): Promise<HttpRequest> {
        const added = await this.#withFallback((signIn) => this.#headers(signIn, request, scope));
        return { ...request, headers: { ...request.headers, ...added } };
    }

    async renew({ region, projectId }: ProjectScope, rejected: HttpRequest): Promise<boolean> {
        const stale = rejected.headers["x-auth-token"];
        if (stale === undefined) return false;
        const signIn = this.#signIn();
        const { credentials } = signIn;
        if (this.#retired?.kind === "token" && this.#retired.token.value === stale) return true;
        if (credentials.kind === "token" && !signIn.isExchanged(region))
            return credentials.token.value !== stale || this.#fallBack(signIn);
        if (credentials.kind === "accessKey") return false;
        const fresh = await this.#withFallback((current) =>
            current.projectToken(region, { id: projectId }).replace((value) => value.token === stale),
        );
        return fresh !== undefined && fresh.token !== stale;
    }

    accepted({ region, projectId }: ProjectScope, request: HttpRequest): void {
        const token = request.headers["x-auth-token"];
        if (token !== undefined) this.#active?.accepted(region, projectId, token);
    }

    sharedKey(): string | undefined {
        const credentials = this.#active?.credentials;
        return credentials?.kind === "accessKey" && this.#settings.agency === undefined
            ? `access key ${credentials.accessKey.value}`
            : undefined;
    }

    describe(): string {
        return this.#active?.who.whenRefused ?? "nothing: there are no credentials";
    }

    /** @throws ConfigError without credentials. */
    #signIn(): SignIn {
        if (this.#active !== undefined) return this.#active;
        this.#onMissing(explainMissingCredentials(this.#settings));
        return new SignIn(this.#settings, this.#iam, requireCredentials(this.#settings));
    }

    async #headers(
        signIn: SignIn,
        request: HttpRequest,
        { region, projectId }: ProjectScope,
    ): Promise<Record<string, string>> {
        signIn.requireUnrefused();
        const { credentials } = signIn;
        if (credentials.kind === "accessKey") {
            const keys = await signIn.signingKeys(region);
            return sign(request, { ...keys, domainId: undefined, projectId }, new Date(this.#iam.clock.now()));
        }
        if (credentials.kind === "token" && !signIn.isExchanged(region))
            return { "x-auth-token": credentials.token.value };
        const { token } = await signIn.projectToken(region, { id: projectId }).get();
        return { "x-auth-token": token };
    }

    #lookUp(region: string): Promise<string> {
        const running = this.#projects.get(region);
        if (running !== undefined) return running;
        const lookUp = this.#withFallback((signIn) => signIn.findProject(region));
        this.#projects.set(region, lookUp);
        // Only what IAM surely said is kept: what may pass is asked again by the next caller.
        lookUp.catch((error: unknown) => {
            if (!(error instanceof ConfigError) && this.#projects.get(region) === lookUp) this.#projects.delete(region);
        });
        return lookUp;
    }

    /** Fetches the token of a region whose CBR address only a catalog can tell. */
    async #askCatalog(region: string, projectId: string): Promise<void> {
        await this.#withFallback(async (signIn) => {
            if (signIn.isExchanged(region)) await signIn.projectToken(region, { id: projectId }).get();
        });
    }

    /** Runs again with the fallback credentials when a stored token turns out to be refused. */
    async #withFallback<T>(run: (signIn: SignIn) => Promise<T>): Promise<T> {
        const before = this.#signIn();
        try {
            return await run(before);
        } catch (error) {
            if (!(error instanceof AuthError) || error.status !== 401 || before.credentials.kind !== "token")
                throw error;
            if (this.#active === before && !this.#fallBack(before)) throw error;
            return await run(this.#signIn());
        }
    }

    /**
     * From a refused token in stack configuration to what the environment gives. False when there is nothing to fall
     * back to.
     */
    #fallBack({ credentials }: SignIn): boolean {
        const { fallbackCredentials } = this.#settings;
        if (fallbackCredentials === undefined || credentials !== this.#settings.credentials) return false;
        if (this.#retired !== undefined) return false;
        this.#retired = credentials;
        this.#active = new SignIn(this.#settings, this.#iam, fallbackCredentials, credentials);
        return true;
    }
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
