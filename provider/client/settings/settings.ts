/**
 * Stack configuration (`cbr:*`), environment and files → `Settings`. The only module that reads configuration and
 * environment. layers.ts has the order of the places, credentials.ts the choice between them.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { ConfigError } from "../errors/errors";
import { expandHome, type FileAccess } from "./clouds-files";
import {
    accountIn,
    belongingFirst,
    type CredentialChoice,
    type Credentials,
    chooseCredentials,
    chooseTogether,
    describeCredentials,
    familyFirst,
    given,
    registerSecrets,
    sameCredentials,
} from "./credentials";
import { type EndpointMaps, endpointsOf, sdkEndpoints } from "./endpoint-maps";
import { familyOf, normaliseBaseUrl, normaliseCloud, normaliseIamUrl, readIamHost } from "./endpoints";
import { collectSources, orderFor, type Sources } from "./layers";
import { type Proxies, proxiesOf } from "./proxies";
import { cloudOfRegion, ONLY_REGION } from "./regions";
import { type Env, type Field, type Layer, namesFor, OS_OPENSTACK, type Resolved, textOf } from "./sources";

export type { FileAccess } from "./clouds-files";
export type { AccessKeyCredentials, Credentials, PasswordCredentials, TokenCredentials } from "./credentials";
export { describeCredentials, describeRefused } from "./credentials";
export type { Proxies } from "./proxies";
export {
    CREDENTIAL_NAMES,
    explainMissingCredentials,
    MissingCredentialsError,
    requireCredentials,
    requireRegion,
} from "./require";
export type { Resolved } from "./sources";

/** Requests a second to one region, unless `cbr:maxRequestsPerSecond` says otherwise. */
export const DEFAULT_MAX_REQUESTS_PER_SECOND = 20;
/**
 * Repetitions of one request, unless `cbr:maxRetries` says otherwise. Terraform's providers for these clouds have 5,
 * too.
 */
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

export interface ProjectDomain {
    readonly id?: Resolved | undefined;
    readonly name?: Resolved | undefined;
}

