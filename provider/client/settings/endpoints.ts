/**
 * Where the APIs are: CBR and IAM base URLs by cloud and region (api-notes: Endpoints), overrides, and the catalog of a
 * token.
 */
import { ConfigError } from "../errors/errors";
import {
    ALIASES,
    familyOf,
    familyOfAccount,
    familyOfHost,
    isLoopback,
    own,
    REGION,
    readIamHost,
    similarDomain,
} from "./clouds";
import { cloudOfRegion, FAMILY_NAMES, type KnownFamily, similarRegion } from "./regions";
import type { Settings } from "./settings";
import { namesFor } from "./sources";

/** Paths that people copy along with the address of IAM: both end where `/v3` is appended again. */
const IAM_PATH = /\/v(2\.0|3(\.0)?)(\/auth)?(\/tokens)?$/i;

/**
 * An address of IAM as a base to append `/v3/…` to: also `/v2.0` and `/v3/auth/tokens` are cut. As `normaliseBaseUrl`.
 */
export function normaliseIamUrl(text: string, source: string): string {
    return normaliseBaseUrl(text, source).replace(IAM_PATH, "").replace(/\/+$/, "");
}

/** The version and project at the end of addresses that catalogs and users give; also as a template. */
const VERSION_AND_PROJECT = /\/v3(\.0)?(\/([0-9a-f]{32,64}|\$\([a-z_]+\)s|%\([a-z_]+\)s|\{[a-z_]+\}))?$/i;

/**
 * An address as a base to append `/v3/…` to: trailing slashes, `/v3` and `/v3/<project>` are cut, another path stays.
 * Without a scheme, https is meant.
 *
 * @param source Where it is from, for the error.
 * @throws ConfigError when it is no URL, bears user, query or fragment, or is `http` to another machine.
 */
export function normaliseBaseUrl(text: string, source: string): string {
    const trimmed = text.trim();
    const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
    const fail = (reason: string): never => {
        throw new ConfigError(
            `${source} ${reason}. An address such as https://cbr.eu-de.otc.t-systems.com is expected.`,
        );
    };
    let url: URL;
    try {
        url = new URL(withScheme);
    } catch {
        return fail("is not a URL");
    }
    if (url.username !== "" || url.password !== "") return fail("contains a user name or password");
    if (url.search !== "" || url.hash !== "") return fail("contains a query or fragment");
    if (url.protocol !== "https:" && url.protocol !== "http:") return fail(`begins with ${url.protocol}//`);
    if (url.protocol === "http:" && !isLoopback(url.hostname))
        return fail(
            "is plain http to another machine, which would send credentials in clear; only loopback may be http",
        );
    if (withScheme !== trimmed && !url.hostname.includes(".") && !isLoopback(url.hostname)) return fail("is not a URL");
    const path = url.pathname
        .replace(/%7b([a-z_]+)%7d/gi, "{$1}")
        .replace(/\/+$/, "")
        .replace(VERSION_AND_PROJECT, "")
        .replace(/\/+$/, "");
    return `${url.protocol}//${url.host}${path}`;
}

function checkedRegion(region: string): string {
    if (!REGION.test(region))
        throw new ConfigError(
            `"${region}" is no region name: letters, digits, ".", "_" and "-" are allowed (cbr:region).`,
        );
    return region;
}

type Service = "cbr" | "iam";

function knownUrl(family: KnownFamily, service: Service, region: string): string {
    switch (family) {
        case "huaweicloud":
            return `https://${service}.${region}.myhuaweicloud.${region === "eu-west-101" ? "eu" : "com"}`;
        case "otc":
            if (region === "eu-ch2")
                return `https://${service === "iam" ? "iam-pub" : "cbr"}.eu-ch2.sc.otc.t-systems.com`;
            return `https://${service}.${region}.otc.t-systems.com`;
        case "flexibleengine":
            return `https://${service}.${region}.prod-cloud-ocb.orange-business.com`;
    }
}

/** ` (environment variable OS_REGION_NAME)`, where the region is the settings' own. */
function sourceOf(settings: Settings, region: string): string {
    return settings.region?.value === region ? ` (${settings.region.source})` : "";
}

/** Does an address of IAM that is given stand for this region, so that its name need not be known here? */
function isVouchedFor(settings: Settings, region: string): boolean {
    const authUrl = settings.authUrl?.value;
    if (authUrl === undefined || authUrl.includes("{region}")) return false;
    const told = readIamHost(authUrl);
    return told !== undefined && (told.region === undefined || told.region === region);
}

