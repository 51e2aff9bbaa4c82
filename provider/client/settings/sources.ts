/** Where settings can stand, highest first: each layer gives a field's value together with where it is from. */

import { ConfigError } from "../errors/errors";
import { type CloudsYamlEntry, expandHome, type FileAccess } from "./clouds-yaml";

/** A value and where it is from: "cbr:region", "environment variable HW_REGION_NAME", "clouds.yaml entry otc: region_name". */
export interface Resolved<T = string> {
    readonly value: T;
    readonly source: string;
}

export type Env = Readonly<Record<string, string | undefined>>;

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

export interface Layer {
    readonly kind: "stack" | "environment" | "file";
    readonly name: string;
    get(field: Field): Resolved | undefined;
}

/** Names of the variables of one family of tools, first to last. */
type Names = Readonly<Partial<Record<Field, readonly string[]>>>;

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
    authUrl: ["HW_AUTH_URL"],
    cloud: ["HW_CLOUD"],
    insecure: ["HW_INSECURE"],
    maxRetries: ["HW_MAX_RETRIES"],
};

const OS_COMMON = {
    region: ["OS_REGION_NAME", "OS_REGION"],
    accessKey: ["OS_ACCESS_KEY", "OS_AK", "OS_ACCESS_KEY_ID"],
    secretKey: ["OS_SECRET_KEY", "OS_SK", "OS_ACCESS_KEY_SECRET"],
    securityToken: ["OS_SECURITY_TOKEN"],
    userName: ["OS_USERNAME", "OS_USER_NAME"],
    userId: ["OS_USER_ID"],
    password: ["OS_PASSWORD"],
    passcode: ["OS_PASSCODE"],
    agencyName: ["OS_AGENCY_NAME"],
    agencyDomainName: ["OS_AGENCY_DOMAIN_NAME"],
    agencyProjectName: ["OS_DELEGATED_PROJECT"],
    authUrl: ["OS_AUTH_URL"],
    caFile: ["OS_CACERT"],
    certFile: ["OS_CERT"],
    keyFile: ["OS_KEY"],
    insecure: ["OS_INSECURE"],
    maxRetries: ["OS_MAX_BACKOFF_RETRIES", "OS_MAX_RETRIES"],
} as const satisfies Names;

