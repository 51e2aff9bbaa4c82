import { randomBytes } from "node:crypto";

/** A project that the simulator's IAM knows. On Huawei Cloud the default project bears its region's name. */
export interface ProjectRecord {
    /** 32 hex digits. */
    readonly id: string;
    readonly name: string;
    readonly region: string;
    /** The domain (account) that it belongs to. */
    readonly domainId: string;
}

/** Everything one can sign in with. All of it is made up; nothing of it ever reaches the request log. */
export interface Credentials {
    readonly userName: string;
    readonly userId: string;
    readonly password: string;
    readonly domainName: string;
    readonly domainId: string;
    /** Permanent access key (AK) and secret key (SK). */
    readonly accessKey: string;
    readonly secretKey: string;
    /** Temporary keys of the same user: need `X-Security-Token` as well. Good for 24 h. */
    readonly temporary: { readonly accessKey: string; readonly secretKey: string; readonly securityToken: string };
    /** Agency by which another domain lets this user work in its projects. */
    readonly agency: { readonly name: string; readonly domainName: string; readonly domainId: string };
    /** Identity provider of this account, and an identity token that it gave. */
    readonly webIdentity: { readonly identityProvider: string; readonly idToken: string };
}

/** An access key, permanent or temporary. */
export interface AccessKey {
    readonly accessKey: string;
    readonly secretKey: string;
    readonly securityToken: string | undefined;
    readonly expiresMs: number;
    readonly domainId: string;
}

/** A token, and what it is good for. */
export interface Token {
    readonly value: string;
    readonly methods: readonly string[];
    /** Undefined: scope is the whole domain, which CBR does not take. */
    readonly project: ProjectRecord | undefined;
    readonly domainId: string;
    readonly domainName: string;
    readonly issuedMs: number;
    readonly expiresMs: number;
}

/** Random hex digits. */
export const hex = (digits: number): string =>
    randomBytes(Math.ceil(digits / 2))
        .toString("hex")
        .slice(0, digits);

const upper = (length: number): string => hex(length).toUpperCase();

/** Fills in what was not given. */
export function credentialsFrom(
    given: Partial<Omit<Credentials, "temporary" | "agency" | "webIdentity">>,
): Credentials {
    return {
        userName: given.userName ?? "simulated-user",
        userId: given.userId ?? hex(32),
        password: given.password ?? `Pw-${hex(20)}`,
        domainName: given.domainName ?? "OTC-EU-DE-00000000001000000001",
        domainId: given.domainId ?? hex(32),
        accessKey: given.accessKey ?? `SIM${upper(17)}`,
        secretKey: given.secretKey ?? hex(40),
        temporary: { accessKey: `TMP${upper(17)}`, secretKey: hex(40), securityToken: `sts-${hex(64)}` },
        agency: { name: "backup-agency", domainName: "simulated-customer", domainId: hex(32) },
        webIdentity: { identityProvider: "simulated-pipelines", idToken: `eyJsim${hex(64)}` },
    };
}

/** Users, keys and tokens of the simulated account. One for all regions, as on the real clouds. */
export class Accounts {
    readonly credentials: Credentials;
    readonly projects: ProjectRecord[] = [];
    /** Milliseconds that new tokens live. */
    tokenLifeMs: number;
    /** Milliseconds that an access key stays blocked after more than five failures in a row. */
    keyBlockMs: number;
    readonly #now: () => number;
    readonly #keys = new Map<string, AccessKey>();
    readonly #tokens = new Map<string, Token>();
    readonly #metadataTokens = new Map<string, number>();
    readonly #failures = new Map<string, { inARow: number; blockedUntilMs: number }>();

