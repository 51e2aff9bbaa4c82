/** Where settings can stand, highest first: each layer gives a field's value together with where it is from. */
import { ConfigError } from "../errors/errors";

/**
 * A value and where it is from: "cbr:region", "environment variable HW_REGION_NAME", "clouds.yaml entry otc:
 * region_name".
 */
export interface Resolved<T = string> {
    readonly value: T;
    readonly source: string;
}

export type Env = Readonly<Record<string, string | undefined>>;

/** What a user can set under `cbr:`. */
export type Field =
    | "region"
    | "projectId"
    | "projectName"
    | "accessKey"
    | "secretKey"
    | "securityToken"
    | "token"
    | "userName"
    | "userId"
    | "password"
    | "passcode"
    | "identityProvider"
    | "idToken"
    | "idTokenFile"
    | "instanceAgency"
    | "domainName"
    | "domainId"
    | "agencyName"
    | "agencyDomainName"
    | "agencyDomainId"
    | "agencyProjectName"
    | "agencyDurationSeconds"
    | "authUrl"
    | "cloud"
    | "caFile"
    | "certFile"
    | "keyFile"
    | "insecure"
    | "maxRetries";

/** What only the files and variables of OpenStack's tools can say. */
export type OpenStackField = "projectDomainName" | "projectDomainId" | "endpoint" | "interface";

export interface Layer {
    readonly kind: "stack" | "environment" | "file";
    /** OS_* variables, or a clouds.yaml entry. */
    readonly isOpenStack?: boolean;
    /** May its project be of another account than its user, which it names apart? */
    readonly hasProjectDomain?: boolean;
    /** Of several ways to sign in that it gives, this one comes first. */
    readonly firstWay?: "token" | "password";
    /** A way to sign in that it is told not to use, whatever it gives. */
    readonly excludedWay?: "token" | "password";
    /** Why a file cannot be used that this place is to be read from. */
    readonly problem?: ConfigError;
    get(field: Field | OpenStackField): Resolved | undefined;
}

/** Names of the variables of one family of tools, first to last. */
export type Names = Readonly<Partial<Record<Field | OpenStackField, readonly string[]>>>;

export const HW: Names = {
    region: ["HW_REGION_NAME"],
    projectId: ["HW_PROJECT_ID"],
    projectName: ["HW_PROJECT_NAME"],
    accessKey: ["HW_ACCESS_KEY"],
    secretKey: ["HW_SECRET_KEY"],
    securityToken: ["HW_SECURITY_TOKEN"],
    token: ["HW_AUTH_TOKEN"],
    userName: ["HW_USER_NAME"],
    userId: ["HW_USER_ID"],
    password: ["HW_USER_PASSWORD"],
    domainName: ["HW_DOMAIN_NAME"],
    domainId: ["HW_DOMAIN_ID"],
    agencyName: ["HW_ASSUME_ROLE_AGENCY_NAME"],
    agencyDomainName: ["HW_ASSUME_ROLE_DOMAIN_NAME"],
    agencyDomainId: ["HW_ASSUME_ROLE_DOMAIN_ID"],
    agencyDurationSeconds: ["HW_ASSUME_ROLE_DURATION"],
    identityProvider: ["HW_ASSUME_ROLE_IDP_ID"],
    idToken: ["HW_ASSUME_ROLE_ID_TOKEN"],
    idTokenFile: ["HW_ASSUME_ROLE_ID_TOKEN_FILE"],
    authUrl: ["HW_AUTH_URL"],
    cloud: ["HW_CLOUD"],
    insecure: ["HW_INSECURE"],
    maxRetries: ["HW_MAX_RETRIES"],
};