/** The cloud whose table has this region's addresses; where nothing names a cloud, the one that has the region. */
function familyFor(settings: Settings, family: KnownFamily, region: string): KnownFamily {
    const owner = cloudOfRegion(region);
    if (owner === family || (owner === undefined && isVouchedFor(settings, region))) return family;
    if (owner !== undefined && settings.cloud.source === "default") return owner;
    if (owner !== undefined)
        throw new ConfigError(
            `Region ${region}${sourceOf(settings, region)} is one of ${FAMILY_NAMES[owner]}, but these settings are ` +
                `for ${FAMILY_NAMES[family]} (${settings.cloud.source}): nothing is sent to another cloud.`,
        );
    const isNamed = settings.cloud.source !== "default";
    const similar = similarRegion(region, isNamed ? [family] : undefined);
    throw new ConfigError(
        `"${region}"${sourceOf(settings, region)} is no region that is known ` +
            `${isNamed ? `of ${FAMILY_NAMES[family]}` : "here"}` +
            `${similar === undefined ? "." : `: did you mean ${similar}?`} ` +
            "A region that is newer, or of another cloud, needs its addresses: " +
            `${namesFor("authUrl")}, and cbr:endpoints.`,
    );
}

/** Address of a service by cloud and region; undefined for a custom cloud. */
function tableUrl(settings: Settings, cloud: string, service: Service, region: string): string | undefined {
    if (cloud === "custom") return undefined;
    const family = familyOf(cloud);
    if (family === "custom") return `https://${service}.${region}.${cloud}`;
    const owner = familyFor(settings, family, region);
    return own(ALIASES, cloud) === undefined
        ? `https://${service}.${region}.${cloud}`
        : knownUrl(owner, service, region);
}

/** @throws ConfigError for a host that is one of the clouds' but for a typing mistake. */
function refuseSimilarDomain(hostname: string): void {
    const domain = similarDomain(hostname);
    if (domain === undefined) return;
    throw new ConfigError(
        `${hostname} is no host of a cloud that is known: did you mean ${domain}? Nothing is sent there. ` +
            "A cloud of that name needs its addresses in cbr:endpoints, with cbr and iam.",
    );
}

/**
 * The address, unless it is that of another cloud than the account's or (where it was not given for it) the region's.
 * @throws ConfigError
 */
function ofTheSameCloud(settings: Settings, region: string, url: string, isGiven: boolean): string {
    const { hostname } = new URL(url);
    const family = familyOfHost(hostname);
    if (family === undefined) {
        if (!isGiven) refuseSimilarDomain(hostname);
        return url;
    }
    for (const account of [settings.accountName, settings.agency?.domainName]) {
        const told = account === undefined ? undefined : familyOfAccount(account.value);
        if (told !== undefined && told !== family)
            throw new ConfigError(
                `Account ${account?.value} (${account?.source}) is one of ${FAMILY_NAMES[told]}, ` +
                    `but ${hostname} is ${FAMILY_NAMES[family]}'s: nothing is sent there. ` +
                    `Check ${namesFor("region")}, and ${namesFor("authUrl")}.`,
            );
    }
    const owner = cloudOfRegion(region);
    if (!isGiven && owner !== undefined && owner !== family)
        throw new ConfigError(
            `Region ${region}${sourceOf(settings, region)} is one of ${FAMILY_NAMES[owner]}, but ${hostname} ` +
                `(${settings.authUrl?.source ?? settings.cloud.source}) is ${FAMILY_NAMES[family]}'s: ` +
                "nothing is sent there.",
        );
    return url;
}

const learned = new WeakMap<Settings, Map<string, string>>();

/** Does the address of this region's CBR have to come from a token's catalog? */
export function needsCatalog(settings: Settings, region: string): boolean {
    if (own(settings.endpoints, region) !== undefined) return false;
    return settings.cloud.value === "custom" || settings.interfaces !== undefined;
}

/**
 * The CBR address in a token's catalog (`token.catalog`): service type `cbr`, of the region or of no region, by the
 * first of these interfaces that is there. Undefined when there is none, or none that may be used.
 */
export function cbrUrlFromCatalog(
    catalog: unknown,
    region: string,
    interfaces: readonly string[] = ["public"],
): string | undefined {
    if (!Array.isArray(catalog)) return undefined;
    const record = (value: unknown): Record<string, unknown> =>
        typeof value === "object" && value !== null ? { ...value } : {};
    const services = catalog.map(record).filter((service) => service["type"] === "cbr");
    const endpoints = services
        .flatMap((service): unknown[] => (Array.isArray(service["endpoints"]) ? service["endpoints"] : []))
        .map(record);
    const placeOf = (endpoint: Record<string, unknown>) => endpoint["region_id"] ?? endpoint["region"];
    const isEverywhere = (place: unknown) => place === undefined || place === null || place === "" || place === "*";
    for (const wanted of interfaces) {
        const offered = endpoints.filter((endpoint) => (endpoint["interface"] ?? "public") === wanted);
        const own = offered.filter((endpoint) => placeOf(endpoint) === region);
        for (const { url } of [...own, ...offered.filter((endpoint) => isEverywhere(placeOf(endpoint)))]) {
            const usable = typeof url === "string" ? usableUrl(url) : undefined;
            if (usable !== undefined) return usable;
        }
    }
    return undefined;
}

