/**
 * Stack configuration (`cbr:*`), environment and clouds.yaml → `Settings`. The only module that reads configuration and
 * environment. Order: stack configuration > HW_* (and the HW_PROFILE file) > OS_* > HUAWEICLOUD_SDK_* (and its
 * credentials file) > the clouds.yaml entry that `cbr:cloudsYaml` or OS_CLOUD names.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { ConfigError } from "../errors/errors";
import { registerSecret } from "../errors/redaction";
import { expandHome, type FileAccess, listCloudsYaml, readCloudsYaml } from "./clouds-yaml";
import {
    type Credentials,
    chooseCredentials,
    chooseTogether,
    describeCredentials,
    registerSecrets,
    sameCredentials,
} from "./credentials";
import { cloudOfRegion, familyOf, normaliseBaseUrl, normaliseCloud, ONLY_REGION, readIamHost } from "./endpoints";
import {
    cloudsYamlLayer,
    type Env,
    environmentLayer,
    type Field,
    HW,
    hcloudLayer,
    type Layer,
    namesFor,
    OS_HUAWEI,
    OS_OTC,
    type Resolved,
    SDK,
    sdkFileLayer,
    stackLayer,
    textOf,
} from "./sources";

export type { FileAccess } from "./clouds-yaml";
export type { AccessKeyCredentials, Credentials, PasswordCredentials, TokenCredentials } from "./credentials";
export { describeCredentials } from "./credentials";
export type { Resolved } from "./sources";

/** Requests a second to one region, unless `cbr:maxRequestsPerSecond` says otherwise. */
export const DEFAULT_MAX_REQUESTS_PER_SECOND = 20;
/** Repetitions of one request, unless `cbr:maxRetries` says otherwise. Terraform's providers for these clouds have 5, too. */
export const DEFAULT_MAX_RETRIES = 5;

/** A role in another account (domain), taken on by whichever credentials there are. */
export interface Agency {
    readonly name: Resolved;
    /** Account that delegates; one of the two is needed. */
    readonly domainName?: Resolved | undefined;
    readonly domainId?: Resolved | undefined;
    /** Project of that account in the settings' region. Default: the region's name. */
    readonly projectName?: Resolved | undefined;
    /** Life of temporary access keys, in seconds, 900 to 86,400. */
    readonly durationSeconds?: number | undefined;
}

/** Proxies as the environment names them. */
export interface Proxies {
    /** For `http:` addresses; these are loopback ones only, which no proxy is used for. */
    readonly http?: Resolved | undefined;
    /** For `https:` addresses. */
    readonly https?: Resolved | undefined;
    /** Hosts that are reached directly, as in NO_PROXY. */
    readonly none?: string | undefined;
}

export interface Settings {
    readonly region?: Resolved | undefined;
    /** Of `region`, and of no other. 32 hex digits. */
    readonly projectId?: Resolved | undefined;
    /** Of `region`, and of no other, e.g. `eu-de_team`. */
    readonly projectName?: Resolved | undefined;
    /** `huaweicloud`, `otc`, `flexibleengine`, a domain, or `custom`: an IAM that is none of these. */
    readonly cloud: Resolved;
    readonly credentials: Credentials | undefined;
    /** What the environment (or clouds.yaml) gives instead, when stack configuration gave `credentials` and these differ: tried once after a stored token is refused. */
    readonly fallbackCredentials?: Credentials | undefined;
    readonly agency?: Agency | undefined;
    readonly domainName?: Resolved | undefined;
    readonly domainId?: Resolved | undefined;
    /** IAM base URL without `/v3`; may contain `{region}`. */
    readonly authUrl?: Resolved | undefined;
    /** Region → CBR base URL without `/v3`. */
    readonly endpoints: Readonly<Record<string, string>>;
    /** Region → IAM base URL without `/v3`. */
    readonly iamEndpoints: Readonly<Record<string, string>>;
    /** PEM file of authorities that are trusted besides the machine's own. */
    readonly caFile?: Resolved | undefined;
    /** PEM files of a client certificate. */
    readonly certFile?: Resolved | undefined;
    readonly keyFile?: Resolved | undefined;
    /** Do not check server certificates. */
    readonly insecure?: Resolved<boolean> | undefined;
    readonly proxies: Proxies;
    /** A region. Default 20. */
    readonly maxRequestsPerSecond: number;
    /** Default 5. */
    readonly maxRetries: number;
    /** Default `auto`. */
    readonly preflight: "auto" | "off";
    /** To be shown once. */
    readonly warnings: readonly string[];
    /** Halves of credentials that could not be used, for errors. */
    readonly incomplete: readonly string[];
}