const OS_COMMON = {
    region: ["OS_CBR_REGION_NAME", "OS_REGION_NAME", "OS_REGION"],
    accessKey: ["OS_ACCESS_KEY", "OS_AK", "OS_ACCESS_KEY_ID"],
    secretKey: ["OS_SECRET_KEY", "OS_SK", "OS_ACCESS_KEY_SECRET"],
    securityToken: ["OS_SECURITY_TOKEN"],
    userName: ["OS_USERNAME", "OS_USER_NAME"],
    userId: ["OS_USER_ID"],
    password: ["OS_PASSWORD"],
    passcode: ["OS_PASSCODE"],
    projectDomainId: ["OS_PROJECT_DOMAIN_ID", "OS_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"],
    projectDomainName: ["OS_PROJECT_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME"],
    agencyName: ["OS_AGENCY_NAME"],
    agencyDomainName: ["OS_AGENCY_DOMAIN_NAME"],
    agencyProjectName: ["OS_DELEGATED_PROJECT"],
    authUrl: ["OS_AUTH_URL"],
    caFile: ["OS_CACERT"],
    certFile: ["OS_CERT"],
    keyFile: ["OS_KEY"],
    insecure: ["OS_INSECURE"],
    maxRetries: ["OS_MAX_BACKOFF_RETRIES", "OS_MAX_RETRIES"],
    endpoint: ["OS_CBR_ENDPOINT_OVERRIDE", "OS_CBR_ENDPOINT"],
    interface: ["OS_CBR_ENDPOINT_TYPE", "OS_CBR_INTERFACE", "OS_ENDPOINT_TYPE", "OS_INTERFACE"],
} as const satisfies Names;

