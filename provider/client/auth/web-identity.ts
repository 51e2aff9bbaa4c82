/** Signing in with the identity token of another issuer (api-notes: Credentials of machines). */
import { ConfigError } from "../errors/errors";
import { registerSecret } from "../errors/redaction";
import type { WebIdentityCredentials } from "../settings/settings";
import { createKeysByToken, createTokenByIdToken, type TemporaryKeys } from "./iam";
import type { Iam, Who } from "./iam-exchange";

/** Life asked for of the temporary keys, in seconds: the vendor's own SDKs ask for as long. */
const DURATION_SECONDS = 6 * 3_600;

/** The token that is to be sent now: a platform writes a new one into the file before the old one ends. */
function idTokenOf(credentials: WebIdentityCredentials, readFile: (path: string) => string | undefined): string {
    const { idToken, idTokenFile } = credentials;
    if (idToken !== undefined) return idToken.value;
    const text = readFile(idTokenFile?.value ?? "");
    const name = `${idTokenFile?.source} names ${idTokenFile?.value}`;
    if (text === undefined) throw new ConfigError(`${name}, which cannot be read.`);
    if (text.trim() === "") throw new ConfigError(`${name}, which is empty: an identity token is expected there.`);
    return text.trim();
}

/**
 * Temporary keys for an identity token: a token without scope for it, and the keys for that.
 * @throws ConfigError for a file that has none, and as `createToken`.
 */
export async function fetchWebIdentityKeys(
    iam: Iam,
    base: string,
    credentials: WebIdentityCredentials,
    { who, readFile }: { readonly who: Who; readonly readFile: (path: string) => string | undefined },
): Promise<TemporaryKeys> {
    const idToken = idTokenOf(credentials, readFile);
    registerSecret(idToken);
    const identityProvider = credentials.identityProvider.value;
    const { token } = await createTokenByIdToken(iam, base, { identityProvider, idToken }, who);
    return await createKeysByToken(iam, base, { token, durationSeconds: DURATION_SECONDS }, who);
}