/** The machine's files. */
export const systemFiles: FileAccess = {
    read(path) {
        try {
            return readFileSync(path, "utf8");
        } catch {
            return undefined;
        }
    },
    cwd: () => process.cwd(),
    home: () => homedir(),
};

function numberOf(found: Resolved | undefined, min: number, max: number, whole: boolean): number | undefined {
    if (found === undefined) return undefined;
    const value = /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(found.value) ? Number(found.value) : Number.NaN;
    if (Number.isNaN(value) || value < min || value > max || (whole && !Number.isInteger(value)))
        throw new ConfigError(
            `${found.source} is "${found.value}", but must be a ${whole ? "whole " : ""}number from ${min} to ${max}.`,
        );
    return value;
}

function booleanOf(found: Resolved | undefined): Resolved<boolean> | undefined {
    if (found === undefined) return undefined;
    const word = found.value.toLowerCase();
    if (["true", "1", "yes", "on", "t"].includes(word)) return { value: true, source: found.source };
    if (["false", "0", "no", "off", "f"].includes(word)) return { value: false, source: found.source };
    throw new ConfigError(`${found.source} is "${found.value}", but must be true or false.`);
}

interface EndpointMaps {
    readonly cbr: Record<string, string>;
    readonly iam: Record<string, string>;
}

const ENDPOINTS_HELP = `a map from region to address, e.g. {"eu-de": "https://cbr.eu-de.otc.t-systems.com"}`;

/** `cbr:endpoints`: region → CBR address, or region → `{cbr, iam}`. */
function endpointsOf(value: unknown, maps: EndpointMaps): void {
    const key = "cbr:endpoints";
    let map: unknown = value;
    if (typeof value === "string") {
        if (value.trim() === "") return;
        try {
            map = JSON.parse(value);
        } catch {
            throw new ConfigError(`${key} is not valid JSON: it must be ${ENDPOINTS_HELP}.`);
        }
    }
    if (map === undefined || map === null) return;
    if (typeof map !== "object" || Array.isArray(map)) throw new ConfigError(`${key} must be ${ENDPOINTS_HELP}.`);
    const put = (to: Record<string, string>, region: string, url: unknown, where: string) => {
        if (typeof url !== "string")
            throw new ConfigError(`${where} must be an address, as ${key} is ${ENDPOINTS_HELP}.`);
        if (url.trim() !== "") to[region] = normaliseBaseUrl(url, where);
    };
    for (const [region, url] of Object.entries(map)) {
        const where = `${key}, region ${region},`;
        if (typeof url !== "object" || url === null || Array.isArray(url)) {
            put(maps.cbr, region, url, where);
            continue;
        }
        for (const [service, one] of Object.entries(url)) {
            if (service !== "cbr" && service !== "iam")
                throw new ConfigError(`${where} names "${service}", but only cbr and iam have addresses.`);
            put(maps[service], region, one, `${where} ${service}`);
        }
    }
}

/** HUAWEICLOUD_SDK_REGION_CBR_EU_DE=https://… and the same with IAM. */
function sdkEndpoints(env: Env, maps: EndpointMaps): void {
    for (const [variable, url] of Object.entries(env)) {
        const match = /^HUAWEICLOUD_SDK_REGION_(CBR|IAM)_([A-Z0-9_]+)$/.exec(variable);
        if (match?.[2] === undefined || url === undefined || url.trim() === "") continue;
        const region = match[2].toLowerCase().replaceAll("_", "-");
        const map = match[1] === "CBR" ? maps.cbr : maps.iam;
        map[region] = normaliseBaseUrl(url, `environment variable ${variable}`);
    }
}

