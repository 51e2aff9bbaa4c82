/** Tokens of an agency, taken on with a user's own token. */
import { AuthError } from "../errors/errors";
import {
    type Agency,
    describeCredentials,
    describeRefused,
    type PasswordCredentials,
    type TokenCredentials,
} from "../settings/settings";
import type { Attempts } from "./attempts";
import { createToken, type Identity, type IssuedToken, identityOf, idOrName, type TokenScope } from "./iam";
import type { Iam, Who } from "./iam-exchange";
import { RefreshingValue } from "./refreshing-value";
import { agencyDomain } from "./signing-keys";

export class AgencyTokens {
    readonly #parts: { readonly iam: Iam; readonly attempts: Attempts; readonly who: () => Who };
    #userTokens = new Map<string, RefreshingValue<IssuedToken>>();

    constructor(parts: { readonly iam: Iam; readonly attempts: Attempts; readonly who: () => Who }) {
        this.#parts = parts;
    }

    /** After other credentials have taken over. */
    reset(): void {
        this.#userTokens = new Map();
    }

    /** @param credentials What the agency is taken on with. */
    async of(
        place: { readonly region: string; readonly base: string; readonly withCatalog: boolean },
        agency: Agency,
        scope: TokenScope,
        credentials: TokenCredentials | PasswordCredentials,
    ): Promise<IssuedToken> {
        const { iam, attempts, who } = this.#parts;
        const { region, base, withCatalog } = place;
        const identity: Identity = { kind: "agency", name: agency.name.value, domain: agencyDomain(agency) };
        const key = `agency ${region} ${JSON.stringify(scope)}`;
        const ask = (token: string) =>
            attempts.once(
                key,
                credentials,
                () => createToken(iam, base, { identity, scope, proof: { token }, who: who(), withCatalog }),
                // What is refused here is the role, unless the token was given from outside.
                credentials.kind === "token",
            );
        if (credentials.kind === "token") return await ask(credentials.token.value);
        const userToken = this.#userToken(base, credentials);
        const before = iam.clock.now();
        const first = await userToken.get();
        const wasFresh = first.expiresAt - first.lifeMs >= before;
        try {
            return await ask(first.token);
        } catch (error) {
            // A user's token that has been lying about may have been revoked; one just fetched has not.
            if (wasFresh || !(error instanceof AuthError) || error.status !== 401) throw error;
            attempts.forget(key);
            userToken.invalidate(first);
            return await ask((await userToken.get()).token);
        }
    }

    /**
     * The user's own token, with which an agency is taken on: of the account, or without scope when that is not known.
     */
    #userToken(base: string, credentials: PasswordCredentials): RefreshingValue<IssuedToken> {
        const { iam, attempts } = this.#parts;
        let token = this.#userTokens.get(base);
        if (token === undefined) {
            const domain = idOrName(credentials.domainId, credentials.domainName);
            const scope = domain === undefined ? undefined : { domain };
            token = new RefreshingValue(iam.clock, () =>
                attempts.once(`user ${base}`, credentials, () =>
                    createToken(iam, base, {
                        identity: identityOf(credentials),
                        scope,
                        who: {
                            plain: describeCredentials(credentials),
                            whenRefused: describeRefused(credentials),
                        },
                    }),
                ),
            );
            this.#userTokens.set(base, token);
        }
        return token;
    }
}
