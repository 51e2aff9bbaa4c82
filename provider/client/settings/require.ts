/** What a call needs of the settings, and what is said when it is not there. */
import { ConfigError } from "../errors/errors";
import type { Credentials } from "./credentials";
import type { Settings } from "./settings";
import { namesFor } from "./sources";

/**
 * The region.
 * @throws ConfigError naming the key and every variable that would give it.
 */
export function requireRegion(settings: Settings): string {
    if (settings.region !== undefined) return settings.region.value;
    throw new ConfigError(`No region is set: give the resource a \`region\`, or set ${namesFor("region")}.`);
}

/** Short, because each resource of a stack fails with it; the explanation is for one line a process. */
export class MissingCredentialsError extends ConfigError {
    readonly explanation: string;
    constructor(settings: Settings) {
        super(`${headline(settings)}.`);
        this.explanation = explainMissingCredentials(settings);
    }
}

const headline = ({ incomplete }: Settings) =>
    incomplete.length === 0 ? "There are no credentials" : "The credentials are incomplete";

/** What is missing, and where to look, in one line. */
export function explainMissingCredentials(settings: Settings): string {
    const { incomplete } = settings;
    const what =
        incomplete.length === 0
            ? "a token, an access key with its secret key, or a user with password and account is needed, from " +
              "stack configuration (cbr:…), the environment (HW_*, OS_*, HUAWEICLOUD_SDK_*) or clouds.yaml (OS_CLOUD)"
            : incomplete.join("; ");
    const where = "`npx pulumi-cbr doctor` shows what is set, and every name that it can have.";
    return `${headline(settings)}: ${what}. ${where}`;
}

/** Every name under which credentials are looked for. */
export const CREDENTIAL_NAMES =
    "Set one of: a token (cbr:token or HW_AUTH_TOKEN, OS_AUTH_TOKEN, OS_TOKEN); " +
    "an access key (cbr:accessKey and cbr:secretKey, or HW_ACCESS_KEY and HW_SECRET_KEY, OS_ACCESS_KEY and " +
    "OS_SECRET_KEY, HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK); " +
    "a user (cbr:userName, cbr:password and cbr:domainName, or HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME, " +
    "OS_USERNAME, OS_PASSWORD and OS_USER_DOMAIN_NAME); a clouds.yaml entry (cbr:cloudsYaml or OS_CLOUD); " +
    "an identity token (cbr:identityProvider or HUAWEICLOUD_SDK_IDP_ID, with cbr:idTokenFile or " +
    "HUAWEICLOUD_SDK_ID_TOKEN_FILE); or the agency of this server (cbr:instanceAgency).";

/**
 * The credentials.
 * @throws MissingCredentialsError
 */
export function requireCredentials(settings: Settings): Credentials {
    if (settings.credentials !== undefined) return settings.credentials;
    throw new MissingCredentialsError(settings);
}
