/** The clouds by name, domain and account: whose a host is, and which cloud an account or an address names. */
import { ConfigError } from "../errors/errors";
import { type CloudFamily, editDistance, type KnownFamily } from "./regions";

export const ALIASES: Readonly<Record<string, KnownFamily>> = {
    huaweicloud: "huaweicloud",
    huawei: "huaweicloud",
    otc: "otc",
    opentelekomcloud: "otc",
    flexibleengine: "flexibleengine",
    "flexible-engine": "flexibleengine",
};

const FAMILY_OF_DOMAIN: Readonly<Record<string, KnownFamily>> = {
    "myhuaweicloud.com": "huaweicloud",
    "myhuaweicloud.eu": "huaweicloud",
    "otc.t-systems.com": "otc",
    "sc.otc.t-systems.com": "otc",
    "prod-cloud-ocb.orange-business.com": "flexibleengine",
};

/** Accounts whose name tells their cloud: `OTC-EU-DE-…`, `OCB0…`. */
const FAMILY_OF_ACCOUNT: readonly (readonly [RegExp, KnownFamily])[] = [
    [/^OTC[-\d]/i, "otc"],
    [/^OCB\d/i, "flexibleengine"],
];

const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/;
export const REGION = /^[a-zA-Z0-9._-]{1,255}$/;

/** A record's own value: a region may be called anything. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
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
        `${source} is "${text}", which is no cloud we know: use huaweicloud, otc, flexibleengine, ` +
            "or a domain such as myhuaweicloud.eu.",
    );
}

/** The family that a cloud's name or domain belongs to. */
export function familyOf(cloud: string): CloudFamily {
    return own(ALIASES, cloud) ?? own(FAMILY_OF_DOMAIN, cloud) ?? "custom";
}

/** The cloud that this host belongs to, or undefined for hosts that are none of theirs. */
export function familyOfHost(hostname: string): KnownFamily | undefined {
    const domain = Object.keys(FAMILY_OF_DOMAIN).find((one) => hostname === one || hostname.endsWith(`.${one}`));
    return domain === undefined ? undefined : FAMILY_OF_DOMAIN[domain];
}

/**
 * What an IAM address tells: `iam.eu-de.otc.t-systems.com` → cloud otc, region eu-de. Undefined for hosts that do not
 * look so.
 */
export function readIamHost(authUrl: string): { cloud: string; region?: string } | undefined {
    const host = new URL(authUrl.replaceAll("{region}", "region-placeholder")).hostname;
    const rest = /^iam(?:-pub)?\.(.+)$/.exec(host)?.[1];
    if (rest === undefined) return undefined;
    for (const domain of Object.keys(FAMILY_OF_DOMAIN).sort((a, b) => b.length - a.length)) {
        const family = own(FAMILY_OF_DOMAIN, domain) ?? "custom";
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

/** The address at which a server of these clouds asks for its own metadata; no proxy is on the way there. */
export const METADATA_HOST = "169.254.169.254";

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

/** The cloud that an account's name tells. */
export function familyOfAccount(name: string): KnownFamily | undefined {
    return FAMILY_OF_ACCOUNT.find(([shape]) => shape.test(name))?.[1];
}

/**
 * The domain of one of the clouds that was probably meant by a host that is none of theirs: at most two letters differ.
 */
export function similarDomain(hostname: string): string | undefined {
    const labels = hostname.split(".");
    const near = Object.keys(FAMILY_OF_DOMAIN)
        .map((domain) => ({ domain, end: labels.slice(-domain.split(".").length).join(".") }))
        .map(({ domain, end }) => ({ domain, distance: editDistance(end, domain) }))
        .filter(({ distance }) => distance <= 2)
        .sort((a, b) => a.distance - b.distance);
    return near[0]?.domain;
}
