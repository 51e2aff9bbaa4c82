/**
 * One entry of clouds.yaml as openstacksdk 4.22.0 reads it: profile, secure.yaml, regions with values of their own, and
 * the many spellings of a key. Where it differs on purpose, docs/configuration.md says so.
 */
import { ConfigError } from "../errors/errors";
import { type FileAccess, readFirst, searchPaths } from "./clouds-files";
import { isMap, type Plain, type PlainMap } from "./yaml-document";

/** One entry, with its profile, its part of secure.yaml and its region's values merged in. */
export interface CloudsYamlEntry {
    readonly name: string;
    /** Profile it is built on, e.g. `otc`. */
    readonly profile: string | undefined;
    /** Neither built in nor in clouds-public.yaml: the entry stands for itself, as openstacksdk lets it. */
    readonly isProfileUnknown: boolean;
    /** Values by their path: `auth.username`, `region_name`, under the names that the newest tools give them. */
    readonly values: Readonly<Record<string, string>>;
    /** Names that it may be asked for in, the first is the default; empty when it names none. */
    readonly regions: readonly string[];
    /** Files that it was read from. */
    readonly files: readonly string[];
    /** To be shown once. */
    readonly warnings: readonly string[];
}

export interface CloudsYamlQuery {
    readonly name: string;
    /** Of the entry's regions, the one whose values are wanted. Default: its first. */
    readonly region?: string | undefined;
    /** Is a region that the entry does not have a mistake? So it is for openstackclient with OS_REGION_NAME. */
    readonly isRegionStrict?: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

interface Region {
    readonly name: string;
    readonly values: PlainMap;
}

/** The vendor profiles that openstacksdk has built in and whose clouds have CBR. */
const PROFILES: Readonly<Record<string, PlainMap>> = {
    otc: { auth: { auth_url: "https://iam.{region_name}.otc.t-systems.com/v3" }, regions: ["eu-de", "eu-nl"] },
    "otc-swiss": {
        auth: { auth_url: "https://iam-pub.{region_name}.sc.otc.t-systems.com/v3" },
        regions: ["eu-ch2"],
    },
};

/** What a built-in profile gives: the address of IAM, and the regions. */
export function builtInProfile(name: string): { authUrl: string; regions: readonly string[] } | undefined {
    const profile = Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined;
    if (profile === undefined) return undefined;
    const auth = profile["auth"];
    return {
        authUrl: String(isMap(auth) ? auth["auth_url"] : ""),
        regions: (profile["regions"] as readonly string[] | undefined) ?? [],
    };
}

/** Keys of `auth` that may also stand beside it, where they win; of several spellings the last that is there. */
const BESIDE_WINS: Readonly<Record<string, readonly string[]>> = {
    domain_id: ["domain_id", "domain-id"],
    domain_name: ["domain_name", "domain-name"],
    user_domain_id: ["user_domain_id", "user-domain-id"],
    user_domain_name: ["user_domain_name", "user-domain-name"],
    project_domain_id: ["project_domain_id", "project-domain-id"],
    project_domain_name: ["project_domain_name", "project-domain-name"],
    token: ["auth-token", "auth_token", "token"],
    passcode: ["passcode"],
    project_id: ["tenant_id", "tenant-id", "project_id", "project-id"],
    project_name: ["tenant_name", "tenant-name", "project_name", "project-name"],
};

/** Keys of `auth` that may also stand beside it, where they are second to those in it. */
const BESIDE_SERVES: Readonly<Record<string, readonly string[]>> = {
    auth_url: ["auth_url"],
    username: ["username", "user_name"],
    user_id: ["user_id"],
    password: ["password"],
    default_domain_id: ["default_domain_id"],
    default_domain_name: ["default_domain_name"],
    default_domain: ["default_domain"],
    ak: ["ak", "access_key"],
    sk: ["sk", "secret_key"],
    security_token: ["security_token"],
};

const AUTH_KEYS = new Set([
    ...Object.keys(BESIDE_WINS),
    ...Object.values(BESIDE_SERVES).flat(),
    "tenant_id",
    "tenant_name",
]);

const text = (value: Plain | undefined): string | undefined =>
    typeof value === "string" && value !== "" ? value : undefined;

/** `over` beats `under` at any depth; null unsets. */
function mergeDeep(under: PlainMap, over: PlainMap): PlainMap {
    const merged: [string, Plain][] = Object.entries(over).map(([key, value]) => {
        const old = Object.hasOwn(under, key) ? under[key] : undefined;
        return [key, isMap(old) && isMap(value) ? mergeDeep(old, value) : value];
    });
    return { ...under, ...Object.fromEntries(merged) };
}

/** `over` beats `under` key by key; of `auth` the keys are merged. */
function mergeEntry(under: PlainMap, over: PlainMap): PlainMap {
    const [old, own] = [under["auth"], over["auth"]];
    return { ...under, ...over, auth: { ...(isMap(old) ? old : {}), ...(isMap(own) ? own : {}) } };
}

/**
 * Dashes are underscores; `endpoint_type` is the old name of `interface`, and wins (it has no spelling with a dash).
 */
function normaliseKeys(map: PlainMap): PlainMap {
    const entries = Object.entries(map);
    const keys = entries.map(([key, value]) => [key.replaceAll("-", "_"), isMap(value) ? normaliseKeys(value) : value]);
    const old = entries.filter(([key]) => key.endsWith("endpoint_type"));
    return Object.fromEntries([
        ...keys,
        ...old.map(([key, value]) => [key.replace(/endpoint_type$/, "interface"), value]),
    ]);
}

/** A list, or names with commas between; each a name, or a map with `name` and `values`. */
function regionsIn(value: Plain | undefined, name: string): Region[] {
    const split = (names: string) => names.split(",").filter((one) => one.trim() !== "");
    const list: readonly Plain[] = typeof value === "string" ? split(value) : Array.isArray(value) ? value : [];
    const isNamed = (item: Plain) => item !== null && item !== "";
    return list.filter(isNamed).map((item) => {
        const region = isMap(item) ? text(item["name"]) : text(item);
        if (region === undefined)
            throw new ConfigError(`clouds.yaml entry ${name} has a region without a name: regions are names or maps.`);
        const values = isMap(item) ? item["values"] : undefined;
        return { name: region.trim(), values: isMap(values) ? values : {} };
    });
}

/**
 * The entry's own list, else its own name, else the profile's: of these the one first that the project's name begins
 * with, as for Open Telekom Cloud's Terraform provider.
 */
function regionsOf(entry: PlainMap, profile: PlainMap, name: string): Region[] {
    const listed = (places: readonly (Plain | undefined)[]) =>
        places.map((place) => regionsIn(place, name)).find((regions) => regions.length > 0) ?? [];
    const own = listed([entry["regions"], entry["region_name"]]);
    if (own.length > 0) return own;
    const prefix = authOf(entry)["project_name"]?.split("_")[0];
    const rank = (region: Region) => Number(region.name !== prefix);
    return listed([profile["regions"], profile["region_name"]]).sort((a, b) => rank(a) - rank(b));
}

function chosenRegion(regions: readonly Region[], query: CloudsYamlQuery): Region | undefined {
    if (query.region === undefined) return regions[0];
    const found = regions.find((region) => region.name === query.region);
    if (found === undefined && regions.length > 0 && query.isRegionStrict === true)
        throw new ConfigError(
            `environment variable OS_REGION_NAME asks for region "${query.region}", ` +
                `but clouds.yaml entry ${query.name} has ${regions.map((one) => one.name).join(", ")}.`,
        );
    return found;
}

/** What belongs to `auth`, wherever and however it is written. */
function authOf(entry: PlainMap): Record<string, string> {
    const auth = isMap(entry["auth"]) ? entry["auth"] : {};
    const found: Record<string, string> = {};
    const put = (key: string, candidates: readonly (string | undefined)[]) => {
        const value = candidates.find((one) => one !== undefined);
        if (value !== undefined) found[key] = value;
    };
    for (const [key, names] of Object.entries(BESIDE_WINS))
        put(
            key,
            [...names].reverse().flatMap((one) => [text(entry[one]), text(auth[one])]),
        );
    const places = [normaliseKeys(auth), normaliseKeys(entry)];
    for (const [key, names] of Object.entries(BESIDE_SERVES))
        put(
            key,
            places.flatMap((place) => names.map((one) => text(place[one]))),
        );
    return withoutScope(found);
}

/**
 * Without a project `domain_id` says where a token is to be good: the user's own account is the one that is named so.
 */
function withoutScope(auth: Record<string, string>): Record<string, string> {
    if (auth["project_id"] !== undefined || auth["project_name"] !== undefined) return auth;
    if (auth["user_domain_id"] === undefined && auth["user_domain_name"] === undefined) return auth;
    const { domain_id: _, domain_name: __, ...own } = auth;
    return own;
}

/** `{region_name}` and other keys of the entry, where a value refers to them. */
function filled(value: string, entry: PlainMap, skip: readonly string[] = []): string {
    return value.replace(/\{(\w+)\}/g, (whole, key: string) =>
        skip.includes(key) || !Object.hasOwn(entry, key) ? whole : (text(entry[key]) ?? whole),
    );
}

function valuesOf(entry: PlainMap): Record<string, string> {
    const values: Record<string, string> = {};
    const plain = normaliseKeys(entry);
    for (const [key, value] of Object.entries(plain)) {
        const scalars = Array.isArray(value) ? value.map(text).filter((one) => one !== undefined) : [];
        const own = AUTH_KEYS.has(key) ? undefined : (text(value) ?? scalars.join(","));
        if (own !== undefined && own !== "") values[key] = filled(own, plain);
    }
    // One place for all regions, unless CBR is said to be in another region than the sign-in.
    const skip = values["cbr_region_name"] === undefined ? ["region_name"] : [];
    for (const [key, value] of Object.entries(authOf(entry)))
        values[`auth.${key}`] = key === "auth_url" ? filled(value, plain, skip) : value;
    return values;
}

/** Name of the profile, and what it gives; `cloud` is its old name. */
function profileOf(entry: PlainMap, env: Env, files: FileAccess) {
    const name = text(Object.hasOwn(entry, "profile") ? entry["profile"] : entry["cloud"]);
    if (name === undefined) return { name, base: undefined, path: undefined };
    const published = readFirst(searchPaths("clouds-public", env, files, undefined), files);
    const found = published?.entry("public-clouds", name);
    const base = found ?? (Object.hasOwn(PROFILES, name) ? PROFILES[name] : undefined);
    return { name, base, path: found === undefined ? undefined : published?.path };
}

/**
 * The entry, or undefined when no file has it. The file is OS_CLIENT_CONFIG_FILE's, else the first clouds.yaml (.yml,
 * .json) in the working directory, `$XDG_CONFIG_HOME/openstack`, `~/.config/openstack`, `$XDG_CONFIG_DIRS/openstack`,
 * `/etc/openstack`. secure.yaml (OS_CLIENT_SECURE_FILE, or the same folders) beats it, and it beats its profile.
 *
 * @throws ConfigError for a file that is no YAML, a key that the entry has twice, and a region that it does not have.
 */
export function readCloudsYaml(query: CloudsYamlQuery, env: Env, files: FileAccess): CloudsYamlEntry | undefined {
    const { name } = query;
    const read = (base: string, variable: string) =>
        readFirst(searchPaths(base, env, files, env[variable]?.trim() || undefined), files);
    const clouds = read("clouds", "OS_CLIENT_CONFIG_FILE");
    const secure = read("secure", "OS_CLIENT_SECURE_FILE");
    const own = clouds?.entry("clouds", name);
    const secret = secure?.entry("clouds", name);
    if (own === undefined && secret === undefined) return undefined;
    const entry = mergeDeep(own ?? {}, secret ?? {});
    const profile = profileOf(entry, env, files);
    const base = profile.base ?? {};
    const regions = regionsOf(normaliseKeys(entry), normaliseKeys(base), name);
    const region = chosenRegion(regions, query);
    const given = Object.entries(region?.values ?? {}).filter(([, value]) => value !== null);
    const whole = mergeEntry(mergeEntry(base, entry), Object.fromEntries(given));
    const duplicates = clouds?.duplicateLines().join(", ") ?? "";
    const { regions: _, region_name: __, "region-name": ___, ...rest } = whole;
    return {
        name,
        profile: profile.name,
        isProfileUnknown: profile.name !== undefined && profile.base === undefined,
        values: valuesOf({ ...rest, region_name: region?.name ?? regions[0]?.name ?? null }),
        regions: regions.map((one) => one.name),
        files: [clouds?.path, secret === undefined ? undefined : secure?.path, profile.path].filter(
            (path) => path !== undefined,
        ),
        warnings:
            duplicates === ""
                ? []
                : [`${clouds?.path} has a key twice in one map, in an entry that is not used (line ${duplicates}).`],
    };
}

/** Names of the entries of clouds.yaml, for the error when one is not there; and where the file was looked for. */
export function listCloudsYaml(env: Env, files: FileAccess): { names: string[]; path: string | undefined } {
    const clouds = readFirst(
        searchPaths("clouds", env, files, env["OS_CLIENT_CONFIG_FILE"]?.trim() || undefined),
        files,
    );
    return { names: clouds?.keys("clouds") ?? [], path: clouds?.path };
}