/** OpenStack's names in the order of Huawei Cloud's Terraform provider. */
export const OS_HUAWEI: Names = {
    ...OS_COMMON,
    token: ["OS_AUTH_TOKEN", "OS_TOKEN"],
    projectId: ["OS_PROJECT_ID", "OS_TENANT_ID"],
    projectName: ["OS_PROJECT_NAME", "OS_TENANT_NAME"],
    domainId: ["OS_DOMAIN_ID", "OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID"],
    domainName: ["OS_DOMAIN_NAME", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
};

/** The same names in the order of Open Telekom Cloud's and FlexibleEngine's Terraform providers. */
export const OS_OTC: Names = {
    ...OS_COMMON,
    token: ["OS_TOKEN", "OS_AUTH_TOKEN"],
    projectId: ["OS_TENANT_ID", "OS_PROJECT_ID"],
    projectName: ["OS_TENANT_NAME", "OS_PROJECT_NAME"],
    domainId: ["OS_USER_DOMAIN_ID", "OS_PROJECT_DOMAIN_ID", "OS_DOMAIN_ID"],
    domainName: ["OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME", "OS_DOMAIN_NAME", "OS_DEFAULT_DOMAIN"],
};

export const SDK: Names = {
    accessKey: ["HUAWEICLOUD_SDK_AK"],
    secretKey: ["HUAWEICLOUD_SDK_SK"],
    securityToken: ["HUAWEICLOUD_SDK_SECURITY_TOKEN"],
    projectId: ["HUAWEICLOUD_SDK_PROJECT_ID"],
    domainId: ["HUAWEICLOUD_SDK_DOMAIN_ID"],
    authUrl: ["HUAWEICLOUD_SDK_IAM_ENDPOINT"],
};

const CLOUDS_YAML: Names = {
    region: ["region_name"],
    projectId: ["auth.project_id", "auth.tenant_id"],
    projectName: ["auth.project_name", "auth.tenant_name"],
    accessKey: ["auth.ak", "auth.access_key"],
    secretKey: ["auth.sk", "auth.secret_key"],
    securityToken: ["auth.security_token"],
    token: ["auth.token"],
    userName: ["auth.username"],
    userId: ["auth.user_id"],
    password: ["auth.password"],
    passcode: ["auth.passcode"],
    domainName: ["auth.user_domain_name", "auth.domain_name", "auth.project_domain_name", "auth.default_domain"],
    domainId: ["auth.user_domain_id", "auth.domain_id", "auth.project_domain_id"],
    agencyName: ["target_agency_name"],
    agencyDomainName: ["target_domain_name"],
    agencyDomainId: ["target_domain_id"],
    agencyProjectName: ["target_project_name"],
    authUrl: ["auth.auth_url"],
    caFile: ["cacert"],
    certFile: ["cert"],
    keyFile: ["key"],
    insecure: ["insecure"],
};

/** A secret from a file or a pipe often ends in a line break; nothing else of a value is ever cut but white space around it. */
function clean(field: Field, text: string): string | undefined {
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

/** Stack configuration, or the inputs of an explicit provider: `cbr:<field>`. */
export function stackLayer(get: (key: string) => unknown): Layer {
    return {
        kind: "stack",
        name: "stack configuration",
        get(field) {
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

export function environmentLayer(name: string, env: Env, names: Names): Layer {
    return {
        kind: "environment",
        name,
        get(field) {
            for (const variable of names[field] ?? []) {
                const text = clean(field, env[variable] ?? "");
                if (text !== undefined) return { value: text, source: `environment variable ${variable}` };
            }
            return undefined;
        },
    };
}

export function cloudsYamlLayer(entry: CloudsYamlEntry, files: FileAccess): Layer {
    const where = (key: string) => `clouds.yaml entry ${entry.name}: ${key}`;
    return {
        kind: "file",
        name: `clouds.yaml entry ${entry.name}`,
        get(field) {
            if (field === "cloud") {
                const known = entry.profile === "otc" || entry.profile === "otc-swiss";
                return known ? { value: "otc", source: where("profile") } : undefined;
            }
            if (field === "insecure" && /^(false|no|off|0)$/i.test(entry.values["verify"] ?? ""))
                return { value: "true", source: where("verify") };
            for (const key of CLOUDS_YAML[field] ?? []) {
                const text = clean(field, entry.values[key] ?? "");
                if (text === undefined) continue;
                const path = field === "caFile" || field === "certFile" || field === "keyFile";
                return { value: path ? expandHome(text, files) : text, source: where(key) };
            }
            return undefined;
        },
    };
}

function valuesLayer(name: string, where: string, values: Readonly<Partial<Record<Field, unknown>>>): Layer {
    return {
        kind: "file",
        name,
        get(field) {
            const text = clean(field, textOf(values[field]) ?? "");
            return text === undefined ? undefined : { value: text, source: `${where}: ${field}` };
        },
    };
}

/**
 * A profile of Huawei's command line and Terraform provider, when HW_SHARED_CONFIG_FILE or HW_PROFILE asks for it: file
 * `~/.hcloud/config.json`, profile `current` or `default`.
 * @throws ConfigError when it is asked for and not there, or is no JSON.
 */
export function hcloudLayer(env: Env, files: FileAccess): Layer | undefined {
    const file = env["HW_SHARED_CONFIG_FILE"]?.trim() || undefined;
    const wanted = env["HW_PROFILE"]?.trim() || undefined;
    if (file === undefined && wanted === undefined) return undefined;
    const variable = file === undefined ? "HW_PROFILE" : "HW_SHARED_CONFIG_FILE";
    const path = expandHome(file ?? "~/.hcloud/config.json", files);
    const text = files.read(path);
    if (text === undefined)
        throw new ConfigError(`environment variable ${variable} asks for ${path}, which cannot be read.`);
    let content: unknown;
    try {
        content = JSON.parse(text);
    } catch {
        throw new ConfigError(`${path} (environment variable ${variable}) is not valid JSON.`);
    }
    const record = (value: unknown): Record<string, unknown> =>
        typeof value === "object" && value !== null ? { ...value } : {};
    const config = record(content);
    const name = wanted ?? textOf(config["current"]) ?? "default";
    const profiles = Array.isArray(config["profiles"]) ? config["profiles"].map(record) : [];
    const profile = profiles.find((one) => one["name"] === name);
    if (profile === undefined)
        throw new ConfigError(
            `${path} has no profile "${name}" (environment variable ${variable}; it has: ${profiles.map((one) => textOf(one["name"])).join(", ") || "none"}).`,
        );
    return valuesLayer(`profile ${name}`, `${path} profile ${name}`, {
        region: profile["region"],
        projectId: profile["projectId"],
        accessKey: profile["accessKeyId"],
        secretKey: profile["secretAccessKey"],
        securityToken: profile["securityToken"],
        domainId: profile["domainId"],
        agencyName: profile["agencyName"],
        agencyDomainName: profile["agencyDomainName"],
        agencyDomainId: profile["agencyDomainId"],
    });
}

/**
 * Section `[basic]` of the credentials file of Huawei's SDKs, when HUAWEICLOUD_SDK_CREDENTIALS_FILE names one.
 * @throws ConfigError when it cannot be read.
 */
export function sdkFileLayer(env: Env, files: FileAccess): Layer | undefined {
    const file = env["HUAWEICLOUD_SDK_CREDENTIALS_FILE"]?.trim() || undefined;
    if (file === undefined) return undefined;
    const path = expandHome(file, files);
    const text = files.read(path);
    if (text === undefined)
        throw new ConfigError(
            `environment variable HUAWEICLOUD_SDK_CREDENTIALS_FILE asks for ${path}, which cannot be read.`,
        );
    const values: Record<string, string> = {};
    let section = "";
    for (const line of text.split(/\r?\n/)) {
        section = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line)?.[1] ?? section;
        const pair = /^\s*([A-Za-z_]+)\s*[=:]\s*(.*?)\s*$/.exec(line);
        if (section === "basic" && pair?.[1] !== undefined) values[pair[1]] = pair[2] ?? "";
    }
    return valuesLayer("Huawei SDK credentials file", path, {
        accessKey: values["ak"],
        secretKey: values["sk"],
        securityToken: values["security_token"],
        projectId: values["project_id"],
        domainId: values["domain_id"],
        authUrl: values["iam_endpoint"],
    });
}

/** All names that would give a field, for errors: `cbr:secretKey, HW_SECRET_KEY, OS_SECRET_KEY, …`. */
export function namesFor(field: Field): string {
    const variables = [HW, OS_HUAWEI, SDK].flatMap((names) => names[field] ?? []);
    const yaml = CLOUDS_YAML[field]?.[0];
    const inFile = yaml === undefined ? "" : `, or ${yaml.replace(/^auth\./, "auth: ")} in clouds.yaml (OS_CLOUD)`;
    return `cbr:${field}${variables.length === 0 ? "" : ` or ${variables.join(", ")}`}${inFile}`;
}