/** Stands in for `{region}` while an address is checked: braces are no part of a host name. */
const STAND_IN = "region-stand-in";

function authUrlOf(found: Resolved | undefined): Resolved | undefined {
    if (found === undefined) return undefined;
    const text = found.value.replace(/\{region(_name)?\}/g, STAND_IN);
    return { value: normaliseBaseUrl(text, found.source).replaceAll(STAND_IN, "{region}"), source: found.source };
}

/** The region in a project's name: `eu-de_team`, `cn-north-4`. Names like `my-project` do not count. */
function regionInName(projectName: Resolved | undefined): string | undefined {
    const prefix = projectName?.value.split("_")[0] ?? "";
    return cloudOfRegion(prefix) !== undefined || /^[a-z]{2}-[a-z]+-\d+$/.test(prefix) ? prefix : undefined;
}

function proxiesOf(env: Env): Proxies {
    const first = (...names: string[]): Resolved | undefined => {
        for (const name of names) {
            const value = env[name]?.trim();
            if (value !== undefined && value !== "") return { value, source: `environment variable ${name}` };
        }
        return undefined;
    };
    const http = first("http_proxy", "HTTP_PROXY");
    const https = first("https_proxy", "HTTPS_PROXY");
    for (const proxy of [http, https]) {
        const credentials = /^[a-z]+:\/\/([^/@]*)@/i.exec(proxy?.value ?? "")?.[1];
        if (credentials === undefined) continue;
        for (const part of [credentials, credentials.slice(credentials.indexOf(":") + 1)]) {
            registerSecret(part);
            try {
                registerSecret(decodeURIComponent(part));
            } catch {
                // Not percent-encoded, so already registered as it is.
            }
        }
    }
    const none = first("no_proxy", "NO_PROXY")?.value;
    return {
        ...(http === undefined ? {} : { http }),
        ...(https === undefined ? {} : { https }),
        ...(none === undefined ? {} : { none }),
    };
}

function cloudsLayer(
    stack: (key: string) => unknown,
    env: Env,
    files: FileAccess,
    warnings: string[],
): Layer | undefined {
    const configured = textOf(stack("cbr:cloudsYaml"))?.trim() || undefined;
    const name = configured ?? (env["OS_CLOUD"]?.trim() || undefined);
    if (name === undefined) return undefined;
    const entry = readCloudsYaml(name, env, files);
    if (entry !== undefined) return cloudsYamlLayer(entry, files);
    const { names, path } = listCloudsYaml(env, files);
    const source = configured === undefined ? "environment variable OS_CLOUD" : "cbr:cloudsYaml";
    const text = `${source} asks for clouds.yaml entry "${name}", but ${path === undefined ? "no clouds.yaml was found (./, ~/.config/openstack/, /etc/openstack/, OS_CLIENT_CONFIG_FILE)" : `${path} has ${names.length === 0 ? "no entries" : names.join(", ")}`}.`;
    // OS_CLOUD may be set for other tools: it does not stop one who has no need of it.
    if (configured !== undefined) throw new ConfigError(text);
    warnings.push(text);
    return undefined;
}

/** A project id as IAM writes it, so that it is equal to what IAM and state say. */
function inLowercase(id: Resolved | undefined): Resolved | undefined {
    return id !== undefined && /^[0-9a-f-]{32,64}$/i.test(id.value) ? { ...id, value: id.value.toLowerCase() } : id;
}

/**
 * All settings, with their sources. Pure but for `files` (default: this machine's). Missing values are no errors here:
 * `requireRegion` and `requireCredentials` make them, when a call needs one. Empty texts count as unset.
 *
 * Credentials: `chooseCredentials` (settings/credentials.ts) has the rule.
 *
 * @param get Stack configuration by whole key, `cbr:region`; values of explicit providers may be numbers or objects.
 * @throws ConfigError, naming key or variable, for values that make no sense.
 */
