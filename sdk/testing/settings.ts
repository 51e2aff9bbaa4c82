import type { Dialect } from "./cloud/state";
import type { Credentials } from "./iam/accounts";

/** How a program is to sign in. */
export type SignIn = "keys" | "temporary-keys" | "password" | "token" | "agency" | "web-identity" | "instance";

/** What points a program at the simulator. */
export interface SimulatorSettings {
    /**
     * Environment variables, named as on the cloud of the region's dialect (api-notes: Variables and files). CBR's
     * address is in the configuration only.
     */
    readonly environment: Record<string, string>;
    /** Stack configuration: `cbr:*` keys. */
    readonly config: Record<string, string>;
}

interface Target {
    readonly region: string;
    readonly dialect: Dialect;
    readonly projectId: string;
    readonly projectName: string;
    readonly authUrl: string;
    readonly endpoints: Readonly<Record<string, string>>;
    /** A token for the project; only for sign-in by token. */
    readonly token: string | undefined;
}

/** Environment and configuration for one way to sign in. */
export function settingsFor(credentials: Credentials, target: Target, signIn: SignIn): SimulatorSettings {
    const otc = target.dialect === "otc";
    const name = (huawei: string, openStack: string) => (otc ? openStack : huawei);
    const environment: Record<string, string> = {
        [name("HW_REGION_NAME", "OS_REGION_NAME")]: target.region,
        [name("HW_PROJECT_ID", "OS_PROJECT_ID")]: target.projectId,
        [name("HW_PROJECT_NAME", "OS_PROJECT_NAME")]: target.projectName,
        [name("HW_AUTH_URL", "OS_AUTH_URL")]: target.authUrl,
        [name("HW_DOMAIN_NAME", "OS_USER_DOMAIN_NAME")]: credentials.domainName,
    };
    const config: Record<string, string> = {
        "cbr:region": target.region,
        "cbr:projectId": target.projectId,
        "cbr:projectName": target.projectName,
        "cbr:authUrl": target.authUrl,
        "cbr:endpoints": JSON.stringify(target.endpoints),
        "cbr:domainName": credentials.domainName,
    };
    const both = (variable: string, key: string, value: string) => {
        environment[variable] = value;
        config[`cbr:${key}`] = value;
    };
    if (signIn === "keys" || signIn === "temporary-keys") {
        const keys = signIn === "keys" ? credentials : credentials.temporary;
        both(name("HW_ACCESS_KEY", "OS_ACCESS_KEY"), "accessKey", keys.accessKey);
        both(name("HW_SECRET_KEY", "OS_SECRET_KEY"), "secretKey", keys.secretKey);
        if (signIn === "temporary-keys")
            both(name("HW_SECURITY_TOKEN", "OS_SECURITY_TOKEN"), "securityToken", credentials.temporary.securityToken);
        return { environment, config };
    }
    if (signIn === "token") {
        if (target.token !== undefined) both(name("HW_AUTH_TOKEN", "OS_TOKEN"), "token", target.token);
        return { environment, config };
    }
    if (signIn === "web-identity") {
        both("HUAWEICLOUD_SDK_IDP_ID", "identityProvider", credentials.webIdentity.identityProvider);
        both("PULUMI_CBR_ID_TOKEN", "idToken", credentials.webIdentity.idToken);
        return { environment, config };
    }
    if (signIn === "instance") {
        both("PULUMI_CBR_INSTANCE_AGENCY", "instanceAgency", new URL(target.authUrl).origin);
        return { environment, config };
    }
    both(name("HW_USER_NAME", "OS_USERNAME"), "userName", credentials.userName);
    both(name("HW_USER_PASSWORD", "OS_PASSWORD"), "password", credentials.password);
    if (signIn === "agency") {
        both("OS_AGENCY_NAME", "agencyName", credentials.agency.name);
        both("OS_AGENCY_DOMAIN_NAME", "agencyDomainName", credentials.agency.domainName);
        environment["OS_DELEGATED_PROJECT"] = target.projectName;
    }
    return { environment, config };
}