export interface Settings {
    readonly region?: Resolved | undefined;
    /** Of `region`, and of no other. 32 hex digits. */
    readonly projectId?: Resolved | undefined;
    /** Of `region`, and of no other, e.g. `eu-de_team`. */
    readonly projectName?: Resolved | undefined;
    /** Account that `projectName` is of, where it is known; left out, IAM takes the user's. */
    readonly projectDomain?: ProjectDomain | undefined;
    /** `huaweicloud`, `otc`, `flexibleengine`, a domain, or `custom`: an IAM that is none of these. */
    readonly cloud: Resolved;
    readonly credentials: Credentials | undefined;
    /**
     * What the environment (or clouds.yaml) gives instead, when stack configuration gave `credentials` and these
     * differ: tried once after a stored token is refused.
     */
    readonly fallbackCredentials?: Credentials | undefined;
    readonly agency?: Agency | undefined;
    readonly domainName?: Resolved | undefined;
    readonly domainId?: Resolved | undefined;
    /** IAM base URL without `/v3`; may contain `{region}`. */
    readonly authUrl?: Resolved | undefined;
    /**
     * Interfaces of a token's catalog to take CBR's address from, first to last; undefined: public, or by the cloud's
     * table.
     */
    readonly interfaces?: Resolved<readonly string[]> | undefined;
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
    platform: () => process.platform,
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

/** Stands in for `{region}` while an address is checked: braces are no part of a host name. */
const STAND_IN = "region-stand-in";

function authUrlOf(found: Resolved | undefined): Resolved | undefined {
    if (found === undefined) return undefined;
    const text = found.value.replace(/\{region(_name)?\}/g, STAND_IN);
    return { value: normaliseIamUrl(text, found.source).replaceAll(STAND_IN, "{region}"), source: found.source };
}

/** The region in a project's name: `eu-de_team`, `cn-north-4`. Names like `my-project` do not count. */
function regionInName(projectName: Resolved | undefined): string | undefined {
    const prefix = projectName?.value.split("_")[0] ?? "";
    return cloudOfRegion(prefix) !== undefined || /^[a-z]{2}-[a-z]+-\d+$/.test(prefix) ? prefix : undefined;
}

function inferred(value: string | undefined, source: string): Resolved | undefined {
    return value === undefined ? undefined : { value, source };
}

function firstIn(layers: readonly Layer[], field: Parameters<Layer["get"]>[0]): Resolved | undefined {
    for (const layer of layers) {
        const found = layer.get(field);
        if (found !== undefined) return found;
    }
    return undefined;
}

interface Place {
    readonly region: Resolved | undefined;
    readonly authUrl: Resolved | undefined;
    readonly cloud: Resolved;
}

/**
 * Region, IAM address and cloud tell about each other; nothing of them depends on the order of OS_* names.
 * @param own The layer of the credentials: where it has the address of IAM, no lower one names the cloud.
 */
function placeOf(layers: readonly Layer[], own: Layer | undefined): Place {
    const belonging = belongingFirst(layers, own);
    const authUrl = authUrlOf(firstIn(belonging, "authUrl"));
    const host = authUrl === undefined ? undefined : readIamHost(authUrl.value);
    const at = belonging.findIndex((layer) => layer.get("authUrl") !== undefined);
    const named = firstIn(at >= 0 && belonging[at] === own ? belonging.slice(0, at + 1) : belonging, "cloud");
    const namedCloud =
        named === undefined ? undefined : { value: normaliseCloud(named.value, named.source), source: named.source };
    const name = chooseTogether(layers, "projectId", "projectName").projectName;
    const region =
        firstIn(layers, "region") ??
        inferred(regionInName(name), `project name in ${name?.source}`) ??
        inferred(host?.region, `host name in ${authUrl?.source}`) ??
        inferred(
            namedCloud === undefined ? undefined : ONLY_REGION[namedCloud.value],
            `the only region of ${namedCloud?.value}`,
        );
    const cloud = namedCloud ??
        inferred(host?.cloud, `host name in ${authUrl?.source}`) ??
        (authUrl === undefined
            ? undefined
            : { value: "custom", source: `${authUrl.source} is no address of a cloud we know` }) ??
        inferred(
            region === undefined ? undefined : cloudOfRegion(region.value),
            `region ${region?.value} in ${region?.source}`,
        ) ?? { value: "huaweicloud", source: "default" };
    return { region, authUrl, cloud };
}

/**
 * The layers whose project is of the region in use: a region in a higher place takes the place of the one that the
 * environment or clouds.yaml names; the project that is named there stays that one's.
 */
function sameRegionLayers(layers: readonly Layer[], region: string | undefined): Layer[] {
    const regionOf = (layer: Layer) => layer.get("region")?.value;
    const below = layers.filter((layer) => layer.kind !== "stack").map(regionOf);
    const general = below.find((one) => one !== undefined);
    return layers.filter((layer) => {
        const own = regionOf(layer) ?? general;
        return layer.kind === "stack" || own === undefined || region === undefined || own === region;
    });
}

function projectOf(layers: readonly Layer[], own: Layer | undefined, region: string | undefined) {
    const { domainName, domainId } = accountIn(belongingFirst(layers, own));
    const ofRegion = sameRegionLayers(layers, region);
    const { projectId, projectName } = chooseTogether(ofRegion, "projectId", "projectName");
    if (projectId !== undefined && !/^[0-9a-zA-Z-]{1,64}$/.test(projectId.value))
        throw new ConfigError(
            `${projectId.source} is no project id: 32 hex digits are expected ` +
                "(the project's name goes into cbr:projectName).",
        );
    const layer = ofRegion.find((one) => one.get("projectName") !== undefined);
    const domain =
        layer?.hasProjectDomain === true
            ? { id: layer.get("projectDomainId"), name: layer.get("projectDomainName") }
            : { id: domainId, name: domainName };
    const projectDomain = projectName === undefined ? undefined : given(domain);
    return { projectId, projectName, domainName, domainId, projectDomain };
}

/** Where the catalog's address of CBR is to be taken from, when that is not what every cloud's table says. */
function interfacesOf(
    layers: readonly Layer[],
    choice: CredentialChoice,
    cloud: string,
    warnings: string[],
): Resolved<readonly string[]> | undefined {
    const found = firstIn(layers, "interface");
    const value = (found?.value ?? "").split(",").map((one) => one.trim().replace(/URL$/i, ""));
    if (found === undefined || value[0] === "public") return undefined;
    if (cloud === "custom" || choice.credentials?.kind !== "accessKey") return { value, source: found.source };
    warnings.push(`Not used: ${found.source}, because an access key has no catalog to look an interface up in.`);
    return undefined;
}

function endpointMaps(get: (key: string) => unknown, env: Env, layers: readonly Layer[], region: string | undefined) {
    const maps: EndpointMaps = { cbr: {}, iam: {} };
    const own = firstIn(sameRegionLayers(layers, region), "endpoint");
    if (own !== undefined && region !== undefined) maps.cbr[region] = normaliseBaseUrl(own.value, own.source);
    sdkEndpoints(env, maps);
    endpointsOf(get("cbr:endpoints"), maps);
    return { endpoints: maps.cbr, iamEndpoints: maps.iam };
}

/** Files and checks of TLS. */
function tlsOf(layers: readonly Layer[], files: FileAccess, warnings: string[]) {
    const insecure = booleanOf(firstIn(layers, "insecure"));
    if (insecure?.value === true)
        warnings.push(
            `Server certificates are not checked (${insecure.source}): anyone on the way can read the credentials.`,
        );
    const pathOf = (field: Field) => {
        const found = firstIn(layers, field);
        return found === undefined ? undefined : { value: expandHome(found.value, files), source: found.source };
    };
    return { caFile: pathOf("caFile"), certFile: pathOf("certFile"), keyFile: pathOf("keyFile"), insecure };
}

function limitsOf(get: (key: string) => unknown, layers: readonly Layer[]) {
    const preflight = textOf(get("cbr:preflight"))?.trim() || "auto";
    if (preflight !== "auto" && preflight !== "off")
        throw new ConfigError(`cbr:preflight is "${preflight}", but must be auto or off.`);
    const key = "cbr:maxRequestsPerSecond";
    const rate = inferred(textOf(get(key))?.trim() || undefined, key);
    return {
        maxRequestsPerSecond: numberOf(rate, 0.1, 100_000, false) ?? DEFAULT_MAX_REQUESTS_PER_SECOND,
        maxRetries: numberOf(firstIn(layers, "maxRetries"), 0, 100, true) ?? DEFAULT_MAX_RETRIES,
        preflight,
    } as const;
}

/** What is taken when a stored token is refused: what the places below stack configuration give, where that differs. */
function fallbackOf(sources: Sources, layers: readonly Layer[], choice: CredentialChoice): Credentials | undefined {
    if (choice.rank !== 0 || choice.credentials === undefined) return undefined;
    const { credentials } = chooseCredentials(layers.filter((layer) => layer !== sources.stack));
    return credentials === undefined || sameCredentials(credentials, choice.credentials) ? undefined : credentials;
}

/**
 * All settings, with their sources. Pure but for `files` (default: this machine's). Missing values are no errors here:
 * `requireRegion` and `requireCredentials` make them, when a call needs one. Empty texts count as unset.
 *
 * Credentials: `chooseCredentials` (credentials.ts) has the rule. What says where they are good (account, project,
 * region, addresses) is taken from the place that they are from, then from the others.
 *
 * @param get Stack configuration by whole key, `cbr:region`; values of explicit providers may be numbers or objects.
 * @throws ConfigError, naming key or variable, for values that make no sense.
 */
export function resolveSettings(get: (key: string) => unknown, env: Env, files: FileAccess = systemFiles): Settings {
    const warnings: string[] = [];
    const proxies = proxiesOf(env);
    const sources = collectSources(get, env, files, warnings);
    registerSecrets(sources.all);
    const any = sources.layers(OS_OPENSTACK);
    const own = chooseCredentials(any).layer;
    const { region, authUrl, cloud } = placeOf(familyFirst(any, own), own);
    const layers = sources.layers(orderFor(familyOf(cloud.value)));
    const choice = chooseCredentials(layers);
    const ordered = familyFirst(layers, choice.layer);
    const { credentials } = choice;
    if (credentials !== undefined)
        for (const half of choice.incomplete.filter(({ rank }) => rank < choice.rank))
            warnings.push(`Not used: ${half.text}. Used instead: ${describeCredentials(credentials)}.`);
    return {
        ...given({
            region,
            authUrl,
            ...projectOf(ordered, choice.layer, region?.value),
            agency: agencyOf(ordered, warnings),
            interfaces: interfacesOf(ordered, choice, cloud.value, warnings),
            ...tlsOf(ordered, files, warnings),
            fallbackCredentials: fallbackOf(sources, layers, choice),
        }),
        cloud,
        credentials,
        ...endpointMaps(get, env, ordered, region?.value),
        proxies,
        ...limitsOf(get, ordered),
        warnings,
        incomplete: choice.incomplete.map(({ text }) => text),
    };
}

function agencyOf(layers: readonly Layer[], warnings: string[]): Agency | undefined {
    const name = firstIn(layers, "agencyName");
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
    const durationSeconds = numberOf(firstIn(layers, "agencyDurationSeconds"), 900, 86_400, true);
    return {
        name,
        ...given({ domainName, domainId, projectName: firstIn(layers, "agencyProjectName"), durationSeconds }),
    };
}
