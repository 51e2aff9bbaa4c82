/** Addresses that a user gives for single regions: `cbr:endpoints` and the variables of Huawei's SDKs. */
import { ConfigError } from "../errors/errors";
import { normaliseBaseUrl, normaliseIamUrl } from "./endpoints";
import type { Env, Resolved } from "./sources";

export interface EndpointMaps {
    readonly cbr: Record<string, Resolved>;
    readonly iam: Record<string, Resolved>;
}

const ENDPOINTS_HELP = `a map from region to address, e.g. {"eu-de": "https://cbr.eu-de.otc.t-systems.com"}`;

/** The variables of Huawei's SDKs that this is about. */
export const isSdkAddress = (variable: string) => SDK_ADDRESS.test(variable);

const SDK_ADDRESS = /^HUAWEICLOUD_SDK_REGION_(CBR|IAM)_([A-Z0-9_]+)$/;

const NORMALISE = { cbr: normaliseBaseUrl, iam: normaliseIamUrl };

/** `cbr:endpoints`: region → CBR address, or region → `{cbr, iam}`. */
export function endpointsOf(value: unknown, maps: EndpointMaps): void {
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
    const put = (service: "cbr" | "iam", region: string, url: unknown, where: string) => {
        if (typeof url !== "string")
            throw new ConfigError(`${where}, must be an address, as ${key} is ${ENDPOINTS_HELP}.`);
        if (url.trim() !== "") maps[service][region] = { value: NORMALISE[service](url, `${where},`), source: where };
    };
    for (const [region, url] of Object.entries(map)) {
        const where = `${key}, region ${region}`;
        if (typeof url !== "object" || url === null || Array.isArray(url)) {
            put("cbr", region, url, where);
            continue;
        }
        for (const [service, one] of Object.entries(url)) {
            if (service !== "cbr" && service !== "iam")
                throw new ConfigError(`${where}, names "${service}", but only cbr and iam have addresses.`);
            put(service, region, one, `${where}, ${service}`);
        }
    }
}

/**
 * HUAWEICLOUD_SDK_REGION_CBR_EU_DE=https://… and the same with IAM; of several addresses with commas between the first.
 */
export function sdkEndpoints(env: Env, maps: EndpointMaps): void {
    for (const [variable, list] of Object.entries(env)) {
        const match = SDK_ADDRESS.exec(variable);
        const url = list?.split(",")[0]?.trim();
        if (match?.[2] === undefined || url === undefined || url === "") continue;
        const region = match[2].toLowerCase().replaceAll("_", "-");
        const service = match[1] === "CBR" ? "cbr" : "iam";
        // Checked where it is used: a shell has variables for other regions and tools as well.
        maps[service][region] = { value: url, source: `environment variable ${variable}` };
    }
}
