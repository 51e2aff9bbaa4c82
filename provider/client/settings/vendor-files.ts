/**
 * Files of Huawei Cloud's own tools: the profile of its command line and Terraform provider, and the SDKs' credentials.
 */
import { ConfigError } from "../errors/errors";
import { expandHome, type FileAccess } from "./clouds-files";
import { clean, type Env, environmentLayer, type Field, HW, type Layer, type Resolved, textOf } from "./sources";

type Keys = Readonly<Partial<Record<Field, string>>>;

const PROFILE_KEYS: Keys = {
    region: "region",
    projectId: "projectId",
    accessKey: "accessKeyId",
    secretKey: "secretAccessKey",
    securityToken: "securityToken",
    domainId: "domainId",
    agencyName: "agencyName",
    agencyDomainName: "agencyDomainName",
    agencyDomainId: "agencyDomainId",
};

const SDK_FILE_KEYS: Keys = {
    accessKey: "ak",
    secretKey: "sk",
    securityToken: "security_token",
    projectId: "project_id",
    domainId: "domain_id",
    authUrl: "iam_endpoint",
    identityProvider: "idp_id",
    idTokenFile: "id_token_file",
};

/** What a file has, by the keys that it gives its fields. */
function valueIn(
    values: Readonly<Record<string, unknown>>,
    keys: Keys,
    where: string,
    field: string,
): Resolved | undefined {
    const key = keys[field as Field];
    const text = key === undefined ? undefined : clean(field, textOf(values[key]) ?? "");
    return text === undefined ? undefined : { value: text, source: `${where}: ${key}` };
}

const record = (value: unknown): Record<string, unknown> =>
    typeof value === "object" && value !== null ? { ...value } : {};

/** A file that cannot be used is no error yet: it may be meant for another tool. */
function orProblem(read: () => Layer, without: Layer): Layer {
    try {
        return read();
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return { ...without, problem: error };
    }
}

/** The access key comes from the profile alone, even where it gives none: its parts belong together. */
const FROM_PROFILE_ALONE: ReadonlySet<string> = new Set<Field>(["accessKey", "secretKey", "securityToken"]);

/**
 * HW_* variables, and the profile that HW_PROFILE or HW_SHARED_CONFIG_FILE asks for (`~/.hcloud/config.json`, profile
 * `current` or `default`). As in Huawei Cloud's Terraform provider the profile beats the variables, but for what it
 * does not give and for HW_AUTH_TOKEN. A profile that is asked for and not there, or no JSON, is the layer's problem.
 */
export function huaweiLayer(env: Env, files: FileAccess): Layer {
    const variables = environmentLayer(env, HW);
    return orProblem(() => {
        const profile = profileOf(env, files);
        if (profile === undefined) return variables;
        return {
            kind: "environment",
            get: (field) =>
                valueIn(profile.values, PROFILE_KEYS, profile.where, field) ??
                (FROM_PROFILE_ALONE.has(field) ? undefined : variables.get(field)),
        };
    }, variables);
}

function profileOf(env: Env, files: FileAccess): { values: Record<string, unknown>; where: string } | undefined {
    const file = env["HW_SHARED_CONFIG_FILE"]?.trim() || undefined;
    const wanted = env["HW_PROFILE"]?.trim() || undefined;
    if (file === undefined && wanted === undefined) return undefined;
    const variable = file === undefined ? "HW_PROFILE" : "HW_SHARED_CONFIG_FILE";
    const path = expandHome(file ?? "~/.hcloud/config.json", files);
    const text = files.read(path);
    if (text === undefined)
        throw new ConfigError(`environment variable ${variable} asks for ${path}, which cannot be read.`);
    let config: Record<string, unknown>;
    try {
        config = record(JSON.parse(text));
    } catch {
        throw new ConfigError(`${path} (environment variable ${variable}) is not valid JSON.`);
    }
    const name = wanted ?? textOf(config["current"]) ?? "default";
    const profiles = Array.isArray(config["profiles"]) ? config["profiles"].map(record) : [];
    const profile = profiles.find((one) => one["name"] === name);
    if (profile === undefined) {
        const others = profiles.map((one) => textOf(one["name"])).join(", ") || "none";
        throw new ConfigError(
            `${path} has no profile "${name}" (environment variable ${variable}; it has: ${others}).`,
        );
    }
    const { accessKeyId, secretAccessKey, securityToken } =
        profile["mode"] === "SSO" ? record(record(profile["ssoAuth"])["stsToken"]) : profile;
    const where = `${path} profile ${name}`;
    return { where, values: { ...profile, accessKeyId, secretAccessKey, securityToken } };
}

/** `"quoted"` or `'quoted'`, else up to a comment, which white space stands before. */
function iniValue(text: string): string {
    const quoted = /^(["'`])(.*)\1\s*([#;].*)?$/.exec(text);
    return quoted?.[2] ?? text.replace(/\s+[#;].*$/, "");
}

/** Section `[basic]` of an INI file, keys in lower case. */
function readBasicSection(text: string, path: string): Record<string, string> {
    const values = new Map<string, string>();
    let section = "";
    for (const [index, raw] of text
        .replace(/^\uFEFF/, "")
        .split(/\r?\n/)
        .entries()) {
        const line = raw.trim();
        if (line === "" || /^[#;]/.test(line)) continue;
        const name = /^\[\s*([^\]]+?)\s*\]/.exec(line)?.[1];
        if (name !== undefined) {
            section = name;
            continue;
        }
        if (section !== "basic") continue;
        const pair = /^([^=:\s]+)\s*[=:]\s*(.*)$/.exec(line);
        const key = pair?.[1]?.toLowerCase();
        if (key === undefined) throw new ConfigError(`${path}, line ${index + 1}: "key = value" is expected.`);
        if (values.has(key)) throw new ConfigError(`${path}, line ${index + 1}: ${key} stands twice in [basic].`);
        values.set(key, iniValue(pair?.[2] ?? ""));
    }
    return Object.fromEntries(values);
}

/**
 * Section `[basic]` of the credentials file of Huawei's SDKs, when HUAWEICLOUD_SDK_CREDENTIALS_FILE names one. A file
 * that cannot be read, or is no INI file, is the layer's problem.
 */
export function sdkFileLayer(env: Env, files: FileAccess): Layer | undefined {
    const file = env["HUAWEICLOUD_SDK_CREDENTIALS_FILE"]?.trim() || undefined;
    if (file === undefined) return undefined;
    const path = expandHome(file, files);
    return orProblem(
        () => {
            const values = readSdkFile(path, files);
            return { kind: "file", get: (field) => valueIn(values, SDK_FILE_KEYS, path, field) };
        },
        { kind: "file", get: () => undefined },
    );
}

function readSdkFile(path: string, files: FileAccess): Record<string, string> {
    const variable = "environment variable HUAWEICLOUD_SDK_CREDENTIALS_FILE";
    const text = files.read(path);
    if (text === undefined) throw new ConfigError(`${variable} asks for ${path}, which cannot be read.`);
    const values = readBasicSection(text, path);
    if (Object.keys(values).length > 0) return values;
    throw new ConfigError(`${path} (${variable}) has nothing in a section [basic].`);
}