export function resolveSettings(get: (key: string) => unknown, env: Env, files: FileAccess = systemFiles): Settings {
    const warnings: string[] = [];
    const stack = stackLayer(get);
    const clouds = cloudsLayer(get, env, files, warnings);
    const stackOf = (os: typeof OS_HUAWEI): Layer[] =>
        [
            stack,
            environmentLayer("HW_*", env, HW),
            hcloudLayer(env, files),
            environmentLayer("OS_*", env, os),
            environmentLayer("HUAWEICLOUD_SDK_*", env, SDK),
            sdkFileLayer(env, files),
            clouds,
        ].filter((layer) => layer !== undefined);
    let layers = stackOf(OS_HUAWEI);
    registerSecrets([...layers, environmentLayer("OS_*", env, OS_OTC)]);
    const proxies = proxiesOf(env);
    const first = (field: Field): Resolved | undefined => {
        for (const layer of layers) {
            const found = layer.get(field);
            if (found !== undefined) return found;
        }
        return undefined;
    };

    // Region, IAM address and cloud tell about each other; nothing of them depends on the order of OS_* names.
    const authUrl = authUrlOf(first("authUrl"));
    const host = authUrl === undefined ? undefined : readIamHost(authUrl.value);
    const named = first("cloud");
    const namedCloud =
        named === undefined ? undefined : { value: normaliseCloud(named.value, named.source), source: named.source };
    const name = chooseTogether(layers, "projectId", "projectName").projectName;
    const region =
        first("region") ??
        inferred(regionInName(name), `project name in ${name?.source}`) ??
        inferred(host?.region, `host name in ${authUrl?.source}`) ??
        inferred(
            namedCloud === undefined ? undefined : ONLY_REGION[namedCloud.value],
            `the only region of ${namedCloud?.value}`,
        );
    const cloud: Resolved = namedCloud ??
        (host === undefined ? undefined : inferred(host.cloud, `host name in ${authUrl?.source}`)) ??
        (authUrl === undefined
            ? undefined
            : { value: "custom", source: `${authUrl.source} is no address of a cloud we know` }) ??
        inferred(
            region === undefined ? undefined : cloudOfRegion(region.value),
            `region ${region?.value} in ${region?.source}`,
        ) ?? {
            value: "huaweicloud",
            source: "default",
        };

    // From here on the names have the order that the cloud's own tools give them.
    if (familyOf(cloud.value) === "otc" || familyOf(cloud.value) === "flexibleengine") layers = stackOf(OS_OTC);
    const { projectId, projectName } = chooseTogether(sameRegionSources(stack, layers), "projectId", "projectName");
    if (projectId !== undefined && !/^[0-9a-zA-Z-]{1,64}$/.test(projectId.value))
        throw new ConfigError(
            `${projectId.source} is no project id: 32 hex digits are expected (the project's name goes into cbr:projectName).`,
        );
    const { domainName, domainId } = chooseTogether(layers, "domainName", "domainId");

    const choice = chooseCredentials(layers);
    const fallback = choice.rank === 0 ? chooseCredentials(layers.slice(1)).credentials : undefined;
    const differs =
        fallback !== undefined && choice.credentials !== undefined && !sameCredentials(fallback, choice.credentials);
    if (choice.credentials !== undefined)
        for (const half of choice.incomplete.filter(({ rank }) => rank < choice.rank))
            warnings.push(`Not used: ${half.text}. Used instead: ${describeCredentials(choice.credentials)}.`);

    const endpoints: EndpointMaps = { cbr: {}, iam: {} };
    sdkEndpoints(env, endpoints);
    endpointsOf(get("cbr:endpoints"), endpoints);

    const insecure = booleanOf(first("insecure"));
    if (insecure?.value === true)
        warnings.push(
            `Server certificates are not checked (${insecure.source}): anyone on the way can read the credentials.`,
        );
    const caFile = pathOf(first("caFile"), files);
    const certFile = pathOf(first("certFile"), files);
    const keyFile = pathOf(first("keyFile"), files);
    const agency = agencyOf(layers, first, warnings);
    const preflight = textOf(get("cbr:preflight"))?.trim() || "auto";
    if (preflight !== "auto" && preflight !== "off")
        throw new ConfigError(`cbr:preflight is "${preflight}", but must be auto or off.`);
    const rate = textOf(get("cbr:maxRequestsPerSecond"))?.trim() || undefined;

    return {
        ...given({
            region,
            projectId: inLowercase(projectId),
            projectName,
            agency,
            domainName,
            domainId,
            authUrl,
            caFile,
            certFile,
            keyFile,
            insecure,
        }),
        cloud,
        credentials: choice.credentials,
        ...(differs ? { fallbackCredentials: fallback } : {}),
        endpoints: endpoints.cbr,
        iamEndpoints: endpoints.iam,
        proxies,
        maxRequestsPerSecond:
            numberOf(
                rate === undefined ? undefined : { value: rate, source: "cbr:maxRequestsPerSecond" },
                0.1,
                100_000,
                false,
            ) ?? DEFAULT_MAX_REQUESTS_PER_SECOND,
        maxRetries: numberOf(first("maxRetries"), 0, 100, true) ?? DEFAULT_MAX_RETRIES,
        preflight,
        warnings,
        incomplete: choice.incomplete.map(({ text }) => text),
    };
}

