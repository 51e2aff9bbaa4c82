/**
 * Stack configuration (`cbr:*`), environment and files → `Settings`. The only module that reads configuration and
 * environment. layers.ts has the order of the places, credentials.ts the choice between them.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { ConfigError } from "../errors/errors";
import { POLL_INTERVAL_RULE, parsePollInterval } from "../time/duration";
import { familyOf } from "./clouds";
import { expandHome, type FileAccess } from "./clouds-files";
import {
    accountIn,
    belongingFirst,
    type CredentialChoice,
    type Credentials,
    chooseCredentials,
    chooseTogether,
    familyFirst,
    given,
    registerSecrets,
} from "./credentials";
import { describeCredentials, sameCredentials } from "./credentials-in-words";
import { type EndpointMaps, endpointsOf, sdkEndpoints } from "./endpoint-maps";
import { collectSources, orderFor, type Sources } from "./layers";
import { firstIn, inferred, placeOf, sameRegionLayers, toolsOf } from "./place";
import { type Proxies, proxiesOf } from "./proxies";
import { type Env, type Field, type Layer, namesFor, OS_OPENSTACK, type Resolved, textOf } from "./sources";

export type { FileAccess } from "./clouds-files";
export type {
    AccessKeyCredentials,
    Credentials,
    InstanceCredentials,
    PasswordCredentials,
    TokenCredentials,
    WebIdentityCredentials,
} from "./credentials";
export { describeCredentials, describeRefused } from "./credentials-in-words";
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
    /** Account of the credentials, where the place that they are from names it: its name may tell its cloud. */
    readonly accountName?: Resolved | undefined;
    /** IAM base URL without `/v3`; may contain `{region}`. */
    readonly authUrl?: Resolved | undefined;
    /**
     * Interfaces of a token's catalog to take CBR's address from, first to last; undefined: public, or by the cloud's
     * table.
     */
    readonly interfaces?: Resolved<readonly string[]> | undefined;
    /** Region → address of CBR. Addresses from the environment may be unusable, which is an error of their region. */
    readonly endpoints: Readonly<Record<string, Resolved>>;
    /** Region → address of IAM, as `endpoints`. */
    readonly iamEndpoints: Readonly<Record<string, Resolved>>;
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
    /** Shortest pause between looks while something is waited for, in milliseconds. Undefined: as the poller has it. */
    readonly pollIntervalMs?: number | undefined;
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

/** The account of a project's name; a variable may name another project of the account that an entry names. */
function projectDomainOf(layer: Layer | undefined, own: Layer | undefined, account: ProjectDomain): ProjectDomain {
    if (layer?.hasProjectDomain !== true) return account;
    const naming = own?.kind === "file" ? [layer, own] : [layer];
    const found = chooseTogether(naming, "projectDomainId", "projectDomainName");
    return given({ id: found.projectDomainId, name: found.projectDomainName });
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
    const account = given({ id: domainId, name: domainName });
    const projectDomain = projectName === undefined ? undefined : projectDomainOf(layer, own, account);
    return { projectId: inLowercase(projectId), projectName, domainName, domainId, projectDomain };
}

/** The account's name, where the place that the credentials are from gives it: another's may be another account. */
function accountNameOf({ credentials, layer }: CredentialChoice, layers: readonly Layer[]): Resolved | undefined {
    if (credentials === undefined) return undefined;
    if (credentials.kind === "password") return credentials.domainName;
    return accountIn(layers.filter((one) => one === layer || one.kind === "stack")).domainName;
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
    const hasCatalog = choice.credentials?.kind === "token" || choice.credentials?.kind === "password";
    if (cloud === "custom" || choice.credentials === undefined || hasCatalog) return { value, source: found.source };
    warnings.push(`Not used: ${found.source}, because an access key has no catalog to look an interface up in.`);
    return undefined;
}

function endpointMaps(
    get: (key: string) => unknown,
    env: Env,
    found: Resolved | undefined,
    region: string | undefined,
) {
    const maps: EndpointMaps = { cbr: {}, iam: {} };
    if (found !== undefined && region !== undefined) maps.cbr[region] = found;
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
    const interval = textOf(get("cbr:pollInterval"))?.trim() || undefined;
    const pollIntervalMs = interval === undefined ? undefined : parsePollInterval(interval);
    if (interval !== undefined && pollIntervalMs === undefined)
        throw new ConfigError(`cbr:pollInterval is "${interval}", but ${POLL_INTERVAL_RULE}.`);
    const key = "cbr:maxRequestsPerSecond";
    const rate = inferred(textOf(get(key))?.trim() || undefined, key);
    return {
        maxRequestsPerSecond: numberOf(rate, 0.1, 100_000, false) ?? DEFAULT_MAX_REQUESTS_PER_SECOND,
        maxRetries: numberOf(firstIn(layers, "maxRetries"), 0, 100, true) ?? DEFAULT_MAX_RETRIES,
        preflight,
        ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
    } as const;
}

/** What is taken when a stored token is refused: what the places below stack configuration give, where that differs. */
function fallbackOf(sources: Sources, layers: readonly Layer[], choice: CredentialChoice): Credentials | undefined {
    if (choice.rank !== 0 || choice.credentials === undefined) return undefined;
    const { credentials } = chooseCredentials(layers.filter((layer) => layer !== sources.stack));
    return credentials === undefined || sameCredentials(credentials, choice.credentials) ? undefined : credentials;
}

/** A project id as IAM writes it, so that it is equal to what IAM and state say. */
function inLowercase(id: Resolved | undefined): Resolved | undefined {
    return id !== undefined && /^[0-9a-f-]{32,64}$/i.test(id.value) ? { ...id, value: id.value.toLowerCase() } : id;
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
    const { region, authUrl, cloud } = placeOf(familyFirst(any, own), own, warnings);
    const layers = sources.layers(orderFor(familyOf(cloud.value)));
    const choice = chooseCredentials(layers);
    const ordered = familyFirst(layers, choice.layer);
    const sameTools = toolsOf(ordered, choice.layer);
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
            accountName: accountNameOf(choice, layers),
            interfaces: interfacesOf(sameTools, choice, cloud.value, warnings),
            ...tlsOf(ordered, files, warnings),
            fallbackCredentials: fallbackOf(sources, layers, choice),
        }),
        cloud,
        credentials,
        ...endpointMaps(
            get,
            sources.addresses,
            firstIn(sameRegionLayers(sameTools, region?.value), "endpoint"),
            region?.value,
        ),
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
