/** Where the APIs are: CBR and IAM base URLs by cloud and region (api-notes: Endpoints), overrides, and the catalog of a token. */
import { ConfigError } from "../errors/errors";
import type { Settings } from "./settings";

/** `custom`: an IAM we do not know; its CBR addresses come from `cbr:endpoints`, a domain in `cbr:cloud`, or a token's catalog. */
export type CloudFamily = "huaweicloud" | "otc" | "flexibleengine" | "custom";

const ALIASES: Readonly<Record<string, CloudFamily>> = {
    huaweicloud: "huaweicloud",
    huawei: "huaweicloud",
    otc: "otc",
    opentelekomcloud: "otc",
    flexibleengine: "flexibleengine",
    "flexible-engine": "flexibleengine",
};

const FAMILY_OF_DOMAIN: Readonly<Record<string, CloudFamily>> = {
    "myhuaweicloud.com": "huaweicloud",
    "myhuaweicloud.eu": "huaweicloud",
    "otc.t-systems.com": "otc",
    "sc.otc.t-systems.com": "otc",
    "prod-cloud-ocb.orange-business.com": "flexibleengine",
};

/** Regions whose name alone tells the cloud. */
const FAMILY_OF_REGION: Readonly<Record<string, CloudFamily>> = {
    "eu-de": "otc",
    "eu-nl": "otc",
    "eu-ch2": "otc",
    "eu-west-0": "flexibleengine",
};

/** The region to take when a cloud is named that has only this one. */
export const ONLY_REGION: Readonly<Record<string, string>> = { flexibleengine: "eu-west-0" };

const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;
const REGION = /^[a-zA-Z0-9._-]{1,255}$/;

/** A record's own value: a region may be called anything. */
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
    return Object.hasOwn(record, key) ? record[key] : undefined;
}

/**
 * A cloud's name or domain in its one spelling: `OTC` → `otc`.
 * @throws ConfigError when it is neither a name we know nor a domain.
 */
export function normaliseCloud(text: string, source: string): string {
    const name = text.trim().toLowerCase();
    const family = own(ALIASES, name);
    if (family !== undefined) return family;
    if (DOMAIN.test(name)) return name;
    throw new ConfigError(
        `${source} is "${text}", which is no cloud we know: use huaweicloud, otc, flexibleengine, or a domain such as myhuaweicloud.eu.`,
    );
}

/** The family that a cloud's name or domain belongs to. */
export function familyOf(cloud: string): CloudFamily {
    return own(ALIASES, cloud) ?? own(FAMILY_OF_DOMAIN, cloud) ?? "custom";
}

/** The cloud that has this region, or undefined when the name does not tell. */
export function cloudOfRegion(region: string): CloudFamily | undefined {
    return own(FAMILY_OF_REGION, region);
}

/** What an IAM address tells: `iam.eu-de.otc.t-systems.com` → cloud otc, region eu-de. Undefined for hosts that do not look so. */
export function readIamHost(authUrl: string): { cloud: string; region?: string } | undefined {
    const host = new URL(authUrl.replaceAll("{region}", "region-placeholder")).hostname;
    const rest = /^iam(?:-pub)?\.(.+)$/.exec(host)?.[1];
    if (rest === undefined) return undefined;
    for (const domain of Object.keys(FAMILY_OF_DOMAIN).sort((a, b) => b.length - a.length)) {
        const family = FAMILY_OF_DOMAIN[domain] ?? "custom";
        // eu-west-101's own domain is part of Huawei Cloud; the table below finds it again by its region.
        if (rest === domain) return { cloud: family };
        if (!rest.endsWith(`.${domain}`)) continue;
        const region = rest.slice(0, -domain.length - 1);
        if (region === "region-placeholder") return { cloud: family };
        return REGION.test(region) && !region.includes(".") ? { cloud: family, region } : { cloud: family };
    }
    const dot = rest.indexOf(".");
    const [region, domain] = [rest.slice(0, dot), rest.slice(dot + 1)];
    if (dot < 0 || !DOMAIN.test(domain) || !/^([a-z]+-)+[a-z0-9]+$/.test(region)) return undefined;
    return region === "region-placeholder" ? { cloud: domain } : { cloud: domain, region };
}