/**
 * The layers whose project is of the region in use. A region in stack configuration, or of an explicit provider, takes the
 * place of the one that the environment or clouds.yaml names; the project that is named there stays that one's.
 */
function sameRegionSources(stack: Layer, layers: readonly Layer[]): readonly Layer[] {
    const own = stack.get("region")?.value;
    const below = layers.find((layer) => layer !== stack && layer.get("region") !== undefined)?.get("region")?.value;
    return own === undefined || below === undefined || own === below ? layers : [stack];
}

function inferred(value: string | undefined, source: string): Resolved | undefined {
    return value === undefined ? undefined : { value, source };
}

function pathOf(found: Resolved | undefined, files: FileAccess): Resolved | undefined {
    return found === undefined ? undefined : { value: expandHome(found.value, files), source: found.source };
}

/** `record` without the keys whose value is undefined. */
function given<T extends Record<string, unknown>>(record: T): { [K in keyof T]?: T[K] } {
    const entries = Object.entries(record).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries) as { [K in keyof T]?: T[K] };
}

function agencyOf(
    layers: readonly Layer[],
    first: (field: Field) => Resolved | undefined,
    warnings: string[],
): Agency | undefined {
    const name = first("agencyName");
    const { agencyDomainName: domainName, agencyDomainId: domainId } = chooseTogether(
        layers,
        "agencyDomainName",
        "agencyDomainId",
    );
    if (name === undefined) {
        const domain = domainName ?? domainId;
        if (domain !== undefined)
            warnings.push(`Not used: ${domain.source}, because there is no agency: set ${namesFor("agencyName")}.`);
        return undefined;
    }
    const durationSeconds = numberOf(first("agencyDurationSeconds"), 900, 86_400, true);
    return { name, ...given({ domainName, domainId, projectName: first("agencyProjectName"), durationSeconds }) };
}

/**
 * The region.
 * @throws ConfigError naming the key and every variable that would give it.
 */
export function requireRegion(settings: Settings): string {
    if (settings.region !== undefined) return settings.region.value;
    throw new ConfigError(`No region is set: give the resource a \`region\`, or set ${namesFor("region")}.`);
}

/**
 * The credentials.
 * @throws ConfigError naming what would give them, and what half is there.
 */
export function requireCredentials(settings: Settings): Credentials {
    if (settings.credentials !== undefined) return settings.credentials;
    if (settings.incomplete.length > 0)
        throw new ConfigError(`The credentials are incomplete: ${settings.incomplete.join("; ")}.`);
    throw new ConfigError(
        "There are no credentials. Set one of: a token (cbr:token or HW_AUTH_TOKEN, OS_AUTH_TOKEN, OS_TOKEN); " +
            "an access key (cbr:accessKey and cbr:secretKey, or HW_ACCESS_KEY and HW_SECRET_KEY, OS_ACCESS_KEY and OS_SECRET_KEY, HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK); " +
            "a user (cbr:userName, cbr:password and cbr:domainName, or HW_USER_NAME, HW_USER_PASSWORD and HW_DOMAIN_NAME, OS_USERNAME, OS_PASSWORD and OS_USER_DOMAIN_NAME); " +
            "or a clouds.yaml entry (cbr:cloudsYaml or OS_CLOUD).",
    );
}