    constructor(options: { credentials: Credentials; tokenLifeMs: number; keyBlockMs: number; now: () => number }) {
        const { credentials } = options;
        this.credentials = credentials;
        this.tokenLifeMs = options.tokenLifeMs;
        this.keyBlockMs = options.keyBlockMs;
        this.#now = options.now;
        const { domainId } = credentials;
        this.#keys.set(credentials.accessKey, {
            accessKey: credentials.accessKey,
            secretKey: credentials.secretKey,
            securityToken: undefined,
            expiresMs: Number.POSITIVE_INFINITY,
            domainId,
        });
        this.#keys.set(credentials.temporary.accessKey, {
            ...credentials.temporary,
            expiresMs: options.now() + 86_400_000,
            domainId,
        });
    }

    issueToken(options: {
        methods: readonly string[];
        project?: ProjectRecord | undefined;
        domainId?: string | undefined;
        expiresMs?: number | undefined;
    }): Token {
        const issuedMs = this.#now();
        const domainId = options.project?.domainId ?? options.domainId ?? this.credentials.domainId;
        const token: Token = {
            value: `MIIsim${randomBytes(90).toString("base64url")}`,
            methods: options.methods,
            project: options.project,
            domainId,
            domainName: this.domainName(domainId),
            issuedMs,
            expiresMs: options.expiresMs ?? issuedMs + this.tokenLifeMs,
        };
        this.#tokens.set(token.value, token);
        return token;
    }

    /** "unknown", "expired", or the token. */
    token(value: string): Token | "unknown" | "expired" {
        const token = this.#tokens.get(value);
        if (token === undefined) return "unknown";
        return token.expiresMs <= this.#now() ? "expired" : token;
    }

    /** Makes tokens worthless: one, or all of them. */
    revokeTokens(value?: string): void {
        if (value === undefined) this.#tokens.clear();
        else this.#tokens.delete(value);
    }

    issueTemporaryKey(domainId: string, lifeMs: number): AccessKey & { securityToken: string } {
        const key = {
            accessKey: `TMP${upper(17)}`,
            secretKey: hex(40),
            securityToken: `sts-${hex(64)}`,
            expiresMs: this.#now() + lifeMs,
            domainId,
        };
        this.#keys.set(key.accessKey, key);
        return key;
    }

    issueMetadataToken(lifeMs: number): string {
        const token = `meta-${hex(48)}`;
        this.#metadataTokens.set(token, this.#now() + lifeMs);
        return token;
    }

    isMetadataToken(token: string): boolean {
        return (this.#metadataTokens.get(token) ?? 0) > this.#now();
    }

    key(accessKey: string): AccessKey | undefined {
        return this.#keys.get(accessKey);
    }

    isBlocked(accessKey: string): boolean {
        return (this.#failures.get(accessKey)?.blockedUntilMs ?? 0) > this.#now();
    }

    /** Vendor: more than 5 failures in a row block the key (api-notes: Refused credentials). */
    countFailure(accessKey: string): void {
        const failures = this.#failures.get(accessKey) ?? { inARow: 0, blockedUntilMs: 0 };
        failures.inARow += 1;
        if (failures.inARow > 5) {
            failures.blockedUntilMs = this.#now() + this.keyBlockMs;
            failures.inARow = 0;
        }
        this.#failures.set(accessKey, failures);
    }

    countSuccess(accessKey: string): void {
        this.#failures.delete(accessKey);
    }

    /** Lifts every block. */
    unblockKeys(): void {
        this.#failures.clear();
    }

    domainName(domainId: string): string {
        const { agency, domainName } = this.credentials;
        return domainId === agency.domainId ? agency.domainName : domainName;
    }

    /** The text itself with every password, key and token that this simulator ever gave out cut away. */
    redact(text: string): string {
        let out = text.replaceAll(this.credentials.password, "[secret]");
        for (const key of this.#keys.values())
            out = out.replaceAll(key.secretKey, "[secret]").replaceAll(key.accessKey, "[secret]");
        return out.replace(/(MIIsim|sts-|eyJsim|meta-)[\w-]+/g, "[secret]");
    }
}