/** Is this host name, as `URL.hostname` gives it, the machine itself? */
export function isLoopback(hostname: string): boolean {
    const host = hostname.toLowerCase().replace(/\.$/, "");
    return (
        host === "localhost" ||
        host.endsWith(".localhost") ||
        host === "[::1]" ||
        host === "::1" ||
        /^127(\.\d{1,3}){3}$/.test(host)
    );
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

/** `service` (`cbr` or `iam`) of a region, by the table; undefined for a custom cloud. */
function tableUrl(cloud: string, service: "cbr" | "iam", region: string): string | undefined {
    switch (cloud) {
        case "huaweicloud":
            return `https://${service}.${region}.${region === "eu-west-101" ? "myhuaweicloud.eu" : "myhuaweicloud.com"}`;
        case "otc":
            if (region === "eu-ch2")
                return `https://${service === "iam" ? "iam-pub" : "cbr"}.eu-ch2.sc.otc.t-systems.com`;
            return `https://${service}.${region}.otc.t-systems.com`;
        case "flexibleengine":
            return `https://${service}.${region}.prod-cloud-ocb.orange-business.com`;
        case "custom":
            return undefined;
        default:
            return `https://${service}.${region}.${cloud}`;
    }
}

const learned = new WeakMap<Settings, Map<string, string>>();

/** Does the address of this region's CBR have to come from a token's catalog? */
export function needsCatalog(settings: Settings, region: string): boolean {
    return own(settings.endpoints, region) === undefined && settings.cloud.value === "custom";
}

/**
 * The CBR address in a token's catalog (`token.catalog`): service type `cbr`, public interface, of the region or of no
 * region. Undefined when there is none, or none that may be used.
 */
export function cbrUrlFromCatalog(catalog: unknown, region: string): string | undefined {
    if (!Array.isArray(catalog)) return undefined;
    const record = (value: unknown): Record<string, unknown> =>
        typeof value === "object" && value !== null ? { ...value } : {};
    const urls: string[] = [];
    for (const service of catalog.map(record)) {
        if (service["type"] !== "cbr" || !Array.isArray(service["endpoints"])) continue;
        for (const endpoint of service["endpoints"].map(record)) {
            const where = endpoint["region_id"] ?? endpoint["region"];
            if ((endpoint["interface"] ?? "public") !== "public" || typeof endpoint["url"] !== "string") continue;
            if (where === region) urls.unshift(endpoint["url"]);
            else if (where === undefined || where === null || where === "" || where === "*") urls.push(endpoint["url"]);
        }
    }
    for (const url of urls) {
        try {
            return normaliseBaseUrl(url, "the token's catalog");
        } catch (error) {
            if (!(error instanceof ConfigError)) throw error;
        }
    }
    return undefined;
}

/** Keeps what a token's catalog says, for clouds that no table knows. */
export function learnCatalog(settings: Settings, region: string, catalog: unknown): void {
    const url = cbrUrlFromCatalog(catalog, region);
    if (url === undefined) return;
    const urls = learned.get(settings) ?? new Map<string, string>();
    learned.set(settings, urls.set(region, url));
}

/**
 * CBR base URL of a region, to append `/v3/{project_id}/…` to: `cbr:endpoints` (or HUAWEICLOUD_SDK_REGION_CBR_*), else by
 * cloud and region, else what a token's catalog said.
 * @throws ConfigError when none of these gives one.
 */
export function cbrBaseUrl(settings: Settings, region: string): string {
    const url =
        own(settings.endpoints, checkedRegion(region)) ??
        tableUrl(settings.cloud.value, "cbr", region) ??
        learned.get(settings)?.get(region);
    if (url !== undefined) return url;
    throw new ConfigError(
        `The address of CBR in region ${region} is not known (cloud: ${settings.cloud.source}): set cbr:endpoints to {"${region}": "https://…"}, or cbr:cloud to huaweicloud, otc, flexibleengine or the cloud's domain.`,
    );
}

/**
 * IAM base URL of a region, to append `/v3/…` to: the region's own in `cbr:endpoints` (`{"eu-nl": {"iam": …}}`), else
 * `cbr:authUrl`, else by cloud and region. An authUrl whose host names a region stands for every region: `{region}` in
 * it, or the name itself, is exchanged. One that names none (a global or private IAM) serves all regions.
 * @throws ConfigError when none of these gives one.
 */
export function iamBaseUrl(settings: Settings, region: string): string {
    const override = own(settings.iamEndpoints, checkedRegion(region));
    if (override !== undefined) return override;
    const authUrl = settings.authUrl?.value;
    if (authUrl !== undefined) {
        if (authUrl.includes("{region}")) return authUrl.replaceAll("{region}", region);
        const home = settings.region?.value;
        const told = readIamHost(authUrl);
        const named =
            told?.region ??
            (home !== undefined && new URL(authUrl).hostname.split(".").includes(home) ? home : undefined);
        if (named === undefined || named === region) return authUrl;
        const byTable = told === undefined ? undefined : tableUrl(told.cloud, "iam", region);
        if (byTable !== undefined && told !== undefined && tableUrl(told.cloud, "iam", named) === authUrl)
            return byTable;
        const url = new URL(authUrl);
        const host = url.host
            .split(".")
            .map((label) => (label === named ? region : label))
            .join(".");
        return `${url.protocol}//${host}${url.pathname.replace(/\/+$/, "")}`;
    }
    const url = tableUrl(settings.cloud.value, "iam", region);
    if (url !== undefined) return url;
    throw new ConfigError(
        `The address of IAM in region ${region} is not known: set cbr:authUrl (or HW_AUTH_URL, OS_AUTH_URL).`,
    );
}