function usableUrl(url: string): string | undefined {
    try {
        return normaliseBaseUrl(url, "the token's catalog");
    } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return undefined;
    }
}

/** Keeps what a token's catalog says, for clouds that no table knows. */
export function learnCatalog(settings: Settings, region: string, catalog: unknown): void {
    const url = cbrUrlFromCatalog(catalog, region, settings.interfaces?.value);
    if (url === undefined) return;
    const urls = learned.get(settings) ?? new Map<string, string>();
    learned.set(settings, urls.set(region, url));
}

/**
 * CBR base URL of a region, to append `/v3/{project_id}/…` to: `cbr:endpoints` (or HUAWEICLOUD_SDK_REGION_CBR_*), else
 * what a token's catalog said, else by cloud and region.
 * @throws ConfigError when none of these gives one, the region is not known, or the address is another cloud's.
 */
export function cbrBaseUrl(settings: Settings, region: string): string {
    const given = own(settings.endpoints, checkedRegion(region));
    if (given !== undefined) return ofTheSameCloud(settings, region, normaliseBaseUrl(given.value, given.source), true);
    const fromCatalog = learned.get(settings)?.get(region);
    if (fromCatalog !== undefined) return fromCatalog;
    if (settings.interfaces !== undefined)
        throw new ConfigError(
            `The token's catalog has no address of CBR in region ${region} for interface ` +
                `${settings.interfaces.value.join(", ")} (${settings.interfaces.source}).`,
        );
    const url = tableUrl(settings, settings.cloud.value, "cbr", region);
    if (url !== undefined) return ofTheSameCloud(settings, region, url, false);
    throw new ConfigError(
        `The address of CBR in region ${region} is not known (cloud: ${settings.cloud.source}): ` +
            `set cbr:endpoints to {"${region}": "https://…"}, ` +
            "or cbr:cloud to huaweicloud, otc, flexibleengine or the cloud's domain.",
    );
}

/** Why nothing can be asked in this region, as far as settings alone tell. */
export function regionProblem(settings: Settings, region: string): string | undefined {
    try {
        if (!needsCatalog(settings, checkedRegion(region))) cbrBaseUrl(settings, region);
        return undefined;
    } catch (error) {
        if (error instanceof ConfigError) return error.message;
        throw error;
    }
}

/**
 * IAM base URL of a region, to append `/v3/…` to: the region's own in `cbr:endpoints` (`{"eu-nl": {"iam": …}}`), else
 * `cbr:authUrl`, else by cloud and region. An authUrl whose host names a region stands for every region: `{region}` in
 * it, or the name itself, is exchanged. One that names none (a global or private IAM) serves all regions.
 * @throws ConfigError when none of these gives one, the region is not known, or the address is another cloud's.
 */
export function iamBaseUrl(settings: Settings, region: string): string {
    const given = own(settings.iamEndpoints, checkedRegion(region));
    if (given !== undefined) return ofTheSameCloud(settings, region, normaliseIamUrl(given.value, given.source), true);
    const url =
        settings.authUrl === undefined
            ? tableUrl(settings, settings.cloud.value, "iam", region)
            : regionalAuthUrl(settings, settings.authUrl.value, region);
    if (url !== undefined) return ofTheSameCloud(settings, region, url, false);
    throw new ConfigError(
        `The address of IAM in region ${region} is not known: set cbr:authUrl (or HW_AUTH_URL, OS_AUTH_URL).`,
    );
}

function regionalAuthUrl(settings: Settings, authUrl: string, region: string): string {
    if (authUrl.includes("{region}")) {
        const family = own(ALIASES, readIamHost(authUrl)?.cloud ?? "");
        // Into a known cloud's host only a region of that cloud is put.
        return family === undefined
            ? authUrl.replaceAll("{region}", region)
            : knownUrl(familyFor(settings, family, region), "iam", region);
    }
    const home = settings.region?.value;
    const told = readIamHost(authUrl);
    const named =
        told?.region ?? (home !== undefined && new URL(authUrl).hostname.split(".").includes(home) ? home : undefined);
    if (named === undefined || named === region) return authUrl;
    const byTable = told === undefined ? undefined : tableUrl(settings, told.cloud, "iam", region);
    const family = own(ALIASES, told?.cloud ?? "");
    if (byTable !== undefined && family !== undefined && knownUrl(family, "iam", named) === authUrl) return byTable;
    const url = new URL(authUrl);
    const host = url.host
        .split(".")
        .map((label) => (label === named ? region : label))
        .join(".");
    return `${url.protocol}//${host}${url.pathname.replace(/\/+$/, "")}`;
}