const USER_DOMAIN = {
    domainId: ["OS_USER_DOMAIN_ID", "OS_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"],
    domainName: ["OS_USER_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
} as const satisfies Names;

const PROJECT_FIRST = {
    projectId: ["OS_PROJECT_ID", "OS_TENANT_ID"],
    projectName: ["OS_PROJECT_NAME", "OS_TENANT_NAME"],
} as const satisfies Names;

/** OpenStack's names in the order of Huawei Cloud's Terraform provider. */
export const OS_HUAWEI: Names = {
    ...OS_COMMON,
    ...PROJECT_FIRST,
    token: ["OS_AUTH_TOKEN", "OS_TOKEN"],
    domainId: ["OS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_DEFAULT_DOMAIN_ID"],
    domainName: ["OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_DEFAULT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
};

/** The same names in the order of Open Telekom Cloud's and FlexibleEngine's Terraform providers. */
export const OS_OTC: Names = {
    ...OS_COMMON,
    ...USER_DOMAIN,
    token: ["OS_TOKEN", "OS_AUTH_TOKEN"],
    projectId: ["OS_TENANT_ID", "OS_PROJECT_ID"],
    projectName: ["OS_TENANT_NAME", "OS_PROJECT_NAME"],
};

/** The same names in the order of openstacksdk, for clouds that have no provider of their own here. */
export const OS_OPENSTACK: Names = {
    ...OS_COMMON,
    ...PROJECT_FIRST,
    ...USER_DOMAIN,
    token: ["OS_TOKEN", "OS_AUTH_TOKEN"],
};

export const SDK: Names = {
    accessKey: ["HUAWEICLOUD_SDK_AK"],
    secretKey: ["HUAWEICLOUD_SDK_SK"],
    securityToken: ["HUAWEICLOUD_SDK_SECURITY_TOKEN"],
    projectId: ["HUAWEICLOUD_SDK_PROJECT_ID"],
    domainId: ["HUAWEICLOUD_SDK_DOMAIN_ID"],
    authUrl: ["HUAWEICLOUD_SDK_IAM_ENDPOINT"],
    identityProvider: ["HUAWEICLOUD_SDK_IDP_ID"],
    idTokenFile: ["HUAWEICLOUD_SDK_ID_TOKEN_FILE"],
    // No other tool has a variable for these.
    idToken: ["PULUMI_CBR_ID_TOKEN"],
    instanceAgency: ["PULUMI_CBR_INSTANCE_AGENCY"],
};

/** Keys of a clouds.yaml entry, by the names that `readCloudsYaml` gives them. */
export const CLOUDS_YAML: Names = {
    region: ["cbr_region_name", "region_name"],
    projectId: ["auth.project_id"],
    projectName: ["auth.project_name"],
    accessKey: ["auth.ak"],
    secretKey: ["auth.sk"],
    securityToken: ["auth.security_token"],
    token: ["auth.token"],
    userName: ["auth.username"],
    userId: ["auth.user_id"],
    password: ["auth.password"],
    passcode: ["auth.passcode"],
    domainName: ["auth.user_domain_name", "auth.domain_name", "auth.default_domain_name", "auth.default_domain"],
    domainId: ["auth.user_domain_id", "auth.domain_id", "auth.default_domain_id"],
    projectDomainName: ["auth.project_domain_name", "auth.domain_name", "auth.default_domain_name"],
    projectDomainId: ["auth.project_domain_id", "auth.domain_id", "auth.default_domain_id"],
    agencyName: ["target_agency_name"],
    agencyDomainName: ["target_domain_name"],
    agencyDomainId: ["target_domain_id"],
    agencyProjectName: ["target_project_name"],
    authUrl: ["auth.auth_url"],
    caFile: ["cacert"],
    certFile: ["cert"],
    keyFile: ["key"],
    insecure: ["insecure"],
    endpoint: ["cbr_endpoint_override", "cbr_endpoint"],
    interface: ["cbr_interface", "interface"],
};

/**
 * A secret from a file or a pipe often ends in a line break; nothing else of a value is ever cut but white space around
 * it.
 */
export function clean(field: string, text: string): string | undefined {
    const cleaned = field === "password" ? text.replace(/[\r\n]+$/, "") : text.trim();
    return cleaned === "" ? undefined : cleaned;
}

/** Any value of stack configuration as text. Explicit providers also give numbers, booleans and objects. */
export function textOf(value: unknown): string | undefined {
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value === "object" && value !== null) return JSON.stringify(value);
    return undefined;
}

const OPEN_STACK_ONLY: ReadonlySet<string> = new Set<OpenStackField>([
    "projectDomainName",
    "projectDomainId",
    "endpoint",
    "interface",
]);

/** Stack configuration, or the inputs of an explicit provider: `cbr:<field>`. */
export function stackLayer(get: (key: string) => unknown): Layer {
    return {
        kind: "stack",
        get(field) {
            if (OPEN_STACK_ONLY.has(field)) return undefined;
            const source = `cbr:${field}`;
            const value = get(source);
            if (typeof value === "object" && value !== null)
                throw new ConfigError(
                    `${source} is ${Array.isArray(value) ? "a list" : "an object"}, but must be a text.`,
                );
            const text = clean(field, textOf(value) ?? "");
            return text === undefined ? undefined : { value: text, source };
        },
    };
}

/** The first of these names that has a value. */
export function firstOf(
    field: Field | OpenStackField,
    names: Names,
    read: (name: string) => string | undefined,
    source: (name: string) => string,
): Resolved | undefined {
    for (const name of names[field] ?? []) {
        const text = clean(field, read(name) ?? "");
        if (text !== undefined) return { value: text, source: source(name) };
    }
    return undefined;
}

export function environmentLayer(env: Env, names: Names): Layer {
    return {
        kind: "environment",
        get: (field) =>
            firstOf(
                field,
                names,
                (name) => env[name],
                (name) => `environment variable ${name}`,
            ),
    };
}

/** All names that would give a field, for errors: `cbr:secretKey, HW_SECRET_KEY, OS_SECRET_KEY, …`. */
export function namesFor(field: Field): string {
    // Names for one service are for special cases, and no advice.
    const isGeneral = (name: string) => !/(^|_)cbr_/i.test(name);
    const variables = [HW, OS_HUAWEI, SDK].flatMap((names) => names[field] ?? []).filter(isGeneral);
    const yaml = CLOUDS_YAML[field]?.find(isGeneral);
    const inFile = yaml === undefined ? "" : `, or ${yaml.replace(/^auth\./, "auth: ")} in clouds.yaml (OS_CLOUD)`;
    return `cbr:${field}${variables.length === 0 ? "" : ` or ${variables.join(", ")}`}${inFile}`;
}
