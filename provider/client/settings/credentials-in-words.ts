/** Credentials in words, with the setting that each part came from; never a value. */
import type { Credentials } from "./credentials";
import { namesFor, type Resolved } from "./sources";

/** Are these the same proof, wherever they are from? */
export function sameCredentials(a: Credentials, b: Credentials): boolean {
    const proof = (credentials: Credentials): readonly (string | undefined)[] => {
        switch (credentials.kind) {
            case "token":
                return [credentials.token.value];
            case "accessKey":
                return [credentials.accessKey.value, credentials.secretKey.value, credentials.securityToken?.value];
            case "password":
                return [credentials.userId?.value ?? credentials.userName?.value, credentials.password.value];
            case "webIdentity": {
                const { identityProvider, idToken, idTokenFile } = credentials;
                return [identityProvider.value, idToken?.value, idTokenFile?.value];
            }
            case "instance":
                return [credentials.asked.value];
        }
    };
    return a.kind === b.kind && proof(a).every((part, index) => part === proof(b)[index]);
}

/** Which credentials they are, and what is to be known of them. */
function factsOf(credentials: Credentials): { who: string; parts: readonly (Resolved | undefined)[]; facts: string[] } {
    switch (credentials.kind) {
        case "token": {
            const { token } = credentials;
            const facts = ["good for its own region and project only, and not renewable"];
            return { who: `the token from ${token.source}`, parts: [token], facts };
        }
        case "accessKey": {
            const { accessKey, secretKey, securityToken } = credentials;
            const pair =
                accessKey.source === secretKey.source
                    ? `the access key and secret key from ${accessKey.source}`
                    : `the access key from ${accessKey.source} with the secret key from ${secretKey.source}`;
            const parts = [accessKey, secretKey, securityToken];
            if (securityToken === undefined) return { who: pair, parts, facts: [] };
            return {
                who: `${pair} and the security token from ${securityToken.source}`,
                parts,
                facts: ["temporary keys"],
            };
        }
        case "password": {
            const { userId, userName, password } = credentials;
            const user = userId === undefined ? `user name from ${userName?.source}` : `user id from ${userId.source}`;
            const domain = userId === undefined ? (credentials.domainId ?? credentials.domainName) : undefined;
            const account = domain === undefined ? "" : ` (domain from ${domain.source})`;
            const who = `the ${user}${account} with the password from ${password.source}`;
            return { who, parts: [userName, userId, password], facts: [] };
        }
        case "webIdentity": {
            const { identityProvider, idToken, idTokenFile } = credentials;
            const token = idToken ?? idTokenFile;
            const who =
                `the identity token from ${token?.source} for the identity provider from ` +
                `${identityProvider.source}`;
            return { who, parts: [identityProvider, token], facts: [] };
        }
        case "instance": {
            const { asked } = credentials;
            return { who: `the agency of this server, which ${asked.source} asks for`, parts: [asked], facts: [] };
        }
    }
}

const inBrackets = (who: string, facts: readonly string[]) =>
    facts.length === 0 ? who : `${who} (${facts.join("; ")})`;

/** The credentials in words, with the setting that each part came from; never a value. */
export function describeCredentials(credentials: Credentials): string {
    const { who, facts } = factsOf(credentials);
    return inBrackets(who, facts);
}

/** The same for when they were refused: with what people overlook. */
export function describeRefused(credentials: Credentials): string {
    const { who, parts, facts } = factsOf(credentials);
    const hints: string[] = [];
    if (credentials.kind === "accessKey" && credentials.securityToken === undefined) {
        // Huawei Cloud's temporary keys begin so.
        const isTemporary = credentials.accessKey.value.startsWith("HST");
        hints.push(
            isTemporary
                ? `without the security token that this temporary key needs: set ${namesFor("securityToken")}`
                : "without a security token, which temporary keys need",
        );
    }
    // Only stack configuration is stored by an update and used again by refresh and destroy.
    if (parts.some((part) => part?.source.startsWith("cbr:")))
        hints.push("refresh and destroy use what the last update stored, unless run with --run-program");
    return inBrackets(who, [...facts, ...hints]);
}
