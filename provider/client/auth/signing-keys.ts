/** The keys that sign calls: the user's own, or temporary ones, which are fetched again before they end. */
import { ConfigError } from "../errors/errors";
import { familyOf } from "../settings/clouds";
import { iamBaseUrl } from "../settings/endpoints";
import { FAMILY_NAMES } from "../settings/regions";
import type { Agency, Credentials, Settings } from "../settings/settings";
import type { Attempts } from "./attempts";
import { createTemporaryKeys, type IdOrName, idOrName, type TemporaryKeys } from "./iam";
import type { Iam, Who } from "./iam-exchange";
import { fetchInstanceKeys } from "./instance-metadata";
import { type Perishable, RefreshingValue } from "./refreshing-value";
import type { SigningKeys } from "./signature";
import { fetchWebIdentityKeys } from "./web-identity";

/** Life asked for of an agency's temporary keys, in seconds, when no setting says. */
const AGENCY_KEYS_SECONDS = 3_600;

export type SigningCredentials = Extract<Credentials, { kind: "accessKey" | "webIdentity" | "instance" }>;

/** Are calls signed with these, or do they carry a token? */
export function signs(credentials: Credentials): credentials is SigningCredentials {
    return credentials.kind !== "token" && credentials.kind !== "password";
}

export function agencyDomain(agency: Agency): IdOrName {
    const domain = idOrName(agency.domainId, agency.domainName);
    if (domain !== undefined) return domain;
    throw new ConfigError(
        `Agency "${agency.name.value}" (${agency.name.source}) needs the name of the account that delegates: ` +
            "set cbr:agencyDomainName, HW_ASSUME_ROLE_DOMAIN_NAME, HW_ASSUME_ROLE_DOMAIN_ID or OS_AGENCY_DOMAIN_NAME.",
    );
}

interface Keys extends Perishable {
    readonly keys: SigningKeys;
}

export interface KeyParts {
    readonly settings: Settings;
    readonly iam: Iam;
    readonly attempts: Attempts;
    readonly who: () => Who;
    readonly readFile: (path: string) => string | undefined;
}

const withDomain = ({ expiresAt, lifeMs, ...keys }: TemporaryKeys, domainId: string | undefined): Keys => ({
    keys: { ...keys, domainId },
    expiresAt,
    lifeMs,
});

export class SigningKeySource {
    readonly #parts: KeyParts;
    /** Temporary keys by what they are for and where they are from. */
    #temporary = new Map<string, RefreshingValue<Keys>>();

    constructor(parts: KeyParts) {
        this.#parts = parts;
    }

    /** After other credentials have taken over. */
    reset(): void {
        this.#temporary = new Map();
    }

    /** The keys of these credentials for a region; of the agency, where one is to be taken on. */
    async of(region: string, credentials: SigningCredentials): Promise<SigningKeys> {
        const { settings, iam, attempts, who } = this.#parts;
        const { agency } = settings;
        if (agency === undefined) return await this.#own(region, credentials);
        const base = iamBaseUrl(settings, region);
        const name = agency.name.value;
        const domain = agencyDomain(agency);
        const key = `agency ${base}`;
        return await this.#fetched(key, async () => {
            const durationSeconds = agency.durationSeconds ?? AGENCY_KEYS_SECONDS;
            const proof = { keys: await this.#own(region, credentials) };
            const keys = await attempts.once(key, credentials, () =>
                createTemporaryKeys(iam, base, { name, domain, durationSeconds }, { proof, who: who() }),
            );
            return withDomain(keys, agency.domainId?.value);
        });
    }

    async #own(region: string, credentials: SigningCredentials): Promise<SigningKeys> {
        const { settings, iam, attempts, who, readFile } = this.#parts;
        const domainId = settings.domainId?.value;
        if (credentials.kind === "accessKey")
            return {
                accessKey: credentials.accessKey.value,
                secretKey: credentials.secretKey.value,
                securityToken: credentials.securityToken?.value,
                domainId,
            };
        if (credentials.kind === "instance")
            return await this.#fetched("instance", async () =>
                withDomain(
                    await attempts.once("instance", credentials, () => fetchInstanceKeys(iam, credentials)),
                    domainId,
                ),
            );
        const family = familyOf(settings.cloud.value);
        if (family === "flexibleengine")
            throw new ConfigError(
                `${FAMILY_NAMES[family]} has no sign-in with an identity token ` +
                    `(${credentials.identityProvider.source}).`,
            );
        const base = iamBaseUrl(settings, region);
        const key = `web identity ${base}`;
        return await this.#fetched(key, async () => {
            const fetch = () => fetchWebIdentityKeys(iam, base, credentials, { who: who(), readFile });
            return withDomain(await attempts.once(key, credentials, fetch), domainId);
        });
    }

    async #fetched(key: string, fetch: () => Promise<Keys>): Promise<SigningKeys> {
        let keys = this.#temporary.get(key);
        if (keys === undefined) {
            keys = new RefreshingValue(this.#parts.iam.clock, fetch);
            this.#temporary.set(key, keys);
        }
        return (await keys.get()).keys;
    }
}
